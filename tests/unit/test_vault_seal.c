/*
 * test_vault_seal.c - mails built and sealed by a real room with real gpg,
 * then read by others: bare gpg opens and verifies them, Python's email
 * package reads the MIME.  What must not leave is refused with its reason.
 */
#include "vault_world.h"

#include "../../daemon/vault/vault_internal.h"
#include "psirtd/text.h"

static const char script[] =
    "key poc never; key reader never; key finder never; key other never\n"
    "key recovery never; key old 1y; key rev never\n"
    "sed 's/^:---/---/' w/openpgp-revocs.d/$(k rev).rev | g --import\n"
    "g --faked-system-time $T --quick-gen-key 'signs <s@test.example>' \\\n"
    "    ed25519 cert,sign never\n"
    "g --with-colons --list-keys '<s@test.example>' |\n"
    "    sed -n 's/^fpr:*\\([0-9A-F]*\\):/\\1/p' >k/signs\n"
    "g --faked-system-time $T --default-preference-list 'SHA1 AES ZIP' \\\n"
    "    --personal-digest-preferences SHA1 --quick-gen-key \\\n"
    "    'past <past@test.example>' ed25519 cert,sign never\n"
    "g --with-colons --list-keys '<past@test.example>' |\n"
    "    sed -n 's/^fpr:*\\([0-9A-F]*\\):/\\1/p' >k/past\n"
    "g --faked-system-time $T --quick-add-key $(k past) cv25519 encr never\n"
    "for n in finder other old rev signs; do\n"
    "    g --armor --export $(k $n) >k/$n.asc\n"
    "done\n"
    "g --export $(k finder) >k/finder.gpg\n"
    "g --armor --export $(k finder) $(k other) >k/both.asc\n"
    "g --armor --export-secret-keys $(k finder) >k/secret.asc\n"
    /* What the reader has: the own secret key and our public one. */
    "for n in reader finder past recovery; do\n"
    "    mkdir -m 700 w$n; cp w/gpg.conf w/gpg-agent.conf w$n\n"
    "    g --export-secret-keys $(k $n) >t\n"
    "    g --homedir w$n --import t\n"
    "    g --export $(k poc) >t; g --homedir w$n --import t\n"
    "done\n"
    "cat >read.py <<'END'\n"
    "import email, email.policy, sys\n"
    "from email.header import decode_header, make_header\n"
    "raw = open(sys.argv[1], 'rb').read()\n"
    /* The new policy doubles blanks between the words of a name. */
    "for name, value in email.message_from_bytes(raw).items():\n"
    "    value = str(make_header(decode_header(value)))\n"
    "    print(f'{name}: ' + ' '.join(value.split()))\n"
    "m = email.message_from_bytes(raw, policy=email.policy.default)\n"
    "for i, p in enumerate(m.walk()):\n"
    "    if not p.is_multipart():\n"
    "        body = p.get_payload(decode=True)\n"
    "        open(f'm/part.{i}', 'wb').write(body)\n"
    "        print(f'part {i}: {p.get_content_type()}'\n"
    "              f' {p.get_content_charset()} {p.get_filename()}'\n"
    "              f' {p.get_content_disposition()} {p.defects}')\n"
    "END\n";

static struct world world;

static int
group_setup(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup;
	const char *pinned[5];

	world_make(&world, script);
	setup = world_setup(ctx, &world);
	setup.recovery = world_key(ctx, &world, "recovery");
	pinned[0] = world_key(ctx, &world, "reader");
	pinned[1] = world_key(ctx, &world, "old");
	pinned[2] = world_key(ctx, &world, "rev");
	pinned[3] = world_key(ctx, &world, "signs");
	pinned[4] = world_key(ctx, &world, "past");
	setup.pinned = pinned;
	setup.npinned = 5;
	assert_int_equal(world_room(&world, ctx, &setup)->nkeys, 7);
	talloc_free(ctx);
	return 0;
}

static int
group_end(void **state)
{
	assert_int_equal(world_room_end(&world), 0);
	world_end(&world);
	return 0;
}

/* ---- tools ---- */

static void
put(const char *name, struct bytes content)
{
	char *path = talloc_asprintf(NULL, "%s/m/%s", world.dir, name);
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(content.data, 1, content.len, f), content.len);
	assert_int_equal(fclose(f), 0);
	talloc_free(path);
}

