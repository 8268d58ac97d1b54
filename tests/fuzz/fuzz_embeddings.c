// SPDX-License-Identifier: AGPL-3.0-or-later
// What a server of embeddings answers: any bytes. The first byte says how many vectors were asked for.
#include "models/embedder.h"
#include "models/remote.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 256 * 1024) {
        return 0;
    }
    size_t count = 1 + data[0] % EMBEDDER_TEXTS_MAX, room = count * 8;
    float *out = malloc(room * sizeof(*out));
    int dimension = data[0] & 0x80 ? 8 : 0;
    struct slice json = slice_make((const char *)data + 1, size - 1);

    if (remote_parse(json, count, out, room, &dimension, NULL) == 0) {
        BUG_ON(dimension < 1 || count * (size_t)dimension > room);
        for (size_t i = 0; i < count * (size_t)dimension; i++) {
            BUG_ON(!isfinite(out[i]));
        }
    }
    free(out);
    return 0;
}
