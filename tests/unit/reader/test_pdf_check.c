// SPDX-License-Identifier: AGPL-3.0-or-later
// PDF: what is let in, what is refused, what is named.
#include "pdf_test.h"

#include <time.h>
#include <zlib.h>

#define HELLO "BT /F 12 Tf 72 700 Td (Hello to all of you) Tj ET"

static void check(struct seen *s, struct pdf *p)
{
    assert_int_equal(pdf_run(s, pdf_end(p), CHECK, 0, 0), 0);
}

static void finish(struct seen *s, struct pdf *p)
{
    seen_done(s);
    buf_done(&p->bytes);
}

static void a_plain_document_has_no_findings(void **state)
{
    struct seen s = { 0 };
    struct pdf p;
    (void)state;
    pdf_begin(&p);
    pdf_object(&p, 6, "<</Title(Fryer manual)/Author(Kitchen)>>");
    strcpy(p.trailer, "/Info 6 0 R");
    pdf_page(&p, HELLO);
    check(&s, &p);
    expect_not_in(&s, "finding");
    expect_in(&s, "info pages=1\n");
    expect_in(&s, "info title=Fryer manual\n");
    expect_in(&s, "info author=Kitchen\n");
    expect_in(&s, "info encrypted=0\n");
    expect_in(&s, "info pdf_version=1.7\n");
    finish(&s, &p);
}

static void expect_refused(const char *bytes, size_t len, const char *code)
{
    struct seen s = { 0 };
    assert_int_equal(pdf_run(&s, slice_make(bytes, len), CHECK, 0, 0), 0);
    expect_in(&s, code);
    seen_done(&s);
    assert_int_equal(pdf_run(&s, slice_make(bytes, len), READ, 0, 0), 0);
    expect_in(&s, code);
    seen_done(&s);
}

static void what_is_no_pdf_is_corrupt(void **state)
{
    static const char text[] = "Just a note, no more than that.";
    static const char no_pages[] =
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count "
        "0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF";
    static const char no_root[] =
        "%PDF-1.4\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Size 3>>\n%%EOF";
    (void)state;
    expect_refused(text, sizeof(text) - 1, "finding structure.corrupt");
    expect_refused("%PDF-1.4\n", 9, "finding structure.truncated");
    expect_refused("", 0, "finding structure.corrupt");
    expect_refused(no_pages, sizeof(no_pages) - 1, "finding structure.corrupt");
    expect_refused(no_root, sizeof(no_root) - 1, "finding structure.corrupt");
}

static void a_broken_index_is_repaired(void **state)
{
    struct seen s = { 0 };
    struct pdf p;
    (void)state;
    pdf_begin(&p);
    pdf_page(&p, HELLO);
    struct slice all = pdf_end(&p);
    char *xref = strstr(p.bytes.data, "xref\n0");
    memcpy(xref, "xxxx", 4);
    assert_int_equal(pdf_run(&s, all, CHECK, 0, 0), 0);
    expect_in(&s, "finding structure.repaired");
    expect_not_in(&s, "structure.corrupt");
    seen_done(&s);
    assert_int_equal(pdf_run(&s, all, READ, 0, 0), 0);
    expect_in(&s, "paragraph 0 page 1 Hello to all of you\n");
    finish(&s, &p);
}

static void a_password_is_needed(void **state)
{
    struct seen s = { 0 };
    struct pdf p;
    (void)state;
    pdf_begin(&p);
    strcpy(p.trailer, "/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4"
                      "/O<0102030405060708091011121314151617181920212223242526272829303132>"
                      "/U<0102030405060708091011121314151617181920212223242526272829303132>>>");
    pdf_page(&p, HELLO);
    check(&s, &p);
    expect_in(&s, "finding structure.encrypted");
    finish(&s, &p);
}

static void odd_page_counts_are_refused_or_told(void **state)
{
    struct seen s = { 0 };
    struct pdf p;
    (void)state;
    pdf_begin(&p);
    p.page_count_said = "-2147483648";
    pdf_page(&p, HELLO);
    check(&s, &p);
    expect_in(&s, "finding structure.corrupt");
    finish(&s, &p);
    pdf_begin(&p);
    p.page_count_said = "7";
    pdf_page(&p, HELLO);
    check(&s, &p);
    expect_in(&s, "finding structure.repaired");
    expect_in(&s, "info pages=1\n");
    finish(&s, &p);
}

