// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements question.h.
#include "assist/question.h"
#include "assist/retrieve.h"
#include "text/common.h"

#include <math.h>
#include <stdio.h>

enum {
    FOLLOW_UP_WORDS = 2, // own words, at most, of a question that can't stand alone
    CODE_LETTERS_MAX = 4,
    BACKGROUND = 1000, // passages about anything
    FEW = 4, // passages; see background_worth
};
static const double earlier_weight = 0.3, leaning_weight = 0.5;
// A partition's own counts are added to those of so many passages about anything, so that a word is not taken for rare or
// common because of five passages; and that a word stands in none of a few passages tells less than in none of many. The
// numbers were chosen by bench/answers.
static const double background_worth = 3;

// Words that carry no topic in a question but are not stop words of the index.
static const char empty_words[] =
    "also anything else get give go help happen happens know let like list make many meant "
    "more most much need no not ok okay one please show some something tell thank thanks "
    "thing things understand use using want way yes want explain describe does must may might "
    "shall any all good best sorry hi hello shows shown showing gives needs wants says used "
    "uses wont dont doesnt cant isnt arent didnt wasnt shouldnt whats im ive now somebody "
    "someone mean means briefly narrate summarize difference";
// Where to look, not what for: "according to the manual", "what does the video say".
static const char source_words[] =
    "according document documents manual manuals mention mentioned mentions page picture "
    "recording said say says sheet slide slides source sources spreadsheet video videos";
static const char pointing_words[] =
    "it its they them their this that these those he she his her there then same one ones";
// "how do I", "how to"; "how hot" and "how often" want a fact.
static const char step_words[] = "steps step procedure instructions";
static const char doing_words[] = "do to can should must i we you";
// "what should I do", "what is to be done", "what now"
static const char between_words[] = "do should must can shall has have needs need is be am are";
static const char who_words[] = "i we you one to they crew";
// "may I", "should we"
static const char allowing_words[] = "may can am is are should";
static const char explaining_words[] = "explain describe define about";
// Words that ask for a value of some kind; a passage with such a value holds them.
static const struct {
    const char *stem;
    enum quantity_kind kind;
} value_words[] = { { "temperatur", QUANTITY_TEMPERATURE }, { "voltag", QUANTITY_VOLTAGE },
    { "volt", QUANTITY_VOLTAGE }, { "wattag", QUANTITY_POWER }, { "price", QUANTITY_MONEY },
    { "cost", QUANTITY_MONEY }, { "expens", QUANTITY_MONEY }, { "weigh", QUANTITY_MASS },
    { "weight", QUANTITY_MASS }, { "pressur", QUANTITY_PRESSURE }, { "percentag", QUANTITY_SHARE },
    { "power", QUANTITY_POWER } };
static const struct {
    enum quantity_kind kind;
    const char *words;
} unit_words[] = { { QUANTITY_VOLTAGE, "V volts" }, { QUANTITY_POWER, "kW watts" },
    { QUANTITY_PRESSURE, "psi bar" } };
// "how long", "how hot": the value alone answers, the word itself ("long-handled", "hot oil") says nothing.
static const struct {
    const char *word;
    enum quantity_kind kind;
} how_words[] = { { "long", QUANTITY_TIME }, { "hot", QUANTITY_TEMPERATURE },
    { "cold", QUANTITY_TEMPERATURE }, { "warm", QUANTITY_TEMPERATURE }, { "heavy", QUANTITY_MASS },
    { "wide", QUANTITY_LENGTH }, { "tall", QUANTITY_LENGTH }, { "deep", QUANTITY_LENGTH } };

// "items", "tasks"; not "is", "does", "grass"
static bool word_is_plural(const char *word)
{
    static const char others[] = "does this happens causes means";
    size_t n = strlen(word);

    return n > 3 && word[n - 1] == 's' && word[n - 2] != 's' && word[n - 2] != 'u' &&
           !word_among(word, others);
}

static int how_kind(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(how_words); i++) {
        if (strcmp(word, how_words[i].word) == 0) {
            return (int)how_words[i].kind;
        }
    }
    return -1;
}

