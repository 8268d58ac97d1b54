// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements name.h and the names of check.h. A name is only ever shown and searched, never used as a path; cleaning keeps it
// from misleading people (report<U+202E>fdp.exe) and other programs that a file is handed to later.
#include "check/name.h"

#include "base/utf8.h"
#include "check/check.h"

#include <ctype.h>

enum { EXTENSION_MAX = 10 };

// Marks without a shape of their own that change how the rest is drawn.
static bool turns_direction(uint32_t c)
{
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E ||
           c == 0x200F || c == 0x061C;
}

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 || c == 0xFEFF ||
           (c >= 0xFFF9 && c <= 0xFFFB);
}

// Names that Windows gives to devices.
static bool is_reserved(struct slice name)
{
    static const char *const words[] = { "CON", "PRN", "AUX", "NUL" };
    const char *dot = name.len ? memchr(name.data, '.', name.len) : NULL;
    struct slice stem = dot ? slice_make(name.data, (size_t)(dot - name.data)) : name;

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (slice_equal_nocase(stem, slice_of(words[i]))) {
            return true;
        }
    }
    return stem.len == 4 && isdigit((unsigned char)stem.data[3]) &&
           (slice_equal_nocase(slice_make(stem.data, 3), SLICE_LIT("COM")) ||
               slice_equal_nocase(slice_make(stem.data, 3), SLICE_LIT("LPT")));
}

// The part behind the last slash of either kind.
static struct slice last_part(struct slice name)
{
    for (size_t i = name.len; i > 0; i--) {
        if (name.data[i - 1] == '/' || name.data[i - 1] == '\\') {
            return slice_from(name, i);
        }
    }
    return name;
}

// "..", as a whole part of a path.
static bool climbs(struct slice name)
{
    size_t start = 0;

    for (size_t i = 0; i <= name.len; i++) {
        if (i == name.len || name.data[i] == '/' || name.data[i] == '\\') {
            if (i - start == 2 && memcmp(name.data + start, "..", 2) == 0) {
                return true;
            }
            start = i + 1;
        }
    }
    return false;
}

void check_name(struct slice name, struct findings *f)
{
    bool control = false, direction = false, malformed = false;
    struct slice last = last_part(name);

    for (size_t i = 0; i < name.len;) {
        size_t n = 1;
        uint32_t c = utf8_decode(name.data + i, name.len - i, &n);
        malformed = malformed || (c == UTF8_REPLACEMENT && n == 1);
        control = control || is_control(c);
        direction = direction || turns_direction(c);
        i += n;
    }
    if (climbs(name)) {
        findings_add(f, "name.traversal", NULL, "The file name climbs out of its folder (\"..\").");
    } else if (last.len != name.len) {
        findings_add(
            f, "name.unsafe", NULL, "The file name holds a path; only its last part is kept.");
    }
    if (control || malformed) {
        findings_add(f, "name.unsafe", NULL,
            "The file name holds characters that can't be shown; they are left out.");
    } else if (direction) {
        findings_add(f, "name.unsafe", NULL,
            "The file name holds marks that reverse the direction of writing, which can hide its "
            "real ending; they are left out.");
    }
    if (is_reserved(last)) {
        findings_add(
            f, "name.unsafe", NULL, "The file name is one that Windows keeps for devices.");
    }
    if (name.len > CHECK_NAME_MAX) {
        findings_add(f, "name.too_long", NULL, "The file name has %zu bytes; %d are kept.",
            name.len, CHECK_NAME_MAX);
    }
}

struct slice check_extension(struct slice name)
{
    for (size_t i = name.len; i > 0 && name.len - i <= EXTENSION_MAX; i--) {
        if (name.data[i - 1] == '.') {
            struct slice ext = slice_from(name, i);
            for (size_t k = 0; k < ext.len; k++) {
                if (!isalnum((unsigned char)ext.data[k])) {
                    return (struct slice){ NULL, 0 };
                }
            }
            return i > 1 ? ext : (struct slice){ NULL, 0 }; // ".txt" is a name, not an extension
        }
        if (name.data[i - 1] == ' ') {
            break;
        }
    }
    return (struct slice){ NULL, 0 };
}

void check_clean_name(struct slice name, struct buf *out)
{
    AUTO_BUF clean = BUF_INIT(64 * 1024);
    struct slice part = last_part(name.len > 16384 ? slice_from(name, name.len - 16384) : name);
    bool space = true; // at the front, and behind one: no further one

    for (size_t i = 0; i < part.len;) {
        size_t n = 1;
        uint32_t c = utf8_decode(part.data + i, part.len - i, &n);
        i += n;
        if (c == ' ' || c == '\t' || c == '\n' || c == 0xA0 || c == 0x3000) {
            if (!space) {
                buf_add_char(&clean, ' ');
            }
            space = true;
        } else if (!is_control(c) && !turns_direction(c)) {
            utf8_add(&clean, c);
            space = false;
        }
    }
    struct slice s = slice_trim(buf_slice(&clean));
    while (s.len && (s.data[s.len - 1] == '.' || s.data[s.len - 1] == ' ')) {
        s.len--;
    }
    if (s.len == 0) {
        buf_add_str(out, "document");
        return;
    }
    if (is_reserved(s)) {
        buf_add_char(out, '_');
    }
    if (s.len >= CHECK_NAME_MAX) {
        struct slice ext = check_extension(s);
        size_t tail = ext.len ? ext.len + 1 : 0;
        buf_add_slice(out, utf8_prefix(s, CHECK_NAME_MAX - 1 - tail));
        buf_add_slice(out, slice_from(s, s.len - tail));
        return;
    }
    buf_add_slice(out, s);
}
