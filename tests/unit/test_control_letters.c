/*
 * test_control_letters.c - a letter is read, filed, dropped, opened anew:
 * what the answer says of each part, and the trace that reading leaves.
 */
#include "control_world.h"

#define TEXT(words, in)                                                        \
	{                                                                      \
		.kind = PART_TEXT, .type = "text/plain",                       \
		.content = {(const uint8_t *)(words), sizeof(words) - 1},      \
		.layer = (in)                                                  \
	}

static const char *
word_of(struct desk_world *w, int64_t id)
{
	return talloc_asprintf(w, "%lld", (long long)id);
}

/* A stranger's words, and a notice that JPCERT/CC signed. */
static void
add_signed_opening(struct desk_world *w, int64_t letter)
{
	struct signature good = {
	    .status = SIGNATURE_GOOD, .primary = KEY_JPCERT};
	struct layer layer = {.kind = LAYER_ENCRYPTED,
	    .outcome = LAYER_OPEN,
	    .signatures = &good,
	    .nsignatures = 1};
	struct part parts[] = {TEXT("pay here", 0), TEXT("a notice", 1)};
	struct ident idents[] = {{IDENT_JPCERT, "JPCERT#91234567", 2}};
	struct field fields[] = {{FIELD_PRODUCT, "XYZ-100", 2}};
	struct mail_address from = {"JPCERT/CC", "vuls@jpcert.example"};
	struct opening o = {
	    .headers = {.from = &from, .nfrom = 1, .subject = "..."},
	    .inner.subject = "件名",
	    .layers = &layer,
	    .nlayers = 1,
	    .parts = parts,
	    .nparts = 2,
	    .idents = idents,
	    .nidents = 1,
	    .fields = fields,
	    .nfields = 1,
	    .encrypted = 1};

	add_opening(w, letter, &o);
}

static void
test_parts_say_who_signed(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_letter(w, "x", LETTER_SET_ASIDE, REASON_UNPINNED, 0);
	json_t *root, *data, *part;

	add_signed_opening(w, id);
	root = ask(w, "letter", word_of(w, id));
	data = data_of(root);
	part = json_array_get(json_object_get(data, "parts"), 0);
	assert_string_equal(text_at(part, "text"), "pay here");
	assert_true(json_is_false(json_object_get(part, "covered")));
	assert_true(json_is_null(json_object_get(part, "signer")));
	assert_string_equal(text_at(part, "verdict"), "unsigned");
	assert_string_equal(text_at(part, "why"),
	    "no signature covers it, only other parts of the letter");
	assert_true(json_is_null(json_object_get(part, "over")));
	assert_true(json_is_null(json_object_get(part, "fingerprint")));
	part = json_array_get(json_object_get(data, "parts"), 1);
	assert_true(json_is_true(json_object_get(part, "covered")));
	assert_true(json_is_true(json_object_get(part, "encrypted")));
	assert_string_equal(text_at(part, "signer"), "JPCERT/CC");
	assert_string_equal(text_at(part, "verdict"), "pinned");
	assert_string_equal(
	    text_at(part, "over"), "all that layer 1 opened to");
	assert_string_equal(text_at(part, "fingerprint"), KEY_JPCERT);
	assert_string_equal(
	    text_at(part, "pinned_to"), "correspondent JPCERT/CC");
	/* Each finding says whether it was signed. */
	part = json_array_get(json_object_get(data, "fields"), 0);
	assert_true(json_is_true(json_object_get(part, "covered")));
	/* A notice perhaps, so its clocks run from receipt (RULES 8). */
	assert_int_equal(json_array_size(json_object_get(data, "clocks")), 3);
	assert_int_equal(json_array_size(json_object_get(data, "next")), 2);
	json_decref(root);
	assert_int_equal(last_line(w).what, RECORD_LETTER_READ);
	assert_int_equal(last_line(w).letter, id);
	assert_string_equal(last_line(w).actor, "yuki");
	assert_null(last_line(w).note);
}

/* What the answer to `psirt letter` says of one part, or of all. */
static json_t *
part_of(json_t *root, size_t i)
{
	return json_array_get(json_object_get(data_of(root), "parts"), i);
}

