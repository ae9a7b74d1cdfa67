/*
 * test_write_mails.c - what the mails of the two flows say to their readers,
 * and what they leave out.
 */
#include "write_world.h"

#define REF "ref: PSIRT-2026-0001/1.3.1/7KQ2MX\n"
#define MOST 12
#define FACTS(...) .facts = {__VA_ARGS__}
#define EN(...) .en = {__VA_ARGS__}
#define JA(...) .ja = {__VA_ARGS__}
#define NOT_EN(...) .not_en = {__VA_ARGS__}
#define NOT_JA(...) .not_ja = {__VA_ARGS__}

struct row {
	enum mail_kind kind;
	struct fact facts[MOST];
	const char *en[MOST], *ja[MOST]; /* stand there, in this order */
	const char *not_en[MOST], *not_ja[MOST]; /* do not */
};

static void
check_row(const struct world *w, const struct row *row, size_t language)
{
	const char *const *says = language == 0 ? row->en : row->ja;
	const char *const *never = language == 0 ? row->not_en : row->not_ja;
	void *ctx = talloc_new(NULL);
	size_t n = 0;
	struct draft_text d;
	const char *at;

	while (n < MOST && row->facts[n].name != NULL)
		n++;
	d = render(w, ctx, row->kind, languages[language], row->facts, n);
	check_mail(d);
	at = d.body;
	for (size_t i = 0; i < MOST && says[i] != NULL; i++) {
		const char *found = strstr(at, says[i]);

		if (found == NULL)
			fail_msg(
			    "%s is not in its place in\n%s", says[i], d.body);
		at = found + strlen(says[i]);
	}
	for (size_t i = 0; i < MOST && never[i] != NULL; i++)
		if (strstr(d.body, never[i]) != NULL)
			fail_msg("%s is in\n%s", never[i], d.body);
	talloc_free(ctx);
}

static void
check_rows(const struct world *w, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t l = 0; l < 2; l++)
			check_row(w, &rows[i], l);
}

/* ---- questions to departments (RULES 12) ---- */

static void
test_who_asks_shows_the_lines_to_copy(void **state)
{
	static const enum mail_kind asking[] = {MAIL_OVERVIEW, MAIL_DETAILS,
	    MAIL_ASK, MAIL_REMINDER, MAIL_MEETING, MAIL_DATES, MAIL_CIRCULATE,
	    MAIL_OEM};
	static const struct fact facts[] = {{"number", "PSIRT-2026-0001"},
	    {"ref", "7KQ2MX"}, {"reply_by", "2026-12-01"},
	    {"lines", REF "need details: yes | no\n"}};
	static const char *const leave[] = {
	    "\"ref:\" as it is", "「ref:」の行は変更せず"};
	static const char *const sign[] = {
	    "signed and encrypted", "署名と暗号化"};
	static const char *const keep[] = {
	    "reference in", "件名の受付番号を残して"};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT_OF(asking); i++)
		for (size_t l = 0; l < 2; l++) {
			void *ctx = talloc_new(NULL);
			struct draft_text d = render(w, ctx, asking[i],
			    languages[l], facts, COUNT_OF(facts));

			check_mail(d);
			/* At the left edge: a blank would go on a line. */
			assert_non_null(strstr(
			    d.body, "\n\n" REF "need details: yes | no\n\n"));
			assert_non_null(strstr(d.body, leave[l]));
			assert_non_null(strstr(d.body, sign[l]));
			assert_non_null(strstr(d.body, "OpenPGP"));
			assert_non_null(strstr(d.body, "2026-12-01"));
			assert_null(strstr(d.body, keep[l]));
			/* Without lines, how to answer is still told. */
			d = render(w, ctx, asking[i], languages[l], facts, 1);
			assert_null(strstr(d.body, "ref:"));
			assert_non_null(strstr(d.body, sign[l]));
			assert_non_null(strstr(d.body, keep[l]));
			talloc_free(ctx);
		}
}

