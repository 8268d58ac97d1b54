// SPDX-License-Identifier: AGPL-3.0-or-later
// Who a client is behind proxies: only those on the list are believed, and nothing that strangers write changes an address.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/internal.h"

static const char list[] = "10.0.0.0/8 192.0.2.7 2001:db8::/32";

static void expect(const char *proxies, const char *peer, const char *said, const char *client)
{
    struct error err;
    struct forward *f = forward_new(proxies, &err);
    struct http_header headers[] = { { SLICE_LIT("Host"), SLICE_LIT("a") },
        { SLICE_LIT("X-Forwarded-For"), slice_of(said) },
        { SLICE_LIT("x-forwarded-proto"), SLICE_LIT("https") } };
    struct http_request req = { .headers = headers, .header_count = said ? 3 : 1 };

    assert_non_null(f);
    snprintf(req.peer, sizeof(req.peer), "%s", peer);
    req.peer_is_loopback = strcmp(peer, "127.0.0.1") == 0;
    forward_apply(f, &req);
    assert_string_equal(req.peer, client);
    assert_int_equal(req.peer_is_loopback, !said && strcmp(peer, "127.0.0.1") == 0);
    assert_int_equal(req.secure, strcmp(peer, "10.9.9.9") == 0 || strcmp(peer, "192.0.2.7") == 0 ||
                                     strcmp(peer, "2001:db8::1") == 0);
    forward_free(f);
}

static void nobody_is_believed_without_a_list(void **state)
{
    (void)state;
    expect("", "127.0.0.1", "203.0.113.9", "127.0.0.1");
    expect("", "198.51.100.1", "203.0.113.9", "198.51.100.1");
    expect("", "127.0.0.1", NULL, "127.0.0.1");
}

static void the_last_stranger_before_the_proxies_is_the_client(void **state)
{
    (void)state;
    expect(list, "10.9.9.9", "203.0.113.9", "203.0.113.9");
    expect(list, "10.9.9.9", "1.1.1.1, 203.0.113.9", "203.0.113.9"); // the first may be made up
    expect(list, "10.9.9.9", "203.0.113.9, 10.1.1.1,192.0.2.7", "203.0.113.9");
    expect(list, "10.9.9.9", "10.1.1.1", "10.1.1.1");
    expect(list, "2001:db8::1", "[2001:db9::5]", "[2001:db9::5]");
    expect(list, "192.0.2.8", "203.0.113.9", "192.0.2.8"); // a neighbour of a proxy is none
    expect(list, "11.0.0.1", "203.0.113.9", "11.0.0.1");
}

static void nonsense_changes_nothing_before_it(void **state)
{
    (void)state;
    expect(list, "10.9.9.9", "", "10.9.9.9");
    expect(list, "10.9.9.9", "unknown", "10.9.9.9");
    expect(list, "10.9.9.9", "1.1.1.1, x, 10.2.2.2", "10.2.2.2");
    expect(list, "10.9.9.9", ",,,", "10.9.9.9");
    expect(list, "10.9.9.9", "999.1.1.1", "10.9.9.9");
    expect(list, "10.9.9.9",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaa",
        "10.9.9.9");
}

static void bad_lists_are_refused(void **state)
{
    static const char *const bad[] = { "x", "10.0.0.0/33", "10.0.0", "::/129", "10.0.0.0/-1",
        "10.0.0.1,10.0.0.2", "proxy.example" };
    struct error err;
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_null(forward_new(bad[i], &err));
        assert_int_equal(err.code, ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_believed_without_a_list),
        cmocka_unit_test(the_last_stranger_before_the_proxies_is_the_client),
        cmocka_unit_test(nonsense_changes_nothing_before_it),
        cmocka_unit_test(bad_lists_are_refused),
    };
    return cmocka_run_group_tests_name("forward", tests, NULL, NULL);
}
