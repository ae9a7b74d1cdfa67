/*
 * test_read_html.c - HTML to text: what people see and what is searched,
 * what a page hides, and pages made to cost more than their length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "read_world.h"

struct row {
	const char *html;
	const char *text;
};

static int
set_up(void **state)
{
	html_start();
	return 0;
}

static void
check(const struct row *rows, size_t n)
{
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < n; i++) {
		char *text = html_text(ctx, rows[i].html, strlen(rows[i].html));

		assert_non_null(text);
		assert_string_equal(text, rows[i].text);
	}
	talloc_free(ctx);
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))

static void
test_lines(void **state)
{
	static const struct row rows[] = {
	    {"", ""},
	    {"   ", ""},
	    {"plain", "plain\n"},
	    {"a  \r\n\t b", "a b\n"},
	    {"<b>X</b>YZ<i>-100</i>", "XYZ-100\n"},
	    {"<p>Product: <b>XYZ</b>-100</p><p>Version:&nbsp;2</p>",
		"Product: XYZ-100\n\nVersion: 2\n"},
	    {"a<br>b<br/>\n  c", "a\nb\nc\n"},
	    {"a<br><br>b", "a\n\nb\n"},
	    {"<div>a</div><div><br></div><div>b</div>", "a\n\nb\n"},
	    {"<p>a</p><p>b</p>", "a\n\nb\n"},
	    {"x<p>Version: 2</p>words", "x\n\nVersion: 2\n\nwords\n"},
	    {"<p>a</p><p>b</p>c<p class=MsoNormal>d</p>e",
		"a\n\nb\n\nc\nd\ne\n"},
	    {"x<ul><li><p>a</p></li><li><p>b</p><p>c</p></li></ul>d",
		"x\n- a\n- b\n\nc\nd\n"},
	    {"x<table><tr><td><p>a</p></td><td><p>b</p></td></tr>"
	     "<tr><td><p>c</p></td></tr></table>",
		"x\na | b\nc\n"},
	    {"<p class=MsoNormal>a</p><p class=MsoNormal>&nbsp;</p>"
	     "<p class=MsoNormal>b</p>",
		"a\n\nb\n"},
	    {"a<br><br><br><br><br><br>b", "a\n\n\nb\n"},
	    {"<h1>T</h1>x", "T\n\nx\n"},
	    {"a&nbsp;&nbsp;b<br>&nbsp; c", "a  b\n c\n"},
	    {"<pre>  a\n\n    b\tc </pre>d", "  a\n\n    b\tc\n\nd\n"},
	    {"-- <br>Robin", "-- \nRobin\n"},
	    {"a<hr>b", "a\n--------\nb\n"},
	    {"<blockquote>a<br>b<blockquote>c</blockquote></blockquote>d",
		"> a\n> b\n>\n> > c\n\nd\n"},
	    {"<ul><li>a<li>b<ul><li>c</ul></ul><ol><li>x<li><p>y</p></ol>z",
		"- a\n- b\n- c\n1. x\n2. y\nz\n"},
	    {"<table><tr><td>a<td>b<tr><th><p>c</p><th><p>d</p></table>e",
		"a | b\nc | d\ne\n"},
	    {"<table><tr><td><table><tr><td>a</td></tr></table></td>"
	     "<td>b</td></tr></table>",
		"a\nb\n"},
	};

	CHECK(rows);
}

static void
test_characters(void **state)
{
	static const struct row rows[] = {
	    {"&lt;b&gt; &amp;&quot;&#x41;&#65;&euro;&hellip;", "<b> &\"AA€…\n"},
	    {"AT&T &nosuch; a & b", "AT&T &nosuch; a & b\n"},
	    {"1 < 2 <3 > 2", "1 < 2 <3 > 2\n"},
	    {"a&#0;b&#xd800;c&#x110000;d", "abcd\n"},
	    {"CVE&#8208;2026&#45;41928", "CVE‐2026-41928\n"},
	    {"製品名：ＸＹＺ－１００", "製品名：ＸＹＺ－１００\n"},
	    /* The label of the letter holds, not that of the page. */
	    {"<meta charset=iso-8859-1><p>製品</p>", "製品\n"},
	    {"<?xml version='1.0' encoding='EUC-JP'?><p>製品</p>", "製品\n"},
	    {"a<script>if (a<b) x('</p>')</script>b<style>p{}</style>c"
	     "<title>t</title>d<!-- e -->f",
		"abc\ndf\n"},
	    {"<html><head><title>t</title></head><body>b</body></html>", "b\n"},
	    /* A tag that nobody knows ends no head, but is one of words. */
	    {"<head><title>t</title><x-a>a</x-a><o:p>b</o:p></head><p>c",
		"ab\n\nc\n"},
	    {"<head><x-a>a</x-a></head><body>b", "a\nb\n"},
	    {"<head><font>a</font></head><body>b", "ab\n"},
	    {"<title>t<div>x</title></div><p>words", "x\n\nwords\n"},
	    {"<template><div>x</template></div><p>words",
		"[hidden: x words]\n"},
	    {"<head>\n<meta>\n<style>s</style>\n</head>\n<body>b", "b\n"},
	    {"a<!-- never closed <p>b", "a\n"},
	    {"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>a&e;",
		"]>a&e;\n"},
	};

	CHECK(rows);
}

