/*
 * read_world.h - a reader as a vendor would set it up, and a reading as plain
 * lines of text, for the tests of the read room.
 */
#ifndef READ_WORLD_H
#define READ_WORLD_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#include "../../daemon/read/read_internal.h"
#include "psirtd/clock.h"
#include "psirtd/text.h"

static inline void
world_setup(struct read_setup *setup)
{
	static const char *plc[] = {"XYZ-100", "XYZ 100 controller"};
	static const char *panel[] = {"制御盤アルファ"};
	static struct read_product products[] = {
	    {plc, 2, NULL},
	    {panel, 1, NULL},
	    {NULL, 0, "QQ-[0-9]{4}"},
	};

	memset(setup, 0, sizeof(*setup));
	setup->case_prefix = "PSIRT";
	setup->products = products;
	setup->nproducts = sizeof(products) / sizeof(products[0]);
	setup->max_parts = 40;
	setup->max_depth = 8;
	setup->max_fields = 1000;
	setup->max_addresses = 500;
	setup->wall_ms = 20000;
	setup->cpu_s = 10;
	setup->memory_mb = 1024;
}

static inline struct reader *
world_reader(const void *ctx)
{
	struct error err = {0};
	struct read_setup setup;
	struct reader *reader;

	world_setup(&setup);
	reader = reader_new(ctx, &setup, &err);
	if (reader == NULL)
		fprintf(stderr, "reader: %s\n", err.text);
	return reader;
}

/* ---- a reading as lines ---- */

static inline char *
world_flags(const void *ctx, uint32_t flags, const char *const *names, size_t n)
{
	char *text = talloc_strdup(ctx, "");

	for (size_t i = 0; i < n; i++)
		if ((flags & 1u << i) != 0)
			text = talloc_asprintf(ctx, "%s%s%s", text,
			    text[0] != '\0' ? "," : "", names[i]);
	return text;
}

static inline void
world_people(struct buf *out, const char *field,
    const struct mail_address *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].name != NULL)
			buf_addf(out, NULL, "%s: %s <%s>\n", field,
			    text_escape(out, list[i].name, false),
			    list[i].address);
		else
			buf_addf(
			    out, NULL, "%s: <%s>\n", field, list[i].address);
	}
}

static inline void
world_line(struct buf *out, const char *field, const char *value)
{
	if (value != NULL)
		buf_addf(out, NULL, "%s: %s\n", field,
		    text_escape(out, value, false));
}

static inline void
world_headers(struct buf *out, const struct headers *h)
{
	static const char *const flags[] = {"auto-submitted", "list", "bulk",
	    "null-return-path", "report", "auto-response", "out-of-office",
	    "psirtd", "suppress"};

	world_people(out, "from", h->from, h->nfrom);
	world_people(out, "sender", h->sender, h->nsender);
	world_people(out, "reply-to", h->reply_to, h->nreply_to);
	world_people(out, "to", h->to, h->nto);
	world_line(out, "return-path", h->return_path);
	world_line(out, "subject", h->subject);
	world_line(out, "message-id", h->message_id);
	for (size_t i = 0; i < h->nreferences; i++)
		world_line(out, "reference", h->references[i]);
	world_line(out, "auto-submitted", h->auto_submitted);
	if (h->date != 0)
		world_line(out, "date", clock_rfc5322(out, h->date));
	if (h->received != 0)
		world_line(out, "received", clock_rfc5322(out, h->received));
	if (h->flags != 0)
		world_line(out, "flags",
		    world_flags(out, h->flags, flags,
			sizeof(flags) / sizeof(flags[0])));
}

