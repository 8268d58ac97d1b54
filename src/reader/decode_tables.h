// SPDX-License-Identifier: AGPL-3.0-or-later
// The character tables that decode_tables.py writes at build time. Private to decode*.c.
#ifndef LARDER_READER_DECODE_TABLES_H
#define LARDER_READER_DECODE_TABLES_H

#include <stddef.h>
#include <stdint.h>

struct decode_single {
    const char *name; // NULL ends the list
    const uint16_t *high; // code points of bytes 0x80 to 0xFF; 0: not defined
};
extern const struct decode_single decode_singles[];

struct decode_double {
    uint8_t lead_first, lead_last, trail_first, trail_last;
    const uint16_t *map; // row by row of lead bytes; 0: not defined
};
extern const struct decode_double decode_shift_jis, decode_gbk, decode_big5, decode_euc_kr;
extern const struct decode_double decode_jisx0212; // EUC-JP's three-byte set, after its 0x8F

struct decode_run {
    uint32_t linear; // of a four-byte GB18030 code
    uint16_t code_point; // of the run's first; 0: a hole
};
extern const struct decode_run decode_gb_runs[];
extern const size_t decode_gb_run_count;

#endif
