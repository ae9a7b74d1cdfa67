/*
 * settings_customers.c - the customer file: who is told by name (<1>4.2.2,
 * <1>4.3.2, <2>4.2.1).
 *
 * CSV as RFC 4180 has it, UTF-8, with a first line that names the columns:
 * quotes hold commas and line ends, "" is a quote.  A line that is wrong in
 * any cell is told with its number.  Runs in the engine at start.
 */
#include "settings_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/text.h"

enum column {
	COLUMN_NAME,
	COLUMN_ADDRESS,
	COLUMN_FINGERPRINT,
	COLUMN_NDA,
	COLUMN_PRODUCTS,
	COLUMN_INTEGRATOR,
	COLUMN_LANGUAGE,
	COLUMN_COUNT,
};

#define COLUMNS "name,address,fingerprint,nda,products,integrator,language"

static const char *const columns[COLUMN_COUNT] = {"name", "address",
    "fingerprint", "nda", "products", "integrator", "language"};

struct csv {
	char *at;
	int line;  /* of `at` */
	int first; /* of the record that is read */
	struct problems *p;
	bool broken; /* a quote is not closed: nothing behind it is known */
};

/* ---- records ---- */

/* A cell in quotes; `at` is behind the first.  Written where it stands. */
static char *
quoted_cell(struct csv *c)
{
	char *cell = c->at;
	char *to = cell;

	for (;; c->at++) {
		if (*c->at == '\0') {
			problem(c->p, c->first,
			    "this quote is not closed: put \" behind the cell");
			c->broken = true;
			break;
		}
		if (*c->at == '"' && c->at[1] != '"') {
			c->at++;
			break;
		}
		if (*c->at == '"')
			c->at++;
		if (*c->at == '\n')
			c->line++;
		*to++ = *c->at;
	}
	if (!c->broken && *c->at != '\0' && strchr(",\r\n", *c->at) == NULL) {
		problem(c->p, c->line,
		    "a quote ends within a cell: double it where it is meant");
		c->at += strcspn(c->at, ",\n");
	}
	/* What ends the cell is looked at before it is overwritten. */
	if (to == c->at)
		return cell;
	*to = '\0';
	return cell;
}

/* The next cell; *last: the record ends behind it. */
static char *
next_cell(struct csv *c, bool *last)
{
	char *cell = c->at;
	char end;

	if (*c->at == '"') {
		c->at++;
		cell = quoted_cell(c);
	} else {
		c->at += strcspn(c->at, ",\n");
		if (memchr(cell, '"', (size_t)(c->at - cell)) != NULL)
			problem(c->p, c->line,
			    "a cell with a quote in it stands in quotes as a "
			    "whole");
	}
	if (*c->at == '\r')
		*c->at++ = '\0';
	end = *c->at;
	if (end != '\0')
		*c->at++ = '\0';
	if (end == '\n')
		c->line++;
	*last = end != ',';
	cell[strcspn(cell, "\r")] = '\0';
	return cell;
}

/* How many cells; the first COLUMN_COUNT of them stand in `cells`. */
static size_t
next_record(struct csv *c, char *cells[COLUMN_COUNT])
{
	size_t n = 0;
	bool last = false;

	c->first = c->line;
	while (!last && !c->broken) {
		char *cell = next_cell(c, &last);

		cell += strspn(cell, " ");
		for (size_t len = strlen(cell); len > 0 && cell[len - 1] == ' ';
		     len--)
			cell[len - 1] = '\0';
		if (n < COLUMN_COUNT)
			cells[n] = cell;
		n++;
	}
	return n;
}

/* ---- a customer ---- */

