// SPDX-License-Identifier: AGPL-3.0-or-later
// The server's side of frame.h: one table says what may come when. Payloads are in frame_payload.c.
#include "wire/frame.h"

enum { IN_START = 1 << FRAMES_START, IN_OPEN = 1 << FRAMES_OPEN, IN_IMAGE = 1 << FRAMES_IMAGE };

static const struct rule {
    const char *name;
    uint32_t least, most; // bytes of payload
    unsigned states; // IN_*
    uint64_t times; // how often in one run; 0: as often as total_max allows
} rules[FRAME_TYPES] = {
    [FRAME_HELLO] = { "HELLO", 12, 12, IN_START, 1 },
    [FRAME_INFO] = { "INFO", 10, 16 + FRAME_INFO_KEY_MAX + FRAME_INFO_TEXT_MAX, IN_OPEN, 2000 },
    [FRAME_FINDING] = { "FINDING", 16, 16 << 10, IN_OPEN, 1000 },
    [FRAME_ELEMENT] = { "ELEMENT", 32, FRAME_PAYLOAD_MAX, IN_OPEN, 4000000 },
    [FRAME_PROGRESS] = { "PROGRESS", 16, 16, IN_OPEN, 20000000 },
    [FRAME_IMAGE_START] = { "IMAGE_START", 12, 128 + FRAME_IMAGE_NAME_MAX, IN_OPEN, 20000 },
    [FRAME_IMAGE_DATA] = { "IMAGE_DATA", 1, FRAME_IMAGE_DATA_MAX, IN_IMAGE, 0 },
    [FRAME_DONE] = { "DONE", 0, 0, IN_OPEN, 1 },
    [FRAME_REFUSED] = { "REFUSED", 5, 8 + FRAME_REFUSED_TEXT_MAX, IN_START | IN_OPEN | IN_IMAGE,
        1 },
    [FRAME_SOUND] = { "SOUND", 10, 8 + 2 * FRAME_SOUND_SAMPLES_MAX, IN_OPEN, 20000 },
};
static const char *const state_names[] = { "before HELLO", "in the open", "inside a picture",
    "after the end" };

void frame_decoder_init(struct frame_decoder *d, uint64_t total_max)
{
    *d = (struct frame_decoder){ .total_max = total_max };
    // One frame that waits for its end, and one read behind it.
    buf_init(&d->bytes, 2 * (size_t)FRAME_PAYLOAD_MAX + FRAME_HEADER_BYTES);
}

void frame_decoder_done(struct frame_decoder *d)
{
    buf_done(&d->bytes);
}

static int breach(
    struct frame_decoder *d, struct error *err, int code, const char *what, const char *name)
{
    d->failed = code;
    return error_set(err, code, "The reader broke the protocol: %s%s%s.", what, name ? " " : "",
        name ? name : "");
}

int frame_decoder_feed(struct frame_decoder *d, const void *bytes, size_t len, struct error *err)
{
    if (d->failed) {
        return error_set(err, d->failed, "The reader broke the protocol before.");
    }
    if (len == 0) {
        return 0;
    }
    if (d->state == FRAMES_ENDED) {
        return breach(d, err, ERR_CORRUPT, "bytes after the end", NULL);
    }
    if (len > d->total_max || d->total > d->total_max - len) {
        return breach(d, err, ERR_TOO_LARGE, "more output than a document may give", NULL);
    }
    d->total += len;
    buf_consume(&d->bytes, d->at);
    d->at = 0;
    buf_add(&d->bytes, bytes, len);
    if (!buf_ok(&d->bytes)) {
        d->failed = ERR_MEMORY;
        return error_set(err, ERR_MEMORY, "No memory for what the reader says.");
    }
    return 0;
}

