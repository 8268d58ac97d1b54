// SPDX-License-Identifier: AGPL-3.0-or-later
// Layers 1 to 3: names, sizes, and whether the bytes are what the name says.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "check/check.h"
#include "check/sniff.h"

#define BYTES(text) text, sizeof(text) - 1

static int memory_file(const void *bytes, size_t len)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    return fd;
}

// The reason of the refusal ("-": none), then the codes of all findings.
static char *verdict_of(
    const char *name, const char *media_type, const void *bytes, size_t len, int64_t cap)
{
    struct findings f;
    const struct format_info *format = NULL;
    AUTO_BUF out = BUF_INIT(4096);
    AUTO_FD int fd = memory_file(bytes, len);
    struct check_input in = { slice_of(name), slice_of(media_type), fd, (int64_t)len, cap };

    findings_init(&f);
    assert_int_equal(check_upload(&in, &f, &format, NULL), 0);
    const char *reason = reason_word(findings_reason(&f));
    buf_addf(&out, "%s %s", format ? format->name : "-", reason ? reason : "-");
    for (size_t i = 0; i < f.count; i++) {
        buf_addf(&out, " %s", f.items[i].code->code);
    }
    findings_done(&f);
    return buf_take(&out);
}

static const char pdf[] = "%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n%%EOF\n";
static const char cfb[] = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0\0\0";

