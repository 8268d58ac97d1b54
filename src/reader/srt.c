// SPDX-License-Identifier: AGPL-3.0-or-later
// Subtitles, SubRip (.srt) and WebVTT (.vtt): what is said, by the second. One cue is one element; its place is its time.
//
//   cue    [number or name] LF  time " --> " time [settings] LF  text lines LF  blank line
//   time   [hours ":"] minutes ":" seconds ("," | ".") thousandths
//
// Tags are dropped, <v Name> becomes "Name: ", and {\an8} of SubRip goes. What stands outside of cues (numbers,
// notes, styles) is left out. Cues without text are skipped; broken times are told once.
#include "reader/txt_common.h"

#include "base/utf8.h"

#include <ctype.h>

enum { CUE_MAX = 64 << 10, DAY_S = 100 * 3600 };

static bool number(struct slice *s, size_t most, int64_t *ret)
{
    size_t n = 0;

    while (n < s->len && n < most && isdigit((unsigned char)s->data[n])) {
        n++;
    }
    bool ok = n > 0 && slice_to_i64(slice_make(s->data, n), ret);
    *s = slice_from(*s, n);
    return ok;
}

// "1:02:03,500" off the front.
static bool time_at(struct slice *s, double *ret)
{
    int64_t parts[3] = { 0, 0, 0 }, thousandths = 0;
    int count = 0;

    while (count < 3) {
        if (!number(s, 4, &parts[count])) {
            return false;
        }
        count++;
        if (s->len == 0 || s->data[0] != ':') {
            break;
        }
        *s = slice_from(*s, 1);
    }
    if (count < 2) {
        return false;
    }
    if (s->len && (s->data[0] == ',' || s->data[0] == '.')) {
        *s = slice_from(*s, 1);
        size_t before = s->len;
        if (!number(s, 3, &thousandths)) {
            return false;
        }
        for (size_t digits = before - s->len; digits < 3; digits++) {
            thousandths *= 10;
        }
    }
    int64_t whole =
        count == 3 ? parts[0] * 3600 + parts[1] * 60 + parts[2] : parts[0] * 60 + parts[1];
    *ret = (double)whole + (double)thousandths / 1000;
    return whole < DAY_S;
}

static struct slice skip_blanks(struct slice s)
{
    while (s.len && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s = slice_from(s, 1);
    }
    return s;
}

static bool timing(struct slice line, double seconds[2])
{
    struct slice s = skip_blanks(line);

    if (!time_at(&s, &seconds[0])) {
        return false;
    }
    s = skip_blanks(s);
    if (!slice_starts(s, "-->")) {
        return false;
    }
    s = skip_blanks(slice_from(s, 3));
    return time_at(&s, &seconds[1]);
}

static size_t add_entity(struct buf *b, struct slice s)
{
    static const struct {
        const char *name, *text;
    } entities[] = { { "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" }, { "&nbsp;", " " },
        { "&lrm;", "" }, { "&rlm;", "" }, { "&quot;", "\"" } };

    for (size_t i = 0; i < ARRAY_LEN(entities); i++) {
        if (slice_starts(s, entities[i].name)) {
            buf_add_str(b, entities[i].text);
            return strlen(entities[i].name);
        }
    }
    buf_add_char(b, '&');
    return 1;
}

// One line of a cue without its markup.
static void add_text(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.len;) {
        struct slice rest = slice_from(s, i);
        const char *end = s.data[i] == '<' ? memchr(rest.data, '>', rest.len) : NULL;
        bool tag = end && rest.len > 1 &&
                   (isalpha((unsigned char)rest.data[1]) || rest.data[1] == '/' ||
                       isdigit((unsigned char)rest.data[1]));
        if (tag) {
            size_t n = (size_t)(end - rest.data);
            const char *blank = rest.data[1] == 'v' && n > 3 ? memchr(rest.data, ' ', n) : NULL;
            if (blank) {
                buf_add(b, blank + 1, (size_t)(end - blank) - 1);
                buf_add_str(b, ": ");
            }
            i += n + 1;
        } else if (slice_starts(rest, "{\\") && (end = memchr(rest.data, '}', rest.len)) != NULL) {
            i += (size_t)(end - rest.data) + 1;
        } else if (s.data[i] == '&') {
            i += add_entity(b, rest);
        } else {
            buf_add_char(b, s.data[i++]);
        }
    }
}

