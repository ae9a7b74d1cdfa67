/*
 * test_desk_scrub.c - a department's question as it may leave: what a mail
 * says of the house, its people and its machines is out, what it asks stays.
 */
#include "desk_world.h"

#include <stdio.h>

#include "psirtd/procedure.h"

static struct contact people[] = {
    {.name = "山田 花子", .address = "hanako.yamada@mail.vendor.example"},
    {.name = "Ken Tanaka", .address = "ken@vendor.example"},
    {.name = "Will O'Brien", .address = "will@plc.example"},
};
static struct department departments[] = {
    {.name = "plc3", .title = "PLC設計部", .contacts = people, .ncontacts = 2},
    {.name = "design",
	.title = "Product Design Office",
	.contacts = people + 2,
	.ncontacts = 1},
};
static struct operator operators[] = {{.user = "yuki_s"}};
static const char *product_names[] = {"PLC3-100", "Tanaka Link"};
static struct product products[] = {
    {.name = "PLC3-100", .names = product_names, .nnames = 2}};
static const struct settings house = {.address = "psirt@vendor.example",
    .departments = departments,
    .ndepartments = 2,
    .operators = operators,
    .noperators = 1,
    .products = products,
    .nproducts = 1};

struct question {
	const char *text, *want;
};

static const struct question names[] = {
    {"Which version did you test?", "Which version did you test?"},
    {"Ken Tanaka asks which version.", "[…] asks which version."},
    {"ken  tanaka asks", "[…] asks"},
    {"Tanaka-san could not see it.", "[…]-san could not see it."},
    {"tanakas", "tanakas"},
    {"Does the Tanaka Link open?", "Does the Tanaka Link open?"},
    {"Will it crash? Will says yes.", "[…] it crash? […] says yes."},
    {"You will see; he will not.", "You will see; he will not."},
    {"By design, PLC3-100 listens.", "By design, PLC3-100 listens."},
    {"plc3 has no such option", "[…] has no such option"},
    {"the product design office cannot tell", "the […] cannot tell"},
    {"See /home/yuki_s/poc.py", "See /home/[…]/poc.py"},
    {"山田が確認した手順では再現しません。",
	"[…]が確認した手順では再現しません。"},
    {"山田花子が確認", "[…]が確認"},
    {"山　田　　花　子が確認", "[…]が確認"},
    {"ＰＬＣ設計部では再現せず", "[…]では再現せず"},
    {"PLC 設計 部では再現せず", "[…]では再現せず"},
    {"Ｔａｎａｋａ が確認", "[…] が確認"},
};

static const struct question addresses[] = {
    {"Write to ken@vendor.example for it.", "Write to […] for it."},
    {"Write to <ken@vendor.example>.", "Write to <[…]>."},
    {"somebody.else+x@other.example tested", "[…] tested"},
    {"ken＠ｖｅｎｄｏｒ．ｅｘａｍｐｌｅへ", "[…]へ"},
    {"ask ken [at] vendor.example", "ask […]"},
    {"see <20261125.ABC@mail.vendor.example> there", "see <[…]> there"},
    {"on build7.plc.vendor.example it works", "on […] it works"},
    {"http://wiki.vendor.example/x", "http://[…]/x"},
    {"from git.corp.local", "from […]"},
    {"\\\\filer\\plc\\poc.zip holds it", "[…] holds it"},
    {"the PLC at 192.168.1.20:502 answers", "the PLC at […]:502 answers"},
    {"172.20.1.1 and 172.40.1.1", "[…] and 172.40.1.1"},
    {"the host 198.51.100.7 of the report", "the host 198.51.100.7 of the "
					    "report"},
    {"Version 2.4.1 of example.org", "Version 2.4.1 of example.org"},
    {"as in https://jvn.jp/vu/", "as in https://jvn.jp/vu/"},
};

