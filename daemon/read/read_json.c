/*
 * read_json.c - fields and identifiers out of CSAF and CVE JSON.
 *
 * Takes the bytes of a file or a text and, when they are an advisory in CSAF
 * 2 or a record of the CVE list (5, and 4 as it was), adds to the reading
 * what its tables name: a path, and what stands there.  The part stays what
 * it is; anything else that is JSON is left alone.  Values are a stranger's,
 * cut and cleaned as those behind a label.  Runs in the child of the read
 * room.
 */
#include "read_internal.h"

#include <string.h>

#include <jansson.h>
#include <talloc.h>

#define JSON_MOST ((size_t)4 << 20)  /* bytes of one document */
#define WORDS_MOST ((size_t)1 << 20) /* bytes of it that are searched */
#define ROW_MOST 32                  /* fields of one path */
#define NEST_MOST 30                 /* branches in branches */

/*
 * A path is keys and dots.  [] is every element of an array, [*] those in
 * them under the same key, too; {key=a|b} goes on where that key is so, or
 * is so before a "-" (languages).
 */
struct row {
	const char *path;
	uint32_t field;     /* 0: searched for identifiers alone */
	const char *before; /* words of ours before the value, or NULL */
};

#define FLAW "vulnerabilities[]."
#define TOLD "{category=summary|description}.text"
static const struct row csaf[] = {
    {"document.title", FIELD_SUMMARY, NULL},
    {"document.tracking.id", 0, NULL},
    {"document.tracking.aliases[]", 0, NULL},
    {"document.distribution.tlp.label", 0, "TLP:"},
    {"document.notes[]" TOLD, FIELD_SUMMARY, NULL},
    {"document.acknowledgments[].names[]", FIELD_CREDIT, NULL},
    {"document.acknowledgments[].organization", FIELD_CREDIT, NULL},
    {FLAW "cve", 0, NULL},
    {FLAW "ids[].text", 0, NULL},
    {FLAW "cwe.id", 0, NULL},
    {FLAW "cwe.name", FIELD_TYPE, NULL},
    {FLAW "cwes[].id", 0, NULL}, /* 2.1 */
    {FLAW "cwes[].name", FIELD_TYPE, NULL},
    {FLAW "title", FIELD_SUMMARY, NULL},
    {FLAW "notes[]" TOLD, FIELD_SUMMARY, NULL},
    {FLAW "scores[].cvss_v2.vectorString", FIELD_SCORE, NULL},
    {FLAW "scores[].cvss_v3.vectorString", FIELD_SCORE, NULL},
    {FLAW "metrics[].content.cvss_v3.vectorString", FIELD_SCORE, NULL},
    {FLAW "metrics[].content.cvss_v4.vectorString", FIELD_SCORE, NULL},
    {FLAW "threats[]{category=exploit_status}.details", FIELD_EXPLOITED, NULL},
    {FLAW "threats[]{category=impact}.details", FIELD_IMPACT, NULL},
    {FLAW "remediations[].details", FIELD_WORKAROUND, NULL},
    {FLAW "acknowledgments[].names[]", FIELD_CREDIT, NULL},
    {FLAW "acknowledgments[].organization", FIELD_CREDIT, NULL},
    {"product_tree.full_product_names[].name", FIELD_PRODUCT, NULL},
    {"product_tree.branches[*]{category=product_name}.name", FIELD_PRODUCT,
	NULL},
    {"product_tree.branches[*]{category=vendor}.name", FIELD_VENDOR, NULL},
    {"product_tree.branches[*]{category=product_version|"
     "product_version_range}.name",
	FIELD_VERSION, NULL},
    {"product_tree.branches[*].product.name", 0, NULL},
    {"product_tree.branches[*].product.product_identification_helper.cpe", 0,
	NULL},
    {"product_tree.branches[*].product.product_identification_helper.purl", 0,
	NULL},
};

