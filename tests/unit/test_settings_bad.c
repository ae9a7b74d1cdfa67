/*
 * test_settings_bad.c - every mistake is told with its line and with what to
 * do; several at once; broken syntax.
 */
#include "settings_file.h"

struct bad {
	const char *from; /* NULL: `to` stands at the end of the file */
	const char *to;
	int line;
	const char *says;
};

/* What one value can be wrong in. */
static const struct bad values[] = {
    {"route = ask", "route = sometimes", 4,
	"route = \"sometimes\" must be one of auto, ask"},
    {"adopt = \"answer\"", "adopt = \"all\"", 2,
	"adopt = \"all\" must be one of leave, file, answer"},
    {"stale = \"2d\"", "stale = 2", 3,
	"stale = \"2\" must be a time such as \"60s\""},
    {"stale = \"2d\"", "stale = 0s", 3, "must lie between 1m and 365d"},
    {"port = 1993", "port = 99999", 7,
	"port = \"99999\" must lie between 1 and 65535"},
    {"port = 1993", "port = -1", 7, "port = \"-1\" must be a whole number"},
    {"letter_max = 20M", "letter_max = 1K", 11,
	"letter_max = \"1K\" must lie between 16K and 100M"},
    {"letter_max = 20M", "letter_max = 99999999999999999999G", 11,
	"must be a size such as"},
    {"imap.vendor.example", "imap vendor", 6,
	"host = \"imap vendor\" must be a host name"},
    {"\"psirt\"", "\"\"", 8, "user = \"\" must be one line of text"},
    {"\"psirt\"", "\"a\\nb\"", 8, "user = \"a\\x0ab\" must be one line"},
    {"%d/imap", "imap.secret", 9,
	"password_file = \"imap.secret\" must be a path that begins with / or "
	"with %d/"},
    {"/bin/cat '", "cat '", 17, "a command whose program begins with /"},
    {"the smtp'", "the smtp", 17, "quotes closed"},
    {"PSIRT@Vendor.Example", "psirt", 20,
	"address = \"psirt\" must be a mail address"},
    {"language = ja", "language = de", 24, "must be one of en, ja"},
    {"0a0a 0a0a 0a0a 0a0a 0a0a  ", "0a0a ", 27,
	"must be a whole OpenPGP fingerprint: 40 hexadecimal digits"},
    {"role = \"quality\"", "role = \"qualty\"", 42,
	"must be one of design, research, quality"},
    {"design = \"plc\"\n  quality", "design = \"plcs\"\n  quality", 54,
	"design = \"plcs\": there is no such department, did you mean plc?"},
    {"quality = \"qa\" }", "quality = \"nobody\" }", 61,
	"there is no such department: write department nobody { … }"},
    {"flow = \"jpcert\"", "flow = \"sideways\"", 67,
	"must be one of jpcert, direct"},
    {"{\"JPCERT.example\"}", "{\"x@y.example\"}", 64,
	"domains = \"x@y.example\" must be a domain"},
    {"role = \"lead\"", "role = \"root\"", 76,
	"must be one of viewer, operator, lead"},
    {"/var/lib/psirtd/psirtd.db", "psirtd.db", 1,
	"database = \"psirtd.db\" must be a path that begins with /"},
    {"language = ja", "policy_url = ftp://x", 24,
	"must be an address that begins with https://"},
    {"language = ja", "number_prefix = psirt", 24,
	"must be 2 to 16 capital letters"},
    {"poll = \"2m\"", "filed = \"Erledigt/*\"", 10,
	"must be the name of a mailbox folder in plain ASCII"},
};

