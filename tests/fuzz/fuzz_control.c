/*
 * fuzz_control.c - whatever a user of the host sends to the control socket,
 * in whatever role.
 *
 * Fed: a byte that chooses the role, what descriptor goes along and where the
 * bytes are parted; then the bytes.  They go through the real socket to a desk
 * with a case, letters and mails, and what they ask is done.  Must hold: there
 * is no answer, or one line of JSON in which an error and an exit code stand
 * together; a stranger is told nothing; the engine is asked for nothing that
 * the role may not; the connection ends, and no descriptor and no byte of
 * memory stays behind.
 */
#include "fuzz.h"

#include <sys/mman.h>

#include "../../daemon/control/request.h"
#include "psirtd/log.h"
#include "../unit/control_world.h"

#define TURNS 2000
#define RECORD_ENOUGH 200

#define STRANGER 0 /* no role at all */

/* SQLite need not wait for the disk: nothing here outlives the process. */
int
fsync(int fd)
{
	return 0;
}

int
fdatasync(int fd)
{
	return 0;
}

/* ---- the engine: it does all it is asked, and remembers how much ---- */

static enum operator_role least; /* who may ask what it was asked */

static int
done_by(enum operator_role role)
{
	if (role > least)
		least = role;
	return 0;
}

static int
done_letter(void *arg, int64_t letter, const char *actor, struct error *err)
{
	MUST(letter > 0 && actor != NULL);
	return done_by(OPERATOR_OPERATOR);
}

static int
done_route(void *arg, int64_t casefile,
    const struct department *const *departments, size_t n, bool details,
    bool attachments, const char *actor, struct error *err)
{
	MUST(casefile > 0 && n > 0 && actor != NULL);
	for (size_t i = 0; i < n; i++)
		MUST(departments[i] != NULL);
	return done_by(OPERATOR_OPERATOR);
}

static int
done_reseal(void *arg, const char *actor, bool again, struct error *err)
{
	return done_by(OPERATOR_LEAD);
}

static int
done_confirm(void *arg, const void *ctx, const char *fingerprint,
    const char *actor, uid_t uid, char **said, struct error *err)
{
	MUST(is_text(fingerprint, strlen(fingerprint)) && actor != NULL);
	*said = NULL;
	return done_by(OPERATOR_OPERATOR);
}

/* Anybody of the desk may have a key looked at. */
static int
done_stage(void *arg, const void *ctx, struct bytes block,
    struct vault_keys **keys, struct error *err)
{
	MUST(is_text((const char *)block.data, block.len));
	*keys = &((struct desk_world *)arg)->staged;
	return done_by(OPERATOR_VIEWER);
}

static int
done_order(void *arg, const void *ctx, const struct order *o, char **said,
    struct error *err)
{
	MUST(o->what > 0 && o->what < ORDER_KIND_COUNT && o->actor != NULL);
	for (size_t i = 0; i < o->nwords; i++)
		MUST(is_text(o->words[i], strlen(o->words[i])));
	*said = NULL;
	return done_by(o->override != 0 ? OPERATOR_LEAD : OPERATOR_OPERATOR);
}

/* ---- a desk at work ---- */

static void
a_draft(struct desk_world *w, int64_t casefile, int64_t letter,
    enum outmail_state state)
{
	struct store_outmail m = {.kind = MAIL_REPORT,
	    .state = state,
	    .casefile = casefile,
	    .letter = letter,
	    .made = RECEIVED,
	    .encrypt = 1,
	    .message_id = talloc_asprintf(w, "d%d@vendor.example", state),
	    .from = talloc_strdup(w, "psirt@vendor.example"),
	    .to = talloc_strdup(w, FINDER),
	    .recipient_key_fpr = talloc_strdup(w, KEY_FINDER),
	    .subject = talloc_strdup(w, "[PSIRT-2026-0001] Our findings"),
	    .body = talloc_strdup(w, "We reproduced it.\n"),
	    .audience = AUDIENCE_COUNTERPART,
	    .policy = POLICY_APPROVE,
	    .language = talloc_strdup(w, "en")};

	MUST(store_begin(w->st, &w->err) == 0 &&
	     store_outmail_add(w->st, &m, &w->err) == 0 &&
	     store_commit(w->st, &w->err) == 0);
}

static struct desk_world *
a_desk(void)
{
	void *state = NULL;
	struct opening o = {.headers.subject = "XYZ-100", .encrypted = 1};
	struct desk_world *w;
	int64_t casefile, step;

	MUST(desk_setup(&state) == 0);
	w = state;
	w->engine.file = w->engine.reopen = done_letter;
	w->engine.route = done_route;
	w->engine.reseal = w->engine.renew = done_reseal;
	w->engine.confirm = done_confirm;
	w->engine.stage = done_stage;
	w->engine.order = done_order;
	casefile = add_case(w, 1, 2026);
	add_case(w, 0, 2026);
	step = add_step(w, casefile, "2.1.1", STEP_RUNNING, 86400);
	add_answer(w, casefile, step, ANSWER_STATUS, "reproduced");
	add_step(w, casefile, "2.6.1", STEP_READY, 0);
	add_letter(w, "a report", LETTER_FILED, REASON_NEW_REPORT, casefile);
	add_opening(w, 1, &o);
	add_letter(w, "a question", LETTER_INQUIRY, REASON_INQUIRY, 0);
	add_letter(w, "of a list", LETTER_SET_ASIDE, REASON_LIST, 0);
	a_draft(w, casefile, 1, OUTMAIL_DRAFT);
	a_draft(w, casefile, 1, OUTMAIL_HELD);
	a_draft(w, casefile, 1, OUTMAIL_UNCERTAIN);
	return w;
}

