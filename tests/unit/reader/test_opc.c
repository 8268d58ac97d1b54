// SPDX-License-Identifier: AGPL-3.0-or-later
// Packages: what is refused and why, bombs of every kind, names and relationships, macros and outside references.
#include "ooxml_test.h"

#include "reader/opc.h"
#include "reader/opc_zip.h"
#include "reader/xml.h"

#define W "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\""
#define DOCUMENT(body) "<w:document " W "><w:body>" body "</w:body></w:document>"
#define PARAGRAPH "<w:p><w:r><w:t>text</w:t></w:r></w:p>"

static struct package word(const char *const *parts)
{
    return package_of("word/document.xml", WORD_TYPE, parts);
}

static struct package plain(void)
{
    const char *const parts[] = { "word/document.xml", DOCUMENT(PARAGRAPH), NULL };
    return word(parts);
}

static void expect_only(struct package p, enum format_id id, const char *code)
{
    AUTO_FREE char *check =
        seen((struct package){ memcpy(malloc(p.len + 1), p.bytes, p.len), p.len }, id, CHECK);
    AUTO_FREE char *read = seen(p, id, READ);
    AUTO_FREE char *want = xasprintf("finding %s ", code);
    expect_text(check, want);
    expect_text(read, want);
    expect_no_text(read, "paragraph");
    if (strcmp(code, "type.mismatch") != 0) {
        expect_no_text(check, "type.mismatch");
    }
}

static struct package raw(const char *bytes, size_t len)
{
    struct package p = { malloc(len ? len : 1), len };
    memcpy(p.bytes, bytes, len);
    return p;
}

static void a_good_package_has_no_findings(void **state)
{
    (void)state;
    AUTO_FREE char *check = seen(plain(), FORMAT_DOCX, CHECK);
    expect_no_text(check, "finding");
    AUTO_FREE char *read = seen(plain(), FORMAT_DOCX, READ);
    expect_text(read, "paragraph 0 {document} text\n");
}

static void a_cut_file_is_truncated_at_every_length(void **state)
{
    (void)state;
    struct package p = plain();
    for (size_t len = 4; len + 22 < p.len; len += 7) {
        expect_only(raw(p.bytes, len), FORMAT_DOCX, "structure.truncated");
    }
    free(p.bytes);
}

static void what_is_no_zip_is_a_mismatch(void **state)
{
    (void)state;
    expect_only(raw("hello, this is a text and nothing else", 38), FORMAT_DOCX, "type.mismatch");
    expect_only(raw("", 0), FORMAT_DOCX, "type.mismatch");
}

static void an_empty_zip_is_corrupt(void **state)
{
    (void)state;
    char end[22] = "PK\5\6";
    expect_only(raw(end, sizeof(end)), FORMAT_DOCX, "structure.corrupt");
    expect_only(raw(end, sizeof(end)), FORMAT_PPTX, "structure.corrupt");
}

static void a_plain_zip_is_a_mismatch(void **state)
{
    (void)state;
    struct package_writer w;
    package_begin(&w);
    package_add(&w, "good.txt", "hello", 5);
    package_add(&w, "../../evil.txt", "hello", 5);
    struct package p = package_end(&w);
    struct package again = raw(p.bytes, p.len);
    expect_only(p, FORMAT_DOCX, "type.mismatch");
    AUTO_FREE char *check = seen(again, FORMAT_PPTX, CHECK);
    expect_text(check, "finding embedded.path 1 part has a name");
}

static void another_family_is_a_mismatch(void **state)
{
    (void)state;
    const char *const parts[] = { "xl/workbook.xml", "<workbook/>", NULL };
    AUTO_FREE char *check =
        seen(package_of("xl/workbook.xml", SHEET_TYPE, parts), FORMAT_DOCX, CHECK);
    expect_text(check, "finding type.mismatch The name says a Word document, but the content is an "
                       "Excel workbook.");
}

