// SPDX-License-Identifier: AGPL-3.0-or-later
// /v1/keys: making, listing, rotating and revoking API keys. A key's text is in an answer once, and nowhere else.
#include "api/api.h"
#include "base/clock.h"
#include "wire/json.h"

#include <openssl/crypto.h>

enum { BODY_MAX = 16 * 1024, DAYS_MAX = 3660, LIST_TEXT_MAX = 8 * 1024 };

// A list of words as one text with spaces between.
static int read_words(const json_t *body, const char *field, size_t max, struct arena *a,
    const char **ret, struct error *err)
{
    AUTO_BUF text = BUF_INIT(LIST_TEXT_MAX);
    const json_t *list = NULL;
    int rc = json_in_array(body, field, JSON_OPTIONAL, max, &list, err);

    for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
        const char *one = json_string_value(json_array_get(list, i));
        if (!one || !partition_name_valid(slice_of(one))) {
            return error_set(err, ERR_INVALID,
                "%s must be a list of words of lower-case letters, digits, _ and -.", field);
        }
        buf_addf(&text, "%s%s", i ? " " : "", one);
    }
    *ret = arena_strndup(a, text.data ? text.data : "", text.len);
    return rc < 0           ? rc
           : !buf_ok(&text) ? error_set(err, ERR_TOO_LARGE, "%s is too long.", field)
           : !*ret          ? error_set(err, ERR_MEMORY, "There is no memory for this request.")
                            : 0;
}

static int read_wish(
    const json_t *body, struct http_request *req, struct key_wish *w, struct error *err)
{
    static const char *const fields[] = { "name", "role", "scopes", "partitions", "expires_in_days",
        "quota_bytes", "quota_documents", NULL };
    struct slice role = SLICE_LIT("viewer");
    int64_t days = 0;
    int rc = json_in_only(body, fields, err);

    rc = rc < 0 ? rc : json_in_string(body, "name", JSON_REQUIRED, KEY_NAME_MAX, &w->name, err);
    rc = rc < 0 ? rc : json_in_string(body, "role", JSON_OPTIONAL, 32, &role, err);
    rc = rc < 0 ? rc : read_words(body, "scopes", RIGHTS, req->arena, &w->scopes, err);
    rc = rc < 0
             ? rc
             : read_words(body, "partitions", KEY_PARTITIONS_MAX, req->arena, &w->partitions, err);
    rc = rc < 0 ? rc : json_in_int(body, "expires_in_days", JSON_OPTIONAL, 1, DAYS_MAX, &days, err);
    rc = rc < 0
             ? rc
             : json_in_int(body, "quota_bytes", JSON_OPTIONAL, 1, INT64_MAX, &w->quota_bytes, err);
    rc = rc < 0 ? rc
                : json_in_int(body, "quota_documents", JSON_OPTIONAL, 1, INT64_MAX,
                      &w->quota_documents, err);
    if (rc < 0) {
        return rc;
    }
    w->name = slice_trim(w->name);
    if (w->name.len == 0) {
        return error_set(err, ERR_INVALID, "The key needs a name that says what it is for.");
    }
    int known = role_from_word(role);
    if (known < 0) {
        return error_set(err, ERR_INVALID, "role can be viewer, contributor, manager or admin.");
    }
    w->role = (enum role)known;
    w->expires_ms = days ? clock_wall_ms() + days * 86400000 : 0;
    return 0;
}

// A text that outlives the key of who gets it would leave him in. A browser's session ends before its holder's rights do.
static int check_time(const struct principal *p, int64_t expires_ms, struct error *err)
{
    return p->expires_ms && !p->session && (!expires_ms || expires_ms > p->expires_ms)
               ? error_set(err, ERR_DENIED, "A key can't last longer than yours.")
               : 0;
}

// Nobody hands out more than he has.
static int check_giver(const struct principal *p, struct key_wish *w, struct error *err)
{
    struct slice rest = slice_of(w->partitions), one;
    unsigned given = 0;

    if (!w->scopes[0]) {
        given = role_rights(w->role);
    }
    for (struct slice words = slice_of(w->scopes), word; words_next(&words, &word);) {
        int right = right_from_word(word);
        given |= right >= 0 ? 1u << right : 0;
    }
    if (given & ~p->rights) {
        return error_set(err, ERR_DENIED, "A key can't be given rights that yours does not have.");
    }
    while (words_next(&rest, &one)) {
        if (!principal_sees(p, one)) {
            return error_set(err, ERR_DENIED, "Your key does not open one of these partitions.");
        }
    }
    if (p->partition_count && !w->partitions[0]) {
        return error_set(
            err, ERR_DENIED, "Your key opens only some partitions; name those of the new one.");
    }
    return check_time(p, w->expires_ms, err);
}

