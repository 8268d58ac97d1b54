// SPDX-License-Identifier: AGPL-3.0-or-later
// The table of checks, in the order in which they run. One entry is one check; the report is made from it. The last one cleans
// up and always runs.
#include "verify/internal.h"

#define HEALTH "Health"
#define TYPES "File types"
#define WRONG "Wrong files"
#define LIVE "Progress"
#define TOOLS "Tools"
#define ENGINES "Engines"
#define ALERTS "Alerts"
#define LIMITS "Access and limits"
#define TIMES "Promised times"
#define LOAD "Load"
#define CLEAN "Cleaning up"

#define READ_ADVICE                                                                                \
    "See the document's findings and the limit of its type (limits.* in larder help settings); "   \
    "run "                                                                                         \
    "larder doctor on the server's machine."
#define REFUSE_ADVICE                                                                              \
    "Don't trust this server with uploads: check that larder and larder-reader are of the same "   \
    "version and that no proxy changes bodies or names."
#define TIME_ADVICE                                                                                \
    "Look at the dashboard for what the machine is short of (processor, disk); try nearer to the " \
    "server to leave the network out."

#define TYPE(number, name, words)                                                                  \
    {                                                                                              \
        "type." name, TYPES, words " is taken in and found at its place", NULL, 0, number,         \
            check_type, READ_ADVICE                                                                \
    }
#define SPOKEN(number, name, words)                                                                \
    {                                                                                              \
        "type." name, TYPES, words " is taken in, its speech is found at its second", NULL, 0,     \
            number, check_type,                                                                    \
            "See engine.speech; larder doctor on the server's machine tells more."                 \
    }
#define WRONG_FILE(number, name, words)                                                            \
    {                                                                                              \
        "refuse." name, WRONG, words " is refused", NULL, 0, number, check_refused, REFUSE_ADVICE  \
    }
#define WARNED(number, name, words)                                                                \
    {                                                                                              \
        "warn." name, WRONG, words " comes in with a warning", NULL, 0, number, check_warned,      \
            REFUSE_ADVICE                                                                          \
    }

