// SPDX-License-Identifier: AGPL-3.0-or-later
// Documents as resources of the Model Context Protocol:
//   larder://documents/ID                 the whole as Markdown, up to RESOURCE_TEXT_MAX
//   larder://documents/ID/pages/N         a page: its Markdown and its picture
//   larder://documents/ID/images/NAME     a figure
//   larder://documents/ID/original        the file as it was uploaded
#include "api/mcp.h"
#include "base/id.h"
#include "wire/place.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    RESOURCE_TEXT_MAX = 1024 * 1024, // bytes of Markdown
    RESOURCE_BLOB_MAX = 12 << 20, // bytes before base64
    ELEMENTS_STEP = 500,
    PAGE_WIDTH = 1000, // pixels
    PAGE_MAX = 100000,
    COMPLETIONS_MAX = 100, // the protocol's own limit
};
#define HEAD "larder://documents/"

static const struct {
    const char *uri, *name, *title, *description, *media_type;
} templates[] = {
    { HEAD "{id}", "document", "A document", "The whole text of a document as Markdown.",
        "text/markdown" },
    { HEAD "{id}/pages/{page}", "page", "A page of a document",
        "A page's text as Markdown and its picture. Pages count from 1.", "image/png" },
    { HEAD "{id}/images/{name}", "figure", "A figure of a document",
        "A picture that stands in a document, by the name that its element gives.", NULL },
    { HEAD "{id}/original", "original", "The uploaded file",
        "A document exactly as it was uploaded.", NULL },
};

static int no_resource(struct mcp_call *c, struct slice uri, struct error *err)
{
    AUTO_BUF data = BUF_INIT(MCP_URI_MAX * 8);
    struct json_out j;

    json_begin(&j, &data);
    json_begin_object(&j);
    json_key_string(&j, "uri", uri);
    json_end(&j);
    c->data = arena_slice(c->arena, buf_slice(&data));
    error_set(err, ERR_NOT_FOUND, "Resource not found");
    return RPC_NO_RESOURCE;
}

static struct slice partition_of(const struct mcp_call *c)
{
    return c->partition.len ? c->partition : SLICE_LIT("default");
}

// ---- lists

static void put_document(struct json_out *j, const struct document *d)
{
    char uri[MCP_URI_MAX], what[160];

    snprintf(uri, sizeof(uri), HEAD "%s", d->id);
    json_begin_object(j);
    json_key_text(j, "uri", uri);
    json_key_text(j, "name", d->name);
    json_key_text(j, "title", d->name);
    if (d->page_count > 0) {
        snprintf(what, sizeof(what), "%s, %g pages", d->type, d->page_count);
    } else {
        snprintf(what, sizeof(what), "%s", d->type);
    }
    json_key_text(j, "description", what);
    json_key_text(j, "mimeType", "text/markdown");
    json_key_int(j, "size", d->size);
    json_end(j);
}

int mcp_resources_list(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err)
{
    struct document_filter filter = { .partition = partition_of(c), .status = SLICE_LIT("ready") };
    struct document *documents = NULL;
    const char *next = NULL;
    struct slice cursor = { 0 };
    size_t count = 0;
    int64_t total = 0;
    int rc = json_in_string(p, "cursor", JSON_OPTIONAL, 512, &cursor, err);

    rc = rc < 0 ? rc
                : store_document_list(c->mcp->api->store, &filter, cursor, MCP_PAGE_SIZE, c->arena,
                      &documents, &count, &next, &total, err);
    if (rc < 0) {
        return mcp_code(rc);
    }
    json_begin_object(j);
    json_key_array(j, "resources");
    if (c->mcp->set && !cursor.len) {
        c->mcp->set->put_resources(j);
    }
    for (size_t i = 0; i < count; i++) {
        put_document(j, &documents[i]);
    }
    json_end(j);
    if (next) {
        json_key_text(j, "nextCursor", next);
    }
    json_end(j);
    return RPC_OK;
}

int mcp_templates_list(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err)
{
    (void)p;
    (void)err;
    json_begin_object(j);
    json_key_array(j, "resourceTemplates");
    if (c->mcp->set) {
        c->mcp->set->put_templates(j);
    }
    for (size_t i = 0; i < ARRAY_LEN(templates); i++) {
        json_begin_object(j);
        json_key_text(j, "uriTemplate", templates[i].uri);
        json_key_text(j, "name", templates[i].name);
        json_key_text(j, "title", templates[i].title);
        json_key_text(j, "description", templates[i].description);
        if (templates[i].media_type) {
            json_key_text(j, "mimeType", templates[i].media_type);
        }
        json_end(j);
    }
    json_end(j);
    json_end(j);
    return RPC_OK;
}