static int value_kind(const char *stem)
{
    for (size_t i = 0; i < ARRAY_LEN(value_words); i++) {
        if (strcmp(stem, value_words[i].stem) == 0) {
            return (int)value_words[i].kind;
        }
    }
    return -1;
}

static bool all_digits(const char *word)
{
    for (const char *p = word; *p; p++) {
        if (*p < '0' || *p > '9') {
            return false;
        }
    }
    return *word != '\0';
}

static bool all_letters(const char *word)
{
    for (const char *p = word; *p; p++) {
        if (*p < 'a' || *p > 'z') {
            return false;
        }
    }
    return *word != '\0';
}

// Letters, then digits: "e12", "fx200", "hg4410a".
static bool is_code(const char *word)
{
    bool letter = false, digit = false;

    for (const char *p = word; *p; p++) {
        letter |= *p >= 'a' && *p <= 'z';
        digit |= *p >= '0' && *p <= '9';
    }
    return letter && digit && !(word[0] >= '0' && word[0] <= '9'); // "5th" and "200g" are none
}

bool question_word_next(struct slice text, size_t *at, struct word *ret)
{
    struct word next;

    if (!word_next(text, at, ret)) {
        return false;
    }
    size_t ahead = *at, letters = strlen(ret->folded);
    if (letters > CODE_LETTERS_MAX || !all_letters(ret->folded) || ret->end >= text.len ||
        !word_next(text, &ahead, &next) || next.start != ret->end + 1 || !all_digits(next.folded) ||
        letters + strlen(next.folded) >= WORD_MAX) {
        return true;
    }
    char between = text.data[ret->end];
    bool capital = letters == 1 && text.data[ret->start] >= 'A' && text.data[ret->start] <= 'Z';
    if (between == '-' || (between == ' ' && capital)) {
        memcpy(ret->folded + letters, next.folded, strlen(next.folded) + 1);
        ret->end = next.end;
        *at = ahead;
    }
    return true;
}

static struct question_term *term_find(struct question *q, const char *stem)
{
    for (size_t i = 0; i < q->count; i++) {
        if (strcmp(q->terms[i].stem, stem) == 0) {
            return &q->terms[i];
        }
    }
    return NULL;
}

struct collect {
    struct question *q;
    struct slice words[QUESTION_TERMS_MAX]; // as typed, for counting
    bool points; // "it", "those"
};

// What kind of answer a question wants, read word by word.
struct manner {
    size_t words;
    bool after_how;
    bool what, acts; // within "what …", somebody who acts has been named
    size_t after_what; // words since "what"
};

static void read_manner(struct question *q, struct manner *m, const char *word)
{
    bool is_are = strcmp(word, "is") == 0 || strcmp(word, "are") == 0 || strcmp(word, "s") == 0;
    bool now = strcmp(word, "now") == 0 || strcmp(word, "next") == 0;

    q->asks_how |= word_among(word, step_words) ||
                   (m->after_how && word_among(word, doing_words)) ||
                   (m->what && ((strcmp(word, "do") == 0 && m->acts) || strcmp(word, "done") == 0 ||
                                   (m->after_what == 0 && now)));
    q->asks_allowed |= (m->words == 0 && word_among(word, allowing_words)) ||
                       word_among(word, "safe allowed permitted forbidden okay");
    q->asks_meaning |= strcmp(word, "mean") == 0 || strcmp(word, "means") == 0 ||
                       strcmp(word, "meaning") == 0 || (strcmp(word, "stand") == 0);
    q->asks_which |= strcmp(word, "which") == 0 || (m->words == 0 && strcmp(word, "list") == 0) ||
                     (m->what && m->after_what == 0 && word_is_plural(word));
    q->asks_about |= (m->what && m->after_what == 0 && is_are) ||
                     (m->words < 2 && word_among(word, explaining_words));
    if (m->what) {
        m->acts |= word_among(word, who_words);
        m->what = word_among(word, between_words) || word_among(word, who_words);
        m->after_what++;
    }
    if (strcmp(word, "what") == 0) {
        m->what = true;
        m->acts = false;
        m->after_what = 0;
    }
    m->after_how = strcmp(word, "how") == 0;
    m->words++;
}

// Terms of the thing that is asked about: those behind the last "of", "for" and the like, or before "'s".
struct object_reader {
    size_t from, to; // of the question's terms; the same: none
    bool open; // behind such a word, before the next that ends the phrase
};

