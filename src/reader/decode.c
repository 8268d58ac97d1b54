// SPDX-License-Identifier: AGPL-3.0-or-later
// The converters of decode.h; decode_guess.c chooses among them. Stateless apart from the shift state of the seven-bit
// encodings, which lives in struct decode_state. Reads tables only, so any thread.
#include "reader/decode.h"

#include "base/error.h"
#include "base/utf8.h"
#include "reader/decode_tables.h"

enum {
    BAD = 0xFFFFFFFF,
    NOTHING = 0xFFFFFFFE
}; // no code point: malformed; or only a change of state

struct decode_state {
    char
        set; // iso-2022: 'B' ASCII, 'J' JIS Roman, 'I' kana, '2' two bytes; hz and iso-2022-kr: '2' or 'B'
};

// One character off the front: its code point, BAD or NOTHING, and the bytes used (at least 1). len > 0.
typedef uint32_t step_fn(const struct decode_encoding *e, struct decode_state *s,
    const unsigned char *p, size_t len, size_t *ret_used);

struct decode_encoding {
    const char *name;
    step_fn *step;
    const struct decode_double *two; // of those with a table of two bytes
    const char *single; // of those of one byte: the table's name
};

static uint32_t pair(const struct decode_double *d, unsigned lead, unsigned trail)
{
    if (lead < d->lead_first || lead > d->lead_last || trail < d->trail_first ||
        trail > d->trail_last) {
        return 0;
    }
    return d->map[(lead - d->lead_first) * (d->trail_last - d->trail_first + 1u) + trail -
                  d->trail_first];
}

static uint32_t step_utf8(const struct decode_encoding *e, struct decode_state *s,
    const unsigned char *p, size_t len, size_t *ret_used)
{
    uint32_t c = utf8_decode((const char *)p, len, ret_used);
    (void)e, (void)s;
    return c == UTF8_REPLACEMENT && *ret_used == 1 ? BAD : c;
}

static uint32_t utf16(const unsigned char *p, size_t len, size_t *ret_used, int high)
{
    if (len < 2) {
        *ret_used = 1;
        return BAD;
    }
    uint32_t c = (uint32_t)p[high] << 8 | p[1 - high];
    *ret_used = 2;
    if (c >= 0xDC00 && c <= 0xDFFF) {
        return BAD;
    }
    if (c >= 0xD800 && c <= 0xDBFF) {
        uint32_t d = len >= 4 ? (uint32_t)p[2 + high] << 8 | p[3 - high] : 0;
        if (d < 0xDC00 || d > 0xDFFF) {
            return BAD;
        }
        *ret_used = 4;
        return 0x10000 + ((c - 0xD800) << 10) + (d - 0xDC00);
    }
    return c;
}

static uint32_t step_utf16le(const struct decode_encoding *e, struct decode_state *s,
    const unsigned char *p, size_t len, size_t *ret_used)
{
    (void)e, (void)s;
    return utf16(p, len, ret_used, 1);
}

static uint32_t step_utf16be(const struct decode_encoding *e, struct decode_state *s,
    const unsigned char *p, size_t len, size_t *ret_used)
{
    (void)e, (void)s;
    return utf16(p, len, ret_used, 0);
}

static uint32_t utf32(const unsigned char *p, size_t len, size_t *ret_used, bool little)
{
    if (len < 4) {
        *ret_used = len;
        return BAD;
    }
    uint32_t c = little ? (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0]
                        : (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    *ret_used = 4;
    return c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF) ? BAD : c;
}

static uint32_t step_utf32le(const struct decode_encoding *e, struct decode_state *s,
    const unsigned char *p, size_t len, size_t *ret_used)
{
    (void)e, (void)s;
    return utf32(p, len, ret_used, true);
}

static uint32_t step_utf32be(const struct decode_encoding *e, struct decode_state *s,
    const unsigned char *p, size_t len, size_t *ret_used)
{
    (void)e, (void)s;
    return utf32(p, len, ret_used, false);
}

static const uint16_t *single_table(const char *name)
{
    for (const struct decode_single *t = decode_singles; t->name; t++) {
        if (strcmp(t->name, name) == 0) {
            return t->high;
        }
    }
    BUG("no table for %s", name);
}

