/*
 * read_header.c - the header fields of a letter, or the protected ones of an
 * opened entity, as struct headers.
 *
 * Addresses are taken apart by GMime, which dies on deeply nested groups:
 * what is too long or has too many colons is not shown to it, and encoded
 * words are hidden from it, as it would convert them with charsets of its
 * own.  Runs in the child of the read room.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

#define FIELD_MOST ((size_t)64 << 10)
#define COLONS_MOST 256
#define ADDRESSES_MOST 64
#define READERS_MOST 1000
#define REFERENCES_MOST 200
#define SUBJECT_MOST 2000
#define ID_MOST 998

const char *
header_raw(GMimeObject *entity, const char *name)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(entity);
	GMimeHeader *header = g_mime_header_list_get_header(list, name);

	return header != NULL ? g_mime_header_get_raw_value(header) : NULL;
}

/* ---- addresses ---- */

static size_t
count_char(const char *text, char c)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == c;
	return n;
}

/* "=?" to "=!" and back: of the same length, and an atom to the parser. */
static void
swap_marks(char *text, char from, char to)
{
	for (; *text != '\0'; text++)
		if (text[0] == '=' && text[1] == from)
			text[1] = to;
}

struct taking {
	const void *ctx;
	const struct charsets *cs;
	struct mail_address **list;
	size_t *n;
	size_t most;
};

static int
take_mailbox(struct taking *t, InternetAddress *ia, struct error *err)
{
	const char *addr =
	    internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(ia));
	const char *name = internet_address_get_name(ia);
	struct mail_address *one;
	char *text;

	if (addr == NULL || addr[0] == '\0' || *t->n >= t->most)
		return 0;
	*t->list =
	    talloc_realloc(t->ctx, *t->list, struct mail_address, *t->n + 1);
	if (*t->list == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	one = &(*t->list)[*t->n];
	memset(one, 0, sizeof(*one));
	one->address = word_decode(t->ctx, t->cs, addr, 320, err);
	if (one->address == NULL)
		return -1;
	if (name != NULL && name[0] != '\0') {
		text = talloc_strdup(t->ctx, name);
		if (text == NULL)
			return error_set(err, FAULT_RETRY, "out of memory");
		swap_marks(text, '!', '?');
		one->name = word_decode(t->ctx, t->cs, text, 500, err);
		talloc_free(text);
		if (one->name == NULL)
			return -1;
	}
	(*t->n)++;
	return 0;
}

/* Groups of groups are no deeper than the colons let them be. */
static int
take_list(struct taking *t, InternetAddressList *list, unsigned depth,
    struct error *err)
{
	int n = internet_address_list_length(list);

	for (int i = 0; i < n && *t->n < t->most; i++) {
		InternetAddress *ia =
		    internet_address_list_get_address(list, i);

		if (INTERNET_ADDRESS_IS_MAILBOX(ia)) {
			if (take_mailbox(t, ia, err) != 0)
				return -1;
		} else if (INTERNET_ADDRESS_IS_GROUP(ia) && depth < 8) {
			InternetAddressList *members =
			    internet_address_group_get_members(
				INTERNET_ADDRESS_GROUP(ia));

			if (members != NULL &&
			    take_list(t, members, depth + 1, err) != 0)
				return -1;
		}
	}
	return 0;
}

static int
take_addresses(
    struct taking *t, GMimeObject *entity, const char *field, struct error *err)
{
	const char *raw = header_raw(entity, field);
	InternetAddressList *list;
	struct converted to;
	char *text;
	void *tmp;
	int rc = -1;

