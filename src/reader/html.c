// SPDX-License-Identifier: AGPL-3.0-or-later
// HTML: the page as a person sees it. Places are the path of headings. Nothing is fetched, nothing is run; scripts, frames
// and pages that send people elsewhere are findings. The parts stand in html.h.
#include "reader/html.h"
#include "reader/txt_common.h"

#include "base/utf8.h"

struct inspection {
    size_t scripts, frames, plugins;
    bool refresh, words;
};

static bool runs(const GumboNode *n)
{
    const GumboVector *attrs = &n->v.element.attributes;

    if (n->v.element.tag == GUMBO_TAG_SCRIPT) {
        const char *type = html_attr(n, "type");
        return !type || !*type || strstr(type, "javascript") || strstr(type, "ecmascript") ||
               strcmp(type, "module") == 0;
    }
    for (unsigned i = 0; i < attrs->length; i++) {
        const GumboAttribute *a = attrs->data[i];
        struct slice value = slice_trim(slice_of(a->value));
        if ((a->name[0] == 'o' && a->name[1] == 'n' && value.len) ||
            (value.len > 11 &&
                slice_equal_nocase(slice_make(value.data, 11), SLICE_LIT("javascript:")))) {
            return true;
        }
    }
    return false;
}

static void inspect(struct inspection *in, const GumboNode *n, bool seen, int depth)
{
    const GumboVector *inside = html_children(n);

    seen = seen && !html_is_unseen(n);
    if (n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_CDATA) {
        in->words = in->words || (seen && !text_is_blank(slice_of(n->v.text.text)));
    }
    if (html_is_element(n)) {
        const char *equiv = html_attr(n, "http-equiv");
        GumboTag tag = n->v.element.tag;
        in->scripts += runs(n);
        in->frames += tag == GUMBO_TAG_IFRAME || tag == GUMBO_TAG_FRAME;
        in->plugins += tag == GUMBO_TAG_OBJECT || tag == GUMBO_TAG_EMBED || tag == GUMBO_TAG_APPLET;
        in->refresh =
            in->refresh || (equiv && slice_equal_nocase(slice_of(equiv), SLICE_LIT("refresh")) &&
                               html_attr(n, "content") && strchr(html_attr(n, "content"), '='));
        const char *alt = tag == GUMBO_TAG_IMG ? html_attr(n, "alt") : NULL;
        in->words = in->words || (seen && alt && !text_is_blank(slice_of(alt)));
    }
    for (unsigned i = 0; i < inside->length && depth < 2 * HTML_DEPTH_MAX; i++) {
        inspect(in, inside->data[i], seen, depth + 1);
    }
}

int html_check_tree(struct reader *r, const struct html_tree *t)
{
    struct inspection in = { 0 };
    int rc = 0;

    inspect(&in, t->output->root, true, 0);
    if (in.scripts) {
        rc = reader_finding(r, "active.script", NULL,
            "The page holds %zu script%s for web browsers.", in.scripts,
            in.scripts == 1 ? "" : "s");
    }
    if (rc == 0 && in.frames) {
        rc = reader_finding(r, "active.external", NULL,
            "The page shows %zu other page%s inside it.", in.frames, in.frames == 1 ? "" : "s");
    }
    if (rc == 0 && in.refresh) {
        rc = reader_finding(
            r, "active.external", NULL, "The page sends its visitors on to another page.");
    }
    if (rc == 0 && in.plugins) {
        rc = reader_finding(r, "active.control", NULL, "The page asks for %zu plug-in%s.",
            in.plugins, in.plugins == 1 ? "" : "s");
    }
    return rc;
}

bool html_has_content(const struct html_tree *t)
{
    struct inspection in = { 0 };

    inspect(&in, t->output->root, true, 0);
    return in.words;
}

void html_title(const struct html_tree *t, struct buf *b)
{
    const GumboVector *top = html_children(t->output->root);
    struct html_flow f = { .to = b };

    for (unsigned i = 0; i < top->length; i++) {
        const GumboVector *head =
            html_is(top->data[i], GUMBO_TAG_HEAD) ? html_children(top->data[i]) : NULL;
        for (unsigned k = 0; head && k < head->length; k++) {
            const GumboVector *words =
                html_is(head->data[k], GUMBO_TAG_TITLE) ? html_children(head->data[k]) : NULL;
            for (unsigned j = 0; words && j < words->length && b->len == 0; j++) {
                html_flow_node(&f, words->data[j], 0);
            }
        }
    }
}

// Decodes and parses the input. *text and *store hold what the tree lends.
static int load(struct reader *r, struct buf store[2], struct html_tree *t, struct decoded *d)
{
    int rc = html_decode(r->input, slice_make(NULL, 0), &store[0], d);
    struct slice text = d->text;

    if (rc == 0 && html_is_xhtml(text)) {
        buf_init(&store[1], 2 * HTML_TEXT_MAX);
        rc = html_from_xhtml(text, &store[1]);
        text = buf_slice(&store[1]);
    }
    return rc ? rc : html_parse(r, text, t);
}

static int report_text(struct reader *r, const struct decoded *d)
{
    int rc = reader_info_text(r, "encoding", d->encoding);

    if (rc == 0 && d->guessed) {
        rc = reader_finding(r, "text.encoding", NULL,
            "The page does not say how its characters are encoded; it was read as %s.",
            d->encoding);
    }
    if (rc == 0 && d->bad) {
        rc = reader_finding(r, "text.damaged", NULL,
            "%zu characters of the page could not be read as %s.", d->bad, d->encoding);
    }
    return rc;
}

static int html_check(struct reader *r, struct error *err)
{
    struct buf store[2] = { BUF_INIT(1), BUF_INIT(1) };
    struct html_tree t = { .output = NULL };
    struct decoded d = { .encoding = "utf-8" };
    int rc = load(r, store, &t, &d);

    if (rc == 0) {
        rc = report_text(r, &d);
        rc = rc ? rc : html_check_tree(r, &t);
        if (rc == 0 && !html_has_content(&t)) {
            rc = reader_finding(r, "structure.no_content", NULL, "The page shows no words.");
        }
    }
    html_free(&t);
    buf_done(&store[0]);
    buf_done(&store[1]);
    return rc == ERR_REFUSED ? 0 : rc ? error_set(err, rc, "The page could not be checked.") : 0;
}

static int html_read(struct reader *r, struct error *err)
{
    struct buf store[2] = { BUF_INIT(1), BUF_INIT(1) };
    struct html_tree t = { .output = NULL };
    struct decoded d = { .encoding = "utf-8" };
    int64_t headings = 0;
    struct html_options o = { .part = SLICE_LIT("document"), .title = true, .headings = &headings };
    int rc = load(r, store, &t, &d);

    if (rc == 0) {
        rc = html_walk(r, &t, &o);
        rc = rc ? rc : text_end(r);
        rc = rc ? rc : reader_progress(r, headings, headings);
    }
    html_free(&t);
    buf_done(&store[0]);
    buf_done(&store[1]);
    return rc == ERR_REFUSED ? 0
           : rc              ? error_set(err, rc, "The page could not be read to its end.")
                             : 0;
}

const struct reader_format format_html = { FORMAT_HTML, html_check, html_read, NULL };
