// SPDX-License-Identifier: AGPL-3.0-or-later
// The tokeniser of the embedding model: any bytes as a text, and as a vocabulary. The first byte says how many tokens fit.
#include "models/wordpiece.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(struct wordpiece *w, struct slice text, size_t most)
{
    int32_t *tokens = malloc(most * sizeof(*tokens)); // exactly as much as it may write
    size_t count = wordpiece_encode(w, text, tokens, most);

    BUG_ON(count < 2 || count > most);
    for (size_t i = 0; i < count; i++) {
        BUG_ON(tokens[i] < 0 || (size_t)tokens[i] >= wordpiece_count(w));
    }
    free(tokens);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char lines[] =
        "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n##a\n##b\nfry\n##er\n1\n##2\n-\n.\n\xE4\xB8\xAD\n";
    struct wordpiece *w = NULL;

    if (size < 1 || size > 64 * 1024) {
        return 0;
    }
    size_t most = 3 + data[0] * 2;
    struct slice text = slice_make((const char *)data + 1, size - 1);
    most = most > WORDPIECE_TOKENS_MAX ? WORDPIECE_TOKENS_MAX : most;
    BUG_ON(wordpiece_open(SLICE_LIT(lines), &w, NULL) != 0);
    encode(w, text, most);
    wordpiece_free(w);
    if (wordpiece_open(text, &w, NULL) == 0) {
        encode(w, text, most);
        wordpiece_free(w);
    }
    return 0;
}
