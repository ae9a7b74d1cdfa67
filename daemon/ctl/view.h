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
void view_purge(const struct printer *p, json_t *data);
void view_backup(const struct printer *p, json_t *data);
/* Of the procedure: view_step.c, view_approve.c. */
void view_approve(const struct printer *p, json_t *data);
void view_clock(const struct printer *p, json_t *data);
void view_customers(const struct printer *p, json_t *data);
void view_question(const struct printer *p, json_t *data);
void view_said(const struct printer *p, json_t *data);
void view_step(const struct printer *p, json_t *data);
void view_task(const struct printer *p, json_t *data);
void view_who(const struct printer *p, json_t *data);
/* Pieces of them for show and today; false: there was nothing. */
bool view_case_clocks(
    const struct printer *p, const json_t *data, const char *title);
bool view_drafts(const struct printer *p, const json_t *data, const char *key,
    const char *title);
bool view_questions(const struct printer *p, const json_t *data);
void view_refused(const struct printer *p, const json_t *data);
bool view_tasks(const struct printer *p, const json_t *data, const char *title);
void view_turns(const struct printer *p, json_t *data);
/* Columns of rows that have a state, a due date, and who acts. */
void view_turn_columns(json_t *rows);
/* "short": 2026-0012 of each row's case; eighty columns are soon full. */
void view_short_numbers(json_t *rows);
/* "" where there is none; as it came: not to be printed. */
const char *view_string(const json_t *object, const char *key);
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
