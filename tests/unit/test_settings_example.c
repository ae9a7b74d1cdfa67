/*
 * test_settings_example.c - conf/psirtd.conf and psirtd.conf(5) say what the
 * program does: every key of the tables with its default, and nothing else.
 */
#include "settings_file.h"

#include "../../daemon/settings/flow_internal.h"

#define CONF "conf/psirtd.conf"
#define MAN "conf/psirtd.conf.5"
#define FLOW_MAN "conf/psirtd-flow.5"

static char *
read_whole(const void *ctx, const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = talloc_zero_size(ctx, 1 << 18);
	size_t n;

	if (f == NULL)
		fail_msg("%s: run from the top folder", path);
	n = fread(text, 1, (1 << 18) - 1, f);
	fclose(f);
	assert_true(n > 0 && n < (1 << 18) - 1);
	return text;
}

/*
 * Takes the "#" off every setting of the example: a "#" with no space behind
 * it.  Lines that hold `leave_out` are left out (NULL: none).
 */
static char *
uncommented(const void *ctx, const char *leave_out)
{
	char *text = read_whole(ctx, CONF);
	char *out = talloc_strdup(ctx, "");
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		size_t indent = strspn(line, "\t ");

		if (leave_out != NULL && strstr(line, leave_out) != NULL)
			line = (char *)(uintptr_t) "";
		else if (line[indent] == '#' && line[indent + 1] != ' ')
			line[indent] = ' ';
		out = talloc_asprintf_append(out, "%s\n", line);
	}
	return out;
}

/* A default as the example and the manual write it. */
static char *
written(const void *ctx, const char *fallback)
{
	size_t len = strlen(PSIRTD_DATADIR);

	if (strncmp(fallback, PSIRTD_DATADIR, len) == 0)
		return talloc_asprintf(
		    ctx, "@PREFIX@/share/psirtd%s", fallback + len);
	return talloc_strdup(ctx, fallback);
}

/* With what it names on the host put where a test can have it. */
static char *
at_home(const void *ctx, char *text)
{
	static const char ca[] = "/etc/ssl/certs/example-ca.pem";
	static const char *const shipped[][2] = {
	    {"@SYSCONFDIR@/psirtd/flow-jpcert.conf",
		"/proc/self/cwd/conf/flow-jpcert.conf"},
	    {"@SYSCONFDIR@/psirtd/flow-direct.conf",
		"/proc/self/cwd/conf/flow-direct.conf"},
	    {"@SYSCONFDIR@/psirtd/holidays\"",
		"/proc/self/cwd/conf/holidays-jp\""},
	    {"@SYSCONFDIR@/psirtd/customers.csv",
		"/proc/self/cwd/conf/customers.csv"},
	};
	const char *pem = file_with(ctx, GOOD_PEM);

	credentials_make();
	text = replaced(
	    ctx, text, "@PREFIX@/share/psirtd/templates", GOOD_TEMPLATES);
	text = replaced(ctx, text, "/var/lib/psirtd-gnupg", GOOD_GNUPGHOME);
	for (size_t i = 0; i < COUNT(shipped); i++)
		text = replaced(ctx, text, shipped[i][0], shipped[i][1]);
	while (strstr(text, ca) != NULL)
		text = replaced(ctx, text, ca, pem);
	return text;
}

/* Loads as it is shipped, on a host that has the folders. */
static void
test_example_loads(void **state)
{
	void *ctx = talloc_new(NULL);
	char *text = at_home(ctx, read_whole(ctx, CONF));
	char *errors = NULL;
	const struct settings *s;

	text = replaced(ctx, text, "#templates", "templates");
	text = replaced(ctx, text, "#gnupghome", "gnupghome");
	s = load_text(ctx, text, &errors);
	if (s == NULL)
		fail_msg("%s", errors);
	assert_int_equal(s->ndepartments, 0);
	assert_int_equal(s->noperators, 0);
	assert_string_equal(s->mailbox.secret.file, "%d/imap");
	assert_string_equal(s->submission.secret.file, "%d/smtp");
	talloc_free(ctx);
}

