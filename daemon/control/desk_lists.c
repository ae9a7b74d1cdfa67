/*
 * desk_lists.c - what stands beside the steps of a case: tasks, questions,
 * clocks, who was told what, and the ledger of customers.
 *
 * Runs in the engine.  The list of tasks shows kinds, numbers, dates and names
 * of departments: no trace.  The words of a task, questions, clocks with the
 * words they were found by, names and addresses are readings.
 */
#include "request.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#define TASKS_MOST 500

/* ---- tasks ---- */

/* How the `psirt` of a task goes on: with a case, a letter or the task. */
static const struct {
	const char *next; /* behind "psirt " */
	char about;       /* c case, d its departments, l letter, t task */
} tasks[TASK_KIND_COUNT] = {
    [TASK_ANSWER_FINDER] = {"reply", 'c'},
    [TASK_COUNTERPART] = {"letter", 'l'},
    [TASK_UNDERSTAND] = {"task", 't'},
    [TASK_CONFLICT] = {"task", 't'},
    [TASK_UNSIGNED] = {"letter", 'l'},
    [TASK_QUESTION] = {"question", 'c'},
    [TASK_OTHER_KEY] = {"letter", 'l'},
    [TASK_EXPLOITED] = {"clock", 'c'},
    [TASK_DEADLINE] = {"clock", 'c'},
    [TASK_LINK] = {"show", 'c'},
    [TASK_LATER_DATE] = {"clock", 'c'},
    [TASK_PLAN_SLIPS] = {"step", 'c'},
    [TASK_STATUS_HELD] = {"task", 't'},
    [TASK_REGISTRATION] = {"task", 't'},
    [TASK_MEDIATED] = {"letter", 'l'},
    [TASK_BOUNCED] = {"task", 't'},
    [TASK_NOT_DRAFTED] = {"task", 't'},
    [TASK_HAND_ON] = {"route", 'd'},
    [TASK_STUCK] = {"task", 't'},
};

static char *
task_next(struct request *r, const struct store_task *t)
{
	const char *number = request_case_number(r, t->casefile);
	bool known = t->kind < TASK_KIND_COUNT && tasks[t->kind].next != NULL;

	if (known && tasks[t->kind].about == 'c' && number != NULL)
		return talloc_asprintf(
		    r, "psirt %s %s", tasks[t->kind].next, number);
	/* Names of the settings, as `psirt` shows proposed ones. */
	if (known && tasks[t->kind].about == 'd' && number != NULL &&
	    t->text != NULL)
		return talloc_asprintf(r, "psirt %s %s %s --details",
		    tasks[t->kind].next, number, t->text);
	if (known && tasks[t->kind].about == 'l' && t->letter != 0)
		return talloc_asprintf(r, "psirt %s %lld", tasks[t->kind].next,
		    (long long)t->letter);
	return talloc_asprintf(r, "psirt task %lld", (long long)t->id);
}

json_t *
task_row(struct request *r, const struct store_task *t)
{
	char *next = task_next(r, t);
	json_t *row;

	row = json_pack("{s:I,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "task",
	    (json_int_t)t->id, "kind", task_kind_name(t->kind), "case",
	    json_text(request_case_number(r, t->casefile)), "letter",
	    json_number(t->letter), "mail", json_number(t->outmail), "made",
	    json_time(t->made), "due", json_time(t->due), "done",
	    json_time(t->done), "next", json_text(next));
	talloc_free(next);
	return row;
}

enum turn
tasks_run(struct request *r)
{
	struct store_task *list = NULL;
	struct store_case c = {0};
	size_t count = 0;

	if (r->casefile != NULL && !request_case(r, r->casefile, &c))
		return TURN_FAILED;
	if (store_task_list(
		r, r->st, c.id, TASKS_MOST, &list, &count, &r->err) != 0 ||
	    answer_list(r, "tasks") != 0)
		return TURN_FAILED;
	for (size_t i = 0; i < count; i++)
		if (answer_row(r, task_row(r, &list[i])) != 0)
			return TURN_FAILED;
	return answer_list_end(r) == 0 ? TURN_DONE : TURN_FAILED;
}

