/*
 * settings_read.c - the tree of psirtd.conf into struct settings, by the
 * tables of settings_keys.c.
 *
 * Every value that is not what its key wants becomes a problem with its
 * line; reading goes on, so that all of them are told at once.
 */
#include "settings_internal.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/text.h"

static const char hint_seconds[] =
    "a time such as \"60s\", \"5m\", \"2h\" or \"3d\"";
static const char hint_bytes[] = "a size such as \"64K\", \"30M\" or \"1G\"";

static const char *
hint_of(const void *ctx, const struct key *key)
{
	char *words;

	switch (key->kind) {
	case KEY_TEXT:
		return "one line of text, not empty";
	case KEY_PATH:
		return "a path that begins with /";
	case KEY_SECRET_FILE:
		return "a path that begins with / or with %d/ (the credentials "
		       "folder)";
	case KEY_COMMAND:
		return "a command whose program begins with /, quotes closed";
	case KEY_HOST:
		return "a host name or an IP address";
	case KEY_FOLDER:
		return "the name of a mailbox folder in plain ASCII";
	case KEY_URL:
		return "an address that begins with https:// or http://";
	case KEY_PREFIX:
		return "2 to 16 capital letters and digits, a letter first";
	case KEY_ADDRESS:
		return "a mail address such as psirt@example.com";
	case KEY_DOMAIN:
		return "a domain such as example.com";
	case KEY_FINGERPRINT:
		return "a whole OpenPGP fingerprint: 40 hexadecimal digits";
	case KEY_NUMBER:
		return "a whole number";
	case KEY_SECONDS:
	case KEY_SECONDS64:
	case KEY_MILLISECONDS:
		return hint_seconds;
	case KEY_SIZE:
	case KEY_MEGABYTES:
		return hint_bytes;
	case KEY_DEPARTMENT:
		return "the name of a department";
	case KEY_MORNING:
		return "a time of day such as \"08:30\", or none";
	case KEY_LANGUAGE:
	case KEY_CHOICE:
	case KEY_BOOL:
		break;
	case KEY_ENTRY:
		return "who or what, such as {design, research}";
	}
	words = talloc_strdup(ctx, "one of");
	for (const struct choice *c = key->choices; c->word != NULL; c++)
		words = talloc_asprintf_append(
		    words, "%s %s", c == key->choices ? "" : ",", c->word);
	return words;
}

