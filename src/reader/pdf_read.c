// SPDX-License-Identifier: AGPL-3.0-or-later
// Reading a PDF: some pages are looked at first to learn what its headings look like, then all are emitted in order with
// their neighbours at hand. Pages that were looked at first are kept when the document is short, so that each is drawn
// once; in a long one a window of pages moves along, and memory stays flat.
#include "reader/ocr.h"
#include "reader/pdf.h"
#include "reader/pdf_collect.h"
#include "reader/pdf_outline.h"
#include "reader/pdf_unit.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    KEEP_ALL = 40, // pages of a short document
    SAMPLES = 24, // pages of a long one that are looked at first
    NEAR = 5, // neighbours on each side
    WINDOW_BYTES = 96 << 20, // of neighbours; heavier pages are emitted without
    CUT_SHORT_MAX = 3, // pages that take too long before the document is given up
    PAGE_LIST = 12, // runs of pages that are named in a finding
};

struct reading {
    struct lpdf s;
    struct lpdf_defuse defuse;
    struct lpdf_heads heads;
    struct lpdf_out out;
    struct lpdf_unit **units;
    size_t held; // bytes of all units
    int32_t *no_text; // page numbers
    int32_t no_text_count;
    int32_t cut_short; // pages that took too long
    bool given_up; // too many of them
};

static size_t unit_bytes(const struct lpdf_unit *u)
{
    return sizeof(*u) + u->arena.used + u->page.text.cap +
           u->page.word_cap * sizeof(*u->page.words);
}

static void drop_unit(struct reading *g, int32_t index)
{
    if (index >= 0 && index < g->s.page_count && g->units[index]) {
        g->held -= g->units[index]->bytes;
        lpdf_unit_free(g->units[index]);
        g->units[index] = NULL;
    }
}

// The page, drawn and sorted into rows. 0 or the sink's code.
static int load_unit(struct reading *g, int32_t index)
{
    bool fine = true;
    if (g->units[index]) {
        return 0;
    }
    lpdf_timer_start(&g->s, LPDF_PAGE_MS);
    int error = lpdf_check_content(&g->s, index, &fine);
    if (error) {
        return error;
    }
    struct lpdf_unit *u = g->units[index] = lpdf_unit_new();
    if (fine) {
        lpdf_collect(&g->s, &g->defuse, index, &u->page);
    } else {
        lpdf_page_init(&u->page, index + 1, 612, 792);
        g->given_up = true; // a bomb was reported: the document is refused
    }
    lpdf_timer_stop(&g->s);
    lpdf_heads_words(&g->heads, &u->page);
    lpdf_unit_prepare(u);
    u->bytes = unit_bytes(u);
    g->held += u->bytes;
    return 0;
}

static int learn(struct reading *g)
{
    int32_t pages = g->s.page_count, step = pages > KEEP_ALL ? (pages + SAMPLES - 1) / SAMPLES : 1;
    for (int32_t i = 0; i < pages && !g->given_up; i += step) {
        int error = load_unit(g, i);
        if (error) {
            return error;
        }
        if (g->units[i]->laid_out) {
            lpdf_heads_learn(&g->heads, &g->units[i]->sides[0]->sheet);
        }
        if (pages > KEEP_ALL || g->held > WINDOW_BYTES) {
            drop_unit(g, i);
        }
    }
    lpdf_heads_settle(&g->heads);
    return 0;
}

static int report_page(struct reading *g, struct lpdf_unit *u, bool no_text)
{
    struct place place = lpdf_place_page(u->page.number);
    int error = 0;
    if (no_text && g->no_text) {
        g->no_text[g->no_text_count++] = u->page.number;
    }
    if (u->page.broken) {
        error = reader_finding(g->s.r, "page.unreadable", &place,
            "Page %d is damaged; %s of it was read.", u->page.number,
            u->page.letters > 0 ? "a part" : "nothing");
    } else if (u->page.cut_short) {
        error = reader_finding(g->s.r, "structure.partial", &place,
            "Page %d is so heavy that only a part of it was read.", u->page.number);
        if (!error && ++g->cut_short >= CUT_SHORT_MAX) {
            g->given_up = true;
            error = reader_finding(g->s.r, "bomb.time", &place,
                "%d pages of the document take longer than is allowed.", g->cut_short);
        }
    } else if (u->page.full || !u->laid_out) {
        error = reader_finding(g->s.r, "structure.partial", &place,
            "Page %d holds more than is read of one page.", u->page.number);
    }
    return error;
}

