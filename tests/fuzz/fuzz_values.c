// SPDX-License-Identifier: AGPL-3.0-or-later
// Small values that requests and settings bring: modes, sizes, ids, keys, hashes, places, addresses, mail headers. What was
// understood and is written again must be understood the same.
#include "api/keyring.h"
#include "base/id.h"
#include "base/utf8.h"
#include "config/formats.h"
#include "config/settings.h"
#include "ingest/ingest.h"
#include "ingest/mode.h"
#include "net/mail.h"
#include "net/web.h"
#include "wire/place.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 4096 };

static void check_mode(struct slice text)
{
    AUTO_BUF kept = BUF_INIT(1024);
    AUTO_BUF again = BUF_INIT(1024);
    struct error err = { 0 };
    struct mode_plan plan;

    mode_plan(text, format_info(FORMAT_PDF), &plan);
    mode_plan(text, format_info(FORMAT_MP4), &plan);
    if (mode_check(text, &kept, &err) != 0) {
        BUG_ON(!err.text[0] || !utf8_valid(slice_of(err.text)));
        return;
    }
    BUG_ON(kept.len > MODE_TEXT_MAX || mode_check(buf_slice(&kept), &again, &err) != 0);
    BUG_ON(!slice_equal(buf_slice(&kept), buf_slice(&again)));
}

static void check_place(struct slice text)
{
    AUTO_ARENA a;
    AUTO_BUF out = BUF_INIT(1 << 16);
    AUTO_BUF words = BUF_INIT(1 << 16);
    struct place p = { 0 }, again = { 0 };

    arena_init(&a, 1 << 20);
    if (place_parse_json(text, &a, &p) != 0) {
        return;
    }
    place_add_json(&out, &p);
    BUG_ON(!buf_ok(&out) || place_parse_json(buf_slice(&out), &a, &again) != 0);
    place_add_words(&words, &p);
    BUG_ON(again.kind != p.kind || !buf_ok(&words));
}

static void check_mail(const char *text)
{
    struct net_mail m = { .url = "smtp://127.0.0.1:25",
        .from = "larder@example.org",
        .to = text,
        .subject = text,
        .text = text,
        .id = "1" };
    AUTO_BUF out = BUF_INIT(MAIL_BYTES_MAX);
    struct error err = { 0 };

    if (net_mail_format(&m, &out, &err) == 0) {
        struct slice head = buf_slice(&out);
        const char *end = slice_find(head, SLICE_LIT("\r\n\r\n"));
        BUG_ON(!end);
        for (const char *at = head.data; at < end; at++) { // no header but ours
            BUG_ON((*at == '\n') != (at > head.data && at[-1] == '\r'));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_make((const char *)data, size);
    char id[KEY_ID_SIZE];
    uint8_t bytes[32];
    int64_t number = -1;

    if (size > INPUT_MAX) {
        return 0;
    }
    AUTO_FREE char *copy = xasprintf(SLICE_FMT, SLICE_ARG(text));
    check_mode(text);
    check_place(text);
    check_mail(copy);
    BUG_ON(size_parse(text, &number) && number < 0);
    BUG_ON(id_valid(text) && size != ID_LEN);
    BUG_ON(hex_parse(text, bytes, sizeof(bytes)) && size != 2 * sizeof(bytes));
    BUG_ON(key_text_parse(text, id) && size != KEY_TEXT_LEN);
    BUG_ON(partition_name_valid(text) && (size < 1 || size > 128));
    web_url_valid(copy);
    return 0;
}