/* Which bytes, by which key, pinned to whom: each kind of layer. */
static void
test_parts_say_which_bytes(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_letter(w, "x", LETTER_FILED, REASON_NEW_REPORT, 0);
	struct signature jpcert = {
	    .status = SIGNATURE_GOOD, .primary = KEY_JPCERT};
	struct signature stranger = {
	    .status = SIGNATURE_NO_KEY, .claimed = "AB12"};
	struct layer layers[] = {
	    {.kind = LAYER_SIGNED,
		.outcome = LAYER_OPEN,
		.part = 1,
		.signatures = &jpcert,
		.nsignatures = 1},
	    {.kind = LAYER_ENCRYPTED, .outcome = LAYER_OPEN, .parent = 1},
	    {.kind = LAYER_SIGNED,
		.outcome = LAYER_OPEN,
		.parent = 2,
		.part = 2,
		.signatures = &stranger,
		.nsignatures = 1},
	    {.kind = LAYER_CLEARSIGNED,
		.outcome = LAYER_OPEN,
		.part = 3,
		.signatures = &jpcert,
		.nsignatures = 1},
	    /* a number that points nowhere */
	    {.kind = LAYER_SIGNED,
		.outcome = LAYER_OPEN,
		.part = 99,
		.signatures = &jpcert,
		.nsignatures = 1},
	};
	struct part parts[] = {
	    {.kind = PART_SIGNED, .off = 411, .len = 1422},
	    {.kind = PART_SIGNED, .off = 0, .len = 20, .layer = 2},
	    {.kind = PART_CLEARSIGNED},
	    TEXT("in the letter", 1),
	    TEXT("inside", 3),
	    TEXT("of the block", 4),
	    TEXT("of no part", 5),
	};
	struct opening o = {
	    .layers = layers, .nlayers = 5, .parts = parts, .nparts = 7};
	json_t *root, *part;

	add_opening(w, id, &o);
	root = ask(w, "letter", word_of(w, id));
	part = part_of(root, 3);
	assert_string_equal(
	    text_at(part, "over"), "bytes 412 to 1833 of the letter");
	assert_int_equal(json_integer_value(json_object_get(
			     json_object_get(part, "bytes"), "offset")),
	    411);
	assert_int_equal(json_integer_value(json_object_get(part, "layer")), 1);
	part = part_of(root, 4);
	assert_string_equal(
	    text_at(part, "over"), "bytes 1 to 20 of what layer 2 opened to");
	assert_true(json_is_null(json_object_get(part, "fingerprint")));
	assert_string_equal(text_at(part, "claimed_key"), "AB12");
	assert_true(json_is_null(json_object_get(part, "pinned_to")));
	part = part_of(root, 5);
	assert_string_equal(
	    text_at(part, "over"), "the text of the block, part 3");
	part = part_of(root, 6);
	assert_true(json_is_null(json_object_get(part, "over")));
	json_decref(root);
}

static void
test_parts_say_what_became_of_them(void **state)
{
	static const struct {
		uint32_t flag;
		const char *name, *note;
	} rows[] = {
	    {PART_GUESSED, "guessed", "read as CP932, not as labelled"},
	    {PART_LOSSY, "lossy", "some bytes could not be read"},
	    {PART_HTML, "html", "an HTML part, shown as text"},
	    {PART_ARCHIVE, "archive", "an archive: never unpacked here"},
	    {PART_REPEATED, "repeated", "the same block as part 1"},
	    {PART_FORWARDED, "forwarded", "from a message inside this letter"},
	    {PART_HEADER, "autocrypt", "from an Autocrypt field"},
	};
	struct desk_world *w = *state;
	int64_t id = add_letter(w, "x", LETTER_FILED, REASON_NEW_REPORT, 0);
	const char *uids[] = {"Robin <r@x.example>"};
	struct part parts[sizeof(rows) / sizeof(rows[0]) + 1] = {
	    TEXT("a block", 0)};
	struct opening o = {.parts = parts,
	    .nparts = sizeof(parts) / sizeof(parts[0]),
	    .truncated = 1,
	    .limit = READ_LIMIT_PARTS,
	    .key_part = 8,
	    .key_fingerprint = KEY_FINDER,
	    .key_uids = uids,
	    .nkey_uids = 1,
	    .key_signed = 1};
	json_t *root, *key;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		parts[i + 1] = (struct part)TEXT("a block", 0);
		parts[i + 1].flags = rows[i].flag;
		parts[i + 1].charset = "CP932";
	}
	add_opening(w, id, &o);
	root = ask(w, "letter", word_of(w, id));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const json_t *part = part_of(root, i + 1);

		assert_string_equal(json_string_value(json_array_get(
					json_object_get(part, "flags"), 0)),
		    rows[i].name);
		assert_string_equal(json_string_value(json_array_get(
					json_object_get(part, "notes"), 0)),
		    rows[i].note);
	}
	key = json_object_get(part_of(root, 7), "key");
	assert_string_equal(text_at(key, "fingerprint"), KEY_FINDER);
	assert_true(json_is_true(json_object_get(key, "signed")));
	assert_true(json_is_null(json_object_get(part_of(root, 0), "key")));
	assert_string_equal(
	    text_at(data_of(root), "limit"), reason_text(REASON_LIMIT_PARTS));
	assert_true(json_is_true(json_object_get(data_of(root), "truncated")));
	json_decref(root);
}