static void read_object(struct object_reader *o, const char *word, size_t terms)
{
    static const char before[] = "of for";
    static const char articles[] = "the a an our my your";
    bool begins = word_among(word, before);

    if (o->open && terms > o->from && (begins || word_is_stop(word))) {
        o->to = terms;
        o->open = false;
    }
    if (begins) {
        *o = (struct object_reader){ .from = terms, .to = terms, .open = true };
    } else if (strcmp(word, "s") == 0 && terms > 0) {
        *o = (struct object_reader){ .from = terms - 1, .to = terms };
    } else if (o->open && word_is_stop(word) && !word_among(word, articles)) {
        o->open = false;
        o->to = o->from;
    }
}

// Things that the question names: words behind an article or a question word, up to the next small word. What only asks for
// a moment ("what time") or how it is packed names nothing; what is asked why may be explained in other words. And what is to be done: the word
// behind "how do I".
struct phrase_reader {
    int count; // so far
    size_t words; // of the one that is open
    bool open, why;
    bool how, act; // behind "how"; behind "how do I"
};

// "A box of gloves" is gloves.
static const char moment_words[] =
    "time day days date month hour minutes phone number morning evening afternoon night noon "
    "box bag pack packet bottle case can jar piece slice cup bucket kind type sort pair set list";

// "the glass bin collected"
static bool is_participle(const char *word)
{
    size_t n = strlen(word);

    return n > 4 && strcmp(word + n - 2, "ed") == 0;
}

static int read_phrase(struct phrase_reader *p, const char *word, bool topic, bool *ret_verb)
{
    static const char before[] = "the a an my our your their what which much many";
    bool doing = word_among(word, doing_words);

    *ret_verb = p->act && topic;
    p->act = p->how && doing && strcmp(word, "do") != 0 && strcmp(word, "can") != 0 &&
             strcmp(word, "should") != 0 && strcmp(word, "must") != 0;
    p->how = strcmp(word, "how") == 0 || (p->how && doing && !p->act);
    p->why = p->why || strcmp(word, "why") == 0;
    if (word_among(word, before)) {
        p->open = !p->why;
        p->count++;
        p->words = 0;
        return 0;
    }
    bool named = p->open && p->words > 0;
    p->open = p->open && topic;
    p->words += p->open;
    return p->open && !word_among(word, moment_words) && !(named && is_participle(word)) ? p->count
                                                                                         : 0;
}

// "turn off": one term in the place of the verb's.
static void add_action(struct collect *c, const struct question_term *like, enum action action,
    struct slice verb, struct slice typed)
{
    struct question *q = c->q;
    size_t at = 0;

    while (at < q->count && c->words[at].data != verb.data) {
        at++;
    }
    if (at == q->count) {
        if (q->count == QUESTION_TERMS_MAX) {
            return;
        }
        q->count++;
    }
    q->terms[at] = *like;
    q->terms[at].action = action;
    c->words[at] = typed;
}

static void add_words(struct collect *c, struct slice text, double weight, bool own)
{
    struct question *q = c->q;
    struct manner manner = { 0 };
    struct object_reader object = { 0 };
    struct phrase_reader phrases = { 0 };
    struct action_reader verb = { 0 };
    struct word w;
    size_t at = 0;

    while (question_word_next(text, &at, &w)) {
        int how = own && manner.after_how ? how_kind(w.folded) : -1;
        if (own) {
            c->points |= word_among(w.folded, pointing_words);
            read_manner(q, &manner, w.folded);
            read_object(&object, w.folded, q->count);
        }
        enum action action = action_next(&verb, text, &w);
        if (action != ACTION_NONE) {
            bool alone = verb.verb_end == 0;
            size_t from = alone ? w.start : verb.verb_start;
            size_t to = alone || verb.adjacent ? w.end : verb.verb_end;
            struct question_term like = { .weight = weight, .own = own, .kind = -1 };
            add_action(c, &like, action, slice_make(text.data + from, 0),
                slice_make(text.data + from, to - from));
            continue;
        }
        bool topic = !word_is_stop(w.folded) && !word_among(w.folded, empty_words) &&
                     !word_among(w.folded, source_words);
        bool act = false;
        int phrase = own ? read_phrase(&phrases, w.folded, topic, &act) : 0;
        if (!topic || q->count == QUESTION_TERMS_MAX) {
            continue;
        }
        struct slice typed = slice_make(text.data + w.start, w.end - w.start);
        word_stem(w.folded);
        if (!term_find(q, w.folded)) {
            struct question_term *t = &q->terms[q->count];
            *t = (struct question_term){ .weight = weight,
                .own = own,
                .code = is_code(w.folded),
                .phrase = phrase,
                .verb = act,
                .kind = value_kind(w.folded) };
            memcpy(t->stem, w.folded, WORD_MAX);
            if (how >= 0) {
                t->kind = how;
                t->stem[0] = '\0'; // no word is it
            }
            c->words[q->count++] = typed;
        }
    }
    object.to = object.open ? q->count : object.to;
    for (size_t i = object.from; own && i < object.to; i++) {
        q->terms[i].object = true;
    }
}

