// SPDX-License-Identifier: AGPL-3.0-or-later
// The settings: one table of names, defaults and meanings; values from a file (`[section]`, `key = value`), then the
// environment (LARDER_SECTION_KEY), then flags (--section-key VALUE), the later winning. Immutable after loading.
#ifndef LARDER_CONFIG_SETTINGS_H
#define LARDER_CONFIG_SETTINGS_H

#include "base/error.h"
#include "base/slice.h"
#include "config/formats.h"

enum setting_type { SETTING_TEXT, SETTING_NUMBER, SETTING_SIZE, SETTING_CHOICE };

struct settings {
    char *data_dir; // server.data
    char *listen; // server.listen
    int64_t connections, connections_per_address; // of server; 0 for the second: no bound
    char *tls_certificate, *tls_key; // tls.certificate, tls.key: PEM files; "": no TLS
    char *tls_minimum; // tls.minimum: 1.2 | 1.3
    char *tls_hsts; // tls.hsts: on | off
    char *admin_key_file; // admin.key_file; "" makes a key at first start
    char *access_loopback; // access.loopback: closed | open
    char *access_network; // access.network: refuse | plain
    char *access_proxies; // access.trusted_proxies
    char *access_origins; // access.origins
    int64_t access_key_rate,
        access_address_rate; // access.key_rate, address_rate: requests a second
    int64_t access_quota_bytes, access_quota_documents; // a day and key
    char *log_level; // log.level
    char *log_format; // log.format: text | json
    char *reader_program; // reader.program; "" is larder-reader beside larder
    char *reader_sandbox; // reader.sandbox: require | prefer
    int64_t reader_memory; // bytes of address space of one reader
    int64_t reader_check_s; // seconds a check may take
    int64_t reader_read_s; // seconds that reading one document may take
    char *
        speech_model; // speech.model: file or URL; "" is speech.model beside the reader, "none" reads no speech
    char *speech_key_file; // speech.key_file: the key of a speech service; "" sends none
    char *speech_name; // speech.name: what a speech service calls the model
    int64_t speech_s; // speech.seconds: longest answer of a speech service
    char *clamd_address; // clamd.address: socket's path or HOST:PORT; "" is off
    int64_t clamd_s; // clamd.seconds: longest scan
    int64_t clamd_stream_cap; // clamd.stream_cap: bytes that clamd takes
    char *assist_model_url; // assist.model_url; "": no model
    char *assist_model; // assist.model: its name
    char *assist_key_file; // assist.key_file; "" sends none
    char *assist_specialists; // assist.specialists: folder; "": those built in
    int64_t assist_requests, assist_tool_calls, assist_tokens, assist_seconds; // limits of a run
    int64_t assist_retries; // corrections in a row
    char *embeddings_model; // embeddings.model: path, URL, off; "" is embedding.onnx beside larder
    char *embeddings_name; // embeddings.name, for a URL
    char *embeddings_key_file; // embeddings.key_file, for a URL
    char *embeddings_library; // embeddings.library; "" is libonnxruntime.so.1 beside larder
    int64_t embeddings_threads; // passages embedded at the same time
    char *rerank_model; // rerank.model: path, URL or off
    char *rerank_name; // rerank.name, for a URL
    char *rerank_key_file; // rerank.key_file, for a URL
    int64_t rerank_count; // of the best passages of a search
    int64_t rerank_ms; // what a search waits for it
    char *search_synonyms; // search.synonyms: file; "" the built-in list, "none" no synonyms
    char *
        convert_libreoffice; // convert.libreoffice: path of soffice; "" is looked for, "off" is none
    int64_t convert_memory; // bytes that one conversion may take
    int64_t convert_s; // seconds that one conversion may take
    int64_t jobs_workers; // documents read at the same time
    int64_t jobs_queue; // documents waiting at most
    char *watch_canary; // watch.canary: on | off
    char *audit_reads; // audit.reads: none | originals | all
    char *oidc_issuer; // oidc.issuer; "": nobody signs in there
    char *oidc_client_id, *oidc_secret_file; // oidc.client_id, oidc.client_secret_file
    char *oidc_scopes, *oidc_audiences; // oidc.scopes, oidc.audiences
    char *oidc_role_claim, *oidc_roles, *oidc_roles_file; // oidc.role_claim, roles, roles_file
    char *oidc_label; // oidc.label
    char *oidc_redirect_url; // oidc.redirect_url; "": by the address that the browser used
    int64_t oidc_session_h; // oidc.session_hours
    char *otlp_url; // otlp.url; "": nothing is pushed
    char *otlp_headers_file; // otlp.headers_file; ""
    char *otlp_service; // otlp.service
    int64_t otlp_interval_s; // otlp.interval_seconds
    int64_t watch_canary_s; // between two canary documents
    char *alerts_rules; // alerts.rules: file of rules; "" is the defaults alone
    char *alerts_webhook; // alerts.webhook: URL; "" is off
    char *alerts_webhook_secret_file;
    char *alerts_alertmanager; // alerts.alertmanager: URL; "" is off
    char *alerts_smtp; // alerts.smtp: relay's URL; "" is off
    char *alerts_smtp_user, *alerts_smtp_password_file;
    char *alerts_mail_from, *alerts_mail_to;
    char *alerts_link; // alerts.link: the address of this server as people see it
    int64_t cap[FORMAT_IDS]; // limits.TYPE in bytes
};

struct setting_info {
    const char *section, *key;
    enum setting_type type;
    const char *fallback; // the default as text
    const char *choices; // SETTING_CHOICE: space-separated
    const char *meaning;
    size_t offset; // in struct settings
};
const struct setting_info *setting_at(
    size_t i); // NULL past the end; limits.TYPE are not listed: see formats.h

void settings_init(struct settings *s); // defaults
void settings_done(struct settings *s);
int settings_load_file(
    struct settings *s, const char *path, struct error *err); // ERR_NOT_FOUND if there is none
// From LARDER_SECTION_KEY; what is not set stays. ERR_INVALID names the first value that does not fit.
int settings_load_environment(struct settings *s, struct error *err);
// name: "server.listen". ERR_INVALID with a sentence on an unknown name or a value that does not fit.
int settings_set(struct settings *s, const char *name, const char *value, struct error *err);
bool size_parse(struct slice text, int64_t *ret_bytes); // "100MiB", "64 KiB", "1000"

#endif
