/*
 * test_read_header.c - fields of a head: words of RFC 2047, addresses, names
 * of files by RFC 2231, and what says that a program wrote a letter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "read_world.h"

static struct reader *reader;
static struct charsets *cs;

static int
make_reader(void **state)
{
	reader = world_reader(NULL);
	cs = reader != NULL ? reader->charsets : NULL;
	return reader != NULL ? 0 : -1;
}

static int
free_reader(void **state)
{
	talloc_free(reader);
	return 0;
}

/* *limit: enum read_limit, as the reading tells of it. */
static struct headers
read_head_most(
    const void *ctx, const char *head, const struct reader *rd, uint32_t *limit)
{
	char *text = talloc_asprintf(ctx, "%s\r\n\r\nbody\r\n", head);
	GMimeObject *entity = mime_parse(ctx, bytes_str(text));
	struct draft d = {
	    .reader = rd, .reading = talloc_zero(ctx, struct reading)};
	struct headers h = {0};
	struct error err = {0};

	assert_non_null(entity);
	assert_int_equal(header_read(&d, entity, &h, &err), 0);
	*limit = d.reading->limit;
	return h;
}

static struct headers
read_head(const void *ctx, const char *head)
{
	uint32_t limit;
	struct headers h = read_head_most(ctx, head, reader, &limit);

	assert_int_equal(limit, READ_LIMIT_NONE);
	return h;
}

/* ---- words ---- */

static void
test_words(void **state)
{
	static const struct {
		const char *raw, *text;
	} rows[] = {
	    {"plain", "plain"},
	    {"=?utf-8?Q?caf=C3=A9?=", "café"},
	    {"=?UTF-8?b?44GT?=", "こ"},
	    /* padding before the end of the word */
	    {"=?iso-2022-jp?B?GyRCQD0bKEI=?=", "製"},
	    {"=?utf-8?B?YQ==?= b", "a b"},
	    /* a character cut in two, with and without folding */
	    {"=?utf-8?B?44E=?= =?utf-8?B?kw==?=", "こ"},
	    {"=?utf-8?Q?=E3=81?=\r\n =?UTF-8?Q?=93?=", "こ"},
	    {"=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"},
	    {"=?utf-8?Q?a?= =?iso-8859-1?Q?=E9?=", "aé"},
	    {"=?utf-8*ja?Q?a_b?=", "a b"},
	    {"[JVN] =?utf-8?Q?x?=tail", "[JVN] xtail"},
	    {"=?Shift_JIS?B?h0A=?=", "①"},
	    {"=?x-martian?Q?abc?=", "abc"},
	    {"=?utf-8?Q?open", "open"},
	    {"=?utf-8?Q?o_p en =?utf-8?B?YQ", "o p en a"},
	    {"=?utf-8?Q?", "=?utf-8?Q?"},
	    {"=?utf-8?B?YWI?= =?utf-8?B?Yw?=", "abc"},
	    {"=?utf-8?X?y?=", "=?utf-8?X?y?="},
	    {"folded\r\n\tline", "folded line"},
	    /* no line end and no control comes out of a word */
	    {"=?utf-8?Q?a=0D=0ABcc:_x?=", "a Bcc: x"},
	    {"=?utf-8?Q?a=1B[2Jb=E2=80=AEc?=", "a[2Jbc"},
	    {"\x1b$B@=IJ\x1b(B", "製品"},
	    {"\x90\xbb\x95\x69\x82\xcc", "製品の"},
	    {"caf\xe9", "café"},
	};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(
		    word_decode(ctx, cs, rows[i].raw, 200, NULL), rows[i].text);
	/* Cut between characters. */
	assert_string_equal(word_decode(ctx, cs, "製品", 4, NULL), "製");
	talloc_free(ctx);
}

/* ---- addresses and fields ---- */

