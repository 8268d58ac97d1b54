// SPDX-License-Identifier: AGPL-3.0-or-later
// The ranking by words against an exhaustive one that is computed here, over collections of chance; in one step and in two,
// which must give the same to the last bit.
#include "../store/fixture.h"

#include "search/search.h"
#include "store/chunk_id.h"

#include <math.h>

enum {
    CHUNKS = 3000,
    STEP = 250,
    WORDS = 120,
    TEXT_WORDS = 60,
    HEADING_WORDS = 2,
    LIMIT = 20,
    QUESTIONS = 150,
    ASKED = 6
};

struct collection {
    struct fixture *f;
    uint64_t state;
    uint8_t text[CHUNKS][WORDS], heading[CHUNKS][WORDS]; // how often
    size_t length[CHUNKS], with[WORDS];
    double average;
};

static size_t chance(struct collection *c, size_t below)
{
    c->state = c->state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(c->state >> 33) % below;
}

// Word n is rarer the larger n is.
static size_t any_word(struct collection *c)
{
    return (chance(c, WORDS) * (chance(c, WORDS) + 1) * (chance(c, WORDS) + 1)) / WORDS / WORDS;
}

static void write_word(char ret[4], size_t n) // without vowels, so that stems leave it alone
{
    static const char letters[] = "bcdfghjklmnp";
    memcpy(ret, (char[]){ 'q', letters[n / 12], letters[n % 12], '\0' }, 4);
}

static struct slice make_words(
    struct collection *c, size_t chunk, size_t count, uint8_t counts[CHUNKS][WORDS])
{
    char *text = arena_array(&c->f->arena, count + 1, 4);

    for (size_t i = 0; i < count; i++) {
        size_t w = any_word(c);
        counts[chunk][w]++;
        write_word(text + 4 * i, w);
        text[4 * i + 3] = ' ';
    }
    return slice_make(text, 4 * count);
}

static void fill(struct collection *c)
{
    struct fixture *f = c->f;
    struct chunk chunks[STEP];
    char id[ID_SIZE];
    size_t words = 0;

    create(f, 1, id);
    struct job j = lease(f, 60000);
    struct place place = { .kind = PLACE_LINES, .rows = { 1, 2 } };
    struct element e = { .kind = ELEMENT_PARAGRAPH, .place = place, .text = SLICE_LIT("one") };
    OK(store_job_elements(f->store, &j, &e, 1, &f->err));
    for (size_t from = 0; from < CHUNKS; from += STEP) {
        for (size_t i = 0; i < STEP; i++) {
            size_t n = from + i, text = 1 + chance(c, TEXT_WORDS),
                   heading = chance(c, HEADING_WORDS);
            chunks[i] = (struct chunk){ .index = (int64_t)n,
                .text = make_words(c, n, text, c->text),
                .heading = make_words(c, n, heading, c->heading),
                .place = place,
                .places = "[]" };
            words += c->length[n] = 1 + text + heading;
        }
        OK(store_job_chunks(f->store, &j, "Title", chunks, STEP, &f->err));
    }
    OK(store_job_finish(f->store, &j, &(struct job_result){ .page_count = 1 }, &f->err));
    c->average = (double)words / CHUNKS;
    for (size_t n = 0; n < CHUNKS; n++) {
        for (size_t w = 0; w < WORDS; w++) {
            c->with[w] += c->text[n][w] || c->heading[n][w];
        }
    }
}

static const struct field_weights fields = { .title = 1.5, .heading = 2, .text = 1 };

struct ranked {
    size_t chunk;
    double score;
};

static int best_first(const void *x, const void *y)
{
    const struct ranked *a = x, *b = y;
    return a->score != b->score ? (a->score < b->score) - (a->score > b->score)
                                : (a->chunk > b->chunk) - (a->chunk < b->chunk);
}

static size_t rank_all(struct collection *c, const size_t *asked, const double *weights,
    size_t count, struct ranked ret[CHUNKS])
{
    size_t found = 0;

    for (size_t n = 0; n < CHUNKS; n++) {
        double length = chunk_id_words(chunk_id_make(1, 1, (int64_t)c->length[n])), score = 0;
        bool any = false;
        for (size_t i = 0; i < count; i++) {
            double tf =
                c->text[n][asked[i]] * fields.text + c->heading[n][asked[i]] * fields.heading;
            any = any || tf > 0;
            score += weights[i] * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / c->average));
        }
        if (any) {
            ret[found++] = (struct ranked){ n, score };
        }
    }
    qsort(ret, found, sizeof(*ret), best_first);
    return found;
}

