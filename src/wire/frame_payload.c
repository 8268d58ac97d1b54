// SPDX-License-Identifier: AGPL-3.0-or-later
// Payloads of frames, written and read. Reading checks everything that a consumer may rely on: lengths, UTF-8 without
// controls, enums in range, boxes within the page, numbers finite, and no byte left over.
//
//   HELLO        version:u32 level:u32 landlock_abi:u32
//   INFO         key:string has_text:u8 (text:string | number:f64)
//   FINDING      code:string place message:string
//   ELEMENT      index:i64 kind:u8 level:i32 flags:u32 place text:string markdown:string header:string image:string
//                times:string (wire/speech_words.h)
//   PROGRESS     done:i64 total:i64
//   IMAGE_START  name:string media_type:string bytes:u32
//   IMAGE_DATA   bytes
//   SOUND        second:f64 samples:i16…
//   DONE         nothing
//   REFUSED      cause:u8 text:string
//   place        kind:u8 has_box:u8 number:i32 [box:4×f32 if has_box] rows:2×i32 cols:2×i32 seconds:2×f64
//                name:string section:string
#include "wire/frame.h"

#include "base/utf8.h"
#include "wire/span_list.h"
#include "wire/speech_words.h"

#include <math.h>

enum {
    LEVEL_MAX = 1000, // of an element
    ELEMENT_FLAGS =
        ELEMENT_NEEDS_OCR | ELEMENT_LOW_CONFIDENCE | ELEMENT_HIDDEN | ELEMENT_NOT_INDEXED,
    MEDIA_TYPE_MAX = 32,
};
static const char *const media_types[] = { "image/png", "image/jpeg", "image/gif", "image/webp" };

// Writing.

static void put_u8(struct buf *b, uint8_t v)
{
    buf_add(b, &v, 1);
}

static void put_u32(struct buf *b, uint32_t v)
{
    uint8_t bytes[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };
    buf_add(b, bytes, sizeof(bytes));
}

static void put_i32(struct buf *b, int32_t v)
{
    put_u32(b, (uint32_t)v);
}

static void put_u64(struct buf *b, uint64_t v)
{
    put_u32(b, (uint32_t)v);
    put_u32(b, (uint32_t)(v >> 32));
}

static void put_f32(struct buf *b, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof(bits));
    put_u32(b, bits);
}

static void put_f64(struct buf *b, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    put_u64(b, bits);
}

static void put_string(struct buf *b, struct slice s)
{
    put_u32(b, (uint32_t)s.len);
    buf_add_slice(b, s);
}

static void put_place(struct buf *b, const struct place *p)
{
    put_u8(b, (uint8_t)p->kind);
    put_u8(b, p->has_box);
    put_i32(b, p->number);
    for (int i = 0; p->has_box && i < 4; i++) {
        put_f32(b, p->box[i]);
    }
    for (int i = 0; i < 2; i++) {
        put_i32(b, p->rows[i]);
    }
    for (int i = 0; i < 2; i++) {
        put_i32(b, p->cols[i]);
    }
    for (int i = 0; i < 2; i++) {
        put_f64(b, p->seconds[i]);
    }
    put_string(b, p->name);
    put_string(b, p->section);
}

static size_t begin(struct buf *b, enum frame_type type)
{
    put_u32(b, 0);
    put_u8(b, (uint8_t)type);
    return b->len;
}

static void end(struct buf *b, size_t payload)
{
    if (buf_ok(b)) {
        uint32_t len = (uint32_t)(b->len - payload);
        for (int i = 0; i < 4; i++) {
            b->data[payload - FRAME_HEADER_BYTES + (size_t)i] = (char)(uint8_t)(len >> (8 * i));
        }
    }
}

void frame_add_hello(struct buf *b, uint32_t level, uint32_t landlock_abi)
{
    size_t at = begin(b, FRAME_HELLO);
    put_u32(b, FRAME_VERSION);
    put_u32(b, level);
    put_u32(b, landlock_abi);
    end(b, at);
}

void frame_add_info(struct buf *b, const char *key, const char *text, double number)
{
    size_t at = begin(b, FRAME_INFO);
    put_string(b, slice_of(key));
    put_u8(b, text != NULL);
    if (text) {
        put_string(b, slice_of(text));
    } else {
        put_f64(b, number);
    }
    end(b, at);
}

void frame_add_finding(struct buf *b, const struct finding *f)
{
    size_t at = begin(b, FRAME_FINDING);
    put_string(b, slice_of(f->code->code));
    put_place(b, &f->place);
    put_string(b, slice_of(f->message));
    end(b, at);
}

void frame_add_element(struct buf *b, const struct element *e)
{
    size_t at = begin(b, FRAME_ELEMENT);
    put_u64(b, (uint64_t)e->index);
    put_u8(b, (uint8_t)e->kind);
    put_i32(b, e->level);
    put_u32(b, e->flags);
    put_place(b, &e->place);
    put_string(b, e->text);
    put_string(b, e->markdown);
    put_string(b, e->header);
    put_string(b, e->image);
    put_string(b, e->times);
    put_string(b, e->rows);
    end(b, at);
}

