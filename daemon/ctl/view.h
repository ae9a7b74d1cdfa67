/*
 * view.h - how the answer to each command looks on a screen.
 */
#ifndef PSIRTD_CTL_VIEW_H
#define PSIRTD_CTL_VIEW_H

#include "print.h"

void view_today(const struct printer *p, json_t *data);
void view_list(const struct printer *p, json_t *data);
void view_show(const struct printer *p, json_t *data);
void view_letter(const struct printer *p, json_t *data);
void view_queue(const struct printer *p, json_t *data);
void view_log(const struct printer *p, json_t *data);
void view_key(const struct printer *p, json_t *data);
/* Of a letter: its layers; its parts, each under who signed it. */
void view_layers(const struct printer *p, const json_t *data);
void view_parts(const struct printer *p, const json_t *data);
/* "| " before what a good signature covers, "? " before all else. */
const char *part_mark(const json_t *part);
/* A number; 0 where there is none.  A safe copy of a text, or NULL. */
json_int_t view_number(const json_t *object, const char *key);
char *view_text(const void *ctx, const json_t *object, const char *key);
/*
 * "… and 201 more" behind the list `key` of this object, which was cut: as its
 * `counts` tell.  "": it is whole.
 */
char *view_more(const void *ctx, const json_t *object, const char *key,
    const char *between);
/* A list under its title, or nothing at all: then false. */
bool view_section(const struct printer *p, const json_t *data, const char *key,
    const char *title, const struct column *columns, size_t ncolumns);
/* A "no" that goes without saying is not shown. */
void null_if_false(json_t *object, const char *key);
/* Due dates, where there are any. */
void view_clocks(const struct printer *p, const json_t *data);
/* What was done; and what to type next. */
void view_next(const struct printer *p, json_t *data);
void view_done(const struct printer *p, json_t *data);
/* The machine form: the whole answer, ASCII alone. */
int view_json(FILE *out, const json_t *answer);

#endif
