/*
 * settings_check.c - what only the whole of psirtd.conf can tell.
 *
 * Every value was fine by itself; here stands what two of them cannot be
 * together, and which logins the operators are on this host.  Whose key is
 * whose is settings_check_keys.c's, and whether the files named are there
 * settings_check_files.c's.  Runs in the engine before its walls, as it asks
 * the host's user database.
 */
#include "settings_internal.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/text.h"

/* sun_path, and what gpg-agent's socket needs below work_dir. */
#define SOCKET_PATH_MOST ((size_t)107)
#define AGENT_SOCKET "/vXXXXXX/S.gpg-agent"

/* ---- where something stands ---- */

/* Alike but for case (ASCII) and spaces: what reading may have changed. */
static bool
alike(const char *a, const char *b)
{
	for (;;) {
		a += strspn(a, " ");
		b += strspn(b, " ");
		if (*a == '\0' || *b == '\0')
			return *a == *b;
		if (strncasecmp(a++, b++, 1) != 0)
			return false;
	}
}

static const struct entry *
entry_at(const struct loader *l, const char *section, int line, const char *key)
{
	for (size_t i = 0; i < l->tree->nnodes; i++)
		if (l->tree->nodes[i].line == line &&
		    strcmp(l->tree->nodes[i].section, section) == 0)
			return entry_find(&l->tree->nodes[i], key);
	return NULL;
}

int
settings_line(const struct loader *l, const char *section, int line,
    const char *key, const char *value)
{
	const struct entry *e = entry_at(l, section, line, key);

	if (e == NULL || e->nvalues == 0)
		return line;
	for (size_t i = 0; i < e->nvalues && value != NULL; i++)
		if (alike(e->values[i], value))
			return e->lines[i];
	return e->lines[0];
}

/* The same in a section that stands once, or at the top level ("root"). */
static int
single_line(const struct loader *l, const char *section, const char *key,
    const char *value)
{
	const struct node *node = settings_node(l, section, NULL);

	return node == NULL ? 1
			    : settings_line(l, section, node->line, key, value);
}

/* ---- servers, folders, paths ---- */

/* A secret comes from a file or a command. */
static void
check_secret(struct loader *l, const char *section, const char *file_key,
    const char *command_key, bool required)
{
	const struct node *node = settings_node(l, section, NULL);
	bool file = node != NULL && entry_find(node, file_key) != NULL;
	bool command = node != NULL && entry_find(node, command_key) != NULL;

	if (node == NULL)
		return;
	if (file && command)
		problem(l->p, entry_line(node, command_key),
		    "%s has %s and %s: take one out", section, file_key,
		    command_key);
	else if (required && !file && !command)
		problem(l->p, node->line,
		    "%s needs %s (a path, or %%d/NAME of the credentials "
		    "folder) or %s",
		    section, file_key, command_key);
}

static void
check_folders(struct loader *l)
{
	const struct settings *s = l->s;
	const char *const keys[] = {"folder", "filed", "too_large", "junk"};
	const char *const names[] = {
	    s->folder, s->filed, s->too_large, s->junk};

	for (size_t i = 1; i < COUNT(keys); i++)
		for (size_t k = 0; k < i; k++) {
			if (names[i] == NULL || names[k] == NULL ||
			    strcasecmp(names[i], names[k]) != 0)
				continue;
			problem(l->p, single_line(l, "mailbox", keys[i], NULL),
			    "%s and %s are the same folder \"%s\": name "
			    "another",
			    keys[k], keys[i], names[i]);
		}
}

