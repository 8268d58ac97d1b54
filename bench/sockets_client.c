// SPDX-License-Identifier: AGPL-3.0-or-later
// Ten thousand WebSocket clients in one small process, for bench/sockets: in C, so that what is measured is the server.
// Not installed. It is told on standard input what to do, one line each, and answers each with one line of JSON:
//
//   auth TEXT                       value of the Authorization header of all that follows; empty: none
//   open COUNT PATH                 opens clients that read all they get
//   slow COUNT PATH                 opens clients that read the handshake and then nothing, with small buffers
//   cast COUNT INTERVAL_MS MATCH METHOD PATH BODY
//                                   makes COUNT events by HTTP requests on a connection of its own, BODY with %d for the
//                                   event's number, and times each from the request's first byte to its receipt by each
//                                   reading client; a text message counts if MATCH stands in it
//   rest MS                         only answers pings
//
// One thread, one epoll. Source addresses are 127.0.0.2 and up, 4,000 clients each, since one has too few ports.
// Limits: CLIENTS_MAX, CASTS_MAX, a message of MESSAGE_MAX.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CLIENTS_MAX = 50000,
    CASTS_MAX = 1000,
    LINE_MAX = 4096,
    MESSAGE_MAX = 64 * 1024,
    PER_ADDRESS = 4000,
    AT_ONCE = 200, // handshakes under way
    EVENTS = 512, // of one epoll_wait
    CAST_MS = 20 * 1000, // for the slowest client
    OPEN_MS = 60 * 1000,
    SLOW_RCVBUF = 2048,
    SLOW_MSS = 536, // the server's own send buffer is small then too
};

enum state { CONNECTING, HANDSHAKE, OPEN, SLOW, GONE };

struct client {
    int fd;
    uint8_t state;
    bool slow;
    char *rest; // of a message that is not complete
    uint32_t rest_len;
};

static struct client *clients;
static int count; // clients ever made
static int opening, readers, silent, gone, refused;
static int epoll_fd;
static uint16_t port;
static char auth[512], path[512], match[128];
static int64_t cast_start; // 0: none under way
static int cast_got, cast_max;
static int64_t cast_last;
static uint32_t *times, *spreads; // from the request; from the first client's receipt
static size_t time_count;
static char scratch[2 * MESSAGE_MAX];

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void *need(void *p)
{
    if (!p) {
        fputs("larder-sockets: no memory\n", stderr);
        exit(1);
    }
    return p;
}

// ---- one client

static void drop(struct client *c)
{
    if (c->state == CONNECTING || c->state == HANDSHAKE) {
        opening--;
        refused++;
    } else if (c->state == OPEN) {
        readers--;
        gone++;
    } else if (c->state == SLOW) {
        silent--;
    }
    c->state = GONE;
    close(c->fd);
    free(c->rest);
    c->rest = NULL;
}

static int connect_from(int number, bool slow)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in from = { .sin_family = AF_INET }, to = from;

    if (fd < 0) {
        return -1;
    }
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(number / PER_ADDRESS));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (slow) {
        int size = SLOW_RCVBUF, segment = SLOW_MSS;
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
        setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
    }
    if (bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
        (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS)) {
        close(fd);
        return -1;
    }
    return fd;
}

static void start(bool slow)
{
    struct client *c = &clients[count];
    struct epoll_event e = { .events = EPOLLOUT, .data.ptr = c };

    *c = (struct client){ .fd = connect_from(count, slow), .state = CONNECTING, .slow = slow };
    count++;
    if (c->fd < 0) {
        c->state = GONE;
        refused++;
        return;
    }
    opening++;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &e);
}

