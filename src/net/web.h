// SPDX-License-Identifier: AGPL-3.0-or-later
// Web addresses: which ones are spoken to, and which name this machine. Pure; any thread.
#ifndef LARDER_NET_WEB_H
#define LARDER_NET_WEB_H

#include "base/base.h"

// Does it start as an address of the web does, http:// or https://? Tells an address from a path.
bool web_url_like(const char *text);
// http:// or https:// with a host and without name, password and fragment.
bool web_url_valid(const char *url);
// Does the address (of any scheme) name this machine by a loopback address or as localhost? Names are not resolved.
bool web_url_local(const char *url);

#endif
