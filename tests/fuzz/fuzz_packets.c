/*
 * fuzz_packets.c - OpenPGP data before gpg sees it: armor and packets.
 *
 * Fed: a first byte that chooses what the bytes are taken for, then the
 * bytes.  Must hold: what gpg would be given is the input or lies in it, or
 * is not longer; counts fit each other and their limits; a clearsigned block
 * stands in the input and begins and ends as one.
 */
#include "fuzz.h"

#include "../../daemon/vault/vault_internal.h"

#define OWN_ID UINT64_C(0x0123456789abcdef)
#define RECIPIENTS_MOST 1024

static bool
lies_in(struct bytes inner, struct bytes outer)
{
	return inner.data >= outer.data && inner.len <= outer.len &&
	       inner.data - outer.data <= (ptrdiff_t)(outer.len - inner.len);
}

static void
check_message(const void *ctx, struct bytes packets)
{
	static const uint64_t own[] = {OWN_ID, 1};
	struct packet_scan scan;

	MUST(packets_scan_message(
		 ctx, packets, own, COUNT_OF(own), &scan, NULL) == 0);
	MUST(scan.nforeign_new <= scan.npkesk && scan.nhidden <= scan.npkesk &&
	     scan.most_own <= scan.npkesk);
	MUST(scan.nrecipients <= scan.npkesk &&
	     scan.nrecipients <= RECIPIENTS_MOST);
	MUST(scan.most_own == 0 || scan.for_us);
	MUST(scan.npkesk + scan.nskesk <= packets.len);
}

static void
check_packets(struct bytes packets)
{
	struct bytes rest = packets;
	struct packet packet = {0};
	int rc;

	while ((rc = packet_next(&rest, &packet)) == 1) {
		MUST(packet.tag > 0 && packet.tag < 64);
		MUST(lies_in(packet.body, packets) && lies_in(rest, packets));
	}
	MUST(rc == 0 || rc == -1);
}

static void
check_clearsigned(const void *ctx, struct bytes in)
{
	static const char begin[] = "-----BEGIN PGP SIGNED MESSAGE-----";
	static const char end[] = "-----END PGP SIGNATURE-----";
	struct bytes block;
	struct bytes signature;

	if (armor_clearsigned(ctx, in, &block, &signature, NULL) != 0)
		return;
	MUST(lies_in(block, in) && signature.len < block.len);
	MUST(block.len >= sizeof(begin) + sizeof(end));
	MUST(memcmp(block.data, begin, sizeof(begin) - 1) == 0);
	MUST(bytes_find(block, bytes_str(end)) > 0);
	check_packets(signature);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const armors[] = {
	    "MESSAGE", "SIGNATURE", "PUBLIC KEY BLOCK"};
	void *ctx = talloc_new(NULL);
	struct bytes in = bytes_of(data, size);
	size_t choice = take_byte(&in) % (COUNT_OF(armors) + 1);
	struct bytes packets;

	if (choice == COUNT_OF(armors)) {
		check_clearsigned(ctx, in);
	} else if (armor_open(ctx, in, armors[choice], &packets, NULL) == 0) {
		MUST(packets.len <= in.len);
		check_packets(packets);
		check_message(ctx, packets);
		MUST(!packets_are_signatures(packets) ||
		     packets_count_keys(packets) == -1);
	}
	talloc_free(ctx);
	return 0;
}
