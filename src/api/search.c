// SPDX-License-Identifier: AGPL-3.0-or-later
// POST /v1/search.
#include "api/api.h"
#include "base/clock.h"
#include "search/search.h"
#include "watch/metric.h"
#include "wire/json.h"

#include <math.h>

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
        "partition", "filter", "mode", "explain", "max_per_document", "typing", "recency", "rerank",
        NULL };
    struct slice mode = SLICE_LIT("hybrid");
    const json_t *filter = NULL;
    int64_t limit = SEARCH_LIMIT_DEFAULT, per_document = 0;
    bool rerank = true;
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
    rc = rc < 0 ? rc : json_in_bool(body, "typing", JSON_OPTIONAL, &q->typing, err);
    rc = rc < 0 ? rc : json_in_bool(body, "rerank", JSON_OPTIONAL, &rerank, err);
    rc = rc < 0 ? rc : json_in_double(body, "recency", JSON_OPTIONAL, 0, 1, &q->recency, err);
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
    if (!slice_is(mode, "words") && !slice_is(mode, "hybrid") && !slice_is(mode, "meaning")) {
        return error_set(err, ERR_INVALID, "mode can be hybrid, words or meaning.");
    }
    q->mode = slice_is(mode, "words")     ? SEARCH_WORDS
              : slice_is(mode, "meaning") ? SEARCH_MEANING
                                          : SEARCH_HYBRID;
    if (filter) {
        AUTO_FREE char *text = json_dumps(filter, JSON_COMPACT);
        q->filter = slice_of(text ? arena_strdup(req->arena, text) : NULL);
    }
    q->no_rerank = !rerank;
    q->limit = (int)limit;
    q->max_per_document = (int)per_document;
    return 0;
}

static void add_share(struct json_out *j, const char *key, double value)
{
    if (isnan(value)) {
        json_key_null(j, key);
    } else {
        json_key_double(j, key, round(value * 1e6) / 1e6);
    }
}

// How a word was understood: what else was looked for, and why.
static void add_concepts(struct json_out *j, const struct query *q)
{
    static const char *const why[] = { "typed", "synonym", "spelling", "unit", "correction" };

    json_key_array(j, "words");
    for (size_t i = 0; q && i < q->concept_count; i++) {
        const struct concept *c = &q->concepts[i];
        json_begin_object(j);
        json_key_int(j, "passages", c->chunks);
        add_share(j, "rarity", c->rarity);
        json_key_array(j, "alternatives");
        for (size_t k = 0; k < c->alternative_count; k++) {
            json_begin_object(j);
            json_key_text(j, "text", c->alternatives[k].text);
            json_key_text(j, "because", why[c->alternatives[k].why]);
            add_share(j, "weight", c->alternatives[k].weight);
            json_key_int(j, "passages", c->alternatives[k].chunks);
            json_end(j);
        }
        json_end(j);
        json_end(j);
    }
    json_end(j);
}

static void add_explain(
    struct json_out *j, const struct search_reply *reply, const struct search_result *r)
{
    const struct score_parts *p = &r->parts;
    bool hybrid = strcmp(reply->engine, "hybrid") == 0;

    json_key_object(j, "explain");
    json_key_text(j, "engine",
        hybrid ? "BM25 over words and cosine of vectors, fused by weighted shares"
        : strcmp(reply->engine, "meaning") == 0 ? "cosine of vectors"
                                                : "BM25 over words; no embedding model was used");
    json_key_text(j, "note", reply->note);
    json_key_double(j, "bm25", p->words);
    add_share(j, "bm25_share", p->words_share);
    add_share(j, "cosine", p->meaning);
    add_share(j, "cosine_share", p->meaning_share);
    add_share(j, "meaning_weight", hybrid ? reply->meaning_weight : 0);
    json_key_object(j, "features");
    add_share(j, "part_numbers", p->codes);
    add_share(j, "near", p->near);
    add_share(j, "exact", p->exact);
    add_share(j, "heading", p->heading);
    json_end(j);
    add_share(j, "recency", p->recency);
    json_key_object(j, "rerank");
    add_share(j, "score", p->before ? p->rerank : NAN);
    add_share(j, "place_before", p->before ? (double)p->before : NAN);
    json_key_text(j, "note", reply->rerank_note);
    json_end(j);
    json_key_text(j, "expression", reply->match);
    json_key_int(j, "terms", (int64_t)reply->term_count);
    json_key_int(j, "terms_matched", (int64_t)r->matched_terms);
    add_concepts(j, reply->query);
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

    rc = rc < 0 ? rc : principal_partition(principal_of(req), &q.partition, err);
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
    json_key_text(&j, "note", reply.note);
    json_end(&j);
    return json_finish(&j, err);
}

static const struct route_doc search_doc = { .id = "search",
    .tag = "search",
    .summary = "Find passages, each with its document and place",
    .request = "SearchRequest",
    .response = "SearchReply",
    .success = 200,
    .errors = "400 401 403 415" };

const struct http_route search_routes[] = {
    { HTTP_POST, "/v1/search", search_post, HTTP_LANE_QUICK, HTTP_BODY_MEMORY, 1024 * 1024,
        .right = RIGHT_SEARCH, .doc = &search_doc },
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
                       "100},\"explain\":{\"type\":\"boolean\"},\"typing\":{\"type\":\"boolean\"},"
                       "\"rerank\":{\"type\":\"boolean\"},"
                       "\"recency\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1}},"
                       "\"additionalProperties\":false}" },
    { "SearchReply", "{\"type\":\"object\",\"required\":[\"results\",\"took_ms\",\"engine\"],"
                     "\"properties\":{\"results\":{\"type\":"
                     "\"array\",\"items\":{\"type\":\"object\",\"required\":[\"document_id\","
                     "\"document_name\",\"chunk_id\",\"text\","
                     "\"snippet\",\"place\",\"places\",\"score\",\"links\"]}},\"took_ms\":{"
                     "\"type\":\"number\"},\"engine\":{\"type\":"
                     "\"string\"},\"note\":{\"type\":[\"string\",\"null\"]}}}" },
    { NULL, NULL },
};
