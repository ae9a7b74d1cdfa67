/*
 * connection.h - one psirt that is connected: its line, its request, its file.
 */
#ifndef PSIRTD_CONTROL_CONNECTION_H
#define PSIRTD_CONTROL_CONNECTION_H

#include "request.h"

struct connection {
	struct control *control;
	int fd;
	uid_t uid;
	struct buf *in;
	struct request *request; /* NULL: the line is not whole yet */
	int passed;              /* a file that came with it; -1 */
	int64_t since_ms, active_ms;
	bool gone; /* to be closed at the end of this turn */
};

/* Takes fd over; NULL: out of memory, and fd is the caller's. */
struct connection *connection_new(struct control *c, int fd, uid_t uid);
/* What came: once the line is whole there is a request. */
void connection_read(struct connection *conn);
/* What the other side takes of the answer; gone is set behind its end. */
void connection_write(struct connection *conn);
/* There is something to do for it, now or after its rest. */
bool connection_can_work(const struct connection *conn);
bool connection_rests(const struct connection *conn);

#endif
