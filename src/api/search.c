// SPDX-License-Identifier: AGPL-3.0-or-later
// POST /v1/search.
#include "api/api.h"
#include "base/clock.h"
#include "search/search.h"
#include "watch/metric.h"
#include "wire/json.h"

enum { LIST_MAX = 32 };

static int read_list(const json_t *body, const char *field, struct arena *a,
    const struct slice **ret, size_t *ret_count, struct error *err)
{
    const json_t *list = NULL;
    int rc = json_in_array(body, field, JSON_OPTIONAL, LIST_MAX, &list, err);
    size_t n = list ? json_array_size(list) : 0;
    struct slice *items = n ? arena_array(a, n, sizeof(*items)) : NULL;

    if (rc < 0) {
        return rc;
    }
    for (size_t i = 0; items && i < n; i++) {
        const json_t *one = json_array_get(list, i);
        if (!json_is_string(one)) {
            return error_set(err, ERR_INVALID, "%s must be a list of texts.", field);
        }
        items[i] = slice_make(json_string_value(one), json_string_length(one));
    }
    *ret = items;
    *ret_count = items ? n : 0;
    return 0;
}

static int read_request(
    const json_t *body, struct http_request *req, struct search_request *q, struct error *err)
{
    static const char *const fields[] = { "query", "limit", "types", "categories", "document_ids",
        "partition", "filter", "mode", "explain", "max_per_document", NULL };
    struct slice mode = SLICE_LIT("hybrid");
    const json_t *filter = NULL;
    int64_t limit = SEARCH_LIMIT_DEFAULT, per_document = 0;
    int rc = json_in_only(body, fields, err);

    rc = rc < 0
             ? rc
             : json_in_string(body, "query", JSON_REQUIRED, SEARCH_QUERY_MAX_BYTES, &q->query, err);
    rc = rc < 0 ? rc : json_in_int(body, "limit", JSON_OPTIONAL, 1, SEARCH_LIMIT_MAX, &limit, err);
    rc = rc < 0 ? rc
                : json_in_int(body, "max_per_document", JSON_OPTIONAL, 0, SEARCH_LIMIT_MAX,
                      &per_document, err);
    rc = rc < 0
             ? rc
             : json_in_string(body, "partition", JSON_OPTIONAL, PARTITION_MAX, &q->partition, err);
    rc = rc < 0 ? rc : json_in_string(body, "mode", JSON_OPTIONAL, 16, &mode, err);
    rc = rc < 0 ? rc : json_in_bool(body, "explain", JSON_OPTIONAL, &q->explain, err);
    rc = rc < 0 ? rc : json_in_object(body, "filter", JSON_OPTIONAL, &filter, err);
    rc = rc < 0 ? rc : read_list(body, "types", req->arena, &q->types, &q->type_count, err);
    rc = rc < 0
             ? rc
             : read_list(body, "categories", req->arena, &q->categories, &q->category_count, err);
    rc = rc < 0 ? rc
                : read_list(body, "document_ids", req->arena, &q->document_ids,
                      &q->document_id_count, err);
    if (rc < 0) {
        return rc;
    }
    if (slice_trim(q->query).len == 0) {
        return error_set(err, ERR_INVALID, "query is empty; say what to look for.");
    }
    if (slice_is(mode, "meaning")) {
        return error_set(err, ERR_UNSUPPORTED,
            "There is no model here that knows meaning; search by words or leave mode out.");
    }
    if (!slice_is(mode, "words") && !slice_is(mode, "hybrid")) {
        return error_set(err, ERR_INVALID, "mode can be hybrid, words or meaning.");
    }
    if (filter) {
        AUTO_FREE char *text = json_dumps(filter, JSON_COMPACT);
        q->filter = slice_of(text ? arena_strdup(req->arena, text) : NULL);
    }
    q->limit = (int)limit;
    q->max_per_document = (int)per_document;
    return 0;
}

static void add_explain(
    struct json_out *j, const struct search_reply *reply, const struct search_result *r)
{
    json_key_object(j, "explain");
    json_key_text(j, "engine", "BM25 over words; no embedding model is configured");
    json_key_double(j, "bm25", r->hit.score);
    json_key_text(j, "expression", reply->match);
    json_key_int(j, "terms", (int64_t)reply->term_count);
    json_key_int(j, "terms_matched", (int64_t)r->matched_terms);
    json_key_object(j, "weights");
    json_key_double(j, "title", reply->weights.title);
    json_key_double(j, "heading", reply->weights.heading);
    json_key_double(j, "text", reply->weights.text);
    json_end(j);
    json_end(j);
}

