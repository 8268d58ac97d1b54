// SPDX-License-Identifier: AGPL-3.0-or-later
// The server's decoder of a reader's frames, fed whole and in pieces whose size the first byte gives: both ways must see
// the same frames and the same end. What passes must be fit to be written as JSON.
#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 1 << 20 };

static int run(const uint8_t *data, size_t size, size_t piece, struct buf *log)
{
    struct frame_decoder d;
    struct frame f;
    int rc = 0;

    frame_decoder_init(&d, MOST);
    for (size_t at = 0; rc == 0 && at < size; at += piece) {
        rc = frame_decoder_feed(&d, data + at, size - at < piece ? size - at : piece, NULL);
        while (rc == 0 && (rc = frame_decode(&d, &f, NULL)) == 1) {
            rc = 0;
            buf_addf(log, "%d", (int)f.type);
            if (f.type == FRAME_ELEMENT) {
                element_add_json(log, &f.element);
                place_add_words(log, &f.element.place);
            } else if (f.type == FRAME_FINDING) {
                struct findings list;
                findings_init(&list);
                findings_put(&list, &f.finding);
                findings_add_json(log, &list);
                findings_done(&list);
            }
        }
    }
    rc = rc ? rc : frame_decoder_end(&d, NULL);
    frame_decoder_done(&d);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUF whole = BUF_INIT(8 * MOST), pieces = BUF_INIT(8 * MOST);

    if (size == 0 || size > MOST) {
        return 0;
    }
    int a = run(data + 1, size - 1, size, &whole);
    int b = run(data + 1, size - 1, (size_t)data[0] % 16 + 1, &pieces);
    // Bytes after the end are noticed by the feed or by the decoder, both as a breach.
    if (a != b || !slice_equal(buf_slice(&whole), buf_slice(&pieces))) {
        BUG("pieces read differently");
    }
    return 0;
}
