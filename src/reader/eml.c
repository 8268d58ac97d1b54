// SPDX-License-Identifier: AGPL-3.0-or-later
// Mail (.eml): subject, who and when, and what is said. Of alternatives that say the same, plain text is taken unless it is
// empty; HTML goes through the HTML reader. Messages inside are read as sections; other attachments are named, not read.
//
// Places are parts of the message: subject, headers, plain, html, attachments; of a message inside, its subject is the
// section. Limits: EML_DEPTH_MAX, EML_PARTS_MAX.
#include "reader/eml.h"
#include "reader/html.h"
#include "reader/txt_common.h"

#include "base/utf8.h"

enum { NAMES_SHOWN = 8, NAMES_BYTES = 2000 };

struct eml {
    struct reader *r;
    bool quiet; // only checks
    int parts;
    struct buf section; // subject of the message inside
    struct buf names; // of attachments
    size_t attachments;
    bool encrypted, text;
};

static int walk(struct eml *m, const struct eml_part *p, int depth);

static struct place place_of(struct eml *m, const char *name)
{
    return (struct place){
        .kind = PLACE_PART, .name = slice_of(name), .section = buf_slice(&m->section)
    };
}

static int emit(
    struct eml *m, enum element_kind kind, int level, const char *part, struct slice text)
{
    int rc = 0;

    text = slice_trim(text);
    while (rc == 0 && text.len && !m->quiet) {
        size_t n = text_cut(text, TEXT_PIECE_MAX);
        struct element e = { .kind = kind,
            .level = level,
            .place = place_of(m, part),
            .text = slice_make(text.data, n) };
        rc = reader_element(m->r, &e);
        text = slice_trim(slice_from(text, n));
    }
    return rc;
}

// Subject, and who and when. depth 0: the message itself.
static int headers(struct eml *m, const struct eml_part *p, int depth)
{
    static const char *const shown[] = { "From", "To", "Cc", "Date" };
    AUTO_BUF subject = BUF_INIT(4 * EML_HEADER_MAX);
    AUTO_BUF lines = BUF_INIT(16 * EML_HEADER_MAX);
    int rc = 0;

    eml_header_text(p, "Subject", &subject);
    if (depth == 0) {
        AUTO_BUF from = BUF_INIT(4 * EML_HEADER_MAX);
        eml_header_text(p, "From", &from);
        rc = reader_info_text(m->r, "title", subject.data);
        rc = rc ? rc : reader_info_text(m->r, "author", from.data);
        rc = rc ? rc : emit(m, ELEMENT_TITLE, 0, "subject", buf_slice(&subject));
    } else {
        rc = emit(m, ELEMENT_HEADING, depth > 6 ? 6 : depth, "message", buf_slice(&subject));
        buf_reset(&m->section);
        buf_add_slice(&m->section, utf8_prefix(slice_trim(buf_slice(&subject)), SECTION_MAX));
    }
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        AUTO_BUF value = BUF_INIT(4 * EML_HEADER_MAX);
        if (eml_header_text(p, shown[i], &value) && !text_is_blank(buf_slice(&value))) {
            buf_addf(&lines, "%s%s: ", lines.len ? "\n" : "", shown[i]);
            buf_add_slice(&lines, slice_trim(buf_slice(&value)));
        }
    }
    return rc ? rc : emit(m, ELEMENT_PARAGRAPH, 0, "headers", buf_slice(&lines));
}

static int decoded_text(
    const struct eml_part *p, struct buf *bytes, struct buf *store, struct decoded *d)
{
    AUTO_BUF charset = BUF_INIT(EML_HEADER_MAX);

    eml_parameter(p, "Content-Type", "charset", &charset);
    eml_decode_body(p, bytes);
    return buf_ok(bytes) ? html_decode(buf_slice(bytes), slice_trim(buf_slice(&charset)), store, d)
                         : ERR_MEMORY;
}

// Blocks of lines between empty ones. format=flowed (RFC 3676): a line that ends in a blank goes on in the next.
static int paragraphs(struct eml *m, struct slice text, bool flowed)
{
    AUTO_BUF block = BUF_INIT(EML_BODY_MAX);
    struct text_cursor c = { text, 0 };
    struct slice line;
    bool joins = false;
    int rc = 0;

    while (rc == 0 && text_line(&c, &line)) {
        if (text_is_blank(line) || block.len > 64 * TEXT_PIECE_MAX) {
            rc = emit(m, ELEMENT_PARAGRAPH, 0, "plain", buf_slice(&block));
            buf_reset(&block);
            joins = false;
        }
        if (!text_is_blank(line)) {
            buf_add_str(&block, block.len && !joins ? "\n" : "");
            joins = flowed && line.data[line.len - 1] == ' ' && !slice_is(line, "-- ");
            buf_add_slice(&block, joins ? line : text_trim_end(line));
        }
    }
    return rc ? rc : emit(m, ELEMENT_PARAGRAPH, 0, "plain", buf_slice(&block));
}