/* What is missing, doubled, or in the wrong place. */
static const struct bad places[] = {
    {"  user = \"psirt\"\n", "", 5, "mailbox needs user: one line of text"},
    {"adopt = \"answer\"", "adoptt = \"answer\"", 2,
	"adoptt is not known at the top level: did you mean adopt?"},
    {"  poll = \"2m\"", "  adopt = file", 10,
	"adopt is not known in mailbox { }: it belongs at the top level"},
    {"route = ask", "poll = 2m", 4, "it belongs in mailbox { }"},
    {"route = ask", "xyzzy = 2m", 4,
	"xyzzy is not known at the top level: take it out"},
    {"route = ask", "xyzzy \"a\" { b = c }", 4, "xyzzy is not known"},
    {"route = ask", "route = ask\nroute = auto", 5,
	"route is set twice, first on line 4: take one out"},
    {"route = ask", "route = {ask, auto}", 4, "takes one value, not a list"},
    {NULL, "mailbox { host = x }\n", 80,
	"mailbox stands twice, first on line 5: put both together"},
    {"department \"qa\"", "department \"PLC\"", 41,
	"department PLC stands twice, first on line 32: give one another name"},
    {"contact \"Kei Care\"", "contact \"Hana Quality\"", 47,
	"contact Hana Quality stands twice, first on line 43"},
    {"product \"制御盤\"", "product \"xyz-100\"", 57, "stands twice"},
    {"department \"qa\"", "department \"q a\"", 41,
	"the name is typed in commands: no spaces"},
    {"{\"XYZ-100\", \"XYZ 100\"}", "{\"XYZ-100\", \"XYZ-100\"}", 53,
	"\"XYZ-100\" stands in the list twice: take one out"},
    {"    address = \"Design@vendor.example\"\n", "", 35,
	"contact Akira Design needs address: a mail address"},
    {"\"" KEY_CERT "\"", "", 69,
	"correspondent Overseas CERT needs fingerprints: a whole OpenPGP"},
};

