// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements xml.h. Expat pushes, callers pull: the handlers fill a queue, and expat is paused when QUEUE_PAUSE events wait
// in it. A tag that is longer than what was fed makes the next piece as long as what is pending, so that expat, which
// begins an incomplete tag anew with each piece, stays linear.
#include "reader/xml.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

enum {
    QUEUE_PAUSE = 256,
    QUEUE_BYTES_MAX = 4 * XML_TOKEN_MAX,
    ALTERNATES_MAX = 64, // real documents nest three
    NS_SEPARATOR = '\x1f',
};

struct queued {
    enum xml_event event;
    enum xml_ns ns;
    size_t at; // of the name or text in bytes
    size_t len;
    size_t attrs, attr_count;
    int depth;
};

struct attr {
    enum xml_ns ns;
    size_t name, value;
};

struct xml_queue {
    XML_Parser parser;
    struct opc *package;
    const struct opc_part *part;
    struct queued *events;
    size_t count, next, cap;
    struct attr *attrs;
    size_t attr_count, attr_cap;
    struct buf bytes;
    int depth;
    size_t pending; // bytes fed since the last event
    size_t fed; // bytes in the piece that is being parsed
    bool paused, ended;
    int rc;
    int skip; // depth of an element whose inside is not shown; 0: none
    int alternate[ALTERNATES_MAX]; // depths of the mc:AlternateContent that are open
    bool chosen[ALTERNATES_MAX];
    int alternates;
};

static const struct {
    const char *uri;
    enum xml_ns ns;
} namespaces[] = {
    { "http://www.w3.org/XML/1998/namespace", NS_XML },
    { "http://schemas.openxmlformats.org/package/2006/content-types", NS_CT },
    { "http://schemas.openxmlformats.org/package/2006/relationships", NS_REL },
    { "http://schemas.openxmlformats.org/officeDocument/2006/relationships", NS_R },
    { "http://purl.oclc.org/ooxml/officeDocument/relationships", NS_R },
    { "http://schemas.openxmlformats.org/markup-compatibility/2006", NS_MC },
    { "http://schemas.openxmlformats.org/wordprocessingml/2006/main", NS_W },
    { "http://purl.oclc.org/ooxml/wordprocessingml/main", NS_W },
    { "http://schemas.microsoft.com/office/word/2010/wordml", NS_W14 },
    { "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing", NS_WP },
    { "http://purl.oclc.org/ooxml/drawingml/wordprocessingDrawing", NS_WP },
    { "http://schemas.microsoft.com/office/word/2010/wordprocessingShape", NS_WPS },
    { "http://schemas.openxmlformats.org/drawingml/2006/main", NS_A },
    { "http://purl.oclc.org/ooxml/drawingml/main", NS_A },
    { "http://schemas.openxmlformats.org/drawingml/2006/picture", NS_PIC },
    { "http://purl.oclc.org/ooxml/drawingml/picture", NS_PIC },
    { "http://schemas.openxmlformats.org/drawingml/2006/chart", NS_C },
    { "http://purl.oclc.org/ooxml/drawingml/chart", NS_C },
    { "http://schemas.openxmlformats.org/drawingml/2006/diagram", NS_DGM },
    { "http://purl.oclc.org/ooxml/drawingml/diagram", NS_DGM },
    { "http://schemas.microsoft.com/office/drawing/2008/diagram", NS_DSP },
    { "http://schemas.openxmlformats.org/presentationml/2006/main", NS_P },
    { "http://purl.oclc.org/ooxml/presentationml/main", NS_P },
    { "http://schemas.microsoft.com/office/powerpoint/2018/8/main", NS_P188 },
    { "http://schemas.openxmlformats.org/spreadsheetml/2006/main", NS_S },
    { "http://purl.oclc.org/ooxml/spreadsheetml/main", NS_S },
    { "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing", NS_XDR },
    { "http://purl.oclc.org/ooxml/drawingml/spreadsheetDrawing", NS_XDR },
    { "http://schemas.openxmlformats.org/officeDocument/2006/math", NS_M },
    { "http://purl.oclc.org/ooxml/officeDocument/math", NS_M },
    { "urn:schemas-microsoft-com:vml", NS_V },
    { "urn:schemas-microsoft-com:office:office", NS_O },
    { "http://purl.org/dc/elements/1.1/", NS_DC },
    { "http://schemas.openxmlformats.org/package/2006/metadata/core-properties", NS_CP },
    { "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties", NS_EP },
    { "http://purl.oclc.org/ooxml/officeDocument/extendedProperties", NS_EP },
    { "urn:oasis:names:tc:opendocument:xmlns:office:1.0", NS_OFFICE },
    { "urn:oasis:names:tc:opendocument:xmlns:text:1.0", NS_TEXT },
    { "urn:oasis:names:tc:opendocument:xmlns:table:1.0", NS_TABLE },
    { "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0", NS_DRAW },
    { "urn:oasis:names:tc:opendocument:xmlns:style:1.0", NS_STYLE },
    { "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0", NS_SVG },
    { "http://www.w3.org/1999/xlink", NS_XLINK },
    { "urn:oasis:names:tc:opendocument:xmlns:presentation:1.0", NS_PRES },
    { "urn:oasis:names:tc:opendocument:xmlns:meta:1.0", NS_META },
    { "urn:oasis:names:tc:opendocument:xmlns:script:1.0", NS_SCRIPT },
    { "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0", NS_MANIFEST },
    { "urn:oasis:names:tc:opendocument:xmlns:container", NS_CONTAINER },
    { "http://www.idpf.org/2007/opf", NS_OPF },
    { "http://www.daisy.org/z3986/2005/ncx/", NS_NCX },
    { "http://www.w3.org/2001/04/xmlenc#", NS_XENC },
};