static int plain_part(struct eml *m, const struct eml_part *p)
{
    AUTO_BUF bytes = BUF_INIT(EML_BODY_MAX);
    AUTO_BUF store = { .max = 1 };
    AUTO_BUF format = BUF_INIT(EML_HEADER_MAX);
    struct decoded d;
    int rc = decoded_text(p, &bytes, &store, &d);

    eml_parameter(p, "Content-Type", "format", &format);
    if (rc == 0) {
        m->text = m->text || !text_is_blank(d.text);
        rc = paragraphs(m, d.text, slice_equal_nocase(buf_slice(&format), SLICE_LIT("flowed")));
    }
    return rc;
}

static int html_part(struct eml *m, const struct eml_part *p)
{
    AUTO_BUF bytes = BUF_INIT(EML_BODY_MAX);
    AUTO_BUF store = { .max = 1 };
    struct html_options o = { .part = SLICE_LIT("html"), .section = buf_slice(&m->section) };
    struct html_tree t;
    struct decoded d;
    int rc = decoded_text(p, &bytes, &store, &d);

    rc = rc ? rc : html_parse(m->r, d.text, &t);
    if (rc == 0) {
        m->text = m->text || html_has_content(&t);
        rc = m->quiet ? html_check_tree(m->r, &t) : html_walk(m->r, &t, &o);
        html_free(&t);
    }
    return rc;
}

static void attachment(struct eml *m, const struct eml_part *p, const char *type)
{
    AUTO_BUF name = BUF_INIT(EML_HEADER_MAX);

    m->attachments++;
    if (m->names.len > NAMES_BYTES || m->attachments > NAMES_SHOWN * 4) {
        return;
    }
    buf_add_str(&m->names, m->names.len ? ", " : "");
    if (eml_file_name(p, &name)) {
        buf_add_slice(&m->names, utf8_prefix(buf_slice(&name), 200));
    } else {
        buf_add_str(&m->names, type);
    }
}

static bool is_type(const struct eml_part *p, const char *want)
{
    AUTO_BUF type = BUF_INIT(EML_HEADER_MAX);
    size_t n = strlen(want);

    eml_type(p, &type);
    return want[n - 1] == '/' ? slice_starts(buf_slice(&type), want)
                              : slice_is(buf_slice(&type), want);
}

static bool is_attached(const struct eml_part *p)
{
    AUTO_BUF disposition = BUF_INIT(EML_HEADER_MAX);

    eml_header(p, "Content-Disposition", &disposition);
    struct slice s = slice_trim(buf_slice(&disposition));
    return s.len >= 10 && slice_equal_nocase(slice_make(s.data, 10), SLICE_LIT("attachment"));
}

static bool has_words(const struct eml_part *p)
{
    AUTO_BUF bytes = BUF_INIT(EML_BODY_MAX);

    eml_decode_body(p, &bytes);
    return !text_is_blank(buf_slice(&bytes));
}

// The alternative to read: plain text with words, else the last, which is the richest.
static int choose(const struct eml_part *p, struct slice boundary)
{
    struct slice rest = p->body;
    struct eml_part one;
    bool first = true;
    int plain = -1, count = 0;

    while (count < EML_PARTS_MAX && eml_next_part(&rest, boundary, &first, &one)) {
        if (plain < 0 && is_type(&one, "text/plain") && has_words(&one)) {
            plain = count;
        }
        count++;
    }
    return plain >= 0 ? plain : count - 1;
}

