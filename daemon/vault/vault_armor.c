/*
 * vault_armor.c - the packets of what is to be opened, armored or not.
 *
 * Takes what the read room found.  gpg is then handed the very bytes that
 * were scanned, so that the two can never read the armor differently.  Runs
 * in a job's child.
 */
#include "vault_internal.h"

/*
 * A packet begins with a byte that UTF-8 text may begin with as well; but
 * text is not made of packets to its end.
 */
static bool
is_binary(struct bytes in, const char *label)
{
	struct bytes rest = in;
	struct packet packet;
	int rc;

	if (in.len == 0 || (in.data[0] & 0x80) == 0)
		return false;
	do {
		rc = packet_next(&rest, &packet);
	} while (rc > 0);
	return rc == 0 || !armor_begins(in, label);
}

int
armor_open(const void *ctx, struct bytes in, const char *label,
    struct bytes *packets, struct error *err)
{
	if (is_binary(in, label)) {
		*packets = in;
		return 0;
	}
	return armor_block(ctx, in, label, packets, err);
}