static void
test_addresses(void **state)
{
	void *ctx = talloc_new(NULL);
	struct headers h = read_head(ctx,
	    "From: =?utf-8?B?5bGx55Sw?= <yamada@a.example>\r\n"
	    "Sender: agent@a.example (for Yamada)\r\n"
	    "Reply-To: \"Last, First\" <r@a.example>, two@a.example\r\n"
	    "To: Desk: one@v.example, two@v.example;, three@v.example\r\n"
	    "Cc: four@v.example");

	assert_int_equal(h.nfrom, 1);
	assert_string_equal(h.from[0].name, "山田");
	assert_string_equal(h.from[0].address, "yamada@a.example");
	assert_int_equal(h.nsender, 1);
	assert_string_equal(h.sender[0].address, "agent@a.example");
	assert_int_equal(h.nreply_to, 2);
	assert_string_equal(h.reply_to[0].name, "Last, First");
	assert_string_equal(h.reply_to[1].address, "two@a.example");
	assert_int_equal(h.nto, 4);
	assert_string_equal(h.to[1].address, "two@v.example");
	assert_string_equal(h.to[3].address, "four@v.example");
	talloc_free(ctx);
}

/* All address fields count together; what was read before stays. */
static void
test_too_many_addresses(void **state)
{
	void *ctx = talloc_new(NULL);
	struct reader few = *reader;
	struct headers h;
	uint32_t limit;
	char *head = talloc_asprintf(ctx, "From: a@b.example\r\nTo: ");

	few.max_addresses = 4;
	h = read_head_most(ctx,
	    "From: a@b.example\r\nReply-To: b@b.example\r\n"
	    "To: c@b.example\r\nCc: d@b.example",
	    &few, &limit);
	assert_int_equal(limit, READ_LIMIT_NONE);
	assert_int_equal(h.nto, 2);
	h = read_head_most(ctx,
	    "From: a@b.example\r\nReply-To: b@b.example\r\n"
	    "To: g: c@b.example, d@b.example;\r\nCc: e@b.example",
	    &few, &limit);
	assert_int_equal(limit, READ_LIMIT_ADDRESSES);
	assert_int_equal(h.nfrom, 1);
	assert_int_equal(h.nto, 2);
	/* As many as the settings let through, and they fit the wire. */
	few.max_addresses = 4000;
	for (unsigned i = 0; i < 3999; i++)
		head = talloc_asprintf_append(
		    head, "\"User %u\" <user%u@a.example>,\r\n ", i, i);
	h = read_head_most(ctx, head, &few, &limit);
	assert_int_equal(limit, READ_LIMIT_NONE);
	assert_int_equal(h.nto, 3999);
	/* So many writers do not. */
	h = read_head_most(ctx,
	    talloc_asprintf(ctx, "From%s", strstr(head, ": \"User")), &few,
	    &limit);
	assert_int_equal(limit, READ_LIMIT_ADDRESSES);
	assert_true(h.nfrom <= 1024);
	talloc_free(ctx);
}

static void
test_identifiers(void **state)
{
	void *ctx = talloc_new(NULL);
	struct headers h = read_head(ctx,
	    "Message-ID: <one@a.example>\r\n"
	    "In-Reply-To: <two@a.example> (yours of today)\r\n"
	    "References: <three@a.example>\r\n <two@a.example> <<four@a>");

	assert_string_equal(h.message_id, "one@a.example");
	assert_int_equal(h.nreferences, 3);
	assert_string_equal(h.references[0], "two@a.example");
	assert_string_equal(h.references[1], "three@a.example");
	assert_string_equal(h.references[2], "four@a");
	h = read_head(ctx, "Message-ID: bare@a.example");
	assert_string_equal(h.message_id, "bare@a.example");
	h = read_head(ctx, "Message-ID: <>");
	assert_null(h.message_id);
	talloc_free(ctx);
}

