/*
 * cvss.c - a CVSS vector in one spelling.
 *
 * Takes what looks like a vector of version 2, 3 or 4, upper-case, metrics in
 * any order, and gives it as FIRST writes it: every base metric there once,
 * every value one that the metric has, in the order of the specification.
 * Nothing is scored here.
 */
#include "psirtd/cvss.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <talloc.h>

struct metric {
	const char *name;
	const char *values; /* each between two blanks */
};

static const struct metric metrics_2[] = {
    {"AV", " L A N "},
    {"AC", " H M L "},
    {"Au", " M S N "},
    {"C", " N P C "},
    {"I", " N P C "},
    {"A", " N P C "},
    {"E", " U POC F H ND "},
    {"RL", " OF TF W U ND "},
    {"RC", " UC UR C ND "},
    {"CDP", " N L LM MH H ND "},
    {"TD", " N L M H ND "},
    {"CR", " L M H ND "},
    {"IR", " L M H ND "},
    {"AR", " L M H ND "},
};

static const struct metric metrics_3[] = {
    {"AV", " N A L P "},
    {"AC", " L H "},
    {"PR", " N L H "},
    {"UI", " N R "},
    {"S", " U C "},
    {"C", " H L N "},
    {"I", " H L N "},
    {"A", " H L N "},
    {"E", " X H F P U "},
    {"RL", " X U W T O "},
    {"RC", " X C R U "},
    {"CR", " X H M L "},
    {"IR", " X H M L "},
    {"AR", " X H M L "},
    {"MAV", " X N A L P "},
    {"MAC", " X L H "},
    {"MPR", " X N L H "},
    {"MUI", " X N R "},
    {"MS", " X U C "},
    {"MC", " X H L N "},
    {"MI", " X H L N "},
    {"MA", " X H L N "},
};

static const struct metric metrics_4[] = {
    {"AV", " N A L P "},
    {"AC", " L H "},
    {"AT", " N P "},
    {"PR", " N L H "},
    {"UI", " N P A "},
    {"VC", " H L N "},
    {"VI", " H L N "},
    {"VA", " H L N "},
    {"SC", " H L N "},
    {"SI", " H L N "},
    {"SA", " H L N "},
    {"E", " X A P U "},
    {"CR", " X H M L "},
    {"IR", " X H M L "},
    {"AR", " X H M L "},
    {"MAV", " X N A L P "},
    {"MAC", " X L H "},
    {"MAT", " X N P "},
    {"MPR", " X N L H "},
    {"MUI", " X N P A "},
    {"MVC", " X H L N "},
    {"MVI", " X H L N "},
    {"MVA", " X H L N "},
    {"MSC", " X H L N "},
    {"MSI", " X S H L N "},
    {"MSA", " X S H L N "},
    {"S", " X N P "},
    {"AU", " X N Y "},
    {"R", " X A U I "},
    {"V", " X D C "},
    {"RE", " X L M H "},
    {"U", " X Clear Green Amber Red "},
};

#define METRICS_MOST 32

struct version {
	const char *prefix; /* "" none */
	const struct metric *metrics;
	size_t n;
	size_t base; /* how many of them must be there */
};

#define METRICS(m) m, sizeof(m) / sizeof((m)[0])
/* The first whose prefix fits and whose metrics hold is taken. */
static const struct version versions[] = {
    {"CVSS:3.0/", METRICS(metrics_3), 8},
    {"CVSS:3.1/", METRICS(metrics_3), 8},
    {"CVSS:4.0/", METRICS(metrics_4), 11},
    {"", METRICS(metrics_3), 8},
    {"", METRICS(metrics_4), 11},
    {"", METRICS(metrics_2), 6},
};

/* The value as the table writes it; NULL when the metric has no such. */
static const char *
value_of(const struct metric *m, const char *text, size_t len, size_t *n)
{
	for (const char *s = m->values + 1; *s != '\0'; s += *n + 1) {
		*n = strcspn(s, " ");
		if (*n == len && strncasecmp(s, text, len) == 0)
			return s;
	}
	return NULL;
}

/* One "AV:N" into its place; false: none of this version's, or twice. */
static bool
take_metric(const struct version *v, const char *text, size_t len,
    const char **values, size_t *lens)
{
	const char *colon = memchr(text, ':', len);
	size_t name = colon != NULL ? (size_t)(colon - text) : 0;

	if (colon == NULL)
		return false;
	for (size_t i = 0; i < v->n; i++) {
		const struct metric *m = &v->metrics[i];

		if (strlen(m->name) != name ||
		    strncasecmp(m->name, text, name) != 0)
			continue;
		if (values[i] != NULL)
			return false;
		values[i] = value_of(m, colon + 1, len - name - 1, &lens[i]);
		return values[i] != NULL;
	}
	return false;
}

static char *
spell_as(const void *ctx, const struct version *v, const char *text)
{
	const char *values[METRICS_MOST] = {NULL};
	size_t lens[METRICS_MOST] = {0};
	char *out;

	for (const char *s = text + strlen(v->prefix); *s != '\0';) {
		size_t len = strcspn(s, "/");

		/* Of a vector that runs into other text, what holds. */
		if (!take_metric(v, s, len, values, lens))
			break;
		s += len;
		s += *s == '/';
	}
	for (size_t i = 0; i < v->base; i++)
		if (values[i] == NULL)
			return NULL;
	out = talloc_strdup(ctx, v->prefix);
	for (size_t i = 0; i < v->n && out != NULL; i++)
		if (values[i] != NULL)
			out = talloc_asprintf_append_buffer(out, "%s%s:%.*s",
			    i > 0 ? "/" : "", v->metrics[i].name, (int)lens[i],
			    values[i]);
	return out;
}

char *
cvss_spell(const void *ctx, const char *text)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		const struct version *v = &versions[i];
		char *out;

		if (strncmp(text, v->prefix, strlen(v->prefix)) != 0)
			continue;
		out = spell_as(ctx, v, text);
		if (out != NULL)
			return out;
	}
	return NULL;
}
