/*
 * test_settings_customers.c - the customer file: RFC 4180, who is in it, and
 * each mistake by its line.
 */
#include "settings_file.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define HEAD "name,address,fingerprint,nda,products,integrator,language\n"
#define KEY_1 "4A4A4A4A4A4A4A4A4A4A4A4A4A4A4A4A4A4A4A4A"
#define KEY_2 "4B4B4B4B4B4B4B4B4B4B4B4B4B4B4B4B4B4B4B4B"

static void
test_customers(void **state)
{
	void *ctx = talloc_new(NULL);
	char *errors = NULL;
	const struct settings *s = load_file(
	    ctx, "customers", "\xef\xbb\xbf" HEAD "North, Power,x\n", &errors);
	const struct customer *k;
	const char **pinned;
	size_t n;

	/* The mark in front does no harm; a comma needs quotes. */
	assert_null(s);
	assert_non_null(strstr(errors, "FILE:2: 3 cells, there must be 7: "));
	errors = NULL;
	s = load_file(ctx, "customers",
	    HEAD "\"North, \"\"Power\"\"\",Ops@North.example, 4a4a 4a4a 4a4a "
		 "4a4a 4a4a 4a4a 4a4a 4a4a 4a4a 4a4a ,YES,xyz-100;制御盤,"
		 "Sora Systems,EN\r\n"
		 "\r\n"
		 "西ガス,ops@west.example," KEY_2 ",no,\"XYZ-100 ; \",,\r\n",
	    &errors);
	if (s == NULL)
		fail_msg("%s", errors);
	assert_int_equal(s->ncustomers, 2);
	k = settings_customer(s, "OPS@north.example");
	assert_ptr_equal(k, &s->customers[0]);
	assert_string_equal(k->name, "North, \"Power\"");
	assert_string_equal(k->address, "ops@north.example");
	assert_string_equal(k->fingerprint, KEY_1);
	assert_true(k->nda);
	assert_int_equal(k->nproducts, 2);
	/* As the map writes them. */
	assert_string_equal(k->products[0], "XYZ-100");
	assert_string_equal(k->products[1], "制御盤");
	assert_string_equal(k->integrator, "Sora Systems");
	assert_string_equal(k->language, "en");
	assert_int_equal(k->place.line, 2);
	k = &s->customers[1];
	assert_false(k->nda);
	assert_int_equal(k->nproducts, 1);
	assert_null(k->integrator);
	assert_string_equal(k->language, "ja"); /* the desk's */
	assert_int_equal(k->place.line, 4);
	assert_null(settings_customer(s, "ops@south.example"));
	assert_null(settings_customer(s, NULL));

	/* Their keys are wanted in the keyring as the others are. */
	pinned = settings_pinned(ctx, s, &n);
	assert_int_equal(n, 8);
	assert_string_equal(pinned[6], KEY_1);
	assert_string_equal(pinned[7], KEY_2);
	talloc_free(ctx);
}

/* A quoted cell may hold line ends: the line of a record is its first. */
static void
test_customer_lines(void **state)
{
	void *ctx = talloc_new(NULL);
	char *errors = NULL;

	assert_null(load_file(ctx, "customers",
	    HEAD "\"North\nPower\",ops@north.example," KEY_1 ",yes,XYZ-100,,\n"
		 "West,west," KEY_2 ",yes,XYZ-100,,\n",
	    &errors));
	assert_string_equal(errors,
	    "FILE:2: name: one line of text is wanted\n"
	    "FILE:4: address = \"west\" must be a mail address such as "
	    "ops@example.com\n");
	talloc_free(ctx);
}

#define ROW(name, address, key, nda, products, integrator, language)           \
	HEAD name "," address "," key "," nda "," products "," integrator      \
		  "," language "\n"

