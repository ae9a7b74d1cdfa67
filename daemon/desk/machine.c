/*
 * machine.c - was this letter written by a program (RFC 3834).
 *
 * Runs in the engine, pure.  Takes headers, gives a kind.  Whatever the kind,
 * such a letter is never answered; whether it is filed is another question:
 * portals and coordinators send real case traffic under these headers, and a
 * role address that is a mailing list puts List-* on everything.
 */
#include "desk_internal.h"

#include <string.h>
#include <strings.h>

#include "psirtd/text.h"

static bool
starts_with(const char *text, const char *start)
{
	return strncasecmp(text, start, strlen(start)) == 0;
}

/* Local parts of RFC 3834 section 2, RFC 2142 and of list managers. */
bool
machine_address(const char *address)
{
	static const char *const starts[] = {"mailer-daemon@", "postmaster@",
	    "owner-", "no-reply", "noreply", "no_reply", "donotreply",
	    "do-not-reply", "do_not_reply", "bounce", "listserv@", "majordomo@",
	    "autoreply", "auto-reply"};
	static const char *const ends[] = {"-owner", "-request", "-bounces",
	    "-bounce", "-noreply", "-no-reply", ".noreply", ".no-reply"};
	const char *at = strrchr(address, '@');
	size_t local = at != NULL ? (size_t)(at - address) : strlen(address);

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (starts_with(address, starts[i]))
			return true;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t n = strlen(ends[i]);

		if (local > n &&
		    strncasecmp(address + local - n, ends[i], n) == 0)
			return true;
	}
	return false;
}

static bool
is_from(const struct headers *h, const char *start)
{
	for (size_t i = 0; i < h->nfrom; i++)
		if (h->from[i].address != NULL &&
		    starts_with(h->from[i].address, start))
			return true;
	return false;
}

bool
machine_is_system(const struct headers *h)
{
	return (h->flags & HEADER_REPORT) != 0 || is_from(h, "mailer-daemon") ||
	       is_from(h, "postmaster@");
}

/*
 * The kinds that answer something come first: an out-of-office reply of a
 * list member is a reply, not list mail.
 */
enum machine
machine_of(const struct headers *h)
{
	/* A postmaster is also a person, who may have found something. */
	if ((h->flags & HEADER_REPORT) != 0 || is_from(h, "mailer-daemon@"))
		return MACHINE_BOUNCE;
	if ((h->flags & (HEADER_OUT_OF_OFFICE | HEADER_AUTO_RESPONSE)) != 0 ||
	    (h->auto_submitted != NULL &&
		starts_with(h->auto_submitted, "auto-replied")))
		return MACHINE_REPLY;
	if ((h->flags & HEADER_NULL_RETURN_PATH) != 0)
		return MACHINE_NULL;
	if ((h->flags & (HEADER_AUTO_SUBMITTED | HEADER_PSIRTD)) != 0)
		return MACHINE_GENERATED;
	if ((h->flags & (HEADER_LIST | HEADER_BULK)) != 0)
		return MACHINE_LIST;
	return MACHINE_NONE;
}

/*
 * Does a program's letter belong to the case it matches?  In a correspondent's
 * name only by thread: else two headers would slip a forged notice past
 * rule_claims() and its alarm.
 */
bool
machine_names_case(const struct judging *j)
{
	return j->best != NULL &&
	       (!j->d->claims_correspondent || j->best->by == MATCH_THREAD);
}

/*
 * A program's letter that says something all the same (peers' pain 20): it
 * goes on through the rules, and only the acknowledgement is left out.
 */
bool
machine_says_more(const struct judging *j)
{
	bool claims = j->d->claims_correspondent && j->report;

	switch (j->machine) {
	case MACHINE_BOUNCE:
		return j->encrypted;
	case MACHINE_REPLY:
		/* An out-of-office reply on a case is no answer of the
		 * finder's; in clear it quotes our own mail, product and all.
		 */
		return !machine_names_case(j) &&
		       (j->encrypted || claims || report_for_us(j->o));
	case MACHINE_NULL:
		return !machine_names_case(j) &&
		       (j->encrypted || j->report || j->closed);
	case MACHINE_LIST:
		/* A newsletter in clear names products and CVEs every day. */
		return j->encrypted || claims || j->closed || j->best != NULL ||
		       j->foreign != NULL ||
		       j->d->signer.verdict == VERDICT_PINNED;
	default:
		/* Auto-Submitted: auto-generated is what a web form sends. */
		return j->encrypted || j->report || j->closed ||
		       j->best != NULL || j->foreign != NULL ||
		       j->d->signer.verdict == VERDICT_PINNED;
	}
}
