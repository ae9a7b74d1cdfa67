/*
 * test_read_field.c - report fields by their labels: the forms people send,
 * what is no field, and hostile text.
 *
 * The forms follow the order and labels of public ones; what stands in them
 * is made up.
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

static struct labels *labels;

static int
setup(void **state)
{
	labels = labels_new(NULL, NULL);
	return labels != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	talloc_free(labels);
	return 0;
}

static struct reading *
find(const void *ctx, const char *text)
{
	struct reading *r = talloc_zero(ctx, struct reading);

	assert_int_equal(
	    labels_find(labels, text, strlen(text), 2, r, NULL), 0);
	for (size_t i = 0; i < r->nfields; i++) {
		assert_int_equal(r->fields[i].part, 2);
		assert_in_range(r->fields[i].kind, 1, FIELD_KIND_COUNT - 1);
		assert_true(text_valid(bytes_str(r->fields[i].value)));
	}
	return r;
}

/* "product=XYZ-100|version=2", line ends as "/". */
static char *
all(const void *ctx, const char *text)
{
	struct reading *r = find(ctx, text);
	char *out = talloc_strdup(ctx, "");

	for (size_t i = 0; i < r->nfields; i++)
		out = talloc_asprintf_append(out, "%s%s=%s", i > 0 ? "|" : "",
		    field_kind_name(r->fields[i].kind), r->fields[i].value);
	for (char *s = out; *s != '\0'; s++)
		if (*s == '\n')
			*s = '/';
	return out;
}

static void
check(const char *const (*list)[2], size_t n)
{
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < n; i++) {
		char *got = all(ctx, list[i][0]);

		if (strcmp(got, list[i][1]) != 0)
			fail_msg("\"%s\":\n  %s\nnot\n  %s", list[i][0], got,
			    list[i][1]);
	}
	talloc_free(ctx);
}
#define CHECK(list) check(list, sizeof(list) / sizeof((list)[0]))

static void
test_one_line(void **state)
{
	static const char *const list[][2] = {
	    {"Product: XYZ-100", "product=XYZ-100"},
	    {"PRODUCT :  XYZ-100  \r\n", "product=XYZ-100"},
	    {"製品名：XYZ-100", "product=XYZ-100"},
	    {"　製品名　：　ＸＹＺ－１００　", "product=ＸＹＺ－１００"},
	    {"ﾊﾞｰｼﾞｮﾝ: 2", "version=2"},
	    {"ファームウェア：2.3.1", "version=2.3.1"},
	    {"ファームウェアのバージョン：2", "version=2"},
	    {"ファームウエアのバージョン：2", "version=2"},
	    {"1. 製品名: A", "product=A"},
	    {"1．製品名：A", "product=A"},
	    {"(1) 製品名: A", "product=A"},
	    {"（１）製品名：A", "product=A"},
	    {"1-2) 製品名: A", ""},
	    {"2.1. 製品名: A", "product=A"},
	    {"①製品名：A", "product=A"},
	    {"a) Product: A", "product=A"},
	    {"・製品名：A", "product=A"},
	    {"■製品名：A", "product=A"},
	    {"◆ 3) 製品名：A", "product=A"},
	    {"【製品名】A", "product=A"},
	    {"【製品名】：A", "product=A"},
	    {"【 1. 製品名 】 A", "product=A"},
	    {"［製品名］A", "product=A"},
	    {"[Product] A", "product=A"},
	    {"[Product]: A", "product=A"},
	    {"* Product: A", "product=A"},
	    {"- **Product**: A", "product=A"},
	    {"**Product:** A", "product=A"},
	    {"## Product: A", "product=A"},
	    {"製品名（型番）：A", "product=A"},
	    {"製品名 / Product name: A", "product=A"},
	    {"Affected version(s): < 2.4", "version=< 2.4"},
	    {"CVSS: CVSS:3.1/AV:N/AC:L", "score=CVSS:3.1/AV:N/AC:L"},
	    {"CVSS:3.1/AV:N/AC:L/PR:N", "score=CVSS:3.1/AV:N/AC:L/PR:N"},
	    {"Actively exploited? yes", "exploited=yes"},
	    {"悪用の有無？：あり", "exploited=あり"},
	    /* where a link of theirs went is no part of some */
	    {"Version: 2.3.1 <https://x.example/?q=secret>\n", "version=2.3.1"},
	    {"Product: A <https://a.example/>, <https://b.example/> B <x:>\n",
		"product=A, B"},
	    {"Version: < 2.4 and > 2.0\n", "version=< 2.4 and > 2.0"},
	    {"Version: 2 <beta> 3 <a:b c>\n", "version=2 <beta> 3 <a:b c>"},
	    {"PGP key: on my page <https://x.example/>\n",
		"key=on my page <https://x.example/>"},
	    /* rows of a table, and the heads of one */
	    {"Product | XYZ-100\nVersion | 2.3\n",
		"product=XYZ-100|version=2.3"},
	    {"| 製品名 | XYZ-100 |\n|---|---|\n|バージョン|2.3|\n",
		"product=XYZ-100|version=2.3"},
	    {"| Product | Version |\n|---|---|\n| XYZ-100 | 2.3 |\n", ""},
	    {"Product | Version | Vendor\n", ""},
	    {"Product | a | b\n|\n||\n| |\n", ""},
	};
	CHECK(list);
}

