// SPDX-License-Identifier: AGPL-3.0-or-later
// A run as text, JSON and JUnit's XML (the form that Jenkins and GitLab read). Pure. What stands in a report may come from the
// server that was tried, so control characters never reach a terminal and XML is always well-formed.
#include "base/clock.h"
#include "base/utf8.h"
#include "verify/verify.h"
#include "wire/json.h"

#include <math.h>
#include <string.h>

enum { TITLE_COLUMN = 60 };

const char *verify_status_word(enum verify_status s)
{
    static const char *const words[] = { "waiting", "running", "pass", "fail", "skipped" };

    return words[s];
}

size_t verify_count(const struct verify_report *r, enum verify_status s)
{
    size_t n = 0;

    for (size_t i = 0; i < r->count; i++) {
        n += r->results[i].status == s;
    }
    return n;
}

// ---- text

static void add_plain(struct buf *out, const char *text)
{
    struct slice rest = slice_of(text);

    while (rest.len > 0) {
        size_t n = 0;
        uint32_t c = utf8_decode(rest.data, rest.len, &n);
        if (c >= ' ' && (c < 0x7F || c > 0x9F)) { // C1 controls drive terminals too
            utf8_add(out, c);
        }
        rest = slice_from(rest, n);
    }
}

static void add_figure(struct buf *out, double value, const char *unit)
{
    buf_addf(out, value < 10 ? "%.2f %s" : value < 100 ? "%.1f %s" : "%.0f %s", value, unit);
}

static void figure_words(const struct verify_result *r, struct buf *out)
{
    if (r->measured && r->check->unit) {
        add_figure(out, r->value, r->check->unit);
        if (r->check->limit > 0) {
            buf_add_str(out, ", at most ");
            buf_addf(out, "%g %s", r->check->limit, r->check->unit);
        }
    }
}

void verify_result_text(const struct verify_result *r, bool first_of_category, struct buf *out)
{
    static const char *const marks[] = { "...", "...", "pass", "FAIL", "skip" };
    AUTO_BUF figure = BUF_INIT(256);

    if (first_of_category) {
        buf_addf(out, "\n%s\n", r->check->category);
    }
    figure_words(r, &figure);
    int pad = TITLE_COLUMN - (int)utf8_count(slice_of(r->check->proves));
    buf_addf(out, "  %-4s  %s", marks[r->status], r->check->proves);
    if (figure.len) {
        buf_addf(out, "%*s  %s", pad > 0 ? pad : 0, "", figure.data);
    }
    buf_add_char(out, '\n');
    if (r->status == VERIFY_SKIPPED) {
        buf_add_str(out, "        skipped, because ");
        add_plain(out, r->text);
        buf_add_char(out, '\n');
    } else if (r->status == VERIFY_FAIL) {
        buf_addf(out, "        %s: ", r->check->id);
        add_plain(out, r->text);
        buf_addf(out, "\n        Do next: %s\n", r->check->advice);
    }
}

void verify_end_text(const struct verify_report *r, struct buf *out)
{
    size_t fails = verify_count(r, VERIFY_FAIL);

    buf_addf(out, "\n%zu passed, %zu failed, %zu skipped; %.1f s.", verify_count(r, VERIFY_PASS),
        fails, verify_count(r, VERIFY_SKIPPED), (double)r->took_ms / 1000);
    if (r->rc < 0) {
        buf_add_str(out, " Not all could be tried: ");
        add_plain(out, r->error);
        buf_add_char(out, '\n');
        return;
    }
    buf_add_str(out, fails ? " This Larder is not ready; failed:" : " This Larder is ready.");
    for (size_t i = 0; i < r->count; i++) {
        if (r->results[i].status == VERIFY_FAIL) {
            buf_addf(out, " %s", r->results[i].check->id);
        }
    }
    buf_add_char(out, '\n');
}

// ---- JSON

static void add_result(struct json_out *j, const struct verify_result *r)
{
    json_begin_object(j);
    json_key_text(j, "id", r->check->id);
    json_key_text(j, "category", r->check->category);
    json_key_text(j, "proves", r->check->proves);
    json_key_text(j, "status", verify_status_word(r->status));
    json_key(j, "value");
    if (r->measured) {
        json_double(j, round(r->value * 1000) / 1000);
    } else {
        json_none(j);
    }
    json_key_text(j, "unit", r->check->unit);
    json_key(j, "limit");
    if (r->check->limit > 0) {
        json_double(j, r->check->limit);
    } else {
        json_none(j);
    }
    json_key_int(j, "took_ms", r->took_ms);
    json_key_text(j, "text", r->text);
    json_key_text(j, "advice", r->status == VERIFY_FAIL ? r->check->advice : NULL);
    json_end(j);
}

