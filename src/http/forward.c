// SPDX-License-Identifier: AGPL-3.0-or-later
// Who a request comes from when a proxy stands in between. Only a proxy on the list is believed: X-Forwarded-For is read from
// its end, over further proxies of the list, to the first address that is none; X-Forwarded-Proto says whether that client
// came by TLS. What others write there changes nothing, but for one thing: a request that was passed on is never taken for one
// of this machine, so that a proxy nobody thought of does not make strangers local. Immutable after _new; any thread.
#include "http/internal.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { NETWORKS_MAX = 64, HOPS_MAX = 32, ADDRESS = FORWARD_ADDRESS };

struct network {
    uint8_t address[ADDRESS]; // IPv4 as ::ffff:a.b.c.d
    int bits;
};
struct forward {
    size_t count;
    struct network networks[NETWORKS_MAX];
};

bool forward_read_address(struct slice text, uint8_t ret[ADDRESS], bool *ret_v4)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    char copy[64];

    if (text.len > 2 && text.data[0] == '[' && text.data[text.len - 1] == ']') {
        text = slice_make(text.data + 1, text.len - 2);
    }
    if (text.len == 0 || text.len >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    memcpy(ret, mapped, sizeof(mapped));
    *ret_v4 = inet_pton(AF_INET, copy, ret + 12) == 1;
    return *ret_v4 || inet_pton(AF_INET6, copy, ret) == 1;
}

static bool read_network(struct slice text, struct network *ret)
{
    struct slice rest = text, address;
    int64_t bits = 0;
    bool v4 = false;

    if (!slice_cut(&rest, '/', &address) || !forward_read_address(address, ret->address, &v4)) {
        return false;
    }
    ret->bits = 8 * ADDRESS;
    if (rest.data && rest.len) {
        if (!slice_to_i64(rest, &bits) || bits < 0 || bits > (v4 ? 32 : 128)) {
            return false;
        }
        ret->bits = (int)bits + (v4 ? 96 : 0);
    }
    return true;
}

struct forward *forward_new(const char *list, struct error *err)
{
    struct forward *f = xalloc(sizeof(*f));
    struct slice rest = slice_of(list), one;

    while (slice_cut(&rest, ' ', &one)) {
        one = slice_trim(one);
        if (one.len == 0) {
            continue;
        }
        if (f->count == NETWORKS_MAX || !read_network(one, &f->networks[f->count])) {
            error_set(err, ERR_INVALID,
                "\"" SLICE_FMT "\" in the list of trusted proxies is no address or network, such "
                "as 10.0.0.5 or 10.0.0.0/8 (at most %d).",
                SLICE_ARG(one), NETWORKS_MAX);
            free(f);
            return NULL;
        }
        f->count++;
    }
    return f;
}

void forward_free(struct forward *f)
{
    free(f);
}

static bool contains(const struct network *n, const uint8_t address[ADDRESS])
{
    size_t bytes = (size_t)n->bits / 8;
    int rest = n->bits % 8;

    return memcmp(n->address, address, bytes) == 0 &&
           (rest == 0 || ((n->address[bytes] ^ address[bytes]) >> (8 - rest)) == 0);
}

bool forward_trusts(const struct forward *f, struct slice text)
{
    uint8_t address[ADDRESS];
    bool v4;

    if (!forward_read_address(text, address, &v4)) {
        return false;
    }
    for (size_t i = 0; i < f->count; i++) {
        if (contains(&f->networks[i], address)) {
            return true;
        }
    }
    return false;
}

// The last piece of a comma list, cut off its end.
static bool cut_last(struct slice *list, struct slice *ret)
{
    size_t at = list->len;

    if (list->len == 0) {
        return false;
    }
    while (at > 0 && list->data[at - 1] != ',') {
        at--;
    }
    *ret = slice_trim(slice_from(*list, at));
    list->len = at ? at - 1 : 0;
    return true;
}

void forward_apply(const struct forward *f, struct http_request *req)
{
    bool passed_on = http_header_find(req, "x-forwarded-for").data ||
                     http_header_find(req, "forwarded").data ||
                     http_header_find(req, "x-real-ip").data;
    int hops = 0;

    if (!passed_on) {
        return;
    }
    req->peer_is_loopback = false;
    if (!forward_trusts(f, slice_of(req->peer))) {
        return;
    }
    struct slice proto = http_header_find(req, "x-forwarded-proto");
    if (proto.data) {
        req->secure = slice_is(proto, "https");
    }
    for (size_t i = req->header_count; i > 0; i--) { // a later header stands behind an earlier one
        struct slice list = req->headers[i - 1].value, one;
        if (!slice_equal_nocase(req->headers[i - 1].name, SLICE_LIT("x-forwarded-for"))) {
            continue;
        }
        while (hops++ < HOPS_MAX && cut_last(&list, &one)) {
            uint8_t address[ADDRESS];
            bool v4;
            if (!forward_read_address(one, address, &v4)) {
                return; // what stands before it is not to be believed either
            }
            snprintf(req->peer, sizeof(req->peer), SLICE_FMT, SLICE_ARG(one));
            if (!forward_trusts(f, one)) {
                return;
            }
        }
    }
}
