/*
 * test_settings_answers.c - the words of answers in both languages, in every
 * width, and what becomes of their values; names of what a flow may hold.
 */
#include "settings_file.h"

#include <time.h>

#include "psirtd/flow.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *word;
	enum answer_kind kind; /* 0: none */
} words[] = {
    {"need details", ANSWER_DETAILS},
    {"Need-Details", ANSWER_DETAILS},
    {"NEED_DETAILS", ANSWER_DETAILS},
    {"needdetails", ANSWER_DETAILS},
    {"ＮＥＥＤ　ＤＥＴＡＩＬＳ", ANSWER_DETAILS},
    {"details", ANSWER_DETAILS},
    {"詳細", ANSWER_DETAILS},
    {"詳細情報の要否", ANSWER_DETAILS},
    {"status", ANSWER_STATUS},
    {"Ｓｔａｔｕｓ", ANSWER_STATUS},
    {"再現結果", ANSWER_STATUS},
    {" 再現 ", ANSWER_STATUS},
    {"原因", ANSWER_CAUSE},
    {"発現条件", ANSWER_CONDITIONS},
    {"affected", ANSWER_AFFECTED},
    {"not affected", ANSWER_NOT_AFFECTED},
    {"影響なし", ANSWER_NOT_AFFECTED},
    {"影響ナシ", ANSWER_NOT_AFFECTED},
    {"影響ﾅｼ", ANSWER_NOT_AFFECTED},
    {"CVSS", ANSWER_CVSS},
    {"ＣＶＳＳ", ANSWER_CVSS},
    {"コメント", ANSWER_COMMENT},
    {"ｺﾒﾝﾄ", ANSWER_COMMENT},
    {"こめんと", ANSWER_COMMENT},
    {"アドバイザリ", ANSWER_ADVISORY},
    {"ｱﾄﾞﾊﾞｲｻﾞﾘ", ANSWER_ADVISORY},
    {"OEM先", ANSWER_OEM},
    {"answer", ANSWER_REPLY},
    {"oem by", ANSWER_OEM_BY},
    {"publish", ANSWER_PUBLISH},
    {"公表日", ANSWER_PUBLISH},
    {"statuses", 0},
    {"stat", 0},
    {"", 0},
    {"-", 0},
    {"　", 0},
    {"yes", 0},
};

static void
test_words(void **state)
{
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		const struct answer_rule *rule = answer_by_word(words[i].word);

		if ((rule == NULL ? 0 : rule->kind) != words[i].kind)
			fail_msg("\"%s\" is %s", words[i].word,
			    rule == NULL ? "nothing" : rule->name);
	}
	assert_null(answer_by_word(NULL));
}

/* Each kind has a row, is found by all its words, and they are of one kind. */
static void
test_table(void **state)
{
	for (int k = 1; k < ANSWER_KIND_COUNT; k++) {
		const struct answer_rule *rule =
		    answer_rule((enum answer_kind)k);

		assert_int_equal(rule->kind, k);
		assert_ptr_equal(answer_by_word(rule->name), rule);
		assert_int_equal(
		    rule->type == ANSWER_CHOICE, rule->choices != NULL);
		assert_true(rule->hint_en[0] != '\0');
		assert_true(rule->hint_ja[0] != '\0');
		for (const char *const *w = rule->words; *w != NULL; w++)
			if (answer_by_word(*w) != rule)
				fail_msg("%s is also %s", *w,
				    answer_by_word(*w)->name);
		for (const struct answer_choice *c = rule->choices;
		     c != NULL && c->name != NULL; c++) {
			assert_ptr_equal(answer_choice(rule, c->name), c);
			for (const char *const *w = c->words; *w != NULL; w++)
				if (answer_choice(rule, *w) != c)
					fail_msg("%s: %s", rule->name, *w);
		}
	}
	assert_null(answer_rule((enum answer_kind)0));
	assert_null(answer_rule(ANSWER_KIND_COUNT));
	assert_null(answer_choice(answer_rule(ANSWER_CAUSE), "yes"));
	assert_null(answer_choice(NULL, "yes"));
}