static enum xml_ns ns_of(const char *uri, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(namespaces); i++) {
        if (strlen(namespaces[i].uri) == len && memcmp(namespaces[i].uri, uri, len) == 0) {
            return namespaces[i].ns;
        }
    }
    return NS_OTHER;
}

static const char *split(const char *full, enum xml_ns *ret_ns)
{
    const char *mark = strrchr(full, NS_SEPARATOR);
    *ret_ns = mark ? ns_of(full, (size_t)(mark - full)) : NS_NONE;
    return mark ? mark + 1 : full;
}

static void fail(struct xml_queue *q, int rc)
{
    if (q->rc == 0) {
        q->rc = rc;
    }
    XML_StopParser(q->parser, XML_FALSE);
}

static void fail_found(struct xml_queue *q, const char *code, const char *text)
{
    if (q->rc == 0) {
        int rc = reader_finding(q->package->reader, code, NULL, "%s", text);
        fail(q, rc < 0 ? rc : ERR_REFUSED);
    }
}

static size_t keep(struct xml_queue *q, const char *text, size_t len)
{
    size_t at = q->bytes.len;
    buf_add(&q->bytes, text, len);
    buf_add_char(&q->bytes, '\0');
    return at;
}

static struct queued *push(struct xml_queue *q, enum xml_event event)
{
    if (q->count == q->cap) {
        size_t cap = q->cap ? q->cap * 2 : 2 * QUEUE_PAUSE;
        struct queued *more = realloc(q->events, cap * sizeof(*more));
        if (!more) {
            fail(q, ERR_MEMORY);
            return NULL;
        }
        q->events = more;
        q->cap = cap;
    }
    struct queued *e = &q->events[q->count++];
    *e = (struct queued){ .event = event, .depth = q->depth };
    q->pending = 0;
    if (!buf_ok(&q->bytes)) {
        fail(q, ERR_MEMORY);
        return NULL;
    }
    if (q->count >= QUEUE_PAUSE && !q->paused && q->rc == 0) {
        q->paused = true;
        XML_StopParser(q->parser, XML_TRUE);
    }
    return e;
}

