// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements wanted.h.
#include "assist/wanted.h"

#include <ctype.h>
#include <stdio.h>

static const double unwanted = 0.6, doubted = 0.9; // factors of a text's worth

enum {
    BEFORE_MAX = 5, // words from a number to what it counts: "two paid ten-minute rest periods"
    AFTER_MAX = 3, // "Servings: 12"
    NEAR_NUMBER = 3, // words from "what" to "number": "what is the part number"
};

static const struct {
    const char *word;
    enum quantity_kind kind;
} how_words[] = { { "long", QUANTITY_TIME }, { "long", QUANTITY_LENGTH },
    { "quickly", QUANTITY_TIME }, { "hot", QUANTITY_TEMPERATURE }, { "cold", QUANTITY_TEMPERATURE },
    { "warm", QUANTITY_TEMPERATURE }, { "heavy", QUANTITY_MASS }, { "wide", QUANTITY_LENGTH },
    { "deep", QUANTITY_LENGTH }, { "tall", QUANTITY_LENGTH } },
  what_words[] = { { "temperature", QUANTITY_TEMPERATURE },
      { "temperatures", QUANTITY_TEMPERATURE }, { "voltage", QUANTITY_VOLTAGE },
      { "wattage", QUANTITY_POWER }, { "weight", QUANTITY_MASS }, { "weigh", QUANTITY_MASS },
      { "price", QUANTITY_MONEY }, { "width", QUANTITY_LENGTH }, { "height", QUANTITY_LENGTH } };

static const char number_words[] =
    "one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty "
    "forty fifty hundred thousand dozen both none";
static const char date_words[] =
    "january february march april june july august september october november december monday "
    "tuesday wednesday thursday friday saturday sunday yesterday today";

// What tells when: days and parts of a day, how often, before and after what.
static const char when_words[] =
    "am pm noon midnight morning evening afternoon night tonight today tomorrow daily weekly "
    "monthly yearly hourly every each once twice before after until closing opening weekdays "
    "weekends sundays mondays tuesdays wednesdays thursdays fridays saturdays";
static const char time_words[] = "time day days date month weekday";

static void want_quantity(struct value_wanted *w, enum quantity_kind kind)
{
    w->kind = WANTED_QUANTITY;
    w->units[kind] = true;
}

static void read_how(struct value_wanted *w, const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(how_words); i++) {
        if (strcmp(word, how_words[i].word) == 0) {
            want_quantity(w, how_words[i].kind);
        }
    }
    if (strcmp(word, "many") == 0) {
        w->kind = WANTED_COUNT;
    } else if (strcmp(word, "much") == 0) {
        w->kind = WANTED_NUMBER;
    }
}

static void read_what(struct value_wanted *w, const char *word, size_t since)
{
    for (size_t i = 0; i < ARRAY_LEN(what_words); i++) {
        if (strcmp(word, what_words[i].word) == 0) {
            want_quantity(w, what_words[i].kind);
        }
    }
    if (strcmp(word, "number") == 0 && since > 0 && since <= NEAR_NUMBER + 1) {
        w->kind = WANTED_NUMBER;
    }
}

// "When do", "by when", "what time", "on which day", "how often"; "who".
static void read_told(struct value_wanted *w, struct slice question)
{
    char before[WORD_MAX] = "";
    size_t at = 0, n = 0;
    struct word word;

    while (word_next(question, &at, &word)) {
        bool which = strcmp(before, "what") == 0 || strcmp(before, "which") == 0;
        w->time = w->time || (n < 2 && strcmp(word.folded, "when") == 0) ||
                  (which && word_among(word.folded, time_words)) ||
                  (strcmp(before, "how") == 0 && strcmp(word.folded, "often") == 0);
        w->names_day = w->names_day || word_among(word.folded, date_words);
        w->who = w->who || (n == 0 && strcmp(word.folded, "who") == 0);
        memcpy(before, word.folded, WORD_MAX);
        n++;
    }
}

