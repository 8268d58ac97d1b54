// SPDX-License-Identifier: AGPL-3.0-or-later
// Mail: what it says, whatever it is wrapped in.
#include "ooxml_test.h"

static char *run(const char *text, enum pass pass)
{
    return seen_text(text, FORMAT_EML, pass);
}

static const struct reading_case cases[] = {
    { "plain text",
        "From: A <a@example.org>\r\nTo: b@example.org\r\nSubject: Fryer\r\nDate: Mon, 1 Jan 2024 "
        "10:00:00 +0000\r\n\r\nOne\r\ntwo.\r\n\r\nThree.\r\n",
        "info title=Fryer\ninfo author=A <a@example.org>\ntitle 0 {subject} Fryer\nparagraph 0 "
        "{headers} From: A <a@example.org>/To: b@example.org/"
        "Date: Mon, 1 Jan 2024 10:00:00 +0000\nparagraph 0 {plain} One/two.\nparagraph 0 {plain} "
        "Three.\n" },
    { "encoded words",
        "Subject: =?utf-8?Q?Gr=C3=BC=C3?=\n =?utf-8?Q?=9Fe_an?= =?iso-8859-1?B?IGFsbGUg5A==?= x "
        "=?broken\n\na\n",
        "{subject} Grüße an alle ä x =?broken\n" },
    { "quoted-printable",
        "Subject: s\nContent-Type: text/plain; charset=\"iso-8859-1\"\nContent-Transfer-Encoding: "
        "quoted-printable\n\nK=E4se =\nund Brot=3D=\n",
        "{plain} Käse und Brot=\n" },
    { "base64 of another encoding",
        "Subject: s\nContent-Type: text/plain; charset=windows-1251\nContent-Transfer-Encoding: "
        "BASE64\n\nz/Do\n4uXy\n",
        "{plain} Привет\n" },
    { "what a list appends to base64",
        "Subject: s\nContent-Transfer-Encoding: base64\n\nR3LDvA==\n\n"
        "____________________\nKitchen mailing list\nkitchen@example.org\n",
        "{plain} Gr\xC3\xBC\n" },
    { "base64 in pieces, each with its padding",
        "Subject: s\nContent-Transfer-Encoding: base64\n\nR3LDvA==\nIGFs\nbGU=\nIGRh\n",
        "{plain} Gr\xC3\xBC alle da\n" },
    { "of alternatives, plain text",
        "Subject: s\nContent-Type: multipart/alternative; boundary=\"b 1\"\n\npreamble\n--b "
        "1\n\nplain words\n--b 1\nContent-Type: text/html\n\n<p>html words\n--b 1--\nafter\n",
        "{subject} s\nparagraph 0 {plain} plain words\n" },
    { "HTML where plain text is empty",
        "Subject: s\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\n "
        "\n--b\nContent-Type: text/html\n\n<h1>T</h1><p>html words\n--b--\n",
        "heading 1 {html} T\nparagraph 0 {html; T} html words\n" },
    { "flowed lines", "Subject: s\nContent-Type: text/plain; format=flowed\n\nOne \ntwo\nthree\n",
        "{plain} One two/three\n" },
    { "a message inside",
        "Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nouter\n--b\nContent-Type: "
        "message/rfc822\n\nSubject: inner\nFrom: c@example.org\n\ninside\n--b--\n",
        "{plain} outer\nheading 2 {message} inner\nparagraph 0 {headers; inner} From: "
        "c@example.org\nparagraph 0 {plain; inner} inside\n" },
    { "attachments are named",
        "Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\nContent-Type: "
        "application/pdf\nContent-Disposition: attachment;\n filename*0*=utf-8''M%C3%BCnz;\n "
        "filename*1=\"e.pdf\"\n\nAAAA\n--b--\n",
        "paragraph 0 {attachments} Münze.pdf\n" },
    { "the last boundary is missing",
        "Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nwords",
        "{plain} words\n" },
    { "out of a mailbox", "From a@example.org Mon Jan  1 10:00:00 2024\nSubject: s\n\nwords\n",
        "{plain} words\n" },
};

static void what_is_read(void **state)
{
    (void)state;
    expect_readings(cases, ARRAY_LEN(cases), FORMAT_EML);
}

static void what_it_carries_is_told(void **state)
{
    (void)state;
    AUTO_FREE char *out =
        run("Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: "
            "text/html\n\n<script>x</script>words\n"
            "--b\nContent-Type: application/zip; name=a.zip\n\nx\n--b\nContent-Disposition: "
            "attachment; filename=\"b\\\"c.txt\"\n\nx\n--b--\n",
            CHECK);
    expect_text(out, "finding active.script");
    expect_text(out, "finding embedded.file The message holds 2 files: a.zip, b\"c.txt");
    AUTO_FREE char *sealed =
        run("Subject: s\nContent-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: "
            "application/pgp-encrypted\n\nVersion: 1\n--b--\n",
            CHECK);
    expect_text(sealed, "finding structure.encrypted");
    AUTO_FREE char *none = run("just words\n\nmore\n", CHECK);
    expect_text(none, "finding structure.corrupt");
}

static void depth_is_bounded(void **state)
{
    AUTO_BUF text = BUF_INIT(1 << 20);
    (void)state;
    buf_add_str(&text, "Subject: s\n");
    for (int i = 0; i < 100; i++) {
        buf_add_str(&text, "Content-Type: message/rfc822\n\n");
    }
    AUTO_FREE char *out = run(text.data, READ);
    expect_text(out, "finding bomb.depth");
    buf_reset(&text);
    buf_add_str(&text, "Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n");
    for (int i = 0; i < 5000; i++) {
        buf_add_str(&text, "--b\n\nx\n");
    }
    AUTO_FREE char *many = run(text.data, READ);
    expect_text(many, "{plain} x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read),
        cmocka_unit_test(what_it_carries_is_told),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests_name("reader/eml", tests, NULL, NULL);
}