/* What would help an attacker is marked: nothing of it reaches a customer. */
static void
test_exploit(void **state)
{
	for (int k = 1; k < ANSWER_KIND_COUNT; k++) {
		bool exploit = k == ANSWER_CAUSE || k == ANSWER_CONDITIONS ||
			       k == ANSWER_QUESTION || k == ANSWER_REPLY ||
			       k == ANSWER_NOTE;

		assert_int_equal(
		    answer_rule((enum answer_kind)k)->exploit, exploit);
	}
	/* One word leaves the step open. */
	assert_true(answer_choice(answer_rule(ANSWER_STATUS), "調査中")->open);
	assert_false(answer_choice(answer_rule(ANSWER_STATUS), "再現")->open);
}

/* The decisions are the desk's, and what it hears from outside. */
static void
test_desk(void **state)
{
	static const enum answer_kind kinds[] = {ANSWER_DECISION,
	    ANSWER_WEIGHING, ANSWER_CONSENT, ANSWER_AGREEMENT, ANSWER_MEDIATION,
	    ANSWER_PUBLISH, ANSWER_URL, ANSWER_JVN, ANSWER_JVN_WANTED,
	    ANSWER_CREDIT, ANSWER_CREDIT_OK, ANSWER_SHARE_NAME,
	    ANSWER_INFRASTRUCTURE, ANSWER_OEM_BY, ANSWER_ADVISORY,
	    ANSWER_COUNTRY, ANSWER_TRIED};
	bool desk[ANSWER_KIND_COUNT] = {false};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		desk[kinds[i]] = true;
	for (int k = 1; k < ANSWER_KIND_COUNT; k++)
		assert_int_equal(
		    answer_rule((enum answer_kind)k)->desk, desk[k]);
}

/* ---- values ---- */

#define V31 "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"