static bool
line_text(const char *value)
{
	for (const char *c = value; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	return value[0] != '\0';
}

static bool
host_text(const char *value)
{
	return value[0] != '\0' && value[0] != '-' && strlen(value) < 254 &&
	       value[strspn(value, "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789.-:")] == '\0';
}

static bool
folder_text(const char *value)
{
	/* Wild cards of LIST, and what would need modified UTF-7 or quoting. */
	for (const char *c = value; *c != '\0'; c++)
		if (*c < 0x20 || *c >= 0x7f || strchr("%*\"\\&", *c) != NULL)
			return false;
	return value[0] != '\0' && strlen(value) < 200;
}

static bool
prefix_text(const char *value)
{
	size_t len = strlen(value);

	return len >= 2 && len <= 16 && value[0] >= 'A' && value[0] <= 'Z' &&
	       strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == len;
}

static bool
url_text(const char *value)
{
	const char *rest = strncmp(value, "https://", 8) == 0  ? value + 8
			   : strncmp(value, "http://", 7) == 0 ? value + 7
							       : NULL;

	return rest != NULL && rest[0] != '\0' &&
	       strpbrk(rest, " <>\"\\") == NULL && strlen(value) < 500;
}

static bool
domain_text(const void *ctx, const char *value)
{
	return strchr(value, '@') == NULL && value[0] != '[' &&
	       strchr(value, '.') != NULL &&
	       text_is_address(talloc_asprintf(ctx, "x@%s", value));
}

static bool
command_text(const void *ctx, const char *value)
{
	char **words = command_words(ctx, value);

	return words != NULL && words[0] != NULL && words[0][0] == '/';
}

/* The text kinds: what is to be kept, or NULL. */
static const char *
take_text(const void *ctx, enum key_kind kind, const char *value)
{
	bool fine = false;

	if (!line_text(value))
		return NULL;
	switch (kind) {
	case KEY_TEXT:
		fine = true;
		break;
	case KEY_PATH:
		fine = value[0] == '/';
		break;
	case KEY_SECRET_FILE:
		fine = value[0] == '/' || strncmp(value, "%d/", 3) == 0;
		break;
	case KEY_COMMAND:
		fine = command_text(ctx, value);
		break;
	case KEY_HOST:
		fine = host_text(value);
		break;
	case KEY_FOLDER:
		fine = folder_text(value);
		break;
	case KEY_URL:
		fine = url_text(value);
		break;
	case KEY_PREFIX:
		fine = prefix_text(value);
		break;
	case KEY_ADDRESS:
		return text_is_address(value) ? text_lower(ctx, value) : NULL;
	case KEY_DOMAIN:
		return domain_text(ctx, value) ? text_lower(ctx, value) : NULL;
	case KEY_FINGERPRINT:
		return value_fingerprint(ctx, value);
	default:
		break;
	}
	return fine ? talloc_strdup(ctx, value) : NULL;
}

static const struct choice *
take_choice(const struct key *key, const char *value)
{
	for (const struct choice *c = key->choices; c->word != NULL; c++)
		if (strcasecmp(c->word, value) == 0)
			return c;
	return NULL;
}

struct bound_unit {
	int64_t worth;
	const char *name;
};

/* A bound in the largest unit that holds it whole. */
static const char *
bound_text(const void *ctx, const struct key *key, int64_t bound)
{
	static const struct bound_unit sizes[] = {
	    {1 << 30, "G"}, {1 << 20, "M"}, {1 << 10, "K"}};
	static const struct bound_unit times[] = {
	    {86400, "d"}, {3600, "h"}, {60, "m"}};
	const struct bound_unit *units;

	if (key->kind == KEY_NUMBER)
		return talloc_asprintf(ctx, "%lld", (long long)bound);
	units =
	    key->kind == KEY_SIZE || key->kind == KEY_MEGABYTES ? sizes : times;
	for (size_t i = 0; i < COUNT(sizes); i++)
		if (bound > 0 && bound % units[i].worth == 0)
			return talloc_asprintf(ctx, "%lld%s",
			    (long long)(bound / units[i].worth), units[i].name);
	return talloc_asprintf(ctx, "%llds", (long long)bound);
}

static void
say_range(struct loader *l, const struct key *key, const char *value, int line)
{
	problem(l->p, line, "%s = \"%s\" must lie between %s and %s", key->name,
	    value, bound_text(l->p, key, key->least),
	    bound_text(l->p, key, key->most));
}

/* 1: taken; 0: not such a value; -1: out of range, and said. */
static int
take_number(struct loader *l, const struct key *key, const char *value,
    int line, void *into)
{
	int64_t number;
	unsigned small;
	int rc;

	if (key->kind == KEY_NUMBER)
		rc = value_number(value, &number);
	else if (key->kind == KEY_SIZE || key->kind == KEY_MEGABYTES)
		rc = value_bytes(value, &number);
	else
		rc = value_seconds(value, &number);
	if (rc != 0)
		return 0;
	if (number < key->least || number > key->most) {
		say_range(l, key, value, line);
		return -1;
	}
	if (key->kind == KEY_SECONDS64 || key->kind == KEY_SIZE) {
		memcpy(into, &number, sizeof(number));
		return 1;
	}
	if (key->kind == KEY_MILLISECONDS)
		number *= 1000;
	else if (key->kind == KEY_MEGABYTES)
		number >>= 20;
	small = (unsigned)number;
	memcpy(into, &small, sizeof(small));
	return 1;
}

static int
take_department(struct loader *l, const struct key *key, const char *value,
    int line, void *into)
{
	const struct settings *s = l->s;
	const char **names;
	const char *near;
	int index = -1;

	names = talloc_array(l->p, const char *, s->ndepartments + 1);
	if (names == NULL)
		return 0;
	for (size_t i = 0; i < s->ndepartments; i++) {
		names[i] = s->departments[i].name;
		if (strcmp(names[i], value) == 0)
			index = (int)i;
	}
	if (index >= 0) {
		memcpy(into, &index, sizeof(index));
		return 1;
	}
	/* It may stand in the half that was not read. */
	if (l->tree->cut)
		return -1;
	near = name_nearest(l->p, value, names, s->ndepartments);
	problem(l->p, line, "%s = \"%s\": there is no such department%s%s%s",
	    key->name, value, near == NULL ? ": write department " : ", ",
	    near == NULL ? value : "did you mean ",
	    near == NULL ? " { … }" : talloc_asprintf(l->p, "%s?", near));
	return -1;
}

bool
settings_take(struct loader *l, const struct key *key, const char *value,
    int line, void *into)
{
	const struct choice *choice;
	const char *text;
	char *shown;
	int taken = 0;
	bool flag;

	switch (key->kind) {
	case KEY_NUMBER:
	case KEY_SECONDS:
	case KEY_SECONDS64:
	case KEY_MILLISECONDS:
	case KEY_SIZE:
	case KEY_MEGABYTES:
		taken = take_number(l, key, value, line, into);
		break;
	case KEY_DEPARTMENT:
		taken = take_department(l, key, value, line, into);
		break;
	case KEY_MORNING:
		taken = value_morning(value, into) == 0;
		break;
	case KEY_LANGUAGE:
	case KEY_CHOICE:
	case KEY_BOOL:
		choice = take_choice(key, value);
		if (choice == NULL)
			break;
		taken = 1;
		flag = choice->value != 0;
		if (key->kind == KEY_LANGUAGE)
			memcpy(into, &choice->word, sizeof(choice->word));
		else if (key->kind == KEY_BOOL)
			memcpy(into, &flag, sizeof(flag));
		else
			memcpy(into, &choice->value, sizeof(choice->value));
		break;
	default:
		text = take_text(l->keep, key->kind, value);
		taken = text != NULL;
		if (text != NULL)
			memcpy(into, &text, sizeof(text));
		break;
	}
	if (taken != 0)
		return taken > 0;
	shown = text_cut(l->p, text_escape(l->p, value, false), 60);
	problem(l->p, line, "%s = \"%s\" must be %s", key->name, shown,
	    hint_of(l->p, key));
	return false;
}

static void
read_list(
    struct loader *l, const struct key *key, const struct entry *e, char *base)
{
	const char **many =
	    talloc_zero_array(l->keep, const char *, e->nvalues + 1);
	size_t n = 0;

	if (many == NULL)
		return;
	for (size_t i = 0; i < e->nvalues; i++) {
		bool again = false;

		if (!settings_take(l, key, e->values[i], e->lines[i], &many[n]))
			continue;
		for (size_t k = 0; k < n; k++)
			again = again || strcmp(many[k], many[n]) == 0;
		if (again)
			problem(l->p, e->lines[i],
			    "%s: \"%s\" stands in the list twice: take one out",
			    key->name, many[n]);
		else
			n++;
	}
	many[n] = NULL;
	memcpy(base + key->offset, &many, sizeof(many));
	memcpy(base + key->count, &n, sizeof(n));
}

static void
read_key(struct loader *l, const struct node *node, const struct key *key,
    char *base)
{
	const struct entry *e = entry_find(node, key->name);

	if (e == NULL) {
		if (key->required && !l->tree->cut)
			problem(l->p, node->line, "%s%s%s needs %s: %s",
			    strcmp(node->section, "root") == 0 ? "the file"
							       : node->section,
			    node->title == NULL ? "" : " ",
			    node->title == NULL ? "" : node->title, key->name,
			    hint_of(l->p, key));
		if (key->fallback != NULL)
			settings_take(l, key, key->fallback, node->line,
			    base + key->offset);
		return;
	}
	if (e->twice) {
		problem(l->p, e->lines[e->nvalues - 1],
		    "%s is set twice, first on line %d: take one out",
		    key->name, e->lines[0]);
		return;
	}
	if (key->kind == KEY_ENTRY)
		return;
	if (key->list) {
		read_list(l, key, e, base);
		return;
	}
	if (e->nvalues > 1) {
		problem(l->p, e->lines[1], "%s takes one value, not a list",
		    key->name);
		return;
	}
	settings_take(l, key, e->values[0], e->lines[0], base + key->offset);
}

void
settings_read_keys(struct loader *l, const struct node *node, void *base)
{
	const struct section *s =
	    grammar_section(l->tree->grammar, node->section);

	for (size_t i = 0; s != NULL && i < s->nkeys; i++)
		read_key(l, node, &s->keys[i], base);
}
