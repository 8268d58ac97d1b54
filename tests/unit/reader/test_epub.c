// SPDX-License-Identifier: AGPL-3.0-or-later
// EPUB: chapters in the order of the spine, titled by the table of contents.
#include "ooxml_test.h"

#define CONTAINER                                                                                  \
    "<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container'><rootfiles><rootfile "     \
    "full-path='O/book.opf'/></rootfiles></container>"
#define OPF(spine)                                                                                 \
    "<package xmlns='http://www.idpf.org/2007/opf' "                                               \
    "xmlns:dc='http://purl.org/dc/elements/1.1/'><metadata><dc:title>Book</dc:title></"            \
    "metadata><manifest>"                                                                          \
    "<item id='n' href='nav.xhtml' media-type='application/xhtml+xml' properties='x nav'/><item "  \
    "id='x' href='toc.ncx' media-type='application/x-dtbncx+xml'/>"                                \
    "<item id='b' href='t/b%201.xhtml' media-type='application/xhtml+xml'/><item id='a' "          \
    "href='t/../a.xhtml' media-type='application/xhtml+xml'/>"                                     \
    "<item id='c' href='c.css' media-type='text/css'/></manifest><spine toc='x'>" spine            \
    "</spine></package>"
#define PAGE(body)                                                                                 \
    "<?xml version='1.0'?><!DOCTYPE html><html "                                                   \
    "xmlns='http://www.w3.org/1999/xhtml'><head><title/></head><body>" body "</body></html>"

static char *book(enum pass pass, const char *const *more)
{
    struct package_writer w;
    package_begin(&w);
    package_add(&w, "mimetype", "application/epub+zip", 20);
    package_add(&w, "META-INF/container.xml", CONTAINER, strlen(CONTAINER));
    for (; *more; more += 2) {
        package_add(&w, more[0], more[1], strlen(more[1]));
    }
    return seen(package_end(&w), FORMAT_EPUB, pass);
}

#define SPINE "<itemref idref='a'/><itemref idref='b'/><itemref idref='gone'/><itemref idref='c'/>"
#define A PAGE("<a id='x'/><h1>One</h1><p>first</p>")
#define B PAGE("<p>second</p><h2>Part</h2><p>third</p>")

static void chapters_follow_the_spine(void **state)
{
    (void)state;
    AUTO_FREE char *out = book(READ, (const char *const[]){ "O/book.opf", OPF(SPINE), "O/a.xhtml",
                                         A, "O/t/b 1.xhtml", B, "O/nav.xhtml",
                                         PAGE("<nav><ol><li><a href='a.xhtml'>One</a></li><li><a "
                                              "href='t/b%201.xhtml#p'>Two</a></li></ol></nav>"),
                                         NULL });
    expect_text(out, "info title=Book\n");
    expect_text(out, "heading 1 {O/a.xhtml; One} One\nparagraph 0 {O/a.xhtml; One} first\n");
    expect_text(out, "paragraph 0 {O/t/b 1.xhtml; Two} second\nheading 2 {O/t/b 1.xhtml; Two} "
                     "Part\nparagraph 0 {O/t/b 1.xhtml; Two > Part} third\n");
}

static void an_old_table_of_contents_will_do(void **state)
{
    static const char ncx[] = "<!DOCTYPE ncx PUBLIC '-//NISO//DTD ncx 2005-1//EN' 'ncx.dtd'><ncx "
                              "xmlns='http://www.daisy.org/z3986/2005/ncx/'><navMap><navPoint>"
                              "<navLabel><text>Old</text></navLabel><content "
                              "src='t/b%201.xhtml'/></navPoint></navMap></ncx>";
    (void)state;
    AUTO_FREE char *out = book(READ, (const char *const[]){ "O/book.opf", OPF(SPINE), "O/a.xhtml",
                                         A, "O/t/b 1.xhtml", B, "O/toc.ncx", ncx, NULL });
    expect_text(out, "paragraph 0 {O/t/b 1.xhtml; Old} second\n");
}

static void what_is_wrong_is_told(void **state)
{
    static const char locked[] =
        "<encryption "
        "xmlns:e='http://www.w3.org/2001/04/"
        "xmlenc#'><e:EncryptedData><e:CipherData><e:CipherReference URI='O/a.xhtml'/>"
        "</e:CipherData></e:EncryptedData></encryption>";
    static const char font[] =
        "<encryption xmlns:e='http://www.w3.org/2001/04/xmlenc#'><e:CipherReference "
        "URI='O/c.css'/></encryption>";
    (void)state;
    AUTO_FREE char *encrypted =
        book(CHECK, (const char *const[]){ "O/book.opf", OPF(SPINE), "O/a.xhtml", A,
                        "META-INF/encryption.xml", locked, NULL });
    expect_text(encrypted, "finding structure.encrypted");
    AUTO_FREE char *fine =
        book(CHECK, (const char *const[]){ "O/book.opf", OPF(SPINE), "O/a.xhtml", A, "O/c.css", "x",
                        "META-INF/encryption.xml", font, NULL });
    expect_no_text(fine, "finding");
    expect_text(fine, "info chapters=1\n");
    AUTO_FREE char *empty =
        book(CHECK, (const char *const[]){ "O/book.opf", OPF(""), "O/a.xhtml", A, NULL });
    expect_text(empty, "finding structure.corrupt");
    AUTO_FREE char *lost = book(CHECK, (const char *const[]){ "O/a.xhtml", A, NULL });
    expect_text(lost, "finding structure.corrupt");
    AUTO_FREE char *script = book(CHECK, (const char *const[]){ "O/book.opf", OPF(SPINE),
                                             "O/a.xhtml", PAGE("<script>x</script>a"), NULL });
    expect_text(script, "finding active.script");
    AUTO_FREE char *blank = book(
        CHECK, (const char *const[]){ "O/book.opf", OPF(SPINE), "O/a.xhtml", PAGE(" "), NULL });
    expect_text(blank, "finding structure.no_content");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chapters_follow_the_spine),
        cmocka_unit_test(an_old_table_of_contents_will_do),
        cmocka_unit_test(what_is_wrong_is_told),
    };
    return cmocka_run_group_tests_name("reader/epub", tests, NULL, NULL);
}
