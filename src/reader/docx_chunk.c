// SPDX-License-Identifier: AGPL-3.0-or-later
// Parts of a Word document that are kept as a web page (w:altChunk), which programs that make documents of pages write:
// HTML, or a page saved as a message (MHT). Word shows them in their place, so they are read there.
#include "reader/docx.h"
#include "reader/eml.h"
#include "reader/html.h"

enum {
    CHUNK_BYTES = 32 << 20, // of one
    CHUNKS_BYTES = 128 << 20, // of all, each as often as it is referred to
};

// The page within a message: the first part that is HTML, at any depth.
static bool find_page(struct slice whole, int depth, struct eml_part *ret)
{
    AUTO_BUF type = BUF_INIT(EML_HEADER_MAX);
    AUTO_BUF boundary = BUF_INIT(EML_HEADER_MAX);

    eml_split(whole, ret);
    eml_type(ret, &type);
    if (slice_is(buf_slice(&type), "text/html")) {
        return true;
    }
    if (depth == EML_DEPTH_MAX || !slice_starts(buf_slice(&type), "multipart/") ||
        !eml_parameter(ret, "Content-Type", "boundary", &boundary)) {
        return false;
    }
    struct slice rest = ret->body;
    struct eml_part part;
    bool first = true;
    for (int i = 0; i < EML_PARTS_MAX && eml_next_part(&rest, buf_slice(&boundary), &first, &part);
         i++) {
        // A part stands as it was sent: its head and its body follow each other.
        const char *end = part.body.data + part.body.len;
        if (part.head.data && part.body.data && part.head.data <= part.body.data &&
            find_page(slice_make(part.head.data, (size_t)(end - part.head.data)), depth + 1, ret)) {
            return true;
        }
    }
    return false;
}

static int read_page(struct docx *d, struct slice bytes, struct slice charset)
{
    AUTO_BUF store = { .max = 1 };
    AUTO_BUF plain = BUF_INIT(2 * HTML_TEXT_MAX);
    struct html_options o = { .part = slice_of(d->place_name), .section = buf_slice(&d->section) };
    struct decoded text;
    struct html_tree tree;
    int rc = html_decode(bytes, charset, &store, &text);

    if (rc == 0 && html_is_xhtml(text.text)) {
        rc = html_from_xhtml(text.text, &plain);
        text.text = buf_slice(&plain);
    }
    rc = rc ? rc : html_parse(d->r, text.text, &tree);
    if (rc == 0) {
        d->text_bytes += html_has_content(&tree);
        rc = d->checking ? html_check_tree(d->r, &tree) : 0;
        rc = rc || d->quiet ? rc : html_walk(d->r, &tree, &o);
        html_free(&tree);
    }
    return rc;
}

static int unread(struct docx *d)
{
    return d->checking ? reader_finding(d->r, "structure.partial", NULL,
                             "A part of the document that is kept as a web page cannot be read.")
                       : 0;
}

int docx_chunk(struct docx *d, struct xml *x)
{
    const struct opc_rel *rel = opc_rel_by_id(&d->rels, xml_attr(x, NS_R, "id"));
    AUTO_BUF bytes = BUF_INIT(CHUNK_BYTES + 1);
    int rc;

    if (!rel || !rel->part || !ooxml_is_page(rel->part) || d->cell || d->hold > 0 ||
        d->box_depth > 0) {
        return 0;
    }
    struct slice type = slice_of(rel->part->type);
    bool message = slice_starts(type, "message/rfc822") || slice_starts(type, "multipart/related");
    rc = d->chunk_bytes > CHUNKS_BYTES ? ERR_TOO_LARGE
                                       : opc_part_read(&d->package, rel->part, CHUNK_BYTES, &bytes);
    if (rc == ERR_CORRUPT || rc == ERR_TOO_LARGE) {
        return unread(d);
    }
    d->chunk_bytes += bytes.len;
    if (rc != 0 || !message) {
        return rc ? rc : read_page(d, buf_slice(&bytes), slice_make(NULL, 0));
    }
    AUTO_BUF charset = BUF_INIT(EML_HEADER_MAX);
    AUTO_BUF page = BUF_INIT(EML_BODY_MAX);
    struct eml_part part;
    if (!find_page(buf_slice(&bytes), 0, &part)) {
        return unread(d);
    }
    eml_parameter(&part, "Content-Type", "charset", &charset);
    eml_decode_body(&part, &page);
    return buf_ok(&page) ? read_page(d, buf_slice(&page), slice_trim(buf_slice(&charset)))
                         : ERR_MEMORY;
}
