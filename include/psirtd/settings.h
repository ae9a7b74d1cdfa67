/*
 * settings.h - psirtd.conf as const structs, made once at start by libconfuse.
 *
 * Every error names file:line and what to do.  Fingerprints are upper-case,
 * addresses and domains lower-case.  Secrets are not in here: only where they
 * are to be had (settings_secret()).
 */
#ifndef PSIRTD_SETTINGS_H
#define PSIRTD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "psirtd/bytes.h"
#include "psirtd/error.h"

struct place { /* where in the file something stood, for error messages */
	const char *file;
	int line;
};

enum role {
	ROLE_DESIGN = 1,
	ROLE_RESEARCH,
	ROLE_QUALITY,
	ROLE_INTEGRATION,
	ROLE_CARE,
	ROLE_SALES,
	ROLE_RISK,
	ROLE_PUBLICITY,
	ROLE_MANUFACTURING,
	ROLE_CSIRT, /* incidents are handed over to it (RULES 31) */
	ROLE_OEM,   /* partners whose products hold ours */
	ROLE_COUNT,
	/* In flows alone: parties that are no department. */
	ROLE_POC = ROLE_COUNT,
	ROLE_JPCERT,
	ROLE_IPA,
	ROLE_SOURCE, /* the finder, an overseas CERT */
	ROLE_PARTY_COUNT,
};
enum adopt { ADOPT_UNSET, ADOPT_LEAVE, ADOPT_FILE, ADOPT_ANSWER };
enum acknowledge { ACKNOWLEDGE_ENCRYPTED, ACKNOWLEDGE_REPORT, ACKNOWLEDGE_ANY };
enum flow { FLOW_DIRECT = 1, FLOW_JPCERT };
enum operator_role { OPERATOR_VIEWER = 1, OPERATOR_OPERATOR, OPERATOR_LEAD };

struct secret_source {
	const char *file;    /* password_file: %d is $CREDENTIALS_DIRECTORY */
	const char *command; /* or password_command: run once, no shell trick */
	struct place place;  /* of that key */
};

struct server_settings {
	const char *host;
	const char *connect_to; /* address to connect to instead, or NULL */
	uint32_t port;
	bool starttls;
	const char *user;
	struct secret_source secret;
	const char *ca_file; /* NULL: the system's */
	uint32_t timeout_s;
	struct place place;
};

struct contact {
	const char *name;
	const char *address;
	const char *fingerprint; /* NULL when notice */
	const char *language;    /* "ja", "en" */
	bool notice; /* mail = notice: "come to the desk" alone (RULES 27) */
	struct place place;
};

struct department {
	const char *name; /* the word `psirt route` takes */
	const char *title;
	enum role role;
	struct contact *contacts;
	size_t ncontacts;
	struct place place;
};

struct product {
	const char *name;
	const char **names; /* name itself is the first */
	size_t nnames;
	const char *pattern; /* regular expression, or NULL */
	/* departments by role: index in settings.departments, -1 none */
	int departments[ROLE_COUNT];
	/* who leads where a step's lead is design (RULES 31): quality where
	 * flaws are handled as bugs */
	enum role lead;
	struct place place;
};

struct correspondent {
	const char *name;
	const char **names; /* how it calls itself, user ids; matched in From */
	size_t nnames;
	const char **addresses;
	size_t naddresses;
	const char **domains;
	size_t ndomains;
	const char **fingerprints;
	size_t nfingerprints;
	enum flow flow;
	const char *language;
	struct place place;
};

/* One line of the customer file (<1>4.2.2, 4.3.2, <2>4.2.1). */
struct customer {
	const char *name;
	const char *address;
	const char *fingerprint;
	const char *language;
	bool nda;
	const char **products; /* names of the map */
	size_t nproducts;
	const char *integrator; /* via which; NULL: none */
	struct place place;
};

struct holiday {
	int64_t day; /* days since 1970-01-01 */
	const char *name;
};

struct flow_file;

