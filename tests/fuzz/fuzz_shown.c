/*
 * fuzz_shown.c - a stranger's words on psirt's terminal.
 *
 * Fed: a first byte that chooses how they are shown, then the words.  Must
 * hold: nothing that moves the cursor, hides or is no UTF-8 comes out; an
 * address is ASCII; of content every line begins with the mark that psirt
 * gives it, and ends before the terminal's edge.
 */
#include "fuzz.h"

#include "../../daemon/ctl/print.h"

#define EDGE 40
#define MARK "| "

static void
check_shown(const char *shown, bool keep_lines)
{
	size_t len = strlen(shown);
	uint32_t c;

	MUST(is_text(shown, len));
	for (size_t at = 0; at < len;) {
		at += text_next(shown + at, len - at, &c);
		MUST((keep_lines && (c == '\n' || c == '\t')) ||
		     !text_is_hidden(c));
	}
}

static void
check_content(const char *text)
{
	char *out = NULL;
	size_t len = 0;
	struct printer p = {.out = open_memstream(&out, &len), .edge = EDGE};

	print_content(&p, MARK, text);
	fclose(p.out);
	check_shown(out, true);
	for (char *line = out; *line != '\0';) {
		char *end = strchr(line, '\n');

		MUST(end != NULL);
		*end = '\0';
		/* A line of nothing needs no blank behind its mark. */
		MUST(strncmp(line, MARK, strlen(MARK)) == 0 ||
		     strcmp(line, "|") == 0);
		MUST(text_width(line) < EDGE);
		line = end + 1;
	}
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *ctx = talloc_new(NULL);
	struct bytes in = bytes_of(data, size);
	unsigned choice = take_byte(&in) % 5;
	const char *text = talloc_strndup(ctx, (const char *)in.data, in.len);
	const char *shown;

	switch (choice) {
	case 0:
	case 1:
		check_shown(text_escape(ctx, text, choice == 0), choice == 0);
		break;
	case 2:
		check_shown(text_show(ctx, text), false);
		break;
	case 3:
		shown = text_show_address(ctx, text);
		check_shown(shown, false);
		for (; *shown != '\0'; shown++)
			MUST(*shown > ' ' && *shown < 0x7f);
		break;
	default:
		check_content(text);
		break;
	}
	talloc_free(ctx);
	return 0;
}