// ---- contents

static void put_text(struct json_out *j, struct slice uri, const char *type, struct slice text)
{
    json_begin_object(j);
    json_key_string(j, "uri", uri);
    json_key_text(j, "mimeType", type);
    json_key_string(j, "text", text);
    json_end(j);
}

static int put_blob(struct mcp_call *c, struct slice uri, const char *hash, const char *media_type,
    struct json_out *j, struct error *err)
{
    int64_t size = 0, got = 0;
    AUTO_FD int fd = store_blob_open(c->mcp->api->store, hash, &size, err);

    if (fd < 0) {
        return mcp_code(fd);
    }
    if (size > RESOURCE_BLOB_MAX) {
        error_set(err, ERR_TOO_LARGE,
            "The resource takes %lld MiB, more than the %d that fit here.", (long long)(size >> 20),
            RESOURCE_BLOB_MAX >> 20);
        return RPC_INTERNAL;
    }
    AUTO_FREE unsigned char *bytes = malloc((size_t)size + 1);
    AUTO_FREE unsigned char *text = malloc(((size_t)size + 2) / 3 * 4 + 1);
    while (bytes && text && got < size) {
        ssize_t n = read(fd, bytes + got, (size_t)(size - got));
        if (n <= 0) {
            error_set(err, ERR_IO, "The resource could not be read.");
            return RPC_INTERNAL;
        }
        got += n;
    }
    if (!bytes || !text) {
        error_set(err, ERR_MEMORY, "There is no memory for this resource.");
        return RPC_INTERNAL;
    }
    int len = EVP_EncodeBlock(text, bytes, (int)size);
    json_begin_object(j);
    json_key_string(j, "uri", uri);
    json_key_text(j, "mimeType", media_type);
    json_key_string(j, "blob", slice_make((char *)text, (size_t)len));
    json_end(j);
    return RPC_OK;
}

static int page_of(const char *place)
{
    const char *at = strstr(place ? place : "", "\"page\":");

    return at ? atoi(at + 7) : 0;
}

// The elements' Markdown, an empty line between; page 0: all. ERR_LIMIT: it was cut off.
static int add_markdown(
    struct mcp_call *c, struct slice id, int64_t page, struct buf *out, struct error *err)
{
    int64_t after = -1;

    for (;;) {
        struct element_row *rows = NULL;
        size_t count = 0;
        AUTO_ARENA arena;
        arena_init(&arena, MCP_CALL_ARENA);
        int rc = store_element_list(
            c->mcp->api->store, id, after, ELEMENTS_STEP, &arena, &rows, &count, err);
        if (rc < 0 || count == 0) {
            return rc;
        }
        if (atomic_load(&c->cancelled)) {
            return error_set(err, ERR_CANCELLED, "The request was withdrawn.");
        }
        for (size_t i = 0; i < count; i++) {
            const struct element *e = &rows[i].element;
            struct slice text = e->markdown.len ? e->markdown : e->text;
            after = e->index;
            if (page > 0 && page_of(rows[i].place_json) != page) {
                continue;
            }
            if (out->len + text.len + 2 > RESOURCE_TEXT_MAX) {
                return ERR_LIMIT;
            }
            buf_add_str(out, out->len && text.len ? "\n\n" : "");
            buf_add_slice(out, text);
        }
    }
}

static int put_markdown(struct mcp_call *c, struct slice uri, const struct document *d,
    int64_t page, struct json_out *j, struct error *err)
{
    AUTO_BUF text = BUF_INIT(RESOURCE_TEXT_MAX + 1024);
    int rc = add_markdown(c, slice_of(d->id), page, &text, err);

    if (rc == ERR_LIMIT) {
        buf_addf(&text, "\n\n(The document goes on; read the rest with the tool document_read.)");
    } else if (rc < 0) {
        return mcp_code(rc);
    }
    put_text(j, uri, "text/markdown", buf_slice(&text));
    return RPC_OK;
}

static int put_page(struct mcp_call *c, struct slice uri, const struct document *d,
    struct slice number, struct json_out *j, struct error *err)
{
    char hash[BLOB_HASH_SIZE];
    int64_t page = 0;

