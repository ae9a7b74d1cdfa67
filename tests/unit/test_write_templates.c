/*
 * test_write_templates.c - the templates as they are shipped: every kind, both
 * languages, with all facts and with none; what each must and must not say.
 */
#include "write_world.h"

static void
test_renders_with_all_facts_and_with_none(void **state)
{
	struct world *w = *state;

	for (int kind = MAIL_ACKNOWLEDGE; kind < MAIL_KIND_COUNT; kind++)
		for (size_t l = 0; l < 2; l++) {
			void *ctx = talloc_new(NULL);
			struct fact facts[FACTS_MOST];
			size_t n = all_facts((enum mail_kind)kind, facts);

			check_mail(render(w, ctx, (enum mail_kind)kind,
			    languages[l], facts, n));
			check_mail(render(w, ctx, (enum mail_kind)kind,
			    languages[l], NULL, 0));
			talloc_free(ctx);
		}
}

static void
test_languages_are_what_they_say(void **state)
{
	struct world *w = *state;
	void *ctx = talloc_new(NULL);

	for (int kind = MAIL_ACKNOWLEDGE; kind < MAIL_KIND_COUNT; kind++) {
		struct draft_text en =
		    render(w, ctx, (enum mail_kind)kind, "en", NULL, 0);
		struct draft_text ja =
		    render(w, ctx, (enum mail_kind)kind, "ja", NULL, 0);

		for (const char *c = en.body; *c != '\0'; c++)
			assert_true((unsigned char)*c < 0x80);
		assert_non_null(strstr(ja.body, "ます"));
		assert_true(text_width(ja.subject) < strlen(ja.subject));
	}
	talloc_free(ctx);
}

static const struct fact acknowledge_facts[] = {
    {"organization", "Vendor Inc."},
    {"desk_address", "psirt@vendor.example"},
    {"fingerprint", "0123456789ABCDEF0123456789ABCDEF01234567"},
    {"key_url", "https://vendor.example/psirt.asc"},
    {"policy_url", "https://vendor.example/policy"},
    {"now", "2026-11-24 09:00 JST"},
    {"number", "PSIRT-2026-0001"},
    {"tracking", "VN: JVN#12345678 / TN: JPCERT#91234567"},
    {"received", "2026-11-24 08:59 JST"},
    {"reply_by", "2026-12-01"},
    {"correspondent", "JPCERT/CC"},
    {"flow_jpcert", "1"},
};
#define NACKNOWLEDGE (sizeof(acknowledge_facts) / sizeof(acknowledge_facts[0]))

static void
test_acknowledgement_says_what_it_must(void **state)
{
	static const char *const in_body[] = {"PSIRT-2026-0001",
	    "2026-11-24 08:59 JST", "2026-12-01",
	    "0123456789ABCDEF0123456789ABCDEF01234567",
	    "https://vendor.example/psirt.asc", "https://vendor.example/policy",
	    "JVN#12345678", "psirt@vendor.example", "Vendor Inc.", "OpenPGP"};
	struct world *w = *state;
	void *ctx = talloc_new(NULL);

	for (size_t l = 0; l < 2; l++) {
		struct draft_text d = render(w, ctx, MAIL_ACKNOWLEDGE,
		    languages[l], acknowledge_facts, NACKNOWLEDGE);

		check_mail(d);
		for (size_t i = 0; i < sizeof(in_body) / sizeof(in_body[0]);
		     i++)
			assert_non_null(strstr(d.body, in_body[i]));
		assert_ptr_equal(
		    strstr(d.subject, "[PSIRT-2026-0001] [VN: JVN#12345678 / "
				      "TN: JPCERT#91234567] "),
		    d.subject);
	}
	talloc_free(ctx);
}