static void
test_times(void **state)
{
	void *ctx = talloc_new(NULL);
	struct headers h = read_head(ctx,
	    "Received: from a by b; Fri, 20 Nov 2026 09:00:05 +0900 (JST)\r\n"
	    "Received: from c by a; Thu, 19 Nov 2026 00:00:00 +0000\r\n"
	    "Date: Fri, 20 Nov 2026 00:00:00 +0000");

	assert_int_equal(h.date, 1795132800);
	assert_int_equal(h.received, 1795132805);
	h = read_head(ctx, "Date: some day\r\nReceived: by hand");
	assert_int_equal(h.date, 0);
	assert_int_equal(h.received, 0);
	talloc_free(ctx);
}

/* ---- who wrote it ---- */

static void
test_flags(void **state)
{
	static const struct {
		const char *head;
		uint32_t flags;
	} rows[] = {
	    {"Subject: a person", 0},
	    {"Auto-Submitted: no", 0},
	    {"Auto-Submitted: No (RFC 3834)", 0},
	    {"Auto-Submitted: auto-replied", HEADER_AUTO_SUBMITTED},
	    {"Auto-Submitted: auto-generated; x=y", HEADER_AUTO_SUBMITTED},
	    {"AUTO-SUBMITTED: auto-notified", HEADER_AUTO_SUBMITTED},
	    {"X-Auto-Response-Suppress: All", HEADER_SUPPRESS},
	    {"x-auto-response-suppress: OOF", HEADER_SUPPRESS},
	    {"X-Auto-Response-Suppress: DR, RN,\r\n AUTOREPLY",
		HEADER_SUPPRESS},
	    {"X-Auto-Response-Suppress: DR,RN", 0},
	    {"X-Auto-Response-Suppress: None", 0},
	    {"X-Auto-Response-Suppress: Allow", 0},
	    {"X-Auto-Response-Suppress: ", 0},
	    {"X-Autoreply: yes", HEADER_AUTO_RESPONSE},
	    {"X-Autoreply: no", 0},
	    {"X-Autorespond: vacation", HEADER_AUTO_RESPONSE},
	    {"Precedence: auto_reply", HEADER_AUTO_RESPONSE},
	    {"Precedence: bulk", HEADER_BULK},
	    {"Precedence: junk", HEADER_BULK},
	    {"Precedence: list", HEADER_LIST},
	    {"Precedence: first-class", 0},
	    {"List-Id: <x.example>", HEADER_LIST},
	    {"List-Unsubscribe: <mailto:x@y>", HEADER_LIST},
	    {"Return-Path: <>", HEADER_NULL_RETURN_PATH},
	    {"Return-Path:  < >", HEADER_NULL_RETURN_PATH},
	    {"Return-Path: <a@b.example>", 0},
	    {"X-PSIRTD-Mail: status", HEADER_PSIRTD},
	    {"Content-Type: multipart/report; boundary=x", HEADER_REPORT},
	    {"Subject: Out of Office: away", HEADER_OUT_OF_OFFICE},
	    {"Subject: Automatic reply: [PSIRT-2026-0001]",
		HEADER_OUT_OF_OFFICE},
	    {"Subject: Abwesenheitsnotiz", HEADER_OUT_OF_OFFICE},
	    {"Subject: 自動応答: 休暇中", HEADER_OUT_OF_OFFICE},
	    {"Subject: 【自動返信】お問い合わせ", HEADER_OUT_OF_OFFICE},
	    {"Subject: 不在：田中", HEADER_OUT_OF_OFFICE},
	    {"Subject: 不在のお知らせ", HEADER_OUT_OF_OFFICE},
	    {"Subject: =?iso-2022-jp?B?GyRCPCtGMDF+RXobKEI6IA==?=",
		HEADER_OUT_OF_OFFICE},
	    {"Subject: Re: Automatic reply: x", 0},
	    {"Subject: Out of office plugin lets anybody in", 0},
	    {"Subject: 自動応答装置の脆弱性について", 0},
	    {"Subject: 不在通知メールを悪用した攻撃", 0},
	};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct headers h = read_head(ctx, rows[i].head);

		if (h.flags != rows[i].flags)
			print_error("%s\n", rows[i].head);
		assert_int_equal(h.flags, rows[i].flags);
	}
	talloc_free(ctx);
}