    if (!slice_to_i64(number, &page) || page < 1 || page > PAGE_MAX) {
        return no_resource(c, uri, err);
    }
    int rc = ingest_page_image(
        c->mcp->api->ingest, slice_of(d->id), (int32_t)page, PAGE_WIDTH, hash, err);
    if (rc == ERR_NOT_FOUND || rc == ERR_UNSUPPORTED) {
        return no_resource(c, uri, err);
    }
    if (rc < 0) {
        return mcp_code(rc);
    }
    rc = put_markdown(c, uri, d, page, j, err);
    return rc == RPC_OK ? put_blob(c, uri, hash, "image/png", j, err) : rc;
}

static int put_figure(struct mcp_call *c, struct slice uri, const struct document *d,
    struct slice name, struct json_out *j, struct error *err)
{
    char hash[BLOB_HASH_SIZE], media_type[64];
    int rc = store_media_find(c->mcp->api->store, slice_of(d->id), name, hash, media_type, err);

    if (rc == ERR_NOT_FOUND) {
        return no_resource(c, uri, err);
    }
    return rc < 0 ? mcp_code(rc) : put_blob(c, uri, hash, media_type, j, err);
}

// The document of a URI, and what follows its id.
static int find_document(struct mcp_call *c, struct slice uri, struct document *ret,
    struct slice *ret_tail, struct error *err)
{
    if (!slice_starts(uri, HEAD) || uri.len < strlen(HEAD) + ID_LEN) {
        return no_resource(c, uri, err);
    }
    struct slice id = slice_make(uri.data + strlen(HEAD), ID_LEN);
    *ret_tail = slice_from(uri, strlen(HEAD) + ID_LEN);
    if (!id_valid(id)) {
        return no_resource(c, uri, err);
    }
    int rc = store_document_load(c->mcp->api->store, id, c->arena, ret, err);
    if (rc == ERR_NOT_FOUND || (rc == 0 && !slice_is(partition_of(c), ret->partition))) {
        return no_resource(c, uri, err);
    }
    return rc < 0 ? mcp_code(rc) : RPC_OK;
}

static int put_contents(struct mcp_call *c, struct slice uri, const struct document *d,
    struct slice tail, struct json_out *j, struct error *err)
{
    if (tail.len == 0) {
        return put_markdown(c, uri, d, 0, j, err);
    }
    if (slice_is(tail, "/original")) {
        return put_blob(c, uri, d->blob, d->media_type, j, err);
    }
    if (slice_starts(tail, "/pages/")) {
        return put_page(c, uri, d, slice_from(tail, 7), j, err);
    }
    if (slice_starts(tail, "/images/")) {
        return put_figure(c, uri, d, slice_from(tail, 8), j, err);
    }
    return no_resource(c, uri, err);
}

static int read_uri(const json_t *p, struct slice *ret, struct error *err)
{
    return json_in_string(p, "uri", JSON_REQUIRED, MCP_URI_MAX, ret, err) < 0 ? RPC_INVALID_PARAMS
                                                                              : RPC_OK;
}

int mcp_resources_read(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err)
{
    struct slice uri = { 0 }, tail = { 0 };
    struct document d;
    int rc = read_uri(p, &uri, err);

    if (rc != RPC_OK) {
        return rc;
    }
    json_begin_object(j);
    json_key_array(j, "contents");
    rc = c->mcp->set ? c->mcp->set->read(c, uri, j, err) : RPC_METHOD_NOT_FOUND;
    if (rc == RPC_METHOD_NOT_FOUND) {
        rc = find_document(c, uri, &d, &tail, err);
        rc = rc == RPC_OK ? put_contents(c, uri, &d, tail, j, err) : rc;
    }
    if (rc == RPC_OK) {
        json_end(j);
        json_end(j);
    }
    return rc;
}

// ---- subscriptions

static int need_session(struct mcp_call *c, struct error *err)
{
    if (!c->session) {
        error_set(err, ERR_INVALID, "A subscription needs a session; begin one with initialize.");
        return RPC_INVALID_REQUEST;
    }
    return RPC_OK;
}

static size_t find_subscription(const struct mcp_session *s, struct slice uri)
{
    size_t i = 0;

    while (i < s->subscription_count && !slice_is(uri, s->subscriptions[i])) {
        i++;
    }
    return i;
}

