/*
 * engine_case.h - what the files of the engine share that lead a case.
 *
 *   engine_bounce.c  a delivery report of a mail of ours
 *   engine_case.c    rows -> casework: what the desk is told of a case
 *   engine_flow.c    the stop `flow`: a case goes on as its flow says
 *   engine_step.c    a pass of a step begins and ends; who is told of it
 *   engine_step_mail.c   the mails of a step: readers, drafts
 *   engine_step_letter.c  the same: the letter that goes along
 *   engine_step_facts.c  the same: what they may say
 *   engine_counterpart.c  the same: readers outside, and their keys
 *   engine_answer.c  what is said of a case is put on record
 *   engine_department.c  a department's letter: what it says
 *   engine_arrival.c the counterpart's or finder's letter on a case
 *   engine_leave.c   guards, approvals, who was told what
 *   engine_task.c    what waits for a person
 *   engine_clock.c   a case's clocks are set, met and warned of
 *   engine_link.c    cases that may be one
 *   engine_rest.c    a closed case rests, and is taken up
 *   engine_question.c  what departments and the counterpart ask
 */
#ifndef PSIRTD_ENGINE_CASE_H
#define PSIRTD_ENGINE_CASE_H

#include "engine_internal.h"

/* ---- engine_case.c ---- */
/* NULL with FAULT_DENIED: there is no such case.  Reads alone. */
struct casework *case_load(
    const void *ctx, struct engine *e, int64_t casefile, struct error *err);
/* The flow a case goes by: its own file's text, parsed once and kept. */
const struct flow_file *case_flow(
    struct engine *e, const struct store_case *c, struct error *err);
/* At start: keeps the files' texts, parses those of running cases; refuses,
 * naming cases and steps, what this program cannot run (RULES 29). */
int case_flows_start(struct engine *e, struct error *err);

/* A line of the record about a case, under the name of who did it; digest:
 * hex, or NULL. */
int case_record(struct engine *e, int64_t casefile, enum record_what what,
    uint32_t code, const char *digest, const char *note, const char *actor,
    struct error *err);

/* ---- engine_rest.c: inside the caller's transaction ---- */
/* What runs of a case that is closed stops where it is: passes, their drafts,
 * clocks, tasks. */
int case_rest(
    struct engine *e, struct casework *w, const char *actor, struct error *err);
/* It goes on there: nothing begins anew, reminders and status mails are
 * counted from now.  Writes the row. */
int case_take_up(
    struct engine *e, struct casework *w, const char *actor, struct error *err);
/* A closed case is open again: the retention of it ends, and it is taken up.
 * Its own line of the record is the caller's. */
int case_open_again(
    struct engine *e, struct casework *w, const char *actor, struct error *err);

/* ---- engine_flow.c, engine_step.c: inside the caller's transaction ---- */
bool stop_flow(struct engine *e);
/* Makes a pass of this step; start: begins it, drafts its mails. */
int step_begin(struct engine *e, struct casework *w,
    const struct flow_step *step, bool start, uint32_t overridden,
    const char *actor, struct error *err);
int step_end(struct engine *e, struct casework *w, const struct case_step *pass,
    bool skipped, const char *actor, struct error *err);
/* Left out by a person; why: NULL, none is given. */
int step_skip(struct engine *e, struct casework *w,
    const struct case_step *pass, const char *why, const char *actor,
    struct error *err);
/* What would have begun by itself and was offered, because guards refused all
 * its mails: would it still be?  *may: no; it may begin now. */
int step_may_begin(struct engine *e, struct casework *w,
    const struct case_step *pass, bool *may, struct error *err);
/* Drafts those mails of the step whose `when` holds; w->refused: what could
 * not be.  actor NULL: nothing is drafted, it only asks which would be. */
int step_mails(struct engine *e, struct casework *w,
    const struct case_step *pass, uint32_t overridden, const char *actor,
    size_t *made, struct error *err);
/* Is it told when this pass ends? */
bool step_shares(const struct store_step *row, const struct flow_share *share);

/* ---- engine_step_mail.c ---- */
/* Drafts one mail of a step to each of its readers; *made: how many; actor
 * NULL as in step_mails(). */
int step_mail(struct engine *e, struct casework *w,
    const struct case_step *pass, const struct flow_mail *mail,
    uint32_t overridden, const char *actor, size_t *made, struct error *err);
int step_share(struct engine *e, struct casework *w,
    const struct case_step *pass, const struct flow_share *share,
    const char *actor, struct error *err);
/* What is on record, as facts for a template in this language. */
void case_facts(struct facts *f, const void *ctx, const struct casework *w,
    const char *language);

/* ---- engine_counterpart.c ---- */
/* To the counterpart of the case now (flow, channel); false: nobody. */
bool case_counterpart(const void *ctx, struct engine *e,
    const struct casework *w, struct draft_to *to, enum audience *audience);

/* ---- engine_leave.c ---- */
/* Alerts, the morning's list and their like. */
bool mail_is_to_desk(const struct store_outmail *m);
/* A draft of a case: asks the guards, renders, writes the row as its policy
 * says, and who is told what once it leaves. */
