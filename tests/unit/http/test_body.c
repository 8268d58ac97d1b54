// SPDX-License-Identifier: AGPL-3.0-or-later
// Bodies on their way to disk: hash and content, caps, forms, clients that vanish, memory that stays flat.
#include "rig.h"

#include "base/id.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { CAP = 60 * 1024 * 1024, SMALL_CAP = 1000, PIECE = 1 << 20 };

static atomic_int uploads, partials;
static atomic_llong partial_size;
static char kept[256];
static char partial_id[37];
static pthread_mutex_t id_mutex = PTHREAD_MUTEX_INITIALIZER;

static int upload(struct http_request *req, struct http_response *resp, struct error *err)
{
    const struct http_spool *sp = req->spool;
    char hex[65];
    struct stat st;
    (void)err;

    atomic_fetch_add(&uploads, 1);
    hex_format(sp->sha256, 32, hex);
    if (stat(sp->path, &st) != 0 || st.st_size != sp->size || (st.st_mode & 0777) != 0600) {
        return ERR_INTERNAL;
    }
    resp->content_type = "text/plain";
    buf_addf(&resp->body, "%lld %s over=%d synced=%d file=%d name=" SLICE_FMT " type=" SLICE_FMT,
        (long long)sp->size, sp->synced ? hex : "-", sp->over_limit, sp->synced, sp->has_file,
        SLICE_ARG(sp->file_name), SLICE_ARG(sp->media_type));
    for (size_t i = 0; i < sp->field_count; i++) {
        buf_addf(&resp->body, " " SLICE_FMT "=" SLICE_FMT, SLICE_ARG(sp->fields[i].name),
            SLICE_ARG(sp->fields[i].value));
    }
    if (sp->over_limit) {
        resp->status = 422;
    }
    return 0;
}

static int keep(struct http_request *req, struct http_response *resp, struct error *err)
{
    (void)err;
    if (rename(req->spool->path, kept) != 0) {
        return ERR_IO;
    }
    req->spool->taken = true;
    buf_add_str(&resp->body, "true");
    return 0;
}

static int resumable(struct http_request *req, struct http_response *resp, struct error *err)
{
    (void)resp;
    (void)err;
    if (req->spool->cut_short) {
        atomic_store(&partial_size, req->spool->size);
        atomic_fetch_add(&partials, req->spool->synced ? 1 : 0);
    }
    return 0;
}

static int64_t small_for_text(
    struct http_request *req, struct slice file_name, struct slice media_type)
{
    (void)req;
    pthread_mutex_lock(&id_mutex);
    memcpy(partial_id, req->id, sizeof(partial_id));
    pthread_mutex_unlock(&id_mutex);
    return slice_is(media_type, "text/plain") || slice_find(file_name, SLICE_LIT(".txt"))
               ? SMALL_CAP
               : CAP;
}

static const struct http_route routes[] = {
    { .method = HTTP_POST,
        .path = "/up",
        .handler = upload,
        .lane = HTTP_LANE_HEAVY,
        .body = HTTP_BODY_SPOOL,
        .body_max = CAP,
        .body_cap = small_for_text,
        .open = true },
    { .method = HTTP_POST,
        .path = "/keep",
        .handler = keep,
        .lane = HTTP_LANE_HEAVY,
        .body = HTTP_BODY_SPOOL,
        .body_max = CAP,
        .open = true },
    { .method = HTTP_PATCH,
        .path = "/part",
        .handler = resumable,
        .lane = HTTP_LANE_HEAVY,
        .body = HTTP_BODY_SPOOL,
        .body_max = CAP,
        .body_cap = small_for_text,
        .open = true,
        .keep_partial = true },
    { .path = NULL },
};
static const struct http_route *const lists[] = { routes, NULL };
static const struct http_options options = { .route_lists = lists };

#define A "Host: a\r\n"
#define FORM "POST /up HTTP/1.1\r\n" A "Content-Type: multipart/form-data; boundary=B\r\n"
#define PART(rest) "--B\r\nContent-Disposition: form-data; " rest "\r\n"

