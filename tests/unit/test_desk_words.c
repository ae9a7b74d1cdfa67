/*
 * test_desk_words.c - words of active exploitation in both languages, text
 * folded for comparing, and the names of the desk's numbers.
 */
#include "desk_world.h"

#include <stdio.h>

#include "../../daemon/desk/desk_internal.h"
#include "linear.h"

/* ---- exploited ---- */

struct said {
	const char *text;
	bool exploited;
};

static const struct said texts[] = {
    {"The flaw is actively exploited.", true},
    {"It is being\nexploited in the wild since May.", true},
    {"We have ACTIVE  EXPLOITATION on two sites", true},
    {"It has been exploited at a customer", true},
    {"No patch yet, and attacks observed", true},
    {"listed in the Known Exploited Vulnerabilities catalog", true},
    {"ｅｘｐｌｏｉｔｅｄ　ｉｎ　ｔｈｅ　ｗｉｌｄ", true},
    {"Actively exploited: yes", true},
    {"Actively exploited (KEV): since 2026-05", true},
    {"Is it being exploited? Yes, since May.", true},
    {"There is no workaround, but it is actively exploited", true},
    {"本脆弱性の悪用が確認されています。", true},
    {"既に悪用\nされている可能性があります", true},
    {"この問題を悪用した攻撃が観測された。", true},
    {"攻撃が発生しており、対策が必要です", true},
    {"詳細は不明。悪用事例あり", true},
    {"It was exploited by threat actors last week", true},
    {"The bug has been used in attacks on two plants.", true},
    {"attackers are exploiting this now", true},
    {"本脆弱性の悪用が報告されています。", true},
    {"ゼロデイ攻撃に使われている", true},
    {"攻撃に悪用された事例があります", true},
    {"すでに被害が発生しています。", true},
    {"It could be exploited by a remote attacker", false},
    {"It could be used in attacks on the network.", false},
    {"悪用が報告された事実はありません。", false},
    {"被害が確認されたという情報はない", false},
    {"攻撃者に悪用される可能性があります", false},
    {"It is not actively exploited.", false},
    {"There is no evidence of active exploitation", false},
    {"We are not aware of it being exploited in the wild", false},
    {"It hasn't been exploited.", false},
    {"It has never been exploited", false},
    {"Actively exploited: no", false},
    {"Known exploited - unknown", false},
    {"Is this vulnerability actively being exploited?", false},
    {"悪用は報告されていません", false},
    {"悪用が確認されていません。", false},
    {"現時点で悪用事例はない。", false},
    {"悪用事例：なし", false},
    {"攻撃が確認されていますか？", false},
    {"", false},
};

static struct opening
letter_saying(struct part *part, const char *text)
{
	*part = (struct part){.kind = PART_TEXT, .content = bytes_str(text)};
	return (struct opening){.parts = part, .nparts = 1};
}

static void
test_exploited_text(void **state)
{
	void *ctx = talloc_new(NULL);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct part part;
		struct opening o = letter_saying(&part, texts[i].text);
		const char *found = exploited_words(ctx, &o);

		if ((found != NULL) != texts[i].exploited)
			fail_msg("\"%s\": %s", texts[i].text,
			    found != NULL ? found : "nothing found");
	}
	talloc_free(ctx);
}

static void
test_exploited_field_and_subject(void **state)
{
	static const struct said values[] = {{"Yes", true},
	    {"yes, two plants", true}, {"はい", true}, {"あり（1件）", true},
	    {"TRUE", true}, {"no", false}, {"Not known", false},
	    {"unknown", false}, {"いいえ", false}, {"なし", false},
	    {"確認されていない", false}, {"", false}, {"yesterday", false}};
	void *ctx = talloc_new(NULL);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		struct field field = {FIELD_EXPLOITED, values[i].text, 1};
		struct opening o = {.fields = &field, .nfields = 1};

		if ((exploited_words(ctx, &o) != NULL) != values[i].exploited)
			fail_msg("field \"%s\"", values[i].text);
		/* Under another label "yes" says nothing. */
		field.kind = FIELD_PUBLIC;
		assert_null(exploited_words(ctx, &o));
	}
	{
		struct opening o = {.inner.subject = "XYZ-100: 悪用を確認"};

		assert_non_null(exploited_words(ctx, &o));
		o.inner.subject = "XYZ-100 stops";
		assert_null(exploited_words(ctx, &o));
	}
	talloc_free(ctx);
}

/* A question ends near its phrase: behind a page it belongs to another. */
static void
test_exploited_in_a_long_sentence(void **state)
{
	char text[1024];
	struct opening o;
	struct part part;

	(void)state;
	for (size_t gap = 20; gap < 900; gap += 40) {
		snprintf(text, sizeof(text), "it is being exploited%*s?",
		    (int)gap, "x");
		memset(text + 21, 'x', gap);
		text[21] = ' ';
		o = letter_saying(&part, text);
		assert_int_equal(exploited_words(NULL, &o) != NULL, gap >= 200);
	}
}

