// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements clamd.h. A non-blocking socket and poll, so that an answer that comes before the end of the stream (a size
// limit, an error) is heard while we still send.
#include "check/clamd.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *const sentences[CLAMD_VERDICTS] = {
    [CLAMD_DOWN] = "The virus scanner does not answer.",
    [CLAMD_SLOW] = "The virus scanner did not answer in time.",
    [CLAMD_GARBLED] = "The virus scanner gave an answer that makes no sense.",
    [CLAMD_TOO_LARGE] = "The file is larger than the virus scanner takes.",
    [CLAMD_FAILED] = "The virus scanner said that it could not scan the file.",
};

const char *clamd_sentence(enum clamd_verdict v)
{
    BUG_ON((unsigned)v >= CLAMD_VERDICTS || !sentences[v]);
    return sentences[v];
}

// ---- the answer

static bool all_printable(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < 0x20 || s.data[i] > 0x7E) {
            return false;
        }
    }
    return true;
}

void clamd_parse(struct slice answer, bool whole, struct clamd_result *ret)
{
    *ret = (struct clamd_result){ .verdict = CLAMD_GARBLED };
    if (answer.len && answer.data[answer.len - 1] == '\0') {
        answer.len--;
    }
    if (answer.len == 0 || answer.len >= CLAMD_ANSWER_MAX || !all_printable(answer)) {
        return;
    }
    if (slice_is(answer, "stream: OK")) {
        ret->verdict = whole ? CLAMD_CLEAN : CLAMD_GARBLED; // it can't know the rest
        return;
    }
    if (slice_ends(answer, " ERROR")) {
        ret->verdict =
            slice_starts(answer, "INSTREAM size limit exceeded") ? CLAMD_TOO_LARGE : CLAMD_FAILED;
        return;
    }
    if (slice_starts(answer, "stream: ") && slice_ends(answer, " FOUND")) {
        size_t around = strlen("stream: ") + strlen(" FOUND");
        struct slice name = answer.len > around
                                ? slice_make(answer.data + strlen("stream: "), answer.len - around)
                                : slice_make("", 0);
        if (name.len == 0 || name.len >= CLAMD_NAME_MAX || slice_trim(name).len != name.len) {
            return;
        }
        ret->verdict = CLAMD_FOUND;
        memcpy(ret->name, name.data, name.len);
    }
}

// ---- the connection

static bool split_address(const char *address, char host[256], char port[8])
{
    const char *colon = strrchr(address, ':');
    size_t n = colon ? (size_t)(colon - address) : 0;
    int64_t number = 0;

    if (n == 0 || n >= 256 || !slice_to_i64(slice_of(colon + 1), &number) || number < 1 ||
        number > 65535) {
        return false;
    }
    bool bracketed = n > 2 && address[0] == '[' && address[n - 1] == ']';
    if (!bracketed && memchr(address, ':', n)) {
        return false; // an IPv6 address needs its brackets
    }
    snprintf(host, 256, "%.*s", (int)(bracketed ? n - 2 : n), address + bracketed);
    snprintf(port, 8, "%lld", (long long)number);
    return true;
}

bool clamd_address_valid(const char *address)
{
    struct sockaddr_un local;
    char host[256], port[8];

    return address[0] == '/' ? strlen(address) < sizeof(local.sun_path)
                             : split_address(address, host, port);
}

// Waits for one of the events; false when the time is up.
static bool wait_for(int fd, short events, int64_t deadline, short *ret_events)
{
    for (;;) {
        int64_t left = deadline - clock_mono_ms();
        struct pollfd p = { .fd = fd, .events = events };
        if (left <= 0) {
            return false;
        }
        int n = poll(&p, 1, left > 60000 ? 60000 : (int)left);
        if (n > 0) {
            *ret_events = p.revents;
            return true;
        }
        if (n < 0 && errno != EINTR) {
            return false;
        }
    }
}

static int finish_connect(int fd, const struct sockaddr *to, socklen_t len, int64_t deadline)
{
    int trouble = 0;
    socklen_t size = sizeof(trouble);
    short events = 0;

    if (connect(fd, to, len) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return ERR_IO;
    }
    if (!wait_for(fd, POLLOUT, deadline, &events)) {
        return ERR_TIMEOUT;
    }
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &trouble, &size) == 0 && trouble == 0 ? 0 : ERR_IO;
}

static int connect_local(const char *path, int64_t deadline)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof(to.sun_path)) {
        return ERR_IO;
    }
    memcpy(to.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc = fd < 0 ? ERR_IO : finish_connect(fd, (struct sockaddr *)&to, sizeof(to), deadline);
    if (rc < 0 && fd >= 0) {
        close(fd);
    }
    return rc < 0 ? rc : fd;
}

static int connect_inet(const char *address, int64_t deadline)
{
    struct addrinfo wanted = { .ai_socktype = SOCK_STREAM }, *list = NULL;
    char host[256], port[8];
    int rc = ERR_IO;

    if (!split_address(address, host, port) || getaddrinfo(host, port, &wanted, &list) != 0) {
        return ERR_IO;
    }
    for (struct addrinfo *a = list; a && rc != 0; a = a->ai_next) {
        int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        rc = fd < 0 ? ERR_IO : finish_connect(fd, a->ai_addr, a->ai_addrlen, deadline);
        if (rc == 0) {
            freeaddrinfo(list);
            return fd;
        }
        if (fd >= 0) {
            close(fd);
        }
    }
    freeaddrinfo(list);
    return rc;
}

