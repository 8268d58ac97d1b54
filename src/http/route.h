// SPDX-License-Identifier: AGPL-3.0-or-later
// Which route a path belongs to. A pattern is "/v1/documents/{id}/pages/{page}"; a last "{name...}" takes the rest, slashes
// included (and may be empty). Where several fit, the one that is literal further to the left wins. One with a rest is asked
// only where no other fits, whatever its method: the app's page is not the GET of an address that takes POST. Immutable
// after _new.
#ifndef LARDER_HTTP_ROUTE_H
#define LARDER_HTTP_ROUTE_H

#include "http/http.h"

enum { ROUTES_MAX = 512, ROUTE_SEGMENTS_MAX = 16, PATH_SEGMENTS_MAX = 64 };

struct route_table;
// ERR_INVALID: a pattern that can't be read, or the same method and pattern twice.
int route_table_new(
    const struct http_route *const *lists, struct route_table **ret, struct error *err);
void route_table_free(struct route_table *t); // NULL is fine

struct route_match {
    const struct http_route *route;
    unsigned
        allowed; // bit per enum http_method of routes with this path, HEAD and OPTIONS included
    size_t param_count;
    struct http_header
        params[ROUTE_SEGMENTS_MAX]; // names static, values lend from segments or `rest`
    size_t rest_from; // first segment of "{name...}"; its value is filled by the caller
    bool has_rest; // then the last param is the rest
};
// 0; ERR_NOT_FOUND: no such path; ERR_UNSUPPORTED: the path exists, but not for this method (ret->allowed is set). HEAD finds
// GET's route unless it has its own. segments: the path's decoded pieces between slashes, none empty.
int route_find(const struct route_table *t, enum http_method method, const struct slice *segments,
    size_t count, struct route_match *ret);
const char *http_method_name(enum http_method method);
bool http_method_parse(struct slice text, enum http_method *ret);
void route_allow_format(unsigned allowed, struct buf *out); // "GET, HEAD"

#endif
