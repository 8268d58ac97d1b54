// SPDX-License-Identifier: AGPL-3.0-or-later
// Wrong files: each must be refused (422) for the reason that is true of it, with the finding that says so; what may come in
// with a warning must carry that warning.
#include "verify/internal.h"

#include <stdio.h>
#include <string.h>

enum { LONG_NAME = 300 };

static const struct wrong {
    const char *file, *as; // file: NULL: a text that was never there; as: the name it is sent under
    const char *reason; // NULL: it is taken in
    const char *finding;
} wrong[] = {
    { "hostile/elf-named.pdf", "elf-named.pdf", "type_mismatch", "type.mismatch" },
    { NULL, "manual.pdf.exe", "unknown_type", "type.unknown" },
    { NULL, "../../menu.txt", "path_traversal", "name.traversal" },
    { "hostile/overlapping-entries.docx", "overlapping-entries.docx", "resource_limit",
        "bomb.overlap" },
    { "hostile/pixels.png", "pixels.png", "resource_limit", "bomb.pixels" },
    { "hostile/user-password.pdf", "user-password.pdf", "encrypted", "structure.encrypted" },
    { "hostile/docm-named.docx", "docm-named.docx", "type_mismatch", "type.mismatch" },
    { "hostile/polyglot.pdf", "polyglot.pdf", "polyglot", "type.polyglot" },
    { "hostile/zero-bytes.pdf", "zero-bytes.pdf", "empty_file", "size.empty" },
    { "hostile/truncated.pdf", "truncated.pdf", "corrupt", "structure.truncated" },
    { "hostile/external-entity.docx", "external-entity.docx", "xml_entities", "xml.dtd" },
    { "hostile/path-traversal.docx", "path-traversal.docx", "path_traversal", "embedded.path" },
    { "hostile/no-data.wav", "no-data.wav", "media_undecodable", "structure.undecodable" },
    { "macro.docm", "macro.docm", NULL, "active.macro" },
    { "hostile/javascript.pdf", "javascript.pdf", NULL, "active.script" },
};

static void judge_refusal(const struct trial_reply *reply, const char *reason, const char *finding,
    struct verify_result *ret)
{
    const char *said = trial_text(reply->json, "reason");

    if (reply->status == 200 || reply->status == 201) {
        trial_fail(ret, "It was taken in; it must be refused (%s).", reason);
    } else if (reply->status != 422) {
        trial_fail(ret, "It was not refused by the checks. %s", reply->error);
    } else if (strcmp(said, reason) != 0) {
        trial_fail(ret, "It was refused, but for the reason %s instead of %s.", said, reason);
    } else if (!trial_has_finding(reply->json, finding)) {
        trial_fail(ret, "It was refused, but without the finding %s.", finding);
    } else {
        trial_pass(ret, "Refused: %s (%s).", reason, finding);
    }
}

TRIAL_CHECK(check_refused)
{
    const struct wrong *w = &wrong[c->subject];
    AUTO_TRIAL_REPLY reply = { 0 };
    AUTO_BUF text = BUF_INIT(4096);

    trial_make_text(t, 1, &text);
    trial_upload(t, w->as, w->file ? trial_file(w->file) : buf_slice(&text), NULL, &reply);
    judge_refusal(&reply, w->reason, w->finding, ret);
}

// Sent again if it is there already: the answer is the document either way.
TRIAL_CHECK(check_warned)
{
    const struct wrong *w = &wrong[c->subject];
    AUTO_TRIAL_REPLY reply = { 0 };
    long status = trial_upload(t, w->as, trial_file(w->file), NULL, &reply);

    if (status != 200 && status != 201) {
        trial_fail(ret, "It was not taken in. %s", reply.error);
    } else if (!trial_has_finding(reply.json, w->finding)) {
        trial_fail(ret, "It was taken in without the warning %s.", w->finding);
    } else {
        trial_pass(ret, "Taken in with the warning %s.", w->finding);
    }
}

TRIAL_CHECK(check_long_name)
{
    char name[LONG_NAME + 8];
    AUTO_BUF text = BUF_INIT(4096);
    AUTO_TRIAL_REPLY reply = { 0 };

    (void)c;
    memset(name, 'n', LONG_NAME);
    memcpy(name + LONG_NAME, ".txt", 5);
    trial_make_text(t, 1, &text);
    long status = trial_upload(t, name, buf_slice(&text), NULL, &reply);
    if (status == 422 && trial_has_finding(reply.json, "name.too_long")) {
        trial_pass(ret, "Refused: name.too_long.");
    } else if (status != 201) {
        trial_fail(ret, "The upload did not end as it should. %s", reply.error);
    } else if (!trial_has_finding(reply.json, "name.too_long") ||
               strlen(trial_text(reply.json, "name")) >= LONG_NAME) {
        trial_fail(ret, "The name was neither refused nor shortened with a warning.");
    } else {
        trial_pass(ret, "Shortened to %zu bytes, with the warning name.too_long.",
            strlen(trial_text(reply.json, "name")));
    }
}

// One byte more than the cap is announced: the server must say no before it has all of it.
TRIAL_CHECK(check_oversize)
{
    const json_t *one = NULL;
    int64_t cap = 0;
    size_t i = 0;
    char path[256];
    AUTO_TRIAL_REPLY reply = { 0 };

    (void)c;
    json_array_foreach(json_object_get(t->formats, "formats"), i, one)
    {
        if (strcmp(trial_text(one, "type"), "txt") == 0) {
            cap = trial_int(one, "cap_bytes");
        }
    }
    if (cap <= 0) {
        trial_fail(ret, "The server does not say how large a text may be (/v1/formats).");
        return;
    }
    snprintf(path, sizeof(path),
        "/v1/documents?partition=%s&external_id=" VERIFY_EXTERNAL_ID "&name=oversize.txt",
        t->partition);
    trial_call(t,
        &(struct trial_request){ .method = "POST",
            .path = path,
            .media_type = "application/octet-stream",
            .announced = cap + 1 },
        &reply);
    judge_refusal(&reply, "too_large", "size.over_limit", ret);
}
