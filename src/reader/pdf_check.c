// SPDX-License-Identifier: AGPL-3.0-or-later
// Layers 4 and 5 for PDF: opens it, measures the streams of its pages before anything unpacks them, looks for what would
// act by itself, and draws the first pages into nothing to see whether there is anything to read. Bounded by CHECK_MS.
#include "reader/pdf.h"
#include "reader/pdf_collect.h"

enum {
    CHECK_MS = 2000, // for all pages together
    CHECK_PAGES_DRAWN = 2, // of a healthy document
    CHECK_PAGES_SEARCHED = 60, // of a damaged one, until something readable is found
    CHECK_DRAW_MS = 40, // after which a healthy document is not drawn further
    CONTENT_SUSPECT = 64 << 20, // bytes of a page's drawing commands; a map has 30 MiB
    FORMS_MAX = 400, // of one page that are measured
    FORMS_DEPTH = 4,
    HIDDEN_LETTERS = 20,
};

// Sizes.

static int report_size(struct lpdf *s, int32_t index, int64_t unpacked, int64_t packed)
{
    struct place place = lpdf_place_page(index + 1);
    const char *stopped = lpdf_stopped_by(s);
    if (s->budget.no_memory) {
        return reader_finding(
            s->r, "bomb.memory", &place, "Page %d needs more memory than is allowed.", index + 1);
    }
    if (stopped) {
        return reader_finding(
            s->r, stopped, &place, "Page %d takes longer to unpack than is allowed.", index + 1);
    }
    if (unpacked / (packed > 0 ? packed : 1) >= s->r->limits->ratio) {
        return reader_finding(s->r, "bomb.ratio", &place,
            "Page %d unpacks to more than %d times its size.", index + 1, s->r->limits->ratio);
    }
    return reader_finding(s->r, "bomb.size", &place, "Page %d unpacks to more than %lld MiB.",
        index + 1, (long long)(s->r->limits->part_bytes >> 20));
}

// True when the stream may be unpacked; else *ret_unpacked and *ret_packed say why not.
static bool is_modest(struct lpdf *s, pdf_obj *stream, int64_t *ret_unpacked, int64_t *ret_packed)
{
    const struct reader_limits *limits = s->r->limits;
    int64_t suspect = CONTENT_SUSPECT < limits->part_bytes ? CONTENT_SUSPECT : limits->part_bytes;

    *ret_unpacked = lpdf_unpacked(s, stream, suspect, ret_packed);
    if (s->budget.no_memory || s->budget.cookie.abort) {
        return false;
    }
    if (*ret_unpacked <= suspect) {
        return true;
    }
    if (*ret_unpacked / (*ret_packed > 0 ? *ret_packed : 1) >= limits->ratio) {
        return false;
    }
    *ret_unpacked = lpdf_unpacked(s, stream, limits->part_bytes, ret_packed);
    return *ret_unpacked <= limits->part_bytes;
}

struct sizes {
    struct lpdf *s;
    int32_t index;
    int forms;
    bool giant; // a picture with more pixels than allowed
    int64_t unpacked, packed;
};

static bool is_giant(const struct sizes *z, pdf_obj *image)
{
    fz_context *ctx = z->s->ctx;
    int64_t w = pdf_dict_get_int(ctx, image, PDF_NAME(Width)),
            h = pdf_dict_get_int(ctx, image, PDF_NAME(Height));
    return w < 0 || h < 0 || (h > 0 && w > z->s->r->limits->pixels / h);
}

static bool forms_are_modest(struct sizes *z, pdf_obj *resources, int depth)
{
    fz_context *ctx = z->s->ctx;
    pdf_obj *list = pdf_dict_get(ctx, resources, PDF_NAME(XObject));
    int len = pdf_dict_len(ctx, list);
    for (int i = 0; i < len && z->forms < FORMS_MAX; i++) {
        pdf_obj *x = pdf_dict_get_val(ctx, list, i),
                *kind = pdf_dict_get(ctx, x, PDF_NAME(Subtype));
        if (pdf_name_eq(ctx, kind, PDF_NAME(Image)) && is_giant(z, x)) {
            z->giant = true;
            return false;
        }
        if (!pdf_name_eq(ctx, kind, PDF_NAME(Form))) {
            continue;
        }
        z->forms++;
        if (!is_modest(z->s, x, &z->unpacked, &z->packed) ||
            (depth < FORMS_DEPTH &&
                !forms_are_modest(z, pdf_dict_get(ctx, x, PDF_NAME(Resources)), depth + 1))) {
            return false;
        }
    }
    return true;
}

static bool content_is_modest(struct sizes *z, pdf_obj *page)
{
    fz_context *ctx = z->s->ctx;
    volatile bool fine = true;
    fz_try(ctx)
    {
        pdf_obj *contents = pdf_dict_get(ctx, page, PDF_NAME(Contents));
        fine = is_modest(z->s, contents, &z->unpacked, &z->packed) &&
               forms_are_modest(z, lpdf_inherited(z->s, z->index, PDF_NAME(Resources)), 0);
    }
    fz_catch(ctx)
    {
        fine = true; // plain damage shows when it is drawn
    }
    return fine && !z->s->budget.no_memory && !z->s->budget.cookie.abort;
}

