/*
 * mail.c - one mail, one recipient, one outcome (RULES 23); a copy of the same
 * bytes to ourselves may go along.
 *
 * Takes the bytes as the vault made them; they leave unchanged.  What became
 * of them is decided by the reply's code and by whether the final CRLF.CRLF
 * was handed to TLS: before that nothing was said to the server that binds
 * it, after it without a reply nobody knows.  Addresses are checked before
 * SMTP sees them, because libetpan prints them into the command as they are.
 * Runs in the send room.
 */
#include "send_internal.h"

#include <stdarg.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"
#include "psirtd/text.h"

#define LINE_MOST 998 /* RFC 5322, 2.1.1; without CRLF */
#define REPLY_BYTES ((uint64_t)64 << 10)
#define SLOWEST_BYTES_S 16384
/* The reply to the dot takes its time (RFC 5321, 4.5.3.2.6). */
#define DOT_TIMEOUTS 5

static int outcome(struct send_done *done, const void *ctx,
    enum send_outcome what, unsigned code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Returns 1, so that `return outcome(...)` reads as "it is decided". */
static int
outcome(struct send_done *done, const void *ctx, enum send_outcome what,
    unsigned code, const char *fmt, ...)
{
	va_list ap;

	done->outcome = what;
	done->code = code;
	va_start(ap, fmt);
	done->text = talloc_vasprintf(ctx, fmt, ap);
	va_end(ap);
	return 1;
}

/* ---- before SMTP sees anything ---- */

/*
 * Clean lines of ASCII, each ended by CRLF.  libetpan would mend anything
 * else, which breaks signatures; and servers differ about where such a mail
 * ends, which lets a second mail be smuggled in.
 */
static bool
wire_is_clean(struct bytes wire)
{
	size_t line = 0;

	for (size_t i = 0; i < wire.len; i++) {
		uint8_t c = wire.data[i];

		if (c == 0 || c >= 0x80 || c == '\n')
			return false;
		if (c != '\r') {
			if (++line > LINE_MOST)
				return false;
			continue;
		}
		if (++i == wire.len || wire.data[i] != '\n')
			return false;
		line = 0;
	}
	return wire.len > 2 && line == 0;
}

static int
check_mail(
    const struct send_mail *mail, const void *ctx, struct send_done *done)
{
	if (!text_is_address(mail->to))
		return outcome(done, ctx, SEND_REFUSED, 0,
		    "the recipient's address cannot be used with SMTP");
	if (mail->from == NULL ||
	    (mail->from[0] != '\0' && !text_is_address(mail->from)))
		return outcome(done, ctx, SEND_REFUSED, 0,
		    "the sender's address cannot be used with SMTP");
	if (mail->copy != NULL && !text_is_address(mail->copy))
		return outcome(done, ctx, SEND_REFUSED, 0,
		    "our own address cannot be used with SMTP");
	if (!wire_is_clean(mail->wire))
		return outcome(done, ctx, SEND_REFUSED, 0,
		    "the mail is not made of clean lines of ASCII");
	return 0;
}

/* ---- the steps: 0 go on, 1 decided ---- */

/*
 * What a reply other than the wanted one means.  5xx is about this mail; all
 * else means: nothing was handed over, try again.
 */
static int
judge(struct smtp *s, const void *ctx, const char *step, struct send_done *done)
{
	enum send_outcome what = s->code >= 500 ? SEND_REFUSED : SEND_RETRY;

	return outcome(done, ctx, what, s->code, "%s: %s", step,
	    s->text != NULL ? s->text : "no answer");
}

/* A reply that is there before its command belongs to nothing. */
static bool
out_of_turn(struct smtp *s)
{
	if (stream_trouble(s->stream) == NULL && stream_pending(s->stream))
		stream_give_up(s->stream, "the server spoke out of turn");
	return stream_trouble(s->stream) != NULL;
}

static int
envelope(struct smtp *s, const void *ctx, const struct send_mail *mail,
    struct send_done *done)
{
	submission_allow(s);
	if (!out_of_turn(s))
		mailesmtp_mail_size(
		    s->session, mail->from, 0, NULL, mail->wire.len);
	if (reply_take(s) != 250)
		return judge(s, ctx, "MAIL", done);
	submission_allow(s);
	if (!out_of_turn(s))
		mailesmtp_rcpt(s->session, mail->to, 0, NULL);
	if (reply_take(s) / 100 != 2)
		return judge(s, ctx, "RCPT", done);
	if (mail->copy != NULL) {
		submission_allow(s);
		if (!out_of_turn(s))
			mailesmtp_rcpt(s->session, mail->copy, 0, NULL);
		/* Without it a person decides, as ever. */
		if (reply_take(s) == 0 || s->code == 421)
			return judge(s, ctx, "RCPT", done);
		if (s->code / 100 != 2)
			log_warn("the server does not take the copy to "
				 "ourselves: %u",
			    s->code);
	}
	submission_allow(s);
	if (!out_of_turn(s))
		mailsmtp_data(s->session);
	if (reply_take(s) != 354)
		return judge(s, ctx, "DATA", done);
	return 0;
}

static void
content(
    struct smtp *s, const void *ctx, struct bytes wire, struct send_done *done)
{
	uint32_t seconds = s->setup->server.timeout_s;
	unsigned code;

	if (seconds == 0)
		seconds = 60;
	if (seconds > 600)
		seconds = 600;
	stream_allow(s->stream,
	    (seconds * DOT_TIMEOUTS + (uint32_t)(wire.len / SLOWEST_BYTES_S)) *
		1000,
	    REPLY_BYTES);
	stream_watch_final_dot(s->stream);
	/* libetpan writes CRLF.CRLF behind it: the last CRLF is ours. */
	if (!out_of_turn(s))
		mailsmtp_data_message(
		    s->session, (const char *)wire.data, wire.len - 2);
	code = reply_take(s);
	if (!stream_final_dot_gone(s->stream)) {
		stream_give_up(s->stream, "the mail was not handed over");
		outcome(done, ctx, SEND_RETRY, 0, "content: %s",
		    s->text != NULL ? s->text : "the connection was lost");
	} else if (code / 100 == 2) {
		outcome(done, ctx, SEND_ACCEPTED, code, "%s",
		    s->text != NULL ? s->text : "");
	} else if (code >= 400) {
		judge(s, ctx, "content", done);
	} else {
		stream_give_up(s->stream, "no answer to the final dot");
		outcome(done, ctx, SEND_UNCERTAIN, 0,
		    "the whole mail was handed over and no answer came: %s",
		    s->text != NULL ? s->text : "the connection was lost");
	}
}

/* One try; true when it may be tried again at once over a new session. */
static bool
try_mail(struct smtp *s, const void *ctx, const struct send_mail *mail,
    struct send_done *done)
{
	struct error err = {0};
	bool fresh = true;

	if (submission_need(s, &fresh, &err) != 0) {
		outcome(done, ctx, SEND_RETRY, s->code, "%s", err.text);
		return false;
	}
	if (s->offer.size_max != 0 && mail->wire.len > s->offer.size_max) {
		outcome(done, ctx, SEND_REFUSED, 0,
		    "the mail has %zu bytes, the server takes %llu",
		    mail->wire.len, (unsigned long long)s->offer.size_max);
		return false;
	}
	if (envelope(s, ctx, mail, done) != 0)
		/* A session that was kept may have died of age. */
		return !fresh && (s->code == 0 || s->code == 421);
	content(s, ctx, mail->wire, done);
	return false;
}

/* After a mail that was not accepted the server must forget it. */
static void
clean_up(struct smtp *s, uint32_t how)
{
	if (s->session == NULL)
		return;
	if (stream_trouble(s->stream) == NULL && how != SEND_ACCEPTED &&
	    s->code != 421) {
		submission_allow(s);
		mailsmtp_reset(s->session);
		if (reply_take(s) != 250)
			stream_give_up(s->stream, "RSET is refused");
	}
	if (stream_trouble(s->stream) != NULL || s->code == 421)
		submission_end(s);
	else
		s->used_ms = clock_monotonic_ms();
}

void
mail_send(struct smtp *s, const void *ctx, const struct send_mail *mail,
    struct send_done *done)
{
	done->outmail = mail->outmail;
	if (check_mail(mail, ctx, done) != 0)
		return;
	if (try_mail(s, ctx, mail, done)) {
		submission_end(s);
		try_mail(s, ctx, mail, done);
	}
	clean_up(s, done->outcome);
}
