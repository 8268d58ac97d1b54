// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements finding.h. The list below is the only one of codes: the findings page of the manual and GET /v1/findings are
// made from it. To add one: a line here, and a golden case that shows it. Any thread.
#include "wire/finding.h"

#include "base/utf8.h"
#include "wire/json_out.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIX_FILE "Open it in the program that made it, save it again, and upload the new copy."
#define SMALLER "Split it into smaller documents, or ask an administrator to raise the limit."
#define NOT_RUN "Nothing of it is ever run here. Make sure that you know who made the document."

static const struct finding_code codes[] = {
    // 1 name
    { "name.unsafe", 1, SEVERITY_WARNING, REASON_NONE,
        "The document is kept under a cleaned name; rename it if you like." },
    { "name.traversal", 1, SEVERITY_REJECT, REASON_PATH_TRAVERSAL,
        "Upload it under a plain file name without folders." },
    { "name.too_long", 1, SEVERITY_WARNING, REASON_NONE,
        "The name was shortened; rename the document if you like." },
    { "type.unknown", 1, SEVERITY_REJECT, REASON_UNKNOWN_TYPE,
        "Save it as one of the supported types; the formats page lists them." },
    // 2 size
    { "size.empty", 2, SEVERITY_REJECT, REASON_EMPTY_FILE,
        "Check that the file was saved completely, then upload it again." },
    { "size.over_limit", 2, SEVERITY_REJECT, REASON_TOO_LARGE, SMALLER },
    { "size.over_quota", 2, SEVERITY_REJECT, REASON_TOO_LARGE,
        "Delete documents that are no longer needed, or ask an administrator for more room." },
    // 3 type
    { "type.mismatch", 3, SEVERITY_REJECT, REASON_TYPE_MISMATCH,
        "Give the file the extension of what it really is." },
    { "type.polyglot", 3, SEVERITY_REJECT, REASON_POLYGLOT,
        "The file is valid as two types at once, which is a known way to deceive. " FIX_FILE },
    { "type.no_converter", 3, SEVERITY_REJECT, REASON_UNKNOWN_TYPE,
        "Save it as .docx, .xlsx or .pptx and upload that. Or ask an administrator to install "
        "LibreOffice (Debian: libreoffice-writer-nogui libreoffice-calc-nogui "
        "libreoffice-impress-nogui) and to start the server again." },
    { "type.declared", 3, SEVERITY_WARNING, REASON_NONE, "Nothing to do; the content decided." },
    // 4 structure
    { "structure.corrupt", 4, SEVERITY_REJECT, REASON_CORRUPT, FIX_FILE },
    { "structure.truncated", 4, SEVERITY_REJECT, REASON_CORRUPT,
        "The end of the file is missing. Copy or download it again, then upload it." },
    { "structure.encrypted", 4, SEVERITY_REJECT, REASON_ENCRYPTED,
        "Save a copy without a password and upload that." },
    { "structure.no_content", 4, SEVERITY_REJECT, REASON_NO_CONTENT,
        "There is nothing in it to read; check that it is the right file." },
    { "structure.undecodable", 4, SEVERITY_REJECT, REASON_MEDIA_UNDECODABLE,
        "Export it again in a common codec, then upload that." },
    { "structure.repaired", 4, SEVERITY_WARNING, REASON_NONE,
        "It was read after a repair; compare the text with the original." },
    { "structure.partial", 4, SEVERITY_WARNING, REASON_NONE,
        "A part of it could not be read, the rest was. " FIX_FILE },
    { "structure.unusual", 4, SEVERITY_INFO, REASON_NONE, "Nothing to do." },
    { "structure.restricted", 4, SEVERITY_INFO, REASON_NONE,
        "The author asked programs not to copy or print it; check that you may use it here." },
    { "structure.signed", 4, SEVERITY_INFO, REASON_NONE,
        "Nothing to do; the signature was not verified." },
    { "bomb.ratio", 4, SEVERITY_REJECT, REASON_RESOURCE_LIMIT,
        "It unpacks to far more than it should. " FIX_FILE },
    { "bomb.size", 4, SEVERITY_REJECT, REASON_RESOURCE_LIMIT, SMALLER },
    { "bomb.depth", 4, SEVERITY_REJECT, REASON_RESOURCE_LIMIT,
        "Its structure is nested too deeply. " FIX_FILE },
    { "bomb.entries", 4, SEVERITY_REJECT, REASON_RESOURCE_LIMIT, SMALLER },
    { "bomb.overlap", 4, SEVERITY_REJECT, REASON_RESOURCE_LIMIT,
        "Parts of it share the same bytes, which no normal program writes. " FIX_FILE },
    { "bomb.pixels", 4, SEVERITY_REJECT, REASON_RESOURCE_LIMIT,
        "Make its pictures smaller and upload it again." },
    { "bomb.pages", 4, SEVERITY_REJECT, REASON_RESOURCE_LIMIT, SMALLER },
    { "bomb.cells", 4, SEVERITY_REJECT, REASON_RESOURCE_LIMIT, SMALLER },
    { "bomb.text", 4, SEVERITY_REJECT, REASON_RESOURCE_LIMIT, SMALLER },
    { "bomb.elements", 4, SEVERITY_REJECT, REASON_RESOURCE_LIMIT, SMALLER },
    { "bomb.duration", 4, SEVERITY_REJECT, REASON_RESOURCE_LIMIT, SMALLER },
    { "bomb.time", 4, SEVERITY_REJECT, REASON_RESOURCE_LIMIT,
        "Reading it took too long. " SMALLER },
    { "bomb.memory", 4, SEVERITY_REJECT, REASON_RESOURCE_LIMIT,
        "Reading it took too much memory. " SMALLER },
    { "bomb.output", 4, SEVERITY_REJECT, REASON_RESOURCE_LIMIT, SMALLER },
    { "page.no_text", 4, SEVERITY_INFO, REASON_NONE,
        "The page is a picture; its words are recognised if that is switched on." },
    { "page.unreadable", 4, SEVERITY_WARNING, REASON_NONE, "The other pages were read. " FIX_FILE },
    { "image.unreadable", 4, SEVERITY_WARNING, REASON_NONE,
        "The picture was left out; the rest was read." },
    { "ocr.no_model", 4, SEVERITY_WARNING, REASON_NONE,
        "Ask an administrator to install the model for recognising text (Debian: "
        "tesseract-ocr-eng), then read the document again." },
    { "ocr.stopped", 4, SEVERITY_WARNING, REASON_NONE,
        "What was read so far can be found. Larger letters are read faster." },
    { "ocr.failed", 4, SEVERITY_WARNING, REASON_NONE, "Its picture is kept and shown. " FIX_FILE },
    { "speech.no_model", 4, SEVERITY_INFO, REASON_NONE,
        "Install a speech model (setting speech.model), then let it be read again: larder reread "
        "--missing speech." },
    { "speech.unread", 4, SEVERITY_WARNING, REASON_NONE,
        "See whether the speech service answers (larder doctor), then let it be read again: larder "
        "reread --missing speech." },
    { "mode.left_out", 4, SEVERITY_INFO, REASON_NONE,
        "Read it again with another mode if that is wanted: larder reread --mode." },
    { "text.encoding", 4, SEVERITY_INFO, REASON_NONE,
        "If letters look wrong, save the file as UTF-8 and upload it again." },
    { "text.damaged", 4, SEVERITY_WARNING, REASON_NONE,
        "Some characters could not be read. Save the file as UTF-8 and upload it again." },
    { "reader.crashed", 4, SEVERITY_REJECT, REASON_CORRUPT,
        "The program that reads it could not cope with it. " FIX_FILE },
    // 5 security
    { "xml.dtd", 5, SEVERITY_REJECT, REASON_XML_ENTITIES,
        "It declares entities, which are a known way to attack. " FIX_FILE },
    { "active.macro", 5, SEVERITY_WARNING, REASON_NONE, NOT_RUN },
    { "active.script", 5, SEVERITY_WARNING, REASON_NONE, NOT_RUN },
    { "active.launch", 5, SEVERITY_QUARANTINE, REASON_NONE,
        "It asks the reader's machine to start a program, which a manual has no need for. Somebody "
        "who knows where it comes "
        "from can release or delete it." },
    { "active.external", 5, SEVERITY_WARNING, REASON_NONE,
        "Nothing outside the document is ever fetched here; what it refers to is not part of what "
        "was read." },
    { "active.dde", 5, SEVERITY_WARNING, REASON_NONE, NOT_RUN },
    { "active.formula", 5, SEVERITY_WARNING, REASON_NONE,
        "Cells begin like formulas. They are kept as text here; take care when you open the file "
        "in a spreadsheet program." },
    { "active.submit", 5, SEVERITY_WARNING, REASON_NONE, NOT_RUN },
    { "active.control", 5, SEVERITY_WARNING, REASON_NONE, NOT_RUN },
    { "active.form", 5, SEVERITY_INFO, REASON_NONE,
        "Nothing to do; what is filled in is read as text." },
    { "embedded.file", 5, SEVERITY_WARNING, REASON_NONE,
        "The file inside was not read; upload it by itself if it is needed." },
    { "embedded.path", 5, SEVERITY_REJECT, REASON_PATH_TRAVERSAL,
        "No program names parts so by accident. Get the document anew from somebody you know." },
    { "text.hidden", 5, SEVERITY_WARNING, REASON_NONE,
        "Compare what is shown with what was read; hidden text can mislead." },
    { "text.direction", 5, SEVERITY_WARNING, REASON_NONE,
        "Characters that reverse the direction of writing can make text look like something else; "
        "read it with care." },
    { "privacy.location", 5, SEVERITY_INFO, REASON_NONE,
        "The place where it was taken is stored in it; it is left out of what is shown." },
    { "malware.signature", 5, SEVERITY_REJECT, REASON_MALWARE_SIGNATURE,
        "Do not open the file. Ask an administrator to look at it." },
    { "malware.not_scanned", 5, SEVERITY_QUARANTINE, REASON_NONE,
        "It is held because nobody scanned it. Ask an administrator: larder doctor says whether "
        "the scanner answers; then delete the document and upload it again, or release it." },
    { "reader.forbidden", 5, SEVERITY_QUARANTINE, REASON_NONE,
        "Reading it tried something that a document never needs. Ask an administrator to look at "
        "it." },
    { "reader.garbled", 5, SEVERITY_QUARANTINE, REASON_NONE,
        "Reading it gave an answer that makes no sense. Ask an administrator to look at it." },
};

