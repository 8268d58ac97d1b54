// SPDX-License-Identifier: AGPL-3.0-or-later
// The twenty file types: a small file of each is uploaded as people upload it, read, and found by words that stand at one place
// in it; the answer must name that place. All are uploaded first, so that the server's workers share them.
#include "base/clock.h"
#include "verify/internal.h"

#include <stdio.h>
#include <string.h>

enum { TOP = 3 };
#define SECONDS_OFF 0.6

static const struct wanted {
    const char *type, *file;
    const char *query;
    const char *place; // numbers and texts are equal, ranges meet, true: is there
    bool speech; // the words are heard, not read
} wanted[TRIAL_TYPES] = {
    { "pdf", "simple.pdf", "flame sensor is dirty", "{\"page\":3,\"box\":true}", false },
    { "docx", "headings-lists.docx", "weigh the bin",
        "{\"part\":\"document\",\"section\":\"Counting\"}", false },
    { "docm", "macro.docm", "words of the document are read", "{\"part\":\"document\"}", false },
    { "xlsx", "strings.xlsx", "filter paper two packs", "{\"sheet\":\"Strings\",\"range\":true}",
        false },
    { "xlsm", "macro.xlsm", "order sheet with a macro", "{\"sheet\":\"Orders\",\"range\":true}",
        false },
    { "pptx", "reading-order.pptx", "right column one", "{\"slide\":2}", false },
    { "txt", "utf8.txt", "served cold", "{\"lines\":[1,1]}", false },
    { "md", "blocks.md", "onion rings", "{\"lines\":[29,29]}", false },
    { "csv", "comma.csv", "degreaser", "{\"rows\":[3,3]}", false },
    { "jpg", "located.jpg", "hold hot food", "{\"box\":true}", false },
    { "jpeg", "turned-by-exif.jpeg", "hold hot food", "{\"box\":true}", false },
    { "png", "one-bit.png", "hold hot food", "{\"box\":true}", false },
    { "gif", "steps.gif", "drain oil", "{\"frame\":2,\"box\":true}", false },
    { "webp", "steps.webp", "drain oil", "{\"frame\":2,\"box\":true}", false },
    { "mp4", "training.mp4", "lock the back door", "{\"time\":[5.0,8.0]}", false },
    { "mov", "cues.mov", "light the pilot flame", "{\"time\":[2.5,3.9]}", false },
    { "avi", "sign.avi", "exit seventeen", "{\"time\":[2.0,4.0]}", false },
    { "wav", "fryer.wav", "cleaned every evening", "{\"time\":[3.0,6.5]}", true },
    { "mp3", "moments.mp3", "yellow paper", "{\"time\":[16.4,20.5]}", true },
    { "m4a", "chapters.m4a", "walk-in cooler", "{\"time\":[2.0,4.0]}", false },
};

static void take_upload(struct trial_upload *u, const struct trial_reply *r)
{
    u->status = r->status;
    snprintf(u->id, sizeof(u->id), "%s", trial_text(r->json, "id"));
    if (r->status == 201) {
        return;
    }
    const json_t *finding = json_array_get(json_object_get(r->json, "findings"), 0);
    const char *message = trial_text(finding, "message");
    snprintf(u->words, sizeof(u->words), "It was not taken in (%s). %.300s",
        trial_text(r->json, "reason")[0] ? trial_text(r->json, "reason") : "no reason given",
        message[0] ? message : r->error);
}

void types_upload(struct trial *t)
{
    if (t->uploaded) {
        return;
    }
    t->uploaded = true;
    for (size_t i = 0; i < TRIAL_TYPES && !trial_stopped(t); i++) {
        AUTO_TRIAL_REPLY reply = { 0 };
        trial_upload(t, wanted[i].file, trial_file(wanted[i].file), NULL, &reply);
        take_upload(&t->uploads[i], &reply);
    }
    t->uploaded_ms = clock_mono_ms();
}

bool types_have_pdf(struct trial *t, struct verify_result *ret)
{
    types_upload(t);
    if (t->uploads[0].status != 201) {
        trial_skip(ret, "the PDF that it asks for was not taken in (see type.pdf).");
    }
    return t->uploads[0].status == 201;
}

// ---- places

static bool ranges_meet(const json_t *want, const json_t *got, double slack)
{
    double from = json_number_value(json_array_get(want, 0));
    double to = json_number_value(json_array_get(want, 1));

    return json_array_size(got) == 2 && json_number_value(json_array_get(got, 0)) <= to + slack &&
           json_number_value(json_array_get(got, 1)) >= from - slack;
}

