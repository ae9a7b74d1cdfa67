/*
 * vault_packets.c - looks at the packets of a message before gpg does.
 *
 * Takes binary OpenPGP data; gives counts, recipients and what kind of
 * message it is (RFC 4880 section 4.2 and 5.1, RFC 9580 for the versions
 * that GnuPG 2.2 cannot read).  A flood of encrypted session keys costs gpg
 * and its agent minutes of CPU; counting costs nothing.  Runs in a job's
 * child.  Knows nothing of keys but the ids it is given, and decrypts nothing.
 */
#include "vault_internal.h"

#include <talloc.h>

/* So many keys need no counting to the end. */
#define FLOOD ((size_t)20000)

static uint64_t
get_id(const uint8_t *from)
{
	uint64_t id = 0;

	for (int i = 0; i < 8; i++)
		id = id << 8 | from[i];
	return id;
}

/* Skips n bytes of rest. */
static int
advance(struct bytes *rest, size_t n)
{
	if (n > rest->len)
		return -1;
	rest->data += n;
	rest->len -= n;
	return 0;
}

static size_t
get_number(const uint8_t *from, size_t n)
{
	size_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | from[i];
	return v;
}

/* RFC 4880 4.2.2; 1: a partial length, more chunks follow. */
static int
new_length(struct bytes *rest, size_t *len)
{
	uint8_t first;

	if (rest->len < 1)
		return -1;
	first = rest->data[0];
	if (first < 192) {
		*len = first;
		return advance(rest, 1);
	}
	if (first < 224) {
		if (rest->len < 2)
			return -1;
		*len = ((size_t)(first - 192) << 8) + rest->data[1] + 192;
		return advance(rest, 2);
	}
	if (first < 255) {
		*len = (size_t)1 << (first & 0x1f);
		advance(rest, 1);
		return 1;
	}
	if (rest->len < 5)
		return -1;
	*len = get_number(rest->data + 1, 4);
	return advance(rest, 5);
}

static int
new_packet(struct bytes *rest, struct packet *packet)
{
	bool first = true;
	size_t len;
	int more;

	advance(rest, 1);
	do {
		more = new_length(rest, &len);
		if (more < 0 || len > rest->len)
			return -1;
		if (first)
			packet->body = bytes_of(rest->data, len);
		first = false;
		advance(rest, len);
	} while (more == 1);
	return 1;
}

static int
old_packet(struct bytes *rest, struct packet *packet)
{
	unsigned type = rest->data[0] & 3;
	size_t len;

	advance(rest, 1);
	if (type == 3) { /* to the end of the data */
		len = rest->len;
	} else {
		size_t n = (size_t)1 << type;

		if (rest->len < n)
			return -1;
		len = get_number(rest->data, n);
		advance(rest, n);
	}
	if (len > rest->len)
		return -1;
	packet->body = bytes_of(rest->data, len);
	advance(rest, len);
	return 1;
}

int
packet_next(struct bytes *rest, struct packet *packet)
{
	uint8_t head;

	if (rest->len == 0)
		return 0;
	head = rest->data[0];
	if ((head & 0x80) == 0)
		return -1;
	if (head & 0x40) {
		packet->tag = head & 0x3f;
		return packet->tag == 0 ? -1 : new_packet(rest, packet);
	}
	packet->tag = head >> 2 & 0xf;
	return packet->tag == 0 ? -1 : old_packet(rest, packet);
}

/*
 * Whom a PKESK is for.  Version 3: the key id.  Version 6 (RFC 9580 5.1.2):
 * key version and fingerprint, which ends (v4) or begins (v6) with the id.
 */
static bool
pkesk_id(struct bytes body, uint64_t *id)
{
	if (body.len >= 9 && (body.data[0] == 3 || body.data[0] == 2)) {
		*id = get_id(body.data + 1);
		return true;
	}
	if (body.len >= 2 && body.data[0] == 6) {
		size_t n = body.data[1];

		*id = 0;
		if (n == 21 && body.len >= 23 && body.data[2] == 4)
			*id = get_id(body.data + 3 + 12);
		else if (n == 33 && body.len >= 35)
			*id = get_id(body.data + 3);
		return true;
	}
	return false;
}

