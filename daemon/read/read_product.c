/*
 * read_product.c - the products of the map that a text names.
 *
 * Takes normalised text and adds one hit a product and part.  Names are
 * looked up in a sorted table, from every border of a word on, in the text
 * without white space; patterns are matched line by line.  A hit that lies
 * inside a longer one counts nothing: "XYZ-100 Pro" does not name XYZ-100.
 *
 * The map is the operator's, the text is hostile: a pattern gets a limit of
 * steps, short pieces of the text and only its beginning, and the first piece
 * that exhausts the limit is its last.  Runs in the child of the read room.
 */
#include "read_internal.h"

#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#define NAME_MOST 200 /* bytes, normalised */
#define HITS_MOST 4096
#define SPANS_MOST 16384         /* of names, in one text */
#define PATTERN_SPANS 256        /* of one pattern, in one text */
#define PATTERN_TEXT (128 << 10) /* bytes that patterns are matched on */
#define PIECE_MOST 512           /* bytes matched at once */
#define PIECE_BACK 128           /* where a border is looked for */
#define LIMITS "(*LIMIT_MATCH=2000)(*LIMIT_DEPTH=2000)"

struct name {
	const char *key; /* squeezed */
	size_t len;
	uint32_t product;
};

struct pattern {
	GRegex *regex;
	uint32_t product;
};

struct products {
	struct name *names; /* sorted by key */
	size_t nnames;
	struct pattern *patterns;
	size_t npatterns;
};

/* What was matched, in the folded text. */
struct span {
	size_t start;
	size_t end;
	uint32_t product;
	uint32_t length;
};

struct search {
	const struct products *products;
	const struct normal *text;
	struct span *spans;
	size_t nspans;
};

/* ---- the table ---- */

static int
products_free(struct products *products)
{
	for (size_t i = 0; i < products->npatterns; i++)
		g_regex_unref(products->patterns[i].regex);
	return 0;
}

static int
compare_names(const void *a, const void *b)
{
	const struct name *x = a;
	const struct name *y = b;
	int order = strcmp(x->key, y->key);

	if (order != 0)
		return order;
	return x->product < y->product ? -1 : x->product > y->product;
}

static int
add_name(struct products *products, const char *text, uint32_t product,
    struct error *err)
{
	struct normal *n = normal_new(products, text, strlen(text), err);
	struct name *name = &products->names[products->nnames];

	if (n == NULL)
		return -1;
	name->len = n->squeezed_len;
	name->product = product;
	name->key = talloc_strdup(products->names, n->squeezed);
	talloc_free(n);
	if (name->key == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (name->len == 0 || name->len > NAME_MOST ||
	    strchr(name->key, '\n') != NULL)
		return error_set(err, FAULT_SETUP,
		    "product name \"%.60s\" is empty, longer than %d bytes or "
		    "more than a line",
		    text, NAME_MOST);
	products->nnames++;
	return 0;
}

static int
add_pattern(struct products *products, const char *text, uint32_t product,
    struct error *err)
{
	struct pattern *p = &products->patterns[products->npatterns];
	char *limited = talloc_asprintf(products, LIMITS "%s", text);
	GError *why = NULL;
	GRegex *asked;

	if (limited == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	/* Without the limits first: the reason counts characters. */
	asked = g_regex_new(text, G_REGEX_CASELESS, 0, &why);
	if (asked != NULL)
		p->regex = g_regex_new(limited, G_REGEX_CASELESS, 0, &why);
	talloc_free(limited);
	if (asked == NULL || p->regex == NULL) {
		error_set(err, FAULT_SETUP,
		    "pattern \"%.120s\" is no regular expression: %.300s", text,
		    why != NULL ? why->message : "too long");
		g_clear_error(&why);
		if (asked != NULL)
			g_regex_unref(asked);
		return -1;
	}
	g_regex_unref(asked);
	p->product = product;
	products->npatterns++;
	if (g_regex_match(p->regex, "", 0, NULL))
		return error_set(err, FAULT_SETUP,
		    "pattern \"%.120s\" matches the empty text, so every text",
		    text);
	return 0;
}

struct products *
products_new(const void *ctx, const struct read_product *list, size_t n,
    struct error *err)
{
	struct products *products = talloc_zero(ctx, struct products);
	size_t names = 0;

