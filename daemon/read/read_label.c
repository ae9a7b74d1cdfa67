/*
 * read_label.c - the labels of report forms, Japanese and English.
 *
 * One row a label, as people write it.  Labels are compared by their letters
 * and digits alone, in NFKC without case, small kana made large and long
 * vowels left out: "ソフトウェア名" is "ソフトウエア名", "Affected
 * version(s)" is "affected versions".  Sources: the form of IPA, the text of
 * CERT/CC's VINCE, and what makers ask for on their pages.  Runs in the read
 * room; the table is made before its walls stand.
 */
#include "read_internal.h"

#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#define KEY_MOST 256 /* bytes */

struct row {
	enum field_kind kind;
	const char *text;
};

static const struct row rows[] = {
    {FIELD_PRODUCT, "製品"},
    {FIELD_PRODUCT, "製品名"},
    {FIELD_PRODUCT, "製品等"},
    {FIELD_PRODUCT, "製品の名称"},
    {FIELD_PRODUCT, "製品名称"},
    {FIELD_PRODUCT, "製品型番"},
    {FIELD_PRODUCT, "製品型式"},
    {FIELD_PRODUCT, "製品・サービスの名称"},
    {FIELD_PRODUCT, "対象製品"},
    {FIELD_PRODUCT, "対象製品名"},
    {FIELD_PRODUCT, "対象製品・サービス"},
    {FIELD_PRODUCT, "対象製品・サービスの名称"},
    {FIELD_PRODUCT, "対象機器"},
    {FIELD_PRODUCT, "該当製品"},
    {FIELD_PRODUCT, "影響を受ける製品"},
    {FIELD_PRODUCT, "影響を受ける製品名"},
    {FIELD_PRODUCT, "名称"},
    {FIELD_PRODUCT, "ソフトウエア"},
    {FIELD_PRODUCT, "ソフトウエア名"},
    {FIELD_PRODUCT, "ソフトウエアの名称"},
    {FIELD_PRODUCT, "ソフトウエア等の名称"},
    {FIELD_PRODUCT, "脆弱性を確認したソフトウエア"},
    {FIELD_PRODUCT, "形名"},
    {FIELD_PRODUCT, "形式"},
    {FIELD_PRODUCT, "型名"},
    {FIELD_PRODUCT, "型番"},
    {FIELD_PRODUCT, "型式"},
    {FIELD_PRODUCT, "機種"},
    {FIELD_PRODUCT, "機種名"},
    {FIELD_PRODUCT, "Product"},
    {FIELD_PRODUCT, "Products"},
    {FIELD_PRODUCT, "Product name"},
    {FIELD_PRODUCT, "Product model"},
    {FIELD_PRODUCT, "Name of product"},
    {FIELD_PRODUCT, "Affected product"},
    {FIELD_PRODUCT, "Affected products"},
    {FIELD_PRODUCT, "Affected device"},
    {FIELD_PRODUCT, "Affected devices"},
    {FIELD_PRODUCT, "Affected machine"},
    {FIELD_PRODUCT, "Affected software"},
    {FIELD_PRODUCT, "Affected component"},
    {FIELD_PRODUCT, "Products affected"},
    {FIELD_PRODUCT, "Vulnerable product"},
    {FIELD_PRODUCT, "Vulnerable products"},
    {FIELD_PRODUCT, "Device"},
    {FIELD_PRODUCT, "Software"},
    {FIELD_PRODUCT, "Software/Product"},
    {FIELD_PRODUCT, "Software/Products"},
    {FIELD_PRODUCT, "Software/Products name"},
    {FIELD_PRODUCT, "Software/Products name containing the vulnerability"},
    {FIELD_PRODUCT, "Model"},
    {FIELD_PRODUCT, "Model name"},
    {FIELD_PRODUCT, "Model number"},

    {FIELD_VERSION, "バージョン"},
    {FIELD_VERSION, "バージョン番号"},
    {FIELD_VERSION, "バージョン情報"},
    {FIELD_VERSION, "版"},
    {FIELD_VERSION, "版数"},
    {FIELD_VERSION, "対象バージョン"},
    {FIELD_VERSION, "該当バージョン"},
    {FIELD_VERSION, "製品バージョン"},
    {FIELD_VERSION, "製品のバージョン"},
    {FIELD_VERSION, "影響を受けるバージョン"},
    {FIELD_VERSION, "確認したバージョン"},
    {FIELD_VERSION, "ファームウエア"},
    {FIELD_VERSION, "ファームウエアバージョン"},
    {FIELD_VERSION, "ファームウエアのバージョン"},
    {FIELD_VERSION, "ファームウエア版"},
    {FIELD_VERSION, "パッチレベル"},
    {FIELD_VERSION, "ビルド"},
    {FIELD_VERSION, "ビルド番号"},
    {FIELD_VERSION, "Version"},
    {FIELD_VERSION, "Versions"},
    {FIELD_VERSION, "Version number"},
    {FIELD_VERSION, "Product version"},
    {FIELD_VERSION, "Affected version"},
    {FIELD_VERSION, "Affected versions"},
    {FIELD_VERSION, "Versions affected"},
    {FIELD_VERSION, "Vulnerable version"},
    {FIELD_VERSION, "Vulnerable versions"},
    {FIELD_VERSION, "Tested version"},
    {FIELD_VERSION, "Tested versions"},
    {FIELD_VERSION, "Firmware"},
    {FIELD_VERSION, "Firmware version"},
    {FIELD_VERSION, "Software version"},
    {FIELD_VERSION, "Software/Products version numbers"},
    {FIELD_VERSION,
	"Software/Products version numbers containing the vulnerability"},
    {FIELD_VERSION, "Build"},
    {FIELD_VERSION, "Build number"},
    {FIELD_VERSION, "Release"},

    {FIELD_VENDOR, "ベンダ"},
    {FIELD_VENDOR, "ベンダ名"},
    {FIELD_VENDOR, "開発者"},
    {FIELD_VENDOR, "開発者名"},
    {FIELD_VENDOR, "製品開発者"},
    {FIELD_VENDOR, "製品開発者名"},
    {FIELD_VENDOR, "開発元"},
    {FIELD_VENDOR, "製造元"},
    {FIELD_VENDOR, "製造者"},
    {FIELD_VENDOR, "メーカー"},
    {FIELD_VENDOR, "メーカー名"},
    {FIELD_VENDOR, "Vendor"},
    {FIELD_VENDOR, "Vendor name"},
    {FIELD_VENDOR, "Affected vendor"},
    {FIELD_VENDOR, "Affected vendors"},
    {FIELD_VENDOR, "Other affected vendors"},
    {FIELD_VENDOR, "Manufacturer"},
    {FIELD_VENDOR, "Organization"},
    {FIELD_VENDOR, "Organisation"},

    {FIELD_TYPE, "脆弱性の種類"},
    {FIELD_TYPE, "脆弱性の種別"},
    {FIELD_TYPE, "脆弱性の分類"},
    {FIELD_TYPE, "脆弱性種別"},
    {FIELD_TYPE, "脆弱性タイプ"},
    {FIELD_TYPE, "CWEとの関連付け"},
    {FIELD_TYPE, "CWE"},
    {FIELD_TYPE, "CWE ID"},
    {FIELD_TYPE, "Type of vulnerability"},
    {FIELD_TYPE, "Vulnerability type"},
    {FIELD_TYPE, "Vulnerability types"},
    {FIELD_TYPE, "Vulnerability class"},
    {FIELD_TYPE, "Bug class"},
    {FIELD_TYPE, "Weakness"},

    {FIELD_SUMMARY, "概要"},
    {FIELD_SUMMARY, "件名"},
    {FIELD_SUMMARY, "脆弱性の内容"},
    {FIELD_SUMMARY, "脆弱性の内容・想定される影響"},
    {FIELD_SUMMARY, "脆弱性の概要"},
    {FIELD_SUMMARY, "脆弱性の説明"},
    {FIELD_SUMMARY, "脆弱性の詳細"},
    {FIELD_SUMMARY, "脆弱性であると判断した理由"},
    {FIELD_SUMMARY, "内容"},
    {FIELD_SUMMARY, "詳細"},
    {FIELD_SUMMARY, "詳細情報"},
    {FIELD_SUMMARY, "Summary"},
    {FIELD_SUMMARY, "Executive summary"},
    {FIELD_SUMMARY, "Title"},
    {FIELD_SUMMARY, "Overview"},
    {FIELD_SUMMARY, "Description"},
    {FIELD_SUMMARY, "Vulnerability"},
    {FIELD_SUMMARY, "Vulnerability summary"},
    {FIELD_SUMMARY, "Vulnerability description"},
    {FIELD_SUMMARY, "Vulnerability details"},
    {FIELD_SUMMARY, "Technical description"},
    {FIELD_SUMMARY, "Technical details"},
    {FIELD_SUMMARY, "Details"},
    {FIELD_SUMMARY, "Please describe the vulnerability"},

    {FIELD_STEPS, "再現手順"},
    {FIELD_STEPS, "再現方法"},
    {FIELD_STEPS, "再現の手順"},
    {FIELD_STEPS, "再現の状況"},
    {FIELD_STEPS, "再現条件"},
    {FIELD_STEPS, "脆弱性の再現手順"},
    {FIELD_STEPS, "脆弱性の詳細な再現手順"},
    {FIELD_STEPS, "発見に至った経緯"},
    {FIELD_STEPS, "脆弱性の発見に至った経緯"},
    {FIELD_STEPS, "Steps to reproduce"},
    {FIELD_STEPS, "Reproduction steps"},
    {FIELD_STEPS, "Reproduction"},
    {FIELD_STEPS, "How to reproduce"},
    {FIELD_STEPS, "Steps"},
    {FIELD_STEPS, "How did you find the vulnerability"},

    {FIELD_POC, "検証コード"},
    {FIELD_POC, "検証コードの有無"},
    {FIELD_POC, "実証コード"},
    {FIELD_POC, "攻撃コード"},
    {FIELD_POC, "証跡"},
    {FIELD_POC, "脆弱性が再現した証跡"},
    {FIELD_POC, "Proof of concept"},
    {FIELD_POC, "Proof of concept (PoC)"},
    {FIELD_POC, "Proof of concept code"},
    {FIELD_POC, "PoC"},
    {FIELD_POC, "PoC code"},
    {FIELD_POC, "Exploit"},
    {FIELD_POC, "Exploit code"},

    {FIELD_IMPACT, "影響"},
    {FIELD_IMPACT, "影響範囲"},
    {FIELD_IMPACT, "脆弱性の影響"},
    {FIELD_IMPACT, "想定される影響"},
    {FIELD_IMPACT, "想定される脅威"},
    {FIELD_IMPACT, "発生しうる脅威"},
    {FIELD_IMPACT, "発生し得る脅威"},
    {FIELD_IMPACT, "脆弱性により発生しうる脅威"},
    {FIELD_IMPACT, "脆弱性により発生し得る脅威"},
    {FIELD_IMPACT, "脅威"},
    {FIELD_IMPACT, "Impact"},
    {FIELD_IMPACT, "Security impact"},
    {FIELD_IMPACT, "Potential impact"},
    {FIELD_IMPACT, "Threat"},
    {FIELD_IMPACT, "Attack scenario"},
    {FIELD_IMPACT, "How may an attacker exploit this vulnerability"},
    {FIELD_IMPACT, "What is the impact of exploiting this vulnerability"},

    {FIELD_SCORE, "深刻度"},
    {FIELD_SCORE, "深刻度と影響範囲"},
    {FIELD_SCORE, "CVSS"},
    {FIELD_SCORE, "CVSS値"},
    {FIELD_SCORE, "CVSSスコア"},
    {FIELD_SCORE, "CVSS score"},
    {FIELD_SCORE, "CVSS vector"},
    {FIELD_SCORE, "CVSS base score"},
    {FIELD_SCORE, "CVSS v3"},
    {FIELD_SCORE, "CVSS v3.1"},
    {FIELD_SCORE, "CVSS v4"},
    {FIELD_SCORE, "CVSS v4.0"},
    {FIELD_SCORE, "Severity"},

    {FIELD_WORKAROUND, "回避策"},
    {FIELD_WORKAROUND, "回避方法"},
    {FIELD_WORKAROUND, "対策"},
    {FIELD_WORKAROUND, "対策案"},
    {FIELD_WORKAROUND, "対策方法"},
    {FIELD_WORKAROUND, "暫定対策"},
    {FIELD_WORKAROUND, "Workaround"},
    {FIELD_WORKAROUND, "Workarounds"},
    {FIELD_WORKAROUND, "Mitigation"},
    {FIELD_WORKAROUND, "Mitigations"},
    {FIELD_WORKAROUND, "Suggested fix"},
    {FIELD_WORKAROUND, "Recommendation"},
    {FIELD_WORKAROUND, "Remediation"},

    {FIELD_EXPLOITED, "悪用"},
    {FIELD_EXPLOITED, "悪用の有無"},
    {FIELD_EXPLOITED, "悪用の事実"},
    {FIELD_EXPLOITED, "悪用の状況"},
    {FIELD_EXPLOITED, "悪用状況"},
    {FIELD_EXPLOITED, "Exploited"},
    {FIELD_EXPLOITED, "Actively exploited"},
    {FIELD_EXPLOITED, "Active exploitation"},
    {FIELD_EXPLOITED, "Exploited in the wild"},
    {FIELD_EXPLOITED, "Exploitation in the wild"},
    {FIELD_EXPLOITED, "In the wild"},
    {FIELD_EXPLOITED, "Known exploitation"},
    {FIELD_EXPLOITED, "Is there evidence that this vulnerability is being "
		      "actively exploited"},

    {FIELD_PUBLIC, "公開状況"},
    {FIELD_PUBLIC, "公開の有無"},
    {FIELD_PUBLIC, "公表状況"},
    {FIELD_PUBLIC, "既知"},
    {FIELD_PUBLIC, "既知の情報"},
    {FIELD_PUBLIC, "Public"},
    {FIELD_PUBLIC, "Publicly known"},
    {FIELD_PUBLIC, "Already public"},
    {FIELD_PUBLIC, "Public references"},
    {FIELD_PUBLIC, "Is this vulnerability being publicly discussed"},

    {FIELD_DISCLOSURE, "公表予定"},
    {FIELD_DISCLOSURE, "公表予定日"},
    {FIELD_DISCLOSURE, "公開予定"},
    {FIELD_DISCLOSURE, "公開予定日"},
    {FIELD_DISCLOSURE, "公表日"},
    {FIELD_DISCLOSURE, "公開日"},
    {FIELD_DISCLOSURE, "Disclosure date"},
    {FIELD_DISCLOSURE, "Disclosure deadline"},
    {FIELD_DISCLOSURE, "Disclosure timeline"},
    {FIELD_DISCLOSURE, "Disclosure plan"},
    {FIELD_DISCLOSURE, "Disclosure"},
    {FIELD_DISCLOSURE, "Public disclosure"},
    {FIELD_DISCLOSURE, "Publication date"},
    {FIELD_DISCLOSURE, "Publication plan"},
    {FIELD_DISCLOSURE, "Timeline"},
    {FIELD_DISCLOSURE, "Embargo"},
    {FIELD_DISCLOSURE, "Do you have plans to publicly disclose this "
		       "vulnerability"},
    {FIELD_DISCLOSURE, "Please explain and indicate a target date, if chosen"},

    {FIELD_REPORTER, "氏名"},
    {FIELD_REPORTER, "お名前"},
    {FIELD_REPORTER, "届出者"},
    {FIELD_REPORTER, "届出者情報"},
    {FIELD_REPORTER, "報告者"},
    {FIELD_REPORTER, "報告者名"},
    {FIELD_REPORTER, "発見者"},
    {FIELD_REPORTER, "発見者名"},
    {FIELD_REPORTER, "所属"},
    {FIELD_REPORTER, "所属組織"},
    {FIELD_REPORTER, "連絡先"},
    {FIELD_REPORTER, "電子メールアドレス"},
    {FIELD_REPORTER, "メールアドレス"},
    {FIELD_REPORTER, "電話番号"},
    {FIELD_REPORTER, "Name"},
    {FIELD_REPORTER, "Your name"},
    {FIELD_REPORTER, "Reporter"},
    {FIELD_REPORTER, "Reporter name"},
    {FIELD_REPORTER, "Reported by"},
    {FIELD_REPORTER, "Finder"},
    {FIELD_REPORTER, "Researcher"},
    {FIELD_REPORTER, "Discovered by"},
    {FIELD_REPORTER, "Discoverer"},
    {FIELD_REPORTER, "Contact"},
    {FIELD_REPORTER, "Contact information"},
    {FIELD_REPORTER, "Email"},
    {FIELD_REPORTER, "E-mail address"},
    {FIELD_REPORTER, "Phone"},
    {FIELD_REPORTER, "Phone number"},
    {FIELD_REPORTER, "Telephone"},
    {FIELD_REPORTER, "Affiliation"},

    {FIELD_CREDIT, "謝辞"},
    {FIELD_CREDIT, "謝辞への掲載"},
    {FIELD_CREDIT, "氏名の公表"},
    {FIELD_CREDIT, "Credit"},
    {FIELD_CREDIT, "Credits"},
    {FIELD_CREDIT, "Acknowledgement"},
    {FIELD_CREDIT, "Acknowledgment"},
    {FIELD_CREDIT, "Acknowledgements"},
    {FIELD_CREDIT, "Acknowledgments"},
    {FIELD_CREDIT, "Do you want to be publicly acknowledged"},

    {FIELD_SHARE, "届出者情報の開示"},
    {FIELD_SHARE, "届出者情報の取扱い"},
    {FIELD_SHARE, "開示可否"},
    {FIELD_SHARE, "連絡先の開示"},
    {FIELD_SHARE, "Share contact"},
    {FIELD_SHARE, "Share contact information"},
    {FIELD_SHARE, "May we provide your contact information to the vendor"},

    {FIELD_KEY, "PGP公開鍵"},
    {FIELD_KEY, "公開鍵"},
    {FIELD_KEY, "暗号化"},
    {FIELD_KEY, "PGP key"},
    {FIELD_KEY, "PGP public key"},
    {FIELD_KEY, "PGP fingerprint"},
    {FIELD_KEY, "OpenPGP key"},
    {FIELD_KEY, "Public key"},

    {FIELD_OTHERS, "他組織への届出"},
    {FIELD_OTHERS, "IPA以外の組織への届出"},
    {FIELD_OTHERS, "IPA以外の組織への届出について"},
    {FIELD_OTHERS, "Reported to others"},
    {FIELD_OTHERS, "Other parties informed"},
    {FIELD_OTHERS, "CERT Tracking ID"},
    {FIELD_OTHERS, "Vendor Tracking ID, CERT Tracking ID, or CVE ID"},

    {FIELD_FOUND, "発見日"},
    {FIELD_FOUND, "発見日時"},
    {FIELD_FOUND, "確認日"},
    {FIELD_FOUND, "脆弱性の発見日"},
    {FIELD_FOUND, "脆弱性の確認日"},
    {FIELD_FOUND, "Date found"},
    {FIELD_FOUND, "Date discovered"},
    {FIELD_FOUND, "Date of discovery"},
    {FIELD_FOUND, "Discovery date"},
    {FIELD_FOUND, "When did you find the vulnerability"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

struct key {
	const char *text;
	uint32_t kind;
};

struct labels {
	struct key keys[ROWS];
};

/* Small kana are written large and the other way round; no long vowels. */
static gunichar
key_char(gunichar c)
{
	switch (c) {
	case 0x30a1: /* ァ */
	case 0x30a3:
	case 0x30a5:
	case 0x30a7:
	case 0x30a9: /* ォ */
		return c + 1;
	case 0x30fc: /* ー */
		return 0;
	default:
		return g_unichar_isalnum(c) ? g_unichar_tolower(c) : 0;
	}
}

/* Writes the key of a label; "" for one that is too long or is none. */
static void
make_key(char key[KEY_MOST], const char *text, size_t len)
{
	char *nfkc = NULL;
	size_t at = 0;

	key[0] = '\0';
	if (len == 0 || len >= KEY_MOST / 2)
		return;
	nfkc = g_utf8_normalize(text, (gssize)len, G_NORMALIZE_ALL_COMPOSE);
	for (const char *s = nfkc; s != NULL && *s != '\0';
	     s = g_utf8_next_char(s)) {
		gunichar c = key_char(g_utf8_get_char(s));

		if (c == 0)
			continue;
		/* Compatibility forms can be long: no label of ours is. */
		if (at + 7 > KEY_MOST) {
			at = 0;
			break;
		}
		at += (size_t)g_unichar_to_utf8(c, key + at);
	}
	key[at] = '\0';
	g_free(nfkc);
}

static int
compare_keys(const void *a, const void *b)
{
	const struct key *x = a;
	const struct key *y = b;

	return strcmp(x->text, y->text);
}

struct labels *
labels_new(const void *ctx, struct error *err)
{
	struct labels *labels = talloc_zero(ctx, struct labels);

	for (size_t i = 0; labels != NULL && i < ROWS; i++) {
		char key[KEY_MOST];

		make_key(key, rows[i].text, strlen(rows[i].text));
		labels->keys[i].kind = rows[i].kind;
		labels->keys[i].text = talloc_strdup(labels, key);
		if (labels->keys[i].text == NULL) {
			talloc_free(labels);
			labels = NULL;
		}
	}
	if (labels == NULL)
		error_set(err, FAULT_RETRY, "out of memory");
	else
		qsort(labels->keys, ROWS, sizeof(struct key), compare_keys);
	return labels;
}

uint32_t
label_kind(
    const struct labels *labels, const char *text, size_t len, bool reporter)
{
	char key[KEY_MOST];
	struct key wanted = {key, 0};
	const struct key *found;

	make_key(key, text, len);
	if (key[0] == '\0')
		return 0;
	found = bsearch(
	    &wanted, labels->keys, ROWS, sizeof(struct key), compare_keys);
	if (found == NULL)
		return 0;
	/* Forms ask for the organization of either. */
	if (reporter && found->kind == FIELD_VENDOR &&
	    strncmp(key, "organi", 6) == 0)
		return FIELD_REPORTER;
	return found->kind;
}
