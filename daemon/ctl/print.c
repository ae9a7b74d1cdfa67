/*
 * print.c - text for a terminal: tables, fields, foreign content.
 *
 * Runs in psirt.  Takes JSON values, gives lines.  Widths are terminal
 * columns (Japanese takes two); nothing is printed unescaped.  Knows nothing
 * of cases and letters.
 */
#include "print.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/text.h"

#define COLUMNS_LEAST 20
#define COLUMNS_MOST 1000
#define EDGE_LEAST 8                /* a mark, and room for a letter */
#define EDGE_USUAL 80               /* where nobody says how wide it is */
#define WIDTH_ALL ((size_t)1 << 20) /* a pipe, a file: no table is cut */
#define COLUMN_LEAST 8
#define GAP 2
#define INDENT 2

/* The columns of a terminal; 0: it is none, or does not know. */
static size_t
columns_of(int fd)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* COLUMNS, where it is a number that makes sense; else 0. */
static size_t
columns_asked(void)
{
	const char *text = getenv("COLUMNS");
	char *end = NULL;
	unsigned long n = text != NULL ? strtoul(text, &end, 10) : 0;

	return n >= COLUMNS_LEAST && n <= COLUMNS_MOST && *end == '\0' ? n : 0;
}

struct printer
printer_of(FILE *out)
{
	struct printer p = {.out = out, .header = true};
	const char *none = getenv("NO_COLOR");
	bool terminal = isatty(fileno(out));
	size_t asked = columns_asked();
	size_t real = columns_of(fileno(out));

	/* A pager at the end of a pipe is as wide as its terminal. */
	if (real == 0 && !terminal)
		real = columns_of(STDERR_FILENO);
	p.edge = asked != 0 ? asked : real != 0 ? real : EDGE_USUAL;
	/* Wider than it is, a terminal would break the lines itself. */
	if (terminal && real != 0 && real < p.edge)
		p.edge = real;
	if (p.edge < EDGE_LEAST)
		p.edge = EDGE_LEAST;
	p.width = terminal || asked != 0 ? p.edge : WIDTH_ALL;
	p.colour = terminal && (none == NULL || *none == '\0');
	return p;
}

void
print_title(const struct printer *p, const char *title)
{
	if (p->colour)
		fputs("\033[1m", p->out);
	print_wrapped(p, "", "    ", title);
	if (p->colour)
		fputs("\033[0m", p->out);
}

/* ---- values ---- */

static char *
value_time(const void *ctx, const char *text, bool hour)
{
	struct tm tm = {0};
	char out[32];
	time_t when;

	if (strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) == NULL)
		return text_show(ctx, text);
	when = timegm(&tm);
	localtime_r(&when, &tm);
	/* One literal format, cut after the day: "2026-11-24 17:16". */
	if (strftime(out, sizeof(out), "%Y-%m-%d %H:%M", &tm) == 0)
		return talloc_strdup(ctx, "-");
	return talloc_strndup(ctx, out, hour ? 16 : 10);
}

char *
print_list(const void *ctx, const json_t *list, const char *between)
{
	char *text = NULL;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		char *one = print_value(ctx, item, HOW_TEXT);

		if (text == NULL) {
			text = one;
			continue;
		}
		text = talloc_asprintf_append(text, "%s%s", between, one);
		talloc_free(one);
	}
	return text;
}

static char *
value_list(const void *ctx, const json_t *list)
{
	char *text = print_list(ctx, list, " ");

	return text != NULL ? text : talloc_strdup(ctx, "-");
}

char *
print_value(const void *ctx, const json_t *value, enum how how)
{
	if (value == NULL)
		return talloc_strdup(ctx, "-");
	switch (json_typeof(value)) {
	case JSON_STRING:
		if (how == HOW_YES)
			return talloc_strdup(ctx, "yes");
		if (how == HOW_DATE || how == HOW_TIME)
			return value_time(
			    ctx, json_string_value(value), how == HOW_TIME);
		if (how == HOW_ADDRESS)
			return text_show_address(ctx, json_string_value(value));
		return text_show(ctx, json_string_value(value));
	case JSON_INTEGER:
		return talloc_asprintf(
		    ctx, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	case JSON_TRUE:
		return talloc_strdup(ctx, "yes");
	case JSON_FALSE:
		return talloc_strdup(ctx, "no");
	case JSON_ARRAY:
		return value_list(ctx, value);
	case JSON_NULL:
		return talloc_strdup(ctx, how == HOW_YES ? "no" : "-");
	default:
		return talloc_strdup(ctx, "-");
	}
}

/* ---- tables ---- */

struct table {
	struct column *columns;
	size_t ncolumns; /* without one that goes below */
	size_t nrows;
	char **cells; /* nrows × ncolumns */
	char **below; /* nrows, or NULL */
	size_t *widths;
	size_t *whole; /* the same, before any was cut */
};

static size_t
table_width(const struct table *t)
{
	size_t width = INDENT;

	for (size_t i = 0; i < t->ncolumns; i++)
		width += t->widths[i] + (i > 0 ? GAP : 0);
	return width;
}

/* A cut cell ends in a sign that some terminals make two columns wide. */
static size_t
table_signs(const struct table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->ncolumns; i++)
		n += t->widths[i] < t->whole[i];
	return n;
}

/* Takes columns from the widest until all fit. */
static void
table_fit(struct table *t, size_t width)
{
	t->whole = talloc_memdup(
	    t, t->widths, (t->ncolumns + 1) * sizeof(t->widths[0]));
	while (table_width(t) + table_signs(t) > width) {
		size_t widest = t->ncolumns;

		for (size_t i = 0; i < t->ncolumns; i++)
			if (!t->columns[i].keep &&
			    t->widths[i] > COLUMN_LEAST &&
			    (widest == t->ncolumns ||
				t->widths[i] > t->widths[widest]))
				widest = i;
		if (widest == t->ncolumns)
			return;
		t->widths[widest]--;
	}
}