/* <1>1.3.1: whoever says yes was told what follows of it. */
static void
test_the_duty_that_comes_with_details(void **state)
{
	static const struct row rows[] = {
	    {MAIL_OVERVIEW, FACTS({"flow_jpcert", "1"}),
		EN("need the detailed information",
		    "takes the detailed information is obliged to report\n"
		    "the findings to JPCERT/CC",
		    "publication with JPCERT/CC"),
		JA("詳細情報の要否", "詳細情報を受け取った場合は",
		    "JPCERT/CC に報告し",
		    "公表について JPCERT/CC と調整する義務"),
		NOT_EN("reproduce"), NOT_JA("再現")},
	    {MAIL_OVERVIEW, FACTS({"flow_direct", "1"}), EN("reproduce"),
		JA("再現"), NOT_EN("JPCERT", "obliged"),
		NOT_JA("JPCERT", "義務", "要否")},
	    {MAIL_OVERVIEW, FACTS({"flow_jpcert", "1"}, {"receipt_only", "1"}),
		EN("nothing for\nyou to do"), JA("お願いすることは"),
		NOT_EN("obliged", "How to answer"), NOT_JA("義務", "回答方法")},
	    {MAIL_DETAILS, FACTS({"flow_jpcert", "1"}),
		EN("Try to reproduce", "obliged to report",
		    "publication with JPCERT/CC"),
		JA("再現", "JPCERT/CC に報告し", "調整する義務")},
	    {MAIL_DETAILS, FACTS({"flow_direct", "1"}), EN("reproduce"),
		JA("再現"), NOT_EN("JPCERT"), NOT_JA("JPCERT")},
	};

	check_rows(*state, rows, COUNT_OF(rows));
}

