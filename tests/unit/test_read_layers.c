/*
 * test_read_layers.c - where OpenPGP stands in a letter: blocks of armor, the
 * exact octets of a signature, packets in files; and text that came out of a
 * block.
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
must_read(
    const void *ctx, uint32_t mode, const char *charset, struct bytes data)
{
	struct read_job job = {mode, charset, data};
	struct error err = {0};
	struct reading *r = reading_new(ctx, reader, &job, &err);

	assert_non_null(r);
	return r;
}

/* ---- armor ---- */

#define BEGIN "-----BEGIN PGP MESSAGE-----"
#define END "-----END PGP MESSAGE-----"
#define KEY_BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----"
#define KEY_END "-----END PGP PUBLIC KEY BLOCK-----"
#define CLEAR "-----BEGIN PGP SIGNED MESSAGE-----"
#define SIG_BEGIN "-----BEGIN PGP SIGNATURE-----"
#define SIG_END "-----END PGP SIGNATURE-----"

static void
test_armor(void **state)
{
	static const struct {
		const char *text;
		enum armor_kind kind;
		const char *block;
	} rows[] = {
	    {"none", ARMOR_NONE, NULL},
	    {"a\r\n" BEGIN "\r\nx\r\n" END "\r\nb", ARMOR_MESSAGE,
		BEGIN "\r\nx\r\n" END "\r\n"},
	    {BEGIN " \t\nx\n" END, ARMOR_MESSAGE, BEGIN " \t\nx\n" END},
	    /* cut off: still to be opened, and to fail */
	    {BEGIN "\nx\n", ARMOR_MESSAGE, BEGIN "\nx\n"},
	    /* quoted, indented, or followed by words: text */
	    {"> " BEGIN "\nx\n> " END, ARMOR_NONE, NULL},
	    {" " BEGIN "\nx\n" END, ARMOR_NONE, NULL},
	    {BEGIN " is how it begins\n", ARMOR_NONE, NULL},
	    {KEY_BEGIN "\nx\n" KEY_END "\n", ARMOR_KEY,
		KEY_BEGIN "\nx\n" KEY_END "\n"},
	    {KEY_BEGIN "\nx\n", ARMOR_NONE, NULL},
	    {CLEAR "\n\n- " BEGIN "\n" SIG_BEGIN "\nx\n" SIG_END "\nz",
		ARMOR_CLEARSIGNED,
		CLEAR "\n\n- " BEGIN "\n" SIG_BEGIN "\nx\n" SIG_END "\n"},
	    {CLEAR "\n\ntext without an end\n", ARMOR_NONE, NULL},
	    /* what lacks its end hides nothing behind it */
	    {CLEAR "\n\n" BEGIN "\nx\n" END "\n", ARMOR_MESSAGE,
		BEGIN "\nx\n" END "\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes text = bytes_str(rows[i].text);
		struct armor block = {0};
		bool found = armor_next(text, 0, &block);

		assert_int_equal(found, rows[i].block != NULL);
		assert_int_equal(block.kind, rows[i].kind);
		if (found)
			assert_true(
			    bytes_equal(bytes_span(text, block.off, block.len),
				bytes_str(rows[i].block)));
	}
}

static void
test_armor_charset(void **state)
{
	void *ctx = talloc_new(NULL);

	assert_string_equal(
	    armor_charset(ctx, bytes_str(BEGIN "\r\nComment: x\r\ncharset: "
					       "ISO-2022-JP\r\n\r\nabc\r\n")),
	    "ISO-2022-JP");
	/* Behind the empty line it is data. */
	assert_null(armor_charset(
	    ctx, bytes_str(BEGIN "\r\n\r\nCharset: x\r\n" END "\r\n")));
	assert_null(armor_charset(ctx, bytes_str(BEGIN)));
	talloc_free(ctx);
}

static void
test_sniff(void **state)
{
	static const struct {
		const char *content;
		enum armor_kind claimed, unclaimed;
	} rows[] = {
	    {"\xef\xbb\xbf\r\n" BEGIN "\r\nx", ARMOR_MESSAGE, ARMOR_MESSAGE},
	    {KEY_BEGIN "\nx\n" KEY_END, ARMOR_KEY, ARMOR_KEY},
	    {SIG_BEGIN "\nx\n" SIG_END, ARMOR_NONE, ARMOR_NONE},
	    {"\x85\x01\x0c\x03", ARMOR_MESSAGE, ARMOR_NONE},
	    {"\x84\x01\x0c\x03", ARMOR_MESSAGE, ARMOR_NONE},
	    {"\xc1\x01\x0c\x03", ARMOR_MESSAGE, ARMOR_NONE},
	    {"\x99\x01\x0d\x04", ARMOR_KEY, ARMOR_NONE},
	    /* signed alone: in a compressed packet, or with its own first */
	    {"\xa3\x01\x5b\x11", ARMOR_MESSAGE, ARMOR_NONE},
	    {"\x90\x0d\x03\x01", ARMOR_MESSAGE, ARMOR_NONE},
	    /* a whole session key and what it opens needs no name */
	    {"\x84\x03\x03kk\xd2\x01xx", ARMOR_MESSAGE, ARMOR_MESSAGE},
	    {"\xc1\x03\x06kk\xd4\x01xx", ARMOR_MESSAGE, ARMOR_MESSAGE},
	    {"\x84\x03\x03kk\x84\x03\x03kk", ARMOR_MESSAGE, ARMOR_MESSAGE},
	    {"\x84\x03\x05kk\xd2\x01xx", ARMOR_MESSAGE, ARMOR_NONE},
	    {"\x84\x03\x03kk\x99\x01xx", ARMOR_MESSAGE, ARMOR_NONE},
	    {"\x84\x7f\x03kk\xd2\x01xx", ARMOR_MESSAGE, ARMOR_NONE},
	    {"PK\x03\x04", ARMOR_NONE, ARMOR_NONE},
	    {"\x85", ARMOR_NONE, ARMOR_NONE},
	    {"", ARMOR_NONE, ARMOR_NONE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes content = bytes_str(rows[i].content);

		assert_int_equal(armor_sniff(content, true), rows[i].claimed);
		assert_int_equal(
		    armor_sniff(content, false), rows[i].unclaimed);
	}
}

/* Which of two blocks that stand in one text is called a copy. */
static void
test_repeated(void **state)
{
	static const struct {
		const char *first, *second;
		bool same;
	} rows[] = {
	    {"\n\nhAMD\n=abcd\n", "\n\nhAMD\n=abcd\n", true},
	    /* wrapped in another way, and with another header */
	    {"\n\nhAMD\n", "\nComment: x\n\nhA\nMD\n", true},
	    {"\n\nhAMD\n", "\nhAMD\n", true},
	    {"\n\nhAMD\n", "\n\nhAME\n", false},
	    /* what the vault opens differs: no empty line, an early "=" */
	    {"\nhAMD\n", "\nhAME\n", false},
	    {"\n\n=AAAA\nhAMD\n", "\n\n=AAAA\nhAME\n", false},
	    /* nothing opens these: they are the same as no other */
	    {"\n\n", "\n\n", false},
	    {"\n\nhA,D\n", "\n\nhA,D\n", false},
	    {"\n\nAAAA\n", "\n\nAAAA\n", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		void *ctx = talloc_new(NULL);
		char *text = talloc_asprintf(ctx,
		    "Content-Type: text/plain\n\n" BEGIN "%s" END "\n" BEGIN
		    "%s" END "\n",
		    rows[i].first, rows[i].second);
		struct reading *r =
		    must_read(ctx, READ_ENTITY, NULL, bytes_str(text));

		assert_int_equal(r->nparts, 2);
		assert_int_equal(r->parts[1].kind, PART_ENCRYPTED);
		assert_int_equal(r->parts[0].flags & PART_REPEATED, 0);
		assert_int_equal(
		    (r->parts[1].flags & PART_REPEATED) != 0, rows[i].same);
		talloc_free(ctx);
	}
}

/* A beginning without an end is searched for once a text. */
static void
test_endless(void **state)
{
	struct bytes text = bytes_str(
	    CLEAR "\n" BEGIN "\nx\n" END "\n" CLEAR "\n" BEGIN "\ny\n" END);
	struct armor block = {0};

	assert_true(armor_next(text, 0, &block));
	assert_int_equal(block.kind, ARMOR_MESSAGE);
	assert_true(block.endless[ARMOR_CLEARSIGNED]);
	assert_false(block.endless[ARMOR_MESSAGE]);
	assert_true(armor_next(text, block.off + block.len, &block));
	assert_int_equal(block.off + block.len, text.len);
	assert_false(armor_next(text, text.len, &block));
}

/* ---- signed octets ---- */

#define SIGNED_HEAD                                                            \
	"Subject: x\r\nContent-Type: multipart/signed; micalg=pgp-sha256;\r\n" \
	" protocol=\"application/pgp-signature\"; boundary=\"b\"\r\n\r\n"
#define BLOB                                                                   \
	"\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nblob\r\n"   \
	"--b--\r\n"

/* The span of the one signed part; its bytes must be these, in the letter. */
static void
check_span(const char *before, const char *octets, const char *after)
{
	void *ctx = talloc_new(NULL);
	char *letter = talloc_asprintf(ctx, "%s%s%s", before, octets, after);
	struct reading *r =
	    must_read(ctx, READ_LETTER, NULL, bytes_str(letter));

	assert_true(r->nparts >= 2);
	assert_int_equal(r->parts[0].kind, PART_SIGNED);
	assert_int_equal(r->parts[0].off, strlen(before));
	assert_int_equal(r->parts[0].len, strlen(octets));
	assert_memory_equal(letter + r->parts[0].off, octets, strlen(octets));
	assert_true(bytes_equal(r->parts[0].signature, bytes_str("blob")));
	assert_int_equal(r->parts[1].within, 1);
	talloc_free(ctx);
}

static void
test_span(void **state)
{
	check_span(SIGNED_HEAD "--b\r\n",
	    "Content-Type: text/plain\r\n\r\nHello\r\n", BLOB);
	/* trailing white space and empty lines belong to it */
	check_span(SIGNED_HEAD "preamble\r\n--b \t\r\n",
	    "Content-Type: text/plain\r\n\r\nHello \t\r\n\r\n\r\n", BLOB);
	/* no header at all; a line that only begins like a delimiter */
	check_span(
	    SIGNED_HEAD "--b\r\n", "\r\nHello\r\n--bc\r\n -- b\r\n", BLOB);
	check_span(SIGNED_HEAD "--b\r\n",
	    "Content-Type: multipart/mixed; boundary=\"bb\"\r\n\r\n"
	    "--bb\r\n\r\none\r\n--bb\r\n\r\ntwo\r\n--bb--\r\n",
	    BLOB);
	check_span("From a@b Mon Nov 16 09:30:00 2026\r\n" SIGNED_HEAD
		   "--b\r\n",
	    "Content-Type: text/plain\r\n\r\nHello\r\n", BLOB);
}

static void
check_no_span(const char *letter)
{
	void *ctx = talloc_new(NULL);
	struct reading *r =
	    must_read(ctx, READ_LETTER, NULL, bytes_str(letter));

	assert_true(r->nparts >= 1);
	assert_int_equal(r->parts[0].kind, PART_SIGNED);
	assert_int_equal(r->parts[0].len, 0);
	talloc_free(ctx);
}

static void
test_no_span(void **state)
{
	/* LF where CRLF must be: a letter that was not made canonical */
	check_no_span(
	    SIGNED_HEAD "--b\r\nContent-Type: text/plain\r\n\r\none\ntwo" BLOB);
	/* the signed part opens a multipart of the same boundary */
	check_no_span(SIGNED_HEAD
	    "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	    "--b\r\n\r\none" BLOB BLOB);
	/* inside a message whose transfer encoding had to be taken off */
	check_no_span("Content-Type: message/rfc822\r\n"
		      "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
		      "Content-Type: multipart/signed; boundary=3Db\r\n\r\n"
		      "--b\r\n\r\none" BLOB);
}

/* What is no OpenPGP signature is never told of as one. */
static void
test_not_signed(void **state)
{
	static const char *const letters[] = {
	    SIGNED_HEAD "--b\r\n\r\nHello\r\n--b--\r\n",
	    SIGNED_HEAD "--b" BLOB, /* over nothing */
	    SIGNED_HEAD "--b\r\n\r\nHello\r\n--b\r\n"
			"Content-Type: application/pkcs7-signature\r\n\r\nx"
			"\r\n--b--\r\n",
	    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	    "--b\r\n\r\nHello" BLOB,
	};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
		struct reading *r =
		    must_read(ctx, READ_LETTER, NULL, bytes_str(letters[i]));

		assert_true(r->nparts >= 1);
		for (size_t j = 0; j < r->nparts; j++) {
			assert_int_not_equal(r->parts[j].kind, PART_SIGNED);
			assert_int_equal(r->parts[j].within, 0);
		}
	}
	talloc_free(ctx);
}

/* A signature covers what is in its first part, at any depth. */
static void
test_within(void **state)
{
	void *ctx = talloc_new(NULL);
	struct reading *r = must_read(ctx, READ_LETTER, NULL,
	    bytes_str(
		"Content-Type: multipart/mixed; boundary=m\r\n\r\n"
		"--m\r\n"
		"Content-Type: multipart/signed; boundary=\"b\";\r\n"
		" protocol=\"application/pgp-signature\"\r\n\r\n"
		"--b\r\n"
		"Content-Type: multipart/mixed; boundary=\"in\"\r\n\r\n"
		"--in\r\n\r\ncovered\r\n--in\r\n\r\ntoo\r\n--in--\r\n"
		"\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\n"
		"blob\r\n--b\r\n\r\nthird, not covered\r\n--b--\r\n"
		"--m\r\n\r\noutside\r\n--m--\r\n"));

	assert_int_equal(r->nparts, 5);
	assert_int_equal(r->parts[0].kind, PART_SIGNED);
	assert_true(r->parts[0].len > 0);
	assert_int_equal(r->parts[1].within, 1);
	assert_int_equal(r->parts[2].within, 1);
	assert_int_equal(r->parts[3].within, 0);
	assert_int_equal(r->parts[4].within, 0);
	talloc_free(ctx);
}

/* ---- what came out of a block ---- */

static void
test_text_mode(void **state)
{
	void *ctx = talloc_new(NULL);
	struct reading *r;

	r = must_read(ctx, READ_TEXT, "iso-2022-jp",
	    bytes_str("\x1b$B@=IJ\x1b(B: XYZ-100\r\n"));
	assert_int_equal(r->nparts, 1);
	assert_int_equal(r->parts[0].kind, PART_TEXT);
	assert_string_equal(
	    (const char *)r->parts[0].content.data, "製品: XYZ-100\n");
	assert_int_equal(r->nhits, 1);
	/* never a head */
	r = must_read(ctx, READ_TEXT, NULL,
	    bytes_str("Subject: x\r\n\r\n" BEGIN "\r\nx\r\n" END "\r\n"));
	assert_null(r->headers.subject);
	assert_int_equal(r->nparts, 2);
	assert_int_equal(r->parts[1].kind, PART_ENCRYPTED);
	assert_int_equal(r->parts[1].flags, PART_IN_TEXT);
	/* a file was sealed */
	r = must_read(
	    ctx, READ_TEXT, NULL, bytes_of("PK\x03\x04\x00\xff\xfe", 7));
	assert_int_equal(r->nparts, 1);
	assert_int_equal(r->parts[0].kind, PART_FILE);
	assert_int_equal(r->parts[0].content.len, 7);
	talloc_free(ctx);
}

/* What a gateway made an attachment of is still an entity when it is open. */
static void
test_text_is_entity(void **state)
{
	static const char entity[] =
	    "MIME-Version: 1.0\r\nContent-Type: multipart/signed;\r\n"
	    " protocol=\"application/pgp-signature\"; boundary=\"b\"\r\n\r\n"
	    "--b\r\nContent-Type: text/plain; hp=\"cipher\"\r\n"
	    "Subject: inner\r\n\r\nHello\r\n" BLOB;
	void *ctx = talloc_new(NULL);
	struct reading *r;

	r = must_read(ctx, READ_TEXT, NULL, bytes_str(entity));
	assert_int_equal(r->nparts, 2);
	assert_int_equal(r->parts[0].kind, PART_SIGNED);
	assert_memory_equal(entity + r->parts[0].off, "Content-Type: text", 18);
	assert_string_equal((const char *)r->parts[1].content.data, "Hello\n");
	assert_string_equal(r->inner.subject, "inner");
	assert_int_equal(r->inner_within, 1);
	/* Made canonical first, it has no span of what was given. */
	r = must_read(ctx, READ_TEXT, NULL, bytes_str(text_to_lf(ctx, entity)));
	assert_int_equal(r->nparts, 2);
	assert_int_equal(r->parts[0].kind, PART_SIGNED);
	assert_int_equal(r->parts[0].len, 0);
	/* Words about it are text. */
	r = must_read(ctx, READ_TEXT, NULL,
	    bytes_str("Hello,\nContent-Type: text/html\n\n<p>x</p>\n"));
	assert_int_equal(r->nparts, 1);
	assert_string_equal(r->parts[0].type, "text/plain");
	r = must_read(ctx, READ_TEXT, NULL,
	    bytes_str("Subject: x\n\nContent-Type: text/html\n\nx\n"));
	assert_string_equal(r->parts[0].type, "text/plain");
	talloc_free(ctx);
}

/* A block's charset: its own word, the label, or what was guessed. */
static void
test_block_charset(void **state)
{
	void *ctx = talloc_new(NULL);
	struct reading *r;

	r = must_read(ctx, READ_LETTER, NULL,
	    bytes_str(
		"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" BEGIN
		"\r\nCharset: utf-8\r\n\r\nx\r\n" END "\r\n"));
	assert_int_equal(r->nparts, 1);
	assert_string_equal(r->parts[0].charset, "utf-8");
	r = must_read(ctx, READ_LETTER, NULL,
	    bytes_str(
		"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" BEGIN
		"\r\n\r\nx\r\n" END "\r\n"));
	assert_string_equal(r->parts[0].charset, "iso-2022-jp");
	r = must_read(ctx, READ_LETTER, NULL,
	    bytes_str("Subject: x\r\n\r\n\x82\xb1\x82\xea\x82\xcd\r\n" BEGIN
		      "\r\n\r\nx\r\n" END "\r\n"));
	assert_int_equal(r->nparts, 2);
	assert_string_equal(r->parts[1].charset, "Shift_JIS");
	talloc_free(ctx);
}

/* UTF-16 hides its armor from a search for bytes. */
static void
test_wide_armor(void **state)
{
	static const char text[] = BEGIN "\r\nx\r\n" END "\r\n";
	void *ctx = talloc_new(NULL);
	struct buf *buf = buf_new(ctx, 1000);
	struct reading *r;

	buf_add(buf, "Content-Type: text/plain; charset=utf-16le\r\n\r\n", 46,
	    NULL);
	for (size_t i = 0; i + 1 < sizeof(text); i++) {
		buf_add(buf, text + i, 1, NULL);
		buf_add(buf, "", 1, NULL);
	}
	r = must_read(ctx, READ_LETTER, NULL, buf_bytes(buf));
	assert_int_equal(r->nparts, 1);
	assert_int_equal(r->parts[0].kind, PART_ENCRYPTED);
	assert_true(bytes_equal(r->parts[0].content, bytes_str(text)));
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_armor),
	    cmocka_unit_test(test_armor_charset),
	    cmocka_unit_test(test_sniff),
	    cmocka_unit_test(test_repeated),
	    cmocka_unit_test(test_endless),
	    cmocka_unit_test(test_span),
	    cmocka_unit_test(test_no_span),
	    cmocka_unit_test(test_not_signed),
	    cmocka_unit_test(test_within),
	    cmocka_unit_test(test_text_mode),
	    cmocka_unit_test(test_text_is_entity),
	    cmocka_unit_test(test_block_charset),
	    cmocka_unit_test(test_wide_armor),
	};

	return cmocka_run_group_tests(tests, make_reader, free_reader);
}
