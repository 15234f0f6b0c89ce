/* SPDX-License-Identifier: MIT */
/* The queue of jobs against a naive model: order, removal from the middle, no memory. */
#include "../support/scarce.h"
#include "engine/queue_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define QUEUE_ELEMENTS 700
#define QUEUE_STEPS    10000

/* xorshift64*: the same numbers in every run. */
static uint64_t queue_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* Every element knows its place, no parent comes after its child. */
static void check_heap(const struct pie_queue *q)
{
    for (size_t i = 0; i < q->count; i++) {
        const struct pie_queued *e = q->items[i];
        assert_int_equal(e->at, i);
        if (i == 0)
            continue;
        const struct pie_queued *above = q->items[(i - 1) / 2];
        assert_true(above->key < e->key || (above->key == e->key && above->order < e->order));
    }
}

/* The model: who is in, with what key and order; the first is looked for one by one. */
struct queue_model {
    struct pie_queued e[QUEUE_ELEMENTS];
    int32_t in[QUEUE_ELEMENTS];
    int64_t key[QUEUE_ELEMENTS];
    uint64_t order[QUEUE_ELEMENTS];
    size_t count;
};

static size_t model_first(const struct queue_model *m)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < QUEUE_ELEMENTS; i++) {
        if (!m->in[i])
            continue;
        if (best == SIZE_MAX || m->key[i] < m->key[best] ||
            (m->key[i] == m->key[best] && m->order[i] < m->order[best]))
            best = i;
    }
    return best;
}

static void check_model(const struct queue_model *m, const struct pie_queue *q)
{
    const struct pie_queued *first = pie_queue_first(q);
    size_t want = model_first(m);
    assert_int_equal(q->count, m->count);
    assert_ptr_equal(first, want == SIZE_MAX ? NULL : &m->e[want]);
    if (first != NULL)
        assert_ptr_equal(first->owner, &m->key[want]);
}

static void model_put(struct queue_model *m, struct pie_queue *q, size_t i, int64_t key,
                      uint64_t order)
{
    assert_int_equal(pie_queue_put(q, &m->e[i], key, order), APIPIE_OK);
    m->in[i] = 1;
    m->key[i] = key;
    m->order[i] = order;
    m->count++;
}

static void model_take(struct queue_model *m, struct pie_queue *q, size_t i)
{
    pie_queue_take(q, &m->e[i]);
    assert_true(m->e[i].at == PIE_QUEUE_NONE);
    m->in[i] = 0;
    m->count--;
}

/* Few keys, so that many are equal; sometimes the ends of what there is. */
static int64_t queue_key(uint64_t *state)
{
    uint64_t pick = queue_random(state) % 40;
    if (pick == 38)
        return INT64_MIN;
    return pick == 39 ? INT64_MAX : (int64_t)pick - 19;
}

static void model_step(struct queue_model *m, struct pie_queue *q, uint64_t *state, uint64_t order)
{
    size_t i = (size_t)(queue_random(state) % QUEUE_ELEMENTS);
    if (!m->in[i]) {
        model_put(m, q, i, queue_key(state), order);
    } else if (queue_random(state) % 3 == 0) {
        m->key[i] = queue_key(state);
        pie_queue_move(q, &m->e[i], m->key[i]);
    } else if (queue_random(state) % 2 == 0) {
        model_take(m, q, i);
    } else {
        model_take(m, q, model_first(m));
    }
}

static void the_queue_is_the_model(void **state)
{
    struct queue_model *m = calloc(1, sizeof(*m));
    struct pie_queue q;
    uint64_t random = 1;
    (void)state;
    assert_non_null(m);
    pie_queue_init(&q, &pie_mem_libc);
    for (size_t i = 0; i < QUEUE_ELEMENTS; i++)
        pie_queued_init(&m->e[i], &m->key[i]);
    for (uint64_t step = 0; step < QUEUE_STEPS; step++) {
        model_step(m, &q, &random, step);
        check_model(m, &q);
        if (step % 16 == 0)
            check_heap(&q);
    }
    assert_true(m->count > 100);
    while (m->count != 0) {
        model_take(m, &q, model_first(m));
        check_model(m, &q);
    }
    pie_queue_free(&q);
    free(m);
}

static void equal_keys_keep_their_order(void **state)
{
    struct pie_queued e[300];
    struct pie_queue q;
    (void)state;
    pie_queue_init(&q, &pie_mem_libc);
    for (size_t i = 0; i < PIE_COUNT(e); i++) {
        pie_queued_init(&e[i], NULL);
        assert_int_equal(pie_queue_put(&q, &e[i], 7, 1000 + i), APIPIE_OK);
    }
    /* Away and back keeps the place, because the order stays. */
    for (size_t i = 0; i < PIE_COUNT(e); i += 3)
        pie_queue_move(&q, &e[i], i % 2 == 0 ? -1 : 100);
    for (size_t i = 0; i < PIE_COUNT(e); i += 3)
        pie_queue_move(&q, &e[i], 7);
    for (size_t i = 0; i < PIE_COUNT(e); i++) {
        assert_ptr_equal(pie_queue_first(&q), &e[i]);
        pie_queue_take(&q, &e[i]);
    }
    assert_null(pie_queue_first(&q));
    pie_queue_free(&q);
}

