/*
 * settings_trust.c - can anybody but root and us change what the settings
 * name, or read what is secret?
 *
 * As sshd asks of its files (StrictModes): the file, and every folder and
 * link on the way to it, belongs to root or to who runs psirtd, and nobody
 * else may write there; a folder with the sticky bit may lie on the way.
 * Secrets, keys and the database nobody else may read either.  What is not
 * there is settings_check_files.c's to say.  Runs in the engine before its
 * walls; mends nothing, since who could write may have written.
 */
#include "settings_internal.h"

#include <dirent.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/flow.h"

#define LINKS_MOST 16
#define OTHERS_WRITE (S_IWGRP | S_IWOTH)
#define OTHERS_ALL (S_IRWXG | S_IRWXO)

/* ---- what is named ---- */

static void
name(struct loader *l, const char *section, const char *key, const char *path,
    enum trust kind)
{
	const struct node *node = settings_node(l, section, NULL);
	struct settings *s = l->s;

	if (path == NULL)
		return;
	s->named = talloc_realloc(s, s->named, struct named, s->nnamed + 1);
	if (s->named == NULL)
		abort(); /* a check that was not made is no success */
	s->named[s->nnamed++] = (struct named){
	    .key = key,
	    .path = path,
	    .kind = kind,
	    .line = node != NULL ? entry_line(node, key) : 1,
	};
}

static void
name_secret(struct loader *l, const char *section,
    const struct secret_source *secret, const char *file_key,
    const char *command_key)
{
	char **words = secret->command != NULL
			   ? command_words(l->s, secret->command)
			   : NULL;

	/* systemd's: its owner may be root, read by us through an ACL. */
	name(l, section, file_key, secret->file,
	    secret->file != NULL && strncmp(secret->file, "%d/", 3) == 0
		? TRUST_CREDENTIAL
		: TRUST_SECRET);
	if (words != NULL)
		name(l, section, command_key, words[0], TRUST_READ);
}

