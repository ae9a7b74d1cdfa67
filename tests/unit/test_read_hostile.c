/*
 * test_read_hostile.c - letters cut, spliced and spoiled at random, read for
 * identifiers, fields and products.
 *
 * The seed is fixed, so a failure comes again.  What must hold of every text:
 * values are UTF-8 and not empty, the part is the one given, nothing is there
 * twice, and the reading goes through the wire.  Under SANITIZE=1 every byte
 * that is read or written wrongly is a failure, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <talloc.h>

#include "../../daemon/read/read_internal.h"
#include "psirtd/text.h"

#define MUTATIONS 2000
#define TEXT_MOST 6000

static const char *const samples[] = {
    "VN: JVN#31459091 / TN: JPCERT#91837758\r\n\r\n製品名：ＸＹＺ－１００\r\n"
    "バージョン：2.3.1 およびそれ以前\r\n脆弱性の種類：CWE-22\r\n概要：\r\n"
    "遠隔の第三者が読み出せます。\r\n\r\n再現手順：\r\n(1) "
    "送る\r\n（２）待つ\r\n"
    "以上、よろしくお願いいたします。\r\n",
    "* Title: XYZ-100 stops\n* Organization: Example\n\nVendor:\n=======\n\n"
    "* Software/Product(s) name containing the vulnerability:\nPanel View\n\n"
    "* Is this vulnerability being publicly discussed?  False\n"
    "VU#582497 VRF#26-09-SFWHW CVE-2026-41928 ICS-VU-714103 TLP:AMBER\n",
    "**Product:** xyz - 100\n## Version\n\n2.3\n\n```\nGET / HTTP/1.1\n```\n"
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H\n"
    "cpe:2.3:a:vendor:prod\\:x:1.0:*:*:*:*:*:*:* pkg:pypi/urllib3@1.26.4\n"
    "> Product: quoted\n-- \nName: Robin\n",
    "<p>Product: <b>XYZ</b>-100<br>Version:&nbsp;2 &lt; 3</p><!-- x --><pre>\n"
    "https://jvn.jp/jp/JVN%2384798830/</pre><blockquote>GHSA-q2q7-5pp4-w6pg"
    "</blockquote><script>CVE-2026-1111</script>【影響】停止&#12290;",
    "【製品名】ﾊﾟﾈﾙ か\xe3\x82\x99 e\xcc\x81\xcc\xa3 \xef\xb7\xba\n"
    "■その他\n[1. 脆弱性の種類] CWE-79／CWE-80\nPSIRT-2026-0001/1.3.1\n"
    "-----BEGIN PGP MESSAGE-----\nVersion: 1\n-----END PGP MESSAGE-----\n"
    "再現の状況：□常に ■時々\n━━━━━━\n",
};
#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

/* What breaks parsers, put in anywhere. */
static const char *const pieces[] = {"\n", "\r\n", ":", "：", "】", "[", "<",
    "<!--", "&#x", ">", "JVN#", "CVSS:3.1/", "TLP:", "\xcc\x81", "\xef\xbe\x9e",
    "\xe2\x80\x8b", "\xf0\x9f\x92\xa9", "\xff", "\xe3\x81", "  ",
    "\xe3\x80\x80", "```\n", "=====\n", "**", "1.", "(", "?", "-- \n",
    "\xc4\xb0", "\xe2\x84\xaa"};
#define PIECES (sizeof(pieces) / sizeof(pieces[0]))

struct world {
	struct idents *idents;
	struct labels *labels;
	struct products *products;
	uint64_t random;
};

/* xorshift64: the same on every machine. */
static size_t
below(struct world *w, size_t n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (size_t)(w->random % n);
}

static int
setup(void **state)
{
	static const char *xyz[] = {"XYZ-100", "か゛ XYZ"};
	static const char *panel[] = {"Panel View", "パネル"};
	static const struct read_product list[] = {{xyz, 2, NULL},
	    {panel, 2, "panel.{0,20}view|(パ|ネ)+ル"},
	    {NULL, 0, "([a-z]+-?)+[0-9]+"}};
	struct world *w = talloc_zero(NULL, struct world);

	w->idents = idents_new(w, "PSIRT", NULL);
	w->labels = labels_new(w, NULL);
	w->products = products_new(w, list, 3, NULL);
	w->random = 0x9e3779b97f4a7c15;
	*state = w;
	return w->idents != NULL && w->labels != NULL && w->products != NULL
		   ? 0
		   : -1;
}

static int
teardown(void **state)
{
	talloc_free(*state);
	return 0;
}

static void
insert(struct world *w, char *text, size_t *len, const char *what, size_t n)
{
	size_t at = below(w, *len + 1);

	if (*len + n > TEXT_MOST)
		return;
	memmove(text + at + n, text + at, *len - at);
	memcpy(text + at, what, n);
	*len += n;
}

