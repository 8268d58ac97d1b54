// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements multipart.h. States, and what leaves each:
//
//   PREAMBLE  the delimiter (its CR LF counts as seen at the start) -> AFTER
//   AFTER     "-" -> CLOSE_DASH, pad -> PAD, CR -> AFTER_LF         right after a delimiter
//   PAD       CR -> AFTER_LF                                        AFTER_LF  LF -> HEADER
//   CLOSE_DASH "-" -> EPILOGUE
//   HEADER    gathers lines; CR -> HEADER_LF                        HEADER_LF LF -> HEADER, or after an empty line BODY
//   BODY      the delimiter -> AFTER
//   EPILOGUE  takes everything
//
// The delimiter is searched without a buffer: as CR stands only at its front, a failed match gives back exactly its own
// first `matched` bytes, and only the byte that failed can start a new one.
#include "wire/multipart.h"

enum { PREAMBLE, AFTER, PAD, AFTER_LF, CLOSE_DASH, HEADER, HEADER_LF, BODY, EPILOGUE, BROKEN };

static bool is_tchar(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

// ---- parameters of a header's value ----

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static struct slice skip_space(struct slice s)
{
    while (s.len && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s = slice_from(s, 1);
    }
    return s;
}

static struct slice take_token(struct slice *rest)
{
    size_t n = 0;
    while (n < rest->len && is_tchar(rest->data[n])) {
        n++;
    }
    struct slice token = slice_make(rest->data, n);
    *rest = slice_from(*rest, n);
    return token;
}

// The next `; name = value` of *rest, the value as it stands between its quotes if it has them.
// 1: one was found; 0: nothing is left; -1: malformed.
static int next_param(
    struct slice *rest, struct slice *ret_name, struct slice *ret_raw, bool *ret_quoted)
{
    *rest = skip_space(*rest);
    while (rest->len && rest->data[0] == ';') { // empty parameters are harmless
        *rest = skip_space(slice_from(*rest, 1));
    }
    if (rest->len == 0) {
        return 0;
    }
    *ret_name = take_token(rest);
    *rest = skip_space(*rest);
    if (ret_name->len == 0 || rest->len == 0 || rest->data[0] != '=') {
        return -1;
    }
    *rest = skip_space(slice_from(*rest, 1));
    if (rest->len && rest->data[0] == '"') {
        size_t i = 1;
        while (i < rest->len && rest->data[i] != '"') {
            i += rest->data[i] == '\\' && i + 1 < rest->len &&
                         (rest->data[i + 1] == '"' || rest->data[i + 1] == '\\')
                     ? 2
                     : 1;
        }
        if (i >= rest->len) {
            return -1;
        }
        *ret_raw = slice_make(rest->data + 1, i - 1);
        *ret_quoted = true;
        *rest = slice_from(*rest, i + 1);
    } else {
        size_t n = 0; // wider than a token, as clients are
        while (n < rest->len && rest->data[n] != ';' && rest->data[n] != ' ' &&
               rest->data[n] != '\t' && rest->data[n] != '"') {
            n++;
        }
        *ret_raw = slice_make(rest->data, n);
        *ret_quoted = false;
        *rest = slice_from(*rest, n);
    }
    *rest = skip_space(*rest);
    return rest->len == 0 || rest->data[0] == ';' ? 1 : -1;
}

static void unquote(struct slice raw, struct buf *out)
{
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.data[i] == '\\' && i + 1 < raw.len &&
            (raw.data[i + 1] == '"' || raw.data[i + 1] == '\\')) {
            i++;
        } else if (i + 2 < raw.len &&
                   memcmp(raw.data + i, "%22", 3) == 0) { // how browsers write a quote
            buf_add_char(out, '"');
            i += 2;
            continue;
        }
        buf_add_char(out, raw.data[i]);
    }
}

