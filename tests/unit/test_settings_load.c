/*
 * test_settings_load.c - a good psirtd.conf gives the right struct; who is
 * who; notes; the grammar may be written in more than one way.
 */
#include "settings_file.h"

static const struct settings *
load_good(const void *ctx)
{
	char *errors = NULL;
	const struct settings *s = load_text(ctx, good_text(ctx), &errors);

	if (s == NULL)
		fail_msg("%s", errors);
	return s;
}

static void
test_top_and_servers(void **state)
{
	void *ctx = talloc_new(NULL);
	const struct settings *s = load_good(ctx);

	assert_string_equal(s->database, "/var/lib/psirtd/psirtd.db");
	assert_string_equal(s->socket, "/run/psirtd/control.sock");
	assert_int_equal(s->adopt, ADOPT_ANSWER);
	assert_int_equal(s->stale_s, 2 * 86400);
	assert_false(s->route_auto);
	assert_int_equal(s->acknowledge, ACKNOWLEDGE_REPORT);
	assert_false(s->share_finder);
	assert_int_equal(s->workers, 0);

	assert_string_equal(s->mailbox.host, "imap.vendor.example");
	assert_null(s->mailbox.connect_to);
	assert_int_equal(s->mailbox.port, 1993);
	assert_false(s->mailbox.starttls);
	assert_string_equal(s->mailbox.user, "psirt");
	assert_string_equal(s->mailbox.secret.file, "%d/imap");
	assert_null(s->mailbox.secret.command);
	assert_int_equal(s->mailbox.timeout_s, 60);
	assert_int_equal(s->mailbox.place.line, 5);
	assert_string_equal(s->mailbox.place.file, s->file);
	assert_string_equal(s->folder, "INBOX");
	assert_string_equal(s->filed, "Filed");
	assert_string_equal(s->too_large, "Too large");
	assert_int_equal(s->poll_s, 120);
	assert_int_equal(s->letter_max, 20 << 20);

	assert_int_equal(s->submission.port, 587);
	assert_true(s->submission.starttls);
	assert_string_equal(
	    s->submission.secret.command, "/bin/cat '/etc/psirtd/the smtp'");
	assert_int_equal(s->submission.place.line, 13);
	/* Errors of a secret name the line of its own key. */
	assert_int_equal(s->mailbox.secret.place.line, 9);
	assert_int_equal(s->submission.secret.place.line, 17);
	talloc_free(ctx);
}

static void
test_desk_keys_limits(void **state)
{
	void *ctx = talloc_new(NULL);
	const struct settings *s = load_good(ctx);

	assert_string_equal(s->address, "psirt@vendor.example");
	assert_string_equal(s->from_name, "Vendor Inc.");
	assert_string_equal(s->organization_ja, "株式会社ベンダー");
	assert_string_equal(s->number_prefix, "PSIRT");
	assert_string_equal(s->language, "ja");
	assert_null(s->policy_url);
	assert_int_equal(s->reply_days, 5);
	assert_string_equal(s->poc, KEY_POC);
	assert_int_equal(s->nretired, 1);
	assert_string_equal(s->retired[0], KEY_OLD);
	assert_string_equal(s->recovery, KEY_RECOVERY);
	assert_int_equal(s->keys_place.line, 26);
	assert_int_equal(s->desk_place.line, 19);
	assert_int_equal(s->acknowledge_per_hour, 100);
	assert_int_equal(s->automatic_per_hour, 60);
	assert_int_equal(s->memory_mb, 512);
	assert_int_equal(s->wall_ms, 60000);
	assert_int_equal(s->cpu_s, 30);
	assert_int_equal(s->max_keys, 100);
	assert_int_equal(s->max_hidden, 4);
	assert_int_equal(s->max_layers, 4);
	talloc_free(ctx);
}

