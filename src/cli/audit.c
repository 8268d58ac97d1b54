// SPDX-License-Identifier: AGPL-3.0-or-later
// larder audit: read, verify and export the audit log, of a running server or of a data folder that no server uses.
#include "cli/command.h"
#include "store/audit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { PAGE = 1000, LIST_ROWS = 100 };

static void print_row(const struct invocation *in, const json_t *row)
{
    if (in->json) {
        json_dumpf(row, stdout, JSON_COMPACT);
        putchar('\n');
        return;
    }
    printf("%6lld  %s  %-8s %-20s %-18s ", (long long)field_number(row, "seq"),
        field_text(row, "time"), field_text(row, "outcome"), field_text(row, "who"),
        field_text(row, "act"));
    print_safe(field_text(row, "subject"));
    printf("  %s", field_text(row, "address"));
    if (field_text(row, "detail")[0]) {
        printf("  (");
        print_safe(field_text(row, "detail"));
        putchar(')');
    }
    putchar('\n');
}

static int list(struct invocation *in, struct error *err)
{
    static const char *const filters[] = { "who", "act", "outcome" };
    AUTO_REPLY reply = { 0 };
    AUTO_BUF path = BUF_INIT(4096);
    const json_t *rows = NULL;
    int64_t limit = 0;
    int rc = option_number(in, "limit", LIST_ROWS, &limit, err);

    buf_addf(&path, "/v1/audit?limit=%lld", (long long)limit);
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        if (option_value(in, filters[i])) {
            buf_addf(&path, "&%s=", filters[i]);
            buf_add_percent(&path, option_value(in, filters[i]));
        }
    }
    rc = rc < 0 ? rc : client_ask(in, "GET", path.data, NULL, &reply, err);
    if (rc < 0) {
        return rc;
    }
    rows = json_object_get(reply.json, "rows");
    for (size_t i = json_array_size(rows); i > 0; i--) { // the newest stands last, as in a log
        print_row(in, json_array_get(rows, i - 1));
    }
    return 0;
}

static int export_all(struct invocation *in, struct error *err)
{
    int64_t since = 0;
    size_t count = PAGE;
    int rc = 0;

    in->json = true;
    while (rc == 0 && count == PAGE) {
        AUTO_FREE char *path =
            xasprintf("/v1/audit?since=%lld&limit=%d", (long long)since, (int)PAGE);
        AUTO_REPLY reply = { 0 };
        const json_t *row = NULL;
        size_t i = 0;
        rc = client_ask(in, "GET", path, NULL, &reply, err);
        json_array_foreach(json_object_get(reply.json, "rows"), i, row)
        {
            since = field_number(row, "seq");
            print_row(in, row);
        }
        count = i;
    }
    return rc;
}

// ---- verify

static int tell(const struct invocation *in, bool holds, int64_t rows, int64_t bad, const char *why,
    const char *hash)
{
    if (in->json) {
        json_t *all = json_pack("{s:b, s:I, s:I, s:s, s:s}", "holds", holds, "rows",
            (json_int_t)rows, "bad_seq", (json_int_t)bad, "why", why, "head_hash", hash);
        print_json(all);
        json_decref(all);
    } else if (holds) {
        printf("The audit log holds: %lld rows, the last with the hash %s\n", (long long)rows,
            rows ? hash : "(none)");
    } else {
        printf("The audit log is broken at row %lld: %s %lld rows before it hold.\n",
            (long long)bad, why, (long long)rows);
    }
    return holds ? 0 : error_kind(ERR_CORRUPT)->exit_code;
}

static int verify_folder(
    struct invocation *in, const char *folder, int64_t seq, const char *hash, struct error *err)
{
    struct store_options o = { .data_dir = folder, .readers = 1, .no_sweeper = true };
    AUTO_FREE char *lock = xasprintf("%s/lock", folder);
    AUTO_FD int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct audit_verdict v = { 0 };
    struct store *store = NULL;

    if (fd < 0) {
        return error_set(
            err, ERR_NOT_FOUND, "%.200s is not a data folder that can be opened.", folder);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return error_set(err, ERR_CONFLICT,
            "A server uses this folder; leave --folder out to ask the server itself.");
    }
    int rc = store_open(&o, &store, err);
    rc = rc < 0 ? rc : store_audit_verify(store, seq, hash, &v, err);
    store_close(store);
    return rc < 0 ? rc : tell(in, v.bad_seq == 0, v.rows, v.bad_seq, v.why, v.head_hash);
}

static int verify(struct invocation *in, struct error *err)
{
    const char *anchor = option_value(in, "anchor"), *folder = option_value(in, "folder");
    const char *colon = anchor ? strchr(anchor, ':') : NULL;
    AUTO_REPLY reply = { 0 };
    AUTO_BUF path = BUF_INIT(1024);
    int64_t seq = 0;

    if (anchor && (!colon || strlen(colon + 1) != AUDIT_HASH_SIZE - 1 ||
                      !slice_to_i64(slice_make(anchor, (size_t)(colon - anchor)), &seq))) {
        return error_set(
            err, ERR_INVALID, "--anchor takes NUMBER:HASH, as the server's log has it.");
    }
    if (folder) {
        return verify_folder(in, folder, seq, colon ? colon + 1 : NULL, err);
    }
    buf_add_str(&path, "/v1/audit/verify");
    if (colon) {
        buf_addf(&path, "?seq=%lld&hash=", (long long)seq);
        buf_add_percent(&path, colon + 1);
    }
    int rc = client_ask(in, "GET", path.data, NULL, &reply, err);
    return rc < 0 ? rc
                  : tell(in, json_is_true(json_object_get(reply.json, "holds")),
                        field_number(reply.json, "rows"), field_number(reply.json, "bad_seq"),
                        field_text(reply.json, "why"), field_text(reply.json, "head_hash"));
}

static int audit_run(struct invocation *in, struct error *err)
{
    const char *what = in->argument_count ? in->arguments[0] : "list";

    if (in->argument_count <= 1 && strcmp(what, "list") == 0) {
        return list(in, err);
    }
    if (in->argument_count == 1 && strcmp(what, "verify") == 0) {
        return verify(in, err);
    }
    if (in->argument_count == 1 && strcmp(what, "export") == 0) {
        return export_all(in, err);
    }
    return error_set(
        err, ERR_INVALID, "Say larder audit list, verify or export; see larder help audit.");
}

static const struct option_info options[] = { { "limit", "N", "list: so many rows (100)" },
    { "who", "WHO", "list: only of this caller, such as admin or key:ID" },
    { "act", "ACT", "list: only this act, such as deleteDocument" },
    { "outcome", "WORD", "list: only done, refused or failed" },
    { "anchor", "NUMBER:HASH", "verify: this row must still be there as the log wrote it down" },
    { "folder", "DIR", "verify: a data folder that no server uses, instead of the server" },
    { NULL } };

const struct command audit_command = { "audit", "list | verify | export",
    "Read and verify the log of what was done",
    "Each row holds a hash of itself and of the row before, so that a changed or missing row "
    "shows:\n"
    "verify names the first bad one and ends with 65. The server's log has lines audit.head with "
    "the\n"
    "last row's number and hash; verify --anchor compares with one of them. export prints all "
    "rows\n"
    "as JSON, one a line.",
    options, audit_run };
