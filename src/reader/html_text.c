// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements html.h: the encoding of a page, after the HTML standard's "encoding sniffing algorithm" with one difference:
// a page whose bytes are valid UTF-8 with several characters past ASCII is read as that, whatever it claims; copies of
// pages that were converted and kept their old <meta> are common, the opposite by chance is next to impossible.
#include "reader/html.h"

#include "base/error.h"
#include "base/utf8.h"

#include <ctype.h>

enum {
    DECLARED_WITHIN = 4096, // bytes; the standard asks for 1,024, real pages need more
    UTF8_SURE = 3, // characters past ASCII
    TAG_NAME_MAX = 64,
};

// The value after "charset" and "=" from `at` on; empty if there is none.
static struct slice value_after(struct slice s, size_t at)
{
    while (at < s.len && isspace((unsigned char)s.data[at])) {
        at++;
    }
    if (at >= s.len || s.data[at] != '=') {
        return slice_make(NULL, 0);
    }
    at++;
    while (at < s.len &&
           (isspace((unsigned char)s.data[at]) || s.data[at] == '"' || s.data[at] == '\'')) {
        at++;
    }
    size_t end = at;
    while (end < s.len && (isalnum((unsigned char)s.data[end]) || strchr("-_.:", s.data[end])) &&
           s.data[end]) {
        end++;
    }
    return slice_make(s.data + at, end - at);
}

// Of <meta charset=…>, <meta http-equiv content="text/html; charset=…"> or <?xml encoding="…"?>.
static struct slice declared(struct slice input)
{
    struct slice head =
        slice_make(input.data, input.len < DECLARED_WITHIN ? input.len : DECLARED_WITHIN);
    bool xml = slice_starts(head, "<?xml");

    for (size_t i = 0; i + 8 < head.len; i++) {
        bool charset = slice_equal_nocase(slice_make(head.data + i, 7), SLICE_LIT("charset"));
        bool encoding =
            xml && slice_equal_nocase(slice_make(head.data + i, 8), SLICE_LIT("encoding"));
        struct slice value = charset    ? value_after(head, i + 7)
                             : encoding ? value_after(head, i + 8)
                                        : slice_make(NULL, 0);
        if (value.len) {
            return value;
        }
    }
    return slice_make(NULL, 0);
}

const struct decode_encoding *html_charset(struct slice name)
{
    static const struct {
        const char *label, *name;
    } labels[] = {
        // of the Encoding standard, those that mail and pages really use
        { "us-ascii", "utf-8" },
        { "utf8", "utf-8" },
        { "latin1", "windows-1252" },
        { "latin-1", "windows-1252" },
        { "iso8859-1", "windows-1252" },
        { "iso_8859-1", "windows-1252" },
        { "cp1252", "windows-1252" },
        { "x-cp1252", "windows-1252" },
        { "cp1250", "windows-1250" },
        { "cp1251", "windows-1251" },
        { "cp1253", "windows-1253" },
        { "cp1254", "windows-1254" },
        { "latin2", "iso-8859-2" },
        { "latin5", "windows-1254" },
        { "latin9", "iso-8859-15" },
        { "iso-8859-8-i", "iso-8859-8" },
        { "x-sjis", "shift_jis" },
        { "sjis", "shift_jis" },
        { "shift-jis", "shift_jis" },
        { "windows-31j", "shift_jis" },
        { "ms_kanji", "shift_jis" },
        { "x-euc-jp", "euc-jp" },
        { "gb_2312-80", "gb18030" },
        { "x-gbk", "gb18030" },
        { "cp936", "gb18030" },
        { "big5-hkscs", "big5" },
        { "x-x-big5", "big5" },
        { "cp950", "big5" },
        { "ks_c_5601-1987", "euc-kr" },
        { "korean", "euc-kr" },
        { "cp866", "ibm866" },
        { "koi8", "koi8-r" },
        { "x-mac-roman", "macintosh" },
        { "mac", "macintosh" },
        { "dos-874", "windows-874" },
    };

    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        if (slice_equal_nocase(name, slice_of(labels[i].label))) {
            return decode_find(slice_of(labels[i].name));
        }
    }
    return decode_find(name);
}

