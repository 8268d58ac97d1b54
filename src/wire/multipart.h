// SPDX-License-Identifier: AGPL-3.0-or-later
// Incremental reader of multipart/form-data (RFC 7578 over RFC 2046, section 5.1). Pushed bytes come out as part_begin,
// part_data…, part_end; nothing is buffered but a part's headers. No I/O; one thread at a time.
//
//   body       = [ preamble CRLF ] "--" boundary pad CRLF part *( CRLF "--" boundary pad CRLF part )
//                CRLF "--" boundary "--" [ pad CRLF epilogue ]
//   part       = *( header CRLF ) CRLF *OCTET                 ; content never holds CRLF "--" boundary
//   header     = 1*tchar ":" *( HTAB / %x20-7E / %x80-FF )    ; no folding
//   pad        = *( SP / HTAB )                                ; 64 at most
//   disposition = "form-data" *( ";" param )                  ; name is needed, filename says that it is a file
//   param      = token "=" ( token / DQUOTE *( qdtext / "\" DQUOTE / "\\" / "%22" ) DQUOTE )
//                / "filename*=UTF-8''" percent-encoded
#ifndef LARDER_WIRE_MULTIPART_H
#define LARDER_WIRE_MULTIPART_H

#include "base/buf.h"
#include "base/error.h"

#include <sys/types.h>

enum {
    MULTIPART_BOUNDARY_MAX = 70, // RFC 2046
    MULTIPART_HEADER_MAX = 8 * 1024, // of one part, all lines
    MULTIPART_PREAMBLE_MAX = 8 * 1024,
    MULTIPART_PAD_MAX = 64,
    MULTIPART_PARTS_MAX = 64, // of any kind
};

struct multipart_part {
    struct slice name;
    bool has_file_name;
    struct slice file_name; // valid until part_begin returns, like the others
    struct slice media_type; // empty if not given
};

// Each returns 0, or a negative ERR_* that multipart_feed gives back (with err set by the callback).
struct multipart_events {
    int (*part_begin)(void *data, const struct multipart_part *part, struct error *err);
    int (*part_data)(void *data, const char *bytes, size_t len, struct error *err);
    int (*part_end)(void *data, struct error *err);
};

struct multipart {
    const struct multipart_events *events;
    void *data;
    uint8_t state;
    bool in_part;
    int rc; // a failure stays
    size_t matched; // bytes of the delimiter that wait
    size_t delimiter_len;
    char delimiter[4 + MULTIPART_BOUNDARY_MAX + 1]; // CR LF "--" boundary
    size_t skipped; // preamble, padding
    size_t parts;
    struct buf header; // the part's header lines
    struct buf text; // scratch for decoded parameters
};

// The boundary out of a Content-Type value. false if it is not multipart/form-data with a usable boundary.
bool multipart_boundary(struct slice content_type, struct slice *ret_boundary);
bool multipart_is(struct slice content_type); // multipart/form-data, whatever its boundary
void multipart_init(
    struct multipart *m, struct slice boundary, const struct multipart_events *events, void *data);
void multipart_done(struct multipart *m);
// 0; ERR_INVALID malformed, ERR_LIMIT too many parts or headers too large, or what a callback returned.
int multipart_feed(struct multipart *m, const char *bytes, size_t len, struct error *err);
int multipart_finish(
    struct multipart *m, struct error *err); // ERR_INVALID if the last boundary never came

#endif
