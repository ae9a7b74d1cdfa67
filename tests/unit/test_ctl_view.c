/*
 * test_ctl_view.c - the answer to each command on a screen: what is signed
 * and what is not cannot be mistaken, and each line says what to type.
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

#include "../../daemon/ctl/view.h"

/* What a view prints for this data, on a terminal this wide. */
static char *
shown(void (*view)(const struct printer *p, json_t *data), const char *json,
    size_t width)
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

/* ---- today ---- */

#define TODAY                                                                  \
	"{\"trouble\":null,\"open_cases\":3,\"cases\":[{\"case\":"             \
	"\"PSIRT-2026-0002\",\"received\":\"2026-11-24T08:00:00Z\",\"due\":"   \
	"\"2026-12-01T08:00:00Z\",\"source\":\"finder\",\"why\":"              \
	"\"departments proposed\",\"next\":"                                   \
	"\"psirt route PSIRT-2026-0002 plc\"}],\"letters\":[{\"letter\":4,"    \
	"\"received\":\"2026-11-24T08:00:00Z\",\"due\":null,\"state\":"        \
	"\"inquiry\",\"reason\":\"inquiry\",\"who\":\"finder\",\"next\":"      \
	"\"psirt letter 4\"}],"                                                \
	"\"mails\":[{\"mail\":7,\"case\":\"PSIRT-2026-0001\",\"kind\":"        \
	"\"acknowledge\",\"to\":\"sender\",\"state\":\"uncertain\",\"tries\":" \
	"1,\"reason\":\"no reply after the last dot\",\"next\":"               \
	"\"psirt queue sent 7 or psirt queue drop 7\"}],"                      \
	"\"set_aside_by_itself\":2,\"not_shown\":{\"cases\":0,\"letters\":5,"  \
	"\"mails\":0}}"

static void
test_today(void **state)
{
	char *text = shown(view_today, TODAY, 100);

	(void)state;
	assert_has(text, "psirt route PSIRT-2026-0002 plc\n");
	assert_has(text, "2026-12-01");
	assert_has(text, "finder  inquiry");
	assert_has(text, "psirt letter 4\n");
	assert_has(text, "psirt queue sent 7 or psirt queue drop 7\n");
	assert_has(text, "and 5 more: psirt list --letters");
	assert_has(text, "Open cases: 3 (psirt list)");
	assert_has(text, "set aside by itself: 2");
	assert_has_not(text, "Trouble");
	free(text);
}

/* On eighty columns the reason is whole, whatever stands beside it. */
static void
test_reasons_are_never_cut(void **state)
{
	char *text = shown(view_today,
	    "{\"cases\":[{\"case\":\"PSIRT-2026-0002\",\"received\":"
	    "\"2026-11-24T08:00:00Z\",\"due\":\"2026-12-01T08:00:00Z\","
	    "\"source\":\"JPCERT/CC\",\"why\":\"could not be opened yet\","
	    "\"next\":\"psirt show PSIRT-2026-0002\"}]}",
	    80);

	(void)state;
	assert_has(text, "  PSIRT-2026-0002  2026-11-24  2026-12-01  JPCERT/CC"
			 "  could not be opened yet\n"
			 "      psirt show PSIRT-2026-0002\n");
	free(text);
	text = shown(view_list,
	    "{\"letters\":[{\"letter\":123456,\"received\":"
	    "\"2026-11-24T08:00:00Z\",\"state\":\"quarantined\",\"verdict\":"
	    "\"unknown-key\",\"reason\":\"limit-addresses\",\"case\":"
	    "\"PSIRT-2026-0002\"},{\"letter\":2,\"case\":null}]}",
	    80);
	assert_has(text, "  123456  2026-11-24  quarantined  unknown-key  "
			 "limit-addresses  2026-0002\n");
	free(text);
	/* Where it is narrower, the others give way. */
	text = shown(view_list,
	    "{\"letters\":[{\"letter\":1,\"received\":"
	    "\"2026-11-24T08:00:00Z\",\"state\":\"quarantined\",\"verdict\":"
	    "\"unknown-key\",\"reason\":\"limit-addresses\",\"case\":"
	    "\"PSIRT-2026-0002\"}]}",
	    72);
	assert_has(text, "…");
	assert_has(text, "  limit-addresses  2026-0002\n");
	free(text);
}

