/*
 * scrub_names.c - names, addresses and hosts that do not leave.
 *
 * Takes the settings; finds in a plain text the names of their contacts,
 * departments and operators, in any width and with blanks between, addresses,
 * and hosts of the house.  Product names stand for themselves: of what begins
 * at one place the longest counts.  A name costs its own length where it may
 * begin, whatever the text.  Pure.
 */
#include "scrub.h"

#include <string.h>

#include <talloc.h>

#define BUCKETS 1024
#define GAP_MOST 3   /* blanks that a name may be split by */
#define PART_LEAST 3 /* letters of a part of a Latin name */
#define SERVER_MOST 80

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct name {
	struct name *next;
	char *plain; /* without blanks */
	bool keep;   /* a product: shown */
	bool proper; /* begins with a capital where it is a name */
};

struct names {
	struct name *buckets[BUCKETS];
	const char **domains; /* of the house */
	size_t ndomains;
};

static bool
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

static size_t
bucket_of(const char *plain)
{
	const unsigned char *s = (const unsigned char *)plain;
	size_t n = s[0] >= 0xe0 ? 3 : 1;
	size_t hash = 0;

	for (size_t i = 0; i < n && s[i] != '\0'; i++)
		hash = hash * 31 + s[i];
	return hash % BUCKETS;
}

static bool
add_name(
    struct names *names, const char *text, size_t len, bool keep, bool proper)
{
	struct plain_text plain;
	struct name *name = talloc_zero(names, struct name);
	size_t n = 0;

	if (name == NULL || !text_plain(name, text, len, &plain))
		return false;
	for (size_t i = 0; i < plain.len; i++)
		if (plain.text[i] != ' ' && plain.text[i] != '\n')
			plain.text[n++] = plain.text[i];
	plain.text[n] = '\0';
	/* One letter of ASCII, or one kana: too little to be told. */
	if (n < 2 || (n == 3 && (unsigned char)plain.text[0] >= 0x80 && !keep &&
			 proper)) {
		talloc_free(name);
		return true;
	}
	name->plain = plain.text;
	name->keep = keep;
	name->proper = proper;
	name->next = names->buckets[bucket_of(name->plain)];
	names->buckets[bucket_of(name->plain)] = name;
	return true;
}

/* "Hana Yamada" is called Yamada, too; 山田 花子 山田さん. */
static bool
add_person(struct names *names, const char *who)
{
	static const char *const gaps[] = {" ", "　", "・", ","};
	const char *end = who + strlen(who);
	const char *start = who;
	bool good = add_name(names, who, strlen(who), false, false);

	for (const char *at = who; good && at <= end; at++) {
		size_t gap = 0;

		for (size_t i = 0; i < COUNT(gaps) && gap == 0; i++)
			if (strncmp(at, gaps[i], strlen(gaps[i])) == 0)
				gap = strlen(gaps[i]);
		if (gap == 0 && at < end)
			continue;
		if (at - start >= PART_LEAST && (start != who || at != end))
			good = add_name(
			    names, start, (size_t)(at - start), false, true);
		start = at + gap;
		at += gap > 0 ? gap - 1 : 0;
	}
	return good;
}

static bool
add_domain(struct names *names, const char *address)
{
	const char *at = address != NULL ? strrchr(address, '@') : NULL;
	char *domain;

	if (at == NULL || at[1] == '\0')
		return true;
	domain = text_lower(names, at + 1);
	names->domains = talloc_realloc(
	    names, names->domains, const char *, names->ndomains + 1);
	if (domain == NULL || names->domains == NULL)
		return false;
	for (size_t i = 0; i < names->ndomains; i++)
		if (strcmp(names->domains[i], domain) == 0)
			return true;
	names->domains[names->ndomains++] = domain;
	return true;
}

/* Departments are often named by their role: an English word of any text. */
static bool
add_department(struct names *names, const struct department *d)
{
	bool good = true;

	if (d->name != NULL && role_by_name(d->name, true) == 0)
		good = add_name(names, d->name, strlen(d->name), false, false);
	if (good && d->title != NULL && d->title[0] != '\0')
		good =
		    add_name(names, d->title, strlen(d->title), false, false);
	for (size_t i = 0; i < d->ncontacts && good; i++)
		good = (d->contacts[i].name == NULL ||
			   add_person(names, d->contacts[i].name)) &&
		       add_domain(names, d->contacts[i].address);
	return good;
}

struct names *
names_new(const void *ctx, const struct settings *s)
{
	struct names *names = talloc_zero(ctx, struct names);
	bool good = names != NULL;

	for (size_t i = 0; i < s->ndepartments && good; i++)
		good = add_department(names, &s->departments[i]);
	for (size_t i = 0; i < s->noperators && good; i++)
		good = (s->operators[i].user == NULL ||
			   strlen(s->operators[i].user) < PART_LEAST ||
			   strcmp(s->operators[i].user, "root") == 0 ||
			   add_name(names, s->operators[i].user,
			       strlen(s->operators[i].user), false, false)) &&
		       add_domain(names, s->operators[i].address);
	for (size_t i = 0; i < s->nproducts && good; i++)
		for (size_t k = 0; k < s->products[i].nnames && good; k++)
			good = add_name(names, s->products[i].names[k],
			    strlen(s->products[i].names[k]), true, false);
	if (good)
		good = add_domain(names, s->address);
	if (!good)
		TALLOC_FREE(names);
	return names;
}

