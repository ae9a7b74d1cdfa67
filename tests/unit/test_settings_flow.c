/*
 * test_settings_flow.c - the shipped flows hold every step of the seed: who
 * leads, who works along, who may be told, what leaves to whom.
 */
#include "settings_file.h"

#include "psirtd/flow.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* A row of the seed.  Roles in the order of enum role. */
struct row {
	const char *number;
	const char *title; /* as the seed's heading has it */
	const char *lead, *joint, *shares;
	const char *mails;   /* "template>reader" */
	const char *expects; /* names of answers */
};

#define TOLD "design integration publicity"

static const struct row jpcert[] = {
    {"0.1.1", "脆弱性情報の届出", "ipa source", "", "", "", ""},
    {"0.2.1", "脆弱性情報の通知", "source", "", "", "", ""},
    {"1.1", "通知先の選定", "jpcert", "", "", "", ""},
    {"1.2.1", "脆弱性概要情報の通知", "jpcert", "", "", "", ""},
    {"1.3.1", "脆弱性概要情報の内部展開/詳細情報の要否確認", "design",
	"research integration", "quality", "overview>department",
	"need details"},
    {"1.4.1", "脆弱性詳細情報の請求", "poc", "", "",
	"detail_request>counterpart decline>counterpart", ""},
    {"1.5.1", "脆弱性詳細情報の提供", "jpcert", "", "", "", ""},
    {"1.5.2", "脆弱性詳細情報の内部展開・再現の確認・共有", "poc", "",
	"research quality integration", "details>department", ""},
    {"2.1.1", "脆弱性再現の確認・共有", "design", "research integration",
	"quality", "ask>department", "status"},
    {"2.2.1", "脆弱性の原因と発現条件の確認・共有", "design",
	"research integration", "quality", "ask>department",
	"cause conditions"},
    {"2.3.1", "不明点の回答要求", "design", "", "", "questions>counterpart",
	""},
    {"2.3.2", "不明点の回答提供", "jpcert ipa", "", "", "", ""},
    {"2.4.1", "脆弱性の影響範囲の特定・共有", "design", "integration",
	"quality", "ask>department", "affected"},
    {"2.5.1", "脆弱性の評価・共有", "design", "integration care sales",
	"quality risk", "ask>department", "impact difficulty"},
    {"2.6.1", "脆弱性調査結果の報告", "poc", "", "", "report>counterpart", ""},
    {"3.1.1", "脆弱性対策計画の策定・調整", "design integration poc", "",
	"quality", "ask>department", "plan planned"},
    {"3.1.2", "脆弱性対策計画の報告", "ipa", "", "", "", ""},
    {"3.2.1", "製品における脆弱性対策方法の検討", "design integration care", "",
	"quality poc", "ask>department", "fix"},
    {"3.2.2", "システム・環境における脆弱性対策方法の検討",
	"design integration care", "", "quality poc", "ask>department",
	"workaround"},
    {"3.3.1", "脆弱性対策方法の確認", "design", "integration care",
	"quality poc", "ask>department", "verified"},
    {"4.1.1", "脆弱性対応方針の決定", "care poc", "integration sales publicity",
	"quality risk", "meeting>department", "decision weighing"},
    {"4.1.2", "対応方針の報告", "poc", "", "", "policy>counterpart", ""},
    {"4.2.1", "顧客への事前通知の説明", "poc", "", "",
	"prior_notice>counterpart", "consent"},
    {"4.2.2", "顧客・関係者への事前通知", "integration care sales poc", "",
	TOLD, "customer>customers", ""},
    {"4.3.1", "全顧客への通知の説明", "poc", "", "",
	"all_customers>counterpart", "agreement"},
    {"4.3.2", "顧客・関係者への通知", "integration care sales poc", "", TOLD,
	"customer>customers", ""},
    {"4.3.3", "非公開の説明", "ipa", "", "", "", ""},
    {"4.4.1", "公表日調整", "publicity poc", "design integration care",
	"integration", "dates>department", "publish"},
    {"4.4.2", "公表日の報告", "poc", "", "", "date>counterpart", ""},
    {"5.1.1", "公表内容の確認・公表", "publicity poc", "design integration",
	"integration care sales", "circulate>department", "ok url"},
    {"5.2.1", "JVN側公表内容の確認", "poc",
	"design integration publicity manufacturing", "",
	"circulate>department", "ok"},
    {"5.2.2", "JVN公表", "jpcert", "", "", "", "jvn"},
    {"5.2.3", "JVN公表された旨の連絡", "ipa", "", "", "", ""},
};