int lpdf_check_content(struct lpdf *s, int32_t index, bool *ret_fine)
{
    struct sizes z = { .s = s, .index = index };
    *ret_fine = content_is_modest(&z, s->pages[index]);
    if (z.giant) {
        struct place place = lpdf_place_page(index + 1);
        return reader_finding(s->r, "bomb.pixels", &place,
            "A picture on page %d has more than %lld million pixels.", index + 1,
            (long long)(s->r->limits->pixels / 1000000));
    }
    return *ret_fine ? 0 : report_size(s, index, z.unpacked, z.packed);
}

// All pages, as far as the time goes. *ret_fine: none is a bomb.
static int check_sizes(struct lpdf *s, bool *ret_fine)
{
    int error = 0;
    lpdf_timer_start(s, CHECK_MS);
    *ret_fine = true;
    for (int32_t i = 0; i < s->page_count && *ret_fine && !error; i++) {
        error = lpdf_check_content(s, i, ret_fine);
    }
    lpdf_timer_stop(s);
    return error;
}

// Something to read?

struct sight {
    bool something; // letters, a picture, any drawing
    bool damage; // a page that could not be drawn to its end
    const char *stopped;
    int32_t stopped_page;
};

static int report_hidden(struct lpdf *s, const struct lpdf_page *p)
{
    struct place place = lpdf_place_page(p->number);
    if (p->hidden_letters < HIDDEN_LETTERS) {
        return 0;
    }
    return reader_finding(
        s->r, "text.hidden", &place, "Page %d holds text that can't be seen on it.", p->number);
}

static int look_at_page(struct lpdf *s, struct lpdf_defuse *d, int32_t index, struct sight *sight)
{
    struct lpdf_page p;
    lpdf_collect(s, d, index, &p);
    sight->something = sight->something || p.letters + p.rubbish + p.hidden_letters > 0 ||
                       p.image_count > 0 || p.shapes > 0 || p.note_count > 0;
    sight->damage = sight->damage || p.broken || s->budget.cookie.errors > 0;
    if (!sight->stopped && lpdf_stopped_by(s)) {
        sight->stopped = lpdf_stopped_by(s);
        sight->stopped_page = index + 1;
    }
    lpdf_timer_stop(s);
    int error = report_hidden(s, &p);
    lpdf_page_done(&p);
    return error;
}

static int look(struct lpdf *s, struct sight *sight)
{
    struct lpdf_defuse d;
    bool odd = s->repaired || s->tree_odd;
    int64_t begin = lpdf_clock_ms();
    int error = 0;

    lpdf_timer_start(s, LPDF_OPEN_MS);
    if (!lpdf_defuse_init(&d, s)) {
        sight->damage = true;
        return 0;
    }
    for (int32_t i = 0; i < s->page_count && !error && i < CHECK_PAGES_SEARCHED && !sight->stopped;
         i++) {
        bool enough = sight->something || !(odd || sight->damage);
        int64_t spent = lpdf_clock_ms() - begin;
        if ((enough && (i >= CHECK_PAGES_DRAWN || spent > CHECK_DRAW_MS)) || spent > CHECK_MS) {
            break;
        }
        error = look_at_page(s, &d, i, sight);
    }
    lpdf_defuse_done(&d, s);
    return error;
}

static int check_readable(struct lpdf *s)
{
    struct sight sight = { false };
    int error = look(s, &sight);
    if (error) {
        return error;
    }
    struct place place = lpdf_place_page(sight.stopped_page);
    if (sight
            .stopped) { // a page so heavy is read as far as the time goes; memory is another matter
        bool memory = strcmp(sight.stopped, "bomb.memory") == 0;
        return reader_finding(s->r, memory ? "bomb.memory" : "structure.partial", &place,
            memory ? "Page %d needs more memory than is allowed."
                   : "Page %d is so heavy that only a part of it is read.",
            sight.stopped_page);
    }
    if (!sight.something && (s->repaired || s->tree_odd || sight.damage)) {
        return reader_finding(s->r, "structure.corrupt", NULL,
            "The PDF is damaged, and nothing on its pages can be read.");
    }
    return 0;
}

static int check_opened(struct lpdf *s)
{
    bool fine = true;
    int error = lpdf_tell_document(s);
    if (!error) {
        error = lpdf_check_actions(s);
    }
    if (!error && !s->too_many_pages) {
        error = check_sizes(s, &fine);
        if (!error && fine) {
            error = check_readable(s);
        }
    }
    return error;
}

int lpdf_check(struct reader *r, struct error *err)
{
    struct lpdf s;
    int error = 0;
    (void)err;
    if (lpdf_open(&s, r, &error) == LPDF_OPEN) {
        error = check_opened(&s);
    }
    lpdf_close(&s);
    return error;
}
