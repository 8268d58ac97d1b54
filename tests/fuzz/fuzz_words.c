// SPDX-License-Identifier: AGPL-3.0-or-later
// Words of any text: cutting, stems, snippets, folding for the index, the seconds of speech, and a list of synonyms. The first
// line of the input is a question, the rest a document.
#include "base/utf8.h"
#include "search/moment.h"
#include "search/synonyms.h"
#include "store/fts_text.h"
#include "text/snippet.h"
#include "text/words.h"
#include "wire/span_list.h"
#include "wire/speech_words.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 15, SNIPPET_CHARS = 200 };

static void cut_words(struct slice text, struct snippet_terms *terms)
{
    struct word w;
    size_t at = 0, last = 0;

    while (word_next(text, &at, &w)) {
        BUG_ON(w.start < last || w.end <= w.start || w.end > text.len || at < w.end);
        BUG_ON(!memchr(w.folded, '\0', sizeof(w.folded)));
        last = w.end;
        if (w.end % 5 == 0) {
            snippet_terms_add_phrase(terms, slice_from(text, w.start));
        }
        snippet_terms_add(terms, slice_make(text.data + w.start, w.end - w.start), w.end % 3 == 0);
        word_stem(w.folded);
        word_is_stop(w.folded);
    }
}

static void index_text(struct slice text)
{
    AUTO_BUF out = BUF_INIT(fts_fold_bound(text.len));

    fts_fold_document(&out, text);
    BUG_ON(!buf_ok(&out));
    BUG_ON(utf8_valid(text) && !utf8_valid(buf_slice(&out)));
}

static void speak(struct slice times, struct slice text, const struct snippet_terms *terms)
{
    double start, end, seconds[2];
    struct slice rest = times;

    while (speech_time_next(&rest, &start, &end)) {
        BUG_ON(!(start >= 0) || !(end >= start));
    }
    speech_times_fit(times, text);
    float top = 0, bottom = 0;
    for (size_t i = 0; row_at(times, i, &top, &bottom); i++) {
        BUG_ON(!(top >= 0) || !(bottom > top));
    }
    rows_fit(times, text);
    if (moment_find(text, times, terms, seconds)) {
        BUG_ON(!(seconds[1] >= seconds[0]));
    }
}

static void read_synonyms(struct slice text, const struct snippet_terms *terms)
{
    struct synonyms *s = NULL;
    struct error err = { 0 };
    int rc = synonyms_open(text, &s, &err);

    BUG_ON(rc != 0 && !err.text[0]);
    for (size_t i = 0; rc == 0 && i < terms->count; i++) {
        const char *const *others;
        size_t self, count = synonyms_find(s, terms->stems[i], &others, &self);
        for (size_t k = 0; k < count; k++) {
            BUG_ON(!others[k]);
        }
    }
    synonyms_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_make((const char *)data, size), question;
    struct snippet_terms terms = { .count = 0 };

    if (size > INPUT_MAX || !slice_cut(&rest, '\n', &question)) {
        return 0;
    }
    cut_words(question, &terms);
    AUTO_BUF snippet = BUF_INIT(1 << 20);
    snippet_add(&snippet, rest, &terms, SNIPPET_CHARS);
    BUG_ON(!buf_ok(&snippet) || (utf8_valid(rest) && !utf8_valid(buf_slice(&snippet))));
    BUG_ON(snippet_count_terms(rest, &terms) > terms.count);
    index_text(rest);
    speak(question, rest, &terms);
    speak(rest, question, &terms);
    read_synonyms(rest, &terms);
    return 0;
}
