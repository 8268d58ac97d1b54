// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements transcript.h.
#include "ingest/transcript.h"

#include "base/utf8.h"
#include "wire/json.h"

#include <math.h>
#include <stdlib.h>

enum { TEXT_MAX = 64 << 10, DEPTH = 8 };
#define SLACK_S 2.0 // that times may lie behind the end of the window: engines pad it
#define BACK_S 0.5 // that a word may begin before the one before it

struct pass {
    struct transcript *to;
    double window, second;
    double last; // start of the word before
    double before; // start of the item before
    bool pieces; // the words come in pieces
    bool open; // the word before may go on
};

static int wrong(struct error *err, const char *what)
{
    return error_set(
        err, ERR_CORRUPT, "The speech service gave an answer that makes no sense: %s.", what);
}

static bool time_of(const json_t *item, const char *field, double *ret)
{
    const json_t *value = json_object_get(item, field);

    *ret = json_number_value(value);
    return json_is_number(value) && isfinite(*ret);
}

// The times of a word or segment within the window, put in order; false if they make no sense.
static bool times_of(const struct pass *p, const json_t *item, double *ret_start, double *ret_end)
{
    double start, end;

    if (!time_of(item, "start", &start) || !time_of(item, "end", &end) || start < 0 ||
        end < start || end > p->window + SLACK_S) {
        return false;
    }
    *ret_start = fmin(start, p->window);
    *ret_end = fmin(end, p->window);
    return true;
}

static int clean_text(const json_t *item, const char *field, struct buf *to, struct error *err)
{
    const json_t *value = json_object_get(item, field);

    if (!json_is_string(value) || json_string_length(value) > TEXT_MAX) {
        return wrong(err, "a text is missing or too long");
    }
    size_t from = to->len;
    utf8_add_clean(to, slice_make(json_string_value(value), json_string_length(value)));
    for (size_t i = from; i < to->len; i++) {
        to->data[i] = to->data[i] == '\n' || to->data[i] == '\t' ? ' ' : to->data[i];
    }
    return buf_ok(to) ? 0 : error_set(err, ERR_MEMORY, "The transcript did not fit into memory.");
}

// The next run of letters between spaces.
static bool next_token(struct slice *rest, struct slice *ret)
{
    *rest = slice_trim(*rest);
    size_t n = 0;
    while (n < rest->len && rest->data[n] != ' ') {
        n++;
    }
    *ret = slice_make(rest->data, n);
    *rest = slice_from(*rest, n);
    return n > 0;
}

static bool add_word(struct pass *p, struct slice text, double start, double end)
{
    struct transcript *t = p->to;

    if (t->count == SPEECH_WORDS_MAX) {
        return false;
    }
    struct slice kept = utf8_prefix(text, SPEECH_WORD_BYTES - 1);
    struct speech_word *w = &t->words[t->count++];
    start = fmax(start, p->last);
    end = fmax(end, start);
    p->last = start;
    *w = (struct speech_word){ .start = (float)(p->second + start),
        .end = (float)(p->second + end) };
    memcpy(w->text, kept.data, kept.len);
    return true;
}

// The tokens of a text, each with its letters' share of the time.
static bool add_spread(struct pass *p, struct slice text, double start, double end)
{
    struct slice rest = text, one;
    size_t letters = 0, before = 0;

    while (next_token(&rest, &one)) {
        letters += one.len;
    }
    rest = text;
    while (next_token(&rest, &one)) {
        double each = (end - start) / (double)letters;
        double from = start + each * (double)before;
        before += one.len;
        if (!add_word(p, one, from, start + each * (double)before)) {
            return false;
        }
    }
    return true;
}

// Some engines time pieces of words; one without a space before it then belongs to the word before.
static bool in_pieces(const json_t *words)
{
    json_t *item = NULL;
    size_t i = 0;

    json_array_foreach(words, i, item)
    {
        const char *text = json_string_value(json_object_get(item, "word"));
        if (text && text[0] == ' ') {
            return true;
        }
    }
    return false;
}

static void add_piece(struct pass *p, struct slice text, double end)
{
    struct speech_word *w = &p->to->words[p->to->count - 1];
    size_t have = strlen(w->text);
    struct slice kept = utf8_prefix(text, SPEECH_WORD_BYTES - 1 - have);

    memcpy(w->text + have, kept.data, kept.len);
    w->end = fmaxf(w->end, (float)(p->second + end));
}