/* What a shell command in the world's folder prints; it must succeed. */
static const char *
sh(const void *ctx, const char *command)
{
	char *whole = talloc_asprintf(ctx,
	    "set -e; cd %s; export LC_ALL=C.UTF-8 GNUPGHOME=%s/w;"
	    "g() { gpg --batch --quiet --no-tty --disable-dirmngr \"$@\" "
	    "2>>log; }; %s",
	    world.dir, world.dir, command);
	char *text = talloc_zero_size(ctx, 65536);
	FILE *pipe = popen(whole, "r");
	size_t n = 0;

	assert_non_null(pipe);
	n = fread(text, 1, 65535, pipe);
	assert_true(n < 65535);
	if (pclose(pipe) != 0)
		fail_msg("failed: %s\n%s", command, text);
	return text;
}

static void
assert_has(const char *text, const char *what)
{
	if (strstr(text, what) == NULL)
		fail_msg("no \"%s\" in\n%s", what, text);
}

static void
assert_lacks(const char *text, const char *what)
{
	if (strcasestr(text, what) != NULL)
		fail_msg("\"%s\" in\n%s", what, text);
}

static struct vault_seal_job
a_job(void)
{
	return (struct vault_seal_job){
	    .from_name = "Vendor PSIRT",
	    .from = "psirt@vendor.example",
	    .to = "robin@finder.example",
	    .subject = "[PSIRT-2026-0001] We have received your report",
	    .message_id = "psirtd.0123456789abcdef@vendor.example",
	    .date = 1795540603,
	    .automatic = 1,
	    .kind = "detail_request",
	    .body = "Hello,\n\nthank you.\n\n-- \nVendor\n",
	};
}

/* Every octet of a mail of ours, whatever it holds. */
static void
check_wire(struct bytes wire)
{
	size_t line = 0;

	for (size_t i = 0; i < wire.len; i++, line++) {
		assert_true(wire.data[i] != '\0' && wire.data[i] < 0x80);
		if (wire.data[i] == '\r')
			assert_int_equal(wire.data[i + 1], '\n');
		if (wire.data[i] != '\n')
			continue;
		assert_int_equal(wire.data[i - 1], '\r');
		assert_true(line <= 999);
		line = (size_t)-1;
	}
	assert_int_equal(line, 0);
}

static struct vault_sealed *
seal(const void *ctx, const struct vault_seal_job *job)
{
	struct vault_sealed *sealed = world_take(ctx,
	    world_ask(&world, ctx, VAULT_SEAL, &vault_seal_job_wire, job),
	    VAULT_SEALED, &vault_sealed_wire);

	check_wire(sealed->wire);
	put("mail", sealed->wire);
	return sealed;
}

static void
seal_fails(const struct vault_seal_job *job, uint32_t reason, const char *why)
{
	void *ctx = talloc_new(NULL);
	struct vault_failed *failed = world_take(ctx,
	    world_ask(&world, ctx, VAULT_SEAL, &vault_seal_job_wire, job),
	    VAULT_FAILED, &vault_failed_wire);

	assert_int_equal(failed->reason, reason);
	assert_has(failed->text, why);
	talloc_free(ctx);
}

/* Part n (0, 1) of the outer multipart, cut by its delimiter lines. */
static struct bytes
outer_part(const void *ctx, struct bytes wire, int n)
{
	char *text = bytes_text(ctx, wire);
	char *at = strstr(text, "boundary=\"");
	char *edge;
	char *end;

	assert_non_null(at);
	at += strlen("boundary=\"");
	edge =
	    talloc_asprintf(ctx, "\r\n--%.*s", (int)(strchr(at, '"') - at), at);
	for (int i = 0; i <= n; i++) {
		at = strstr(at, edge);
		assert_non_null(at);
		at += strlen(edge) + 2;
	}
	end = strstr(at, edge);
	assert_non_null(end);
	return bytes_of(at, (size_t)(end - at));
}

static struct bytes
part_body(struct bytes part)
{
	ptrdiff_t head = bytes_find(part, bytes_str("\r\n\r\n"));

	assert_true(head > 0);
	return bytes_span(
	    part, (uint64_t)head + 4, part.len - (size_t)head - 4);
}

/* Verifies with bare gpg over the exact octets; gives the entity as read. */
static const char *
read_signed(const void *ctx, struct bytes wire)
{
	put("entity", outer_part(ctx, wire, 0));
	put("signature", part_body(outer_part(ctx, wire, 1)));
	return sh(ctx,
	    "g --status-fd 1 --verify m/signature m/entity >m/status;"
	    "grep -q \"^.GNUPG:. VALIDSIG .*$(cat k/poc)\" m/status;"
	    "/usr/bin/python3 read.py m/entity");
}

