/*
 * engine_wake.c - the stop `watch`: what nobody writes a letter about.  A disk
 * that fills up, a mailbox that is not reached, and the heartbeat by which
 * others see that psirtd is alive and at work (RULES 22).
 *
 * Runs in the engine process.  Of each trouble the desk is told once, until
 * it is over; a memo says so, that a start does not say it again.  What is
 * told goes the way of any alert (engine_alert.c), for which the disk keeps
 * its reserve.
 */
#include "engine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

#define LOOK_MS 1000
#define BEAT_MS 30000 /* a check may ask for less than a minute */

/* ---- the disk ---- */

/* Free again is a tenth more, or a letter each way would be told of. */
static void
disk_look(struct engine *e)
{
	struct watch *w = &e->watch;
	char *folder = folder_of(NULL, e->s->database);
	struct statvfs fs;
	uint64_t reserve = (uint64_t)e->s->reserve;
	uint64_t room;

	if (folder != NULL && statvfs(folder, &fs) == 0) {
		room = (uint64_t)fs.f_bavail * fs.f_frsize;
		if (w->low ? room >= reserve + reserve / 10 : room < reserve) {
			w->low = !w->low;
			if (w->low)
				log_warn("the disk is nearly full: %" PRIu64
					 " MB are free; letters stay in the "
					 "mailbox",
				    room >> 20);
			else
				log_info("the disk has room again");
		}
	}
	talloc_free(folder);
}

bool
watch_disk_low(struct engine *e)
{
	int64_t now_ms = clock_monotonic_ms();

	if (e->s->reserve > 0 &&
	    (e->watch.low_ms == 0 || now_ms - e->watch.low_ms >= LOOK_MS)) {
		e->watch.low_ms = now_ms;
		disk_look(e);
	}
	return e->watch.low;
}

static enum told
disk_trouble(struct engine *e)
{
	return watch_disk_low(e) ? TOLD_YES : TOLD_NO;
}

/* ---- the mailbox ---- */

void
watch_mailbox(struct engine *e, bool reached)
{
	struct watch *w = &e->watch;

	if (w->reached_ms != 0 && w->reached == reached)
		return;
	w->reached = reached;
	w->reached_ms = clock_monotonic_ms();
}

int64_t
watch_unreached_since(const struct engine *e)
{
	const struct watch *w = &e->watch;

	return w->reached || w->reached_ms == 0
		   ? 0
		   : clock_now() -
			 (clock_monotonic_ms() - w->reached_ms) / 1000;
}

/* After a start nothing is known, until it is reached or for too long not. */
static enum told
mailbox_trouble(struct engine *e)
{
	if (e->watch.reached)
		return TOLD_NO;
	return clock_monotonic_ms() - e->watch.reached_ms >=
		       e->s->unreachable_s * 1000
		   ? TOLD_YES
		   : TOLD_UNKNOWN;
}

/* ---- the desk is told ---- */

static const struct {
	enum reason reason;
	enum told (*trouble)(struct engine *e);
} watched[WATCHED] = {
    {REASON_DISK, disk_trouble},
    {REASON_UNREACHABLE, mailbox_trouble},
};

/* The alert and the memo, in one transaction. */
static int
tell(struct engine *e, enum reason reason, bool trouble, struct error *err)
{
	int64_t now = clock_now();
	int64_t told = 0;

	if (store_memo_get(e->st, reason_name(reason), &told, err) < 0)
		return -1;
	if ((told != 0) == trouble)
		return 0;
	if (store_begin(e->st, err) != 0 ||
	    store_memo_put(
		e->st, reason_name(reason), trouble ? now : 0, err) != 0 ||
	    (trouble &&
		store_alert_add(e->st, (uint32_t)reason, 0, 0, now, err) != 0))
		return -1;
	return stop_commit(e, "watch", err);
}

static int
tell_all(struct engine *e, struct error *err)
{
	for (size_t i = 0; i < WATCHED; i++) {
		enum told now = watched[i].trouble(e);

		if (now == TOLD_UNKNOWN || now == e->watch.told[i])
			continue;
		if (tell(e, watched[i].reason, now == TOLD_YES, err) != 0)
			return -1;
		e->watch.told[i] = now;
	}
	return 0;
}

/* ---- the heartbeat ---- */

static int64_t
age_of(int64_t now, int64_t since)
{
	return since == 0 || since > now ? 0 : now - since;
}

/* Numbers and times alone: others may read it. */
static char *
beat_text(const void *ctx, struct engine *e, struct error *err)
{
	const struct watch *w = &e->watch;
	int64_t now = clock_now();
	struct store_waiting waiting;

	if (store_waiting(e->st, &waiting, err) != 0)
		return NULL;
	return talloc_asprintf(ctx,
	    "{\"at\":\"%s\",\"mailbox\":\"%s\",\"mailbox_s\":%lld,"
	    "\"disk\":\"%s\",\"letters\":%lld,\"letter_s\":%lld,"
	    "\"mails\":%lld,\"mail_s\":%lld}\n",
	    clock_rfc3339(ctx, now), w->reached ? "reached" : "not reached",
	    (long long)((clock_monotonic_ms() - w->reached_ms) / 1000),
	    w->low ? "low" : "fine", (long long)waiting.letters,
	    (long long)age_of(now, waiting.letter_since),
	    (long long)waiting.mails,
	    (long long)age_of(now, waiting.mail_since));
}

/* Whole or not at all: the name is given to a file that is written. */
static int
beat_write(const char *path, const char *text)
{
	char *fresh = talloc_asprintf(NULL, "%s.new", path);
	size_t len = strlen(text);
	int fd = -1;
	int rc = -1;

	if (fresh != NULL) {
		unlink(fresh);
		fd = open(fresh,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	}
	/* Who watches is no user of ours; the folder says who may look. */
	if (fd >= 0 && fchmod(fd, 0644) == 0 &&
	    write(fd, text, len) == (ssize_t)len && rename(fresh, path) == 0)
		rc = 0;
	if (fd >= 0)
		close(fd);
	talloc_free(fresh);
	return rc;
}

static int
beat(struct engine *e, struct error *err)
{
	struct watch *w = &e->watch;
	int64_t now_ms = clock_monotonic_ms();
	void *ctx;
	char *text;

	if (e->once || e->s->heartbeat == NULL ||
	    (w->beat_ms != 0 && now_ms - w->beat_ms < BEAT_MS))
		return 0;
	ctx = talloc_new(e);
	text = beat_text(ctx, e, err);
	if (text != NULL) {
		w->beat_ms = now_ms;
		if (beat_write(e->s->heartbeat, text) == 0)
			w->beat_failed = false;
		else if (!w->beat_failed) {
			w->beat_failed = true;
			log_warn("heartbeat: %s: %s", e->s->heartbeat,
			    strerror(errno));
		}
	}
	talloc_free(ctx);
	return text != NULL ? 0 : -1;
}

void
watch_end(struct engine *e)
{
	if (e->watch.beat_ms != 0)
		unlink(e->s->heartbeat);
}

/* ---- the stop ---- */

bool
stop_watch(struct engine *e)
{
	struct error err = {0};

	if (!e->unlocked)
		return false;
	/* From now on it ought to be reached. */
	if (e->watch.reached_ms == 0)
		e->watch.reached_ms = clock_monotonic_ms();
	if (tell_all(e, &err) != 0 || beat(e, &err) != 0)
		engine_trouble(e, "watch", &err);
	return false;
}
