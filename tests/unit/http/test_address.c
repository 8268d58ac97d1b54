// SPDX-License-Identifier: AGPL-3.0-or-later
// The bound of connections by address: who is counted as whom, who is turned away and how, and that others are not.
#include "http/internal.h"
#include "rig.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { BOUND = 3, SOME = 60 };

#define HELLO(headers) "GET /hello HTTP/1.1\r\nHost: x\r\n" headers "\r\n"
#define FROM(address) "X-Forwarded-For: " address "\r\n"

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int at_gate;

static int hello(struct http_request *req, struct http_response *resp, struct error *err)
{
    (void)req;
    (void)err;
    buf_add_str(&resp->body, "\"hello\"");
    return 0;
}

static int wait_at_gate(struct http_request *req, struct http_response *resp, struct error *err)
{
    atomic_fetch_add(&at_gate, 1);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return hello(req, resp, err);
}

static const struct http_route routes[] = {
    { .method = HTTP_GET, .path = "/hello", .handler = hello, .open = true },
    { .method = HTTP_GET,
        .path = "/gate",
        .handler = wait_at_gate,
        .open = true,
        .lane = HTTP_LANE_HEAVY },
    { .path = NULL },
};
static const struct http_route *const lists[] = { routes, NULL };
static const struct http_options options = { .route_lists = lists,
    .connections_per_address = BOUND };

static struct address *enter(struct addresses *a, const char *text, int *ret_count)
{
    return addresses_enter(a, slice_of(text), ret_count);
}

static void addresses_are_counted_by_client(void **state)
{
    (void)state;
    struct addresses *a = addresses_new(10);
    int n = 0;

    struct address *one = enter(a, "192.0.2.7", &n);
    assert_true(one && n == 1);
    assert_ptr_equal(enter(a, "::ffff:192.0.2.7", &n), one);
    assert_int_equal(n, 2);
    struct address *other = enter(a, "192.0.2.8", &n);
    assert_true(other && other != one && n == 1);
    struct address *network = enter(a, "2001:db8:1:2::1", &n);
    assert_ptr_equal(enter(a, "2001:db8:1:2:ffff::9", &n), network); // each client has a /64
    assert_int_equal(n, 2);
    assert_ptr_not_equal(enter(a, "2001:db8:1:3::1", &n), network);
    assert_int_equal(n, 1);

    addresses_leave(a, one);
    addresses_leave(a, one);
    assert_non_null(enter(a, "192.0.2.7", &n));
    assert_int_equal(n, 1); // forgotten and begun anew
    addresses_leave(a, NULL);
    addresses_free(a);
}

static void this_machine_and_what_is_no_address_are_not_counted(void **state)
{
    (void)state;
    static const char *const none[] = { "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "",
        "unknown", "1.2.3" };
    struct addresses *a = addresses_new(10);
    int n = 7;

    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        assert_null(enter(a, none[i], &n));
    }
    assert_int_equal(n, 7);
    addresses_free(a);
}

static void a_full_table_counts_no_further_address(void **state)
{
    (void)state;
    struct addresses *a = addresses_new(1);
    int n = 0;

    assert_non_null(enter(a, "192.0.2.1", &n));
    assert_null(enter(a, "192.0.2.2", &n));
    assert_non_null(enter(a, "192.0.2.1", &n));
    assert_int_equal(n, 2);
    addresses_free(a);
}

// An address of this machine that others could use, or false.
static bool own_address(struct in_addr *ret)
{
    struct ifaddrs *all = NULL;
    bool found = false;

    if (getifaddrs(&all) != 0) {
        return false;
    }
    for (struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
        if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET && (i->ifa_flags & IFF_UP) &&
            !(i->ifa_flags & IFF_LOOPBACK)) {
            *ret = ((struct sockaddr_in *)(void *)i->ifa_addr)->sin_addr;
            found = true;
        }
    }
    freeifaddrs(all);
    return found;
}

