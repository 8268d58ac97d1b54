// SPDX-License-Identifier: AGPL-3.0-or-later
// EPUB 2 and 3: the chapters of a book in the order of its spine, each through the HTML reader. Places are the file of the
// chapter inside the book and the path of headings, which begins with the chapter's title: what the table of contents
// (nav document or NCX) calls it, else its first heading.
//
// Fonts that are only made unreadable are no encryption; chapters that are encrypted refuse the book. Limits: those of a
// package, CHAPTERS_MAX, CHAPTER_BYTES of one chapter.
#include "reader/html.h"
#include "reader/txt_common.h"
#include "reader/xml.h"

#include "base/utf8.h"

#include <ctype.h>
#include <stdlib.h>

enum {
    CHAPTERS_MAX = 5000,
    ITEMS_MAX = 20000,
    CHAPTER_BYTES = 64 << 20,
    BOOK_ARENA = 32 << 20,
    TITLE_BYTES = 300
};

struct item { // of the manifest
    const struct opc_part *part;
    bool page; // HTML
};

struct chapter_title {
    const char *text;
    bool inside; // of an entry for a place inside the file: the file's own, if it is the only one
};

struct epub {
    struct reader *r;
    struct opc package;
    struct arena arena;
    const struct opc_part *opf;
    struct map items; // id → struct item
    struct map titles; // name of a part → struct chapter_title
    const struct opc_part **chapters;
    size_t count;
    const struct opc_part *nav, *ncx;
};

static int refuse(struct epub *b, const char *code, const char *text)
{
    int rc = reader_finding(b->r, code, NULL, "%s", text);
    return rc ? rc : ERR_REFUSED;
}

static int hex(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10
                                        : -1;
}

// The part that a reference names, seen from the part that it stands in; NULL if there is none.
static const struct opc_part *resolve(
    const struct epub *b, const struct opc_part *from, const char *href)
{
    char raw[2 * OPC_NAME_MAX], clean[2 * OPC_NAME_MAX];
    const char *slash = strrchr(from->name, '/');
    size_t n = slash ? (size_t)(slash - from->name) + 1 : 0, to = 0;
    struct slice rest, piece;

    if (n >= OPC_NAME_MAX || strstr(href, "://")) {
        return NULL;
    }
    memcpy(raw, from->name, n);
    for (const char *at = href; *at && *at != '#' && *at != '?' && n + 1 < sizeof(raw); at++) {
        bool coded = *at == '%' && hex(at[1]) >= 0 && hex(at[2]) >= 0;
        raw[n++] = coded ? (char)(hex(at[1]) << 4 | hex(at[2])) : *at;
        at += coded ? 2 : 0;
    }
    raw[n] = '\0';
    rest = slice_of(raw);
    while (slice_cut(&rest, '/', &piece)) {
        if (slice_is(piece, "..")) {
            while (to > 0 && clean[--to] != '/') {
            }
        } else if (piece.len && !slice_is(piece, ".") && to + piece.len + 2 < sizeof(clean)) {
            if (to) {
                clean[to++] = '/';
            }
            memcpy(clean + to, piece.data, piece.len);
            to += piece.len;
        }
    }
    clean[to] = '\0';
    return to ? opc_find(&b->package, clean) : NULL;
}

// META-INF/container.xml says where the package document is.
static int find_opf(struct epub *b)
{
    const struct opc_part *part = opc_find(&b->package, "META-INF/container.xml");
    struct opc_part root = { .name = "" };
    struct xml x;
    int rc;

    if (!part) {
        return refuse(b, "type.mismatch",
            "The name says an EPUB book, but the content is another ZIP archive.");
    }
    rc = xml_open(&x, &b->package, part, true);
    if (rc != 0) {
        return rc;
    }
    while (!b->opf && xml_next(&x)) {
        const char *path =
            xml_start(&x, NS_CONTAINER, "rootfile") ? xml_attr(&x, NS_NONE, "full-path") : NULL;
        b->opf = path ? resolve(b, &root, path) : NULL;
    }
    rc = xml_close(&x);
    return rc       ? rc
           : b->opf ? 0
                    : refuse(b, "structure.corrupt",
                          "The book is damaged: the list of its chapters is missing.");
}

static int take_item(struct epub *b, struct xml *x)
{
    const char *id = xml_attr(x, NS_NONE, "id"), *href = xml_attr(x, NS_NONE, "href"),
               *type = xml_attr(x, NS_NONE, "media-type"),
               *properties = xml_attr(x, NS_NONE, "properties");
    const struct opc_part *part = href ? resolve(b, b->opf, href) : NULL;
    struct item *item = part && id ? arena_alloc(&b->arena, sizeof(*item)) : NULL;

    if (!item) {
        return part && id ? ERR_MEMORY : 0;
    }
    item->part = part;
    item->page = type && (strstr(type, "html") || strstr(type, "x-dtbook"));
    b->nav = properties && slice_among(SLICE_LIT("nav"), properties) ? part : b->nav;
    b->ncx = type && strstr(type, "x-dtbncx") ? part : b->ncx;
    int rc = map_put(&b->items, slice_of(id), item);
    return rc == ERR_LIMIT ? 0 : rc;
}

