// SPDX-License-Identifier: AGPL-3.0-or-later
// From words as the engine saw them to blocks as people read them: noise is dropped, lines are joined, hyphens at their
// ends undone, large type becomes a heading, places are turned back to the picture as it came.
#include "base/utf8.h"
#include "reader/ocr_try.h"

#include <math.h>
#include <stdlib.h>

enum {
    WORD_LEAST = 20, // confidence of a word that is kept at all
    SURE_WORD = 60,
    LINE_LEAST = 38, // mean confidence of a line
    LONE_LINE_LEAST = 70, // of a line without a sure word of three letters
    LINE_WORDS_LOOKED = 40,
    LINE_LETTERS_LEAST = 6,
    HEADING_CHARS = 110,
    HEADING_LINES = 2,
    HEADING_SURE = 75,
};
static const double UPENDED = 0.85;
static const double LINE_TIMES =
    1.3; // of two lines of one paragraph, the larger is not this much larger
static const double HEADING_TIMES = 1.3, TITLE_TIMES = 1.8; // the height of the usual letters

void ocr_try_init(struct ocr_try *t)
{
    *t = (struct ocr_try){ .scale = 1 };
    buf_init(&t->text, OCR_TEXT_MAX);
}

void ocr_try_done(struct ocr_try *t)
{
    buf_done(&t->text);
    free(t->seen);
    t->seen = NULL;
    t->count = 0;
}

static bool is_letter(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c >= 0xC0;
}

static int letters_of(struct slice s)
{
    int n = 0;
    for (size_t i = 0; i < s.len; i++) {
        n += is_letter((unsigned char)s.data[i]);
    }
    return n;
}

static struct slice seen_text(const struct ocr_try *t, const struct ocr_seen *s)
{
    return slice_make(t->text.data + s->text, s->len);
}

static int by_float(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static double median(float *values, size_t n)
{
    if (n == 0) {
        return 0;
    }
    qsort(values, n, sizeof(*values), by_float);
    return (double)values[n / 2];
}

void ocr_try_weigh(struct ocr_try *t)
{
    AUTO_FREE float *heights = calloc(t->count + 1, sizeof(float));
    size_t n = 0;
    double sum = 0;
    int64_t upended = 0; // letters of words that are taller than wide

    t->score = t->confidence = 0;
    t->letters = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        const struct ocr_seen *s = &t->seen[i];
        int letters = letters_of(seen_text(t, s));
        if (letters == 0) {
            continue;
        }
        t->letters += letters;
        upended += letters >= 3 && s->y1 - s->y0 > s->x1 - s->x0 ? letters : 0;
        sum += letters * (double)s->confidence;
        if (s->confidence >= SURE_WORD && letters >= 2) {
            t->score += letters * ((double)s->confidence - SURE_WORD / 2.0) / 100;
            if (heights) {
                heights[n++] = s->y1 - s->y0;
            }
        }
    }
    t->confidence = t->letters ? sum / (double)t->letters : 0;
    t->letter = heights ? median(heights, n) : 0;
    if (upended * 2 >
        t->letters) { // the engine reads lines that run upwards, but less well: upright wins
        t->score *= UPENDED;
    }
}

// Back to the picture as it came, as fractions of it.

static void point_back(const struct ocr_try *t, double x, double y, double *ret_x, double *ret_y)
{
    // The middle stays the middle; leptonica turns clockwise.
    double dx = (x - t->width / 2.0) / t->scale, dy = (y - t->height / 2.0) / t->scale;
    double ux = cos(t->skew) * dx + sin(t->skew) * dy, uy = -sin(t->skew) * dx + cos(t->skew) * dy;
    double fx = ux / t->upright_width + 0.5, fy = uy / t->upright_height + 0.5;

    *ret_x = t->quarters == 0 ? fx : t->quarters == 1 ? fy : t->quarters == 2 ? 1 - fx : 1 - fy;
    *ret_y = t->quarters == 0 ? fy : t->quarters == 1 ? 1 - fx : t->quarters == 2 ? 1 - fy : fx;
}

