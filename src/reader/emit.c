// SPDX-License-Identifier: AGPL-3.0-or-later
// How a format reports: text is cleaned, numbered and counted here, so that no format can send what the server would
// refuse. One thread.
#include "reader/reader.h"

#include "base/utf8.h"
#include "wire/span_list.h"
#include "wire/speech_words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ELEMENT_TEXT_MAX =
        4 << 20, // bytes of one element; longer ones are cut (formats split tables long before)
    ELEMENT_NAME_MAX = 1000, // names of sheets, headings, images
    INFO_TEXT_MAX = 1000,
    READER_FINDINGS_MAX = 256, // reports of one process; the server keeps FINDINGS_MAX of them
};

static int32_t clamp_number(int32_t n)
{
    return n < 0 ? 0 : n;
}

// A place that the server accepts: boxes within the page and the right way round, ranges that do not run backwards.
// Names are cleaned into `names`, which lives until the report has been handed over.
static void clean_place(struct place *p, struct buf *names, size_t at[4])
{
    p->number = clamp_number(p->number);
    for (int i = 0; i < 4 && p->has_box; i++) {
        p->box[i] = isfinite(p->box[i]) ? fminf(1, fmaxf(0, p->box[i])) : 0;
    }
    if (p->has_box && (p->box[2] < p->box[0] || p->box[3] < p->box[1])) {
        p->has_box = false;
    }
    if (!p->has_box) {
        memset(p->box, 0, sizeof(p->box));
    }
    int32_t *pairs[] = { p->rows, p->cols };
    for (int i = 0; i < 2; i++) {
        pairs[i][0] = clamp_number(pairs[i][0]);
        if (pairs[i][1] < pairs[i][0]) {
            pairs[i][1] = pairs[i][0];
        }
    }
    for (int i = 0; i < 2; i++) {
        if (!isfinite(p->seconds[i]) || p->seconds[i] < 0) {
            p->seconds[i] = 0;
        }
    }
    if (p->seconds[1] < p->seconds[0]) {
        p->seconds[1] = p->seconds[0];
    }
    at[0] = names->len;
    utf8_add_clean(names, utf8_prefix(p->name, ELEMENT_NAME_MAX));
    at[1] = names->len;
    at[2] = names->len;
    utf8_add_clean(names, utf8_prefix(p->section, ELEMENT_NAME_MAX));
    at[3] = names->len;
}

static struct slice part(const struct buf *b, size_t from, size_t to)
{
    return (struct slice){ b->data ? b->data + from : NULL, to - from };
}

int reader_finding(
    struct reader *r, const char *code, const struct place *place, const char *fmt, ...)
{
    struct finding f = { .code = finding_code_find(slice_of(code)) };
    char text[2 * sizeof(f.message)];
    AUTO_BUF names = BUF_INIT(16 * ELEMENT_NAME_MAX);
    size_t at[4];
    va_list args;

    if (!f.code) {
        BUG("no finding has the code %s", code);
    }
    // A noisy file: what refuses it still gets through, the rest says nothing new.
    if (r->finding_count >= READER_FINDINGS_MAX && f.code->severity != SEVERITY_REJECT) {
        return 0;
    }
    if (r->finding_count >= 2 * READER_FINDINGS_MAX) {
        return 0;
    }
    if (place) {
        f.place = *place;
    }
    clean_place(&f.place, &names, at);
    f.place.name = part(&names, at[0], at[1]);
    f.place.section = part(&names, at[2], at[3]);
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    finding_set_message(&f, slice_of(text));
    r->finding_count++;
    return r->sink->finding ? r->sink->finding(r->sink->ctx, &f) : 0;
}

static bool all_white(struct slice s)
{
    return slice_trim(s).len == 0;
}

// Cleans *s into b unless it is clean already; false when memory ran out.
static bool clean_text(struct slice *s, size_t max, struct buf *b)
{
    struct slice cut = utf8_prefix(*s, max);
    bool clean = utf8_valid(cut);

    for (size_t i = 0; clean && i < cut.len; i++) {
        unsigned char c = (unsigned char)cut.data[i];
        clean = c >= 0x20 || c == '\n' || c == '\t';
    }
    if (clean) {
        *s = cut;
        return true;
    }
    buf_init(b, 4 * ELEMENT_TEXT_MAX);
    utf8_add_clean(b, cut);
    *s = utf8_prefix(buf_slice(b), max);
    return buf_ok(b);
}