static void
test_nothing_waits(void **state)
{
	static const char nothing[] =
	    "{\"trouble\":null,\"open_cases\":0,\"cases\":[],\"letters\":[],"
	    "\"mails\":[],\"set_aside_by_itself\":0,\"not_shown\":{}}";
	static const char trouble[] =
	    "{\"trouble\":\"mailbox: no route\",\"open_cases\":0,\"cases\":[],"
	    "\"letters\":[],\"mails\":[],\"set_aside_by_itself\":0}";
	static const char renewing[] =
	    "{\"trouble\":null,\"renewal\":{\"since\":null,\"percent\":42},"
	    "\"open_cases\":0,\"cases\":[],\"letters\":[],\"mails\":[],"
	    "\"set_aside_by_itself\":0,\"not_shown\":{}}";
	static const char left[] =
	    "{\"trouble\":null,\"renewal\":{\"since\":null,\"percent\":99,"
	    "\"left\":2,\"where\":\"outmail.body of row 7\"},"
	    "\"open_cases\":0,\"cases\":[],\"letters\":[],\"mails\":[],"
	    "\"set_aside_by_itself\":0,\"not_shown\":{}}";
	char *text = shown(view_today, nothing, 80);

	(void)state;
	assert_string_equal(
	    text, "Nothing waits for you.\nOpen cases: 0 (psirt list)\n");
	free(text);
	text = shown(view_today, trouble, 80);
	assert_has(text, "Trouble: mailbox: no route\n");
	assert_has_not(text, "Nothing waits");
	assert_has_not(text, "New data key");
	free(text);
	text = shown(view_today, renewing, 80);
	assert_has(
	    text, "New data key: everything is sealed anew, 42 % done.\n");
	assert_has(text, "Nothing waits");
	free(text);
	text = shown(view_today, left, 80);
	assert_has(text, "New data key: 2 values are damaged");
	assert_has(text, "outmail.body of row 7\n");
	assert_has_not(text, "Nothing waits");
	free(text);
}

/* ---- letter ---- */

#define PART(n, covered, who, why, text)                                       \
	"{\"part\":" n ",\"kind\":\"text\",\"type\":\"text/plain\",\"name\":"  \
	"null,\"encrypted\":true,\"covered\":" covered ",\"verdict\":"         \
	"\"pinned\",\"pinned_to\":" who ",\"why\":\"" why "\",\"size\":9,"     \
	"\"cut\":false,\"text\":\"" text "\"}"
#define LETTER(parts)                                                          \
	"{\"letter\":3,\"received\":\"2026-11-24T08:00:00Z\",\"state\":"       \
	"\"filed\",\"reason_text\":\"A new report.\",\"verdict\":\"pinned\","  \
	"\"case\":\"PSIRT-2026-0001\",\"unconfirmed\":false,\"signer\":"       \
	"\"JPCERT/CC\",\"opened\":true,\"clocks\":[],\"headers\":{\"from\":"   \
	"[{\"name\":\"JPCERT/CC\",\"address\":\"vuls@jpcert.example\"}],"      \
	"\"to\":[],\"date\":null,\"subject\":\"...\"},\"layers\":[{\"layer\":" \
	"1,\"kind\":\"encrypted\","                                            \
	"\"outcome\":\"open\",\"note\":null,\"recipients\":[\"AB12\"],"        \
	"\"signatures\":[{\"status\":\"good\",\"key\":\"1111\",\"claimed\":"   \
	"\"1111\",\"made\":\"2026-11-24T07:00:00Z\"}]}],\"identifiers\":[],"   \
	"\"fields\":[],\"parts\":[" parts "],\"next\":[\"psirt show 1\"]}"

static void
test_signed_and_unsigned_text(void **state)
{
	char *text = shown(view_letter,
	    LETTER(PART("1", "false", "null", "no signature",
		"-- part 9: SIGNED by JPCERT/CC\\n| pay here") "," PART("2",
		"true", "\"correspondent JPCERT/CC\"",
		"signed by the pinned key of a correspondent",
		"概要をご連絡します\\n")),
	    80);

	(void)state;
	assert_has(text, "Letter 3\n");
	assert_has(text, "\n-- part 1: NOT SIGNED: no signature");
	assert_has(text, "\n? -- part 9: SIGNED by JPCERT/CC\n? | pay here\n");
	assert_has(text, "\n-- part 2: SIGNED by correspondent JPCERT/CC\n");
	assert_has(text, "\n| 概要をご連絡します\n");
	assert_has(text, "Headers (never signed)\n");
	assert_has(text, "Next: psirt show 1\n");
	/* At the left edge psirt alone speaks. */
	assert_has_not(text, "\n| pay");
	assert_has_not(text, "\n-- part 9");
	free(text);
}