static int emit_page(struct reading *g, int32_t index)
{
    struct lpdf_unit *near[2 * NEAR];
    uint32_t near_count = 0;
    int32_t pages = g->s.page_count;
    bool no_text = false;

    for (int32_t i = index; i <= index + NEAR && i < pages; i++) {
        if (i > index && g->held > WINDOW_BYTES) {
            break;
        }
        int error = load_unit(g, i);
        if (error) {
            return error;
        }
    }
    for (int32_t i = index - NEAR; i <= index + NEAR; i++) {
        if (i >= 0 && i < pages && i != index && g->units[i]) {
            near[near_count++] = g->units[i];
        }
    }
    struct lpdf_unit *u = g->units[index];
    lpdf_find_running(u, near, near_count);
    int error = lpdf_emit_unit(&g->out, u, &no_text);
    if (!error) {
        error = report_page(g, u, no_text);
    }
    drop_unit(g, index - NEAR);
    if (g->held > WINDOW_BYTES) {
        for (int32_t i = index - NEAR; i < index; i++) {
            drop_unit(g, i);
        }
    }
    return error ? error : reader_progress(g->s.r, index + 1, pages);
}

// "1, 3-5, 9"
static void list_pages(const int32_t *pages, int32_t count, char *text, size_t size)
{
    size_t at = 0;
    int runs = 0;
    text[0] = '\0';
    for (int32_t i = 0; i < count && at + 32 < size; runs++) {
        int32_t j = i;
        while (j + 1 < count && pages[j + 1] == pages[j] + 1) {
            j++;
        }
        if (runs == PAGE_LIST) {
            snprintf(text + at, size - at, " and more");
            return;
        }
        at += (size_t)snprintf(
            text + at, size - at, j > i ? "%s%d–%d" : "%s%d", i ? ", " : "", pages[i], pages[j]);
        i = j + 1;
    }
}

static int report_no_text(struct reading *g)
{
    char list[300];
    int error = reader_info_number(g->s.r, "pages_without_text", g->no_text_count);
    if (!error && g->out.recognised_pages) {
        error = reader_info_number(g->s.r, "pages_recognised", (double)g->out.recognised_pages);
    }
    if (!error && g->no_text_count && g->s.r->hi_res && !ocr_has_model()) {
        error = ocr_report(g->s.r, OCR_NO_MODEL, NULL);
    }
    if (error || g->no_text_count == 0) {
        return error;
    }
    struct place place = lpdf_place_page(g->no_text[0]);
    list_pages(g->no_text, g->no_text_count, list, sizeof(list));
    return reader_finding(g->s.r, "page.no_text", &place,
        "%s %s without text that can be read: %s.",
        g->no_text_count == 1 ? "One page" : "Some pages", g->no_text_count == 1 ? "is" : "are",
        list);
}

static int read_pages(struct reading *g)
{
    int error = lpdf_tell_document(&g->s);
    if (error || g->s.too_many_pages) {
        return error;
    }
    lpdf_timer_start(&g->s, LPDF_OPEN_MS);
    if (!lpdf_defuse_init(&g->defuse, &g->s)) {
        return reader_finding(
            g->s.r, "structure.corrupt", NULL, "The PDF is too damaged to be read.");
    }
    lpdf_read_outline(&g->s, &g->heads);
    lpdf_timer_stop(&g->s);
    error = learn(g);
    for (int32_t i = 0; i < g->s.page_count && !error && !g->given_up; i++) {
        error = emit_page(g, i);
    }
    return error ? error : report_no_text(g);
}

static int read_opened(struct reading *g, struct error *err)
{
    g->units = calloc((size_t)g->s.page_count, sizeof(*g->units));
    g->no_text = calloc((size_t)g->s.page_count, sizeof(*g->no_text));
    if (!g->units || !g->no_text) {
        return error_set(err, ERR_MEMORY, "There is not enough memory to read the document.");
    }
    lpdf_heads_init(&g->heads);
    lpdf_out_init(&g->out, g->s.r, &g->heads);
    int error = read_pages(g);
    for (int32_t i = 0; i < g->s.page_count; i++) {
        drop_unit(g, i);
    }
    lpdf_out_done(&g->out);
    lpdf_heads_done(&g->heads);
    return error;
}

int lpdf_read(struct reader *r, struct error *err)
{
    struct reading *g = xalloc(sizeof(*g));
    int error = 0;

    if (lpdf_open(&g->s, r, &error) == LPDF_OPEN) {
        error = read_opened(g, err);
    }
    free(g->units);
    free(g->no_text);
    lpdf_defuse_done(&g->defuse, &g->s);
    lpdf_close(&g->s);
    free(g);
    return error;
}