enum {
    PLACE_NAMES_MAX = 256 << 10, // bytes for all names of places of one list
    FINDINGS_PER_CODE_MAX = 16, // so that one noisy code leaves room for others
};

const struct finding_code *finding_code_at(size_t i)
{
    return i < ARRAY_LEN(codes) ? &codes[i] : NULL;
}

const struct finding_code *finding_code_find(struct slice code)
{
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (slice_is(code, codes[i].code)) {
            return &codes[i];
        }
    }
    return NULL;
}

void finding_set_message(struct finding *f, struct slice text)
{
    AUTO_BUF clean = BUF_INIT(16 * sizeof(f->message));
    struct slice kept;

    utf8_add_clean(&clean, utf8_prefix(text, 4 * sizeof(f->message)));
    for (size_t i = 0; i < clean.len; i++) {
        if (clean.data[i] == '\n' || clean.data[i] == '\t') {
            clean.data[i] = ' ';
        }
    }
    kept = utf8_prefix(buf_slice(&clean), sizeof(f->message) - 1);
    if (kept.len) {
        memcpy(f->message, kept.data, kept.len);
    }
    f->message[kept.len] = '\0';
}

void findings_init(struct findings *f)
{
    *f = (struct findings){ .items = NULL };
    arena_init(&f->arena, PLACE_NAMES_MAX);
}