static bool surely_utf8(struct slice s)
{
    size_t wide = 0;

    for (size_t i = 0; i < s.len && wide < UTF8_SURE; i++) {
        wide += (unsigned char)s.data[i] >= 0xC2;
    }
    return wide >= UTF8_SURE && utf8_valid(s);
}

int html_decode(struct slice input, struct slice charset, struct buf *store, struct decoded *ret)
{
    bool marked = slice_starts(input, "\xEF\xBB\xBF") || slice_starts(input, "\xFF\xFE") ||
                  slice_starts(input, "\xFE\xFF");
    const struct decode_encoding *e = NULL;

    if (!marked && memchr(input.data ? input.data : "", 0, input.len) == NULL) {
        e = charset.len ? html_charset(charset) : NULL;
        e = e ? e : html_charset(declared(input));
        if (e && slice_starts(slice_of(decode_name(e)), "utf-")) {
            e = NULL; // what says so in plain ASCII is no UTF-16; and UTF-8 is told by its validity
        }
        if (e && surely_utf8(input)) {
            e = NULL;
        }
    }
    if (!e) {
        return decode_text(input, store, ret);
    }
    buf_init(store, HTML_TEXT_MAX);
    *ret = (struct decoded){ .encoding = decode_name(e) };
    ret->bad = decode_add(e, input, store);
    ret->text = buf_slice(store);
    return buf_ok(store) ? 0 : ERR_MEMORY;
}

bool html_is_xhtml(struct slice text)
{
    return slice_starts(
        slice_trim(slice_make(text.data, text.len < 256 ? text.len : 256)), "<?xml");
}

static bool is_void(struct slice name)
{
    static const char *const names[] = { "area", "base", "br", "col", "embed", "hr", "img", "input",
        "link", "meta", "param", "source", "track", "wbr" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (slice_equal_nocase(name, slice_of(names[i]))) {
            return true;
        }
    }
    return false;
}

// The length of the tag at the front, quotes minded; all that is left if it never ends.
static size_t tag_length(struct slice s)
{
    char quote = 0;

    for (size_t i = 1; i < s.len; i++) {
        if (quote) {
            quote = s.data[i] == quote ? 0 : quote;
        } else if (s.data[i] == '"' || s.data[i] == '\'') {
            quote = s.data[i];
        } else if (s.data[i] == '>') {
            return i + 1;
        }
    }
    return s.len;
}

static size_t length_until(struct slice s, struct slice end)
{
    const char *at = slice_find(s, end);
    return at ? (size_t)(at - s.data) + end.len : s.len;
}

static void add_escaped(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] == '<' || s.data[i] == '&') {
            buf_add_str(out, s.data[i] == '<' ? "&lt;" : "&amp;");
        } else {
            buf_add_char(out, s.data[i]);
        }
    }
}

int html_from_xhtml(struct slice text, struct buf *out)
{
    while (text.len) {
        const char *open = memchr(text.data, '<', text.len);
        size_t plain = open ? (size_t)(open - text.data) : text.len;
        buf_add(out, text.data, plain);
        text = slice_from(text, plain);
        if (text.len == 0) {
            break;
        }
        if (slice_starts(text, "<!--")) {
            size_t n = length_until(text, SLICE_LIT("-->"));
            text = slice_from(text, n);
            continue;
        }
        if (slice_starts(text, "<![CDATA[")) {
            size_t n = length_until(text, SLICE_LIT("]]>"));
            add_escaped(out, slice_make(text.data + 9, n > 12 ? n - 12 : 0));
            text = slice_from(text, n);
            continue;
        }
        size_t n = tag_length(text), name = 1;
        while (name < n &&
               (isalnum((unsigned char)text.data[name]) || strchr(":-_.", text.data[name])) &&
               text.data[name]) {
            name++;
        }
        struct slice tag = slice_make(text.data + 1, name - 1);
        bool closed = n >= 3 && tag.len && tag.len < TAG_NAME_MAX && text.data[n - 2] == '/' &&
                      text.data[n - 1] == '>';
        if (closed && !is_void(tag)) {
            buf_add(out, text.data, n - 2);
            buf_addf(out, "></" SLICE_FMT ">", SLICE_ARG(tag));
        } else {
            buf_add(out, text.data, n);
        }
        text = slice_from(text, n);
    }
    return buf_ok(out) ? 0 : ERR_MEMORY;
}