/* The letter's own limit or a layer's: the desk's reason says which. */
static void
test_each_limit_is_told(void **state)
{
	static const struct {
		uint32_t limit, outcome;
		enum reason reason; /* REASON_NONE: none was passed */
	} rows[] = {
	    {READ_LIMIT_NONE, LAYER_OPEN, REASON_NONE},
	    {READ_LIMIT_NONE, LAYER_NO_SECRET_KEY, REASON_NONE},
	    {READ_LIMIT_FIELDS, LAYER_OPEN, REASON_LIMIT_FIELDS},
	    {READ_LIMIT_NONE, LAYER_TOO_BIG, REASON_LIMIT_OUTPUT},
	    {READ_LIMIT_NONE, LAYER_TOO_SLOW, REASON_LIMIT_TIME},
	    {READ_LIMIT_NONE, LAYER_TOO_DEEP, REASON_LIMIT_DEPTH},
	    {READ_LIMIT_NONE, LAYER_TOO_MANY_KEYS, REASON_LIMIT_KEYS},
	};
	struct desk_world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *body = talloc_asprintf(w, "letter %zu", i);
		int64_t id =
		    add_letter(w, body, LETTER_FILED, REASON_NEW_REPORT, 0);
		struct layer layer = {
		    .kind = LAYER_ENCRYPTED, .outcome = rows[i].outcome};
		struct opening o = {
		    .layers = &layer, .nlayers = 1, .limit = rows[i].limit};
		json_t *root;

		add_opening(w, id, &o);
		root = ask(w, "letter", word_of(w, id));
		assert_string_equal(text_at(data_of(root), "limit"),
		    rows[i].reason != REASON_NONE ? reason_text(rows[i].reason)
						  : "(none)");
		json_decref(root);
	}
}

#define BLOCK(with)                                                            \
	{                                                                      \
		.kind = PART_CLEARSIGNED,                                      \
		.content = {(const uint8_t *)"a  block", 8}, .flags = (with)   \
	}

/* Its words stand once, under the verdict of the signature over them. */
static void
test_a_clearsigned_text_is_shown_once(void **state)
{
	static const struct {
		uint32_t outcome, layer;
		int text_in;
	} rows[] = {
	    {LAYER_OPEN, 1, 3},
	    /* not opened, or nothing came of it: the block is what there is */
	    {LAYER_MALFORMED, 1, 0},
	    {LAYER_OPEN, 0, 0},
	};
	struct desk_world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *body = talloc_asprintf(w, "letter %zu", i);
		int64_t id =
		    add_letter(w, body, LETTER_FILED, REASON_NEW_REPORT, 0);
		struct signature jpcert = {
		    .status = SIGNATURE_GOOD, .primary = KEY_JPCERT};
		struct layer layer = {.kind = LAYER_CLEARSIGNED,
		    .outcome = rows[i].outcome,
		    .part = 1,
		    .signatures = &jpcert,
		    .nsignatures = 1};
		/* the other half of an alternative breaks its lines anew */
		struct part parts[] = {BLOCK(0), BLOCK(PART_REPEATED),
		    TEXT("words", rows[i].layer)};
		struct opening o = {.layers = &layer,
		    .nlayers = 1,
		    .parts = parts,
		    .nparts = 3};
		json_t *root;

		parts[1].content = bytes_str("a block");
		add_opening(w, id, &o);
		root = ask(w, "letter", word_of(w, id));
		for (size_t k = 0; k < 2; k++) {
			const json_t *part = part_of(root, k);

			assert_int_equal(json_integer_value(
					     json_object_get(part, "text_in")),
			    rows[i].text_in);
			assert_int_equal(
			    json_is_null(json_object_get(part, "text")),
			    rows[i].text_in != 0);
		}
		assert_string_equal(
		    json_string_value(json_array_get(
			json_object_get(part_of(root, 1), "notes"), 0)),
		    "the same block as part 1");
		assert_string_equal(text_at(part_of(root, 2), "text"), "words");
		json_decref(root);
	}
}