void frame_add_progress(struct buf *b, int64_t done, int64_t total)
{
    size_t at = begin(b, FRAME_PROGRESS);
    put_u64(b, (uint64_t)done);
    put_u64(b, (uint64_t)total);
    end(b, at);
}

void frame_add_image_start(struct buf *b, const char *name, const char *media_type, uint32_t bytes)
{
    size_t at = begin(b, FRAME_IMAGE_START);
    put_string(b, slice_of(name));
    put_string(b, slice_of(media_type));
    put_u32(b, bytes);
    end(b, at);
}

void frame_add_image_data(struct buf *b, const void *bytes, size_t len)
{
    BUG_ON(len == 0 || len > FRAME_IMAGE_DATA_MAX);
    size_t at = begin(b, FRAME_IMAGE_DATA);
    buf_add(b, bytes, len);
    end(b, at);
}

void frame_add_sound(struct buf *b, double second, const int16_t *samples, size_t count)
{
    BUG_ON(count == 0 || count > FRAME_SOUND_SAMPLES_MAX);
    size_t at = begin(b, FRAME_SOUND);
    put_f64(b, second);
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[2] = { (uint8_t)samples[i], (uint8_t)((uint16_t)samples[i] >> 8) };
        buf_add(b, bytes, sizeof(bytes));
    }
    end(b, at);
}

void frame_add_done(struct buf *b)
{
    end(b, begin(b, FRAME_DONE));
}

void frame_add_refused(struct buf *b, enum refused_cause cause, const char *text)
{
    size_t at = begin(b, FRAME_REFUSED);
    put_u8(b, (uint8_t)cause);
    put_string(b, utf8_prefix(slice_of(text), FRAME_REFUSED_TEXT_MAX));
    end(b, at);
}

// Reading. After the first thing that does not fit, `bad` is set and everything reads as zero.

struct unpack {
    struct slice rest;
    bool bad;
};

static const uint8_t *take(struct unpack *u, size_t len)
{
    static const uint8_t zeros[8];
    if (u->bad || u->rest.len < len) {
        u->bad = true;
        return zeros;
    }
    const uint8_t *at = (const uint8_t *)u->rest.data;
    u->rest = slice_from(u->rest, len);
    return at;
}

static uint8_t get_u8(struct unpack *u)
{
    return take(u, 1)[0];
}

static uint32_t get_u32(struct unpack *u)
{
    const uint8_t *p = take(u, 4);
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get_u64(struct unpack *u)
{
    uint64_t low = get_u32(u);
    return low | (uint64_t)get_u32(u) << 32;
}

static int64_t get_count(struct unpack *u) // a number from 0 on
{
    uint64_t v = get_u64(u);
    u->bad = u->bad || v > INT64_MAX;
    return u->bad ? 0 : (int64_t)v;
}

static int32_t get_small(struct unpack *u, int32_t most) // 0 to most
{
    uint32_t v = get_u32(u);
    u->bad = u->bad || v > (uint32_t)most;
    return u->bad ? 0 : (int32_t)v;
}

static bool get_bool(struct unpack *u)
{
    uint8_t v = get_u8(u);
    u->bad = u->bad || v > 1;
    return v == 1;
}

static double get_f64(struct unpack *u)
{
    uint64_t bits = get_u64(u);
    double v;
    memcpy(&v, &bits, sizeof(v));
    u->bad = u->bad || !isfinite(v);
    return u->bad ? 0 : v;
}

static float get_fraction(struct unpack *u)
{
    uint32_t bits = get_u32(u);
    float v;
    memcpy(&v, &bits, sizeof(v));
    u->bad = u->bad || !(v >= 0 && v <= 1);
    return u->bad ? 0 : v;
}

static bool text_ok(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c < 0x20 && c != '\n' && c != '\t') {
            return false;
        }
    }
    return utf8_valid(s);
}

static struct slice get_string(struct unpack *u, size_t most)
{
    size_t len = get_u32(u);
    if (u->bad || len > most || len > u->rest.len) {
        u->bad = true;
        return (struct slice){ NULL, 0 };
    }
    struct slice s = slice_make(u->rest.data, len);
    u->rest = slice_from(u->rest, len);
    u->bad = !text_ok(s);
    return s;
}

static void get_pair(struct unpack *u, int32_t ret_pair[2])
{
    ret_pair[0] = get_small(u, INT32_MAX);
    ret_pair[1] = get_small(u, INT32_MAX);
    u->bad = u->bad || ret_pair[1] < ret_pair[0];
}

