/*
 * verbs.h - the commands of psirt, and what there is to say about each.
 */
#ifndef PSIRTD_CTL_VERBS_H
#define PSIRTD_CTL_VERBS_H

#include "view.h"

struct verb {
	const char *name;
	const char *usage;
	const char *summary;
	const char *more; /* for `psirt help NAME`; NULL: nothing to add */
	void (*view)(const struct printer *p, json_t *data);
};

/* In alphabetical order, as in psirt.1; ended by a NULL name. */
extern const struct verb verbs[];

/* NULL: there is none. */
const struct verb *verb_named(const char *name);

#endif