static const struct row direct[] = {
    {"1.1.1", "脆弱性情報の届出", "source", "", "", "", ""},
    {"1.2.1", "JPCERT/CCへの支援要請", "poc", "", "",
	"support_request>coordinator", ""},
    {"1.2.2", "調整の仲介", "jpcert", "", "", "", "mediation"},
    {"2.1.1", "脆弱性再現の確認・共有", "design", "research integration",
	"quality", "overview>department", "status"},
    {"2.2.1", "脆弱性の原因と発現条件の確認・共有", "design",
	"research integration", "quality", "ask>department",
	"cause conditions"},
    {"2.3.1", "不明点の回答要求", "design", "", "", "questions>counterpart",
	""},
    {"2.3.2", "不明点の回答提供", "source", "", "", "", ""},
    {"2.4.1", "脆弱性の影響範囲の特定・共有", "design", "integration",
	"quality", "ask>department", "affected"},
    {"2.5.1", "脆弱性の評価・共有", "design", "integration care sales",
	"quality risk", "ask>department", "impact difficulty"},
    {"2.6.1", "調査結果の報告", "poc", "", "", "report>counterpart", ""},
    {"3.1.1", "脆弱性対策計画の策定・調整", "design integration", "",
	"quality poc", "ask>department", "plan planned"},
    {"3.2.1", "製品における脆弱性対策方法の検討", "design integration care", "",
	"quality poc", "ask>department", "fix"},
    {"3.2.2", "システム・環境における脆弱性対策方法の検討",
	"design integration care", "", "quality poc", "ask>department",
	"workaround"},
    {"3.3.1", "脆弱性対策方法の確認", "design", "integration care",
	"quality poc", "ask>department", "verified"},
    {"4.1.1", "脆弱性対応方針の決定", "care poc", "integration sales publicity",
	"quality risk", "meeting>department", "decision weighing"},
    {"4.2.1", "顧客・関係者への事前通知", "integration care sales poc", "",
	TOLD, "customer>customers", ""},
    {"4.3.1", "公表日調整", "publicity poc", "design integration care",
	"integration", "dates>department", "publish"},
    {"4.3.2", "公表日の報告", "poc", "", "", "date>counterpart", ""},
    {"5.1.1", "公表及び顧客対応", "publicity poc", "design integration",
	"integration care sales", "circulate>department", "ok url"},
    {"5.1.2", "公表の報告", "poc", "", "",
	"published>counterpart published>counterpart", ""},
};

/* ---- a shipped flow ---- */

static char *
text_of(const void *ctx, enum flow flow)
{
	FILE *f = fopen(flow == FLOW_JPCERT ? "conf/flow-jpcert.conf"
					    : "conf/flow-direct.conf",
	    "r");
	char *text = talloc_zero_size(ctx, 1 << 18);

	if (f == NULL)
		fail_msg("run from the top folder");
	assert_true(fread(text, 1, (1 << 18) - 1, f) > 0);
	fclose(f);
	return text;
}

static struct flow_file *
parsed(const void *ctx, enum flow flow, const char *text)
{
	char *errors = NULL;
	struct error err = {0};
	struct flow_file *f =
	    flow_parse(ctx, flow, "flow.conf", text, &errors, &err);

	if (f == NULL)
		fail_msg("%s", errors);
	assert_null(errors);
	return f;
}

static char *
word_add(char *text, const char *word)
{
	return talloc_asprintf_append(
	    text, "%s%s", text[0] == '\0' ? "" : " ", word);
}

static char *
roles_text(const void *ctx, uint32_t roles)
{
	char *text = talloc_strdup(ctx, "");

	for (int r = 1; r < ROLE_PARTY_COUNT; r++)
		if ((roles & ROLE_BIT(r)) != 0)
			text = word_add(text, role_name((enum role)r));
	return text;
}