static int64_t
count_of(const json_t *object, const char *key)
{
	return json_integer_value(
	    json_object_get(json_object_get(object, "counts"), key));
}

/* A list is cut, never in silence. */
static void
test_a_list_that_is_cut_says_how_long_it_is(void **state)
{
	enum { MANY = 301, SHOWN = 100 };
	static const char *ids[MANY];
	static struct ident idents[MANY];
	static struct field fields[MANY];
	static struct mail_address to[MANY];
	struct desk_world *w = *state;
	int64_t id = add_letter(w, "x", LETTER_FILED, REASON_NEW_REPORT, 0);
	struct layer layer = {.kind = LAYER_ENCRYPTED,
	    .outcome = LAYER_OPEN,
	    .recipients = ids,
	    .nrecipients = MANY};
	struct part part = TEXT("words", 1);
	struct opening o = {.headers = {.to = to, .nto = MANY},
	    .layers = &layer,
	    .nlayers = 1,
	    .parts = &part,
	    .nparts = 1,
	    .idents = idents,
	    .nidents = MANY,
	    .fields = fields,
	    .nfields = MANY - 1};
	json_t *root;
	const json_t *data, *in;

	for (size_t i = 0; i < MANY; i++) {
		ids[i] = "AB12";
		idents[i] = (struct ident){IDENT_CVE, "CVE-2026-41928", 1};
		fields[i] = (struct field){FIELD_PRODUCT, "XYZ-100", 1};
		to[i] = (struct mail_address){NULL, "a@b.example"};
	}
	add_opening(w, id, &o);
	root = ask(w, "letter", word_of(w, id));
	data = data_of(root);
	assert_int_equal(
	    json_array_size(json_object_get(data, "identifiers")), SHOWN);
	assert_int_equal(count_of(data, "identifiers"), MANY);
	assert_int_equal(
	    json_array_size(json_object_get(data, "fields")), SHOWN);
	assert_int_equal(count_of(data, "fields"), MANY - 1);
	in = json_object_get(data, "headers");
	assert_int_equal(json_array_size(json_object_get(in, "to")), SHOWN);
	assert_int_equal(count_of(in, "to"), MANY);
	in = json_array_get(json_object_get(data, "layers"), 0);
	assert_int_equal(
	    json_array_size(json_object_get(in, "recipients")), SHOWN);
	assert_int_equal(count_of(in, "recipients"), MANY);
	json_decref(root);
}

/* Of a letter by the key bound to its case that key is the signer. */
static void
test_the_signer_of_a_letter(void **state)
{
	static const struct {
		enum verdict verdict;
		const char *stored, *signer;
		bool on_case;
	} rows[] = {
	    {VERDICT_KNOWN, NULL, KEY_FINDER, true},
	    {VERDICT_PINNED, "JPCERT/CC", "JPCERT/CC", true},
	    {VERDICT_UNKNOWN_KEY, NULL, "(none)", true},
	    {VERDICT_UNSIGNED, NULL, "(none)", true},
	    {VERDICT_KNOWN, NULL, "(none)", false},
	};
	struct desk_world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *body = talloc_asprintf(w, "letter %zu", i);
		int64_t casefile = rows[i].on_case ? add_case(w, 2, 2026) : 0;
		int64_t id =
		    add_letter(w, body, LETTER_FILED, REASON_JOINED, casefile);
		struct store_letter l = {0};
		json_t *root;

		assert_int_equal(
		    store_letter_get(w, w->st, id, &l, &w->err), 1);
		l.verdict = rows[i].verdict;
		l.signer = rows[i].stored != NULL
			       ? talloc_strdup(w, rows[i].stored)
			       : NULL;
		assert_ok(w, store_begin(w->st, &w->err));
		assert_ok(w, store_letter_put(w->st, &l, l.state, &w->err));
		assert_ok(w, store_commit(w->st, &w->err));
		root = ask(w, "letter", word_of(w, id));
		assert_string_equal(
		    text_at(data_of(root), "signer"), rows[i].signer);
		json_decref(root);
		if (casefile == 0)
			continue;
		root = ask(w, "show", word_of(w, casefile));
		assert_string_equal(
		    text_at(json_array_get(
				json_object_get(data_of(root), "letters"), 0),
			"signer"),
		    rows[i].signer);
		json_decref(root);
	}
}