// UTF-8''percent-encoded (RFC 8187). false if it is something else.
static bool decode_extended(struct slice raw, struct buf *out)
{
    if (raw.len < 7 || !slice_equal_nocase(slice_make(raw.data, 6), SLICE_LIT("utf-8'"))) {
        return false;
    }
    const char *quote = memchr(raw.data + 6, '\'', raw.len - 6);
    if (!quote) {
        return false;
    }
    raw = slice_from(raw, (size_t)(quote - raw.data) + 1);
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.data[i];
        if (c == '%') {
            int high = i + 2 < raw.len ? hex_digit(raw.data[i + 1]) : -1;
            int low = i + 2 < raw.len ? hex_digit(raw.data[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            c = (char)(high << 4 | low);
            if (c == '\0') {
                return false;
            }
            i += 2;
        }
        buf_add_char(out, c);
    }
    return true;
}

static bool media_type_is(struct slice value, const char *type, struct slice *ret_rest)
{
    const char *end = value.len ? memchr(value.data, ';', value.len) : NULL;
    size_t n = end ? (size_t)(end - value.data) : value.len;

    *ret_rest = slice_from(value, n);
    return slice_equal_nocase(slice_trim(slice_make(value.data, n)), slice_of(type));
}

bool multipart_is(struct slice content_type)
{
    struct slice rest;
    return media_type_is(content_type, "multipart/form-data", &rest);
}

bool multipart_boundary(struct slice content_type, struct slice *ret_boundary)
{
    struct slice rest, name, raw, found = { NULL, 0 };
    bool quoted;
    int more;

    if (!media_type_is(content_type, "multipart/form-data", &rest)) {
        return false;
    }
    while ((more = next_param(&rest, &name, &raw, &quoted)) == 1) {
        if (slice_equal_nocase(name, SLICE_LIT("boundary"))) {
            if (found.data) {
                return false;
            }
            found = raw;
        }
    }
    if (more != 0 || found.len == 0 || found.len > MULTIPART_BOUNDARY_MAX ||
        found.data[found.len - 1] == ' ') {
        return false;
    }
    for (size_t i = 0; i < found.len; i++) { // RFC 2046's bchars
        char c = found.data[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && !strchr("'()+_,-./:=? ", c)) {
            return false;
        }
    }
    *ret_boundary = found;
    return true;
}

// ---- a part's headers ----

static int malformed(struct error *err, const char *sentence)
{
    return error_set(err, ERR_INVALID, "The multipart body is not well formed: %s.", sentence);
}

static int read_disposition(
    struct multipart *m, struct slice value, struct multipart_part *part, struct error *err)
{
    struct slice rest = slice_trim(value), name, raw;
    size_t name_at = 0, name_len = 0, file_at = 0, file_len = 0, wide_at = 0, wide_len = 0;
    bool has_name = false, has_file = false, has_wide = false, quoted = false;
    int more;

    if (!slice_equal_nocase(take_token(&rest), SLICE_LIT("form-data"))) {
        return malformed(err, "a part is not form data");
    }
    buf_reset(&m->text);
    while ((more = next_param(&rest, &name, &raw, &quoted)) == 1) {
        size_t at = m->text.len;
        if (slice_equal_nocase(name, SLICE_LIT("filename*"))) {
            if (has_wide || !decode_extended(raw, &m->text)) {
                return malformed(err, "a file name is not well encoded");
            }
            has_wide = true;
            wide_at = at;
            wide_len = m->text.len - at;
            continue;
        }
        bool is_name = slice_equal_nocase(name, SLICE_LIT("name"));
        if (!is_name && !slice_equal_nocase(name, SLICE_LIT("filename"))) {
            continue;
        }
        if (is_name ? has_name : has_file) {
            return malformed(err, "a part has two names");
        }
        if (quoted) {
            unquote(raw, &m->text);
        } else {
            buf_add_slice(&m->text, raw);
        }
        *(is_name ? &has_name : &has_file) = true;
        *(is_name ? &name_at : &file_at) = at;
        *(is_name ? &name_len : &file_len) = m->text.len - at;
    }
    if (more != 0) {
        return malformed(err, "a part's description can't be read");
    }
    if (!has_name) {
        return malformed(err, "a part has no name");
    }
    if (!buf_ok(&m->text)) {
        return error_set(err, ERR_LIMIT, "A part's name in the multipart body is too long.");
    }
    const char *base = m->text.data ? m->text.data : "";
    part->name = slice_make(base + name_at, name_len);
    part->has_file_name = has_file || has_wide;
    part->file_name =
        has_wide ? slice_make(base + wide_at, wide_len) : slice_make(base + file_at, file_len);
    return 0;
}

static int begin_part(struct multipart *m, struct error *err)
{
    struct multipart_part part = { .has_file_name = false };
    struct slice rest = buf_slice(&m->header), line, name;
    struct slice disposition = { NULL, 0 };

    if (++m->parts > MULTIPART_PARTS_MAX) {
        return error_set(
            err, ERR_LIMIT, "The multipart body has more than %d parts.", MULTIPART_PARTS_MAX);
    }
    while (slice_cut(&rest, '\n', &line)) {
        if (line.len == 0) {
            continue;
        }
        struct slice value = line;
        name = take_token(&value);
        if (name.len == 0 || value.len == 0 || value.data[0] != ':') {
            return malformed(err, "a part's header line can't be read");
        }
        value = slice_trim(slice_from(value, 1));
        if (slice_equal_nocase(name, SLICE_LIT("content-disposition"))) {
            if (disposition.data) {
                return malformed(err, "a part has two descriptions");
            }
            disposition = value;
        } else if (slice_equal_nocase(name, SLICE_LIT("content-type"))) {
            part.media_type = value;
        } else if (slice_equal_nocase(name, SLICE_LIT("content-transfer-encoding"))) {
            if (!slice_equal_nocase(value, SLICE_LIT("binary")) &&
                !slice_equal_nocase(value, SLICE_LIT("8bit")) &&
                !slice_equal_nocase(value, SLICE_LIT("7bit"))) {
                return malformed(err, "a part is encoded for mail");
            }
        }
    }
    if (!disposition.data) {
        return malformed(err, "a part has no Content-Disposition");
    }
    int rc = read_disposition(m, disposition, &part, err);
    if (rc == 0) {
        rc = m->events->part_begin(m->data, &part, err);
    }
    m->in_part = true;
    return rc;
}

// ---- the machine ----

void multipart_init(
    struct multipart *m, struct slice boundary, const struct multipart_events *events, void *data)
{
    BUG_ON(boundary.len == 0 || boundary.len > MULTIPART_BOUNDARY_MAX);
    *m = (struct multipart){ .events = events, .data = data, .state = PREAMBLE, .matched = 2 };
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary.data, boundary.len);
    m->delimiter_len = 4 + boundary.len;
    buf_init(&m->header, MULTIPART_HEADER_MAX);
    buf_init(&m->text, MULTIPART_HEADER_MAX);
}