void
settings_name_files(struct loader *l)
{
	const struct settings *s = l->s;
	const struct {
		const char *section, *key, *path;
		enum trust kind;
	} rows[] = {
	    {"root", "database", s->database, TRUST_DATABASE},
	    {"root", "socket", s->socket, TRUST_SOCKET},
	    {"root", "work_dir", s->work_dir, TRUST_PRIVATE},
	    {"root", "templates", s->templates, TRUST_TEMPLATES},
	    {"keys", "gnupghome", s->gnupghome, TRUST_KEYRING},
	    {"mailbox", "ca_file", s->mailbox.ca_file, TRUST_READ},
	    {"submission", "ca_file", s->submission.ca_file, TRUST_READ},
	    {"procedure", "flow_jpcert", s->flow_files[FLOW_JPCERT],
		TRUST_READ},
	    {"procedure", "flow_direct", s->flow_files[FLOW_DIRECT],
		TRUST_READ},
	    {"procedure", "holidays", s->holidays_file, TRUST_READ},
	    {"procedure", "customers", s->customers_file, TRUST_READ},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		name(l, rows[i].section, rows[i].key, rows[i].path,
		    rows[i].kind);
	name_secret(l, "mailbox", &s->mailbox.secret, "password_file",
	    "password_command");
	name_secret(l, "submission", &s->submission.secret, "password_file",
	    "password_command");
	name_secret(
	    l, "keys", &s->passphrase, "passphrase_file", "passphrase_command");
}

/* ---- one file ---- */

struct watch {
	struct problems *p;
	const struct named *of;
	const char *us;    /* who runs psirtd */
	const char **said; /* paths that were told already */
	size_t nsaid;
};

static bool
said_before(struct watch *w, const char *path)
{
	for (size_t i = 0; i < w->nsaid; i++)
		if (strcmp(w->said[i], path) == 0)
			return true;
	w->said = talloc_realloc(w->p, w->said, const char *, w->nsaid + 1);
	if (w->said == NULL)
		abort(); /* an error that cannot be told is no success */
	w->said[w->nsaid++] = talloc_strdup(w->said, path);
	return false;
}

static const char *
owner_name(const void *ctx, uid_t uid)
{
	const struct passwd *pw = getpwuid(uid);

	return pw != NULL ? talloc_strdup(ctx, pw->pw_name)
			  : talloc_asprintf(ctx, "uid %u", (unsigned)uid);
}

/* What psirtd does not write itself is best root's. */
static const char *
best_owner(const struct watch *w)
{
	return w->of->kind == TRUST_READ || w->of->kind == TRUST_TEMPLATES
		   ? "root"
		   : w->us;
}

/* `never`: rights that nobody else may have. */
static void
check_rights(
    struct watch *w, const char *path, const struct stat *st, mode_t never)
{
	const char *key = w->of->key;
	int line = w->of->line;

	if (st->st_uid != 0 && st->st_uid != geteuid()) {
		const char *owner = owner_name(w->p, st->st_uid);

		if (!said_before(w, path))
			problem(w->p, line,
			    "%s: %s belongs to %s, who is neither root nor who "
			    "runs psirtd: chown %s %s",
			    key, path, owner, best_owner(w), path);
	} else if ((st->st_mode & never & OTHERS_WRITE) != 0) {
		if (!said_before(w, path))
			problem(w->p, line,
			    "%s: others may write to %s (mode %04o): chmod "
			    "go%s %s",
			    key, path, (unsigned)st->st_mode & 07777,
			    never == OTHERS_WRITE ? "-w" : "=", path);
	} else if ((st->st_mode & never) != 0) {
		if (!said_before(w, path))
			problem(w->p, line,
			    "%s: others may look into %s (mode %04o): chmod "
			    "go= %s%s",
			    key, path, (unsigned)st->st_mode & 07777, path,
			    w->of->kind == TRUST_SECRET
				? ", and change the secret"
				: "");
	}
}

/* On the way: in a sticky folder nobody moves what is another's. */
static void
check_way(struct watch *w, const char *path, const struct stat *st)
{
	check_rights(
	    w, path, st, (st->st_mode & S_ISVTX) != 0 ? 0 : OTHERS_WRITE);
}

/* Where the link `path` below the folder `at` leads, `rest` behind it. */
static const char *
link_target(struct watch *w, const char *at, const char *path, const char *rest)
{
	char target[4096];
	ssize_t n = readlink(path, target, sizeof(target));

	if (n <= 0 || (size_t)n == sizeof(target))
		return NULL;
	return talloc_asprintf(w->p, "%s/%.*s%s", target[0] == '/' ? "" : at,
	    (int)n, target, rest);
}

/*
 * Goes from / to what is at the end of `path`, links and all, and looks at
 * everything on the way but the end itself.  NULL: there is no such thing;
 * else its own name, on w->p.
 */
static const char *
walk(struct watch *w, const char *path, struct stat *st)
{
	const char *at = "";

	for (unsigned links = 0; links <= LINKS_MOST;) {
		size_t len = strcspn(path += strspn(path, "/"), "/");
		const char *next;

		if (lstat(*at != '\0' ? at : "/", st) != 0)
			return NULL;
		if (len == 0)
			return *at != '\0' ? at : "/";
		check_way(w, *at != '\0' ? at : "/", st);
		next = talloc_asprintf(w->p, "%s/%.*s", at, (int)len, path);
		if (next == NULL || lstat(next, st) != 0)
			return NULL;
		path += len;
		if (S_ISLNK(st->st_mode)) {
			check_rights(w, next, st, 0);
			path = link_target(w, at, next, path);
			if (path == NULL)
				return NULL;
			at = "";
			links++;
		} else if (strcmp(strrchr(next, '/'), "/..") == 0) {
			/* No link leads here: what is above is by name. */
			if (*at != '\0')
				at = talloc_strndup(
				    w->p, at, (size_t)(strrchr(at, '/') - at));
		} else if (strcmp(strrchr(next, '/'), "/.") != 0) {
			at = next;
		}
	}
	return NULL;
}

/* ---- what is at the end of the way ---- */

static void
check_at(struct watch *w, const char *path, mode_t never)
{
	struct stat st;
	const char *own = walk(w, path, &st);

	if (own != NULL)
		check_rights(w, own, &st, never);
}

/* All that is in a folder; what is missing is said elsewhere. */
static void
check_in(struct watch *w, const char *folder, mode_t never)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char *path =
		    talloc_asprintf(w->p, "%s/%s", folder, entry->d_name);

		if (path == NULL)
			abort(); /* a check that was not made is no success */
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			check_at(w, path, never);
	}
	if (dir != NULL)
		closedir(dir);
}

