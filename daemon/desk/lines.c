/*
 * lines.c - the lines that a mail to a department shows to be copied, and
 * those that the desk may type.
 *
 * Takes a step; gives "word: choices" for each answer it takes, as
 * desk_commands() reads them back; what is the desk's alone to record stands
 * in no mail.  The words are English in both languages, what may stand behind
 * them is in the reader's.  Pure.
 */
#include "psirtd/procedure.h"

#include <string.h>

#include <talloc.h>

static char *
add_line(char *lines, const struct answer_rule *rule, const char *language)
{
	const char *hint =
	    strcmp(language, "ja") == 0 ? rule->hint_ja : rule->hint_en;

	if (lines == NULL)
		return NULL;
	return talloc_asprintf_append(
	    lines, "%s: %s\n", rule->name, hint != NULL ? hint : "");
}

/* Of what the step asks for, that which the reader is to record. */
static char *
add_lines(
    char *lines, const struct flow_step *step, bool desk, const char *language)
{
	for (size_t i = 0; i < step->nexpects + step->nmay; i++) {
		const struct answer_rule *rule = answer_rule(
		    i < step->nexpects ? step->expects[i]
				       : step->may[i - step->nexpects]);

		if (rule != NULL && (desk || !rule->desk))
			lines = add_line(lines, rule, language);
	}
	return lines;
}

char *
desk_lines_to_type(
    const void *ctx, const struct flow_step *step, const char *language)
{
	return add_lines(talloc_strdup(ctx, ""), step, true, language);
}

char *
desk_lines_to_copy(const void *ctx, const struct flow_step *step,
    const char *number, const char *ref, const char *language)
{
	char *lines =
	    talloc_asprintf(ctx, "ref: %s/%s/%s\n", number, step->number, ref);
	size_t nothing = lines != NULL ? strlen(lines) : 0;

	lines = add_lines(lines, step, false, language);
	/* Where the desk alone decides, its readers may still speak. */
	if (lines != NULL && strlen(lines) == nothing)
		lines = add_line(lines, answer_rule(ANSWER_COMMENT), language);
	return lines;
}
