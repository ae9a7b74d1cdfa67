/*
 * fuzz_frame.c - what a room in bad hands may send: frames, and structs in
 * them.
 *
 * Fed: an odd first byte, then the number of a type and its encoding; or an
 * even one, then a stream of frames as it comes through the socket, the type
 * of each frame chosen by its own.  Must hold: a frame is within the limit;
 * what decodes, encodes to the very same bytes.
 */
#include "fuzz.h"

#include <sys/socket.h>
#include <unistd.h>

#include "psirtd/channel.h"
#include "psirtd/opening.h"
#include "psirtd/send.h"
#include "psirtd/vault.h"

#define FRAME_MOST ((size_t)32 << 10)

/* Every struct that is sent. */
static const struct wire_type *const types[] = {&read_setup_wire,
    &read_job_wire, &read_failed_wire, &mail_address_wire, &headers_wire,
    &part_wire, &ident_wire, &field_wire, &product_hit_wire, &reading_wire,
    &signature_wire, &layer_wire, &vault_setup_wire, &vault_ready_wire,
    &vault_open_job_wire, &vault_opened_wire, &vault_seal_job_wire,
    &vault_sealed_wire, &vault_blob_wire, &vault_keys_wire, &vault_failed_wire,
    &server_wire, &fetch_setup_wire, &fetch_mailbox_wire, &fetch_go_wire,
    &fetch_letter_wire, &fetch_order_wire, &fetch_trouble_wire,
    &send_setup_wire, &send_mail_wire, &send_done_wire};

/* One of them, or an opening as it is kept. */
static void
decode(uint32_t number, struct bytes in)
{
	const struct wire_type *type = NULL;
	void *ctx = talloc_new(NULL);
	struct buf *out = buf_new(ctx, in.len);
	struct error err = {0};
	const void *obj;

	number %= COUNT_OF(types) + 1;
	if (number < COUNT_OF(types))
		type = types[number];
	obj = type != NULL ? wire_decode(ctx, type, in, &err)
			   : opening_decode(ctx, in, &err);
	if (obj == NULL)
		MUST(err.fault == FAULT_INPUT);
	else if (type != NULL)
		MUST(wire_encode(type, obj, out, &err) == 0);
	else
		MUST(opening_encode(obj, out, &err) == 0);
	MUST(obj == NULL || bytes_equal(buf_bytes(out), in));
	talloc_free(ctx);
}

static void
receive(struct bytes in)
{
	void *ctx = talloc_new(NULL);
	struct error err = {0};
	struct frame frame;
	struct channel *ch;
	size_t cut = take_byte(&in) + (size_t)1;
	int rc = 0;
	int fds[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	ch = channel_new(ctx, fds[0], FRAME_MOST);
	while (rc >= 0 && in.len > 0) {
		ssize_t sent = send(fds[1], in.data,
		    in.len < cut ? in.len : cut, MSG_DONTWAIT | MSG_NOSIGNAL);

		MUST(sent > 0);
		in = bytes_span(in, (uint64_t)sent, in.len - (size_t)sent);
		MUST(channel_fill(ch, &err) == 1);
		while ((rc = channel_next(ch, ctx, &frame, &err)) == 1) {
			MUST(frame.payload.len <= FRAME_MOST);
			decode(frame.type, frame.payload);
		}
	}
	MUST(rc == 0 || err.fault == FAULT_INPUT);
	talloc_free(ctx);
	close(fds[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);

	if (take_byte(&in) % 2 == 0)
		receive(in);
	else
		decode(take_byte(&in), in);
	return 0;
}