/* What a file or folder that the settings name is to us. */
enum trust {
	TRUST_READ,       /* others may read it, but not change it */
	TRUST_SECRET,     /* others may do neither */
	TRUST_CREDENTIAL, /* the same, as systemd hands it over: below %d */
	TRUST_PRIVATE,    /* a folder: neither */
	TRUST_TEMPLATES,  /* a folder, with all in en/ and ja/: no change */
	TRUST_KEYRING,    /* a GNUPGHOME: the folder, its keys and rings */
	TRUST_SOCKET,     /* the folder it is made in: no change */
	TRUST_DATABASE,   /* the same, and neither of it and what is SQLite's */
};

struct named {
	const char *key; /* by which the settings name it */
	const char *path;
	enum trust kind;
	int line;
};

struct operator
{
	const char *user; /* login name */
	uid_t uid;
	enum operator_role role;
	const char *address; /* alerts go here; NULL none */
	const char *fingerprint;
	const char *language;
	struct place place;
};

/* A key, and whose the settings say it is: "correspondent JPCERT/CC". */
struct pin {
	const char *owner;
	const char *fingerprint;
};

/* What two persons have not confirmed yet (RULES 15): the engine's to keep. */
struct waiting_keys {
	const char **fingerprints;
	size_t n;
};

struct settings {
	const char *file;
	const char *database;
	const char *socket;    /* of psirt */
	const char *work_dir;  /* short: fresh gpg homes below it */
	const char *templates; /* folder with en/ and ja/ */
	unsigned workers;      /* 0: number of cores */
	const char *heartbeat; /* file that is written while all goes well */
	int64_t reserve;       /* bytes free, or nothing is fetched; 0: off */

	struct server_settings mailbox;
	const char *folder, *filed, *too_large;
	const char *junk; /* looked at too, or NULL */
	unsigned poll_s;
	int64_t unreachable_s; /* then the desk is told */
	int64_t letter_max;    /* bytes */
	enum adopt adopt;
	int64_t stale_s; /* no automatic answer to a letter older than this */

	struct server_settings submission;
	const char *from_name;
	const char *address;  /* the POC's own, From of every mail */
	const char **aliases; /* other addresses that are ours */
	size_t naliases;
	const char **alert_plain; /* woken by a line in clear (RULES 22) */
	size_t nalert_plain;

	const char *gnupghome;
	const char *poc; /* fingerprint */
	const char **retired;
	size_t nretired;
	const char *recovery; /* or NULL */
	struct secret_source passphrase;
	struct place keys_place, desk_place, work_dir_place;

	const char *number_prefix; /* PSIRT */
	const char *organization;  /* the vendor's name in mails */
	const char *organization_ja;
	const char *language;             /* default of a reply: en, ja */
	const char *policy_url, *key_url; /* or NULL */
	unsigned reply_days;       /* business days to the first human answer */
	unsigned acknowledge_days; /* business days to the acknowledgement */

	/* ---- the procedure (flow.h) ---- */
	const char *flow_files[FLOW_JPCERT + 1];    /* paths, by enum flow */
	const char *holidays_file, *customers_file; /* NULL: none */
	const struct flow_file *flows[FLOW_JPCERT + 1]; /* parsed */
	struct holiday *holidays;                       /* sorted by day */
	size_t nholidays;
	struct customer *customers;
	size_t ncustomers;
	/* status mails: every so often, 0 never; by kind of counterpart */
	int64_t status_jpcert_s, status_cert_s, status_finder_s;
	int64_t status_quiet_s; /* none where a real mail left so lately */
	/* a department that is late: reminded so often, then the lead */
	int64_t remind_s;
	unsigned reminders;
	/* the morning mail: minutes after midnight, -1 none */
	int morning;
	unsigned imposed_days;    /* publication target of most CERTs: 45 */
	unsigned retention_years; /* that a closed case is kept */