static const char *
below(const struct watch *w, const char *folder, const char *what)
{
	char *path = talloc_asprintf(w->p, "%s%s", folder, what);

	if (path == NULL)
		abort(); /* a check that was not made is no success */
	return path;
}

static void
check_templates(struct watch *w)
{
	static const char *const folders[] = {"/en", "/ja"};

	check_at(w, w->of->path, OTHERS_WRITE);
	for (size_t i = 0; i < COUNT(folders); i++) {
		const char *folder = below(w, w->of->path, folders[i]);

		check_at(w, folder, OTHERS_WRITE);
		check_in(w, folder, OTHERS_WRITE);
	}
}

/* Public keys may be read; a ring that others write holds their keys. */
static void
check_keyring(struct watch *w)
{
	static const char *const rings[] = {
	    "/pubring.kbx", "/pubring.gpg", "/trustdb.gpg"};
	const char *keys = below(w, w->of->path, "/private-keys-v1.d");

	check_at(w, w->of->path, OTHERS_ALL);
	for (size_t i = 0; i < COUNT(rings); i++)
		check_at(w, below(w, w->of->path, rings[i]), OTHERS_WRITE);
	check_at(w, keys, OTHERS_ALL);
	check_in(w, keys, OTHERS_ALL);
}

/*
 * In a folder where others may make files they make the next -wal or the next
 * socket: the sticky bit is not enough for the folder itself.
 */
static void
check_folder_of(struct watch *w, const char *path)
{
	const char *slash = strrchr(path, '/');

	check_at(w,
	    slash == path || slash == NULL
		? "/"
		: talloc_strndup(w->p, path, (size_t)(slash - path)),
	    OTHERS_WRITE);
}

static void
check_database(struct watch *w)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	struct stat st;

	check_folder_of(w, w->of->path);
	/* SQLite's other files, and our walls, are where the link leads. */
	if (lstat(w->of->path, &st) == 0 && S_ISLNK(st.st_mode)) {
		problem(w->p, w->of->line,
		    "%s: %s is a symbolic link: name the file itself",
		    w->of->key, w->of->path);
		return;
	}
	for (size_t i = 0; i < COUNT(ends); i++)
		check_at(w, below(w, w->of->path, ends[i]), OTHERS_ALL);
}

static void
check_named(struct watch *w)
{
	struct error nobody = {0};
	const char *path;

	switch (w->of->kind) {
	case TRUST_READ:
		check_at(w, w->of->path, OTHERS_WRITE);
		break;
	case TRUST_SECRET:
	case TRUST_PRIVATE:
		check_at(w, w->of->path, OTHERS_ALL);
		break;
	case TRUST_CREDENTIAL:
		path = secret_path(w->p, w->of->path, &nobody);
		if (path != NULL)
			check_at(w, path, OTHERS_ALL & ~(mode_t)S_IRGRP);
		break;
	case TRUST_TEMPLATES:
		check_templates(w);
		break;
	case TRUST_KEYRING:
		check_keyring(w);
		break;
	case TRUST_SOCKET:
		check_folder_of(w, w->of->path);
		break;
	case TRUST_DATABASE:
		check_database(w);
		break;
	}
}

int
settings_trust(
    const void *ctx, const struct settings *s, char **errors, struct error *err)
{
	const struct named itself = {"psirtd.conf", s->file, TRUST_READ, 0};
	struct watch w = {.p = problems_new(NULL, s->file), .of = &itself};
	char *whole = s->file[0] == '/' ? NULL : realpath(s->file, NULL);
	size_t n;

	*errors = NULL;
	if (w.p == NULL || (w.us = owner_name(w.p, geteuid())) == NULL)
		abort(); /* a check that was not made is no success */
	check_at(&w, whole != NULL ? whole : s->file, OTHERS_WRITE);
	free(whole);
	for (size_t i = 0; i < s->nnamed; i++) {
		w.of = &s->named[i];
		check_named(&w);
	}
	n = problems_count(w.p);
	*errors = problems_text(ctx, w.p);
	talloc_free(w.p);
	if (n > 0)
		return error_set(
		    err, FAULT_SETUP, "%zu error%s", n, n == 1 ? "" : "s");
	return 0;
}
