/*
 * verbs.c - the commands of psirt: usage, help, and how an answer looks.
 *
 * Runs in psirt.  Which of them may be asked by whom stands in psirtd.
 */
#include "verbs.h"

#include <stddef.h>
#include <string.h>

const struct verb verbs[] = {
    {"approve",
	"approve [MAIL [--yes | --edit | --drop --why TEXT]\n"
	"             [--override GUARD --why TEXT]]",
	"drafts that wait; read one, then send, edit or drop it",
	"Shows exactly what the reader will read: to whom, sealed to which\n"
	"key, every word, every file and whether it is signed, every guard,\n"
	"those of linked cases too, and what is not on record yet. Then it\n"
	"asks; --yes approves what was just shown, and nothing else: a mail\n"
	"that changed is refused. Where the policy is `two`, two persons\n"
	"approve. Editing voids approvals; it is done under $XDG_RUNTIME_DIR,\n"
	"in memory, and refused elsewhere.",
	view_approve},
    {"backup", "backup FILE", "a copy of the whole database, while it works",
	"FILE is new and yours alone. It holds the database as it is at the\n"
	"end, all its content sealed, the data key too: the POC key or the\n"
	"recovery key opens it. \"psirtd --restore FILE\" puts it in place.",
	view_backup},
    {"clock", "clock CASE [set NAME WHEN | start NAME | end NAME]",
	"due dates of a case; set, start or end one",
	"WHEN is 2026-12-01 or \"2026-12-01 10:00 JST\". A clock that words "
	"of\n"
	"a letter propose runs when a person starts it.",
	view_clock},
    {"close", "close CASE REASON [--override GUARD] [--why TEXT]",
	"close a case",
	"REASON is published, customers, duplicate, not-reproducible,\n"
	"not-a-vulnerability, other-vendor, out-of-support, withdrawn,\n"
	"incident, custom-made or declined. --override is for leads.",
	view_said},
    {"customers", "customers CASE",
	"which customers were told: sent, bounced, not yet", NULL,
	view_customers},
    {"drop", "drop LETTER --why TEXT",
	"end a letter that is no report; the reason is kept",
	"The letter stays readable, and \"psirt file LETTER\" takes it up "
	"again.\nThe reason is sealed; the record holds its digest alone.",
	view_done},
    {"file", "file LETTER", "make a case of a letter that was set aside",
	"For an inquiry, a letter set aside or a quarantined one. It joins\n"
	"the case it names where it may, else it becomes a case of its own.\n"
	"A claim to be a correspondent stays a claim: nothing is answered.",
	view_done},
    {"help", "help [COMMAND]", "this page; more about one command", NULL, NULL},
    {"incident", "incident CASE [--why TEXT]",
	"an incident, no vulnerability: to csirt, and closed", NULL, view_said},
    {"key",
	"key list | key stage FILE | key confirm FINGERPRINT | key renew | "
	"key reseal",
	"whose keys there are; confirm a new one; renew the data key",
	"confirm  a key that is new in the settings is written to, and\n"
	"        believed, once two persons have confirmed its fingerprint\n"
	"list    our own keys and those the settings pin: what each can do,\n"
	"        when it expires, and why it cannot be used\n"
	"renew   for leads: seal everything anew under another data key, "
	"beside\n"
	"        the daily work and across restarts; \"psirt\" says how far it "
	"is\n"
	"reseal  for leads, after the POC key or the recovery key was changed\n"
	"        in the settings: old backups still open with the old ones\n"
	"stage   look into an armored key before it is pinned",
	view_key},
    {"letter", "letter LETTER [--raw | --reopen]",
	"read a letter; its bytes; open it anew with new keys",
	"Text behind \"| \" is covered by a good signature of a key that is\n"
	"known here, text behind \"? \" by none. Above each part stands who\n"
	"signed it. Reading is recorded before the first byte is shown.\n"
	"--raw gives the bytes as they came, best into a file.\n"
	"--reopen decrypts and judges the letter once more.",
	view_letter},
    {"link", "link CASE OTHER", "the same vulnerability from two sides",
	"Cases of different flows are linked, never merged: each keeps its\n"
	"counterpart, and an approval shows the guards of both.",
	view_said},
    {"list", "list [--all] [--letters]",
	"open cases; closed ones too; letters instead",
	"Numbers, steps, dates and states only; it leaves no trace.",
	view_list},
    {"log", "log [--case CASE] [--notes | --verify [--checkpoint FILE]]",
	"the record; with its notes; check its chain",
	"--notes shows what people wrote as reasons; that is recorded.\n"
	"--verify walks the whole chain and prints its head. FILE holds the\n"
	"text of a morning mail of before: the signature of the lines in it "
	"is\n"
	"checked, and that the record still holds what they say.",
	view_log},
    {"merge", "merge CASE OTHER", "the first case becomes part of the other",
	"Within one flow; \"psirt split CASE\" takes it back.", view_said},
    {"note", "note CASE TEXT [--by NAME]", "put a note on record", NULL,
	view_said},
    {"purge", "purge [--dry-run]",
	"remove letters of cases closed longer than retention_years",
	"For leads. Bytes, words, people and notes of those cases go, and of\n"
	"letters that became none; numbers, dates, states, digests and the\n"
	"record stay. It cannot be undone: backups keep what they hold.\n"
	"--dry-run  only says which",
	view_purge},
    {"question", "question CASE [ask [N] | answer N TEXT | again N | drop N]",
	"a department's questions; draft the mail that asks them",
	"Names, quoted mail and headers of the department are left out of "
	"what\n"
	"leaves. Without N all open ones go in one mail.\n"
	"answer  the answer is this, not what a letter seemed to say\n"
	"again   it is not answered: ask it once more",
	view_question},
    {"queue", "queue [drop MAIL | resend MAIL | sent MAIL | release]",
	"mails that have not left; decide about one",
	"drop    it will not be sent\n"
	"resend  try again; where it may have arrived, the same bytes\n"
	"sent    it did arrive (you asked the reader): count it as sent\n"
	"release  mails may leave again, after a backup was restored",
	view_queue},
    {"reopen", "reopen CASE", "open a closed case again", NULL, view_said},
    {"reply", "reply CASE [TEXT]", "draft an answer in your own words",
	"Without TEXT the editor opens, or the text is read where standard\n"
	"input is no terminal. The draft waits for \"psirt approve\".",
	view_said},
    {"route", "route CASE DEPARTMENT... [--details] [--attachments] [--again]",
	"send a case to departments",
	"Each contact gets the overview, signed and encrypted; quality only\n"
	"that something came in. --details adds the words of the report, a\n"
	"signature under them too: read them first. --attachments adds its\n"
	"files. Headers, address and keys of the finder stay here unless the\n"
	"settings share them. --again sends what went out once already.",
	view_done},
    {"show", "show CASE", "all about one case",
	"Which step it is at, who has to act and by when; finder, letters,\n"
	"mails and departments. Reading is recorded.",
	view_show},
    {"split", "split CASE", "take a merged case out again", NULL, view_said},
    {"step",
	"step CASE [STEP [start | done | skip | again] [WORD=VALUE...]]\n"
	"             [--by NAME] [--share ROLES] [--move] [--ja]\n"
	"             [--override GUARD --why TEXT]",
	"the steps of a case; start, answer or end one",
	"WORD=VALUE puts an answer on record, as told by --by NAME: the words\n"
	"are those of the mails that ask, as \"status=reproduced\".\n"
	"again     asks once more, or goes through an ended step again\n"
	"--share   who is told of the outcome besides: \"+quality -risk\"\n"
	"--move    over to the flow file of today, to STEP where it is gone\n"
	"--ja      titles in Japanese\n"
	"--override  for leads: the guard that refused; --why is kept",
	view_step},
    {"take", "take CASE [--deputy NAME]", "be the owner of a case", NULL,
	view_said},
    {"task", "task [--case CASE] | task N [done [--why TEXT]]",
	"what waits for a person; read one; it is done", NULL, view_task},
    {"title", "title CASE TEXT", "the desk's own short title",
	"Lists show it: nothing of the report belongs in it.", view_said},
    {"today", "[today]", "what waits for you, and what to type", NULL,
	view_today},
    {"unlink", "unlink CASE OTHER", "they are not the same after all", NULL,
	view_said},
    {"who", "who CASE", "who was told what, under which key, when",
	"overview, details, exploit: the parts of a case.", view_who},
    {NULL, NULL, NULL, NULL, NULL},
};

const struct verb *
verb_named(const char *name)
{
	for (const struct verb *verb = verbs; verb->name != NULL; verb++)
		if (strcmp(verb->name, name) == 0)
			return verb;
	return NULL;
}
