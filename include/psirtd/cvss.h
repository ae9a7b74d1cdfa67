/*
 * cvss.h - vectors of CVSS 2, 3 and 4: of letters, and of departments.
 */
#ifndef PSIRTD_CVSS_H
#define PSIRTD_CVSS_H

/*
 * A vector, upper-case and its metrics in any order, as FIRST writes it; what
 * stands behind it does not count.  NULL when it is none.
 */
char *cvss_spell(const void *ctx, const char *text);

#endif
