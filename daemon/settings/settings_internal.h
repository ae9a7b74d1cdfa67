/*
 * settings_internal.h - between the files of daemon/settings.
 *
 * The way of the file: text (settings_text.c) whose braces close
 * (settings_braces.c) to a tree of sections with the line of every value
 * (settings_parse.c), by the tables of what may stand where (settings_keys.c)
 * into struct settings (settings_read.c), then what only the whole can tell
 * (settings_check.c), and whether the files it names are there
 * (settings_check_files.c); whose they are is asked once all of that is fine
 * (settings_trust.c).  Those of procedure { } are read as well
 * (settings_procedure.c): flows go the same way, by a grammar of their own
 * (flow_internal.h).
 */
#ifndef SETTINGS_INTERNAL_H
#define SETTINGS_INTERNAL_H

#include "psirtd/settings.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECRET_MAX 4096
#define SECRET_WAIT_MS 30000

/* ---- what is wrong, gathered ---- */

struct problem {
	int line;
	const char *text;
};

struct problems {
	const char *file;
	struct problem *list;
	size_t count;
	struct problems *next; /* of a file that this one names */
};

struct problems *problems_new(const void *ctx, const char *file);
void problem(struct problems *p, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Of another file, told behind those of `p`. */
struct problems *problems_also(struct problems *p, const char *file);
size_t problems_count(const struct problems *p);
/* "file:line: sentence" a line, in the order of the file; NULL: none. */
char *problems_text(const void *ctx, struct problems *p);

/* ---- the tables ---- */

enum key_kind {
	KEY_TEXT,        /* const char *: one line, not empty */
	KEY_PATH,        /* const char *: absolute */
	KEY_SECRET_FILE, /* const char *: absolute, or below %d */
	KEY_COMMAND,     /* const char *: splits into words, absolute program */
	KEY_HOST,        /* const char * */
	KEY_FOLDER,      /* const char *: IMAP mailbox name, plain ASCII */
	KEY_URL,         /* const char * */
	KEY_PREFIX,      /* const char *: of our numbers */
	KEY_ADDRESS,     /* const char *: lower-case */
	KEY_DOMAIN,      /* const char *: lower-case */
	KEY_FINGERPRINT, /* const char *: upper-case, without spaces */
	KEY_LANGUAGE,    /* const char *: a choice, kept as its word */
	KEY_CHOICE,      /* an enum, by `choices` */
	KEY_BOOL,        /* bool, by `choices` */
	KEY_NUMBER,      /* unsigned */
	KEY_SECONDS,     /* unsigned */
	KEY_SECONDS64,   /* int64_t */
	KEY_MILLISECONDS, /* unsigned */
	KEY_SIZE,         /* int64_t */
	KEY_MEGABYTES,    /* unsigned */
	KEY_MORNING,      /* int: minutes after midnight, -1 "none" */
	KEY_DEPARTMENT,   /* int: index in settings.departments */
	KEY_ENTRY,        /* nothing: who reads the section asks the tree */
};

struct choice {
	const char *word;
	int value;
};

struct key {
	const char *name;
	enum key_kind kind;
	bool required;
	bool list; /* a pointer to many at `offset`, a size_t at `count` */
	size_t offset;
	size_t count;
	const char *fallback; /* as it would stand in the file; NULL none */
	int64_t least, most;  /* of numbers, seconds, bytes */
	const struct choice *choices;
};

struct section {
	const char *name;   /* "root" is the top level, as libconfuse says */
	const char *parent; /* name of the section it stands in */
	bool titled;        /* may stand many times, each with a name */
	const struct key *keys;
	size_t nkeys;
};

/* What a kind of file may hold; the first section is its top level. */
struct grammar {
	const struct section *sections;
	size_t nsections;
	const char *manual; /* where the keys are explained */
};

extern const struct section sections[];
extern const size_t nsections;
extern const struct grammar conf_grammar, flow_grammar;
const struct section *grammar_section(
    const struct grammar *g, const char *name);
/* Of psirtd.conf. */
const struct section *section_find(const char *name);
const struct key *key_find(const struct section *s, const char *name);
/* The known name of `parent` next to what was typed; NULL: none is near. */
const char *name_nearest(
    const void *ctx, const char *typed, const char *const *known, size_t n);

/* ---- the tree ---- */

struct entry {
	const char *name;
	const char **values;
	int *lines; /* of each value */
	size_t nvalues;
	bool twice; /* assigned more than once */
};

struct node {
	const char *section;
	const char *title; /* NULL: none */
	int line;
	size_t parent; /* index of the node it stands in */
	struct entry *entries;
	size_t nentries;
	const void *handle; /* libconfuse's section, while it parses */
};

struct tree {
	const struct grammar *grammar;
	struct node *nodes; /* nodes[0] is the top level */
	size_t nnodes;
	bool cut; /* the syntax broke: the rest of the file is not in here */
};

const struct entry *entry_find(const struct node *node, const char *name);
/* Line of a key in a node; the section's own line when it is not there. */
int entry_line(const struct node *node, const char *name);

/* The bytes of a file, checked to be text; NULL: *p says why. */
char *settings_file(const void *ctx, const char *path, struct problems *p);
/* Blanks comments out; false: *p says what libconfuse could not bear. */
bool settings_blank(char *text, struct problems *p);
/* Both; NULL: *p says why. */
char *settings_text(const void *ctx, const char *path, struct problems *p);
/*
 * False: a section or list is not closed.  *p says which, and the text was cut
 * where what it means is no longer known.
 */
bool settings_closed(
    const void *ctx, const struct grammar *g, char *text, struct problems *p);
/* NULL only when out of memory. */
struct tree *settings_parse(const void *ctx, const struct grammar *g,
    const char *text, struct problems *p);

/* ---- values ---- */

int value_seconds(const char *text, int64_t *seconds);
int value_bytes(const char *text, int64_t *bytes);
int value_number(const char *text, int64_t *number);
/* Upper-case and without spaces; NULL: no fingerprint. */
char *value_fingerprint(const void *ctx, const char *text);

struct loader {
	struct settings *s; /* NULL in a flow file */
	void *keep;         /* values are made on it */
	struct tree *tree;
	struct problems *p;
};

/* "08:30" or "none". */
int value_morning(const char *text, int *minutes);
/* Days since 1970-01-01 of "YYYY-MM-DD"; -1: no such day. */
int value_day(const char *text, int64_t *day);

/* Puts the keys of a node, or their defaults, into the struct at `base`. */
void settings_read_keys(struct loader *l, const struct node *node, void *base);
/* One converter for all kinds: a value (its text) into `into`. */
bool settings_take(struct loader *l, const struct key *key, const char *value,
    int line, void *into);
/* A node of a kind below a parent, behind index `after`; 0: none. */
size_t tree_next(
    const struct tree *tree, const char *section, size_t parent, size_t after);
size_t tree_count(const struct tree *tree, const char *section, size_t parent);

/* ---- the files that procedure { } names: settings_procedure.c ---- */

struct flow_file;
/* flow_parse.c; NULL: *p says why. */
struct flow_file *flow_read(void *ctx, enum flow flow, const char *path,
    const char *text, struct problems *p);
void settings_load_procedure(struct loader *l);
/* settings_holidays.c */
void holidays_read(
    struct settings *s, const char *path, char *text, struct problems *p);
/* settings_customers.c: of a CSV file (RFC 4180). */
void customers_read(
    struct settings *s, const char *path, char *text, struct problems *p);

/* What only the whole file can tell: all of it, */
void settings_check(struct loader *l);
/* of that, whose address, domain, name and key is whose; */
void settings_check_parties(struct loader *l);
void settings_check_keys(struct loader *l);
/* and what of the host it names: folders, certificates, secrets. */
void settings_check_files(struct loader *l);
/* The list that settings_trust() goes through: settings_trust.c. */
void settings_name_files(struct loader *l);
/*
 * Line of a value of a key in the section that begins at `line`; of the key
 * when `value` is NULL or not there, else the section's.
 */
int settings_line(const struct loader *l, const char *section, int line,
    const char *key, const char *value);
const struct node *settings_node(
    const struct loader *l, const char *section, const char *title);

/* ---- secrets ---- */

/* Words of a command: spaces part, '…' and "…" hold together, no shell. */
char **command_words(const void *ctx, const char *command);
/* The path with %d filled in; NULL: there is no such folder. */
char *secret_path(const void *ctx, const char *path, struct error *err);
/* Without file:line in the error. */
struct buf *secret_of_file(
    const void *ctx, const char *file, struct error *err);
struct buf *secret_run(const void *ctx, char *const *words, int wait_ms,
    struct place place, struct error *err);

#endif
