/*
 * vault_scan.c - what the packets of a message say, before gpg is asked.
 *
 * Takes scanned packets; gives the outcome of a layer that needs no gpg at
 * all: a flood of session keys, a message for others, one locked by a password
 * only, one that GnuPG 2.2 cannot read or that has no integrity protection.
 * Says for whom a message was made, whatever becomes of it.  Runs in a job's
 * child.
 */
#include "vault_internal.h"

#include <inttypes.h>

#include <talloc.h>

#define NOTE_NEW                                                               \
	"it was made with features of RFC 9580 that are not supported here"
#define PASSWORDS_MAX ((size_t)16)

static int
take_recipients(const void *ctx, const struct packet_scan *scan,
    struct vault_opened *opened, struct error *err)
{
	const char **to = talloc_zero_array(ctx, const char *, 1024);

	if (to == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	for (size_t i = 0; i < scan->nrecipients && i < 1024; i++) {
		to[i] = talloc_asprintf(to, "%016" PRIX64, scan->recipients[i]);
		if (to[i] == NULL)
			return error_set(err, FAULT_RETRY, "out of memory");
		opened->nrecipients = i + 1;
	}
	opened->recipients = to;
	opened->for_us = scan->for_us;
	return 0;
}

static bool
is_flood(const struct vault_setup *setup, const struct packet_scan *scan)
{
	return scan->flood || scan->npkesk > setup->max_keys ||
	       scan->nhidden > setup->max_hidden ||
	       scan->most_own > setup->max_hidden ||
	       scan->nskesk > PASSWORDS_MAX;
}

/* Of a message that is encrypted: true when `opened` is the answer. */
static bool
decide(const struct packet_scan *scan, struct vault_opened *opened)
{
	/* gpg stops at the first session key of a version it does not know. */
	if ((scan->container == PACKET_SEIPD && scan->version > 1) ||
	    scan->nforeign_new > 0) {
		opened_close(opened, LAYER_UNSUPPORTED, NOTE_NEW);
		return true;
	}
	if (scan->npkesk == 0 && scan->nskesk > 0) {
		opened_close(opened, LAYER_SYMMETRIC, NULL);
		return true;
	}
	if (scan->npkesk == 0) {
		opened_close(opened, LAYER_MALFORMED,
		    "it names no key that could open it");
		return true;
	}
	if (!scan->for_us && scan->nhidden == 0) {
		opened_close(opened, LAYER_NO_SECRET_KEY, NULL);
		return true;
	}
	if (scan->trailing) {
		/* What of it was encrypted, nobody could tell any more. */
		opened_close(opened, LAYER_MALFORMED,
		    "more data stands behind the encrypted data");
		return true;
	}
	if (scan->container == PACKET_SED) {
		opened_close(opened, LAYER_NO_MDC, NULL);
		return true;
	}
	return false;
}

int
open_scan(const void *ctx, const struct vault *vault, struct bytes packets,
    struct packet_scan *scan, struct vault_opened *opened, struct error *err)
{
	if (packets_scan_message(
		ctx, packets, vault->own, vault->nown, scan, err) != 0 ||
	    take_recipients(ctx, scan, opened, err) != 0)
		return -1;
	if (is_flood(vault->setup, scan)) {
		opened_close(opened, LAYER_TOO_MANY_KEYS, NULL);
		return 1;
	}
	if (scan->broken) {
		opened_close(
		    opened, LAYER_MALFORMED, "it is cut off or damaged");
		return 1;
	}
	switch (scan->container) {
	case PACKET_SEIPD:
	case PACKET_SED:
	case PACKET_AEAD:
		return decide(scan, opened) ? 1 : 0;
	case PACKET_SIGNATURE:
	case PACKET_ONE_PASS:
	case PACKET_COMPRESSED:
		/* Signed only: no key was to be named, and text is there. */
		if (scan->npkesk == 0 && scan->nskesk == 0 &&
		    !packets_are_signatures(packets))
			return 0;
		break;
	default:
		break;
	}
	opened_close(
	    opened, LAYER_MALFORMED, "it is neither encrypted nor signed");
	return 1;
}