static void
test_no_field(void **state)
{
	static const char *const list[][2] = {
	    {"", ""},
	    {"Product:", ""},
	    {"Product:\nVersion:\n\n", ""},
	    {"Dear colleagues: the product is bad", ""},
	    {"The product: XYZ-100", ""},
	    {"https://vendor.example/product: x", ""},
	    {"> Product: A\n>> Version: 1\n ＞製品名：B", ""},
	    {"I like\nVersion\nnumbers", ""},
	    {"Hello,\n-- \nName: Robin\nPhone: 1\n", ""},
	    {"-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: GnuPG v2\n\n"
	     "mQ==\n-----END PGP PUBLIC KEY BLOCK-----\n",
		""},
	    {"-----BEGIN PGP MESSAGE-----\nVersion: GnuPG v2\n\nno end", ""},
	    {"```\nVersion: 1\n```\n", ""},
	    {"12:30 Version", ""},
	    {":\n::\n：\n?\n", ""},
	};
	CHECK(list);
}

static void
test_lines_below(void **state)
{
	static const char *const list[][2] = {
	    {"Product:\nXYZ-100\nVersion:\n\n2.3\n",
		"product=XYZ-100|version=2.3"},
	    {"■製品名\nXYZ-100\n■バージョン\n2.3\n",
		"product=XYZ-100|version=2.3"},
	    {"## Product\n\nXYZ-100\n\n## Version\n\n2.3\n",
		"product=XYZ-100|version=2.3"},
	    {"Summary\n=======\nOne.\n\nTwo.\n\nImpact\n------\nAll.\n",
		"summary=One.//Two.|impact=All."},
	    {"hello\n\nSummary\nOne.\n", "summary=One."},
	    {"Exploit\n\n: \nOne.\n", "poc=One."},
	    {"Product\n\n：\n", ""},
	    {"Product: \fA\f\nVersion: 1\f\n", "product=A|version=1"},
	    /* a list of a short field, until the empty line */
	    {"Affected products:\n- A\n- B\n\nother text\n", "product=- A/- B"},
	    /* folded */
	    {"Impact: one,\n  two\n\nthree", "impact=one,/  two"},
	    {"Product: A\nHardware: rev B\nVersion: 1", "product=A|version=1"},
	    /* a short value ends with the label's line */
	    {"Version: 2.3.1\nthe password is hunter2\n", "version=2.3.1"},
	    {"Vulnerability type: overflow\nGET /secret is\nwhat does it\n",
		"type=overflow"},
	    {"  Version: 2.3.1\n  the password is hunter2\n", "version=2.3.1"},
	    {"　バージョン：2.3.1\n　合言葉は\n", "version=2.3.1"},
	    {"|Version | 2.3.1|\nthe password\n", "version=2.3.1"},
	    {"Version: 2.3.1\n```\nthe password\n```\n", "version=2.3.1"},
	    /* but for what is folded, and for lists */
	    {"Product: XYZ-100 in the\n  long cabinet\nand my words\n",
		"product=XYZ-100 in the/  long cabinet"},
	    {"製品名：XYZ-100、\nXYZ-200\n以前のもの\n",
		"product=XYZ-100、/XYZ-200"},
	    {"Product: XYZ-100,\nXYZ-200,\nXYZ-300\nand my words\n",
		"product=XYZ-100,/XYZ-200,/XYZ-300"},
	    {"Summary: It stops\nand does not start.\n",
		"summary=It stops/and does not start."},
	    /* steps keep their numbers, paragraphs and fences */
	    {"Steps to reproduce:\n1. start\n2. send:\n\n```\nVersion: 9\n"
	     "-----\n```\n\n3. stop\n\nImpact: x",
		"steps=1. start/2. send://```/Version: 9/-----/```//3. stop"
		"|impact=x"},
	    /* until a heading of something else, a rule, a farewell, a quote */
	    {"概要：\nあああ\n\n■その他の項目\nいいい", "summary=あああ"},
	    {"概要：\nあああ\n\n【補足】\nいいい", "summary=あああ"},
	    {"概要：\nあああ\n\n----------\nいいい", "summary=あああ"},
	    {"概要：\nあああ\n\n━━━━━\nいいい", "summary=あああ"},
	    {"概要：\nあああ\n\n以上、よろしくお願いいたします。\n山田",
		"summary=あああ"},
	    {"Summary:\nOne.\n\nBest regards,\nRobin\n", "summary=One."},
	    {"Summary:\nOne.\n> old\nTwo.\n", "summary=One."},
	    {"Summary:\nOne.\n-- \nRobin\n", "summary=One."},
	    {"Summary:\n\n\n\nfar below", ""},
	    /* boxes to tick are no heading */
	    {"再現の状況：\n■常に □時々 □まれに\n",
		"steps=■常に □時々 □まれに"},
	    {"PGP key:\nattached\n-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
	     "Version: 1\n-----END PGP PUBLIC KEY BLOCK-----\nCredit: yes\n",
		"key=attached|credit=yes"},
	    {"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nProduct: A\n"
	     "-----BEGIN PGP SIGNATURE-----\nVersion: 2\n\nx\n"
	     "-----END PGP SIGNATURE-----\n",
		"product=A"},
	};
	CHECK(list);
}

