// SPDX-License-Identifier: AGPL-3.0-or-later
// Questions in the query language and filters as JSON, asked of a small store: whatever they are, they end in results or in a
// sentence about the question; never in SQL or an index expression that does not parse. The first line is the filter.
#include "base/utf8.h"
#include "search/search.h"

#include "store_fuzz.h"

enum { INPUT_MAX = 1 << 14 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_make((const char *)data, size), filter;
    struct store *store = fuzz_store();
    struct search_reply reply;
    struct error err = { 0 };
    AUTO_ARENA a;

    arena_init(&a, 64 << 20);
    if (size > INPUT_MAX || !slice_cut(&rest, '\n', &filter) || !utf8_valid(rest)) {
        return 0; // requests are JSON, so their strings are UTF-8
    }
    struct search_request q = { .query = rest,
        .filter = filter,
        .mode = SEARCH_HYBRID,
        .explain = true,
        .typing = rest.len && rest.data[rest.len - 1] == '~' };
    int rc = search_run(store, &q, &a, &reply, &err);
    BUG_ON(rc != 0 && rc != ERR_INVALID && rc != ERR_TOO_LARGE && rc != ERR_LIMIT);
    BUG_ON(rc != 0 && (!err.text[0] || !utf8_valid(slice_of(err.text))));
    for (size_t i = 0; rc == 0 && i < reply.count; i++) {
        BUG_ON(!utf8_valid(slice_of(reply.results[i].snippet)));
    }
    return 0;
}
