/*
 * settings_roles.c - roles of departments, and the parties of a flow: what
 * they are called in files and in mails.  Pure.
 */
#include "settings_internal.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	const char *en, *ja;
} roles[ROLE_PARTY_COUNT] = {
    [ROLE_DESIGN] = {"design", "Design", "設計部門・製品主管部門"},
    [ROLE_RESEARCH] = {"research", "Research and development", "研究開発部門"},
    [ROLE_QUALITY] = {"quality", "Quality assurance",
	"品質管理部門・品質保証部門"},
    [ROLE_INTEGRATION] = {"integration", "System integration", "SI部門"},
    [ROLE_CARE] = {"care", "Customer care", "カスタマケア部門"},
    [ROLE_SALES] = {"sales", "Sales", "営業部門"},
    [ROLE_RISK] = {"risk", "Risk management and legal affairs",
	"リスク管理統制部門・法務部門"},
    [ROLE_PUBLICITY] = {"publicity", "Public relations", "広報部門"},
    [ROLE_MANUFACTURING] = {"manufacturing", "Manufacturing", "製造部門"},
    [ROLE_CSIRT] = {"csirt", "CSIRT", "組織内CSIRT"},
    [ROLE_OEM] = {"oem", "OEM partner", "OEM先"},
    [ROLE_POC] = {"poc", "Vulnerability desk (POC)", "脆弱性POC"},
    [ROLE_JPCERT] = {"jpcert", "JPCERT/CC", "JPCERT/CC"},
    [ROLE_IPA] = {"ipa", "IPA", "IPA"},
    [ROLE_SOURCE] = {"source", "Source of the report",
	"情報源（発見者・海外CERT）"},
};

const char *
role_name(enum role role)
{
	if (role <= 0 || role >= ROLE_PARTY_COUNT)
		return "unknown";
	return roles[role].name;
}

const char *
role_title(enum role role, const char *language)
{
	if (role <= 0 || role >= ROLE_PARTY_COUNT)
		return "unknown";
	return language != NULL && strcmp(language, "ja") == 0 ? roles[role].ja
							       : roles[role].en;
}

enum role
role_by_name(const char *name, bool parties)
{
	const int end = parties ? ROLE_PARTY_COUNT : ROLE_COUNT;

	for (int r = 1; name != NULL && r < end; r++)
		if (strcasecmp(roles[r].name, name) == 0)
			return (enum role)r;
	return 0;
}
