// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements web.h with libcurl's parser of addresses.
#include "net/web.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <string.h>

static bool part_is_there(CURLU *u, CURLUPart part)
{
    char *value = NULL;
    bool there = curl_url_get(u, part, &value, 0) == CURLUE_OK && value && value[0];

    curl_free(value);
    return there;
}

bool web_url_like(const char *text)
{
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

bool web_url_valid(const char *url)
{
    if (!web_url_like(url)) {
        return false;
    }
    CURLU *u = curl_url();
    bool ok = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
              part_is_there(u, CURLUPART_HOST) && !part_is_there(u, CURLUPART_USER) &&
              !part_is_there(u, CURLUPART_PASSWORD) && !part_is_there(u, CURLUPART_FRAGMENT);
    curl_url_cleanup(u);
    return ok;
}

bool web_url_local(const char *url)
{
    CURLU *u = curl_url();
    struct in_addr four;
    char *host = NULL;

    if (u && curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK) {
        curl_url_get(u, CURLUPART_HOST, &host, 0);
    }
    bool local =
        host &&
        (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
            (inet_pton(AF_INET, host, &four) == 1 && ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET));
    curl_free(host);
    curl_url_cleanup(u);
    return local;
}