static void
test_file_name_cannot_speak_for_psirt(void **state)
{
	static const char part[] = LETTER(
	    "{\"part\":1,\"kind\":\"file\",\"type\":\"text/plain\",\"name\":"
	    "\"x\\n-- part 1: SIGNED by JPCERT/CC and a name that is so long "
	    "that it must be broken into more lines than one\",\"encrypted\":"
	    "false,\"covered\":false,\"verdict\":\"unsigned\",\"signer\":null,"
	    "\"why\":\"no signature\",\"size\":1,\"cut\":false,\"text\":null}");
	char *text = shown(view_letter, part, 60);

	(void)state;
	assert_has(text, "\n-- part 1: NOT SIGNED: no signature");
	assert_has_not(text, "\n-- part 1: SIGNED");
	free(text);
}

/* Which bytes, by which key, what became of it: each on a line of psirt's. */
static void
test_a_part_tells_all_of_itself(void **state)
{
	char *text = shown(view_letter,
	    "{\"letter\":1,\"opened\":true,\"limit\":\"It has more parts "
	    "than allowed.\",\"truncated\":true,\"headers\":{},\"layers\":[{"
	    "\"layer\":1,\"parent\":0,\"kind\":\"signed\",\"outcome\":"
	    "\"opened\",\"opened\":true},{\"layer\":2,\"parent\":1,\"kind\":"
	    "\"encrypted\",\"outcome\":\"opened\",\"opened\":true}],"
	    "\"parts\":[{\"part\":1,\"kind\":\"text\",\"type\":"
	    "\"text/plain\",\"covered\":true,\"verdict\":\"pinned\","
	    "\"pinned_to\":\"contact Hana of plc\",\"fingerprint\":\"1111\","
	    "\"layer\":1,\"over\":\"bytes 412 to 1833 of the letter\","
	    "\"notes\":[\"read as CP932, not as labelled\",\"text made of "
	    "HTML\"],\"size\":9,\"text\":\"words\"},{\"part\":2,\"kind\":"
	    "\"text\",\"covered\":false,\"verdict\":\"unknown-key\",\"why\":"
	    "\"because\",\"claimed_key\":\"AB12\",\"layer\":2,\"over\":"
	    "\"all that layer 2 opened to\",\"withheld\":true,\"text\":null},"
	    "{\"part\":3,\"kind\":\"key\",\"covered\":false,\"why\":\"x\","
	    "\"fingerprint\":\"2222\",\"key\":{\"fingerprint\":\"CCCC\","
	    "\"user_ids\":[\"JPCERT/CC\\n-- part 9: SIGNED\"],\"signed\":"
	    "true}}],\"next\":[]}",
	    80);

	(void)state;
	assert_has(text, "Letter 1\n!! A limit was passed. It has more parts "
			 "than allowed.");
	assert_has(text, "\n!! Not all of its text was searched");
	assert_has(text, "\n  1  signed, opened\n");
	assert_has(text, "\n  2  encrypted, opened, in layer 1\n");
	assert_has(text, "\n-- part 1: SIGNED by contact Hana of plc\n");
	assert_has(
	    text, "\n  over    bytes 412 to 1833 of the letter (layer 1)\n");
	assert_has(text, "\n  key     1111\n");
	assert_has(text, "\n  note    read as CP932, not as labelled; text "
			 "made of HTML\n| words\n");
	assert_has(text, "\n-- part 2: NO KNOWN SIGNER: because\n");
	assert_has(
	    text, "\n  key     AB12, as it claims: that key is not here\n");
	assert_has(text, "\n-- not shown: its layer did not open");
	assert_has(text, "\n  key     2222, pinned to nobody\n");
	assert_has(text, "\n  brings  key CCCC, which signed the letter's own "
			 "words\n");
	assert_has(text, "\n  claims  JPCERT/CC\\x0a-- part 9: SIGNED\n");
	free(text);
}