	if (raw == NULL || strlen(raw) > FIELD_MOST ||
	    count_char(raw, ':') > COLONS_MOST)
		return 0;
	/* Raw eight bits or ISO-2022-JP hold bytes that look like quotes. */
	tmp = talloc_new(t->ctx);
	if (charset_convert(tmp, t->cs, bytes_str(raw), NULL, &to, err) != 0)
		goto out;
	text = talloc_strdup(tmp, to.text);
	if (text == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		goto out;
	}
	swap_marks(text, '?', '!');
	rc = 0;
	list = internet_address_list_parse(NULL, text);
	if (list != NULL) {
		rc = take_list(t, list, 0, err);
		g_object_unref(list);
	}
out:
	talloc_free(tmp);
	return rc;
}

static int
read_addresses(const void *ctx, const struct charsets *cs, GMimeObject *entity,
    struct headers *h, struct error *err)
{
	struct {
		const char *field;
		struct mail_address **list;
		size_t *n;
		size_t most;
	} rows[] = {
	    {"From", &h->from, &h->nfrom, ADDRESSES_MOST},
	    {"Sender", &h->sender, &h->nsender, ADDRESSES_MOST},
	    {"Reply-To", &h->reply_to, &h->nreply_to, ADDRESSES_MOST},
	    {"To", &h->to, &h->nto, READERS_MOST},
	    {"Cc", &h->to, &h->nto, READERS_MOST},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct taking t = {
		    ctx, cs, rows[i].list, rows[i].n, rows[i].most};

		if (take_addresses(&t, entity, rows[i].field, err) != 0)
			return -1;
	}
	return 0;
}

/* ---- identifiers of messages ---- */

/* The next <id> in *s, without the brackets; NULL when there is none. */
static char *
next_id(const void *ctx, const struct charsets *cs, const char **s,
    struct error *err)
{
	const char *open = strchr(*s, '<');
	const char *close = open != NULL ? strchr(open, '>') : NULL;
	char *raw;
	char *id;

	if (close == NULL)
		return NULL;
	*s = close + 1;
	/* "<<id>" and the like: from the last "<" on. */
	for (const char *p = open + 1; p < close; p++)
		if (*p == '<')
			open = p;
	if (close - open - 1 > ID_MOST)
		return talloc_strdup(ctx, "");
	raw = talloc_strndup(ctx, open + 1, (size_t)(close - open - 1));
	if (raw == NULL)
		return NULL;
	id = word_decode(ctx, cs, raw, ID_MOST, err);
	talloc_free(raw);
	return id;
}

static bool
has_reference(const struct headers *h, const char *id)
{
	for (size_t i = 0; i < h->nreferences; i++)
		if (strcmp(h->references[i], id) == 0)
			return true;
	return false;
}

static int
read_references(const void *ctx, const struct charsets *cs, GMimeObject *entity,
    const char *field, struct headers *h, struct error *err)
{
	const char *s = header_raw(entity, field);
	char *id;

	if (s == NULL)
		return 0;
	while (h->nreferences < REFERENCES_MOST &&
	       (id = next_id(ctx, cs, &s, err)) != NULL) {
		if (id[0] == '\0' || has_reference(h, id))
			continue;
		h->references = talloc_realloc(
		    ctx, h->references, const char *, h->nreferences + 1);
		if (h->references == NULL)
			return error_set(err, FAULT_RETRY, "out of memory");
		h->references[h->nreferences++] = id;
	}
	return 0;
}

static int
read_message_id(const void *ctx, const struct charsets *cs, GMimeObject *entity,
    struct headers *h, struct error *err)
{
	const char *s = header_raw(entity, "Message-ID");
	char *id;

	if (s == NULL)
		return 0;
	id = next_id(ctx, cs, &s, err);
	if (id == NULL) /* written without brackets */
		id = word_decode(ctx, cs, s, ID_MOST, err);
	if (id == NULL)
		return -1;
	h->message_id = id[0] != '\0' ? id : NULL;
	return 0;
}

/* ---- times ---- */

