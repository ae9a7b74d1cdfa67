/*
 * settings_keys.c - every key of psirtd.conf: where it stands, what it is,
 * its default.
 *
 * This is the one list: the grammar handed to libconfuse, the defaults, the
 * ranges and the hints of error messages all come from it.  conf/psirtd.conf
 * and psirtd.conf.5 are tested against it.  Knows no file and no process.
 */
#include "settings_internal.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#define KIB ((int64_t)1 << 10)
#define MIB ((int64_t)1 << 20)
#define GIB ((int64_t)1 << 30)
#define MINUTE ((int64_t)60)
#define DAY ((int64_t)86400)

static const struct choice yes_no[] = {{"no", 0}, {"yes", 1}, {"false", 0},
    {"true", 1}, {"off", 0}, {"on", 1}, {NULL, 0}};
static const struct choice languages[] = {{"en", 0}, {"ja", 1}, {NULL, 0}};
static const struct choice adopts[] = {{"leave", ADOPT_LEAVE},
    {"file", ADOPT_FILE}, {"answer", ADOPT_ANSWER}, {NULL, 0}};
static const struct choice routes[] = {{"auto", 1}, {"ask", 0}, {NULL, 0}};
static const struct choice acknowledges[] = {
    {"encrypted", ACKNOWLEDGE_ENCRYPTED}, {"report", ACKNOWLEDGE_REPORT},
    {"any", ACKNOWLEDGE_ANY}, {NULL, 0}};
static const struct choice mails[] = {{"pgp", 0}, {"notice", 1}, {NULL, 0}};
static const struct choice flows[] = {
    {"jpcert", FLOW_JPCERT}, {"direct", FLOW_DIRECT}, {NULL, 0}};
static const struct choice roles[] = {{"design", ROLE_DESIGN},
    {"research", ROLE_RESEARCH}, {"quality", ROLE_QUALITY},
    {"integration", ROLE_INTEGRATION}, {"care", ROLE_CARE},
    {"sales", ROLE_SALES}, {"risk", ROLE_RISK}, {"publicity", ROLE_PUBLICITY},
    {"manufacturing", ROLE_MANUFACTURING}, {"csirt", ROLE_CSIRT},
    {"oem", ROLE_OEM}, {NULL, 0}};
/* Who may lead where a step's lead is design (RULES 31). */
static const struct choice leads[] = {
    {"design", ROLE_DESIGN}, {"quality", ROLE_QUALITY}, {NULL, 0}};
static const struct choice operator_roles[] = {{"viewer", OPERATOR_VIEWER},
    {"operator", OPERATOR_OPERATOR}, {"lead", OPERATOR_LEAD}, {NULL, 0}};

