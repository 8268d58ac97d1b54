// SPDX-License-Identifier: AGPL-3.0-or-later
// Which encoding is it? For decode.h. The surest signs first:
//   1. a byte order mark;
//   2. seven-bit encodings by their escape sequences;
//   3. valid UTF-8 (text in another encoding is almost never valid UTF-8 by chance), or nearly: a file cut inside a
//      character, or one wrong byte in a hundred;
//   4. UTF-16 without a mark: spaces and line ends, or zeros, on one side only, or all units in East Asian blocks;
//   5. high bytes that stand alone inside ASCII words: a Latin script. uchardet's word counts only if there are enough of
//      them and it names a Latin encoding, else windows-1252;
//   6. what uchardet says, if our tables can read the text with it; else the first of the East Asian encodings that fits
//      without a fault; else windows-1252.
// Looks at most at GUESS_BYTES from the first high byte on.
#include "reader/decode.h"

#include "base/utf8.h"

#include <uchardet/uchardet.h>

enum {
    GUESS_BYTES = 512 * 1024, // more changes no guess, and costs 20 ms a MiB
    LATIN_EVIDENCE =
        8, // high bytes needed before a Latin encoding other than windows-1252 is believed
};

static const struct decode_encoding *named(const char *name)
{
    const struct decode_encoding *e = decode_find(slice_of(name));
    BUG_ON(!e);
    return e;
}

static const struct decode_encoding *by_mark(struct slice s)
{
    if (slice_starts(s, "\xEF\xBB\xBF")) {
        return named("utf-8");
    }
    if (s.len >= 4 && memcmp(s.data, "\xFF\xFE\0\0", 4) == 0) {
        return named("utf-32le");
    }
    if (s.len >= 4 && memcmp(s.data, "\0\0\xFE\xFF", 4) == 0) {
        return named("utf-32be");
    }
    if (slice_starts(s, "\xFF\xFE")) {
        return named("utf-16le");
    }
    if (slice_starts(s, "\xFE\xFF")) {
        return named("utf-16be");
    }
    return NULL;
}

// UTF-16 without a mark. Code units of white space and zero bytes tell the side; every unit must be a character.
static const struct decode_encoding *utf16_by_zeros(struct slice s)
{
    size_t n = s.len < 65536 ? s.len / 2 : 32768;
    size_t zero[2] = { 0, 0 }, space[2] = { 0, 0 };
    const unsigned char *p = (const unsigned char *)s.data;

    for (size_t i = 0; i < n; i++) {
        for (int side = 0; side < 2; side++) {
            unsigned char high = p[2 * i + (size_t)side], low = p[2 * i + 1 - (size_t)side];
            zero[side] += high == 0;
            space[side] +=
                (high == 0 && (low == ' ' || low == '\n' || low == '\r' || low == '\t')) ||
                (high == 0x30 && (low == 0 || low == 1 || low == 2));
        }
    }
    for (int side = 0; side < 2; side++) { // side 0: the high byte comes first
        int other = 1 - side;
        bool zeros = zero[side] > n / 4 && zero[other] <= zero[side] / 32;
        bool spaces = space[side] > 0 && space[side] > n / 200 &&
                      space[other] <= space[side] / 16 && zero[side] > 0;
        if (n > 1 && (zeros || spaces)) {
            const struct decode_encoding *e = named(side == 0 ? "utf-16be" : "utf-16le");
            struct slice sample = slice_make(s.data, n * 2);
            if (decode_count_bad(e, sample, n / 64 + 2) < n / 64 + 2) {
                return e;
            }
        }
    }
    return NULL;
}

// UTF-16 in East Asian script has no zeros: nearly all units then lie in a few blocks, on one side only.
static const struct decode_encoding *utf16_by_blocks(struct slice s)
{
    size_t n = s.len < 65536 ? s.len / 2 : 32768, fits[2] = { 0, 0 };
    const unsigned char *p = (const unsigned char *)s.data;

    for (size_t i = 0; i < n; i++) {
        for (int side = 0; side < 2; side++) {
            unsigned char high = p[2 * i + (size_t)side], low = p[2 * i + 1 - (size_t)side];
            fits[side] += (high >= 0x4E && high <= 0x9F) || high == 0x30 || high == 0xFF ||
                          (high >= 0xAC && high <= 0xD7) || (high == 0 && low < 0x7F);
        }
    }
    static const char *const rivals[] = { "shift_jis", "gb18030", "big5",
        "euc-kr" }; // whose lead bytes look alike
    for (size_t i = 0; i < ARRAY_LEN(rivals); i++) {
        if (decode_count_bad(named(rivals[i]), slice_make(s.data, n * 2), 1) == 0) {
            return NULL;
        }
    }
    for (int side = 0; side < 2 && n >= 16 && s.len % 2 == 0; side++) {
        const struct decode_encoding *e = named(side == 0 ? "utf-16be" : "utf-16le");
        if (fits[side] > n - n / 20 - 1 && fits[1 - side] < n * 3 / 4 &&
            decode_count_bad(e, slice_make(s.data, n * 2), 1) == 0) {
            return e;
        }
    }
    return NULL;
}

