// SPDX-License-Identifier: AGPL-3.0-or-later
// Sending a mail through a relay that an administrator configured (SMTP, RFC 5321), over libcurl. Text only, UTF-8. Blocking,
// bounded in time; any thread. With a password the connection must be encrypted, unless the relay is on this machine.
#ifndef LARDER_NET_MAIL_H
#define LARDER_NET_MAIL_H

#include "base/buf.h"
#include "base/error.h"

#include <stdatomic.h>

enum { MAIL_TIME_MS = 30000, MAIL_RECEIVERS_MAX = 32, MAIL_BYTES_MAX = 256 * 1024 };

struct net_mail {
    const char *url; // smtp://HOST:PORT or smtps://HOST:PORT
    const char *user, *password; // NULL or "": none
    const char *from; // an address
    const char *to; // addresses with commas between
    const char *subject; // one line
    const char *text;
    int64_t now_ms; // for its Date
    const char *id; // for its Message-ID: letters and digits
    const atomic_bool *cancelled; // seen within a second; NULL: can't be
};
// 0 when the relay took it. ERR_IO, ERR_TIMEOUT, ERR_INVALID (address), ERR_DENIED (the relay refused it).
int net_mail_send(const struct net_mail *m, struct error *err);
// The message as it is sent; pure, for tests. Line ends are CR LF, headers can't be forged.
int net_mail_format(const struct net_mail *m, struct buf *out, struct error *err);

#endif
