/* Reading the file of a certificate chain, for `check` and for the parent alike. */
#ifndef MAIN_CHAIN_FILE_H
#define MAIN_CHAIN_FILE_H

#include "base/buf.h"

#define CHAIN_FILE_MAX (256 * 1024) /* bytes; what `text` is born with */

/* All of the file into text, also a key that stands in it: mistakes are explained from the whole. Who
 * passes it on lets pem_only_certificates have it first. −err: *errors says so, behind label. */
int must_use chain_file_read(const char *path, const char *label, struct buf *text,
                             struct buf *errors);

#endif