static bool place_fits(const char *wanted_json, const json_t *got)
{
    AUTO_JSON *want = json_loads(wanted_json, 0, NULL);
    const char *key = NULL;
    json_t *value = NULL;
    bool fits = want != NULL;

    json_object_foreach(want, key, value)
    {
        const json_t *mine = json_object_get(got, key);
        if (json_is_array(value)) {
            fits = fits && ranges_meet(value, mine, strcmp(key, "time") == 0 ? SECONDS_OFF : 0);
        } else if (json_is_string(value)) { // a section is named with those above it
            fits = fits && json_is_string(mine) &&
                   slice_ends(slice_of(json_string_value(mine)), json_string_value(value));
        } else if (json_is_integer(value)) {
            fits = fits && json_integer_value(mine) == json_integer_value(value);
        } else {
            fits = fits && mine;
        }
    }
    return fits;
}

// ---- checks

static void find_it(
    struct trial *t, const char *id, const struct wanted *w, struct verify_result *ret)
{
    AUTO_TRIAL_REPLY reply = { 0 };
    const json_t *one = NULL, *mine = NULL;
    size_t i = 0;

    if (trial_post(t, "/v1/search", &reply,
            "{\"query\":\"%s\",\"partition\":\"%s\",\"types\":[\"%s\"],\"limit\":%d}", w->query,
            t->partition, w->type, TOP) != 200) {
        trial_fail(ret, "The search did not answer. %s", reply.error);
        return;
    }
    json_array_foreach(json_object_get(reply.json, "results"), i, one)
    {
        mine = mine || strcmp(trial_text(one, "document_id"), id) != 0 ? mine : one;
    }
    const char *words = trial_text(mine, "place_words");
    if (!mine) {
        trial_fail(ret, "It was read, but a search for \"%s\" does not find it.", w->query);
    } else if (!place_fits(w->place, json_object_get(mine, "place"))) {
        trial_fail(ret, "A search for \"%s\" finds it at the wrong place: %s.", w->query,
            words[0] ? words : "none");
    } else {
        trial_pass(ret, "\"%s\" is found%s%s.", w->query, words[0] ? ": " : "", words);
    }
}

static void read_and_find(struct trial *t, const char *id, const struct wanted *w, int64_t until_ms,
    struct verify_result *ret)
{
    AUTO_TRIAL_REPLY reply = { 0 };

    if (!trial_wait(t, id, until_ms, &reply)) {
        trial_fail(ret, "%s", reply.error);
        return;
    }
    const char *status = trial_text(reply.json, "status");
    if (strcmp(status, "ready") != 0) {
        const json_t *finding = json_array_get(json_object_get(reply.json, "findings"), 0);
        trial_fail(ret, "It was taken in, but its state became %s. %s", status,
            trial_text(finding, "message"));
    } else if (w->speech && trial_has_finding(reply.json, "speech.no_model")) {
        trial_skip(ret, "no speech model is in use (see engine.speech): it was taken in, but its "
                        "words are not heard.");
    } else {
        find_it(t, id, w, ret);
    }
}

TRIAL_CHECK(check_type)
{
    const struct wanted *w = &wanted[c->subject];
    const struct trial_upload *u = &t->uploads[c->subject];

    types_upload(t);
    if (u->status != 201) {
        trial_fail(ret, "%s", u->words[0] ? u->words : "It was not uploaded.");
        return;
    }
    read_and_find(t, u->id, w, t->uploaded_ms + TRIAL_READY_MS, ret);
}

TRIAL_CHECK(check_legacy)
{
    static const struct wanted doc = { "doc", "manual.doc", "basket sensor is wet",
        "{\"part\":\"document\"}", false };
    const json_t *one = NULL;
    bool available = false;
    size_t i = 0;
    AUTO_TRIAL_REPLY reply = { 0 };
    struct trial_upload u = { 0 };

    (void)c;
    json_array_foreach(json_object_get(t->formats, "formats"), i, one)
    {
        available = available || (strcmp(trial_text(one, "type"), "doc") == 0 &&
                                     json_is_true(json_object_get(one, "available")));
    }
    if (!available) {
        trial_skip(ret, "LibreOffice is not in use on this server (see engine.libreoffice).");
        return;
    }
    trial_upload(t, doc.file, trial_file(doc.file), NULL, &reply);
    take_upload(&u, &reply);
    if (u.status != 201) {
        trial_fail(ret, "%s", u.words);
        return;
    }
    read_and_find(t, u.id, &doc, clock_mono_ms() + TRIAL_READY_MS, ret);
}