static const struct question lines[] = {
    {"Hi PSIRT,\n\nWhich version?\n\nBest regards,\nKen\n", "Which version?"},
    {"Hi, which version?", "which version?"},
    {"Dear all,\nThank you for your mail.\nWhich version?\nThanks,\n",
	"Which version?"},
    {"お疲れ様です。設計部の山田です。\n\n検証環境のバージョンを教えてください"
     "。"
     "\n\n以上、よろしくお願いいたします。\n",
	"検証環境のバージョンを教えてください。"},
    {"PSIRT各位\nお世話になっております。\n佐藤です。\nどの設定ですか？",
	"どの設定ですか？"},
    {"お疲れ様です。再現環境はWindowsです。よいですか？",
	"再現環境はWindowsです。よいですか？"},
    {"再現環境はWindowsです。\nこれでよいですか？",
	"再現環境はWindowsです。\nこれでよいですか？"},
    {"Which version?\n-- \nKen Tanaka\n+81 3 1234 5678\n", "Which version?"},
    {"どの版ですか？\n\n━━━━━━━━━━\n株式会社ベンダ PLC設計部\n"
     "山田 花子\nTEL 03-1234-5678\n━━━━━━━━━━\n",
	"どの版ですか？"},
    {"どの版ですか？\n*****************\n設計部　内線1234\n*****************",
	"どの版ですか？"},
    /* a rule in what is asked is none of a signature */
    {"Is this the header?\n----------\n00 01 02\n----------\nand this the "
     "end?",
	"Is this the header?\n----------\n00 01 02\n----------\nand this the "
	"end?"},
    {"Which version?\n\nSent from my iPhone", "Which version?"},
    {"ref: PSIRT-2026-0001/2.1.1/7KQ2MX\nWhich version?", "Which version?"},
    {"Message-ID: <x@y>\nReceived: from a\n by b\nX-Mailer: Z\nWhich?",
	"Which?"},
    {"X-axis or y-axis?", "X-axis or y-axis?"},
    {"One?\n\n\n\nTwo?\r\n", "One?\n\nTwo?"},
    {"Ken Tanaka\nWhich version?", "Which version?"},
    {"", ""},
    {"お疲れ様です。\n", ""},
};

static const struct question quotations[] = {
    {"Which version?\n> the finder says 2.4\n>> more", "Which version?"},
    {"Which version?\n\nOn Wed, 25 Nov 2026 at 10:00, PSIRT wrote:\n> x",
	"Which version?"},
    {"Which?\n\nOn Wed, 25 Nov 2026 at 10:00, The Desk of the Vendor\n"
     "<psirt@vendor.example> wrote:\n> x",
	"Which?"},
    {"どの版ですか？\n\n2026年11月25日(水) 10:00 PSIRT "
     "<psirt@vendor.example>:\n> x",
	"どの版ですか？"},
    {"どの版ですか？\n\nPSIRT さんは書きました:\n| x", "どの版ですか？"},
    {"Which?\n\n-----Original Message-----\nFrom: PSIRT\nSent: Wed\n\nx",
	"Which?"},
    {"どの版？\n\n________________________________\n差出人: PSIRT\n送信日時: "
     "水\n宛先: 山田\n\nx",
	"どの版？"},
    {"どの版？\n\n----- 元のメッセージ -----\nx", "どの版？"},
    {"Which?\n\nFrom: PSIRT <psirt@vendor.example>\nDate: Wed\nTo: Ken\n\nx",
	"Which?"},
    {"Which?\n\nBegin forwarded message:\n\nx", "Which?"},
};

static void
check(const struct question *q, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *is = desk_scrub(NULL, &house, q[i].text);

		assert_non_null(is);
		if (strcmp(is, q[i].want) != 0)
			fail_msg(
			    "%s\nwant: %s\nis:   %s", q[i].text, q[i].want, is);
		talloc_free(is);
	}
}

static void
test_names(void **state)
{
	check(names, COUNT_OF(names));
}

static void
test_addresses(void **state)
{
	check(addresses, COUNT_OF(addresses));
}

static void
test_lines(void **state)
{
	check(lines, COUNT_OF(lines));
}

static void
test_quotations(void **state)
{
	check(quotations, COUNT_OF(quotations));
}

/* What was scrubbed once is not changed by it again. */
static void
test_twice(void **state)
{
	static const struct {
		const struct question *q;
		size_t n;
	} tables[] = {{names, COUNT_OF(names)},
	    {addresses, COUNT_OF(addresses)}, {lines, COUNT_OF(lines)},
	    {quotations, COUNT_OF(quotations)}};

	for (size_t i = 0; i < COUNT_OF(tables); i++)
		for (size_t k = 0; k < tables[i].n; k++) {
			char *is =
			    desk_scrub(NULL, &house, tables[i].q[k].want);

			assert_string_equal(is, tables[i].q[k].want);
			talloc_free(is);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_quotations),
	    cmocka_unit_test(test_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