static void the_kind_with_macros_needs_its_name(void **state)
{
    (void)state;
    const char *const parts[] = { "word/document.xml", DOCUMENT(PARAGRAPH), NULL };
    AUTO_FREE char *check =
        seen(package_of("word/document.xml", MACRO_TYPE, parts), FORMAT_DOCX, CHECK);
    expect_text(check, "finding type.mismatch");
    AUTO_FREE char *good =
        seen(package_of("word/document.xml", MACRO_TYPE, parts), FORMAT_DOCM, CHECK);
    expect_no_text(good, "finding");
}

static void a_missing_main_part_is_corrupt(void **state)
{
    (void)state;
    const char *const parts[] = { "word/other.xml", "<x/>", NULL };
    AUTO_FREE char *check = seen(word(parts), FORMAT_DOCX, CHECK);
    expect_text(check, "finding structure.corrupt The file is damaged: its main part is missing.");
}

static void a_main_part_without_relationship_is_found_by_type(void **state)
{
    (void)state;
    struct package_writer w;
    static const char types[] =
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
        "<Override PartName=\"/a/b.xml\" ContentType=\"" WORD_TYPE "\"/></Types>";
    package_begin(&w);
    package_add(&w, "[Content_Types].xml", types, strlen(types));
    package_add(&w, "a/b.xml", DOCUMENT(PARAGRAPH), strlen(DOCUMENT(PARAGRAPH)));
    AUTO_FREE char *read = seen(package_end(&w), FORMAT_DOCX, READ);
    expect_text(read, "finding structure.repaired");
    expect_text(read, "{document} text");
}

static void names_match_whatever_their_case_and_slashes(void **state)
{
    (void)state;
    struct package_writer w;
    package_begin(&w);
    package_types(&w, "word/document.xml", WORD_TYPE);
    package_add(&w, "Word\\Document.XML", DOCUMENT(PARAGRAPH), strlen(DOCUMENT(PARAGRAPH)));
    AUTO_FREE char *read = seen(package_end(&w), FORMAT_DOCX, READ);
    expect_text(read, "{document} text");
}

static void a_declared_bomb_is_refused_unopened(void **state)
{
    (void)state;
    size_t len = 24 << 20;
    char *zeros = calloc(1, len);
    struct package_writer w;
    package_begin(&w);
    package_types(&w, "word/document.xml", WORD_TYPE);
    package_add(&w, "word/document.xml", DOCUMENT(PARAGRAPH), strlen(DOCUMENT(PARAGRAPH)));
    package_add(&w, "customXml/item1.xml", zeros, len);
    free(zeros);
    expect_only(package_end(&w), FORMAT_DOCX, "bomb.ratio");
}

// Programs write previews of several MiB of one colour; they pack as well as a bomb does, and are none.
static void an_empty_picture_is_no_bomb(void **state)
{
    (void)state;
    size_t len = 8 << 20;
    char *zeros = calloc(1, len);
    struct package_writer w;
    package_begin(&w);
    package_types(&w, "word/document.xml", WORD_TYPE);
    package_add(&w, "word/document.xml", DOCUMENT(PARAGRAPH), strlen(DOCUMENT(PARAGRAPH)));
    package_add(&w, "word/media/image1.emf", zeros, len);
    free(zeros);
    AUTO_FREE char *read = seen(package_end(&w), FORMAT_DOCX, READ);
    expect_text(read, "{document} text");
    assert_null(strstr(read, "bomb"));
}

static void many_small_bombs_are_one(void **state)
{
    (void)state;
    size_t len = 8 << 20;
    char *zeros = calloc(1, len);
    struct package_writer w;
    package_begin(&w);
    package_types(&w, "word/document.xml", WORD_TYPE);
    package_add(&w, "word/document.xml", DOCUMENT(PARAGRAPH), strlen(DOCUMENT(PARAGRAPH)));
    for (int i = 0; i < 9; i++) {
        char name[32];
        snprintf(name, sizeof(name), "customXml/item%d.xml", i);
        package_add(&w, name, zeros, len);
    }
    free(zeros);
    expect_only(package_end(&w), FORMAT_DOCX, "bomb.ratio");
}

static void a_bomb_that_is_no_office_file_is_a_bomb_first(void **state)
{
    (void)state;
    size_t len = 24 << 20;
    char *zeros = calloc(1, len);
    struct package_writer w;
    package_begin(&w);
    package_add(&w, "zeros", zeros, len);
    free(zeros);
    expect_only(package_end(&w), FORMAT_DOCX, "bomb.ratio"); // and no type.mismatch
}