static void
look_for_exploited(const char *text, size_t len)
{
	struct part parts[16];
	struct field fields[COUNT_OF(parts)];
	struct opening o = {.parts = parts, .nparts = COUNT_OF(parts)};

	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		parts[i] = (struct part){
		    .kind = PART_TEXT, .content = bytes_of(text, len)};
		fields[i] =
		    (struct field){FIELD_EXPLOITED, (char *)(uintptr_t)text, 1};
	}
	(void)exploited_words(NULL, &o);
	o.fields = fields;
	o.nfields = COUNT_OF(fields);
	(void)exploited_words(NULL, &o);
}

/* The engine does nothing else meanwhile: a hostile text takes no time. */
static void
test_exploited_takes_no_time(void **state)
{
	static const char *const units[] = {"being exploited\n",
	    "being exploited ", "not being exploited:", "悪用された"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(units); i++)
		assert_linear(look_for_exploited, units[i], 1 << 20);
}

/* The words reach the decision, and file no letter by themselves. */
static void
test_exploited_moves_nothing(void **state)
{
	struct row r = {.shape = CLEAR};
	struct desk_input in = {.now = NOW, .received = NOW};
	struct decision *d;
	struct built b;
	struct world w;

	(void)state;
	world_init(&w);
	build(&r, &b);
	b.parts[0].content = bytes_str("it is being exploited");
	in.settings = &w.s;
	in.opening = &b.o;
	d = desk_judge(NULL, &in);
	assert_string_equal(d->exploited, "being exploited");
	assert_int_equal(d->state, LETTER_INQUIRY);
	assert_false(d->acknowledge);
	talloc_free(d);
}

/* ---- folding ---- */

static void
test_fold_name(void **state)
{
	static const char *const pairs[][2] = {
	    {"XYZ-100", "xyz 100"},
	    {"ＸＹＺ－１００", "xyz 100"},
	    {"xyz\xe3\x80\x80\x31\x30\x30", "xyz 100"},
	    {"  JPCERT / CC  ", "jpcert cc"},
	    {"XY\xe2\x80\x8bZ", "xyz"},
	    {"X\xc2\xadYZ", "xyz"},
	    {"\xe2\x80\xaeXYZ", "xyz"},
	    {"\xd0\xa5\xd0\xa3Z", "xyz"},
	    {"\xce\x91\xce\x92\xd0\xa1", "abc"},
	    {"制御盤・甲型", "制御盤 甲型"},
	    {"人々", "人々"},
	    {"...", ""},
	    {"", ""},
	};
	void *ctx = talloc_new(NULL);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(pairs); i++)
		assert_string_equal(fold_name(ctx, pairs[i][0]), pairs[i][1]);
	/* Bytes that are no UTF-8 end it in good order. */
	assert_non_null(fold_name(ctx, "\xff\xf0\x9f"));
	talloc_free(ctx);
}

static void
test_fold_has_name(void **state)
{
	(void)state;
	assert_true(fold_has_name("the xyz 100 stops", "xyz 100"));
	assert_true(fold_has_name("the xyz100 stops", "xyz 100"));
	assert_true(fold_has_name("the xyz 100 stops", "xyz100"));
	assert_true(fold_has_name("制御盤xyz100が", "xyz 100"));
	assert_true(fold_has_name("当社の制御盤が止まる", "制御盤"));
	assert_false(fold_has_name("the xyz 1000 stops", "xyz 100"));
	assert_false(fold_has_name("the wxyz 100 stops", "xyz 100"));
	assert_false(fold_has_name("the xyz", "xyz 100"));
	assert_false(fold_has_name("anything", ""));
	assert_false(fold_has_name("", "xyz"));
}

static void
test_fold_prose(void **state)
{
	void *ctx = talloc_new(NULL);
	static const char broken[] = "悪用が\n  確認 Ａ\tB\r\n";

	(void)state;
	assert_string_equal(
	    fold_prose(ctx, broken, strlen(broken), 1000), "悪用が確認 a b");
	assert_string_equal(fold_prose(ctx, "abcdef", 6, 3), "abc");
	assert_string_equal(fold_prose(ctx, "", 0, 3), "");
	/* Cut inside a character: nothing is read beyond. */
	assert_non_null(fold_prose(ctx, "a悪", 4, 2));
	talloc_free(ctx);
}

/* ---- a key that came along ---- */