// Quotes, stars and leading signs are operators of the search; in a question they are only writing.
static void add_plain(struct buf *b, struct slice text)
{
    bool start = true;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '"' || c == '*' || (start && (c == '-' || c == '+')) || (unsigned char)c < ' ') {
            c = ' ';
        }
        buf_add_char(b, c);
        start = c == ' ';
    }
}

// "E12" stands in the index as it is written there: in one word, or in two. The other writing is counted as well.
static int count_codes(struct tool_context *c, const struct partition_stats *p,
    struct collect *words, int64_t *counts, struct error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < words->q->count; i++) {
        const char *stem = words->q->terms[i].stem;
        size_t letters = strcspn(stem, "0123456789");
        char other[2 * WORD_MAX];
        int64_t count = 0;
        if (!words->q->terms[i].code) {
            continue;
        }
        bool two = memchr(words->words[i].data, '-', words->words[i].len) ||
                   memchr(words->words[i].data, ' ', words->words[i].len);
        snprintf(
            other, sizeof(other), "%.*s%s%s", (int)letters, stem, two ? "" : " ", stem + letters);
        struct slice text = slice_of(other);
        rc = store_partition_counts(c->store, p, &text, 1, &count, err);
        counts[i] += count;
    }
    return rc;
}

// By the caller's partition alone: what others hold makes no word known or common here.
static int weigh(struct tool_context *c, struct collect *words, struct error *err)
{
    struct question *q = words->q;
    struct partition_stats stats = { 0 };
    int64_t counts[QUESTION_TERMS_MAX] = { 0 };
    double unknown = 0;
    int rc = store_partition_stats(c->store, context_partition(c), &stats, err);

    if (rc == 0 && stats.key && q->count) {
        rc = store_partition_counts(c->store, &stats, words->words, q->count, counts, err);
        rc = rc < 0 ? rc : count_codes(c, &stats, words, counts, err);
    }
    for (size_t i = 0; rc == 0 && i < q->count; i++) {
        struct question_term *t = &q->terms[i];
        double share = background_worth * common_share(t->stem);
        double with = (double)counts[i] + BACKGROUND * (share < 0.5 ? share : 0.5);
        double n = (double)(stats.chunks > counts[i] ? stats.chunks : counts[i]) + BACKGROUND;
        t->written = counts[i] > 0 || t->action != ACTION_NONE; // it may be said otherwise
        t->known = t->written || t->kind >= 0; // a value says it without the word
        t->idf = log(1 + (n - with + 0.5) / (with + 0.5));
        q->total += t->weight * t->idf;
        q->known_total += t->known ? t->weight * t->idf : 0;
        if (t->own) {
            q->own_total += t->weight * t->idf;
            unknown += t->known ? 0 : t->weight * t->idf;
        }
    }
    if (q->own_total > 0) {
        q->unknown = unknown / q->own_total;
        q->unknown *= stats.chunks ? (double)stats.chunks / (double)(stats.chunks + FEW) : 1;
    }
    return rc;
}