static int multipart(struct eml *m, const struct eml_part *p, int depth)
{
    AUTO_BUF boundary = BUF_INIT(EML_HEADER_MAX);
    struct slice rest = p->body;
    struct eml_part one;
    bool first = true, alternatives = is_type(p, "multipart/alternative");
    int rc = 0, index = 0, chosen;

    eml_parameter(p, "Content-Type", "boundary", &boundary);
    m->encrypted = m->encrypted || is_type(p, "multipart/encrypted");
    chosen = alternatives ? choose(p, buf_slice(&boundary)) : -1;
    while (rc == 0 && m->parts < EML_PARTS_MAX &&
           eml_next_part(&rest, buf_slice(&boundary), &first, &one)) {
        // HTML that is not read is still looked at for what it would run.
        bool skip = alternatives && index != chosen && !(m->quiet && is_type(&one, "text/html"));
        rc = skip ? 0 : walk(m, &one, depth + 1);
        index++;
    }
    return rc;
}

static int walk(struct eml *m, const struct eml_part *p, int depth)
{
    AUTO_BUF type = BUF_INIT(EML_HEADER_MAX);

    if (depth > EML_DEPTH_MAX || ++m->parts > EML_PARTS_MAX) {
        int rc = reader_finding(m->r, "bomb.depth", NULL,
            "The message holds more parts inside parts than any real one.");
        return rc ? rc : ERR_REFUSED;
    }
    eml_type(p, &type);
    struct slice t = buf_slice(&type);
    if (slice_starts(t, "multipart/")) {
        return multipart(m, p, depth);
    }
    if (slice_is(t, "message/rfc822")) {
        AUTO_BUF bytes = BUF_INIT(EML_BODY_MAX);
        struct eml_part inner;
        eml_decode_body(p, &bytes);
        eml_split(buf_slice(&bytes), &inner);
        int rc = headers(m, &inner, depth + 1);
        return rc ? rc : walk(m, &inner, depth + 1);
    }
    if (slice_is(t, "application/pkcs7-mime") || slice_is(t, "application/x-pkcs7-mime")) {
        m->encrypted = true;
        return 0;
    }
    if (is_attached(p) || !slice_starts(t, "text/")) {
        if (!slice_starts(t, "application/pgp-") && !slice_starts(t, "application/pkcs7-sig") &&
            !slice_starts(t, "application/x-pkcs7-sig")) {
            attachment(m, p, type.data);
        }
        return 0;
    }
    return slice_is(t, "text/html") ? html_part(m, p) : plain_part(m, p);
}

static int message(struct eml *m)
{
    struct eml_part p;
    int rc;

    eml_split(m->r->input, &p);
    rc = headers(m, &p, 0);
    return rc ? rc : walk(m, &p, 0);
}

static int check_message(struct eml *m)
{
    int rc = 0;

    if (!eml_looks_like(m->r->input)) {
        rc = reader_finding(m->r, "structure.corrupt", NULL,
            "The file does not begin with the headers of a message.");
        return rc ? rc : ERR_REFUSED;
    }
    rc = message(m);
    if (rc == 0 && m->encrypted && !m->text) {
        rc = reader_finding(m->r, "structure.encrypted", NULL,
            "The message is encrypted for its receiver, so it cannot be read.");
    }
    if (rc == 0 && m->attachments) {
        rc = reader_finding(m->r, "embedded.file", NULL, "The message holds %zu file%s: %s",
            m->attachments, m->attachments == 1 ? "" : "s", m->names.data ? m->names.data : "");
    }
    return rc ? rc : reader_info_number(m->r, "attachments", (double)m->attachments);
}

static void begin(struct eml *m)
{
    buf_init(&m->section, SECTION_MAX + 16);
    buf_init(&m->names, 4 * NAMES_BYTES);
}

static void end(struct eml *m)
{
    buf_done(&m->section);
    buf_done(&m->names);
}

static int eml_check(struct reader *r, struct error *err)
{
    struct eml m = { .r = r, .quiet = true };
    begin(&m);
    int rc = check_message(&m);

    end(&m);
    return rc == ERR_REFUSED ? 0 : rc ? error_set(err, rc, "The message could not be checked.") : 0;
}

static int eml_read(struct reader *r, struct error *err)
{
    struct eml m = { .r = r };
    begin(&m);
    int rc = message(&m);

    buf_reset(&m.section);
    if (rc == 0 && m.names.len) {
        rc = emit(&m, ELEMENT_PARAGRAPH, 0, "attachments", buf_slice(&m.names));
    }
    rc = rc ? rc : text_end(r);
    rc = rc ? rc : reader_progress(r, m.parts, m.parts);
    end(&m);
    return rc == ERR_REFUSED ? 0
           : rc              ? error_set(err, rc, "The message could not be read to its end.")
                             : 0;
}

const struct reader_format format_eml = { FORMAT_EML, eml_check, eml_read, NULL };