/* ---- in a text ---- */

/* Where the name that begins at `at` ends; 0: it is not this one. */
static size_t
name_end(const struct plain_text *t, size_t at, size_t end, const char *name)
{
	for (const char *c = name; *c != '\0'; c++) {
		unsigned gap = 0;

		while (c != name && at < end && t->text[at] == ' ' &&
		       gap < GAP_MOST) {
			at++;
			gap++;
		}
		if (at >= end || t->text[at] != *c)
			return 0;
		at++;
	}
	/* A Latin word is a whole one. */
	if (at < end && is_word(t->text[at - 1]) && is_word(t->text[at]))
		return 0;
	return at;
}

static bool
is_capital(const struct plain_text *t, const char *raw, size_t at)
{
	char c = raw[t->from[at]];

	/* Full-width ones are U+FF21 and on: EF BC A1. */
	return !(c >= 'a' && c <= 'z');
}

static size_t
name_at(const struct names *names, const struct plain_text *t, const char *raw,
    size_t at, size_t end, bool *keep)
{
	size_t longest = 0;

	if (at > 0 && is_word(t->text[at]) && is_word(t->text[at - 1]))
		return 0;
	for (const struct name *n = names->buckets[bucket_of(t->text + at)];
	     n != NULL; n = n->next) {
		size_t stop = name_end(t, at, end, n->plain);

		if (stop > longest && (!n->proper || is_capital(t, raw, at))) {
			longest = stop;
			*keep = n->keep;
		}
	}
	return longest;
}

static bool
is_local_char(char c)
{
	return is_word(c) || (c != '\0' && strchr("._%+-=#'", c) != NULL);
}

static bool
is_host_char(char c)
{
	return is_word(c) || c == '.' || c == '-' || c == '_';
}

/* "@", " @ ", "[at]", "(at)"; its length, 0 none. */
static size_t
at_sign(const char *s)
{
	static const char *const signs[] = {
	    "@", " @ ", "[at]", "(at)", " [at] ", " (at) "};

	for (size_t i = 0; i < COUNT(signs); i++)
		if (strncmp(s, signs[i], strlen(signs[i])) == 0)
			return strlen(signs[i]);
	return 0;
}

static bool
ends_in(const char *host, size_t len, const char *domain)
{
	size_t n = strlen(domain);

	return len >= n && memcmp(host + len - n, domain, n) == 0 &&
	       (len == n || host[len - n - 1] == '.');
}

/* 10.1.2.3, 192.168.1.1, 172.16.0.1: of the house's own net. */
static bool
is_private_net(const char *host, size_t len)
{
	unsigned dots = 0;
	int second;

	for (size_t i = 0; i < len; i++) {
		dots += host[i] == '.';
		if (host[i] != '.' && (host[i] < '0' || host[i] > '9'))
			return false;
	}
	if (dots != 3)
		return false;
	second = host[4] >= '0' && host[5] >= '0'
		     ? (host[4] - '0') * 10 + host[5] - '0'
		     : 0;
	return strncmp(host, "10.", 3) == 0 ||
	       strncmp(host, "192.168.", 8) == 0 ||
	       (strncmp(host, "172.", 4) == 0 && second >= 16 && second <= 31);
}

static bool
is_own_host(const struct names *names, const char *host, size_t len)
{
	static const char *const inside[] = {"local", "internal", "intra",
	    "intranet", "corp", "lan", "home.arpa", "localdomain"};

	while (len > 0 && host[len - 1] == '.')
		len--;
	if (memchr(host, '.', len) == NULL)
		return false;
	for (size_t i = 0; i < COUNT(inside); i++)
		if (ends_in(host, len, inside[i]))
			return true;
	for (size_t i = 0; i < names->ndomains; i++)
		if (ends_in(host, len, names->domains[i]))
			return true;
	return is_private_net(host, len);
}

/* An address or a host at the beginning of a word; where it ends, 0 none. */
static size_t
address_at(const struct names *names, const struct plain_text *t, size_t at,
    size_t end)
{
	const char *s = t->text;
	size_t stop = at;
	size_t host;
	size_t sign;

	if (strncmp(s + at, "\\\\", 2) == 0) { /* \\server\share */
		while (stop < end && s[stop] != ' ' && s[stop] != '"')
			stop++;
		return stop - at > 3 ? stop : 0;
	}
	while (stop < end && is_local_char(s[stop]))
		stop++;
	sign = stop > at && stop < end ? at_sign(s + stop) : 0;
	if (sign > 0) {
		host = stop + sign;
		stop = host;
		while (stop < end && is_host_char(s[stop]))
			stop++;
		while (stop > host && s[stop - 1] == '.')
			stop--;
		if (stop > host)
			return stop;
	}
	stop = at;
	while (stop < end && is_host_char(s[stop]))
		stop++;
	if (stop - at > 3 && is_own_host(names, s + at, stop - at))
		return stop;
	return 0;
}

size_t
names_at(const struct names *names, const struct plain_text *t, const char *raw,
    size_t at, size_t end, bool *keep)
{
	size_t stop = 0;
	size_t name;

	*keep = false;
	/* Where a word begins; in the midst of one it was looked at before. */
	if (at == 0 || !is_local_char(t->text[at - 1]))
		stop = address_at(names, t, at, end);
	if (stop > 0)
		return stop;
	name = name_at(names, t, raw, at, end, keep);
	return name;
}
