/*
 * test_desk_commands.c - departments' answers: the lines that are read out of
 * mails as people write them, and what moves nothing (RULES 12).
 */
#include "desk_world.h"

#include <stdio.h>

#include "psirtd/procedure.h"
#include "psirtd/text.h"
#include "linear.h"

struct reply {
	const char *text;
	const char *want; /* as told() says it */
};

/* "@NUMBER/STEP/REF" "word=value" "word!trouble" "~rest", a line each */
static char *
told(void *ctx, const struct commands_read *r)
{
	char *out = talloc_strdup(ctx, "");

	if (r->ref != NULL)
		out = talloc_asprintf_append(out, "@%s/%s/%s%s\n", r->number,
		    r->step, r->ref, r->refs_differ ? " differ" : "");
	for (size_t i = 0; i < r->nlines; i++) {
		const struct command_line *l = &r->lines[i];

		if (l->trouble != NULL)
			out = talloc_asprintf_append(
			    out, "%s!%s\n", l->word, l->trouble);
		else
			out = talloc_asprintf_append(
			    out, "%s=%s\n", l->rule->name, l->value);
	}
	if (r->rest != NULL)
		out = talloc_asprintf_append(out, "~%s\n", r->rest);
	return out;
}

#define REF "ref: PSIRT-2026-0001/1.3.1/7KQ2MX\n"
#define AT "@PSIRT-2026-0001/1.3.1/7KQ2MX\n"

static void
check(const struct reply *replies, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		void *ctx = talloc_new(NULL);
		struct commands_read *r =
		    desk_commands(ctx, replies[i].text, "PSIRT");

		assert_non_null(r);
		if (strcmp(told(ctx, r), replies[i].want) != 0)
			fail_msg("%s\nwant:\n%s\nis:\n%s", replies[i].text,
			    replies[i].want, told(ctx, r));
		talloc_free(ctx);
	}
}

/* ---- lines ---- */

static const struct reply plain_lines[] = {
    {REF "status: reproduced\n", AT "status=reproduced\n"},
    {REF "Status : Reproduced.\r\n", AT "status=reproduced\n"},
    {"STATUS:not   reproduced", "status=not reproduced\n"},
    {"status:\treproduced", "status=reproduced\n"},
    {"\n\n" REF "\nneed details: yes\n\naffected: XYZ-100 < 2.4\n"
     "affected: XYZ-200 all\n",
	AT "need details=yes\naffected=XYZ-100 < 2.4\n"
	   "affected=XYZ-200 all\n"},
    {"cvss: cvss:3.1/av:n/ac:l/pr:n/ui:n/s:u/c:h/i:h/a:h",
	"cvss=CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\n"},
    {"planned: 2026/12/1", "planned=2026-12-01\n"},
    {"planned: 令和８年１２月１日", "planned=2026-12-01\n"},
    {"candidate: 2026-12-01 10:00 JST", "candidate=2026-12-01T01:00:00Z\n"},
    /* the program of the reader set them in, or made a list of them */
    {"    " REF "    status: reproduced\n    cause: a wrong length\n",
	AT "status=reproduced\ncause=a wrong length\n"},
    {"- status: reproduced\n- cause: CWE-787\n* fix: 2.4.1",
	"status=reproduced\ncause=CWE-787\nfix=2.4.1\n"},
    {"*status:* reproduced", "status=reproduced\n"},
    /* an empty line of a form says nothing */
    {"status: reproduced\ncause:\nconditions:\n", "status=reproduced\n"},
    {"", ""},
    {"\n \n\t\n", ""},
};

