// SPDX-License-Identifier: AGPL-3.0-or-later
// word_stem: M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, with the departures that SQLite's
// FTS5 has, so that what is marked in a snippet is what the index matched. Steps and conditions are named as there.
#include "text/words.h"

#include <string.h>

struct stem {
    char *b;
    int k; // index of the last letter
    int j; // index of the last letter of the stem before a suffix that ends_with found
};

static bool is_consonant(const struct stem *s, int i)
{
    switch (s->b[i]) {
    case 'a':
    case 'e':
    case 'i':
    case 'o':
    case 'u':
        return false;
    case 'y':
        return i == 0 || !is_consonant(s, i - 1);
    default:
        return true;
    }
}

// m in [C](VC)^m[V] of b[0..j].
static int measure(const struct stem *s)
{
    int m = 0;
    bool vowel_before = false;

    for (int i = 0; i <= s->j; i++) {
        bool consonant = is_consonant(s, i);
        m += consonant && vowel_before;
        vowel_before = !consonant;
    }
    return m;
}

static bool has_vowel(const struct stem *s)
{
    for (int i = 0; i <= s->j; i++) {
        if (!is_consonant(s, i)) {
            return true;
        }
    }
    return false;
}

static bool double_consonant(const struct stem *s, int i)
{
    return i >= 1 && s->b[i] == s->b[i - 1] && is_consonant(s, i);
}

// consonant-vowel-consonant, the last not w, x or y
static bool is_cvc(const struct stem *s, int i)
{
    return i >= 2 && is_consonant(s, i) && !is_consonant(s, i - 1) && is_consonant(s, i - 2) &&
           s->b[i] != 'w' && s->b[i] != 'x' && s->b[i] != 'y';
}

static bool ends_with(struct stem *s, const char *suffix)
{
    int n = 0, k = s->k;

    while (suffix[n]) {
        n++;
    }
    for (int i = n - 1; i >= 0; i--, k--) { // most words fail at the last letter
        if (k < 0 || s->b[k] != suffix[i]) {
            return false;
        }
    }
    s->j = k;
    return true;
}

static void set_to(struct stem *s, const char *suffix)
{
    int n = (int)strlen(suffix);

    memcpy(s->b + s->j + 1, suffix, (size_t)n);
    s->k = s->j + n;
}

static void step_1(struct stem *s)
{
    if (s->b[s->k] == 's') { // 1a
        if (ends_with(s, "sses") || ends_with(s, "ies")) {
            s->k -= 2;
        } else if (s->k >= 1 && s->b[s->k - 1] != 's') {
            s->k--;
        }
    }
    if (ends_with(s, "eed")) { // 1b
        if (measure(s) > 0) {
            s->k--;
        }
    } else if ((ends_with(s, "ed") || ends_with(s, "ing")) && has_vowel(s)) {
        s->k = s->j;
        if (ends_with(s, "at") || ends_with(s, "bl") || ends_with(s, "iz")) {
            s->b[++s->k] = 'e';
        } else if (double_consonant(s, s->k)) {
            char c = s->b[s->k];
            if (c != 'l' && c != 's' && c != 'z') {
                s->k--;
            }
        } else {
            s->j = s->k;
            if (measure(s) == 1 && is_cvc(s, s->k)) {
                s->b[++s->k] = 'e';
            }
        }
    }
    if (ends_with(s, "y") && has_vowel(s)) { // 1c
        s->b[s->k] = 'i';
    }
}

struct rule {
    const char *suffix, *to;
};

static void apply_first(struct stem *s, const struct rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ends_with(s, rules[i].suffix)) {
            if (measure(s) > 0) {
                set_to(s, rules[i].to);
            }
            return;
        }
    }
}

static void step_2(struct stem *s)
{
    static const struct rule rules[] = { { "ational", "ate" }, { "tional", "tion" },
        { "enci", "ence" }, { "anci", "ance" }, { "izer", "ize" }, { "logi", "log" },
        { "bli", "ble" }, { "alli", "al" }, { "entli", "ent" }, { "eli", "e" }, { "ousli", "ous" },
        { "ization", "ize" }, { "ation", "ate" }, { "ator", "ate" }, { "alism", "al" },
        { "iveness", "ive" }, { "fulness", "ful" }, { "ousness", "ous" }, { "aliti", "al" },
        { "iviti", "ive" }, { "biliti", "ble" } };
    apply_first(s, rules, ARRAY_LEN(rules));
}

static void step_3(struct stem *s)
{
    static const struct rule rules[] = { { "icate", "ic" }, { "ative", "" }, { "alize", "al" },
        { "iciti", "ic" }, { "ical", "ic" }, { "ful", "" }, { "ness", "" } };
    apply_first(s, rules, ARRAY_LEN(rules));
}

static void step_4(struct stem *s)
{
    static const char *const suffixes[] = { "al", "ance", "ence", "er", "ic", "able", "ible", "ant",
        "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize" };

    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        if (!ends_with(s, suffixes[i])) {
            continue;
        }
        bool ion = strcmp(suffixes[i], "ion") == 0;
        if (ion && (s->j < 0 || (s->b[s->j] != 's' && s->b[s->j] != 't'))) {
            return;
        }
        if (measure(s) > 1) {
            s->k = s->j;
        }
        return;
    }
}

static void step_5(struct stem *s)
{
    s->j = s->k - 1;
    if (s->b[s->k] == 'e') {
        int m = measure(s);
        if (m > 1 || (m == 1 && !is_cvc(s, s->k - 1))) {
            s->k--;
        }
    }
    s->j = s->k;
    if (s->b[s->k] == 'l' && double_consonant(s, s->k) && measure(s) > 1) {
        s->k--;
    }
}

void word_stem(char word[WORD_MAX])
{
    size_t len = strlen(word);

    if (len < 3 || len + 2 >= WORD_MAX) { // FTS5 leaves words of up to two letters
        return;
    }
    for (size_t i = 0; i < len; i++) {
        if (word[i] < 'a' || word[i] > 'z') {
            return;
        }
    }
    struct stem s = { .b = word, .k = (int)len - 1 };
    step_1(&s);
    step_2(&s);
    step_3(&s);
    step_4(&s);
    step_5(&s);
    word[s.k + 1] = '\0';
}