/* One row is one line, and broken by us where the terminal would do it. */
static void
table_row(const struct printer *p, const struct table *t, char *const *cells)
{
	size_t last = t->ncolumns;
	char *line = talloc_strdup(NULL, "");

	/* No spaces at the end of a line. */
	while (last > 0 && *cells[last - 1] == '\0')
		last--;
	for (size_t i = 0; i < last; i++) {
		char *cell = text_cut(line, cells[i], t->widths[i]);
		size_t width = text_width(cell);
		size_t fill = i + 1 == last ? 0
			      : width < t->widths[i]
				  ? GAP + t->widths[i] - width
				  : GAP;

		line =
		    talloc_asprintf_append(line, "%s%*s", cell, (int)fill, "");
	}
	print_row(p, "  ", "      ", line);
	talloc_free(line);
}

/* A column without one value in it only takes room from the others. */
static void
table_drop_empty(struct table *t, const struct column *columns, size_t ncolumns)
{
	size_t kept = 0;

	for (size_t c = 0; c < ncolumns; c++) {
		bool empty = !columns[c].keep && t->nrows > 0;

		for (size_t r = 0; empty && r < t->nrows; r++)
			empty = strcmp(t->cells[r * ncolumns + c], "-") == 0;
		if (empty)
			continue;
		t->columns[kept] = columns[c];
		t->widths[kept] = t->widths[c];
		for (size_t r = 0; r < t->nrows; r++)
			t->cells[r * ncolumns + kept] =
			    t->cells[r * ncolumns + c];
		kept++;
	}
	/* Rows close up behind one another. */
	for (size_t r = 1; r < t->nrows; r++)
		for (size_t c = 0; c < kept; c++)
			t->cells[r * kept + c] = t->cells[r * ncolumns + c];
	t->ncolumns = kept;
}

static struct table *
table_new(const json_t *rows, const struct column *columns, size_t ncolumns)
{
	struct table *t = talloc_zero(NULL, struct table);

	t->columns = talloc_zero_array(t, struct column, ncolumns + 1);
	t->nrows = json_array_size(rows);
	t->cells = talloc_zero_array(t, char *, t->nrows *ncolumns + 1);
	t->widths = talloc_zero_array(t, size_t, ncolumns + 1);
	for (size_t c = 0; c < ncolumns; c++)
		t->widths[c] = text_width(columns[c].title);
	for (size_t i = 0; i < t->nrows * ncolumns; i++) {
		const struct column *column = &columns[i % ncolumns];
		const json_t *value = json_object_get(
		    json_array_get(rows, i / ncolumns), column->key);
		size_t width;

		t->cells[i] = value != NULL ? print_value(t, value, column->how)
					    : talloc_strdup(t, "-");
		width = text_width(t->cells[i]);
		if (width > t->widths[i % ncolumns])
			t->widths[i % ncolumns] = width;
	}
	table_drop_empty(t, columns, ncolumns);
	return t;
}

/* The last column leaves the table and stands below each row. */
static void
table_below(struct table *t)
{
	size_t old = t->ncolumns;

	t->below = talloc_zero_array(t, char *, t->nrows + 1);
	for (size_t r = 0; r < t->nrows; r++) {
		t->below[r] = t->cells[r * old + old - 1];
		for (size_t c = 0; c + 1 < old; c++)
			t->cells[r * (old - 1) + c] = t->cells[r * old + c];
	}
	t->ncolumns--;
}

void
print_table(const struct printer *p, const json_t *rows,
    const struct column *columns, size_t ncolumns)
{
	struct table *t = table_new(rows, columns, ncolumns);
	char **titles;

	/* A command to type is never cut. */
	if (t->ncolumns > 1 && t->columns[t->ncolumns - 1].how == HOW_BELOW &&
	    table_width(t) >= p->width)
		table_below(t);
	table_fit(t, p->width - 1);
	if (p->header) {
		titles = talloc_zero_array(t, char *, t->ncolumns + 1);
		for (size_t c = 0; c < t->ncolumns; c++)
			titles[c] = talloc_strdup(t, t->columns[c].title);
		table_row(p, t, titles);
	}
	for (size_t r = 0; r < t->nrows; r++) {
		table_row(p, t, t->cells + r * t->ncolumns);
		if (t->below != NULL && strcmp(t->below[r], "-") != 0)
			print_wrapped(p, "      ", "      ", t->below[r]);
	}
	talloc_free(t);
}

/* ---- fields ---- */

void
print_fields(const struct printer *p, const json_t *object,
    const struct column *columns, size_t ncolumns)
{
	void *ctx = talloc_new(NULL);
	size_t widest = 0;
	char *next;

	for (size_t i = 0; i < ncolumns; i++)
		if (text_width(columns[i].title) > widest)
			widest = text_width(columns[i].title);
	next = talloc_asprintf(ctx, "%*s", (int)(INDENT + widest + GAP), "");
	for (size_t i = 0; i < ncolumns; i++) {
		const json_t *value = json_object_get(object, columns[i].key);
		const char *title = columns[i].title;
		char *first;

		if (value == NULL || json_is_null(value) ||
		    (json_is_array(value) && json_array_size(value) == 0))
			continue;
		first = talloc_asprintf(ctx, "%*s%s%*s", INDENT, "", title,
		    (int)(widest - text_width(title) + GAP), "");
		print_wrapped(
		    p, first, next, print_value(ctx, value, columns[i].how));
	}
	talloc_free(ctx);
}