/* What it asks for, and how it ends. */
static json_t *
task_ways(struct request *r, const struct store_task *t)
{
	char *self = talloc_asprintf(r, "psirt task %lld", (long long)t->id);
	char *next = task_next(r, t);
	json_t *ways = json_array();

	if (strcmp(next, self) != 0)
		json_array_append_new(ways, json_text(next));
	json_array_append_new(
	    ways, json_text(talloc_asprintf(self, "%s done%s", self,
		      t->kind == TASK_HAND_ON ? " --why TEXT" : "")));
	talloc_free(next);
	talloc_free(self);
	return ways;
}

enum turn
task_run(struct request *r)
{
	struct store_task t = {0};
	json_t *row;
	int64_t id;
	int found;

	if (!request_number(r, r->words[0], "task", "psirt task", &id))
		return TURN_FAILED;
	found = store_task_get(r, r->st, id, &t, &r->err);
	if (found == 0)
		return request_fail(r, CONTROL_EXIT_REFUSED,
		    "no task %lld: \"psirt task\" shows them", (long long)id);
	if (found < 0 || request_record(r, t.casefile, t.letter, t.outmail,
			     t.kind, NULL, false) != 0)
		return TURN_FAILED;
	row = task_row(r, &t);
	if (row != NULL)
		json_object_set_new(row, "text", json_text(t.text));
	if (answer_set(r, "task", row) != 0 ||
	    answer_set(r, "next", task_ways(r, &t)) != 0)
		return TURN_FAILED;
	return TURN_DONE;
}

/* ---- questions, clocks ---- */

/* The case of the first word, read; NULL: failed. */
static struct casework *
request_reading(struct request *r)
{
	struct casework *w;
	struct store_case c;

	if (!request_case(r, r->words[0], &c))
		return NULL;
	w = request_casework(r, r, c.id);
	if (w == NULL || request_record(r, c.id, 0, 0, 0, NULL, false) != 0 ||
	    answer_set(r, "case", json_text(c.number)) != 0)
		return NULL;
	return w;
}

enum turn
questions_run(struct request *r)
{
	struct casework *w = request_reading(r);

	return w != NULL && answer_set(r, "questions", question_rows(w)) == 0
		   ? TURN_DONE
		   : TURN_FAILED;
}

enum turn
clocks_run(struct request *r)
{
	struct casework *w = request_reading(r);

	return w != NULL && answer_set(r, "clocks", case_clock_rows(r, w)) == 0
		   ? TURN_DONE
		   : TURN_FAILED;
}

/* ---- who was told ---- */

json_t *
told_parts(uint32_t parts)
{
	json_t *list = json_array();

	if (parts & TOLD_OVERVIEW)
		json_array_append_new(list, json_string("overview"));
	if (parts & TOLD_DETAILS)
		json_array_append_new(list, json_string("details"));
	if (parts & TOLD_EXPLOIT)
		json_array_append_new(list, json_string("exploit"));
	return list;
}

/* A notice to all customers makes a row of each. */
struct who {
	struct store_told *told;
	size_t count, next;
};

static int
who_start(struct request *r)
{
	struct who *w = talloc_zero(r, struct who);
	struct store_case c;

	r->state = w;
	if (w == NULL)
		return error_set(&r->err, FAULT_RETRY, "out of memory");
	if (!request_case(r, r->words[0], &c) ||
	    store_told_list(w, r->st, c.id, &w->told, &w->count, &r->err) !=
		0 ||
	    request_record(r, c.id, 0, 0, 0, NULL, false) != 0 ||
	    answer_set(r, "case", json_text(c.number)) != 0)
		return -1;
	return answer_list(r, "told");
}

static json_t *
told_row(struct request *r, const struct store_told *t)
{
	bool customer = t->department == NULL &&
			settings_customer(r->s, t->address) != NULL;

	return json_pack("{s:o,s:o,s:o,s:b,s:o,s:o,s:o,s:o}", "person",
	    json_text(t->person), "address", json_text(t->address),
	    "department", json_text(t->department), "customer", customer, "key",
	    json_text(t->fingerprint), "parts", told_parts(t->parts), "at",
	    json_time(t->at), "mail", json_number(t->outmail));
}

enum turn
who_run(struct request *r)
{
	struct who *w;

	if (r->state == NULL && who_start(r) != 0)
		return TURN_FAILED;
	for (w = r->state; w->next < w->count; w->next++) {
		if (!request_has_time(r))
			return TURN_MORE;
		if (answer_row(r, told_row(r, &w->told[w->next])) != 0)
			return TURN_FAILED;
	}
	return answer_list_end(r) == 0 ? TURN_DONE : TURN_FAILED;
}

/* ---- customers ---- */