/* Opens with the reader's home alone; gives the entity as read. */
static const char *
read_encrypted(const void *ctx, struct bytes wire, const char *reader)
{
	put("cipher", part_body(outer_part(ctx, wire, 1)));
	return sh(
	    ctx, talloc_asprintf(ctx,
		     "g --homedir w%s --status-fd 1 --output m/entity --yes "
		     "--decrypt m/cipher >m/status;"
		     "grep -q \"^.GNUPG:. VALIDSIG .*$(cat k/poc)\" m/status;"
		     "grep -q '^.GNUPG:. GOODMDC' m/status;"
		     "test 1 = $(grep -c '^.GNUPG:. ENC_TO' m/status);"
		     "/usr/bin/python3 read.py m/entity",
		     reader));
}

/* ---- what leaves ---- */

static void
test_signed_in_clear(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_seal_job job = a_job();
	struct vault_sealed *sealed;
	const char *outer;
	const char *inner;

	job.to_name = "Robin \"R\" Finder, Esq.";
	job.attach_own_key = 1;
	sealed = seal(ctx, &job);
	assert_null(sealed->fingerprint);
	outer = sh(ctx, "/usr/bin/python3 read.py m/mail");
	assert_has(outer, "From: Vendor PSIRT <psirt@vendor.example>\n");
	assert_has(outer, "To: \"Robin \\\"R\\\" Finder, Esq.\" "
			  "<robin@finder.example>\n");
	assert_has(
	    outer, "Subject: [PSIRT-2026-0001] We have received your report\n");
	assert_has(outer, "Date: Tue, 24 Nov 2026 17:16:43 +0000\n");
	assert_has(
	    outer, "Message-ID: <psirtd.0123456789abcdef@vendor.example>\n");
	assert_has(outer, "Auto-Submitted: auto-generated\n");
	assert_has(outer, "X-Auto-Response-Suppress: All\n");
	assert_has(outer, "X-PSIRTD-Mail: detail_request\n");
	assert_has(outer, "MIME-Version: 1.0\n");
	assert_has(outer, "multipart/signed");
	assert_has(outer, "micalg=\"pgp-sha256\"");
	inner = read_signed(ctx, sealed->wire);
	assert_has(inner, "Subject: [PSIRT-2026-0001] We have received");
	assert_has(inner, "part 1: text/plain utf-8 None None []\n");
	assert_has(inner, "part 2: application/pgp-keys None "
			  "OpenPGP_public_key.asc attachment []\n");
	assert_string_equal(sh(ctx, "tr -d '\\r' <m/part.1"), job.body);
	/* Our key, without its secret part. */
	assert_has(sh(ctx, "g --show-keys --with-colons m/part.2"),
	    world_key(ctx, &world, "poc"));
	assert_null(strstr(sh(ctx, "cat m/part.2"), "PRIVATE"));
	/* One octet more, and bare gpg says no. */
	sh(ctx, "printf ' ' >>m/entity; ! g --verify m/signature m/entity");
	talloc_free(ctx);
}

static void
test_encrypted_to_a_pinned_key(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_seal_job job = a_job();
	struct vault_sealed *sealed;
	const char *outer;

	job.encrypt = 1;
	job.recipient = world_key(ctx, &world, "reader");
	job.body = "the word xylophone\n";
	sealed = seal(ctx, &job);
	assert_string_equal(sealed->fingerprint, job.recipient);
	outer = sh(ctx, "/usr/bin/python3 read.py m/mail");
	assert_has(outer, "multipart/encrypted");
	assert_has(outer, "application/pgp-encrypted");
	assert_string_equal(sh(ctx, "tr -d '\\r' <m/part.1"), "Version: 1\n");
	assert_true(bytes_find(sealed->wire, bytes_str("xylophone")) < 0);
	assert_has(read_encrypted(ctx, sealed->wire, "reader"),
	    "part 0: text/plain utf-8 None None []\n");
	assert_string_equal(
	    sh(ctx, "tr -d '\\r' <m/part.0"), "the word xylophone\n");
	talloc_free(ctx);
}

static void
test_encrypted_to_a_key_that_came_along(void **state)
{
	static const char *const blocks[] = {"k/finder.asc", "k/finder.gpg"};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < COUNT_OF(blocks); i++) {
		struct vault_seal_job job = a_job();
		struct vault_sealed *sealed;

		job.encrypt = 1;
		job.recipient_key = world_file(ctx, &world, blocks[i]);
		job.recipient_key_fpr = world_key(ctx, &world, "finder");
		sealed = seal(ctx, &job);
		assert_string_equal(sealed->fingerprint, job.recipient_key_fpr);
		read_encrypted(ctx, sealed->wire, "finder");
		assert_string_equal(sh(ctx, "tr -d '\\r' <m/part.0"), job.body);
		/* It did not join the ring. */
		job.recipient = job.recipient_key_fpr;
		seal_fails(&job, VAULT_FAIL_KEY, "not in GNUPGHOME");
	}
	talloc_free(ctx);
}