static void
test_departments_and_products(void **state)
{
	void *ctx = talloc_new(NULL);
	const struct settings *s = load_good(ctx);
	const struct department *qa;

	assert_int_equal(s->ndepartments, 2);
	assert_string_equal(s->departments[0].name, "plc");
	assert_string_equal(s->departments[0].title, "Design PLC");
	assert_int_equal(s->departments[0].role, ROLE_DESIGN);
	assert_int_equal(s->departments[0].ncontacts, 1);
	assert_string_equal(
	    s->departments[0].contacts[0].address, "design@vendor.example");
	assert_string_equal(s->departments[0].contacts[0].language, "en");
	assert_int_equal(s->departments[0].contacts[0].place.line, 35);
	qa = &s->departments[1];
	assert_string_equal(qa->title, "qa");
	assert_int_equal(qa->ncontacts, 2);
	assert_string_equal(qa->contacts[0].language, "ja");
	assert_false(qa->contacts[0].notice);
	assert_true(qa->contacts[1].notice);
	assert_null(qa->contacts[1].fingerprint);

	assert_int_equal(s->nproducts, 2);
	assert_int_equal(s->products[0].nnames, 2);
	assert_string_equal(s->products[0].names[0], "XYZ-100");
	assert_string_equal(s->products[0].names[1], "XYZ 100");
	assert_int_equal(s->products[0].departments[ROLE_DESIGN], 0);
	assert_int_equal(s->products[0].departments[ROLE_QUALITY], 1);
	assert_int_equal(s->products[0].departments[ROLE_SALES], -1);
	assert_string_equal(s->products[1].names[0], "制御盤");
	assert_string_equal(s->products[1].pattern, "GW-7[A-Z]?");
	assert_int_equal(s->products[1].departments[ROLE_QUALITY], -1);
	assert_int_equal(s->default_departments[ROLE_QUALITY], 1);
	assert_int_equal(s->default_departments[ROLE_DESIGN], -1);
	talloc_free(ctx);
}

static void
test_outside_and_operators(void **state)
{
	void *ctx = talloc_new(NULL);
	const struct settings *s = load_good(ctx);
	const struct correspondent *c;

	assert_int_equal(s->ncorrespondents, 2);
	c = &s->correspondents[0];
	assert_string_equal(c->names[0], "JPCERT/CC");
	assert_int_equal(c->nnames, 1);
	assert_string_equal(c->addresses[0], "vuls@jpcert.example");
	assert_string_equal(c->domains[0], "jpcert.example");
	assert_int_equal(c->nfingerprints, 2);
	assert_int_equal(c->flow, FLOW_JPCERT);
	assert_string_equal(c->language, "ja");
	c = &s->correspondents[1];
	assert_int_equal(c->flow, FLOW_DIRECT);
	assert_int_equal(c->nnames, 2);
	assert_int_equal(c->ndomains, 0);
	assert_string_equal(c->language, "en");

	assert_int_equal(s->noperators, 1);
	assert_string_equal(s->operators[0].user, login_name());
	assert_int_equal(s->operators[0].uid, getuid());
	assert_int_equal(s->operators[0].role, OPERATOR_LEAD);
	assert_string_equal(s->operators[0].language, "ja");
	talloc_free(ctx);
}