static const struct {
	enum answer_kind kind;
	const char *value;
	const char *kept; /* NULL: refused, and why */
	const char *why;
} values[] = {
    {ANSWER_DETAILS, "Yes", "yes", NULL},
    {ANSWER_DETAILS, " 不要　", "no", NULL},
    {ANSWER_DETAILS, "ＹＥＳ", "yes", NULL},
    {ANSWER_DETAILS, "要", "yes", NULL},
    {ANSWER_DETAILS, "perhaps", NULL, "is none of yes, no"},
    {ANSWER_DETAILS, "yes | no", NULL, "still what the mail showed"},
    {ANSWER_DETAILS, "要 | 不要", NULL, "still what the mail showed"},
    {ANSWER_DETAILS, "", NULL, "is empty"},
    {ANSWER_DETAILS, " 　 ", NULL, "is empty"},
    {ANSWER_STATUS, "Not-Reproduced", "not reproduced", NULL},
    {ANSWER_STATUS, "再現ﾅｼ", "not reproduced", NULL},
    {ANSWER_STATUS, "再現せず", "not reproduced", NULL},
    {ANSWER_STATUS, "再現しました", "reproduced", NULL},
    {ANSWER_STATUS, "調査中", "investigating", NULL},
    {ANSWER_STATUS, "yes", NULL,
	"is none of reproduced, not reproduced, investigating"},
    {ANSWER_DECISION, "公表", "publish", NULL},
    {ANSWER_DECISION, "全顧客通知のみ", "customers only", NULL},
    {ANSWER_MEDIATION, "認めない", "refused", NULL},
    {ANSWER_OEM_BY, "JPCERT/CC", "jpcert", NULL},
    {ANSWER_OK, "異議なし", "yes", NULL},
    {ANSWER_VERIFIED, "問題あり", "no", NULL},
    {ANSWER_CAUSE, "  a buffer\nis too short　 ", "a buffer\nis too short",
	NULL},
    {ANSWER_CAUSE, "<what is wrong, with its CWE where known>", NULL,
	"still what the mail showed"},
    {ANSWER_CAUSE, "<原因。分かればCWEも>", NULL, "still what"},
    {ANSWER_CVSS, V31, V31, NULL},
    {ANSWER_CVSS, "ｃｖｓｓ：3.1/av:n/ac:l/pr:n/ui:n/s:u/c:h/i:h/a:h", V31,
	NULL},
    {ANSWER_CVSS, "CVSS:3.1/AC:L/AV:N/PR:N/UI:N/S:U/C:H/I:H/A:H", V31, NULL},
    {ANSWER_CVSS, "CVSS:3.1/AV:N/AC:L", NULL, "is no whole vector"},
    {ANSWER_CVSS, "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", NULL,
	"is no whole vector"},
    {ANSWER_CVSS, "9.8", NULL, "is no whole vector"},
    {ANSWER_PLANNED, "2026-12-01", "2026-12-01", NULL},
    {ANSWER_PLANNED, "２０２６年１２月１日", "2026-12-01", NULL},
    {ANSWER_PLANNED, "令和8年12月1日", "2026-12-01", NULL},
    {ANSWER_PUBLISH, "2026-12-01 10:00 JST", "2026-12-01T01:00:00Z", NULL},
    {ANSWER_PUBLISH, "2026-12-01T10:00:00Z", "2026-12-01T10:00:00Z", NULL},
    {ANSWER_PUBLISH, "2026-12-01 10:00", "2026-12-01T01:00:00Z", NULL},
    {ANSWER_PUBLISH, "2026-13-01", NULL, "is no date such as 2026-12-01"},
    {ANSWER_PUBLISH, "soon", NULL, "is no date"},
    {ANSWER_URL, "https://jvn.example/1", "https://jvn.example/1", NULL},
    {ANSWER_URL, "http://jvn.example/1", NULL, "begins with https://"},
    {ANSWER_URL, "https://", NULL, "begins with https://"},
    {ANSWER_URL, "https://a b", NULL, "begins with https://"},
    {ANSWER_URL, "https://jvn.example/\xe3\x81\x82", NULL, "https://"},
};

static void
test_values(void **state)
{
	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		void *ctx = talloc_new(NULL);
		const char *why = NULL;
		const char *kept = answer_value(
		    ctx, answer_rule(values[i].kind), values[i].value, &why);

		if (values[i].kept == NULL &&
		    (kept != NULL || strstr(why, values[i].why) == NULL))
			fail_msg("\"%s\" became \"%s\", %s", values[i].value,
			    kept, why);
		if (values[i].kept != NULL &&
		    (kept == NULL || strcmp(kept, values[i].kept) != 0))
			fail_msg("\"%s\" became \"%s\", %s", values[i].value,
			    kept, why);
		if (values[i].kept != NULL)
			assert_null(why);
		talloc_free(ctx);
	}
}

/* ---- the other closed lists ---- */

static void
test_names(void **state)
{
	for (int k = 1; k < GUARD_COUNT; k++)
		assert_string_not_equal(
		    guard_name((enum guard_kind)k), "unknown");
	for (int k = 1; k < CLOSE_COUNT; k++) {
		const char *name = close_reason_name((enum close_reason)k);

		assert_int_equal(close_reason_by_name(name), k);
	}
	assert_string_equal(close_reason_name((enum close_reason)0), "unknown");
	assert_int_equal(close_reason_by_name("solved"), 0);
	assert_int_equal(close_reason_by_name(NULL), 0);
	assert_string_equal(policy_name(POLICY_TWO), "two");
	assert_string_equal(audience_name(AUDIENCE_COORDINATOR), "coordinator");
	assert_string_equal(guard_name(GUARD_COUNT), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_exploit),
	    cmocka_unit_test(test_desk),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