/* Of a layer that broke off nothing is shown. */
static void
test_withheld_text_is_not_shown(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_letter(w, "x", LETTER_FILED, REASON_NEW_REPORT, 0);
	struct layer layer = {
	    .kind = LAYER_ENCRYPTED, .outcome = LAYER_INTEGRITY};
	struct part part = TEXT("spliced", 1);
	struct opening o = {
	    .layers = &layer, .nlayers = 1, .parts = &part, .nparts = 1};
	json_t *root;

	add_opening(w, id, &o);
	root = ask(w, "letter", word_of(w, id));
	assert_true(
	    json_is_true(json_object_get(part_of(root, 0), "withheld")));
	assert_true(json_is_null(json_object_get(part_of(root, 0), "text")));
	json_decref(root);
}

/* Who vouches for the protected fields, and where they differ. */
static void
test_headers_say_who_vouches(void **state)
{
	static const struct {
		uint32_t kind, status; /* 0: no signature */
		const char *key, *outer, *inner;
		bool is_signed, believed, differs;
	} rows[] = {
	    {LAYER_ENCRYPTED, SIGNATURE_GOOD, KEY_JPCERT, "...", "件名", true,
		true, false},
	    {LAYER_ENCRYPTED, 0, NULL, "[...]", "件名", false, true, false},
	    {LAYER_SIGNED, SIGNATURE_GOOD, KEY_JPCERT, "a", "b", true, true,
		true},
	    {LAYER_SIGNED, SIGNATURE_BAD, NULL, "a", "a", false, false, false},
	    {LAYER_SIGNED, SIGNATURE_NO_KEY, NULL, "a", "b", false, false,
		true},
	};
	struct desk_world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *body = talloc_asprintf(w, "letter %zu", i);
		int64_t id =
		    add_letter(w, body, LETTER_FILED, REASON_NEW_REPORT, 0);
		struct signature s = {
		    .status = rows[i].status, .primary = rows[i].key};
		struct layer layer = {.kind = rows[i].kind,
		    .outcome = LAYER_OPEN,
		    .for_us = 1,
		    .part = 1,
		    .signatures = &s,
		    .nsignatures = rows[i].status != 0 ? 1 : 0};
		struct part part = {.kind = rows[i].kind == LAYER_SIGNED
						? PART_SIGNED
						: PART_ENCRYPTED,
		    .len = 1};
		struct opening o = {.headers = {.subject = rows[i].outer},
		    .inner = {.subject = rows[i].inner},
		    .inner_layer = 1,
		    .layers = &layer,
		    .nlayers = 1,
		    .parts = &part,
		    .nparts = 1,
		    .encrypted = rows[i].kind == LAYER_ENCRYPTED};
		json_t *root;
		const json_t *inner;

		add_opening(w, id, &o);
		root = ask(w, "letter", word_of(w, id));
		inner = json_object_get(data_of(root), "protected");
		assert_string_equal(text_at(inner, "subject"), rows[i].inner);
		assert_int_equal(json_is_true(json_object_get(inner, "signed")),
		    rows[i].is_signed);
		assert_int_equal(
		    json_is_true(json_object_get(inner, "believed")),
		    rows[i].believed);
		assert_int_equal(
		    json_array_size(json_object_get(inner, "differs")),
		    rows[i].differs);
		json_decref(root);
	}
}