static void
test_who_is_who(void **state)
{
	void *ctx = talloc_new(NULL);
	const struct settings *s = load_good(ctx);
	const struct department *d = NULL;
	const struct contact *c;
	const char **pinned;
	size_t n = 0;

	pinned = settings_pinned(ctx, s, &n);
	assert_int_equal(n, 6);
	assert_string_equal(pinned[0], KEY_DESIGN);
	assert_string_equal(pinned[2], KEY_JPCERT);
	assert_string_equal(pinned[5], KEY_DESK);

	assert_ptr_equal(settings_correspondent_by_key(s, KEY_JPCERT_2),
	    &s->correspondents[0]);
	assert_null(settings_correspondent_by_key(s, KEY_DESIGN));
	assert_null(settings_correspondent_by_key(s, NULL));
	assert_string_equal(
	    settings_key_owner(ctx, s, KEY_JPCERT), "correspondent JPCERT/CC");
	assert_string_equal(settings_key_owner(ctx, s, KEY_QUALITY),
	    "department qa: Hana Quality");
	assert_string_equal(settings_key_owner(ctx, s, s->poc), "poc");
	assert_null(settings_key_owner(
	    ctx, s, "00000000000000000000000000000000000000AA"));
	c = settings_contact_by_key(s, KEY_QUALITY, &d);
	assert_ptr_equal(c, &s->departments[1].contacts[0]);
	assert_ptr_equal(d, &s->departments[1]);
	/* A contact without a key is nobody's, and so is no key. */
	assert_null(settings_contact_by_key(s, NULL, &d));
	assert_null(d);
	assert_null(settings_contact_by_key(s, KEY_DESK, NULL));

	assert_ptr_equal(settings_department(s, "QA"), &s->departments[1]);
	assert_null(settings_department(s, "q"));
	assert_null(settings_department(s, NULL));
	assert_true(settings_is_own_address(s, "Psirt@vendor.EXAMPLE"));
	assert_true(settings_is_own_address(s, "security@vendor.example"));
	assert_false(settings_is_own_address(s, "desk@vendor.example"));
	assert_false(settings_is_own_address(s, NULL));
	assert_ptr_equal(settings_operator(s, getuid()), &s->operators[0]);
	assert_null(settings_operator(s, getuid() + 1));
	assert_null(settings_operator(s, (uid_t)-1));
	talloc_free(ctx);
}

static void
test_names(void **state)
{
	assert_string_equal(role_name(ROLE_MANUFACTURING), "manufacturing");
	for (int r = ROLE_DESIGN; r < ROLE_COUNT; r++)
		assert_string_not_equal(role_name((enum role)r), "unknown");
	assert_string_equal(role_name((enum role)0), "unknown");
	assert_string_equal(role_name(ROLE_PARTY_COUNT), "unknown");
	/* In flows, parties that are no department. */
	for (int r = ROLE_POC; r < ROLE_PARTY_COUNT; r++) {
		const char *name = role_name((enum role)r);

		assert_int_equal(role_by_name(name, true), r);
		assert_int_equal(role_by_name(name, false), 0);
	}
	assert_int_equal(role_by_name("Quality", false), ROLE_QUALITY);
	assert_int_equal(role_by_name("qualty", true), 0);
	assert_int_equal(role_by_name(NULL, true), 0);
	assert_string_equal(role_title(ROLE_DESIGN, "en"), "Design");
	assert_string_equal(role_title(ROLE_CSIRT, "ja"), "組織内CSIRT");
	assert_string_equal(role_title(ROLE_JPCERT, NULL), "JPCERT/CC");
	assert_string_equal(role_title((enum role)0, "ja"), "unknown");
	assert_string_equal(flow_name(FLOW_JPCERT), "jpcert");
	assert_string_equal(flow_name(FLOW_DIRECT), "direct");
	assert_string_equal(flow_name((enum flow)9), "unknown");
}

/* One person in two departments and at the desk: one key, pinned once. */
static void
test_one_person_many_roles(void **state)
{
	void *ctx = talloc_new(NULL);
	char *errors = NULL;
	char *text = replaced(ctx, good_text(ctx), KEY_QUALITY, KEY_DESIGN);
	const struct settings *s;
	size_t n = 0;

	text = replaced(
	    ctx, text, "quality@vendor.example", "design@vendor.example");
	s = load_text(ctx, text, &errors);
	assert_non_null(s);
	settings_pinned(ctx, s, &n);
	assert_int_equal(n, 5);
	talloc_free(ctx);
}