/* One that has the product, or every one where the case has none. */
static bool
customer_concerned(const struct customer *customer, const char *product)
{
	for (size_t i = 0; product != NULL && i < customer->nproducts; i++)
		if (strcasecmp(customer->products[i], product) == 0)
			return true;
	return product == NULL;
}

static json_t *
ledger_row(const struct customer *customer, const struct store_outmail *m)
{
	const char *name = m != NULL ? m->to_name : NULL;
	const char *address = m != NULL ? m->to : NULL;
	json_t *nda =
	    customer != NULL ? json_boolean(customer->nda) : json_null();

	if (customer != NULL)
		name = customer->name;
	if (customer != NULL && address == NULL)
		address = customer->address;
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "customer",
	    json_text(name), "address", json_text(address), "nda", nda, "via",
	    json_text(customer != NULL ? customer->integrator : NULL), "mail",
	    json_number(m != NULL ? m->id : 0), "kind",
	    json_text(
		m != NULL ? mail_kind_name((enum mail_kind)m->kind) : NULL),
	    "state", json_text(m != NULL ? outmail_state_name(m->state) : NULL),
	    "sent", json_time(m != NULL ? m->sent : 0), "bounced",
	    json_time(m != NULL ? m->bounced : 0));
}

/* A cursor: first over the mails to customers, then over the customers. */
struct ledger {
	struct store_case c;
	bool *mailed; /* of each of the customer file */
	int64_t mail; /* the last that was looked at */
	size_t next;  /* customer */
	bool all_mails;
	int64_t customers, told, bounced;
};

static int
ledger_start(struct request *r)
{
	struct ledger *l = talloc_zero(r, struct ledger);

	r->state = l;
	if (l != NULL)
		l->mailed = talloc_zero_array(l, bool, r->s->ncustomers + 1);
	if (l == NULL || l->mailed == NULL)
		return error_set(&r->err, FAULT_RETRY, "out of memory");
	if (!request_case(r, r->words[0], &l->c) ||
	    request_record(r, l->c.id, 0, 0, 0, NULL, false) != 0 ||
	    answer_set(r, "case", json_text(l->c.number)) != 0 ||
	    answer_set(r, "product", json_text(l->c.product)) != 0)
		return -1;
	return answer_list(r, "customers");
}

/* The next mail to a customer, oldest first. */
static int
ledger_mail(struct request *r, struct ledger *l)
{
	const struct customer *customer;
	struct store_outmail m = {0};
	void *ctx;
	int64_t id;
	int rc = -1;

	if (store_outmail_next_to(
		r->st, l->c.id, AUDIENCE_CUSTOMER, l->mail, &id, &r->err) != 0)
		return -1;
	l->all_mails = id == 0;
	if (l->all_mails)
		return 0;
	l->mail = id;
	ctx = talloc_new(r);
	if (mail_look(r, ctx, id, &m) == 1) {
		customer = settings_customer(r->s, m.to);
		if (customer != NULL)
			l->mailed[customer - r->s->customers] = true;
		l->told += m.state == OUTMAIL_SENT && m.bounced == 0;
		l->bounced += m.bounced != 0;
		rc = answer_row(r, ledger_row(customer, &m));
	}
	talloc_free(ctx);
	return rc;
}

/* The next who is concerned and has none. */
static int
ledger_customer(struct request *r, struct ledger *l)
{
	size_t at = l->next++;
	const struct customer *customer = &r->s->customers[at];

	if (!customer_concerned(customer, l->c.product))
		return 0;
	l->customers++;
	return l->mailed[at] ? 0 : answer_row(r, ledger_row(customer, NULL));
}

enum turn
customers_run(struct request *r)
{
	struct ledger *l;

	if (r->state == NULL && ledger_start(r) != 0)
		return TURN_FAILED;
	l = r->state;
	while (!l->all_mails || l->next < r->s->ncustomers) {
		if (!request_has_time(r))
			return TURN_MORE;
		if ((l->all_mails ? ledger_customer(r, l)
				  : ledger_mail(r, l)) != 0)
			return TURN_FAILED;
	}
	if (answer_list_end(r) != 0 ||
	    answer_set(r, "counts",
		json_pack("{s:I,s:I,s:I}", "customers",
		    (json_int_t)l->customers, "told", (json_int_t)l->told,
		    "bounced", (json_int_t)l->bounced)) != 0)
		return TURN_FAILED;
	return TURN_DONE;
}