/* Every example in it is a value that would be taken. */
static void
test_every_example_loads(void **state)
{
	void *ctx = talloc_new(NULL);
	char *text = uncommented(ctx, "_command");
	char *errors = NULL;
	const struct settings *s;

	text = replaced(ctx, text, "operator \"sato\"",
	    talloc_asprintf(ctx, "operator \"%s\"", login_name()));
	text = at_home(ctx, text);
	s = load_text(ctx, text, &errors);
	if (s == NULL)
		fail_msg("%s", errors);
	assert_int_equal(s->ndepartments, 1);
	assert_int_equal(s->nproducts, 1);
	assert_int_equal(s->ncorrespondents, 1);
	assert_int_equal(s->noperators, 1);
	assert_non_null(s->recovery);
	assert_string_equal(s->templates, GOOD_TEMPLATES);
	/* And the files it names, as they are shipped. */
	assert_true(s->nholidays > 30);
	assert_int_equal(s->ncustomers, 3);
	assert_non_null(settings_flow(s, FLOW_JPCERT));
	assert_non_null(settings_flow(s, FLOW_DIRECT));
	talloc_free(ctx);

	/* And the commands, without the files. */
	ctx = talloc_new(NULL);
	text = uncommented(ctx, "_file = \"%d");
	text = replaced(ctx, text, "operator \"sato\"",
	    talloc_asprintf(ctx, "operator \"%s\"", login_name()));
	text = at_home(ctx, text);
	s = load_text(ctx, text, &errors);
	if (s == NULL)
		fail_msg("%s", errors);
	assert_non_null(s->mailbox.secret.command);
	assert_non_null(s->passphrase.command);
	talloc_free(ctx);
}

static void
test_every_key_with_its_default(void **state)
{
	void *ctx = talloc_new(NULL);
	struct problems *p = problems_new(ctx, CONF);
	char *path = file_with(ctx, uncommented(ctx, NULL));
	struct tree *tree =
	    settings_parse(ctx, &conf_grammar, settings_text(ctx, path, p), p);
	struct loader l = {.tree = tree};

	assert_non_null(tree);
	assert_null(problems_text(ctx, p));
	for (size_t i = 0; i < nsections; i++) {
		const struct section *s = &sections[i];
		const struct node *node = settings_node(&l, s->name, NULL);

		if (node == NULL)
			fail_msg("no section %s in " CONF, s->name);
		for (size_t k = 0; k < s->nkeys; k++) {
			const struct key *key = &s->keys[k];
			const struct entry *e = entry_find(node, key->name);

			if (e == NULL)
				fail_msg(
				    "no %s in %s of " CONF, key->name, s->name);
			if (key->fallback != NULL &&
			    strcmp(e->values[0], written(ctx, key->fallback)) !=
				0)
				fail_msg(CONF ": %s of %s is %s, not its "
					      "default %s",
				    key->name, s->name, e->values[0],
				    key->fallback);
		}
	}
	talloc_free(ctx);
}

/* What the example sets by itself is what must be filled in, no more. */
static void
test_live_keys_are_needed(void **state)
{
	void *ctx = talloc_new(NULL);
	struct problems *p = problems_new(ctx, CONF);
	struct tree *tree =
	    settings_parse(ctx, &conf_grammar, settings_text(ctx, CONF, p), p);

	assert_non_null(tree);
	for (size_t i = 0; i < tree->nnodes; i++) {
		const struct node *node = &tree->nodes[i];
		const struct section *s = section_find(node->section);

		for (size_t k = 0; k < node->nentries; k++) {
			const struct key *key =
			    key_find(s, node->entries[k].name);

			assert_non_null(key);
			if (!key->required &&
			    strcmp(key->name, "password_file") != 0)
				fail_msg("%s of %s is set, and has a default",
				    key->name, s->name);
		}
	}
	talloc_free(ctx);
}

