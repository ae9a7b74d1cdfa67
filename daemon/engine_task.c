/*
 * engine_task.c - what waits for a person beside steps and drafts.
 *
 * Runs in the engine process, inside the transaction of its caller.
 */
#include "engine_case.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define TASKS_MOST 256
#define TASK_TEXT_MOST 4000

/* Cut where a character ends. */
static char *
shortened(const void *ctx, const char *text)
{
	size_t len = TASK_TEXT_MOST;

	if (text == NULL || strlen(text) <= len)
		return talloc_strdup(ctx, text);
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return talloc_asprintf(ctx, "%.*s…", (int)len, text);
}

int
task_add(struct engine *e, const struct store_task *task, struct error *err)
{
	struct store_task t = *task;
	int rc;

	if (t.made == 0)
		t.made = clock_now();
	t.text = shortened(e, task->text);
	rc = store_task_add(e->st, &t, err);
	if (rc == 0 && t.id != 0)
		rc = engine_record(e, RECORD_TASK, t.casefile, t.letter,
		    t.outmail, t.kind, err);
	talloc_free(t.text);
	return rc;
}

/* step, kind 0: whatever it is of. */
static int
end_tasks(struct engine *e, int64_t casefile, int64_t step, uint32_t kind,
    const char *actor, struct error *err)
{
	struct store_record r = {.at = clock_now(),
	    .what = RECORD_TASK_DONE,
	    .actor = (char *)(uintptr_t)actor,
	    .casefile = casefile};
	struct store_task *open = NULL;
	void *ctx = talloc_new(e);
	size_t n = 0;
	int rc =
	    store_task_list(ctx, e->st, casefile, TASKS_MOST, &open, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if ((kind != 0 && open[i].kind != kind) ||
		    (step != 0 && open[i].step != step))
			continue;
		r.code = open[i].kind;
		rc = store_task_done(e->st, open[i].id, r.at, actor, err);
		if (rc == 0)
			rc = store_record_add(e->st, &r, err);
	}
	talloc_free(ctx);
	return rc;
}

int
task_end(struct engine *e, int64_t casefile, uint32_t kind, const char *actor,
    struct error *err)
{
	return end_tasks(e, casefile, 0, kind, actor, err);
}

int
task_end_step(struct engine *e, int64_t casefile, int64_t step, uint32_t kind,
    const char *actor, struct error *err)
{
	return end_tasks(e, casefile, step, kind, actor, err);
}

/* ---- the words of a report that departments wait for ---- */

static char *
named(const void *ctx, const char *names, const char *name)
{
	return names == NULL ? talloc_strdup(ctx, name)
			     : talloc_asprintf(ctx, "%s %s", names, name);
}

/* Who waits already; a case that another was merged into has two tasks. */
static int
find_hand_on(struct engine *e, const void *ctx, int64_t casefile, char **names,
    struct error *err)
{
	struct store_task *open = NULL;
	size_t n = 0;

	if (store_task_list(ctx, e->st, casefile, TASKS_MOST, &open, &n, err) !=
	    0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (open[i].kind == TASK_HAND_ON && open[i].text != NULL)
			*names = named(ctx, *names, open[i].text);
	return 0;
}

/* Is this one of the words, with a blank between them? */
static bool
is_named(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = names; at != NULL && *at != '\0';
	     at += strspn(at, " ")) {
		size_t word = strcspn(at, " ");

		if (word == len && strncmp(at, name, len) == 0)
			return true;
		at += word;
	}
	return false;
}

int
task_hand_on(struct engine *e, int64_t casefile, int64_t letter,
    const struct department *const *to, size_t n, bool given, const char *actor,
    struct error *err)
{
	void *ctx = talloc_new(e);
	char *before = NULL;
	char *wait = NULL;
	char *gone = NULL;
	int rc = find_hand_on(e, ctx, casefile, &before, err);

	for (size_t i = 0; i < n && given; i++)
		gone = named(ctx, gone, to[i]->name);
	/* In the order of the settings, whoever came first. */
	for (size_t i = 0; i < e->s->ndepartments; i++) {
		const char *name = e->s->departments[i].name;
		bool waits = is_named(before, name);

		for (size_t k = 0; k < n && !given; k++)
			waits = waits || strcmp(to[k]->name, name) == 0;
		if (waits && !is_named(gone, name))
			wait = named(ctx, wait, name);
	}
	if (rc == 0 && before != NULL)
		rc = task_end(e, casefile, TASK_HAND_ON, actor, err);
	if (rc == 0 && wait != NULL) {
		const struct store_task t = {.kind = TASK_HAND_ON,
		    .casefile = casefile,
		    .letter = letter,
		    .text = wait};

		rc = task_add(e, &t, err);
	}
	talloc_free(ctx);
	return rc;
}
