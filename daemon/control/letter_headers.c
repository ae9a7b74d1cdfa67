/*
 * letter_headers.c - header fields of a letter, and who vouches for them.
 *
 * Runs in the engine, for letter_show.c.  The outer ones anybody may write;
 * the protected ones (RFC 9788) are worth what covers them.  Says where the
 * two differ, and of an address what a reader would not see in it.
 */
#include "request.h"

#include <string.h>
#include <strings.h>

#include "psirtd/opening.h"

/* What a reader should know of an address, or null. */
static json_t *
address_remark(const struct mail_address *a)
{
	/* ASCII, full-width, small */
	static const char *const ats[] = {"@", "\xef\xbc\xa0", "\xef\xb9\xab"};
	const char *address = a->address != NULL ? a->address : "";

	for (size_t i = 0; a->name != NULL && i < sizeof(ats) / sizeof(ats[0]);
	     i++)
		if (strstr(a->name, ats[i]) != NULL)
			return json_text("the name is written like an address");
	for (const char *c = address; *c != '\0'; c++)
		if (((unsigned char)*c & 0x80) != 0)
			return json_text("the address is not of ASCII alone");
	if (strcasestr(address, "xn--") != NULL)
		return json_text("xn-- hides letters of another alphabet");
	return json_null();
}

static json_t *
addresses(const struct mail_address *list, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n && i < LETTER_LIST_MOST; i++)
		json_array_append_new(array,
		    json_pack("{s:o,s:o,s:o}", "name", json_text(list[i].name),
			"address", json_text(list[i].address), "remark",
			address_remark(&list[i])));
	return array;
}

json_t *
headers_json(const struct headers *h)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:{s:I,s:I,s:I,s:I},s:o,s:o,s:o}",
	    "from", addresses(h->from, h->nfrom), "sender",
	    addresses(h->sender, h->nsender), "reply_to",
	    addresses(h->reply_to, h->nreply_to), "to",
	    addresses(h->to, h->nto), "counts", "from", (json_int_t)h->nfrom,
	    "sender", (json_int_t)h->nsender, "reply_to",
	    (json_int_t)h->nreply_to, "to", (json_int_t)h->nto, "date",
	    json_time(h->date), "subject", json_text(h->subject), "message_id",
	    json_text(h->message_id));
}

/* What programs write outside when the subject is inside. */
static bool
is_placeholder(const char *subject)
{
	static const char *const words[] = {
	    "...", "[...]", "Encrypted Message", "p\xe2\x89\xa1p", "pEp"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(subject, words[i]) == 0)
			return true;
	return false;
}

static bool
same_addresses(const struct headers *a, const struct headers *b)
{
	for (size_t i = 0; i < a->nfrom || i < b->nfrom; i++)
		if (i >= a->nfrom || i >= b->nfrom ||
		    a->from[i].address == NULL || b->from[i].address == NULL ||
		    strcasecmp(a->from[i].address, b->from[i].address) != 0)
			return false;
	return true;
}

/* The fields that say one thing outside and another inside. */
static json_t *
differing(const struct headers *outer, const struct headers *inner)
{
	json_t *list = json_array();

	if (inner->nfrom > 0 && !same_addresses(outer, inner))
		json_array_append_new(list, json_text("from"));
	if (inner->subject != NULL &&
	    (outer->subject == NULL ||
		(strcmp(outer->subject, inner->subject) != 0 &&
		    !is_placeholder(outer->subject))))
		json_array_append_new(list, json_text("subject"));
	return list;
}

json_t *
protected_json(
    struct request *r, const struct opening *o, const char *bound_key)
{
	struct desk_signer signer;
	bool believed;
	json_t *json;

	if (opening_layer(o, o->inner_layer) == NULL)
		return json_null();
	signer = signer_of_layer(r, o, o->inner_layer, bound_key);
	believed = desk_inner(r->s, o, bound_key) != NULL;
	json = headers_json(&o->inner);
	if (json == NULL)
		return NULL;
	json_object_set_new(
	    json, "layer", json_integer((json_int_t)o->inner_layer));
	json_object_set_new(
	    json, "signed", json_boolean(signer_is_good(&signer)));
	json_object_set_new(json, "believed", json_boolean(believed));
	json_object_set_new(json, "signer",
	    json_text(signer_is_good(&signer) ? signer_name(&signer) : NULL));
	json_object_set_new(json, "pinned_to", signer_pinned_to(&signer));
	json_object_set_new(json, "why", json_text(signer.why));
	json_object_set_new(json, "differs", differing(&o->headers, &o->inner));
	return json;
}
