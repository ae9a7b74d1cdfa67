/*
 * log.c - one line a fact, to stderr.
 *
 * Used by every room; a room's stderr is the engine's.  Under systemd
 * (JOURNAL_STREAM is set) each line begins with its priority in <>, as
 * sd-daemon(3) says.  A line is written by one write(2), control characters
 * replaced, so that nothing from outside can forge a second line.
 */
#include "psirtd/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *log_name = "psirtd";
static enum log_level log_most = LOG_LEVEL_INFO;
static int log_journal;

void
log_start(const char *name, enum log_level most)
{
	log_name = name;
	log_most = most;
	log_journal = getenv("JOURNAL_STREAM") != NULL;
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	char line[1024];
	size_t len = 0;
	va_list ap;
	int n;

	if (level > log_most)
		return;
	if (log_journal)
		n = snprintf(
		    line, sizeof(line), "<%d>%s: ", (int)level, log_name);
	else
		n = snprintf(line, sizeof(line), "psirtd %s: ", log_name);
	if (n > 0)
		len = (size_t)n;
	va_start(ap, fmt);
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	va_end(ap);
	if (n > 0)
		len += (size_t)n;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if (c < ' ' || c == 0x7f)
			line[i] = '?';
	}
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return; /* nowhere left to say it */
}