static bool
lies_in(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return strncmp(path, folder, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0');
}

static void
check_paths(struct loader *l)
{
	const struct settings *s = l->s;
	const size_t work_most = SOCKET_PATH_MOST - strlen(AGENT_SOCKET);

	if (s->socket != NULL && strlen(s->socket) > SOCKET_PATH_MOST)
		problem(l->p, single_line(l, "root", "socket", NULL),
		    "socket: its path is %zu bytes too long for a socket",
		    strlen(s->socket) - SOCKET_PATH_MOST);
	if (s->work_dir != NULL && strlen(s->work_dir) > work_most)
		problem(l->p, single_line(l, "root", "work_dir", NULL),
		    "work_dir: its path is %zu bytes too long for the sockets "
		    "of gpg-agent below it",
		    strlen(s->work_dir) - work_most);
	if (s->socket != NULL && s->database != NULL &&
	    strcmp(s->socket, s->database) == 0)
		problem(l->p, single_line(l, "root", "socket", NULL),
		    "socket and database are the same path: name another");
	if (s->gnupghome != NULL && s->work_dir != NULL &&
	    lies_in(s->gnupghome, s->work_dir))
		problem(l->p, single_line(l, "keys", "gnupghome", NULL),
		    "gnupghome lies in work_dir, where psirtd takes old "
		    "folders "
		    "away: move it elsewhere");
}

/* Both in the same folder, and not the same. */
static bool
beside(const char *path, const char *other)
{
	const char *a = strrchr(path, '/'), *b = strrchr(other, '/');

	return a != NULL && b != NULL && a - path == b - other &&
	       strncmp(path, other, (size_t)(a - path)) == 0 &&
	       strcmp(a, b) != 0;
}

/* The engine may write there, and nobody else may (settings_trust.c). */
static void
check_heartbeat(struct loader *l)
{
	const struct settings *s = l->s;

	if (s->heartbeat == NULL || s->socket == NULL || s->database == NULL)
		return;
	if (strncmp(s->heartbeat, s->database, strlen(s->database)) == 0 ||
	    (!beside(s->heartbeat, s->socket) &&
		!beside(s->heartbeat, s->database)))
		problem(l->p, single_line(l, "root", "heartbeat", NULL),
		    "heartbeat: it must be a file of its own beside socket or "
		    "database: psirtd writes nowhere else");
}

/* ---- products ---- */

/*
 * As letters are searched for it: case, width and spaces do not count.
 * Full-width ASCII is EF BC 81 to EF BD 9E, its space E3 80 80.
 */
static char *
product_fold(const void *ctx, const char *name)
{
	const unsigned char *from = (const unsigned char *)name;
	char *out = talloc_array(ctx, char, strlen(name) + 1);
	char *to = out;

	while (out != NULL && *from != '\0') {
		if (*from == ' ') {
			from++;
		} else if (strncmp((const char *)from, "\xe3\x80\x80", 3) ==
			   0) {
			from += 3;
		} else if (from[0] == 0xef &&
			   ((from[1] == 0xbc && from[2] >= 0x81) ||
			       (from[1] == 0xbd && from[2] <= 0x9e))) {
			*to++ = (char)(from[2] - 0x80 + 0x20 +
				       (from[1] == 0xbd ? 0x40 : 0));
			from += 3;
		} else {
			*to++ = (char)*from++;
		}
	}
	if (out == NULL)
		return NULL;
	*to = '\0';
	return text_lower(ctx, out);
}

static const char *
shared_name(const void *ctx, const struct product *a, const struct product *b)
{
	for (size_t i = 0; i < a->nnames; i++)
		for (size_t k = 0; k < b->nnames; k++) {
			const char *x = product_fold(ctx, a->names[i]);
			const char *y = product_fold(ctx, b->names[k]);

			if (x != NULL && y != NULL && strcmp(x, y) == 0)
				return b->names[k];
		}
	return NULL;
}

static void
check_products(struct loader *l)
{
	const struct settings *s = l->s;

	for (size_t i = 1; i < s->nproducts; i++)
		for (size_t k = 0; k < i; k++) {
			const struct product *a = &s->products[k];
			const struct product *b = &s->products[i];
			const char *name = shared_name(l->p, a, b);

			/* The same title was said already. */
			if (name == NULL || strcasecmp(a->name, b->name) == 0)
				continue;
			problem(l->p,
			    settings_line(
				l, "product", b->place.line, "names", name),
			    "product %s: \"%s\" is a name of product %s too "
			    "(line %d): take it out of one, a letter could "
			    "mean both",
			    b->name, name, a->name, a->place.line);
			break;
		}
}

/* ---- people ---- */

static void
check_own_addresses(struct loader *l)
{
	const struct settings *s = l->s;

	for (size_t i = 0; i < s->naliases; i++)
		if (s->address != NULL &&
		    strcmp(s->aliases[i], s->address) == 0)
			problem(l->p,
			    single_line(l, "desk", "aliases", s->aliases[i]),
			    "aliases: %s is the desk's address already: take "
			    "it out",
			    s->aliases[i]);
}

/* A mail to it would come back to the mailbox that psirtd answers. */
static void
check_alert_plain(struct loader *l)
{
	const struct settings *s = l->s;

	for (size_t i = 0; i < s->nalert_plain; i++)
		if (settings_is_own_address(s, s->alert_plain[i]))
			problem(l->p,
			    single_line(
				l, "desk", "alert_plain", s->alert_plain[i]),
			    "alert_plain: %s is the desk's own address: name "
			    "the person's",
			    s->alert_plain[i]);
}

/* The same, of a person. */
static void
check_not_own(struct loader *l, const char *section, const char *name, int line,
    const char *address)
{
	if (address != NULL && settings_is_own_address(l->s, address))
		problem(l->p, line,
		    "%s %s: %s is the desk's own address: name the person's",
		    section, name, address);
}

static void
check_contact(struct loader *l, const struct department *d, size_t at)
{
	const struct contact *c = &d->contacts[at];
	int line =
	    settings_line(l, "contact", c->place.line, "address", c->address);

	check_not_own(l, "contact", c->name, line, c->address);
	for (size_t i = 0; i < at && c->address != NULL; i++)
		if (d->contacts[i].address != NULL &&
		    strcmp(d->contacts[i].address, c->address) == 0)
			problem(l->p, line,
			    "contact %s: %s is contact %s of the same "
			    "department already: take one out",
			    c->name, c->address, d->contacts[i].name);
	line = settings_line(
	    l, "contact", c->place.line, "fingerprint", c->fingerprint);
	if (c->notice && c->fingerprint != NULL)
		problem(l->p, line,
		    "contact %s has a fingerprint and mail = notice: take one "
		    "out",
		    c->name);
	/* A fingerprint that is none was said already. */
	if (!c->notice && c->fingerprint == NULL &&
	    entry_at(l, "contact", c->place.line, "fingerprint") == NULL)
		problem(l->p, c->place.line,
		    "contact %s needs a fingerprint, or mail = notice where "
		    "the person has no OpenPGP",
		    c->name);
}

static void
check_departments(struct loader *l)
{
	const struct settings *s = l->s;

	for (size_t i = 0; i < s->ndepartments; i++) {
		const struct department *d = &s->departments[i];

		if (d->ncontacts == 0)
			problem(l->p, d->place.line,
			    "department %s has nobody to write to: put "
			    "contact NAME { … } into it",
			    d->name);
		for (size_t k = 0; k < d->ncontacts; k++)
			check_contact(l, d, k);
	}
}

static void
check_login(struct loader *l, struct operator* o)
{
	const struct settings *s = l->s;
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(o->user);
	if (pw == NULL && errno != 0 && errno != ENOENT && errno != ESRCH) {
		problem(l->p, o->place.line,
		    "operator %s: the login cannot be looked up: %s", o->user,
		    strerror(errno));
		return;
	}
	if (pw == NULL) {
		problem(l->p, o->place.line,
		    "operator %s: this host has no such login: make it, or "
		    "take the operator out",
		    o->user);
		return;
	}
	for (const struct operator* other = s->operators; other < o; other++)
		if (other->uid == pw->pw_uid)
			problem(l->p, o->place.line,
			    "operator %s is the same login as operator %s "
			    "(line %d): take one out",
			    o->user, other->user, other->place.line);
	o->uid = pw->pw_uid;
}

static void
check_operators(struct loader *l)
{
	for (size_t i = 0; i < l->s->noperators; i++) {
		struct operator* o = & l->s->operators[i];
		int line = settings_line(
		    l, "operator", o->place.line, "address", o->address);

		check_login(l, o);
		check_not_own(l, "operator", o->user, line, o->address);
		if (o->address != NULL && o->fingerprint == NULL &&
		    entry_at(l, "operator", o->place.line, "fingerprint") ==
			NULL)
			problem(l->p, line,
			    "operator %s has an address and no fingerprint: "
			    "add it, what is sent there is encrypted",
			    o->user);
	}
}

void
settings_check(struct loader *l)
{
	/* Half a file lacks what stands in its other half. */
	if (l->tree->cut)
		return;
	check_secret(l, "mailbox", "password_file", "password_command", true);
	check_secret(
	    l, "submission", "password_file", "password_command", true);
	check_secret(l, "keys", "passphrase_file", "passphrase_command", false);
	check_folders(l);
	check_paths(l);
	check_heartbeat(l);
	check_products(l);
	check_own_addresses(l);
	check_alert_plain(l);
	check_departments(l);
	check_operators(l);
	settings_check_parties(l);
	settings_check_keys(l);
	settings_check_files(l);
}
