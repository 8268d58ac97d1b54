// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements trust.h. libcurl looks at the pinned key even where it does not look at the certificate.
#include "net/trust.h"

void net_trust_apply(const struct net_trust *t, CURL *curl)
{
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (t && t->pin && t->pin[0]) {
        curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, t->pin);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    } else if (t && t->ca && t->ca[0]) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, t->ca);
    }
}