// Changes the 32-bit field of the first entry named `name` in the directory.
static void forge(struct package *p, const char *name, size_t field, uint32_t value)
{
    for (size_t i = 0; i + 46 + strlen(name) < p->len; i++) {
        if (memcmp(p->bytes + i, "PK\1\2", 4) == 0 &&
            memcmp(p->bytes + i + 46, name, strlen(name)) == 0) {
            for (int j = 0; j < 4; j++) {
                p->bytes[i + field + (size_t)j] = (char)(value >> (8 * j));
            }
            return;
        }
    }
    fail_msg("no entry %s", name);
}

static void a_bomb_that_lies_about_its_size_is_found_while_unpacking(void **state)
{
    (void)state;
    struct buf xml = BUF_INIT(64 << 20);
    buf_add_str(&xml, "<w:document " W "><w:body>");
    for (size_t i = 0; i < 24 << 20; i += 64) {
        buf_add_str(&xml, "                                                                ");
    }
    buf_add_str(&xml, "</w:body></w:document>");
    struct package_writer w;
    package_begin(&w);
    package_types(&w, "word/document.xml", WORD_TYPE);
    package_add(&w, "word/document.xml", xml.data, xml.len);
    buf_done(&xml);
    struct package p = package_end(&w);
    forge(&p, "word/document.xml", 24, 5000);
    expect_only(p, FORMAT_DOCX, "bomb.ratio");
}

static void data_past_the_end_is_corrupt(void **state)
{
    (void)state;
    struct package p = plain();
    forge(&p, "word/document.xml", 20, 0x7FFFFFFF);
    expect_only(p, FORMAT_DOCX, "structure.corrupt");
}

static void a_wrong_checksum_is_fatal_only_for_what_is_needed(void **state)
{
    (void)state;
    struct package p = plain();
    forge(&p, "word/document.xml", 16, 0x12345678);
    AUTO_FREE char *check = seen(p, FORMAT_DOCX, CHECK);
    expect_text(check, "finding structure.corrupt The file is damaged: its part "
                       "\"word/document.xml\" cannot be read.");
    const char *const parts[] = { "word/document.xml", DOCUMENT(PARAGRAPH), "word/styles.xml",
        "<w:styles " W "/>", "word/_rels/document.xml.rels",
        RELS(RELATION("a", "styles", "styles.xml")), NULL };
    struct package q = word(parts);
    forge(&q, "word/styles.xml", 16, 0x12345678);
    AUTO_FREE char *read = seen(q, FORMAT_DOCX, READ);
    expect_text(read, "finding structure.repaired The part \"word/styles.xml\" is damaged");
    expect_text(read, "{document} text");
}

static void too_many_entries_are_refused(void **state)
{
    (void)state;
    struct package_writer w;
    package_begin(&w);
    package_types(&w, "word/document.xml", WORD_TYPE);
    for (int i = 0; i < 10001; i++) {
        char name[32];
        snprintf(name, sizeof(name), "x/%d", i);
        package_add(&w, name, "", 0);
    }
    expect_only(package_end(&w), FORMAT_DOCX, "bomb.entries");
}

static void overlapping_entries_are_refused(void **state)
{
    (void)state;
    const char *const parts[] = { "word/document.xml", DOCUMENT(PARAGRAPH), "word/a.xml", "<aaaa/>",
        NULL };
    struct package p = word(parts);
    struct zip_look z;
    assert_int_equal(zip_look(&z, slice_make(p.bytes, p.len), 100), ZIP_FINE);
    assert_int_equal(z.count, 4);
    assert_false(z.overlapping);
    uint32_t second = (uint32_t)z.spots[2].start;
    zip_look_done(&z);
    forge(&p, "word/a.xml", 42, second);
    expect_only(p, FORMAT_DOCX, "bomb.overlap");
}

