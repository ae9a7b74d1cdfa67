/*
 * flow_internal.h - between the files of daemon/settings that know flows.
 *
 *   flow_answers.c  what can be recorded: kinds, words, choices
 *   flow_value.c    a value as it is kept
 *   flow_names.c    guards, closing reasons, policies, readers
 *   flow_keys.c     the grammar of a flow file
 *   flow_parse.c    its text to struct flow_file
 *   flow_words.c    "details = yes", "requires_sent: 5.1.2": words of it
 *   flow_check.c    can every step be come to
 *   flow_notes.c    which guards of the shipped flows are gone
 */
#ifndef FLOW_INTERNAL_H
#define FLOW_INTERNAL_H

#include "psirtd/flow.h"

#include "settings_internal.h"

/* 0: there is none of that name. */
enum guard_kind guard_by_name(const char *name);
enum audience audience_by_name(const char *name);

/* ---- reading a flow file ---- */

struct flow_reader {
	struct loader l; /* l.s is NULL: a flow knows no settings */
	struct flow_file *f;
};

/* Lists of a node; what is wrong in one is said, and left out. */
void read_answers(struct flow_reader *r, const struct node *node,
    const char *key, enum answer_kind **list, size_t *n);
void read_roles(struct flow_reader *r, const struct node *node, const char *key,
    bool parties, uint32_t *roles);
void read_due(
    struct flow_reader *r, const struct node *node, struct flow_step *step);
/* These name steps, which are all there by then.  `of`: whose answers a value
 * without a word may be. */
void read_after(struct flow_reader *r, const struct node *node,
    const struct flow_step *step, struct flow_way *way);
void read_whens(struct flow_reader *r, const struct node *node,
    const struct flow_step *const *of, size_t nof, struct flow_when **list,
    size_t *n);
void read_guards(struct flow_reader *r, const struct node *node,
    struct guard **list, size_t *n);

void flow_check(struct flow_reader *r);

#endif