static void
test_mails_to_departments(void **state)
{
	static const struct row rows[] = {
	    {MAIL_ASK,
		FACTS({"step", "2.2.1"}, {"step_title", "T"},
		    {"status_reproduced", "1"}, {"product", "XYZ-100"},
		    {"affected", "XYZ-100 < 2.4\nXYZ-200"}),
		EN("XYZ-100\n", "2.2.1 T\n", "yes\n",
		    "        XYZ-100 < 2.4\n        XYZ-200\n"),
		JA("XYZ-100\n", "2.2.1 T\n", "再現\n",
		    "    XYZ-100 < 2.4\n    XYZ-200\n"),
		NOT_EN("Not affected", "Cause", "Decision"),
		NOT_JA("影響を受けない", "原因", "対応方針")},
	    {MAIL_REMINDER,
		FACTS({"asked", "2026-11-20"}, {"reply_by", "2026-11-25"},
		    {"count", "2"}),
		EN("2026-11-20", "2026-11-25", "no. 2\n", "crossed"),
		JA("2026-11-20", "2026-11-25", "2 回目", "行き違い"),
		NOT_EN("Step"), NOT_JA("ステップ")},
	    {MAIL_SHARE, FACTS({"status_not_reproduced", "1"}),
		EN("nothing\nfor you to do", "Reproduced:   no\n"),
		JA("お願いすることは", "不再現"),
		NOT_EN("yes", "investigated", "How to answer"),
		NOT_JA("調査中", "回答方法")},
	    {MAIL_CONFIRM,
		FACTS({"understood", "status: reproduced\ncause: x"},
		    {"lines", REF}),
		EN("    status: reproduced\n    cause: x\n",
		    "did not write this answer"),
		JA("    status: reproduced\n    cause: x\n", "心当たりがない"),
		NOT_EN("ref:", "could not understand", "nothing of it"),
		NOT_JA("ref:", "読み取ることができません", "自動で記録できる")},
	    {MAIL_CONFIRM,
		FACTS({"not_understood", "staus: yes"},
		    {"lines", REF "status: a | b"}),
		EN("nothing of it", "not understand", "    staus: yes\n",
		    "\n" REF "status: a | b\n"),
		JA("自動で記録できる", "読み取ることができません",
		    "    staus: yes\n", "\n" REF "status: a | b\n"),
		NOT_EN("We have put"), NOT_JA("次の内容を記録")},
	    {MAIL_RELAY,
		FACTS({"question_number", "2"}, {"question", "Which?"},
		    {"text", "That.\n\nname"}, {"flow_jpcert", "1"}),
		EN("question 2.", "JPCERT/CC", "    Which?\n",
		    "> That.\n>\n> name\n"),
		JA("質問 2", "JPCERT/CC", "    Which?\n",
		    "> That.\n>\n> name\n"),
		NOT_EN("the source", "Attached"), NOT_JA("情報源", "添付")},
	    {MAIL_MEETING,
		FACTS({"imposed", "2027-01-08"}, {"year_ends", "2027-11-24"},
		    {"reply_by", "2026-12-01"}),
		EN("2026-12-01", "2027-01-08", "2027-11-24",
		    "integrators included", "weigh the risk that the finder"),
		JA("2026-12-01", "2027-01-08", "2027-11-24", "顧客をすべて把握",
		    "先に公表するリスク")},
	    {MAIL_DATES,
		FACTS({"candidate", "2026-12-01 10:00 JST (01:00 UTC)"},
		    {"lines", REF "candidate: D"}),
		EN("        2026-12-01 10:00 JST (01:00 UTC)\n",
		    "lines \"candidate:\""),
		JA("    2026-12-01 10:00 JST (01:00 UTC)\n", "「candidate:」")},
	    {MAIL_CIRCULATE,
		FACTS({"advisory", "Update\nto 2.4"}, {"publish_on", "D"},
		    {"lines", REF "ok: yes | no"}),
		EN("D\n", "> Update\n> to 2.4\n", "\"comment:\"",
		    "not public before"),
		JA("D\n", "> Update\n> to 2.4\n", "「comment:」",
		    "公表日時までは未公表"),
		NOT_EN("by others"), NOT_JA("社外で公表")},
	    {MAIL_NOTIFIED,
		FACTS({"url", "https://v.example/1"}, {"jvn", "JVN#1"},
		    {"cve", "CVE-1"}),
		EN("public now", "JVN#1", "https://v.example/1", "CVE-1",
		    "remains confidential"),
		JA("公表されました", "JVN#1", "https://v.example/1", "CVE-1",
		    "秘密として")},
	    {MAIL_INCIDENT,
		FACTS({"reason", "A break-in."}, {"text", "We saw\nit."}),
		EN("incident, not of a vulnerability", "    A break-in.\n",
		    "> We saw\n> it.\n", "Confirm"),
		JA("インシデント", "    A break-in.\n", "> We saw\n> it.\n",
		    "引き継ぎをお受け")},
	    /* Nobody can reproduce what is not told yet. */
	    {MAIL_OVERVIEW, FACTS({"flow_direct", "1"}),
		EN("when the desk has read them"), JA("別途お送りします"),
		NOT_EN("what is described"), NOT_JA("記載の事象")},
	    {MAIL_OVERVIEW, FACTS({"flow_direct", "1"}, {"text", "It stops."}),
		EN("what is described"), JA("記載の事象"),
		NOT_EN("when the desk has read them"),
		NOT_JA("別途お送りします")},
	    {MAIL_OEM, FACTS({"to_name", "Partner"}, {"affected", "XYZ-100"}),
		EN("Dear Partner,", "supply to you", "XYZ-100", "confidential",
		    "kind regards"),
		JA("Partner 様", "いつもお世話になっております", "貴社",
		    "XYZ-100", "秘密として"),
		NOT_EN("How to answer"), NOT_JA("お疲れ様", "当社")},
	};

	check_rows(*state, rows, COUNT_OF(rows));
}

/* ---- outward ---- */