static uint32_t step_single(const struct decode_encoding *e, struct decode_state *s,
    const unsigned char *p, size_t len, size_t *ret_used)
{
    static const char *
        cached_name; // the reader is one thread and decodes one file: one look-up serves all its bytes
    static const uint16_t *cached;
    (void)s, (void)len;
    *ret_used = 1;
    if (p[0] < 0x80) {
        return p[0];
    }
    if (cached_name != e->single) {
        cached = single_table(e->single);
        cached_name = e->single;
    }
    uint32_t c = cached[p[0] - 0x80];
    return c ? c : BAD;
}

static uint32_t step_shift_jis(const struct decode_encoding *e, struct decode_state *s,
    const unsigned char *p, size_t len, size_t *ret_used)
{
    (void)s;
    *ret_used = 1;
    if (p[0] < 0x80) {
        return p[0];
    }
    if (p[0] >= 0xA1 && p[0] <= 0xDF) {
        return 0xFF61 + (p[0] - 0xA1u); // half-width kana
    }
    uint32_t c = len >= 2 ? pair(e->two, p[0], p[1]) : 0;
    if (!c) {
        return BAD;
    }
    *ret_used = 2;
    return c;
}

// A cell of JIS X 0208 (row and cell 0x21 to 0x7E) by way of Shift_JIS, whose table also knows the vendors' rows.
static uint32_t jis0208(unsigned row, unsigned cell)
{
    if (row < 0x21 || row > 0x7E || cell < 0x21 || cell > 0x7E) {
        return 0;
    }
    unsigned lead = (row - 0x21) / 2 + 0x81;
    if (lead > 0x9F) {
        lead += 0x40;
    }
    unsigned trail = (row & 1) ? cell + (cell < 0x60 ? 0x1F : 0x20) : cell + 0x7E;
    return pair(&decode_shift_jis, lead, trail);
}

static uint32_t step_euc_jp(const struct decode_encoding *e, struct decode_state *s,
    const unsigned char *p, size_t len, size_t *ret_used)
{
    uint32_t c = 0;
    (void)e, (void)s;
    *ret_used = 1;
    if (p[0] < 0x80) {
        return p[0];
    }
    if (p[0] == 0x8E && len >= 2 && p[1] >= 0xA1 && p[1] <= 0xDF) {
        *ret_used = 2;
        return 0xFF61 + (p[1] - 0xA1u);
    }
    if (p[0] == 0x8F) {
        c = len >= 3 ? pair(&decode_jisx0212, p[1], p[2]) : 0;
        *ret_used = c ? 3 : 1;
        return c ? c : BAD;
    }
    c = len >= 2 && p[0] >= 0xA1 && p[1] >= 0xA1 ? jis0208(p[0] & 0x7F, p[1] & 0x7F) : 0;
    *ret_used = c ? 2 : 1;
    return c ? c : BAD;
}

static uint32_t gb_four(const unsigned char *p)
{
    uint32_t linear =
        ((p[0] - 0x81u) * 10 + (p[1] - 0x30u)) * 1260 + (p[2] - 0x81u) * 10 + (p[3] - 0x30u);
    if (linear >= 189000 && linear <= 189000 + 0xFFFFF) {
        return 0x10000 + (linear - 189000);
    }
    size_t low = 0, high = decode_gb_run_count;
    while (high - low > 1) {
        size_t mid = (low + high) / 2;
        if (decode_gb_runs[mid].linear <= linear) {
            low = mid;
        } else {
            high = mid;
        }
    }
    const struct decode_run *run = &decode_gb_runs[low];
    return linear < 39420 && run->code_point ? run->code_point + (linear - run->linear) : 0;
}

static uint32_t step_two(const struct decode_encoding *e, struct decode_state *s,
    const unsigned char *p, size_t len, size_t *ret_used)
{
    uint32_t c = 0;
    (void)s;
    *ret_used = 1;
    if (p[0] < 0x80) {
        return p[0];
    }
    if (e->two == &decode_gbk) {
        if (p[0] == 0x80) {
            return 0x20AC; // the euro of code page 936
        }
        if (len >= 4 && p[0] >= 0x81 && p[0] <= 0xFE && p[1] >= 0x30 && p[1] <= 0x39 &&
            p[2] >= 0x81 && p[2] <= 0xFE && p[3] >= 0x30 && p[3] <= 0x39) {
            c = gb_four(p);
            *ret_used = c ? 4 : 1;
            return c ? c : BAD;
        }
    }
    c = len >= 2 ? pair(e->two, p[0], p[1]) : 0;
    if (!c) {
        return BAD;
    }
    *ret_used = 2;
    return c;
}