/* What only the whole can tell. */
static const struct bad wholes[] = {
    {"  password_file = \"%d/imap\"\n", "", 5,
	"mailbox needs password_file (a path, or %d/NAME of the credentials "
	"folder) or password_command"},
    {"  poll", "  password_command = \"/bin/true\"\n  poll", 10,
	"mailbox has password_file and password_command: take one out"},
    {"  retired",
	"passphrase_command = /bin/true passphrase_file = /x\n  retired", 28,
	"keys has passphrase_file and passphrase_command: take one out"},
    {"poll = \"2m\"", "filed = inbox", 10,
	"folder and filed are the same folder \"inbox\""},
    {"poll = \"2m\"", "too_large = Filed", 10,
	"filed and too_large are the same folder"},
    {"poll = \"2m\"", "junk = inbox", 10,
	"folder and junk are the same folder"},
    {"route = ask",
	"socket = /1234567890123456789012345678901234567890123456789012345678"
	"90123456789012345678901234567890123456789012345678",
	4, "socket: its path is 2 bytes too long for a socket"},
    {"route = ask",
	"work_dir = /12345678901234567890123456789012345678901234567890123456"
	"7890123456789012345678901234567890",
	4,
	"work_dir: its path is 4 bytes too long for the sockets of "
	"gpg-agent"},
    {"route = ask", "heartbeat = /tmp/heartbeat", 4,
	"heartbeat: it must be a file of its own beside socket or database"},
    {"route = ask", "heartbeat = /var/lib/psirtd/psirtd.db-wal", 4,
	"heartbeat: it must be a file of its own"},
    {"route = ask", "heartbeat = /run/psirtd/control.sock", 4,
	"heartbeat: it must be a file of its own"},
    {"route = ask", "heartbeat = /run/psirtd/below/heartbeat", 4,
	"heartbeat: it must be a file of its own"},
    {"route = ask", "socket = /var/lib/psirtd/psirtd.db", 4,
	"socket and database are the same path"},
    {"\"" GOOD_GNUPGHOME "\"", "/run/psirtd-vault/x", 26,
	"gnupghome lies in work_dir"},
    {"{\"XYZ-100\", \"XYZ 100\"}", "{\"XYZ-100\", \"制 御盤\"}", 57,
	"product 制御盤: \"制御盤\" is a name of product XYZ-100 too (line "
	"52)"},
    {"  pattern", "  names = {\"ＸＹｚ　-100\"}\n  pattern", 58,
	"\"ＸＹｚ　-100\" is a name of product XYZ-100 too"},
    {"security@vendor.example", "psirt@vendor.example", 21,
	"aliases: psirt@vendor.example is the desk's address already"},
    {"  aliases", "  alert_plain = {\"psirt@vendor.example\"}\n  aliases", 21,
	"alert_plain: psirt@vendor.example is the desk's own address"},
    {"Design@vendor.example", "Security@vendor.example", 36,
	"contact Akira Design: security@vendor.example is the desk's own "
	"address"},
    {"care@vendor.example", "quality@vendor.example", 48,
	"quality@vendor.example is contact Hana Quality of the same "
	"department already"},
    {"    mail = \"notice\"\n", "", 47,
	"contact Kei Care needs a fingerprint, or mail = notice where the "
	"person has no OpenPGP"},
    {"    language = \"en\"", "    mail = notice", 37,
	"contact Akira Design has a fingerprint and mail = notice"},
    {NULL, "department sales { role = sales }\n", 80,
	"department sales has nobody to write to: put contact NAME { … } "
	"into it"},
    {NULL, "operator \"no-such-login\" { role = viewer }\n", 80,
	"operator no-such-login: this host has no such login"},
    {"  fingerprint = \"" KEY_DESK "\"\n", "", 77,
	"has an address and no fingerprint: add it, what is sent there is "
	"encrypted"},
    {"desk@vendor.example", "psirt@vendor.example", 77,
	"psirt@vendor.example is the desk's own address"},
    {"{\"Overseas\"}", "{\"jpcert/cc\"}", 70,
	"correspondent Overseas CERT: \"jpcert/cc\" is among the names of "
	"correspondent JPCERT/CC too (line 62)"},
    {"cert@cert.example", "vuls@JPCERT.example", 71,
	"is among the addresses of correspondent JPCERT/CC too"},
    {"{\"cert@cert.example\"}",
	"{\"cert@cert.example\"} domains = {\"x.example\",\n"
	"\"jpcert.example\"}",
	72, "is among the domains of correspondent JPCERT/CC too"},
    {"cert@cert.example", "design@vendor.example", 71,
	"design@vendor.example is the address of contact Akira Design"},
    {"{\"JPCERT.example\"}", "{\"a.example\", \"vendor.example\"}", 64,
	"vendor.example is the domain of the desk, whose letters would be set "
	"aside"},
};

/* What the host lacks, by the line of its own key. */
static const struct bad files[] = {
    {GOOD_TEMPLATES, "/nonexist", 1,
	"templates: /nonexist: No such file or directory"},
    {GOOD_TEMPLATES, "/dev/null", 1, "templates: /dev/null is no folder"},
    {GOOD_TEMPLATES, "/proc", 1, "templates: /proc/ja: No such file"},
    {"\"" GOOD_GNUPGHOME "\"", "\n/nonexist", 27,
	"gnupghome: /nonexist: No such file or directory"},
    {"\"" GOOD_GNUPGHOME "\"", "/dev/null", 26,
	"gnupghome: /dev/null is no folder"},
    {"%d/imap", "/nonexist/imap", 9,
	"password_file: /nonexist/imap: No such file or directory"},
    {"%d/imap", "/dev/null", 9, "password_file: /dev/null is no file"},
    {"%d/imap", "/proc/self/cmdline", 9,
	"password_file: /proc/self/cmdline is open to everybody"},
    {"  password_command = \"/bin/cat '/etc/psirtd/the smtp'\"",
	"\n  password_file = /nonexist/smtp", 18,
	"password_file: /nonexist/smtp: No such file"},
    {"  retired", "passphrase_file = %d/none retired", 28,
	"/none: No such file"},
    {"  poll", "  ca_file = /nonexist.pem\n  poll", 10,
	"ca_file: /nonexist.pem: No such file or directory"},
    {"  poll", "  ca_file = /tmp\n  poll", 10, "ca_file: /tmp is no file"},
    {"  starttls", "  ca_file = /proc/self/status\n  starttls", 15,
	"ca_file: /proc/self/status holds no certificate in PEM"},
};

