// SPDX-License-Identifier: AGPL-3.0-or-later
// The push of metrics (watch/otlp.h) as the settings want it, and the name under which this server is known to collectors: an
// id made once for the data folder, so that its series go on after a restart.
#include "api/monitor_internal.h"

#include "base/id.h"
#include "os/file.h"

#include <stdlib.h>

enum { HEADERS_FILE_MAX = 64 * 1024, NAME_FILE_MAX = 256 };

static int instance_id(const char *data_dir, char ret_id[ID_SIZE], struct error *err)
{
    AUTO_FREE char *path = xasprintf("%s/instance.id", data_dir);
    AUTO_BUF text = BUF_INIT(NAME_FILE_MAX);

    if (read_all(path, &text, NULL) == 0 && id_valid(slice_trim(buf_slice(&text)))) {
        memcpy(ret_id, slice_trim(buf_slice(&text)).data, ID_LEN);
        ret_id[ID_LEN] = '\0';
        return 0;
    }
    id_new(ret_id);
    return write_atomic(path, ret_id, ID_LEN, 0600, err);
}

int push_open(struct monitor *m, struct error *err)
{
    const struct settings *s = m->api->settings;
    AUTO_BUF headers = BUF_INIT(HEADERS_FILE_MAX);
    char id[ID_SIZE];

    if (!s->otlp_url[0]) {
        return 0;
    }
    int rc = s->otlp_headers_file[0] ? read_all(s->otlp_headers_file, &headers, err) : 0;
    if (rc < 0) {
        return error_prefix(err, rc, "otlp.headers_file");
    }
    rc = instance_id(s->data_dir, id, err);
    rc = rc < 0 ? rc
                : otlp_new(&(struct otlp_options){ .url = s->otlp_url,
                               .headers = headers.data,
                               .service = s->otlp_service,
                               .instance = id,
                               .interval_ms = s->otlp_interval_s * 1000,
                               .started_ms = m->api->started_ms },
                      &m->otlp, err);
    if (headers.data) {
        explicit_bzero(headers.data, headers.len);
    }
    return rc;
}

bool monitor_otlp(struct monitor *m, struct otlp_state *ret)
{
    if (m->otlp) {
        otlp_state(m->otlp, ret);
    }
    return m->otlp != NULL;
}
