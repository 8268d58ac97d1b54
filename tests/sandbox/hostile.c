// SPDX-License-Identifier: AGPL-3.0-or-later
// A reader that has been taken over: it locks itself in as larder-reader does, then does what its input says. Started by
// test_hostile.c in larder-reader's place. Each deed is one entry; those that the sandbox should stop end with "survived",
// which is a clean end and so a failed test.
#include "base/base.h"
#include "reader/memory.h"
#include "reader/sandbox.h"
#include "wire/frame.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static struct buf out = BUF_INIT(64 << 20);
static pid_t parent;
static char *other_program;

static void flush(void)
{
    for (size_t at = 0; at < out.len;) {
        ssize_t n = write(4, out.data + at, out.len - at);
        if (n <= 0) {
            break;
        }
        at += (size_t)n;
    }
    buf_reset(&out);
}

static void sleep_for_ever(void)
{
    int word = 0;
    for (;;) {
        syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    }
}

static void *nothing(void *ctx)
{
    return ctx;
}

// Deeds that must be stopped.
static void do_open(void)
{
    open("/etc/passwd", O_RDONLY);
}
static void do_open_by_stat(void)
{
    struct stat st;
    if (stat("/etc/passwd", &st) == 0) {
        return;
    }
    open("/etc/passwd", O_RDONLY);
}
static void do_socket(void)
{
    socket(AF_INET, SOCK_STREAM, 0);
}
static void do_unix_socket(void)
{
    socket(AF_UNIX, SOCK_STREAM, 0);
}
static void do_fork(void)
{
    fork();
}
static void do_thread(void)
{
    pthread_t t;
    pthread_create(&t, NULL, nothing, NULL);
}
static void do_exec(void)
{
    char *argv[] = { other_program, NULL };
    execv(other_program, argv);
}
static void do_ptrace(void)
{
    ptrace(PTRACE_ATTACH, parent, NULL, NULL);
}
static void do_read_parent(void)
{
    syscall(SYS_process_vm_readv, parent, NULL, 0, NULL, 0, 0);
}
static void do_kill_parent(void)
{
    kill(parent, SIGKILL);
}
static void do_signal_parent(void)
{
    syscall(SYS_tgkill, parent, parent, SIGKILL);
}
static void do_new_code(void)
{
    mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static void do_turn_into_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(p, 4096, PROT_READ | PROT_EXEC);
}
static void do_raise_limits(void)
{
    syscall(SYS_prlimit64, 0, 9, NULL, NULL);
}
static void do_memory_file(void)
{
    syscall(SYS_memfd_create, "x", 0);
}
static void do_io_uring(void)
{
    syscall(SYS_io_uring_setup, 8, NULL);
}

// Deeds that the system's limits and the server's watch must end.
static void do_take_memory(void)
{
    for (;;) {
        size_t step = 1 << 20;
        char *p = malloc(step);
        for (size_t at = 0; at < step; at += 4096) {
            ((volatile char *)p)[at] = 1; // also through NULL, as careless code does
        }
    }
}
static void do_take_memory_and_abort(void)
{
    for (;;) {
        void *volatile p = xalloc(1 << 20);
        memset(p, 1, 1 << 20);
    }
}
static void do_spin(void)
{
    for (volatile uint64_t n = 0;; n++) {
    }
}
static volatile bool for_ever = true;
static char do_recurse_on(volatile char *before)
{
    volatile char here[4096];
    here[0] = before ? before[0] : 1;
    return for_ever ? (char)(do_recurse_on(here) + here[0]) : here[0];
}
static void do_recurse(void)
{
    do_recurse_on(NULL);
}
static void do_abort(void)
{
    abort();
}
static void do_fault(void)
{
    volatile uintptr_t nowhere = 8;
    *(volatile int *)nowhere = 1;
}
static void do_exit(void)
{
    _exit(3);
}
static void do_close(void)
{
    close(4);
    sleep_for_ever();
}
static void do_half_a_frame(void)
{
    buf_add(&out, "\x10\0\0\0\x05half", 9);
    flush();
    _exit(0);
}
static void do_trickle(void) // one byte of a long frame, then nothing
{
    buf_add(&out, "\0\0\x10\0\x04x", 6);
    flush();
    sleep_for_ever();
}

// Lies.
static void do_flood(void)
{
    for (int64_t i = 0;; i++) {
        frame_add_progress(&out, i, 0);
        if (out.len > 60000) {
            flush();
        }
    }
}
static void do_flood_elements(void)
{
    AUTO_FREE char *text = malloc(100000);
    memset(text, 'a', 100000);
    for (int64_t i = 0;; i++) {
        struct element e = { .index = i, .kind = ELEMENT_PARAGRAPH, .text = { text, 100000 } };
        frame_add_element(&out, &e);
        flush();
    }
}
static void do_flood_findings(void)
{
    for (int i = 1;; i++) {
        struct finding f = { .code = finding_code_at(0),
            .place = { .kind = PLACE_PAGE, .number = i } };
        finding_set_message(&f, SLICE_LIT("again"));
        frame_add_finding(&out, &f);
        flush();
    }
}
static void do_lie_about_length(void)
{
    buf_add(&out, "\xff\xff\xff\xff\x04", 5);
    flush();
    sleep_for_ever();
}
static void do_lie_about_picture(void)
{
    frame_add_image_start(&out, "a", "image/png", FRAME_IMAGE_MAX);
    frame_add_image_data(&out, "x", 1);
    frame_add_done(&out);
    flush();
    sleep_for_ever();
}
static void do_unknown_type(void)
{
    buf_add(&out, "\0\0\0\0\x63", 5);
    flush();
    sleep_for_ever();
}
static void do_bad_text(void)
{
    struct element e = { .kind = ELEMENT_PARAGRAPH, .text = SLICE_LIT("\xff\xfe") };
    frame_add_element(&out, &e);
    flush();
    sleep_for_ever();
}
static void do_hello_again(void)
{
    frame_add_hello(&out, 0xffff, 9);
    flush();
    sleep_for_ever();
}
static void do_unasked_sound(void)
{
    frame_add_sound(&out, 0, (const int16_t[]){ 1, 2, 3 }, 3);
    flush();
    sleep_for_ever();
}
static void do_false_times(void)
{
    struct element e = {
        .kind = ELEMENT_SPEECH, .text = SLICE_LIT("two words"), .times = SLICE_LIT("1+1")
    };
    frame_add_element(&out, &e);
    flush();
    sleep_for_ever();
}
static void do_noise(void)
{
    for (int i = 0; i < 100000; i++) {
        buf_add_char(&out, (char)(i * 7919 >> 3));
    }
    flush();
    sleep_for_ever();
}

