// SPDX-License-Identifier: AGPL-3.0-or-later
// Whom a connection over TLS believes to be the server it wants. Without anything said: who has a certificate for that name
// from an authority that this machine trusts.
#ifndef LARDER_NET_TRUST_H
#define LARDER_NET_TRUST_H

#include <curl/curl.h>

struct net_trust {
    const char *
        pin; // "sha256//…": who has this public key, whatever name and authority; NULL or "": not used
    const char *ca; // file of authorities (PEM) in place of this machine's; NULL or "": not used
};
void net_trust_apply(const struct net_trust *t, CURL *curl); // t NULL: as without anything said

#endif