/* Whoever hands the report over by mistake is told, and nothing leaves. */
static void
test_acknowledgement_cannot_hold_the_report(void **state)
{
	static const char *const of_report[] = {"text", "product", "versions",
	    "identifiers", "vulnerability_type", "score", "attachments",
	    "subject", "source", "finder", "to_name"};
	struct world *w = *state;
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < sizeof(of_report) / sizeof(of_report[0]); i++) {
		struct fact facts[NACKNOWLEDGE + 1];
		struct draft_text d;
		struct error err = {0};

		memcpy(facts, acknowledge_facts, sizeof(acknowledge_facts));
		facts[NACKNOWLEDGE] =
		    (struct fact){of_report[i], "xylophone {{number}}"};
		assert_int_equal(write_render(ctx, w->t, MAIL_ACKNOWLEDGE, "en",
				     facts, NACKNOWLEDGE + 1, &d, &err),
		    -1);
		assert_int_equal(err.fault, FAULT_BUG);
		assert_null(d.subject);
		assert_null(d.body);
	}
	talloc_free(ctx);
}

static const struct fact overview_facts[] = {
    {"to_name", "Sato"},
    {"number", "PSIRT-2026-0001"},
    {"department", "PLC design"},
    {"received", "2026-11-24"},
    {"reply_by", "2026-12-01"},
    {"flow_jpcert", "1"},
    {"product", "XYZ-100"},
    {"versions", "2.3.1"},
    {"source", "JPCERT/CC"},
    {"finder", "Robin <robin@finder.example>"},
    {"text", "first line\n{{number}} \x1b[2J second\n\n-- \nlast\n"},
    {"attachments", "a.bin (3 bytes)\nb.bin (4 bytes)"},
};
#define NOVERVIEW (sizeof(overview_facts) / sizeof(overview_facts[0]))

static void
test_overview_quotes_every_line_of_a_text(void **state)
{
	struct world *w = *state;
	void *ctx = talloc_new(NULL);

	for (size_t l = 0; l < 2; l++)
		for (int kind = MAIL_OVERVIEW; kind <= MAIL_DETAILS; kind++) {
			struct draft_text d =
			    render(w, ctx, (enum mail_kind)kind, languages[l],
				overview_facts, NOVERVIEW);

			/* A stranger's line is never at the left edge. */
			assert_non_null(strstr(d.body,
			    "\n> first line\n> {{number}} \\x1b[2J second\n"
			    ">\n> -- \n> last\n\n"));
			assert_non_null(strstr(d.body,
			    "\n    a.bin (3 bytes)\n    b.bin (4 bytes)\n\n"));
			assert_non_null(strstr(d.body, "XYZ-100"));
			assert_non_null(strstr(d.body, "2.3.1"));
			assert_non_null(strstr(d.body, "JPCERT/CC"));
			assert_non_null(
			    strstr(d.body, " Robin <robin@finder.example>"));
			assert_null(strstr(d.subject, "XYZ-100"));
			assert_non_null(strstr(d.subject, "[PSIRT-2026-0001]"));
			assert_null(strstr(d.subject, "nformation"));
			assert_null(strstr(d.subject, "ご参考"));
		}
	talloc_free(ctx);
}

static void
test_overview_of_receipt_asks_nothing(void **state)
{
	static const struct fact facts[] = {{"number", "PSIRT-2026-0001"},
	    {"product", "XYZ-100"}, {"receipt_only", "1"},
	    {"reply_by", "2026-12-01"}, {"flow_direct", "1"}};
	struct world *w = *state;
	void *ctx = talloc_new(NULL);

	for (size_t l = 0; l < 2; l++) {
		struct draft_text d =
		    render(w, ctx, MAIL_OVERVIEW, languages[l], facts, 5);

		check_mail(d);
		assert_non_null(strstr(d.body, "XYZ-100"));
		assert_null(strstr(d.body, "2026-12-01"));
		assert_null(strstr(d.body, "1. "));
		/* The subject does not say it is theirs. */
		assert_non_null(strstr(
		    d.subject, l == 0 ? "] A vulnerability report has come in"
				      : "ご参考"));
		assert_null(strstr(d.subject, l == 0 ? "your dep" : "展開"));
	}
	talloc_free(ctx);
}