static void fill(char *bytes, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (char)(seed >> 24);
    }
}

static int64_t rss_bytes(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%*d %ld", &pages), 1);
    fclose(f);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static void a_large_upload_is_hashed_with_flat_memory(void **state)
{
    (void)state;
    enum { PIECES = 50 };
    struct rig r;
    struct answer a = { 0 };
    char head[200], hex[65], expected[200];
    uint8_t digest[32];
    char *piece = malloc(PIECE);
    EVP_MD_CTX *hash = EVP_MD_CTX_new();

    assert_non_null(piece);
    rig_start(&r, options);
    EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
    int fd = rig_connect(&r);
    snprintf(
        head, sizeof(head), "POST /up HTTP/1.1\r\n" A "Content-Length: %d\r\n\r\n", PIECES * PIECE);
    rig_send_text(fd, head);
    int64_t before = 0, most = 0;
    for (int i = 0; i < PIECES; i++) {
        fill(piece, PIECE, (unsigned)i);
        EVP_DigestUpdate(hash, piece, PIECE);
        rig_send(fd, piece, PIECE);
        int64_t now = rss_bytes();
        before = i == 4 ? now : before; // buffers, arena and threads exist by then
        most = now > most ? now : most;
    }
    assert_int_equal(rig_answer(fd, &a, false), 200);
    EVP_DigestFinal_ex(hash, digest, NULL);
    hex_format(digest, sizeof(digest), hex);
    snprintf(expected, sizeof(expected), "%d %s over=0 synced=1 file=1 name= type=", PIECES * PIECE,
        hex);
    assert_string_equal(a.body.data, expected);
#ifndef __SANITIZE_ADDRESS__ // which keeps freed memory
    if (most - before > 4 * PIECE) {
        fail_msg("memory grew by %lld bytes", (long long)(most - before));
    }
#endif
    close(fd);
    answer_done(&a);
    EVP_MD_CTX_free(hash);
    free(piece);
    rig_stop(&r);
}

static void forms_bring_a_file_and_fields(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };
    static const char body[] = PART("name=\"name\"") "\r\nMy file\r\n" PART(
        "name=\"other\"; filename=\"x\"") "\r\nskipped\r\n" PART("name=\"file\"; "
                                                                 "filename=\"a.pdf\"") "Content-"
                                                                                       "Type: "
                                                                                       "application"
                                                                                       "/pdf\r\n\r"
                                                                                       "\nabc\r"
                                                                                       "\n" PART(
                                                                                           "n"
                                                                                           "a"
                                                                                           "m"
                                                                                           "e"
                                                                                           "="
                                                                                           "\"mode"
                                                                                           "\"") "\r\nfast\r\n--B--\r\n";
    static const char expected[] =
        "3 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad over=0 synced=1 file=1 "
        "name=a.pdf "
        "type=application/pdf name=My file mode=fast";
    AUTO_BUF text = BUF_INIT(10000);

    rig_start(&r, options);
    int fd = rig_connect(&r);
    buf_addf(&text, FORM "Content-Length: %zu\r\n\r\n%s", sizeof(body) - 1, body);
    rig_send(fd, text.data, text.len);
    assert_int_equal(rig_answer(fd, &a, false), 200);
    assert_string_equal(a.body.data, expected);
    buf_reset(&text);
    buf_add_str(&text, FORM "Transfer-Encoding: chunked\r\n\r\n"); // chunked, a byte a chunk
    for (size_t i = 0; i < sizeof(body) - 1; i++) {
        buf_addf(&text, "1\r\n%c\r\n", body[i]);
    }
    buf_add_str(&text, "0\r\n\r\n");
    rig_send(fd, text.data, text.len);
    assert_int_equal(rig_answer(fd, &a, false), 200);
    assert_string_equal(a.body.data, expected);
    close(fd);
    answer_done(&a);
    rig_stop(&r);
}

