// SPDX-License-Identifier: AGPL-3.0-or-later
// Texts that the assistant takes apart: a model's answer with its numbers, sentences, quantities, a specialist's file.
#include "assist/check.h"
#include "assist/quantity.h"
#include "assist/retrieve.h"
#include "assist/rows.h"
#include "assist/specialist.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool within(struct slice part, struct slice whole)
{
    return part.len == 0 ||
           (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

static void cut_row(struct slice text, struct arena *a)
{
    struct slice rest = text, header, line;
    struct row *row = xalloc(sizeof(*row));

    if (slice_cut(&rest, '\n', &header) && slice_cut(&rest, '\n', &line)) {
        row_cut(header, line, text.len % 2 != 0, row);
        BUG_ON(row->count > ROW_CELLS_MAX || row_key(row) > row->count);
        for (size_t i = 0; i < row->count; i++) {
            BUG_ON(!within(row->names[i], header) || !within(row->values[i], line));
        }
        row_words(a, row, NULL, text.len % 3 == 0);
    }
    free(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_make((const char *)data, size);
    struct passage p = { .number = 1,
        .document_id = "d",
        .document_name = "d",
        .type = "t",
        .place = "null",
        .place_words = "",
        .link = "/",
        .quote = text };
    struct evidence e = { .items = { &p }, .count = 1 };
    struct answer *answer = xalloc(sizeof(*answer));
    struct specialists *s = xalloc(sizeof(*s));
    struct quantity found[QUANTITIES_MAX];
    AUTO_ARENA a;

    if (size <= 64 * 1024) {
        arena_init(&a, 64 << 20);
        arena_init(&s->arena, 16 << 20);
        answer_check(text, &e, &a, answer);
        for (size_t i = 0; i < answer->sentence_count; i++) {
            for (size_t n = 0; n < answer->sentences[i].citation_count; n++) {
                BUG_ON(answer->sentences[i].citations[n] != 1);
            }
        }
        size_t count = quantities(text, found);
        for (size_t i = 0; i < count; i++) {
            BUG_ON(found[i].end > size || found[i].start >= found[i].end);
        }
        struct slice cut = quote_cut(text, SLICE_LIT("oil filter"));
        BUG_ON(cut.len > QUOTE_MAX ||
               (cut.len && (cut.data < text.data || cut.data + cut.len > text.data + size)));
        cut_row(text, &a);
        specialist_parse(s, "x", text, NULL);
        arena_done(&s->arena);
    } else {
        arena_init(&a, 1);
    }
    free(answer);
    free(s);
    return 0;
}