static void
test_notice_and_alert_hold_numbers_alone(void **state)
{
	static const struct fact notice[] = {{"to_name", "Ito"},
	    {"number", "PSIRT-2026-0001"}, {"organization", "Vendor Inc."}};
	static const struct fact alert[] = {{"count", "2"},
	    {"lines", "  forged: letter 12\n  broken: letter 13\n"},
	    {"to_name", "root"}};
	struct world *w = *state;
	void *ctx = talloc_new(NULL);

	for (size_t l = 0; l < 2; l++) {
		struct draft_text d =
		    render(w, ctx, MAIL_NOTICE, languages[l], notice, 3);

		check_mail(d);
		assert_non_null(strstr(d.body, "PSIRT-2026-0001"));
		assert_non_null(
		    strstr(d.body, l == 0 ? "come to the" : "お越し"));
		d = render(w, ctx, MAIL_ALERT, languages[l], alert, 3);
		check_mail(d);
		/* The desk is written to, not a login. */
		assert_null(strstr(d.body, "root"));
		assert_ptr_equal(
		    strstr(d.body, l == 0 ? "Desk,\n" : "担当者各位\n"),
		    d.body);
		assert_non_null(strstr(d.body,
		    "\n\n  forged: letter 12\n  broken: letter 13\n\n"));
		assert_non_null(strchr(d.subject, '2'));
		assert_null(strstr(d.subject, "forged"));
	}
	talloc_free(ctx);
}

static void
test_resend_tells_its_reason_and_our_key(void **state)
{
	static const char *const reasons[] = {"reason_no_key",
	    "reason_integrity", "reason_no_mdc", "reason_symmetric",
	    "reason_malformed", "reason_unsupported", "reason_smime",
	    "reason_limit_parts", "reason_limit_depth", "reason_limit_fields",
	    "reason_limit_addresses", "reason_limit_output",
	    "reason_limit_time", "reason_limit_keys"};
	const size_t nreasons = sizeof(reasons) / sizeof(reasons[0]);
	size_t known = 0;
	struct world *w = *state;
	void *ctx = talloc_new(NULL);

	for (size_t l = 0; l < 2; l++) {
		const char *before = "";

		for (size_t i = 0; i < nreasons; i++) {
			const struct fact facts[] = {{reasons[i], "1"},
			    {"fingerprint", "0123456789ABCDEF"}};
			struct draft_text d =
			    render(w, ctx, MAIL_RESEND, languages[l], facts, 2);

			check_mail(d);
			assert_non_null(strstr(d.body, "0123456789ABCDEF"));
			assert_string_not_equal(d.body, before);
			/* S/MIME is no damage: how to do it is told. */
			assert_int_equal(strstr(d.body, "Thunderbird") != NULL,
			    strcmp(reasons[i], "reason_smime") == 0);
			before = d.body;
		}
	}
	/* None of the engine's reasons is without a sentence. */
	for (const char *const *f = write_fact_names(MAIL_RESEND); *f != NULL;
	     f++)
		known += strncmp(*f, "reason_", 7) == 0;
	assert_int_equal(known, nreasons);
	talloc_free(ctx);
}

/* Coordinators are addressed by name, a single finder is no office. */
static void
test_answers_address_whom_they_answer(void **state)
{
	struct world *w = *state;
	void *ctx = talloc_new(NULL);
	const struct fact known[] = {{"correspondent", "JPCERT/CC"}};

	for (int kind = MAIL_ACKNOWLEDGE; kind <= MAIL_RESEND; kind++) {
		struct draft_text d =
		    render(w, ctx, (enum mail_kind)kind, "ja", NULL, 0);

		assert_ptr_equal(
		    strstr(d.body, "ご連絡いただいた方へ\n"), d.body);
		d = render(w, ctx, (enum mail_kind)kind, "ja", known, 1);
		assert_ptr_equal(
		    strstr(d.body, "JPCERT/CC ご担当者様\n"), d.body);
	}
	assert_non_null(
	    strstr(render(w, ctx, MAIL_ACKNOWLEDGE, "en", known, 1).body,
		"Thank you for your notification."));
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_renders_with_all_facts_and_with_none),
	    cmocka_unit_test(test_languages_are_what_they_say),
	    cmocka_unit_test(test_acknowledgement_says_what_it_must),
	    cmocka_unit_test(test_acknowledgement_cannot_hold_the_report),
	    cmocka_unit_test(test_overview_quotes_every_line_of_a_text),
	    cmocka_unit_test(test_overview_of_receipt_asks_nothing),
	    cmocka_unit_test(test_notice_and_alert_hold_numbers_alone),
	    cmocka_unit_test(test_resend_tells_its_reason_and_our_key),
	    cmocka_unit_test(test_answers_address_whom_they_answer),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