static void forms_without_a_file_and_empty_files_reach_the_handler(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };
    static const char nothing[] =
        "0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 over=0 synced=1";

    rig_start(&r, options);
    assert_int_equal(
        rig_ask(&r, FORM "Content-Length: 60\r\n\r\n" PART("name=\"name\"") "\r\nx\r\n--B--", &a),
        200);
    assert_true(slice_starts(buf_slice(&a.body), nothing));
    assert_non_null(strstr(a.body.data, "file=0"));
    answer_done(&a);
    assert_int_equal(rig_ask(&r, "POST /up HTTP/1.1\r\n" A "Content-Length: 0\r\n\r\n", &a), 200);
    assert_true(slice_starts(buf_slice(&a.body), nothing));
    answer_done(&a);
    assert_int_equal(rig_ask(&r, "POST /up HTTP/1.1\r\n" A "\r\n", &a), 200);
    assert_true(slice_starts(buf_slice(&a.body), nothing));
    answer_done(&a);
    rig_stop(&r);
}

static void wrong_forms_are_refused_with_a_sentence(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };
    static const char *const cases[] = {
        FORM "Content-Length: 3\r\n\r\nabc",
        FORM "Content-Length: 7\r\n\r\n--B\r\nX:",
        FORM "Content-Length: 60\r\n\r\n" PART("name=\"name\"") "\r\nx\r\n--B__",
        "POST /up HTTP/1.1\r\n" A
        "Content-Type: multipart/form-data\r\nContent-Length: 3\r\n\r\nabc",
        FORM "Content-Length: 144\r\n\r\n" PART("name=\"file\"; filename=\"1\"") "\r\nx\r\n" PART(
            "name=\"file\"; filename=\"2\"") "\r\nx\r\n--B--\r\n",
    };
    rig_start(&r, options);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int status = rig_ask(&r, cases[i], &a);
        if (status != 400) {
            fail_msg("case %zu: %d", i, status);
        }
        assert_non_null(strstr(a.body.data, "\"detail\":\""));
        answer_done(&a);
    }
    rig_stop(&r);
}

static void what_is_over_its_cap_reaches_the_handler_cut_off(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };
    AUTO_BUF text = BUF_INIT(1 << 20);

    rig_start(&r, options);
    // exactly at the cap
    buf_addf(&text,
        "POST /up HTTP/1.1\r\n" A "Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n%0*d",
        SMALL_CAP, SMALL_CAP, 0);
    assert_int_equal(rig_ask(&r, text.data, &a), 200);
    answer_done(&a);
    // announced
    buf_reset(&text);
    buf_addf(&text,
        "POST /up HTTP/1.1\r\n" A "Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n%0*d",
        SMALL_CAP + 1, SMALL_CAP + 1, 0);
    assert_int_equal(rig_ask(&r, text.data, &a), 422);
    assert_true(slice_starts(buf_slice(&a.body), "0 - over=1"));
    assert_true(slice_is(answer_header(&a, "connection"), "close"));
    answer_done(&a);
    // streamed
    buf_reset(&text);
    buf_addf(&text,
        "POST /up HTTP/1.1\r\n" A
        "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%0*d\r\n0\r\n\r\n",
        SMALL_CAP + 1, SMALL_CAP + 1, 0);
    assert_int_equal(rig_ask(&r, text.data, &a), 422);
    assert_true(slice_starts(buf_slice(&a.body), "1000 - over=1"));
    answer_done(&a);
    // a form, whose cap is known when its file begins
    buf_reset(&text);
    AUTO_BUF body = BUF_INIT(1 << 20);
    buf_addf(
        &body, PART("name=\"file\"; filename=\"a.txt\"") "\r\n%0*d\r\n--B--", SMALL_CAP + 1, 0);
    buf_addf(&text, FORM "Content-Length: %zu\r\n\r\n%s", body.len, body.data);
    assert_int_equal(rig_ask(&r, text.data, &a), 422);
    assert_non_null(strstr(a.body.data, "over=1 synced=0 file=1 name=a.txt"));
    answer_done(&a);
    rig_stop(&r);
}