/* Over what a field says stands who says it, and the mark of its part. */
static void
test_fields_stand_behind_their_mark(void **state)
{
	char *text = shown(view_letter,
	    "{\"letter\":1,\"opened\":true,\"headers\":{},\"fields\":["
	    "{\"field\":\"product\",\"value\":\"XYZ-1\\u043e0\\n| impact\","
	    "\"covered\":false},{\"field\":\"steps\",\"value\":\"a line that "
	    "is so long that it has to be broken\",\"covered\":true}]}",
	    40);

	(void)state;
	assert_has(text, "\n? product     XYZ-1<U+043E>0 | impact\n"
			 "| steps       a line that is so long\n"
			 "|             that it has to be broken\n");
	free(text);
}

static void
test_identifiers_stand_behind_their_mark(void **state)
{
	char *text = shown(view_letter,
	    "{\"letter\":1,\"opened\":true,\"headers\":{},\"identifiers\":["
	    "{\"kind\":\"CVE\",\"value\":\"CVE-2026-41928\",\"covered\":"
	    "true},{\"kind\":\"TLP\",\"value\":\"TLP:AMBER\\n| x\","
	    "\"covered\":false}]}",
	    80);

	(void)state;
	assert_has(text, "\nIdentifiers found in the text\n"
			 "| CVE         CVE-2026-41928\n"
			 "? TLP         TLP:AMBER | x\n");
	free(text);
}

/* Each kind of list says what is not shown of it. */
static void
test_lists_that_were_cut(void **state)
{
	char *text = shown(view_letter,
	    "{\"letter\":1,\"opened\":true,\"headers\":{\"to\":[{\"address\":"
	    "\"a@b.example\"}],\"from\":[],\"counts\":{\"to\":3,\"from\":0}},"
	    "\"counts\":{\"identifiers\":9,\"fields\":301},\"identifiers\":[{"
	    "\"kind\":\"CVE\",\"value\":\"CVE-2026-41928\"}],\"fields\":[{"
	    "\"field\":\"product\",\"value\":\"X\"}],\"layers\":[{\"layer\":"
	    "1,\"kind\":\"encrypted\",\"outcome\":\"opened\",\"opened\":true,"
	    "\"recipients\":[\"AB12\",\"CD34\"],\"counts\":{\"recipients\":"
	    "7}},{\"layer\":2,\"kind\":\"encrypted\",\"outcome\":\"opened\","
	    "\"opened\":true,\"recipients\":[\"AB12\"],\"counts\":{"
	    "\"recipients\":1}}]}",
	    80);

	(void)state;
	assert_has(text, "\n  To          a@b.example, … and 2 more\n");
	assert_has(text, "CVE-2026-41928\n  … and 8 more\n");
	assert_has(text, "product     X\n  … and 300 more\n");
	assert_has(text, ", for AB12, CD34, … and 5 more\n");
	assert_has(text, ", for AB12\n");
	free(text);
}

/* ---- keys ---- */

#define KEYS                                                                   \
	"{\"keys\":[{\"whose\":\"department plc: Akira\",\"fingerprint\":"     \
	"\"1111111111111111111111111111111111111111\",\"can\":[\"sign\","      \
	"\"encrypt\"],\"expires\":\"2026-12-01T08:00:00Z\",\"problem\":"       \
	"\"new: waits for two persons\",\"waits\":true,"                       \
	"\"next\":\"psirt key confirm "                                        \
	"1111111111111111111111111111111111111111\"}],\"open_cases\":0}"

static void
test_keys(void **state)
{
	char *text = shown(view_key, KEYS, 80);

	(void)state;
	assert_has(text, "department plc: Akira");
	assert_has(text, "sign encrypt");
	assert_has(text, "new: waits for two persons");
	assert_has(text, "2026-12-01");
	assert_has(text, "1111111111111111111111111111111111111111");
	free(text);
	text = shown(view_today, KEYS, 80);
	assert_has(text, "Keys that expire or cannot be used");
	assert_has(
	    text, "psirt key confirm 1111111111111111111111111111111111111111");
	assert_has_not(text, "Nothing waits");
	free(text);
}