#define CNA "containers.cna."
static const struct row cve5[] = {
    {"cveMetadata.cveId", 0, NULL},
    {CNA "title", FIELD_SUMMARY, NULL},
    {CNA "descriptions[]{lang=en|ja}.value", FIELD_SUMMARY, NULL},
    {CNA "affected[].vendor", FIELD_VENDOR, NULL},
    {CNA "affected[].product", FIELD_PRODUCT, NULL},
    {CNA "affected[].versions[]{status=affected}.version", FIELD_VERSION, NULL},
    {CNA "affected[].versions[]{status=affected}.lessThan", FIELD_VERSION,
	"< "},
    {CNA "affected[].versions[]{status=affected}.lessThanOrEqual",
	FIELD_VERSION, "<= "},
    {CNA "affected[].cpes[]", 0, NULL},
    {CNA "problemTypes[].descriptions[].cweId", 0, NULL},
    {CNA "problemTypes[].descriptions[]{lang=en|ja}.description", FIELD_TYPE,
	NULL},
    {CNA "metrics[].cvssV2_0.vectorString", FIELD_SCORE, NULL},
    {CNA "metrics[].cvssV3_0.vectorString", FIELD_SCORE, NULL},
    {CNA "metrics[].cvssV3_1.vectorString", FIELD_SCORE, NULL},
    {CNA "metrics[].cvssV4_0.vectorString", FIELD_SCORE, NULL},
    {CNA "exploits[]{lang=en|ja}.value", FIELD_EXPLOITED, NULL},
    {CNA "impacts[].descriptions[]{lang=en|ja}.value", FIELD_IMPACT, NULL},
    {CNA "workarounds[]{lang=en|ja}.value", FIELD_WORKAROUND, NULL},
    {CNA "credits[].value", FIELD_CREDIT, NULL},
};

#define VENDOR "affects.vendor.vendor_data[]."
static const struct row cve4[] = {
    {"CVE_data_meta.ID", 0, NULL},
    {"CVE_data_meta.TITLE", FIELD_SUMMARY, NULL},
    {"description.description_data[].value", FIELD_SUMMARY, NULL},
    {VENDOR "vendor_name", FIELD_VENDOR, NULL},
    {VENDOR "product.product_data[].product_name", FIELD_PRODUCT, NULL},
    {VENDOR "product.product_data[].version.version_data[].version_value",
	FIELD_VERSION, NULL},
    {"problemtype.problemtype_data[].description[].value", FIELD_TYPE, NULL},
    {"impact.cvss.vectorString", FIELD_SCORE, NULL},
    {"impact.cvss[].vectorString", FIELD_SCORE, NULL},
    {"exploit[].value", FIELD_EXPLOITED, NULL},
    {"work_around[].value", FIELD_WORKAROUND, NULL},
    {"credit[].value", FIELD_CREDIT, NULL},
};

#define ROWS(rows) rows, sizeof(rows) / sizeof((rows)[0])
static const struct format {
	const char *mark; /* a path that leads somewhere in no other JSON */
	const struct row *rows;
	size_t n;
} formats[] = {
    {"document.csaf_version", ROWS(csaf)},
    {"cveMetadata.cveId", ROWS(cve5)},
    {"CVE_data_meta.ID", ROWS(cve4)},
};

struct taking {
	struct reading *r;
	uint32_t part;
	const struct row *row;
	size_t found;      /* values at the row's path */
	struct buf *words; /* what is searched */
	struct error *err;
	bool failed;
};

/* ---- paths ---- */

static void
take(struct taking *t, const json_t *value)
{
	const char *text = json_string_value(value);
	const char *before = t->row->before != NULL ? t->row->before : "";
	char *whole;

	t->found += text != NULL && text[0] != '\0';
	if (text == NULL || text[0] == '\0' || t->words == NULL)
		return;
	if (t->words->len + strlen(text) > WORDS_MOST ||
	    (t->row->field != 0 && t->found > ROW_MOST)) {
		t->r->truncated = 1;
		return;
	}
	whole = talloc_asprintf(t->words, "%s%s", before, text);
	/* No pattern reaches over so many line ends. */
	if (whole == NULL ||
	    buf_addf(t->words, t->err, "%s\n\n\n\n", whole) != 0 ||
	    (t->row->field != 0 && field_add(t->r, t->row->field, whole,
				       strlen(whole), t->part, t->err) != 0))
		t->failed = true;
	talloc_free(whole);
}