static void a_client_that_only_sends_still_gets_its_refusal(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };
    char *piece = calloc(1, PIECE);

    assert_non_null(piece);
    rig_start(&r, options);
    int fd = rig_connect(&r);
    rig_send_text(fd,
        "POST /up HTTP/1.1\r\n" A "Content-Length: 100000000\r\n\r\n"); // over the route's 60 MiB
    for (int i = 0; i < 95; i++) {
        rig_send(fd, piece, PIECE); // must not break, though the answer is already there
    }
    assert_int_equal(rig_answer(fd, &a, false), 422);
    assert_true(slice_starts(buf_slice(&a.body), "0 - over=1"));
    close(fd);
    answer_done(&a);
    free(piece);
    rig_stop(&r);
}

static void a_client_that_vanishes_leaves_no_file(void **state)
{
    (void)state;
    struct rig r;
    struct http_stats st;
    char *piece = calloc(1, PIECE);

    assert_non_null(piece);
    rig_start(&r, options);
    int before = atomic_load(&uploads);
    for (int i = 0; i < 4; i++) {
        int fd = rig_connect(&r);
        rig_send_text(fd, "POST /up HTTP/1.1\r\n" A "Content-Length: 10000000\r\n\r\n");
        WAIT_FOR((http_server_stats(r.server, &st), st.spooling == 1));
        rig_send(fd, piece, i == 0 ? 1 : i == 1 ? 1000 : PIECE);
        if (i == 3) { // reset, not end
            struct linger now = { .l_onoff = 1 };
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        }
        close(fd);
        WAIT_FOR((http_server_stats(r.server, &st), st.spooling == 0));
        assert_int_equal(rig_spool_files(&r), 0);
    }
    assert_int_equal(atomic_load(&uploads), before);
    free(piece);
    rig_stop(&r);
}

static void resumable_routes_get_what_had_come(void **state)
{
    (void)state;
    struct rig r;
    struct http_stats st;
    char *piece = calloc(1, PIECE);

    assert_non_null(piece);
    rig_start(&r, options);
    int fd = rig_connect(&r);
    rig_send_text(fd, "PATCH /part HTTP/1.1\r\n" A "Content-Length: 10000000\r\n\r\n");
    rig_send(fd, piece, 300000);
    close(fd);
    WAIT_FOR(atomic_load(&partials) == 1);
    assert_int_equal(atomic_load(&partial_size), 300000);
    // and when a newer request cancels it
    fd = rig_connect(&r);
    rig_send_text(fd, "PATCH /part HTTP/1.1\r\n" A "Content-Length: 10000000\r\n\r\n");
    rig_send(fd, piece, 5000);
    WAIT_FOR((http_server_stats(r.server, &st), st.spooling == 1 && st.bytes_in >= 305000));
    pthread_mutex_lock(&id_mutex);
    http_cancel(r.server, "no such request");
    http_cancel(r.server, partial_id);
    pthread_mutex_unlock(&id_mutex);
    assert_true(rig_is_closed(fd));
    close(fd);
    WAIT_FOR(atomic_load(&partials) == 2);
    WAIT_FOR((http_server_stats(r.server, &st), st.spooling == 0));
    free(piece);
    rig_stop(&r);
}

static void a_taken_file_stays_and_others_go(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };
    char bytes[10] = { 0 };

    rig_start(&r, options);
    snprintf(kept, sizeof(kept), "%s/kept", r.spool);
    assert_int_equal(
        rig_ask(&r, "POST /keep HTTP/1.1\r\n" A "Content-Length: 3\r\n\r\nabc", &a), 200);
    assert_int_equal(rig_spool_files(&r), 1);
    int fd = open(kept, O_RDONLY);
    assert_int_equal(read(fd, bytes, sizeof(bytes)), 3);
    assert_string_equal(bytes, "abc");
    close(fd);
    unlink(kept);
    answer_done(&a);
    assert_int_equal(
        rig_ask(&r, "POST /up HTTP/1.1\r\n" A "Content-Length: 3\r\n\r\nabc", &a), 200);
    assert_int_equal(rig_spool_files(&r), 0);
    answer_done(&a);
    rig_stop(&r);
}

