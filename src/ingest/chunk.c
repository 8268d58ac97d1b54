// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements chunk.h.
#include "ingest/chunk.h"
#include "base/utf8.h"

#include <stdlib.h>

struct chunker {
    chunk_fn fn;
    void *ctx;
    int64_t count;
    struct buf levels[HEADING_LEVELS]; // the heading in force at each level
    struct buf heading; // their path
    struct buf text;
    struct buf places; // JSON array, unclosed
    struct buf starts; // the same, of numbers
    struct arena arena; // copies of the first place's names
    struct place place;
    int64_t first, last;
    size_t elements;
    bool only_headings; // nothing but headings so far
};

struct chunker *chunker_new(chunk_fn fn, void *ctx)
{
    struct chunker *c = xalloc(sizeof(*c));

    c->fn = fn;
    c->ctx = ctx;
    for (int i = 0; i < HEADING_LEVELS; i++) {
        buf_init(&c->levels[i], HEADING_PATH_MAX);
    }
    buf_init(&c->heading, HEADING_LEVELS * (HEADING_PATH_MAX + 4));
    buf_init(&c->text, 4 * CHUNK_MAX_BYTES);
    buf_init(&c->places, 256 * 1024);
    buf_init(&c->starts, CHUNK_PLACES_MAX * 16);
    arena_init(&c->arena, 64 * 1024);
    return c;
}

void chunker_free(struct chunker *c)
{
    if (!c) {
        return;
    }
    for (int i = 0; i < HEADING_LEVELS; i++) {
        buf_done(&c->levels[i]);
    }
    buf_done(&c->heading);
    buf_done(&c->text);
    buf_done(&c->places);
    buf_done(&c->starts);
    arena_done(&c->arena);
    free(c);
}

int64_t chunker_count(const struct chunker *c)
{
    return c->count;
}

// May one chunk hold passages of both places?
static bool same_region(const struct place *a, const struct place *b)
{
    if (a->kind != b->kind || !slice_equal(a->name, b->name)) {
        return false;
    }
    return (a->kind != PLACE_PAGE && a->kind != PLACE_SLIDE && a->kind != PLACE_IMAGE) ||
           a->number == b->number;
}

static void span(int32_t to[2], const int32_t from[2])
{
    if (to[0] == 0) {
        to[0] = from[0];
        to[1] = from[1];
        return;
    }
    to[0] = from[0] < to[0] ? from[0] : to[0];
    to[1] = from[1] > to[1] ? from[1] : to[1];
}

static void place_widen(struct place *to, const struct place *from)
{
    span(to->rows, from->rows);
    span(to->cols, from->cols);
    if (from->kind == PLACE_TIME) {
        to->seconds[0] = from->seconds[0] < to->seconds[0] ? from->seconds[0] : to->seconds[0];
        to->seconds[1] = from->seconds[1] > to->seconds[1] ? from->seconds[1] : to->seconds[1];
    }
    if (to->has_box && from->has_box) {
        for (int i = 0; i < 2; i++) {
            to->box[i] = from->box[i] < to->box[i] ? from->box[i] : to->box[i];
            to->box[i + 2] = from->box[i + 2] > to->box[i + 2] ? from->box[i + 2] : to->box[i + 2];
        }
    } else {
        to->has_box = false;
    }
}

static int flush(struct chunker *c, struct error *err)
{
    if (c->text.len == 0) {
        return 0;
    }
    buf_add_char(&c->places, ']');
    buf_add_char(&c->starts, ']');
    if (!buf_ok(&c->places) || !buf_ok(&c->text)) {
        return error_set(err, ERR_MEMORY, "A passage of the document did not fit into memory.");
    }
    struct chunk chunk = { .index = c->count,
        .first_element = c->first,
        .last_element = c->last,
        .heading = buf_slice(&c->heading),
        .text = buf_slice(&c->text),
        .place = c->place,
        .places = c->places.data,
        .starts = buf_ok(&c->starts) ? c->starts.data : "" };
    int rc = c->fn(c->ctx, &chunk, err);
    c->count++;
    c->elements = 0;
    buf_reset(&c->text);
    buf_reset(&c->places);
    buf_reset(&c->starts);
    size_t max = c->arena.max;
    arena_done(&c->arena);
    arena_init(&c->arena, max);
    return rc;
}