static void
test_japanese(void **state)
{
	void *ctx = talloc_new(NULL);
	struct draft_file file = {"証跡①のとても長い名前のファイルその壱.bin",
	    "image/png", bytes_of("\0\xff\r\n.\n", 6)};
	struct vault_seal_job job = a_job();
	struct vault_sealed *sealed;
	const char *outer;
	const char *inner;

	job.from_name = "株式会社ベンダー 製品セキュリティ窓口(PSIRT)";
	job.to_name = "佐藤 花子";
	job.subject = "[PSIRT-2026-0001] [VN: JVN#12345678 / TN: "
		      "JPCERT#91234567] 脆弱性関連情報 受領のご連絡①";
	job.body = "ご担当者様\n\nお世話になっております。㈱ベンダーです。\n"
		   "−〜∥ 😀\n";
	job.files = &file;
	job.nfiles = 1;
	job.encrypt = 1;
	job.recipient = world_key(ctx, &world, "reader");
	sealed = seal(ctx, &job);
	outer = sh(ctx, "/usr/bin/python3 read.py m/mail");
	assert_has(outer, "From: 株式会社ベンダー 製品セキュリティ窓口(PSIRT) "
			  "<psirt@vendor.example>\n");
	assert_has(outer, "To: 佐藤 花子 <robin@finder.example>\n");
	assert_has(outer, talloc_asprintf(ctx, "Subject: %s\n", job.subject));
	inner = read_encrypted(ctx, sealed->wire, "reader");
	assert_has(inner, talloc_asprintf(ctx, "Subject: %s\n", job.subject));
	assert_has(inner,
	    "part 2: image/png None "
	    "証跡①のとても長い名前のファイルその壱.bin attachment []\n");
	assert_string_equal(sh(ctx, "tr -d '\\r' <m/part.1"), job.body);
	assert_true(
	    bytes_equal(world_file(ctx, &world, "m/part.2"), file.content));
	talloc_free(ctx);
}

/* What servers like to change must not stand in the signed octets. */
static void
test_text_survives(void **state)
{
	static const char *const bodies[] = {
	    "From here\nFrom there\n.\n..\ntrailing  \n\t\n>From\n=46rom\n",
	    "a line without an end", "", "\n", "\n\nblank first\n",
	    "CRLF\r\nmixed\n"};
	void *ctx = talloc_new(NULL);
	char *line = talloc_zero_size(ctx, 5001);

	memset(line, 'x', 5000);
	for (size_t i = 0; i <= COUNT_OF(bodies); i++) {
		struct vault_seal_job job = a_job();
		struct vault_sealed *sealed;
		const char *got;
		char *lf;

		job.body = i < COUNT_OF(bodies) ? bodies[i] : line;
		sealed = seal(ctx, &job);
		read_signed(ctx, sealed->wire);
		assert_true(bytes_find(sealed->wire, bytes_str("\nFrom ")) < 0);
		assert_true(bytes_find(sealed->wire, bytes_str(" \r\n")) < 0);
		assert_true(bytes_find(sealed->wire, bytes_str("\t\r\n")) < 0);
		got = sh(ctx, "tr -d '\\r' <m/part.0");
		lf = text_to_lf(ctx, job.body);
		/* A last line end may have been added, nothing else. */
		assert_memory_equal(got, lf, strlen(lf));
		assert_true(strcmp(got + strlen(lf), "") == 0 ||
			    strcmp(got + strlen(lf), "\n") == 0);
	}
	talloc_free(ctx);
}

