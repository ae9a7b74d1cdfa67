/*
 * answer.c - may an automatic mail go back, where to, in which language.
 *
 * Runs in the engine, pure.  Takes a letter already judged: the row of the
 * trust table has said by d->silence whether it wants an acknowledgement.
 * Here stands what forbids one whatever the row says (RFC 3834, age), and the
 * address; when it may leave says engine_limit.c.  Only an acknowledgement or
 * a note to resend ever leaves by itself; neither quotes a word of the letter.
 */
#include "desk_internal.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/text.h"

static bool
is_answerable(const struct settings *s, const char *address)
{
	return address != NULL && text_is_address(address) &&
	       !settings_is_own_address(s, address) &&
	       !machine_address(address);
}

static bool
same_domain(const char *a, const char *b)
{
	return strcasecmp(strrchr(a, '@'), strrchr(b, '@')) == 0;
}

/*
 * RFC 3834 section 4 would answer the envelope sender.  Finders write through
 * forwarders and providers that rewrite it (SRS, VERP), and what goes there
 * reaches nobody: so From, where it is one address; Reply-To only within the
 * same domain, lest a forged one points our signed mail at a third party.
 * What stays possible, content-free mail to a forged From, the limits bound.
 */
static const struct mail_address *
finder_address(const struct settings *s, const struct headers *h)
{
	if (h->nfrom != 1 || !is_answerable(s, h->from[0].address))
		return NULL;
	if (h->nreply_to == 1 && is_answerable(s, h->reply_to[0].address) &&
	    same_domain(h->reply_to[0].address, h->from[0].address))
		return &h->reply_to[0];
	return &h->from[0];
}

/*
 * The outer headers of a signed letter are not signed.  A correspondent is
 * answered where it wrote from when that address is its own, else where the
 * settings say: a notice sent on by a stranger brings that stranger nothing.
 */
static const char *
correspondent_address(const struct settings *s, const struct mail_address *from,
    const struct correspondent *c)
{
	if (from != NULL && is_answerable(s, from->address) &&
	    correspondent_has_address(c, from->address))
		return from->address;
	for (size_t i = 0; i < c->naddresses; i++)
		if (is_answerable(s, c->addresses[i]))
			return c->addresses[i];
	return NULL;
}

static int
choose_address(struct judging *j)
{
	const char *bound_key = j->best != NULL ? j->best->bound_key : NULL;
	const struct mail_address *finder = NULL;
	const struct headers *inner;
	struct decision *d = j->d;
	const char *address = NULL;
	const char *name = NULL;

	/* A claim is answered by a person, never by itself. */
	if (j->o == NULL || j->machine != MACHINE_NONE ||
	    d->claims_correspondent)
		return 0;
	if (d->signer.correspondent != NULL) {
		address = correspondent_address(j->s,
		    desk_from(j->s, j->o, bound_key), d->signer.correspondent);
		name = d->signer.correspondent->name;
	} else {
		/* The outer one can be rewritten by anybody on the way. */
		inner = desk_inner(j->s, j->o, bound_key);
		if (inner != NULL)
			finder = finder_address(j->s, inner);
		if (finder == NULL)
			finder = finder_address(j->s, &j->o->headers);
		if (finder != NULL) {
			address = finder->address;
			name = finder->name;
		}
	}
	if (address == NULL)
		return 0;
	d->reply_to = talloc_strdup(d, address);
	if (name != NULL)
		d->reply_name = talloc_strdup(d, name);
	return d->reply_to == NULL || (name != NULL && d->reply_name == NULL)
		   ? -1
		   : 0;
}

/*
 * Kana, or kanji from an address in Japan: all that a letter nobody could
 * open has to show are its name and subject.  In UTF-8, kana begin with E3 81
 * to E3 83, and kanji with E4 to E9.
 */
static bool
looks_japanese(const char *text, bool japan)
{
	const unsigned char *c = (const unsigned char *)text;

	for (; c != NULL && *c != '\0'; c++)
		if ((c[0] == 0xe3 && c[1] >= 0x81 && c[1] <= 0x83) ||
		    (japan && c[0] >= 0xe4 && c[0] <= 0xe9))
			return true;
	return false;
}

