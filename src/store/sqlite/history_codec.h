// SPDX-License-Identifier: AGPL-3.0-or-later
// A column of floats as bytes, for the histories: runs of equal values are told once. Pure; any thread.
//
//   column  = run*                              until `count` values are told
//   run     = 0x00..0x7f  float × (byte + 1)    values as they are
//           | 0x80..0xff  float                 the same value (byte - 126) times: 2 to 129
//   float   = 4 bytes, little-endian; a NaN is no value
#ifndef LARDER_STORE_SQLITE_HISTORY_CODEC_H
#define LARDER_STORE_SQLITE_HISTORY_CODEC_H

#include "base/buf.h"

void column_add(struct buf *out, const float *values, size_t count);
// Reads one column of count values off the front of *in; false if the bytes are not one.
bool column_cut(struct slice *in, float *ret_values, size_t count);
void varint_add(struct buf *out, uint64_t value);
bool varint_cut(struct slice *in, uint64_t *ret);

// A frame of some seconds: (series as a varint, length as a varint, column) until the end. Cuts one series off the front of
// *in, without looking into its column; false if the bytes are not one.
bool series_cut(struct slice *in, uint64_t *ret_series, struct slice *ret_column);

#endif