	bool route_auto;
	enum acknowledge acknowledge;
	bool share_finder;
	unsigned acknowledge_per_hour; /* to one address */
	unsigned automatic_per_hour;   /* in all */

	/* limits (see vault.h, reading.h) */
	unsigned wall_ms, cpu_s, memory_mb, max_parts, max_depth;
	unsigned max_fields, max_addresses, max_keys, max_hidden, max_layers;

	struct department *departments;
	size_t ndepartments;
	struct product *products;
	size_t nproducts;
	int default_departments[ROLE_COUNT]; /* what no product matches */
	struct correspondent *correspondents;
	size_t ncorrespondents;
	struct operator* operators;
	size_t noperators;

	struct waiting_keys *waiting; /* NULL: nothing waits */

	struct named *named; /* every file and folder of the above */
	size_t nnamed;
};

/*
 * Reads PATH.  NULL with FAULT_SETUP; every error found is written to
 * `errors` (a talloc string made on ctx, one "file:line: sentence" a line).
 */
struct settings *settings_load(
    const void *ctx, const char *path, char **errors, struct error *err);
/*
 * Whether nobody but root and who runs this can change what the settings name,
 * nor read what is secret of it.  -1 with FAULT_SETUP; `errors` as above, each
 * with what to do.
 */
int settings_trust(const void *ctx, const struct settings *s, char **errors,
    struct error *err);
/*
 * Reads the secret (file or command; one trailing newline dropped) into a
 * buffer wiped when freed.  NULL: FAULT_SETUP, naming file:line (of the key
 * where `from` knows it, else of `place`), never content.
 */
struct buf *settings_secret(const void *ctx, const struct secret_source *from,
    struct place place, struct error *err);
/*
 * What is allowed and yet ought to be known, for `psirtd -n`: one
 * "file:line: note: sentence" a line; NULL: none.
 */
char *settings_notes(const void *ctx, const struct settings *s);
/* Every fingerprint of contacts, correspondents, operators and customers,
 * once each. */
const char **settings_pinned(
    const void *ctx, const struct settings *s, size_t *count);
/* Every pin of contacts, correspondents, operators and customers; an owner
 * that is written twice is there twice. */
struct pin *settings_pins(
    const void *ctx, const struct settings *s, size_t *count);
/* Pinned, but not to be trusted, nor written to, before it is confirmed. */
bool settings_key_waits(const struct settings *s, const char *fingerprint);
/* One of ours that opens older mail, and is used for nothing else. */
bool settings_key_retired(const struct settings *s, const char *fingerprint);
/*
 * Whose key it is, in the words of the settings: "poc", "department plc:
 * Hanako"; all of them where it is of several.  NULL: nobody's.
 */
char *settings_key_owner(
    const void *ctx, const struct settings *s, const char *fingerprint);
/* Who owns a fingerprint; NULL none. */
const struct correspondent *settings_correspondent_by_key(
    const struct settings *s, const char *fingerprint);
const struct contact *settings_contact_by_key(const struct settings *s,
    const char *fingerprint, const struct department **department);
const struct department *settings_department(
    const struct settings *s, const char *name);
bool settings_is_own_address(const struct settings *s, const char *address);
/* NULL: this login has no role. */
const struct operator* settings_operator(const struct settings *s, uid_t uid);
const char *role_name(enum role role); /* parties too: "poc", "jpcert" */
/* "設計部門", "Design"; a party's too. */
const char *role_title(enum role role, const char *language);
enum role role_by_name(const char *name, bool parties); /* 0 none */
const char *flow_name(enum flow flow);
const struct flow_file *settings_flow(const struct settings *s, enum flow flow);
/* The n-th business day after `when`: Monday to Friday, no holiday of the
 * settings; same time of day. */
int64_t settings_business_days(const struct settings *s, int64_t when, int n);
/* The correspondent of flow jpcert, the window to JPCERT/CC; NULL none. */
const struct correspondent *settings_jpcert(const struct settings *s);
const struct customer *settings_customer(
    const struct settings *s, const char *address);

#endif