#define AT(type, member) .offset = offsetof(struct type, member)
#define MANY(type, member)                                                     \
	.list = true, .offset = offsetof(struct type, member),                 \
	.count = offsetof(struct type, n##member)

static const struct key root_keys[] = {
    {"database", KEY_PATH, AT(settings, database),
	.fallback = "/var/lib/psirtd/psirtd.db"},
    {"socket", KEY_PATH, AT(settings, socket),
	.fallback = "/run/psirtd/control.sock"},
    {"work_dir", KEY_PATH, AT(settings, work_dir),
	.fallback = "/run/psirtd-vault"},
    {"templates", KEY_PATH, AT(settings, templates),
	.fallback = PSIRTD_DATADIR "/templates"},
    {"workers", KEY_NUMBER, AT(settings, workers), .fallback = "0", .most = 64},
    {"heartbeat", KEY_PATH, AT(settings, heartbeat)},
    {"reserve", KEY_SIZE, AT(settings, reserve), .fallback = "200M",
	.most = GIB << 20},
    {"adopt", KEY_CHOICE, AT(settings, adopt), .choices = adopts},
    {"stale", KEY_SECONDS64, AT(settings, stale_s), .fallback = "3d",
	.least = MINUTE, .most = 365 * DAY},
    {"route", KEY_BOOL, AT(settings, route_auto), .fallback = "auto",
	.choices = routes},
    {"acknowledge", KEY_CHOICE, AT(settings, acknowledge), .fallback = "report",
	.choices = acknowledges},
    {"share_finder", KEY_BOOL, AT(settings, share_finder), .fallback = "no",
	.choices = yes_no},
};

#define PART(server, member)                                                   \
	.offset = offsetof(struct settings, server) +                          \
		  offsetof(struct server_settings, member)
#define SERVER_KEYS(server)                                                    \
	{"host", KEY_HOST, true, PART(server, host)},                          \
	    {"connect_to", KEY_HOST, PART(server, connect_to)},                \
	    {"port", KEY_NUMBER, PART(server, port), .least = 1,               \
		.most = 65535},                                                \
	    {"starttls", KEY_BOOL, PART(server, starttls), .fallback = "no",   \
		.choices = yes_no},                                            \
	    {"user", KEY_TEXT, true, PART(server, user)},                      \
	    {"password_file", KEY_SECRET_FILE, PART(server, secret.file)},     \
	    {"password_command", KEY_COMMAND, PART(server, secret.command)},   \
	    {"ca_file", KEY_PATH, PART(server, ca_file)},                      \
	{                                                                      \
		"timeout", KEY_SECONDS, PART(server, timeout_s),               \
		    .fallback = "60s", .least = 1, .most = 60 * MINUTE         \
	}

static const struct key mailbox_keys[] = {
    SERVER_KEYS(mailbox),
    {"folder", KEY_FOLDER, AT(settings, folder), .fallback = "INBOX"},
    {"junk", KEY_FOLDER, AT(settings, junk)},
    {"filed", KEY_FOLDER, AT(settings, filed), .fallback = "Filed"},
    {"too_large", KEY_FOLDER, AT(settings, too_large), .fallback = "Too large"},
    {"poll", KEY_SECONDS, AT(settings, poll_s), .fallback = "60s", .least = 1,
	.most = DAY},
    {"unreachable", KEY_SECONDS64, AT(settings, unreachable_s),
	.fallback = "15m", .least = 1, .most = 7 * DAY},
    /* Letter and decoded parts travel together: see ROOM_FRAME_MAX. */
    {"letter_max", KEY_SIZE, AT(settings, letter_max), .fallback = "50M",
	.least = 16 * KIB, .most = 100 * MIB},
};

static const struct key submission_keys[] = {SERVER_KEYS(submission)};

static const struct key keys_keys[] = {
    {"gnupghome", KEY_PATH, AT(settings, gnupghome),
	.fallback = "/var/lib/psirtd-gnupg"},
    {"poc", KEY_FINGERPRINT, true, AT(settings, poc)},
    {"retired", KEY_FINGERPRINT, MANY(settings, retired)},
    {"recovery", KEY_FINGERPRINT, AT(settings, recovery)},
    {"passphrase_file", KEY_SECRET_FILE, AT(settings, passphrase.file)},
    {"passphrase_command", KEY_COMMAND, AT(settings, passphrase.command)},
};

static const struct key desk_keys[] = {
    {"address", KEY_ADDRESS, true, AT(settings, address)},
    {"aliases", KEY_ADDRESS, MANY(settings, aliases)},
    {"alert_plain", KEY_ADDRESS, MANY(settings, alert_plain)},
    {"from_name", KEY_TEXT, AT(settings, from_name)},
    {"organization", KEY_TEXT, true, AT(settings, organization)},
    {"organization_ja", KEY_TEXT, AT(settings, organization_ja)},
    {"number_prefix", KEY_PREFIX, AT(settings, number_prefix),
	.fallback = "PSIRT"},
    {"language", KEY_LANGUAGE, AT(settings, language), .fallback = "en",
	.choices = languages},
    {"policy_url", KEY_URL, AT(settings, policy_url)},
    {"key_url", KEY_URL, AT(settings, key_url)},
    {"reply_days", KEY_NUMBER, AT(settings, reply_days), .fallback = "5",
	.least = 1, .most = 60},
};

static const struct key procedure_keys[] = {
    {"flow_jpcert", KEY_PATH, AT(settings, flow_files[FLOW_JPCERT])},
    {"flow_direct", KEY_PATH, AT(settings, flow_files[FLOW_DIRECT])},
    {"holidays", KEY_PATH, AT(settings, holidays_file)},
    {"customers", KEY_PATH, AT(settings, customers_file)},
    {"acknowledge_days", KEY_NUMBER, AT(settings, acknowledge_days),
	.fallback = "1", .least = 1, .most = 60},
    {"imposed_days", KEY_NUMBER, AT(settings, imposed_days), .fallback = "45",
	.least = 1, .most = 365},
    {"status_jpcert", KEY_SECONDS64, AT(settings, status_jpcert_s),
	.fallback = "14d", .most = 365 * DAY},
    {"status_cert", KEY_SECONDS64, AT(settings, status_cert_s),
	.fallback = "14d", .most = 365 * DAY},
    {"status_finder", KEY_SECONDS64, AT(settings, status_finder_s),
	.fallback = "14d", .most = 365 * DAY},
    {"status_quiet", KEY_SECONDS64, AT(settings, status_quiet_s),
	.fallback = "7d", .most = 365 * DAY},
    {"remind", KEY_SECONDS64, AT(settings, remind_s), .fallback = "3d",
	.least = 1, .most = 365 * DAY},
    {"reminders", KEY_NUMBER, AT(settings, reminders), .fallback = "2",
	.most = 20},
    {"morning", KEY_MORNING, AT(settings, morning), .fallback = "08:30"},
    {"retention_years", KEY_NUMBER, AT(settings, retention_years),
	.fallback = "5", .least = 1, .most = 100},
};

static const struct key limits_keys[] = {
    {"wall", KEY_MILLISECONDS, AT(settings, wall_ms), .fallback = "60s",
	.least = 1, .most = 60 * MINUTE},
    {"cpu", KEY_SECONDS, AT(settings, cpu_s), .fallback = "30s", .least = 1,
	.most = 60 * MINUTE},
    {"memory", KEY_MEGABYTES, AT(settings, memory_mb), .fallback = "1G",
	.least = 64 * MIB, .most = 64 * GIB},
    {"max_parts", KEY_NUMBER, AT(settings, max_parts), .fallback = "500",
	.least = 1, .most = 10000},
    {"max_depth", KEY_NUMBER, AT(settings, max_depth), .fallback = "32",
	.least = 1, .most = 100},
    {"max_fields", KEY_NUMBER, AT(settings, max_fields), .fallback = "1000",
	.least = 50, .most = 100000},
    {"max_addresses", KEY_NUMBER, AT(settings, max_addresses),
	.fallback = "500", .least = 1, .most = 4000},
    {"max_keys", KEY_NUMBER, AT(settings, max_keys), .fallback = "100",
	.least = 1, .most = 5000},
    {"max_hidden", KEY_NUMBER, AT(settings, max_hidden), .fallback = "4",
	.least = 1, .most = 32},
    {"max_layers", KEY_NUMBER, AT(settings, max_layers), .fallback = "4",
	.least = 1, .most = 8},
    {"acknowledge_per_hour", KEY_NUMBER, AT(settings, acknowledge_per_hour),
	.fallback = "5", .least = 1, .most = 1000},
    {"automatic_per_hour", KEY_NUMBER, AT(settings, automatic_per_hour),
	.fallback = "60", .least = 1, .most = 10000},
};

static const struct key department_keys[] = {
    {"role", KEY_CHOICE, true, AT(department, role), .choices = roles},
    {"title", KEY_TEXT, AT(department, title)},
};

static const struct key contact_keys[] = {
    {"address", KEY_ADDRESS, true, AT(contact, address)},
    {"fingerprint", KEY_FINGERPRINT, AT(contact, fingerprint)},
    {"language", KEY_LANGUAGE, AT(contact, language), .choices = languages},
    {"mail", KEY_BOOL, AT(contact, notice), .fallback = "pgp",
	.choices = mails},
};

#define BY_ROLE(name, role)                                                    \
	{                                                                      \
		name, KEY_DEPARTMENT,                                          \
		    .offset = OFFSET + sizeof(int) * (size_t)(role)            \
	}
#define ROLE_KEYS                                                              \
	BY_ROLE("design", ROLE_DESIGN), BY_ROLE("research", ROLE_RESEARCH),    \
	    BY_ROLE("quality", ROLE_QUALITY),                                  \
	    BY_ROLE("integration", ROLE_INTEGRATION),                          \
	    BY_ROLE("care", ROLE_CARE), BY_ROLE("sales", ROLE_SALES),          \
	    BY_ROLE("risk", ROLE_RISK), BY_ROLE("publicity", ROLE_PUBLICITY),  \
	    BY_ROLE("manufacturing", ROLE_MANUFACTURING),                      \
	    BY_ROLE("csirt", ROLE_CSIRT), BY_ROLE("oem", ROLE_OEM)

static const struct key product_keys[] = {
    {"names", KEY_TEXT, MANY(product, names)},
    {"pattern", KEY_TEXT, AT(product, pattern)},
    {"lead", KEY_CHOICE, AT(product, lead), .fallback = "design",
	.choices = leads},
#define OFFSET offsetof(struct product, departments)
    ROLE_KEYS,
#undef OFFSET
};

static const struct key default_keys[] = {
#define OFFSET offsetof(struct settings, default_departments)
    ROLE_KEYS,
#undef OFFSET
};

static const struct key correspondent_keys[] = {
    {"names", KEY_TEXT, MANY(correspondent, names)},
    {"addresses", KEY_ADDRESS, MANY(correspondent, addresses)},
    {"domains", KEY_DOMAIN, MANY(correspondent, domains)},
    {"fingerprints", KEY_FINGERPRINT, true, MANY(correspondent, fingerprints)},
    {"flow", KEY_CHOICE, AT(correspondent, flow), .fallback = "direct",
	.choices = flows},
    {"language", KEY_LANGUAGE, AT(correspondent, language),
	.choices = languages},
};

static const struct key operator_keys[] = {
    {"role", KEY_CHOICE, true, AT(operator, role), .choices = operator_roles},
    {"address", KEY_ADDRESS, AT(operator, address)},
    {"fingerprint", KEY_FINGERPRINT, AT(operator, fingerprint)},
    {"language", KEY_LANGUAGE, AT(operator, language), .choices = languages},
};

#define KEYS(array) array, COUNT(array)

const struct section sections[] = {
    {"root", NULL, false, KEYS(root_keys)},
    {"mailbox", "root", false, KEYS(mailbox_keys)},
    {"submission", "root", false, KEYS(submission_keys)},
    {"keys", "root", false, KEYS(keys_keys)},
    {"desk", "root", false, KEYS(desk_keys)},
    {"procedure", "root", false, KEYS(procedure_keys)},
    {"limits", "root", false, KEYS(limits_keys)},
    {"department", "root", true, KEYS(department_keys)},
    {"contact", "department", true, KEYS(contact_keys)},
    {"product", "root", true, KEYS(product_keys)},
    {"default", "root", false, KEYS(default_keys)},
    {"correspondent", "root", true, KEYS(correspondent_keys)},
    {"operator", "root", true, KEYS(operator_keys)},
};
const size_t nsections = COUNT(sections);
const struct grammar conf_grammar = {
    sections, COUNT(sections), "psirtd.conf(5)"};

const struct section *
grammar_section(const struct grammar *g, const char *name)
{
	for (size_t i = 0; i < g->nsections; i++)
		if (strcmp(g->sections[i].name, name) == 0)
			return &g->sections[i];
	return NULL;
}

const struct section *
section_find(const char *name)
{
	return grammar_section(&conf_grammar, name);
}

const struct key *
key_find(const struct section *s, const char *name)
{
	for (size_t i = 0; i < s->nkeys; i++)
		if (strcmp(s->keys[i].name, name) == 0)
			return &s->keys[i];
	return NULL;
}

#define NAME_MOST 40

/* Letters to change, add or leave out to get from a to b (Levenshtein). */
static size_t
name_distance(const char *a, const char *b)
{
	size_t row[NAME_MOST + 1];
	size_t alen = strlen(a);
	size_t blen = strlen(b);

	if (alen > NAME_MOST || blen > NAME_MOST)
		return NAME_MOST;
	for (size_t j = 0; j <= blen; j++)
		row[j] = j;
	for (size_t i = 1; i <= alen; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			size_t change = corner + (strncasecmp(&a[i - 1],
						      &b[j - 1], 1) != 0);
			size_t least =
			    row[j] < row[j - 1] ? row[j] : row[j - 1];

			corner = row[j];
			row[j] = change < least + 1 ? change : least + 1;
		}
	}
	return row[blen];
}

const char *
name_nearest(
    const void *ctx, const char *typed, const char *const *known, size_t n)
{
	const char *nearest = NULL;
	size_t least = strlen(typed) / 3 + 2;

	for (size_t i = 0; i < n; i++) {
		size_t distance = name_distance(typed, known[i]);

		if (distance < least) {
			least = distance;
			nearest = known[i];
		}
	}
	return nearest == NULL ? NULL : talloc_strdup(ctx, nearest);
}
