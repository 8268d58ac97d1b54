// SPDX-License-Identifier: AGPL-3.0-or-later
// larder doctor: does this machine have what Larder needs? Looks at the machine itself, then at the server if one runs.
#include "base/clock.h"
#include "check/clamd.h"
#include "cli/command.h"
#include "cli/serve.h"
#include "http/certificate.h"
#include "ingest/ingest.h"
#include "jobs/converter.h"
#include "jobs/reader_client.h"
#include "net/call.h"
#include "os/file.h"
#include "os/resources.h"
#include "wire/frame.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ASK_MS = 3000 }; // for a service to answer

struct doctor {
    json_t *checks;
    bool json;
    int bad;
};

static void say(struct doctor *d, const char *name, const char *status, const char *text)
{
    json_array_append_new(
        d->checks, json_pack("{s:s, s:s, s:s}", "check", name, "status", status, "message", text));
    d->bad += strcmp(status, "fail") == 0;
    if (!d->json) {
        printf("%-5s %-10s %s\n", status, name, text);
    }
}

static void check_folder(struct doctor *d, const struct settings *s)
{
    AUTO_FREE char *text = NULL;
    struct disk_reading space = { 0 };
    bool there = access(s->data_dir, F_OK) == 0;
    const char *where = there ? s->data_dir : ".";

    if (access(where, W_OK | X_OK) != 0) {
        say(d, "data", "fail",
            "The data folder can't be written by this user; choose another with --data.");
        return;
    }
    if (disk_read(where, &space) != 0) {
        say(d, "data", "warn", "How much room the disk has could not be read.");
        return;
    }
    text = xasprintf("%s; %.1f GiB free.%s",
        there ? "The data folder can be written" : "There is no data folder yet; serve makes it",
        (double)space.free_bytes / (1 << 30),
        space.free_bytes < (int64_t)1 << 30 ? " Make room: originals and the index need it." : "");
    say(d, "data", space.free_bytes < (int64_t)1 << 30 ? "warn" : "pass", text);
}

static int count_element(void *ctx, const struct element *e)
{
    (void)e;
    ++*(int *)ctx;
    return 0;
}

// Reads a line of text through the whole sandbox.
static void check_reader(struct doctor *d, const struct settings *s)
{
    static const char text[] = "Filter the fryer oil every day.\n";
    AUTO_FREE char *program = reader_program_path(s);
    AUTO_FD int fd = memfd_create("doctor", MFD_CLOEXEC);
    struct reader_result result = { 0 };
    struct error err = { 0 };
    int elements = 0;
    AUTO_BUF level = BUF_INIT(256);

    if (fd < 0 || write(fd, text, sizeof(text) - 1) != (ssize_t)sizeof(text) - 1) {
        say(d, "reader", "fail", "No memory file could be made to test the reader with.");
        return;
    }
    struct reader_request request = { .program = program,
        .mode = READER_READ,
        .format = "txt",
        .input_fd = fd,
        .memory_bytes = s->reader_memory,
        .cpu_s = 10,
        .wall_ms = 10000,
        .sandbox_prefer = strcmp(s->reader_sandbox, "prefer") == 0 };
    struct reader_events events = { .element = count_element, .ctx = &elements };
    int rc = reader_run(&request, &events, NULL, &result, &err);
    if (rc < 0 || result.end != READER_DONE || elements != 1) {
        AUTO_FREE char *why = xasprintf("The reader did not read a test line: %s.",
            rc < 0 ? err.text : reader_end_word(result.end));
        say(d, "reader", "fail", why);
        return;
    }
    say(d, "reader", "pass", "The reader opens documents.");
    sandbox_level_words(&level, result.sandbox_level);
    bool full = (result.sandbox_level & SANDBOX_REQUIRED) == SANDBOX_REQUIRED;
    say(d, "sandbox", full ? "pass" : "warn", level.data ? level.data : "none");
}

static void check_speech(struct doctor *d, const struct settings *s)
{
    AUTO_NET_ANSWER answer = { 0 };
    struct error err = { 0 };

    if (!ingest_speech_is_url(s)) {
        return;
    }
    struct net_call call = { .url = s->speech_model,
        .connect_only = true,
        .deadline_ms = clock_mono_ms() + ASK_MS,
        .answer_max = 1 };
    if (net_call_run(&call, &answer, &err) < 0) {
        AUTO_FREE char *text = xasprintf("The speech service can't be reached. %s", err.text);
        say(d, "speech", "fail", text);
    } else {
        say(d, "speech", "pass", "Somebody listens at the address of the speech service.");
    }
}

static void check_certificate(struct doctor *d, const struct settings *s)
{
    struct certificate_files files = { s->tls_certificate, s->tls_key,
        strcmp(s->tls_minimum, "1.3") == 0 };
    struct certificate_info info;
    struct ssl_ctx_st *context = NULL;
    struct error err = { 0 };
    char words[ERROR_TEXT_MAX];

    if (!files.certificate[0] && !files.key[0]) {
        say(d, "tls", "info",
            "All is served without TLS, on this machine's own address; the settings "
            "tls.certificate and tls.key turn it on.");
        return;
    }
    if (certificate_load(&files, &context, &info, &err) < 0) {
        say(d, "tls", "fail", err.text);
        return;
    }
    certificate_free(context);
    static const char *const statuses[] = { "pass", "warn", "fail" };
    enum certificate_state state = certificate_advice(&info, clock_wall_ms() / 1000, words);
    say(d, "tls", statuses[state], words);
}