/* The text of a subsection of the manual, up to the next heading. */
static char *
man_section(const void *ctx, const char *man, const char *name)
{
	char *head = talloc_asprintf(
	    ctx, "\n.Ss %s\n", strcmp(name, "root") == 0 ? "Top level" : name);
	const char *at = strstr(man, head);
	const char *end;

	if (at == NULL)
		fail_msg("no .Ss %s in " MAN, name);
	at += strlen(head) - 1;
	for (end = at + 1; *end != '\0'; end++)
		if (strncmp(end, "\n.Ss ", 5) == 0 ||
		    strncmp(end, "\n.Sh ", 5) == 0)
			break;
	return talloc_strndup(ctx, at, (size_t)(end - at));
}

static size_t
count_items(const char *text)
{
	size_t n = 0;

	while ((text = strstr(text, "\n.It Cm ")) != NULL) {
		text++;
		n++;
	}
	return n;
}

/* ".It Cm key = Li default", or ".It Cm key = Ar what" without one. */
static void
check_manual(const struct grammar *g, const char *path)
{
	void *ctx = talloc_new(NULL);
	char *man = read_whole(ctx, path);

	for (size_t i = 0; i < g->nsections; i++) {
		const struct section *s = &g->sections[i];
		char *text;

		if (s->nkeys == 0)
			continue;
		text = man_section(ctx, man, s->name);
		for (size_t k = 0; k < s->nkeys; k++) {
			const struct key *key = &s->keys[k];
			char *head;

			if (key->fallback == NULL)
				head = talloc_asprintf(
				    ctx, "\n.It Cm %s = Ar ", key->name);
			else if (strchr(key->fallback, ' ') != NULL)
				head = talloc_asprintf(ctx,
				    "\n.It Cm %s = Li \"%s\"\n", key->name,
				    written(ctx, key->fallback));
			else
				head = talloc_asprintf(ctx,
				    "\n.It Cm %s = Li %s\n", key->name,
				    written(ctx, key->fallback));
			if (strstr(text, head) == NULL)
				fail_msg(
				    "%s, %s: no line%s", path, s->name, head);
		}
		if (count_items(text) != s->nkeys)
			fail_msg("%s, %s: a key too many", path, s->name);
	}
	talloc_free(ctx);
}

static void
test_manual_has_every_key(void **state)
{
	check_manual(&conf_grammar, MAN);
	check_manual(&flow_grammar, FLOW_MAN);
}

/* In its list: quoted where it holds a blank. */
static void
check_word(const char *man, const char *word)
{
	char *bare = talloc_asprintf(NULL, " %s ", word);
	char *quoted = talloc_asprintf(bare, "\"%s\"", word);

	if (strstr(man, strchr(word, ' ') != NULL ? quoted : bare) == NULL)
		fail_msg(FLOW_MAN " does not know %s", word);
	talloc_free(bare);
}

/* What a flow file may name: roles, answers, guards, closing reasons. */
static void
test_flow_manual_has_every_word(void **state)
{
	void *ctx = talloc_new(NULL);
	char *man = read_whole(ctx, FLOW_MAN);

	/* A word ends with its line. */
	for (char *c = man; *c != '\0'; c++)
		if (*c == '\n')
			*c = ' ';
	for (int k = 1; k < ROLE_PARTY_COUNT; k++)
		check_word(man, role_name((enum role)k));
	for (int k = 1; k < ANSWER_KIND_COUNT; k++)
		check_word(man, answer_rule((enum answer_kind)k)->name);
	for (int k = 1; k < GUARD_EXPLOIT; k++)
		check_word(man, guard_name((enum guard_kind)k));
	for (int k = 1; k < CLOSE_COUNT; k++)
		check_word(man, close_reason_name((enum close_reason)k));
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_example_loads),
	    cmocka_unit_test(test_every_example_loads),
	    cmocka_unit_test(test_every_key_with_its_default),
	    cmocka_unit_test(test_live_keys_are_needed),
	    cmocka_unit_test(test_manual_has_every_key),
	    cmocka_unit_test(test_flow_manual_has_every_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
