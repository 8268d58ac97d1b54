// SPDX-License-Identifier: AGPL-3.0-or-later
// How common words are in general English.
#include "text/common.h"
#include "text/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int rank_of(const char *word)
{
    char stem[WORD_MAX] = "";

    memcpy(stem, word, strlen(word) + 1);
    word_stem(stem);
    return common_rank(stem);
}

static void common_words_rank_before_rare_ones(void **state)
{
    (void)state;
    assert_int_equal(rank_of("the"), 1);
    assert_true(rank_of("water") < rank_of("engine"));
    assert_true(rank_of("engine") < rank_of("salad"));
    assert_int_equal(rank_of("cleaning"), rank_of("cleaned")); // by their stem
    assert_int_equal(common_rank("e12"), COMMON_UNRANKED);
    assert_int_equal(common_rank(""), COMMON_UNRANKED);
    assert_true(common_share("the") > 0.99);
    assert_true(common_share("zzzz") > 0 && common_share("zzzz") < 0.001);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(common_words_rank_before_rare_ones) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