static const struct reply japanese[] = {
    {"ｒｅｆ：　ＰＳＩＲＴ－２０２６－０００１／１．３．１／７ＫＱ２ＭＸ\n"
     "再現結果：再現しました。\n",
	AT "status=reproduced\n"},
    {"参照：PSIRT-2026-0001/1.3.1/7kq2mx\n詳細の要否：要",
	AT "need details=yes\n"},
    {"詳細要否 ： 不要\n", "need details=no\n"},
    {"Ｓｔａｔｕｓ：Ｒｅｐｒｏｄｕｃｅｄ", "status=reproduced\n"},
    {"・再現確認：不再現\n・原因：境界チェック漏れ（CWE-787）\n",
	"status=not reproduced\ncause=境界チェック漏れ（CWE-787）\n"},
    {"影響範囲：XYZ-100 Ver.2.4未満", "affected=XYZ-100 Ver.2.4未満\n"},
    {"ｺﾒﾝﾄ：２章の表が古い", "comment=２章の表が古い\n"},
    {"質問：検証環境のバージョンを教えてください。\n"
     "質問：設定ファイルはありますか？",
	"question=検証環境のバージョンを教えてください。\n"
	"question=設定ファイルはありますか？\n"},
    {"候補日：2026年12月1日（火）10時\n候補日：12月2日",
	"candidate=2026-12-01T01:00:00Z\n"
	"候補日!is no date such as 2026-12-01, or 2026-12-01 10:00 JST\n"},
};

static const struct reply going_on[] = {
    {"cause: the length is\n  taken from the packet\nfix: 2.4",
	"cause=the length is\ntaken from the packet\nfix=2.4\n"},
    {"cause:\n  the length\n\n  and the type\nfix: 2.4",
	"cause=the length\n\nand the type\nfix=2.4\n"},
    {"原因：\n　長さの検査がない\n対策：修正版2.4\n",
	"cause=長さの検査がない\nfix=修正版2.4\n"},
    /* RFC 3676: the blank at the end of a long line is a soft break */
    {"cause: the length of the packet is taken from its first bytes \n"
     "without a look at what there is.\nfix: 2.4",
	"cause=the length of the packet is taken from its first bytes "
	"without a look at what there is.\nfix=2.4\n"},
    /* quoted between the lines */
    {"> " REF "> status: reproduced | not reproduced\nstatus: reproduced\n"
     "> cause: <what is wrong, with its CWE where known>\ncause: CWE-787\n",
	AT "status=reproduced\ncause=CWE-787\n"},
};

static const struct reply troubles[] = {
    {"statsu: reproduced", "statsu!is no word known here\n"},
    {"ok: yes\npublish: 2026-12-01 10:00 JST\n了解：はい",
	"ok=yes\npublish!is the desk's alone to record\n"
	"了解!is the desk's alone to record\n"},
    {"status: maybe",
	"status!is none of reproduced, not reproduced, investigating\n"},
    {"status: reproduced | not reproduced | investigating",
	"status!choose one\n"},
    {"status: 再現 ｜ 不再現 ｜ 調査中", "status!choose one\n"},
    {"need details: yes | no", "need details!choose one\n"},
    {"status: reproduced\ncause: <what is wrong, with its CWE where known>",
	"status=reproduced\n"},
    {"原因：＜原因。分かればCWEも＞", ""},
    {"cvss: 9.8",
	"cvss!is no whole vector of CVSS:3.0, CVSS:3.1 or CVSS:4.0\n"},
    {"planned: 2026-02-30",
	"planned!is no date such as 2026-12-01, or 2026-12-01 10:00 JST\n"},
    {"fix:\nThe length is checked now.",
	"fix!has nothing behind it\n~The length is checked now.\n"},
};

static const struct reply rests[] = {
    {"Thanks, we look at it.", "~Thanks, we look at it.\n"},
    /* greetings come behind the lines, not before them */
    {"お疲れ様です。設計部の山田です。\n" REF "status: reproduced",
	AT "~お疲れ様です。設計部の山田です。\nstatus: reproduced\n"},
    {REF "status: reproduced\n\nWe also saw a crash.\nstatus: not reproduced\n",
	AT "status=reproduced\n~We also saw a crash.\n"
	   "status: not reproduced\n"},
    {"see https://vendor.example/x: it is there",
	"~see https://vendor.example/x: it is there\n"},
    {"https://vendor.example/", "~https://vendor.example/\n"},
    {"12:30 is fine", "~12:30 is fine\n"},
    {"Dear all,\nstatus: reproduced", "~Dear all,\nstatus: reproduced\n"},
    {"status: reproduced\n-- \nHana Yamada\nTel: 12345\n",
	"status=reproduced\n"},
    {"status: reproduced\n\nSent from my iPhone\n", "status=reproduced\n"},
};

