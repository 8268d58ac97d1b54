// SPDX-License-Identifier: AGPL-3.0-or-later
// multipart.h: the first line of the input is the Content-Type, the rest the body. Read whole and in pieces of two sizes, the
// parts must be the same.
#include "wire/multipart.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 16 };

static int begin(void *data, const struct multipart_part *part, struct error *err)
{
    (void)err;
    buf_addf(data, "[" SLICE_FMT "|%d" SLICE_FMT "|" SLICE_FMT "]", SLICE_ARG(part->name),
        part->has_file_name, SLICE_ARG(part->file_name), SLICE_ARG(part->media_type));
    return 0;
}

static int bytes(void *data, const char *at, size_t len, struct error *err)
{
    (void)err;
    BUG_ON(len == 0);
    buf_add(data, at, len);
    return 0;
}

static int end(void *data, struct error *err)
{
    (void)err;
    buf_add_str(data, ";");
    return 0;
}

static void read_all(struct slice boundary, struct slice body, size_t step, struct buf *out)
{
    static const struct multipart_events events = { begin, bytes, end };
    struct multipart m;
    int rc = 0;

    multipart_init(&m, boundary, &events, out);
    for (size_t at = 0; at < body.len && rc == 0; at += step) {
        rc = multipart_feed(&m, body.data + at, body.len - at < step ? body.len - at : step, NULL);
    }
    if (rc == 0) {
        rc = multipart_finish(&m, NULL);
    }
    multipart_done(&m);
    buf_addf(out, "%d", rc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_make((const char *)data, size), type, boundary;

    if (size > INPUT_MAX || !slice_cut(&rest, '\n', &type) ||
        !multipart_boundary(type, &boundary)) {
        return 0;
    }
    AUTO_BUF whole = BUF_INIT(1 << 20);
    AUTO_BUF ones = BUF_INIT(1 << 20);
    AUTO_BUF sevens = BUF_INIT(1 << 20);
    read_all(boundary, rest, rest.len ? rest.len : 1, &whole);
    read_all(boundary, rest, 1, &ones);
    read_all(boundary, rest, 7, &sevens);
    BUG_ON(!slice_equal(buf_slice(&whole), buf_slice(&ones)) ||
           !slice_equal(buf_slice(&whole), buf_slice(&sevens)));
    return 0;
}
