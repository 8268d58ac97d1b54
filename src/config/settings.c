// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements settings.h. The docs/settings.md page is made from the table below (`larder help settings`).
#include "config/settings.h"

#include <ctype.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(sec, key, field, fallback, meaning)                                                   \
    {                                                                                              \
        sec, key, SETTING_TEXT, fallback, NULL, meaning, offsetof(struct settings, field)          \
    }
#define CHOICE(sec, key, field, fallback, choices, meaning)                                        \
    {                                                                                              \
        sec, key, SETTING_CHOICE, fallback, choices, meaning, offsetof(struct settings, field)     \
    }
#define NUMBER(sec, key, field, fallback, meaning)                                                 \
    {                                                                                              \
        sec, key, SETTING_NUMBER, fallback, NULL, meaning, offsetof(struct settings, field)        \
    }
#define SIZE(sec, key, field, fallback, meaning)                                                   \
    {                                                                                              \
        sec, key, SETTING_SIZE, fallback, NULL, meaning, offsetof(struct settings, field)          \
    }

static const struct setting_info table[] = {
    TEXT("server", "data", data_dir, "data", "folder that holds everything Larder keeps"),
    TEXT("server", "listen", listen, "127.0.0.1:8080", "address and port to serve on"),
    NUMBER("server", "connections", connections, "12000",
        "most connections at once, WebSockets among them; the limit on open files must be 512 "
        "higher"),
    NUMBER("server", "connections_per_address", connections_per_address, "2000",
        "most of them from one address (IPv6: one network of 64 bits), so that nobody can take "
        "all; "
        "this machine's own are not counted, and those of a trusted proxy count for the client "
        "that "
        "it names; 0 is no bound"),
    TEXT("tls", "certificate", tls_certificate, "",
        "file with the server's certificate and its chain (PEM); with it, all is served over TLS, "
        "and other addresses than this machine's own may be listened on; what is put in its place "
        "is taken up without a restart"),
    TEXT("tls", "key", tls_key, "",
        "file with the certificate's private key (PEM, no passphrase), readable by this user only"),
    CHOICE("tls", "minimum", tls_minimum, "1.2", "1.2 1.3", "oldest version of TLS that is spoken"),
    CHOICE("tls", "hsts", tls_hsts, "on", "on off",
        "on tells browsers that come over TLS to come so only, for a year"),
    TEXT("admin", "key_file", admin_key_file, "",
        "file with the first admin key; without it one is made at the first start and shown once"),
    CHOICE("access", "loopback", access_loopback, "closed", "closed open",
        "open lets clients on this machine act without a key; for tests and demos"),
    CHOICE("access", "network", access_network, "refuse", "refuse plain",
        "plain lets the server listen on other addresses than this machine's own without TLS, "
        "where "
        "keys and documents can be read on their way; set tls.certificate instead, or put a proxy "
        "with TLS before it"),
    TEXT("access", "trusted_proxies", access_proxies, "",
        "addresses and networks, spaces between, of proxies whose X-Forwarded-For and "
        "X-Forwarded-Proto are believed"),
    TEXT("access", "origins", access_origins, "",
        "origins of other pages, spaces between, that may use the API with a key of theirs"),
    NUMBER("access", "key_rate", access_key_rate, "3000",
        "requests a second of one key; ten times as many at once"),
    NUMBER("access", "address_rate", access_address_rate, "3000",
        "requests a second from one address; ten times as many at once"),
    SIZE("access", "quota_bytes", access_quota_bytes, "100GiB",
        "most bytes that one key may upload in a day"),
    NUMBER("access", "quota_documents", access_quota_documents, "200000",
        "most documents that one key may upload in a day"),
    CHOICE("audit", "reads", audit_reads, "originals", "none originals all",
        "which reads get a row in the audit log: downloads of original files, or also every search "
        "and every look into a document; questions always have one, never with their text"),
    TEXT("oidc", "issuer", oidc_issuer, "",
        "OpenID provider that people may sign in with, as its discovery document calls itself "
        "(https://…); empty: only access keys"),
    TEXT("oidc", "client_id", oidc_client_id, "", "what this server is called at the provider"),
    TEXT("oidc", "client_secret_file", oidc_secret_file, "",
        "file with the secret that the provider gave; empty: none (a public client with PKCE)"),
    TEXT("oidc", "scopes", oidc_scopes, "profile email",
        "what the provider is asked for beside openid, spaces between; some need groups here"),
    TEXT("oidc", "audiences", oidc_audiences, "",
        "further audiences of tokens that are trusted, spaces between"),
    TEXT("oidc", "role_claim", oidc_role_claim, "groups",
        "claim of the ID token that says what somebody is; a path with dots for nested ones"),
    TEXT("oidc", "roles", oidc_roles, "",
        "which values of the claim give which role, commas between: VALUE = ROLE or VALUE = ROLE: "
        "PARTITION …; the value * is everybody; the highest role counts"),
    TEXT("oidc", "roles_file", oidc_roles_file, "",
        "file with the same, an entry a line; instead of oidc.roles"),
    TEXT(
        "oidc", "label", oidc_label, "Sign in with your account", "the button on the sign-in page"),
    TEXT("oidc", "redirect_url", oidc_redirect_url, "",
        "where the provider sends browsers back to, as it is registered there "
        "(…/v1/session/oidc/callback); empty: made from the address that the browser used"),
    NUMBER("oidc", "session_hours", oidc_session_h, "12",
        "how long somebody stays signed in before the provider is asked again"),
    CHOICE(
        "log", "level", log_level, "info", "debug info warn error", "least level that is logged"),
    CHOICE("log", "format", log_format, "text", "text json", "form of the log's lines"),
    TEXT("reader", "program", reader_program, "",
        "the larder-reader program; empty: the one beside larder"),
    CHOICE("reader", "sandbox", reader_sandbox, "prefer", "require prefer",
        "require refuses to read where the kernel cannot give the full sandbox"),
    SIZE("reader", "memory", reader_memory, "400MiB", "address space of one reader"),
    NUMBER("reader", "check_seconds", reader_check_s, "8", "longest check of one upload"),
    NUMBER("reader", "read_seconds", reader_read_s, "900", "longest reading of one document"),
    TEXT("convert", "libreoffice", convert_libreoffice, "",
        "the soffice program that older Word, Excel and PowerPoint files are read with; empty: "
        "looked for in the usual places; off: such files are refused"),
    SIZE("convert", "memory", convert_memory, "1GiB", "memory of one conversion"),
    NUMBER("convert", "seconds", convert_s, "180", "longest conversion of one document"),
    TEXT("speech", "model", speech_model, "",
        "file of the speech model, or the URL of an OpenAI-style service (…/v1/audio/"
        "transcriptions); empty: speech.model beside the reader; none: speech is not read"),
    TEXT("speech", "key_file", speech_key_file, "",
        "file with the key that is sent to the speech service; empty: none"),
    TEXT("speech", "name", speech_name, "whisper-1", "what the speech service calls its model"),
    NUMBER("speech", "seconds", speech_s, "120", "longest answer of the speech service"),
    TEXT("clamd", "address", clamd_address, "",
        "the virus scanner clamd: path of its socket or HOST:PORT; empty: uploads are not scanned"),
    NUMBER("clamd", "seconds", clamd_s, "20",
        "longest scan of one upload; what takes longer is quarantined"),
    SIZE("clamd", "stream_cap", clamd_stream_cap, "100MiB",
        "most bytes that clamd takes (its StreamMaxLength); larger uploads are quarantined"),
    TEXT("assist", "model_url", assist_model_url, "",
        "address of an OpenAI-compatible server, up to and with /v1/chat/completions; empty: "
        "answers "
        "are put together from passages"),
    TEXT("assist", "model", assist_model, "default", "name of the model to ask for"),
    TEXT("assist", "key_file", assist_key_file, "",
        "file with the key that is sent to the model's server; empty: none"),
    TEXT("assist", "specialists", assist_specialists, "",
        "folder with specialists' files that replace or add to those built in"),
    NUMBER(
        "assist", "requests", assist_requests, "12", "most requests to the model for one question"),
    NUMBER("assist", "tool_calls", assist_tool_calls, "24", "most tool calls for one question"),
    NUMBER("assist", "tokens", assist_tokens, "100000",
        "most tokens, read and written, for one question"),
    NUMBER("assist", "seconds", assist_seconds, "120", "longest time for one question"),
    NUMBER("assist", "retries", assist_retries, "3",
        "how often in a row a model may correct a wrong tool call or an unsupported answer"),
    TEXT("embeddings", "model", embeddings_model, "",
        "what turns passages into vectors: a model file, the URL of an OpenAI-style "
        "/v1/embeddings, or off; empty: embedding.onnx beside larder, if it is there"),
    TEXT("embeddings", "name", embeddings_name, "default",
        "name of the model that a URL is asked for"),
    TEXT("embeddings", "key_file", embeddings_key_file, "", "file with the key for the URL"),
    TEXT("embeddings", "library", embeddings_library, "",
        "the ONNX Runtime library; empty: libonnxruntime.so.1 beside larder, else the system's"),
    NUMBER("embeddings", "threads", embeddings_threads, "2", "passages embedded at the same time"),
    TEXT("rerank", "model", rerank_model, "off",
        "what reads the best passages again together with the question: a cross-encoder's ONNX "
        "file "
        "with its MODEL.vocab, the URL of a /v1/rerank service, or off"),
    TEXT("rerank", "name", rerank_name, "default", "name of the model that a URL is asked for"),
    TEXT("rerank", "key_file", rerank_key_file, "", "file with the key for the URL"),
    NUMBER("rerank", "count", rerank_count, "20", "how many of the best are read again, up to 100"),
    NUMBER("rerank", "milliseconds", rerank_ms, "500",
        "how long a search waits for that; then the order stays as it was"),
    TEXT("search", "synonyms", search_synonyms, "",
        "file of words that mean the same, a group a line (fryer = fry vat, deep fryer); empty: "
        "the built-in list; none: no synonyms"),
    CHOICE("watch", "canary", watch_canary, "on", "on off",
        "on takes in, finds and removes a tiny document now and then, to know that all works"),
    NUMBER(
        "watch", "canary_seconds", watch_canary_s, "300", "from one canary document to the next"),
    TEXT("otlp", "url", otlp_url, "",
        "OpenTelemetry collector that all metrics are pushed to (OTLP over HTTP, JSON), up to and "
        "with /v1/metrics; empty: none"),
    TEXT("otlp", "headers_file", otlp_headers_file, "",
        "file with headers for the collector, such as its key: lines Name: value"),
    TEXT("otlp", "service", otlp_service, "larder", "service.name of the pushed metrics"),
    NUMBER("otlp", "interval_seconds", otlp_interval_s, "60", "from one push to the next"),
    TEXT("alerts", "rules", alerts_rules, "",
        "file of alert rules (JSON, docs/alerts.md); read again when it changes; empty: the "
        "defaults"),
    TEXT("alerts", "webhook", alerts_webhook, "",
        "URL that gets a signed message (Standard Webhooks) for each change; empty: none"),
    TEXT("alerts", "webhook_secret_file", alerts_webhook_secret_file, "",
        "file with the webhook's secret (whsec_…); without it messages are not signed"),
    TEXT("alerts", "alertmanager", alerts_alertmanager, "",
        "URL of an Alertmanager (API v2) that gets firing alerts; empty: none"),
    TEXT("alerts", "smtp", alerts_smtp, "",
        "mail relay, smtp://HOST:PORT or smtps://HOST:PORT; empty: no mail"),
    TEXT("alerts", "smtp_user", alerts_smtp_user, "", "name at the mail relay; empty: none"),
    TEXT("alerts", "smtp_password_file", alerts_smtp_password_file, "",
        "file with the password at the mail relay"),
    TEXT("alerts", "mail_from", alerts_mail_from, "", "sender of mails"),
    TEXT("alerts", "mail_to", alerts_mail_to, "", "receivers of mails, with commas between"),
    TEXT("alerts", "link", alerts_link, "",
        "address of this server as people reach it, for links in messages"),
    NUMBER("jobs", "workers", jobs_workers, "2", "documents read at the same time"),
    NUMBER("jobs", "queue", jobs_queue, "100000", "documents that may wait to be read"),
};