static void
test_files_are_for_saving_alone(void **state)
{
	static const struct {
		const char *name, *type, *want;
	} table[] = {
	    {"a.bin", "application/zip", "application/zip None a.bin"},
	    {"../../etc/passwd", "text/html",
		"application/octet-stream None _._.._etc_passwd"},
	    {"x\r\nBcc: y", "message/rfc822",
		"application/octet-stream None x_x0d_x0aBcc_ y"},
	    {NULL, "application/x\r\nY: z",
		"application/octet-stream None attachment"},
	    {"", "multipart/mixed", "application/octet-stream None attachment"},
	    {"k\xe2\x80\xaegpj.exe", "application/pgp-encrypted",
		"application/octet-stream None k_U+202E_gpj.exe"},
	    {"p7", "application/pkcs7-mime",
		"application/octet-stream None p7"},
	    {"n", NULL, "application/octet-stream None n"},
	    {"i", "image/", "application/octet-stream None i"},
	    {"s", "Image/SVG+xml", "image/svg+xml None s"},
	};
	struct draft_file files[COUNT_OF(table)];
	void *ctx = talloc_new(NULL);
	struct vault_seal_job job = a_job();
	const char *inner;

	for (size_t i = 0; i < COUNT_OF(table); i++)
		files[i] = (struct draft_file){
		    table[i].name, table[i].type, bytes_str("content\n")};
	job.files = files;
	job.nfiles = COUNT_OF(table);
	inner = read_signed(ctx, seal(ctx, &job)->wire);
	for (size_t i = 0; i < COUNT_OF(table); i++)
		assert_has(
		    inner, talloc_asprintf(ctx, "part %zu: %s attachment []\n",
			       i + 2, table[i].want));
	assert_string_equal(sh(ctx, "cat m/part.4"), "content\n");
	assert_lacks(inner, "Bcc:");
	talloc_free(ctx);
}

static void
test_large_file(void **state)
{
	void *ctx = talloc_new(NULL);
	uint8_t *data = talloc_zero_size(ctx, 4 << 20);
	struct draft_file file = {
	    "core", "application/x-core", bytes_of(data, 4 << 20)};
	struct vault_seal_job job = a_job();

	for (size_t i = 0; i < file.content.len; i++)
		data[i] = (uint8_t)((i * i) >> 7);
	job.files = &file;
	job.nfiles = 1;
	job.encrypt = 1;
	job.recipient = world_key(ctx, &world, "reader");
	read_encrypted(ctx, seal(ctx, &job)->wire, "reader");
	assert_true(
	    bytes_equal(world_file(ctx, &world, "m/part.2"), file.content));
	talloc_free(ctx);
}

static void
test_thread_and_automatic_fields(void **state)
{
	static const char *junk[] = {
	    "a@b", "no at sign", "x@y> <z@w", "caf\xc3\xa9@b", "@b", "c@d"};
	void *ctx = talloc_new(NULL);
	struct vault_seal_job job = a_job();
	const char *outer;

	job.in_reply_to = "their.id@finder.example";
	job.references = junk;
	job.nreferences = COUNT_OF(junk);
	seal(ctx, &job);
	outer = sh(ctx, "/usr/bin/python3 read.py m/mail");
	assert_has(outer, "In-Reply-To: <their.id@finder.example>\n");
	assert_has(outer, "References: <a@b> <c@d>\n");
	assert_has(outer, "Auto-Submitted: auto-replied\n");
	job.in_reply_to = "not an id";
	job.nreferences = 0;
	job.automatic = 0;
	seal(ctx, &job);
	outer = sh(ctx, "/usr/bin/python3 read.py m/mail");
	assert_lacks(outer, "In-Reply-To");
	assert_lacks(outer, "References");
	assert_lacks(outer, "Auto-");
	talloc_free(ctx);
}

/* Left to its preferences gpg would sign with SHA-1 for this reader. */
static void
test_digest_is_ours_to_choose(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_seal_job job = a_job();

	job.encrypt = 1;
	job.recipient = world_key(ctx, &world, "past");
	read_encrypted(ctx, seal(ctx, &job)->wire, "past");
	/* VALIDSIG: fingerprint, date, time, expiry, version, -, key, hash. */
	assert_string_equal(
	    sh(ctx, "awk '$2 == \"VALIDSIG\" {print $10}' m/status"), "8\n");
	talloc_free(ctx);
}

/* ---- what does not leave ---- */

