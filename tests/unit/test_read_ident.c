/*
 * test_read_ident.c - identifiers in text: every kind, what is none, one
 * spelling, and the work bounded by the text.
 *
 * Numbers are ones that were published, so that the forms are real; what
 * stands around them is made up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <talloc.h>

#include "../../daemon/read/read_internal.h"
#include "psirtd/text.h"

static struct idents *idents;

static int
setup(void **state)
{
	struct error err = {0};

	idents = idents_new(NULL, "PSIRT", &err);
	if (idents == NULL)
		print_error("%s\n", err.text);
	return idents != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	talloc_free(idents);
	return 0;
}

static struct reading *
find(const void *ctx, const char *text, uint32_t part)
{
	struct reading *r = talloc_zero(ctx, struct reading);
	struct normal *n = normal_new(r, text, strlen(text), NULL);

	assert_non_null(n);
	assert_int_equal(idents_find(idents, n, part, r, NULL), 0);
	return r;
}

/* What was found of a kind: "a, b", in the order of the text. */
static char *
found(const void *ctx, const char *text, uint32_t kind)
{
	struct reading *r = find(ctx, text, 1);
	char *all = talloc_strdup(ctx, "");

	for (size_t i = 0; i < r->nidents; i++)
		if (r->idents[i].kind == kind)
			all = talloc_asprintf_append(all, "%s%s",
			    all[0] != '\0' ? ", " : "", r->idents[i].value);
	return all;
}

struct example {
	uint32_t kind;
	const char *text;
	const char *values; /* "" none */
};

static void
check(const struct example *list, size_t n)
{
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < n; i++) {
		char *got = found(ctx, list[i].text, list[i].kind);

		if (strcmp(got, list[i].values) != 0)
			fail_msg("%s in \"%s\": \"%s\", not \"%s\"",
			    ident_kind_name(list[i].kind), list[i].text, got,
			    list[i].values);
	}
	talloc_free(ctx);
}
#define CHECK(list) check(list, sizeof(list) / sizeof((list)[0]))

static void
test_japan(void **state)
{
	static const struct example list[] = {
	    {IDENT_JVN, "see JVN#31459091", "JVN#31459091"},
	    {IDENT_JVN, "JVN#02030803", "JVN#02030803"},
	    {IDENT_JVN, "ＪＶＮ＃０２０３０８０３の件", "JVN#02030803"},
	    {IDENT_JVN, "JVN♯78187936", "JVN#78187936"},
	    {IDENT_JVN, "件名:jvn # 78187936", "JVN#78187936"},
	    {IDENT_JVN, "JVN\xe2\x80\x8b#78187936", "JVN#78187936"},
	    {IDENT_JVN, "(JVN#\n78187936)", "JVN#78187936"},
	    {IDENT_JVN, "jvn.jp/jp/JVN%23465742E4/ JVN#465742e4",
		"JVN#465742E4"},
	    {IDENT_JVN, "https://jvn.jp/jp/JVN80500630/", "JVN#80500630"},
	    {IDENT_JVN, "http://jvn.jp/jp/JVN%2384798830/index.html",
		"JVN#84798830"},
	    {IDENT_JVN, "https://jvn.jp/en/jp/JVN80500630/index.html",
		"JVN#80500630"},
	    {IDENT_JVN, "JVNVU#96002401 JVNTA#94087669", ""},
	    {IDENT_JVN, "JVN#3145909 JVN#314590911 XJVN#31459091", ""},
	    {IDENT_JVN, "JVN 31459091, JVN31459091", ""},
	    {IDENT_JVN, "JVN#465742E4A", ""},
	    {IDENT_JVNVU, "JVNVU#96002401, JVNVU#92413403",
		"JVNVU#96002401, JVNVU#92413403"},
	    {IDENT_JVNVU, "ＪＶＮＶＵ＃９６００２４０１", "JVNVU#96002401"},
	    {IDENT_JVNVU, "https://jvn.jp/en/vu/JVNVU96002401/index.html",
		"JVNVU#96002401"},
	    {IDENT_JVNVU, "JVNVU#582497", "JVNVU#582497"},
	    {IDENT_JVNVU, "JVNVU#9600240 JVNVU#960024011", ""},
	    {IDENT_JVNTA, "JVNTA#94087669 JVNTA96603741",
		"JVNTA#94087669, JVNTA#96603741"},
	    {IDENT_JVNDB, "JVNDB-2026-000087 jvndb-2018-000024",
		"JVNDB-2026-000087, JVNDB-2018-000024"},
	    {IDENT_JVNDB,
		"https://jvndb.jvn.jp/ja/contents/2018/"
		"JVNDB-2018-000024.html",
		"JVNDB-2018-000024"},
	    {IDENT_JVNDB, "JVNDB-2026-00008", ""},
	    {IDENT_JPCERT, "TN: JPCERT#91837758", "JPCERT#91837758"},
	    {IDENT_JPCERT, "TN:JPCERT＃98968540", "JPCERT#98968540"},
	    {IDENT_JPCERT, "JPCERT/CC: TN#98937191", "JPCERT#98937191"},
	    {IDENT_JPCERT, "ＴＮ＃９８９３７１９１", "JPCERT#98937191"},
	    {IDENT_JPCERT, "VTN#98937191 TN#9893719 JPCERT#989371911", ""},
	    {IDENT_IPA, "取扱番号: IPA#12345678", "IPA#12345678"},
	};
	CHECK(list);
}

