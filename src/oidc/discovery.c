// SPDX-License-Identifier: AGPL-3.0-or-later
// The pure parts of provider.h: the discovery document, addresses, forms.
#include "net/web.h"
#include "oidc/jwt.h"
#include "oidc/provider.h"

#include <stdio.h>

bool provider_url_allowed(const char *url, bool plain)
{
    if (strlen(url) >= PROVIDER_URL_MAX || !web_url_valid(url)) {
        return false;
    }
    return strncmp(url, "https://", 8) == 0 || (plain && web_url_local(url));
}

void form_add(struct buf *out, const char *name, struct slice value)
{
    static const char hex[] = "0123456789ABCDEF";

    if (name) {
        if (out->len && out->data[out->len - 1] != '?' && out->data[out->len - 1] != '&') {
            buf_add_char(out, '&');
        }
        buf_addf(out, "%s=", name);
    }
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
            (c && strchr("-._~", c))) {
            buf_add_char(out, (char)c);
        } else {
            char text[3] = { '%', hex[c >> 4], hex[c & 15] };
            buf_add(out, text, 3);
        }
    }
}

// ---- the document

static int get_url(const json_t *all, const char *field, bool plain, char *ret, struct error *err)
{
    struct slice value = { NULL, 0 };

    if (json_in_string(all, field, JSON_REQUIRED, PROVIDER_URL_MAX - 1, &value, NULL) == 0) {
        snprintf(ret, PROVIDER_URL_MAX, SLICE_FMT, SLICE_ARG(value));
        if (provider_url_allowed(ret, plain)) {
            return 0;
        }
    }
    return error_set(err, ERR_CORRUPT,
        "The provider's discovery document has no usable %s; it must be an https address.", field);
}

static bool lists(const json_t *all, const char *field, const char *word)
{
    const json_t *list = json_object_get(all, field);

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *one = json_string_value(json_array_get(list, i));
        if (one && strcmp(one, word) == 0) {
            return true;
        }
    }
    return false;
}

int discovery_parse(struct slice json, const char *issuer, struct discovery *ret, struct error *err)
{
    struct discovery d = { .algs = 0 };
    struct slice said = { NULL, 0 };
    bool plain = strncmp(issuer, "http://", 7) == 0;
    static const char methods[] = "token_endpoint_auth_methods_supported";
    AUTO_JSON *all = json_in_parse(json, JWT_DEPTH_MAX, NULL);

    if (!all || !json_is_object(all)) {
        return error_set(
            err, ERR_CORRUPT, "The provider's discovery document can't be understood.");
    }
    if (json_in_string(all, "issuer", JSON_REQUIRED, PROVIDER_URL_MAX, &said, NULL) < 0 ||
        !slice_is(said, issuer)) {
        return error_set(err, ERR_CORRUPT,
            "The provider calls itself otherwise than oidc.issuer; both must be the same text.");
    }
    int rc = get_url(all, "authorization_endpoint", plain, d.authorize, err);
    rc = rc < 0 ? rc : get_url(all, "token_endpoint", plain, d.token, err);
    rc = rc < 0 ? rc : get_url(all, "jwks_uri", plain, d.keys, err);
    for (int i = 0; i < JWT_ALGS; i++) {
        if (lists(all, "id_token_signing_alg_values_supported", jwt_alg_word((enum jwt_alg)i))) {
            d.algs |= 1U << i;
        }
    }
    if (rc == 0 && d.algs == 0) {
        rc = error_set(err, ERR_CORRUPT, "The provider signs with none of RS256, PS256 and ES256.");
    }
    if (rc == 0) {
        d.basic = !json_object_get(all, methods) || lists(all, methods, "client_secret_basic");
        d.says_iss =
            json_is_true(json_object_get(all, "authorization_response_iss_parameter_supported"));
        *ret = d;
    }
    return rc;
}