int mcp_subscribe(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err)
{
    struct mcp_session *s = c->session;
    struct slice uri = { 0 }, tail;
    struct document d;
    int rc = read_uri(p, &uri, err);

    rc = rc == RPC_OK ? need_session(c, err) : rc;
    if (rc == RPC_OK && !c->mcp->set) {
        rc = find_document(c, uri, &d, &tail, err);
    }
    if (rc != RPC_OK) {
        return rc;
    }
    pthread_mutex_lock(&s->mutex);
    if (find_subscription(s, uri) == s->subscription_count) {
        if (s->subscription_count == MCP_SUBSCRIPTIONS_MAX) {
            error_set(err, ERR_LIMIT, "A session can have at most %d subscriptions.",
                MCP_SUBSCRIPTIONS_MAX);
            rc = RPC_INVALID_REQUEST;
        } else {
            s->subscriptions[s->subscription_count++] = xstrndup(uri.data, uri.len);
        }
    }
    pthread_mutex_unlock(&s->mutex);
    if (rc == RPC_OK) {
        json_begin_object(j);
        json_end(j);
    }
    return rc;
}

int mcp_unsubscribe(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err)
{
    struct mcp_session *s = c->session;
    struct slice uri = { 0 };
    int rc = read_uri(p, &uri, err);

    rc = rc == RPC_OK ? need_session(c, err) : rc;
    if (rc != RPC_OK) {
        return rc;
    }
    pthread_mutex_lock(&s->mutex);
    size_t at = find_subscription(s, uri);
    if (at < s->subscription_count) {
        free(s->subscriptions[at]);
        s->subscriptions[at] = s->subscriptions[--s->subscription_count];
    }
    pthread_mutex_unlock(&s->mutex);
    json_begin_object(j);
    json_end(j);
    return RPC_OK;
}

// ---- completion: ids by the beginning of a document's name or id, page numbers of a document

static void put_ids(struct mcp_call *c, struct slice typed, struct json_out *j)
{
    struct document_filter filter = { .partition = partition_of(c),
        .status = SLICE_LIT("ready"),
        .name_like = typed,
        .order = "name" };
    struct document *documents = NULL;
    const char *next = NULL;
    size_t count = 0;
    int64_t total = 0;

    if (store_document_list(c->mcp->api->store, &filter, slice_make(NULL, 0), COMPLETIONS_MAX,
            c->arena, &documents, &count, &next, &total, NULL) == 0) {
        for (size_t i = 0; i < count; i++) {
            json_text(j, documents[i].id);
        }
    }
}

static void put_pages(
    struct mcp_call *c, const json_t *known, struct slice typed, struct json_out *j)
{
    const char *id = json_string_value(json_object_get(known, "id"));
    struct document d;
    char number[16];
    int put = 0;

    if (!id || !id_valid(slice_of(id)) ||
        store_document_load(c->mcp->api->store, slice_of(id), c->arena, &d, NULL) < 0 ||
        !slice_is(partition_of(c), d.partition)) {
        return;
    }
    for (int n = 1; n <= PAGE_MAX && n <= d.page_count && put < COMPLETIONS_MAX; n++) {
        snprintf(number, sizeof(number), "%d", n);
        if (typed.len < sizeof(number) &&
            strncmp(number, typed.data ? typed.data : "", typed.len) == 0) {
            json_text(j, number);
            put++;
        }
    }
}

int mcp_complete(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err)
{
    const json_t *ref = NULL, *argument = NULL, *context = NULL;
    struct slice type = { 0 }, name = { 0 }, typed = { 0 };
    int rc = json_in_object(p, "ref", JSON_REQUIRED, &ref, err);

    rc = rc < 0 ? rc : json_in_object(p, "argument", JSON_REQUIRED, &argument, err);
    rc = rc < 0 ? rc : json_in_object(p, "context", JSON_OPTIONAL, &context, err);
    rc = rc < 0 ? rc : json_in_string(ref, "type", JSON_REQUIRED, 64, &type, err);
    rc = rc < 0 ? rc : json_in_string(argument, "name", JSON_REQUIRED, 128, &name, err);
    rc = rc < 0 ? rc : json_in_string(argument, "value", JSON_REQUIRED, 1024, &typed, err);
    if (rc == 0 && !slice_is(type, "ref/prompt") && !slice_is(type, "ref/resource")) {
        rc = error_set(err, ERR_INVALID, "ref can be of type ref/prompt or ref/resource.");
    }
    if (rc < 0) {
        return RPC_INVALID_PARAMS;
    }
    json_begin_object(j);
    json_key_object(j, "completion");
    json_key_array(j, "values");
    if (slice_is(type, "ref/resource") && slice_is(name, "id")) {
        put_ids(c, typed, j);
    } else if (slice_is(type, "ref/resource") && slice_is(name, "page")) {
        put_pages(c, json_object_get(context, "arguments"), typed, j);
    }
    json_end(j);
    json_key_bool(j, "hasMore", false);
    json_end(j);
    json_end(j);
    return RPC_OK;
}