// ISO-2022-JP (RFC 1468, and the kana set that mail programs add).
static uint32_t step_iso2022jp(const struct decode_encoding *e, struct decode_state *s,
    const unsigned char *p, size_t len, size_t *ret_used)
{
    (void)e;
    *ret_used = 1;
    if (p[0] == 0x1B) {
        if (len >= 3 && p[1] == '$' && (p[2] == '@' || p[2] == 'B')) {
            s->set = '2';
        } else if (len >= 3 && p[1] == '(' && (p[2] == 'B' || p[2] == 'J' || p[2] == 'I')) {
            s->set = (char)p[2];
        } else {
            return BAD;
        }
        *ret_used = 3;
        return NOTHING;
    }
    if (p[0] >= 0x80) {
        return BAD;
    }
    if (p[0] < 0x21) {
        if (p[0] == '\n') {
            s->set = 'B';
        }
        return p[0];
    }
    if (s->set == 'I') {
        return p[0] <= 0x5F ? 0xFF61 + (p[0] - 0x21u) : BAD;
    }
    if (s->set != '2') {
        return p[0];
    }
    uint32_t c = len >= 2 ? jis0208(p[0], p[1]) : 0;
    *ret_used = c ? 2 : 1;
    return c ? c : BAD;
}

// ISO-2022-KR: "ESC $ ) C" once, then shift out and shift in around pairs.
static uint32_t step_iso2022kr(const struct decode_encoding *e, struct decode_state *s,
    const unsigned char *p, size_t len, size_t *ret_used)
{
    *ret_used = 1;
    if (p[0] == 0x1B && len >= 4 && memcmp(p, "\033$)C", 4) == 0) {
        *ret_used = 4;
        return NOTHING;
    }
    if (p[0] == 0x0E || p[0] == 0x0F) {
        s->set = p[0] == 0x0E ? '2' : 'B';
        return NOTHING;
    }
    if (p[0] >= 0x80) {
        return BAD;
    }
    if (p[0] < 0x21 || s->set != '2') {
        return p[0];
    }
    uint32_t c = len >= 2 && p[1] < 0x80 ? pair(e->two, p[0] | 0x80u, p[1] | 0x80u) : 0;
    *ret_used = c ? 2 : 1;
    return c ? c : BAD;
}

// HZ (RFC 1843): "~{" and "~}" around pairs of GB 2312.
static uint32_t step_hz(const struct decode_encoding *e, struct decode_state *s,
    const unsigned char *p, size_t len, size_t *ret_used)
{
    *ret_used = 1;
    if (p[0] >= 0x80) {
        return BAD;
    }
    if (p[0] == '~' && len >= 2) {
        *ret_used = 2;
        if (p[1] == '{' || p[1] == '}') {
            s->set = p[1] == '{' ? '2' : 'B';
            return NOTHING;
        }
        if (p[1] == '~') {
            return '~';
        }
        if (p[1] == '\n') {
            return NOTHING;
        }
        *ret_used = 1;
    }
    if (p[0] == '\n') {
        s->set = 'B';
    }
    if (p[0] < 0x21 || s->set != '2') {
        return p[0];
    }
    uint32_t c = len >= 2 && p[1] < 0x80 ? pair(e->two, p[0] | 0x80u, p[1] | 0x80u) : 0;
    *ret_used = c ? 2 : 1;
    return c ? c : BAD;
}

#define ONE(name)                                                                                  \
    {                                                                                              \
        name, step_single, NULL, name                                                              \
    }

static const struct decode_encoding encodings[] = {
    { "utf-8", step_utf8, NULL, NULL },
    { "utf-16le", step_utf16le, NULL, NULL },
    { "utf-16be", step_utf16be, NULL, NULL },
    { "utf-32le", step_utf32le, NULL, NULL },
    { "utf-32be", step_utf32be, NULL, NULL },
    { "shift_jis", step_shift_jis, &decode_shift_jis, NULL },
    { "euc-jp", step_euc_jp, NULL, NULL },
    { "iso-2022-jp", step_iso2022jp, NULL, NULL },
    { "gb18030", step_two, &decode_gbk, NULL },
    { "hz-gb-2312", step_hz, &decode_gbk, NULL },
    { "big5", step_two, &decode_big5, NULL },
    { "euc-kr", step_two, &decode_euc_kr, NULL },
    { "iso-2022-kr", step_iso2022kr, &decode_euc_kr, NULL },
    ONE("windows-1250"),
    ONE("windows-1251"),
    ONE("windows-1252"),
    ONE("windows-1253"),
    ONE("windows-1254"),
    ONE("windows-1255"),
    ONE("windows-1256"),
    ONE("windows-1257"),
    ONE("windows-1258"),
    ONE("windows-874"),
    ONE("iso-8859-2"),
    ONE("iso-8859-3"),
    ONE("iso-8859-4"),
    ONE("iso-8859-5"),
    ONE("iso-8859-6"),
    ONE("iso-8859-7"),
    ONE("iso-8859-8"),
    ONE("iso-8859-10"),
    ONE("iso-8859-13"),
    ONE("iso-8859-14"),
    ONE("iso-8859-15"),
    ONE("iso-8859-16"),
    ONE("koi8-r"),
    ONE("koi8-u"),
    ONE("macintosh"),
    ONE("x-mac-cyrillic"),
    ONE("x-mac-centraleurroman"),
    ONE("ibm437"),
    ONE("ibm850"),
    ONE("ibm852"),
    ONE("ibm855"),
    ONE("ibm866"),
};

