// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements mail.h.
#include "net/mail.h"
#include "net/web.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ADDRESS_MAX = 254, LINE_MAX_BYTES = 900 };

// name@host without white space, brackets, controls: nothing that could end a header or a command.
static bool address_valid(struct slice a)
{
    size_t at = 0;

    for (size_t i = 0; i < a.len; i++) {
        unsigned char c = (unsigned char)a.data[i];
        if (c <= ' ' || c >= 127 || strchr("<>()[]\\,;:\"", c)) {
            return false;
        }
        at += c == '@';
    }
    return at == 1 && a.len > 2 && a.len <= ADDRESS_MAX && a.data[0] != '@' &&
           a.data[a.len - 1] != '@';
}

static void add_base64(struct buf *out, struct slice s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < s.len; i += 3) {
        uint32_t v = 0;
        size_t n = s.len - i < 3 ? s.len - i : 3;
        for (size_t k = 0; k < 3; k++) {
            v = v << 8 | (k < n ? (uint8_t)s.data[i + k] : 0U);
        }
        for (size_t k = 0; k < 4; k++) {
            buf_add_char(out, k <= n ? digits[v >> (18 - 6 * k) & 63] : '=');
        }
    }
}

// RFC 2047, in words of up to 45 bytes cut between characters; plain when it is ASCII.
static void add_subject(struct buf *out, const char *subject)
{
    struct slice rest = slice_of(subject);
    bool plain = true;

    for (size_t i = 0; i < rest.len; i++) {
        plain = plain && rest.data[i] >= ' ' && rest.data[i] < 127;
    }
    if (plain && rest.len < LINE_MAX_BYTES) {
        buf_add_slice(out, rest);
        return;
    }
    while (rest.len) {
        size_t n = rest.len < 45 ? rest.len : 45;
        while (n > 1 && n < rest.len && ((uint8_t)rest.data[n] & 0xC0) == 0x80) {
            n--;
        }
        buf_add_str(out, "=?UTF-8?B?");
        add_base64(out, slice_make(rest.data, n));
        buf_add_str(out, "?=");
        rest = slice_from(rest, n);
        buf_add_str(out, rest.len ? "\r\n " : "");
    }
}

static void add_text(struct buf *out, const char *text)
{
    size_t column = 0;

    for (const char *c = text; *c; c++) {
        if (*c == '\r') {
            continue;
        }
        if (*c == '\n' || (column >= LINE_MAX_BYTES && *c == ' ')) {
            buf_add_str(out, "\r\n");
            column = 0;
            continue;
        }
        buf_add_char(out, *c);
        column++;
    }
    buf_add_str(out, column ? "\r\n" : "");
}

int net_mail_format(const struct net_mail *m, struct buf *out, struct error *err)
{
    char date[64];
    time_t seconds = (time_t)(m->now_ms / 1000);
    struct tm tm;
    struct slice rest = slice_of(m->to), one;
    size_t count = 0;

    if (!address_valid(slice_of(m->from))) {
        return error_set(err, ERR_INVALID, "The sender's mail address is not one.");
    }
    gmtime_r(&seconds, &tm);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm);
    buf_addf(out, "Date: %s\r\nFrom: Larder <%s>\r\nTo: ", date, m->from);
    while (slice_cut(&rest, ',', &one)) {
        one = slice_trim(one);
        if (!address_valid(one) || count == MAIL_RECEIVERS_MAX) {
            return error_set(err, ERR_INVALID, "A receiver's mail address is not one.");
        }
        buf_addf(out, "%s" SLICE_FMT, count++ ? ", " : "", SLICE_ARG(one));
    }
    buf_add_str(out, "\r\nSubject: ");
    add_subject(out, m->subject);
    buf_addf(out,
        "\r\nMessage-ID: <%s@larder.invalid>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; "
        "charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nAuto-Submitted: "
        "auto-generated\r\n\r\n",
        m->id);
    add_text(out, m->text);
    if (count == 0) {
        return error_set(err, ERR_INVALID, "The mail has no receiver.");
    }
    return buf_ok(out) ? 0 : error_set(err, ERR_TOO_LARGE, "The mail is too long.");
}

struct upload {
    struct slice rest;
};

static size_t on_read(char *to, size_t size, size_t count, void *ctx)
{
    struct upload *u = ctx;
    size_t n = size * count < u->rest.len ? size * count : u->rest.len;

    if (n) {
        memcpy(to, u->rest.data, n);
    }
    u->rest = slice_from(u->rest, n);
    return n;
}

static int on_progress(
    void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
    const struct net_mail *m = ctx;

    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    return m->cancelled && atomic_load(m->cancelled);
}

static int result_of(CURL *curl, CURLcode code, struct error *err)
{
    long said = 0;

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &said);
    if (code == CURLE_OK) {
        return 0;
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return error_set(err, ERR_TIMEOUT, "The mail relay did not answer in time.");
    }
    if (code == CURLE_LOGIN_DENIED || (said >= 400 && said < 600)) {
        return error_set(err, ERR_DENIED, "The mail relay refused the mail (%ld).", said);
    }
    return error_set(err, ERR_IO, "The mail relay could not be reached.");
}

int net_mail_send(const struct net_mail *m, struct error *err)
{
    AUTO_BUF message = BUF_INIT(MAIL_BYTES_MAX);
    AUTO_FREE char *from = xasprintf("<%s>", m->from);
    struct curl_slist *to = NULL;
    struct slice rest = slice_of(m->to), one;
    bool password = m->password && m->password[0];
    int rc = net_mail_format(m, &message, err);
    CURL *curl = rc == 0 ? curl_easy_init() : NULL;

    if (!curl) {
        return rc ? rc : error_set(err, ERR_MEMORY, "There is no memory for a mail.");
    }
    while (slice_cut(&rest, ',', &one)) {
        one = slice_trim(one);
        AUTO_FREE char *receiver = xasprintf("<" SLICE_FMT ">", SLICE_ARG(one));
        to = curl_slist_append(to, receiver);
    }
    struct upload upload = { buf_slice(&message) };
    curl_easy_setopt(curl, CURLOPT_URL, m->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)MAIL_TIME_MS);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
        (long)(password && !web_url_local(m->url) ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    if (m->user && m->user[0]) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, m->user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, password ? m->password : "");
    }
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, (void *)(uintptr_t)m);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, &upload);
    rc = result_of(curl, curl_easy_perform(curl), err);
    curl_slist_free_all(to);
    curl_easy_cleanup(curl);
    return rc;
}
