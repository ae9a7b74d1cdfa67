/*
 * log.h - one line a fact, to stderr; journal prefixes under systemd.
 *
 * Never a subject, a body, an address or a secret: numbers, states, reasons.
 */
#ifndef PSIRTD_LOG_H
#define PSIRTD_LOG_H

enum log_level {
	LOG_LEVEL_ERR = 3,
	LOG_LEVEL_WARN = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7
};

/* name stands before every line ("engine", "fetch"); kept by pointer. */
void log_start(const char *name, enum log_level most);
void log_line(enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#define log_err(...) log_line(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