void wanted_read(struct slice question, struct value_wanted *ret)
{
    char before[WORD_MAX] = "";
    size_t at = 0, since_what = 0;
    bool what = false;
    struct word w;

    *ret = (struct value_wanted){ 0 };
    read_told(ret, question);
    while (ret->kind == WANTED_ANYTHING && word_next(question, &at, &w)) {
        if (strcmp(before, "how") == 0) {
            read_how(ret, w.folded);
        } else if (what) {
            read_what(ret, w.folded, since_what);
        } else if (strcmp(before, "when") == 0 &&
                   (strcmp(w.folded, "was") == 0 || strcmp(w.folded, "were") == 0 ||
                       strcmp(w.folded, "did") == 0)) {
            ret->kind = WANTED_DATE;
        }
        what = what || strcmp(w.folded, "what") == 0 || strcmp(w.folded, "which") == 0;
        since_what += what;
        memcpy(before, w.folded, WORD_MAX);
    }
    size_t behind = at;
    while (ret->kind == WANTED_NUMBER && word_next(question, &behind, &w)) {
        if (word_among(w.folded, "cost costs")) {
            want_quantity(ret, QUANTITY_MONEY); // "how much does it cost"
        }
    }
    bool counts = ret->kind == WANTED_COUNT;
    while (counts && ret->counted_words < WANTED_WORDS_MAX && word_next(question, &at, &w) &&
           !word_is_stop(w.folded)) {
        word_stem(w.folded);
        memcpy(ret->counted[ret->counted_words++], w.folded, WORD_MAX);
    }
}

static bool is_number(const char *word)
{
    return isdigit((unsigned char)word[0]) || word_among(word, number_words);
}

static bool holds_number(struct slice text, bool dates)
{
    struct word w;
    size_t at = 0;

    while (word_next(text, &at, &w)) {
        if (isdigit((unsigned char)w.folded[0]) || (dates && word_among(w.folded, date_words))) {
            return true;
        }
    }
    return false;
}

static bool is_counted(const struct value_wanted *w, char word[WORD_MAX])
{
    word_stem(word);
    for (size_t i = 0; i < w->counted_words; i++) {
        if (strcmp(word, w->counted[i]) == 0) {
            return true;
        }
    }
    return w->counted_words == 0;
}

static bool names_counted(const struct value_wanted *wanted, struct slice header)
{
    struct word w;
    size_t at = 0;

    while (word_next(header, &at, &w)) {
        if (is_counted(wanted, w.folded)) {
            return true;
        }
    }
    return false;
}

// A number stands up to BEFORE_MAX words before what is counted, or up to AFTER_MAX behind it.
static bool holds_count(const struct value_wanted *wanted, struct slice text)
{
    size_t at = 0, n = 0, number = 0, thing = 0; // word numbers from 1; 0: none yet
    struct word w;

    while (word_next(text, &at, &w)) {
        n++;
        if (is_number(w.folded)) {
            number = n;
        } else if (is_counted(wanted, w.folded)) {
            thing = n;
        }
        if (number && thing &&
            (thing > number ? thing - number <= BEFORE_MAX : number - thing <= AFTER_MAX)) {
            return true;
        }
    }
    return false;
}

// "two hours": the unit behind a number that is written as a word.
static bool holds_worded_quantity(const bool units[QUANTITY_KINDS], struct slice text)
{
    struct quantity found[QUANTITIES_MAX];
    char digits[WORD_MAX];
    struct word w, unit;
    size_t at = 0;

    while (word_next(text, &at, &w)) {
        size_t ahead = at;
        if (word_among(w.folded, number_words) && word_next(text, &ahead, &unit) &&
            unit.end - unit.start < WORD_MAX - 2) {
            int n = snprintf(digits, sizeof(digits), "2 %s", unit.folded);
            if (quantities(slice_make(digits, (size_t)n), found) > 0 && units[found[0].kind]) {
                return true;
            }
        }
    }
    return false;
}

// "Minutes: 4:30": the unit is the name of the column.
static bool holds_named_quantity(const bool units[QUANTITY_KINDS], struct slice text)
{
    struct quantity found[QUANTITIES_MAX];
    char digits[WORD_MAX];
    struct word w;
    size_t at = 0;

    while (word_next(text, &at, &w)) {
        bool value = w.end + 2 < text.len && text.data[w.end] == ':' &&
                     text.data[w.end + 1] == ' ' && isdigit((unsigned char)text.data[w.end + 2]);
        if (value && strlen(w.folded) < WORD_MAX - 2) {
            int n = snprintf(digits, sizeof(digits), "2 %s", w.folded);
            if (quantities(slice_make(digits, (size_t)n), found) > 0 && units[found[0].kind]) {
                return true;
            }
        }
    }
    return false;
}

