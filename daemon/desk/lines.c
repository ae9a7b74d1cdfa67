/*
 * lines.c - the lines that a mail to a department shows to be copied.
 *
 * Takes a step; gives "word: choices" for each answer it takes, as
 * desk_commands() reads them back.  The words are English in both languages,
 * what may stand behind them is in the reader's.  Pure.
 */
#include "psirtd/procedure.h"

#include <string.h>

#include <talloc.h>

static char *
add_line(char *lines, enum answer_kind kind, const char *language)
{
	const struct answer_rule *rule = answer_rule(kind);
	const char *hint;

	if (rule == NULL || lines == NULL)
		return lines;
	hint = strcmp(language, "ja") == 0 ? rule->hint_ja : rule->hint_en;
	return talloc_asprintf_append(
	    lines, "%s: %s\n", rule->name, hint != NULL ? hint : "");
}

char *
desk_lines_to_copy(const void *ctx, const struct flow_step *step,
    const char *number, const char *ref, const char *language)
{
	char *lines =
	    talloc_asprintf(ctx, "ref: %s/%s/%s\n", number, step->number, ref);

	for (size_t i = 0; i < step->nexpects; i++)
		lines = add_line(lines, step->expects[i], language);
	for (size_t i = 0; i < step->nmay; i++)
		lines = add_line(lines, step->may[i], language);
	return lines;
}