static void
test_headers_cannot_be_injected(void **state)
{
	static const char *const bad[] = {"a\r\nBcc: x@evil.example",
	    "a\nBcc: x@evil.example", "a\rb", "a\tb", "a\x1b[2J", "a\x7f",
	    "a\xc2\x85", "a\xe2\x80\xa8"};
	static const char *const addresses[] = {
	    "a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example",
	    "<a@b.example>", "a b@c.example", "", "nobody"};
	static const char *const kinds[] = {"", "Alert", "a\r\nb", "a b"};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct vault_seal_job job = a_job();
		const char *references[] = {bad[i]};

		job.subject = bad[i];
		seal_fails(&job, VAULT_FAIL_INPUT, "the subject holds a");
		job = a_job();
		job.from_name = bad[i];
		seal_fails(&job, VAULT_FAIL_INPUT, "sender's name holds a");
		job = a_job();
		job.to_name = bad[i];
		seal_fails(&job, VAULT_FAIL_INPUT, "recipient's name holds a");
		job = a_job();
		job.in_reply_to = bad[i];
		seal_fails(&job, VAULT_FAIL_INPUT, "In-Reply-To holds a");
		job = a_job();
		job.references = references;
		job.nreferences = 1;
		seal_fails(&job, VAULT_FAIL_INPUT, "References holds a");
		job = a_job();
		job.message_id = bad[i];
		seal_fails(&job, VAULT_FAIL_INPUT, "no Message-ID");
	}
	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		struct vault_seal_job job = a_job();

		job.to = addresses[i];
		seal_fails(&job, VAULT_FAIL_INPUT, "no mail address");
		job = a_job();
		job.from = addresses[i];
		seal_fails(&job, VAULT_FAIL_INPUT, "no mail address");
	}
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct vault_seal_job job = a_job();

		job.kind = kinds[i];
		seal_fails(&job, VAULT_FAIL_INPUT, "no kind of mail");
	}
}

static void
test_half_a_job_is_refused(void **state)
{
	struct vault_seal_job job = a_job();

	job.subject = NULL;
	seal_fails(&job, VAULT_FAIL_INPUT, "no subject");
	job = a_job();
	job.body = NULL;
	seal_fails(&job, VAULT_FAIL_INPUT, "not UTF-8");
	job = a_job();
	job.to = NULL;
	seal_fails(&job, VAULT_FAIL_INPUT, "no mail address");
	job = a_job();
	job.message_id = NULL;
	seal_fails(&job, VAULT_FAIL_INPUT, "no Message-ID");
}

/* A mail that must be encrypted is held, whatever is wrong with the key. */
static void
test_unusable_pinned_keys(void **state)
{
	static const struct {
		const char *key, *why;
	} table[] = {
	    {"old", "expired on 2024-12-31"},
	    {"rev", "revoked"},
	    {"signs", "no subkey that can encrypt"},
	    {"other", "not in GNUPGHOME"},
	};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct vault_seal_job job = a_job();

		job.encrypt = 1;
		job.recipient = world_key(ctx, &world, table[i].key);
		seal_fails(&job, VAULT_FAIL_KEY, table[i].why);
		/* No way round by a block that came along. */
		job.recipient_key = world_file(ctx, &world, "k/finder.asc");
		job.recipient_key_fpr = world_key(ctx, &world, "finder");
		seal_fails(&job, VAULT_FAIL_KEY, table[i].why);
	}
	talloc_free(ctx);
}

static void
test_unusable_key_blocks(void **state)
{
	static const struct {
		const char *block, *key, *why;
	} table[] = {
	    {"k/both.asc", "finder", "exactly one key"},
	    {"k/both.asc", "other", "exactly one key"},
	    {"k/other.asc", "finder", "holds another key"},
	    {"k/old.asc", "old", "expired on"},
	    {"k/rev.asc", "rev", "revoked"},
	    {"k/signs.asc", "signs", "no subkey that can encrypt"},
	    {"k/secret.asc", "finder", ""},
	    {"in", "finder", ""},
	};
	void *ctx = talloc_new(NULL);
	struct vault_seal_job job = a_job();

	job.encrypt = 1;
	seal_fails(&job, VAULT_FAIL_KEY, "there is none");
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		job.recipient_key = world_file(ctx, &world, table[i].block);
		job.recipient_key_fpr = world_key(ctx, &world, table[i].key);
		seal_fails(&job, VAULT_FAIL_KEY, table[i].why);
	}
	job.recipient_key = world_file(ctx, &world, "k/finder.asc");
	job.recipient_key_fpr = NULL;
	seal_fails(&job, VAULT_FAIL_KEY, "there is none");
	job.recipient_key_fpr = "0123";
	seal_fails(&job, VAULT_FAIL_KEY, "there is none");
	talloc_free(ctx);
}

static void
test_our_own_key_has_expired(void **state)
{
	void *ctx = talloc_new(NULL);
	struct world other = world;
	struct vault_setup setup = world_setup(ctx, &world);
	struct vault_seal_job job = a_job();
	const struct vault_blob lines = {bytes_str("a: b\n")};
	struct vault_failed *failed;

	setup.poc = world_key(ctx, &world, "old");
	world_room(&other, ctx, &setup);
	failed = world_take(ctx,
	    world_ask(&other, ctx, VAULT_SEAL, &vault_seal_job_wire, &job),
	    VAULT_FAILED, &vault_failed_wire);
	assert_int_equal(failed->reason, VAULT_FAIL_KEY);
	assert_has(failed->text, "our key");
	assert_string_equal(failed->fingerprint, setup.poc);
	assert_has(failed->text, "expired on");
	failed = world_take(ctx,
	    world_ask(&other, ctx, VAULT_SIGN, &vault_blob_wire, &lines),
	    VAULT_FAILED, &vault_failed_wire);
	assert_int_equal(failed->reason, VAULT_FAIL_KEY);
	assert_int_equal(world_room_end(&other), 0);
	talloc_free(ctx);
}