static bool holds_quantity(const bool units[QUANTITY_KINDS], struct slice text)
{
    struct quantity found[QUANTITIES_MAX];
    size_t count = quantities(text, found);

    for (size_t i = 0; i < count; i++) {
        if (units[found[i].kind]) {
            return true;
        }
    }
    return holds_worded_quantity(units, text);
}

// A number by itself, whose unit the header may have; "F-07" is none, nor is "98 kg" where no weight is asked for.
static bool holds_bare_number(struct slice text)
{
    struct slice cell;

    while (slice_cut(&text, '|', &cell)) {
        size_t digits = 0, others = 0;
        cell = slice_trim(cell);
        for (size_t i = 0; i < cell.len; i++) {
            unsigned char c = (unsigned char)cell.data[i];
            digits += isdigit(c) != 0;
            others += !isdigit(c) && c < 0x80 && !strchr("+-.,/ ", c);
        }
        if (digits > 0 && others == 0) {
            return true;
        }
    }
    return false;
}

// days: whether a day tells it; where the question names one itself, only a time does.
static bool tells_when(struct slice text, bool days)
{
    static const bool times[QUANTITY_KINDS] = { [QUANTITY_TIME] = true };
    struct word w;
    size_t at = 0;

    if (slice_find(text, SLICE_LIT("a.m.")) || slice_find(text, SLICE_LIT("p.m."))) {
        return true;
    }
    while (word_next(text, &at, &w)) {
        bool clock = isdigit((unsigned char)w.folded[0]) && w.end + 1 < text.len &&
                     text.data[w.end] == ':' && isdigit((unsigned char)text.data[w.end + 1]);
        if (clock || (days && word_among(w.folded, date_words)) ||
            word_among(w.folded, when_words)) {
            return true;
        }
    }
    return holds_quantity(times, text);
}

// A word that is no number and no time.
static bool tells_who(struct slice text)
{
    struct word w;
    size_t at = 0;

    while (word_next(text, &at, &w)) {
        if (!isdigit((unsigned char)w.folded[0]) && w.end - w.start > 1 &&
            !word_is_stop(w.folded) && !word_among(w.folded, date_words) &&
            !word_among(w.folded, when_words)) {
            return true;
        }
    }
    return false;
}

bool wanted_names(const struct value_wanted *w, struct slice header)
{
    static const char who[] = "who whom by role person people responsible staff crew operator lead "
                              "owner contact company supplier";
    static const char when[] = "when date due time day days last next start starts end ends every "
                               "interval opens closes closed hours until";
    struct word word;
    size_t at = 0;

    while ((w->who || w->time) && word_next(header, &at, &word)) {
        if (word_among(word.folded, w->who ? who : when)) {
            return true;
        }
    }
    return false;
}

double wanted_worth(const struct value_wanted *w, struct slice header, struct slice text)
{
    if (w->who || w->time) {
        return (w->who ? tells_who(text) : tells_when(text, !w->names_day)) ? 1 : unwanted;
    }
    if (w->kind == WANTED_QUANTITY &&
        (holds_quantity(w->units, text) || holds_named_quantity(w->units, text))) {
        return 1;
    }
    return !wanted_given(w, header, text) ? unwanted : w->kind == WANTED_QUANTITY ? doubted : 1;
}

bool wanted_given(const struct value_wanted *w, struct slice header, struct slice text)
{
    switch (w->kind) {
    case WANTED_COUNT:
        return holds_count(w, text) || (names_counted(w, header) && holds_number(text, false));
    case WANTED_QUANTITY:
        return holds_quantity(w->units, text) || (header.len && holds_bare_number(text));
    case WANTED_DATE:
        return holds_number(text, true);
    case WANTED_NUMBER:
        return holds_number(text, false);
    case WANTED_ANYTHING:
        break;
    }
    return true;
}