	if (products == NULL)
		goto memory;
	talloc_set_destructor(products, products_free);
	for (size_t i = 0; i < n; i++)
		names += list[i].nnames;
	products->names = talloc_array(products, struct name, names + 1);
	products->patterns = talloc_array(products, struct pattern, n + 1);
	if (products->names == NULL || products->patterns == NULL)
		goto memory;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < list[i].nnames; k++)
			if (add_name(products, list[i].names[k], (uint32_t)i,
				err) != 0)
				goto fail;
		if (list[i].pattern != NULL &&
		    add_pattern(products, list[i].pattern, (uint32_t)i, err) !=
			0)
			goto fail;
	}
	qsort(products->names, products->nnames, sizeof(struct name),
	    compare_names);
	return products;
memory:
	error_set(err, FAULT_RETRY, "out of memory");
fail:
	talloc_free(products);
	return NULL;
}

/* ---- borders of words ---- */

/* Letters that make words between blanks; kana and ideographs do not. */
static bool
is_word(gunichar c)
{
	return g_unichar_isalnum(c) && !g_unichar_iswide(c);
}

/* Does a word begin or end at this offset of the folded text? */
static bool
is_border(const struct normal *text, size_t at)
{
	const char *here = text->folded + at;
	const char *before;

	if (at == 0 || at >= text->folded_len)
		return true;
	if (((unsigned char)*here & 0xc0) == 0x80)
		return false;
	before = g_utf8_prev_char(here);
	return !is_word(g_utf8_get_char(before)) ||
	       !is_word(g_utf8_get_char(here));
}

static int
add_span(struct search *s, struct span span, struct error *err)
{
	size_t cap = s->spans != NULL ? talloc_array_length(s->spans) : 0;

	if (s->nspans >= cap) {
		struct span *list = talloc_realloc(
		    NULL, s->spans, struct span, cap > 0 ? cap * 2 : 64);

		if (list == NULL)
			return error_set(err, FAULT_RETRY, "out of memory");
		s->spans = list;
	}
	s->spans[s->nspans++] = span;
	return 0;
}

/* ---- names ---- */

/* The first name from lo on, below hi, whose byte d is at least c. */
static size_t
lower_bound(
    const struct name *names, size_t lo, size_t hi, size_t d, unsigned c)
{
	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;

		if ((unsigned char)names[middle].key[d] < c)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo;
}

/*
 * The longest name that stands at this byte of the squeezed text and ends at
 * a border: [*first, *first + result) are all the products of that name.
 */
static size_t
names_at(const struct search *s, size_t at, size_t *first)
{
	const struct products *p = s->products;
	const struct normal *text = s->text;
	size_t lo = 0;
	size_t hi = p->nnames;
	size_t found = 0;

	for (size_t d = 0; lo < hi; d++) {
		/* Those that end here; a NUL sorts before all else. */
		size_t same = lower_bound(p->names, lo, hi, d, 1);
		unsigned c;

		if (same > lo && d > 0 &&
		    is_border(text, (size_t)text->at[at + d - 1] + 1)) {
			*first = lo;
			found = same - lo;
		}
		if (at + d >= text->squeezed_len)
			break;
		c = (unsigned char)text->squeezed[at + d];
		lo = lower_bound(p->names, same, hi, d, c);
		hi = lower_bound(p->names, lo, hi, d, c + 1);
	}
	return found;
}

static uint32_t
count_chars(const char *text, size_t len)
{
	uint32_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80 &&
		     !g_ascii_isspace(text[i]);
	return n;
}

static int
search_names(struct search *s, struct error *err)
{
	const struct normal *text = s->text;

	for (size_t i = 0; i < text->squeezed_len; i++) {
		size_t first = 0;
		size_t n;

		if (!is_border(text, text->at[i]))
			continue;
		n = names_at(s, i, &first);
		for (size_t k = first; k < first + n; k++) {
			const struct name *name = &s->products->names[k];
			struct span span = {text->at[i],
			    (size_t)text->at[i + name->len - 1] + 1,
			    name->product, count_chars(name->key, name->len)};

			if (s->nspans >= SPANS_MOST)
				return 0;
			if (add_span(s, span, err) != 0)
				return -1;
		}
	}
	return 0;
}

/* ---- patterns ---- */

/* Where a piece of at most PIECE_MOST bytes ends: a line end, a border. */
static size_t
piece_end(const struct normal *text, size_t start, size_t most)
{
	const char *lf = memchr(text->folded + start, '\n', most - start);
	size_t end = lf != NULL ? (size_t)(lf - text->folded) : most;

	if (end - start <= PIECE_MOST)
		return end;
	end = start + PIECE_MOST;
	for (size_t i = end; i > end - PIECE_BACK; i--)
		if (is_border(text, i))
			return i;
	while (((unsigned char)text->folded[end] & 0xc0) == 0x80)
		end--;
	return end;
}