static void get_place(struct unpack *u, struct place *p)
{
    uint8_t kind = get_u8(u);

    u->bad = u->bad || kind >= PLACE_KINDS;
    p->kind = u->bad ? PLACE_NONE : (enum place_kind)kind;
    p->has_box = get_bool(u);
    p->number = get_small(u, INT32_MAX);
    for (int i = 0; p->has_box && i < 4; i++) {
        p->box[i] = get_fraction(u);
    }
    u->bad = u->bad || p->box[2] < p->box[0] || p->box[3] < p->box[1];
    get_pair(u, p->rows);
    get_pair(u, p->cols);
    p->seconds[0] = get_f64(u);
    p->seconds[1] = get_f64(u);
    u->bad = u->bad || p->seconds[0] < 0 || p->seconds[1] < p->seconds[0];
    p->name = get_string(u, FRAME_NAME_MAX);
    p->section = get_string(u, FRAME_NAME_MAX);
}

static void get_info(struct unpack *u, struct frame *f)
{
    f->info.key = get_string(u, FRAME_INFO_KEY_MAX);
    u->bad = u->bad || f->info.key.len == 0;
    for (size_t i = 0; !u->bad && i < f->info.key.len; i++) {
        char c = f->info.key.data[i];
        u->bad = !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
    }
    f->info.has_text = get_bool(u);
    if (f->info.has_text) {
        f->info.text = get_string(u, FRAME_INFO_TEXT_MAX);
    } else {
        f->info.number = get_f64(u);
    }
}

static void get_finding(struct unpack *u, struct finding *f)
{
    f->code = finding_code_find(get_string(u, FRAME_NAME_MAX));
    u->bad = u->bad || !f->code;
    get_place(u, &f->place);
    struct slice message = get_string(u, sizeof(f->message) - 1);
    if (!u->bad) {
        finding_set_message(f, message);
    }
}

static void get_element(struct unpack *u, struct element *e)
{
    e->index = get_count(u);
    uint8_t kind = get_u8(u);
    u->bad = u->bad || kind >= ELEMENT_KINDS;
    e->kind = u->bad ? 0 : (enum element_kind)kind;
    e->level = get_small(u, LEVEL_MAX);
    e->flags = get_u32(u);
    u->bad = u->bad || (e->flags & ~(uint32_t)ELEMENT_FLAGS);
    get_place(u, &e->place);
    e->text = get_string(u, FRAME_TEXT_MAX);
    e->markdown = get_string(u, FRAME_TEXT_MAX);
    e->header = get_string(u, FRAME_TABLE_HEADER_MAX);
    e->image = get_string(u, FRAME_IMAGE_NAME_MAX);
    e->times = get_string(u, SPEECH_TIMES_MAX);
    u->bad = u->bad || !speech_times_fit(e->times, e->text);
    e->rows = get_string(u, SPAN_LIST_MAX);
    u->bad = u->bad || !rows_fit(e->rows, e->text);
}

static void get_image_start(struct unpack *u, struct frame *f)
{
    bool known = false;

    f->image_start.name = get_string(u, FRAME_IMAGE_NAME_MAX);
    f->image_start.media_type = get_string(u, MEDIA_TYPE_MAX);
    f->image_start.bytes = get_u32(u);
    for (size_t i = 0; i < ARRAY_LEN(media_types); i++) {
        known = known || slice_is(f->image_start.media_type, media_types[i]);
    }
    u->bad = u->bad || !known || f->image_start.name.len == 0 || f->image_start.bytes == 0 ||
             f->image_start.bytes > FRAME_IMAGE_MAX;
}

bool frame_parse_payload(enum frame_type type, struct slice payload, struct frame *ret)
{
    struct unpack u = { .rest = payload };
    struct frame f = { .type = type };

    switch (type) {
    case FRAME_HELLO:
        u.bad = get_u32(&u) != FRAME_VERSION;
        f.hello.level = get_u32(&u);
        f.hello.landlock_abi = get_u32(&u);
        break;
    case FRAME_INFO:
        get_info(&u, &f);
        break;
    case FRAME_FINDING:
        get_finding(&u, &f.finding);
        break;
    case FRAME_ELEMENT:
        get_element(&u, &f.element);
        break;
    case FRAME_PROGRESS:
        f.progress.done = get_count(&u);
        f.progress.total = get_count(&u);
        u.bad = u.bad || (f.progress.total && f.progress.done > f.progress.total);
        break;
    case FRAME_IMAGE_START:
        get_image_start(&u, &f);
        break;
    case FRAME_IMAGE_DATA:
        f.image_data = payload;
        u.rest.len = 0;
        break;
    case FRAME_SOUND:
        f.sound.second = get_f64(&u);
        u.bad = u.bad || f.sound.second < 0 || u.rest.len % 2 != 0;
        f.sound.samples = u.rest;
        u.rest.len = 0;
        break;
    case FRAME_DONE:
        break;
    case FRAME_REFUSED:
        f.refused.cause = (enum refused_cause)get_u8(&u);
        u.bad = u.bad || (unsigned)f.refused.cause >= REFUSED_CAUSES;
        f.refused.text = get_string(&u, FRAME_REFUSED_TEXT_MAX);
        break;
    default:
        return false;
    }
    if (u.bad || u.rest.len) {
        return false;
    }
    *ret = f;
    return true;
}