static struct ocr_box box_back(const struct ocr_try *t, const struct ocr_seen *s)
{
    // With little skew, the upper left and lower right corner alone would make the box thin or fat: the middle of each side.
    const double mx = ((double)s->x0 + (double)s->x1) / 2, my = ((double)s->y0 + (double)s->y1) / 2;
    const double at[4][2] = { { (double)s->x0, my }, { (double)s->x1, my }, { mx, (double)s->y0 },
        { mx, (double)s->y1 } };
    struct ocr_box b = { 1, 1, 0, 0 };

    for (int i = 0; i < 4; i++) {
        double x, y;
        point_back(t, at[i][0], at[i][1], &x, &y);
        b.x0 = fminf(b.x0, (float)x);
        b.y0 = fminf(b.y0, (float)y);
        b.x1 = fmaxf(b.x1, (float)x);
        b.y1 = fmaxf(b.y1, (float)y);
    }
    b = (struct ocr_box){ fmaxf(0, b.x0), fmaxf(0, b.y0), fminf(1, b.x1), fminf(1, b.y1) };
    return b;
}

static struct ocr_box unite(struct ocr_box a, struct ocr_box b)
{
    return (struct ocr_box){ fminf(a.x0, b.x0), fminf(a.y0, b.y0), fmaxf(a.x1, b.x1),
        fmaxf(a.y1, b.y1) };
}

// Which words count: those of lines that read like text.
static bool line_is_text(const struct ocr_try *t, uint32_t from, uint32_t to)
{
    double sum = 0;
    int letters = 0, sure = 0;

    for (uint32_t i = from; i < to; i++) {
        int n = letters_of(seen_text(t, &t->seen[i]));
        letters += n;
        sum += n * (double)t->seen[i].confidence;
        sure += n >= 3 && t->seen[i].confidence >= SURE_WORD;
    }
    double mean = letters ? sum / letters : 0;
    return letters > 0 && mean >= (sure ? LINE_LEAST : LONE_LINE_LEAST) &&
           (sure || letters >= 2 || mean >= 85);
}

// The median height of a line's words; 0 where there are too few to tell.
static double line_letter(const struct ocr_try *t, uint32_t from, uint32_t to)
{
    float heights[LINE_WORDS_LOOKED];
    size_t n = 0;
    int letters = 0;

    for (uint32_t i = from; i < to && n < LINE_WORDS_LOOKED; i++) {
        int own = letters_of(seen_text(t, &t->seen[i]));
        letters += own;
        if (own >= 2) {
            heights[n++] = t->seen[i].y1 - t->seen[i].y0;
        }
    }
    return n >= 2 && letters >= LINE_LETTERS_LEAST ? median(heights, n) : 0;
}

static bool sizes_differ(double a, double b)
{
    return a > 0 && b > 0 && (a > b * LINE_TIMES || b > a * LINE_TIMES);
}

struct making {
    const struct ocr_try *t;
    struct ocr_result *r;
    struct ocr_block *open;
    double open_sum;
    int open_letters;
    float *heights; // of the words of the open block
    size_t height_count;
    double letter; // height of the letters of its last line; 0: not known
};

static void close_block(struct making *m)
{
    struct ocr_block *b = m->open;

    m->open = NULL;
    if (!b) {
        return;
    }
    b->len = (uint32_t)m->r->text.len - b->text;
    b->words = m->r->word_count - b->first_word;
    b->confidence = m->open_letters ? (float)(m->open_sum / m->open_letters) : 0;
    double longer = m->t->width > m->t->height ? m->t->width : m->t->height;
    b->letter = (float)(median(m->heights, m->height_count) / longer);
    if (b->len == 0 || m->open_letters == 0) {
        m->r->block_count--;
        m->r->word_count = b->first_word;
        m->r->text.len = b->text;
    }
}

static bool open_block(struct making *m)
{
    if (m->r->block_count >= OCR_BLOCKS_MAX) {
        return false;
    }
    m->open = &m->r->blocks[m->r->block_count++];
    *m->open = (struct ocr_block){
        .text = (uint32_t)m->r->text.len, .first_word = m->r->word_count, .box = { 1, 1, 0, 0 }
    };
    m->open_sum = 0;
    m->open_letters = 0;
    m->height_count = 0;
    return true;
}

