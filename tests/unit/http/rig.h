// SPDX-License-Identifier: AGPL-3.0-or-later
// What the server's tests share: a server on a free loopback port in this process, and clients on raw sockets.
#ifndef LARDER_TESTS_HTTP_RIG_H
#define LARDER_TESTS_HTTP_RIG_H

#include "base/buf.h"
#include "http/http.h"

#include <pthread.h>

struct rig {
    struct http_server *server;
    pthread_t thread;
    char spool[64]; // a temporary folder
    int port;
};

void rig_start(struct rig *r,
    struct http_options
        o); // fills in spool_dir, and listen if it is NULL; fails the test if it can't
void rig_stop(struct rig *r); // graceful; then checks that the spool folder is empty
int rig_spool_files(const struct rig *r);
// Waits until the condition holds, at most `seconds`, else fails the test.
#define WAIT_FOR(cond) rig_wait((cond), __FILE__, __LINE__, #cond)
#define rig_wait(cond, file, line, text)                                                           \
    do {                                                                                           \
        int turns_ = 0;                                                                            \
        while (!(cond)) {                                                                          \
            rig_nap(file, line, text, turns_++);                                                   \
        }                                                                                          \
    } while (0)
void rig_nap(const char *file, int line, const char *text, int turns);

int rig_connect(const struct rig *r); // blocking, 20 s timeouts
void rig_send(int fd, const void *data, size_t len);
void rig_send_text(int fd, const char *text);
bool rig_try_send(int fd, const void *data, size_t len); // false when the other side is gone
// One answer: its head and, by Content-Length, its body. Returns the status; 0 if the connection ended instead.
struct answer {
    int status;
    struct buf head, body;
    struct buf rest; // bytes after it
};
int rig_answer(int fd, struct answer *a, bool head_only);
void answer_done(struct answer *a);
struct slice answer_header(const struct answer *a, const char *name); // of the last answer
bool rig_is_closed(int fd); // waits for the end of the stream; what still comes is dropped
// Sends a request on a new connection and reads one answer.
int rig_ask(const struct rig *r, const char *request, struct answer *a);

#endif
