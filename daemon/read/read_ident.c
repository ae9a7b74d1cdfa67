/*
 * read_ident.c - numbers of vulnerabilities, cases and advisories in text.
 *
 * Takes normalised text and adds to the reading what it finds, each number in
 * one spelling, once a part.  One row a form, several rows a kind; a row says
 * where a number may not begin or end, so that none is cut out of another:
 * "JVNVU#96002401" holds no VU#.  The patterns are compiled before the walls
 * stand, without JIT (which wants executable memory), and every repetition in
 * them costs what it passes over.  Runs in the child of the read room.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/cvss.h"

/* All kinds together stay below what reading_wire takes. */
#define KIND_MOST 140
#define GROUPS 4
#define VALUE_MOST 1000 /* bytes */

enum spelling {
	UPPER,
	LOWER,
	AS_IS,
	BY_CVSS,  /* base/cvss.c */
	BY_LABEL, /* a label of the Traffic Light Protocol */
};

struct row {
	enum ident_kind kind;
	const char *pattern;
	const char *form; /* $0 to $4 are what the pattern matched */
	enum spelling spelling;
};

#define EDGE "(?<![A-Za-z0-9])"
#define END "(?![0-9])"
#define WORD_END "(?![A-Za-z0-9])"
/* Blanks, and the one line end of a wrapped line. */
#define GAP "\\s{0,3}"
#define SHARP GAP "#" GAP
#define YEAR "([0-9]{4})"
#define METRIC "[A-Z]{1,3}:[A-Z]{1,6}"

