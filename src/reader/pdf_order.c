// SPDX-License-Identifier: AGPL-3.0-or-later
// The order of reading: a recursive cut. A region is cut at an upright empty strip when both sides read like columns; if
// blocks that run across (a title, a wide table) stand in the way, it is first cut above and below those; if there are no
// columns, it is cut at level gaps, and what then still stands side by side is read from left to right.
#include "reader/pdf_layout.h"

#include <math.h>
#include <stdlib.h>

struct cutter {
    struct lpdf_block *blocks;
    uint32_t *out; // the order so far
    uint32_t count;
    float body;
    struct arena *arena;
};

struct strip {
    float x;
    uint32_t left, right, across;
    uint32_t across_chars; // how much stands in the way
};

static uint32_t lines_of(const struct lpdf_block *b)
{
    if (b->kind == LPDF_BLOCK_TEXT) {
        return b->seg_count;
    }
    uint32_t lines = (uint32_t)((b->box.y1 - b->box.y0) / 12);
    return lines > 0 ? lines : 1;
}

static int compare_y(const struct lpdf_block *a, const struct lpdf_block *b)
{
    if (a->box.y0 != b->box.y0) {
        return a->box.y0 < b->box.y0 ? -1 : 1;
    }
    return a->box.x0 < b->box.x0 ? -1 : a->box.x0 > b->box.x0;
}

static void sort_down(
    struct cutter *c, uint32_t *ids, uint32_t n) // merge sort: stable, and qsort has no context
{
    if (n < 2) {
        return;
    }
    uint32_t half = n / 2, i = 0, j = half, k = 0;
    sort_down(c, ids, half);
    sort_down(c, ids + half, n - half);
    uint32_t *merged = arena_array(c->arena, n, sizeof(*merged));
    if (!merged) {
        return;
    }
    while (i < half || j < n) {
        bool first = j >= n || (i < half && compare_y(&c->blocks[ids[i]], &c->blocks[ids[j]]) <= 0);
        merged[k++] = first ? ids[i++] : ids[j++];
    }
    memcpy(ids, merged, n * sizeof(*ids));
}

struct side {
    float y0, y1;
    uint32_t lines, chars, text_lines;
};

static void side_add(struct side *s, const struct lpdf_block *b)
{
    s->y0 = s->lines ? fminf(s->y0, b->box.y0) : b->box.y0;
    s->y1 = s->lines ? fmaxf(s->y1, b->box.y1) : b->box.y1;
    s->lines += lines_of(b);
    if (b->kind == LPDF_BLOCK_TEXT) {
        s->chars += b->chars;
        s->text_lines += b->seg_count;
    }
}

static bool reads_like_column(const struct side *s)
{
    bool pictures = s->text_lines == 0 && s->lines >= 4;
    return pictures || (s->lines >= 3 && s->chars >= 17 * s->text_lines) ||
           (s->text_lines >= 8 && s->chars >= 10 * s->text_lines);
}

// Counts what stands left of, right of and across x.
static bool try_strip(
    const struct cutter *c, const uint32_t *ids, uint32_t n, float x, struct strip *ret)
{
    struct side left = { 0 }, right = { 0 };
    uint32_t across_lines = 0;
    *ret = (struct strip){ .x = x };
    for (uint32_t i = 0; i < n; i++) {
        const struct lpdf_block *b = &c->blocks[ids[i]];
        if (b->box.x1 <= x + 1) {
            ret->left++;
            side_add(&left, b);
        } else if (b->box.x0 >= x - 1) {
            ret->right++;
            side_add(&right, b);
        } else {
            ret->across++;
            across_lines += lines_of(b);
            ret->across_chars += b->kind == LPDF_BLOCK_TEXT ? b->chars : 40 * lines_of(b);
        }
    }
    if (ret->left == 0 || ret->right == 0) {
        return false;
    }
    float common = fminf(left.y1, right.y1) - fmaxf(left.y0, right.y0);
    float least = fminf(left.y1 - left.y0, right.y1 - right.y0);
    return common > 0.3f * least && common > 2 * c->body && reads_like_column(&left) &&
           reads_like_column(&right) &&
           (ret->across == 0 || across_lines < 2 * (left.lines + right.lines));
}

static bool find_columns(const struct cutter *c, const uint32_t *ids, uint32_t n, struct strip *ret)
{
    bool found = false;
    for (uint32_t i = 0; i < n; i++) {
        struct strip s;
        float x = c->blocks[ids[i]].box.x0 - 1;
        if (try_strip(c, ids, n, x, &s) &&
            (!found || s.across_chars < ret->across_chars ||
                (s.across_chars == ret->across_chars && x < ret->x))) {
            *ret = s;
            found = true;
        }
    }
    return found;
}

static void cut(struct cutter *c, uint32_t *ids, uint32_t n, int depth);

static void emit(struct cutter *c, const uint32_t *ids, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        c->out[c->count++] = ids[i];
    }
}

// Left of x first, then right; nothing runs across.
static void cut_upright(struct cutter *c, uint32_t *ids, uint32_t n, float x, int depth)
{
    uint32_t *sides = arena_array(c->arena, n, sizeof(*sides)), left = 0;
    if (!sides) {
        emit(c, ids, n);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (c->blocks[ids[i]].box.x1 <= x + 1) {
            sides[left++] = ids[i];
        }
    }
    for (uint32_t i = 0, at = left; i < n; i++) {
        if (c->blocks[ids[i]].box.x1 > x + 1) {
            sides[at++] = ids[i];
        }
    }
    cut(c, sides, left, depth + 1);
    cut(c, sides + left, n - left, depth + 1);
}