static const struct decode_encoding *utf32_by_zeros(struct slice s)
{
    size_t n = s.len < 65536 ? s.len / 4 : 16384;

    for (int side = 0; side < 2 && n > 1; side++) {
        const struct decode_encoding *e = named(side == 0 ? "utf-32be" : "utf-32le");
        if (s.len % 4 == 0 && decode_count_bad(e, slice_make(s.data, n * 4), 1) == 0) {
            return e;
        }
    }
    return NULL;
}

// Is it UTF-8 but for a few places? Sequences of two bytes and more that are right count for it.
static bool nearly_utf8(struct slice s)
{
    size_t good = 0, bad = 0;

    for (size_t i = 0; i < s.len;) {
        size_t used = 1;
        if ((unsigned char)s.data[i] >= 0x80) {
            uint32_t c = utf8_decode(s.data + i, s.len - i, &used);
            if (c == UTF8_REPLACEMENT && used == 1) {
                bad +=
                    s.len - i >= 4 || i == 0; // a character cut at the end is no evidence against
            } else {
                good++;
            }
        }
        i += used;
    }
    return good > 0 && bad <= good / 10;
}

// What the high bytes look like: how many, and how many stand alone or in pairs next to an ASCII letter or space.
static void look_at_high_bytes(struct slice s, size_t *ret_high, size_t *ret_lonely)
{
    size_t high = 0, lonely = 0;

    for (size_t i = 0; i < s.len;) {
        if ((unsigned char)s.data[i] < 0x80) {
            i++;
            continue;
        }
        size_t start = i;
        while (i < s.len && (unsigned char)s.data[i] >= 0x80) {
            i++;
        }
        size_t run = i - start;
        bool before =
            start > 0 && ((s.data[start - 1] | 32) >= 'a' && (s.data[start - 1] | 32) <= 'z');
        bool after = i < s.len && ((s.data[i] | 32) >= 'a' && (s.data[i] | 32) <= 'z');
        high += run;
        lonely += run <= 2 && (before || after) ? run : 0;
    }
    *ret_high = high;
    *ret_lonely = lonely;
}

// How many lonely bytes become a small Western letter right after a small ASCII letter, as in "café".
static size_t western_letters(const char *name, struct slice s)
{
    AUTO_BUF one = BUF_INIT(64);
    bool small[128] = { false };
    size_t n = 0;

    for (int b = 0x80; b < 0x100; b++) {
        char byte = (char)b;
        size_t used = 0;
        buf_reset(&one);
        if (decode_add(named(name), slice_make(&byte, 1), &one) == 0 && one.len) {
            uint32_t c = utf8_decode(one.data, one.len, &used);
            small[b - 0x80] = c >= 0xDF && c <= 0xFF && c != 0xF0 && c != 0xF7 && c != 0xFE;
        }
    }
    for (size_t i = 1; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        n += c >= 0x80 && s.data[i - 1] >= 'a' && s.data[i - 1] <= 'z' && small[c - 0x80];
    }
    return n;
}

// Western text that is not windows-1252: old Macintosh and DOS files.
static const char *western(struct slice s)
{
    size_t windows = western_letters("windows-1252", s), mac = western_letters("macintosh", s),
           dos = western_letters("ibm850", s);

    if (mac > dos && mac > 2 * windows + 2) {
        return "macintosh";
    }
    return dos > 2 * windows + 2 ? "ibm850" : "windows-1252";
}

// Ukrainian letters stand where KOI8-R has box drawing.
static const struct decode_encoding *koi8(struct slice s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        n += s.data[i] && strchr("\xA4\xA6\xA7\xAD\xB4\xB6\xB7\xBD", s.data[i]) &&
             (i == 0 || s.data[i] != s.data[i - 1]);
    }
    return named(n > 2 ? "koi8-u" : "koi8-r");
}