static bool
headers_japanese(const struct headers *h)
{
	const char *dot;
	bool japan;

	if (h->nfrom == 0 || h->from[0].address == NULL)
		return looks_japanese(h->subject, false);
	dot = strrchr(h->from[0].address, '.');
	japan = dot != NULL && strcmp(dot, ".jp") == 0;
	return looks_japanese(h->subject, japan) ||
	       looks_japanese(h->from[0].name, japan);
}

static const char *
choose_language(const struct judging *j)
{
	const struct correspondent *c = j->d->correspondent;

	if (c != NULL && c->language != NULL)
		return c->language;
	if (j->o != NULL && j->o->japanese)
		return "ja";
	if (j->o != NULL && j->closed) {
		if (j->in->language != NULL)
			return j->in->language;
		if (headers_japanese(&j->o->headers))
			return "ja";
	}
	return j->s->language != NULL ? j->s->language : "en";
}

/*
 * The mail server takes it for junk, and it is: but for what was encrypted to
 * us, and what a key signed that we know.  Our signed mail to the forged From
 * of a spam is what its writer wants.
 */
static bool
is_junk(const struct judging *j)
{
	enum verdict v = j->d->signer.verdict;

	return j->in->junk && !j->in->by_hand && !j->encrypted &&
	       v != VERDICT_PINNED && v != VERDICT_KNOWN &&
	       !(j->o != NULL && report_for_us(j->o));
}

/* What forbids any automatic mail to this letter; SILENCE_NONE: nothing. */
static enum silence
forbidden(const struct judging *j)
{
	const struct desk_input *in = j->in;

	if (j->machine != MACHINE_NONE)
		return SILENCE_MACHINE;
	if (j->o != NULL && (j->o->headers.flags & HEADER_SUPPRESS) != 0)
		return SILENCE_UNWANTED;
	if (is_junk(j))
		return SILENCE_JUNK;
	if (in->adopted)
		return SILENCE_ADOPTED;
	if (in->received < in->now - j->s->stale_s)
		return SILENCE_STALE;
	if (j->d->reply_to == NULL)
		return SILENCE_NO_ADDRESS;
	return SILENCE_NONE;
}

/*
 * The note of RULES 6 goes where a packet names one of our keys, or some case
 * knows the address: else ciphertext from anywhere would make us write.  An
 * S/MIME message names no key of ours and has no other way to be for us, so
 * its sender would never hear why nobody answers: it goes there too, unless
 * the desk said that what is not encrypted with OpenPGP is not answered.  A
 * From is written by anybody: one mail a day to such an address, and all of
 * them together take no more than a quarter of what others wait for.
 */
static bool
may_tell_of_smime(const struct judging *j)
{
	return j->d->reason == REASON_SMIME &&
	       j->s->acknowledge != ACKNOWLEDGE_ENCRYPTED &&
	       j->in->automatic_last_day == 0 &&
	       j->in->automatic_last_hour * 4 < j->s->automatic_per_hour;
}

static bool
may_ask_resend(const struct judging *j)
{
	const struct decision *d = j->d;

	if (j->o == NULL || !j->closed || j->in->by_hand ||
	    d->claims_correspondent || d->state == LETTER_SET_ASIDE ||
	    (d->reason != REASON_SMIME && !reason_may_reopen(d->reason)))
		return false;
	return may_tell_of_smime(j) || report_for_us(j->o) ||
	       j->in->address_known ||
	       (j->best != NULL && j->best->address_known);
}

int
answer_decide(struct judging *j)
{
	struct decision *d = j->d;
	enum silence silence;

	d->language = choose_language(j);
	if (choose_address(j) != 0)
		return -1;
	silence = forbidden(j);
	d->ask_resend = silence == SILENCE_NONE && may_ask_resend(j);
	if (d->silence == SILENCE_NONE)
		d->silence = silence;
	d->acknowledge = d->silence == SILENCE_NONE;
	return 0;
}
