// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements element.h. Any thread.
#include "wire/element.h"

#include "wire/json_out.h"
#include "wire/span_list.h"
#include "wire/speech_words.h"

static const char *const kind_words[] = {
    [ELEMENT_TITLE] = "title",
    [ELEMENT_HEADING] = "heading",
    [ELEMENT_PARAGRAPH] = "paragraph",
    [ELEMENT_LIST_ITEM] = "list_item",
    [ELEMENT_TABLE] = "table",
    [ELEMENT_FIGURE] = "figure",
    [ELEMENT_CAPTION] = "caption",
    [ELEMENT_CODE] = "code",
    [ELEMENT_NOTE] = "note",
    [ELEMENT_COMMENT] = "comment",
    [ELEMENT_HEADER] = "header",
    [ELEMENT_FOOTER] = "footer",
    [ELEMENT_FORMULA] = "formula",
    [ELEMENT_SPEECH] = "speech",
    [ELEMENT_KEY_FRAME] = "key_frame",
};
_Static_assert(ARRAY_LEN(kind_words) == ELEMENT_KINDS, "a word for each kind");

static const struct {
    uint32_t flag;
    const char *word;
} flag_words[] = {
    { ELEMENT_NEEDS_OCR, "needs_ocr" },
    { ELEMENT_LOW_CONFIDENCE, "low_confidence" },
    { ELEMENT_HIDDEN, "hidden" },
    { ELEMENT_NOT_INDEXED, "not_indexed" },
};

const char *element_kind_word(enum element_kind kind)
{
    BUG_ON((unsigned)kind >= ELEMENT_KINDS);
    return kind_words[kind];
}

int element_kind_from_word(struct slice word)
{
    for (int i = 0; i < ELEMENT_KINDS; i++) {
        if (slice_is(word, kind_words[i])) {
            return i;
        }
    }
    return -1;
}

// {"words": [{"word", "start", "end"}, …]}
static void put_words(struct json_out *j, const struct element *e)
{
    struct slice times = e->times, rest = e->text, word;
    double start, end;

    json_key_object(j, "data");
    json_key_array(j, "words");
    while (slice_cut(&rest, ' ', &word) && speech_time_next(&times, &start, &end)) {
        json_begin_object(j);
        json_key_string(j, "word", word);
        json_key_double(j, "start", start);
        json_key_double(j, "end", end);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

// {"rows": [[top, bottom], …]}
static void put_rows(struct json_out *j, const struct element *e)
{
    struct slice rows = e->rows;
    int64_t top = 0, height = 0;

    json_key_object(j, "data");
    json_key_array(j, "rows");
    while (span_next(&rows, &top, &height)) {
        json_begin_array(j);
        json_double(j, (double)top / ROW_UNITS);
        json_double(j, (double)(top + height) / ROW_UNITS);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

void element_put_json(struct json_out *j, const struct element *e)
{
    json_begin_object(j);
    json_key_int(j, "index", e->index);
    json_key_text(j, "kind", element_kind_word(e->kind));
    json_key_string(j, "text", e->text);
    json_key_string(j, "markdown", e->markdown.len ? e->markdown : e->text);
    json_key(j, "place");
    place_put_json(j, &e->place);
    json_key_int(j, "level", e->level);
    if (e->header.len) {
        json_key_string(j, "header", e->header);
    }
    if (e->image.len) {
        json_key_string(j, "image", e->image);
    }
    if (e->times.len) {
        put_words(j, e);
    } else if (e->rows.len) {
        put_rows(j, e);
    }
    if (e->flags) {
        json_key_array(j, "flags");
        for (size_t i = 0; i < ARRAY_LEN(flag_words); i++) {
            if (e->flags & flag_words[i].flag) {
                json_text(j, flag_words[i].word);
            }
        }
        json_end(j);
    }
    json_end(j);
}

void element_add_json(struct buf *b, const struct element *e)
{
    struct json_out j;
    json_begin(&j, b);
    element_put_json(&j, e);
}
