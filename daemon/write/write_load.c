/*
 * write_load.c - reads every template of conf/templates/{en,ja} and checks it.
 *
 * Runs in the engine, at start and for `psirtd -n`.  Takes the folder; gives
 * all templates, or all that is wrong with them, one "file:line: sentence" a
 * line.  A template that is missing is found here, not when a mail is due.
 */
#include "write_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

#define TEMPLATE_MAX ((size_t)64 << 10)

void
fault(struct faults *f, int line, const char *fmt, ...)
{
	char *sentence;
	va_list ap;

	va_start(ap, fmt);
	sentence = talloc_vasprintf(f, fmt, ap);
	va_end(ap);
	f->count++;
	if (f->text == NULL)
		f->text = talloc_strdup(f, "");
	if (sentence != NULL && f->text != NULL)
		f->text = talloc_asprintf_append(
		    f->text, "%s:%d: %s\n", f->file, line, sentence);
	if (sentence == NULL || f->text == NULL)
		f->no_memory = true;
	talloc_free(sentence);
}

/* The whole of f->file with LF line ends; NULL: it was said why not. */
static char *
file_text(const void *ctx, struct faults *f)
{
	char *text = talloc_array(ctx, char, TEMPLATE_MAX + 2);
	FILE *file = fopen(f->file, "re");
	size_t len = 0;

	if (file == NULL || text == NULL) {
		fault(f, 1, "cannot be read: %s", strerror(errno));
		goto fail;
	}
	len = fread(text, 1, TEMPLATE_MAX + 1, file);
	if (ferror(file)) {
		fault(f, 1, "cannot be read: %s", strerror(errno));
		goto fail;
	}
	if (len > TEMPLATE_MAX) {
		fault(f, 1, "is longer than %zu bytes", TEMPLATE_MAX);
		goto fail;
	}
	if (!text_valid(bytes_of(text, len))) {
		fault(f, 1, "is not UTF-8: save the file as UTF-8");
		goto fail;
	}
	fclose(file);
	text[len] = '\0';
	return text_to_lf(ctx, text);
fail:
	if (file != NULL)
		fclose(file);
	talloc_free(text);
	return NULL;
}

static void
load_one(struct templates *t, const char *folder, size_t language,
    enum mail_kind kind, struct faults *f)
{
	void *scratch = talloc_new(f);
	char *text;

	f->file = talloc_asprintf(scratch, "%s/%s/%s.txt", folder,
	    write_languages[language], mail_kind_name(kind));
	if (scratch == NULL || f->file == NULL) {
		f->no_memory = true;
		return;
	}
	text = file_text(scratch, f);
	if (text != NULL)
		template_parse(t, text, kind, &t->of[language][kind], f);
	f->file = NULL;
	talloc_free(scratch);
}

struct templates *
write_load(
    const void *ctx, const char *folder, char **errors, struct error *err)
{
	struct templates *t = talloc_zero(ctx, struct templates);
	struct faults *f = talloc_zero(ctx, struct faults);

	if (errors != NULL)
		*errors = NULL;
	if (t == NULL || f == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		goto fail;
	}
	for (size_t language = 0; language < LANGUAGES; language++)
		for (int kind = MAIL_ACKNOWLEDGE; kind < MAIL_KIND_COUNT;
		     kind++)
			load_one(t, folder, language, (enum mail_kind)kind, f);
	if (f->no_memory) {
		error_set(err, FAULT_RETRY, "out of memory");
		goto fail;
	}
	if (f->count > 0) {
		error_set(err, FAULT_SETUP,
		    "%u mistakes in the templates of %s", f->count, folder);
		if (errors != NULL)
			*errors = talloc_steal(ctx, f->text);
		goto fail;
	}
	talloc_free(f);
	return t;
fail:
	talloc_free(f);
	talloc_free(t);
	return NULL;
}