static bool
is_one_line(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static const char *
shown(const struct csv *c, const char *cell)
{
	return text_cut(c->p, text_escape(c->p, cell, false), 60);
}

static bool
product_known(const struct settings *s, const char *name, const char **kept)
{
	for (size_t i = 0; i < s->nproducts; i++)
		if (strcasecmp(s->products[i].name, name) == 0) {
			*kept = s->products[i].name;
			return true;
		}
	return false;
}

static void
take_products(
    struct settings *s, struct csv *c, char *cell, struct customer *customer)
{
	char *save = NULL;
	bool named = false;
	size_t n = 1;

	for (const char *at = cell; *at != '\0'; at++)
		n += *at == ';';
	customer->products = talloc_zero_array(s, const char *, n + 1);
	if (customer->products == NULL)
		abort();
	for (char *word = strtok_r(cell, ";", &save); word != NULL;
	     word = strtok_r(NULL, ";", &save)) {
		const char **into = &customer->products[customer->nproducts];
		size_t len;

		word += strspn(word, " ");
		len = strlen(word);
		while (len > 0 && word[len - 1] == ' ')
			word[--len] = '\0';
		if (len == 0)
			continue;
		named = true;
		if (product_known(s, word, into))
			customer->nproducts++;
		else
			problem(c->p, c->first,
			    "products: there is no product \"%s\" in "
			    "psirtd.conf",
			    shown(c, word));
	}
	if (!named)
		problem(c->p, c->first,
		    "products: name one at least, or several with ; between "
		    "them");
}

static void
take_nda(struct csv *c, const char *cell, struct customer *customer)
{
	if (strcasecmp(cell, "yes") == 0)
		customer->nda = true;
	else if (strcasecmp(cell, "no") != 0)
		problem(c->p, c->first, "nda = \"%s\" must be yes or no",
		    shown(c, cell));
}

static const char *
optional_text(struct settings *s, const char *cell)
{
	return cell[0] == '\0' ? NULL : talloc_strdup(s, cell);
}

static void
take_customer(struct settings *s, const char *path, struct csv *c, char **cells)
{
	struct customer k = {.place = {path, c->first}};
	const char *language = cells[COLUMN_LANGUAGE];

	for (int i = 0; i < COLUMN_COUNT; i++)
		if (!is_one_line(cells[i])) {
			problem(c->p, c->first,
			    "%s: one line of text is wanted", columns[i]);
			return;
		}
	k.name = optional_text(s, cells[COLUMN_NAME]);
	if (k.name == NULL || text_width(k.name) > 60)
		problem(
		    c->p, c->first, "name: 1 to 60 columns of text are wanted");
	if (text_is_address(cells[COLUMN_ADDRESS]))
		k.address = text_lower(s, cells[COLUMN_ADDRESS]);
	else
		problem(c->p, c->first,
		    "address = \"%s\" must be a mail address such as "
		    "ops@example.com",
		    shown(c, cells[COLUMN_ADDRESS]));
	k.fingerprint = value_fingerprint(s, cells[COLUMN_FINGERPRINT]);
	if (k.fingerprint == NULL)
		problem(c->p, c->first,
		    "fingerprint = \"%s\" must be a whole OpenPGP fingerprint: "
		    "40 hexadecimal digits",
		    shown(c, cells[COLUMN_FINGERPRINT]));
	take_nda(c, cells[COLUMN_NDA], &k);
	take_products(s, c, cells[COLUMN_PRODUCTS], &k);
	k.integrator = optional_text(s, cells[COLUMN_INTEGRATOR]);
	if (language[0] == '\0')
		k.language = s->language;
	else if (strcasecmp(language, "en") == 0 ||
		 strcasecmp(language, "ja") == 0)
		k.language = text_lower(s, language);
	else
		problem(c->p, c->first, "language = \"%s\" must be en or ja",
		    shown(c, language));
	s->customers =
	    talloc_realloc(s, s->customers, struct customer, s->ncustomers + 1);
	if (s->customers == NULL)
		abort(); /* "all customers" is all of them */
	s->customers[s->ncustomers++] = k;
}

/* ---- whose is whose ---- */

/* An address is one customer's, and a key one party's. */
static void
check_customer(const struct settings *s, size_t at, struct problems *p)
{
	const struct customer *k = &s->customers[at];
	const struct contact *contact;

	for (size_t i = 0; i < at; i++) {
		const struct customer *other = &s->customers[i];

		if (k->address != NULL && other->address != NULL &&
		    strcmp(k->address, other->address) == 0)
			problem(p, k->place.line,
			    "address %s stands on line %d already: put both "
			    "together",
			    k->address, other->place.line);
		else if (k->fingerprint != NULL && other->fingerprint != NULL &&
			 strcmp(k->fingerprint, other->fingerprint) == 0)
			problem(p, k->place.line,
			    "fingerprint %s stands on line %d already: a key "
			    "stands for one party",
			    k->fingerprint, other->place.line);
	}
	if (k->address != NULL && settings_is_own_address(s, k->address))
		problem(p, k->place.line,
		    "address %s is the desk's own: name the customer's",
		    k->address);
	if (k->fingerprint == NULL)
		return;
	contact = settings_contact_by_key(s, k->fingerprint, NULL);
	if (contact != NULL ||
	    settings_correspondent_by_key(s, k->fingerprint) != NULL ||
	    (s->poc != NULL && strcmp(s->poc, k->fingerprint) == 0))
		problem(p, k->place.line,
		    "fingerprint %s is that of somebody in psirtd.conf: a key "
		    "stands for one party",
		    k->fingerprint);
}

void
customers_read(
    struct settings *s, const char *path, char *text, struct problems *p)
{
	struct csv c = {.at = text, .line = 1, .p = p};
	char *cells[COLUMN_COUNT];
	size_t n;

	/* Spreadsheets put a mark in front that shows nothing. */
	if (strncmp(c.at, "\xef\xbb\xbf", 3) == 0)
		c.at += 3;
	n = next_record(&c, cells);
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		if (n != COLUMN_COUNT ||
		    strcasecmp(cells[i], columns[i]) != 0) {
			problem(p, 1, "the first line must be " COLUMNS);
			return;
		}
	while (*c.at != '\0' && !c.broken) {
		n = next_record(&c, cells);
		if (c.broken || (n == 1 && cells[0][0] == '\0'))
			continue;
		if (n != COLUMN_COUNT)
			problem(p, c.first,
			    "%zu cells, there must be %d: " COLUMNS, n,
			    (int)COLUMN_COUNT);
		else
			take_customer(s, path, &c, cells);
	}
	for (size_t i = 0; i < s->ncustomers; i++)
		check_customer(s, i, p);
}

const struct customer *
settings_customer(const struct settings *s, const char *address)
{
	for (size_t i = 0; address != NULL && i < s->ncustomers; i++)
		if (strcasecmp(s->customers[i].address, address) == 0)
			return &s->customers[i];
	return NULL;
}
