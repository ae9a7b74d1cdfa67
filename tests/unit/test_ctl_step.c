/*
 * test_ctl_step.c - the way of a case on a screen: who acts and by when, what
 * is on record, drafts as their readers have them; on eighty columns, in
 * Japanese too, and no word of a mail looks like one of psirt's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "psirtd/text.h"

#include "../../daemon/ctl/verbs.h"

typedef void view_fn(const struct printer *p, json_t *data);

static char *
shown(view_fn *view, const char *json, size_t width)
{
	json_error_t at;
	json_t *data = json_loads(json, 0, &at);
	char *text = NULL;
	size_t len = 0;
	struct printer p = {.width = width, .edge = width, .header = true};

	if (data == NULL)
		fail_msg("%s at %d", at.text, at.position);
	p.out = open_memstream(&text, &len);
	view(&p, data);
	fclose(p.out);
	json_decref(data);
	return text;
}

static void
assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void
assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("\"%s\" in:\n%s", part, text);
}

static void
assert_fits(const char *text, size_t width)
{
	for (const char *line = text; *line != '\0';) {
		size_t len = strcspn(line, "\n");
		char *one = strndup(line, len);

		if (text_width(one) > width)
			fail_msg("%zu columns: %s", text_width(one), one);
		free(one);
		line += len + (line[len] == '\n');
	}
}

/* ---- steps ---- */

#define STEPS                                                                        \
	"{\"case\":\"PSIRT-2026-0001\",\"steps\":["                                  \
	"{\"step\":\"1.3.1\",\"title\":\"内部展開/詳細の要否確認\","      \
	"\"phase\":1,\"state\":\"ended\",\"round\":1,\"who\":[\"design\"],"          \
	"\"departments\":[\"plc\"],\"due\":\"2026-11-25T00:00:00Z\"},"               \
	"{\"step\":\"2.3.1\",\"title\":\"不明点の回答要求\",\"phase\":2,"    \
	"\"state\":\"running\",\"round\":2,\"who\":[\"poc\"],"                       \
	"\"departments\":[],\"due\":\"2026-12-01T09:30:00Z\",\"late\":true,"         \
	"\"next\":\"psirt step PSIRT-2026-0001 2.3.1\"},"                            \
	"{\"step\":\"5.2.3\",\"title\":\"公表された旨の連絡\",\"phase\":5," \
	"\"state\":null,\"round\":null,\"who\":[\"ipa\"],\"departments\":[],"        \
	"\"due\":null}],"                                                            \
	"\"refused\":\"2.6.1 report: not before the date\\nsecond line\","           \
	"\"answers\":[{\"step\":\"1.3.1\",\"answer\":\"need details\","              \
	"\"value\":\"yes\",\"by\":\"Hana\",\"told_by\":\"ken\","                     \
	"\"department\":\"plc\",\"at\":\"2026-11-24T08:00:00Z\","                    \
	"\"taken_back\":true}]}"

static void
test_steps(void **state)
{
	char *text = shown(view_step, STEPS, 80);

	(void)state;
	assert_has(text, "PSIRT-2026-0001\n");
	assert_has(text, "1.3.1  ended        design (plc)  -");
	assert_has(text, "2.3.1  running (2)  poc           "
			 "2026-12-01 09:30 LATE  不明点の回答要求\n"
			 "  5.2.3");
	/* What to type stands where it says what is on now. */
	assert_has(text, "2.3.1  running (2)  poc       2026-12-01 09:30 LATE  "
			 "不明点の回答要求\n"
			 "      psirt step PSIRT-2026-0001 2.3.1\n");
	/* Not come to yet. */
	assert_has(text, "5.2.3  -            ipa");
	assert_has(text, "Mails that a guard keeps back\n"
			 "  2.6.1 report: not before the date\n"
			 "  second line\n");
	assert_has(text, "need details  Hana (plc), told by ken; taken back");
	assert_has(text, "yes\n");
	assert_fits(text, 80);
	free(text);
}