struct case_draft {
	enum mail_kind kind;
	enum audience audience;
	enum policy policy;
	const struct case_step *pass; /* or NULL */
	const struct department *department;
	const struct customer *customer;
	struct draft_to to;
	int64_t letter, question;
	const char *in_reply_to;
	uint32_t parts, overridden;
	bool automatic, with_files;
};
/* Asks the guards alone: -1 with FAULT_DENIED, its guard and sentence. */
int leave_ask(struct engine *e, struct casework *w,
    const struct case_draft *draft, struct error *err);
int leave_draft(struct engine *e, struct casework *w,
    const struct case_draft *draft, const struct facts *facts,
    const char *actor, int64_t *mail, struct error *err);
/* Before it is sealed: 0, or the guard that refuses now, with *why. */
int leave_may(struct engine *e, const void *ctx, const struct store_outmail *m,
    enum guard_kind *guard, char **why, struct error *err);
/* It left: who knows what now; its step may go on. */
int leave_sent(
    struct engine *e, const struct store_outmail *m, struct error *err);
void leave_digest(
    const struct store_outmail *m, uint8_t digest[STORE_DIGEST_BYTES]);

/* ---- engine_answer.c: inside the caller's transaction ---- */
/*
 * One answer on record (all but a->id is given), with what follows of it: a
 * question is asked, a date becomes a clock, the channel is switched, its
 * line of the record.  Does not say that the flow may go on.
 */
int answer_record(struct engine *e, struct casework *w, struct store_answer *a,
    const char *actor, struct error *err);

/* ---- engine_question.c: the same ---- */
/* The step that sends this kind of mail; NULL: none of the flow. */
const struct flow_step *question_step(
    const struct flow_file *flow, enum mail_kind kind);
/* Is it the step in which answers come? */
bool question_awaited(
    const struct flow_file *flow, const struct flow_step *step);
/* Those that were asked and are not answered, "1, 3"; NULL none. */
char *questions_out(const void *ctx, const struct casework *w);
/*
 * The counterpart answered what it was asked, as far as the text says: by
 * number, or the one that is out.  *count: how many; 0: a person has to say.
 */
int question_answered(struct engine *e, struct casework *w, int64_t letter,
    const char *text, size_t *count, struct error *err);

/* ---- engine_task.c: the same ---- */
/* With its line of the record; made 0: now; a long text is cut. */
int task_add(
    struct engine *e, const struct store_task *task, struct error *err);
/* Every open task of a case of this kind is done; 0: all of the case. */
int task_end(struct engine *e, int64_t casefile, uint32_t kind,
    const char *actor, struct error *err);
/*
 * These departments had an overview that says the report's words follow, or
 * the words themselves: the case's one task names those who wait for them.
 */
int task_hand_on(struct engine *e, int64_t casefile, int64_t letter,
    const struct department *const *to, size_t n, bool given, const char *actor,
    struct error *err);
/* Those of this kind that one pass of a step has. */
int task_end_step(struct engine *e, int64_t casefile, int64_t step,
    uint32_t kind, const char *actor, struct error *err);

/* ---- engine_clock.c: the same ---- */
#define CRA_FINAL_S (INT64_C(14) * 86400) /* after a fix is available */
/* Sets a clock, its next warning, its line of the record; c: all but id and
 * warn.  Our date later than an imposed one becomes a task. */
int clock_add(struct engine *e, struct store_clock *c, const char *actor,
    struct error *err);
/* Ends every clock of this kind, whatever its source; *ended: of those that
 * run. */
int clock_end_kind(struct engine *e, int64_t casefile, uint32_t kind,
    size_t *ended, struct error *err);
/* The running ones of a case rest; and run again, due as they were. */
int clock_rest(struct engine *e, int64_t casefile, struct error *err);
int clock_take_up(
    struct engine *e, int64_t casefile, const char *actor, struct error *err);
/* Its warning has come: a task, an alert, and when it warns next. */
int clock_warn(struct engine *e, struct store_clock *c, struct error *err);
/* A mail left: the clocks that wanted it stop. */
int clock_met(
    struct engine *e, const struct store_outmail *m, struct error *err);

/* ---- engine_bounce.c, engine_department.c, engine_arrival.c,
 * engine_link.c: of `file` ---- */
/* Which mail of ours is a delivery report about?  f->bounced, f->bounce. */
int bounce_find(struct filing *f, struct error *err);
int bounce_take(struct filing *f, struct error *err);
/* A pinned contact's letter on a case, or one that claims to be: 1; 0 it is
 * neither. */
int answer_take(struct filing *f, struct error *err);
/* Any other letter on a case: steps awaited, tasks, clocks found in it. */
int arrival_take(struct filing *f, struct error *err);
int link_propose(struct filing *f, struct error *err);

/* ---- engine_status.c: what goes by itself ---- */
/* leave_draft() by psirtd; *mail 0: a guard refused, which is no trouble. */
int draft_unless_refused(struct engine *e, struct casework *w,
    const struct case_draft *draft, const struct facts *facts, int64_t *mail,
    struct error *err);
/* An office by its name, a person by his; the counterpart's own number. */
void outside_facts(struct facts *f, const void *ctx, struct engine *e,
    const struct casework *w, const struct draft_to *to);

#endif
