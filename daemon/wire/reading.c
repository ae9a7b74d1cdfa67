/*
 * reading.c - the tables of reading.h's structs, and names of their numbers.
 */
#include "psirtd/reading.h"

static const struct wire_field product_fields[] = {
    WIRE_F_STRS(read_product, names, nnames, 256),
    WIRE_F(WIRE_STR, read_product, pattern),
};
static const struct wire_type product_wire =
    WIRE_TYPE(read_product, product_fields);

static const struct wire_field setup_fields[] = {
    WIRE_F(WIRE_STR, read_setup, case_prefix),
    WIRE_F_LIST(read_setup, products, nproducts, &product_wire, 16384),
    WIRE_F(WIRE_U32, read_setup, max_parts),
    WIRE_F(WIRE_U32, read_setup, max_depth),
    WIRE_F(WIRE_U32, read_setup, max_fields),
    WIRE_F(WIRE_U32, read_setup, max_addresses),
    WIRE_F(WIRE_U32, read_setup, wall_ms),
    WIRE_F(WIRE_U32, read_setup, cpu_s),
    WIRE_F(WIRE_U32, read_setup, memory_mb),
};
const struct wire_type read_setup_wire = WIRE_TYPE(read_setup, setup_fields);

static const struct wire_field job_fields[] = {
    WIRE_F(WIRE_U32, read_job, mode),
    WIRE_F(WIRE_STR, read_job, charset),
    WIRE_F(WIRE_BYTES, read_job, data),
};
const struct wire_type read_job_wire = WIRE_TYPE(read_job, job_fields);

static const struct wire_field failed_fields[] = {
    WIRE_F(WIRE_U32, read_failed, end),
    WIRE_F(WIRE_STR, read_failed, text),
};
const struct wire_type read_failed_wire = WIRE_TYPE(read_failed, failed_fields);

static const struct wire_field address_fields[] = {
    WIRE_F(WIRE_STR, mail_address, name),
    WIRE_F(WIRE_STR, mail_address, address),
};
const struct wire_type mail_address_wire =
    WIRE_TYPE(mail_address, address_fields);

static const struct wire_field headers_fields[] = {
    WIRE_F_LIST(headers, from, nfrom, &mail_address_wire, 1024),
    WIRE_F_LIST(headers, sender, nsender, &mail_address_wire, 1024),
    WIRE_F_LIST(headers, reply_to, nreply_to, &mail_address_wire, 1024),
    WIRE_F_LIST(headers, to, nto, &mail_address_wire, 4096),
    WIRE_F(WIRE_STR, headers, return_path),
    WIRE_F(WIRE_STR, headers, subject),
    WIRE_F(WIRE_STR, headers, message_id),
    WIRE_F_STRS(headers, references, nreferences, 1024),
    WIRE_F(WIRE_STR, headers, auto_submitted),
    WIRE_F(WIRE_U32, headers, flags),
    WIRE_F(WIRE_I64, headers, date),
    WIRE_F(WIRE_I64, headers, received),
};
const struct wire_type headers_wire = WIRE_TYPE(headers, headers_fields);

static const struct wire_field part_fields[] = {
    WIRE_F(WIRE_U32, part, kind),
    WIRE_F(WIRE_U32, part, flags),
    WIRE_F(WIRE_U32, part, depth),
    WIRE_F(WIRE_U32, part, within),
    WIRE_F(WIRE_I64, part, off),
    WIRE_F(WIRE_I64, part, len),
    WIRE_F(WIRE_STR, part, type),
    WIRE_F(WIRE_STR, part, name),
    WIRE_F(WIRE_STR, part, charset),
    WIRE_F(WIRE_BYTES, part, content),
    WIRE_F(WIRE_BYTES, part, signature),
    WIRE_F(WIRE_U32, part, layer),
};
const struct wire_type part_wire = WIRE_TYPE(part, part_fields);

static const struct wire_field ident_fields[] = {
    WIRE_F(WIRE_U32, ident, kind),
    WIRE_F(WIRE_STR, ident, value),
    WIRE_F(WIRE_U32, ident, part),
};
const struct wire_type ident_wire = WIRE_TYPE(ident, ident_fields);

static const struct wire_field field_fields[] = {
    WIRE_F(WIRE_U32, field, kind),
    WIRE_F(WIRE_STR, field, value),
    WIRE_F(WIRE_U32, field, part),
};
const struct wire_type field_wire = WIRE_TYPE(field, field_fields);

static const struct wire_field hit_fields[] = {
    WIRE_F(WIRE_U32, product_hit, product),
    WIRE_F(WIRE_U32, product_hit, length),
    WIRE_F(WIRE_U32, product_hit, part),
};
const struct wire_type product_hit_wire = WIRE_TYPE(product_hit, hit_fields);