static const struct bad keys[] = {
    {KEY_QUALITY, KEY_DESIGN, 45,
	"fingerprint " KEY_DESIGN " of contact Hana Quality is that of contact "
	"Akira Design already (line 37): a key stands for one party; one "
	"person has one address"},
    {KEY_CERT, KEY_JPCERT_2, 72,
	"of correspondent Overseas CERT is that of correspondent JPCERT/CC "
	"already (line 66)"},
    {KEY_CERT, KEY_DESIGN, 72, "is that of contact Akira Design already"},
    {KEY_DESK, KEY_POC, 78, "is that of the POC already (line 27)"},
    {KEY_OLD, KEY_POC, 28, "is that of the POC already (line 27)"},
    {KEY_RECOVERY, KEY_OLD, 29,
	"of recovery is that of the POC, retired already (line 28)"},
    {KEY_DESK, KEY_JPCERT, 78,
	"is that of correspondent JPCERT/CC already (line 65)"},
    {"desk@vendor.example", "design@vendor.example", 78,
	"design@vendor.example has another key as contact Akira Design (line "
	"37): one of them is wrong"},
    {KEY_JPCERT_2, KEY_JPCERT, 66, "stands in the list twice"},
};

/* What libconfuse cannot go on behind. */
static const struct bad syntax[] = {
    {"organization = \"Vendor Inc.\"", "organization = \"Vendor Inc.", 22,
	"this quote is not closed"},
    {"route = ask", "/* route = ask", 4, "this comment is not closed"},
    {"\"Vendor Inc.\"", "\"${HOME}\"", 22, "${…} is not filled in here"},
    {"\"Vendor Inc.\"", "\"\xff\"", 22, "is not UTF-8"},
    {"submission {", "submission ", 14,
	"submission is a section: write submission { … }"},
    {"route = ask", "route ask", 4, "route takes a value: write route = …"},
    {"route = ask", "mailbox = ask", 4,
	"mailbox is a section: write mailbox { … }"},
    {"route = ask", "route = ask }", 4, "mend this first"},
    {"route = ask", "'' = ask", 4, "a name is empty: mend this first"},
    {"  poll", "  \"\" = 1\n  poll", 5, "a name is empty"},
};

/* A section or list that is not closed, at the end or in the middle. */
static const struct bad braces[] = {
    {KEY_DESK "\"\n}\n", KEY_DESK "\"\n", 75,
	"operator \"LOGIN\" is not closed: put } behind it"},
    {"  letter_max = 20M\n}\n", "  letter_max = 20M\n", 5,
	"mailbox is not closed: put } behind it"},
    {"\"en\"\n  }\n}\n", "\"en\"\n  }\n", 32,
	"department \"plc\" is not closed: put } behind it"},
    {KEY_QUALITY "\"\n  }\n", KEY_QUALITY "\"\n", 43,
	"contact \"Hana Quality\" is not closed: put } behind it"},
    {"{ quality = \"qa\" }", "{ quality = \"qa\"", 61,
	"default is not closed: put } behind it"},
    {"\"XYZ 100\"}", "\"XYZ 100\"", 53,
	"the list of names is not closed: put } behind it"},
    {NULL, "department \"x\" { contact \"y\" { address =", 80,
	"contact \"y\" is not closed"},
    {NULL, "department \"x\" { contact \"y\" { address =", 80,
	"department \"x\" is not closed"},
    {NULL, "xyzzy {", 80, "xyzzy is not closed"},
};

