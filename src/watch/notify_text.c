// SPDX-License-Identifier: AGPL-3.0-or-later
// What is said of alerts, for each channel. Pure.
#include "base/clock.h"
#include "watch/notify.h"
#include "wire/json.h"

#include <math.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum { SECRET_MAX = 512 };

// A value as people read it: 93.4 %, 5 min 10 s, 1.2 GiB.
static void add_value(struct buf *out, double value, const char *unit)
{
    if (isnan(value)) {
        buf_add_str(out, "no value");
    } else if (strcmp(unit, "ratio") == 0) {
        buf_addf(out, "%.1f %%", value * 100);
    } else if (strcmp(unit, "seconds") == 0 && value >= 3600) {
        buf_addf(out, "%.1f h", value / 3600);
    } else if (strcmp(unit, "seconds") == 0 && value >= 60) {
        buf_addf(out, "%.1f min", value / 60);
    } else if (strcmp(unit, "seconds") == 0) {
        buf_addf(out, "%.3g s", value);
    } else if (strcmp(unit, "bytes") == 0) {
        buf_addf(out, "%.1f MiB", value / (1 << 20));
    } else if (strcmp(unit, "x") == 0) {
        buf_addf(out, "%.1f times", value);
    } else {
        buf_addf(out, "%.6g", value);
    }
}

static void add_link(struct buf *out, const struct notify_item *i, const char *link)
{
    size_t n = strlen(link);

    while (n > 0 && link[n - 1] == '/') {
        n--;
    }
    buf_addf(out, "%.*s/dashboard?alert=%s", (int)n, link, i->rule);
}

static void item_json(struct json_out *j, const struct notify_item *i, const char *link)
{
    char time[CLOCK_TEXT_MAX];

    json_begin_object(j);
    json_key_text(j, "rule", i->rule);
    json_key_text(j, "title", i->title);
    json_key_text(j, "severity", i->severity);
    json_key_text(j, "event", i->event);
    json_key_bool(j, "firing", i->firing);
    if (i->word[0]) {
        json_key_text(j, i->label, i->word);
    }
    json_key_double(j, "value", i->value);
    json_key_double(j, "threshold", i->raise);
    json_key_text(j, "unit", i->unit);
    if (i->fired_ms) {
        clock_format(i->fired_ms, time);
        json_key_text(j, "fired_at", time);
    }
    json_key_text(j, "advice", i->advice);
    if (link[0]) {
        AUTO_BUF url = BUF_INIT(2048);
        add_link(&url, i, link);
        json_key_string(j, "link", buf_slice(&url));
    }
    json_end(j);
}

void notify_webhook_body(
    struct buf *out, const struct notify_item *items, size_t count, const char *link)
{
    char time[CLOCK_TEXT_MAX], type[40];
    struct json_out j;

    snprintf(type, sizeof(type), "alert.%s", count == 1 ? items[0].event : "changed");
    clock_format(items[0].now_ms, time);
    json_begin(&j, out);
    json_begin_object(&j);
    json_key_text(&j, "type", type);
    json_key_text(&j, "timestamp", time);
    json_key_object(&j, "data");
    json_key_text(&j, "group", items[0].group);
    json_key_array(&j, "alerts");
    for (size_t i = 0; i < count; i++) {
        item_json(&j, &items[i], link);
    }
    json_end(&j);
    json_end(&j);
    json_end(&j);
    json_finish(&j, NULL);
}

void notify_manager_body(
    struct buf *out, const struct notify_item *items, size_t count, const char *link)
{
    char time[CLOCK_TEXT_MAX];
    struct json_out j;