static void
test_mails_to_the_counterpart(void **state)
{
	static const struct row rows[] = {
	    {MAIL_DETAIL_REQUEST,
		FACTS({"received", "2026-11-24"}, {"fingerprint", "ABCD"}),
		EN("2026-11-24", "send us the detailed information",
		    "report our findings to you", "ABCD"),
		JA("2026-11-24", "詳細情報をご提供", "調査結果をご報告",
		    "ABCD")},
	    {MAIL_DECLINE, FACTS({"reason", "Not ours."}),
		EN("do not ask for the detailed", "        Not ours.\n"),
		JA("不要と判断", "    Not ours.\n")},
	    {MAIL_QUESTIONS,
		FACTS({"flow_jpcert", "1"}, {"correspondent", "JPCERT/CC"},
		    {"questions", "1. A\n\n2. B"}, {"reply_by", "2026-12-01"}),
		EN("put them to the finder", "    1. A\n\n    2. B\n",
		    "2026-12-01"),
		JA("発見者へご確認", "    1. A\n\n    2. B\n", "2026-12-01"),
		NOT_EN("Thank you again"), NOT_JA("このたびはご報告")},
	    {MAIL_QUESTIONS,
		FACTS({"flow_direct", "1"}, {"questions", "1. A"},
		    {"to_name", "Robin"}),
		EN("Dear Robin,", "Thank you again for your report",
		    "    1. A\n"),
		JA("Robin 様", "このたびはご報告", "    1. A\n"),
		NOT_EN("finder", "An answer by"),
		NOT_JA("発見者", "までにご回答")},
	    /* JPCERT/CC as the window: the report was not its own. */
	    {MAIL_QUESTIONS,
		FACTS({"flow_direct", "1"}, {"correspondent", "JPCERT/CC"},
		    {"questions", "1. A"}),
		EN("Dear JPCERT/CC team,", "put them to the finder"),
		JA("JPCERT/CC ご担当者様", "発見者へご確認"),
		NOT_EN("your report"), NOT_JA("このたびはご報告")},
	    {MAIL_REPORT,
		FACTS({"flow_jpcert", "1"}, {"correspondent", "JPCERT/CC"},
		    {"status_reproduced", "1"}, {"cause", "C1"},
		    {"conditions", "C2"}, {"impact", "C3"},
		    {"difficulty", "C4"}, {"planned", "2027-01-15"}),
		EN("Dear JPCERT/CC team,", "could reproduce", "C1", "C2", "C3",
		    "C4", "2027-01-15", "not known yet"),
		JA("JPCERT/CC ご担当者様", "再現いたしました", "C1", "C2", "C3",
		    "C4", "2027-01-15", "確認中"),
		NOT_EN("Not affected", "Hello"),
		NOT_JA("影響を受けない", "ご連絡いただいた方へ")},
	    /* The reporter reads no judgement of our own work. */
	    {MAIL_REPORT,
		FACTS({"flow_direct", "1"}, {"status_not_reproduced", "1"},
		    {"difficulty", "C4"}),
		EN("Hello,", "could not reproduce", "overlooked"),
		JA("ご連絡いただいた方へ", "再現には至りませんでした",
		    "ご教示"),
		NOT_EN("C4", "Cause", "still", "not known yet", "JPCERT"),
		NOT_JA("C4", "原因", "確認中", "JPCERT")},
	    {MAIL_REPORT, FACTS({"number", "N"}), EN("still being tried"),
		JA("確認中")},
	    {MAIL_PLAN, FACTS({"plan", "P"}, {"planned", "2027-01-15"}),
		EN("our plan for a remedy", "P\n", "2027-01-15"),
		JA("対策計画について", "P\n", "2027-01-15"),
		NOT_EN("has changed"), NOT_JA("変更がございました")},
	    {MAIL_PLAN, FACTS({"plan", "P"}, {"again", "1"}),
		EN("has changed", "P\n"), JA("変更がございました", "P\n"),
		NOT_EN("We inform you of our plan"), NOT_JA("本件の対策計画")},
	    {MAIL_POLICY, FACTS({"decision_publish", "1"}),
		EN("intend to publish"), JA("公表を行う予定"),
		NOT_EN("instead of publishing"), NOT_JA("公表に代えて")},
	    {MAIL_POLICY, FACTS({"decision_customers_only", "1"}),
		EN("know all customers", "ask for your agreement"),
		JA("公表なし", "すべて弊社にて把握", "合意"),
		NOT_EN("intend to publish"), NOT_JA("公表を行う予定")},
	    {MAIL_PRIOR_NOTICE, FACTS({"infrastructure", "2027-01-20"}),
		EN("ask for your consent", "2027-01-20",
		    "non-disclosure agreement", "do not come before your own",
		    "Before we have your consent, nobody is notified"),
		JA("ご了解くださいますよう", "2027-01-20", "秘密保持契約",
		    "先立って\n  通知することはございません",
		    "ご了解をいただくまで、通知は行いません")},
	    {MAIL_ALL_CUSTOMERS, FACTS({"count", "7"}),
		EN("system integrators included",
		    "publication on JVN or by ourselves\nto be unnecessary",
		    "your agreement", "7\n",
		    "Before we have your agreement, nobody is notified"),
		JA("SI事業者を経由する場合を含め", "公表は\n不要", "合意",
		    "7 件", "合意をいただくまで、通知は行いません")},
	    {MAIL_DATE,
		FACTS({"flow_jpcert", "1"}, {"correspondent", "JPCERT/CC"},
		    {"publish_on", "2026-12-01 10:00 JST (01:00 UTC)"}),
		EN("2026-12-01 10:00 JST (01:00 UTC)\n"),
		JA("2026-12-01 10:00 JST (01:00 UTC)\n"),
		NOT_EN("confidential", "has changed", "named"),
		NOT_JA("秘密", "変更がございました", "謝辞")},
	    /* JPCERT/CC as the window: it knows what the finder wants. */
	    {MAIL_DATE,
		FACTS({"flow_direct", "1"}, {"correspondent", "JPCERT/CC"}),
		EN("whether the finder wants to be named"),
		JA("発見者が弊社の公表文への謝辞"), NOT_EN("confidential"),
		NOT_JA("秘密")},
	    {MAIL_DATE, FACTS({"flow_direct", "1"}, {"again", "1"}),
		EN("has changed", "confidential until then", "be named"),
		JA("変更がございました", "秘密として", "謝辞")},
	    {MAIL_NO_OBJECTION, FACTS({"ok_yes", "1"}), EN("no objection"),
		JA("異議はございません"), NOT_EN("correct"), NOT_JA("修正")},
	    {MAIL_NO_OBJECTION, FACTS({"ok_no", "1"}, {"comment", "Add\nZ."}),
		EN("change the text", "    Add\n    Z.\n", "once more"),
		JA("修正をお願い", "    Add\n    Z.\n", "修正後の案"),
		NOT_EN("no objection"), NOT_JA("異議はございません")},
	    {MAIL_PUBLISHED,
		FACTS({"flow_direct", "1"}, {"url", "https://v.example/1"},
		    {"cve", "CVE-1\nCVE-2"}, {"credit", "Robin"}),
		EN("you reported to us", "https://v.example/1",
		    "CVE-1\n        CVE-2\n", "named", "    Robin\n"),
		JA("ご報告いただきました", "https://v.example/1",
		    "CVE-1\n    CVE-2\n", "謝辞", "    Robin\n"),
		NOT_EN("JPCERT"), NOT_JA("ご通知")},
	    {MAIL_PUBLISHED,
		FACTS({"flow_direct", "1"}, {"correspondent", "JPCERT/CC"}),
		EN("your\ncoordination"), JA("ご調整に深く感謝"),
		NOT_EN("your report"), NOT_JA("ご報告いただきました")},
	    {MAIL_PUBLISHED, FACTS({"flow_direct", "1"}),
		EN("thank\nyou for your report", "no more need to keep"),
		JA("深く感謝", "お取り扱いは不要"), NOT_EN("named"),
		NOT_JA("謝辞")},
	    /* What is told to customers alone was published nowhere, whatever
	     * was agreed before. */
	    {MAIL_PUBLISHED,
		FACTS({"flow_direct", "1"}, {"decision_customers_only", "1"},
		    {"publish_on", "2027-02-01"},
		    {"url", "https://v.example/1"}, {"jvn", "JVN#12345678"},
		    {"credit", "Robin"}, {"fix", "F"}),
		EN("every customer", "that you reported to us",
		    "do not publish", "your\nreport", "F\n",
		    "keep it\nconfidential", "remedy\ndoes not help"),
		JA("ご報告いただきました", "すべての顧客へ個別に通知",
		    "公表は行いません", "F\n", "引き続き秘密として",
		    "有効でない"),
		NOT_EN("have published", "no more need", "2027-02-01",
		    "v.example", "JVN", "Robin", "tell the finder"),
		NOT_JA("公表いたしました", "不要", "2027-02-01", "v.example",
		    "JVN", "Robin", "発見者")},
	    {MAIL_PUBLISHED,
		FACTS({"decision_customers_only", "1"},
		    {"correspondent", "JPCERT/CC"}),
		EN("every customer", "do not publish", "your coordination",
		    "tell the finder", "confidential"),
		JA("すべての顧客へ", "公表は\n行いません", "ご調整に深く感謝",
		    "発見者へお伝え", "秘密として"),
		NOT_EN("your report", "you reported", "have published"),
		NOT_JA("ご報告いただきました", "公表いたしました")},
	    {MAIL_SUPPORT_REQUEST,
		FACTS({"source_kind", "K"}, {"country", "C"},
		    {"product", "XYZ-100"}, {"tried", "Two\nmails."}),
		EN("ask for your support", "XYZ-100", "K\n", "C\n",
		    "    Two\n    mails.\n", "source is not named"),
		JA("ご支援", "XYZ-100", "K\n", "C\n", "    Two\n    mails.\n",
		    "同意を得ていないため")},
	    {MAIL_SUPPORT_REQUEST, FACTS({"finder", "Robin <r@f.example>"}),
		EN("    Robin <r@f.example>\n"),
		JA("    Robin <r@f.example>\n"), NOT_EN("not named"),
		NOT_JA("同意を得ていない")},
	    {MAIL_MEDIATED,
		FACTS({"to_name", "Robin"}, {"coordinator", "JPCERT/CC"},
		    {"coordinator_address", "vuls@jpcert.example"}),
		EN("Dear Robin,", "JPCERT/CC is our common contact",
		    "do not answer here", "    vuls@jpcert.example\n"),
		JA("Robin 様", "JPCERT/CC が調整の窓口", "控えさせて",
		    "  vuls@jpcert.example\n"),
		NOT_EN("from which you were"), NOT_JA("差し上げたアドレス")},
	    {MAIL_STATUS,
		FACTS({"number", "N-1"}, {"tracking", "JVN#1"},
		    {"phase_words", "under examination"},
		    {"next_contact", "2026-12-08"}),
		EN("N-1", "JVN#1", "under examination", "2026-12-08"),
		JA("N-1", "JVN#1", "under examination", "2026-12-08"),
		NOT_EN("Dear"), NOT_JA("ご担当者様", "貴機関")},
	    {MAIL_REPLY,
		FACTS({"correspondent", "JPCERT/CC"}, {"text", "One.\n\nTwo."}),
		EN("Dear JPCERT/CC team,", "\n\nOne.\n\nTwo.\n\n",
		    "kind regards"),
		JA("JPCERT/CC ご担当者様", "\n\nOne.\n\nTwo.\n\n",
		    "何卒よろしく")},
	};

	check_rows(*state, rows, COUNT_OF(rows));
}

