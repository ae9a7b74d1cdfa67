/*
 * block.c - what stands in a file of the user's, for psirtd: a public key for
 * `psirt key stage`, a checkpoint for `psirt log --verify`.
 *
 * Runs in psirt, which may read what its user may.  A block of a secret key
 * goes nowhere.
 */
#include "block.h"

#include <stdio.h>
#include <string.h>

#include <talloc.h>

#include "psirtd/armor.h"
#include "psirtd/text.h"

#define BLOCK_MOST 90000     /* bytes: 64 KB in armor */
#define CHECKPOINT_MOST 4096 /* of the block alone */
#define MAIL_MOST ((size_t)4 << 20)

/* The whole of a file of less than `most` bytes; data NULL with *err. */
static struct bytes
file_read(const void *ctx, const char *path, size_t most, struct error *err)
{
	uint8_t *text = talloc_zero_size(ctx, most);
	FILE *file = fopen(path, "re");
	size_t n = most;
	bool read = false;

	if (file != NULL && text != NULL) {
		setvbuf(file, NULL, _IONBF, 0);
		n = fread(text, 1, most, file);
		read = !ferror(file);
	}
	if (file != NULL)
		fclose(file);
	if (read && n < most)
		return bytes_of(text, n);
	if (text != NULL)
		explicit_bzero(text, most);
	error_set(err, FAULT_DENIED,
	    read ? "%s is too large" : "%s cannot be read", path);
	talloc_free(text);
	return BYTES_NONE;
}

static bool
is_public_key(const char *text, struct bytes in)
{
	return text != NULL && text_valid(in) &&
	       strstr(text, "-----BEGIN PGP PUBLIC KEY BLOCK-----") != NULL &&
	       strstr(text, "PRIVATE KEY BLOCK") == NULL;
}

char *
block_read(const void *ctx, const char *path, struct error *err)
{
	struct bytes in = file_read(ctx, path, BLOCK_MOST, err);
	char *text;

	if (in.data == NULL)
		return NULL;
	text = bytes_text(ctx, in);
	if (is_public_key(text, in))
		return text;
	/* It may be a secret key. */
	explicit_bzero((void *)(uintptr_t)in.data, in.len);
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	error_set(err, FAULT_DENIED,
	    "%s is no public key in armor: gpg --armor --export FINGERPRINT "
	    "makes one",
	    path);
	return NULL;
}

/* Of a mail that was saved the block alone: the rest is nobody's business. */
char *
checkpoint_read(const void *ctx, const char *path, struct error *err)
{
	struct bytes in = file_read(ctx, path, MAIL_MOST, err);
	struct bytes block = BYTES_NONE;
	struct bytes signature = BYTES_NONE;
	struct error why = {0};
	char *text = NULL;

	if (in.data == NULL)
		return NULL;
	if (armor_clearsigned(ctx, in, &block, &signature, &why) == 0 &&
	    block.len <= CHECKPOINT_MOST && text_valid(block))
		text = bytes_text(ctx, block);
	if (text == NULL)
		error_set(err, FAULT_DENIED,
		    "%s holds no checkpoint (%s): save the text of a morning "
		    "mail as your mail program shows it",
		    path, why.text[0] != '\0' ? why.text : "it is damaged");
	return text;
}