static int take_property(struct epub *b, struct xml *x, const char *key, bool *done)
{
    AUTO_BUF text = BUF_INIT(64 << 10);

    xml_collect(x, &text);
    if (*done) {
        return 0;
    }
    *done = true;
    return reader_info_text(b->r, key, text.data);
}

// Title, author, manifest and spine.
static int load_opf(struct epub *b, bool properties)
{
    bool title = !properties, author = !properties;
    struct xml x;
    int rc = xml_open(&x, &b->package, b->opf, true), end;

    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && xml_next(&x)) {
        if (xml_start(&x, NS_DC, "title")) {
            rc = take_property(b, &x, "title", &title);
        } else if (xml_start(&x, NS_DC, "creator")) {
            rc = take_property(b, &x, "author", &author);
        } else if (xml_start(&x, NS_OPF, "item")) {
            rc = take_item(b, &x);
        } else if (xml_start(&x, NS_OPF, "itemref") && b->count < CHAPTERS_MAX) {
            const char *id = xml_attr(&x, NS_NONE, "idref");
            const struct item *item = id ? map_find(&b->items, slice_of(id)) : NULL;
            if (item && item->page) {
                b->chapters[b->count++] = item->part;
            }
        }
    }
    end = xml_close(&x);
    rc = rc ? rc : end;
    return rc ? rc
           : b->count
               ? 0
               : refuse(b, "structure.corrupt", "The book is damaged: it names no chapters.");
}

// Chapters that are encrypted; fonts often are, which is no harm.
static int check_encryption(struct epub *b)
{
    const struct opc_part *part = opc_find(&b->package, "META-INF/encryption.xml");
    struct opc_part root = { .name = "" };
    bool locked = false;
    struct xml x;
    int rc = part ? xml_open(&x, &b->package, part, false) : 1;

    if (rc != 0) {
        return rc == 1 ? 0 : rc;
    }
    while (!locked && xml_next(&x)) {
        const char *uri =
            xml_start(&x, NS_XENC, "CipherReference") ? xml_attr(&x, NS_NONE, "URI") : NULL;
        const struct opc_part *what = uri ? resolve(b, &root, uri) : NULL;
        for (size_t i = 0; what && i < b->count && !locked; i++) {
            locked = b->chapters[i] == what;
        }
    }
    rc = xml_close(&x);
    return rc       ? rc
           : locked ? refuse(b, "structure.encrypted",
                          "The chapters of the book are encrypted, so it cannot be read.")
                    : 0;
}

static int epub_open(struct epub *b, struct reader *r, bool properties, struct error *err)
{
    int rc;

    *b = (struct epub){ .r = r };
    rc = opc_open(&b->package, r, OPC_BOOK, err);
    if (rc != 0) {
        return rc;
    }
    arena_init(&b->arena, BOOK_ARENA);
    map_init(&b->items, ITEMS_MAX);
    map_init(&b->titles, ITEMS_MAX);
    b->chapters = xalloc(CHAPTERS_MAX * sizeof(*b->chapters));
    rc = find_opf(b);
    rc = rc ? rc : load_opf(b, properties);
    return rc ? rc : check_encryption(b);
}

static void epub_close(struct epub *b)
{
    opc_close(&b->package);
    arena_done(&b->arena);
    map_done(&b->items);
    map_done(&b->titles);
    free(b->chapters);
}

// A part as a tree. bytes, store and plain hold what the tree lends.
struct page {
    struct buf bytes, store, plain;
    struct html_tree tree;
};

static void page_close(struct page *p)
{
    html_free(&p->tree);
    buf_done(&p->bytes);
    buf_done(&p->store);
    buf_done(&p->plain);
}

static int page_open(struct epub *b, const struct opc_part *part, struct page *p)
{
    struct decoded d;
    int rc;

    *p = (struct page){ .store = { .max = 1 } };
    buf_init(&p->bytes, CHAPTER_BYTES + 1);
    buf_init(&p->plain, 2 * HTML_TEXT_MAX);
    rc = opc_part_read(&b->package, part, CHAPTER_BYTES, &p->bytes);
    rc = rc ? rc : html_decode(buf_slice(&p->bytes), slice_make(NULL, 0), &p->store, &d);
    rc = rc ? rc : html_from_xhtml(d.text, &p->plain);
    rc = rc ? rc : html_parse(b->r, buf_slice(&p->plain), &p->tree);
    if (rc == ERR_CORRUPT || rc == ERR_TOO_LARGE) {
        rc = reader_finding(
            b->r, "structure.partial", NULL, "A chapter of the book cannot be read.");
        rc = rc ? rc : ERR_NOT_FOUND;
    }
    if (rc != 0) {
        page_close(p);
    }
    return rc;
}