static const struct verify_check checks[] = {
    { "health.ready", HEALTH, "The server is ready", NULL, 0, 0, check_ready,
        "The answer of /readyz says what is missing; look at the disk and the log." },
    { "health.parts", HEALTH, "No part of the server fails", NULL, 0, 0, check_health,
        "Look at the dashboard; each part says what it needs." },
    TYPE(0, "pdf", "PDF"),
    TYPE(1, "docx", "Word"),
    TYPE(2, "docm", "Word with macros"),
    TYPE(3, "xlsx", "Excel"),
    TYPE(4, "xlsm", "Excel with macros"),
    TYPE(5, "pptx", "PowerPoint"),
    TYPE(6, "txt", "Plain text"),
    TYPE(7, "md", "Markdown"),
    TYPE(8, "csv", "CSV"),
    TYPE(9, "jpg", "A .jpg with words"),
    TYPE(10, "jpeg", "A turned .jpeg with words"),
    TYPE(11, "png", "PNG with words"),
    TYPE(12, "gif", "GIF with words"),
    TYPE(13, "webp", "WebP with words"),
    TYPE(14, "mp4", "MP4 with subtitles"),
    TYPE(15, "mov", "QuickTime with subtitles"),
    TYPE(16, "avi", "AVI with words on the screen"),
    SPOKEN(17, "wav", "WAV"),
    SPOKEN(18, "mp3", "MP3"),
    TYPE(19, "m4a", "M4A with chapters"),
    { "type.doc", TYPES, "Word 97 to 2003 is taken in and found", NULL, 0, 0, check_legacy,
        "See engine.libreoffice; larder doctor on the server's machine tries a conversion." },
    WRONG_FILE(0, "renamed-program", "A program renamed to .pdf"),
    WRONG_FILE(1, "program-name", "A name that ends in .pdf.exe"),
    WRONG_FILE(2, "path-in-name", "A name with a path in it"),
    WRONG_FILE(3, "zip-bomb", "A zip bomb"),
    WRONG_FILE(4, "picture-bomb", "A picture of too many pixels"),
    WRONG_FILE(5, "encrypted", "A PDF with a password"),
    WRONG_FILE(6, "hidden-macros", "A macro document named .docx"),
    WRONG_FILE(7, "polyglot", "A file that is two types at once"),
    WRONG_FILE(8, "empty", "An empty file"),
    WRONG_FILE(9, "truncated", "A PDF that is cut off"),
    WRONG_FILE(10, "entities", "A document that asks for outer files"),
    WRONG_FILE(11, "path-in-zip", "A document that unpacks elsewhere"),
    WRONG_FILE(12, "no-sound", "A recording without sound"),
    { "refuse.oversize", WRONG, "A text over its limit is refused", NULL, 0, 0, check_oversize,
        REFUSE_ADVICE },
    WARNED(13, "macros", "A macro document"),
    WARNED(14, "script", "A PDF with a script"),
    { "warn.long-name", WRONG, "A name that is too long is shortened or refused", NULL, 0, 0,
        check_long_name, REFUSE_ADVICE },
    { "live.progress", LIVE, "Events tell of a document from upload to ready", NULL, 0, 0,
        check_progress,
        "If a proxy stands before Larder, it must pass WebSockets on (Upgrade) and not buffer "
        "them." },
    { "live.resume", LIVE, "A broken connection goes on where it was", NULL, 0, 0, check_resume,
        "If several servers stand behind one address, a client must reach the same one again." },
    { "live.delay", LIVE, "Events come at once", "ms", 100, 0, check_event_delay, TIME_ADVICE },
    { "live.ping", LIVE, "WebSocket round trips are quick", "ms", 100, 0, check_ping, TIME_ADVICE },
    { "tools.mcp", TOOLS, "An MCP session can be begun", NULL, 0, 0, check_mcp_start,
        "If a proxy stands before Larder, it must pass /mcp and the header Mcp-Session-Id on." },
    { "tools.list", TOOLS, "MCP lists the tools", NULL, 0, 0, check_mcp_list,
        "See tools.mcp; larder mcp can be tried by hand." },
    { "tools.call", TOOLS, "An MCP tool finds a document", NULL, 0, 0, check_mcp_call,
        "See type.pdf first: the tool looks for that document." },
    { "tools.ask", TOOLS, "A question is answered with the right citation", NULL, 0, 0, check_ask,
        "See type.pdf first; with a language model, see that assist.model_url answers in time." },
    { "engine.sandbox", ENGINES, "Readers of documents are shut in", NULL, 0, 0, check_sandbox,
        "The kernel or the container forbids it; larder doctor says what is missing. "
        "reader.sandbox = require refuses to read without it." },
    { "engine.speech", ENGINES, "The speech model is there", NULL, 0, 0, check_speech,
        "Set speech.model to a model's file or service, then larder reread --missing speech." },
    { "engine.libreoffice", ENGINES, "LibreOffice reads older Office files", NULL, 0, 0,
        check_libreoffice,
        "Install LibreOffice on the server's machine and start the server again." },
    { "engine.meaning", ENGINES, "Search by meaning finds what other words say", NULL, 0, 0,
        check_meaning, "See embeddings.* in larder help settings, and search:meaning in /health." },
    { "engine.scanner", ENGINES, "The virus scanner answers", NULL, 0, 0, check_scanner,
        "Start clamd or correct clamd.address; until then uploads are quarantined." },
    { "engine.queue", ENGINES, "No document waits for long", "s", 300, 0, check_queue,
        "Look at the dashboard's queue; more jobs.workers read more at the same time." },
    { "alerts.delivery", ALERTS, "A test alert is delivered", NULL, 0, 0, check_alert_delivery,
        "See that the receiver runs and that alerts.webhook, alerts.alertmanager or alerts.smtp "
        "name "
        "it; larder alerts test tries again." },
    { "limits.no-key", LIMITS, "Without a key nothing is shown", NULL, 0, 0, check_no_key,
        "Set access.loopback = closed, and see that no proxy adds a key of its own." },
    { "limits.wrong-key", LIMITS, "A wrong key is refused", NULL, 0, 0, check_wrong_key,
        "See that no proxy adds a key of its own." },
    { "limits.role", LIMITS, "A viewer's key can only look", NULL, 0, 0, check_role,
        "Don't hand out keys; report it with the version of the server." },
    { "limits.partition", LIMITS, "A key of one partition sees no other", NULL, 0, 0, check_walls,
        "Don't hand out keys; report it with the version of the server." },
    { "limits.revoked", LIMITS, "A revoked key is refused", NULL, 0, 0, check_revoked,
        "Don't hand out keys; report it with the version of the server." },
    { "limits.body", LIMITS, "A request that is too large is refused", NULL, 0, 0, check_json_size,
        "See that no proxy changes requests on their way." },
    { "limits.malformed", LIMITS, "A malformed request gets a helpful answer", NULL, 0, 0,
        check_bad_request, "See that no proxy replaces the server's answers by pages of its own." },
    { "time.checks", TIMES, "A small upload is checked", "ms", 100, 0, check_time_small,
        TIME_ADVICE },
    { "time.refusal", TIMES, "A wrong file is refused", "ms", 100, 0, check_time_refusal,
        TIME_ADVICE },
    { "time.upload", TIMES, "A medium upload (5 MiB) is taken in", "ms", 500, 0, check_time_medium,
        TIME_ADVICE },
    { "time.search", TIMES, "A search answers", "ms", 100, 0, check_time_search, TIME_ADVICE },
    { "load.searches", LOAD, "Four clients search at once", "ms", 500, 0, check_load_searches,
        "See access.key_rate and access.address_rate if requests were refused. " TIME_ADVICE },
    { "load.uploads", LOAD, "Two clients upload at once", "ms", 500, 0, check_load_uploads,
        "See access.quota_documents and jobs.queue if uploads were refused. " TIME_ADVICE },
    { "clean.up", CLEAN, "Everything that was made is removed", NULL, 0, 0, check_clean,
        "Run larder verify again: it removes first what an earlier run left." },
};
_Static_assert(ARRAY_LEN(checks) <= VERIFY_CHECKS_MAX, "a report has no place for all checks");

const struct verify_check *verify_check_at(size_t i)
{
    return i < ARRAY_LEN(checks) ? &checks[i] : NULL;
}
