// SPDX-License-Identifier: AGPL-3.0-or-later
#include "text/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void assert_words(const char *text, const char *const *wanted)
{
    struct word w;
    size_t at = 0;

    for (; *wanted; wanted++) {
        assert_true(word_next(slice_of(text), &at, &w));
        assert_string_equal(w.folded, *wanted);
    }
    assert_false(word_next(slice_of(text), &at, &w));
}

static void words_are_folded_and_split_at_punctuation(void **state)
{
    (void)state;
    assert_words("The Fryer's oil, 350 °F!",
        (const char *const[]){ "the", "fryer", "s", "oil", "350", "f", NULL });
    assert_words(
        "Crème BRÛLÉE Łódź Ærø", (const char *const[]){ "creme", "brulee", "lodz", "æro", NULL });
    assert_words("ΩΜΕΓΑ Привет Ёлка", (const char *const[]){ "ωμεγα", "привет", "ёлка", NULL });
    assert_words(
        "soft\xc2\xadhyphen e\xcc\x81t\xcc\x81", (const char *const[]){ "softhyphen", "et", NULL });
    assert_words("油を濾す", (const char *const[]){ "油", "を", "濾", "す", NULL });
    assert_words("mixed油oil", (const char *const[]){ "mixed", "油", "oil", NULL });
    assert_words("", (const char *const[]){ NULL });
    assert_words(" \xff\xfe … — ", (const char *const[]){ NULL });
}

static void word_places_are_bytes_of_the_text(void **state)
{
    struct word w;
    size_t at = 0;

    (void)state;
    assert_true(word_next(SLICE_LIT("  Élan vital"), &at, &w));
    assert_int_equal(w.start, 2);
    assert_int_equal(w.end, 7);
}

static void long_words_are_cut_but_passed_over_whole(void **state)
{
    char text[400];
    struct word w;
    size_t at = 0;

    (void)state;
    memset(text, 'a', sizeof(text));
    assert_true(word_next(slice_make(text, sizeof(text)), &at, &w));
    assert_int_equal(at, sizeof(text));
    assert_true(strlen(w.folded) < WORD_MAX);
}

// From the vocabulary that M. F. Porter publishes with the algorithm.
static void stems_are_porters(void **state)
{
    static const char *const pairs[][2] = { { "caresses", "caress" }, { "ponies", "poni" },
        { "ties", "ti" }, { "cats", "cat" }, { "feed", "feed" }, { "agreed", "agre" },
        { "plastered", "plaster" }, { "bled", "bled" }, { "motoring", "motor" }, { "sing", "sing" },
        { "conflated", "conflat" }, { "troubled", "troubl" }, { "sized", "size" },
        { "hopping", "hop" }, { "tanned", "tan" }, { "falling", "fall" }, { "hissing", "hiss" },
        { "fizzed", "fizz" }, { "failing", "fail" }, { "filing", "file" }, { "happy", "happi" },
        { "sky", "sky" }, { "relational", "relat" }, { "conditional", "condit" },
        { "rational", "ration" }, { "valenci", "valenc" }, { "digitizer", "digit" },
        { "operator", "oper" }, { "feudalism", "feudal" }, { "decisiveness", "decis" },
        { "hopefulness", "hope" }, { "formaliti", "formal" }, { "sensibiliti", "sensibl" },
        { "triplicate", "triplic" }, { "formative", "form" }, { "electriciti", "electr" },
        { "goodness", "good" }, { "revival", "reviv" }, { "allowance", "allow" },
        { "inference", "infer" }, { "airliner", "airlin" }, { "adjustable", "adjust" },
        { "replacement", "replac" }, { "adoption", "adopt" }, { "effective", "effect" },
        { "probate", "probat" }, { "rate", "rate" }, { "cease", "ceas" }, { "controll", "control" },
        { "roll", "roll" }, { "filters", "filter" }, { "filtering", "filter" },
        { "filtered", "filter" }, { "oil", "oil" }, { "is", "is" }, { "x9", "x9" } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        char word[WORD_MAX] = "";
        strcpy(word, pairs[i][0]);
        word_stem(word);
        assert_string_equal(word, pairs[i][1]);
    }
}

static void stop_words_are_found(void **state)
{
    (void)state;
    assert_true(
        word_is_stop("the") && word_is_stop("how") && word_is_stop("a") && word_is_stop("your"));
    assert_false(word_is_stop("oil") || word_is_stop("") || word_is_stop("thee"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_folded_and_split_at_punctuation),
        cmocka_unit_test(word_places_are_bytes_of_the_text),
        cmocka_unit_test(long_words_are_cut_but_passed_over_whole),
        cmocka_unit_test(stems_are_porters),
        cmocka_unit_test(stop_words_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
