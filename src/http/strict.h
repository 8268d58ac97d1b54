// SPDX-License-Identifier: AGPL-3.0-or-later
// The strict reader of message framing, run over every byte before llhttp sees it: where a head ends, where a body ends,
// and a refusal for anything that two servers could read in two ways. It is byte-fed, keeps its state across reads and
// does no I/O. llhttp then reads the same bytes; both must find the same ends (parse.c), else the message is refused.
//
// Grammar (RFC 9112, with everything optional and doubtful left out):
//
//   message      = [ CRLF ] request-line *( field-line ) CRLF [ body ]     ; one empty line before it, as old clients send
//   request-line = method SP target SP "HTTP/1." ( "0" / "1" ) CRLF
//   method       = 1*16 tchar
//   target       = 1*8192 ( %x21-7E )
//   field-line   = 1*tchar ":" *( HTAB / %x20-7E / %x80-FF ) CRLF          ; no obs-fold, no space before the colon
//   body         = exactly Content-Length octets / chunked
//   chunked      = *( chunk-size [ ext ] CRLF 1*OCTET CRLF ) 1*"0" [ ext ] CRLF *( field-line ) CRLF
//   chunk-size   = 1*15 HEXDIG
//   ext          = ";" *( HTAB / %x20-7E )                                 ; 256 bytes a line, 4 KiB a body, ignored
//
// CR stands only before LF and LF only after CR. Over the whole head: exactly one Host on 1.1 (at most one on 1.0), equal
// to the authority of an absolute-form target; at most one Content-Length, digits only; Transfer-Encoding only on 1.1,
// only once, only "chunked", never with Content-Length (request.c checks these once the head is whole).
#ifndef LARDER_HTTP_STRICT_H
#define LARDER_HTTP_STRICT_H

#include "base/slice.h"

enum {
    STRICT_HEAD_MAX = 32 * 1024, // bytes of request line and fields
    STRICT_FIELDS_MAX = 100,
    STRICT_METHOD_MAX = 16,
    STRICT_TARGET_MAX = 8 * 1024,
    STRICT_CHUNK_DIGITS = 15, // 60 bits: can't overflow
    STRICT_EXT_LINE_MAX = 256,
    STRICT_EXT_MAX = 4 * 1024, // all extensions of one body
    STRICT_TRAILER_MAX = 8 * 1024, // all trailer fields of one body
};

enum strict_end {
    STRICT_MORE, // all bytes taken, nothing ended
    STRICT_HEAD_END, // the head's last LF was taken; now strict_body must be called
    STRICT_MESSAGE_END, // the body's last byte was taken; the next message may start
    STRICT_REFUSED, // status and sentence are set; the connection is beyond repair
};

struct strict {
    uint8_t state;
    bool started; // a byte of this message was taken
    uint16_t fields;
    uint16_t ext_line;
    uint32_t ext_all;
    uint32_t head; // bytes of the head so far
    uint32_t
        part; // bytes of the method, target, name; digits of a chunk size; matched bytes of the version
    int64_t left; // of the body or chunk
    int status; // HTTP status of a refusal
    const char *sentence;
};

void strict_init(struct strict *s);
// Takes bytes up to the first end and says how many in *ret_used. May be called again after HEAD_END and strict_body, or
// after MESSAGE_END.
enum strict_end strict_feed(struct strict *s, const char *data, size_t len, size_t *ret_used);
// After STRICT_HEAD_END: what follows. length 0 and not chunked: there is no body, and the message has ended.
void strict_body(struct strict *s, bool chunked, int64_t length);
// Leaves out an empty line before a message: true if the head buffer should not keep the bytes taken so far.
static inline bool strict_is_idle(const struct strict *s)
{
    return !s->started;
}

#endif
