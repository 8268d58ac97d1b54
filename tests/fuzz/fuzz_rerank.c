// SPDX-License-Identifier: AGPL-3.0-or-later
// What a service of reranking answers: any bytes. The first byte says how many passages it was asked for.
#include "models/remote.h"
#include "models/reranker.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    double scores[RERANK_PASSAGES_MAX];
    size_t scored = 0;

    if (size < 1 || size > 256 * 1024) {
        return 0;
    }
    size_t count = 1 + data[0] % RERANK_PASSAGES_MAX;
    struct slice json = slice_make((const char *)data + 1, size - 1);
    if (remote_parse_scores(json, count, scores, NULL) == 0) {
        for (size_t i = 0; i < count; i++) {
            BUG_ON(!isnan(scores[i]) && !(scores[i] >= 0 && scores[i] <= 1));
            scored += !isnan(scores[i]);
        }
        BUG_ON(scored == 0);
    }
    return 0;
}