static int keep_title(
    struct epub *b, const struct opc_part *from, const char *href, struct slice words)
{
    const struct opc_part *part = href ? resolve(b, from, href) : NULL;
    struct chapter_title *title = part ? map_find(&b->titles, slice_of(part->name)) : NULL;

    words = slice_trim(utf8_prefix(words, TITLE_BYTES));
    if (!part || words.len == 0) {
        return 0;
    }
    if (title) { // several entries for one file: its headings tell them apart
        title->text = title->inside ? "" : title->text;
        return 0;
    }
    title = arena_alloc(&b->arena, sizeof(*title));
    if (title) {
        *title = (struct chapter_title){ arena_strndup(&b->arena, words.data, words.len),
            strchr(href, '#') != NULL };
    }
    int rc = title && title->text ? map_put(&b->titles, slice_of(part->name), title) : ERR_MEMORY;
    return rc == ERR_LIMIT ? 0 : rc;
}

static int nav_links(struct epub *b, const GumboNode *n, int depth)
{
    const GumboVector *inside = html_children(n);
    int rc = 0;

    if (html_is(n, GUMBO_TAG_A)) {
        AUTO_BUF words = BUF_INIT(64 << 10);
        struct html_flow f = { .to = &words };
        html_flow_node(&f, n, 0);
        return keep_title(b, b->nav, html_attr(n, "href"), buf_slice(&words));
    }
    for (unsigned i = 0; i < inside->length && rc == 0 && depth < HTML_DEPTH_MAX; i++) {
        rc = nav_links(b, inside->data[i], depth + 1);
    }
    return rc;
}

static int ncx_titles(struct epub *b)
{
    AUTO_BUF words = BUF_INIT(64 << 10);
    struct xml x;
    int rc = xml_open(&x, &b->package, b->ncx, false), end;

    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && xml_next(&x)) {
        if (xml_start(&x, NS_NCX, "navLabel")) {
            buf_reset(&words);
            xml_collect(&x, &words);
        } else if (xml_start(&x, NS_NCX, "content")) {
            rc = keep_title(b, b->ncx, xml_attr(&x, NS_NONE, "src"), buf_slice(&words));
        }
    }
    end = xml_close(&x);
    return rc ? rc : end;
}

static int load_titles(struct epub *b)
{
    struct page p;
    int rc = b->nav ? page_open(b, b->nav, &p) : ERR_NOT_FOUND;

    if (rc == 0) {
        rc = nav_links(b, p.tree.output->root, 0);
        page_close(&p);
    } else if (rc == ERR_NOT_FOUND && b->ncx) {
        rc = ncx_titles(b);
    }
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int epub_check(struct reader *r, struct error *err)
{
    struct epub b;
    bool words = false;
    int rc = epub_open(&b, r, true, err);

    for (size_t i = 0; i < b.count && rc == 0; i++) {
        struct page p;
        rc = page_open(&b, b.chapters[i], &p);
        if (rc == 0) {
            words = words || html_has_content(&p.tree);
            rc = html_check_tree(r, &p.tree);
            page_close(&p);
        }
        rc = rc == ERR_NOT_FOUND ? 0 : rc;
    }
    if (rc == 0 && !words) {
        rc = reader_finding(r, "structure.no_content", NULL, "The book holds no words.");
    }
    rc = rc ? rc : reader_info_number(r, "chapters", (double)b.count);
    epub_close(&b);
    return rc == ERR_REFUSED ? 0 : rc ? error_set(err, rc, "The book could not be checked.") : 0;
}

static int epub_read(struct reader *r, struct error *err)
{
    struct epub b;
    int rc = epub_open(&b, r, true, err);

    rc = rc ? rc : load_titles(&b);
    for (size_t i = 0; i < b.count && rc == 0; i++) {
        const struct chapter_title *title = map_find(&b.titles, slice_of(b.chapters[i]->name));
        struct html_options o = { .part = slice_of(b.chapters[i]->name),
            .section = slice_of(title ? title->text : "") };
        struct page p;
        rc = page_open(&b, b.chapters[i], &p);
        if (rc == 0) {
            rc = html_walk(r, &p.tree, &o);
            page_close(&p);
        }
        rc = rc == ERR_NOT_FOUND ? 0 : rc;
        rc = rc ? rc : reader_progress(r, (int64_t)i + 1, (int64_t)b.count);
    }
    rc = rc ? rc : text_end(r);
    epub_close(&b);
    return rc == ERR_REFUSED ? 0
           : rc              ? error_set(err, rc, "The book could not be read to its end.")
                             : 0;
}

const struct reader_format format_epub = { FORMAT_EPUB, epub_check, epub_read, NULL };
