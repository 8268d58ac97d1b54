// SPDX-License-Identifier: AGPL-3.0-or-later
// Answers of a speech service: any bytes. The words that come out are in order and within the window.
#include "ingest/transcript.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct transcript t;

    if (size <= 64 * 1024 &&
        transcript_parse(slice_make((const char *)data, size), 28, 100, &t, NULL) == 0) {
        for (size_t i = 0; i < t.count; i++) {
            const struct speech_word *w = &t.words[i];
            BUG_ON(w->start < 100 || w->end < w->start || w->end > 128.01f || !w->text[0]);
            BUG_ON(i && w->start < t.words[i - 1].start);
        }
    }
    return 0;
}
