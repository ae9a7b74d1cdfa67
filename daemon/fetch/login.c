/*
 * login.c - the user and the password, and commands that wait for a "+".
 *
 * Comes after TLS was verified, never before.  LOGIN where the server takes
 * it; else AUTHENTICATE PLAIN.  Both by our own hand: libetpan's LOGIN does not
 * escape a quote, its AUTHENTICATE loads plug-ins of Cyrus SASL.  IDLE begins
 * in the same way, and libetpan's cannot bear a line before the "+".  Runs in
 * the fetch room.
 */
#include "fetch_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <talloc.h>

static int
write_line(struct fetch *f, const char *line, const char *what)
{
	mailstream *mail = f->imap->imap_stream;

	if (mail == NULL || mailstream_write(mail, line, strlen(line)) == -1 ||
	    mailstream_write(mail, "\r\n", 2) == -1 ||
	    mailstream_flush(mail) == -1)
		return session_result(f, MAILIMAP_ERROR_STREAM, what);
	return 0;
}

/* "* 23 EXISTS" */
static bool
is_exists(const char *line)
{
	char *end;

	if (strtoul(line + 2, &end, 10) == 0)
		return false;
	return strncasecmp(end, " EXISTS", 7) == 0;
}

int
session_continue(
    struct fetch *f, const char *command, const char *what, bool *arrived)
{
	char tag[32];
	int r;

	*arrived = false;
	r = mailimap_send_current_tag(f->imap);
	if (r != MAILIMAP_NO_ERROR)
		return session_result(f, MAILIMAP_ERROR_STREAM, what);
	if (write_line(f, command, what) != 0)
		return -1;
	snprintf(tag, sizeof(tag), "%i ", f->imap->imap_tag);
	for (;;) {
		const char *line = mailimap_read_line(f->imap);

		if (line == NULL)
			return session_result(f, MAILIMAP_ERROR_STREAM, what);
		if (line[0] == '+')
			return 0;
		if (strncasecmp(line, "* BYE", 5) == 0)
			return session_trouble(f, FETCH_LOST,
			    "%s: the server ended the session", what);
		if (strncmp(line, tag, strlen(tag)) == 0)
			return 1;
		if (strncmp(line, "* ", 2) != 0)
			return session_result(f, MAILIMAP_ERROR_PARSE, what);
		if (is_exists(line))
			*arrived = true;
	}
}

/* The tagged end of a command that was begun by session_continue(). */
static int
command_end(struct fetch *f, const char *what)
{
	struct mailimap_response *response = NULL;
	const struct mailimap_response_done *done;
	const char *line = mailimap_read_line(f->imap);
	bool unavailable;
	int rc;

	if (line == NULL)
		return session_result(f, MAILIMAP_ERROR_STREAM, what);
	/* Of a code that it does not know libetpan keeps nothing. */
	unavailable = strcasestr(line, " NO [UNAVAILABLE]") != NULL;
	rc = session_result(
	    f, mailimap_parse_response(f->imap, &response), what);
	if (rc != 0 || response == NULL)
		return rc > 0 || rc == 0
			   ? session_result(f, MAILIMAP_ERROR_PARSE, what)
			   : -1;
	done = response->rsp_resp_done;
	if (done->rsp_type != MAILIMAP_RESP_DONE_TYPE_TAGGED)
		rc = session_trouble(
		    f, FETCH_LOST, "%s: the server ended the session", what);
	else if (done->rsp_data.rsp_tagged->rsp_cond_state->rsp_type ==
		 MAILIMAP_RESP_COND_STATE_OK)
		rc = 0;
	/* For now, whatever the password (RFC 5530, 3). */
	else if (unavailable)
		rc = session_trouble(f, FETCH_UNREACHABLE,
		    "the server cannot check the password now");
	else
		rc = 1;
	mailimap_response_free(response);
	return rc;
}

static bool
has_auth_plain(struct fetch *f)
{
	const struct mailimap_capability_data *data =
	    f->imap->imap_connection_info != NULL
		? f->imap->imap_connection_info->imap_capability
		: NULL;

	if (data == NULL || data->cap_list == NULL)
		return false;
	for (clistiter *i = clist_begin(data->cap_list); i != NULL;
	     i = clist_next(i)) {
		const struct mailimap_capability *cap = clist_content(i);

		if (cap->cap_type == MAILIMAP_CAPABILITY_AUTH_TYPE &&
		    strcasecmp(cap->cap_data.cap_auth_type, "PLAIN") == 0)
			return true;
	}
	return false;
}

static bool
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s > 0x7e || (unsigned char)*s < ' ')
			return false;
	return true;
}

/* A quoted string; libetpan 1.9.4 forgets to escape what must be. */
static void
put_quoted(char **to, const char *s)
{
	*(*to)++ = '"';
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			*(*to)++ = '\\';
		*(*to)++ = *s;
	}
	*(*to)++ = '"';
}

static int
login_plainly(struct fetch *f)
{
	static const char verb[] = "LOGIN ";
	const char *user = f->setup->server.user;
	size_t most = sizeof(verb) + 2 * (strlen(user) + strlen(f->secret)) + 8;
	char *line = talloc_zero_size(f, most);
	char *to = line;
	int rc;

	if (line == NULL)
		return session_trouble(f, FETCH_LOST, "out of memory");
	to = stpcpy(to, verb);
	put_quoted(&to, user);
	*to++ = ' ';
	put_quoted(&to, f->secret);
	rc = mailimap_send_current_tag(f->imap) == MAILIMAP_NO_ERROR
		 ? write_line(f, line, "login")
		 : session_result(f, MAILIMAP_ERROR_STREAM, "login");
	explicit_bzero(line, most);
	talloc_free(line);
	if (rc == 0)
		rc = command_end(f, "login");
	if (rc == 0)
		f->imap->imap_state = MAILIMAP_STATE_AUTHENTICATED;
	return rc;
}

static int
authenticate_plain(struct fetch *f)
{
	char *token;
	bool arrived;
	int rc;

	rc = session_continue(f, "AUTHENTICATE PLAIN", "login", &arrived);
	if (rc != 0)
		return rc;
	token = stream_auth_plain(f, f->setup->server.user, f->secret);
	if (token == NULL)
		return session_trouble(f, FETCH_LOST, "out of memory");
	rc = write_line(f, token, "login");
	talloc_free(token);
	if (rc == 0)
		rc = command_end(f, "login");
	if (rc == 0)
		f->imap->imap_state = MAILIMAP_STATE_AUTHENTICATED;
	return rc;
}

int
session_login(struct fetch *f)
{
	bool ascii = is_ascii(f->setup->server.user) && is_ascii(f->secret);
	bool plain = has_auth_plain(f);
	int rc;

	session_allow(f, 0);
	/* LOGIN is ASCII only. */
	if (!session_has(f, "LOGINDISABLED") && (ascii || !plain))
		rc = ascii ? login_plainly(f) : 1;
	else if (plain)
		rc = authenticate_plain(f);
	else
		return session_trouble(f, FETCH_AUTH,
		    "the server offers neither LOGIN nor AUTH PLAIN");
	/* The password passed through libetpan's buffer. */
	stream_forget(f->stream);
	if (rc > 0)
		return session_trouble(f, FETCH_AUTH,
		    "the server refuses the user name or the password");
	return rc;
}
