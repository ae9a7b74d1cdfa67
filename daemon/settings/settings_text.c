/*
 * settings_text.c - psirtd.conf as libconfuse can bear it.
 *
 * Takes the path, gives the text with its comments blanked out, or says why
 * not.  libconfuse 3.3 counts a line too many after a C comment, runs to the
 * end of the file when a quote is not closed (and stays in that state for
 * the next file), and puts the environment's ${…} into values.  So comments
 * become spaces here, and the other two are refused with their line.  Runs
 * in the engine, before any room is started.
 */
#include "settings_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/text.h"

#define TEXT_MAX ((size_t)1 << 20)

/* *len: without the NUL behind it. */
static char *
file_text(const void *ctx, int fd, size_t *len, struct problems *p)
{
	char *text = talloc_array(ctx, char, TEXT_MAX + 1);
	ssize_t n = 0;
	struct stat st;

	*len = 0;
	if (text == NULL) {
		problem(p, 0, "out of memory");
		return NULL;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		problem(p, 0, "is no file");
		return NULL;
	}
	/* The pins of every correspondent stand in here. */
	if ((st.st_mode & S_IWOTH) != 0) {
		problem(p, 0, "everybody may write to it: chmod o-w it");
		return NULL;
	}
	while (*len < TEXT_MAX + 1 &&
	       (n = read(fd, text + *len, TEXT_MAX + 1 - *len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			problem(p, 0, "cannot be read: %s", strerror(errno));
			return NULL;
		}
		*len += (size_t)n;
	}
	if (*len > TEXT_MAX) {
		problem(p, 0, "is longer than %zu bytes", TEXT_MAX);
		return NULL;
	}
	text[*len] = '\0';
	return text;
}

/*
 * Every line is checked, so that the first bad byte is told by its line.  A
 * NUL is one: what stands behind it would not be read.
 */
static bool
bytes_fine(const char *text, size_t len, struct problems *p)
{
	const char *stop = text + len;
	bool fine = true;
	int line = 1;

	for (const char *end; text < stop; text = end + 1, line++) {
		end = memchr(text, '\n', (size_t)(stop - text));
		if (end == NULL)
			end = stop;
		if (!text_valid(bytes_of(text, (size_t)(end - text)))) {
			problem(
			    p, line, "is not UTF-8: save the file as UTF-8");
			fine = false;
		}
	}
	return fine;
}

struct scan {
	char *at;
	int line;
	struct problems *p;
	bool broken;
};

/* What stands until `end` becomes spaces; line ends stay. */
static void
scan_blank(struct scan *s, const char *end)
{
	for (; s->at < end; s->at++) {
		if (*s->at == '\n')
			s->line++;
		else
			*s->at = ' ';
	}
}

static void
scan_comment(struct scan *s)
{
	const char *end;

	if (s->at[0] == '#' || s->at[1] == '/') {
		scan_blank(s, strchrnul(s->at, '\n'));
		return;
	}
	end = strstr(s->at + 2, "*/");
	if (end == NULL) {
		problem(s->p, s->line,
		    "this comment is not closed: put */ "
		    "behind it");
		s->broken = true;
		scan_blank(s, strchr(s->at, '\0'));
		return;
	}
	scan_blank(s, end + 2);
}

static void
scan_expansion(struct scan *s)
{
	problem(s->p, s->line,
	    "${…} is not filled in here: write the value itself, or use "
	    "'single quotes' where the characters are meant");
	s->broken = true;
}

/* No value holds a line end, so a quote open at one was forgotten. */
static void
scan_quoted(struct scan *s)
{
	char quote = *s->at;
	int first = s->line;

	for (s->at++; *s->at != quote; s->at++) {
		bool escaped = *s->at == '\\' && s->at[1] != '\0';

		if (escaped)
			s->at++;
		if (*s->at == '\0' || (*s->at == '\n' && !escaped)) {
			problem(s->p, first,
			    "this quote is not closed: put %c behind the value",
			    quote);
			s->broken = true;
			return;
		}
		if (*s->at == '\n')
			s->line++;
		if (quote == '"' && s->at[0] == '$' && s->at[1] == '{')
			scan_expansion(s);
	}
	s->at++;
}

/* Inside a word '/' and '#' differ: a word takes "//", "#" ends it. */
static bool
word_char(char c)
{
	return c != '\0' && strchr(" #\"'\t\n\r={}()+,", c) == NULL;
}

bool
settings_blank(char *text, struct problems *p)
{
	struct scan s = {text, 1, p, false};

	while (*s.at != '\0') {
		if (*s.at == '"' || *s.at == '\'') {
			scan_quoted(&s);
		} else if (*s.at == '#' ||
			   (*s.at == '/' &&
			       (s.at[1] == '/' || s.at[1] == '*'))) {
			scan_comment(&s);
		} else if (*s.at == '$' && s.at[1] == '{') {
			scan_expansion(&s);
			s.at += 2;
		} else if (word_char(*s.at)) {
			while (word_char(*s.at) &&
			       !(s.at[0] == '$' && s.at[1] == '{'))
				s.at++;
		} else {
			if (*s.at == '\n')
				s.line++;
			s.at++;
		}
	}
	return !s.broken;
}

char *
settings_file(const void *ctx, const char *path, struct problems *p)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	char *text;

	if (fd < 0) {
		problem(p, 0, "cannot be opened: %s", strerror(errno));
		return NULL;
	}
	text = file_text(ctx, fd, &len, p);
	close(fd);
	if (text == NULL)
		return NULL;
	if (!bytes_fine(text, len, p)) {
		talloc_free(text);
		return NULL;
	}
	return text;
}

char *
settings_text(const void *ctx, const char *path, struct problems *p)
{
	char *text = settings_file(ctx, path, p);

	if (text != NULL && !settings_blank(text, p))
		TALLOC_FREE(text);
	return text;
}
