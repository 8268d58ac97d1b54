// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements pdf_session.h.
#include "reader/pdf_session.h"

#include <malloc.h>
#include <stdlib.h>
#include <time.h>

// The budgeted allocator. malloc_usable_size spares a header on each block.

int64_t lpdf_clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool budget_allows(struct lpdf_budget *b, size_t more)
{
    if ((b->calls++ & 255) == 0 && b->hard_ms) {
        int64_t now = lpdf_clock_ms();
        if (now >= b->soft_ms) {
            b->cookie.abort = 1;
        }
        b->no_time = b->no_time || now >= b->hard_ms;
    }
    if (b->no_time || b->absurd) {
        return false;
    }
    if (more > b->max_block) {
        b->no_memory = b->absurd = true;
        b->cookie.abort = 1;
        return false;
    }
    if (more > b->max || b->used > b->max - more) {
        b->no_memory = true;
        return false;
    }
    return true;
}

static void budget_took(struct lpdf_budget *b, void *p)
{
    b->used += malloc_usable_size(p);
    if (b->used > b->peak) {
        b->peak = b->used;
    }
}

static void *budget_malloc(void *user, size_t size)
{
    struct lpdf_budget *b = user;
    if (!budget_allows(b, size)) {
        return NULL;
    }
    void *p = malloc(size);
    if (p) {
        budget_took(b, p);
    }
    return p;
}

static void *budget_realloc(void *user, void *old, size_t size)
{
    struct lpdf_budget *b = user;
    size_t had = old ? malloc_usable_size(old) : 0;
    if (size > b->max_block ? !budget_allows(b, size)
                            : size > had && !budget_allows(b, size - had)) {
        return NULL;
    }
    void *p = realloc(old, size ? size : 1);
    if (p) {
        b->used -= had;
        budget_took(b, p);
    }
    return p;
}

static void budget_free(void *user, void *p)
{
    struct lpdf_budget *b = user;
    if (p) {
        b->used -= malloc_usable_size(p);
        free(p);
    }
}

static void keep_quiet(void *user, const char *message)
{
    (void)user;
    (void)message;
}

void lpdf_timer_start(struct lpdf *s, int64_t ms)
{
    struct lpdf_budget *b = &s->budget;
    b->soft_ms = lpdf_clock_ms() + ms;
    b->hard_ms = b->soft_ms + LPDF_GRACE_MS;
    b->calls = 0;
    b->no_time = false;
    b->no_memory = false;
    b->absurd = false;
    b->cookie = (fz_cookie){ 0 };
}

void lpdf_timer_stop(struct lpdf *s)
{
    s->budget.hard_ms = 0;
    s->budget.no_time = false;
    s->budget.absurd = false;
}

const char *lpdf_stopped_by(const struct lpdf *s)
{
    if (s->budget.no_memory) {
        return "bomb.memory";
    }
    return s->budget.no_time || s->budget.cookie.abort ? "bomb.time" : NULL;
}

// The page tree.

struct tree_level {
    pdf_obj *kids;
    int next, len;
};

static bool is_inner_node(fz_context *ctx, pdf_obj *node, pdf_obj *kids)
{
    return kids && !pdf_name_eq(ctx, pdf_dict_get(ctx, node, PDF_NAME(Type)), PDF_NAME(Page));
}

static void add_page(struct lpdf *s, pdf_obj *page, int32_t *cap)
{
    if (s->page_count == *cap) {
        int32_t cap_new = *cap ? *cap * 2 : 64;
        s->pages = fz_realloc(s->ctx, s->pages, (size_t)cap_new * sizeof(*s->pages));
        *cap = cap_new;
    }
    s->pages[s->page_count++] = pdf_keep_obj(s->ctx, page);
}