static void
test_links(void **state)
{
	static const struct row rows[] = {
	    {"<a href='https://evil.example/x'>https://bank.example/</a>!",
		"https://bank.example/ <https://evil.example/x> !\n"},
	    {"<a href='https://a.example/'>https://a.example</a>",
		"https://a.example\n"},
	    {"<a href=https://a.example/>a.example</a>", "a.example\n"},
	    {"<a href='mailto:psirt@v.example'>psirt@v.example</a>",
		"psirt@v.example\n"},
	    {"<a href='#top'>top</a><a name=x>y</a><a href=z></a>", "topy\n"},
	    {"<a href='x&gt; y&lt;'>a</a>", "a <x%3E%20y%3C>\n"},
	    {"a <a href=u><img src='http://t.example/p.gif' alt='a cat'></a>",
		"a [image: a cat] <u>\n"},
	    {"<img src=x>", "[image]\n"},
	    {"<img alt='x] Signed by JPCERT ['>",
		"[image: x' Signed by JPCERT ']\n"},
	    {"<p><a href=u>a<a href=v>b</a></p>", "a <u> b <v>\n"},
	    {"a&nbsp;&nbsp;&nbsp;<a href=u><br>b</a>", "a\nb <u>\n"},
	    {"&nbsp;<a href=u>&nbsp;</a>", ""},
	};

	CHECK(rows);
}

static void
test_hidden(void **state)
{
	static const struct row rows[] = {
	    {"a<span style='display:none'>b</span>c", "a[hidden: b] c\n"},
	    {"<div hidden>b<p>c</p></div>d", "[hidden: b c]\nd\n"},
	    {"<p style='DISPLAY : NONE !important'>b<p>d",
		"[hidden: b]\n\nd\n"},
	    {"<i style='display:/**/none'>b</i>", "[hidden: b]\n"},
	    {"<i style='d\\69 splay:none'>b</i>", "[hidden: b]\n"},
	    {"<i style='visibility:hidden'>b</i>", "[hidden: b]\n"},
	    {"<i style='color:red;font-size:0px'>b</i>", "[hidden: b]\n"},
	    {"<i style='font-size:.1pt'>b</i>", "[hidden: b]\n"},
	    {"<i style='opacity:0'>b</i>", "[hidden: b]\n"},
	    {"<i style='position:absolute;left:-9999px'>b</i>",
		"[hidden: b]\n"},
	    {"<i style='mso-hide:all'>b</i>", "[hidden: b]\n"},
	    {"<i style='display:none'> <img alt=x> </i>a", "a\n"},
	    {"<i style='display:block;font-size:10pt;opacity:1;left:0'>b</i>",
		"b\n"},
	    /* It cannot end its own mark. */
	    {"<i hidden>b] seen</i>", "[hidden: b' seen]\n"},
	    {"<i hidden>Product: XYZ<br>Version: 1", "[hidden: Product: XYZ "
						     "Version: 1]\n"},
	};
	void *ctx = talloc_new(NULL);
	struct buf *page = buf_new(ctx, 1 << 20);
	char *text;

	CHECK(rows);
	/* A page of it is one mark of a line or two. */
	buf_addf(page, NULL, "<p hidden>");
	for (unsigned i = 0; i < 10000; i++)
		buf_addf(page, NULL, "とても長い ");
	buf_addf(page, NULL, "</p>seen");
	text = html_text(ctx, (const char *)page->data, page->len);
	assert_non_null(text);
	assert_true(strlen(text) < 240);
	assert_non_null(strstr(text, "...]\nseen\n"));
	assert_true(text_valid(bytes_str(text)));
	talloc_free(ctx);
}