static const char *any_of(struct collection *c, const size_t *asked, size_t from, size_t to)
{
    AUTO_BUF text = BUF_INIT(1000);

    for (size_t i = from; i < to; i++) {
        char word[4];
        write_word(word, asked[i]);
        buf_addf(&text, "%s\"%s\"", i > from ? " OR " : "(", word);
    }
    return arena_printf(&c->f->arena, "%s)", text.data);
}

static void ask(
    struct fixture *f, const struct word_search *w, struct chunk_hit **ret, size_t *count)
{
    static const struct chunk_filter here = { .partition = { "default", 7 } };
    OK(store_rank_words(f->store, w, &here, LIMIT, &f->arena, ret, count, &f->err));
}

static void assert_same(
    const struct chunk_hit *hits, size_t count, const struct ranked *all, size_t found)
{
    assert_int_equal(count, found < LIMIT ? found : LIMIT);
    for (size_t i = 0; i < count; i++) {
        assert_float_equal(hits[i].score, all[i].score, 1e-9);
        if ((i == 0 || all[i - 1].score - all[i].score > 1e-9) &&
            (i + 1 == found || all[i].score - all[i + 1].score > 1e-9)) {
            assert_int_equal(hits[i].chunk_index, all[i].chunk);
        }
    }
}

static struct collection *collection_of(struct fixture *f, uint64_t seed)
{
    struct collection *c = xalloc(sizeof(*c));

    c->f = f;
    c->state = seed;
    fill(c);
    return c;
}

static void the_best_are_those_of_an_exhaustive_ranking(void **state)
{
    struct collection *c = collection_of(*state, 1);
    struct ranked *all = xalloc(CHUNKS * sizeof(*all));

    for (int n = 0; n < QUESTIONS; n++) {
        size_t asked[ASKED], count = 0, wanted = 1 + chance(c, ASKED);
        double weights[ASKED];
        for (size_t w = WORDS; w-- > 0 && count < wanted;) { // the rarest first
            if (chance(c, WORDS) < 2 * wanted && c->with[w]) {
                asked[count] = w;
                weights[count++] =
                    log(1 + (CHUNKS - (double)c->with[w] + 0.5) / ((double)c->with[w] + 0.5));
            }
        }
        size_t found = rank_all(c, asked, weights, count, all);
        for (size_t rare = 0; rare < count; rare++) { // 0: in one step
            struct chunk_hit *hits = NULL;
            size_t hit_count = 0;
            struct word_search w = { .match = slice_of(any_of(c, asked, 0, count)),
                .weights = weights,
                .weight_count = count,
                .fields = fields,
                .rare_count = rare };
            if (rare) {
                w.rare = slice_of(any_of(c, asked, 0, rare));
                w.both = slice_of(arena_printf(
                    &c->f->arena, "(%s AND %s)", w.rare.data, any_of(c, asked, rare, count)));
            }
            ask(c->f, &w, &hits, &hit_count);
            assert_same(hits, hit_count, all, found);
        }
    }
    free(all);
    free(c);
}

static void two_steps_of_a_question_give_what_one_gives(void **state)
{
    struct collection *c = collection_of(*state, 2);
    size_t in_two = 0;

    for (int n = 0; n < QUESTIONS; n++) {
        AUTO_BUF text = BUF_INIT(1000);
        struct query q;
        struct chunk_hit *one = NULL, *two = NULL;
        size_t one_count = 0, two_count = 0;
        for (size_t i = 2 + chance(c, ASKED); i > 0; i--) {
            char word[4];
            write_word(word, any_word(c));
            buf_addf(&text, "%s%s ", i == 1 && n % 3 == 0 ? "-" : "", word);
        }
        assert_int_equal(
            query_parse(c->f->store, buf_slice(&text), &c->f->arena, &q, &c->f->err), 0);
        if (!q.rare[0]) {
            continue;
        }
        struct word_search w = { .match = slice_of(q.match),
            .weights = q.weights,
            .weight_count = q.weight_count,
            .fields = fields };
        ask(c->f, &w, &one, &one_count);
        w.rare = slice_of(q.rare);
        w.both = slice_of(q.both);
        w.rare_count = q.rare_count;
        ask(c->f, &w, &two, &two_count);
        assert_int_equal(one_count, two_count);
        for (size_t i = 0; i < one_count; i++) {
            assert_int_equal(one[i].chunk_id, two[i].chunk_id);
            assert_true(one[i].score == two[i].score);
        }
        in_two++;
    }
    assert_true(in_two > QUESTIONS / 10);
    free(c);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(the_best_are_those_of_an_exhaustive_ranking),
        T(two_steps_of_a_question_give_what_one_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