static const struct reply quotings[] = {
    /* answered above the question */
    {"status: reproduced\n\n"
     "On Wed, 25 Nov 2026 at 10:00, PSIRT <psirt@vendor.example> wrote:\n"
     "> " REF "> status: reproduced | not reproduced\n",
	AT "status=reproduced\n"},
    {"status: reproduced\n\n"
     "On Wed, 25 Nov 2026 at 10:00, The Product Security Team of the Vendor\n"
     "<psirt@vendor.example> wrote:\n\n>> " REF,
	AT "status=reproduced\n"},
    /* below it */
    {"2026年11月25日(水) 10:00 PSIRT <psirt@vendor.example>:\n> " REF
     "> status: reproduced | not reproduced\n\nstatus: reproduced\n",
	AT "status=reproduced\n"},
    {"2026/11/25 10:00、PSIRT さんは書きました:\n| " REF "\n再現：再現",
	AT "status=reproduced\n"},
    {"再現：再現\n\nWed, 25 Nov 2026 10:00:00 +0900\n"
     "PSIRT <psirt@vendor.example> さんは書きました：\n> " REF,
	AT "status=reproduced\n"},
    {"再現：再現\n\nPSIRTさんは[2026/11/25 10:00]に書きました:\n> " REF,
	AT "status=reproduced\n"},
    {"再現：再現\n\n2026/11/25 10:00、PSIRT <psirt@vendor.example>のメール：\n"
     "> " REF,
	AT "status=reproduced\n"},
    {"status: reproduced\n\n--- psirt@vendor.example wrote:\n> " REF,
	AT "status=reproduced\n"},
    {"status: reproduced\n\nQuoting PSIRT <psirt@vendor.example>:\n> " REF,
	AT "status=reproduced\n"},
    {"status: reproduced\n\n------- Original Message -------\n"
     "On Wednesday, November 25th, 2026 at 10:00, PSIRT wrote:\n\n" REF,
	AT "status=reproduced\n"},
    {"status: reproduced\n\nOutlook for Android から送信\n"
     "________________________________\nFrom: PSIRT <psirt@vendor.example>\n"
     "Sent: Wednesday, November 25, 2026 10:00:00 AM\n\n" REF,
	AT "status=reproduced\n"},
    {"status: reproduced\n\nSent with Proton Mail secure email.\n",
	"status=reproduced\n"},
    /* Outlook */
    {"status: reproduced\n\n-----Original Message-----\nFrom: PSIRT\n"
     "Sent: Wednesday\nTo: Hana\nSubject: [PSIRT-2026-0001]\n\n" REF
     "status: not reproduced\ncause: none\n",
	AT "status=reproduced\n"},
    {"再現：再現した\n\n________________________________\n差出人: PSIRT\n"
     "送信日時: 2026年11月25日 10:00\n宛先: 山田\n件名: ご確認\n\n" REF
     "原因：不明\n",
	AT "status=reproduced\n"},
    {"status: reproduced\n\nFrom: PSIRT <psirt@vendor.example>\n"
     "Date: Wed\nTo: Hana\n\n" REF "cause: none\n",
	AT "status=reproduced\n"},
    {"*From:* PSIRT\n*Sent:* Wednesday\n\n" REF "status: reproduced\n", AT},
    /* an original without marks never answers */
    {"-----Original Message-----\n" REF "status: reproduced\n", AT},
    {"> status: reproduced\n", ""},
    {"＞　status: reproduced\n", ""},
};