/* The subject of a notice: both numbers, and what is in neither. */
static void
test_pair(void **state)
{
	static const char *const subjects[] = {
	    "[VN: JVN#31459091 / TN: JPCERT#91837758] 概要のご連絡",
	    "VN:JVN#31459091/TN:JPCERT#91837758",
	    "ＶＮ：ＪＶＮ＃３１４５９０９１　／　ＴＮ：ＪＰＣＥＲＴ＃９１８３７"
	    "７５８",
	};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		struct reading *r = find(ctx, subjects[i], 0);

		assert_int_equal(r->nidents, 2);
		assert_int_equal(r->idents[0].kind, IDENT_JVN);
		assert_string_equal(r->idents[0].value, "JVN#31459091");
		assert_int_equal(r->idents[1].kind, IDENT_JPCERT);
		assert_string_equal(r->idents[1].value, "JPCERT#91837758");
		assert_int_equal(r->idents[1].part, 0);
	}
	talloc_free(ctx);
}

static void
test_abroad(void **state)
{
	static const struct example list[] = {
	    {IDENT_VU, "VU#943167 [VU#770071] re", "VU#943167, VU#770071"},
	    {IDENT_VU, "vu # 293714", "VU#293714"},
	    {IDENT_VU, "https://kb.cert.org/vuls/id/582497", "VU#582497"},
	    {IDENT_VU, "JVNVU#92413403 ICS-VU-714103 ICS-VU#714103", ""},
	    {IDENT_VU, "VRF#26-09-SFWHW JPCERT#98937191", ""},
	    {IDENT_VU, "VU#12 VU#123456789", ""},
	    {IDENT_VRF, "[VRF#26-09-SFWHW] New, vrf#20-07-gbpvy",
		"VRF#26-09-SFWHW, VRF#20-07-GBPVY"},
	    {IDENT_VRF, "VRF#26-13-ABCDE VRF#26-00-ABCDE VRF#26-09-SFWHWX", ""},
	    {IDENT_ICSVU, "ICS-VU-974568", "ICS-VU-974568"},
	    {IDENT_ICSVU, "ICS-VU-9745681 XICS-VU-974568", ""},
	    {IDENT_ICSA, "ICSMA-26-181-01 icsa-26-260-07 ICSA-26-260-07A",
		"ICSMA-26-181-01, ICSA-26-260-07, ICSA-26-260-07A"},
	    {IDENT_ICSA, "ICSA-26-260-071 ICSA-26-260-07AB", ""},
	    {IDENT_CVE, "CVE-2026-41928", "CVE-2026-41928"},
	    {IDENT_CVE,
		"cve‐2020‑5670 CVE−2020−5671 ＣＶＥー２０２０ー５６７２",
		"CVE-2020-5670, CVE-2020-5671, CVE-2020-5672"},
	    {IDENT_CVE, "CVE-2026-1 CVE-26-41928 XCVE-2026-41928", ""},
	    {IDENT_CVE, "CVE-2026-12345678901234567890", ""},
	    {IDENT_CWE, "CWE-79, cwe-022, CWE-306: x",
		"CWE-79, CWE-22, CWE-306"},
	    {IDENT_CWE, "CWE-123456 CWE-0 CWE-", ""},
	    {IDENT_GHSA, "GHSA-q2q7-5pp4-w6pg GHSA-Q2Q7-5PP4-W6PG",
		"GHSA-q2q7-5pp4-w6pg"},
	    {IDENT_GHSA, "GHSA-q2q7-5pp4-w6pgx GHSA-q2q7-5pp4-w6p1", ""},
	    {IDENT_ZDI, "ZDI-CAN-25373 ZDI-CAN-241 ZDI-24-541",
		"ZDI-CAN-25373, ZDI-CAN-241, ZDI-24-541"},
	    {IDENT_ZDI, "ZDI-CAN-1234567 ZDI-24-54 ZDI-24-54111", ""},
	    {IDENT_TALOS, "TALOS-CAN-0052 TALOS-2016-0037",
		"TALOS-CAN-0052, TALOS-2016-0037"},
	    {IDENT_EUVD, "EUVD-2026-47700 EUVD-2025-4893",
		"EUVD-2026-47700, EUVD-2025-4893"},
	    {IDENT_EUVD, "EUVD-2026-12345678", ""},
	    {IDENT_CNVD, "CNVD-2026-12345 CNVD-C-2026-123456",
		"CNVD-2026-12345, CNVD-C-2026-123456"},
	    {IDENT_CNNVD,
		"CNNVD-202303-1096 CNNVD-201112-017 CNNVD-2026-48284621",
		"CNNVD-202303-1096, CNNVD-201112-017, CNNVD-2026-48284621"},
	    {IDENT_CNNVD, "CNNVD-202505-2026", "CNNVD-202505-2026"},
	    {IDENT_CNVD, "CNNVD-202303-1096", ""},
	    {IDENT_KVE, "KVE-2025-2806 KVE-2023-0095",
		"KVE-2025-2806, KVE-2023-0095"},
	    {IDENT_BDU, "BDU:2025-04927", "BDU:2025-04927"},
	    {IDENT_BDU, "BDU:2025-0492 BDU:2025-049271", ""},
	    {IDENT_WID, "WID-SEC-2026-0834 WID-SEC-W-2026-0834",
		"WID-SEC-2026-0834, WID-SEC-W-2026-0834"},
	    {IDENT_CBK, "CB-K15/1234", "CB-K15/1234"},
	    {IDENT_NCSC, "NCSC-2026-0280, NCSC-2024-0369 [1.01] [M/H]",
		"NCSC-2026-0280, NCSC-2024-0369"},
	    {IDENT_VENDOR, "YSAR-23-0001 SSA-123456",
		"SSA-123456, YSAR-23-0001"},
	    {IDENT_VENDOR, "MESSA-123456 SSA-1234567", ""},
	};
	CHECK(list);
}