// Goes through the tree in order without recursion. Each node is visited once, which ends every loop.
static void walk_page_tree(struct lpdf *s, pdf_obj *root, pdf_mark_bits *seen)
{
    struct tree_level stack[LPDF_TREE_DEPTH];
    int depth = 0, nodes = 0;
    int32_t cap = 0, pages_max = s->r->limits->pages;
    fz_context *ctx = s->ctx;

    pdf_mark_bits_set(ctx, seen, root);
    stack[0].kids = pdf_dict_get(ctx, root, PDF_NAME(Kids));
    stack[0].next = 0;
    stack[0].len = pdf_array_len(ctx, stack[0].kids);
    while (depth >= 0) {
        struct tree_level *level = &stack[depth];
        if (level->next >= level->len) {
            depth--;
            continue;
        }
        pdf_obj *node = pdf_array_get(ctx, level->kids, level->next++);
        if (++nodes > LPDF_TREE_NODES) {
            s->tree_odd = true;
            return;
        }
        bool again = pdf_is_indirect(ctx, node) && pdf_mark_bits_set(ctx, seen, node);
        if (again || !pdf_is_dict(ctx, node)) {
            s->tree_odd = true;
            continue;
        }
        pdf_obj *kids = pdf_dict_get(ctx, node, PDF_NAME(Kids));
        if (!is_inner_node(ctx, node, kids)) {
            if (s->page_count >= pages_max) {
                s->too_many_pages = true;
                return;
            }
            add_page(s, node, &cap);
        } else if (depth + 1 < LPDF_TREE_DEPTH) {
            depth++;
            stack[depth] = (struct tree_level){ kids, 0, pdf_array_len(ctx, kids) };
        } else {
            s->tree_odd = true;
        }
    }
}

static void load_pages(struct lpdf *s)
{
    fz_context *ctx = s->ctx;
    pdf_obj *root = pdf_dict_getp(ctx, pdf_trailer(ctx, s->doc), "Root/Pages");
    if (!pdf_is_dict(ctx, root)) {
        return;
    }
    pdf_mark_bits *seen = pdf_new_mark_bits(ctx, s->doc);
    fz_try(ctx)
    {
        walk_page_tree(s, root, seen);
    }
    fz_always(ctx)
    {
        pdf_drop_mark_bits(ctx, seen);
    }
    fz_catch(ctx)
    {
        if (s->page_count == 0) {
            fz_rethrow(ctx);
        }
        s->tree_odd = true;
    }
    int64_t said = pdf_to_int64(ctx, pdf_dict_get(ctx, root, PDF_NAME(Count)));
    s->count_nonsense = said < 0 || said > PDF_MAX_OBJECT_NUMBER;
    if (said != s->page_count && !s->too_many_pages) {
        s->tree_odd = true;
    }
}

// Opening.

static bool open_document(struct lpdf *s)
{
    fz_context *ctx = s->ctx;
    fz_stream *volatile stream = NULL;
    volatile bool opened = false;

    fz_try(ctx)
    {
        stream = fz_open_memory(ctx, (const unsigned char *)s->r->input.data, s->r->input.len);
        s->doc = pdf_open_document_with_stream(ctx, stream);
        pdf_disable_js(
            ctx, s->doc); // ours, in pdf_nojs.c: naming it here keeps MuPDF's out of the program
        opened = true;
    }
    fz_always(ctx)
    {
        fz_drop_stream(ctx, stream);
    }
    fz_catch(ctx)
    {
        opened = false;
    }
    return opened;
}

// True when a password is needed that nobody knows here.
static bool is_locked(struct lpdf *s)
{
    volatile bool locked = false;
    fz_try(s->ctx)
    {
        locked = pdf_needs_password(s->ctx, s->doc) != 0;
        s->encrypted = s->doc->crypt != NULL;
    }
    fz_catch(s->ctx)
    {
        locked = true;
    }
    return locked;
}

static bool try_pages(struct lpdf *s)
{
    volatile bool fine = false;
    fz_try(s->ctx)
    {
        load_pages(s);
        fine = s->page_count > 0;
    }
    fz_catch(s->ctx)
    {
        fine = false;
    }
    return fine;
}

// A PDF whose last bytes are missing: no end mark in the last KiB or so, as readers look for it.
static bool is_cut_off(struct slice input)
{
    size_t tail = input.len < 2048 ? input.len : 2048;
    struct slice end = { input.data + input.len - tail, tail };
    return !slice_find(end, SLICE_LIT("%%EOF")) && !slice_find(end, SLICE_LIT("startxref"));
}

static bool has_header(struct slice input)
{
    struct slice head = { input.data, input.len < 1024 ? input.len : 1024 };
    return slice_find(head, SLICE_LIT("%PDF-")) != NULL;
}

static enum lpdf_opened refuse(
    struct lpdf *s, int *ret_error, const char *code, const char *message)
{
    const char *stopped = lpdf_stopped_by(s);
    int error;

