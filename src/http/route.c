// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements route.h: a list walked whole, a hundred routes at a few nanoseconds each. Each pattern is cut into segments once.
// The rank of a fit has two bits a segment from the left: 2 literal, 1 parameter, 0 rest.
#include "http/route.h"

#include <stdlib.h>

enum piece_kind { PIECE_REST, PIECE_PARAM, PIECE_LITERAL };

struct piece {
    enum piece_kind kind;
    struct slice text; // literal, or the parameter's name
};

struct entry {
    const struct http_route *route;
    size_t count;
    struct piece pieces[ROUTE_SEGMENTS_MAX];
};

struct route_table {
    size_t count;
    struct entry entries[];
};

static const char *const method_names[HTTP_METHODS] = {
    [HTTP_GET] = "GET",
    [HTTP_HEAD] = "HEAD",
    [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",
    [HTTP_PATCH] = "PATCH",
    [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS",
};

const char *http_method_name(enum http_method method)
{
    return method_names[method];
}

bool http_method_parse(struct slice text, enum http_method *ret)
{
    for (size_t i = 0; i < HTTP_METHODS; i++) {
        if (slice_is(text, method_names[i])) {
            *ret = (enum http_method)i;
            return true;
        }
    }
    return false;
}

void route_allow_format(unsigned allowed, struct buf *out)
{
    const char *between = "";
    for (unsigned i = 0; i < HTTP_METHODS; i++) {
        if (allowed >> i & 1) {
            buf_add_str(out, between);
            buf_add_str(out, method_names[i]);
            between = ", ";
        }
    }
}

static int compile(const struct http_route *route, struct entry *e, struct error *err)
{
    struct slice rest = slice_of(route->path), piece;

    e->route = route;
    if (rest.len == 0 || rest.data[0] != '/') {
        return error_set(
            err, ERR_INVALID, "The route \"%s\" does not start with a slash.", route->path);
    }
    while (slice_cut(&rest, '/', &piece)) {
        if (piece.len == 0) {
            continue;
        }
        if (e->count == ROUTE_SEGMENTS_MAX ||
            (e->count > 0 && e->pieces[e->count - 1].kind == PIECE_REST)) {
            return error_set(err, ERR_INVALID,
                "The route \"%s\" is too long, or its rest is not last.", route->path);
        }
        struct piece *p = &e->pieces[e->count++];
        *p = (struct piece){ .kind = PIECE_LITERAL, .text = piece };
        if (piece.data[0] == '{' && piece.data[piece.len - 1] == '}') {
            p->kind = PIECE_PARAM;
            p->text = slice_make(piece.data + 1, piece.len - 2);
            if (p->text.len > 3 && slice_ends(p->text, "...")) {
                p->kind = PIECE_REST;
                p->text.len -= 3;
            }
        }
    }
    return 0;
}

static bool same_pattern(const struct entry *a, const struct entry *b)
{
    if (a->route->method != b->route->method || a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (a->pieces[i].kind != b->pieces[i].kind ||
            (a->pieces[i].kind == PIECE_LITERAL &&
                !slice_equal(a->pieces[i].text, b->pieces[i].text))) {
            return false;
        }
    }
    return true;
}

int route_table_new(
    const struct http_route *const *lists, struct route_table **ret, struct error *err)
{
    size_t count = 0;

    for (const struct http_route *const *l = lists; *l; l++) {
        for (const struct http_route *r = *l; r->path; r++) {
            count++;
        }
    }
    if (count > ROUTES_MAX) {
        return error_set(err, ERR_LIMIT, "There are more than %d routes.", ROUTES_MAX);
    }
    struct route_table *t = xalloc(sizeof(*t) + count * sizeof(t->entries[0]));
    for (const struct http_route *const *l = lists; *l; l++) {
        for (const struct http_route *r = *l; r->path; r++) {
            struct entry *e = &t->entries[t->count];
            int rc = compile(r, e, err);
            for (size_t i = 0; rc == 0 && i < t->count; i++) {
                if (same_pattern(&t->entries[i], e)) {
                    rc = error_set(err, ERR_INVALID, "The route %s %s is there twice.",
                        method_names[r->method], r->path);
                }
            }
            if (rc != 0) {
                route_table_free(t);
                return rc;
            }
            t->count++;
        }
    }
    *ret = t;
    return 0;
}

void route_table_free(struct route_table *t)
{
    free(t);
}

static bool takes_rest(const struct entry *e)
{
    return e->count > 0 && e->pieces[e->count - 1].kind == PIECE_REST;
}

// -1, or the rank of the fit.
static int64_t fit(const struct entry *e, const struct slice *segments, size_t count)
{
    int64_t rank = 0;
    bool rest = takes_rest(e);

    if (rest ? count + 1 < e->count : count != e->count) {
        return -1;
    }
    for (size_t i = 0; i < e->count; i++) {
        const struct piece *p = &e->pieces[i];
        if (p->kind == PIECE_LITERAL && !slice_equal(p->text, segments[i])) {
            return -1;
        }
        rank |= (int64_t)p->kind << 2 * (ROUTE_SEGMENTS_MAX - i);
    }
    return rank + (rest ? 0 : 1);
}

static void fill(const struct entry *e, const struct slice *segments, struct route_match *ret)
{
    ret->route = e->route;
    ret->param_count = 0;
    ret->has_rest = false;
    for (size_t i = 0; i < e->count; i++) {
        const struct piece *p = &e->pieces[i];
        if (p->kind == PIECE_PARAM) {
            ret->params[ret->param_count++] = (struct http_header){ p->text, segments[i] };
        } else if (p->kind == PIECE_REST) {
            ret->params[ret->param_count++] = (struct http_header){ .name = p->text };
            ret->has_rest = true;
            ret->rest_from = i;
        }
    }
}

int route_find(const struct route_table *t, enum http_method method, const struct slice *segments,
    size_t count, struct route_match *ret)
{
    const struct entry *best[HTTP_METHODS] = { NULL };
    int64_t best_rank[HTTP_METHODS];

    *ret = (struct route_match){ 0 };
    for (int rest = 0; rest < 2 && ret->allowed == 0; rest++) {
        for (size_t i = 0; i < t->count; i++) {
            const struct entry *e = &t->entries[i];
            enum http_method m = e->route->method;
            int64_t rank = takes_rest(e) == rest ? fit(e, segments, count) : -1;
            if (rank >= 0 && (!best[m] || rank > best_rank[m])) {
                best[m] = e;
                best_rank[m] = rank;
                ret->allowed |= 1u << m;
            }
        }
    }
    if (ret->allowed == 0) {
        return ERR_NOT_FOUND;
    }
    ret->allowed |= 1u << HTTP_OPTIONS;
    if (best[HTTP_GET]) {
        ret->allowed |= 1u << HTTP_HEAD;
    }
    const struct entry *e = best[method];
    if (!e && method == HTTP_HEAD) {
        e = best[HTTP_GET];
    }
    if (!e) {
        return ERR_UNSUPPORTED;
    }
    fill(e, segments, ret);
    return 0;
}