static void
test_one_step(void **state)
{
	char *text = shown(view_step,
	    "{\"case\":\"PSIRT-2026-0001\",\"steps\":[{\"step\":\"2.1.1\","
	    "\"title\":\"Reproduction\",\"phase\":2,\"state\":\"running\","
	    "\"round\":1,\"who\":[\"design\"],\"departments\":[\"plc\"],"
	    "\"due\":\"2026-12-01T09:30:00Z\",\"mails_sent\":1,\"expects\":"
	    "[\"status\"]}],\"answers\":[],\"lines\":"
	    "\"ref: PSIRT-2026-0001/2.1.1/7KQ2MX\\nstatus: reproduced\\n\"}",
	    80);

	(void)state;
	assert_has(text, "PSIRT-2026-0001 step 2.1.1\n");
	assert_has(text, "who acts         design (plc)\n");
	assert_has(text, "due              2026-12-01 09:30\n");
	assert_has(text, "expects          status\n");
	assert_has(text, ": ref: PSIRT-2026-0001/2.1.1/7KQ2MX\n"
			 ": status: reproduced\n");
	free(text);
}

/* ---- decisions ---- */

static void
test_said(void **state)
{
	char *text = shown(view_said,
	    "{\"said\":[\"2.1.1 has ended\",\"a\\u001b[31mb\"],\"next\":"
	    "[\"psirt show 1\"]}",
	    80);

	(void)state;
	assert_string_equal(
	    text, "2.1.1 has ended\na\\x1b[31mb\nNext: psirt show 1\n");
	free(text);
	text = shown(view_said, "{\"said\":[]}", 80);
	assert_string_equal(text, "Done.\n");
	free(text);
	/* The same through each command that does something. */
	text = shown(view_step, "{\"said\":[\"x\"]}", 80);
	assert_string_equal(text, "x\n");
	free(text);
	text = shown(view_approve, "{\"said\":[\"x\"]}", 80);
	assert_string_equal(text, "x\n");
	free(text);
}

/* ---- tasks, questions, clocks ---- */

static void
test_tasks(void **state)
{
	char *text = shown(view_task,
	    "{\"tasks\":[{\"task\":4,\"kind\":\"counterpart-wrote\",\"case\":"
	    "\"PSIRT-2026-0001\",\"made\":\"2026-11-24T08:00:00Z\",\"due\":"
	    "\"2026-12-01T08:00:00Z\",\"next\":\"psirt letter 12\"}]}",
	    80);

	(void)state;
	assert_has(text, "4     2026-0001  counterpart-wrote  2026-11-24  "
			 "2026-12-01 08:00\n      psirt letter 12\n");
	assert_fits(text, 80);
	free(text);
	text = shown(view_task,
	    "{\"task\":{\"task\":4,\"kind\":\"not-understood\",\"case\":"
	    "\"PSIRT-2026-0001\",\"text\":\"maybe\\nTask 5\"},\"next\":"
	    "[\"psirt task 4 done\"]}",
	    80);
	assert_has(text, "Task 4\n");
	/* Somebody's words are behind a mark. */
	assert_has(text, "? maybe\n? Task 5\n");
	assert_has(text, "Next: psirt task 4 done\n");
	free(text);
	text = shown(view_task, "{\"tasks\":[]}", 80);
	assert_string_equal(text, "No tasks.\n");
	free(text);
}

static void
test_questions(void **state)
{
	char *text = shown(view_question,
	    "{\"questions\":[{\"question\":1,\"state\":\"answered\",\"by\":"
	    "\"Hana\",\"department\":\"plc\",\"at\":\"2026-11-24T08:00:00Z\","
	    "\"text\":\"Which firmware?\",\"answer\":\"1.2\\nQuestions\"}]}",
	    80);

	(void)state;
	assert_has(text, "1  answered  Hana (plc)  2026-11-24  "
			 "Which firmware?\n");
	assert_has(text, "Answer to question 1\n: 1.2\n: Questions\n");
	free(text);
	text = shown(view_question, "{\"questions\":[]}", 80);
	assert_string_equal(text, "No questions.\n");
	free(text);
}

static void
test_clocks(void **state)
{
	char *text = shown(view_clock,
	    "{\"case\":\"PSIRT-2026-0001\",\"clocks\":[{\"clock\":\"imposed\","
	    "\"due\":\"2027-02-22T08:00:00Z\",\"warning\":"
	    "\"2027-01-22T08:00:00Z\",\"source\":\"letter\",\"words\":"
	    "\"in 90 days\"},{\"clock\":\"year\",\"due\":"
	    "\"2027-11-24T08:00:00Z\",\"source\":\"flow\"}]}",
	    80);

	(void)state;
	assert_has(text, "imposed  2027-02-22 08:00  2027-01-22    letter  "
			 "in 90 days\n");
	assert_has(text, "year     2027-11-24 08:00  -             -");
	free(text);
	text = shown(view_clock, "{\"clocks\":[]}", 80);
	assert_string_equal(text, "No clocks run.\n");
	free(text);
}