static int connect_by(const struct rig *r, struct in_addr address)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)r->port), .sin_addr = address
    };
    struct timeval limit = { .tv_sec = 20 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void one_address_cannot_take_all_connections(void **state)
{
    (void)state;
    struct rig r;
    struct in_addr own;
    struct http_options o = options;
    struct http_stats st;
    struct answer a = { 0 };
    int held[SOME];

    if (!own_address(&own)) {
        print_message("this machine has no address but its loopback\n");
        skip();
    }
    o.listen = "0.0.0.0:0";
    rig_start(&r, o);
    for (int i = 0; i < BOUND; i++) {
        held[i] = connect_by(&r, own);
    }
    WAIT_FOR((http_server_stats(r.server, &st), st.connections == BOUND));
    int more = connect_by(&r, own); // is told so, before it asks anything
    assert_int_equal(rig_answer(more, &a, false), 429);
    assert_true(answer_header(&a, "retry-after").len > 0);
    assert_true(slice_is(answer_header(&a, "content-type"), "application/problem+json"));
    assert_true(slice_is(answer_header(&a, "connection"), "close"));
    assert_true(rig_is_closed(more));
    close(more);
    assert_int_equal(rig_ask(&r, HELLO(""), &a), 200); // others come in
    rig_send_text(held[0], HELLO(""));
    assert_int_equal(rig_answer(held[0], &a, false), 200); // and those that are in stay

    close(held[0]);
    WAIT_FOR((http_server_stats(r.server, &st), st.connections == BOUND - 1));
    held[0] = connect_by(&r, own); // there is room again
    rig_send_text(held[0], HELLO(""));
    assert_int_equal(rig_answer(held[0], &a, false), 200);
    assert_true((http_server_stats(r.server, &st), st.refused_address == 1));
    for (int i = 0; i < BOUND; i++) {
        close(held[i]);
    }
    answer_done(&a);
    rig_stop(&r);
}

static void a_crowd_of_one_address_is_closed_without_an_answer(void **state)
{
    (void)state;
    struct rig r;
    struct in_addr own;
    struct http_options o = options;
    struct http_stats st;
    int fd[SOME], told = 0, closed = 0;

    if (!own_address(&own)) {
        print_message("this machine has no address but its loopback\n");
        skip();
    }
    o.listen = "0.0.0.0:0";
    rig_start(&r, o);
    for (int i = 0; i < SOME; i++) {
        fd[i] = connect_by(&r, own);
    }
    WAIT_FOR((http_server_stats(r.server, &st), st.refused_address == SOME - BOUND));
    assert_true(st.connections <= BOUND + ADDRESS_TOLD);
    for (int i = BOUND; i < SOME; i++) {
        struct answer a = { 0 };
        int status = rig_answer(fd[i], &a, false);
        told += status == 429;
        closed += status == 0;
        answer_done(&a);
    }
    assert_int_equal(told, ADDRESS_TOLD);
    assert_int_equal(closed, SOME - BOUND - ADDRESS_TOLD);
    for (int i = 0; i < SOME; i++) {
        close(fd[i]);
    }
    rig_stop(&r);
}

static void clients_of_a_trusted_proxy_are_counted_one_by_one(void **state)
{
    (void)state;
    struct rig r;
    struct http_options o = options;
    struct answer a = { 0 };
    int busy[BOUND], passed = 0;

    o.trusted_proxies = "127.0.0.1";
    rig_start(&r, o);
    int idle = rig_connect(&r); // kept by the proxy: counts for nobody between requests
    for (int i = 0; i < 2 * BOUND; i++) {
        rig_send_text(idle, HELLO(FROM("203.0.113.7")));
        assert_int_equal(rig_answer(idle, &a, false), 200);
    }
    pthread_mutex_lock(&gate);
    atomic_store(&at_gate, 0);
    for (int i = 0; i < BOUND; i++) {
        busy[i] = rig_connect(&r);
        rig_send_text(busy[i], "GET /gate HTTP/1.1\r\nHost: x\r\n" FROM("203.0.113.7") "\r\n");
    }
    WAIT_FOR(atomic_load(&at_gate) == BOUND);
    rig_send_text(idle, HELLO(FROM("203.0.113.7")));
    assert_int_equal(rig_answer(idle, &a, false), 429);
    rig_send_text(idle, HELLO(FROM("203.0.113.8"))); // the same connection, for somebody else
    assert_int_equal(rig_answer(idle, &a, false), 200);
    rig_send_text(idle, HELLO("")); // the proxy itself
    assert_int_equal(rig_answer(idle, &a, false), 200);
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < BOUND; i++) {
        passed += rig_answer(busy[i], &a, false) == 200;
        close(busy[i]);
    }
    assert_int_equal(passed, BOUND);
    rig_send_text(idle, HELLO(FROM("203.0.113.7")));
    assert_int_equal(rig_answer(idle, &a, false), 200);
    close(idle);
    answer_done(&a);
    rig_stop(&r);
}

static void what_others_say_about_themselves_is_not_counted(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };

    rig_start(&r, options); // no proxy is trusted
    int one = rig_connect(&r);
    for (int i = 0; i < 2 * BOUND; i++) {
        assert_int_equal(rig_ask(&r, HELLO(FROM("203.0.113.7")), &a), 200);
    }
    close(one);
    answer_done(&a);
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_counted_by_client),
        cmocka_unit_test(this_machine_and_what_is_no_address_are_not_counted),
        cmocka_unit_test(a_full_table_counts_no_further_address),
        cmocka_unit_test(one_address_cannot_take_all_connections),
        cmocka_unit_test(a_crowd_of_one_address_is_closed_without_an_answer),
        cmocka_unit_test(clients_of_a_trusted_proxy_are_counted_one_by_one),
        cmocka_unit_test(what_others_say_about_themselves_is_not_counted),
    };
    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
