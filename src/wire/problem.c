// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements problem.h.
#include "wire/problem.h"

#include "base/error.h"
#include "wire/json.h"

void problem_format(struct buf *out, int code, int status, const char *detail,
    const char *request_id, struct slice extra)
{
    const struct error_kind *kind = error_kind(code);

    buf_addf(out, "{\"type\":\"urn:larder:problem:%s\",\"title\":", kind->word);
    json_add_text(out, kind->title);
    buf_addf(
        out, ",\"status\":%d,\"code\":\"%s\"", status ? status : kind->http_status, kind->word);
    if (detail && *detail) {
        buf_add_str(out, ",\"detail\":");
        json_add_text(out, detail);
    }
    if (request_id && *request_id) {
        buf_add_str(out, ",\"request_id\":");
        json_add_text(out, request_id);
    }
    if (extra.len) {
        buf_add_char(out, ',');
        buf_add_slice(out, extra);
    }
    buf_add_char(out, '}');
}