static const struct reply references[] = {
    {"ref: PSIRT-2026-0001/1.3.1/7KQ2MX trailing", ""},
    {"ref: PSIRT-2026-0001/1.3.1/7KQ2M", ""},
    {"ref: PSIRT-2026-0001/1.3.1/7KQ2MXX", ""},
    {"ref: PSIRT-2026-0001//7KQ2MX", ""},
    {"ref: OTHER-2026-0001/1.3.1/7KQ2MX", ""},
    {"ref: PSIRT-2026-001/1.3.1/7KQ2MX", ""},
    {"my ref: PSIRT-2026-0001/1.3.1/7KQ2MX", "my ref!is no word known here\n"},
    /* twice the same is one; two are none that counts */
    {REF "> " REF "> > " REF, AT},
    {REF REF, AT},
    {REF "ref: PSIRT-2026-0001/2.1.1/8AAAAA\n",
	"@PSIRT-2026-0001/1.3.1/7KQ2MX differ\n"},
    {"> " REF "> ref: PSIRT-2026-0002/1.3.1/7KQ2MX\n",
	"@PSIRT-2026-0001/1.3.1/7KQ2MX differ\n"},
    /* the question, and what it quoted itself */
    {"> ref: PSIRT-2026-0001/2.1.1/8AAAAA\n>> " REF,
	"@PSIRT-2026-0001/2.1.1/8AAAAA\n"},
    {">> ref: PSIRT-2026-0001/2.1.1/8AAAAA\n> " REF, AT},
    {"> > ref: PSIRT-2026-0001/2.1.1/8AAAAA\nstatus: reproduced\n" REF,
	AT "status=reproduced\n"},
};

static void
test_lines(void **state)
{
	check(plain_lines, COUNT_OF(plain_lines));
	check(japanese, COUNT_OF(japanese));
	check(going_on, COUNT_OF(going_on));
	check(troubles, COUNT_OF(troubles));
}

static void
test_rest(void **state)
{
	check(rests, COUNT_OF(rests));
	check(quotings, COUNT_OF(quotings));
}

static void
test_references(void **state)
{
	check(references, COUNT_OF(references));
}

static void
test_limits(void **state)
{
	void *ctx = talloc_new(NULL);
	char *text = talloc_strdup(ctx, "");
	char *longest = talloc_array(ctx, char, 6002);
	struct commands_read *r;

	for (int i = 0; i < 100; i++)
		text = talloc_asprintf_append(text, "affected: X%d\n", i);
	r = desk_commands(ctx, text, "PSIRT");
	assert_int_equal(r->nlines, COMMAND_LINES_MOST);
	/* what is over is said, not lost */
	assert_non_null(strstr(r->rest, "affected: X99"));

	memset(longest, 0, 6002);
	for (int i = 0; i < 2000; i++)
		memcpy(longest + (ptrdiff_t)i * 3, "あ", 3);
	text = talloc_asprintf(ctx, "cause: %s", longest);
	r = desk_commands(ctx, text, "PSIRT");
	assert_string_equal(r->lines[0].trouble, "is too long");
	assert_int_equal(strlen(r->lines[0].value), 3999);
	assert_true(text_valid(bytes_str(r->lines[0].value)));
	talloc_free(ctx);
}

static void
read_a_text(const char *text, size_t len)
{
	void *ctx = talloc_new(NULL);
	struct settings s = {0};

	(void)len;
	assert_non_null(desk_commands(ctx, text, "PSIRT"));
	assert_non_null(desk_scrub(ctx, &s, text));
	talloc_free(ctx);
}

static void
test_linear(void **state)
{
	static const char *const shapes[] = {"ref: PSIRT-2026-0001/1/AAAAAA\n",
	    "\n", " ", ">", "> \n", "a:", "cause:\n", "on 1\n", "from:\n",
	    "-----\n", "_______________________\n", "affected: x\n a\n", "|",
	    "2026年\n", "-", "wrote:\n", "2026-12-01\n", "a@", "10.", "です。",
	    "\\\\"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(shapes); i++)
		assert_linear(read_a_text, shapes[i], 1 << 19);
}

/* ---- what moves a step ---- */

struct judging_row {
	const char *name;
	const char *text;
	enum verdict verdict;
	const char *key;
	int64_t signed_at;
	int64_t asked_at;
	unsigned state;
	bool closed;
	enum command_trouble want;
};

#define ASKED (NOW - 3600)
#define STANDS (NOW - 1800)
#define GOOD VERDICT_PINNED, KEY_PLC, NOW, ASKED, CASE_STEP_RUNNING, false

