// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements words.h but the stemmer (porter.c).
#include "text/words.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <wchar.h>

bool code_point_is_cjk(uint32_t c)
{
    return (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0x20000 && c <= 0x3134F) || (c >= 0xFF66 && c <= 0xFF9F);
}

bool code_point_is_word(uint32_t c)
{
    if (c < 0x80) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
    if (c < 0xC0) {
        return c == 0xAA || c == 0xB2 || c == 0xB3 || c == 0xB5 ||
               (c >= 0xB9 && c <= 0xBE && c != 0xBB);
    }
    // Punctuation and symbols of the common blocks; the rest of Unicode counts as letters.
    return !(c == 0xD7 || c == 0xF7 || (c >= 0x2000 && c <= 0x206F) ||
             (c >= 0x20A0 && c <= 0x20CF) || (c >= 0x2100 && c <= 0x2BFF) ||
             (c >= 0x3000 && c <= 0x3004) || (c >= 0x3007 && c <= 0x3020) ||
             (c >= 0xFF00 && c <= 0xFF0F) || (c >= 0xFF1A && c <= 0xFF20) ||
             (c >= 0xFF3B && c <= 0xFF40) || (c >= 0xFF5B && c <= 0xFF65) ||
             c == UTF8_REPLACEMENT || c == 0xFEFF || (c >= 0x1F000 && c <= 0x1FAFF));
}

// Base letters of U+00C0 to U+017F in order; '?' marks a letter without a plain base, which only lower case changes.
static const char latin_base[] =
    "aaaaaa?ceeeeiiii?nooooo?ouuuuy??aaaaaa?ceeeeiiii?nooooo?ouuuuy?y"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii??jjkk?llllllllll"
    "nnnnnn???oooooo??rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

uint32_t code_point_fold(uint32_t c)
{
    if (c < 0x80) {
        return c >= 'A' && c <= 'Z' ? c + 32 : c;
    }
    if (c >= 0xC0 && c < 0xC0 + sizeof(latin_base) - 1) {
        char base = latin_base[c - 0xC0];
        if (base != '?') {
            return (uint32_t)base;
        }
        if ((c >= 0xC0 && c <= 0xDE) || (c >= 0x100 && c <= 0x137 && !(c & 1)) ||
            (c >= 0x14A && !(c & 1))) {
            return c < 0x100 ? c + 32 : c + 1;
        }
        return c;
    }
    if (c >= 0x391 && c <= 0x3A9) { // Greek capitals
        return c + 32;
    }
    if (c >= 0x410 && c <= 0x42F) { // Cyrillic capitals
        return c + 32;
    }
    if (c >= 0x400 && c <= 0x40F) {
        return c + 80;
    }
    if (c >= 0xFF21 && c <= 0xFF3A) { // full-width letters
        return c - 0xFF21 + 'a';
    }
    if (c >= 0xFF10 && c <= 0xFF19) {
        return c - 0xFF10 + '0';
    }
    return c;
}

// ASCII letters and digits as they are folded; 0: no part of a word, or not ASCII.
static const char plain[256] = { ['0'] = '0',
    ['1'] = '1',
    ['2'] = '2',
    ['3'] = '3',
    ['4'] = '4',
    ['5'] = '5',
    ['6'] = '6',
    ['7'] = '7',
    ['8'] = '8',
    ['9'] = '9',
#define BOTH(large, small) [large] = small, [small] = small
    BOTH('A', 'a'),
    BOTH('B', 'b'),
    BOTH('C', 'c'),
    BOTH('D', 'd'),
    BOTH('E', 'e'),
    BOTH('F', 'f'),
    BOTH('G', 'g'),
    BOTH('H', 'h'),
    BOTH('I', 'i'),
    BOTH('J', 'j'),
    BOTH('K', 'k'),
    BOTH('L', 'l'),
    BOTH('M', 'm'),
    BOTH('N', 'n'),
    BOTH('O', 'o'),
    BOTH('P', 'p'),
    BOTH('Q', 'q'),
    BOTH('R', 'r'),
    BOTH('S', 's'),
    BOTH('T', 't'),
    BOTH('U', 'u'),
    BOTH('V', 'v'),
    BOTH('W', 'w'),
    BOTH('X', 'x'),
    BOTH('Y', 'y'),
    BOTH('Z', 'z') };

bool word_next(struct slice text, size_t *at, struct word *ret_word)
{
    size_t i = *at, n = 0, len = 0;
    bool any = false;

    while (i < text.len) {
        char letter = plain[(unsigned char)text.data[i]];
        if (letter) { // most of most texts
            ret_word->start = any ? ret_word->start : i;
            any = true;
            if (len + 4 < WORD_MAX) {
                ret_word->folded[len++] = letter;
            }
            i++;
            continue;
        }
        if ((unsigned char)text.data[i] < 0x80) {
            if (any) {
                break;
            }
            i++;
            continue;
        }
        uint32_t c = utf8_decode(text.data + i, text.len - i, &n);
        bool cjk = code_point_is_cjk(c);
        bool mark = c >= 0x300 && c <= 0x36F;
        bool drop = c == 0xAD || c == 0x200B || c == 0x200C || c == 0x200D;
        if (!any && (mark || drop || !code_point_is_word(c))) {
            i += n;
            continue;
        }
        if (any && (cjk || (!mark && !drop && !code_point_is_word(c)))) {
            break;
        }
        if (!any) {
            ret_word->start = i;
            any = true;
        }
        if (!mark && !drop && len + 4 < WORD_MAX) {
            len += utf8_encode(code_point_fold(c), ret_word->folded + len);
        }
        i += n;
        if (cjk) {
            break;
        }
    }
    *at = i;
    ret_word->end = i;
    ret_word->folded[len] = '\0';
    return any;
}

static const char *const stop_words[] = { "a", "about", "am", "an", "and", "any", "are", "as", "at",
    "be", "because", "been", "being", "but", "by", "can", "could", "did", "do", "does", "doing",
    "for", "from", "had", "has", "have", "having", "he", "her", "here", "him", "his", "how", "i",
    "if", "in", "into", "is", "it", "its", "just", "me", "my", "of", "on", "or", "our", "s", "she",
    "should", "so", "such", "t", "than", "that", "the", "their", "them", "then", "there", "these",
    "they", "this", "those", "to", "us", "was", "we", "were", "what", "when", "where", "which",
    "while", "who", "whom", "why", "will", "with", "would", "you", "your" };

static int compare_words(const void *a, const void *b)
{
    return strcmp(a, *(const char *const *)b);
}

bool word_is_stop(const char *folded)
{
    return bsearch(folded, stop_words, ARRAY_LEN(stop_words), sizeof(stop_words[0]),
               compare_words) != NULL;
}