static void encrypted_entries_are_told(void **state)
{
    (void)state;
    struct package p = plain();
    for (size_t i = 0; i + 46 < p.len; i++) { // the flag in both headers
        if (memcmp(p.bytes + i, "PK\1\2", 4) == 0) {
            p.bytes[i + 8] |= 1;
        } else if (memcmp(p.bytes + i, "PK\3\4", 4) == 0) {
            p.bytes[i + 6] |= 1;
        }
    }
    expect_only(p, FORMAT_DOCX, "structure.encrypted");
}

static void document_types_are_refused_wherever_they_are(void **state)
{
    (void)state;
    const char *const body[] = { "word/document.xml", "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
        NULL };
    AUTO_FREE char *check = seen(word(body), FORMAT_DOCX, CHECK);
    expect_text(check, "finding xml.dtd");
    expect_no_text(check, "structure.corrupt");
    const char *const styles[] = { "word/document.xml", DOCUMENT(PARAGRAPH), "word/styles.xml",
        "<!DOCTYPE a SYSTEM \"http://127.0.0.1/\"><a/>", "word/_rels/document.xml.rels",
        RELS(RELATION("a", "styles", "styles.xml")), NULL };
    AUTO_FREE char *other = seen(word(styles), FORMAT_DOCX, CHECK);
    expect_text(other, "finding xml.dtd");
}

static char *repeat(const char *open, int n, const char *middle, const char *close)
{
    struct buf b = BUF_INIT(64 << 20);
    for (int i = 0; i < n; i++) {
        buf_add_str(&b, open);
    }
    buf_add_str(&b, middle);
    for (int i = 0; i < n; i++) {
        buf_add_str(&b, close);
    }
    return buf_take(&b);
}

static void markup_nested_too_deeply_is_a_bomb(void **state)
{
    (void)state;
    AUTO_FREE char *deep = repeat("<w:sdt>", 300, PARAGRAPH, "</w:sdt>");
    AUTO_FREE char *xml = xasprintf("<w:document " W "><w:body>%s</w:body></w:document>", deep);
    const char *const parts[] = { "word/document.xml", xml, NULL };
    expect_only(word(parts), FORMAT_DOCX, "bomb.depth");
}

static void one_endless_tag_is_a_bomb(void **state)
{
    (void)state;
    struct buf xml = BUF_INIT(64 << 20);
    uint32_t random = 1;
    buf_add_str(&xml, "<w:document " W " a=\"");
    for (size_t i = 0; i < 9u << 20; i++) {
        random = random * 1664525 + 1013904223;
        buf_add_char(&xml, (char)('a' + (random >> 24) % 26));
    }
    buf_add_str(&xml, "\"/>");
    struct package_writer w;
    package_begin(&w);
    package_types(&w, "word/document.xml", WORD_TYPE);
    package_add(&w, "word/document.xml", xml.data, xml.len);
    buf_done(&xml);
    expect_only(package_end(&w), FORMAT_DOCX, "bomb.size");
}

static void relationships_that_lead_nowhere_are_ignored(void **state)
{
    (void)state;
    const char *const parts[] = { "word/document.xml",
        DOCUMENT("<w:p><w:r><w:drawing><a:blip "
                 "xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" "
                 "xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" "
                 "r:embed=\"no\"/>"
                 "</w:drawing><w:t>text</w:t></w:r></w:p>"),
        "word/_rels/document.xml.rels",
        RELS(RELATION("a", "styles", "../../../../etc/styles.xml") RELATION("b", "numbering",
            "gone.xml") RELATION("c", "footnotes", "") RELATION("d", "header", "_rels/")),
        NULL };
    AUTO_FREE char *check = seen(word(parts), FORMAT_DOCX, CHECK);
    expect_no_text(check, "finding");
    AUTO_FREE char *read = seen(word(parts), FORMAT_DOCX, READ);
    expect_text(read, "{document} text");
}

