/*
 * store_names.h - words for the numbers of the procedure's rows (store.h), as
 * psirt and `psirtd --inspect` show them; "?" for what is none.
 */
#ifndef PSIRTD_STORE_NAMES_H
#define PSIRTD_STORE_NAMES_H

#include <stdint.h>

const char *step_state_name(uint32_t state);     /* "running" */
const char *question_state_name(uint32_t state); /* "asked" */
const char *task_kind_name(uint32_t kind);       /* "answers-differ" */
const char *link_kind_name(uint32_t kind);       /* "same" */
const char *mark_kind_name(uint32_t kind);       /* "identifier" */
const char *channel_name(uint32_t channel);      /* "own" */

#endif
