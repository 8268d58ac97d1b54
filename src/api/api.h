// SPDX-License-Identifier: AGPL-3.0-or-later
// Larder's own REST API, /v1, and the operational pages: one file a resource, each with its routes as data. Handlers run on
// the http engine's pool threads; everything they need hangs on struct api.
#ifndef LARDER_API_API_H
#define LARDER_API_API_H

#include "api/access.h"
#include "api/openapi.h"
#include "config/settings.h"
#include "http/http.h"
#include "ingest/ingest.h"
#include "store/store.h"

#include <stdatomic.h>

struct assist;
struct mcp;
struct pool;
struct monitor;
struct verify_runs;
struct api {
    struct store *store;
    struct ingest *ingest;
    const struct settings *settings;
    struct access *access;
    struct assist *assist;
    struct mcp *mcp; // api/mcp.h
    struct pool *asks; // threads of streamed questions
    atomic_bool stopping; // questions end; set before the server is closed
    struct http_server *http; // set once the server is open
    struct monitor *monitor; // monitor.h
    struct verify_runs *verify; // verify.h
    int64_t started_ms; // wall clock
    atomic_llong anchored_ms; // when the audit log's head was last written to the log
    atomic_llong untold_refusals; // that got no audit row
};

static inline struct api *api_of(const struct http_request *req)
{
    return req->app;
}

extern const struct http_route *const api_routes[]; // all lists, ended by NULL

extern const struct http_route documents_routes[];
extern const struct http_route pictures_routes[];
extern const struct http_route search_routes[];
extern const struct http_route ask_routes[];
extern const struct http_route mcp_routes[];
extern const struct http_route openai_routes[];
extern const struct http_route events_routes[];
extern const struct http_route system_routes[];
extern const struct http_route metrics_routes[];
extern const struct http_route alerts_routes[];
extern const struct http_route verify_routes[];
extern const struct http_route session_routes[];
extern const struct http_route oidc_routes[];
extern const struct http_route openapi_routes[];
extern const struct http_route keys_routes[];
extern const struct http_route audit_routes[];
extern const struct http_route app_routes[]; // last: takes every other GET

// audit.c: for http_options.
void api_begun(struct http_request *req, const struct http_route *route);
void api_ended(struct http_request *req, const struct http_route *route, int status, int64_t ms);
// What the row of this request is to say; texts live in its arena. No effect when it is no act.
void audit_who(const struct http_request *req, const char *who);
void audit_detail(const struct http_request *req, const char *detail);
void audit_quota(const struct http_request *req,
    int64_t bytes); // a document of so many bytes counts for its caller
void audit_anchor(struct api *api);

// events.c: for http_options.
int api_events_load(
    void *app, int64_t since, size_t max, struct http_event_list *list, struct error *err);

// document_json.c: the document as the API shows it. progress is looked up when with_progress.
int document_json(struct api *api, const struct document *d, bool with_progress, bool duplicate,
    struct buf *out, struct error *err);

// Query parameters with limits; ERR_INVALID names the parameter.
int api_query_int(const struct http_request *req, const char *name, int64_t fallback, int64_t min,
    int64_t max, int64_t *ret, struct error *err);

#endif