/* The text of a sample after some accidents; NUL alone never stands in it. */
static size_t
mutate(struct world *w, char text[TEXT_MOST + 1])
{
	const char *from = samples[below(w, SAMPLES)];
	size_t len = strlen(from);

	memcpy(text, from, len);
	for (size_t i = below(w, 12) + 1; i > 0 && len > 0; i--) {
		size_t at = below(w, len);
		size_t n = below(w, len - at) + 1;
		const char *other = samples[below(w, SAMPLES)];
		const char *piece = pieces[below(w, PIECES)];

		switch (below(w, 5)) {
		case 0:
			text[at] = (char)(below(w, 255) + 1);
			break;
		case 1:
			memmove(text + at, text + at + n, len - at - n);
			len -= n;
			break;
		case 2:
			insert(w, text, &len, other, below(w, strlen(other)));
			break;
		case 3:
			for (size_t k = below(w, 40) + 1; k > 0; k--)
				insert(w, text, &len, piece, strlen(piece));
			break;
		default:
			insert(w, text, &len, piece, strlen(piece));
			break;
		}
	}
	text[len] = '\0';
	return len;
}

static void
check_value(const char *value)
{
	assert_non_null(value);
	assert_int_not_equal(value[0], '\0');
	assert_true(text_valid(bytes_str(value)));
}

static void
check_idents(const struct reading *r, uint32_t part)
{
	for (size_t i = 0; i < r->nidents; i++) {
		const struct ident *id = &r->idents[i];

		assert_in_range(id->kind, 1, IDENT_KIND_COUNT - 1);
		assert_int_equal(id->part, part);
		check_value(id->value);
		for (size_t k = 0; k < i; k++)
			assert_false(
			    r->idents[k].kind == id->kind &&
			    strcmp(r->idents[k].value, id->value) == 0);
	}
}

static void
check_reading(const struct reading *r, uint32_t part)
{
	check_idents(r, part);
	for (size_t i = 0; i < r->nfields; i++) {
		const struct field *f = &r->fields[i];

		assert_in_range(f->kind, 1, FIELD_KIND_COUNT - 1);
		assert_int_equal(f->part, part);
		check_value(f->value);
		for (size_t k = 0; k < i; k++)
			assert_false(r->fields[k].kind == f->kind &&
				     strcmp(r->fields[k].value, f->value) == 0);
	}
	for (size_t i = 0; i < r->nhits; i++) {
		assert_in_range(r->hits[i].product, 0, 2);
		assert_int_equal(r->hits[i].part, part);
		assert_int_not_equal(r->hits[i].length, 0);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(
			    r->hits[k].product, r->hits[i].product);
	}
}

static void
check_normal(const struct normal *n)
{
	assert_true(text_valid(bytes_of(n->plain, n->plain_len)));
	assert_true(text_valid(bytes_of(n->folded, n->folded_len)));
	assert_true(text_valid(bytes_of(n->squeezed, n->squeezed_len)));
	for (size_t i = 0; i < n->squeezed_len; i++)
		assert_int_equal(n->squeezed[i], n->folded[n->at[i]]);
}

/* Bytes exactly as long as the text, so that reading on is seen. */
static struct reading *
search(const void *ctx, struct world *w, const char *from, size_t len,
    uint32_t part)
{
	struct reading *r = talloc_zero(ctx, struct reading);
	char *text = talloc_memdup(r, from, len + 1);
	struct normal *n = normal_new(r, text, len, NULL);

	assert_non_null(n);
	check_normal(n);
	assert_int_equal(idents_find(w->idents, n, part, r, NULL), 0);
	assert_int_equal(products_find(w->products, n, part, r, NULL), 0);
	assert_int_equal(labels_find(w->labels, text, len, part, r, NULL), 0);
	check_reading(r, part);
	return r;
}

static void
test_mutations(void **state)
{
	struct world *w = *state;
	char text[TEXT_MOST + 1];
	size_t idents = 0;
	size_t fields = 0;
	size_t hits = 0;

	for (uint32_t i = 0; i < MUTATIONS; i++) {
		void *ctx = talloc_new(NULL);
		size_t len = mutate(w, text);
		struct reading *r = search(ctx, w, text, len, i);
		struct buf *out = buf_new(ctx, 1 << 20);
		char *html = html_text(ctx, text, len);

		assert_int_equal(wire_encode(&reading_wire, r, out, NULL), 0);
		assert_non_null(
		    wire_decode(ctx, &reading_wire, buf_bytes(out), NULL));
		idents += r->nidents;
		fields += r->nfields;
		hits += r->nhits;
		assert_non_null(html);
		search(ctx, w, html, strlen(html), i);
		talloc_free(ctx);
	}
	/* Most of them are still letters that say something. */
	assert_in_range(idents, MUTATIONS / 2, 100 * MUTATIONS);
	assert_in_range(fields, MUTATIONS / 2, 100 * MUTATIONS);
	assert_in_range(hits, MUTATIONS / 2, 100 * MUTATIONS);
}

/* Of a sample, every beginning and every end. */
static void
test_cuts(void **state)
{
	struct world *w = *state;

	for (size_t s = 0; s < SAMPLES; s++) {
		size_t len = strlen(samples[s]);

		for (size_t at = 0; at <= len; at += 3) {
			void *ctx = talloc_new(NULL);
			char *head = talloc_strndup(ctx, samples[s], at);

			search(ctx, w, head, at, 1);
			search(ctx, w, samples[s] + at, len - at, 1);
			html_text(ctx, head, at);
			talloc_free(ctx);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_mutations),
	    cmocka_unit_test(test_cuts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