static void
test_case(void **state)
{
	static const struct example list[] = {
	    {IDENT_CASE, "Re: [PSIRT-2026-0001] your report",
		"PSIRT-2026-0001"},
	    {IDENT_CASE, "psirt-2026-0001", "PSIRT-2026-0001"},
	    {IDENT_CASE, "ＰＳＩＲＴ－２０２６－０００１の件",
		"PSIRT-2026-0001"},
	    {IDENT_CASE, "ref: PSIRT-2026-12345/1.3.1/7KQ2MX",
		"PSIRT-2026-12345"},
	    {IDENT_CASE, "ACME-PSIRT-2026-0001 XPSIRT-2026-0001", ""},
	    {IDENT_CASE, "PSIRT-2026-001 PSIRT-2026-0001a PSIRT-26-0001", ""},
	};
	void *ctx = talloc_new(NULL);
	struct error err = {0};
	struct idents *own = idents_new(ctx, "A.B", &err);
	struct reading *r = talloc_zero(ctx, struct reading);
	const char *text = "A.B-2026-0001 AxB-2026-0002 PSIRT-2026-0003";

	CHECK(list);
	/* The prefix is no pattern. */
	assert_non_null(own);
	assert_int_equal(
	    idents_find(
		own, normal_new(ctx, text, strlen(text), NULL), 1, r, NULL),
	    0);
	assert_int_equal(r->nidents, 1);
	assert_string_equal(r->idents[0].value, "A.B-2026-0001");
	talloc_free(ctx);
}