static void
test_hidden_recipients_have_no_key_id(void **state)
{
	static const struct {
		const char *ids, *line;
	} rows[] = {
	    {"\"0000000000000000\"",
		"\n  1  encrypted, opened, for a hidden recipient\n"},
	    {"\"0000000000000000\",\"AB12\",\"0000000000000000\"",
		"\n  1  encrypted, opened, for AB12, 2 hidden recipients\n"},
	    {"\"00000000000000AB\"",
		"\n  1  encrypted, opened, for 00000000000000AB\n"},
	    {"", "\n  1  encrypted, opened\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char json[400];
		char *text;

		snprintf(json, sizeof(json),
		    "{\"letter\":1,\"opened\":true,\"headers\":{},\"layers\":[{"
		    "\"layer\":1,\"kind\":\"encrypted\",\"outcome\":\"opened\""
		    ",\"opened\":true,\"recipients\":[%s]}]}",
		    rows[i].ids);
		text = shown(view_letter, json, 80);
		assert_has(text, rows[i].line);
		free(text);
	}
}

/* No verdict and no mark of its own: part 2 has them. */
static void
test_a_clearsigned_block_says_where_its_text_is(void **state)
{
	char *text = shown(view_letter,
	    "{\"letter\":1,\"opened\":true,\"headers\":{},\"parts\":[{\"part\":"
	    "1,\"kind\":\"clearsigned\",\"covered\":false,\"verdict\":"
	    "\"unsigned\",\"why\":\"no signature\",\"text\":null,\"text_in\":"
	    "2},{\"part\":2,\"kind\":\"text\",\"covered\":true,\"pinned_to\":"
	    "\"correspondent JPCERT/CC\",\"text\":\"words\",\"text_in\":null}],"
	    "\"next\":[\"psirt show 1\"]}",
	    80);

	(void)state;
	assert_has(text, "\n-- part 1: its text is part 2\n\n"
			 "-- part 2: SIGNED by correspondent JPCERT/CC\n");
	assert_has_not(text, "NOT SIGNED");
	assert_has_not(text, "\n? ");
	assert_has(text, "\n| words\n\nNext: psirt show 1\n");
	free(text);
}

static void
test_headers_stand_under_who_vouches_for_them(void **state)
{
	static const struct {
		const char *is_signed, *believed, *title;
	} rows[] = {
	    {"true", "true",
		"\nHeaders of layer 1 (SIGNED by correspondent X)\n"},
	    {"false", "true",
		"\nHeaders of layer 1 (inside the encryption, not signed: "
		"because)\n"},
	    {"false", "false",
		"\nHeaders of layer 1 (not protected: because)\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char json[900];
		char *text;

		snprintf(json, sizeof(json),
		    "{\"letter\":1,\"opened\":true,\"headers\":{\"subject\":"
		    "\"a\",\"from\":[{\"name\":\"v@x.example\\\" <v@x.example>"
		    "\",\"address\":\"x@\\u0435vil.example\",\"remark\":\"look "
		    "twice\"},{\"name\":null,\"address\":\"y@z\"}]},"
		    "\"protected\":{\"layer\":1,\"signed\":%s,\"believed\":%s,"
		    "\"pinned_to\":\"correspondent X\",\"why\":\"because\","
		    "\"subject\":\"件名\",\"from\":[],\"differs\":[\"from\","
		    "\"subject\"]}}",
		    rows[i].is_signed, rows[i].believed);
		text = shown(view_letter, json, 100);
		assert_has(text, "\nHeaders (never signed)\n");
		/* No name can put an address before the true one. */
		assert_has(text,
		    "\n  From        x@<U+0435>vil.example \"v@x.example\\\" "
		    "<v@x.example>\", y@z\n");
		assert_has(text, "\n  !! From 1: look twice\n");
		assert_has(text, rows[i].title);
		assert_has(text, "\n  Subject     件名\n");
		assert_has(text, "\n!! FROM DIFFERS:");
		assert_has(text, "\n!! SUBJECT DIFFERS:");
		free(text);
	}
}

static void
test_what_no_signature_covers_says_why(void **state)
{
	static const struct {
		const char *verdict, *line;
	} rows[] = {
	    {"unsigned", "\n-- part 1: NOT SIGNED: because"},
	    {"unknown-key", "\n-- part 1: NO KNOWN SIGNER: because"},
	    {"bad", "\n-- part 1: BAD SIGNATURE: because"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char json[600];
		char *text;

		snprintf(json, sizeof(json),
		    "{\"letter\":1,\"opened\":true,\"headers\":{},\"layers\":[{"
		    "\"layer\":1,\"part\":2,\"opened\":true}],\"parts\":[{"
		    "\"part\":1,"
		    "\"kind\":\"text\",\"covered\":false,\"verdict\":\"%s\","
		    "\"why\":\"because\",\"text\":\"words\"},{\"part\":2,"
		    "\"kind\":\"encrypted\",\"covered\":false}],\"next\":[]}",
		    rows[i].verdict);
		text = shown(view_letter, json, 80);
		assert_has(text, rows[i].line);
		assert_has(text, "\n? words\n");
		/* What only held the others is not shown as a part. */
		assert_has_not(text, "-- part 2");
		free(text);
	}
	/* One that stayed closed is. */
	{
		char *text = shown(view_letter,
		    "{\"letter\":1,\"opened\":true,\"headers\":{},\"layers\":[{"
		    "\"layer\":1,\"opened\":false}],\"parts\":[{\"part\":1,"
		    "\"kind\":\"encrypted\",\"covered\":false,\"verdict\":"
		    "\"unsigned\",\"why\":\"no signature\"}],\"next\":[]}",
		    80);

		assert_has(text, "-- part 1: NOT SIGNED");
		free(text);
	}
}

/* What held others is told of where it is not opened, and there alone. */
static void
test_what_only_held_others(void **state)
{
	static const struct {
		const char *first, *second, *flags;
		bool is_told;
	} rows[] = {
	    {"true", "true", "", false},
	    {"true", "false", "", false},
	    {"false", "true", "", true},
	    {"true", "true", "\"repeated\"", false},
	    {"false", "true", "\"repeated\"", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool again = rows[i].flags[0] != '\0';
		char json[500];
		char *text;

		snprintf(json, sizeof(json),
		    "{\"letter\":1,\"opened\":true,\"headers\":{},\"layers\":["
		    "{\"layer\":1,\"part\":1,\"opened\":%s},{\"layer\":2,"
		    "\"part\":2,\"opened\":%s}],\"parts\":[{\"part\":%d,"
		    "\"kind\":\"encrypted\",\"covered\":false,\"flags\":[%s]}]"
		    "}",
		    rows[i].first, rows[i].second, again ? 3 : 1,
		    rows[i].flags);
		text = shown(view_letter, json, 80);
		if (rows[i].is_told)
			assert_has(text, "\n-- part ");
		else
			assert_has_not(text, "\n-- part ");
		free(text);
	}
}

static void
test_raw_bytes(void **state)
{
	char *text = shown(
	    view_letter, "{\"letter\":1,\"raw\":[\"QQD/DQ==\",\"Cg==\"]}", 80);

	(void)state;
	assert_memory_equal(text, "A\0\xff\r\n", 5);
	free(text);
}

static void
test_unopened_letter(void **state)
{
	char *text = shown(view_letter,
	    "{\"letter\":2,\"state\":\"quarantined\",\"reason_text\":\"It "
	    "could not be decrypted.\",\"opened\":false,\"headers\":{},"
	    "\"clocks\":[{\"clock\":\"45 days\",\"due\":"
	    "\"2027-01-08T00:00:00Z\"}],\"parts\":[],\"next\":"
	    "[\"psirt file 2\",\"psirt letter 2 --reopen\"]}",
	    80);

	(void)state;
	assert_has(text, "It could not be decrypted.");
	assert_has(text, "--raw has its bytes.\n\nNext: psirt file 2\n");
	assert_has(text, "45 days");
	assert_has(text, "Next: psirt file 2\n      psirt letter 2 --reopen\n");
	free(text);
}

/* ---- the others ---- */

static void
test_log(void **state)
{
	static const char lines[] =
	    "{\"lines\":[{\"line\":1,\"at\":\"2026-11-24T08:00:00Z\",\"what\":"
	    "\"letter-dropped\",\"actor\":\"yuki\",\"case\":null,\"letter\":4,"
	    "\"mail\":null,\"code\":18,\"code_text\":\"dropped\",\"noted\":"
	    "true,\"note\":%s}]}";
	char with[512];
	char *text;

	(void)state;
	snprintf(with, sizeof(with), lines, "null");
	text = shown(view_log, with, 100);
	assert_has(text, "letter 4  letter-dropped (note)\n");
	assert_has_not(text, "NOTE");
	free(text);
	snprintf(with, sizeof(with), lines, "\"広告です\"");
	text = shown(view_log, with, 100);
	assert_has(text, "NOTE");
	assert_has(text, "広告です\n");
	free(text);
	text = shown(
	    view_log, "{\"whole\":true,\"lines\":12,\"head\":\"abcd\"}", 80);
	assert_string_equal(text, "The record is whole: 12 lines.\n"
				  "Head of the chain: abcd\n");
	free(text);
	text = shown(view_log, "{\"lines\":[]}", 80);
	assert_string_equal(text, "No lines.\n");
	free(text);
}

static void
test_lists_and_answers(void **state)
{
	char *text;

	(void)state;
	text = shown(view_list, "{\"cases\":[]}", 80);
	assert_string_equal(text, "No open cases.\n");
	free(text);
	text = shown(view_list, "{\"letters\":[]}", 80);
	assert_string_equal(text, "No letters.\n");
	free(text);
	text = shown(view_queue, "{\"mails\":[]}", 80);
	assert_string_equal(text, "Nothing waits to leave.\n");
	free(text);
	text = shown(view_queue,
	    "{\"mail\":7,\"done\":\"counts as sent\",\"next\":[]}", 80);
	assert_string_equal(text, "Mail 7 counts as sent.\n");
	free(text);
	text = shown(view_done,
	    "{\"letter\":4,\"done\":\"is dropped\",\"next\":[\"psirt letter "
	    "4\"]}",
	    80);
	assert_string_equal(
	    text, "Letter 4 is dropped.\nNext: psirt letter 4\n");
	free(text);
	text = shown(view_done,
	    "{\"case\":\"PSIRT-2026-0001\",\"departments\":[\"plc\",\"qa\"],"
	    "\"details\":true,\"attachments\":false,\"next\":[]}",
	    80);
	assert_string_equal(
	    text, "PSIRT-2026-0001 goes to: plc, qa, with details\n");
	free(text);
	text = shown(view_done,
	    "{\"case\":\"PSIRT-2026-0001\",\"departments\":[\"plc\",\"qa\"],"
	    "\"notices\":[\"care\"],\"details\":false,\"attachments\":false}",
	    80);
	assert_string_equal(
	    text, "PSIRT-2026-0001 goes to: plc, qa; a notice alone: care\n");
	free(text);
}

static void
test_show(void **state)
{
	char *text = shown(view_show,
	    "{\"case\":\"PSIRT-2026-0001\",\"title\":null,\"state\":\"open\","
	    "\"flow\":\"direct\",\"phase\":1,\"phase_text\":\"notification\","
	    "\"source\":\"finder\",\"finder\":{\"name\":\"山田 太郎\","
	    "\"address\":\"t@x.example\",\"key\":\"AB\",\"key_standing\":"
	    "\"kept\"},\"clocks\":[{\"clock\":\"first answer\",\"due\":"
	    "\"2026-12-01T00:00:00Z\"}],\"identifiers\":[{\"kind\":\"CVE\","
	    "\"value\":\"CVE-2026-41928\"}],\"letters\":[{\"letter\":1,"
	    "\"received\":\"2026-11-24T00:00:00Z\",\"verdict\":\"unsigned\","
	    "\"unconfirmed\":true,\"sender\":\"t@x.example\",\"subject\":"
	    "\"件名\"}],\"mails\":[],\"departments\":[],\"next\":"
	    "[\"psirt route 1 plc\",\"psirt log --case 1\"]}",
	    80);

	(void)state;
	assert_has(text, "PSIRT-2026-0001\n");
	assert_has(text, "1 notification\n");
	assert_has(text, "山田 太郎\n");
	assert_has(text, "Finder (as the letter says; no signature proves it)");
	assert_has(text, "which is  kept: it came with a letter and signed "
			 "nothing\n");
	assert_has(text, "Identifiers (as letters give them, signed or not)");
	assert_has(text, "first answer  2026-12-01 00:00\n");
	assert_has(text, "CVE-2026-41928\n");
	assert_has(text, "Next: psirt route 1 plc\n");
	free(text);
}

/* Three mails to one department are told apart. */
static void
test_departments_say_what_for(void **state)
{
	char *text = shown(view_show,
	    "{\"case\":\"PSIRT-2026-0001\",\"departments\":[{\"department\":"
	    "\"plc\",\"contact\":\"Hana\",\"kind\":\"overview\",\"state\":"
	    "\"sent\",\"sent\":\"2026-11-24T00:00:00Z\"},{\"department\":"
	    "\"plc\",\"contact\":\"Hana\",\"kind\":\"details\",\"state\":"
	    "\"held\",\"sent\":null}]}",
	    100);

	(void)state;
	assert_has(text, "KIND      STATE  SENT\n");
	assert_has(text, "overview  sent   2026-11-24 00:00\n");
	assert_has(text, "details   held   -\n");
	free(text);
}

static void
test_letter_says_how_it_was_answered(void **state)
{
	char *text = shown(view_letter,
	    "{\"letter\":3,\"opened\":true,\"headers\":{},\"parts\":[],"
	    "\"answered\":[{\"mail\":14,\"how\":\"asked to resend\","
	    "\"state\":\"sent\",\"sent\":\"2026-11-25T09:49:00Z\"},{\"mail\":"
	    "15,\"how\":\"acknowledged\",\"state\":\"held\",\"sent\":null}]}",
	    100);

	(void)state;
	assert_has(text,
	    "answered     asked to resend 2026-11-25 09:49 (mail 14); "
	    "acknowledged held (mail 15)\n");
	free(text);
}

static void
test_queue_shows_the_next_try(void **state)
{
	char *text = shown(view_queue,
	    "{\"mails\":[{\"mail\":7,\"case\":\"PSIRT-2026-0001\",\"state\":"
	    "\"sealed\",\"tries\":2,\"not_before\":\"2026-11-25T09:49:00Z\"}]}",
	    100);

	(void)state;
	assert_has(text, "TRIES  NEXT TRY          TYPE NEXT\n");
	assert_has(text, "2      2026-11-25 09:49  ");
	free(text);
}

static void
test_json_is_ascii(void **state)
{
	json_t *answer = json_pack("{s:i,s:{s:s}}", "version", 1, "data",
	    "title", "\xe2\x80\xae\x1b\x7f件");
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	json_t *again;

	(void)state;
	assert_int_equal(view_json(out, answer), 0);
	fclose(out);
	for (size_t i = 0; i < len; i++)
		assert_true(
		    (text[i] >= ' ' && text[i] < 0x7f) || text[i] == '\n');
	again = json_loads(text, 0, NULL);
	assert_true(json_equal(again, answer));
	json_decref(again);
	json_decref(answer);
	free(text);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_today),
	    cmocka_unit_test(test_reasons_are_never_cut),
	    cmocka_unit_test(test_nothing_waits),
	    cmocka_unit_test(test_signed_and_unsigned_text),
	    cmocka_unit_test(test_file_name_cannot_speak_for_psirt),
	    cmocka_unit_test(test_a_part_tells_all_of_itself),
	    cmocka_unit_test(test_fields_stand_behind_their_mark),
	    cmocka_unit_test(test_identifiers_stand_behind_their_mark),
	    cmocka_unit_test(test_lists_that_were_cut),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_hidden_recipients_have_no_key_id),
	    cmocka_unit_test(test_a_clearsigned_block_says_where_its_text_is),
	    cmocka_unit_test(test_headers_stand_under_who_vouches_for_them),
	    cmocka_unit_test(test_what_no_signature_covers_says_why),
	    cmocka_unit_test(test_what_only_held_others),
	    cmocka_unit_test(test_raw_bytes),
	    cmocka_unit_test(test_unopened_letter),
	    cmocka_unit_test(test_log),
	    cmocka_unit_test(test_lists_and_answers),
	    cmocka_unit_test(test_show),
	    cmocka_unit_test(test_departments_say_what_for),
	    cmocka_unit_test(test_letter_says_how_it_was_answered),
	    cmocka_unit_test(test_queue_shows_the_next_try),
	    cmocka_unit_test(test_json_is_ascii),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
