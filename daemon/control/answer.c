/*
 * answer.c - an answer of control, written piece by piece.
 *
 * Runs in the engine.  An answer is one line of JSON,
 *   {"version":1,"data":{…},"error":null,"exit":0}
 * error and exit stand last because a long answer is on its way before they
 * are known.  Nothing of a command that leaves a trace can be added before
 * its line of the record is committed (RULES 20): that is checked here, so
 * that no handler can forget it.
 */
#include "request.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"
#include "psirtd/text.h"

#define ANSWER_START "{\"version\":1,\"data\":{"

static int
answer_dump(const char *data, size_t len, void *arg)
{
	struct request *r = arg;

	return buf_add(r->out, data, len, &r->err);
}

/* Opens data at its first key; refuses what must not leave yet. */
static int
answer_ready(struct request *r, enum answer_place place)
{
	if (r->command != NULL && r->command->recorder == RECORDER_CONTROL &&
	    !r->recorded)
		return error_set(&r->err, FAULT_BUG,
		    "%s answers before its line is in the record",
		    r->command->name);
	if (r->place == ANSWER_BEFORE) {
		if (buf_add(r->out, ANSWER_START, strlen(ANSWER_START),
			&r->err) != 0)
			return -1;
		r->place = ANSWER_OBJECT;
	}
	if (r->place != place)
		return error_set(
		    &r->err, FAULT_BUG, "a piece of an answer is out of place");
	return 0;
}

static int
answer_key(struct request *r, const char *key)
{
	if (answer_ready(r, ANSWER_OBJECT) != 0)
		return -1;
	return buf_addf(
	    r->out, &r->err, "%s\"%s\":", r->keys++ > 0 ? "," : "", key);
}

static int
put_value(struct request *r, json_t *value)
{
	if (json_dump_callback(
		value, answer_dump, r, JSON_COMPACT | JSON_ENCODE_ANY) == 0)
		return 0;
	/* The buffer's own error stands already. */
	if (r->err.fault != FAULT_NONE)
		return -1;
	return error_set(&r->err, FAULT_RETRY, "out of memory");
}

int
answer_set(struct request *r, const char *key, json_t *value)
{
	size_t keys = r->keys;
	size_t mark;
	int rc;

	if (value == NULL)
		return error_set(&r->err, FAULT_RETRY, "out of memory");
	rc = answer_ready(r, ANSWER_OBJECT);
	mark = r->out->len;
	if (rc == 0)
		rc = answer_key(r, key);
	if (rc == 0)
		rc = put_value(r, value);
	if (rc != 0) {
		/* Half a value would spoil the line for the error behind it. */
		r->out->len = mark;
		r->keys = keys;
	}
	json_decref(value);
	return rc;
}

int
answer_list(struct request *r, const char *key)
{
	if (answer_key(r, key) != 0 || buf_add(r->out, "[", 1, &r->err) != 0)
		return -1;
	r->place = ANSWER_LIST;
	r->entries = 0;
	return 0;
}

int
answer_row(struct request *r, json_t *row)
{
	size_t mark = r->out->len;
	int rc;

	if (row == NULL)
		return error_set(&r->err, FAULT_RETRY, "out of memory");
	rc = answer_ready(r, ANSWER_LIST);
	if (rc == 0 && r->entries > 0)
		rc = buf_add(r->out, ",", 1, &r->err);
	if (rc == 0)
		rc = put_value(r, row);
	if (rc == 0)
		r->entries++;
	else
		r->out->len = mark; /* no half row before the error */
	json_decref(row);
	return rc;
}

int
answer_list_end(struct request *r)
{
	if (answer_ready(r, ANSWER_LIST) != 0)
		return -1;
	r->place = ANSWER_OBJECT;
	return buf_add(r->out, "]", 1, &r->err);
}

void
answer_end(struct request *r)
{
	bool failed = r->exit != CONTROL_EXIT_DONE;
	json_t *text = json_text(failed ? r->err.text : NULL);
	char *error = text != NULL ? json_dumps(text, JSON_ENCODE_ANY) : NULL;
	struct error err;

	error_clear(&err);
	if (r->place == ANSWER_BEFORE)
		buf_add(r->out, ANSWER_START, strlen(ANSWER_START), &err);
	if (r->place == ANSWER_LIST)
		buf_add(r->out, "]", 1, &err);
	buf_addf(r->out, &err, "},\"error\":%s,\"exit\":%d}\n",
	    error != NULL ? error : "null", r->exit);
	if (err.fault != FAULT_NONE)
		log_warn("control: an answer could not be ended: %s", err.text);
	free(error);
	json_decref(text);
	r->place = ANSWER_WHOLE;
}

bool
answer_is_full(const struct request *r)
{
	return r->out->len - r->sent >= CONTROL_OUT_ENOUGH;
}

json_t *
json_text(const char *text)
{
	json_t *value;
	char *safe;

	if (text == NULL)
		return json_null();
	value = json_string(text);
	if (value != NULL)
		return value;
	/* Not UTF-8: every door of the store checks, this is the last. */
	safe = text_escape(NULL, text, true);
	value = json_string(safe != NULL ? safe : "?");
	talloc_free(safe);
	return value;
}

json_t *
json_time(int64_t when)
{
	json_t *value;
	char *text;

	if (when == 0)
		return json_null();
	text = clock_rfc3339(NULL, when);
	value = json_text(text);
	talloc_free(text);
	return value;
}

json_t *
json_number(int64_t number)
{
	return number != 0 ? json_integer(number) : json_null();
}

json_t *
json_words(const char *words)
{
	json_t *list = json_array();

	for (const char *s = words; s != NULL && *s != '\0';) {
		size_t len = strcspn(s, " ");

		if (len > 0)
			json_array_append_new(list, json_stringn(s, len));
		s += len;
		s += strspn(s, " ");
	}
	return list;
}

char *
base64(const void *ctx, struct bytes from)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = talloc_array(ctx, char, (from.len + 2) / 3 * 4 + 1);
	char *to = text;

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < from.len; i += 3) {
		size_t left = from.len - i;
		uint32_t v = (uint32_t)from.data[i] << 16;

		if (left > 1)
			v |= (uint32_t)from.data[i + 1] << 8;
		if (left > 2)
			v |= from.data[i + 2];
		*to++ = digits[v >> 18];
		*to++ = digits[v >> 12 & 63];
		*to++ = left > 1 ? digits[v >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[v & 63] : '=';
	}
	*to = '\0';
	return text;
}