static const char japanese[] =
    "ソフトウエア製品の届出です。\r\n"
    "====================================\r\n"
    "1. 届出者情報\r\n"
    "  1) 氏名：山田 太郎\r\n"
    "  2) 所属：架空研究所\r\n"
    "  3) 電子メールアドレス：yamada@research.example\r\n"
    "  4) 届出者情報の開示：□可 ■不可\r\n"
    "\r\n"
    "====================================\r\n"
    "2. 脆弱性関連情報\r\n"
    "  1) 脆弱性を確認したソフトウェア等に関する情報\r\n"
    "     ・名称：XYZ-100\r\n"
    "     ・バージョン：2.3.1\r\n"
    "     ・パッチレベル：なし\r\n"
    "  2) 脆弱性の種類：CWE-79\r\n"
    "  3) 再現手順：\r\n"
    "     (1) 画面を開く\r\n"
    "     (2) 文字列を入れる\r\n"
    "\r\n"
    "     (3) 保存する\r\n"
    "  4) 再現の状況：常に\r\n"
    "  5) 脆弱性により発生しうる脅威：\r\n"
    "     任意のスクリプトが動きます。\r\n"
    "  6) 回避策：\r\n"
    "  7) 検証コード：添付\r\n"
    "\r\n"
    "====================================\r\n"
    "3. IPA以外の組織への届出について\r\n"
    "  なし\r\n"
    "====================================\r\n"
    "以上\r\n";

static void
test_japanese(void **state)
{
	void *ctx = talloc_new(NULL);

	assert_string_equal(all(ctx, japanese),
	    "reporter=山田 太郎|reporter=架空研究所|"
	    "reporter=yamada@research.example|share=□可 ■不可|"
	    "product=XYZ-100|version=2.3.1|version=なし|type=CWE-79|"
	    "steps=(1) 画面を開く/     (2) 文字列を入れる//"
	    "     (3) 保存する|steps=常に|"
	    "impact=任意のスクリプトが動きます。|poc=添付|others=なし");
	talloc_free(ctx);
}