static const struct wire_field reading_fields[] = {
    WIRE_F_STRUCT(reading, headers, &headers_wire),
    WIRE_F_STRUCT(reading, inner, &headers_wire),
    WIRE_F(WIRE_U32, reading, inner_within),
    WIRE_F_LIST(reading, parts, nparts, &part_wire, 20000),
    WIRE_F_LIST(reading, idents, nidents, &ident_wire, 4096),
    WIRE_F_LIST(reading, fields, nfields, &field_wire, 4096),
    WIRE_F_LIST(reading, hits, nhits, &product_hit_wire, 4096),
    WIRE_F(WIRE_U32, reading, japanese),
    WIRE_F(WIRE_U32, reading, truncated),
    WIRE_F(WIRE_U32, reading, limit),
};
const struct wire_type reading_wire = WIRE_TYPE(reading, reading_fields);

/* ---- names ---- */

#define NAME(table, n)                                                         \
	((n) < sizeof(table) / sizeof((table)[0]) && (table)[n] != NULL        \
		? (table)[n]                                                   \
		: "?")

const char *
ident_kind_name(uint32_t kind)
{
	static const char *const names[] = {
	    [IDENT_CASE] = "case",
	    [IDENT_JVN] = "JVN",
	    [IDENT_JVNVU] = "JVNVU",
	    [IDENT_JVNTA] = "JVNTA",
	    [IDENT_JVNDB] = "JVNDB",
	    [IDENT_JPCERT] = "JPCERT",
	    [IDENT_VU] = "VU",
	    [IDENT_VRF] = "VRF",
	    [IDENT_ICSVU] = "ICS-VU",
	    [IDENT_ICSA] = "ICSA",
	    [IDENT_CVE] = "CVE",
	    [IDENT_CWE] = "CWE",
	    [IDENT_GHSA] = "GHSA",
	    [IDENT_ZDI] = "ZDI",
	    [IDENT_TALOS] = "TALOS",
	    [IDENT_EUVD] = "EUVD",
	    [IDENT_CNVD] = "CNVD",
	    [IDENT_CNNVD] = "CNNVD",
	    [IDENT_KVE] = "KVE",
	    [IDENT_BDU] = "BDU",
	    [IDENT_WID] = "WID-SEC",
	    [IDENT_CBK] = "CB-K",
	    [IDENT_NCSC] = "NCSC",
	    [IDENT_IPA] = "IPA",
	    [IDENT_VENDOR] = "vendor",
	    [IDENT_CVSS] = "CVSS",
	    [IDENT_CPE] = "CPE",
	    [IDENT_PURL] = "purl",
	    [IDENT_TLP] = "TLP",
	};

	return NAME(names, kind);
}

const char *
field_kind_name(uint32_t kind)
{
	static const char *const names[] = {
	    [FIELD_PRODUCT] = "product",
	    [FIELD_VERSION] = "version",
	    [FIELD_VENDOR] = "vendor",
	    [FIELD_TYPE] = "type",
	    [FIELD_SUMMARY] = "summary",
	    [FIELD_STEPS] = "steps",
	    [FIELD_POC] = "poc",
	    [FIELD_IMPACT] = "impact",
	    [FIELD_SCORE] = "score",
	    [FIELD_WORKAROUND] = "workaround",
	    [FIELD_EXPLOITED] = "exploited",
	    [FIELD_PUBLIC] = "public",
	    [FIELD_DISCLOSURE] = "disclosure",
	    [FIELD_REPORTER] = "reporter",
	    [FIELD_CREDIT] = "credit",
	    [FIELD_SHARE] = "share",
	    [FIELD_KEY] = "key",
	    [FIELD_OTHERS] = "others",
	    [FIELD_FOUND] = "found",
	};

	return NAME(names, kind);
}

const char *
part_kind_name(uint32_t kind)
{
	static const char *const names[] = {
	    [PART_TEXT] = "text",
	    [PART_FILE] = "file",
	    [PART_ENCRYPTED] = "encrypted",
	    [PART_SIGNED] = "signed",
	    [PART_CLEARSIGNED] = "clearsigned",
	    [PART_KEY] = "key",
	    [PART_SMIME] = "S/MIME",
	    [PART_DSN] = "delivery report",
	};

	return NAME(names, kind);
}

const char *
read_limit_text(uint32_t limit)
{
	static const char *const texts[READ_LIMIT_COUNT] = {
	    [READ_LIMIT_NONE] = "within the limits",
	    [READ_LIMIT_PARTS] = "more parts than limits { max_parts }",
	    [READ_LIMIT_DEPTH] = "nested deeper than limits { max_depth }",
	    [READ_LIMIT_FIELDS] =
		"more header fields than limits { max_fields }",
	    [READ_LIMIT_ADDRESSES] =
		"more addresses than limits { max_addresses }",
	    [READ_LIMIT_TIME] =
		"more to read than limits { wall, cpu, memory } allow",
	    [READ_LIMIT_OUTPUT] = "more to show than is kept of a letter",
	};

	return NAME(texts, limit);
}
