// SPDX-License-Identifier: AGPL-3.0-or-later
// What requests say in headers: ranges, entity tags, lists of tokens, and who they were passed on for. The first line of the
// input is a list of trusted proxies, the second the peer's address, the third a file's size; the rest are headers.
#include "http/condition.h"
#include "http/internal.h"
#include "http/request.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 15, HEADERS_MAX = 32 };

static void check_range(struct slice value, int64_t size)
{
    int64_t first = -1, length = -1;

    if (range_parse(value, size, &first, &length) == RANGE_PART) {
        BUG_ON(first < 0 || length < 1 || first > size - length);
    }
}

static void check_tags(struct slice value)
{
    char own[64];

    snprintf(own, sizeof(own), "\"%.*s\"", (int)(value.len > 20 ? 20 : value.len),
        value.data ? value.data : "");
    BUG_ON(slice_is(value, "*") && !etag_listed(value, own));
    etag_listed(value, own);
    BUG_ON(etag_same(value, own) != slice_is(slice_trim(value), own));
}

static void pass_on(struct slice list, struct slice peer, struct http_request *req)
{
    AUTO_FREE char *text = xasprintf(SLICE_FMT, SLICE_ARG(list));
    struct error err = { 0 };
    struct forward *f = forward_new(text, &err);

    BUG_ON(!f && !err.text[0]);
    if (!f) {
        return;
    }
    snprintf(req->peer, sizeof(req->peer), SLICE_FMT, SLICE_ARG(peer));
    req->peer_is_loopback = true;
    forward_apply(f, req);
    bool says_so = http_header_find(req, "x-forwarded-for").data ||
                   http_header_find(req, "forwarded").data ||
                   http_header_find(req, "x-real-ip").data;
    BUG_ON(says_so && req->peer_is_loopback); // nobody passes a stranger off as this machine
    BUG_ON(!memchr(req->peer, '\0', sizeof(req->peer)));
    forward_free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_make((const char *)data, size), list, peer, number, line;
    struct http_header headers[HEADERS_MAX];
    struct http_request req = { .headers = headers };
    int64_t file_size = 0;

    if (size > INPUT_MAX || !slice_cut(&rest, '\n', &list) || !slice_cut(&rest, '\n', &peer) ||
        !slice_cut(&rest, '\n', &number)) {
        return 0;
    }
    if (!slice_to_i64(number, &file_size) || file_size < 0) {
        file_size = 1000;
    }
    while (req.header_count < HEADERS_MAX && slice_cut(&rest, '\n', &line)) {
        struct slice name;
        slice_cut(&line, ':', &name);
        headers[req.header_count++] = (struct http_header){ name, slice_trim(line) };
    }
    for (size_t i = 0; i < req.header_count; i++) {
        check_range(headers[i].value, file_size);
        check_tags(headers[i].value);
        header_has_token(headers[i].value, "websocket");
    }
    pass_on(list, peer, &req);
    return 0;
}