static const struct judging_row judged[] = {
    {"good", REF "status: reproduced", GOOD, COMMAND_FINE},
    {"a question is always taken", REF "question: which?", GOOD, COMMAND_FINE},
    {"the same second", REF "status: reproduced", VERDICT_PINNED, KEY_PLC,
	ASKED, ASKED, CASE_STEP_RUNNING, false, COMMAND_FINE},
    {"not signed", REF "status: reproduced", VERDICT_UNSIGNED, NULL, NOW, ASKED,
	CASE_STEP_RUNNING, false, COMMAND_UNSIGNED},
    {"bad", REF "status: reproduced", VERDICT_BAD, NULL, NOW, ASKED,
	CASE_STEP_RUNNING, false, COMMAND_UNSIGNED},
    {"the finder's key", REF "status: reproduced", VERDICT_KNOWN, KEY_FINDER,
	NOW, ASKED, CASE_STEP_RUNNING, false, COMMAND_UNSIGNED},
    {"no reference", "status: reproduced", GOOD, COMMAND_NO_REF},
    {"two references",
	REF "ref: PSIRT-2026-0001/1.3.1/AAAAAA\nstatus: reproduced", GOOD,
	COMMAND_NO_REF},
    {"another", "ref: PSIRT-2026-0001/1.3.1/AAAAAA\nstatus: reproduced", GOOD,
	COMMAND_UNKNOWN_REF},
    {"of another step", "ref: PSIRT-2026-0001/2.1.1/7KQ2MX\nstatus: reproduced",
	GOOD, COMMAND_UNKNOWN_REF},
    {"over", REF "status: reproduced", VERDICT_PINNED, KEY_PLC, NOW, ASKED,
	CASE_STEP_ENDED, false, COMMAND_STEP_OVER},
    {"closed", REF "status: reproduced", VERDICT_PINNED, KEY_PLC, NOW, ASKED,
	CASE_STEP_RUNNING, true, COMMAND_STEP_OVER},
    {"older than the question", REF "status: reproduced", VERDICT_PINNED,
	KEY_PLC, ASKED - 1, ASKED, CASE_STEP_RUNNING, false, COMMAND_TOO_OLD},
    {"never asked", REF "status: reproduced", VERDICT_PINNED, KEY_PLC, NOW, 0,
	CASE_STEP_RUNNING, false, COMMAND_TOO_OLD},
    {"another department", REF "status: reproduced", VERDICT_PINNED, KEY_OTHER,
	NOW, ASKED, CASE_STEP_RUNNING, false, COMMAND_NOT_ASKED},
    {"nothing", REF "status: perhaps", GOOD, COMMAND_NOTHING},
    {"not of this step", REF "fix: 2.4", GOOD, COMMAND_NOTHING},
    {"words alone", REF "\nWe look at it.", GOOD, COMMAND_NOTHING},
    {"said otherwise", REF "status: not reproduced", GOOD, COMMAND_CONFLICT},
};