struct subtitles {
    struct reader *r;
    struct buf text;
    double seconds[2];
    bool open;
    int64_t cues, broken;
    double last;
    bool quiet;
};

static int flush(struct subtitles *t)
{
    struct slice rest = slice_trim(buf_slice(&t->text));
    int rc = 0;

    if (t->open) {
        t->cues++;
        t->last = t->seconds[1] > t->last ? t->seconds[1] : t->last;
    }
    while (rc == 0 && t->open && !t->quiet && rest.len) {
        size_t n = text_cut(rest, TEXT_PIECE_MAX);
        struct element e = { .kind = ELEMENT_SPEECH, .text = slice_make(rest.data, n) };
        e.place = (struct place){ .kind = PLACE_TIME, .seconds = { t->seconds[0], t->seconds[1] } };
        rc = reader_element(t->r, &e);
        rest = slice_trim(slice_from(rest, n));
    }
    t->open = false;
    buf_reset(&t->text);
    return rc;
}

static int cues(struct subtitles *t, struct slice text)
{
    struct text_cursor c = { text, 0 };
    int64_t total = text_line_count(text);
    struct slice line;
    int rc = 0;

    while (rc == 0 && text_line(&c, &line)) {
        double at[2];
        if (text_is_blank(line)) {
            rc = flush(t);
        } else if (slice_find(line, SLICE_LIT("-->"))) {
            if (t->open &&
                t->text.len) { // no blank line between: what was last was the number of this one
                char *cut = memrchr(t->text.data, '\n', t->text.len);
                struct slice last =
                    slice_trim(cut ? slice_from(buf_slice(&t->text), (size_t)(cut - t->text.data))
                                   : slice_make(NULL, 0));
                int64_t value;
                t->text.len =
                    cut && slice_to_i64(last, &value) ? (size_t)(cut - t->text.data) : t->text.len;
            }
            rc = flush(t);
            t->open = timing(line, at);
            t->broken += !t->open;
            memcpy(t->seconds, at, t->open ? sizeof(at) : 0);
        } else if (t->open && t->text.len < CUE_MAX) {
            buf_add_str(&t->text, t->text.len ? "\n" : "");
            add_text(&t->text, text_trim_end(line));
        }
        if (rc == 0 && !t->quiet && c.line % LINES_PER_PROGRESS == 0) {
            rc = reader_progress(t->r, c.line, total);
        }
    }
    return rc ? rc : flush(t);
}

static int run(struct reader *r, bool quiet, struct error *err)
{
    AUTO_BUF store = { .max = 1 };
    struct subtitles t = { .r = r, .quiet = quiet };
    struct slice text;
    int rc = text_load(r, quiet, &store, &text);

    if (rc == ERR_REFUSED) {
        return 0;
    }
    buf_init(&t.text, 4 * CUE_MAX);
    rc = rc ? rc : cues(&t, text);
    if (rc == 0 && quiet) {
        rc = t.cues ? reader_info_number(r, "seconds", t.last)
                    : reader_finding(r, "structure.corrupt", NULL,
                          "The file holds no times; it is no list of subtitles.");
        if (rc == 0 && t.cues && t.broken) {
            rc = reader_finding(r, "structure.partial", NULL,
                "%lld subtitles have times that cannot be read.", (long long)t.broken);
        }
    } else if (rc == 0) {
        rc = text_end(r);
        rc = rc ? rc : reader_progress(r, text_line_count(text), text_line_count(text));
    }
    buf_done(&t.text);
    return rc ? error_set(err, rc, "The subtitles could not be read to their end.") : 0;
}

static int srt_check(struct reader *r, struct error *err)
{
    return run(r, true, err);
}

static int srt_read(struct reader *r, struct error *err)
{
    return run(r, false, err);
}

const struct reader_format format_srt = { FORMAT_SRT, srt_check, srt_read, NULL };
const struct reader_format format_vtt = { FORMAT_VTT, srt_check, srt_read, NULL };