static const char vince[] =
    "NEW VULNERABILITY REPORT\n"
    "========================\n"
    "\n"
    "* VRF#26-09-SFWHW\n"
    "* Title: XYZ-100 stops\n"
    "* Date Submitted: 2026-09-01\n"
    "\n"
    "\n"
    "Coordination Status:\n"
    "====================\n"
    "\n"
    "* Reporter contacted vendor: True\n"
    "\n"
    "Vendor:\n"
    "=======\n"
    "\n"
    "* Organization: Example Vendor\n"
    "\n"
    "* Are multiple vendors affected? False\n"
    "\n"
    "\n"
    "Vulnerability:\n"
    "==============\n"
    "\n"
    "* Software/Product(s) name containing the vulnerability:\n"
    "XYZ-100\n"
    "\n"
    "* Software/Product(s) version number(s) containing the vulnerability:\n"
    "2.3 and before\n"
    "\n"
    "* Significant ICS/OT Impact? True\n"
    "\n"
    "* Please describe the vulnerability:\n"
    "The parser copies too much.\n"
    "\n"
    "It does so twice.\n"
    "\n"
    "* How may an attacker exploit this vulnerability?\n"
    "By one request.\n"
    "\n"
    "* What is the impact of exploiting this vulnerability?\n"
    "It stops.\n"
    "\n"
    "* How did you find the vulnerability?\n"
    "By chance.\n"
    "\n"
    "* Is this vulnerability being publicly discussed?  False\n"
    "\n"
    "* Is there evidence that this vulnerability is being actively exploited? "
    "False\n"
    "\n"
    "* Do you have plans to publicly disclose this vulnerability? True\n"
    "* Please explain and indicate a target date, if chosen:\n"
    "In 90 days.\n"
    "\n"
    "\n"
    "Attached File:\n"
    "==============\n"
    "\n"
    "* Attached Filename : poc.py\n"
    "\n"
    "Reporter:\n"
    "=========\n"
    "* Name: Robin Finder\n"
    "* Organization: Example Research\n"
    "* Email: robin@research.example\n"
    "\n"
    "* May we provide your contact information to the vendor? True\n"
    "\n"
    "* Do you want to be publicly acknowledged? False\n"
    "\n"
    "* PGP Key: Not provided\n"
    "\n";

static void
test_vince(void **state)
{
	void *ctx = talloc_new(NULL);

	assert_string_equal(all(ctx, vince),
	    "summary=XYZ-100 stops|vendor=Example Vendor|product=XYZ-100|"
	    "version=2.3 and before|"
	    "summary=The parser copies too much.//It does so twice.|"
	    "impact=By one request.|impact=It stops.|steps=By chance.|"
	    "public=False|exploited=False|disclosure=True|"
	    "disclosure=In 90 days.|reporter=Robin Finder|"
	    "reporter=Example Research|reporter=robin@research.example|"
	    "share=True|credit=False|key=Not provided");
	talloc_free(ctx);
}

/* As makers ask for it on their pages; and both languages at once. */
static void
test_short_forms(void **state)
{
	static const char *const list[][2] = {
	    {"お世話になっております。\n\n製品等：XYZ-100\nバージョン：2.3\n"
	     "脆弱性の種類：パストラバーサル\n脆弱性の詳細な再現手順：\n"
	     "GET を送る\n\n応答を見る\n\nよろしくお願いいたします。\n山田\n",
		"product=XYZ-100|version=2.3|type=パストラバーサル|"
		"steps=GET を送る//応答を見る"},
	    {"対象製品・サービスの名称\n：XYZ-100\n\n"
	     "・脆弱性の内容・想定される影響\n停止します\n",
		"product=XYZ-100|summary=停止します"},
	    {"製品名 (Product): XYZ-100\nVersion / バージョン: 2.3\n"
	     "影響：\nIt stops.\n\n二度と動きません。\n\nSeverity: high\n",
		"product=XYZ-100|version=2.3|"
		"impact=It stops.//二度と動きません。|score=high"},
	    {"Product: A\nProduct: A\nProduct: B\n", "product=A|product=B"},
	};
	CHECK(list);
}