static void outside_references_name_their_host_only(void **state)
{
    (void)state;
    const char *const parts[] = { "word/document.xml", DOCUMENT(PARAGRAPH),
        "word/_rels/document.xml.rels",
        RELS(OUTSIDE("a", "attachedTemplate",
            "https://user:word@templates.example:8080/secret?key=1") OUTSIDE("b", "hyperlink",
            "https://normal.example/") OUTSIDE("c", "image", "file://server/share/a.png")
                OUTSIDE("d", "attachedTemplate", "file:///C:\\Users\\x\\Normal.dotm")),
        NULL };
    AUTO_FREE char *check = seen(word(parts), FORMAT_DOCX, CHECK);
    expect_text(check, "finding active.external The document refers to content outside of it that "
                       "would be loaded when "
                       "it is opened, from templates.example, server.");
    expect_no_text(check, "normal.example");
    expect_no_text(check, "secret");
}

static void embedded_packages_and_controls_are_named(void **state)
{
    (void)state;
    const char *const parts[] = { "word/document.xml", DOCUMENT(PARAGRAPH),
        "word/embeddings/budget.xlsx", "x", "word/embeddings/oleObject1.bin", "not a compound file",
        "word/activeX/activeX1.xml", "<a/>", "word/_rels/document.xml.rels",
        RELS(RELATION("a", "package", "embeddings/budget.xlsx") RELATION("b", "oleObject",
            "embeddings/oleObject1.bin") RELATION("c", "control", "activeX/activeX1.xml")),
        NULL };
    AUTO_FREE char *check = seen(word(parts), FORMAT_DOCX, CHECK);
    expect_text(check, "finding embedded.file Other files are embedded in the document: "
                       "budget.xlsx, oleObject1.bin.");
    expect_text(check, "finding active.control The document contains 1 ActiveX control.");
}

// A compound file with one stream named PROJECT in whole sectors.
static void put32(char *at, uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (char)(v >> (8 * i));
    }
}

static void put_entry(char *at, const char *name, int type, uint32_t start, uint32_t size)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++) {
        at[2 * i] = name[i];
    }
    at[64] = (char)(2 * len + 2);
    at[66] = (char)type;
    put32(at + 116, start);
    put32(at + 120, size);
}

static struct package compound(const char *stream, const char *content)
{
    size_t size = 4096; // at least, so that it needs no mini stream
    struct package p = { calloc(1, 512 * 3 + size), 512 * 3 + size };
    memcpy(p.bytes, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8);
    p.bytes[30] = 9;
    put32(p.bytes + 44, 1); // one sector of FAT: sector 0
    put32(p.bytes + 48, 1); // directory: sector 1
    put32(p.bytes + 60, 0xFFFFFFFE);
    put32(p.bytes + 68, 0xFFFFFFFE);
    for (size_t i = 0; i < 109; i++) {
        put32(p.bytes + 76 + 4 * i, i == 0 ? 0 : 0xFFFFFFFF);
    }
    char *fat = p.bytes + 512;
    put32(fat, 0xFFFFFFFD);
    put32(fat + 4, 0xFFFFFFFE);
    for (uint32_t i = 0; i < size / 512; i++) {
        put32(fat + 8 + 4 * (size_t)i, i + 1 < size / 512 ? i + 3 : 0xFFFFFFFE);
    }
    put_entry(p.bytes + 1024, "Root Entry", 5, 0xFFFFFFFE, 0);
    put_entry(p.bytes + 1024 + 128, stream, 2, 2, (uint32_t)size);
    memset(p.bytes + 1536, '\n', size);
    memcpy(p.bytes + 1536, content, strlen(content));
    return p;
}

static void compound_files_are_told_apart(void **state)
{
    (void)state;
    expect_only(compound("EncryptedPackage", "x"), FORMAT_DOCX, "structure.encrypted");
    expect_only(compound("WordDocument", "x"), FORMAT_DOCX, "type.mismatch");
    struct package p = compound("EncryptedPackage", "x");
    expect_only(raw(p.bytes, 600), FORMAT_DOCX, "structure.corrupt");
    put32(p.bytes + 512 + 4, 1); // the directory's chain becomes a circle
    expect_only(p, FORMAT_DOCX, "structure.encrypted");
}