static void
test_return_path(void **state)
{
	void *ctx = talloc_new(NULL);

	assert_string_equal(
	    read_head(ctx, "Return-Path: <a@b.example>").return_path,
	    "a@b.example");
	assert_null(read_head(ctx, "Return-Path: <>").return_path);
	talloc_free(ctx);
}

/* ---- names of files ---- */

static void
test_names(void **state)
{
	static const struct {
		const char *disposition, *type, *name;
	} rows[] = {
	    {"attachment; filename=a.txt", NULL, "a.txt"},
	    {"attachment; filename=\"a b.txt\"", "x/y; name=other", "a b.txt"},
	    {"attachment", "x/y; name=\"n.txt\"", "n.txt"},
	    {"attachment; filename*=utf-8''%E8%A3%BD.txt", NULL, "製.txt"},
	    {"attachment; filename*0*=utf-8'ja'%E8%A3;\r\n filename*1*=%BD;"
	     " filename*2=\".txt\"",
		NULL, "製.txt"},
	    /* out of order; of those that are lost the others are left */
	    {"attachment; filename*1=b; filename*0=a; filename*3=d", NULL,
		"abd"},
	    {"attachment; filename=plain.txt; filename*=utf-8''%E8%A3%BD.txt",
		NULL, "製.txt"},
	    {"attachment; filename=\"=?utf-8?B?6KO9LnR4dA==?=\"", NULL,
		"製.txt"},
	    {"attachment; filename*=shift_jis''%87%40.txt", NULL, "①.txt"},
	    {"attachment; filename=\"../../etc/passwd\"", NULL, "passwd"},
	    {"attachment; filename=\"C:\\Temp\\x.exe\"", NULL, "x.exe"},
	    {"attachment; filename=\"..\"", NULL, NULL},
	    {"attachment; filename=\"a/\"", NULL, NULL},
	    {"attachment; filename*=utf-8''a%00b%0D%0Ac", NULL,
		"a\xef\xbf\xbd"
		"b c"},
	    {"attachment; filename=\"txt\xe2\x80\xae"
	     "exe.x\"",
		NULL, "txtexe.x"},
	    {"attachment; filename=", NULL, NULL},
	    {"attachment; filename*=utf-8''%", NULL, "%"},
	    {"attachment; xfilename=a", NULL, NULL},
	    {NULL, NULL, NULL},
	};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *name = NULL;

		assert_int_equal(param_filename(ctx, cs, rows[i].disposition,
				     rows[i].type, &name, NULL),
		    0);
		if (rows[i].name == NULL) {
			assert_null(name);
		} else {
			assert_non_null(name);
			assert_string_equal(name, rows[i].name);
		}
	}
	talloc_free(ctx);
}

static void
test_head_of_inner(void **state)
{
	void *ctx = talloc_new(NULL);
	GMimeObject *entity = mime_parse(
	    ctx, bytes_str("Received: by x\r\nSubject: =?utf-8?B?44GT?=\r\n"
			   "From: a@b.example\r\nX-Other: y\r\n\r\nbody"));

	assert_string_equal(header_text(ctx, cs, entity, NULL),
	    "From: a@b.example\nSubject: こ\n");
	assert_null(mime_parse(ctx, bytes_str("no head\r\n\r\nbody")));
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_too_many_addresses),
	    cmocka_unit_test(test_identifiers),
	    cmocka_unit_test(test_times),
	    cmocka_unit_test(test_flags),
	    cmocka_unit_test(test_return_path),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_head_of_inner),
	};

	return cmocka_run_group_tests(tests, make_reader, free_reader);
}