const struct setting_info *setting_at(size_t i)
{
    return i < ARRAY_LEN(table) ? &table[i] : NULL;
}

bool size_parse(struct slice text, int64_t *ret_bytes)
{
    static const struct {
        const char *word;
        int shift;
    } units[] = { { "KiB", 10 }, { "MiB", 20 }, { "GiB", 30 }, { "TiB", 40 }, { "B", 0 },
        { "", 0 } };
    size_t digits = 0;
    int64_t n = 0;

    text = slice_trim(text);
    while (digits < text.len && isdigit((unsigned char)text.data[digits])) {
        digits++;
    }
    if (!slice_to_i64(slice_make(text.data, digits), &n)) {
        return false;
    }
    struct slice unit = slice_trim(slice_from(text, digits));
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (slice_equal_nocase(unit, slice_of(units[i].word))) {
            return !__builtin_mul_overflow(n, (int64_t)1 << units[i].shift, ret_bytes);
        }
    }
    return false;
}

static int assign(
    struct settings *s, const struct setting_info *info, const char *value, struct error *err)
{
    void *at = (char *)s + info->offset;
    int64_t n = 0;

    switch (info->type) {
    case SETTING_CHOICE:
        if (!slice_among(slice_of(value), info->choices)) {
            return error_set(err, ERR_INVALID,
                "The setting %s.%s is \"%.60s\"; it can be one of: %s.", info->section, info->key,
                value, info->choices);
        }
        // fall through
    case SETTING_TEXT:
        free(*(char **)at);
        *(char **)at = xstrdup(value);
        return 0;
    case SETTING_NUMBER:
        if (!slice_to_i64(slice_trim(slice_of(value)), &n) || n < 1) {
            return error_set(err, ERR_INVALID,
                "The setting %s.%s is \"%.60s\"; it must be a whole number of at least 1.",
                info->section, info->key, value);
        }
        *(int64_t *)at = n;
        return 0;
    case SETTING_SIZE:
        if (!size_parse(slice_of(value), &n) || n < 1) {
            return error_set(err, ERR_INVALID,
                "The setting %s.%s is \"%.60s\"; it must be a size such as 100MiB.", info->section,
                info->key, value);
        }
        *(int64_t *)at = n;
        return 0;
    }
    BUG("setting type %d", (int)info->type);
}