static void macros_are_named_by_module(void **state)
{
    (void)state;
    struct package vba = compound("PROJECT",
        "ID=\"{1}\"\r\nDocument=ThisDocument/&H00000000\r\nModule=Sales\r\nModule=Sa\x01les2\r\n");
    for (int named_right = 0; named_right < 2; named_right++) {
        struct package_writer w;
        package_begin(&w);
        package_types(&w, "word/document.xml", named_right ? MACRO_TYPE : WORD_TYPE);
        package_add(&w, "word/document.xml", DOCUMENT(PARAGRAPH), strlen(DOCUMENT(PARAGRAPH)));
        package_add(&w, "word/vbaProject.bin", vba.bytes, vba.len);
        AUTO_FREE char *check =
            seen(package_end(&w), named_right ? FORMAT_DOCM : FORMAT_DOCX, CHECK);
        expect_text(check, named_right
                               ? "finding active.macro The document contains macros (modules: "
                                 "ThisDocument, Sales, Sa?les2)."
                               : "although its name ends like that of a document without any");
    }
    free(vba.bytes);
}

static void a_package_cut_or_bent_anywhere_never_breaks_the_reader(void **state)
{
    (void)state;
    struct package p = plain();
    for (size_t i = 0; i < p.len; i++) {
        struct package q = raw(p.bytes, p.len);
        q.bytes[i] ^= (char)0x81;
        AUTO_FREE char *read = seen(q, FORMAT_DOCX, READ);
        assert_non_null(read);
    }
    free(p.bytes);
}

static void hosts_are_found_in_every_kind_of_target(void **state)
{
    (void)state;
    static const struct {
        const char *target, *host;
    } cases[] = { { "http://a.example/x", "a.example" },
        { "https://u:p@b.example:1/", "b.example" }, { "\\\\server\\share\\f", "server" },
        { "file:///C:/x", "" }, { "file://host/x", "host" }, { "file:///\\\\unc\\x", "unc" },
        { "mailto:a@b", "" }, { "NULL", "" }, { "", "" } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char host[32];
        opc_host_of(cases[i].target, host, sizeof(host));
        assert_string_equal(host, cases[i].host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_package_has_no_findings),
        cmocka_unit_test(a_cut_file_is_truncated_at_every_length),
        cmocka_unit_test(what_is_no_zip_is_a_mismatch),
        cmocka_unit_test(an_empty_zip_is_corrupt),
        cmocka_unit_test(a_plain_zip_is_a_mismatch),
        cmocka_unit_test(another_family_is_a_mismatch),
        cmocka_unit_test(the_kind_with_macros_needs_its_name),
        cmocka_unit_test(a_missing_main_part_is_corrupt),
        cmocka_unit_test(a_main_part_without_relationship_is_found_by_type),
        cmocka_unit_test(names_match_whatever_their_case_and_slashes),
        cmocka_unit_test(a_declared_bomb_is_refused_unopened),
        cmocka_unit_test(an_empty_picture_is_no_bomb),
        cmocka_unit_test(many_small_bombs_are_one),
        cmocka_unit_test(a_bomb_that_is_no_office_file_is_a_bomb_first),
        cmocka_unit_test(a_bomb_that_lies_about_its_size_is_found_while_unpacking),
        cmocka_unit_test(data_past_the_end_is_corrupt),
        cmocka_unit_test(a_wrong_checksum_is_fatal_only_for_what_is_needed),
        cmocka_unit_test(too_many_entries_are_refused),
        cmocka_unit_test(overlapping_entries_are_refused),
        cmocka_unit_test(encrypted_entries_are_told),
        cmocka_unit_test(document_types_are_refused_wherever_they_are),
        cmocka_unit_test(markup_nested_too_deeply_is_a_bomb),
        cmocka_unit_test(one_endless_tag_is_a_bomb),
        cmocka_unit_test(relationships_that_lead_nowhere_are_ignored),
        cmocka_unit_test(outside_references_name_their_host_only),
        cmocka_unit_test(embedded_packages_and_controls_are_named),
        cmocka_unit_test(compound_files_are_told_apart),
        cmocka_unit_test(macros_are_named_by_module),
        cmocka_unit_test(a_package_cut_or_bent_anywhere_never_breaks_the_reader),
        cmocka_unit_test(hosts_are_found_in_every_kind_of_target),
    };
    return cmocka_run_group_tests_name("opc", tests, NULL, NULL);
}