/* Lines that are kept: gpg reads them back, and so do we. */
static void
test_lines_that_are_kept(void **state)
{
	void *ctx = talloc_new(NULL);
	const char *lines = "a: b\n-dash\nc: d\n";
	const struct vault_blob blob = {bytes_str(lines)};
	struct vault_open_job job = {.kind = VAULT_VERIFY_CLEAR};
	struct vault_blob *block;
	struct vault_opened *opened;

	(void)state;
	block = world_take(ctx,
	    world_ask(&world, ctx, VAULT_SIGN, &vault_blob_wire, &blob),
	    VAULT_SIGNED, &vault_blob_wire);
	assert_int_equal(bytes_find(block->data,
			     bytes_str("-----BEGIN PGP SIGNED MESSAGE-----")),
	    0);
	job.data = block->data;
	opened = world_open(&world, ctx, &job);
	assert_int_equal(opened->outcome, LAYER_OPEN);
	assert_int_equal(opened->nsignatures, 1);
	assert_int_equal(opened->signatures->status, SIGNATURE_GOOD);
	assert_string_equal(
	    opened->signatures->primary, world_key(ctx, &world, "poc"));
	assert_true(bytes_equal(opened->plain, bytes_str(lines)));
	talloc_free(ctx);
}

/* ---- reading our own mail back ---- */

static void
test_self_check(void **state)
{
	static const struct {
		const char *from, *to;
	} table[] = {
	    {"thank you", "thank Y\xc3\xa9"},
	    {"thank you", "thank me "},
	    {"thank you.\r\n", "thank you\r\n\n"},
	    {"thank you.\r\n", "thank you.\r \n"},
	    {"X-PSIRTD-Mail: ", "X-Other: dummy:"},
	    {"multipart/signed", "multipart/simple"},
	    {"To: robin", "Cc: robin"},
	    {"Date: ", "From: "},
	};
	void *ctx = talloc_new(NULL);
	struct vault_seal_job job = a_job();
	struct bytes wire = seal(ctx, &job)->wire;
	struct bytes part = outer_part(ctx, wire, 0);
	struct error err = {0};

	assert_int_equal(mime_self_check(wire, "signed", part, &err), 0);
	assert_int_equal(mime_self_check(wire, "encrypted", part, &err), -1);
	part.len--;
	assert_int_equal(mime_self_check(wire, "signed", part, &err), -1);
	part.len++;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct bytes copy = bytes_copy(ctx, wire);
		ptrdiff_t at = bytes_find(copy, bytes_str(table[i].from));

		assert_true(at >= 0);
		memcpy((uint8_t *)(uintptr_t)copy.data + at, table[i].to,
		    strlen(table[i].to));
		assert_int_equal(
		    mime_self_check(copy, "signed", part, &err), -1);
	}
	for (size_t cut = 1; cut < 200; cut++)
		assert_int_equal(
		    mime_self_check(bytes_span(wire, 0, wire.len - cut),
			"signed", part, &err),
		    -1);
	talloc_free(ctx);
}

/* ---- the data key ---- */

static struct bytes
wrap(const void *ctx, struct bytes secret)
{
	struct vault_blob blob = {secret};
	struct vault_blob *wrapped = world_take(ctx,
	    world_ask(&world, ctx, VAULT_WRAP, &vault_blob_wire, &blob),
	    VAULT_WRAPPED, &vault_blob_wire);

	return wrapped->data;
}

static void
unwrap_fails(struct bytes message, uint32_t reason)
{
	void *ctx = talloc_new(NULL);
	struct vault_blob blob = {message};
	struct vault_failed *failed = world_take(ctx,
	    world_ask(&world, ctx, VAULT_UNWRAP, &vault_blob_wire, &blob),
	    VAULT_FAILED, &vault_failed_wire);

	assert_int_equal(failed->reason, reason);
	talloc_free(ctx);
}