void multipart_done(struct multipart *m)
{
    buf_done(&m->header);
    buf_done(&m->text);
}

static int give(struct multipart *m, const char *bytes, size_t len, struct error *err)
{
    if (len == 0) {
        return 0;
    }
    if (m->state == PREAMBLE) {
        m->skipped += len;
        return m->skipped > MULTIPART_PREAMBLE_MAX
                   ? malformed(err, "there is too much before the first part")
                   : 0;
    }
    return m->events->part_data(m->data, bytes, len, err);
}

// Content up to the next delimiter; returns the bytes used or, below 0, an error.
static ssize_t feed_content(struct multipart *m, const char *bytes, size_t len, struct error *err)
{
    size_t at = 0;
    int rc;

    while (at < len) {
        if (m->matched == 0) {
            const char *cr = memchr(bytes + at, '\r', len - at);
            size_t n = cr ? (size_t)(cr - bytes) - at : len - at;
            rc = give(m, bytes + at, n, err);
            if (rc != 0) {
                return rc;
            }
            at += n;
            if (!cr) {
                break;
            }
        }
        while (at < len && m->matched < m->delimiter_len && bytes[at] == m->delimiter[m->matched]) {
            m->matched++;
            at++;
        }
        if (m->matched == m->delimiter_len) {
            m->matched = 0;
            if (m->in_part) {
                m->in_part = false;
                rc = m->events->part_end(m->data, err);
                if (rc != 0) {
                    return rc;
                }
            }
            m->state = AFTER;
            m->skipped = 0;
            break;
        }
        if (at < len) { // the byte does not go on with the match: what waited was content
            size_t waited = m->matched;
            m->matched = 0;
            rc = give(m, m->delimiter, waited, err);
            if (rc != 0) {
                return rc;
            }
        }
    }
    return (ssize_t)at;
}