static void keep_attrs(struct xml_queue *q, struct queued *e, const char **attrs)
{
    e->attrs = q->attr_count;
    for (size_t i = 0; attrs[i]; i += 2) {
        if (q->attr_count == q->attr_cap) {
            size_t cap = q->attr_cap ? q->attr_cap * 2 : 1024;
            struct attr *more = realloc(q->attrs, cap * sizeof(*more));
            if (!more) {
                fail(q, ERR_MEMORY);
                return;
            }
            q->attrs = more;
            q->attr_cap = cap;
        }
        struct attr *a = &q->attrs[q->attr_count++];
        const char *name = split(attrs[i], &a->ns);
        a->name = keep(q, name, strlen(name));
        a->value = keep(q, attrs[i + 1], strlen(attrs[i + 1]));
        e->attr_count++;
    }
}

// Prefixes whose markup we read; a choice that requires others is left for its fallback.
static bool understood(const char *requires)
{
    static const char *const known[] = { "wps", "wpg", "wpc", "wp14", "w14", "w15", "a14", "p14",
        "p15", "x14", "x14ac", "x15", "c14", "dgm14", "a16", "p16", "w16", "xr" };
    struct slice rest = slice_of(requires ? requires : ""), one;
    while (slice_cut(&rest, ' ', &one)) {
        bool found = one.len == 0;
        for (size_t i = 0; i < ARRAY_LEN(known) && !found; i++) {
            found = slice_is(one, known[i]);
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

// True if the element is a wrapper of alternate content, which nobody sees.
static bool take_branch(struct xml_queue *q, const char *name, const char **attrs)
{
    if (strcmp(name, "AlternateContent") == 0) {
        if (q->alternates == ALTERNATES_MAX) {
            fail_found(q, "bomb.depth", "The markup is nested far deeper than any real document.");
            return true;
        }
        q->alternate[q->alternates] = q->depth;
        q->chosen[q->alternates++] = false;
        return true;
    }
    bool choice = strcmp(name, "Choice") == 0;
    if (q->alternates == 0 || q->alternate[q->alternates - 1] != q->depth - 1 ||
        (!choice && strcmp(name, "Fallback") != 0)) {
        return false;
    }
    const char *requires = NULL;
    for (size_t i = 0; attrs[i]; i += 2) {
        if (strcmp(attrs[i], "Requires") == 0) {
            requires = attrs[i + 1];
        }
    }
    bool *chosen = &q->chosen[q->alternates - 1];
    if (*chosen || (choice && !understood(requires))) {
        q->skip = q->depth;
    } else {
        *chosen = true;
    }
    return true;
}

static void XMLCALL on_start(void *ctx, const char *full, const char **attrs)
{
    struct xml_queue *q = ctx;
    q->depth++;
    q->pending = 0;
    if (q->rc != 0) {
        return;
    }
    if (q->depth > q->package->reader->limits->depth) {
        fail_found(q, "bomb.depth", "The markup is nested far deeper than any real document.");
        return;
    }
    if (q->skip != 0) {
        return;
    }
    enum xml_ns ns;
    const char *name = split(full, &ns);
    if (ns == NS_MC && take_branch(q, name, attrs)) {
        return;
    }
    size_t len = strlen(name), at = keep(q, name, len);
    struct queued *e = push(q, XML_START);
    if (e) {
        e->ns = ns;
        e->at = at;
        e->len = len;
        keep_attrs(q, e, attrs);
    }
}

static void XMLCALL on_end(void *ctx, const char *full)
{
    struct xml_queue *q = ctx;
    q->pending = 0;
    if (q->rc != 0) {
        return;
    }
    enum xml_ns ns;
    const char *name = split(full, &ns);
    if (q->skip != 0) {
        if (q->skip == q->depth) {
            q->skip = 0;
        }
    } else if (q->alternates > 0 && q->alternate[q->alternates - 1] == q->depth) {
        q->alternates--;
    } else if (q->alternates == 0 || q->alternate[q->alternates - 1] != q->depth - 1 ||
               ns != NS_MC) {
        size_t len = strlen(name), at = keep(q, name, len);
        struct queued *e = push(q, XML_END);
        if (e) {
            e->ns = ns;
            e->at = at;
            e->len = len;
        }
    }
    q->depth--;
}

static void XMLCALL on_text(void *ctx, const char *text, int len)
{
    struct xml_queue *q = ctx;
    q->pending = 0;
    if (q->rc != 0 || q->skip != 0) {
        return;
    }
    struct queued *last = q->count ? &q->events[q->count - 1] : NULL;
    if (last && last->event == XML_TEXT && last->at + last->len + 1 == q->bytes.len &&
        q->next < q->count) {
        q->bytes.len--; // the text goes on: join both, over the NUL
        keep(q, text, (size_t)len);
        last->len += (size_t)len;
        if (!buf_ok(&q->bytes)) {
            fail(q, ERR_MEMORY);
        }
        return;
    }
    size_t at = keep(q, text, (size_t)len);
    struct queued *e = push(q, XML_TEXT);
    if (e) {
        e->at = at;
        e->len = (size_t)len;
    }
}

static void XMLCALL on_doctype(
    void *ctx, const char *name, const char *system, const char *public, int internal)
{
    (void)name, (void)system, (void)public;
    if (((struct xml_queue *)ctx)->package->family >= OPC_DOCUMENT && !internal) {
        return; // only a name, which books and old documents have; nothing is fetched
    }
    fail_found(ctx, "xml.dtd",
        "A part of the document declares a document type, which Office files never need and "
        "which can make a reader run out of memory or fetch files.");
}

static void XMLCALL on_comment(void *ctx, const char *text)
{
    (void)text;
    ((struct xml_queue *)ctx)->pending = 0;
}

static void XMLCALL on_instruction(void *ctx, const char *target, const char *text)
{
    (void)target, (void)text;
    ((struct xml_queue *)ctx)->pending = 0;
}

int xml_open(struct xml *x, struct opc *p, const struct opc_part *part, bool needed)
{
    *x = (struct xml){ .needed = needed, .name = "" };
    int rc = opc_stream_open(&x->stream, p, part);
    bool empty = rc == ERR_CORRUPT; // cannot be unpacked at all
    if (empty) {
        rc = opc_part_broken(p, part, needed);
    }
    if (rc != 0) {
        return rc;
    }
    struct xml_queue *q = xalloc(sizeof(*q));
    q->package = p;
    q->part = part;
    q->ended = empty;
    buf_init(&q->bytes, QUEUE_BYTES_MAX);
    q->parser = XML_ParserCreateNS(NULL, NS_SEPARATOR);
    x->q = q;
    if (!q->parser) {
        xml_close(x);
        return ERR_MEMORY;
    }
    XML_SetUserData(q->parser, q);
    XML_SetElementHandler(q->parser, on_start, on_end);
    XML_SetCharacterDataHandler(q->parser, on_text);
    XML_SetCommentHandler(q->parser, on_comment);
    XML_SetProcessingInstructionHandler(q->parser, on_instruction);
    XML_SetStartDoctypeDeclHandler(q->parser, on_doctype);
    return 0;
}

static void broken(struct xml *x)
{
    struct xml_queue *q = x->q;
    q->ended = true;
    if (q->rc == 0) {
        q->rc = opc_part_broken(q->package, q->part, x->needed);
    }
}

static void after_parse(struct xml *x, enum XML_Status status)
{
    struct xml_queue *q = x->q;
    if (status == XML_STATUS_ERROR) {
        if (q->rc == 0) {
            broken(x);
        }
        q->ended = true;
    } else if (status == XML_STATUS_OK) {
        q->paused = false;
        if (q->fed == 0) {
            q->ended = true;
        }
    }
}

// Feeds expat until an event waits, or all is over.
static void feed(struct xml *x)
{
    struct xml_queue *q = x->q;
    q->count = q->next = q->attr_count = 0;
    buf_reset(&q->bytes);
    while (q->count == 0 && !q->ended && q->rc == 0) {
        if (q->paused) {
            q->paused = false;
            after_parse(x, XML_ResumeParser(q->parser));
            continue;
        }
        size_t want = q->pending > XML_FEED_BYTES ? q->pending : XML_FEED_BYTES;
        if (q->pending >= XML_TOKEN_MAX) {
            fail_found(q, "bomb.size", "A single tag of the document is larger than any real one.");
            break;
        }
        void *to = XML_GetBuffer(q->parser, (int)want);
        if (!to) {
            q->rc = ERR_MEMORY;
            break;
        }
        int64_t n = opc_stream_read(&x->stream, to, want);
        if (n == ERR_CORRUPT) {
            broken(x);
            break;
        }
        if (n < 0) {
            q->rc = (int)n;
            break;
        }
        q->fed = (size_t)n;
        q->pending += (size_t)n;
        x->bytes += n;
        after_parse(x, XML_ParseBuffer(q->parser, (int)n, n == 0));
    }
}

bool xml_next(struct xml *x)
{
    struct xml_queue *q = x->q;
    if (q->next == q->count) {
        if (q->rc == 0 && !q->ended) {
            feed(x);
        }
        if (q->next >= q->count) {
            x->event = XML_END_OF_PART;
            x->name = "";
            x->ns = NS_NONE;
            return false;
        }
    }
    const struct queued *e = &q->events[q->next++];
    x->event = e->event;
    x->ns = e->ns;
    x->depth = e->depth;
    x->name = e->event == XML_TEXT ? "" : q->bytes.data + e->at;
    x->text =
        e->event == XML_TEXT ? slice_make(q->bytes.data + e->at, e->len) : slice_make(NULL, 0);
    return true;
}

void xml_again(struct xml *x)
{
    if (x->q->next > 0) {
        x->q->next--;
    }
}

int xml_close(struct xml *x)
{
    struct xml_queue *q = x->q;
    int rc = q ? q->rc : 0;
    if (q) {
        if (q->parser) {
            XML_ParserFree(q->parser);
        }
        free(q->events);
        free(q->attrs);
        buf_done(&q->bytes);
        free(q);
        x->q = NULL;
    }
    opc_stream_close(&x->stream);
    return rc;
}

const char *xml_attr(const struct xml *x, enum xml_ns ns, const char *name)
{
    const struct xml_queue *q = x->q;
    if (x->event != XML_START || q->next == 0) {
        return NULL;
    }
    const struct queued *e = &q->events[q->next - 1];
    for (size_t i = e->attrs; i < e->attrs + e->attr_count; i++) {
        if (q->attrs[i].ns == ns && strcmp(q->bytes.data + q->attrs[i].name, name) == 0) {
            return q->bytes.data + q->attrs[i].value;
        }
    }
    return NULL;
}

int64_t xml_attr_int(const struct xml *x, enum xml_ns ns, const char *name, int64_t otherwise)
{
    const char *text = xml_attr(x, ns, name);
    struct slice s = slice_of(text ? text : "");
    bool minus = s.len > 0 && s.data[0] == '-';
    int64_t value = 0;
    if (minus) {
        s = slice_from(s, 1);
    }
    if (!slice_to_i64(s, &value)) {
        return otherwise;
    }
    return minus ? -value : value;
}

bool xml_attr_bool(const struct xml *x, enum xml_ns ns, const char *name, bool otherwise)
{
    const char *text = xml_attr(x, ns, name);
    if (!text) {
        return otherwise;
    }
    return strcmp(text, "0") != 0 && strcmp(text, "false") != 0 && strcmp(text, "off") != 0;
}

bool xml_inside(struct xml *x, int depth)
{
    return xml_next(x) && !(x->event == XML_END && x->depth == depth);
}

void xml_skip(struct xml *x)
{
    int depth = x->depth;
    while (xml_inside(x, depth)) {
    }
}

void xml_collect(struct xml *x, struct buf *b)
{
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (x->event == XML_TEXT) {
            buf_add_slice(b, x->text);
        }
    }
}