static void
test_a_notice_to_a_customer(void **state)
{
	static const struct row rows[] = {
	    {MAIL_CUSTOMER,
		FACTS({"to_name", "North Power"}, {"nda", "1"},
		    {"product", "XYZ-100"}, {"workaround", "W"},
		    {"publish_on", "2026-12-01 10:00 JST (01:00 UTC)"},
		    {"integrator", "Sora Systems"}),
		EN("Dear North Power,", "Sora Systems", "XYZ-100", "W\n",
		    "non-disclosure agreement",
		    "2026-12-01 10:00 JST (01:00 UTC)\n",
		    "confidential until then"),
		JA("North Power ご担当者様", "Sora Systems", "XYZ-100", "W\n",
		    "秘密保持契約の対象", "2026-12-01 10:00 JST (01:00 UTC)\n",
		    "公表までの間は、秘密"),
		NOT_EN("as soon as there is a remedy", "all users"),
		NOT_JA("準備ができ次第", "予定はございません")},
	    /* No agreement is spoken of where there is none. */
	    {MAIL_CUSTOMER,
		FACTS({"decision_customers_only", "1"},
		    {"publish_on", "2027-02-01"}),
		EN("as soon as there is a remedy", "not public",
		    "publication is\nnot intended"),
		JA("準備ができ次第", "未公表", "公表の\n予定はございません"),
		NOT_EN("non-disclosure", "until then.\n", "2027-02-01"),
		NOT_JA("秘密保持契約", "公表予定日時")},
	};

	check_rows(*state, rows, COUNT_OF(rows));
}

