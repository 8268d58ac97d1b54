// SPDX-License-Identifier: AGPL-3.0-or-later
// What a model's server answers, in pieces of every size: text, tool calls, usage; and what is none of that.
#include "assist/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char streamed[] =
    ": comment\n\n"
    "data: {\"model\":\"m-1\",\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"Drain "
    "\"}}]}\n\n"
    "event: x\r\n"
    "data: {\"choices\":[{\"delta\":{\"content\":\"it \xc2\xb0\"}}]}\r\n\r\n"
    "data: "
    "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"function\":{\"name\":"
    "\"two\",\"arguments\":\"{\\\"q\\\"\"}}]}}]}\n\n"
    "data: "
    "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":"
    "\"one\",\"arguments\":\"{}\"}},{\"index\":1,\"function\":{\"arguments\":\":1}\"}}]}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\n"
    "data: [DONE]\n\n";

static void a_stream_gives_the_same_in_pieces_of_every_size(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= sizeof(streamed); piece++) {
        AUTO_ARENA a;
        struct model_reply r;
        struct error err = { 0 };
        arena_init(&a, 1 << 20);
        if (model_read(SLICE_LIT(streamed), piece, &a, &r, &err) != 0) {
            fail_msg("pieces of %zu: %s", piece, err.text);
        }
        assert_true(slice_is(r.text, "Drain it \xc2\xb0"));
        assert_int_equal(r.call_count, 2);
        assert_string_equal(r.calls[0].name, "one");
        assert_string_equal(r.calls[1].id, "b");
        assert_true(slice_is(r.calls[1].arguments, "{\"q\":1}"));
        assert_string_equal(r.finish_reason, "tool_calls");
        assert_string_equal(r.model, "m-1");
        assert_int_equal(r.input_tokens, 7);
        assert_int_equal(r.output_tokens, 3);
    }
}

static int read_all(const char *text, struct model_reply *ret, struct arena *a)
{
    struct error err = { 0 };
    arena_init(a, 1 << 20);
    return model_read(slice_of(text), 1000, a, ret, &err);
}

static void a_whole_answer_is_read_too(void **state)
{
    AUTO_ARENA a;
    struct model_reply r;
    (void)state;

    assert_int_equal(read_all(" {\"choices\":[{\"message\":{\"content\":\"Yes. [1]\"},"
                              "\"finish_reason\":\"stop\"}]}",
                         &r, &a),
        0);
    assert_true(slice_is(r.text, "Yes. [1]"));
    assert_true(r.output_tokens > 0); // estimated
}

static void what_is_no_answer_ends_in_an_error(void **state)
{
    static const struct {
        const char *text;
        int code;
    } cases[] = { { "", ERR_CORRUPT }, { "data: {oops}\n\n", ERR_CORRUPT },
        { "<html></html>", ERR_CORRUPT }, { "data: [1]\n\n", ERR_CORRUPT },
        { "{\"choices\":\"x\"}", ERR_CORRUPT }, { "data: [DONE]\n\n", ERR_CORRUPT },
        { "data: {\"error\":{\"message\":\"x\"}}\n\n", ERR_BUSY },
        { "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n", ERR_IO } };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_ARENA a;
        struct model_reply r;
        int rc = read_all(cases[i].text, &r, &a);
        if (rc != cases[i].code) {
            fail_msg("%s gave %d, not %d", cases[i].text, rc, cases[i].code);
        }
    }
}

static void more_calls_than_are_taken_are_counted(void **state)
{
    AUTO_ARENA a;
    struct model_reply r;
    AUTO_BUF b = BUF_INIT(1 << 20);
    (void)state;

    for (int i = 0; i < 20; i++) {
        buf_addf(&b,
            "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":%d,\"function\":{\"name\":"
            "\"t\",\"arguments\":\"{}\"}}]}}]}\n",
            i);
    }
    buf_add_str(&b, "data: [DONE]\n");
    assert_int_equal(read_all(b.data, &r, &a), 0);
    assert_int_equal(r.call_count, MODEL_CALLS_MAX);
    assert_int_equal(r.calls_dropped, 20 - MODEL_CALLS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_gives_the_same_in_pieces_of_every_size),
        cmocka_unit_test(a_whole_answer_is_read_too),
        cmocka_unit_test(what_is_no_answer_ends_in_an_error),
        cmocka_unit_test(more_calls_than_are_taken_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
