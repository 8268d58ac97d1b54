// SPDX-License-Identifier: AGPL-3.0-or-later
// How common a word is in general English, whatever a library of documents holds. A word such as "happen" that stands in
// none of three documents tells little about them; "chimney" tells more. Any thread.
#ifndef LARDER_TEXT_COMMON_H
#define LARDER_TEXT_COMMON_H

enum { COMMON_UNRANKED = 20000 }; // what is not among the ranked ones

// The rank of the most common word with this stem, from 1; COMMON_UNRANKED if it has none.
int common_rank(const char *stem);
// The share of passages of usual length, about anything, that hold such a word.
double common_share(const char *stem);

#endif