static void
test_judge(void **state)
{
	static enum answer_kind expects[] = {ANSWER_STATUS};
	/* Its overview tells the lab, and asks nothing of it. */
	static struct flow_mail overview = {.template = "overview",
	    .to = AUDIENCE_DEPARTMENT,
	    .roles = ROLE_BIT(ROLE_DESIGN) | ROLE_BIT(ROLE_RESEARCH)};
	const struct flow_step step = {.number = "1.3.1",
	    .lead = ROLE_BIT(ROLE_DESIGN),
	    .start = START_ROUTE,
	    .mails = &overview,
	    .nmails = 1,
	    .expects = expects,
	    .nexpects = 1};
	const struct case_answer answers[] = {
	    {.kind = ANSWER_STATUS,
		.value = "investigating",
		.by = "Ken",
		.step = &step,
		.at = STANDS},
	    {.kind = ANSWER_STATUS,
		.value = "reproduced",
		.by = "Ken",
		.step = &step,
		.at = STANDS},
	};
	struct world w;

	world_init(&w);
	w.contacts[1] =
	    (struct contact){.name = "Lab", .fingerprint = KEY_OTHER};
	w.departments[DEP_LAB].contacts = &w.contacts[1];
	w.departments[DEP_LAB].ncontacts = 1;
	w.departments[DEP_LAB].role = ROLE_RESEARCH;
	for (size_t i = 0; i < COUNT_OF(w.products); i++) {
		w.products[i].name = i == PRODUCT_XYZ ? "XYZ" : "";
		w.products[i].lead = ROLE_DESIGN;
	}
	for (size_t i = 0; i < COUNT_OF(judged); i++) {
		const struct judging_row *row = &judged[i];
		void *ctx = talloc_new(NULL);
		struct case_step pass = {.step = &step,
		    .state = row->state,
		    .started = ASKED,
		    .ref = "7KQ2MX"};
		struct case_view v = {.s = &w.s,
		    .product = "XYZ",
		    .closed = row->closed,
		    .answers = answers,
		    .nanswers = COUNT_OF(answers),
		    .now = NOW};
		struct desk_signer signer = {.verdict = row->verdict,
		    .fingerprint = row->key,
		    .contact = row->verdict != VERDICT_PINNED ? NULL
			       : strcmp(row->key, KEY_OTHER) == 0
				   ? &w.contacts[1]
				   : &w.contacts[0]};
		struct commands_read *r =
		    desk_commands(ctx, row->text, "PSIRT");
		enum command_trouble is = desk_command_judge(
		    &v, &pass, &signer, row->signed_at, row->asked_at, r);

		if (is != row->want)
			fail_msg("%s: %s", row->name, command_trouble_text(is));
		talloc_free(ctx);
	}
}

static void
test_conflict(void **state)
{
	const struct flow_step step = {.number = "2.4.1"};
	const struct flow_step other = {.number = "2.1.1"};
	const struct case_answer answers[] = {
	    {1, ANSWER_STATUS, "reproduced", "Ken", "plc", &other, NOW},
	    {2, ANSWER_STATUS, "investigating", "Ken", "plc", &step, NOW},
	    {3, ANSWER_AFFECTED, "XYZ-100", "Ken", "plc", &step, NOW},
	    {4, ANSWER_IMPACT, "high", "Ken", "plc", &step, ASKED - 60},
	    {5, ANSWER_VERIFIED, "yes", "Hana", "plc", &step, NOW},
	    {6, ANSWER_VERIFIED, "no", "Ken", "plc", &step, NOW},
	};
	const struct case_step pass = {.step = &step, .started = ASKED};
	const struct case_view v = {
	    .answers = answers, .nanswers = COUNT_OF(answers)};

	/* of another step; still open; one more of many; of an earlier round */
	assert_null(
	    desk_conflict(&v, &pass, ANSWER_STATUS, "not reproduced", "Hana"));
	assert_null(
	    desk_conflict(&v, &pass, ANSWER_AFFECTED, "XYZ-200", "Hana"));
	assert_null(desk_conflict(&v, &pass, ANSWER_IMPACT, "low", "Hana"));
	/* one's own may be corrected, another's not */
	assert_ptr_equal(
	    desk_conflict(&v, &pass, ANSWER_VERIFIED, "yes", "Hana"),
	    &answers[5]);
	assert_null(desk_conflict(&v, &pass, ANSWER_VERIFIED, "no", "Hana"));
	assert_ptr_equal(desk_conflict(&v, &pass, ANSWER_VERIFIED, "no", "Mai"),
	    &answers[4]);
}