static void check_scanner(struct doctor *d, const struct settings *s)
{
    struct clamd_options o = { .address = s->clamd_address, .time_ms = ASK_MS };
    char version[CLAMD_NAME_MAX] = "";
    struct error err = { 0 };

    if (!o.address[0]) {
        say(d, "scanner", "info",
            "Uploads are not scanned for viruses; the setting clamd.address names a scanner.");
    } else if (!clamd_address_valid(o.address)) {
        say(d, "scanner", "fail",
            "The setting clamd.address is neither the path of a socket nor HOST:PORT.");
    } else if (clamd_ping(&o, version, &err) < 0) {
        AUTO_FREE char *text = xasprintf("%s Uploads are quarantined until it does.", err.text);
        say(d, "scanner", "fail", text);
    } else {
        AUTO_FREE char *text = xasprintf("The virus scanner answers: %s.", version);
        say(d, "scanner", "pass", text);
    }
}

// Converts a line of text through the whole jail.
static void check_converter(struct doctor *d, const struct settings *s)
{
    static const char text[] = "Filter the fryer oil every day.\n";
    char office[PATH_MAX], folder[] = "/tmp/larder-doctor-XXXXXX";
    AUTO_FREE char *reader = reader_program_path(s);
    AUTO_FREE char *jail = path_beside(reader, "larder-convert");
    AUTO_FD int fd = memfd_create("doctor", MFD_CLOEXEC);
    struct convert_result result = { .fd = -1 };
    struct error err = { 0 };
    AUTO_BUF level = BUF_INIT(256);

    if (!converter_find(s->convert_libreoffice, office)) {
        bool off = strcmp(s->convert_libreoffice, "off") == 0;
        say(d, "convert", s->convert_libreoffice[0] && !off ? "fail" : "info",
            off ? "Older Office files (doc, xls, ppt) are refused: convert.libreoffice is off."
                : "Older Office files (doc, xls, ppt) are refused: install " CONVERT_INSTALL
                  " to read them.");
        return;
    }
    if (fd < 0 || write(fd, text, sizeof(text) - 1) != (ssize_t)sizeof(text) - 1 ||
        !mkdtemp(folder)) {
        say(d, "convert", "warn", "LibreOffice is there; no room was found to try it.");
        return;
    }
    struct convert_request request = { .jail = jail,
        .office = office,
        .folder = folder,
        .input_fd = fd,
        .from = "txt",
        .to = "docx",
        .memory_bytes = s->convert_memory,
        .wall_ms = 60000,
        .sandbox_prefer = strcmp(s->reader_sandbox, "prefer") == 0 };
    int rc = converter_run(&request, NULL, &result, &err);
    rmdir(folder);
    if (rc < 0 || result.end != CONVERT_DONE) {
        AUTO_FREE char *why = xasprintf(
            "LibreOffice did not convert a test line: %s", rc < 0 ? err.text : result.text);
        say(d, "convert", "fail", why);
        return;
    }
    close(result.fd);
    sandbox_level_words(&level, result.level);
    AUTO_FREE char *fine =
        xasprintf("LibreOffice reads older Office files; %s.", level.data ? level.data : "");
    say(d, "convert", "pass", fine);
}

static void check_server(struct doctor *d, struct invocation *in)
{
    AUTO_REPLY reply = { 0 };
    struct error err = { 0 };

    if (client_call(in, "GET", "/health", NULL, &reply, &err) < 0) {
        say(d, "server", "info", "No server answers; start one with larder serve.");
        return;
    }
    if (reply.status == 401) {
        say(d, "server", "warn",
            "A server answers, but the key is not known to it; set LARDER_KEY.");
        return;
    }
    const char *status = field_text(reply.json, "status");
    say(d, "server", strcmp(status, "pass") == 0 ? "pass" : "warn",
        strcmp(status, "pass") == 0 ? "The server answers and is well."
                                    : "The server answers but is not well; see larder status.");
}

static int doctor_run(struct invocation *in, struct error *err)
{
    struct doctor d = { .checks = json_array(), .json = in->json };

    (void)err;
    check_folder(&d, in->settings);
    check_reader(&d, in->settings);
    check_speech(&d, in->settings);
    check_certificate(&d, in->settings);
    check_scanner(&d, in->settings);
    check_converter(&d, in->settings);
    check_server(&d, in);
    if (in->json) {
        print_json(d.checks);
    }
    json_decref(d.checks);
    return d.bad ? 1 : 0;
}

const struct command doctor_command = { "doctor", "",
    "Check that this machine has what Larder needs",
    "Exit status: 0 when nothing is wrong, 1 when something is.", NULL, doctor_run };