static void say_hello(struct client *c)
{
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
    char head[2048];
    int n = snprintf(head, sizeof(head),
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s%s%s\r\n",
        path, port, *auth ? "Authorization: " : "", auth, *auth ? "\r\n" : "");

    if (send(c->fd, head, (size_t)n, MSG_NOSIGNAL) != n) {
        drop(c);
        return;
    }
    c->state = HANDSHAKE;
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

static void pong(struct client *c, const uint8_t *payload, size_t len)
{
    uint8_t frame[6 + 125] = { 0x8a, (uint8_t)(0x80 | len) }; // a mask of zeros

    memcpy(frame + 6, payload, len);
    if (send(c->fd, frame, 6 + len, MSG_NOSIGNAL) < 0) {
        drop(c);
    }
}

static void on_text(const char *text, size_t len)
{
    if (cast_start && cast_got < cast_max && memmem(text, len, match, strlen(match))) {
        int64_t now = now_us();
        times[time_count++] = (uint32_t)(now - cast_start);
        cast_last = now;
        cast_got++;
    }
}

// One frame at data: bytes used, 0 if it is not complete, -1 if the client is over.
static long take_frame(struct client *c, const uint8_t *data, size_t len)
{
    size_t head = 2, size;

    if (len < 2) {
        return 0;
    }
    size = data[1] & 127;
    if (size == 126) {
        head = 4;
        size = len < 4 ? 0 : (size_t)data[2] << 8 | data[3];
    } else if (size == 127) {
        return -1; // larger than any event that is made here
    }
    if (len < head + size || len < head) {
        return 0;
    }
    int opcode = data[0] & 15;
    if (opcode == 1) {
        on_text((const char *)data + head, size);
    } else if (opcode == 9 && size <= 125) {
        pong(c, data + head, size);
    } else if (opcode == 8) {
        return -1;
    }
    return c->state == GONE ? -1 : (long)(head + size);
}

static void handshake_done(struct client *c)
{
    struct epoll_event e = { .events = EPOLLRDHUP, .data.ptr = c };

    opening--;
    if (c->slow) {
        c->state = SLOW;
        silent++;
        epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
    } else {
        c->state = OPEN;
        readers++;
    }
}

static void keep(struct client *c, const char *data, size_t len)
{
    char *rest = len ? need(malloc(len)) : NULL;

    if (len) {
        memcpy(rest, data, len);
    }
    free(c->rest);
    c->rest = rest;
    c->rest_len = (uint32_t)len;
}

static void on_bytes(struct client *c)
{
    size_t len = c->rest ? c->rest_len : 0, at = 0;

    if (len) {
        memcpy(scratch, c->rest, len);
    }
    ssize_t n = recv(c->fd, scratch + len, c->slow ? 256 : MESSAGE_MAX, 0);
    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            drop(c);
        }
        return;
    }
    len += (size_t)n;
    if (c->state == HANDSHAKE) {
        char *end = memmem(scratch, len, "\r\n\r\n", 4);
        if (!end) {
            if (len > MESSAGE_MAX / 2) {
                drop(c);
            } else {
                keep(c, scratch, len);
            }
            return;
        }
        if (strncmp(scratch, "HTTP/1.1 101", 12) != 0) {
            fprintf(stderr, "larder-sockets: refused with %.60s\n", scratch);
            drop(c);
            return;
        }
        handshake_done(c);
        if (c->slow) {
            keep(c, NULL, 0);
            return;
        }
        at = (size_t)(end + 4 - scratch);
    }
    while (at < len) {
        long used = take_frame(c, (const uint8_t *)scratch + at, len - at);
        if (used < 0) {
            if (c->state != GONE) {
                drop(c);
            }
            return;
        }
        if (used == 0) {
            break;
        }
        at += (size_t)used;
    }
    if (at < len || c->rest) {
        keep(c, scratch + at, len - at);
    }
}

static void turn(int64_t until)
{
    struct epoll_event events[EVENTS];
    int64_t left = until - now_us();
    int n = epoll_wait(epoll_fd, events, EVENTS, left > 0 ? (int)((left + 999) / 1000) : 0);

    for (int i = 0; i < n; i++) {
        struct client *c = events[i].data.ptr;
        if (!c) {
            continue; // the connection that makes events; cast looks at it
        }
        if (c->state == CONNECTING) {
            int failed = 0;
            socklen_t size = sizeof(failed);
            getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &failed, &size);
            if (failed) {
                drop(c);
            } else {
                say_hello(c);
            }
        } else if (c->state == SLOW) {
            drop(c);
        } else if (c->state != GONE) {
            on_bytes(c);
        }
    }
}

// ---- commands

static void open_clients(int wanted, bool slow)
{
    int64_t begin = now_us(), end = begin + (int64_t)OPEN_MS * 1000;
    int before = slow ? silent : readers;

    refused = 0;
    for (int made = 0; (made < wanted || opening > 0) && now_us() < end;) {
        while (made < wanted && opening < AT_ONCE && count < CLIENTS_MAX) {
            start(slow);
            made++;
        }
        if (made < wanted && count == CLIENTS_MAX) {
            break;
        }
        turn(end);
    }
    printf("{\"opened\":%d,\"refused\":%d,\"seconds\":%.3f}\n", (slow ? silent : readers) - before,
        refused, (double)(now_us() - begin) / 1e6);
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static double ms_at(const uint32_t *sorted, size_t n, double share) // nearest rank
{
    size_t rank = (size_t)(share * (double)n + 0.999999);
    return n ? sorted[(rank ? rank : 1) - 1] / 1000.0 : -1;
}

static void print_times(const char *name, uint32_t *values, size_t n)
{
    qsort(values, n, sizeof(*values), by_value);
    printf("\"%s\":{\"n\":%zu,\"p50\":%.3f,\"p95\":%.3f,\"p99\":%.3f,\"max\":%.3f}", name, n,
        ms_at(values, n, 0.5), ms_at(values, n, 0.95), ms_at(values, n, 0.99), ms_at(values, n, 1));
}

// The answer's status once it is all there, 0 if not yet, -1 when the connection broke. Answers have a Content-Length.
static int answer_of(int fd, char *text, size_t *len, size_t max)
{
    ssize_t n = recv(fd, text + *len, max - 1 - *len, MSG_DONTWAIT);

    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        return -1;
    }
    *len += n > 0 ? (size_t)n : 0;
    text[*len] = '\0';
    char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "\r\ncontent-length:");
    if (!end) {
        return 0;
    }
    size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
    return (size_t)(end + 4 - text) + body <= *len ? atoi(text + 9) : 0;
}