int settings_set(struct settings *s, const char *name, const char *value, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        size_t n = strlen(table[i].section);
        if (strncmp(name, table[i].section, n) == 0 && name[n] == '.' &&
            strcmp(name + n + 1, table[i].key) == 0) {
            return assign(s, &table[i], value, err);
        }
    }
    if (strncmp(name, "limits.", 7) == 0) {
        const struct format_info *f = format_by_name(slice_of(name + 7));
        int64_t bytes = 0;
        if (f && size_parse(slice_of(value), &bytes) && bytes > 0) {
            s->cap[f->id] = bytes;
            return 0;
        }
        return error_set(err, ERR_INVALID,
            "The setting %.40s = \"%.60s\" does not name a file type and a size.", name, value);
    }
    return error_set(
        err, ERR_INVALID, "There is no setting %.80s; `larder help settings` lists them.", name);
}

void settings_init(struct settings *s)
{
    memset(s, 0, sizeof(*s));
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct error err;
        if (assign(s, &table[i], table[i].fallback, &err) < 0) {
            BUG("default of %s.%s: %s", table[i].section, table[i].key, err.text);
        }
    }
    for (size_t i = 0; format_at(i); i++) {
        s->cap[format_at(i)->id] = format_at(i)->cap;
    }
}

void settings_done(struct settings *s)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].type == SETTING_TEXT || table[i].type == SETTING_CHOICE) {
            char **at = (char **)((char *)s + table[i].offset);
            free(*at);
            *at = NULL;
        }
    }
}