int verify_report_json(const struct verify_report *r, struct buf *out, struct error *err)
{
    struct json_out j;
    char when[CLOCK_TEXT_MAX];
    static const char *const counted[] = { "passed", "failed", "skipped" };

    clock_format(r->started_ms, when);
    json_begin(&j, out);
    json_begin_object(&j);
    json_key_text(&j, "result",
        !r->ended                      ? "running"
        : r->cancelled                 ? "cancelled"
        : r->rc < 0                    ? "not_run"
        : verify_count(r, VERIFY_FAIL) ? "fail"
                                       : "pass");
    json_key_text(&j, "server", r->url);
    json_key_text(&j, "version", r->server_version);
    json_key_text(&j, "started_at", when);
    json_key_int(&j, "took_ms", r->took_ms);
    json_key_text(&j, "partition", r->partition);
    json_key_text(&j, "error", r->rc < 0 ? r->error : NULL);
    for (int i = 0; i < 3; i++) {
        json_key_int(
            &j, counted[i], (int64_t)verify_count(r, (enum verify_status)(VERIFY_PASS + i)));
    }
    json_key_array(&j, "checks");
    for (size_t i = 0; i < r->count; i++) {
        add_result(&j, &r->results[i]);
    }
    json_end(&j);
    json_end(&j);
    return json_finish(&j, err);
}

// ---- JUnit

// XML 1.0 has no place for control characters, U+FFFE, U+FFFF or malformed bytes: they become U+FFFD.
static void add_xml(struct buf *out, const char *text)
{
    struct slice rest = slice_of(text);

    while (rest.len > 0) {
        size_t n = 0;
        uint32_t c = utf8_decode(rest.data, rest.len, &n);
        if (c == 0xFFFE || c == 0xFFFF || (c < ' ' && c != '\n' && c != '\t') || c == 0x7F) {
            utf8_add(out, UTF8_REPLACEMENT);
        } else if (c == '&') {
            buf_add_str(out, "&amp;");
        } else if (c == '<') {
            buf_add_str(out, "&lt;");
        } else if (c == '>') {
            buf_add_str(out, "&gt;");
        } else if (c == '"') {
            buf_add_str(out, "&quot;");
        } else {
            utf8_add(out, c);
        }
        rest = slice_from(rest, n);
    }
}

static void add_attribute(struct buf *out, const char *name, const char *value)
{
    buf_addf(out, " %s=\"", name);
    add_xml(out, value);
    buf_add_char(out, '"');
}

static void add_case(struct buf *out, const struct verify_result *r)
{
    AUTO_BUF figure = BUF_INIT(256);

    buf_add_str(out, "    <testcase");
    add_attribute(out, "classname", "larder.verify");
    add_attribute(out, "name", r->check->id);
    buf_addf(out, " time=\"%.3f\">\n", (double)r->took_ms / 1000);
    if (r->status == VERIFY_FAIL) {
        buf_add_str(out, "      <failure");
        add_attribute(out, "message", r->text);
        buf_add_str(out, ">");
        add_xml(out, r->check->proves);
        buf_add_str(out, ". Do next: ");
        add_xml(out, r->check->advice);
        buf_add_str(out, "</failure>\n");
    } else if (r->status != VERIFY_PASS) {
        buf_add_str(out, "      <skipped");
        add_attribute(out, "message", r->status == VERIFY_SKIPPED ? r->text : "It was not run.");
        buf_add_str(out, "/>\n");
    }
    figure_words(r, &figure);
    buf_add_str(out, "      <system-out>");
    add_xml(out, figure.len ? figure.data : r->text);
    buf_add_str(out, "</system-out>\n    </testcase>\n");
}

static void add_totals(struct buf *out, const struct verify_report *r, size_t from, size_t to)
{
    size_t fails = 0, skips = 0;
    int64_t ms = 0;

    for (size_t i = from; i < to; i++) {
        fails += r->results[i].status == VERIFY_FAIL;
        skips += r->results[i].status != VERIFY_FAIL && r->results[i].status != VERIFY_PASS;
        ms += r->results[i].took_ms;
    }
    buf_addf(out, " tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\" time=\"%.3f\"", to - from, fails,
        skips, (double)ms / 1000);
}

void verify_report_junit(const struct verify_report *r, struct buf *out)
{
    char when[CLOCK_TEXT_MAX];

    clock_format(r->started_ms, when);
    buf_add_str(
        out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"larder verify\"");
    buf_addf(out, " errors=\"%d\"", r->rc < 0);
    add_totals(out, r, 0, r->count);
    buf_add_str(out, ">\n");
    for (size_t i = 0, end = 0; i < r->count; i = end) {
        while (end < r->count &&
               strcmp(r->results[end].check->category, r->results[i].check->category) == 0) {
            end++;
        }
        buf_add_str(out, "  <testsuite");
        add_attribute(out, "name", r->results[i].check->category);
        add_attribute(out, "hostname", r->url);
        add_attribute(out, "timestamp", when);
        add_totals(out, r, i, end);
        buf_add_str(out, ">\n");
        for (size_t k = i; k < end; k++) {
            add_case(out, &r->results[k]);
        }
        buf_add_str(out, "  </testsuite>\n");
    }
    if (r->rc < 0) {
        buf_add_str(out,
            "  <testsuite name=\"run\" tests=\"1\" errors=\"1\" failures=\"0\" skipped=\"0\">\n"
            "    <testcase classname=\"larder.verify\" name=\"run\" time=\"0\">\n      <error");
        add_attribute(out, "message", r->error);
        buf_add_str(out, "/>\n    </testcase>\n  </testsuite>\n");
    }
    buf_add_str(out, "</testsuites>\n");
}