static int64_t
read_date(const char *text)
{
	GDateTime *when;
	int64_t seconds;

	if (text == NULL || strlen(text) > 1000)
		return 0;
	when = g_mime_utils_header_decode_date(text);
	if (when == NULL)
		return 0;
	seconds = g_date_time_to_unix(when);
	g_date_time_unref(when);
	return seconds;
}

/* ---- what says that a program wrote it ---- */

static bool
is_word(const char *raw, const char *word)
{
	size_t len = strlen(word);

	raw += strspn(raw, " \t\r\n");
	return g_ascii_strncasecmp(raw, word, len) == 0 &&
	       !g_ascii_isalnum(raw[len]) && raw[len] != '-';
}

static uint32_t
flags_of_field(const char *name, const char *raw)
{
	static const char *const replies[] = {"X-Autoreply", "X-Autorespond",
	    "X-Autoresponder", "X-AutoReply-From", "X-Mail-Autoreply",
	    "X-Auto-Reply", "X-Auto-Reply-From", "X-Autogenerated"};

	if (g_ascii_strncasecmp(name, "List-", 5) == 0 ||
	    g_ascii_strcasecmp(name, "Mailing-List") == 0)
		return HEADER_LIST;
	if (g_ascii_strcasecmp(name, "X-PSIRTD-Mail") == 0)
		return HEADER_PSIRTD;
	if (g_ascii_strcasecmp(name, "Auto-Submitted") == 0)
		return is_word(raw, "no") ? 0 : HEADER_AUTO_SUBMITTED;
	if (g_ascii_strcasecmp(name, "Precedence") == 0 ||
	    g_ascii_strcasecmp(name, "X-Precedence") == 0) {
		if (is_word(raw, "list"))
			return HEADER_LIST;
		if (is_word(raw, "bulk") || is_word(raw, "junk"))
			return HEADER_BULK;
		if (is_word(raw, "auto_reply") || is_word(raw, "auto-reply"))
			return HEADER_AUTO_RESPONSE;
		return 0;
	}
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++)
		if (g_ascii_strcasecmp(name, replies[i]) == 0 &&
		    !is_word(raw, "no"))
			return HEADER_AUTO_RESPONSE;
	return 0;
}

/*
 * A subject that a program wrote: one of these words at its start, perhaps in
 * brackets, and nothing that makes a sentence of it ("Out of office plugin
 * lets anybody in" is a report).
 */
static bool
subject_of_program(const char *subject)
{
	static const char *const words[] = {"out of office",
	    "out of the office", "automatic reply", "automatic response",
	    "auto reply", "auto-reply", "autoreply", "auto response",
	    "auto-response", "autoresponse", "away from my mail",
	    "vacation reply", "自動返信", "自動応答", "自動返信メール",
	    "自動応答メール", "不在", "不在通知", "不在連絡", "不在のお知らせ",
	    "不在のご連絡", "不在応答", "不在返信", "不在メッセージ", "休暇中",
	    "休暇のお知らせ", "自動返信のお知らせ", "自動応答のお知らせ",
	    "abwesenheitsnotiz", "automatische antwort", "réponse automatique",
	    "respuesta automática"};
	char *normal = g_utf8_normalize(subject, -1, G_NORMALIZE_ALL_COMPOSE);
	char *folded = normal != NULL ? g_utf8_casefold(normal, -1) : NULL;
	bool is = false;

	for (const char *s = folded; s != NULL && !is;) {
		size_t n = strspn(s, " [(<*\"'");

		/* 【 〔 「 */
		if (n == 0 &&
		    (strncmp(s, "【", 3) == 0 || strncmp(s, "〔", 3) == 0 ||
			strncmp(s, "「", 3) == 0))
			n = 3;
		if (n > 0) {
			s += n;
			continue;
		}
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			size_t len = strlen(words[i]);
			const char *tail = s + len;

			if (strncmp(s, words[i], len) != 0)
				continue;
			tail += strspn(tail, " ");
			is |= *tail == '\0' ||
			      strchr(":]>)*\"'", *tail) != NULL ||
			      strncmp(tail, "】", 3) == 0 ||
			      strncmp(tail, "〕", 3) == 0 ||
			      strncmp(tail, "」", 3) == 0;
		}
		break;
	}
	g_free(folded);
	g_free(normal);
	return is;
}