/* What is the desk's alone to record, no signature of others records. */
static void
test_desk_words(void **state)
{
	static const char *const values[] = {[ANSWER_TEXT] = "as it is",
	    [ANSWER_CHOICE] = NULL,
	    [ANSWER_DATE] = "2026-12-01",
	    [ANSWER_VECTOR] = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
	    [ANSWER_WEB] = "https://vendor.example/a"};

	for (int kind = 1; kind < ANSWER_KIND_COUNT; kind++) {
		void *ctx = talloc_new(NULL);
		const struct answer_rule *rule = answer_rule(kind);
		enum answer_kind expects[] = {kind};
		const struct flow_step step = {
		    .number = "1", .expects = expects, .nexpects = 1};
		const char *value = rule->type == ANSWER_CHOICE
					? rule->choices[0].name
					: values[rule->type];
		const char *line = talloc_asprintf(ctx, "\n%s: ", rule->name);
		const struct commands_read *r = desk_commands(ctx,
		    talloc_asprintf(ctx, "%s: %s\n", rule->name, value),
		    "PSIRT");
		const char *mail =
		    desk_lines_to_copy(ctx, &step, "P-1", "7KQ2MX", "en");

		assert_int_equal(r->nlines, 1);
		if ((r->ntroubles != 0) != rule->desk ||
		    (strstr(mail, line) == NULL) != rule->desk)
			fail_msg("%s: %s", rule->name, mail);
		/* … and its readers may speak all the same */
		if (rule->desk)
			assert_non_null(strstr(mail, "\ncomment: "));
		assert_int_equal(strncmp(desk_lines_to_type(ctx, &step, "en"),
				     line + 1, strlen(line + 1)),
		    0);
		talloc_free(ctx);
	}
}

static void
test_trouble_texts(void **state)
{
	for (int i = 0; i < COMMAND_TROUBLE_COUNT; i++)
		assert_true(strlen(command_trouble_text(i)) > 8);
	assert_string_equal(command_trouble_text(COMMAND_TROUBLE_COUNT), "?");
}

/* ---- lines to copy ---- */

static void
test_lines_to_copy(void **state)
{
	static enum answer_kind expects[] = {ANSWER_STATUS};
	static enum answer_kind may[] = {ANSWER_CAUSE};
	const struct flow_step step = {.number = "2.1.1",
	    .expects = expects,
	    .nexpects = 1,
	    .may = may,
	    .nmay = 1};
	void *ctx = talloc_new(NULL);
	char *lines;
	struct commands_read *r;

	lines =
	    desk_lines_to_copy(ctx, &step, "PSIRT-2026-0001", "7KQ2MX", "en");
	assert_string_equal(lines,
	    "ref: PSIRT-2026-0001/2.1.1/7KQ2MX\n"
	    "status: reproduced | not reproduced | investigating\n"
	    "cause: <what is wrong, with its CWE where known>\n");
	lines =
	    desk_lines_to_copy(ctx, &step, "PSIRT-2026-0001", "7KQ2MX", "ja");
	assert_string_equal(lines, "ref: PSIRT-2026-0001/2.1.1/7KQ2MX\n"
				   "status: 再現 | 不再現 | 調査中\n"
				   "cause: <原因。分かればCWEも>\n");
	/* Sent back as it came: a choice is to be made, the rest is nothing. */
	r = desk_commands(ctx, lines, "PSIRT");
	assert_string_equal(r->ref, "7KQ2MX");
	assert_int_equal(r->nlines, 1);
	assert_string_equal(r->lines[0].trouble, "choose one");
	talloc_free(ctx);
}

/* Whatever a step may ask for can be sent back without being believed. */
static void
test_every_hint(void **state)
{
	for (int kind = 1; kind < ANSWER_KIND_COUNT; kind++)
		for (int ja = 0; ja < 2; ja++) {
			void *ctx = talloc_new(NULL);
			enum answer_kind expects[] = {kind};
			const struct flow_step step = {
			    .number = "1", .expects = expects, .nexpects = 1};
			char *lines = desk_lines_to_copy(ctx, &step,
			    "PSIRT-2026-0001", "7KQ2MX", ja ? "ja" : "en");
			struct commands_read *r =
			    desk_commands(ctx, lines, "PSIRT");

			if (r->nlines != r->ntroubles || r->rest != NULL)
				fail_msg("believed: %s", lines);
			talloc_free(ctx);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_rest),
	    cmocka_unit_test(test_references),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_linear),
	    cmocka_unit_test(test_judge),
	    cmocka_unit_test(test_conflict),
	    cmocka_unit_test(test_desk_words),
	    cmocka_unit_test(test_trouble_texts),
	    cmocka_unit_test(test_lines_to_copy),
	    cmocka_unit_test(test_every_hint),
	};

	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
