/*
 * fuzz_request.c - what comes through the control socket, from a user of the
 * host: one line of JSON with the words of a command.
 *
 * Fed: the line.  Must hold: it is either refused, with an answer that is one
 * line of JSON and an exit code, or names a command with as many words and
 * just the options that its row allows.  No command is run.
 */
#include "fuzz.h"

#include "../../daemon/control/request.h"

static void
check_refused(const struct request *r)
{
	struct bytes out = buf_bytes(r->out);
	json_t *root = json_loadb((const char *)out.data, out.len, 0, NULL);

	MUST(r->exit != CONTROL_EXIT_DONE);
	MUST(json_is_string(json_object_get(root, "error")));
	MUST(json_integer_value(json_object_get(root, "exit")) == r->exit);
	MUST(memchr(out.data, '\n', out.len) == out.data + out.len - 1);
	json_decref(root);
}

static void
check_command(struct request *r)
{
	const struct command *command = r->command;
	int64_t number = 0;

	MUST(command != NULL && r->out->len == 0);
	MUST(r->nwords >= command->least && r->nwords <= command->most);
	MUST((r->options & ~command->options) == 0);
	for (size_t i = 0; i < r->nwords; i++) {
		MUST(is_text(r->words[i], strlen(r->words[i])));
		if (request_number(r, r->words[i], "letter", "", &number))
			MUST(number > 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct operator lead = {.user = "lead", .role = OPERATOR_LEAD};
	struct settings s = {.operators = &lead, .noperators = 1};
	struct control c = {.s = &s};
	struct request *r = request_new(NULL, &c, 0, bytes_of(data, size));

	MUST(r != NULL);
	if (r->place == ANSWER_WHOLE)
		check_refused(r);
	else
		check_command(r);
	talloc_free(r);
	return 0;
}
