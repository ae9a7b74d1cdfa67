/*
 * settings_file.h - a psirtd.conf for a test: the good one, changed in a
 * place, on disk, loaded.
 */
#ifndef SETTINGS_FILE_H
#define SETTINGS_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <talloc.h>

#include "psirtd/settings.h"

#define KEY_POC "0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A"
#define KEY_OLD "0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B"
#define KEY_RECOVERY "0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C"
#define KEY_DESIGN "1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A"
#define KEY_QUALITY "1B1B1B1B1B1B1B1B1B1B1B1B1B1B1B1B1B1B1B1B"
#define KEY_JPCERT "2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A"
#define KEY_JPCERT_2 "2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B"
#define KEY_CERT "2C2C2C2C2C2C2C2C2C2C2C2C2C2C2C2C2C2C2C2C"
#define KEY_DESK "3A3A3A3A3A3A3A3A3A3A3A3A3A3A3A3A3A3A3A3A"

/* What it names on the host is there: see good_text(). */
#define GOOD_TEMPLATES "/proc/self/cwd/conf/templates"
#define GOOD_GNUPGHOME "/tmp"
/* No certificate, but in the form of one. */
#define GOOD_PEM                                                               \
	"A comment in front.\n-----BEGIN CERTIFICATE-----\n"                   \
	"MIIBszCCAVmgAwIBAgIUAQIDBAUGBwgJCgsMDQ4PEBESExQwCgYIKoZIzj0EAwIw\n"   \
	"-----END CERTIFICATE-----\n"

/* LOGIN stands for who runs the test.  The line numbers are counted on. */
static const char good_file[] =
    "database = \"/var/lib/psirtd/psirtd.db\" "
    "templates = \"" GOOD_TEMPLATES "\"\n" /* 1 */
    "adopt = \"answer\"\n"
    "stale = \"2d\"\n"
    "route = ask\n"
    "mailbox {\n" /* 5 */
    "  host = \"imap.vendor.example\"\n"
    "  port = 1993\n"
    "  user = \"psirt\"\n"
    "  password_file = \"%d/imap\"\n"
    "  poll = \"2m\"\n" /* 10 */
    "  letter_max = 20M\n"
    "}\n"
    "submission {\n"
    "  host = \"smtp.vendor.example\"\n"
    "  starttls = yes\n" /* 15 */
    "  user = \"psirtd\"\n"
    "  password_command = \"/bin/cat '/etc/psirtd/the smtp'\"\n"
    "}\n"
    "desk {\n"
    "  address = \"PSIRT@Vendor.Example\"\n" /* 20 */
    "  aliases = {\"security@vendor.example\"}\n"
    "  organization = \"Vendor Inc.\"\n"
    "  organization_ja = \"株式会社ベンダー\"\n"
    "  language = ja\n"
    "}\n" /* 25 */
    "keys { gnupghome = \"" GOOD_GNUPGHOME "\"\n"
    "  poc = \"0a0a 0a0a 0a0a 0a0a 0a0a  0a0a 0a0a 0a0a 0a0a 0a0a\"\n"
    "  retired = {\"" KEY_OLD "\"}\n"
    "  recovery = \"" KEY_RECOVERY "\"\n"
    "}\n" /* 30 */
    "limits { acknowledge_per_hour = 100 memory = 512M }\n"
    "department \"plc\" {\n"
    "  role = \"design\"\n"
    "  title = \"Design PLC\"\n"
    "  contact \"Akira Design\" {\n" /* 35 */
    "    address = \"Design@vendor.example\"\n"
    "    fingerprint = \"" KEY_DESIGN "\"\n"
    "    language = \"en\"\n"
    "  }\n"
    "}\n" /* 40 */
    "department \"qa\" {\n"
    "  role = \"quality\"\n"
    "  contact \"Hana Quality\" {\n"
    "    address = \"quality@vendor.example\"\n"
    "    fingerprint = \"" KEY_QUALITY "\"\n" /* 45 */
    "  }\n"
    "  contact \"Kei Care\" {\n"
    "    address = \"care@vendor.example\"\n"
    "    mail = \"notice\"\n"
    "  }\n" /* 50 */
    "}\n"
    "product \"XYZ-100\" {\n"
    "  names = {\"XYZ-100\", \"XYZ 100\"}\n"
    "  design = \"plc\"\n"
    "  quality = \"qa\"\n" /* 55 */
    "}\n"
    "product \"制御盤\" {\n"
    "  pattern = \"GW-7[A-Z]?\"\n"
    "  design = \"plc\"\n"
    "}\n" /* 60 */
    "default { quality = \"qa\" }\n"
    "correspondent \"JPCERT/CC\" {\n"
    "  addresses = {\"Vuls@jpcert.example\"}\n"
    "  domains = {\"JPCERT.example\"}\n"
    "  fingerprints = {\"" KEY_JPCERT "\",\n" /* 65 */
    "                  \"" KEY_JPCERT_2 "\"}\n"
    "  flow = \"jpcert\"\n"
    "}\n"
    "correspondent \"Overseas CERT\" {\n"
    "  names = {\"Overseas\"}\n" /* 70 */
    "  addresses = {\"cert@cert.example\"}\n"
    "  fingerprints = {\"" KEY_CERT "\"}\n"
    "  language = \"en\"\n"
    "}\n"
    "operator \"LOGIN\" {\n" /* 75 */
    "  role = \"lead\"\n"
    "  address = \"desk@vendor.example\"\n"
    "  fingerprint = \"" KEY_DESK "\"\n"
    "}\n";