static void
test_notes(void **state)
{
	void *ctx = talloc_new(NULL);
	char *errors = NULL;
	const struct settings *s = load_good(ctx);
	char *notes = settings_notes(ctx, s);
	char *text;

	assert_non_null(notes);
	assert_non_null(
	    strstr(notes, ":26: note: the POC key has no passphrase"));
	assert_non_null(strstr(notes, "sealing at rest protects backups, not "
				      "this disk\n"));
	assert_non_null(strstr(notes,
	    ":47: note: contact Kei Care of department qa cannot be "
	    "reached under PGP"));
	assert_null(strstr(notes, "recovery"));
	assert_null(strstr(notes, "work_dir"));
	assert_null(strstr(notes, "Hana"));

	assert_non_null(strstr(notes, ":19: note: there is no key_url"));
	/* Each says that it is none of the errors. */
	for (const char *at = notes; *at != '\0'; at = strchr(at, '\n') + 1)
		assert_non_null(strstr(at, ": note: "));

	text = replaced(ctx, good_text(ctx), "  retired",
	    "  passphrase_file = \"%d/passphrase\"\n  retired");
	text = replaced(ctx, text, "language = ja",
	    "language = ja key_url = https://vendor.example/key.asc");
	text = replaced(ctx, text, "    mail = \"notice\"\n",
	    "    fingerprint = \"4A4A4A4A4A4A4A4A4A4A"
	    "4A4A4A4A4A4A4A4A4A4A\"\n");
	s = load_text(ctx, text, &errors);
	assert_non_null(s);
	assert_null(settings_notes(ctx, s));
	s = load_text(ctx,
	    replaced(ctx, text, "language = ja",
		"language = ja alert_plain = {\"sato@phone.example\"}"),
	    &errors);
	assert_non_null(s);
	assert_non_null(strstr(settings_notes(ctx, s),
	    "alert_plain: these mails leave in clear, signed"));

	text = replaced(ctx, text, "  recovery = \"" KEY_RECOVERY "\"\n", "");
	text = replaced(
	    ctx, text, "adopt", "work_dir = \"/var/lib/psirtd/w\"\nadopt");
	s = load_text(ctx, text, &errors);
	assert_non_null(s);
	notes = settings_notes(ctx, s);
	assert_non_null(strstr(notes, ":27: note: there is no recovery key"));
	assert_non_null(strstr(notes, ":2: note: work_dir lies below"));
	talloc_free(ctx);
}

/* Comments, quotes, one line or many, with or without commas and newline. */
static void
test_ways_to_write(void **state)
{
	void *ctx = talloc_new(NULL);
	char *errors = NULL;
	char *text = good_text(ctx);
	const struct settings *s;

	text = replaced(ctx, text, "adopt = \"answer\"",
	    "/* over\n two lines */ adopt = answer # and behind\n// whole");
	text =
	    replaced(ctx, text, "\"Vendor Inc.\"", "'Vendor # \"Inc.\" ${x}'");
	text = replaced(ctx, text, "host = \"imap.vendor.example\"",
	    "host=imap.vendor.example");
	text = replaced(ctx, text, "{\"XYZ-100\", \"XYZ 100\"}",
	    "{ 'XYZ-100' ,\n\"XYZ 100\" }");
	s = load_text(ctx, text, &errors);
	if (s == NULL)
		fail_msg("%s", errors);
	assert_string_equal(s->organization, "Vendor # \"Inc.\" ${x}");
	assert_string_equal(s->mailbox.host, "imap.vendor.example");
	assert_int_equal(s->adopt, ADOPT_ANSWER);
	/* The two lines more are counted. */
	assert_int_equal(s->mailbox.place.line, 7);
	assert_int_equal(s->products[1].place.line, 60);

	/* Nothing of one file stays for the next. */
	assert_null(load_text(ctx, "mailbox { host = \"x", &errors));
	assert_non_null(load_good(ctx));
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_top_and_servers),
	    cmocka_unit_test(test_desk_keys_limits),
	    cmocka_unit_test(test_departments_and_products),
	    cmocka_unit_test(test_outside_and_operators),
	    cmocka_unit_test(test_who_is_who),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_one_person_many_roles),
	    cmocka_unit_test(test_notes),
	    cmocka_unit_test(test_ways_to_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