static bool is_latin(const char *name)
{
    static const char *const latin[] = { "windows-1250", "windows-1252", "windows-1254",
        "windows-1257", "windows-1258", "iso-8859-2", "iso-8859-3", "iso-8859-4", "iso-8859-10",
        "iso-8859-13", "iso-8859-14", "iso-8859-15", "iso-8859-16", "macintosh",
        "x-mac-centraleurroman", "ibm850", "ibm852", "ibm437" };

    for (size_t i = 0; i < ARRAY_LEN(latin); i++) {
        if (strcmp(latin[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static const struct decode_encoding *by_statistics(struct slice sample)
{
    uchardet_t u = uchardet_new();
    const struct decode_encoding *e = NULL;

    if (u && uchardet_handle_data(u, sample.data, sample.len) == 0) {
        uchardet_data_end(u);
        e = decode_find(slice_of(uchardet_get_charset(u)));
    }
    if (u) {
        uchardet_delete(u);
    }
    return e;
}

static const struct decode_encoding *windows_twin(
    const struct decode_encoding *e, struct slice sample)
{
    static const struct {
        const char *iso, *windows;
    } twins[] = { { "iso-8859-2", "windows-1250" }, { "iso-8859-5", "windows-1251" },
        { "iso-8859-7", "windows-1253" }, { "iso-8859-8", "windows-1255" },
        { "iso-8859-6", "windows-1256" }, { "iso-8859-13", "windows-1257" },
        { "iso-8859-15", "windows-1252" } };
    bool c1 = false;

    for (size_t i = 0; i < sample.len && !c1; i++) {
        c1 = (unsigned char)sample.data[i] >= 0x80 && (unsigned char)sample.data[i] < 0xA0;
    }
    for (size_t i = 0; c1 && i < ARRAY_LEN(twins); i++) {
        if (strcmp(decode_name(e), twins[i].iso) == 0) {
            return named(twins[i].windows);
        }
    }
    return e;
}

const struct decode_encoding *decode_guess(struct slice s, bool *ret_guessed)
{
    const struct decode_encoding *e = by_mark(s);
    size_t first = 0, high = 0, lonely = 0;

    *ret_guessed = false;
    if (e) {
        return e;
    }
    bool zeros = s.len && memchr(s.data, 0, s.len < 65536 ? s.len : 65536);
    if (!zeros && utf8_valid(s)) {
        if (slice_find(slice_make(s.data, s.len < GUESS_BYTES ? s.len : GUESS_BYTES),
                SLICE_LIT("\033$"))) {
            e = slice_find(s, SLICE_LIT("\033$)C")) ? named("iso-2022-kr") : named("iso-2022-jp");
        } else if (slice_find(s, SLICE_LIT("~{")) && slice_find(s, SLICE_LIT("~}")) &&
                   decode_count_bad(named("hz-gb-2312"), s, 1) == 0) {
            e = by_statistics(slice_make(s.data, s.len < GUESS_BYTES ? s.len : GUESS_BYTES));
            e = e && strcmp(decode_name(e), "hz-gb-2312") == 0 ? e : NULL;
        }
        *ret_guessed = e != NULL;
        return e ? e : named("utf-8");
    }
    *ret_guessed = true;
    if (zeros) {
        e = utf32_by_zeros(s);
        e = e ? e : utf16_by_zeros(s);
        if (e) {
            return e;
        }
    }
    if (nearly_utf8(s)) {
        return named("utf-8");
    }
    e = utf16_by_blocks(s);
    if (e) {
        return e;
    }
    while (first < s.len && (unsigned char)s.data[first] < 0x80) {
        first++;
    }
    struct slice sample = slice_from(s, first > 256 ? first - 256 : 0);
    sample.len = sample.len < GUESS_BYTES ? sample.len : GUESS_BYTES;
    look_at_high_bytes(sample, &high, &lonely);
    e = by_statistics(sample);
    size_t allowed = high / 100 + 1; // one more for a character cut at the end of the sample
    if (lonely * 2 > high) {
        bool believed = e && high >= LATIN_EVIDENCE && is_latin(decode_name(e));
        const char *west = western(sample);
        if (strcmp(west, "windows-1252") != 0) {
            return named(west);
        }
        e = believed ? windows_twin(e, sample) : named(west);
        if (decode_count_bad(e, sample, allowed + 1) <= allowed) {
            return e;
        }
    }
    // East Asian sets have grown: a text in a newer edition holds some characters that the tables lack.
    size_t more = high / 40 + 2;
    if (e && strcmp(decode_name(e), "utf-8") != 0 &&
        decode_count_bad(e, sample, more + 1) <= more) {
        return strcmp(decode_name(e), "koi8-r") == 0 ? koi8(sample) : windows_twin(e, sample);
    }
    static const char *const asian[] = { "shift_jis", "euc-jp", "gb18030", "euc-kr", "big5" };
    for (size_t i = 0; i < ARRAY_LEN(asian) && high >= LATIN_EVIDENCE; i++) {
        if (decode_count_bad(named(asian[i]), sample, 2) <= 1) {
            return named(asian[i]);
        }
    }
    return named("windows-1252");
}