/* Whoever attaches somebody else's key does not make it the finder's. */
static void
test_key_of_a_stranger_alone(void **state)
{
	static const char *retired[] = {KEY_OTHER};
	static const char *const ours[] = {KEY_JPCERT, KEY_CERT, KEY_PLC,
	    KEY_OPERATOR, KEY_POC, KEY_OTHER,
	    "8888888888888888888888888888888888888888"};
	struct desk_signer nobody = {.verdict = VERDICT_UNSIGNED};
	struct row r = {.shape = SEALED, .has = KEY};
	struct built b;
	struct world w;

	(void)state;
	world_init(&w);
	w.s.retired = retired;
	w.s.nretired = 1;
	w.s.recovery = ours[COUNT_OF(ours) - 1];
	build(&r, &b);
	assert_true(report_has_key(&w.s, &b.o, &nobody));
	for (size_t i = 0; i < COUNT_OF(ours); i++) {
		b.o.key_fingerprint = ours[i];
		assert_false(report_has_key(&w.s, &b.o, &nobody));
	}
	b.o.key_fingerprint = KEY_FINDER;
	b.o.key_part = 1; /* hostile: that part is no key */
	assert_false(report_has_key(&w.s, &b.o, &nobody));
	b.o.key_part = 99;
	assert_false(report_has_key(&w.s, &b.o, &nobody));
	b.o.key_fingerprint = NULL;
	b.o.key_part = 2;
	assert_false(report_has_key(&w.s, &b.o, &nobody));
}

/* Signed words need the key that signed them; others one that came inside. */
static void
test_key_that_proved_itself(void **state)
{
	struct desk_signer nobody = {.verdict = VERDICT_UNSIGNED};
	struct desk_signer around = {.verdict = VERDICT_UNSIGNED, .layer = 1};
	struct desk_signer stranger = {
	    .verdict = VERDICT_UNKNOWN_KEY, .layer = 1};
	struct row r = {.shape = SEALED, .has = KEY};
	struct built b;
	struct world w;

	(void)state;
	world_init(&w);
	build(&r, &b);
	assert_true(report_has_key(&w.s, &b.o, &nobody));
	assert_false(report_has_key(&w.s, &b.o, &around));
	assert_false(report_has_key(&w.s, &b.o, &stranger));
	b.o.key_signed = 1;
	assert_true(report_has_key(&w.s, &b.o, &around));
	assert_true(report_has_key(&w.s, &b.o, &stranger));
	/* An Autocrypt field stands outside of the encryption. */
	b.parts[b.o.key_part - 1].layer = 0;
	assert_true(report_has_key(&w.s, &b.o, &stranger));
	b.o.key_signed = 0;
	assert_false(report_has_key(&w.s, &b.o, &nobody));
	b.o.encrypted = 0;
	assert_true(report_has_key(&w.s, &b.o, &nobody));
}

/* ---- machine addresses ---- */

static void
test_machine_addresses(void **state)
{
	static const char *const machines[] = {"MAILER-DAEMON@mx.example",
	    "postmaster@x.example", "owner-l@x.example", "NoReply@x.example",
	    "no-reply+7@x.example", "do-not-reply@x.example",
	    "bounces+7@x.example", "l-request@x.example", "l-owner@x.example",
	    "l-bounces@x.example", "news.noreply@x.example"};
	static const char *const people[] = {"robin@noreply.example",
	    "postmasterson@x.example", "-owner@x.example", "requests@x.example",
	    "psirt@x.example"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(machines); i++)
		if (!machine_address(machines[i]))
			fail_msg("%s is a machine", machines[i]);
	for (size_t i = 0; i < COUNT_OF(people); i++)
		if (machine_address(people[i]))
			fail_msg("%s is a person", people[i]);
}

/* ---- names ---- */

/* Each number has a name of its own, and none beyond the last has one. */
static void
assert_names(const char *(*name)(int), int first, int last)
{
	for (int i = first; i <= last; i++) {
		assert_string_not_equal(name(i), "?");
		for (int k = first; k < i; k++)
			assert_string_not_equal(name(i), name(k));
	}
	assert_string_equal(name(last + 1), "?");
	assert_string_equal(name(100000), "?");
}

static const char *
state_of(int n)
{
	return letter_state_name((enum letter_state)n);
}

static const char *
reason_of(int n)
{
	return reason_name((enum reason)n);
}

static const char *
sentence_of(int n)
{
	return reason_text((enum reason)n);
}

static const char *
silence_of(int n)
{
	return silence_name((enum silence)n);
}

static void
test_names(void **state)
{
	(void)state;
	assert_names(state_of, LETTER_RECEIVED, LETTER_DROPPED);
	assert_names(reason_of, REASON_NONE, REASON_COUNT - 1);
	assert_names(sentence_of, REASON_NONE, REASON_COUNT - 1);
	assert_names(silence_of, SILENCE_NONE, SILENCE_JUNK);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_exploited_text),
	    cmocka_unit_test(test_exploited_field_and_subject),
	    cmocka_unit_test(test_exploited_in_a_long_sentence),
	    cmocka_unit_test(test_exploited_takes_no_time),
	    cmocka_unit_test(test_exploited_moves_nothing),
	    cmocka_unit_test(test_fold_name),
	    cmocka_unit_test(test_fold_has_name),
	    cmocka_unit_test(test_fold_prose),
	    cmocka_unit_test(test_key_of_a_stranger_alone),
	    cmocka_unit_test(test_key_that_proved_itself),
	    cmocka_unit_test(test_machine_addresses),
	    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