/* ---- hostile ---- */

static char *
repeat(const void *ctx, const char *unit, size_t times)
{
	size_t len = strlen(unit);
	char *text = talloc_array(ctx, char, len *times + 1);

	for (size_t i = 0; i < times; i++)
		memcpy(text + i * len, unit, len);
	text[len * times] = '\0';
	return text;
}

static void
test_long_line(void **state)
{
	void *ctx = talloc_new(NULL);
	char *line = repeat(ctx, "あいう", 120000); /* 1 MB */
	struct reading *r =
	    find(ctx, talloc_asprintf(ctx, "Product: %s\nVersion: 2\n", line));

	assert_int_equal(r->nfields, 2);
	assert_in_range(strlen(r->fields[0].value), 900, 1000);
	assert_string_equal(r->fields[1].value, "2");
	r = find(ctx, talloc_asprintf(ctx, "%s: 1\nSummary:\n%s", line, line));
	assert_int_equal(r->nfields, 1);
	assert_in_range(strlen(r->fields[0].value), 16000, 16384);
	talloc_free(ctx);
}

static void
test_many_labels(void **state)
{
	enum { N = 100000, EACH = 20 };
	void *ctx = talloc_new(NULL);
	char *text = talloc_array(ctx, char, N *EACH);
	char *to = text;
	struct buf *out = buf_new(ctx, 1 << 24);
	struct reading *r;

	for (unsigned i = 0; i < N; i++)
		to += snprintf(to, EACH, "Version: %u\n", i);
	r = find(ctx, text);
	assert_in_range(r->nfields, 100, 200);
	assert_string_equal(r->fields[99].value, "99");
	for (uint32_t part = 3; part < 60; part++)
		assert_int_equal(
		    labels_find(labels, text, strlen(text), part, r, NULL), 0);
	assert_in_range(r->nfields, 2000, 4096);
	assert_int_equal(wire_encode(&reading_wire, r, out, NULL), 0);
	talloc_free(ctx);
}

static void
test_not_utf8(void **state)
{
	void *ctx = talloc_new(NULL);

	assert_string_equal(all(ctx, "Product: A\nVersion: 1\xff\nCredit: x"),
	    "product=A|version=1");
	assert_string_equal(all(ctx, "\x80Product: A"), "");
	talloc_free(ctx);
}

static double
seconds(const char *unit, size_t times)
{
	void *ctx = talloc_new(NULL);
	char *text = repeat(ctx, unit, times);
	double best = 1e9;

	for (unsigned k = 0; k < 3; k++) {
		clock_t start = clock();
		double took;

		find(ctx, text);
		took = (double)(clock() - start) / CLOCKS_PER_SEC;
		best = took < best ? took : best;
	}
	talloc_free(ctx);
	return best;
}

/* Twice the text takes less than four times as long. */
static void
test_time(void **state)
{
	static const char *const units[] = {":", "?", "a:\n", "a?", "1.", "1.1",
	    "(", "【", "【a", "- ", "・", "■■\n", "製品：\n", "製品：x\n", "\n",
	    " ", "　", "=", "-\n", "> ", "```\n", "-----BEGIN PGP\n", "a/",
	    "** ", "Summary:\nx\n\n", "Name\n\n", "\r\n", "以上\n"};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t times = 400000 / strlen(units[i]);
		double once = seconds(units[i], times);
		double twice = seconds(units[i], 2 * times);

		if (twice > 4 * once + 0.02)
			fail_msg("\"%s\": %.3f s, then %.3f s", units[i], once,
			    twice);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_line),
	    cmocka_unit_test(test_no_field),
	    cmocka_unit_test(test_lines_below),
	    cmocka_unit_test(test_japanese),
	    cmocka_unit_test(test_vince),
	    cmocka_unit_test(test_short_forms),
	    cmocka_unit_test(test_long_line),
	    cmocka_unit_test(test_many_labels),
	    cmocka_unit_test(test_not_utf8),
	    cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