static void
test_another_from_inside_is_told(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_letter(w, "x", LETTER_FILED, REASON_NEW_REPORT, 0);
	struct mail_address outer = {"JPCERT/CC", "vuls@jpcert.example"};
	struct mail_address inner[] = {
	    {"vuls@jpcert.example", "x@evil.example"},
	    {NULL, "x@xn--vuls-abc.example"}, {NULL, "x@\xd0\xb5.example"},
	    {"Robin", "VULS@jpcert.example"}};
	struct layer layer = {
	    .kind = LAYER_ENCRYPTED, .outcome = LAYER_OPEN, .for_us = 1};
	struct opening o = {.headers = {.from = &outer, .nfrom = 1},
	    .inner = {.from = inner, .nfrom = 4},
	    .inner_layer = 1,
	    .layers = &layer,
	    .nlayers = 1};
	json_t *root;
	const json_t *list;

	add_opening(w, id, &o);
	root = ask(w, "letter", word_of(w, id));
	list = json_object_get(data_of(root), "protected");
	assert_string_equal(json_string_value(json_array_get(
				json_object_get(list, "differs"), 0)),
	    "from");
	list = json_object_get(list, "from");
	assert_string_equal(text_at(json_array_get(list, 0), "remark"),
	    "the name is written like an address");
	assert_string_equal(text_at(json_array_get(list, 1), "remark"),
	    "xn-- hides letters of another alphabet");
	assert_string_equal(text_at(json_array_get(list, 2), "remark"),
	    "the address is not of ASCII alone");
	assert_true(
	    json_is_null(json_object_get(json_array_get(list, 3), "remark")));
	json_decref(root);
}

static void
test_the_bound_key_counts_on_its_case_alone(void **state)
{
	struct desk_world *w = *state;
	int64_t casefile = add_case(w, 2, 2026);
	int64_t on = add_letter(w, "x", LETTER_FILED, REASON_JOINED, casefile);
	int64_t off = add_letter(w, "y", LETTER_INQUIRY, REASON_INQUIRY, 0);
	struct signature good = {
	    .status = SIGNATURE_GOOD, .primary = KEY_FINDER};
	struct layer layer = {.kind = LAYER_SIGNED,
	    .outcome = LAYER_OPEN,
	    .signatures = &good,
	    .nsignatures = 1};
	struct part part = TEXT("more of it", 1);
	struct opening o = {
	    .layers = &layer, .nlayers = 1, .parts = &part, .nparts = 1};
	json_t *root;

	add_opening(w, on, &o);
	add_opening(w, off, &o);
	root = ask(w, "letter", word_of(w, on));
	assert_string_equal(
	    text_at(json_array_get(json_object_get(data_of(root), "parts"), 0),
		"verdict"),
	    "known");
	json_decref(root);
	root = ask(w, "letter", word_of(w, off));
	assert_string_equal(
	    text_at(json_array_get(json_object_get(data_of(root), "parts"), 0),
		"verdict"),
	    "unknown-key");
	json_decref(root);
}

