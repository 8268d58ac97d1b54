// SPDX-License-Identifier: AGPL-3.0-or-later
// Conversations, messages and runs: what is written comes back, whole and in order.
#include "fixture.h"
#include "store/conversations.h"

static struct run_record make_run(const char *conversation, const char *question)
{
    static const char *const steps[] = { "{\"kind\":\"retrieve\"}", "{\"kind\":\"decide\"}" };
    struct run_record r = { .question = question,
        .status = "completed",
        .answer_text = "Drain it.",
        .answer = "{\"answer\":\"Drain it.\"}",
        .summary = "{\"mode\":\"extractive\"}",
        .steps = steps,
        .step_count = 2,
        .created_ms = 5,
        .took_ms = 7 };

    id_new(r.id);
    snprintf(r.conversation_id, sizeof(r.conversation_id), "%s", conversation);
    return r;
}

static void run_comes_back_with_its_steps(void **state)
{
    struct fixture *f = *state;
    char conversation[ID_SIZE];
    struct run_record back;

    id_new(conversation);
    struct run_record r = make_run(conversation, "How do I drain the fryer?");
    OK(store_run_add(f->store, SLICE_LIT("default"), &r, &f->err));
    OK(store_run_load(f->store, slice_of(r.id), &f->arena, &back, &f->err));
    assert_string_equal(back.conversation_id, conversation);
    assert_string_equal(back.question, r.question);
    assert_string_equal(back.status, "completed");
    assert_null(back.error);
    assert_string_equal(back.answer, r.answer);
    assert_int_equal(back.took_ms, 7);
    assert_int_equal(back.step_count, 2);
    assert_string_equal(back.steps[1], "{\"kind\":\"decide\"}");
    assert_int_equal(
        store_run_load(f->store, SLICE_LIT("none"), &f->arena, &back, &f->err), ERR_NOT_FOUND);
}

static void messages_come_in_order_and_the_last_ones_first_to_stay(void **state)
{
    struct fixture *f = *state;
    char conversation[ID_SIZE];
    struct conversation c;
    struct message *messages = NULL;
    size_t count = 0;

    id_new(conversation);
    struct run_record a = make_run(conversation, "First?"), b = make_run(conversation, "Second?");
    OK(store_run_add(f->store, SLICE_LIT("default"), &a, &f->err));
    OK(store_run_add(f->store, SLICE_LIT("default"), &b, &f->err));
    OK(store_message_list(
        f->store, slice_of(conversation), 3, &f->arena, &messages, &count, &f->err));
    assert_int_equal(count, 3);
    assert_false(messages[0].user);
    assert_true(messages[1].user);
    assert_string_equal(messages[1].text, "Second?");
    assert_string_equal(messages[2].run_id, b.id);
    OK(store_conversation_load(f->store, slice_of(conversation), &f->arena, &c, &f->err));
    assert_string_equal(c.title, "First?");
    assert_int_equal(c.message_count, 4);
}

static void conversation_of_another_partition_is_not_joined(void **state)
{
    struct fixture *f = *state;
    char conversation[ID_SIZE];
    struct conversation *list = NULL;
    size_t count = 0;

    id_new(conversation);
    struct run_record a = make_run(conversation, "One?"), b = make_run(conversation, "Two?");
    OK(store_run_add(f->store, SLICE_LIT("east"), &a, &f->err));
    assert_int_equal(store_run_add(f->store, SLICE_LIT("west"), &b, &f->err), ERR_CONFLICT);
    OK(store_conversation_list(f->store, SLICE_LIT("west"), 10, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, 0);
    OK(store_conversation_list(f->store, SLICE_LIT(""), 10, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, 1);
}

static void deleted_conversation_takes_its_runs_along(void **state)
{
    struct fixture *f = *state;
    char conversation[ID_SIZE];
    struct run_record back;

    id_new(conversation);
    struct run_record r = make_run(conversation, "Gone?");
    OK(store_run_add(f->store, SLICE_LIT("default"), &r, &f->err));
    OK(store_conversation_delete(f->store, slice_of(conversation), &f->err));
    assert_int_equal(
        store_run_load(f->store, slice_of(r.id), &f->arena, &back, &f->err), ERR_NOT_FOUND);
    assert_int_equal(
        store_conversation_delete(f->store, slice_of(conversation), &f->err), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            run_comes_back_with_its_steps, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(messages_come_in_order_and_the_last_ones_first_to_stay,
            fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
            conversation_of_another_partition_is_not_joined, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
            deleted_conversation_takes_its_runs_along, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