static void too_many_uploads_at_once_are_told_to_come_back(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };
    struct http_options o = options;
    struct http_stats st;

    o.max_spooling = 1;
    rig_start(&r, o);
    int fd = rig_connect(&r);
    rig_send_text(fd, "POST /up HTTP/1.1\r\n" A "Content-Length: 3\r\n\r\na");
    WAIT_FOR((http_server_stats(r.server, &st), st.spooling == 1));
    assert_int_equal(
        rig_ask(&r, "POST /up HTTP/1.1\r\n" A "Content-Length: 3\r\n\r\nabc", &a), 503);
    answer_done(&a);
    rig_send_text(fd, "bc");
    assert_int_equal(rig_answer(fd, &a, false), 200);
    answer_done(&a);
    close(fd);
    rig_stop(&r);
}

static void slow_uploads_make_room_for_others(void **state)
{
    (void)state;
    struct rig r;
    struct answer a = { 0 };
    struct http_options o = options;
    struct http_stats st;
    int slow[3];

    o.max_spooling = 4;
    rig_start(&r, o);
    int steady = rig_connect(&r);
    rig_send_text(steady, "POST /up HTTP/1.1\r\n" A "Content-Length: 20000\r\n\r\n");
    for (int i = 0; i < 3; i++) {
        slow[i] = rig_connect(&r);
        rig_send_text(slow[i], "POST /up HTTP/1.1\r\n" A "Content-Length: 100000\r\n\r\na");
    }
    WAIT_FOR((http_server_stats(r.server, &st), st.spooling == 4));
    char *bytes = calloc(1, 20000);
    assert_non_null(bytes);
    rig_send(steady, bytes, 19999);
    usleep(1100 * 1000);
    int status; // the places come free when the files are gone
    do {
        status = rig_ask(&r, "POST /up HTTP/1.1\r\n" A "Content-Length: 3\r\n\r\nabc", &a);
    } while (status == 503 && (answer_done(&a), true));
    assert_int_equal(status, 200);
    answer_done(&a);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rig_answer(slow[i], &a, false), 503);
        assert_true(answer_header(&a, "retry-after").len > 0);
        answer_done(&a);
        close(slow[i]);
    }
    rig_send(steady, bytes, 1);
    assert_int_equal(rig_answer(steady, &a, false), 200);
    answer_done(&a);
    close(steady);
    free(bytes);
    rig_stop(&r);
}

static void what_a_killed_server_left_is_swept(void **state)
{
    (void)state;
    struct http_server *s = NULL;
    char folder[] = "/tmp/larder-http-XXXXXX", stale[100], other[100];

    assert_non_null(mkdtemp(folder));
    snprintf(stale, sizeof(stale), "%s/0123456789abcdef0123456789abcdef.part", folder);
    snprintf(other, sizeof(other), "%s/other.part", folder);
    close(open(stale, O_CREAT | O_WRONLY, 0600));
    close(open(other, O_CREAT | O_WRONLY, 0600));
    struct http_options o = options;
    o.listen = "127.0.0.1:0";
    o.spool_dir = folder;
    assert_int_equal(http_server_open(&o, &s, NULL), 0);
    http_server_close(s);
    assert_int_not_equal(access(stale, F_OK), 0);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_upload_is_hashed_with_flat_memory),
        cmocka_unit_test(forms_bring_a_file_and_fields),
        cmocka_unit_test(forms_without_a_file_and_empty_files_reach_the_handler),
        cmocka_unit_test(wrong_forms_are_refused_with_a_sentence),
        cmocka_unit_test(what_is_over_its_cap_reaches_the_handler_cut_off),
        cmocka_unit_test(a_client_that_only_sends_still_gets_its_refusal),
        cmocka_unit_test(a_client_that_vanishes_leaves_no_file),
        cmocka_unit_test(resumable_routes_get_what_had_come),
        cmocka_unit_test(a_taken_file_stays_and_others_go),
        cmocka_unit_test(too_many_uploads_at_once_are_told_to_come_back),
        cmocka_unit_test(slow_uploads_make_room_for_others),
        cmocka_unit_test(what_a_killed_server_left_is_swept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
