// SPDX-License-Identifier: AGPL-3.0-or-later
// A mail message (RFC 5322, MIME: RFC 2045 to 2047, 2231) taken apart over its bytes in memory. A message of any other
// program is read; what is malformed is text. Our own, because the libraries for this convert with iconv, which loads its
// converters from disk when first asked, and a reader may open nothing by then. Pure. One thread.
#ifndef LARDER_READER_EML_H
#define LARDER_READER_EML_H

#include "base/buf.h"
#include "base/slice.h"

enum {
    EML_DEPTH_MAX = 20, // of parts in parts
    EML_PARTS_MAX = 1000, // of one message
    EML_HEADER_MAX = 64 << 10, // bytes of one header, decoded
    EML_BODY_MAX = 256 << 20, // bytes of one part, decoded
};

struct eml_part {
    struct slice head; // header lines
    struct slice body; // still encoded for transfer
};

void eml_split(struct slice whole, struct eml_part *ret);
// Appends the value of the first header of that name, unfolded, as it stands. False if there is none.
bool eml_header(const struct eml_part *p, const char *name, struct buf *b);
// The same with encoded words ("=?utf-8?Q?…?=") read; UTF-8.
bool eml_header_text(const struct eml_part *p, const char *name, struct buf *b);
// "text/html" of a Content-Type in small letters; text/plain if it says nothing.
void eml_type(const struct eml_part *p, struct buf *b);
// A parameter of a header: charset, boundary, name, filename; RFC 2231 pieces joined. False if there is none.
bool eml_parameter(const struct eml_part *p, const char *header, const char *name, struct buf *b);
// The name of an attachment; false if it has none.
bool eml_file_name(const struct eml_part *p, struct buf *b);
// Appends the body without its transfer encoding (base64, quoted-printable).
void eml_decode_body(const struct eml_part *p, struct buf *b);
// The next part of a multipart body: *rest is what is left of it, first the whole body. False after the last.
bool eml_next_part(struct slice *rest, struct slice boundary, bool *first, struct eml_part *ret);
// Whether this begins as a message does: with a header that messages have.
bool eml_looks_like(struct slice whole);

#endif
