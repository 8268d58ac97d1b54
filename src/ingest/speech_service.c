// SPDX-License-Identifier: AGPL-3.0-or-later
// Speech that is heard elsewhere: a window of sound goes as a WAV file to the configured service, words come back. The
// sandboxed reader has no network; it hands the sound over, and this server's worker sends it.
#include "base/clock.h"
#include "base/log.h"
#include "ingest/internal.h"
#include "net/call.h"
#include "net/web.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    TRIES = 3, // of one window within one attempt of the job
    FIRST_WAIT_MS = 500, // then twice as long each time
    WAV_HEAD = 44,
    KEY_MAX = 512,
    RATE = 16000,
};

bool ingest_speech_is_url(const struct settings *s)
{
    return web_url_like(s->speech_model);
}

static void put_u32(unsigned char *at, uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (unsigned char)(v >> (8 * i));
    }
}

static void wav_of(struct slice samples, struct buf *to)
{
    unsigned char head[WAV_HEAD] = "RIFF....WAVEfmt \x10\0\0\0\x01\0\x01\0";
    uint32_t bytes = (uint32_t)samples.len;

    put_u32(head + 4, bytes + WAV_HEAD - 8);
    put_u32(head + 24, RATE);
    put_u32(head + 28, RATE * 2);
    memcpy(head + 32, "\x02\0\x10\0data", 8);
    put_u32(head + 40, bytes);
    buf_add(to, head, sizeof(head));
    buf_add_slice(to, samples);
}

// The key is read anew each time, so that it can be changed without a restart.
static int read_key(const struct settings *s, char ret_key[KEY_MAX], struct error *err)
{
    ret_key[0] = '\0';
    if (!s->speech_key_file[0]) {
        return 0;
    }
    AUTO_FD int fd = open(s->speech_key_file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, ret_key, KEY_MAX - 1);
    if (n <= 0) {
        return error_set(err, ERR_REFUSED, "the key file of the speech service can't be read.");
    }
    ret_key[n] = '\0';
    ret_key[strcspn(ret_key, "\r\n")] = '\0';
    return 0;
}

// Is it worth another try? What the service itself refuses is not.
static int judge_status(long status, struct error *err)
{
    if (status == 200) {
        return 0;
    }
    if (status == 429 || status == 408 || status >= 500) {
        return error_set(err, ERR_BUSY, "the speech service is in trouble (status %ld).", status);
    }
    if (status == 401 || status == 403) {
        return error_set(
            err, ERR_REFUSED, "the speech service does not accept the key (status %ld).", status);
    }
    return error_set(
        err, ERR_REFUSED, "the speech service refused the request (status %ld).", status);
}

static int ask(const struct settings *s, const struct speech_window *w, struct slice wav,
    const char *key, const atomic_bool *cancel, struct transcript *ret, struct error *err)
{
    const struct net_part parts[] = {
        { "file", "window.wav", "audio/wav", wav },
        { "model", NULL, NULL, slice_of(s->speech_name) },
        { "response_format", NULL, NULL, SLICE_LIT("verbose_json") },
        { "timestamp_granularities[]", NULL, NULL, SLICE_LIT("word") },
        { "timestamp_granularities[]", NULL, NULL, SLICE_LIT("segment") },
    };
    struct net_call call = { .url = s->speech_model,
        .bearer = key,
        .parts = parts,
        .part_count = ARRAY_LEN(parts),
        .idle_ms = INT_MAX, // it answers when it has heard all
        .deadline_ms = clock_mono_ms() + s->speech_s * 1000,
        .answer_max = TRANSCRIPT_MAX_BYTES,
        .cancelled = cancel };
    AUTO_NET_ANSWER answer = { 0 };
    struct error why = { 0 };
    int rc = net_call_run(&call, &answer, &why);

    if (rc == ERR_CANCELLED) {
        return error_set(err, rc, "Reading was stopped.");
    }
    if (rc == ERR_INVALID) {
        return error_set(err, ERR_REFUSED, "the address of the speech service is no web address.");
    }
    if (rc < 0) {
        return error_set(err, ERR_BUSY, "the speech service did not answer%s.",
            rc == ERR_TIMEOUT     ? " in time"
            : rc == ERR_TOO_LARGE ? " briefly enough"
                                  : "");
    }
    rc = judge_status(answer.status, err);
    double window = (double)(w->samples.len / 2) / RATE;
    if (rc == 0 && transcript_parse(buf_slice(&answer.body), window, w->second, ret, &why) < 0) {
        log_warn("speech.garbled", LS("what", why.text));
        rc = error_set(err, ERR_BUSY, "the speech service gave an answer that makes no sense.");
    }
    return rc;
}

static void wait_unless(int64_t ms, const atomic_bool *cancel)
{
    int64_t until = clock_mono_ms() + ms;

    while (clock_mono_ms() < until && !(cancel && atomic_load(cancel))) {
        nanosleep(&(struct timespec){ .tv_nsec = 50 * 1000000 }, NULL);
    }
}

int ingest_hear(const struct settings *s, const struct speech_window *w, const atomic_bool *cancel,
    struct transcript *ret, struct error *err)
{
    AUTO_BUF wav = BUF_INIT(WAV_HEAD + (4 << 20));
    char key[KEY_MAX];
    int64_t wait_ms = FIRST_WAIT_MS;
    int rc = read_key(s, key, err);

    wav_of(w->samples, &wav);
    if (rc == 0 && !buf_ok(&wav)) {
        rc = error_set(err, ERR_MEMORY, "there is no memory for a window of sound.");
    }
    for (int i = 0; rc == 0 && i < TRIES; i++) {
        int one = ask(s, w, buf_slice(&wav), key, cancel, ret, err);
        if (one != ERR_BUSY || i + 1 == TRIES) {
            rc = one;
            break;
        }
        wait_unless(wait_ms, cancel);
        wait_ms *= 2;
        if (cancel && atomic_load(cancel)) {
            rc = error_set(err, ERR_CANCELLED, "Reading was stopped.");
        }
    }
    explicit_bzero(key, sizeof(key));
    return rc;
}