static void
test_data_key(void **state)
{
	void *ctx = talloc_new(NULL);
	uint8_t key[32] = {0, 1, '\n', '\r', 0xff};
	struct bytes secret = bytes_of(key, sizeof(key));
	struct vault_blob blob = {wrap(ctx, secret)};
	struct vault_blob *back;

	assert_true(bytes_find(blob.data, secret) < 0);
	back = world_take(ctx,
	    world_ask(&world, ctx, VAULT_UNWRAP, &vault_blob_wire, &blob),
	    VAULT_UNWRAPPED, &vault_blob_wire);
	assert_true(bytes_equal(back->data, secret));
	/* The offline recovery key opens it as well; nobody else does. */
	put("wrapped", blob.data);
	sh(ctx, "g --homedir wrecovery --yes -o m/secret -d m/wrapped");
	assert_true(bytes_equal(world_file(ctx, &world, "m/secret"), secret));
	sh(ctx, "! g --homedir wreader -d m/wrapped");
	assert_string_equal(
	    sh(ctx, "g --list-packets m/wrapped | grep -c pubkey"), "2\n");
	talloc_free(ctx);
}

static void
test_data_key_that_is_none(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes secret = bytes_str("0123456789abcdef0123456789abcdef");
	struct bytes message = bytes_copy(ctx, wrap(ctx, secret));
	struct vault_blob none = {BYTES_NONE};
	uint8_t *middle;

	unwrap_fails(BYTES_NONE, VAULT_FAIL_INPUT);
	unwrap_fails(bytes_str("no message"), VAULT_FAIL_SETUP);
	unwrap_fails(bytes_span(message, 0, message.len / 2), VAULT_FAIL_SETUP);
	/* One letter of the armor changed: the integrity check says no. */
	middle = (uint8_t *)(uintptr_t)message.data + message.len - 60;
	*middle = *middle == 'A' ? 'B' : 'A';
	unwrap_fails(message, VAULT_FAIL_SETUP);
	sh(ctx, "printf secret | g -r $(cat k/reader) -e --yes -o m/others;"
		"printf secret | g --pinentry-mode loopback --passphrase x -c "
		"--yes -o m/password");
	unwrap_fails(world_file(ctx, &world, "m/others"), VAULT_FAIL_SETUP);
	unwrap_fails(world_file(ctx, &world, "m/password"), VAULT_FAIL_SETUP);
	assert_int_equal(
	    world_ask(&world, ctx, VAULT_WRAP, &vault_blob_wire, &none).type,
	    VAULT_FAILED);
	talloc_free(ctx);
}

/* A recovery key that cannot be used is no reason to go without. */
static void
test_recovery_key_missing_or_expired(void **state)
{
	static const char *const keys[] = {"old", "signs"};

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		void *ctx = talloc_new(NULL);
		struct world other = world;
		struct vault_setup setup = world_setup(ctx, &world);
		struct vault_blob blob = {bytes_str("secret")};
		struct vault_failed *failed;

		setup.recovery = world_key(ctx, &world, keys[i]);
		world_room(&other, ctx, &setup);
		failed = world_take(ctx,
		    world_ask(&other, ctx, VAULT_WRAP, &vault_blob_wire, &blob),
		    VAULT_FAILED, &vault_failed_wire);
		assert_int_equal(failed->reason, VAULT_FAIL_SETUP);
		assert_has(failed->text, "recovery key");
		assert_int_equal(world_room_end(&other), 0);
		talloc_free(ctx);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_signed_in_clear),
	    cmocka_unit_test(test_encrypted_to_a_pinned_key),
	    cmocka_unit_test(test_encrypted_to_a_key_that_came_along),
	    cmocka_unit_test(test_japanese),
	    cmocka_unit_test(test_text_survives),
	    cmocka_unit_test(test_files_are_for_saving_alone),
	    cmocka_unit_test(test_large_file),
	    cmocka_unit_test(test_thread_and_automatic_fields),
	    cmocka_unit_test(test_digest_is_ours_to_choose),
	    cmocka_unit_test(test_headers_cannot_be_injected),
	    cmocka_unit_test(test_half_a_job_is_refused),
	    cmocka_unit_test(test_unusable_pinned_keys),
	    cmocka_unit_test(test_unusable_key_blocks),
	    cmocka_unit_test(test_our_own_key_has_expired),
	    cmocka_unit_test(test_lines_that_are_kept),
	    cmocka_unit_test(test_self_check),
	    cmocka_unit_test(test_data_key),
	    cmocka_unit_test(test_data_key_that_is_none),
	    cmocka_unit_test(test_recovery_key_missing_or_expired),
	};

	return cmocka_run_group_tests(tests, group_setup, group_end);
}