// A word, a piece of one, or a segment.
static int add_item(struct pass *p, const json_t *item, const char *field, struct error *err)
{
    AUTO_BUF text = BUF_INIT(4 * TEXT_MAX);
    double start = 0, end = 0;

    if (!times_of(p, item, &start, &end) || start < p->before - BACK_S) {
        return wrong(err, "a time is missing or out of order");
    }
    p->before = start;
    int rc = clean_text(item, field, &text, err);
    if (rc < 0) {
        return rc;
    }
    struct slice said = buf_slice(&text), rest = said, one;
    bool goes_on = p->open && said.len && said.data[0] != ' ';
    if (goes_on && next_token(&rest, &one)) {
        add_piece(p, one, end);
    }
    p->open = p->pieces && said.len && said.data[said.len - 1] != ' ';
    return add_spread(p, rest, start, end) ? 0 : wrong(err, "too many words");
}

static int add_words(struct pass *p, const json_t *words, struct error *err)
{
    json_t *item = NULL;
    size_t i = 0;
    int rc = 0;

    p->pieces = in_pieces(words);
    p->open = false;
    json_array_foreach(words, i, item)
    {
        if ((rc = add_item(p, item, "word", err)) < 0) {
            break;
        }
    }
    p->pieces = p->open = false;
    return rc;
}

// By the segments' own words where they have them, else by their texts.
static int add_segments(struct pass *p, const json_t *segments, bool texts, struct error *err)
{
    json_t *item = NULL;
    size_t i = 0;
    int rc = 0;

    json_array_foreach(segments, i, item)
    {
        const json_t *words = texts ? NULL : json_object_get(item, "words");
        if (words && !json_is_null(words) && !json_is_array(words)) {
            return wrong(err, "the words of a segment are no list");
        }
        rc = json_array_size(words) ? add_words(p, words, err) : add_item(p, item, "text", err);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

// The words as the segments write them, with their marks, if there are as many.
static void take_marks(struct transcript *t, const json_t *segments)
{
    struct transcript *other = malloc(sizeof(*other));
    struct pass p = { .to = other, .window = INFINITY };

    if (other) {
        other->count = 0;
        if (add_segments(&p, segments, true, NULL) == 0 && other->count == t->count) {
            for (size_t i = 0; i < t->count; i++) {
                memcpy(t->words[i].text, other->words[i].text, SPEECH_WORD_BYTES);
            }
        }
        free(other);
    }
}

static int read_words(struct pass *p, const json_t *answer, struct error *err)
{
    const json_t *words = json_object_get(answer, "words");
    const json_t *segments = json_object_get(answer, "segments");
    const json_t *text = json_object_get(answer, "text");

    if ((words && !json_is_null(words) && !json_is_array(words)) ||
        (segments && !json_is_null(segments) && !json_is_array(segments))) {
        return wrong(err, "words or segments are no list");
    }
    if (json_array_size(words)) {
        int rc = add_words(p, words, err);
        if (rc == 0 && json_array_size(segments)) {
            take_marks(p->to, segments);
        }
        return rc;
    }
    if (json_array_size(segments)) {
        return add_segments(p, segments, false, err);
    }
    if (!json_is_string(text)) {
        return wrong(err, "it has no text");
    }
    struct slice said = slice_make(json_string_value(text), json_string_length(text));
    return slice_trim(said).len ? wrong(err, "its text has no times") : 0;
}

int transcript_parse(
    struct slice json, double window, double second, struct transcript *ret, struct error *err)
{
    struct pass p = { .to = ret, .window = window, .second = second };
    struct error why = { 0 };

    ret->count = 0;
    ret->language[0] = '\0';
    if (json.len > TRANSCRIPT_MAX_BYTES) {
        return wrong(err, "it is too long");
    }
    AUTO_JSON *answer = json_in_parse(json, DEPTH, &why);
    if (!answer || !json_is_object(answer)) {
        return wrong(err, "it is no JSON object");
    }
    int rc = read_words(&p, answer, err);
    if (rc < 0) {
        return rc;
    }
    const char *language = json_string_value(json_object_get(answer, "language"));
    for (size_t i = 0; language && i + 1 < TRANSCRIPT_LANGUAGE_MAX && language[i]; i++) {
        char c = language[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
        ret->language[i] = plain ? c : '\0';
        ret->language[i + 1] = '\0';
        if (!plain) {
            break;
        }
    }
    return 0;
}
