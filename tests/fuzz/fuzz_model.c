// SPDX-License-Identifier: AGPL-3.0-or-later
// What a language model's server sends: any bytes, in pieces of any size, end in a reply or an error, the same for all sizes.
#include "assist/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_make((const char *)data, size);
    struct model_reply whole, pieces;
    struct error err;
    AUTO_ARENA a;
    AUTO_ARENA b;

    arena_init(&a, 16 << 20);
    arena_init(&b, 16 << 20);
    if (size > 256 * 1024) {
        return 0;
    }
    int first = model_read(bytes, size + 1, &a, &whole, &err);
    int second = model_read(bytes, 3, &b, &pieces, &err);
    BUG_ON(first == 0 && second == 0 &&
           (!slice_equal(whole.text, pieces.text) || whole.call_count != pieces.call_count));
    return 0;
}
