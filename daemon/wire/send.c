/*
 * send.c - the tables of send.h's structs.
 */
#include "psirtd/send.h"

static const struct wire_field send_setup_fields[] = {
    WIRE_F_STRUCT(send_setup, server, &server_wire),
};
const struct wire_type send_setup_wire =
    WIRE_TYPE(send_setup, send_setup_fields);

static const struct wire_field send_mail_fields[] = {
    WIRE_F(WIRE_I64, send_mail, outmail),
    WIRE_F(WIRE_STR, send_mail, from),
    WIRE_F(WIRE_STR, send_mail, to),
    WIRE_F(WIRE_BYTES, send_mail, wire),
    WIRE_F(WIRE_STR, send_mail, copy),
};
const struct wire_type send_mail_wire = WIRE_TYPE(send_mail, send_mail_fields);

static const struct wire_field send_done_fields[] = {
    WIRE_F(WIRE_I64, send_done, outmail),
    WIRE_F(WIRE_U32, send_done, outcome),
    WIRE_F(WIRE_U32, send_done, code),
    WIRE_F(WIRE_STR, send_done, text),
};
const struct wire_type send_done_wire = WIRE_TYPE(send_done, send_done_fields);

const char *
send_outcome_name(uint32_t outcome)
{
	switch (outcome) {
	case SEND_ACCEPTED:
		return "accepted";
	case SEND_RETRY:
		return "to be tried again";
	case SEND_REFUSED:
		return "refused";
	case SEND_UNCERTAIN:
		return "uncertain";
	default:
		return "?";
	}
}
