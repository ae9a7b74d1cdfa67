/*
 * fuzz_flow.c - any text given for a flow file.
 *
 * Fed: the text.  Must hold: it becomes a flow in which every step that is
 * named is there and some step begins with the case, or problems each of which
 * is a line that names the file; what was read once is read again the same.
 */
#include "fuzz.h"

#include "psirtd/flow.h"

static void
check_guards(const struct flow_file *f, const struct guard *guards, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		MUST(guards[i].kind > 0 && guards[i].kind < GUARD_EXPLOIT);
		MUST(guards[i].kind != GUARD_REQUIRES_SENT ||
		     flow_step(f, guards[i].step) != NULL);
		MUST(guards[i].kind != GUARD_ANSWERED ||
		     answer_rule(guards[i].answer) != NULL);
	}
}

static void
check_step(const struct flow_file *f, const struct flow_step *s)
{
	MUST(flow_step(f, s->number) == s);
	MUST(s->title_en != NULL && s->title_ja != NULL && s->lead != 0);
	MUST(s->phase <= 5 && s->start >= START_AUTO);
	for (size_t i = 0; i < s->nways; i++) {
		MUST(s->ways[i].nafter + s->ways[i].nwhen > 0);
		for (size_t k = 0; k < s->ways[i].nafter; k++)
			MUST(flow_step(f, s->ways[i].after[k]) != NULL);
	}
	for (size_t i = 0; i < s->nmails; i++) {
		MUST(s->mails[i].template != NULL && s->mails[i].policy != 0);
		MUST((s->mails[i].to == AUDIENCE_DEPARTMENT) ==
		     (s->mails[i].roles != 0));
		check_guards(f, s->mails[i].guards, s->mails[i].nguards);
	}
	for (size_t i = 0; i < s->nshares; i++)
		MUST(s->shares[i].role > 0 && s->shares[i].role <= ROLE_POC);
	check_guards(f, s->guards, s->nguards);
}

static void
check_flow(const void *ctx, const struct flow_file *f, const char *text)
{
	size_t first = 0;

	MUST(strcmp(f->text, text) == 0 && f->nsteps > 0);
	for (size_t i = 0; i < f->nsteps; i++) {
		check_step(f, &f->steps[i]);
		first += f->steps[i].nways == 0;
	}
	/* No step waits for ever: one begins, or none has to be waited for. */
	for (size_t i = 0; i < f->nsteps && first == 0; i++)
		for (size_t k = 0; k < f->steps[i].nways; k++)
			first += f->steps[i].ways[k].nafter == 0;
	MUST(first > 0);
	flow_notes(ctx, f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *ctx = talloc_new(NULL);
	char *text = talloc_strndup(ctx, (const char *)data, size);
	char *errors = NULL;
	struct error err = {0};
	struct flow_file *f = NULL;

	/* As settings_file() hands it on. */
	if (is_text(text, strlen(text)))
		f = flow_parse(ctx, FLOW_JPCERT, "f", text, &errors, &err);
	else
		goto out;
	MUST((f == NULL) == (errors != NULL));
	MUST((f == NULL) == (err.fault == FAULT_SETUP));
	if (f != NULL)
		check_flow(ctx, f, text);
	else
		for (const char *line = errors; *line != '\0';
		     line = strchr(line, '\n') + 1)
			MUST(strncmp(line, "f:", 2) == 0 &&
			     is_text(line, strlen(line)));
out:
	talloc_free(ctx);
	return 0;
}