/* From every place of a heap where what comes from the end has to rise as well as to sink. */
static void the_middle_can_be_taken(void **state)
{
    static const int64_t keys[] = {0, 100, 1, 101, 102, 2, 3, 103, 104, 105, 106, 4, 5, 6, 7};
    (void)state;
    for (size_t gone = 0; gone < PIE_COUNT(keys); gone++) {
        struct pie_queued e[PIE_COUNT(keys)];
        struct pie_queue q;
        pie_queue_init(&q, &pie_mem_libc);
        for (size_t i = 0; i < PIE_COUNT(keys); i++) {
            pie_queued_init(&e[i], NULL);
            assert_int_equal(pie_queue_put(&q, &e[i], keys[i], i), APIPIE_OK);
            assert_int_equal(e[i].at, i); /* the keys are a heap as they stand */
        }
        pie_queue_take(&q, &e[gone]);
        check_heap(&q);
        assert_int_equal(q.count, PIE_COUNT(keys) - 1);
        pie_queue_take(&q, &e[gone]); /* it is in no queue: nothing happens */
        assert_int_equal(q.count, PIE_COUNT(keys) - 1);
        pie_queue_free(&q);
    }
}

static void a_stranger_changes_nothing(void **state)
{
    struct pie_queued mine;
    struct pie_queued other;
    struct pie_queue q;
    struct pie_queue another;
    (void)state;
    pie_queue_init(&q, &pie_mem_libc);
    pie_queue_init(&another, &pie_mem_libc);
    pie_queued_init(&mine, NULL);
    pie_queued_init(&other, NULL);
    pie_queue_take(&q, &mine); /* an empty queue, an element in none */
    assert_int_equal(pie_queue_put(&q, &mine, 1, 1), APIPIE_OK);
    assert_int_equal(pie_queue_put(&another, &other, 5, 1), APIPIE_OK);
    pie_queue_take(&q, &other);
    pie_queue_move(&q, &other, 0);
    assert_ptr_equal(pie_queue_first(&q), &mine);
    assert_ptr_equal(pie_queue_first(&another), &other);
    assert_true(other.key == 5);
    pie_queue_free(&q);
    pie_queue_free(&another);
}

/* ---- no memory */

static void a_put_without_memory_changes_nothing(void **state)
{
    static struct pie_queued e[400];
    struct scarce supply = {0};
    struct pie_mem mem = SCARCE_MEM(&supply);
    struct pie_queue q;
    size_t failures = 0;
    (void)state;
    pie_queue_init(&q, &mem);
    for (size_t i = 0; i < PIE_COUNT(e); i++) {
        pie_queued_init(&e[i], NULL);
        scarce_give(&supply, 0);
        apipie_status status = pie_queue_put(&q, &e[i], -(int64_t)i, i);
        if (status != APIPIE_OK) {
            failures++;
            assert_int_equal(status, APIPIE_E_MEMORY);
            assert_true(e[i].at == PIE_QUEUE_NONE);
            assert_int_equal(q.count, i);
            assert_ptr_equal(pie_queue_first(&q), i != 0 ? &e[i - 1] : NULL);
            check_heap(&q);
            scarce_give(&supply, 1);
            assert_int_equal(pie_queue_put(&q, &e[i], -(int64_t)i, i), APIPIE_OK);
        }
    }
    assert_in_range(failures, 2, 20); /* each growth; few of them */
    scarce_give(&supply, 0);
    for (size_t i = PIE_COUNT(e); i-- > 0;) { /* going out needs none */
        pie_queue_move(&q, &e[i], INT64_MIN);
        assert_ptr_equal(pie_queue_first(&q), &e[i]);
        pie_queue_take(&q, &e[i]);
    }
    pie_queue_free(&q);
    assert_int_equal(supply.alive, 0);
}

static void what_is_reserved_is_there(void **state)
{
    static struct pie_queued e[1000];
    struct scarce supply = {0};
    struct pie_mem mem = SCARCE_MEM(&supply);
    struct pie_queue q;
    (void)state;
    scarce_give(&supply, 0);
    pie_queue_init(&q, &mem);
    assert_int_equal(pie_queue_reserve(&q, PIE_COUNT(e)), APIPIE_E_MEMORY);
    scarce_give(&supply, 1);
    assert_int_equal(pie_queue_reserve(&q, PIE_COUNT(e)), APIPIE_OK);
    assert_int_equal(pie_queue_reserve(&q, 10), APIPIE_OK);
    for (size_t i = 0; i < PIE_COUNT(e); i++) {
        pie_queued_init(&e[i], NULL);
        assert_int_equal(pie_queue_put(&q, &e[i], (int64_t)i, i), APIPIE_OK);
    }
    assert_int_equal(supply.asked, 2);
    /* More than can be: refused before anything is asked for. */
    scarce_give(&supply, 1);
    assert_int_equal(pie_queue_reserve(&q, SIZE_MAX), APIPIE_E_MEMORY);
    assert_int_equal(pie_queue_reserve(&q, SIZE_MAX / sizeof(void *) + 1), APIPIE_E_MEMORY);
    assert_int_equal(supply.asked, 2);
    pie_queue_free(&q);
    assert_int_equal(supply.alive, 0);
    assert_null(pie_queue_first(&q));
}

/* Making room for one more each time must not copy everything each time. */
static void room_grows_in_steps(void **state)
{
    struct scarce supply = {0};
    struct pie_mem mem = SCARCE_MEM(&supply);
    struct pie_queue q;
    (void)state;
    pie_queue_init(&q, &mem);
    for (size_t i = 1; i <= 10000; i++)
        assert_int_equal(pie_queue_reserve(&q, i), APIPIE_OK);
    assert_true(q.room >= 10000 && q.room <= 15000);
    assert_in_range(supply.asked, 1, 30);
    pie_queue_free(&q);
    assert_int_equal(supply.alive, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_queue_is_the_model),
        cmocka_unit_test(equal_keys_keep_their_order),
        cmocka_unit_test(the_middle_can_be_taken),
        cmocka_unit_test(a_stranger_changes_nothing),
        cmocka_unit_test(a_put_without_memory_changes_nothing),
        cmocka_unit_test(what_is_reserved_is_there),
        cmocka_unit_test(room_grows_in_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