static void loops_end(void **state)
{
    struct seen s = { 0 };
    struct pdf p;
    (void)state;
    pdf_begin(&p);
    pdf_object(&p, 2, "<</Type/Pages/Kids[2 0 R 10 0 R 2 0 R]/Count 3/Parent 2 0 R>>");
    strcpy(p.catalog, "/Outlines 6 0 R/Names<</JavaScript 7 0 R/EmbeddedFiles 7 0 "
                      "R>>/AcroForm<</Fields[8 0 R]>>");
    pdf_object(&p, 6, "<</First 6 0 R/Next 6 0 R/Title(again)>>");
    pdf_object(&p, 7, "<</Kids[7 0 R 7 0 R]>>");
    pdf_object(&p, 8, "<</Kids[8 0 R 8 0 R]/Parent 8 0 R>>");
    strcpy(p.resources, "/XObject<</X 9 0 R>>");
    pdf_object(&p, 9,
        "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 9 0 R>>>>/Length "
        "5>>stream\n/X Do\nendstream");
    pdf_page(&p, HELLO " /X Do");
    struct slice all = pdf_end(&p);
    assert_int_equal(pdf_run(&s, all, CHECK, 0, 0), 0);
    expect_in(&s, "finding structure.repaired");
    seen_done(&s);
    assert_int_equal(pdf_run(&s, all, READ, 0, 0), 0);
    expect_in(&s, "paragraph 0 page 1 Hello to all of you\n");
    seen_done(&s);
    assert_int_equal(pdf_run(&s, all, RENDER, 1, 100), 0);
    expect_in(&s, "image page image/png");
    finish(&s, &p);
}

static void forms_that_multiply_end_in_time(void **state)
{
    struct seen s = { 0 };
    struct pdf p;
    struct timespec begin, end;
    (void)state;
    pdf_begin(&p);
    for (int i = 0; i < 12; i++) { // ten to the twelfth
        AUTO_BUF calls = BUF_INIT(1000);
        for (int k = 0; k < 10; k++) {
            buf_addf(&calls, "/X%d Do ", i + 1);
        }
        pdf_object(&p, 20 + i,
            "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X%d %d 0 "
            "R>>>>/Length %zu>>stream\n%s\nendstream",
            i + 1, 21 + i, calls.len, calls.data);
    }
    pdf_object(&p, 32, "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 0>>stream\n\nendstream");
    strcpy(p.resources, "/XObject<</X0 20 0 R>>");
    pdf_page(&p, HELLO " /X0 Do");
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    check(&s, &p);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    assert_true(end.tv_sec - begin.tv_sec < 5);
    expect_in(&s, "finding structure.partial page 1");
    finish(&s, &p);
}