static void
note_recipient(struct packet_scan *scan, uint64_t id)
{
	for (size_t i = 0; i < scan->nrecipients; i++)
		if (scan->recipients[i] == id)
			return;
	if (scan->nrecipients < talloc_array_length(scan->recipients))
		scan->recipients[scan->nrecipients++] = id;
}

static void
scan_pkesk(struct packet_scan *scan, struct bytes body, const uint64_t *own,
    size_t nown, size_t *hits)
{
	uint64_t id = 0;
	bool known = pkesk_id(body, &id);
	bool current = known && body.data[0] == 3;

	scan->npkesk++;
	if (!known) {
		scan->nforeign_new++;
		return;
	}
	if (!current)
		scan->nforeign_new++;
	note_recipient(scan, id);
	if (id == 0) {
		if (current)
			scan->nhidden++;
		return;
	}
	for (size_t i = 0; i < nown; i++) {
		if (own[i] != id)
			continue;
		scan->for_us = true;
		if (current && ++hits[i] > scan->most_own)
			scan->most_own = hits[i];
		break;
	}
}

static bool
is_encrypted(unsigned tag)
{
	return tag == PACKET_SED || tag == PACKET_SEIPD || tag == PACKET_AEAD;
}

static void
scan_packet(struct packet_scan *scan, const struct packet *packet,
    const uint64_t *own, size_t nown, size_t *hits)
{
	if (is_encrypted(scan->container))
		scan->trailing = true;
	switch (packet->tag) {
	case PACKET_PKESK:
		scan_pkesk(scan, packet->body, own, nown, hits);
		break;
	case PACKET_SKESK:
		scan->nskesk++;
		break;
	case PACKET_MARKER:
		break;
	default:
		if (scan->container != 0)
			break;
		scan->container = packet->tag;
		if (packet->tag == PACKET_SEIPD && packet->body.len > 0)
			scan->version = packet->body.data[0];
		break;
	}
}

int
packets_scan_message(const void *ctx, struct bytes packets, const uint64_t *own,
    size_t nown, struct packet_scan *scan, struct error *err)
{
	size_t *hits = talloc_zero_array(ctx, size_t, nown + 1);
	struct packet packet = {0};
	int rc = 0;

	*scan = (struct packet_scan){0};
	scan->recipients = talloc_zero_array(ctx, uint64_t, 1024);
	if (hits == NULL || scan->recipients == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	while ((rc = packet_next(&packets, &packet)) > 0) {
		scan_packet(scan, &packet, own, nown, hits);
		if (scan->npkesk + scan->nskesk < FLOOD)
			continue;
		scan->flood = true;
		break;
	}
	scan->broken = rc < 0;
	talloc_free(hits);
	return 0;
}

bool
packets_are_signatures(struct bytes packets)
{
	struct packet packet = {0};
	size_t n = 0;
	int rc;

	/*
	 * A whole signed message given as a "detached" signature would be
	 * verified over its own content, not over ours.
	 */
	while ((rc = packet_next(&packets, &packet)) > 0) {
		if (packet.tag == PACKET_MARKER)
			continue;
		if (packet.tag != PACKET_SIGNATURE || ++n > SIGNATURES_MAX)
			return false;
	}
	return rc == 0 && n > 0;
}

int
packets_count_keys(struct bytes packets)
{
	struct packet packet = {0};
	int n = 0;
	int rc;

	while ((rc = packet_next(&packets, &packet)) > 0) {
		if (packet.tag == PACKET_SECRET_KEY ||
		    packet.tag == PACKET_SECRET_SUBKEY ||
		    is_encrypted(packet.tag) || packet.tag == PACKET_COMPRESSED)
			return -1;
		if (packet.tag == PACKET_PUBLIC_KEY)
			n++;
	}
	return rc < 0 || n == 0 ? -1 : n;
}
