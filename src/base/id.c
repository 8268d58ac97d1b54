// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements id.h. Any thread.
#include "base/id.h"
#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

void random_bytes(void *ret_bytes, size_t len)
{
    char *at = ret_bytes;
    while (len) {
        ssize_t n = getrandom(at, len, 0);
        if (n < 0 && errno == EINTR) { // by a signal while the machine still starts
            continue;
        }
        if (n <= 0) {
            BUG("the kernel gives no random bytes");
        }
        at += n;
        len -= (size_t)n;
    }
}

void id_new(char ret_id[ID_SIZE])
{
    uint8_t b[16];
    uint64_t ms = (uint64_t)clock_wall_ms();

    random_bytes(b, sizeof(b));
    for (int i = 0; i < 6; i++) {
        b[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    b[6] = (uint8_t)(0x70 | (b[6] & 0x0f));
    b[8] = (uint8_t)(0x80 | (b[8] & 0x3f));
    snprintf(ret_id, ID_SIZE,
        "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
        b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

bool id_valid(struct slice text)
{
    if (text.len != ID_LEN) {
        return false;
    }
    for (size_t i = 0; i < ID_LEN; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text.data[i] != '-' : !isxdigit((unsigned char)text.data[i])) {
            return false;
        }
    }
    return true;
}

void hex_format(const uint8_t *bytes, size_t len, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        ret_text[2 * i] = digits[bytes[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret_text[2 * len] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_parse(struct slice text, uint8_t *ret_bytes, size_t len)
{
    if (text.len != 2 * len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        int hi = hex_digit(text.data[2 * i]), lo = hex_digit(text.data[2 * i + 1]);
        if (hi < 0 || lo < 0) {
            return false;
        }
        ret_bytes[i] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}