/* ---- one connection ---- */

/* Some bytes, with a descriptor beside them, twice. */
static ssize_t
send_with(int fd, struct bytes part, int passed)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control = {0};
	struct iovec iov = {(void *)(uintptr_t)part.data, part.len};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = sizeof(control.space)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fds[2] = {passed, passed};

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	return sendmsg(fd, &msg, MSG_NOSIGNAL);
}

/* What a user of the host may pass, wanted or not; -1: nothing. */
static int
a_descriptor(struct desk_world *w, unsigned kind)
{
	int fds[2];

	switch (kind) {
	case 1: /* as psirt does it */
		return memfd_create("backup", MFD_CLOEXEC);
	case 2: /* one that nobody reads: whoever waits for it waits long */
		MUST(pipe2(fds, O_CLOEXEC) == 0);
		close(fds[0]);
		return fds[1];
	case 3:
		MUST(pipe2(fds, O_CLOEXEC) == 0);
		close(fds[1]);
		return fds[0];
	case 4:
		return open("/dev/full", O_RDWR | O_CLOEXEC);
	case 5:
		return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	case 6:
		return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	case 7: /* what it is to be a copy of */
		return open(w->path, O_RDWR | O_CLOEXEC);
	default:
		return -1;
	}
}

/* The lowest number that is free: the same when all is closed again. */
static int
free_number(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static void
send_part(struct desk_world *w, int fd, struct bytes part, int passed)
{
	while (part.len > 0) {
		ssize_t n = passed >= 0
				? send_with(fd, part, passed)
				: send(fd, part.data, part.len, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			return; /* it has its answer already */
		if (n > 0)
			part =
			    bytes_span(part, (size_t)n, part.len - (size_t)n);
		turn(w, 0);
	}
}

static void
check_answer(const struct buf *in, enum operator_role who)
{
	json_t *root = json_loadb((char *)in->data, in->len, 0, NULL);
	int64_t code = json_integer_value(json_object_get(root, "exit"));
	json_t *data = json_object_get(root, "data");

	MUST(memchr(in->data, '\n', in->len) == in->data + in->len - 1);
	MUST(json_integer_value(json_object_get(root, "version")) == 1);
	MUST(json_is_object(data));
	MUST((code != 0) == json_is_string(json_object_get(root, "error")));
	MUST(who != STRANGER || (code != 0 && json_object_size(data) == 0));
	json_decref(root);
}

static void
connection(struct desk_world *w, uint8_t how, struct bytes line)
{
	struct buf *in = buf_new(w, 64 << 20);
	enum operator_role who = (enum operator_role)(how & 3);
	size_t cut = line.len / 4 * (how >> 5 & 3);
	int number = free_number();
	int passed = a_descriptor(w, how >> 2 & 7);
	bool over = false;
	int fd = client_connect(w);

	turn(w, 0);
	send_part(w, fd, bytes_span(line, 0, cut), -1);
	send_part(w, fd, bytes_span(line, cut, line.len - cut), passed);
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < TURNS && !over; i++) {
		over = client_take(fd, in);
		/* What rests is waited for, and no turn is spent on it. */
		turn(w, (int)control_wait_ms(w->c) + 1);
	}
	MUST(over && w->c->nconnections == 0);
	close(fd);
	if (passed >= 0)
		close(passed);
	MUST(free_number() == number);
	if (in->len > 0)
		check_answer(in, who);
	MUST(least <= who);
	talloc_free(in);
}

static struct desk_world *desk;

/* By more than lines of the record: a new desk, then. */
static bool
was_changed(void)
{
	static const uint32_t reading[] = {RECORD_REFUSED, RECORD_CASE_READ,
	    RECORD_LETTER_READ, RECORD_MAIL_READ, RECORD_NOTES_READ,
	    RECORD_BACKUP};
	struct store_record last = last_line(desk);

	for (size_t i = 0; i < COUNT_OF(reading); i++)
		if (last.what == reading[i])
			return last.id > RECORD_ENOUGH;
	return last.id != 0;
}

static void
close_desk(void)
{
	void *state = desk;

	MUST(desk == NULL || desk_teardown(&state) == 0);
	desk = NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	struct bytes in = bytes_of(data, size);
	uint8_t how = take_byte(&in);
	size_t blocks;

	if (!begun) {
		log_start("fuzz", LOG_LEVEL_ERR); /* refusals are no news */
		begun = atexit(close_desk) == 0;
	}
	if (desk == NULL)
		desk = a_desk();
	least = 0;
	desk->operators[0].uid =
	    (how & 3) == STRANGER ? getuid() + 2 : getuid();
	desk->operators[0].role = (enum operator_role)(how & 3);
	blocks = talloc_total_blocks(desk->c);
	connection(desk, how, in);
	MUST(talloc_total_blocks(desk->c) == blocks);
	if (was_changed())
		close_desk();
	return 0;
}
