/*
 * engine_setup.c - what a room is told first.
 *
 * Runs in the engine process.  Each room hears of its own work and nothing
 * else: no room but fetch learns the IMAP secret, none but send that of SMTP.
 */
#include "engine_internal.h"

#include <string.h>

#include <talloc.h>

static struct server
server_of(const struct server_settings *from, const char *ca,
    const struct buf *secret)
{
	struct server server = {0};

	server.host = from->host;
	server.connect_to = from->connect_to;
	server.port = from->port;
	server.starttls = from->starttls;
	server.ca = ca;
	server.user = from->user;
	server.secret = buf_bytes(secret);
	server.timeout_s = from->timeout_s;
	return server;
}

void
rooms_setup_fetch(struct engine *e)
{
	struct fetch_setup setup = {0};

	setup.server =
	    server_of(&e->s->mailbox, e->mailbox_ca, e->mailbox_secret);
	setup.folder = e->s->folder;
	setup.junk = e->s->junk;
	setup.filed = e->s->filed;
	setup.too_large = e->s->too_large;
	setup.poll_s = e->s->poll_s;
	setup.letter_max = e->s->letter_max;
	setup.once = e->once;
	e->fetch_idle = false;
	room_tell(&e->fetch, FETCH_SETUP, &fetch_setup_wire, &setup);
	e->fetch.ready = true;
}

void
rooms_setup_send(struct engine *e)
{
	struct send_setup setup = {0};

	setup.server = server_of(
	    &e->s->submission, e->submission_ca, e->submission_secret);
	room_tell(&e->send, SEND_SETUP, &send_setup_wire, &setup);
	e->send.ready = true;
}

void
rooms_read_setup(struct engine *e, struct read_setup *setup)
{
	const struct settings *s = e->s;

	memset(setup, 0, sizeof(*setup));
	setup->case_prefix = s->number_prefix;
	setup->nproducts = s->nproducts;
	setup->products =
	    talloc_zero_array(e, struct read_product, s->nproducts);
	for (size_t i = 0; i < s->nproducts; i++) {
		setup->products[i].names = s->products[i].names;
		setup->products[i].nnames = s->products[i].nnames;
		setup->products[i].pattern = s->products[i].pattern;
	}
	setup->max_parts = s->max_parts;
	setup->max_depth = s->max_depth;
	setup->max_fields = s->max_fields;
	setup->max_addresses = s->max_addresses;
	setup->wall_ms = s->wall_ms;
	setup->cpu_s = s->cpu_s;
	setup->memory_mb = s->memory_mb;
}

void
rooms_vault_setup(struct engine *e, struct vault_setup *setup)
{
	const struct settings *s = e->s;

	memset(setup, 0, sizeof(*setup));
	setup->home = s->gnupghome;
	setup->work_dir = s->work_dir;
	setup->poc = s->poc;
	setup->retired = s->retired;
	setup->nretired = s->nretired;
	setup->recovery = s->recovery;
	setup->pinned = settings_pinned(e, s, &setup->npinned);
	if (e->passphrase != NULL)
		setup->passphrase = buf_bytes(e->passphrase);
	setup->wall_ms = s->wall_ms;
	setup->cpu_s = s->cpu_s;
	setup->memory_mb = s->memory_mb;
	setup->max_output = s->letter_max * 2;
	setup->max_keys = s->max_keys;
	setup->max_hidden = s->max_hidden;
}

void
rooms_setup_read(struct engine *e, struct slot *slot)
{
	struct read_setup setup;

	rooms_read_setup(e, &setup);
	room_tell(slot, READ_SETUP, &read_setup_wire, &setup);
	talloc_free(setup.products);
}

void
rooms_setup_vault(struct engine *e, struct slot *slot)
{
	struct vault_setup setup;

	rooms_vault_setup(e, &setup);
	room_tell(slot, VAULT_SETUP, &vault_setup_wire, &setup);
	talloc_free((void *)(uintptr_t)setup.pinned);
}