/* "{key=a|b}…" at path */
static bool
passes(const json_t *node, const char *path)
{
	const char *equals = strchr(path, '=');
	const char *end = strchr(path, '}');
	const char *text;
	char key[32];

	g_strlcpy(key, path + 1, (gsize)(equals - path));
	text = json_string_value(json_object_get(node, key));
	for (const char *word = equals + 1; text != NULL && word < end;) {
		size_t n = strcspn(word, "|}");

		if (strncmp(text, word, n) == 0 &&
		    (text[n] == '\0' || text[n] == '-'))
			return true;
		word += n + 1;
	}
	return false;
}

static void walk(struct taking *t, const json_t *node, const char *path);

/* Elements, and theirs of the same key; nest is how deep they may stand. */
static void
walk_nested(struct taking *t, const json_t *array, const char *key,
    const char *path, unsigned nest)
{
	const json_t *node;
	size_t i;

	if (nest == 0) {
		t->r->truncated = 1;
		return;
	}
	json_array_foreach(array, i, node)
	{
		const json_t *inner = json_object_get(node, key);

		walk(t, node, path);
		if (json_is_array(inner))
			walk_nested(t, inner, key, path, nest - 1);
	}
}

static void
walk(struct taking *t, const json_t *node, const char *path)
{
	size_t n = strcspn(path, ".[{");
	const json_t *element;
	char key[64];
	size_t i;

	if (node == NULL || t->failed)
		return;
	if (path[0] == '\0') {
		take(t, node);
	} else if (path[0] == '.') {
		walk(t, node, path + 1);
	} else if (path[0] == '{') {
		if (passes(node, path))
			walk(t, node, strchr(path, '}') + 1);
	} else if (path[0] == '[') {
		json_array_foreach(node, i, element)
		{
			walk(t, element, path + 2);
		}
	} else {
		g_strlcpy(key, path, n + 1);
		node = json_object_get(node, key);
		if (strncmp(path + n, "[*]", 3) == 0)
			walk_nested(t, node, key, path + n + 3, NEST_MOST);
		else
			walk(t, node, path + n);
	}
}

/* ---- a document ---- */

static int
search(struct draft *d, const struct taking *t, struct error *err)
{
	struct bytes words = buf_bytes(t->words);
	struct normal *normal;
	int rc = -1;

	if (words.len == 0)
		return 0;
	normal = normal_new(d, (const char *)words.data, words.len, err);
	if (normal == NULL)
		return -1;
	if (idents_find(d->reader->idents, normal, t->part, t->r, err) == 0 &&
	    products_find(d->reader->products, normal, t->part, t->r, err) == 0)
		rc = 0;
	talloc_free(normal);
	return rc;
}

static int
read_format(struct draft *d, const json_t *root, const struct format *format,
    uint32_t part, struct error *err)
{
	struct taking t = {d->reading, part, NULL, 0,
	    buf_new(d, WORDS_MOST + 1024), err, false};
	int rc = -1;

	if (t.words == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	for (size_t i = 0; i < format->n && !t.failed; i++) {
		t.row = &format->rows[i];
		t.found = 0;
		walk(&t, root, t.row->path);
	}
	if (!t.failed)
		rc = search(d, &t, err);
	talloc_free(t.words);
	return rc;
}

static bool
has_mark(struct draft *d, const json_t *root, const struct format *format)
{
	const struct row row = {format->mark, 0, NULL};
	struct taking t = {d->reading, 0, &row, 0, NULL, NULL, false};

	walk(&t, root, row.path);
	return t.found > 0;
}

void
json_start(void)
{
	json_object_seed(0);
}

int
json_find(struct draft *d, struct bytes content, uint32_t part, bool *found,
    struct error *err)
{
	json_t *root;
	int rc = 0;

	*found = false;
	if (content.len >= 3 && memcmp(content.data, "\xef\xbb\xbf", 3) == 0)
		content = bytes_span(content, 3, content.len - 3);
	while (content.len > 0 && g_ascii_isspace(content.data[0]))
		content = bytes_span(content, 1, content.len - 1);
	if (content.len < 2 || content.data[0] != '{' ||
	    content.len > JSON_MOST)
		return 0;
	/* Numbers are of no use here, so none is too large. */
	root = json_loadb((const char *)content.data, content.len,
	    JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (root == NULL || !has_mark(d, root, &formats[i]))
			continue;
		*found = true;
		rc = read_format(d, root, &formats[i], part, err);
		break;
	}
	json_decref(root);
	return rc;
}