void findings_done(struct findings *f)
{
    free(f->items);
    arena_done(&f->arena);
    *f = (struct findings){ .items = NULL };
}

// The place for a new finding of this severity: a free one, or the last one that weighs less; NULL when all weigh as much.
static struct finding *make_room(struct findings *f, enum severity severity)
{
    if (!f->items) {
        f->items = xalloc(FINDINGS_MAX * sizeof(*f->items));
    }
    if (f->count < FINDINGS_MAX) {
        return &f->items[f->count++];
    }
    f->dropped++;
    for (size_t i = f->count; i-- > 0;) {
        if (f->items[i].code->severity < severity) {
            memmove(&f->items[i], &f->items[i + 1], (f->count - i - 1) * sizeof(*f->items));
            return &f->items[f->count - 1];
        }
    }
    return NULL;
}

void findings_put(struct findings *f, const struct finding *one)
{
    size_t same = 0;
    struct place at = one->place;

    for (size_t i = 0; i < f->count; i++) {
        if (f->items[i].code == one->code) {
            if (place_equal(&f->items[i].place, &one->place)) {
                return;
            }
            same++;
        }
    }
    if (same >= FINDINGS_PER_CODE_MAX) {
        f->dropped++;
        return;
    }
    struct finding *to = make_room(f, one->code->severity);
    if (to) {
        *to = *one;
        to->place = at;
        to->place.name = arena_slice(&f->arena, at.name);
        to->place.section = arena_slice(&f->arena, at.section);
    }
}

void findings_add(
    struct findings *f, const char *code, const struct place *place, const char *fmt, ...)
{
    struct finding one = { .code = finding_code_find(slice_of(code)) };
    char text[2 * sizeof(one.message)];
    va_list args;

