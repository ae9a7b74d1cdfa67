/*
 * test_send_reply.c - what is read out of a server's words: the offer of
 * EHLO, and text that may be shown.
 */
#include "net_server.h"

#include "../../daemon/send/send_internal.h"

static void
test_offers(void **state)
{
	static const struct {
		const char *lines;
		struct offer offer;
	} rows[] = {
	    {"mail.example\n", {0}},
	    {"", {0}},
	    {"mail.example\nSTARTTLS\nAUTH PLAIN LOGIN\nSIZE 5000\n",
		{true, true, true, true, 5000}},
	    {"mail.example\nauth plain\nsize\n", {.plain = true, .size = true}},
	    /* The list at which libetpan never ends. */
	    {"mail.example\nAUTH GSSAPI\tLOGIN\t\t \n", {.login = true}},
	    {"mail.example\nAUTH\tPLAIN\n", {.plain = true}},
	    {"mail.example\nAUTH=LOGIN\n", {.login = true}},
	    {"mail.example\nAUTH XPLAIN PLAINX LOGIN-2\n", {0}},
	    {"AUTH PLAIN\nXSTARTTLS\nSTARTTLSX\n", {0}},
	    {"mail.example\nSIZE 0\n", {.size = true}},
	    {"mail.example\nSIZE -1\n", {.size = true}},
	    {"mail.example\nSIZE 99999999999999999999\n", {.size = true}},
	    {"mail.example\nSIZE\n77\n", {.size = true}},
	    {"mail.example\n\n\nSIZE 7\n", {.size = true, .size_max = 7}},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct offer got;

		reply_offer(rows[i].lines, &got);
		if (got.starttls != rows[i].offer.starttls ||
		    got.plain != rows[i].offer.plain ||
		    got.login != rows[i].offer.login ||
		    got.size != rows[i].offer.size ||
		    got.size_max != rows[i].offer.size_max)
			fail_msg("row %zu", i);
	}
}

static void
test_words(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
	    {"", ""},
	    {"2.0.0 Ok: queued as 4F\n", "2.0.0 Ok: queued as 4F"},
	    {"5.1.1 <gone@unknown.example>: no such mailbox\n5.1.1 here\n",
		"5.1.1 (address) no such mailbox 5.1.1 here"},
	    {"a@b c", "c"},
	    {" \n two  words\t ", "two words"},
	    {"\x1b[2Jred\x07", "\\x1b[2Jred\\x07"},
	    {"not UTF-8 \xff", "not UTF-8 \\xff"},
	};
	void *ctx = talloc_new(NULL);
	char *big = talloc_zero_size(ctx, 100001);

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(reply_words(ctx, rows[i].from), rows[i].to);
	memset(big, 'k', 100000);
	assert_in_range(strlen(reply_words(ctx, big)), 100, 400);
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_offers),
	    cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