static void
read_flags(GMimeObject *entity, struct headers *h)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(entity);
	GMimeContentType *type = g_mime_object_get_content_type(entity);
	int n = g_mime_header_list_get_count(list);

	for (int i = 0; i < n; i++) {
		GMimeHeader *field = g_mime_header_list_get_header_at(list, i);
		const char *raw = g_mime_header_get_raw_value(field);

		h->flags |= flags_of_field(
		    g_mime_header_get_name(field), raw != NULL ? raw : "");
	}
	if (type != NULL &&
	    g_mime_content_type_is_type(type, "multipart", "report"))
		h->flags |= HEADER_REPORT;
	if (h->subject != NULL && subject_of_program(h->subject))
		h->flags |= HEADER_OUT_OF_OFFICE;
}

/* ---- all of it ---- */

static int
read_text(const void *ctx, const struct charsets *cs, GMimeObject *entity,
    const char *field, size_t max, const char **text, struct error *err)
{
	const char *raw = header_raw(entity, field);

	*text = NULL;
	if (raw == NULL)
		return 0;
	*text = word_decode(ctx, cs, raw, max, err);
	return *text != NULL ? 0 : -1;
}

static int
read_return_path(const void *ctx, const struct charsets *cs,
    GMimeObject *entity, struct headers *h, struct error *err)
{
	const char *text;
	char *address;

	if (read_text(ctx, cs, entity, "Return-Path", 400, &text, err) != 0)
		return -1;
	if (text == NULL)
		return 0;
	address = talloc_strdup(ctx, text + strspn(text, " <"));
	if (address == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	address[strcspn(address, "> ")] = '\0';
	if (address[0] != '\0')
		h->return_path = address;
	else if (strchr(text, '<') != NULL)
		h->flags |= HEADER_NULL_RETURN_PATH;
	return 0;
}

int
header_read(const void *ctx, const struct charsets *cs, GMimeObject *entity,
    struct headers *h, struct error *err)
{
	const char *received = header_raw(entity, "Received");

	if (read_addresses(ctx, cs, entity, h, err) != 0 ||
	    read_text(ctx, cs, entity, "Subject", SUBJECT_MOST, &h->subject,
		err) != 0 ||
	    read_text(ctx, cs, entity, "Auto-Submitted", 200,
		&h->auto_submitted, err) != 0 ||
	    read_message_id(ctx, cs, entity, h, err) != 0 ||
	    read_references(ctx, cs, entity, "In-Reply-To", h, err) != 0 ||
	    read_references(ctx, cs, entity, "References", h, err) != 0 ||
	    read_return_path(ctx, cs, entity, h, err) != 0)
		return -1;
	h->date = read_date(header_raw(entity, "Date"));
	if (received != NULL && strrchr(received, ';') != NULL)
		h->received = read_date(strrchr(received, ';') + 1);
	read_flags(entity, h);
	return 0;
}

char *
header_text(const void *ctx, const struct charsets *cs, GMimeObject *message,
    struct error *err)
{
	static const char *const fields[] = {"From", "To", "Cc", "Date",
	    "Subject", "Message-ID", "In-Reply-To", "References"};
	char *text = talloc_strdup(ctx, "");

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const char *value;

		if (text == NULL)
			break;
		if (read_text(ctx, cs, message, fields[i], SUBJECT_MOST, &value,
			err) != 0)
			return NULL;
		if (value != NULL)
			text = talloc_asprintf_append(
			    text, "%s: %s\n", fields[i], value);
	}
	if (text == NULL)
		error_set(err, FAULT_RETRY, "out of memory");
	return text;
}
