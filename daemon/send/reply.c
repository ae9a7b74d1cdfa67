/*
 * reply.c - what the SMTP server says, read by ourselves where it matters.
 *
 * libetpan reads the lines; the code is looked at here, because its results
 * do not tell 450 from 550, and the offer of EHLO as well, because its own
 * reader never ends at a TAB in the list of AUTH.  A reply that comes before
 * its command is no reply.  Runs in the send room.
 */
#include "send_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/text.h"

#define WORDS_COLUMNS 300

/* Exported by libetpan, though not declared in its installed headers. */
int mailsmtp_read_response(mailsmtp *session);

/* ---- words of the server ---- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Words with an "@" in them go: logs hold no address. */
static void
drop_addresses(char *text)
{
	static const char mark[] = "(address)";
	char *from = text;
	char *to = text;

	while (*from != '\0') {
		size_t len = 0;

		while (from[len] != '\0' && !is_blank(from[len]))
			len++;
		if (len >= sizeof(mark) - 1 && memchr(from, '@', len) != NULL) {
			memcpy(to, mark, sizeof(mark) - 1);
			to += sizeof(mark) - 1;
		} else if (memchr(from, '@', len) == NULL) {
			memmove(to, from, len);
			to += len;
		}
		from += len;
		while (is_blank(*from)) {
			/* Never two in a row. */
			if (to > text && to[-1] != ' ')
				*to++ = ' ';
			from++;
		}
	}
	while (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

char *
reply_words(const void *ctx, const char *text)
{
	char *copy = talloc_strdup(ctx, text);
	char *safe = NULL;
	char *cut = NULL;

	if (copy != NULL) {
		drop_addresses(copy);
		safe = text_escape(copy, copy, false);
	}
	if (safe != NULL)
		cut = text_cut(ctx, safe, WORDS_COLUMNS);
	talloc_free(copy);
	return cut;
}

/* ---- replies ---- */

static unsigned
note(struct smtp *s, int code, const char *text)
{
	const char *broken = stream_trouble(s->stream);

	TALLOC_FREE(s->text);
	s->code = 0;
	if (broken != NULL) {
		s->text = talloc_strdup(s, broken);
	} else if (code < 200 || code > 599) {
		/* Nothing that follows could be trusted to fit. */
		stream_give_up(
		    s->stream, "the server's answer cannot be understood");
		s->text = talloc_strdup(s, stream_trouble(s->stream));
	} else {
		s->code = (unsigned)code;
		s->text = reply_words(s, text != NULL ? text : "");
	}
	return s->code;
}

unsigned
reply_take(struct smtp *s)
{
	return note(s, s->session->response_code, s->session->response);
}

unsigned
reply_read(struct smtp *s)
{
	mailsmtp_read_response(s->session);
	return reply_take(s);
}

unsigned
reply_to(struct smtp *s, const char *line)
{
	mailstream *mail = stream_mailstream(s->stream);

	if (mail != NULL && mailstream_write(mail, line, strlen(line)) != -1 &&
	    mailstream_write(mail, "\r\n", 2) != -1 &&
	    mailstream_flush(mail) != -1)
		return reply_read(s);
	stream_give_up(s->stream, "the connection was lost");
	return note(s, 0, NULL);
}

/* ---- EHLO ---- */

/* The next word of a line; NULL at its end. */
static const char *
word(const char **at, const char *end, size_t *len)
{
	const char *start;

	while (*at < end && (is_blank(**at) || **at == '='))
		(*at)++;
	start = *at;
	while (*at < end && !is_blank(**at) && **at != '=')
		(*at)++;
	*len = (size_t)(*at - start);
	return *len > 0 ? start : NULL;
}

static bool
is_word(const char *w, size_t len, const char *name)
{
	return len == strlen(name) && strncasecmp(w, name, len) == 0;
}

static void
offer_line(const char *at, const char *end, struct offer *offer)
{
	size_t len = 0;
	const char *w = word(&at, end, &len);

	if (w == NULL)
		return;
	if (is_word(w, len, "STARTTLS")) {
		offer->starttls = true;
	} else if (is_word(w, len, "SIZE")) {
		offer->size = true;
		w = word(&at, end, &len);
		/* Ends at the line's end at the latest: no digit there. */
		errno = 0;
		if (w != NULL && isdigit((unsigned char)*w))
			offer->size_max = strtoull(w, NULL, 10);
		if (errno != 0)
			offer->size_max = 0;
	} else if (is_word(w, len, "AUTH")) { /* or AUTH=, of old */
		while ((w = word(&at, end, &len)) != NULL) {
			if (is_word(w, len, "PLAIN"))
				offer->plain = true;
			if (is_word(w, len, "LOGIN"))
				offer->login = true;
		}
	}
}

void
reply_offer(const char *lines, struct offer *offer)
{
	const char *at = lines;

	*offer = (struct offer){0};
	/* The first line greets. */
	while ((at = strchr(at, '\n')) != NULL) {
		size_t len = strcspn(++at, "\n");

		offer_line(at, at + len, offer);
	}
}