static int answer_text(struct http_response *resp, const char *id, char text[KEY_TEXT_SIZE],
    int status, struct error *err)
{
    struct json_out j;

    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_text(&j, "id", id);
    json_key_text(&j, "key", text);
    json_end(&j);
    OPENSSL_cleanse(text, KEY_TEXT_SIZE);
    resp->status = status;
    http_header_add(resp, "Cache-Control", SLICE_LIT("no-store"));
    return json_finish(&j, err);
}

static int keys_create(struct http_request *req, struct http_response *resp, struct error *err)
{
    const struct principal *p = principal_of(req);
    struct key_wish wish = { .created_by = p->who };
    char id[KEY_ID_SIZE], text[KEY_TEXT_SIZE];
    AUTO_JSON *body = json_in_parse_object(req->body, err);
    int rc = body ? read_wish(body, req, &wish, err) : ERR_INVALID;

    rc = rc < 0 ? rc : check_giver(p, &wish, err);
    if (rc == 0) {
        audit_detail(req,
            arena_printf(req->arena, "%s%s%s%s%s", role_word(wish.role), wish.scopes[0] ? ": " : "",
                wish.scopes, wish.partitions[0] ? "; in " : "", wish.partitions));
        rc = keyring_create(access_keyring(api_of(req)->access), &wish, id, text, err);
    }
    return rc < 0 ? rc : answer_text(resp, id, text, 201, err);
}

static void put_time(struct json_out *j, const char *name, int64_t ms)
{
    char text[CLOCK_TEXT_MAX];

    if (ms) {
        clock_format(ms, text);
    }
    json_key_text(j, name, ms ? text : NULL);
}

static void put_words(struct json_out *j, const char *name, const char *words)
{
    struct slice rest = slice_of(words), one;

    json_key_array(j, name);
    while (words_next(&rest, &one)) {
        json_slice(j, one);
    }
    json_end(j);
}

static int keys_list(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct key_record *keys = NULL;
    size_t count = 0;
    struct json_out j;
    int rc = store_key_list(api_of(req)->store, req->arena, &keys, &count, err);

    if (rc < 0) {
        return rc;
    }
    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_array(&j, "keys");
    for (size_t i = 0; i < count; i++) {
        const struct key_record *k = &keys[i];
        json_begin_object(&j);
        json_key_text(&j, "id", k->id);
        json_key_text(&j, "name", k->name);
        json_key_text(&j, "role", k->role);
        put_words(&j, "scopes", k->scopes);
        put_words(&j, "partitions", k->partitions);
        put_time(&j, "created_at", k->created_ms);
        json_key_text(&j, "created_by", k->created_by);
        put_time(&j, "expires_at", k->expires_ms);
        json_key_bool(&j, "expired", k->expires_ms && k->expires_ms <= clock_wall_ms());
        put_time(&j, "rotated_at", k->rotated_ms);
        put_time(&j, "last_used_at", k->used_ms);
        json_key_text(&j, "last_used_from", k->used_from[0] ? k->used_from : NULL);
        json_end(&j);
        OPENSSL_cleanse(keys[i].digest, KEY_DIGEST);
        OPENSSL_cleanse(keys[i].old_digest, KEY_DIGEST);
    }
    json_end(&j);
    json_end(&j);
    return json_finish(&j, err);
}

// Nobody touches a key that may do more, or opens more, than his own; nor gets the text of one that lasts longer.
static int check_target(struct http_request *req, bool gets_text, struct error *err)
{
    const struct principal *p = principal_of(req);
    struct key_holder holder;

    if (!keyring_find_id(
            access_keyring(api_of(req)->access), http_param(req, "id"), req->arena, &holder)) {
        return 0; // expired ones can go; unknown ones are told by the store
    }
    if (holder.rights & ~p->rights) {
        return error_set(err, ERR_DENIED, "This key has rights that yours does not have.");
    }
    bool beyond = p->partition_count && holder.partition_count == 0;
    for (size_t i = 0; i < holder.partition_count; i++) {
        beyond = beyond || !principal_sees(p, holder.partitions[i]);
    }
    if (beyond) {
        return error_set(err, ERR_DENIED, "This key opens partitions that yours does not open.");
    }
    return gets_text ? check_time(p, holder.expires_ms, err) : 0;
}

