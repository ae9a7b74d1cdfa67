/*
 * error.c - fills in a struct error.
 *
 * Used by every room.  The text is one sentence for the operator; it never
 * holds content of a letter, which is the caller's duty.
 */
#include "psirtd/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
error_set(struct error *err, enum fault fault, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return -1;
	err->fault = fault;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -1;
}

int
error_errno(struct error *err, enum fault fault, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	size_t len;

	if (err == NULL)
		return -1;
	err->fault = fault;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	len = strlen(err->text);
	snprintf(
	    err->text + len, sizeof(err->text) - len, ": %s", strerror(saved));
	return -1;
}

int
error_prefix(struct error *err, const char *fmt, ...)
{
	char old[sizeof(err->text)];
	va_list ap;
	size_t len;

	if (err == NULL)
		return -1;
	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", old);
	return -1;
}

void
error_clear(struct error *err)
{
	if (err == NULL)
		return;
	err->fault = FAULT_NONE;
	err->text[0] = '\0';
}
