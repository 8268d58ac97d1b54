// SPDX-License-Identifier: AGPL-3.0-or-later
// GET /v1/events: one numbered log as WebSocket, SSE or a JSON page; all resume with ?since=N.
#include "api/api.h"
#include "wire/json.h"

enum { POLL_LIMIT = 500 };

struct load {
    struct http_event_list *list;
};

static int load_one(void *ctx, int64_t seq, struct slice kind, struct slice json)
{
    struct load *l = ctx;

    http_event_add(l->list, seq, kind, json);
    return 0;
}

int api_events_load(
    void *app, int64_t since, size_t max, struct http_event_list *list, struct error *err)
{
    struct api *api = app;
    struct load l = { list };

    return store_event_list(api->store, since, max, load_one, &l, err);
}

// Without since: from now on.
static int since_of(struct http_request *req, int64_t *ret, struct error *err)
{
    req->audience = access_audience(api_of(req)->access, principal_of(req));
    return api_query_int(
        req, "since", store_event_last(api_of(req)->store), 0, INT64_MAX, ret, err);
}

struct page {
    struct json_out *out;
    void *audience;
    int64_t last; // the newest event looked at
    size_t count; // shown
};

static int add_one(void *ctx, int64_t seq, struct slice kind, struct slice json)
{
    struct page *p = ctx;

    p->last = seq;
    if (!p->audience || access_event_visible(p->audience, kind, json)) {
        json_raw(p->out, json);
        p->count++;
    }
    return 0;
}

static int events_poll(struct http_request *req, struct http_response *resp, struct error *err)
{
    struct json_out j;
    int64_t since = 0, limit = 0;
    int rc = api_query_int(req, "since", 0, 0, INT64_MAX, &since, err);

    rc = rc < 0 ? rc : api_query_int(req, "limit", POLL_LIMIT, 1, POLL_LIMIT, &limit, err);
    if (rc < 0) {
        return rc;
    }
    json_begin(&j, &resp->body);
    json_begin_object(&j);
    json_key_array(&j, "events");
    struct page page = { &j, access_audience(api_of(req)->access, principal_of(req)), since, 0 };
    do { // a page of events that are all for others would look like the end
        since = page.last;
        rc = store_event_list(api_of(req)->store, since, (size_t)limit, add_one, &page, err);
    } while (rc == 0 && page.count == 0 && page.last > since);
    if (page.audience) {
        access_audience_free(page.audience);
    }
    if (rc < 0) {
        return rc;
    }
    json_end(&j);
    json_key_int(&j, "last", store_event_last(api_of(req)->store));
    json_end(&j);
    return json_finish(&j, err);
}

static const struct param_doc params[] = {
    { "since", "query", "integer",
        "only events with a greater number; a stream without it starts now" },
    { "limit", "query", "integer", "of a JSON page: 1 to 500" }, { NULL }
};
static const struct route_doc events_doc = { .id = "events",
    .tag = "events",
    .summary = "The numbered log: a WebSocket with Upgrade, SSE with Accept: text/event-stream, "
               "else a JSON page",
    .params = params,
    .response = "EventPage",
    .success = 200,
    .errors = "400 401 403" };

const struct http_route events_routes[] = {
    { HTTP_GET, "/v1/events", events_poll, .stream = since_of, .right = RIGHT_READ,
        .doc = &events_doc },
    { 0 },
};

const struct schema_doc events_schemas[] = {
    { "Event", "{\"type\":\"object\",\"required\":[\"seq\",\"time\",\"kind\"],\"properties\":{"
               "\"seq\":{\"type\":\"integer\"},"
               "\"time\":{\"type\":\"string\",\"format\":\"date-time\"},\"kind\":{\"type\":"
               "\"string\"},\"document_id\":{\"type\":"
               "\"string\"},\"data\":{\"type\":\"object\"}}}" },
    { "EventPage", "{\"type\":\"object\",\"required\":[\"events\",\"last\"],\"properties\":{"
                   "\"events\":{\"type\":\"array\",\"items\":{"
                   "\"$ref\":\"#/components/schemas/Event\"}},\"last\":{\"type\":\"integer\"}}}" },
    { NULL, NULL },
};
