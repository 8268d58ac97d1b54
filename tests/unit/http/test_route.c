// SPDX-License-Identifier: AGPL-3.0-or-later
// route.h: which route wins, what 405 may say, and what patterns are refused.
#include "http/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static int nothing(struct http_request *req, struct http_response *resp, struct error *err)
{
    (void)req;
    (void)resp;
    (void)err;
    return 0;
}

static const struct http_route routes[] = {
    { .method = HTTP_GET, .path = "/", .handler = nothing },
    { .method = HTTP_GET, .path = "/v1/documents", .handler = nothing },
    { .method = HTTP_POST, .path = "/v1/documents", .handler = nothing },
    { .method = HTTP_GET, .path = "/v1/documents/{id}", .handler = nothing },
    { .method = HTTP_DELETE, .path = "/v1/documents/{id}", .handler = nothing },
    { .method = HTTP_GET, .path = "/v1/documents/recent", .handler = nothing },
    { .method = HTTP_GET, .path = "/v1/documents/{id}/pages/{page}", .handler = nothing },
    { .method = HTTP_HEAD, .path = "/v1/uploads/{id}", .handler = nothing },
    { .method = HTTP_GET, .path = "/app/{rest...}", .handler = nothing },
    { .path = NULL },
};
static const struct http_route *const lists[] = { routes, NULL };

static int find(
    const struct route_table *t, enum http_method method, const char *path, struct route_match *m)
{
    static struct slice segments[PATH_SEGMENTS_MAX];
    struct slice rest = slice_of(path), piece;
    size_t count = 0;
    while (slice_cut(&rest, '/', &piece)) {
        if (piece.len) {
            segments[count++] = piece;
        }
    }
    return route_find(t, method, segments, count, m);
}

static void the_most_literal_route_wins(void **state)
{
    (void)state;
    struct route_table *t = NULL;
    struct route_match m;
    static const struct {
        enum http_method method;
        const char *path, *pattern;
    } cases[] = {
        { HTTP_GET, "/", "/" },
        { HTTP_GET, "/v1/documents", "/v1/documents" },
        { HTTP_GET, "/v1//documents/", "/v1/documents" },
        { HTTP_GET, "/v1/documents/recent", "/v1/documents/recent" },
        { HTTP_GET, "/v1/documents/abc", "/v1/documents/{id}" },
        { HTTP_DELETE, "/v1/documents/recent", "/v1/documents/{id}" },
        { HTTP_HEAD, "/v1/documents/abc", "/v1/documents/{id}" },
        { HTTP_HEAD, "/v1/uploads/abc", "/v1/uploads/{id}" },
        { HTTP_GET, "/v1/documents/a/pages/3", "/v1/documents/{id}/pages/{page}" },
        { HTTP_GET, "/app", "/app/{rest...}" },
        { HTTP_GET, "/app/a/b/c", "/app/{rest...}" },
    };
    assert_int_equal(route_table_new(lists, &t, NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(find(t, cases[i].method, cases[i].path, &m), 0);
        assert_string_equal(m.route->path, cases[i].pattern);
    }
    assert_int_equal(find(t, HTTP_GET, "/v1/documents/a/pages/3", &m), 0);
    assert_int_equal(m.param_count, 2);
    assert_true(slice_is(m.params[0].name, "id") && slice_is(m.params[0].value, "a"));
    assert_true(slice_is(m.params[1].name, "page") && slice_is(m.params[1].value, "3"));
    route_table_free(t);
}

static void a_known_path_with_another_method_says_what_is_allowed(void **state)
{
    (void)state;
    struct route_table *t = NULL;
    struct route_match m;
    AUTO_BUF text = BUF_INIT(200);

    assert_int_equal(route_table_new(lists, &t, NULL), 0);
    assert_int_equal(find(t, HTTP_PUT, "/v1/documents", &m), ERR_UNSUPPORTED);
    route_allow_format(m.allowed, &text);
    assert_string_equal(text.data, "GET, HEAD, POST, OPTIONS");
    assert_int_equal(find(t, HTTP_GET, "/v1/nothing", &m), ERR_NOT_FOUND);
    assert_int_equal(find(t, HTTP_GET, "/v1/documents/a/b", &m), ERR_NOT_FOUND);
    route_table_free(t);
}

static void a_route_with_a_rest_is_asked_last_whatever_its_method(void **state)
{
    (void)state;
    static const struct http_route routes_of_an_app[] = {
        { .method = HTTP_POST, .path = "/v1/ask", .handler = nothing },
        { .method = HTTP_GET, .path = "/{path...}", .handler = nothing },
        { .path = NULL },
    };
    const struct http_route *const one[] = { routes_of_an_app, NULL };
    struct route_table *t = NULL;
    struct route_match m;
    AUTO_BUF text = BUF_INIT(200);

    assert_int_equal(route_table_new(one, &t, NULL), 0);
    assert_int_equal(find(t, HTTP_GET, "/v1/ask", &m), ERR_UNSUPPORTED);
    route_allow_format(m.allowed, &text);
    assert_string_equal(text.data, "POST, OPTIONS");
    assert_int_equal(find(t, HTTP_GET, "/v1", &m), 0);
    assert_string_equal(m.route->path, "/{path...}");
    route_table_free(t);
}

static void wrong_patterns_are_refused(void **state)
{
    (void)state;
    static const struct http_route twice[] = {
        { .method = HTTP_GET, .path = "/a/{x}", .handler = nothing },
        { .method = HTTP_GET, .path = "/a/{y}", .handler = nothing },
        { .path = NULL },
    };
    static const struct http_route rest_inside[] = {
        { .method = HTTP_GET, .path = "/a/{x...}/b", .handler = nothing }, { .path = NULL }
    };
    static const struct http_route no_slash[] = {
        { .method = HTTP_GET, .path = "a", .handler = nothing }, { .path = NULL }
    };
    const struct http_route *const wrong[] = { twice, rest_inside, no_slash };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        const struct http_route *const one[] = { wrong[i], NULL };
        struct route_table *t = NULL;
        assert_int_equal(route_table_new(one, &t, NULL), ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_literal_route_wins),
        cmocka_unit_test(a_known_path_with_another_method_says_what_is_allowed),
        cmocka_unit_test(a_route_with_a_rest_is_asked_last_whatever_its_method),
        cmocka_unit_test(wrong_patterns_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