/* Text with all its lines, bytes by their number and their first line. */
static inline void
world_content(struct buf *out, const struct part *p, struct bytes data)
{
	struct bytes b = p->content;
	char *text;
	size_t n = 0;

	if (p->kind == PART_SIGNED)
		b = bytes_span(data, (uint64_t)p->off, (uint64_t)p->len);
	if (p->kind == PART_TEXT || p->kind == PART_DSN) {
		text = text_escape(out, (const char *)b.data, true);
		buf_addf(out, NULL, "\n");
		for (char *line = text; *line != '\0'; line += n) {
			n = strcspn(line, "\n");
			buf_addf(out, NULL, "  | %.*s\n", (int)n, line);
			n += line[n] == '\n';
		}
		return;
	}
	while (n < b.len && n < 60 && b.data[n] >= ' ' && b.data[n] < 0x7f)
		n++;
	buf_addf(out, NULL, " bytes=%zu: %.*s", b.len, (int)n,
	    b.data != NULL ? (const char *)b.data : "");
	if (p->kind == PART_SIGNED) {
		size_t tail = b.len;

		while (
		    tail > 2 && b.len - tail < 40 && b.data[tail - 3] != '\n')
			tail--;
		buf_addf(out, NULL, " ... %s (signature=%zu)",
		    text_escape(out,
			bytes_text(out, bytes_span(b, tail, b.len - tail)),
			false),
		    p->signature.len);
	}
	buf_addf(out, NULL, "\n");
}

static inline void
world_parts(struct buf *out, const struct reading *r, struct bytes data)
{
	static const char *const flags[] = {"lossy", "guessed", "in-text",
	    "attached", "html", "repeated", "archive", "header", "forwarded"};

	for (size_t i = 0; i < r->nparts; i++) {
		const struct part *p = &r->parts[i];

		buf_addf(out, NULL, "part %zu %s %s depth=%u", i + 1,
		    part_kind_name(p->kind), p->type, p->depth);
		if (p->within != 0)
			buf_addf(out, NULL, " within=%u", p->within);
		if (p->charset != NULL)
			buf_addf(out, NULL, " charset=%s", p->charset);
		if (p->flags != 0)
			buf_addf(out, NULL, " flags=%s",
			    world_flags(out, p->flags, flags,
				sizeof(flags) / sizeof(flags[0])));
		if (p->name != NULL)
			buf_addf(out, NULL, " name=%s",
			    text_escape(out, p->name, false));
		world_content(out, p, data);
	}
}

/* The whole reading, a talloc string. */
static inline char *
world_render(const void *ctx, const struct reading *r, struct bytes data)
{
	struct buf *out = buf_new(ctx, (size_t)64 << 20);

	world_headers(out, &r->headers);
	if (r->inner_within != 0 || r->inner.subject != NULL ||
	    r->inner.nfrom > 0)
		buf_addf(out, NULL, "protected within=%u\n", r->inner_within);
	world_headers(out, &r->inner);
	world_parts(out, r, data);
	for (size_t i = 0; i < r->nidents; i++)
		buf_addf(out, NULL, "ident %s %s part=%u\n",
		    ident_kind_name(r->idents[i].kind),
		    text_escape(out, r->idents[i].value, false),
		    r->idents[i].part);
	for (size_t i = 0; i < r->nfields; i++)
		buf_addf(out, NULL, "field %s part=%u: %s\n",
		    field_kind_name(r->fields[i].kind), r->fields[i].part,
		    text_escape(out, r->fields[i].value, false));
	for (size_t i = 0; i < r->nhits; i++)
		buf_addf(out, NULL, "product %u length=%u part=%u\n",
		    r->hits[i].product, r->hits[i].length, r->hits[i].part);
	if (r->japanese)
		buf_addf(out, NULL, "japanese\n");
	if (r->truncated)
		buf_addf(out, NULL, "truncated\n");
	if (r->limit != READ_LIMIT_NONE)
		buf_addf(out, NULL, "limit: %s\n", read_limit_text(r->limit));
	return bytes_text(ctx, buf_bytes(out));
}

/* A file, canonical CRLF, as the engine hands it in; NULL data: no file. */
static inline struct bytes
world_file(const void *ctx, const char *path)
{
	FILE *f = fopen(path, "rb");
	struct buf *buf = buf_new(ctx, (size_t)64 << 20);
	char chunk[65536];
	size_t n;

	if (f == NULL)
		return BYTES_NONE;
	buf_add(buf, "", 0, NULL);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(buf, chunk, n, NULL);
	fclose(f);
	return text_to_crlf(ctx, buf_bytes(buf));
}

#endif