/* ---- who knows what ---- */

static void
test_who(void **state)
{
	char *text = shown(view_who,
	    "{\"told\":[{\"person\":\"山田 花\",\"department\":\"plc\","
	    "\"parts\":[\"overview\",\"details\",\"exploit\"],\"at\":"
	    "\"2026-11-24T08:00:00Z\",\"mail\":3,\"key\":"
	    "\"48C169E6D1E4F4DF6AF42D5DE8A9F956C8C8618D\"},{\"person\":"
	    "\"Alpha\",\"department\":null,\"customer\":true,\"parts\":"
	    "[\"overview\"],\"at\":\"2026-12-01T08:00:00Z\",\"mail\":4,"
	    "\"key\":\"AB12\"},{\"person\":\"Taro\",\"department\":null,"
	    "\"customer\":false,\"parts\":[\"overview\"],\"at\":"
	    "\"2026-12-01T08:00:00Z\",\"mail\":5,\"key\":\"CD34\"}]}",
	    84);

	(void)state;
	assert_has(text, "Alpha    customer  overview                  "
			 "2026-12-01 08:00  4\n");
	assert_has(text, "Taro     -         overview");
	assert_has(text, "山田 花  plc       overview details exploit  "
			 "2026-11-24 08:00  3\n"
			 "      48C169E6D1E4F4DF6AF42D5DE8A9F956C8C8618D\n");
	assert_fits(text, 84);
	free(text);
	text = shown(view_who, "{\"told\":[]}", 80);
	assert_string_equal(text, "Nobody was told yet.\n");
	free(text);
}

static void
test_customers(void **state)
{
	char *text = shown(view_customers,
	    "{\"customers\":[{\"customer\":\"Alpha\",\"nda\":true,\"via\":"
	    "\"Integrator\",\"mail\":3,\"state\":\"sent\",\"sent\":"
	    "\"2026-11-24T08:00:00Z\",\"bounced\":\"2026-11-24T09:00:00Z\","
	    "\"address\":\"a@alpha.example\"},{\"customer\":\"Beta\",\"nda\":"
	    "false,\"state\":null}],\"counts\":{\"customers\":2,\"told\":0,"
	    "\"bounced\":1}}",
	    80);

	(void)state;
	assert_has(text, "Alpha     yes  Integrator  3     sent   "
			 "2026-11-24 08:00  2026-11-24 09:00\n"
			 "      a@alpha.example\n");
	assert_has(text, "2 customers, 0 mails arrived, 1 bounced\n");
	assert_fits(text, 80);
	free(text);
}

/* ---- drafts ---- */

static void
test_drafts(void **state)
{
	char *text = shown(view_approve,
	    "{\"mails\":[{\"mail\":5,\"case\":\"PSIRT-2026-0001\",\"step\":"
	    "\"2.6.1\",\"kind\":\"report\",\"to\":\"counterpart\",\"policy\":"
	    "\"two\",\"approved_by\":[],\"made\":\"2026-11-24T08:00:00Z\","
	    "\"next\":\"psirt approve 5\"}]}",
	    80);

	(void)state;
	assert_has(text, "5     2026-0001  2.6.1  report  counterpart  two     "
			 "2026-11-24\n      psirt approve 5\n");
	assert_fits(text, 80);
	free(text);
	text = shown(view_approve, "{\"mails\":[]}", 80);
	assert_string_equal(text, "No draft waits.\n");
	free(text);
}

#define DRAFT(more)                                                            \
	"{\"mail\":{\"mail\":5,\"case\":\"PSIRT-2026-0001\",\"step\":"         \
	"\"2.6.1\",\"kind\":\"report\",\"policy\":\"approve\",\"name\":"       \
	"\"Taro\",\"address\":\"t@x.example\",\"parts\":[\"overview\"],"       \
	"\"subject\":\"[PSIRT-2026-0001] s\",\"body\":"                        \
	"\"One.\\nGuards\\n  nda  holds\\n\",\"digest\":\"abcd\"," more        \
	"},\"files\":[{\"name\":\"poc.zip\",\"type\":\"application/zip\","     \
	"\"size\":4,\"covered\":true,\"why\":null},{\"name\":\"a.exe\","       \
	"\"type\":\"application/zip\",\"size\":2,\"covered\":false,"           \
	"\"why\":\"no signature of JPCERT/CC covers it: anybody on the way "   \
	"may have put it "                                                     \
	"there\"}],\"guards\":[{\"case\":\"PSIRT-2026-0001\",\"guard\":"       \
	"\"consent\",\"state\":\"refuses\",\"why\":\"no consent yet\"}],"      \
	"\"linked\":[{\"case\":\"PSIRT-2026-0002\",\"guard\":\"no_finder\","   \
	"\"state\":\"refuses\",\"why\":\"JPCERT/CC speaks with it\"}],"        \
	"\"holes\":[{\"step\":\"2.2.1\",\"answer\":\"cause\"}]}"

