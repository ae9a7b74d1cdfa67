/*
 * read_address.c - the addresses in the fields of a header.
 *
 * GMime takes them apart, but dies on deeply nested groups: what is too long
 * or has too many colons is not shown to it but is over the limit, and encoded
 * words are hidden from it, as it would convert them with charsets of its own.
 * Runs in the child of the read room.
 */
#include "read_internal.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#define FIELD_MOST ((size_t)1 << 20)
#define COLONS_MOST 2000
/* As the tables in wire/reading.c. */
#define WRITERS_MOST 1024
#define READERS_MOST 4096

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

/*
 * "xn--" to "xn-!" and back.  GMime would decode the label, perhaps to one that
 * reads like ASCII when its controls are gone: an address stays as it stands.
 */
static void
swap_idn(char *text, char from, char to)
{
	for (; *text != '\0'; text++)
		if (strncasecmp(text, "xn-", 3) == 0 && text[3] == from)
			text[3] = to;
}

struct taking {
	struct draft *d;
	const void *ctx;
	const struct charsets *cs;
	size_t total; /* in all fields so far */
	struct mail_address **list;
	size_t *n;
	size_t most;
};

static int
take_mailbox(struct taking *t, InternetAddress *ia, struct error *err)
{
	const char *found =
	    internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(ia));
	const char *name = internet_address_get_name(ia);
	struct mail_address *one;
	char *addr, *text;

	if (found == NULL || found[0] == '\0')
		return 0;
	if (++t->total > t->d->reader->max_addresses || *t->n >= t->most) {
		draft_limit(t->d, READ_LIMIT_ADDRESSES);
		return 0;
	}
	*t->list =
	    talloc_realloc(t->ctx, *t->list, struct mail_address, *t->n + 1);
	if (*t->list == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	one = &(*t->list)[*t->n];
	memset(one, 0, sizeof(*one));
	addr = talloc_strdup(t->ctx, found);
	if (addr == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	swap_idn(addr, '!', '-');
	one->address = word_decode(t->ctx, t->cs, addr, 320, err);
	talloc_free(addr);
	if (one->address == NULL)
		return -1;
	if (name != NULL && name[0] != '\0') {
		text = talloc_strdup(t->ctx, name);
		if (text == NULL)
			return error_set(err, FAULT_RETRY, "out of memory");
		swap_marks(text, '!', '?');
		swap_idn(text, '!', '-');
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

	for (int i = 0; i < n && !draft_is_over(t->d); i++) {
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

	if (raw == NULL)
		return 0;
	if (strlen(raw) > FIELD_MOST || count_char(raw, ':') > COLONS_MOST) {
		draft_limit(t->d, READ_LIMIT_ADDRESSES);
		return 0;
	}
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
	swap_idn(text, '-', '!');
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

int
address_read(
    struct draft *d, GMimeObject *entity, struct headers *h, struct error *err)
{
	struct taking t = {
	    .d = d, .ctx = d->reading, .cs = d->reader->charsets};
	struct {
		const char *field;
		struct mail_address **list;
		size_t *n;
		size_t most;
	} rows[] = {
	    {"From", &h->from, &h->nfrom, WRITERS_MOST},
	    {"Sender", &h->sender, &h->nsender, WRITERS_MOST},
	    {"Reply-To", &h->reply_to, &h->nreply_to, WRITERS_MOST},
	    {"To", &h->to, &h->nto, READERS_MOST},
	    {"Cc", &h->to, &h->nto, READERS_MOST},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		t.list = rows[i].list;
		t.n = rows[i].n;
		t.most = rows[i].most;
		if (take_addresses(&t, entity, rows[i].field, err) != 0)
			return -1;
	}
	return 0;
}