static const struct row rows[] = {
    {IDENT_JVN, EDGE "JVN" SHARP "([0-9]{8})" END, "JVN#$1", UPPER},
    /* before 2008: hexadecimal, with a letter in it */
    {IDENT_JVN,
	EDGE "JVN" GAP "(?:#|%23)" GAP
	     "(?=[0-9]{0,7}[A-F])([0-9A-F]{8})" WORD_END,
	"JVN#$1", UPPER},
    {IDENT_JVN, "jvn\\.jp/(?:en/|ja/)?jp/JVN(?:%23|#)?([0-9]{8})" WORD_END,
	"JVN#$1", UPPER},
    {IDENT_JVNVU, EDGE "JVNVU" SHARP "([0-9]{8}|[0-9]{6})" END, "JVNVU#$1",
	UPPER},
    {IDENT_JVNVU,
	"jvn\\.jp/(?:en/|ja/)?vu/JVNVU(?:%23|#)?"
	"([0-9]{8}|[0-9]{6})" WORD_END,
	"JVNVU#$1", UPPER},
    {IDENT_JVNTA, EDGE "JVNTA" GAP "(?:#|%23)?" GAP "([0-9]{8})" END,
	"JVNTA#$1", UPPER},
    {IDENT_JVNDB, EDGE "JVNDB-" YEAR "-([0-9]{6})" END, "JVNDB-$1-$2", UPPER},
    {IDENT_JPCERT, EDGE "JPCERT" SHARP "([0-9]{8})" END, "JPCERT#$1", UPPER},
    /* people shorten it so */
    {IDENT_JPCERT, EDGE "TN" SHARP "([0-9]{8})" END, "JPCERT#$1", UPPER},
    {IDENT_VU, "(?<![A-Za-z0-9-])VU" SHARP "([0-9]{3,8})" END, "VU#$1", UPPER},
    {IDENT_VU, "kb\\.cert\\.org/vuls/id/([0-9]{3,8})" WORD_END, "VU#$1", UPPER},
    {IDENT_VRF,
	EDGE "VRF" SHARP "([0-9]{2}-(?:0[1-9]|1[0-2])-[A-Z]{5})" WORD_END,
	"VRF#$1", UPPER},
    {IDENT_ICSVU, EDGE "ICS-VU-([0-9]{6})" END, "ICS-VU-$1", UPPER},
    {IDENT_ICSA, EDGE "(ICSM?A)-([0-9]{2}-[0-9]{3}-[0-9]{2}[A-Z]?)" WORD_END,
	"$1-$2", UPPER},
    {IDENT_CVE, EDGE "CVE-" YEAR "-([0-9]{4,19})" END, "CVE-$1-$2", UPPER},
    {IDENT_CWE, EDGE "CWE-0{0,4}([1-9][0-9]{0,4})" END, "CWE-$1", UPPER},
    {IDENT_GHSA, EDGE "GHSA((?:-[23456789cfghjmpqrvwx]{4}){3})" WORD_END,
	"GHSA$1", LOWER},
    {IDENT_ZDI, EDGE "ZDI-CAN-([0-9]{3,6})" END, "ZDI-CAN-$1", UPPER},
    {IDENT_ZDI, EDGE "ZDI-([0-9]{2}-[0-9]{3,4})" END, "ZDI-$1", UPPER},
    {IDENT_TALOS, EDGE "TALOS-(CAN-[0-9]{4}|[0-9]{4}-[0-9]{4})" END, "TALOS-$1",
	UPPER},
    {IDENT_EUVD, EDGE "EUVD-" YEAR "-([0-9]{1,7})" END, "EUVD-$1-$2", UPPER},
    {IDENT_CNVD, EDGE "CNVD-((?:C-)?[0-9]{4}-[0-9]{4,7})" END, "CNVD-$1",
	UPPER},
    {IDENT_CNNVD, EDGE "CNNVD-([0-9]{6}-[0-9]{3,5}|[0-9]{4}-[0-9]{8})" END,
	"CNNVD-$1", UPPER},
    {IDENT_KVE, EDGE "KVE-" YEAR "-([0-9]{4})" END, "KVE-$1-$2", UPPER},
    {IDENT_BDU, EDGE "BDU:" YEAR "-([0-9]{5})" END, "BDU:$1-$2", UPPER},
    {IDENT_WID, EDGE "WID-SEC-((?:W-)?[0-9]{4}-[0-9]{4})" END, "WID-SEC-$1",
	UPPER},
    {IDENT_CBK, EDGE "CB-K([0-9]{2}/[0-9]{4})" END, "CB-K$1", UPPER},
    {IDENT_NCSC, EDGE "NCSC-" YEAR "-([0-9]{4})" END, "NCSC-$1-$2", UPPER},
    {IDENT_IPA, EDGE "IPA" SHARP "([0-9]{8})" END, "IPA#$1", UPPER},
    {IDENT_VENDOR, EDGE "SSA-([0-9]{6})" END, "SSA-$1", UPPER},
    {IDENT_VENDOR, EDGE "YSAR-([0-9]{2}-[0-9]{4})" END, "YSAR-$1", UPPER},
    {IDENT_CVSS, "CVSS:[34]\\.[01](?:/" METRIC "){8,40}", "$0", BY_CVSS},
    /* as they are often sent, and 2 always: without a version */
    {IDENT_CVSS,
	EDGE "(?<!CVSS:[34]\\.[01]/)(?<!:[A-Z]/)AV:[A-Z](?:/" METRIC "){5,40}",
	"$0", BY_CVSS},
    {IDENT_CPE,
	EDGE "cpe:2\\.3:[aho*-](?::[!-9;-~]++(?:(?<=\\\\):[!-9;-~]*+){0,8}+"
	     "){10}",
	"$0", LOWER},
    {IDENT_PURL, EDGE "pkg:([a-z][a-z0-9.+-]{0,40})(/[!#-;=?-~]{1,400})",
	"pkg:$1$2", AS_IS},
    {IDENT_TLP,
	EDGE "TLP" GAP ":" GAP "(RED|AMBER ?\\+ ?STRICT|AMBER(?! ?\\+)|"
	     "GREEN|CLEAR|WHITE)(?![A-Za-z])",
	"TLP:$1", BY_LABEL},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

struct idents {
	char *case_form; /* "PSIRT-$1-$2" */
	struct row case_row;
	GRegex *case_regex;
	GRegex *regex[ROWS];
};

static int
idents_free(struct idents *idents)
{
	for (size_t i = 0; i < ROWS; i++)
		if (idents->regex[i] != NULL)
			g_regex_unref(idents->regex[i]);
	if (idents->case_regex != NULL)
		g_regex_unref(idents->case_regex);
	return 0;
}

/* RAW: all of these are ASCII, in which other bytes are no letters. */
static GRegex *
compile(const char *pattern, struct error *err)
{
	GError *why = NULL;
	GRegex *regex =
	    g_regex_new(pattern, G_REGEX_CASELESS | G_REGEX_RAW, 0, &why);

	if (regex == NULL)
		error_set(err, FAULT_BUG, "%s", why->message);
	g_clear_error(&why);
	return regex;
}

/* The number that this daemon gives; ACME-PSIRT-2026-0001 is another's. */
static int
compile_case(struct idents *idents, const char *prefix, struct error *err)
{
	char *quoted = g_regex_escape_string(prefix, -1);
	char *pattern = talloc_asprintf(idents,
	    "(?<![A-Za-z0-9_-])%s-" YEAR "-([0-9]{4,9})" WORD_END, quoted);

	g_free(quoted);
	idents->case_form = talloc_asprintf(idents, "%s-$1-$2", prefix);
	if (pattern == NULL || idents->case_form == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	idents->case_row =
	    (struct row){IDENT_CASE, pattern, idents->case_form, AS_IS};
	idents->case_regex = compile(pattern, err);
	return idents->case_regex != NULL ? 0 : -1;
}

struct idents *
idents_new(const void *ctx, const char *case_prefix, struct error *err)
{
	struct idents *idents = talloc_zero(ctx, struct idents);

	if (idents == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	talloc_set_destructor(idents, idents_free);
	for (size_t i = 0; i < ROWS; i++) {
		idents->regex[i] = compile(rows[i].pattern, err);
		if (idents->regex[i] == NULL)
			goto fail;
	}
	if (compile_case(idents, case_prefix, err) != 0)
		goto fail;
	return idents;
fail:
	talloc_free(idents);
	return NULL;
}

/* ---- finding ---- */

/* One row over one text. */
struct finding {
	const struct row *row;
	const struct normal *text;
	uint32_t part;
	struct reading *r;
	/* what stands in the reading already, of this kind and part */
	const char *seen[KIND_MOST];
	size_t nseen;
	size_t room; /* how many more of this kind */
};

static void
add_group(
    const struct finding *f, const GMatchInfo *match, int group, char **value)
{
	gint start = -1;
	gint end = -1;
	size_t at = strlen(*value);
	char *s;

	if (!g_match_info_fetch_pos(match, group, &start, &end) || start < 0)
		return;
	*value = talloc_strndup_append_buffer(
	    *value, f->text->plain + start, (size_t)(end - start));
	for (s = *value != NULL ? *value + at : NULL; s != NULL && *s != '\0';
	     s++) {
		if (f->row->spelling == LOWER)
			*s = g_ascii_tolower(*s);
		else if (f->row->spelling != AS_IS)
			*s = g_ascii_toupper(*s);
	}
}

/* The full stop of the sentence, the bracket around the whole. */
static void
cut_tail(char *value)
{
	size_t len = strlen(value);

	while (len > 0 && strchr(".,;:!?)]}'\"", value[len - 1]) != NULL)
		value[--len] = '\0';
}

/* "TLP:AMBER + STRICT"; WHITE is what version 1 called CLEAR. */
static void
spell_label(char *value)
{
	char *to = value;

	for (const char *s = value; *s != '\0'; s++)
		if (*s != ' ')
			*to++ = *s;
	*to = '\0';
	if (strcmp(value, "TLP:WHITE") == 0)
		memcpy(value, "TLP:CLEAR", sizeof("TLP:CLEAR"));
}

/* NULL: it only looked like one, or there is no memory. */
static char *
spell(const struct finding *f, const GMatchInfo *match)
{
	const struct row *row = f->row;
	char *value = talloc_strdup(f->r, "");

	for (const char *s = row->form; *s != '\0' && value != NULL; s++) {
		if (s[0] == '$' && s[1] >= '0' && s[1] <= '0' + GROUPS)
			add_group(f, match, *++s - '0', &value);
		else
			value = talloc_strndup_append_buffer(value, s, 1);
	}
	if (value == NULL || strlen(value) > VALUE_MOST) {
		talloc_free(value);
		return NULL;
	}
	if (row->kind == IDENT_CPE || row->kind == IDENT_PURL)
		cut_tail(value);
	/* The type of a package has no case, its name may have. */
	for (char *s = value; row->kind == IDENT_PURL && *s != '/'; s++)
		*s = g_ascii_tolower(*s);
	if (row->spelling == BY_LABEL)
		spell_label(value);
	if (row->spelling == BY_CVSS) {
		char *vector = cvss_spell(f->r, value);

		talloc_free(value);
		value = vector;
	}
	return value;
}

static bool
is_seen(const struct finding *f, const char *value)
{
	for (size_t i = 0; i < f->nseen; i++)
		if (strcmp(f->seen[i], value) == 0)
			return true;
	return false;
}

static int
add_ident(struct finding *f, const char *value, struct error *err)
{
	struct reading *r = f->r;
	size_t cap = r->idents != NULL ? talloc_array_length(r->idents) : 0;

	if (r->nidents >= cap) {
		struct ident *list = talloc_realloc(
		    r, r->idents, struct ident, cap > 0 ? cap * 2 : 16);

		if (list == NULL)
			return error_set(err, FAULT_RETRY, "out of memory");
		r->idents = list;
	}
	r->idents[r->nidents++] = (struct ident){f->row->kind, value, f->part};
	f->seen[f->nseen++] = value;
	f->room--;
	return 0;
}

static void
start_finding(struct finding *f)
{
	f->nseen = 0;
	f->room = KIND_MOST;
	for (size_t i = 0; i < f->r->nidents && f->room > 0; i++) {
		const struct ident *id = &f->r->idents[i];

		if (id->kind != f->row->kind)
			continue;
		if (id->part == f->part)
			f->seen[f->nseen++] = id->value;
		f->room--;
	}
}

static int
find_row(struct finding *f, const GRegex *regex, struct error *err)
{
	GMatchInfo *match = NULL;
	int rc = 0;

	start_finding(f);
	g_regex_match_full(regex, f->text->plain, (gssize)f->text->plain_len, 0,
	    0, &match, NULL);
	while (rc == 0 && f->room > 0 && g_match_info_matches(match)) {
		char *value = spell(f, match);

		if (value == NULL || value[0] == '\0' || is_seen(f, value))
			talloc_free(value);
		else
			rc = add_ident(f, value, err);
		g_match_info_next(match, NULL);
	}
	g_match_info_free(match);
	return rc;
}

int
idents_find(const struct idents *idents, const struct normal *text,
    uint32_t part, struct reading *r, struct error *err)
{
	struct finding f = {.text = text, .part = part, .r = r};

	f.row = &idents->case_row;
	if (find_row(&f, idents->case_regex, err) != 0)
		return -1;
	for (size_t i = 0; i < ROWS; i++) {
		f.row = &rows[i];
		if (find_row(&f, idents->regex[i], err) != 0)
			return -1;
	}
	return 0;
}
