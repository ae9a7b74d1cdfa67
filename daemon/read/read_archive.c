/*
 * read_archive.c - containers of files: listed by name, never unpacked.
 *
 * Known by their first bytes, whatever they are called, and by type or name,
 * whatever they hold.  An office document is a zip, but a document: people
 * open it as one, so that it is a file like others here.  Runs in the child
 * of the read room.
 */
#include "read_internal.h"

#include <string.h>

static bool
has_at(struct bytes b, size_t at, const char *magic, size_t len)
{
	return b.len >= at + len && memcmp(b.data + at, magic, len) == 0;
}

/* The name of the first file in a zip tells a document from an archive. */
static bool
is_document(struct bytes zip)
{
	static const char *const firsts[] = {
	    "[Content_Types].xml", "_rels/.rels", "mimetype"};
	size_t len;

	if (zip.len < 30)
		return false;
	len = (size_t)zip.data[26] | (size_t)zip.data[27] << 8;
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++)
		if (strlen(firsts[i]) == len && has_at(zip, 30, firsts[i], len))
			return true;
	return false;
}

static bool
by_magic(struct bytes content)
{
	static const struct {
		size_t at;
		size_t len;
		const char *magic;
	} rows[] = {
	    {0, 4, "\x78\x9f\x3e\x22"}, /* TNEF */
	    {0, 4, "PK\x05\x06"},       /* an empty zip */
	    {0, 4, "PK\x07\x08"},       /* one of several volumes */
	    {0, 6, "7z\xbc\xaf\x27\x1c"},
	    {0, 6, "Rar!\x1a\x07"},
	    {0, 3, "\x1f\x8b\x08"}, /* gzip */
	    {0, 6,
		"\xfd"
		"7zXZ\0"},
	    {0, 3, "BZh"},
	    {0, 4, "\x28\xb5\x2f\xfd"}, /* zstd */
	    {0, 4, "MSCF"},
	    {257, 5, "ustar"},
	    {2, 3, "-lh"},
	};

	/* Some are letters that a text may begin with, too. */
	if (!leaf_is_binary(content))
		return false;
	if (has_at(content, 0, "PK\x03\x04", 4))
		return !is_document(content);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (has_at(content, rows[i].at, rows[i].magic, rows[i].len))
			return true;
	return false;
}

static bool
by_label(const struct leaf *leaf)
{
	static const char *const types[] = {"application/ms-tnef",
	    "application/vnd.ms-tnef", "application/zip",
	    "application/x-zip-compressed", "application/x-7z-compressed",
	    "application/vnd.rar", "application/x-rar-compressed",
	    "application/gzip", "application/x-gzip", "application/x-tar",
	    "application/x-bzip2", "application/x-xz", "application/zstd",
	    "application/vnd.ms-cab-compressed",
	    "application/x-lzh-compressed"};
	static const char *const ends[] = {".zip", ".7z", ".rar", ".gz", ".tgz",
	    ".tar", ".xz", ".bz2", ".zst", ".cab", ".lzh", ".lha"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(leaf->type, types[i]) == 0)
			return true;
	if (leaf->name == NULL)
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (leaf_name_ends(leaf, ends[i]))
			return true;
	return g_ascii_strcasecmp(leaf->name, "winmail.dat") == 0;
}

bool
archive_is(const struct leaf *leaf)
{
	if (by_magic(leaf->content))
		return true;
	/* A block of OpenPGP is opened, whatever its name. */
	return by_label(leaf) &&
	       armor_sniff(leaf->content, false) == ARMOR_NONE;
}