static void
check_row(const struct flow_file *f, const struct row *row)
{
	const struct flow_step *step = flow_step(f, row->number);
	void *ctx = talloc_new(NULL);
	char *mails = talloc_strdup(ctx, "");
	char *expects = talloc_strdup(ctx, "");
	uint32_t shares = 0;

	if (step == NULL)
		fail_msg("no step %s", row->number);
	for (size_t i = 0; i < step->nshares; i++)
		shares |= ROLE_BIT(step->shares[i].role);
	for (size_t i = 0; i < step->nmails; i++)
		mails = word_add(mails,
		    talloc_asprintf(ctx, "%s>%s", step->mails[i].template,
			audience_name(step->mails[i].to)));
	for (size_t i = 0; i < step->nexpects; i++)
		expects =
		    word_add(expects, answer_rule(step->expects[i])->name);
	assert_string_equal(step->title_ja, row->title);
	assert_true(strlen(step->title_en) > 2);
	assert_string_equal(roles_text(ctx, step->lead), row->lead);
	assert_string_equal(roles_text(ctx, step->joint), row->joint);
	assert_string_equal(roles_text(ctx, shares), row->shares);
	assert_string_equal(mails, row->mails);
	assert_string_equal(expects, row->expects);
	assert_int_equal(step->phase, (unsigned)(row->number[0] - '0'));
	talloc_free(ctx);
}

static void
test_jpcert_holds_the_seed(void **state)
{
	void *ctx = talloc_new(NULL);
	struct flow_file *f =
	    parsed(ctx, FLOW_JPCERT, text_of(ctx, FLOW_JPCERT));

	assert_int_equal(COUNT_OF(jpcert), 33);
	for (size_t i = 0; i < COUNT_OF(jpcert); i++)
		check_row(f, &jpcert[i]);
	assert_int_equal(f->ncloses, CLOSE_COUNT - 1);
	talloc_free(ctx);
}

static void
test_direct_holds_the_seed(void **state)
{
	void *ctx = talloc_new(NULL);
	struct flow_file *f =
	    parsed(ctx, FLOW_DIRECT, text_of(ctx, FLOW_DIRECT));

	assert_int_equal(COUNT_OF(direct), 20);
	for (size_t i = 0; i < COUNT_OF(direct); i++)
		check_row(f, &direct[i]);
	assert_int_equal(f->ncloses, CLOSE_COUNT - 1);
	talloc_free(ctx);
}

/* ---- guards ---- */

static bool
guarded(const struct guard *guards, size_t n, enum guard_kind kind)
{
	for (size_t i = 0; i < n; i++)
		if (guards[i].kind == kind)
			return true;
	return false;
}

/* <1>: every mail to the outside is kept from the finder; and none of either
 * flow leaves the house without a person. */
static void
test_outward_mails(void **state)
{
	void *ctx = talloc_new(NULL);
	for (int flow = FLOW_DIRECT; flow <= FLOW_JPCERT; flow++) {
		struct flow_file *f =
		    parsed(ctx, (enum flow)flow, text_of(ctx, (enum flow)flow));
		size_t outward = 0;

		for (size_t i = 0; i < f->nsteps; i++) {
			const struct flow_step *s = &f->steps[i];

			for (size_t k = 0; k < s->nmails; k++) {
				if (s->mails[k].to == AUDIENCE_DEPARTMENT)
					continue;
				outward++;
				assert_int_equal(
				    s->mails[k].policy, POLICY_APPROVE);
				if (flow == FLOW_JPCERT &&
				    !guarded(
					s->guards, s->nguards, GUARD_NO_FINDER))
					fail_msg("%s", s->number);
			}
		}
		assert_true(outward >= 7);
	}
	talloc_free(ctx);
}

