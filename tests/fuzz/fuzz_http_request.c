// SPDX-License-Identifier: AGPL-3.0-or-later
// The way of a request from bytes to method, path, headers and body: strict.h, then llhttp (parse.h), then request.h. Each
// input is read whole and in small pieces; both must find the same messages with the same content.
#include "base/arena.h"
#include "http/parse.h"
#include "http/request.h"
#include "http/route.h"
#include "http/strict.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 16, MESSAGES_MAX = 64 };

static int take(void *sink, const char *bytes, size_t len)
{
    buf_add(sink, bytes, len);
    return 0;
}

// Writes what was understood as text, so that two readings can be compared.
static void read_all(const char *bytes, size_t len, size_t step, struct buf *out)
{
    struct strict s;
    size_t at = 0;

    strict_init(&s);
    for (int m = 0; m < MESSAGES_MAX && at < len; m++) {
        AUTO_ARENA arena;
        AUTO_BUF head = BUF_INIT(STRICT_HEAD_MAX + 4);
        AUTO_BUF body = BUF_INIT(1 << 20); // counts only once its message is whole
        struct parse parse;
        struct http_request req = { .arena = &arena };
        struct head_facts facts;
        struct refusal refusal;
        bool in_body = false;

        arena_init(&arena, 1 << 22);
        for (;;) {
            size_t used = 0, n = len - at < step ? len - at : step;
            if (n == 0) {
                return;
            }
            enum strict_end end = strict_feed(&s, bytes + at, n, &used);
            if (end == STRICT_REFUSED) {
                buf_addf(out, "refused %d\n", s.status);
                return;
            }
            BUG_ON(used == 0);
            if (in_body) {
                if (parse_body(&parse, bytes + at, used, end == STRICT_MESSAGE_END) != 0) {
                    buf_add_str(out, "refused 400\n");
                    return;
                }
            } else if (!strict_is_idle(&s)) {
                buf_add(&head, bytes + at, used);
            }
            at += used;
            if (end == STRICT_HEAD_END) {
                struct slice h = buf_slice(&head);
                while (h.len && (h.data[0] == '\r' || h.data[0] == '\n')) {
                    h = slice_from(h, 1);
                }
                if (request_read_head(&req, &parse, h, s.fields, &facts, &refusal) != 0) {
                    buf_addf(out, "refused %d\n", refusal.status);
                    return;
                }
                buf_addf(out, "%s " SLICE_FMT " %zu %zu %d %lld\n", http_method_name(req.method),
                    SLICE_ARG(req.path), req.header_count, req.query_count, facts.chunked,
                    (long long)facts.length);
                BUG_ON(slice_find(req.path, SLICE_LIT("/../")) != NULL ||
                       memchr(req.path.data, 0, req.path.len) != NULL);
                parse_set_sink(&parse, take, &body);
                in_body = true;
                strict_body(&s, facts.chunked, facts.length);
                if (!facts.has_body) {
                    BUG_ON(!parse.message_done);
                    break;
                }
            } else if (end == STRICT_MESSAGE_END) {
                buf_add_slice(out, buf_slice(&body));
                break;
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_MAX) {
        return 0;
    }
    AUTO_BUF whole = BUF_INIT(1 << 20);
    AUTO_BUF pieces = BUF_INIT(1 << 20);
    read_all((const char *)data, size, size ? size : 1, &whole);
    read_all((const char *)data, size, 3, &pieces);
    BUG_ON(!slice_equal(buf_slice(&whole), buf_slice(&pieces)));
    return 0;
}