// "voltage" where no document says it: "208 V" is looked for.
static void add_units(struct buf *b, const struct question *q)
{
    for (size_t i = 0; i < q->count; i++) {
        const struct question_term *t = &q->terms[i];
        for (size_t n = 0; n < ARRAY_LEN(unit_words) && t->own && !t->written; n++) {
            if ((int)unit_words[n].kind == t->kind) {
                buf_addf(b, " %s", unit_words[n].words);
            }
        }
    }
}

int question_make(struct tool_context *c, struct slice text, const struct turn *turns,
    size_t turn_count, struct question *ret, struct error *err)
{
    struct collect words = { .q = ret };
    AUTO_BUF search = BUF_INIT(QUESTION_MAX + 4000);
    const struct turn *first = NULL, *last = NULL;

    *ret = (struct question){ .text = slice_trim(text) };
    add_words(&words, ret->text, 1, true);
    for (size_t i = 0; i < turn_count; i++) {
        if (turns[i].user) {
            first = first ? first : &turns[i];
            last = &turns[i];
        }
    }
    ret->alone = !last;
    wanted_read(ret->text, &ret->wanted);
    ret->follow_up = last && (words.points || ret->count <= FOLLOW_UP_WORDS);
    double weight = ret->follow_up ? leaning_weight : earlier_weight;
    if (last) {
        add_words(&words, last->text, weight, false);
        add_words(&words, first->text, weight, false);
    }
    int rc = weigh(c, &words, err);
    if (rc < 0) {
        return rc;
    }
    add_plain(&search, ret->text);
    add_units(&search, ret);
    for (size_t i = 0; i < ret->count; i++) {
        if (ret->terms[i].action != ACTION_NONE) {
            buf_addf(&search, " %s", action_words(ret->terms[i].action));
        }
    }
    for (size_t i = 0; i < ret->count; i++) {
        if (!ret->terms[i].own) { // BM25 ranks what the question itself names first all the same
            buf_add_char(&search, ' ');
            buf_add_slice(&search, words.words[i]);
        }
    }
    ret->search = arena_strndup(c->arena, search.data ? search.data : "", search.len);
    if (!ret->search || !buf_ok(&search)) {
        return error_set(err, ERR_TOO_LARGE, "The question is too long.");
    }
    return 0;
}

// A value of the kind that a word asks for stands for the word.
static void count_values(const struct question *q, struct slice text, double add, bool strictly,
    const bool *found, double *counts)
{
    struct quantity values[QUANTITIES_MAX];
    size_t count = 0;
    bool read = false;

    for (size_t i = 0; i < q->count; i++) {
        if (q->terms[i].kind < 0 || found[i] || (strictly && q->terms[i].written)) {
            continue;
        }
        count = read ? count : quantities(text, values);
        read = true;
        for (size_t n = 0; n < count; n++) {
            if ((int)values[n].kind == q->terms[i].kind) {
                counts[i] += add;
                break;
            }
        }
    }
}

static size_t count(
    const struct question *q, struct slice text, double add, bool strictly, double *counts)
{
    bool found[QUESTION_TERMS_MAX] = { false };
    struct action_reader verb = { 0 };
    struct word w;
    size_t at = 0, n = 0;

    while (question_word_next(text, &at, &w)) {
        enum action action = action_next(&verb, text, &w);
        n++;
        for (size_t i = 0; i < q->count && action != ACTION_NONE; i++) {
            counts[i] += q->terms[i].action == action ? add : 0;
        }
        word_stem(w.folded);
        for (size_t i = 0; i < q->count; i++) {
            if (strcmp(w.folded, q->terms[i].stem) == 0) {
                counts[i] += add;
                found[i] = true;
                break;
            }
        }
    }
    count_values(q, text, add, strictly, found, counts);
    return n;
}

size_t question_count(const struct question *q, struct slice text, double add, double *counts)
{
    return count(q, text, add, false, counts);
}

size_t question_count_strictly(
    const struct question *q, struct slice text, double add, double *counts)
{
    return count(q, text, add, true, counts);
}

double question_covered(const struct question *q, const double *counts, bool own_only)
{
    double got = 0, of = own_only ? q->own_total : q->total;

    for (size_t i = 0; i < q->count; i++) {
        if (counts[i] > 0 && (q->terms[i].own || !own_only)) {
            got += q->terms[i].weight * q->terms[i].idf;
        }
    }
    return of > 0 ? got / of : 0;
}