static int keys_delete(struct http_request *req, struct http_response *resp, struct error *err)
{
    int rc = check_target(req, false, err);

    resp->status = 204;
    return rc < 0 ? rc
                  : keyring_revoke(access_keyring(api_of(req)->access), http_param(req, "id"), err);
}

static int keys_rotate(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct slice id = http_param(req, "id");
    char text[KEY_TEXT_SIZE];
    int64_t overlap = 0;
    int rc = api_query_int(req, "overlap", KEY_OVERLAP_S, 0, 30 * 86400, &overlap, err);

    rc = rc < 0 ? rc : check_target(req, true, err);
    rc = rc < 0 ? rc : keyring_rotate(access_keyring(api_of(req)->access), id, overlap, text, err);
    return rc < 0 ? rc
                  : answer_text(resp, arena_strndup(req->arena, id.data, id.len), text, 200, err);
}

static const struct param_doc id_params[] = { { "id", "path", "string", "the key's id" },
    { NULL } };
static const struct param_doc rotate_params[] = { { "id", "path", "string", "the key's id" },
    { "overlap", "query", "integer",
        "seconds for which the old text works on, 0 to 2592000, default 86400" },
    { NULL } };
static const struct route_doc create_doc = { .id = "createKey",
    .tag = "access",
    .summary = "Make an API key; its text is in this answer only",
    .request = "KeyRequest",
    .response = "KeyText",
    .success = 201,
    .errors = "400 401 403 415 429" };
static const struct route_doc list_doc = { .id = "listKeys",
    .tag = "access",
    .summary = "The API keys, without their texts",
    .response = "KeyList",
    .success = 200,
    .errors = "401 403" };
static const struct route_doc delete_doc = { .id = "revokeKey",
    .tag = "access",
    .summary = "Revoke a key; it and its sessions end at once",
    .params = id_params,
    .success = 204,
    .errors = "401 403 404" };
static const struct route_doc rotate_doc = { .id = "rotateKey",
    .tag = "access",
    .summary = "Give a key a new text; its sessions end",
    .params = rotate_params,
    .response = "KeyText",
    .success = 200,
    .errors = "400 401 403 404" };

const struct http_route keys_routes[] = {
    { HTTP_POST, "/v1/keys", keys_create, HTTP_LANE_QUICK, HTTP_BODY_MEMORY, BODY_MAX,
        .right = RIGHT_KEYS, .doc = &create_doc },
    { HTTP_GET, "/v1/keys", keys_list, .right = RIGHT_KEYS, .doc = &list_doc },
    { HTTP_DELETE, "/v1/keys/{id}", keys_delete, .right = RIGHT_KEYS, .doc = &delete_doc },
    { HTTP_POST, "/v1/keys/{id}/rotate", keys_rotate, .right = RIGHT_KEYS, .doc = &rotate_doc },
    { 0 },
};

const struct schema_doc keys_schemas[] = {
    { "KeyRequest",
        "{\"type\":\"object\",\"required\":[\"name\"],\"properties\":{\"name\":{\"type\":"
        "\"string\",\"minLength\":1,\"maxLength\":100},\"role\":{\"enum\":[\"viewer\","
        "\"contributor\",\"manager\",\"admin\",null]},\"scopes\":{\"type\":[\"array\",\"null\"],"
        "\"items\":{"
        "\"enum\":[\"read\",\"search\",\"ask\",\"write\",\"manage\",\"monitor\",\"keys\","
        "\"audit\",\"admin\"]}},\"partitions\":{\"type\":[\"array\",\"null\"],\"maxItems\":32,"
        "\"items\":{"
        "\"type\":\"string\"}},\"expires_in_days\":{\"type\":[\"integer\",\"null\"],\"minimum\":1,"
        "\"maximum\":3660},\"quota_bytes\":{\"type\":[\"integer\",\"null\"],\"minimum\":1},"
        "\"quota_documents\":{\"type\":[\"integer\",\"null\"],\"minimum\":1}},"
        "\"additionalProperties\":false}" },
    { "KeyText", "{\"type\":\"object\",\"required\":[\"id\",\"key\"],\"properties\":{\"id\":{"
                 "\"type\":\"string\"},\"key\":{\"type\":\"string\"}}}" },
    { "KeyList", "{\"type\":\"object\",\"required\":[\"keys\"],\"properties\":{\"keys\":{\"type\":"
                 "\"array\",\"items\":{\"type\":\"object\"}}}}" },
    { NULL, NULL },
};
