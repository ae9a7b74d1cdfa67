/*
 * engine_task.c - what waits for a person beside steps and drafts.
 *
 * Runs in the engine process, inside the transaction of its caller.
 */
#include "engine_internal.h"

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