static void
expect(const struct bad *bad)
{
	void *ctx = talloc_new(NULL);
	char *text = good_text(ctx);
	char *want;
	char *errors = NULL;
	const char *says;
	const char *at;

	text = bad->from == NULL ? talloc_asprintf(ctx, "%s%s", text, bad->to)
				 : replaced(ctx, text, bad->from, bad->to);
	want = talloc_asprintf(ctx, ":%d: ", bad->line);
	says = bad->says;
	if (strstr(says, "LOGIN") != NULL)
		says = replaced(ctx, says, "LOGIN", login_name());
	if (load_text(ctx, text, &errors) != NULL)
		fail_msg("taken as good: %s", bad->to);
	/* The line, and the sentence on it. */
	for (at = errors; at != NULL && *at != '\0';) {
		size_t len = strcspn(at, "\n");
		char *one = talloc_strndup(ctx, at, len);

		if (strncmp(one, want, strlen(want)) == 0 &&
		    strstr(one, says) != NULL)
			break;
		at += len + (at[len] == '\n');
	}
	if (at == NULL || *at == '\0')
		fail_msg("wanted \"%s…%s\" in:\n%s", want, says, errors);
	talloc_free(ctx);
}

#define TABLE(name)                                                            \
	static void test_##name(void **state)                                  \
	{                                                                      \
		for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)    \
			expect(&name[i]);                                      \
	}

TABLE(values)
TABLE(places)
TABLE(wholes)
TABLE(files)
TABLE(keys)
TABLE(syntax)
TABLE(braces)

/* What stands behind a NUL would not be read, and nobody would see that. */
static void
test_a_nul(void **state)
{
	void *ctx = talloc_new(NULL);
	char *path = file_with(ctx, good_text(ctx));
	struct error err = {0};
	char *errors = NULL;
	FILE *f = fopen(path, "a");

	assert_non_null(f);
	assert_int_equal(fwrite("# \0\n", 1, 4, f), 4);
	fclose(f);
	assert_null(settings_load(ctx, path, &errors, &err));
	assert_non_null(strstr(errors, ":80: is not UTF-8"));
	talloc_free(ctx);
}

/* One mistake is one line, where nothing else hangs on it. */
static void
test_one_mistake_one_line(void **state)
{
	static const struct {
		const char *from, *to;
	} each[] = {{"route = ask", "route = x"}, {"poll", "pol"},
	    {"mail = \"notice\"", "mail = \"no\" fingerprint = \"12\""},
	    {"role = \"design\"", "role = \"designer\""},
	    {KEY_DESK "\"\n}\n", KEY_DESK "\"\n"},
	    {"  letter_max = 20M\n}\n", "  letter_max = 20M\n"},
	    {"\"XYZ 100\"}", "\"XYZ 100\""}, {"submission {", "submission "},
	    {"keys {", "kees {"}};

	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		void *ctx = talloc_new(NULL);
		char *errors = NULL;
		size_t lines = 0;

		assert_null(load_text(ctx,
		    replaced(ctx, good_text(ctx), each[i].from, each[i].to),
		    &errors));
		for (const char *c = errors; *c != '\0'; c++)
			lines += *c == '\n';
		if (lines > 2 || (lines == 2 && i != 2 && i != 8))
			fail_msg(
			    "%zu lines for one mistake:\n%s", lines, errors);
		talloc_free(ctx);
	}
}

/* A folder, a file, a secret that is missing is one error, and no more. */
static void
test_files_one_line_each(void **state)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		void *ctx;
		char *errors = NULL;

		/* Both languages are missing there. */
		if (strcmp(files[i].to, "/proc") == 0)
			continue;
		ctx = talloc_new(NULL);
		assert_null(load_text(ctx,
		    replaced(ctx, good_text(ctx), files[i].from, files[i].to),
		    &errors));
		if (strchr(errors, '\n') != strrchr(errors, '\n'))
			fail_msg("more than one line:\n%s", errors);
		talloc_free(ctx);
	}
}

