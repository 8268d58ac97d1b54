// SPDX-License-Identifier: AGPL-3.0-or-later
// Signing in with an OpenID provider, as the settings oidc.* want it: who a checked ID token stands for here, and the form in
// which a session's cookie names that. The routes are oidc_routes.c, the protocol is src/oidc. Immutable but for what is noted
// of used sign-ins; any thread.
//
// A session is the same signed cookie as a key's (access.h). It names the subject and the entries of oidc.roles that fitted,
// and ends after oidc.session_hours, or when the issuer or the mapping is changed.
#ifndef LARDER_API_OIDC_H
#define LARDER_API_OIDC_H

#include "api/access.h"
#include "config/settings.h"
#include "oidc/provider.h"
#include "wire/json_in.h"

enum { OIDC_TRY_S = 600 }; // for signing in at the provider
enum { OIDC_USED_MAX = 1024 }; // finished sign-ins that are remembered, so that none is done twice
#define OIDC_START "/v1/session/oidc"
#define OIDC_BACK "/v1/session/oidc/callback"
#define OIDC_COOKIE "larder_oidc"

struct oidc_door;
// *ret is NULL if oidc.issuer is empty. Calls nobody. ERR_INVALID with the setting.
int oidc_door_new(const struct settings *s, const atomic_bool *stopping, struct oidc_door **ret,
    struct error *err);
void oidc_door_free(struct oidc_door *d); // NULL is fine
struct provider *oidc_provider(struct oidc_door *d);
const char *oidc_label(const struct oidc_door *d);
// Where the provider sends the browser back to: oidc.redirect_url, or made from the address that the browser used.
const char *oidc_redirect_uri(const struct oidc_door *d, const struct http_request *req);

// Who these claims are, also with ERR_DENIED: no role for them.
int oidc_principal(const struct oidc_door *d, const json_t *claims, struct arena *a,
    struct principal *ret, struct error *err);
// A session's cookie text (principal.session) back into its principal; false if it is not one of ours.
bool oidc_holder(
    const struct oidc_door *d, struct slice session, struct arena *a, struct principal *ret);
// false if this sign-in was finished before.
bool oidc_use_once(struct oidc_door *d, struct slice random);

#endif