static void
test_what_was_sent_for_a_letter(void **state)
{
	struct desk_world *w = *state;
	int64_t id =
	    add_letter(w, "x", LETTER_QUARANTINED, REASON_UNDECRYPTABLE, 0);
	struct store_outmail m = {.kind = MAIL_RESEND,
	    .state = OUTMAIL_APPROVED,
	    .letter = id,
	    .made = RECEIVED,
	    .message_id = talloc_strdup(w, "m@vendor.example"),
	    .from = talloc_strdup(w, "psirt@vendor.example"),
	    .to = talloc_strdup(w, FINDER),
	    .subject = talloc_strdup(w, "a subject"),
	    .body = talloc_strdup(w, "a body")};
	json_t *root = ask(w, "letter", word_of(w, id));
	const json_t *row;

	assert_int_equal(
	    json_array_size(json_object_get(data_of(root), "answered")), 0);
	json_decref(root);
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	m.state = OUTMAIL_SENT;
	m.sent = RECEIVED;
	assert_ok(w, store_outmail_put(w->st, &m, OUTMAIL_APPROVED, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	root = ask(w, "letter", word_of(w, id));
	row = json_array_get(json_object_get(data_of(root), "answered"), 0);
	assert_string_equal(text_at(row, "how"), "asked to resend");
	assert_int_equal(
	    json_integer_value(json_object_get(row, "mail")), m.id);
	assert_string_not_equal(text_at(row, "sent"), "(none)");
	json_decref(root);
}

static void
test_raw_bytes_come_whole(void **state)
{
	struct desk_world *w = *state;
	char *big = talloc_zero_array(w, char, 300001);
	int64_t id;
	json_t *root, *chunks;
	size_t size, len = 0;

	memset(big, 'a', 300000);
	id = add_letter(w, big, LETTER_FILED, REASON_NEW_REPORT, 0);
	root = ask(w, "letter", word_of(w, id), "--raw");
	chunks = json_object_get(data_of(root), "raw");
	assert_true(json_array_size(chunks) > 1);
	for (size_t i = 0; i < json_array_size(chunks); i++)
		len += json_string_length(json_array_get(chunks, i));
	size =
	    (size_t)json_integer_value(json_object_get(data_of(root), "size"));
	assert_true(size > strlen(big));
	assert_int_equal(len, (size + 2) / 3 * 4);
	json_decref(root);
	assert_int_equal(last_line(w).what, RECORD_LETTER_READ);
}

static void
test_too_large_has_no_bytes(void **state)
{
	struct desk_world *w = *state;
	int64_t id = 0;

	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_letter_too_large(w->st, "INBOX", 7, 900, RECEIVED,
			 99999999, RECEIVED, &id, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	assert_refused(
	    ask(w, "letter", word_of(w, id), "--raw"), 1, "folder Too large");
	assert_refused(ask(w, "letter", word_of(w, id), "--reopen"), 1,
	    "folder Too large");
	assert_done(ask(w, "letter", word_of(w, id)));
}

/* Megabytes of text: many turns, none of them long (RULES 19). */
static void
test_a_large_letter_takes_turns(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_letter(w, "x", LETTER_FILED, REASON_NEW_REPORT, 0);
	static struct part parts[48];
	char *text = talloc_zero_array(w, char, 100001);
	struct opening o = {.parts = parts, .nparts = 48};
	struct buf *in = buf_new(w, 64 << 20);
	char line[80];
	int turns = 0;
	json_t *root;
	int fd;

	memset(text, 'a', 100000);
	for (size_t i = 0; i < 48; i++)
		parts[i] = (struct part){.kind = PART_TEXT,
		    .type = "text/plain",
		    .content = bytes_str(text)};
	add_opening(w, id, &o);
	snprintf(line, sizeof(line),
	    "{\"version\":1,\"args\":[\"letter\",\"%lld\"]}\n", (long long)id);
	fd = client_connect(w);
	client_send(fd, line);
	/* Nobody reads: it rests, and keeps only so much in hand. */
	for (int i = 0; i < 50; i++)
		turn(w, 1);
	assert_int_equal(control_wait_ms(w->c), -1);
	for (; turns < 2000 && !client_take(fd, in); turns++)
		turn(w, 10);
	close(fd);
	assert_true(turns > 10);
	root = json_loadb((char *)in->data, in->len, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(
			     json_object_get(root, "data"), "parts")),
	    48);
	json_decref(root);
}

/* ---- decisions ---- */

static void
test_file(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_letter(w, "x", LETTER_INQUIRY, REASON_INQUIRY, 0);
	int64_t filed = add_letter(
	    w, "y", LETTER_FILED, REASON_NEW_REPORT, add_case(w, 0, 2026));
	int64_t opened = add_letter(w, "z", LETTER_OPENED, REASON_NONE, 0);
	json_t *root = ask(w, "file", word_of(w, id));

	assert_string_equal(
	    text_at(data_of(root), "done"), "is filed as a report");
	json_decref(root);
	assert_int_equal(w->filed, 1);
	assert_int_equal(w->asked, id);
	assert_int_equal(w->woken, 1);
	assert_refused(ask(w, "file", word_of(w, filed)), 1,
	    "stands in PSIRT-2026-0001 already");
	assert_refused(ask(w, "file", word_of(w, opened)), 75, "being opened");
	assert_int_equal(w->filed, 1);
	w->refuse = FAULT_DENIED;
	assert_refused(ask(w, "file", word_of(w, id)), 1, "the engine says no");
	w->refuse = FAULT_RETRY;
	assert_refused(
	    ask(w, "file", word_of(w, id)), 75, "the engine says no");
}

static void
test_drop(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_letter(w, "x", LETTER_SET_ASIDE, REASON_FORGED, 0);
	struct store_letter l = {0};
	struct store_record line;

	assert_refused(ask(w, "drop", word_of(w, id)), 2, "say why");
	assert_refused(
	    ask(w, "drop", word_of(w, id), "--why", ""), 2, "say why");
	assert_done(ask(w, "drop", word_of(w, id), "--why", "広告です"));
	assert_int_equal(store_letter_get(w, w->st, id, &l, &w->err), 1);
	assert_int_equal(l.state, LETTER_DROPPED);
	assert_int_equal(l.reason, REASON_DROPPED);
	line = last_line(w);
	assert_int_equal(line.what, RECORD_LETTER_DROPPED);
	assert_int_equal(line.letter, id);
	assert_string_equal(line.note, "広告です");
	assert_refused(ask(w, "drop", word_of(w, id), "--why", "again"), 1,
	    "dropped already");
	/* It may be taken up again. */
	assert_done(ask(w, "file", word_of(w, id)));
}

static void
test_reopen(void **state)
{
	struct desk_world *w = *state;
	int64_t id =
	    add_letter(w, "x", LETTER_QUARANTINED, REASON_UNDECRYPTABLE, 0);
	json_t *root = ask(w, "letter", word_of(w, id));
	json_t *next = json_object_get(data_of(root), "next");
	char *want =
	    talloc_asprintf(w, "psirt letter %lld --reopen", (long long)id);

	assert_string_equal(json_string_value(json_array_get(next, 2)), want);
	json_decref(root);
	assert_done(ask(w, "letter", word_of(w, id), "--reopen"));
	assert_int_equal(w->reopened, 1);
	assert_int_equal(w->asked, id);
}

/* Each limit has a reason that `psirt` tells, and a way back. */
static void
test_what_passed_a_limit_is_seen_and_may_be_reopened(void **state)
{
	struct desk_world *w = *state;

	for (uint32_t i = REASON_LIMIT_PARTS; i <= REASON_LIMIT_KEYS; i++) {
		char *body = talloc_asprintf(w, "letter %u", i);
		int64_t id = add_letter(w, body, LETTER_QUARANTINED, i, 0);
		json_t *root = ask(w, "letter", word_of(w, id));
		char *want = talloc_asprintf(
		    w, "psirt letter %lld --reopen", (long long)id);
		const json_t *rows;

		assert_string_equal(
		    json_string_value(json_array_get(
			json_object_get(data_of(root), "next"), 2)),
		    want);
		json_decref(root);
		root = ask(w, "today");
		rows = json_object_get(data_of(root), "letters");
		assert_int_equal(
		    json_array_size(rows), i - REASON_LIMIT_PARTS + 1);
		rows = json_array_get(rows, i - REASON_LIMIT_PARTS);
		assert_string_equal(text_at(rows, "reason"), reason_name(i));
		want[strlen(want) - strlen(" --reopen")] = '\0';
		assert_string_equal(text_at(rows, "next"), want);
		json_decref(root);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, desk_setup, desk_teardown)
	    TEST(test_parts_say_who_signed),
	    TEST(test_parts_say_which_bytes),
	    TEST(test_parts_say_what_became_of_them),
	    TEST(test_each_limit_is_told),
	    TEST(test_a_clearsigned_text_is_shown_once),
	    TEST(test_a_list_that_is_cut_says_how_long_it_is),
	    TEST(test_the_signer_of_a_letter),
	    TEST(test_withheld_text_is_not_shown),
	    TEST(test_headers_say_who_vouches),
	    TEST(test_another_from_inside_is_told),
	    TEST(test_the_bound_key_counts_on_its_case_alone),
	    TEST(test_what_was_sent_for_a_letter),
	    TEST(test_raw_bytes_come_whole),
	    TEST(test_too_large_has_no_bytes),
	    TEST(test_a_large_letter_takes_turns),
	    TEST(test_file),
	    TEST(test_drop),
	    TEST(test_reopen),
	    TEST(test_what_passed_a_limit_is_seen_and_may_be_reopened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