static float middle(const struct lpdf_block *b)
{
    return (b->box.y0 + b->box.y1) / 2;
}

// Blocks across the strip part the region into bands, each of which is then cut on its own.
static void cut_at_across(struct cutter *c, const uint32_t *ids, uint32_t n, float x, int depth)
{
    uint32_t *band = arena_array(c->arena, n, sizeof(*band)),
             *across = arena_array(c->arena, n, sizeof(*across));
    bool *done = arena_array(c->arena, n, sizeof(*done));
    uint32_t count = 0;
    if (!band || !across || !done) {
        emit(c, ids, n);
        return;
    }
    for (uint32_t i = 0; i < n; i++) { // ids are sorted downwards
        const struct lpdf_block *b = &c->blocks[ids[i]];
        done[i] = b->box.x1 > x + 1 && b->box.x0 < x - 1;
        if (done[i]) {
            across[count++] = ids[i];
        }
    }
    for (uint32_t k = 0; k <= count; k++) {
        uint32_t in = 0;
        for (uint32_t i = 0; i < n; i++) {
            if (!done[i] &&
                (k == count || middle(&c->blocks[ids[i]]) < middle(&c->blocks[across[k]]))) {
                band[in++] = ids[i];
                done[i] = true;
            }
        }
        if (in > 0) {
            uint32_t *own = arena_array(c->arena, in, sizeof(*own));
            if (own) {
                memcpy(own, band, in * sizeof(*own));
                cut(c, own, in, depth + 1);
            } else {
                emit(c, band, in);
            }
        }
        if (k < count) {
            c->out[c->count++] = across[k];
        }
    }
}

// Cuts at every level gap. False when there is none.
static bool cut_level(struct cutter *c, uint32_t *ids, uint32_t n, int depth)
{
    float bottom = c->blocks[ids[0]].box.y1;
    uint32_t from = 0;
    bool any = false;
    for (uint32_t i = 1; i <= n; i++) {
        if (i == n ? any : c->blocks[ids[i]].box.y0 > bottom - 0.15f * c->body) {
            any = true;
            cut(c, ids + from, i - from, depth + 1);
            from = i;
        }
        if (i < n) {
            bottom = fmaxf(bottom, c->blocks[ids[i]].box.y1);
        }
    }
    return any;
}

// An upright strip that nothing crosses, though the sides do not read like columns.
static bool find_gap(const struct cutter *c, const uint32_t *ids, uint32_t n, float *ret_x)
{
    for (uint32_t i = 0; i < n; i++) {
        float x = c->blocks[ids[i]].box.x0 - 1;
        bool left = false, across = false;
        for (uint32_t k = 0; k < n && !across; k++) {
            const struct lpdf_block *b = &c->blocks[ids[k]];
            left = left || b->box.x1 <= x + 1;
            across = b->box.x1 > x + 1 && b->box.x0 < x - 1;
        }
        if (left && !across) {
            *ret_x = x;
            return true;
        }
    }
    return false;
}

// A single line that reaches far into the gutter belongs to neither column: the strip moves to the edge of the left
// column, so that the line stands across it.
static void move_off_long_lines(
    const struct cutter *c, const uint32_t *ids, uint32_t n, struct strip *strip)
{
    float edge = -1;
    for (uint32_t i = 0; i < n; i++) {
        const struct lpdf_block *b = &c->blocks[ids[i]];
        if (b->box.x1 <= strip->x + 1 && b->kind == LPDF_BLOCK_TEXT && b->seg_count > 1) {
            edge = fmaxf(edge, b->box.x1);
        }
    }
    if (strip->across > 0 || edge < 0 || strip->x - edge < 2 * c->body) {
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct lpdf_block *b = &c->blocks[ids[i]];
        struct strip moved;
        if (b->box.x1 <= strip->x + 1 && b->seg_count == 1 && b->chars > 12 &&
            b->box.x1 > edge + 0.5f * (strip->x - edge) && try_strip(c, ids, n, edge + 1, &moved)) {
            *strip = moved;
            return;
        }
    }
}

static void cut(struct cutter *c, uint32_t *ids, uint32_t n, int depth)
{
    struct strip strip = { 0 };
    float x;
    if (n < 2 || depth > LPDF_CUT_DEPTH) {
        emit(c, ids, n);
        return;
    }
    if (find_columns(c, ids, n, &strip)) {
        move_off_long_lines(c, ids, n, &strip);
        if (strip.across > 0) {
            cut_at_across(c, ids, n, strip.x, depth);
        } else {
            cut_upright(c, ids, n, strip.x, depth);
        }
    } else if (!cut_level(c, ids, n, depth)) {
        if (find_gap(c, ids, n, &x)) {
            cut_upright(c, ids, n, x, depth);
        } else {
            emit(c, ids, n);
        }
    }
}

void lpdf_order_blocks(struct lpdf_block *blocks, uint32_t count, float body, struct arena *a)
{
    uint32_t *ids = arena_array(a, count + 1, sizeof(*ids)),
             *out = arena_array(a, count + 1, sizeof(*out));
    struct lpdf_block *sorted = arena_array(a, count + 1, sizeof(*sorted));
    struct cutter c = { blocks, out, 0, body, a };

    if (!ids || !out || !sorted) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        ids[i] = i;
    }
    sort_down(&c, ids, count);
    if (count > LPDF_BLOCKS_SORTED) {
        emit(&c, ids, count);
    } else {
        cut(&c, ids, count, 0);
    }
    if (c.count == count) {
        for (uint32_t i = 0; i < count; i++) {
            sorted[i] = blocks[out[i]];
        }
        memcpy(blocks, sorted, count * sizeof(*blocks));
    }
}
