/*
 * engine_check.c - `psirtd -n`: would a start succeed?
 *
 * Runs alone, with rooms of its own for a moment: the read room says whether
 * the patterns of the product map are good, a vault whether the keys are
 * there and able to sign and to be encrypted to.  Nothing is written and no
 * server is asked.
 */
#include "engine_internal.h"

#include <stdio.h>
#include <string.h>

#include <talloc.h>

#include "psirtd/log.h"

#define ANSWER_MS 60000

/* One question, one answer. */
static int
ask(struct room_process *room, const void *ctx, uint32_t type,
    const struct wire_type *wire, const void *obj, struct frame *answer,
    struct error *err)
{
	bool timed_out = false;
	int rc;

	if (channel_send(room->channel, type, wire, obj, err) != 0)
		return -1;
	rc = channel_recv(
	    room->channel, ctx, ANSWER_MS, answer, &timed_out, err);
	if (rc == 0)
		return error_set(err, FAULT_SETUP, "room %s %s", room->name,
		    timed_out ? "does not answer" : "left");
	return rc == 1 ? 0 : -1;
}

/* Where in the settings the pattern stands that the read room names. */
static struct place
place_of_pattern(const struct settings *s, const char *text)
{
	for (size_t i = 0; i < s->nproducts; i++)
		if (s->products[i].pattern != NULL &&
		    strstr(text, s->products[i].pattern) != NULL)
			return s->products[i].place;
	return (struct place){s->file, 1};
}

static unsigned
check_patterns(struct engine *e)
{
	struct read_setup setup;
	struct read_failed *failed;
	struct frame answer;
	struct error err = {0};
	struct room_process *room;
	struct place place;
	const char *text;
	unsigned faults = 0;

	room = starter_room(e, e->starter, "read", &err);
	rooms_read_setup(e, &setup);
	if (room == NULL || ask(room, e, READ_SETUP, &read_setup_wire, &setup,
				&answer, &err) != 0) {
		fprintf(stderr, "%s: %s\n", e->s->file, err.text);
		faults++;
	} else if (answer.type != READ_READY) {
		failed =
		    wire_decode(e, &read_failed_wire, answer.payload, &err);
		text = failed != NULL && failed->text != NULL ? failed->text
							      : "refused";
		place = place_of_pattern(e->s, text);
		fprintf(stderr, "%s:%d: %s\n", place.file, place.line, text);
		faults++;
	}
	talloc_free(room);
	return faults;
}

/* Where in the settings a fingerprint stands. */
static struct place
place_of(const struct settings *s, const char *fingerprint)
{
	const struct correspondent *c =
	    settings_correspondent_by_key(s, fingerprint);
	const struct contact *contact =
	    settings_contact_by_key(s, fingerprint, NULL);

	if (c != NULL)
		return c->place;
	if (contact != NULL)
		return contact->place;
	for (size_t i = 0; i < s->noperators; i++)
		if (s->operators[i].fingerprint != NULL &&
		    strcmp(s->operators[i].fingerprint, fingerprint) == 0)
			return s->operators[i].place;
	for (size_t i = 0; i < s->ncustomers; i++)
		if (strcmp(s->customers[i].fingerprint, fingerprint) == 0)
			return s->customers[i].place;
	return s->keys_place; /* poc, retired, recovery */
}

static unsigned
check_keys(struct engine *e)
{
	struct vault_setup setup;
	struct vault_ready *ready = NULL;
	struct vault_failed *failed;
	struct frame answer;
	struct error err = {0};
	struct room_process *room;
	unsigned faults = 0;

	room = starter_room(e, e->starter, "vault", &err);
	rooms_vault_setup(e, &setup);
	if (room == NULL || ask(room, e, VAULT_SETUP, &vault_setup_wire, &setup,
				&answer, &err) != 0) {
		fprintf(stderr, "%s: %s\n", e->s->file, err.text);
		talloc_free(room);
		return 1;
	}
	if (answer.type == VAULT_READY)
		ready = wire_decode(e, &vault_ready_wire, answer.payload, &err);
	if (ready == NULL) {
		failed =
		    wire_decode(e, &vault_failed_wire, answer.payload, &err);
		fprintf(stderr, "%s: keys: %s\n", e->s->file,
		    failed != NULL && failed->text != NULL ? failed->text
							   : "no answer");
		talloc_free(room);
		return 1;
	}
	for (size_t i = 0; i < ready->nkeys; i++) {
		const struct vault_key *k = &ready->keys[i];
		struct place place = place_of(e->s, k->fingerprint);

		if (k->problem == VAULT_KEY_FINE)
			continue;
		fprintf(stderr, "%s:%d: key %s: %s\n", place.file, place.line,
		    k->fingerprint, k->text != NULL ? k->text : "not usable");
		faults++;
	}
	talloc_free(room);
	return faults;
}

int
flows_check(const struct settings *s, char **errors, struct error *err)
{
	static const enum flow all[] = {FLOW_DIRECT, FLOW_JPCERT};
	int rc = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct flow_file *flow = settings_flow(s, all[i]);

		if (flow != NULL && write_check_flow(flow, errors, err) != 0)
			rc = -1;
	}
	return rc;
}

/* What is allowed and yet ought to be known. */
static void
print_notes(const void *ctx, const struct settings *s)
{
	static const enum flow all[] = {FLOW_DIRECT, FLOW_JPCERT};
	char *notes = settings_notes(ctx, s);

	fputs(notes != NULL ? notes : "", stderr);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct flow_file *flow = settings_flow(s, all[i]);

		notes = flow != NULL ? flow_notes(ctx, flow) : NULL;
		fputs(notes != NULL ? notes : "", stderr);
	}
}

int
engine_check(const struct settings *s, const char *self)
{
	struct engine *e = talloc_zero(NULL, struct engine);
	struct error err = {0};
	struct templates *t;
	char *errors = NULL;
	unsigned faults = 0;

	log_start("check", LOG_LEVEL_WARN);
	e->s = s;
	e->starter = starter_new(e, self, &err);
	if (e->starter == NULL) {
		fprintf(stderr, "%s\n", err.text);
		talloc_free(e);
		return ENGINE_EXIT_SETUP;
	}
	t = write_load(e, s->templates, &errors, &err);
	if (t == NULL) {
		fputs(errors != NULL ? errors : err.text, stderr);
		faults++;
	}
	errors = NULL;
	if (flows_check(s, &errors, &err) != 0) {
		fputs(errors != NULL ? errors : err.text, stderr);
		faults++;
	}
	if (engine_load_secrets(e, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		faults++;
	}
	faults += check_patterns(e);
	faults += check_keys(e);
	starter_end(e->starter);
	print_notes(e, s);
	if (faults == 0)
		printf("%s: good\n", s->file);
	talloc_free(e);
	return faults == 0 ? ENGINE_EXIT_OK : ENGINE_EXIT_SETUP;
}