static void
test_a_draft(void **state)
{
	char *text = shown(view_approve,
	    DRAFT("\"encrypted\":true,\"key\":\"AB12\",\"key_pinned\":true"),
	    80);

	(void)state;
	assert_has(text, "Mail 5\n");
	assert_has(text, "to           t@x.example\n");
	assert_has(text, "sealed to    AB12 (pinned in the settings)\n");
	assert_has(text, "tells        overview\n");
	/* Every word of it behind the mark. */
	assert_has(text, ": Subject: [PSIRT-2026-0001] s\n:\n: One.\n"
			 ": Guards\n:   nda  holds\n");
	assert_has(text, "poc.zip  application/zip  4      yes\n");
	assert_has(text, "a.exe    application/zip  2      no\n"
			 "      no signature of JPCERT/CC covers it: anybody ");
	assert_has(text, "2.2.1  cause\n");
	assert_has(text, "PSIRT-2026-0001  consent  refuses  no consent yet\n");
	assert_has(text, "Guards of linked cases");
	assert_has(text,
	    "PSIRT-2026-0002  no_finder  refuses  JPCERT/CC speaks with it\n");
	assert_fits(text, 80);
	free(text);
	text = shown(view_approve,
	    DRAFT("\"encrypted\":true,\"key\":\"AB12\",\"key_pinned\":false"),
	    80);
	assert_has(text, "AB12 (it came with a letter)\n");
	free(text);
	text = shown(view_approve, DRAFT("\"encrypted\":false"), 80);
	assert_has(text, "NOBODY: it goes out signed, in clear\n");
	free(text);
}

/* ---- at a glance ---- */

static void
test_today(void **state)
{
	char *text = shown(view_today,
	    "{\"open_cases\":2,\"steps\":[{\"case\":\"PSIRT-2026-0002\","
	    "\"step\":\"2.6.1\",\"state\":\"ready\",\"who\":[\"poc\"],"
	    "\"departments\":[],\"due\":null,\"late\":false,\"title\":"
	    "\"調査結果の報告\",\"next\":\"psirt step PSIRT-2026-0002 2.6.1 "
	    "start\"}],\"drafts\":[{\"mail\":5,\"case\":\"PSIRT-2026-0001\","
	    "\"kind\":\"report\",\"to\":\"counterpart\",\"next\":"
	    "\"psirt approve 5\"}],\"tasks\":[{\"task\":4,\"kind\":"
	    "\"question\",\"case\":\"PSIRT-2026-0002\",\"next\":"
	    "\"psirt question PSIRT-2026-0002\"}],\"clocks\":[{\"case\":"
	    "\"PSIRT-2026-0002\",\"clock\":\"reply by\",\"due\":"
	    "\"2026-12-01T08:00:00Z\",\"next\":\"psirt clock 2\"}],"
	    "\"not_shown\":{\"steps\":3,\"drafts\":1}}",
	    80);

	(void)state;
	assert_has(text, "Steps that wait for you\n");
	assert_has(text, "2026-0002  2.6.1  ready  poc");
	assert_has(text, "      psirt step PSIRT-2026-0002 2.6.1 start\n");
	assert_has(text, "and 3 more: psirt list\n");
	assert_has(text, "Drafts that wait for approval\n");
	assert_has(text, "and 1 more: psirt approve\n");
	assert_has(text, "Tasks\n");
	assert_has(text, "psirt question PSIRT-2026-0002\n");
	assert_has(text, "Clocks that are near\n");
	assert_has(text, "2026-0002  reply by  2026-12-01 08:00");
	assert_has_not(text, "Nothing waits");
	assert_fits(text, 80);
	free(text);
}