    if (!one.code) {
        BUG("no finding has the code %s", code);
    }
    if (place) {
        one.place = *place;
    }
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    finding_set_message(&one, slice_of(text));
    findings_put(f, &one);
}

enum verdict findings_verdict(const struct findings *f)
{
    enum severity worst = SEVERITY_INFO;
    for (size_t i = 0; i < f->count; i++) {
        if (f->items[i].code->severity > worst) {
            worst = f->items[i].code->severity;
        }
    }
    switch (worst) {
    case SEVERITY_REJECT:
        return VERDICT_REJECTED;
    case SEVERITY_QUARANTINE:
        return VERDICT_QUARANTINED;
    case SEVERITY_WARNING:
        return VERDICT_ACCEPTED_WITH_WARNINGS;
    case SEVERITY_INFO:
        break;
    }
    return VERDICT_ACCEPTED;
}

enum reason findings_reason(const struct findings *f)
{
    const struct finding_code *first = NULL;

    for (size_t i = 0; i < f->count; i++) {
        const struct finding_code *c = f->items[i].code;
        if (c->reason != REASON_NONE &&
            (!first || c->severity > first->severity ||
                (c->severity == first->severity && c->layer < first->layer))) {
            first = c;
        }
    }
    return first ? first->reason : REASON_NONE;
}

bool findings_has(const struct findings *f, const char *code)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->items[i].code->code, code) == 0) {
            return true;
        }
    }
    return false;
}

void finding_put_json(struct json_out *j, const struct finding *f)
{
    json_begin_object(j);
    json_key_text(j, "code", f->code->code);
    json_key_int(j, "layer", f->code->layer);
    json_key_text(j, "severity", severity_word(f->code->severity));
    json_key_text(j, "message", f->message);
    if (f->place.kind != PLACE_NONE) {
        json_key(j, "place");
        place_put_json(j, &f->place);
    }
    json_key_text(j, "advice", f->code->advice);
    json_end(j);
}

void findings_put_json(struct json_out *j, const struct findings *f)
{
    json_begin_array(j);
    for (size_t i = 0; i < f->count; i++) {
        struct finding one = f->items[i];
        if (f->dropped && i + 1 == f->count) {
            char text[sizeof(one.message) + 64];
            snprintf(text, sizeof(text), "(%zu more findings are left out.) %s", f->dropped,
                f->items[i].message);
            finding_set_message(&one, slice_of(text));
        }
        finding_put_json(j, &one);
    }
    json_end(j);
}

void findings_add_json(struct buf *b, const struct findings *f)
{
    struct json_out j;
    json_begin(&j, b);
    findings_put_json(&j, f);
}

const char *severity_word(enum severity s)
{
    static const char *const words[] = { "info", "warning", "quarantine", "reject" };
    BUG_ON((unsigned)s >= ARRAY_LEN(words));
    return words[s];
}

static const char *const verdict_words[] = { "accepted", "accepted_with_warnings", "quarantined",
    "rejected" };

const char *verdict_word(enum verdict v)
{
    BUG_ON((unsigned)v >= ARRAY_LEN(verdict_words));
    return verdict_words[v];
}

int verdict_from_word(struct slice word)
{
    for (size_t i = 0; i < ARRAY_LEN(verdict_words); i++) {
        if (slice_is(word, verdict_words[i])) {
            return (int)i;
        }
    }
    return -1;
}

static const char *const reason_words[] = {
    [REASON_NONE] = NULL,
    [REASON_EMPTY_FILE] = "empty_file",
    [REASON_TOO_LARGE] = "too_large",
    [REASON_UNKNOWN_TYPE] = "unknown_type",
    [REASON_TYPE_MISMATCH] = "type_mismatch",
    [REASON_CORRUPT] = "corrupt",
    [REASON_ENCRYPTED] = "encrypted",
    [REASON_RESOURCE_LIMIT] = "resource_limit",
    [REASON_XML_ENTITIES] = "xml_entities",
    [REASON_MEDIA_UNDECODABLE] = "media_undecodable",
    [REASON_NO_CONTENT] = "no_content",
    [REASON_MALWARE_SIGNATURE] = "malware_signature",
    [REASON_PATH_TRAVERSAL] = "path_traversal",
    [REASON_POLYGLOT] = "polyglot",
};
_Static_assert(ARRAY_LEN(reason_words) == REASONS, "a word for each reason");

const char *reason_word(enum reason r)
{
    BUG_ON((unsigned)r >= REASONS);
    return reason_words[r];
}