static void
test_guards_of_the_seed(void **state)
{
	void *ctx = talloc_new(NULL);
	struct flow_file *j =
	    parsed(ctx, FLOW_JPCERT, text_of(ctx, FLOW_JPCERT));
	struct flow_file *d =
	    parsed(ctx, FLOW_DIRECT, text_of(ctx, FLOW_DIRECT));
	const struct flow_step *s = flow_step(j, "1.4.1");

	/* Details: after a recorded yes; else the decline. */
	assert_int_equal(s->mails[0].guards[0].kind, GUARD_ANSWERED);
	assert_int_equal(s->mails[0].guards[0].answer, ANSWER_DETAILS);
	assert_string_equal(s->mails[0].guards[0].value, "yes");
	assert_string_equal(s->mails[0].when[0].value, "yes");
	assert_string_equal(s->mails[1].when[0].value, "no");

	s = flow_step(j, "4.2.2");
	assert_true(guarded(s->guards, s->nguards, GUARD_CONSENT));
	assert_true(guarded(s->guards, s->nguards, GUARD_NDA));
	assert_int_equal(s->ways[0].when[0].answer, ANSWER_CONSENT);
	s = flow_step(j, "4.3.2");
	assert_true(guarded(s->guards, s->nguards, GUARD_AGREEMENT));
	/* The seed asks for an NDA before JVN publishes alone (4.2.2). */
	assert_false(guarded(s->guards, s->nguards, GUARD_NDA));
	s = flow_step(j, "5.2.5");
	assert_true(guarded(s->guards, s->nguards, GUARD_NOT_BEFORE));

	/* <2> closes when the source was told, and not before. */
	for (size_t i = 0; i < d->ncloses; i++) {
		const struct flow_close *c = &d->closes[i];
		const char *needs =
		    c->reason == CLOSE_PUBLISHED || c->reason == CLOSE_CUSTOMERS
			? "5.1.2"
		    : c->reason == CLOSE_NOT_REPRODUCIBLE ||
			    c->reason == CLOSE_NOT_A_VULNERABILITY
			? "2.6.1"
			: NULL;

		assert_int_equal(c->nguards,
		    (needs != NULL) + (c->reason == CLOSE_CUSTOMERS));
		if (needs == NULL)
			continue;
		assert_int_equal(
		    c->guards[c->nguards - 1].kind, GUARD_REQUIRES_SENT);
		assert_string_equal(c->guards[c->nguards - 1].step, needs);
		if (c->nguards > 1)
			assert_string_equal(c->guards[0].step, "4.2.1");
	}
	talloc_free(ctx);
}

/* ---- branches ---- */

static const char *
way_text(const void *ctx, const struct flow_step *s, size_t at)
{
	const struct flow_way *way = &s->ways[at];
	char *text = talloc_strdup(ctx, "");

	for (size_t i = 0; i < way->nafter; i++)
		text = word_add(text, way->after[i]);
	for (size_t i = 0; i < way->nwhen; i++)
		text = talloc_asprintf_append(text, " if %s=%s",
		    answer_rule(way->when[i].answer)->name, way->when[i].value);
	return text;
}

static void
test_branches(void **state)
{
	void *ctx = talloc_new(NULL);
	struct flow_file *j =
	    parsed(ctx, FLOW_JPCERT, text_of(ctx, FLOW_JPCERT));
	struct flow_file *d =
	    parsed(ctx, FLOW_DIRECT, text_of(ctx, FLOW_DIRECT));
	const struct {
		const struct flow_file *f;
		const char *step;
		size_t way;
		const char *text;
	} each[] = {
	    {j, "1.5.1", 0, "1.4.1 if need details=yes"},
	    {j, "2.2.1", 0, "2.1.1 if status=reproduced"},
	    {j, "2.6.1", 0, "2.5.1"},
	    {j, "2.6.1", 1, "2.1.1 if status=not reproduced"},
	    {j, "3.1.1", 0, "2.5.1 2.6.1 if status=reproduced"},
	    {j, "3.3.1", 0, "3.2.1 3.2.2"},
	    {j, "4.2.1", 0, "4.1.2 if decision=publish"},
	    {j, "4.3.1", 0, "4.1.2 if decision=customers only"},
	    {j, "4.3.2", 0, "4.3.1 if agreement=yes"},
	    {j, "4.4.1", 0, "4.1.2 if decision=publish"},
	    {d, "2.1.1", 0, "1.1.1"},
	    {d, "2.2.1", 0, "2.1.1 if status=reproduced"},
	    {d, "2.6.1", 0, "2.1.1"},
	    {d, "4.3.1", 0, "4.1.1 if decision=publish"},
	    {d, "5.1.2", 0, "5.1.1"},
	    {d, "5.1.2", 1, "4.2.1 if decision=customers only"},
	};

	for (size_t i = 0; i < COUNT_OF(each); i++)
		assert_string_equal(
		    way_text(
			ctx, flow_step(each[i].f, each[i].step), each[i].way),
		    each[i].text);
	/* What begins with the map of products, a letter, a person. */
	assert_int_equal(flow_step(j, "1.3.1")->start, START_ROUTE);
	assert_int_equal(flow_step(d, "2.1.1")->start, START_ROUTE);
	assert_int_equal(flow_step(j, "1.2.1")->nways, 0);
	assert_int_equal(flow_step(j, "1.2.1")->start, START_LETTER);
	assert_int_equal(flow_step(j, "1.5.1")->start, START_LETTER);
	assert_int_equal(flow_step(d, "1.2.1")->start, START_HAND);
	assert_true(flow_step(j, "2.3.1")->optional);
	assert_true(flow_step(j, "2.3.1")->again);
	assert_true(flow_step(j, "3.1.1")->again);
	assert_false(flow_step(j, "3.2.1")->again);
	assert_int_equal(flow_step(j, "1.3.1")->due_days, 5);
	assert_int_equal(flow_step(j, "1.3.1")->due_s, 0);
	talloc_free(ctx);
}