// One byte between a delimiter and a part's content.
static int feed_byte(struct multipart *m, char c, struct error *err)
{
    switch (m->state) {
    case AFTER:
        if (c == '-') {
            m->state = CLOSE_DASH;
            return 0;
        }
        m->state = PAD;
        // fall through
    case PAD:
        if (c == '\r') {
            m->state = AFTER_LF;
        } else if ((c != ' ' && c != '\t') || ++m->skipped > MULTIPART_PAD_MAX) {
            return malformed(err, "there is text after a boundary");
        }
        return 0;
    case AFTER_LF:
        if (c != '\n') {
            return malformed(err, "a boundary's line does not end");
        }
        m->state = HEADER;
        buf_reset(&m->header);
        return 0;
    case CLOSE_DASH:
        if (c != '-') {
            return malformed(err, "there is text after a boundary");
        }
        m->state = EPILOGUE;
        return 0;
    case HEADER:
        if (c == '\r') {
            m->state = HEADER_LF;
        } else if (c == '\n' || c == '\0' || (c > 0 && c < ' ' && c != '\t') || c == 0x7f) {
            return malformed(err, "a part's header holds a control character");
        } else {
            buf_add_char(&m->header, c);
        }
        if (!buf_ok(&m->header)) {
            return error_set(err, ERR_LIMIT,
                "The headers of a part in the multipart body are larger than 8 KiB.");
        }
        return 0;
    case HEADER_LF:
        if (c != '\n') {
            return malformed(err, "a part's header line does not end");
        }
        if (m->header.len == 0 || m->header.data[m->header.len - 1] == '\n') {
            m->state = BODY;
            return begin_part(m, err);
        }
        buf_add_char(&m->header, '\n');
        m->state = HEADER;
        return buf_ok(&m->header)
                   ? 0
                   : error_set(err, ERR_LIMIT, "The headers of a part are larger than 8 KiB.");
    default:
        BUG("feed_byte in state %d", m->state);
    }
}

int multipart_feed(struct multipart *m, const char *bytes, size_t len, struct error *err)
{
    size_t at = 0;

    if (m->state == BROKEN) {
        return m->rc;
    }
    while (at < len && m->state != EPILOGUE) {
        int rc = 0;
        if (m->state == PREAMBLE || m->state == BODY) {
            ssize_t used = feed_content(m, bytes + at, len - at, err);
            if (used < 0) {
                rc = (int)used;
            } else {
                at += (size_t)used;
            }
        } else {
            rc = feed_byte(m, bytes[at], err);
            at++;
        }
        if (rc != 0) {
            m->state = BROKEN;
            m->rc = rc;
            return rc;
        }
    }
    return 0;
}

int multipart_finish(struct multipart *m, struct error *err)
{
    if (m->state == BROKEN) {
        return m->rc;
    }
    return m->state == EPILOGUE ? 0 : malformed(err, "its last boundary is missing");
}