// Between two lines: nothing where a word was divided, else a space.
static void join_line(struct making *m, struct slice next)
{
    struct buf *b = &m->r->text;
    bool divided = b->len >= m->open->text + 3 && b->data[b->len - 1] == '-' &&
                   is_letter((unsigned char)b->data[b->len - 2]) && next.len &&
                   next.data[0] >= 'a' && next.data[0] <= 'z';
    if (divided) {
        b->len--; // the word's own place keeps its hyphen
    } else {
        buf_add_char(b, ' ');
    }
}

static void add_word(struct making *m, const struct ocr_seen *s, bool first_of_line)
{
    struct ocr_result *r = m->r;
    struct slice text = seen_text(m->t, s);
    int letters = letters_of(text);

    if (r->text.len > m->open->text) {
        if (first_of_line) {
            join_line(m, text);
        } else {
            buf_add_char(&r->text, ' ');
        }
    }
    m->open->lines = (uint16_t)(m->open->lines + first_of_line);
    struct ocr_word *w = &r->words[r->word_count++];
    *w = (struct ocr_word){ (uint32_t)r->text.len, (uint32_t)text.len, box_back(m->t, s),
        s->confidence };
    buf_add_slice(&r->text, text);
    m->open->box = unite(m->open->box, w->box);
    m->open_sum += letters * (double)s->confidence;
    m->open_letters += letters;
    if (letters > 0) {
        m->heights[m->height_count++] = s->y1 - s->y0;
    }
}

static void find_headings(struct ocr_result *r)
{
    AUTO_FREE float *heights = calloc((size_t)r->text.len + 1, sizeof(float));
    size_t n = 0;

    for (uint32_t i = 0; heights && i < r->block_count; i++) {
        for (uint32_t k = 0; k < r->blocks[i].len;
             k += 4) { // by letters, so that text counts and labels do not
            heights[n++] = r->blocks[i].letter;
        }
    }
    double usual = heights ? median(heights, n) : 0;
    for (uint32_t i = 0; usual > 0 && i < r->block_count; i++) {
        struct ocr_block *b = &r->blocks[i];
        double times = (double)b->letter / usual;
        bool listed = b->len > 2 && !is_letter((unsigned char)r->text.data[b->text]) &&
                      memchr(r->text.data + b->text, ' ', 3);
        if (r->block_count > 1 && !listed && b->lines <= HEADING_LINES && b->len <= HEADING_CHARS &&
            b->confidence >= HEADING_SURE && times >= HEADING_TIMES &&
            letters_of(slice_make(r->text.data + b->text, b->len)) >= 3) {
            b->level = times >= TITLE_TIMES ? 1 : 2;
        }
    }
}

bool ocr_make_blocks(const struct ocr_try *t, struct ocr_result *ret)
{
    struct making m = { .t = t, .r = ret };
    double sum = 0;
    int64_t letters = 0;

    if (t->count == 0) {
        return true;
    }
    ret->words = calloc(t->count, sizeof(*ret->words));
    ret->blocks = calloc(OCR_BLOCKS_MAX, sizeof(*ret->blocks));
    m.heights = calloc(t->count, sizeof(*m.heights));
    bool fine = ret->words && ret->blocks && m.heights;
    for (uint32_t i = 0; fine && i < t->count;) {
        uint32_t end = i + 1;
        while (end < t->count && !t->seen[end].line && !t->seen[end].paragraph &&
               !t->seen[end].block) {
            end++;
        }
        double letter = line_letter(t, i, end);
        if (t->seen[i].block || t->seen[i].paragraph || sizes_differ(letter, m.letter)) {
            close_block(&m);
            m.letter = 0;
        }
        m.letter = letter > 0 ? letter : m.letter;
        bool first = true;
        for (uint32_t k = i; k < end && line_is_text(t, i, end); k++) {
            if (t->seen[k].confidence < WORD_LEAST) {
                continue;
            }
            if (!m.open && !open_block(&m)) {
                break;
            }
            add_word(&m, &t->seen[k], first);
            sum += letters_of(seen_text(t, &t->seen[k])) * (double)t->seen[k].confidence;
            letters += letters_of(seen_text(t, &t->seen[k]));
            first = false;
        }
        i = end;
    }
    close_block(&m);
    free(m.heights);
    if (fine) {
        find_headings(ret);
    }
    ret->confidence = letters ? (float)(sum / (double)letters) : 0;
    return fine && buf_ok(&ret->text);
}