/* The next piece begins before this one's end, at a border, so that what
 * stands across is not lost. */
static size_t
piece_next(const struct normal *text, size_t start, size_t end)
{
	if (text->folded[end] == '\n')
		return end + 1;
	for (size_t i = end - PIECE_BACK; i > start && i < end; i++)
		if (is_border(text, i))
			return i;
	return end;
}

/* False: the pattern is not to be tried on this text any more. */
static bool
match_piece(struct search *s, const struct pattern *p, size_t start, size_t end,
    size_t *left)
{
	const char *piece = s->text->folded + start;
	GMatchInfo *match = NULL;
	GError *why = NULL;
	bool go_on;

	g_regex_match_full(
	    p->regex, piece, (gssize)(end - start), 0, 0, &match, &why);
	while (why == NULL && *left > 0 && g_match_info_matches(match)) {
		gint from = 0;
		gint to = 0;

		g_match_info_fetch_pos(match, 0, &from, &to);
		if (from >= 0 && to > from) {
			struct span span = {start + (size_t)from,
			    start + (size_t)to, p->product,
			    count_chars(piece + from, (size_t)(to - from))};

			(*left)--;
			if (add_span(s, span, NULL) != 0)
				*left = 0;
		}
		g_match_info_next(match, &why);
	}
	go_on = why == NULL && *left > 0;
	g_clear_error(&why);
	g_match_info_free(match);
	return go_on;
}

static void
search_pattern(struct search *s, const struct pattern *p)
{
	const struct normal *text = s->text;
	size_t most =
	    text->folded_len < PATTERN_TEXT ? text->folded_len : PATTERN_TEXT;
	size_t left = PATTERN_SPANS;
	size_t at = 0;

	while (most < text->folded_len &&
	       ((unsigned char)text->folded[most] & 0xc0) == 0x80)
		most--;
	while (at < most) {
		size_t end = piece_end(text, at, most);

		if (end > at && !match_piece(s, p, at, end, &left))
			return;
		at = end < most ? piece_next(text, at, end) : most;
	}
}

/* ---- hits ---- */

static int
compare_spans(const void *a, const void *b)
{
	const struct span *x = a;
	const struct span *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	return x->product < y->product ? -1 : x->product > y->product;
}

static int
add_hit(struct reading *r, const struct span *span, uint32_t part,
    struct error *err)
{
	size_t cap = r->hits != NULL ? talloc_array_length(r->hits) : 0;

	for (size_t i = cap > 0 ? r->nhits : 0; i > 0; i--) {
		struct product_hit *hit = &r->hits[i - 1];

		if (hit->part != part)
			break;
		if (hit->product != span->product)
			continue;
		if (hit->length < span->length)
			hit->length = span->length;
		return 0;
	}
	if (r->nhits >= HITS_MOST)
		return 0;
	if (r->nhits >= cap) {
		struct product_hit *list = talloc_realloc(
		    r, r->hits, struct product_hit, cap > 0 ? cap * 2 : 16);

		if (list == NULL)
			return error_set(err, FAULT_RETRY, "out of memory");
		r->hits = list;
	}
	r->hits[r->nhits++] =
	    (struct product_hit){span->product, span->length, part};
	return 0;
}

/* Spans that lie in a longer one go; the rest are hits. */
static int
add_hits(struct search *s, uint32_t part, struct reading *r, struct error *err)
{
	size_t covered = 0; /* the furthest end so far */
	bool kept = false;  /* the span before this one was */

	if (s->nspans == 0)
		return 0;
	qsort(s->spans, s->nspans, sizeof(*s->spans), compare_spans);
	for (size_t i = 0; i < s->nspans; i++) {
		const struct span *span = &s->spans[i];

		/* Two products of one name share their fate. */
		if (i == 0 || span[-1].start != span->start ||
		    span[-1].end != span->end)
			kept = span->end > covered;
		if (kept && add_hit(r, span, part, err) != 0)
			return -1;
		if (span->end > covered)
			covered = span->end;
	}
	return 0;
}

int
products_find(const struct products *products, const struct normal *text,
    uint32_t part, struct reading *r, struct error *err)
{
	struct search s = {products, text, NULL, 0};
	int rc = -1;

	if (products->nnames > 0 && search_names(&s, err) != 0)
		goto out;
	for (size_t i = 0; i < products->npatterns; i++)
		search_pattern(&s, &products->patterns[i]);
	rc = add_hits(&s, part, r, err);
out:
	talloc_free(s.spans);
	return rc;
}