static const struct {
    const char *name, *bytes;
    size_t len;
    const char *verdict;
} cases[] = {
    { "a.pdf", BYTES(pdf), "pdf -" },
    { "A.PDF", BYTES(pdf), "pdf -" },
    { "a.pdf", BYTES("rubbish\n%PDF-1.4\n\0\1"), "pdf -" },
    { "a.pdf", BYTES("rubbish\n%PDF-1.4\n"), "pdf -" },
    { "a.txt", BYTES("one stray \0 zero"), "txt type_mismatch type.mismatch" },
    { "a.pdf", BYTES("QSR manual\n"), "pdf type_mismatch type.mismatch" },
    { "a.docx", BYTES(pdf), "docx type_mismatch type.mismatch" },
    { "a.docx", BYTES(cfb), "docx -" },
    { "a.pdf", BYTES(cfb), "pdf type_mismatch type.mismatch" },
    { "a.docx", BYTES("PK\3\4\x14\0\0\0"), "docx -" },
    { "a.xlsx", BYTES("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "xlsx -" },
    { "a.txt", BYTES("plain"), "txt -" },
    { "a.txt", BYTES(pdf), "txt type_mismatch type.mismatch" },
    { "a.txt", BYTES("About %PDF-1.4 headers"), "txt -" },
    { "a.txt", BYTES("H\0i\0 \0y\0o\0u\0"), "txt -" },
    { "a.txt", BYTES("\x89PNG\r\n\x1A\n\0\0\0\rIHDR"), "txt type_mismatch type.mismatch" },
    { "a.txt", BYTES("{\\rtf1 x}"), "txt type_mismatch type.mismatch" },
    { "a.txt", BYTES("MZ\x90\0\3\0\0\0\4\0\0\0\xFF\xFF\0\0"), "txt type_mismatch type.mismatch" },
    { "a.md", BYTES("<html><body>x</body></html>"), "md -" },
    { "a.csv", BYTES("a,b\n1,2\n"), "csv -" },
    { "a.markdown", BYTES("# x"), "md -" },
    { "a.exe", BYTES("MZ\x90\0"), "- unknown_type type.unknown" },
    { "report", BYTES(pdf), "pdf -" },
    { "report", BYTES("words"), "- unknown_type type.unknown" },
    { "a.pdf", BYTES(""), "pdf empty_file size.empty" },
    { "../../a.txt", BYTES("x"), "txt path_traversal name.traversal" },
    { "C:\\fakepath\\a.txt", BYTES("x"), "txt - name.unsafe" },
    { "a\xE2\x80\xAE"
      "fdp.txt",
        BYTES("x"), "txt - name.unsafe" },
    { "a\nb.txt", BYTES("x"), "txt - name.unsafe" },
    { "con.txt", BYTES("x"), "txt - name.unsafe" },
    { "a.pdf", BYTES("<html><script>x</script>%PDF-1.4\n"), "pdf polyglot type.polyglot" },
};

static void what_the_bytes_are_decides(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *got = verdict_of(cases[i].name, "", cases[i].bytes, cases[i].len, 0);
        if (strcmp(got, cases[i].verdict) != 0) {
            print_message("%s (%.12s…): expected '%s', got '%s'\n", cases[i].name, cases[i].bytes,
                cases[i].verdict, got);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void the_declared_type_helps_and_is_compared(void **state)
{
    (void)state;
    AUTO_FREE char *help = verdict_of("report", "text/plain; charset=utf-8", BYTES("words"), 0);
    assert_string_equal(help, "txt -");
    AUTO_FREE char *other = verdict_of("a.pdf", "text/csv", BYTES(pdf), 0);
    assert_string_equal(other, "pdf - type.declared");
    AUTO_FREE char *text = verdict_of("a.md", "text/plain", BYTES("# x"), 0);
    assert_string_equal(text, "md -");
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    AUTO_FREE char *over = verdict_of("a.txt", "", BYTES("12345"), 4);
    assert_string_equal(over, "txt too_large size.over_limit");
    AUTO_FREE char *just = verdict_of("a.txt", "", BYTES("1234"), 4);
    assert_string_equal(just, "txt -");
}

static void everything_wrong_is_told_at_once(void **state)
{
    (void)state;
    AUTO_FREE char *all = verdict_of("..\\a\x01.xyz", "", BYTES(""), 0);
    assert_string_equal(all, "- path_traversal name.traversal name.unsafe type.unknown size.empty");
}

static void names_are_cleaned(void **state)
{
    static const struct {
        const char *name, *clean, *ext;
    } names[] = { { "a.pdf", "a.pdf", "pdf" }, { "/etc/passwd", "passwd", "" },
        { "C:\\x\\Menu.XLSX", "Menu.XLSX", "XLSX" }, { "  a  b .txt ", "a b .txt", "txt" },
        { "", "document", "" }, { "...", "document", "" },
        { "a\xE2\x80\xAEtxt.exe", "atxt.exe", "exe" }, { "NUL", "_NUL", "" },
        { ".htaccess", ".htaccess", "" }, { "a\x7F\x01.md", "a.md", "md" },
        { "Dr. Smith", "Dr. Smith", "" }, { "x.tar.gz", "x.tar.gz", "gz" },
        { "v1.2-final", "v1.2-final", "" },
        { "\xFF\xFE.txt", "\xEF\xBF\xBD\xEF\xBF\xBD.txt", "txt" } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        AUTO_BUF out = BUF_INIT(4096);
        check_clean_name(slice_of(names[i].name), &out);
        assert_string_equal(out.data, names[i].clean);
        struct slice ext = check_extension(buf_slice(&out));
        assert_true(slice_is(ext, names[i].ext));
    }
}

static void a_long_name_keeps_its_extension(void **state)
{
    char name[2000];
    AUTO_BUF out = BUF_INIT(4096);
    (void)state;
    memset(name, 'x', sizeof(name));
    strcpy(name + sizeof(name) - 6, ".docx");
    check_clean_name(slice_of(name), &out);
    assert_true(out.len <= CHECK_NAME_MAX);
    assert_string_equal(out.data + out.len - 5, ".docx");
    AUTO_FREE char *told = verdict_of(name, "", BYTES("x"), 0);
    assert_non_null(strstr(told, "name.too_long"));
}

struct entry {
    const char *name, *content;
    uint32_t packed; // 0: as it is
};

// A ZIP file of stored entries.
static void zip_of(struct buf *b, const struct entry *entries, size_t count)
{
    uint32_t at[16], directory = 0;
    for (size_t i = 0; i <= 2 * count; i++) {
        bool local = i < count;
        if (i == count) {
            directory = (uint32_t)b->len;
        }
        if (i == 2 * count) {
            break;
        }
        const struct entry *e = &entries[i % count];
        uint32_t len = (uint32_t)strlen(e->content), packed = e->packed ? e->packed : len;
        unsigned char h[46] = { 'P', 'K', local ? 3 : 1, local ? 4 : 2 };
        size_t from = local ? 14 : 16; // crc, packed, size, name
        uint32_t crc = (uint32_t)crc32(0, (const Bytef *)e->content, len);
        uint16_t name = (uint16_t)strlen(e->name);
        memcpy(h + from, &crc, 4);
        memcpy(h + from + 4, &packed, 4);
        memcpy(h + from + 8, &len, 4);
        memcpy(h + from + 12, &name, 2);
        if (local) {
            at[i] = (uint32_t)b->len;
        } else {
            memcpy(h + 42, &at[i - count], 4);
        }
        buf_add(b, h, local ? 30 : 46);
        buf_add_str(b, e->name);
        if (local) {
            buf_add_str(b, e->content);
        }
    }
    uint32_t bytes = (uint32_t)b->len - directory;
    uint16_t n = (uint16_t)count;
    unsigned char end[22] = { 'P', 'K', 5, 6 };
    memcpy(end + 8, &n, 2);
    memcpy(end + 10, &n, 2);
    memcpy(end + 12, &bytes, 4);
    memcpy(end + 16, &directory, 4);
    buf_add(b, end, 22);
}

static enum sniff_kind kind_of(const struct entry *entries, size_t count)
{
    AUTO_BUF b = BUF_INIT(1 << 20);
    struct sniff s;
    zip_of(&b, entries, count);
    assert_int_equal(sniff_bytes(buf_slice(&b), &s), 0);
    return s.kind;
}

#define TYPES(type)                                                                                \
    {                                                                                              \
        "[Content_Types].xml", "<Types><Override ContentType=\"" type "\"/></Types>", 0            \
    }

static void office_files_are_told_by_their_main_part(void **state)
{
    (void)state;
    assert_int_equal(
        kind_of((struct entry[]){ TYPES(
                    "application/"
                    "vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml") },
            1),
        SNIFF_DOCX);
    assert_int_equal(
        kind_of(
            (struct entry[]){ TYPES("application/vnd.ms-word.document.macroEnabled.main+xml") }, 1),
        SNIFF_DOCM);
    assert_int_equal(
        kind_of((struct entry[]){ TYPES(
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml") },
            1),
        SNIFF_XLSX);
    assert_int_equal(
        kind_of(
            (struct entry[]){ TYPES("application/vnd.ms-excel.sheet.macroEnabled.main+xml") }, 1),
        SNIFF_XLSM);
    assert_int_equal(
        kind_of((struct entry[]){ TYPES(
                    "application/"
                    "vnd.openxmlformats-officedocument.presentationml.presentation.main+xml") },
            1),
        SNIFF_PPTX);
    assert_int_equal(kind_of((struct entry[]){ { "a.txt", "x", 0 } }, 1), SNIFF_ZIP);
    assert_int_equal(
        kind_of(
            (struct entry[]){ { "mimetype", "application/vnd.oasis.opendocument.text", 0 } }, 1),
        SNIFF_ODF);
    assert_int_equal(kind_of((struct entry[]){ { "mimetype", "application/epub+zip", 0 },
                                 { "META-INF/container.xml", "", 0 } },
                         2),
        SNIFF_EPUB);
    assert_int_equal(kind_of((struct entry[]){ TYPES("text/plain") }, 1),
        SNIFF_ZIP_ODD); // the reader says what is missing
}

static void what_contradicts_itself_is_left_to_the_reader(void **state)
{
    (void)state;
    assert_int_equal(kind_of((struct entry[]){ { "a", "x", 0x7FFFFFFF } }, 1), SNIFF_ZIP_ODD);
    assert_int_equal(kind_of((struct entry[]){ { "a", "xxxx", 100 }, { "b", "xxxx", 100 },
                                 { "c", "x", 100 }, { "d", "x", 100 } },
                         4),
        SNIFF_ZIP_ODD);
}

static void a_zip_behind_a_pdf_is_a_polyglot(void **state)
{
    AUTO_BUF b = BUF_INIT(1 << 20);
    (void)state;
    buf_add_str(&b, pdf);
    zip_of(&b, (struct entry[]){ { "evil.exe", "MZ", 0 } }, 1);
    AUTO_FREE char *got = verdict_of("a.pdf", "", b.data, b.len, 0);
    assert_string_equal(got, "pdf polyglot type.polyglot");
}

static void signatures_are_known(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum sniff_kind kind;
    } heads[] = { { BYTES("\x89PNG\r\n\x1A\n\0"), SNIFF_PNG },
        { BYTES("\xFF\xD8\xFF\xE0\0\x10"), SNIFF_JPEG }, { BYTES("GIF89a\1\0\1\0"), SNIFF_GIF },
        { BYTES("RIFF\4\0\0\0WEBPVP8 "), SNIFF_WEBP }, { BYTES("RIFF\4\0\0\0WAVEfmt "), SNIFF_WAV },
        { BYTES("RIFF\4\0\0\0AVI LIST"), SNIFF_AVI },
        { BYTES("\0\0\0\x18"
                "ftypmp42\0\0"),
            SNIFF_MP4 },
        { BYTES("\0\0\0\x14"
                "ftypqt  \0\0"),
            SNIFF_MOV },
        { BYTES("\0\0\0\x1C"
                "ftypM4A \0\0"),
            SNIFF_M4A },
        { BYTES("ID3\3\0\0\0\0\0\0"), SNIFF_MP3 }, { BYTES("\xFF\xFB\x90\0\0\0\0\0"), SNIFF_MP3 },
        { BYTES("\x7F"
                "ELF\2\1\1\0"),
            SNIFF_ELF },
        { BYTES("#!/bin/sh\necho"), SNIFF_SCRIPT }, { BYTES(" <!DOCTYPE html><p>"), SNIFF_HTML },
        { BYTES("{\"a\": 1}"), SNIFF_JSON }, { BYTES("<?xml version=\"1.0\"?><a/>"), SNIFF_XML },
        { BYTES("\0\0\xF6\xFF\3\0\xF1\xFF\5\0\xF3\xFF"), SNIFF_UNKNOWN } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        struct sniff s;
        assert_int_equal(sniff_bytes(slice_make(heads[i].bytes, heads[i].len), &s), 0);
        assert_string_equal(sniff_title(s.kind), sniff_title(heads[i].kind));
    }
}

static void every_prefix_of_a_package_is_harmless(void **state)
{
    AUTO_BUF b = BUF_INIT(1 << 20);
    (void)state;
    zip_of(&b,
        (struct entry[]){ TYPES("application/vnd.ms-word.document.macroEnabled.main+xml"),
            { "word/document.xml", "<x/>", 0 } },
        2);
    for (size_t i = 0; i < b.len; i++) {
        struct sniff s;
        AUTO_FREE char *copy = malloc(i ? i : 1);
        memcpy(copy, b.data, i);
        assert_int_equal(sniff_bytes(slice_make(copy, i), &s), 0);
        assert_true(i < 4 || s.kind == SNIFF_ZIP_ODD || s.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_bytes_are_decides),
        cmocka_unit_test(the_declared_type_helps_and_is_compared),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(everything_wrong_is_told_at_once),
        cmocka_unit_test(names_are_cleaned),
        cmocka_unit_test(a_long_name_keeps_its_extension),
        cmocka_unit_test(office_files_are_told_by_their_main_part),
        cmocka_unit_test(what_contradicts_itself_is_left_to_the_reader),
        cmocka_unit_test(a_zip_behind_a_pdf_is_a_polyglot),
        cmocka_unit_test(signatures_are_known),
        cmocka_unit_test(every_prefix_of_a_package_is_harmless),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