/* A certificate has a beginning, something in it, and an end. */
static void
test_certificates(void **state)
{
	static const struct {
		const char *from, *to;
		bool fine;
	} each[] = {{"comment", "remark", true}, {"BEGIN", "BEGYN", false},
	    {"CERTIFICATE", "PRIVATE KEY", false}, {"END", "EMD", false},
	    {"MIIB", "    ", false}, {"-----END", "x\n-----END", true},
	    {"BEGIN CERTIFICATE-----\n",
		"BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", false},
	    {"A comment", "-----BEGIN CERTIFICATE-----\nx\n", true}};

	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		void *ctx = talloc_new(NULL);
		const char *pem = file_with(
		    ctx, replaced(ctx, GOOD_PEM, each[i].from, each[i].to));
		char *text = replaced(ctx, good_text(ctx), "  poll",
		    talloc_asprintf(ctx, "  ca_file = \"%s\"\n  poll", pem));
		char *errors = NULL;

		if ((load_text(ctx, text, &errors) != NULL) != each[i].fine)
			fail_msg("%s to %s: %s", each[i].from, each[i].to,
			    each[i].fine ? errors : "taken as good");
		if (!each[i].fine && strstr(errors, ":10: ca_file: ") == NULL)
			fail_msg("%s", errors);
		talloc_free(ctx);
	}
}

/* All that is wrong is told at once, from top to bottom. */
static void
test_all_at_once(void **state)
{
	void *ctx = talloc_new(NULL);
	char *text = good_text(ctx);
	char *errors = NULL;
	const char *a, *b, *c, *d;

	text = replaced(ctx, text, "flow = \"jpcert\"", "flow = x");
	text = replaced(ctx, text, "route = ask", "route = x");
	assert_null(load_text(ctx, text, &errors));
	a = strstr(errors, ":4: route");
	b = strstr(errors, ":67: flow");
	assert_non_null(a);
	assert_non_null(b);
	assert_true(a < b);

	text = replaced(ctx, text, "poll", "pol");
	text = replaced(ctx, text, KEY_QUALITY, KEY_DESIGN);
	assert_null(load_text(ctx, text, &errors));
	c = strstr(errors, ":10: pol is not known in mailbox { }: did you mean "
			   "poll?");
	d = strstr(errors, ":45: fingerprint");
	assert_non_null(c);
	assert_non_null(d);
	assert_true(c < d);
	talloc_free(ctx);
}

static void
test_file_itself(void **state)
{
	void *ctx = talloc_new(NULL);
	char *path = file_with(ctx, good_text(ctx));
	struct error err = {0};
	char *errors = NULL;

	assert_null(settings_load(ctx, "/no/such.conf", &errors, &err));
	assert_int_equal(err.fault, FAULT_SETUP);
	assert_string_equal(errors,
	    "/no/such.conf: cannot be opened: No such file or directory\n");
	assert_null(settings_load(ctx, "/dev/null", &errors, &err));
	assert_non_null(strstr(errors, "/dev/null: is no file"));
	assert_int_equal(chmod(path, 0666), 0);
	assert_null(settings_load(ctx, path, &errors, &err));
	assert_non_null(strstr(errors, "everybody may write to it: chmod o-w"));
	assert_int_equal(chmod(path, 0644), 0);
	assert_non_null(settings_load(ctx, path, &errors, &err));

	/* An empty file: one line for each section that is needed. */
	assert_null(load_text(ctx, "", &errors));
	assert_non_null(strstr(errors, ":1: the file needs a section desk"));
	assert_non_null(strstr(errors, ":1: the file needs a section keys"));
	assert_null(strstr(errors, "gnupghome"));
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_wholes),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_files_one_line_each),
	    cmocka_unit_test(test_certificates),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_syntax),
	    cmocka_unit_test(test_braces),
	    cmocka_unit_test(test_a_nul),
	    cmocka_unit_test(test_one_mistake_one_line),
	    cmocka_unit_test(test_all_at_once),
	    cmocka_unit_test(test_file_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