/* ---- guards that were taken away ---- */

static void
test_notes(void **state)
{
	void *ctx = talloc_new(NULL);
	char *text = text_of(ctx, FLOW_JPCERT);
	struct flow_file *f = parsed(ctx, FLOW_JPCERT, text);
	char *notes;

	/* As they are shipped nothing is missing: the table agrees. */
	assert_null(flow_notes(ctx, f));
	assert_null(flow_notes(
	    ctx, parsed(ctx, FLOW_DIRECT, text_of(ctx, FLOW_DIRECT))));

	f = parsed(ctx, FLOW_JPCERT,
	    replaced(ctx, text, "{\"no_finder\", \"consent\", \"nda\"}",
		"{\"no_finder\", \"nda\"}"));
	notes = flow_notes(ctx, f);
	assert_string_equal(notes,
	    talloc_asprintf(ctx,
		"flow.conf:%d: note: step 4.2.2 has no guard \"consent\", "
		"which the flow as shipped has\n",
		flow_step(f, "4.2.2")->place.line));

	f = parsed(ctx, FLOW_JPCERT,
	    replaced(ctx, text, "answered: need details = yes",
		"answered: need details = no"));
	notes = flow_notes(ctx, f);
	assert_non_null(strstr(
	    notes, "step 1.4.1 has no guard \"answered: need details = yes\""));

	text = text_of(ctx, FLOW_DIRECT);
	f = parsed(ctx, FLOW_DIRECT,
	    replaced(ctx, text,
		"close \"customers\" { guard = {\"requires_sent: 4.2.1\", "
		"\"requires_sent: 5.1.2\"} }",
		""));
	assert_string_equal(flow_notes(ctx, f),
	    "flow.conf:1: note: close customers has no guard "
	    "\"requires_sent: 4.2.1\", which the flow as shipped has\n"
	    "flow.conf:1: note: close customers has no guard "
	    "\"requires_sent: 5.1.2\", which the flow as shipped has\n");
	talloc_free(ctx);
}

/* Each guard of the shipped files is one that is missed: none can go without
 * a note. */
static void
test_every_guard_is_missed(void **state)
{
	static const char *const words[] = {"\"no_finder\"", "\"consent\"",
	    "\"agreement\"", "\"nda\"", "\"not_before\"",
	    "\"requires_sent: ", "\"answered: "};
	size_t seen = 0;

	for (int flow = FLOW_DIRECT; flow <= FLOW_JPCERT; flow++) {
		void *ctx = talloc_new(NULL);
		const char *text = text_of(ctx, (enum flow)flow);

		for (const char *at = text; (at = strchr(at, '"')) != NULL;
		     at++) {
			char *copy;
			char *from;
			char *end;
			size_t w = 0;

			while (w < COUNT_OF(words) &&
			       strncmp(at, words[w], strlen(words[w])) != 0)
				w++;
			/* In a comment it is an example. */
			if (w == COUNT_OF(words) ||
			    memrchr(text, '#', (size_t)(at - text)) >
				memrchr(text, '\n', (size_t)(at - text)))
				continue;
			seen++;
			copy = talloc_strdup(ctx, text);
			from = copy + (at - text);
			end = strchr(from + 1, '"') + 1;
			end += *end == ',';
			memset(from, ' ', (size_t)(end - from));
			/* Nor a comma behind nothing. */
			if (strspn(end, " ") == strcspn(end, "}") &&
			    from[-2] == ',')
				from[-2] = ' ';
			assert_non_null(flow_notes(
			    ctx, parsed(ctx, (enum flow)flow, copy)));
		}
		talloc_free(ctx);
	}
	assert_true(seen > 25);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_jpcert_holds_the_seed),
	    cmocka_unit_test(test_direct_holds_the_seed),
	    cmocka_unit_test(test_outward_mails),
	    cmocka_unit_test(test_guards_of_the_seed),
	    cmocka_unit_test(test_branches),
	    cmocka_unit_test(test_notes),
	    cmocka_unit_test(test_every_guard_is_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
