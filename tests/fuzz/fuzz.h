/*
 * fuzz.h - what every harness has.
 *
 * A harness is one file, fuzz_NAME.c: LLVMFuzzerTestOneInput() feeds the
 * bytes it is given to a part of psirtd and says with MUST() what must hold
 * whatever they are.  Its seeds are the files of corpus/NAME/.  libFuzzer
 * calls it in `make fuzz`, replay.c on every seed in `make check`.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#include "psirtd/bytes.h"
#include "psirtd/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* Ends the run: the input becomes a file of build/fuzz/found/. */
#define MUST(holds)                                                            \
	do {                                                                   \
		if (!(holds)) {                                                \
			fprintf(stderr, "%s:%d: does not hold: %s\n",          \
			    __FILE__, __LINE__, #holds);                       \
			abort();                                               \
		}                                                              \
	} while (0)

/* The first byte, which many a harness takes for a choice; 0 at the end. */
static inline uint8_t
take_byte(struct bytes *in)
{
	uint8_t first = 0;

	if (in->len > 0) {
		first = in->data[0];
		*in = bytes_span(*in, 1, in->len - 1);
	}
	return first;
}

/* UTF-8 without NUL, that many bytes long, with a NUL behind it. */
static inline bool
is_text(const char *text, size_t len)
{
	return text != NULL && text_valid(bytes_of(text, len)) &&
	       text[len] == '\0';
}

/* Text of one line: no control that could forge another. */
static inline bool
is_line(const char *text)
{
	if (!is_text(text, strlen(text)))
		return false;
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

#endif