int reader_element(struct reader *r, struct element *e)
{
    AUTO_BUF names = BUF_INIT(32 * ELEMENT_NAME_MAX);
    AUTO_BUF text = { .max = 1 }, markdown = { .max = 1 }, header = { .max = 1 },
             image = { .max = 1 };
    struct element out = *e;
    size_t at[4];

    if ((unsigned)e->kind >= ELEMENT_KINDS) {
        BUG("element of kind %d", (int)e->kind);
    }
    if (!clean_text(&out.text, ELEMENT_TEXT_MAX, &text) ||
        !clean_text(&out.markdown, ELEMENT_TEXT_MAX, &markdown) ||
        !clean_text(&out.header, ELEMENT_TEXT_MAX / 4, &header) ||
        !clean_text(&out.image, ELEMENT_NAME_MAX, &image)) {
        return ERR_MEMORY;
    }
    if (all_white(out.text) && out.image.len == 0 && !(out.flags & ELEMENT_NEEDS_OCR)) {
        return 0;
    }
    if (r->next_index >= r->limits->elements) {
        reader_finding(r, "bomb.elements", &e->place, "The document has more than %lld parts.",
            (long long)r->limits->elements);
        return ERR_LIMIT;
    }
    r->emitted_text += (int64_t)(out.text.len + out.markdown.len + out.header.len);
    if (r->emitted_text > 2 * r->limits->text_bytes) { // text and Markdown say the same twice
        reader_finding(r, "bomb.text", &e->place, "The document holds more than %lld MiB of text.",
            (long long)(r->limits->text_bytes >> 20));
        return ERR_LIMIT;
    }
    if (!speech_times_fit(out.times, out.text)) {
        out.times = slice_make("", 0); // the text was cleaned, so its words are others
    }
    if (out.rows.len > SPAN_LIST_MAX || !rows_fit(out.rows, out.text)) {
        out.rows = slice_make("", 0); // the text was cut
    }
    out.level = out.level < 0 ? 0 : out.level > 1000 ? 1000 : out.level;
    clean_place(&out.place, &names, at);
    out.place.name = part(&names, at[0], at[1]);
    out.place.section = part(&names, at[2], at[3]);
    out.index = e->index = r->next_index++;
    return r->sink->element ? r->sink->element(r->sink->ctx, &out) : 0;
}

int reader_progress(struct reader *r, int64_t done, int64_t total)
{
    done = done < 0 ? 0 : done;
    total = total < 0 ? 0 : total;
    if (total && done > total) {
        done = total;
    }
    return r->sink->progress ? r->sink->progress(r->sink->ctx, done, total) : 0;
}

int reader_info_number(struct reader *r, const char *key, double number)
{
    return r->sink->info && isfinite(number) ? r->sink->info(r->sink->ctx, key, NULL, number) : 0;
}

int reader_info_text(struct reader *r, const char *key, const char *text)
{
    AUTO_BUF clean = BUF_INIT(4 * INFO_TEXT_MAX);

    if (!r->sink->info || !text || !*text) {
        return 0;
    }
    utf8_add_clean(
        &clean, utf8_prefix(slice_make(text, strnlen(text, INFO_TEXT_MAX + 4)), INFO_TEXT_MAX));
    struct slice kept = utf8_prefix(slice_trim(buf_slice(&clean)), INFO_TEXT_MAX);
    AUTO_FREE char *copy = xstrndup(kept.data, kept.len);
    return *copy ? r->sink->info(r->sink->ctx, key, copy, 0) : 0;
}

int reader_image(
    struct reader *r, const char *name, const char *media_type, const void *bytes, size_t len)
{
    return r->sink->image ? r->sink->image(r->sink->ctx, name, media_type, bytes, len) : 0;
}

int reader_sound(struct reader *r, double second, const float *samples, size_t count)
{
    if (!r->sink->sound || count == 0) {
        return 0;
    }
    AUTO_FREE int16_t *out = malloc(count * sizeof(*out));
    if (!out) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        float v = isfinite(samples[i]) ? samples[i] * 32767 : 0;
        out[i] = (int16_t)(v > 32767 ? 32767 : v < -32767 ? -32767 : v);
    }
    return r->sink->sound(r->sink->ctx, second, out, count);
}