struct file_walk {
    struct settings *settings;
    struct error *err;
    int rc;
};

static int file_value(void *ctx, const char *section, const char *key, const char *value)
{
    struct file_walk *w = ctx;
    char name[128];

    if (w->rc == 0) {
        snprintf(name, sizeof(name), "%s.%s", section, key);
        w->rc = settings_set(w->settings, name, value, w->err);
    }
    return w->rc == 0;
}

int settings_load_file(struct settings *s, const char *path, struct error *err)
{
    struct file_walk w = { .settings = s, .err = err };
    int line = ini_parse(path, file_value, &w);

    if (w.rc < 0) {
        return error_prefix(err, w.rc, "Settings file, line %d", line);
    }
    if (line < 0) {
        return error_set(err, ERR_NOT_FOUND, "The settings file could not be opened.");
    }
    if (line > 0) {
        return error_set(err, ERR_INVALID,
            "Settings file, line %d: this is neither [section] nor key = value.", line);
    }
    return 0;
}

static void environment_name(const char *section, const char *key, char *ret_name, size_t size)
{
    snprintf(ret_name, size, "LARDER_%s_%s", section, key);
    for (char *c = ret_name; *c; c++) {
        *c = (char)toupper((unsigned char)*c);
    }
}

int settings_load_environment(struct settings *s, struct error *err)
{
    char name[128];

    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        environment_name(table[i].section, table[i].key, name, sizeof(name));
        const char *value = getenv(name);
        int rc = value ? assign(s, &table[i], value, err) : 0;
        if (rc < 0) {
            return rc;
        }
    }
    for (size_t i = 0; format_at(i); i++) {
        char setting[64];
        environment_name("limits", format_at(i)->name, name, sizeof(name));
        snprintf(setting, sizeof(setting), "limits.%s", format_at(i)->name);
        const char *value = getenv(name);
        int rc = value ? settings_set(s, setting, value, err) : 0;
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}
