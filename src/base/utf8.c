// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements utf8.h. Any thread.
#include "base/utf8.h"

uint32_t utf8_decode(const char *at, size_t len, size_t *ret_bytes)
{
    const unsigned char *p = (const unsigned char *)at;
    uint32_t c = p[0];
    size_t n = 0;
    uint32_t least = 0;

    *ret_bytes = 1;
    if (c < 0x80) {
        return c;
    }
    if (c >= 0xC2 && c <= 0xDF) {
        n = 2, c &= 0x1F, least = 0x80;
    } else if (c >= 0xE0 && c <= 0xEF) {
        n = 3, c &= 0x0F, least = 0x800;
    } else if (c >= 0xF0 && c <= 0xF4) {
        n = 4, c &= 0x07, least = 0x10000;
    } else {
        return UTF8_REPLACEMENT;
    }
    if (len < n) {
        return UTF8_REPLACEMENT;
    }
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return UTF8_REPLACEMENT;
        }
        c = c << 6 | (p[i] & 0x3F);
    }
    if (c < least || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
        return UTF8_REPLACEMENT;
    }
    *ret_bytes = n;
    return c;
}

bool utf8_valid(struct slice s)
{
    size_t i = 0;
    while (i < s.len) {
        size_t n = 0;
        uint32_t c = utf8_decode(s.data + i, s.len - i, &n);
        if (c == UTF8_REPLACEMENT && n == 1) {
            return false;
        }
        i += n;
    }
    return true;
}

size_t utf8_encode(uint32_t c, char out[4])
{
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
        c = UTF8_REPLACEMENT;
    }
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

void utf8_add(struct buf *b, uint32_t c)
{
    char bytes[4];
    buf_add(b, bytes, utf8_encode(c, bytes));
}

void utf8_add_clean(struct buf *b, struct slice s)
{
    size_t i = 0, plain = 0; // [plain, i) is waiting to be copied as it is
    while (i < s.len) {
        size_t n = 0;
        uint32_t c = utf8_decode(s.data + i, s.len - i, &n);
        bool bad = c == UTF8_REPLACEMENT && n == 1;
        bool control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
        if (bad || control) {
            buf_add(b, s.data + plain, i - plain);
            if (control) {
                buf_add_char(b, ' ');
            } else {
                utf8_add(b, UTF8_REPLACEMENT);
            }
            plain = i + n;
        }
        i += n;
    }
    if (s.len > plain) {
        buf_add(b, s.data + plain, s.len - plain);
    }
}

size_t utf8_count(struct slice s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.len; i++) {
        count += ((unsigned char)s.data[i] & 0xC0) != 0x80;
    }
    return count;
}

struct slice utf8_prefix(struct slice s, size_t max)
{
    if (s.len <= max) {
        return s;
    }
    while (max && ((unsigned char)s.data[max] & 0xC0) == 0x80) {
        max--;
    }
    return slice_make(s.data, max);
}