static void add_links(struct json_out *j, const struct search_result *r)
{
    char url[160];

    json_key_object(j, "links");
    snprintf(url, sizeof(url), "/v1/documents/%s", r->hit.document_id);
    json_key_text(j, "document", url);
    snprintf(url, sizeof(url), "/documents/%s?chunk=%lld", r->hit.document_id,
        (long long)r->hit.chunk_index);
    json_key_text(j, "show", url);
    const char *page = strstr(r->place ? r->place : "", "\"page\":");
    if (page) {
        snprintf(url, sizeof(url), "/v1/documents/%s/pages/%d", r->hit.document_id, atoi(page + 7));
        json_key_text(j, "picture", url);
    }
    const char *time = strstr(r->place ? r->place : "", "\"time\":[");
    if (time) { // players begin at that second
        snprintf(url, sizeof(url), "/v1/documents/%s/original#t=%.2f", r->hit.document_id,
            strtod(time + 8, NULL));
        json_key_text(j, "play", url);
    }
    json_end(j);
}

static void add_result(struct json_out *j, const struct search_reply *reply,
    const struct search_result *r, bool explain)
{
    char id[32];

    snprintf(id, sizeof(id), "%lld", (long long)r->hit.chunk_id);
    json_begin_object(j);
    json_key_text(j, "document_id", r->hit.document_id);
    json_key_text(j, "document_name", r->hit.document_name);
    json_key_text(j, "type", r->hit.type);
    json_key_text(j, "category", r->hit.category);
    json_key_text(j, "chunk_id", id);
    json_key_int(j, "chunk_index", r->hit.chunk_index);
    json_key_array(j, "elements");
    json_int(j, r->hit.first_element);
    json_int(j, r->hit.last_element);
    json_end(j);
    json_key_string(j, "heading", r->hit.heading);
    json_key_string(j, "text", r->hit.text);
    json_key_text(j, "snippet", r->snippet);
    json_key_raw(j, "place", slice_of(r->place ? r->place : "null"));
    json_key_text(j, "place_words", r->place_words);
    json_key_raw(j, "places", slice_of(r->hit.places ? r->hit.places : "[]"));
    json_key_double(j, "score", r->hit.score);
    add_links(j, r);
    if (explain) {
        add_explain(j, reply, r);
    }
    json_end(j);
}

static int search_post(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct search_request q = { 0 };
    struct search_reply reply;
    struct json_out j;
    int64_t start = clock_mono_us();
    AUTO_JSON *body = json_in_parse_object(req->body, err);
    int rc = body ? read_request(body, req, &q, err) : ERR_INVALID;

    if (rc == 0) {
        rc = search_run(api_of(req)->store, &q, req->arena, &reply, err);
        metric_add(METRIC_SEARCHES,
            rc < 0        ? SEARCH_FAILED
            : reply.count ? SEARCH_FOUND
                          : SEARCH_NOTHING,
            0, 1);
        metric_observe(METRIC_STAGE_SECONDS, STAGE_SEARCH, clock_mono_us() - start);
    }
    if (rc < 0) {
        return rc;
    }
    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_array(&j, "results");
    for (size_t i = 0; i < reply.count; i++) {
        add_result(&j, &reply, &reply.results[i], q.explain);
    }
    json_end(&j);
    json_key_double(&j, "took_ms", (double)(clock_mono_us() - start) / 1000.0);
    json_key_text(&j, "engine", reply.engine);
    json_end(&j);
    return json_finish(&j, err);
}

static const struct route_doc search_doc = { .id = "search",
    .tag = "search",
    .summary = "Find passages, each with its document and place",
    .request = "SearchRequest",
    .response = "SearchReply",
    .success = 200,
    .errors = "400 401 415" };

const struct http_route search_routes[] = {
    { HTTP_POST, "/v1/search", search_post, HTTP_LANE_QUICK, HTTP_BODY_MEMORY, 1024 * 1024,
        .doc = &search_doc },
    { 0 },
};

const struct schema_doc search_schemas[] = {
    { "SearchRequest", "{\"type\":\"object\",\"required\":[\"query\"],\"properties\":{\"query\":{"
                       "\"type\":\"string\",\"maxLength\":2000},"
                       "\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100},\"types\":{"
                       "\"type\":\"array\",\"items\":{\"type\":"
                       "\"string\"}},\"categories\":{\"type\":\"array\",\"items\":{\"type\":"
                       "\"string\"}},\"document_ids\":{\"type\":\"array\","
                       "\"items\":{\"type\":\"string\"}},\"partition\":{\"type\":\"string\"},"
                       "\"filter\":{\"type\":\"object\"},\"mode\":{"
                       "\"enum\":[\"hybrid\",\"words\",\"meaning\"]},\"max_per_document\":{"
                       "\"type\":\"integer\",\"minimum\":0,\"maximum\":"
                       "100},\"explain\":{\"type\":\"boolean\"}},\"additionalProperties\":false}" },
    { "SearchReply", "{\"type\":\"object\",\"required\":[\"results\",\"took_ms\",\"engine\"],"
                     "\"properties\":{\"results\":{\"type\":"
                     "\"array\",\"items\":{\"type\":\"object\",\"required\":[\"document_id\","
                     "\"document_name\",\"chunk_id\",\"text\","
                     "\"snippet\",\"place\",\"places\",\"score\",\"links\"]}},\"took_ms\":{"
                     "\"type\":\"number\"},\"engine\":{\"type\":"
                     "\"string\"}}}" },
    { NULL, NULL },
};
