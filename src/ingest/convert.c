// SPDX-License-Identifier: AGPL-3.0-or-later
// Documents that are converted before they are read: doc, xls, ppt. The original stays what it is; the file that
// LibreOffice makes of it lives as a descriptor only, is checked like an upload, read, and forgotten.
#include "base/log.h"
#include "ingest/internal.h"
#include "os/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *folder_of(const struct ingest *g)
{
    return xasprintf("%s/convert", g->settings->data_dir);
}

int ingest_converter_start(struct ingest *g, struct error *err)
{
    AUTO_FREE char *folder = folder_of(g);
    const char *set = g->settings->convert_libreoffice;

    g->converts = converter_find(set, g->office);
    if (!g->converts && set[0] && strcmp(set, "off") != 0) {
        return error_set(err, ERR_INVALID,
            "The setting convert.libreoffice names no LibreOffice program; it can be the path of "
            "soffice, empty to look for it, or off.");
    }
    return converter_sweep(folder, err);
}

void ingest_converter(const struct ingest *g, struct part_state *ret)
{
    bool off = strcmp(g->settings->convert_libreoffice, "off") == 0;

    *ret = (struct part_state){ .wanted = g->converts, .available = g->converts };
    snprintf(ret->words, sizeof(ret->words), "%s",
        g->converts ? "LibreOffice reads doc, xls and ppt files."
        : off ? "LibreOffice is switched off (convert.libreoffice): doc, xls and ppt are refused."
              : "LibreOffice is not installed: doc, xls and ppt are refused.");
}

bool ingest_can_convert(const struct ingest *g)
{
    return g->converts;
}

void ingest_check_converter(
    const struct ingest *g, const struct format_info *format, struct findings *findings)
{
    if (format->converted_to && !g->converts) {
        findings_add(findings, "type.no_converter", NULL,
            "%s files are read with LibreOffice, which %s on this server.", format->title,
            strcmp(g->settings->convert_libreoffice, "off") == 0 ? "is switched off"
                                                                 : "is not installed");
    }
}

static int on_finding(void *ctx, const struct finding *f)
{
    findings_add(ctx, f->code->code, &f->place, "%s", f->message);
    return 0;
}

// What came out is checked as if somebody had uploaded it.
static int check_result(struct ingest *g, const char *type, int fd, const atomic_bool *cancel,
    struct findings *findings, struct error *err)
{
    struct reader_request request =
        ingest_reader_request(g, READER_CHECK, type, fd, g->settings->reader_check_s);
    struct reader_events events = { .finding = on_finding, .ctx = findings };
    struct reader_result result = { 0 };
    int rc = reader_run(&request, &events, cancel, &result, err);

    if (rc < 0) {
        return rc;
    }
    if (result.end == READER_CANCELLED) {
        return error_set(err, ERR_CANCELLED, "Reading was stopped.");
    }
    ingest_end_finding(&result, findings);
    return findings_verdict(findings) == VERDICT_REJECTED ? ERR_REFUSED : 0;
}

static int refuse(const struct convert_result *result, struct findings *findings, struct error *err)
{
    const char *code = convert_end_finding(result->end);

    if (result->end == CONVERT_CANCELLED) {
        return error_set(err, ERR_CANCELLED, "Reading was stopped.");
    }
    if (!code) {
        return error_set(err, ERR_UNSUPPORTED, "%s", result->text);
    }
    findings_add(findings, code, NULL, "%s", result->text);
    return ERR_REFUSED;
}

int ingest_convert(struct ingest *g, const struct document *d, int fd, const atomic_bool *cancel,
    struct findings *findings, struct error *err)
{
    const struct format_info *format = format_by_name(slice_of(d->type));
    AUTO_FREE char *folder = folder_of(g), *real = realpath(folder, NULL),
                   *data = realpath(g->settings->data_dir, NULL),
                   *jail = path_beside(g->reader_program, "larder-convert");
    struct convert_result result = { .fd = -1 };

    if (!g->converts) {
        return error_set(
            err, ERR_UNSUPPORTED, "To read it, this server needs " CONVERT_INSTALL ".");
    }
    if (!real || !data) {
        return error_set(err, ERR_IO, "The folder for converting is gone.");
    }
    struct convert_request request = { .jail = jail,
        .office = g->office,
        .folder = real,
        .hide = data,
        .input_fd = fd,
        .from = d->type,
        .to = format->converted_to,
        .memory_bytes = g->settings->convert_memory,
        .wall_ms = g->settings->convert_s * 1000,
        .sandbox_prefer = strcmp(g->settings->reader_sandbox, "prefer") == 0 };
    int rc = converter_run(&request, cancel, &result, err);
    if (rc < 0) {
        return rc;
    }
    log_info("convert.end", LS("type", d->type), LS("ending", convert_end_word(result.end)),
        LI("ms", result.wall_ms), LI("bytes", result.size));
    AUTO_FD int made = result.fd;
    rc = result.end == CONVERT_DONE
             ? check_result(g, format->converted_to, made, cancel, findings, err)
             : refuse(&result, findings, err);
    if (rc < 0) {
        return rc;
    }
    int taken = made;
    made = -1;
    return taken;
}
