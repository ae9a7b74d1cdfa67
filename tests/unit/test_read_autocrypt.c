/*
 * test_read_autocrypt.c - which Autocrypt field of a header gives a key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "read_world.h"

static struct reader *reader;

static int
make_reader(void **state)
{
	reader = world_reader(NULL);
	return reader != NULL ? 0 : -1;
}

static int
free_reader(void **state)
{
	talloc_free(reader);
	return 0;
}

static struct reading *
must_read(const void *ctx, struct bytes letter)
{
	struct read_job job = {READ_LETTER, NULL, letter};
	struct error err = {0};
	struct reading *r = reading_new(ctx, reader, &job, &err);

	assert_non_null(r);
	return r;
}

#define KEY_64 "mQENBGxOdJIT"

static void
test_autocrypt(void **state)
{
	static const struct {
		const char *fields;
		size_t keys;
	} rows[] = {
	    {"Autocrypt: addr=a@b.example; keydata=" KEY_64, 1},
	    {"autocrypt: keydata=" KEY_64 "; addr=A@B.example", 1},
	    {"Autocrypt: addr=a@b.example; prefer-encrypt=mutual; _x=y; "
	     "_z=;\r\n"
	     " keydata= mQEN\r\n BGxO\r\n\tdJIT\r\n",
		1},
	    /* an attribute that must be understood */
	    {"Autocrypt: addr=a@b.example; x=y; keydata=" KEY_64, 0},
	    {"Autocrypt: addr=a@b.example; x; keydata=" KEY_64, 0},
	    {"Autocrypt: addr=other@b.example; keydata=" KEY_64, 0},
	    {"Autocrypt: addr=a@b.example", 0},
	    {"Autocrypt: keydata=" KEY_64, 0},
	    {"Autocrypt: addr=a@b.example; keydata=AAAA", 0},
	    {"Autocrypt: addr=a@b.example; keydata=", 0},
	    {"Autocrypt: ;;;=", 0},
	    {"Autocrypt:", 0},
	    {"Autocrypt-Gossip: addr=a@b.example; keydata=" KEY_64, 0},
	    /* two that are valid: none; one that is not does not count */
	    {"Autocrypt: addr=a@b.example; keydata=" KEY_64
	     "\r\nAutocrypt: addr=a@b.example; keydata=" KEY_64,
		0},
	    {"Autocrypt: addr=c@b.example; keydata=" KEY_64
	     "\r\nAutocrypt: addr=a@b.example; keydata=" KEY_64,
		1},
	    /* two writers: nobody knows whose it is */
	    {"Cc: x@b.example\r\nFrom: c@b.example\r\n"
	     "Autocrypt: addr=c@b.example; keydata=" KEY_64,
		0},
	};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *letter = talloc_asprintf(ctx,
		    "From: a@b.example\r\n%s\r\n\r\nHello\r\n", rows[i].fields);
		struct reading *r = must_read(ctx, bytes_str(letter));

		if (r->nparts != 1 + rows[i].keys)
			print_error("%s\n", rows[i].fields);
		assert_int_equal(r->nparts, 1 + rows[i].keys);
		if (rows[i].keys == 0)
			continue;
		assert_int_equal(r->parts[1].kind, PART_KEY);
		assert_int_equal(r->parts[1].flags, PART_HEADER);
		assert_int_equal(r->parts[1].content.len, 9);
	}
	talloc_free(ctx);
}

/* One address in From, and a key of at most 64 KB. */
static void
test_autocrypt_bounds(void **state)
{
	void *ctx = talloc_new(NULL);
	struct reading *r;

	r = must_read(
	    ctx, bytes_str("From: a@b.example, c@b.example\r\n"
			   "Autocrypt: addr=a@b.example; keydata=" KEY_64
			   "\r\n\r\nHello\r\n"));
	assert_int_equal(r->nparts, 1);
	for (size_t len = 65536; len <= 65537; len++) {
		uint8_t *key = talloc_zero_size(ctx, len);
		char *text;

		memcpy(key, "\x99\xff\xff\x04", 4);
		text = g_base64_encode(key, len);
		r = must_read(
		    ctx, bytes_str(talloc_asprintf(ctx,
			     "From: a@b.example\r\nAutocrypt: addr=a@b.example;"
			     " keydata=%s\r\n\r\nHello\r\n",
			     text)));
		g_free(text);
		assert_int_equal(r->nparts, len == 65536 ? 2 : 1);
	}
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_autocrypt),
	    cmocka_unit_test(test_autocrypt_bounds),
	};

	return cmocka_run_group_tests(tests, make_reader, free_reader);
}