static void
test_list(void **state)
{
	char *text = shown(view_list,
	    "{\"cases\":[{\"case\":\"PSIRT-2026-0002\",\"received\":"
	    "\"2026-11-24T08:00:00Z\",\"state\":\"open\",\"flow\":\"direct\","
	    "\"source\":\"finder\",\"steps\":[\"2.1.1\",\"2.2.1\"],\"who\":"
	    "[\"design\"],\"departments\":[],\"due\":\"2026-12-01T08:00:00Z\","
	    "\"late\":true,\"owner\":\"yuki\",\"title\":\"入口\"}]}",
	    120);

	(void)state;
	assert_has(text, "finder  2.1.1 2.2.1  design    "
			 "2026-12-01 08:00 LATE  yuki   入口\n");
	free(text);
}

static void
test_show(void **state)
{
	char *text = shown(view_show,
	    "{\"case\":\"PSIRT-2026-0001\",\"state\":\"open\",\"phase\":2,"
	    "\"phase_text\":\"investigation\",\"owner\":\"yuki\",\"deputy\":"
	    "\"ken\",\"channel\":\"jpcert\",\"turns\":[{\"step\":\"2.1.1\","
	    "\"state\":\"running\",\"who\":[\"design\"],\"departments\":"
	    "[\"plc\"],\"due\":\"2026-12-01T08:00:00Z\",\"late\":false,"
	    "\"title\":\"再現の確認・共有\"},{\"step\":\"2.6.1\",\"state\":"
	    "\"running\",\"approval\":true,\"who\":[\"poc\"],\"title\":"
	    "\"Report\",\"next\":\"psirt approve\"},{\"step\":\"4.3.2\","
	    "\"state\":\"running\",\"approval\":true,\"held\":true,\"who\":"
	    "[\"poc\"],\"title\":\"N\"},{\"step\":\"4.4.1\",\"state\":"
	    "\"running\",\"queued\":true,\"who\":[\"poc\"],\"title\":\"D\"}],"
	    "\"tasks\":[{\"task\":4,\"kind\":\"exploited\","
	    "\"case\":\"PSIRT-2026-0001\",\"next\":\"psirt clock 1\"}],"
	    "\"links\":[{\"case\":\"PSIRT-2026-0003\",\"link\":\"proposed\","
	    "\"flow\":\"jpcert\",\"state\":\"open\",\"why\":"
	    "\"an identifier\"}]}",
	    80);

	(void)state;
	assert_has(text, "owner             yuki\n");
	assert_has(text,
	    "window            JPCERT/CC speaks with the source: nothing "
	    "goes to it\n");
	assert_has(text, "Now\n");
	assert_has(text, "2.1.1  running         design (plc)  "
			 "2026-12-01 08:00  再現の確認・共有\n");
	assert_has(text, "2.6.1  approval        poc");
	assert_has(text, "Report\n      psirt approve\n");
	assert_has(text, "4.3.2  approval, held  poc");
	assert_has(text, "4.4.1  queued          poc");
	assert_has(text, "exploited");
	assert_has(text, "Linked cases\n");
	assert_has(text, "PSIRT-2026-0003  proposed  jpcert  open   "
			 "an identifier\n");
	assert_fits(text, 80);
	free(text);
}

/* ---- help ---- */

/* Alphabetical, each with a view, and its usage begins with its name. */
static void
test_verbs(void **state)
{
	(void)state;
	for (const struct verb *v = verbs; v->name != NULL; v++) {
		if (v[1].name != NULL && strcmp(v->name, v[1].name) >= 0)
			fail_msg("%s stands before %s", v->name, v[1].name);
		assert_true(strncmp(v->usage, v->name, strlen(v->name)) == 0 ||
			    strcmp(v->usage, "[today]") == 0);
		assert_true(v->view != NULL || strcmp(v->name, "help") == 0);
		assert_ptr_equal(verb_named(v->name), v);
		assert_fits(v->usage, 78);
		assert_fits(v->more != NULL ? v->more : "", 78);
	}
	assert_null(verb_named("nonsense"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_steps),
	    cmocka_unit_test(test_one_step),
	    cmocka_unit_test(test_said),
	    cmocka_unit_test(test_tasks),
	    cmocka_unit_test(test_questions),
	    cmocka_unit_test(test_clocks),
	    cmocka_unit_test(test_who),
	    cmocka_unit_test(test_customers),
	    cmocka_unit_test(test_drafts),
	    cmocka_unit_test(test_a_draft),
	    cmocka_unit_test(test_today),
	    cmocka_unit_test(test_list),
	    cmocka_unit_test(test_show),
	    cmocka_unit_test(test_verbs),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