static void bombs_are_seen_before_they_go_off(void **state)
{
    struct seen s = { 0 };
    struct pdf p;
    (void)state;
    enum { PLAIN = 128 << 20 };
    z_stream z = { 0 };
    unsigned char *packed = malloc(1 << 20), blank[4096];
    memset(blank, ' ', sizeof(blank));
    assert_int_equal(deflateInit(&z, 9), Z_OK);
    z.next_out = packed;
    z.avail_out = 1 << 20;
    for (int i = 0; i < PLAIN / (int)sizeof(blank); i++) {
        z.next_in = blank;
        z.avail_in = sizeof(blank);
        assert_int_equal(deflate(&z, Z_NO_FLUSH), Z_OK);
    }
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    pdf_begin(&p);
    p.at[6] = p.bytes.len;
    buf_addf(&p.bytes, "6 0 obj\n<</Filter/FlateDecode/Length %lu>>stream\n", z.total_out);
    buf_add(&p.bytes, packed, z.total_out);
    buf_add_str(&p.bytes, "\nendstream\nendobj\n");
    pdf_object(&p, 7, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 6 0 R>>");
    p.pages[p.page_count++] = 7;
    check(&s, &p);
    expect_in(&s, "finding bomb.ratio page 1");
    finish(&s, &p);
    deflateEnd(&z);
    free(packed);

    pdf_begin(&p);
    pdf_object(&p, 6,
        "<</Type/XObject/Subtype/Image/Width 100000/Height 100000/BitsPerComponent "
        "1/ColorSpace/DeviceGray/Filter/JBIG2Decode/Length 4>>stream\njunk\nendstream");
    strcpy(p.resources, "/XObject<</I 6 0 R>>");
    pdf_page(&p, HELLO);
    check(&s, &p);
    expect_in(&s, "finding bomb.pixels page 1");
    finish(&s, &p);
}

static void active_parts_are_named_with_their_page(void **state)
{
    struct seen s = { 0 };
    struct pdf p;
    (void)state;
    pdf_begin(&p);
    strcpy(p.catalog, "/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>/Names<</EmbeddedFiles<</"
                      "Names[(a)<</F(invoice.exe)/EF<</F 6 0 R>>>>]>>>>");
    pdf_object(&p, 6, "<</Length 2>>stream\nMZ\nendstream");
    pdf_page(&p, HELLO);
    strcpy(p.page_extra,
        "/AA<</O<</S/Launch/F(cmd.exe)>>>>/Annots["
        "<</Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(https://example.org)>>>>"
        "<</Subtype/Link/Rect[0 0 9 9]/A<</S/GoToR/F(other.pdf)>>>>"
        "<</Subtype/Widget/Rect[0 0 9 9]/A<</S/SubmitForm/F(https://example.org)>>>>]");
    pdf_page(&p, HELLO);
    check(&s, &p);
    expect_in(&s, "finding active.script page 0");
    expect_in(&s, "finding embedded.file page 0: The PDF carries the file \"invoice.exe\".");
    expect_in(&s, "finding active.launch page 2");
    expect_in(&s, "finding active.external page 2");
    expect_in(&s, "finding active.submit page 2");
    finish(&s, &p);
}

static void ordinary_links_are_normal(void **state)
{
    struct seen s = { 0 };
    struct pdf p;
    (void)state;
    pdf_begin(&p);
    strcpy(p.catalog, "/OpenAction[10 0 R/Fit]");
    strcpy(p.page_extra,
        "/Annots[<</Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(https://example.org)>>>>]");
    pdf_page(&p, HELLO);
    check(&s, &p);
    expect_not_in(&s, "finding");
    finish(&s, &p);
}

static void forms_and_xfa_are_told(void **state)
{
    struct seen s = { 0 };
    struct pdf p;
    (void)state;
    pdf_begin(&p);
    strcpy(p.catalog, "/AcroForm<</XFA 6 0 R/Fields[<</FT/Sig/V<</Type/Sig>>>>]>>");
    pdf_object(&p, 6, "<</Length 4>>stream\n<x/>\nendstream");
    pdf_page(&p, HELLO);
    check(&s, &p);
    expect_in(&s, "finding active.form");
    expect_in(&s, "finding structure.signed");
    finish(&s, &p);
}

static void blank_pages_of_a_sound_document_are_fine(void **state)
{
    struct seen s = { 0 };
    struct pdf p;
    (void)state;
    pdf_begin(&p);
    pdf_page(&p, "");
    check(&s, &p);
    expect_not_in(&s, "finding");
    finish(&s, &p);
}

static void every_cut_of_a_document_ends_well(void **state)
{
    struct pdf p;
    (void)state;
    pdf_begin(&p);
    pdf_page(&p, HELLO);
    struct slice all = pdf_end(&p);
    for (size_t len = 0; len < all.len; len += 13) {
        struct seen s = { 0 };
        assert_int_equal(pdf_run(&s, slice_make(all.data, len), CHECK, 0, 0), 0);
        seen_done(&s);
        assert_int_equal(pdf_run(&s, slice_make(all.data, len), READ, 0, 0), 0);
        seen_done(&s);
    }
    buf_done(&p.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_document_has_no_findings),
        cmocka_unit_test(what_is_no_pdf_is_corrupt),
        cmocka_unit_test(a_broken_index_is_repaired),
        cmocka_unit_test(a_password_is_needed),
        cmocka_unit_test(odd_page_counts_are_refused_or_told),
        cmocka_unit_test(loops_end),
        cmocka_unit_test(forms_that_multiply_end_in_time),
        cmocka_unit_test(bombs_are_seen_before_they_go_off),
        cmocka_unit_test(active_parts_are_named_with_their_page),
        cmocka_unit_test(ordinary_links_are_normal),
        cmocka_unit_test(forms_and_xfa_are_told),
        cmocka_unit_test(blank_pages_of_a_sound_document_are_fine),
        cmocka_unit_test(every_cut_of_a_document_ends_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
