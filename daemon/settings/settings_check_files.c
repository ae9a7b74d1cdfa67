/*
 * settings_check_files.c - are the files and folders there that psirtd.conf
 * names?
 *
 * Each one that is missing, closed to psirtd or something else than it should
 * be is told by the line of its own key.  Runs in the engine before its
 * walls, as the user psirtd runs as.  What is in a template or a key is not
 * asked here; a secret is read, judged and wiped, a command is not run.
 */
#include "settings_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <talloc.h>

#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define PEM_END "-----END CERTIFICATE-----"

/* Line of a key that stands in a section of which there is one. */
static int
key_line(const struct loader *l, const char *section, const char *key)
{
	const struct node *node = settings_node(l, section, NULL);

	return node == NULL ? 1 : entry_line(node, key);
}

/* ---- folders ---- */

/* False: said.  `below` is "" or the name of a folder in it. */
static bool
check_folder(struct loader *l, int line, const char *key, const char *path,
    const char *below)
{
	char *whole = talloc_asprintf(l->p, "%s%s", path, below);
	struct stat st;

	if (whole == NULL)
		abort(); /* a check that was not made is no success */
	if (stat(whole, &st) == 0 && !S_ISDIR(st.st_mode))
		problem(l->p, line, "%s: %s is no folder", key, whole);
	else if (access(whole, R_OK | X_OK) != 0)
		problem(l->p, line, "%s: %s: %s", key, whole, strerror(errno));
	else
		return true;
	return false;
}

static void
check_templates(struct loader *l)
{
	const char *path = l->s->templates;
	int line = key_line(l, "root", "templates");

	if (path == NULL || !check_folder(l, line, "templates", path, ""))
		return;
	check_folder(l, line, "templates", path, "/en");
	check_folder(l, line, "templates", path, "/ja");
}

static void
check_gnupghome(struct loader *l)
{
	/* Without the section keys nothing else is said about it. */
	if (l->s->gnupghome != NULL && settings_node(l, "keys", NULL) != NULL)
		check_folder(l, key_line(l, "keys", "gnupghome"), "gnupghome",
		    l->s->gnupghome, "");
}

/* ---- certificates ---- */

/* Whether there is a certificate with something in it. */
static bool
has_certificate(FILE *f)
{
	bool inside = false;
	bool filled = false;
	bool found = false;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while (!found && (len = getline(&line, &size, f)) >= 0) {
		if (strncmp(line, PEM_BEGIN, strlen(PEM_BEGIN)) == 0) {
			inside = true;
			filled = false;
		} else if (strncmp(line, PEM_END, strlen(PEM_END)) == 0) {
			found = inside && filled;
			inside = false;
		} else if (inside && !filled) {
			/* DER begins with a SEQUENCE: base64 'M'. */
			filled = line[0] == 'M' && len > 40;
			inside = filled;
		}
	}
	free(line);
	return found;
}

static void
check_ca_file(struct loader *l, const char *section, const char *path)
{
	int line = key_line(l, section, "ca_file");
	/* O_NONBLOCK: a FIFO in its place must not hold up the start. */
	int fd =
	    path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	FILE *f;

	if (path == NULL)
		return;
	if (fd < 0) {
		problem(l->p, line, "ca_file: %s: %s", path, strerror(errno));
		return;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		problem(l->p, line, "ca_file: %s is no file", path);
		close(fd);
		return;
	}
	f = fdopen(fd, "r");
	if (f == NULL)
		abort(); /* a check that was not made is no success */
	if (!has_certificate(f))
		problem(l->p, line,
		    "ca_file: %s holds no certificate in PEM (" PEM_BEGIN
		    " …): name another file",
		    path);
	fclose(f);
}

/* ---- secrets ---- */

static void
check_secret_file(
    struct loader *l, const struct secret_source *secret, const char *key)
{
	struct error err = {0};
	struct buf *content;

	/* Both at once was said already; a command is run at start alone. */
	if (secret->file == NULL || secret->command != NULL)
		return;
	content = secret_of_file(l->p, secret->file, &err);
	if (content == NULL)
		problem(l->p, secret->place.line, "%s: %s", key, err.text);
	talloc_free(content);
}

void
settings_check_files(struct loader *l)
{
	const struct settings *s = l->s;

	check_templates(l);
	check_gnupghome(l);
	check_ca_file(l, "mailbox", s->mailbox.ca_file);
	check_ca_file(l, "submission", s->submission.ca_file);
	check_secret_file(l, &s->mailbox.secret, "password_file");
	check_secret_file(l, &s->submission.secret, "password_file");
	check_secret_file(l, &s->passphrase, "passphrase_file");
}
