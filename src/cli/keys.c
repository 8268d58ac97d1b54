// SPDX-License-Identifier: AGPL-3.0-or-later
// larder keys: make, list, rotate and revoke API keys.
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *words(const char *list)
{
    struct slice rest = slice_of(list), one;
    json_t *array = json_array();

    while (slice_cut(&rest, ',', &one)) {
        one = slice_trim(one);
        if (one.len) {
            json_array_append_new(array, json_stringn(one.data, one.len));
        }
    }
    return array;
}

static int add_number(const struct invocation *in, const char *option, const char *field,
    json_t *body, struct error *err)
{
    int64_t value = 0;
    int rc = option_number(in, option, 0, &value, err);

    if (rc == 0 && value) {
        json_object_set_new(body, field, json_integer(value));
    }
    return rc;
}

static void print_key(const struct invocation *in, const json_t *reply)
{
    if (in->json) {
        print_json(reply);
    } else {
        printf("%s\n", field_text(reply, "key"));
        if (is_terminal()) {
            printf("\nThis is the only time that the key is shown. Its id is %s.\n",
                field_text(reply, "id"));
        }
    }
}

static int create(struct invocation *in, struct error *err)
{
    AUTO_REPLY reply = { 0 };
    const char *name = option_value(in, "name"), *role = option_value(in, "role");
    const char *scopes = option_value(in, "scopes"), *partitions = option_value(in, "partitions");

    if (!name) {
        return error_set(
            err, ERR_INVALID, "A key needs a name: larder keys create --name \"Kitchen tablet\"");
    }
    json_t *body = json_pack("{s:s, s:s}", "name", name, "role", role ? role : "viewer");
    if (!body) {
        return error_set(err, ERR_INVALID, "The key's name is not in UTF-8.");
    }
    if (scopes) {
        json_object_set_new(body, "scopes", words(scopes));
    }
    if (partitions) {
        json_object_set_new(body, "partitions", words(partitions));
    }
    int rc = add_number(in, "days", "expires_in_days", body, err);
    rc = rc < 0 ? rc : add_number(in, "quota-bytes", "quota_bytes", body, err);
    rc = rc < 0 ? rc : add_number(in, "quota-documents", "quota_documents", body, err);
    AUTO_FREE char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    rc = rc < 0 ? rc : client_ask(in, "POST", "/v1/keys", text, &reply, err);
    if (rc == 0) {
        print_key(in, reply.json);
    }
    return rc;
}

static void print_words(const json_t *list, const char *none)
{
    const json_t *one = NULL;
    size_t i = 0;

    json_array_foreach(list, i, one)
    {
        printf("%s%s", i ? "," : "", json_string_value(one));
    }
    printf("%s", i ? "" : none);
}

static int list(struct invocation *in, struct error *err)
{
    AUTO_REPLY reply = { 0 };
    const json_t *key = NULL;
    size_t i = 0;
    int rc = client_ask(in, "GET", "/v1/keys", NULL, &reply, err);

    if (rc < 0) {
        return rc;
    }
    if (in->json) {
        print_json(reply.json);
        return 0;
    }
    json_array_foreach(json_object_get(reply.json, "keys"), i, key)
    {
        const char *until = field_text(key, "expires_at"), *used = field_text(key, "last_used_at");
        bool expired = json_is_true(json_object_get(key, "expired"));
        printf("%s  %-11s  ", field_text(key, "id"), field_text(key, "role"));
        print_words(json_object_get(key, "scopes"), "all its rights");
        printf(", in ");
        print_words(json_object_get(key, "partitions"), "all partitions");
        printf(", %s%s, used %s  ",
            expired    ? "expired "
            : until[0] ? "until "
                       : "no end",
            until, used[0] ? used : "never");
        print_safe(field_text(key, "name"));
        putchar('\n');
    }
    if (i == 0 && !in->quiet) {
        printf(
            "There are no keys but the first admin's. Make one: larder keys create --name NAME\n");
    }
    return 0;
}

static int change(struct invocation *in, const char *id, bool rotate, struct error *err)
{
    AUTO_REPLY reply = { 0 };
    AUTO_BUF path = BUF_INIT(1024);
    int64_t overlap = -1;
    int rc = option_value(in, "overlap") ? option_number(in, "overlap", 0, &overlap, err) : 0;

    buf_add_str(&path, "/v1/keys/");
    buf_add_percent(&path, id);
    if (rotate) {
        buf_add_str(&path, "/rotate");
        if (overlap >= 0) {
            buf_addf(&path, "?overlap=%lld", (long long)overlap);
        }
    }
    if (rc == 0 && !buf_ok(&path)) {
        rc = error_set(err, ERR_NOT_FOUND, "There is no key with this id.");
    }
    rc = rc < 0 ? rc : client_ask(in, rotate ? "POST" : "DELETE", path.data, NULL, &reply, err);
    if (rc == 0 && rotate) {
        print_key(in, reply.json);
    }
    return rc;
}

static int keys_run(struct invocation *in, struct error *err)
{
    const char *what = in->argument_count ? in->arguments[0] : "list";

    if (strcmp(what, "create") == 0 && in->argument_count == 1) {
        return create(in, err);
    }
    if (strcmp(what, "list") == 0 && in->argument_count <= 1) {
        return list(in, err);
    }
    if ((strcmp(what, "revoke") == 0 || strcmp(what, "rotate") == 0) && in->argument_count == 2) {
        return change(in, in->arguments[1], strcmp(what, "rotate") == 0, err);
    }
    return error_set(err, ERR_INVALID,
        "Say larder keys list, create --name NAME, rotate ID or revoke ID; see larder help keys.");
}

static const struct option_info options[] = { { "name", "NAME", "create: what the key is for" },
    { "role", "ROLE", "create: viewer (as it is), contributor, manager or admin" },
    { "scopes", "A,B", "create: only these rights of the role; monitor may go with any" },
    { "partitions", "A,B", "create: only documents of these partitions" },
    { "days", "N", "create: the key expires after so many days" },
    { "quota-bytes", "N", "create: most bytes that it may upload in a day" },
    { "quota-documents", "N", "create: most documents that it may upload in a day" },
    { "overlap", "SECONDS", "rotate: the old text works for so long; a day if left out" },
    { NULL } };

const struct command keys_command = { "keys", "list | create | rotate ID | revoke ID",
    "Manage the keys of the API",
    "A viewer reads, searches and asks; a contributor also adds documents and reads them again; a\n"
    "manager also deletes, releases from quarantine and sees monitoring; an admin may do all.\n"
    "create and rotate print the key, which is shown only then.",
    options, keys_run };