const struct decode_encoding *decode_find(struct slice name)
{
    static const struct {
        const char *alias, *name;
    } aliases[] = {
        { "ascii", "utf-8" },
        { "iso-8859-1", "windows-1252" },
        { "iso-8859-9", "windows-1254" },
        { "iso-8859-11", "windows-874" },
        { "tis-620", "windows-874" },
        { "gb2312", "gb18030" },
        { "gbk", "gb18030" },
        { "uhc", "euc-kr" },
        { "cp949", "euc-kr" },
        { "mac-cyrillic", "x-mac-cyrillic" },
        { "mac-centraleurope", "x-mac-centraleurroman" },
        { "utf-16", "utf-16le" },
        { "cp932", "shift_jis" },
    };

    for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
        if (slice_equal_nocase(name, slice_of(aliases[i].alias))) {
            name = slice_of(aliases[i].name);
            break;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(encodings); i++) {
        if (slice_equal_nocase(name, slice_of(encodings[i].name))) {
            return &encodings[i];
        }
    }
    return NULL;
}

const char *decode_name(const struct decode_encoding *e)
{
    return e->name;
}

size_t decode_add(const struct decode_encoding *e, struct slice input, struct buf *out)
{
    const unsigned char *p = (const unsigned char *)input.data;
    struct decode_state state = { 'B' };
    size_t
        bad = 0,
        plain =
            0; // plain: start of a run of ASCII not yet copied (only where ASCII stands for itself)
    bool ascii = e->step == step_utf8 || e->step == step_single || e->step == step_shift_jis ||
                 e->step == step_euc_jp || e->step == step_two;

    for (size_t i = 0; i < input.len;) {
        if (ascii && p[i] < 0x80) {
            plain = i;
            while (i < input.len && p[i] < 0x80) {
                i++;
            }
            buf_add(out, p + plain, i - plain);
            continue;
        }
        size_t used = 1;
        uint32_t c = e->step(e, &state, p + i, input.len - i, &used);
        i += used;
        if (c == NOTHING) {
            continue;
        }
        bad += c == BAD;
        utf8_add(out, c == BAD ? UTF8_REPLACEMENT : c);
    }
    return bad;
}

size_t decode_count_bad(const struct decode_encoding *e, struct slice input, size_t enough)
{
    const unsigned char *p = (const unsigned char *)input.data;
    struct decode_state state = { 'B' };
    size_t bad = 0;

    for (size_t i = 0; i < input.len && bad < enough;) {
        size_t used = 1;
        bad += e->step(e, &state, p + i, input.len - i, &used) == BAD;
        i += used;
    }
    return bad;
}

int decode_text(struct slice input, struct buf *store, struct decoded *ret)
{
    bool guessed = false;
    const struct decode_encoding *e = decode_guess(input, &guessed);
    struct decoded d = { input, e->name, guessed, 0 };

    buf_init(
        store, input.len * 3 + 16); // no encoding here gives more than three bytes of UTF-8 a byte
    if (e->step == step_utf8 && utf8_valid(input)) {
        d.text = slice_starts(input, "\xEF\xBB\xBF") ? slice_from(input, 3) : input;
        *ret = d;
        return 0;
    }
    d.bad = decode_add(e, input, store);
    if (!buf_ok(store)) {
        return ERR_MEMORY;
    }
    d.text = buf_slice(store);
    if (slice_starts(d.text, "\xEF\xBB\xBF")) {
        d.text = slice_from(d.text, 3);
    }
    *ret = d;
    return 0;
}