static void cast(int casts, int interval_ms, const char *method, const char *where, char *body)
{
    static char answer[MESSAGE_MAX];
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };
    int fd = connect_from(0, false), missing = 0, failed = 0;
    char *number = strstr(body, "%d");
    int64_t next = now_us();

    if (fd < 0 || !number || readers == 0) {
        puts("{\"error\":\"no connection, no %d in the body, or no clients\"}");
        return;
    }
    *number = '\0';
    time_count = 0;
    times = need(realloc(times, sizeof(*times) * (size_t)casts * (size_t)readers));
    spreads = need(realloc(spreads, sizeof(*spreads) * (size_t)casts * (size_t)readers));
    uint32_t *lasts = need(calloc((size_t)casts, sizeof(*lasts)));
    uint32_t *firsts = need(calloc((size_t)casts, sizeof(*firsts)));
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    poll(&ready, 1, 1000);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e);
    cast_max = readers;
    for (int i = 0; i < casts; i++) {
        char request[LINE_MAX + 1024], text[LINE_MAX];
        size_t got = 0;
        int status = 0;
        while (now_us() < next) {
            turn(next);
        }
        next += (int64_t)interval_ms * 1000;
        int size = snprintf(text, sizeof(text), "%s%d%s", body, i, number + 2);
        int n = snprintf(request, sizeof(request),
            "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: application/json\r\n"
            "Content-Length: %d\r\n%s%s%s\r\n%s",
            method, where, port, size, *auth ? "Authorization: " : "", auth, *auth ? "\r\n" : "",
            text);
        cast_got = 0;
        cast_start = cast_last = now_us();
        int64_t end = cast_start + (int64_t)CAST_MS * 1000;
        if (send(fd, request, (size_t)n, MSG_NOSIGNAL) != n) {
            failed++;
            break;
        }
        while ((status == 0 || cast_got < readers) && now_us() < end) {
            turn(end);
            status = status ? status : answer_of(fd, answer, &got, sizeof(answer));
            if (status < 0) {
                break;
            }
        }
        failed += status != 200;
        missing += cast_got < cast_max ? cast_max - cast_got : 0;
        lasts[i] = (uint32_t)(cast_last - cast_start);
        firsts[i] = cast_got ? times[time_count - (size_t)cast_got] : 0;
        for (size_t first = time_count - (size_t)cast_got, k = first; k < time_count; k++) {
            spreads[k] = times[k] - times[first];
        }
        cast_start = 0;
        if (status < 0) {
            break;
        }
    }
    cast_start = 0;
    close(fd);
    printf("{\"casts\":%d,\"readers\":%d,\"silent\":%d,\"gone\":%d,\"missing\":%d,\"failed\":%d,",
        casts, readers, silent, gone, missing, failed);
    print_times("receipt", times, time_count);
    printf(",");
    print_times("first", firsts, (size_t)casts);
    printf(",");
    print_times("last", lasts, (size_t)casts);
    printf(",");
    print_times("spread", spreads, time_count);
    puts("}");
    free(firsts);
    free(lasts);
}

static bool obey(char *line)
{
    char method[16], where[512];
    int n = 0, interval = 0, at = 0;

    if (strncmp(line, "auth ", 5) == 0) {
        snprintf(auth, sizeof(auth), "%.*s", (int)sizeof(auth) - 1, line + 5);
        puts("{}");
    } else if (sscanf(line, "open %d %511s", &n, path) == 2) {
        open_clients(n, false);
    } else if (sscanf(line, "slow %d %511s", &n, path) == 2) {
        open_clients(n, true);
    } else if (sscanf(line, "cast %d %d %127s %15s %511s %n", &n, &interval, match, method, where,
                   &at) == 5 &&
               at > 0 && n > 0 && n <= CASTS_MAX) {
        cast(n, interval, method, where, line + at);
    } else if (sscanf(line, "rest %d", &n) == 1) {
        for (int64_t end = now_us() + (int64_t)n * 1000; now_us() < end;) {
            turn(end);
        }
        printf("{\"readers\":%d,\"silent\":%d,\"gone\":%d}\n", readers, silent, gone);
    } else {
        return false;
    }
    fflush(stdout);
    return true;
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    char line[LINE_MAX];

    if (argc != 2) {
        fputs("usage: larder-sockets PORT\n", stderr);
        return 64;
    }
    port = (uint16_t)atoi(argv[1]);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    clients = need(calloc(CLIENTS_MAX, sizeof(*clients)));
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (!obey(line)) {
            fprintf(stderr, "larder-sockets: not understood: %.40s\n", line);
            return 64;
        }
    }
    return 0;
}