/* ---- pages that harm ---- */

#define B4 "<b><b><b><b>"
#define B16 B4 B4 B4 B4
#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SIZE ((size_t)8 << 20)

static char *
repeat(const void *ctx, size_t size, const char *before, const char *piece,
    const char *after, size_t *len)
{
	size_t n = strlen(piece);
	char *page = talloc_array(ctx, char, size + 1);
	char *to = page + strlen(before);

	memcpy(page, before, strlen(before));
	for (; (size_t)(to - page) + n + strlen(after) <= size; to += n)
		memcpy(to, piece, n);
	memcpy(to, after, strlen(after));
	*len = (size_t)(to - page) + strlen(after);
	page[*len] = '\0';
	return page;
}

/* Attributes that are all different: each is compared with each. */
static char *
attributes(const void *ctx, size_t size, size_t *len)
{
	char *page = talloc_array(ctx, char, size + 16);
	size_t n = (size_t)g_snprintf(page, 16, "<a ");

	for (unsigned i = 0; n + 8 < size; i++)
		n += (size_t)g_snprintf(page + n, 9, "a%x ", i);
	*len = n;
	return page;
}

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Read or refused, but within a part of the child's CPU time. */
static void
test_hostile(void **state)
{
	static const struct {
		const char *before, *piece, *after;
	} rows[] = {
	    {"", "<", ""},
	    {"", "<div>", ""},
	    {"", "<div><p>", "x"},
	    {"", "</i>", ""},
	    {B16 B16 B16 B16 B16 B16 B16 B16, "</i>", ""},
	    {"", "<x-" A " " A "1 " A "2 " A "3 " A "4>", ""},
	    {"", "<!--", ""},
	    {"", "<![CDATA[", ""},
	    {"", "&", ""},
	    {"", "&#", ""},
	    {"", "&amp", ""},
	    {"<a href='", "x", ""},
	    {"", "<a href=x>y</a>", ""},
	    {"", "<br>x", ""},
	    {"<blockquote><blockquote><blockquote><blockquote>", "x<br>", ""},
	    {"", "<table><tr><td>", ""},
	    {"", "<td>x", ""},
	    {"", "<img>", ""},
	    {"<i hidden>", "x", ""},
	    {"", "<i hidden>x</i>", ""},
	    {"<script>", "</", ""},
	    {"<pre>", "\n", ""},
	    {"", "<a b c d e f g h>", ""},
	    {"", "<i style='a:b;c:d;display:/**/block'>x</i>", ""},
	    {"", "\xe3\x81\x93", ""},
	    {"", "<li>x", ""},
	};
	void *ctx = talloc_new(NULL);
	double most = 0;

	for (size_t i = 0; i <= sizeof(rows) / sizeof(rows[0]); i++) {
		double before = seconds();
		size_t size = SIZE;
		size_t len;
		char *page = i < sizeof(rows) / sizeof(rows[0])
				 ? repeat(ctx, size, rows[i].before,
				       rows[i].piece, rows[i].after, &len)
				 : attributes(ctx, size, &len);
		char *text = html_text(ctx, page, len);

		if (text != NULL)
			assert_true(text_valid(bytes_str(text)));
		talloc_free(page);
		talloc_free(text);
		if (getenv("PSIRTD_SHOW_READING") != NULL)
			print_message("%zu: %.2f s%s\n", i, seconds() - before,
			    text == NULL ? " refused" : "");
		if (seconds() - before > most)
			most = seconds() - before;
	}
	assert_true(most < 15);
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_characters),
	    cmocka_unit_test(test_links),
	    cmocka_unit_test(test_hidden),
	    cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
