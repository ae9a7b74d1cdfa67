/*
 * engine_setup.c - what a room is told first, and the data key.
 *
 * Runs in the engine process.  The first vault that is ready opens the data
 * key (DESIGN.md, "At rest"); a new database gets a new one, sealed to the
 * POC key and the recovery key.
 */
#include "engine_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/log.h"

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
	setup->max_hidden = 4;
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

/* ---- the data key ---- */

static void
unlocked(struct engine *e, struct bytes key)
{
	struct error err = {0};

	if (key.len != STORE_KEY_BYTES) {
		log_err("the data key is not %d bytes", STORE_KEY_BYTES);
		engine_end(e, ENGINE_EXIT_SETUP);
		return;
	}
	if (store_unlock(e->st, key.data, &err) != 0 ||
	    mail_recover(e, &err) != 0) {
		log_err("%s", err.text);
		engine_end(e, ENGINE_EXIT_SETUP);
		return;
	}
	e->unlocked = true;
	e->unlocking->ready = true;
	e->unlocking = NULL;
}

/* The first vault is asked for the data key; a new database gets a new one. */
void
rooms_ask_key(struct engine *e, struct slot *slot)
{
	struct vault_blob blob = {BYTES_NONE};
	struct error err = {0};

	if (e->unlocked) {
		slot->ready = true;
		return;
	}
	if (e->unlocking != NULL)
		return; /* ready as soon as the other has the key */
	if (store_wrapped_key(e, e->st, &blob.data, &err) != 0) {
		log_err("%s", err.text);
		engine_end(e, ENGINE_EXIT_SETUP);
		return;
	}
	e->unlocking = slot;
	if (blob.data.len > 0) {
		room_tell(slot, VAULT_UNWRAP, &vault_blob_wire, &blob);
		return;
	}
	store_new_key(e->new_key);
	blob.data = bytes_of(e->new_key, sizeof(e->new_key));
	room_tell(slot, VAULT_WRAP, &vault_blob_wire, &blob);
}

void
rooms_key_wrapped(struct engine *e, const struct frame *frame)
{
	struct vault_blob *blob;
	struct error err = {0};

	blob = wire_decode(e, &vault_blob_wire, frame->payload, &err);
	if (blob == NULL || e->unlocking == NULL ||
	    store_keep_key(e->st, blob->data, e->new_key, &err) != 0) {
		log_err("data key: %s", err.text);
		engine_end(e, ENGINE_EXIT_SETUP);
	} else {
		log_info("a new data key is sealed to the POC key");
		unlocked(e, bytes_of(e->new_key, sizeof(e->new_key)));
	}
	explicit_bzero(e->new_key, sizeof(e->new_key));
	talloc_free(blob);
}

void
rooms_key_unwrapped(struct engine *e, const struct frame *frame)
{
	struct vault_blob *blob;
	struct error err = {0};

	blob = wire_decode(e, &vault_blob_wire, frame->payload, &err);
	if (blob == NULL || e->unlocking == NULL) {
		log_err("data key: %s", err.text);
		engine_end(e, ENGINE_EXIT_SETUP);
	} else {
		unlocked(e, blob->data);
		explicit_bzero(
		    (void *)(uintptr_t)blob->data.data, blob->data.len);
	}
	explicit_bzero(
	    (void *)(uintptr_t)frame->payload.data, frame->payload.len);
	talloc_free(blob);
}