// Deeds that are none.
static void do_sleep(void)
{
    sleep_for_ever();
}
static void do_write_elsewhere(void) // refused politely: libraries warn on stderr
{
    ssize_t n = write(1, "x", 1);
    n += write(2, "x", 1);
    frame_add_info(&out, "written", NULL, (double)n);
}
static void do_linger(void)
{
    frame_add_done(&out);
    flush();
    sleep_for_ever();
}
static void do_local_time(void) // libraries do it; it must not need a file
{
    time_t now = 1700000000;
    struct tm *t = localtime(&now);
    t->tm_isdst = -1;
    frame_add_info(&out, "hour", NULL, t->tm_hour);
    frame_add_info(&out, "back", NULL, (double)mktime(t));
}
static void do_nothing(void)
{
}

static const struct {
    const char *name;
    void (*deed)(void);
} deeds[] = {
    { "open", do_open },
    { "stat", do_open_by_stat },
    { "socket", do_socket },
    { "unix_socket", do_unix_socket },
    { "fork", do_fork },
    { "thread", do_thread },
    { "exec", do_exec },
    { "ptrace", do_ptrace },
    { "read_parent", do_read_parent },
    { "kill_parent", do_kill_parent },
    { "signal_parent", do_signal_parent },
    { "new_code", do_new_code },
    { "turn_into_code", do_turn_into_code },
    { "raise_limits", do_raise_limits },
    { "memory_file", do_memory_file },
    { "io_uring", do_io_uring },
    { "take_memory", do_take_memory },
    { "take_memory_and_abort", do_take_memory_and_abort },
    { "spin", do_spin },
    { "recurse", do_recurse },
    { "abort", do_abort },
    { "fault", do_fault },
    { "exit", do_exit },
    { "close", do_close },
    { "half_a_frame", do_half_a_frame },
    { "trickle", do_trickle },
    { "flood", do_flood },
    { "flood_elements", do_flood_elements },
    { "flood_findings", do_flood_findings },
    { "lie_about_length", do_lie_about_length },
    { "lie_about_picture", do_lie_about_picture },
    { "unknown_type", do_unknown_type },
    { "bad_text", do_bad_text },
    { "hello_again", do_hello_again },
    { "unasked_sound", do_unasked_sound },
    { "false_times", do_false_times },
    { "noise", do_noise },
    { "sleep", do_sleep },
    { "write_elsewhere", do_write_elsewhere },
    { "linger", do_linger },
    { "local_time", do_local_time },
    { "nothing", do_nothing },
};

static int64_t option(int argc, char **argv, const char *name, int64_t otherwise)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return atoll(argv[i + 1]);
        }
    }
    return otherwise;
}

int main(int argc, char **argv)
{
    struct sandbox_options o = { .out_fd = 4,
        .memory_bytes = option(argc, argv, "--memory", 64 << 20),
        .cpu_s = option(argc, argv, "--cpu", 10),
        .wall_s = option(argc, argv, "--wall", 60),
        .require = true };
    struct sandbox_reached reached;
    struct error err = { .code = 0 };
    char name[64] = { 0 };
    int descriptors = 0, variables = 0;
    static struct buf last_words = BUF_INIT(256);

    parent = getppid();
    other_program = argv[0];
    for (int fd = 0; fd < 1024; fd++) {
        descriptors += fcntl(fd, F_GETFD) >= 0;
    }
    for (char **e = environ; *e; e++) {
        variables++;
    }
    if (read(3, name, sizeof(name) - 1) <= 0) {
        return 64;
    }
    bool can_write_input = write(3, "x", 1) == 1;
    frame_add_refused(&last_words, REFUSED_MEMORY, "Out of memory.");
    memory_watch(4, last_words.data, last_words.len);
    if (sandbox_enter(&o, &reached, &err) != 0) {
        frame_add_refused(&out, REFUSED_SANDBOX, err.text);
        flush();
        return 1;
    }
    frame_add_hello(&out, reached.level, reached.landlock_abi);
    frame_add_info(&out, "descriptors", NULL, descriptors);
    frame_add_info(&out, "variables", NULL, variables);
    frame_add_info(&out, "can_write_input", NULL, can_write_input);
    flush();
    for (size_t i = 0; i < ARRAY_LEN(deeds); i++) {
        if (strcmp(name, deeds[i].name) == 0) {
            deeds[i].deed();
        }
    }
    frame_add_done(&out);
    flush();
    _exit(0);
}