static void
test_mails_to_the_desk(void **state)
{
	static const struct row rows[] = {
	    {MAIL_ESCALATION,
		FACTS({"number", "N-1"}, {"step", "2.1.1"}, {"step_title", "T"},
		    {"department", "PLC"}, {"asked", "2026-11-20"},
		    {"reply_by", "2026-11-25"}, {"count", "2"}),
		EN("lead of vulnerability handling", "N-1", "2.1.1 T", "PLC",
		    "2026-11-20", "2026-11-25", "2\n", "psirt step"),
		JA("脆弱性ハンドリング責任者", "N-1", "2.1.1 T", "PLC",
		    "2026-11-20", "2026-11-25", "2\n", "psirt step")},
	    {MAIL_MORNING,
		FACTS({"count", "2"}, {"lines", "  N-1  a\n  N-2  b\n"},
		    {"head", "9f2c"}, {"checkpoint", "-BEGIN\n\na: b\n-END\n"}),
		EN("\n\n  N-1  a\n  N-2  b\n\n", "head of the record",
		    "    9f2c\n", "keep this mail", "\n-BEGIN\n\na: b\n-END\n"),
		JA("\n\n  N-1  a\n  N-2  b\n\n", "先頭ハッシュ", "    9f2c\n",
		    "保管", "\n-BEGIN\n\na: b\n-END\n"),
		NOT_EN("Nothing"), NOT_JA("ものはありません")},
	    {MAIL_MORNING, FACTS({"head", "9f2c"}), EN("Nothing", "9f2c"),
		JA("ものはありません", "9f2c"),
		NOT_EN("waits for the desk today:", "keep this mail"),
		NOT_JA("お知らせします", "保管")},
	    {MAIL_EXPIRY, FACTS({"count", "1"}, {"lines", "  qa\n    F\n"}),
		EN("\n\n  qa\n    F\n\n", "is held"),
		JA("\n\n  qa\n    F\n\n", "保留"), NOT_EN("POC key"),
		NOT_JA("当窓口の鍵")},
	    {MAIL_EXPIRY, FACTS({"lines", "  poc\n"}, {"own", "ABCD"}),
		EN("    gpg --quick-set-expire ABCD 2y\n", "security.txt"),
		JA("    gpg --quick-set-expire ABCD 2y\n", "security.txt")},
	    /* In clear: what is said, and not who says it to whom of what. */
	    {MAIL_WAKE, FACTS({"lines", "disk\nforged: letter 7\n"}),
		EN("\n\ndisk\nforged: letter 7\n"),
		JA("\n\ndisk\nforged: letter 7\n")},
	};

	check_rows(*state, rows, COUNT_OF(rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_who_asks_shows_the_lines_to_copy),
	    cmocka_unit_test(test_the_duty_that_comes_with_details),
	    cmocka_unit_test(test_mails_to_departments),
	    cmocka_unit_test(test_mails_to_the_counterpart),
	    cmocka_unit_test(test_a_notice_to_a_customer),
	    cmocka_unit_test(test_mails_to_the_desk),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