    lpdf_timer_stop(s);
    if (stopped && strcmp(stopped, "bomb.memory") == 0) {
        error = reader_finding(
            s->r, stopped, NULL, "Opening the document needs more memory than is allowed.");
    } else if (stopped) {
        error = reader_finding(
            s->r, stopped, NULL, "Opening the document takes longer than is allowed.");
    } else {
        error = reader_finding(s->r, code, NULL, "%s", message);
    }
    *ret_error = error;
    return error ? LPDF_SINK_BROKE : LPDF_REFUSED;
}

enum lpdf_opened lpdf_open(struct lpdf *s, struct reader *r, int *ret_error)
{
    memset(s, 0, sizeof(*s));
    *ret_error = 0;
    s->r = r;
    s->budget.max = LPDF_MEMORY_MAX;
    s->budget.max_block = LPDF_BLOCK_MAX;
    s->alloc = (fz_alloc_context){ &s->budget, budget_malloc, budget_realloc, budget_free };
    lpdf_timer_start(s, LPDF_OPEN_MS);
    s->ctx = fz_new_context(&s->alloc, NULL, LPDF_STORE_MAX);
    if (!s->ctx) {
        return refuse(
            s, ret_error, "bomb.memory", "There is not enough memory to open the document.");
    }
    fz_set_error_callback(s->ctx, keep_quiet, NULL);
    fz_set_warning_callback(s->ctx, keep_quiet, NULL);
    fz_disable_icc(s->ctx);
    if (!open_document(s)) {
        return has_header(r->input) && is_cut_off(r->input)
                   ? refuse(s, ret_error, "structure.truncated",
                         "The PDF ends too early: its last part is missing.")
                   : refuse(s, ret_error, "structure.corrupt",
                         "The file is not a readable PDF: its index of objects is damaged beyond "
                         "repair.");
    }
    if (is_locked(s)) {
        return refuse(s, ret_error, "structure.encrypted", "The PDF opens only with a password.");
    }
    if (!try_pages(s)) {
        return refuse(s, ret_error, "structure.corrupt", "The PDF has no pages that can be found.");
    }
    if (s->count_nonsense) {
        return refuse(s, ret_error, "structure.corrupt",
            "The PDF states a number of pages that no document can have.");
    }
    s->repaired = pdf_was_repaired(s->ctx, s->doc) != 0;
    lpdf_timer_stop(s);
    return LPDF_OPEN;
}

void lpdf_close(struct lpdf *s)
{
    if (!s->ctx) {
        return;
    }
    lpdf_timer_stop(s);
    for (int32_t i = 0; i < s->page_count; i++) {
        pdf_drop_obj(s->ctx, s->pages[i]);
    }
    fz_free(s->ctx, s->pages);
    pdf_drop_document(s->ctx, s->doc);
    fz_drop_context(s->ctx);
    memset(s, 0, sizeof(*s));
}

// Measuring streams before anything is unpacked for good.

static bool has_risky_filter(fz_context *ctx, pdf_obj *dict)
{
    pdf_obj *filter = pdf_dict_geta(ctx, dict, PDF_NAME(Filter), PDF_NAME(F));
    if (pdf_is_array(ctx, filter)) {
        if (pdf_array_len(ctx, filter) > 1) {
            return true;
        }
        filter = pdf_array_get(ctx, filter, 0);
    }
    return filter && !pdf_name_eq(ctx, filter, PDF_NAME(FlateDecode)) &&
           !pdf_name_eq(ctx, filter, PDF_NAME(ASCIIHexDecode)) &&
           !pdf_name_eq(ctx, filter, PDF_NAME(ASCII85Decode)) &&
           !pdf_name_eq(ctx, filter, PDF_NAME(LZWDecode)) &&
           !pdf_name_eq(ctx, filter, PDF_NAME(RunLengthDecode));
}

static int64_t count_unpacked(struct lpdf *s, pdf_obj *stream, int64_t limit)
{
    unsigned char skip[16384];
    fz_context *ctx = s->ctx;
    fz_stream *volatile stm = NULL;
    volatile int64_t total = 0;

    fz_try(ctx)
    {
        stm = pdf_open_stream(ctx, stream);
        while (total <= limit && !s->budget.cookie.abort) {
            size_t n = fz_read(ctx, stm, skip, sizeof(skip));
            if (n == 0) {
                break;
            }
            total += (int64_t)n;
            if (s->budget.hard_ms && lpdf_clock_ms() > s->budget.soft_ms) {
                s->budget.cookie.abort = 1;
            }
        }
    }
    fz_always(ctx)
    {
        fz_drop_stream(ctx, stm);
    }
    fz_catch(ctx)
    {
        if (total == 0) {
            total = -1;
        }
    }
    return total;
}