static void
test_customer_errors(void **state)
{
	static const char *const each[][2] = {
	    {"", "FILE:1: the first line must be name,address,fingerprint,"},
	    {"name,address\n", "FILE:1: the first line must be"},
	    {"North,ops@north.example," KEY_1 ",yes,XYZ-100,,\n",
		"FILE:1: the first line must be"},
	    {ROW("", "a@b.example", KEY_1, "yes", "XYZ-100", "", ""),
		"FILE:2: name: 1 to 60 columns of text are wanted\n"},
	    {ROW("N", "a@", KEY_1, "yes", "XYZ-100", "", ""),
		"FILE:2: address = \"a@\" must be a mail address"},
	    {ROW("N", "a@b.example", "4A4A", "yes", "XYZ-100", "", ""),
		"FILE:2: fingerprint = \"4A4A\" must be a whole OpenPGP"},
	    {ROW("N", "a@b.example", KEY_1, "", "XYZ-100", "", ""),
		"FILE:2: nda = \"\" must be yes or no"},
	    {ROW("N", "a@b.example", KEY_1, "yes", "XYZ-10", "", ""),
		"FILE:2: products: there is no product \"XYZ-10\" in "
		"psirtd.conf\n"},
	    {ROW("N", "a@b.example", KEY_1, "yes", "", "", ""),
		"FILE:2: products: name one at least"},
	    {ROW("N", "a@b.example", KEY_1, "yes", "XYZ-100", "", "de"),
		"FILE:2: language = \"de\" must be en or ja"},
	    {ROW("N", "psirt@vendor.example", KEY_1, "yes", "XYZ-100", "", ""),
		"FILE:2: address psirt@vendor.example is the desk's own"},
	    {ROW("N", "a@b.example", KEY_JPCERT, "yes", "XYZ-100", "", ""),
		"FILE:2: fingerprint " KEY_JPCERT " is that of somebody in "
		"psirtd.conf: a key stands for one party"},
	    {ROW("N", "a@b.example", KEY_DESIGN, "yes", "XYZ-100", "", ""),
		"FILE:2: fingerprint " KEY_DESIGN " is that of somebody"},
	    {ROW("N", "a@b.example", KEY_POC, "yes", "XYZ-100", "", ""),
		"FILE:2: fingerprint " KEY_POC " is that of somebody"},
	    {ROW("N", "a@b.example", KEY_1, "yes", "XYZ-100", "",
		 "") "O,A@b.example," KEY_2 ",yes,XYZ-100,,\n",
		"FILE:3: address a@b.example stands on line 2 already"},
	    {ROW("N", "a@b.example", KEY_1, "yes", "XYZ-100", "",
		 "") "O,c@b.example," KEY_1 ",yes,XYZ-100,,\n",
		"FILE:3: fingerprint " KEY_1 " stands on line 2 already"},
	    {HEAD "N,a@b.example\n", "FILE:2: 2 cells, there must be 7"},
	    {HEAD "\"N,a@b.example," KEY_1 ",yes,XYZ-100,,\n",
		"FILE:2: this quote is not closed: put \" behind the cell\n"},
	    {HEAD "\"N\"x,a@b.example," KEY_1 ",yes,XYZ-100,,\n",
		"FILE:2: a quote ends within a cell: double it"},
	    {HEAD "N\"x,a@b.example," KEY_1 ",yes,XYZ-100,,\n",
		"FILE:2: a cell with a quote in it stands in quotes"},
	};

	for (size_t i = 0; i < COUNT_OF(each); i++) {
		void *ctx = talloc_new(NULL);
		char *errors = NULL;

		if (load_file(ctx, "customers", each[i][0], &errors) != NULL)
			fail_msg("%s", each[i][0]);
		if (strstr(errors, each[i][1]) != errors)
			fail_msg("%s\nnot %s", errors, each[i][1]);
		/* One mistake, one line. */
		assert_ptr_equal(strchr(errors, '\n'), strrchr(errors, '\n'));
		talloc_free(ctx);
	}
}

/* Cut anywhere it is read or refused, never half a customer. */
static void
test_customers_cut(void **state)
{
	static const char whole[] = ROW("\"N, \"\"1\"\"\"", "a@b.example",
	    KEY_1, "yes", "XYZ-100", "\"S\"", "en");

	for (size_t len = 0; len < sizeof(whole) - 2; len++) {
		void *ctx = talloc_new(NULL);
		char *errors = NULL;
		const struct settings *s = load_file(
		    ctx, "customers", talloc_strndup(ctx, whole, len), &errors);
		bool head = len == strlen(HEAD) || len == strlen(HEAD) - 1;
		/* The language is optional. */
		bool row = len == strlen(whole) - 1 || len == strlen(whole) - 3;

		if ((s != NULL) != (head || row))
			fail_msg("%zu: %s", len, s ? "taken" : errors);
		if (s != NULL)
			assert_int_equal(s->ncustomers, row);
		talloc_free(ctx);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_customers),
	    cmocka_unit_test(test_customer_lines),
	    cmocka_unit_test(test_customer_errors),
	    cmocka_unit_test(test_customers_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
