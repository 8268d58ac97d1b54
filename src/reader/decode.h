// SPDX-License-Identifier: AGPL-3.0-or-later
// Bytes of a text file to UTF-8. Text comes in many encodings without saying which; this guesses and converts.
//
// The converters are our own tables (decode_tables.py makes them from Python's codecs at build time, 220 KB): glibc's
// iconv loads its converters from disk when first asked, and the reader may open nothing by then.
#ifndef LARDER_READER_DECODE_H
#define LARDER_READER_DECODE_H

#include "base/buf.h"
#include "base/slice.h"

struct decode_encoding; // one that this can convert

struct decoded {
    struct slice
        text; // UTF-8 without byte order mark; lent by the input when that needed no change, else by the buffer
    const char *encoding; // "utf-8", "windows-1252", …; lives for ever
    bool guessed; // neither a mark nor valid UTF-8 said so
    size_t bad; // bytes or units that meant nothing and became U+FFFD
};

// The encoding of a text: a byte order mark, else UTF-16 by its zeros, else UTF-8 by its validity, else by the statistics
// of uchardet, checked against the tables; windows-1252 where nothing speaks for another.
const struct decode_encoding *decode_guess(struct slice input, bool *ret_guessed);
// By name ("windows-1251", any case); NULL if there is no such one.
const struct decode_encoding *decode_find(struct slice name);
const char *decode_name(const struct decode_encoding *e);
// Appends the input as UTF-8; the number of malformed places. A mark at the front is kept as U+FEFF.
size_t decode_add(const struct decode_encoding *e, struct slice input, struct buf *out);
// Counts instead of writing; stops counting after `enough`. For guessing.
size_t decode_count_bad(const struct decode_encoding *e, struct slice input, size_t enough);

// All of it: guesses and converts into *store (initialised here, the caller's to free). 0 or ERR_MEMORY.
int decode_text(struct slice input, struct buf *store, struct decoded *ret);

#endif