static inline const char *
login_name(void)
{
	const struct passwd *pw = getpwuid(getuid());

	assert_non_null(pw);
	return pw->pw_name;
}

/* The first `from` of text becomes `to`; it must be there. */
static inline char *
replaced(const void *ctx, const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	if (at == NULL)
		fail_msg("\"%s\" does not stand in the file", from);
	return talloc_asprintf(
	    ctx, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

/* On disk; the path is a child of ctx, the file is removed with it. */
static inline int
file_unlink(char *path)
{
	return unlink(path);
}

static inline char *
file_with(const void *ctx, const char *text)
{
	char *path = talloc_strdup(ctx, "/tmp/test-settings-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	talloc_set_destructor(path, file_unlink);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

/* NULL: *errors, with the path of the file left out. */
static inline const struct settings *
load_text(const void *ctx, const char *text, char **errors)
{
	char *path = file_with(ctx, text);
	struct error err = {0};
	const struct settings *s = settings_load(ctx, path, errors, &err);

	if (s == NULL) {
		size_t len = strlen(path);
		char *at;

		assert_int_equal(err.fault, FAULT_SETUP);
		assert_non_null(*errors);
		while ((at = strstr(*errors, path)) != NULL)
			memmove(at, at + len, strlen(at + len) + 1);
	} else {
		assert_null(*errors);
	}
	return s;
}

static inline const char *const *
credential_names(void)
{
	static const char *const names[] = {"imap", "smtp", "passphrase", NULL};

	return names;
}

static inline char *
credentials_folder(void)
{
	static char folder[] = "/tmp/test-settings-XXXXXX";

	return folder;
}

static inline void
credentials_remove(void)
{
	char path[100];

	for (const char *const *n = credential_names(); *n != NULL; n++) {
		snprintf(path, sizeof(path), "%s/%s", credentials_folder(), *n);
		unlink(path);
	}
	rmdir(credentials_folder());
}

/* The credentials folder of systemd, with a secret of each name. */
static inline void
credentials_make(void)
{
	static bool made;
	char path[100];

	if (!made) {
		umask(077);
		assert_non_null(mkdtemp(credentials_folder()));
		atexit(credentials_remove);
	}
	made = true;
	for (const char *const *n = credential_names(); *n != NULL; n++) {
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s", credentials_folder(), *n);
		f = fopen(path, "w");
		assert_non_null(f);
		fputs("a secret\n", f);
		fclose(f);
	}
	assert_int_equal(
	    setenv("CREDENTIALS_DIRECTORY", credentials_folder(), 1), 0);
}

static inline char *
good_text(const void *ctx)
{
	credentials_make();
	return replaced(ctx, good_file, "LOGIN", login_name());
}

/* The good file with a procedure { } of these lines at line 80. */
static inline const struct settings *
load_with(const void *ctx, const char *lines, char **errors)
{
	return load_text(ctx,
	    talloc_asprintf(ctx, "%sprocedure {\n%s}\n", good_text(ctx), lines),
	    errors);
}

/* With a file of this text under a key; *errors names it "FILE". */
static inline const struct settings *
load_file(const void *ctx, const char *key, const char *text, char **errors)
{
	char *path = file_with(ctx, text);
	const struct settings *s = load_with(
	    ctx, talloc_asprintf(ctx, "%s = \"%s\"\n", key, path), errors);

	if (s == NULL) {
		size_t len = strlen(path);
		char *out = talloc_strdup(ctx, "");
		const char *from = *errors;
		const char *at;

		while ((at = strstr(from, path)) != NULL) {
			out = talloc_asprintf_append(
			    out, "%.*sFILE", (int)(at - from), from);
			from = at + len;
		}
		*errors = talloc_asprintf_append(out, "%s", from);
	}
	return s;
}

#endif
