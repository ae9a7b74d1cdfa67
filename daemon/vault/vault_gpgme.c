/*
 * vault_gpgme.c - GPGME contexts as this room wants them.
 *
 * Takes a home; gives a context that is offline, asks for passphrases by
 * LOOPBACK and shows every status line.  LOOPBACK with a callback makes GPGME
 * leave --batch out, without which gpg stops at a bad signature and the text
 * under it could not be read.  Contexts are made in the room and used once, in
 * a job's child.  Knows nothing of mail.
 */
#include "vault_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include <talloc.h>

int
gpg_fault(
    struct error *err, enum fault fault, const char *what, gpgme_error_t code)
{
	char text[128] = "";

	gpgme_strerror_r(code, text, sizeof(text));
	return error_set(
	    err, fault, "%s: %s (%d)", what, text, (int)gpgme_err_code(code));
}

/*
 * Answers for our own key ids alone.  For a message locked by a password gpg
 * gives no hint at all: refused, as is a second try.
 */
gpgme_error_t
gpg_passphrase(
    void *hook, const char *uid_hint, const char *info, int was_bad, int fd)
{
	struct gpg_asked *asked = hook;
	char *end = NULL;
	uint64_t id = 0;

	if (uid_hint != NULL)
		id = strtoull(uid_hint, &end, 16);
	if (uid_hint == NULL || end != uid_hint + 16 || was_bad ||
	    asked->passphrase.len == 0)
		goto refuse;
	for (size_t i = 0; i < asked->nids; i++) {
		if (asked->ids[i] != id)
			continue;
		if (gpgme_io_writen(fd, asked->passphrase.data,
			asked->passphrase.len) != 0 ||
		    gpgme_io_writen(fd, "\n", 1) != 0)
			break;
		return 0;
	}
refuse:
	asked->refused = true;
	return gpgme_error(GPG_ERR_CANCELED);
}

static gpgme_error_t
watch_status(void *hook, const char *keyword, const char *args)
{
	struct gpg_watch *watch = hook;

	if (strcmp(keyword, "BEGIN_DECRYPTION") == 0)
		watch->began = true;
	else if (strcmp(keyword, "GOODMDC") == 0)
		watch->intact = true;
	else if (strcmp(keyword, "DECRYPTION_OKAY") == 0)
		watch->okay = true;
	return 0;
}

gpgme_ctx_t
gpg_context(const char *home, struct gpg_watch *watch, struct gpg_asked *asked,
    struct error *err)
{
	gpgme_ctx_t gpg = NULL;
	gpgme_error_t rc = gpgme_new(&gpg);

	if (rc == 0)
		rc = gpgme_set_protocol(gpg, GPGME_PROTOCOL_OpenPGP);
	if (rc == 0)
		rc = gpgme_ctx_set_engine_info(
		    gpg, GPGME_PROTOCOL_OpenPGP, GPG, home);
	if (rc == 0)
		rc = gpgme_set_pinentry_mode(gpg, GPGME_PINENTRY_MODE_LOOPBACK);
	if (rc == 0)
		rc = gpgme_set_ctx_flag(gpg, "full-status", "1");
	if (rc != 0) {
		gpg_fault(err, FAULT_SETUP, "gpg", rc);
		if (gpg != NULL)
			gpgme_release(gpg);
		return NULL;
	}
	gpgme_set_offline(gpg, 1);
	gpgme_set_passphrase_cb(gpg, gpg_passphrase, asked);
	gpgme_set_status_cb(gpg, watch_status, watch);
	return gpg;
}

/* ---- data ---- */

int
gpg_data_from(struct bytes from, gpgme_data_t *data, struct error *err)
{
	gpgme_error_t rc = gpgme_data_new_from_mem(
	    data, from.len > 0 ? (const char *)from.data : "", from.len, 0);

	return rc == 0 ? 0 : gpg_fault(err, FAULT_RETRY, "data", rc);
}

static ssize_t
sink_write(void *hook, const void *data, size_t len)
{
	struct gpg_sink *sink = hook;
	struct error err = {0};

	if (data == NULL || len == 0)
		return 0;
	if (buf_add(sink->buf, data, len, &err) == 0)
		return (ssize_t)len;
	/* Ends the operation at once; max-output would cut it short in silence.
	 */
	if (err.fault == FAULT_INPUT)
		sink->overflow = true;
	else
		sink->no_memory = true;
	errno = EFBIG;
	return -1;
}

int
gpg_data_to(struct gpg_sink *sink, gpgme_data_t *data, struct error *err)
{
	/* GPGME keeps the pointer for as long as the data lives. */
	static struct gpgme_data_cbs calls = {.write = sink_write};
	gpgme_error_t rc = gpgme_data_new_from_cbs(data, &calls, sink);

	return rc == 0 ? 0 : gpg_fault(err, FAULT_RETRY, "data", rc);
}

/*
 * GPGME forks twice, so a gpg that ends becomes the child of the nearest
 * subreaper: this job.  One that ran into RLIMIT_CPU was ended by a signal.
 */
bool
gpg_was_killed(void)
{
	const struct timespec pause = {0, 5000000L};

	for (int i = 0; i < 40; i++) {
		int status = 0;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid < 0 && errno != EINTR)
			return false;
		if (pid > 0 && WIFSIGNALED(status) &&
		    (WTERMSIG(status) == SIGKILL ||
			WTERMSIG(status) == SIGXCPU))
			return true;
		if (pid == 0)
			nanosleep(&pause, NULL);
	}
	return false;
}