static void
test_vectors(void **state)
{
	static const struct example list[] = {
	    {IDENT_CVSS, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"},
	    /* any order, and in small letters */
	    {IDENT_CVSS, "cvss:3.0/a:h/i:n/c:n/s:u/ui:n/pr:n/ac:l/av:n/e:p.",
		"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H/E:P"},
	    {IDENT_CVSS, "(AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H)",
		"AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"},
	    {IDENT_CVSS, "(AV:N/AC:L/Au:N/C:C/I:C/A:C)",
		"AV:N/AC:L/Au:N/C:C/I:C/A:C"},
	    {IDENT_CVSS,
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/"
		"SA:N/E:P",
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/"
		"SA:N/E:P"},
	    {IDENT_CVSS,
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/"
		"SA:N/U:AMBER",
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/"
		"SA:N/U:Amber"},
	    /* a metric missing, a value it has not, one twice */
	    {IDENT_CVSS, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N", ""},
	    {IDENT_CVSS, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:Z", ""},
	    {IDENT_CVSS, "CVSS:3.1/AV:N/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
		""},
	    {IDENT_CVSS,
		"CVSS:4.0/AV:N/AC:L/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N",
		""},
	};
	CHECK(list);
}

static void
test_names_and_labels(void **state)
{
	static const struct example list[] = {
	    {IDENT_CPE, "cpe:2.3:a:vendor:prod\\:x:1.0:*:*:*:*:*:*:*.",
		"cpe:2.3:a:vendor:prod\\:x:1.0:*:*:*:*:*:*:*"},
	    {IDENT_CPE, "CPE:2.3:H:Vendor:XYZ-100:-:*:*:*:*:*:*:*",
		"cpe:2.3:h:vendor:xyz-100:-:*:*:*:*:*:*:*"},
	    {IDENT_CPE, "cpe:2.3:a:vendor:product:1.0", ""},
	    {IDENT_PURL, "pkg:pypi/urllib3@1.26.4 x",
		"pkg:pypi/urllib3@1.26.4"},
	    {IDENT_PURL, "(see PKG:npm/%40Scope/Name@1.0).",
		"pkg:npm/%40Scope/Name@1.0"},
	    {IDENT_PURL, "pkg:pypi/urllib3@1.26.4。以上",
		"pkg:pypi/urllib3@1.26.4"},
	    {IDENT_PURL, "dpkg:amd64/x pkg:/x", ""},
	    {IDENT_TLP, "TLP:AMBER+STRICT", "TLP:AMBER+STRICT"},
	    {IDENT_TLP, "TLP: AMBER", "TLP:AMBER"},
	    {IDENT_TLP, "ＴＬＰ：ＲＥＤ tlp:amber + strict tlp:green",
		"TLP:RED, TLP:AMBER+STRICT, TLP:GREEN"},
	    {IDENT_TLP, "TLP:WHITE", "TLP:CLEAR"},
	    {IDENT_TLP, "TLP:REDDISH TLP:BLUE", ""},
	};
	CHECK(list);
}

/* Several numbers of one matter; each kind finds its own. */
static void
test_several(void **state)
{
	void *ctx = talloc_new(NULL);
	const char *text = "JVNVU#99880454 / JVN#48194211 / CVE-2020-5670";

	assert_string_equal(found(ctx, text, IDENT_JVNVU), "JVNVU#99880454");
	assert_string_equal(found(ctx, text, IDENT_JVN), "JVN#48194211");
	assert_string_equal(found(ctx, text, IDENT_CVE), "CVE-2020-5670");
	assert_int_equal(find(ctx, text, 1)->nidents, 3);
	talloc_free(ctx);
}

/* Once a part; the same in another part is another finding. */
static void
test_once(void **state)
{
	void *ctx = talloc_new(NULL);
	const char *text =
	    "JVN#80500630 jvn.jp/jp/JVN80500630/ ＪＶＮ＃80500630";
	struct reading *r = find(ctx, text, 1);
	struct normal *n = normal_new(ctx, text, strlen(text), NULL);

	assert_int_equal(r->nidents, 1);
	assert_int_equal(idents_find(idents, n, 2, r, NULL), 0);
	assert_int_equal(idents_find(idents, n, 2, r, NULL), 0);
	assert_int_equal(r->nidents, 2);
	assert_int_equal(r->idents[0].part, 1);
	assert_int_equal(r->idents[1].part, 2);
	talloc_free(ctx);
}

/* A flood of one kind hides no other, and fits into the frame. */
static void
test_flood(void **state)
{
	enum { N = 20000, EACH = 40 };
	void *ctx = talloc_new(NULL);
	char *text = talloc_array(ctx, char, N *EACH);
	char *to = text;
	struct reading *r;
	struct buf *out = buf_new(ctx, 1 << 24);

	for (unsigned i = 0; i < N; i++)
		to += snprintf(
		    to, EACH, "CVE-2026-%05u CWE-%u ", 10000 + i, i + 1);
	strcpy(to, "JVN#31459091");
	r = find(ctx, text, 1);
	assert_in_range(r->nidents, 100, 400);
	assert_string_equal(found(ctx, text, IDENT_JVN), "JVN#31459091");
	for (uint32_t part = 2; part < 60; part++) {
		struct normal *n = normal_new(ctx, text, strlen(text), NULL);

		assert_int_equal(idents_find(idents, n, part, r, NULL), 0);
		talloc_free(n);
	}
	assert_int_equal(wire_encode(&reading_wire, r, out, NULL), 0);
	talloc_free(ctx);
}

/* ---- the text itself ---- */

static char *
plain(const void *ctx, const char *text)
{
	struct normal *n = normal_new(ctx, text, strlen(text), NULL);

	assert_int_equal(n->plain_len, strlen(n->plain));
	assert_int_equal(n->folded_len, strlen(n->folded));
	assert_int_equal(n->squeezed_len, strlen(n->squeezed));
	return n->plain;
}

static void
test_normal(void **state)
{
	void *ctx = talloc_new(NULL);
	const char *text = "ＡＢ　c\r\n D\n\n ﾊﾞｰｼﾞｮﾝ";
	struct normal *n = normal_new(ctx, text, strlen(text), NULL);

	assert_string_equal(n->plain, "AB c\r\n D\n\n バージョン");
	assert_string_equal(n->folded, "ab c\r\n d\n\n バージョン");
	assert_string_equal(n->squeezed, "abcd\nバージョン");
	for (size_t i = 0; i < n->squeezed_len; i++)
		assert_int_equal(n->squeezed[i], n->folded[n->at[i]]);
	assert_string_equal(plain(ctx, "e\xcc\x81"), "\xc3\xa9");
	assert_string_equal(
	    plain(ctx, "a\xc2\xad-\xe2\x80\x8d\xe2\x80\x93"), "a--");
	assert_string_equal(plain(ctx, "サーバー"), "サーバー");
	assert_string_equal(plain(ctx, ""), "");
	/* Signs stay apart; styled, joined and wide letters are letters. */
	assert_string_equal(
	    plain(ctx, "①A⑴➊½²ₐª"), " (1) A ((1))  (➊)  (1⁄2)  (2)  (a)  a ");
	assert_string_equal(plain(ctx, "Ⓐ№Ⅱ㎝℡™®"), " A  No  II  cm  TEL   ");
	assert_string_equal(plain(ctx, "𝐀１ﬁℎé〇㈱ー"), "A1fihé〇 (株) ー");
	/* Cut where it stops being UTF-8. */
	assert_string_equal(plain(ctx, "ab\xff"
				       "cd"),
	    "ab");
	talloc_free(ctx);
}

/* What people put before and behind a number: in none of them it ends. */
static void
test_signs(void **state)
{
	static const char *const signs[] = {"①", "⑳", "⑴", "⒈", "⓪", "⓵", "⓿",
	    "❶", "➀", "➊", "㉑", "㊱", "㊿", "㋀", "Ⓐ", "ⓐ", "⒜", "🄰", "🅐", "¹",
	    "²", "³", "⁵", "₅", "ⁿ", "ª", "º", "½", "Ⅰ", "ⅻ", "㈱", "㎝", "№",
	    "℡", "™", "℠", "®", "©", "₨"};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		const char *s = signs[i];
		const char *text = talloc_asprintf(ctx,
		    "%sCVE-2024-12345%s %sICSA-24-001-01%s "
		    "%spkg:npm/a@1%s %sJVN#12345678%s",
		    s, s, s, s, s, s, s, s);

		assert_string_equal(
		    found(ctx, text, IDENT_CVE), "CVE-2024-12345");
		assert_string_equal(
		    found(ctx, text, IDENT_ICSA), "ICSA-24-001-01");
		assert_string_equal(
		    found(ctx, text, IDENT_PURL), "pkg:npm/a@1");
		assert_string_equal(
		    found(ctx, text, IDENT_JVN), "JVN#12345678");
	}
	talloc_free(ctx);
}

/* ---- time ---- */

/* Of the best of three, as the machine has others to serve. */
static double
seconds(const char *unit, size_t times)
{
	double best = 1e9;

	for (unsigned k = 0; k < 3; k++) {
		void *ctx = talloc_new(NULL);
		size_t len = strlen(unit);
		char *text = talloc_array(ctx, char, len *times + 1);
		clock_t start;
		double took;

		for (size_t i = 0; i < times; i++)
			memcpy(text + i * len, unit, len);
		text[len * times] = '\0';
		start = clock();
		find(ctx, text, 1);
		took = (double)(clock() - start) / CLOCKS_PER_SEC;
		best = took < best ? took : best;
		talloc_free(ctx);
	}
	return best;
}

/* Twice the text takes less than four times as long. */
static void
test_time(void **state)
{
	static const char *const units[] = {
	    "\xcc\x81\xcc\xa3", /* marks on nothing, that have to be sorted */
	    "\xef\xbe\x9e\xcc\x81", "①", "\xe0\xbd\xb3\xe0\xbd\xb5", "JVN ",
	    "CVSS:3.1/AV:N/", "AV:N/AC:L/", "pkg:a/", "pkg:aaaaaaaa",
	    "cpe:2.3:a:", "cpe:2.3:a:x\\", "PSIRT-2026-",
	    "TLP: ", "CVE-2026-1111 "};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t times = 300000 / strlen(units[i]);
		double once = seconds(units[i], times);
		double twice = seconds(units[i], 2 * times);

		if (twice > 4 * once + 0.02)
			fail_msg("\"%s\": %.3f s, then %.3f s", units[i], once,
			    twice);
	}
}

/* Marks that have to be sorted cost as characters do, not as their square. */
static void
test_marks(void **state)
{
	double letters = seconds("\xc3\xa9\xc3\xa0", 75000);
	double marks = seconds("\xcc\x81\xcc\xa3", 75000);

	if (marks > 2 * letters)
		fail_msg("%.4f s, not %.4f s", marks, letters);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_japan),
	    cmocka_unit_test(test_pair),
	    cmocka_unit_test(test_abroad),
	    cmocka_unit_test(test_case),
	    cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_names_and_labels),
	    cmocka_unit_test(test_several),
	    cmocka_unit_test(test_once),
	    cmocka_unit_test(test_flood),
	    cmocka_unit_test(test_normal),
	    cmocka_unit_test(test_signs),
	    cmocka_unit_test(test_time),
	    cmocka_unit_test(test_marks),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
