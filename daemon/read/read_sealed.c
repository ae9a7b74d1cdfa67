/*
 * read_sealed.c - RFC 3156, encrypted, in the forms that it arrives in.
 *
 * Two children make it: the control part and the sealed one.  Exchange makes
 * multipart/mixed of the multipart/encrypted and puts an empty text before
 * the two; gateways rename the parts, change their types or their order, or
 * lose the control part.  What counts is what they hold.  Runs in the child
 * of the read room.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

/* "Version: 1" with some line ends, in whatever encoding. */
#define CONTROL_MOST 200

/* Does the content of this child look like an OpenPGP message? */
static bool
holds_message(GMimeObject *child)
{
	struct bytes content = BYTES_NONE;
	void *tmp = talloc_new(NULL);
	bool is;

	is = GMIME_IS_PART(child) &&
	     mime_content(tmp, child, &content, NULL) == 0 &&
	     armor_sniff(content, true) == ARMOR_MESSAGE;
	talloc_free(tmp);
	return is;
}

static bool
says_version(GMimeObject *child)
{
	static const char version[] = "version: 1";
	GMimeDataWrapper *wrapper =
	    GMIME_IS_PART(child) ? g_mime_part_get_content(GMIME_PART(child))
				 : NULL;
	struct bytes content = BYTES_NONE;
	GMimeStream *stream;
	void *tmp;
	bool is = false;
	size_t at = 0;

	if (wrapper == NULL)
		return false;
	stream = g_mime_data_wrapper_get_stream(wrapper);
	if (stream == NULL || g_mime_stream_length(stream) > CONTROL_MOST)
		return false;
	tmp = talloc_new(NULL);
	if (mime_content(tmp, child, &content, NULL) == 0) {
		size_t len = sizeof(version) - 1;

		while (at < content.len && content.data[at] <= ' ')
			at++;
		is = content.len - at >= len &&
		     g_ascii_strncasecmp(
			 (const char *)content.data + at, version, len) == 0;
		for (at += len; is && at < content.len; at++)
			is = content.data[at] <= ' ';
	}
	talloc_free(tmp);
	return is;
}

static int
find_control(GMimeMultipart *multipart, int n)
{
	for (int i = 0; i < n; i++) {
		GMimeObject *child = g_mime_multipart_get_part(multipart, i);

		if (says_version(child) ||
		    (mime_is_type(child, "application", "pgp-encrypted") &&
			!holds_message(child)))
			return i;
	}
	return -1;
}

bool
sealed_find(GMimeMultipart *multipart, int *control, int *sealed)
{
	bool strict =
	    mime_is_type(GMIME_OBJECT(multipart), "multipart", "encrypted");
	int n = g_mime_multipart_get_count(multipart);

	*sealed = -1;
	*control = find_control(multipart, n);
	if (*control < 0 && !strict)
		return false;
	for (int i = 0; i < n && *sealed < 0; i++)
		if (i != *control &&
		    holds_message(g_mime_multipart_get_part(multipart, i)))
			*sealed = i;
	/* As it says: what is broken in it shows when it is opened. */
	for (int i = *control + 1; i < n && strict && *sealed < 0; i++)
		if (*control >= 0 &&
		    GMIME_IS_PART(g_mime_multipart_get_part(multipart, i)))
			*sealed = i;
	return *sealed >= 0;
}

int
sealed_add(struct draft *d, GMimeObject *child, const struct place *place,
    struct error *err)
{
	struct part *p = draft_part(d, PART_ENCRYPTED, place);

	if (p == NULL)
		return 0;
	p->type = leaf_type(d->reading, child);
	if (p->type == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (param_filename(d->reading, d->reader->charsets,
		header_raw(child, "Content-Disposition"),
		header_raw(child, "Content-Type"), &p->name, err) != 0 ||
	    mime_content(d->reading, child, &p->content, err) != 0)
		return -1;
	return draft_repeated(d, p, err);
}