static int64_t unpacked_one(struct lpdf *s, pdf_obj *stream, int64_t limit, int64_t *packed)
{
    fz_context *ctx = s->ctx;
    volatile bool measure = false;
    volatile int64_t length = 0;

    fz_try(ctx)
    {
        if (pdf_is_stream(ctx, stream)) {
            length = pdf_dict_get_int(ctx, stream, PDF_NAME(Length));
            if (length < 0 || length > (int64_t)s->r->input.len) {
                length = (int64_t)s->r->input.len;
            }
            measure = has_risky_filter(ctx, stream) || length > limit / LPDF_STREAM_SUSPECT;
        }
    }
    fz_catch(ctx)
    {
        return -1;
    }
    *packed += length;
    return measure ? count_unpacked(s, stream, limit) : 0;
}

static pdf_obj *array_item(fz_context *ctx, pdf_obj *array, int i)
{
    pdf_obj *volatile item = NULL;
    fz_try(ctx)
    {
        item = pdf_array_get(ctx, array, i);
    }
    fz_catch(ctx)
    {
        item = NULL;
    }
    return item;
}

int64_t lpdf_unpacked(struct lpdf *s, pdf_obj *stream, int64_t limit, int64_t *ret_packed)
{
    int64_t total = 0;

    *ret_packed = 0;
    if (!pdf_is_array(s->ctx, stream)) {
        return unpacked_one(s, stream, limit, ret_packed);
    }
    int len = pdf_array_len(s->ctx, stream);
    for (int i = 0; i < len && i < LPDF_TREE_NODES && total <= limit; i++) {
        int64_t n = unpacked_one(s, array_item(s->ctx, stream, i), limit, ret_packed);
        if (n < 0) {
            return n;
        }
        total += n;
    }
    return total;
}

pdf_obj *lpdf_inherited(struct lpdf *s, int32_t index, pdf_obj *key)
{
    pdf_obj *volatile value = NULL;
    fz_try(s->ctx)
    {
        value = pdf_dict_get_inheritable(s->ctx, s->pages[index], key);
    }
    fz_catch(s->ctx)
    {
        value = NULL;
    }
    fz_try(s->ctx)
    {
        if (!value) {
            value = pdf_dict_get(s->ctx, s->pages[index], key);
        }
    }
    fz_catch(s->ctx)
    {
        value = NULL;
    }
    return value;
}

// The box of a page whose parents can't be asked: its own, or a sheet of letter paper.
static void plain_box(struct lpdf *s, int32_t index, fz_rect *ret_box, fz_matrix *ret_ctm)
{
    pdf_obj *media = lpdf_inherited(s, index, PDF_NAME(MediaBox));
    fz_rect box = fz_make_rect(0, 0, 612, 792);
    fz_try(s->ctx)
    {
        fz_rect own = pdf_to_rect(s->ctx, media);
        if (!fz_is_empty_rect(own) && !fz_is_infinite_rect(own)) {
            box = own;
        }
    }
    fz_catch(s->ctx)
    {
        box = fz_make_rect(0, 0, 612, 792);
    }
    *ret_ctm = fz_make_matrix(1, 0, 0, -1, -box.x0, box.y1);
    *ret_box = fz_make_rect(0, 0, box.x1 - box.x0, box.y1 - box.y0);
}

bool lpdf_page_box(struct lpdf *s, int32_t index, fz_rect *ret_box, fz_matrix *ret_ctm)
{
    volatile bool fine = false;
    fz_rect box = fz_empty_rect;
    fz_matrix ctm = fz_identity;

    fz_try(s->ctx)
    {
        pdf_page_obj_transform(s->ctx, s->pages[index], &box, &ctm);
        box = fz_transform_rect(box, ctm);
        fine = !fz_is_empty_rect(box) && !fz_is_infinite_rect(box) &&
               box.x1 - box.x0 < LPDF_PAGE_POINTS && box.y1 - box.y0 < LPDF_PAGE_POINTS;
    }
    fz_catch(s->ctx)
    {
        fine = false;
    }
    if (!fine) {
        plain_box(s, index, ret_box, ret_ctm);
        return false;
    }
    *ret_ctm = fz_concat(ctm, fz_translate(-box.x0, -box.y0));
    *ret_box = fz_translate_rect(box, -box.x0, -box.y0);
    return true;
}
