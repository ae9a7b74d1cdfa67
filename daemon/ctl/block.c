/*
 * block.c - a file with a public key, for `psirt key stage`.
 *
 * Runs in psirt, which may read what its user may.  A block of a secret key
 * goes nowhere.
 */
#include "block.h"

#include <stdio.h>
#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

#define BLOCK_MOST 90000 /* bytes: 64 KB in armor */

char *
block_read(const void *ctx, const char *path, struct error *err)
{
	char *text = talloc_zero_size(ctx, BLOCK_MOST + 1);
	FILE *file = fopen(path, "re");
	size_t n = 0;

	if (file != NULL)
		setvbuf(file, NULL, _IONBF, 0);
	if (file != NULL && text != NULL)
		n = fread(text, 1, BLOCK_MOST, file);
	if (file == NULL || text == NULL || ferror(file)) {
		error_set(err, FAULT_DENIED, "%s cannot be read", path);
		goto fail;
	}
	if (n == BLOCK_MOST) {
		error_set(err, FAULT_DENIED, "%s is too large for a key", path);
		goto fail;
	}
	/* Binary has no NUL-free text: strlen() would cut it. */
	if (strlen(text) != n || !text_valid(bytes_of(text, n)) ||
	    strstr(text, "-----BEGIN PGP PUBLIC KEY BLOCK-----") == NULL ||
	    strstr(text, "PRIVATE KEY BLOCK") != NULL) {
		error_set(err, FAULT_DENIED,
		    "%s is no public key in armor: gpg --armor --export "
		    "FINGERPRINT makes one",
		    path);
		goto fail;
	}
	fclose(file);
	return text;
fail:
	if (file != NULL)
		fclose(file);
	/* It may be a secret key. */
	if (text != NULL)
		explicit_bzero(text, n);
	talloc_free(text);
	return NULL;
}