    json_begin(&j, out);
    json_begin_array(&j);
    for (size_t i = 0; i < count; i++) {
        const struct notify_item *one = &items[i];
        AUTO_BUF words = BUF_INIT(2048);
        json_begin_object(&j);
        json_key_object(&j, "labels");
        json_key_text(&j, "alertname", one->rule);
        json_key_text(&j, "severity", one->severity);
        json_key_text(&j, "service", "larder");
        if (one->word[0]) {
            json_key_text(&j, one->label, one->word);
        }
        json_end(&j);
        json_key_object(&j, "annotations");
        json_key_text(&j, "summary", one->title);
        add_value(&words, one->value, one->unit);
        json_key_string(&j, "value", buf_slice(&words));
        json_key_text(&j, "advice", one->advice);
        json_end(&j);
        clock_format(one->fired_ms ? one->fired_ms : one->now_ms, time);
        json_key_text(&j, "startsAt", time);
        if (!one->firing || one->ends_ms) {
            clock_format(one->firing ? one->ends_ms : one->now_ms, time);
            json_key_text(&j, "endsAt", time);
        }
        if (link[0]) {
            buf_reset(&words);
            add_link(&words, one, link);
            json_key_string(&j, "generatorURL", buf_slice(&words));
        }
        json_end(&j);
    }
    json_end(&j);
    json_finish(&j, NULL);
}

void notify_mail_text(struct buf *subject, struct buf *text, const struct notify_item *items,
    size_t count, const char *link)
{
    char time[CLOCK_TEXT_MAX];

    buf_addf(subject, "[Larder] %s: %s%s%s", items[0].firing ? items[0].severity : items[0].event,
        items[0].title, items[0].word[0] ? ", " : "", items[0].word);
    if (count > 1) {
        buf_addf(subject, " and %zu more", count - 1);
    }
    for (size_t i = 0; i < count; i++) {
        const struct notify_item *one = &items[i];
        clock_format(one->now_ms, time);
        buf_addf(text, "%s%s%s (%s), %s at %s\n", one->title, one->word[0] ? ", " : "", one->word,
            one->severity, one->event, time);
        buf_add_str(text, "  measured:  ");
        add_value(text, one->value, one->unit);
        buf_addf(text, "\n  threshold: %s ", one->above ? "over" : "under");
        add_value(text, one->raise, one->unit);
        if (one->firing) {
            buf_addf(text, "\n  to do:     %s", one->advice);
        }
        if (link[0]) {
            buf_add_str(text, "\n  see:       ");
            add_link(text, one, link);
        }
        buf_add_str(text, "\n\n");
    }
}

int notify_sign(const char *secret, const char *id, int64_t timestamp_s, struct slice body,
    char ret_signature[64])
{
    unsigned char key[SECRET_MAX], mac[EVP_MAX_MD_SIZE];
    unsigned mac_len = 0;
    int key_len = 0;
    AUTO_BUF signed_text = BUF_INIT(NOTIFY_BODY_MAX + 256);
    size_t len = strlen(secret);

    if (len >= SECRET_MAX) {
        return ERR_LIMIT;
    }
    if (strncmp(secret, "whsec_", 6) == 0 && (len - 6) % 4 == 0) {
        key_len = EVP_DecodeBlock(key, (const unsigned char *)secret + 6, (int)(len - 6));
        for (size_t i = len; key_len > 0 && i > 6 && secret[i - 1] == '='; i--) {
            key_len--; // EVP_DecodeBlock counts the padding as zero bytes
        }
    }
    if (key_len <= 0) {
        memcpy(key, secret, len);
        key_len = (int)len;
    }
    buf_addf(&signed_text, "%s.%lld.", id, (long long)timestamp_s);
    buf_add_slice(&signed_text, body);
    bool good = buf_ok(&signed_text) &&
                HMAC(EVP_sha256(), key, key_len, (const unsigned char *)signed_text.data,
                    signed_text.len, mac, &mac_len) != NULL;
    explicit_bzero(key, sizeof(key));
    if (!good) {
        return ERR_INTERNAL;
    }
    memcpy(ret_signature, "v1,", 3);
    EVP_EncodeBlock((unsigned char *)ret_signature + 3, mac, (int)mac_len);
    return 0;
}