static uint32_t get_u32(const char *at)
{
    const uint8_t *p = (const uint8_t *)at;
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

// What the table can't say: order of elements, sizes of pictures.
static const char *apply(struct frame_decoder *d, const struct frame *f)
{
    switch (f->type) {
    case FRAME_HELLO:
        d->state = FRAMES_OPEN;
        break;
    case FRAME_ELEMENT:
        if (f->element.index != d->next_index++) {
            return "an element out of order";
        }
        break;
    case FRAME_IMAGE_START:
        d->image_left = f->image_start.bytes;
        d->state = FRAMES_IMAGE;
        break;
    case FRAME_IMAGE_DATA:
        if (f->image_data.len > d->image_left) {
            return "a picture longer than announced";
        }
        d->image_left -= (uint32_t)f->image_data.len;
        d->state = d->image_left ? FRAMES_IMAGE : FRAMES_OPEN;
        break;
    case FRAME_DONE:
    case FRAME_REFUSED:
        d->state = FRAMES_ENDED;
        break;
    default:
        break;
    }
    return NULL;
}

int frame_decode(struct frame_decoder *d, struct frame *ret, struct error *err)
{
    struct slice rest = slice_from(buf_slice(&d->bytes), d->at);
    struct frame f = { .type = 0 };

    if (d->failed) {
        return error_set(err, d->failed, "The reader broke the protocol before.");
    }
    if (d->state == FRAMES_ENDED) {
        return rest.len ? breach(d, err, ERR_CORRUPT, "bytes after the end", NULL) : 0;
    }
    if (rest.len < FRAME_HEADER_BYTES) {
        return 0;
    }
    // The header is judged before a byte of the payload is waited for.
    uint32_t len = get_u32(rest.data);
    uint8_t type = (uint8_t)rest.data[4];
    if (type >= FRAME_TYPES || !rules[type].name) {
        return breach(d, err, ERR_CORRUPT, "a frame of no known type", NULL);
    }
    const struct rule *rule = &rules[type];
    if (!(rule->states & 1u << d->state)) {
        d->failed = ERR_CORRUPT;
        return error_set(err, ERR_CORRUPT, "The reader broke the protocol: %s %s.", rule->name,
            state_names[d->state]);
    }
    if (len < rule->least || len > rule->most) {
        return breach(d, err, ERR_CORRUPT, "a wrong length of", rule->name);
    }
    if (rule->times && d->counts[type] >= rule->times) {
        return breach(d, err, ERR_CORRUPT, "too many frames of", rule->name);
    }
    if (rest.len - FRAME_HEADER_BYTES < len) {
        return 0;
    }
    struct slice payload = { rest.data + FRAME_HEADER_BYTES, len };
    if (!frame_parse_payload((enum frame_type)type, payload, &f)) {
        return breach(d, err, ERR_CORRUPT, "a malformed", rule->name);
    }
    d->counts[type]++;
    const char *wrong = apply(d, &f);
    if (wrong) {
        return breach(d, err, ERR_CORRUPT, wrong, NULL);
    }
    d->at += FRAME_HEADER_BYTES + len;
    *ret = f;
    return 1;
}

int frame_decoder_end(const struct frame_decoder *d, struct error *err)
{
    if (d->failed) {
        return error_set(err, d->failed, "The reader broke the protocol before.");
    }
    if (d->state != FRAMES_ENDED) {
        return error_set(err, ERR_CORRUPT, "The reader ended %s without saying that it was done.",
            state_names[d->state]);
    }
    return 0;
}

void sandbox_level_words(struct buf *b, uint32_t level)
{
    static const struct {
        uint32_t bit;
        const char *word;
    } words[] = {
        { SANDBOX_RLIMITS, "rlimits" },
        { SANDBOX_NO_NEW_PRIVS, "no-new-privs" },
        { SANDBOX_SECCOMP, "seccomp" },
        { SANDBOX_LANDLOCK, "landlock" },
        { SANDBOX_USER_NS, "user-ns" },
        { SANDBOX_NET_NS, "net-ns" },
        { SANDBOX_MOUNT_NS, "mount-ns" },
        { SANDBOX_IPC_NS, "ipc-ns" },
        { SANDBOX_PID_NS, "pid-ns" },
        { SANDBOX_RELAXED, "relaxed" },
    };
    const char *before = "";

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (level & words[i].bit) {
            buf_add_str(b, before);
            buf_add_str(b, words[i].word);
            before = " ";
        }
    }
}