static void add_place(struct chunker *c, const struct element *e)
{
    bool heading = e->kind == ELEMENT_HEADING || e->kind == ELEMENT_TITLE;
    long long at = (long long)c->text.len;

    buf_addf(&c->starts, "%c%lld", c->elements ? ',' : '[', heading ? -1 - at : at);
    if (c->elements == 0) {
        c->place = e->place;
        c->place.name = arena_slice(&c->arena, e->place.name);
        c->place.section = arena_slice(&c->arena, e->place.section);
        c->first = e->index;
        buf_add_char(&c->places, '[');
    } else {
        place_widen(&c->place, &e->place);
        buf_add_char(&c->places, ',');
    }
    place_add_json(&c->places, &e->place);
    c->last = e->index;
    c->elements++;
}

// Where to cut text at or before max bytes: after a sentence, else after a line, else at a space, else anywhere whole.
static size_t cut_at(struct slice text, size_t max)
{
    if (text.len <= max) {
        return text.len;
    }
    size_t line = 0, space = 0;
    for (size_t i = max; i > max / 2; i--) {
        char c = text.data[i - 1], next = text.data[i];
        if ((c == '.' || c == '!' || c == '?') && (next == ' ' || next == '\n')) {
            return i;
        }
        if (!line && c == '\n') {
            line = i;
        }
        if (!space && c == ' ') {
            space = i;
        }
    }
    return line ? line : space ? space : utf8_prefix(text, max).len;
}

static void set_heading(struct chunker *c, const struct element *e)
{
    int level = e->kind == ELEMENT_TITLE || e->level < 1 ? 1
                : e->level > HEADING_LEVELS              ? HEADING_LEVELS
                                                         : e->level;
    struct slice text = utf8_prefix(slice_trim(e->text), HEADING_PATH_MAX / HEADING_LEVELS);

    for (int i = level - 1; i < HEADING_LEVELS; i++) {
        buf_reset(&c->levels[i]);
    }
    buf_add_slice(&c->levels[level - 1], text);
    buf_reset(&c->heading);
    for (int i = 0; i < HEADING_LEVELS; i++) {
        if (c->levels[i].len) {
            if (c->heading.len) {
                buf_add_str(&c->heading, " > ");
            }
            buf_add_slice(&c->heading, buf_slice(&c->levels[i]));
        }
    }
}

static int add_text(
    struct chunker *c, const struct element *e, struct slice text, struct error *err)
{
    struct slice header = slice_trim(e->header);
    bool headless = e->kind == ELEMENT_TABLE && header.len && header.len < CHUNK_MAX_BYTES / 2 &&
                    !(text.len >= header.len && memcmp(text.data, header.data, header.len) == 0);
    size_t extra = headless ? header.len + 1 : 0;

    while (text.len) {
        if (c->text.len && c->text.len + 1 + extra + text.len > CHUNK_MAX_BYTES) {
            int rc = flush(c, err);
            if (rc < 0) {
                return rc;
            }
        }
        size_t n = cut_at(text, CHUNK_MAX_BYTES - extra);
        if (c->text.len) {
            buf_add_char(&c->text, '\n');
        }
        if (headless) {
            buf_add_slice(&c->text, header);
            buf_add_char(&c->text, '\n');
        }
        add_place(c, e);
        buf_add(&c->text, text.data, n);
        text = slice_trim(slice_from(text, n));
        headless = e->kind == ELEMENT_TABLE && header.len && header.len < CHUNK_MAX_BYTES / 2;
        extra = headless ? header.len + 1 : 0;
        if (text.len) {
            int rc = flush(c, err);
            if (rc < 0) {
                return rc;
            }
        }
    }
    return 0;
}

int chunker_add(struct chunker *c, const struct element *e, struct error *err)
{
    bool heading = e->kind == ELEMENT_HEADING || e->kind == ELEMENT_TITLE;
    struct slice text = slice_trim(e->text);
    int rc = 0;

    if ((e->flags & ELEMENT_NOT_INDEXED) || text.len == 0) {
        return 0;
    }
    bool close =
        c->text.len && (!same_region(&c->place, &e->place) || c->elements >= CHUNK_PLACES_MAX ||
                           (heading && !c->only_headings) ||
                           (!heading && !c->only_headings && c->text.len >= CHUNK_TARGET_BYTES));
    if (close) {
        rc = flush(c, err);
        if (rc < 0) {
            return rc;
        }
    }
    if (heading) {
        set_heading(c, e);
    }
    c->only_headings = heading && (c->text.len == 0 || c->only_headings);
    return add_text(c, e, text, err);
}

int chunker_finish(struct chunker *c, struct error *err)
{
    return flush(c, err);
}