// A connected socket, ERR_IO or ERR_TIMEOUT.
static int open_clamd(const struct clamd_options *o, int64_t deadline)
{
    return o->address[0] == '/' ? connect_local(o->address, deadline)
                                : connect_inet(o->address, deadline);
}

enum sent { SENT_ALL, SENT_PART, SENT_LATE }; // part: it answered or hung up before the end

static enum sent send_all(int fd, const void *bytes, size_t len, int64_t deadline)
{
    const char *at = bytes;

    while (len) {
        short events = 0;
        if (!wait_for(fd, POLLIN | POLLOUT, deadline, &events)) {
            return SENT_LATE;
        }
        if (events & (POLLIN | POLLERR | POLLHUP)) {
            return SENT_PART;
        }
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (n < 0) {
            return SENT_PART;
        }
        at += n;
        len -= (size_t)n;
    }
    return SENT_ALL;
}

// The answer up to where it hangs up. Its length, ERR_TIMEOUT, or ERR_CORRUPT when it is too long.
static ssize_t read_answer(int fd, char answer[CLAMD_ANSWER_MAX], int64_t deadline)
{
    size_t len = 0;

    for (;;) {
        short events = 0;
        if (!wait_for(fd, POLLIN, deadline, &events)) {
            // An answer that is complete may be believed even if it forgets to hang up.
            return len && answer[len - 1] == '\0' ? (ssize_t)len : ERR_TIMEOUT;
        }
        ssize_t n = recv(fd, answer + len, CLAMD_ANSWER_MAX - len, 0);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (n <= 0) { // after ECONNRESET what came before it counts
            return (ssize_t)len;
        }
        len += (size_t)n;
        if (len == CLAMD_ANSWER_MAX) {
            return ERR_CORRUPT;
        }
        if (answer[len - 1] == '\0') { // nothing may follow; a short look tells
            int64_t soon = clock_mono_ms() + 50;
            deadline = deadline < soon ? deadline : soon;
        }
    }
}

static enum sent send_file(int to, int fd, int64_t size, int64_t deadline, bool *ret_read)
{
    AUTO_FREE unsigned char *piece = xalloc(4 + CLAMD_PIECE);
    int64_t at = 0;
    enum sent sent = send_all(to, "zINSTREAM", sizeof("zINSTREAM"), deadline);

    *ret_read = true;
    while (sent == SENT_ALL && at < size) {
        ssize_t n = pread(fd, piece + 4, CLAMD_PIECE, at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            *ret_read = false;
            return SENT_PART;
        }
        for (int i = 0; i < 4; i++) {
            piece[i] = (unsigned char)((uint32_t)n >> (24 - 8 * i));
        }
        sent = send_all(to, piece, 4 + (size_t)n, deadline);
        at += n;
    }
    return sent == SENT_ALL ? send_all(to, "\0\0\0", 4, deadline) : sent;
}

void clamd_scan(const struct clamd_options *o, int fd, int64_t size, struct clamd_result *ret)
{
    int64_t deadline = clock_mono_ms() + o->time_ms;
    char answer[CLAMD_ANSWER_MAX];
    bool was_read = false;

    *ret = (struct clamd_result){ .verdict = CLAMD_TOO_LARGE };
    if (size > o->stream_max) {
        return;
    }
    int to = open_clamd(o, deadline);
    if (to < 0) {
        ret->verdict = to == ERR_TIMEOUT ? CLAMD_SLOW : CLAMD_DOWN;
        return;
    }
    enum sent sent = send_file(to, fd, size, deadline, &was_read);
    ssize_t n = sent == SENT_LATE ? ERR_TIMEOUT
                : was_read        ? read_answer(to, answer, deadline)
                                  : ERR_IO;
    close(to);
    if (n >= 0) {
        clamd_parse(slice_make(answer, (size_t)n), sent == SENT_ALL, ret);
    } else {
        ret->verdict = n == ERR_TIMEOUT ? CLAMD_SLOW : n == ERR_IO ? CLAMD_FAILED : CLAMD_GARBLED;
    }
}

int clamd_ping(const struct clamd_options *o, char ret_version[CLAMD_NAME_MAX], struct error *err)
{
    int64_t deadline = clock_mono_ms() + o->time_ms;
    char answer[CLAMD_ANSWER_MAX];
    int to = open_clamd(o, deadline);

    if (to < 0) {
        return error_set(err, to, "%s", sentences[to == ERR_TIMEOUT ? CLAMD_SLOW : CLAMD_DOWN]);
    }
    enum sent sent = send_all(to, "zVERSION", sizeof("zVERSION"), deadline);
    ssize_t n = sent == SENT_LATE ? ERR_TIMEOUT : read_answer(to, answer, deadline);
    close(to);
    if (n == ERR_TIMEOUT) {
        return error_set(err, ERR_TIMEOUT, "%s", sentences[CLAMD_SLOW]);
    }
    struct slice line = slice_make(answer, n > 0 ? (size_t)n - (answer[n - 1] == '\0') : 0);
    if (!slice_starts(line, "ClamAV ") || line.len >= CLAMD_NAME_MAX || !all_printable(line)) {
        return error_set(err, ERR_CORRUPT, "%s", sentences[CLAMD_GARBLED]);
    }
    memcpy(ret_version, line.data, line.len);
    ret_version[line.len] = '\0';
    return 0;
}
