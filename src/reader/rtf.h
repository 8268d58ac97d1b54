// SPDX-License-Identifier: AGPL-3.0-or-later
// Rich Text Format 1.9.1 as a stream of events over bytes in memory: groups, control words, text in bytes. Bounds are
// strict: a length that lies is cut at the end of the file. Pure. One thread.
//
//   file     '{' … '}'
//   control  '\' letters [-digits] [blank]   or   '\' one sign     \'hh is a byte, \binN skips N bytes
#ifndef LARDER_READER_RTF_H
#define LARDER_READER_RTF_H

#include "base/slice.h"

enum rtf_event { RTF_END_OF_FILE, RTF_OPEN, RTF_CLOSE, RTF_WORD, RTF_SIGN, RTF_BYTE, RTF_TEXT };

struct rtf_scan {
    struct slice rest;
    enum rtf_event event;
    char word[32]; // WORD: letters
    bool has_number;
    int32_t number; // WORD: its parameter
    unsigned char byte; // SIGN: the sign; BYTE: the byte
    struct slice text; // TEXT: bytes as they stand
};

bool rtf_next(struct rtf_scan *s); // false at the end
static inline bool rtf_is(const struct rtf_scan *s, const char *word)
{
    return s->event == RTF_WORD && strcmp(s->word, word) == 0;
}

#endif
