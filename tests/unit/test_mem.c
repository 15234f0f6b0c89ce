/* SPDX-License-Identifier: MIT */
/* Blocks and their count: edges of the limit, sums that overflow, refusals of the allocator, several threads; and buffers
 * where memory is short. */
#include "base/base.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* An allocator that keeps books of its own, and refuses when told to. */
struct host {
    int64_t bytes, calls;
    int32_t refuse;
    struct pie_mem_count count;
    struct pie_mem mem;
};

union host_head {
    size_t size;
    max_align_t align;
};

static void *host_alloc(void *user, size_t size)
{
    struct host *h = user;
    h->calls++;
    union host_head *head = h->refuse ? NULL : malloc(sizeof(*head) + size);
    if (head == NULL)
        return NULL;
    head->size = size;
    h->bytes += (int64_t)size;
    return head + 1;
}

static void host_release(void *user, void *block)
{
    struct host *h = user;
    union host_head *head = (union host_head *)block - 1;
    h->bytes -= (int64_t)head->size;
    free(head);
}

static void *host_resize(void *user, void *block, size_t size)
{
    const union host_head *old = (union host_head *)block - 1;
    void *other = host_alloc(user, size);
    if (other == NULL)
        return NULL;
    memcpy(other, block, old->size < size ? old->size : size);
    host_release(user, block);
    return other;
}

static int setup(void **state)
{
    struct host *h = calloc(1, sizeof(*h));
    if (h == NULL)
        return -1;
    const struct pie_mem mem = {h, host_alloc, host_resize, host_release, &h->count};
    h->mem = mem;
    *state = h;
    return 0;
}

/* Whatever a test did: what is counted is what the allocator gave, and all of it came back. */
static int teardown(void **state)
{
    struct host *h = *state;
    int failed = h->bytes != 0 || h->count.now != 0;
    free(h);
    return failed;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* What a block takes beside its bytes. */
static int64_t head_size(struct host *h)
{
    int64_t before = h->count.now;
    void *block = pie_mem_new(&h->mem, 1, 100);
    int64_t size = h->count.now - before - 100;
    pie_mem_free(&h->mem, block);
    return size;
}

#define assert_counts(h, now_, peak_, refused_)                                                    \
    do {                                                                                           \
        assert_int_equal((h)->count.now, now_);                                                    \
        assert_int_equal((h)->count.now, (h)->bytes);                                              \
        assert_int_equal((h)->count.peak, peak_);                                                  \
        assert_int_equal((h)->count.refused, refused_);                                            \
    } while (0)

/* ---- blocks */

static void blocks_are_aligned_and_zeroed(void **state)
{
    struct host *h = *state;
    const struct pie_mem *const mems[] = {&pie_mem_libc, &h->mem};
    for (size_t i = 0; i < 200; i++) {
        const struct pie_mem *mem = mems[i % 2];
        uint8_t *block = pie_mem_new(mem, i / 2, 1);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
        for (size_t n = 0; n < i / 2; n++)
            assert_int_equal(block[n], 0);
        memset(block, 0xA5, i / 2);
        block = pie_mem_resize(mem, block, i + 1);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
        for (size_t n = 0; n < i / 2; n++)
            assert_int_equal(block[n], 0xA5);
        pie_mem_free(mem, block);
    }
}

static void a_head_is_small(void **state)
{
    struct host *h = *state;
    assert_in_range(head_size(h), sizeof(size_t), 2 * sizeof(max_align_t));
}

static void texts_end_with_nul(void **state)
{
    struct host *h = *state;
    char *text = pie_mem_text(&h->mem, "lake", 3);
    char *none = pie_mem_text(&h->mem, NULL, 0);
    assert_string_equal(text, "lak");
    assert_string_equal(none, "");
    assert_int_equal(h->count.now, 2 * head_size(h) + 5);
    assert_int_equal(h->count.now, h->bytes);
    pie_mem_free(&h->mem, text);
    pie_mem_free(&h->mem, none);
}

static void nothing_is_freed_for_nothing(void **state)
{
    struct host *h = *state;
    assert_null(pie_mem_free(&h->mem, NULL));
    assert_null(pie_mem_free(&pie_mem_libc, NULL));
    assert_counts(h, 0, 0, 0);
    assert_int_equal(h->calls, 0);
}

/* ---- the count */

static void what_is_held_is_counted(void **state)
{
    struct host *h = *state;
    const int64_t head = head_size(h);
    h->count.peak = 0;
    void *a = pie_mem_new(&h->mem, 10, 10);
    assert_counts(h, head + 100, head + 100, 0);
    void *b = pie_mem_resize(&h->mem, NULL, 50);
    assert_counts(h, 2 * head + 150, 2 * head + 150, 0);
    a = pie_mem_resize(&h->mem, a, 300);
    assert_counts(h, 2 * head + 350, 2 * head + 350, 0);
    a = pie_mem_resize(&h->mem, a, 20);
    assert_counts(h, 2 * head + 70, 2 * head + 350, 0);
    a = pie_mem_resize(&h->mem, a, 20);
    assert_counts(h, 2 * head + 70, 2 * head + 350, 0);
    b = pie_mem_free(&h->mem, b);
    assert_counts(h, head + 20, 2 * head + 350, 0);
    a = pie_mem_free(&h->mem, a);
    assert_counts(h, 0, 2 * head + 350, 0);
}

static void a_block_may_go_back_uncounted(void **state)
{
    struct host *h = *state;
    struct pie_mem plain = h->mem;
    plain.count = NULL;
    void *block = pie_mem_new(&plain, 1, 100);
    assert_int_equal(h->count.now, 0);
    block = pie_mem_resize(&plain, block, 1000);
    assert_non_null(block);
    pie_mem_free(&plain, block);
    block = pie_mem_new(&h->mem, 1, 100);
    pie_mem_free(&plain, block);
    assert_int_equal(h->bytes, 0);
    assert_int_equal(h->count.now, head_size(h) + 100);
    assert_false(pie_mem_is_limited(&plain));
    h->count.now = 0;
}

static void the_allocator_refuses(void **state)
{
    struct host *h = *state;
    const int64_t head = head_size(h);
    char *block = pie_mem_text(&h->mem, "lake", 4);
    h->refuse = 1;
    assert_null(pie_mem_new(&h->mem, 1, 1000));
    assert_null(pie_mem_text(&h->mem, "hill", 4));
    assert_null(pie_mem_resize(&h->mem, NULL, 1000));
    assert_null(pie_mem_resize(&h->mem, block, 1000));
    assert_null(pie_mem_resize(&h->mem, block, 2));
    assert_string_equal(block, "lake");
    assert_counts(h, head + 5, head + 100, 5);
    pie_mem_free(&h->mem, block);
}

/* The allocator is not even asked. */
static void sums_that_overflow(void **state)
{
    static const size_t sizes[] = {SIZE_MAX,         SIZE_MAX - 1,        SIZE_MAX - 7,
                                   SIZE_MAX - 15,    SIZE_MAX - 16,       SIZE_MAX - 64,
                                   SIZE_MAX / 2 + 1, (size_t)PTRDIFF_MAX, (size_t)PTRDIFF_MAX - 1};
    struct host *h = *state;
    struct pie_mem plain = h->mem;
    plain.count = NULL;
    char *block = pie_mem_text(&h->mem, "lake", 4);
    int64_t calls = h->calls, now = h->count.now;
    for (size_t i = 0; i < PIE_COUNT(sizes); i++) {
        assert_null(pie_mem_new(&h->mem, sizes[i], 1));
        assert_null(pie_mem_new(&h->mem, 2, sizes[i]));
        assert_null(pie_mem_new(&h->mem, sizes[i], sizes[i]));
        assert_null(pie_mem_text(&h->mem, "x", sizes[i]));
        assert_null(pie_mem_resize(&h->mem, NULL, sizes[i]));
        assert_null(pie_mem_resize(&h->mem, block, sizes[i]));
        assert_null(pie_mem_resize(&plain, block, sizes[i]));
    }
    assert_string_equal(block, "lake");
    assert_int_equal(h->calls, calls);
    assert_counts(h, now, now, 6 * (int64_t)PIE_COUNT(sizes));
    /* Counted bytes must not overflow either. */
    h->count.now = INT64_MAX - 10;
    assert_null(pie_mem_new(&h->mem, 1, 1));
    assert_int_equal(h->calls, calls);
    h->count.now = now;
    pie_mem_free(&h->mem, block);
}

/* ---- the limit */

static void edges_of_the_limit(void **state)
{
    struct host *h = *state;
    const int64_t head = head_size(h);
    h->count.peak = 0;
    assert_false(pie_mem_is_limited(&h->mem));
    h->count.limit = 2 * head + 300;
    assert_true(pie_mem_is_limited(&h->mem));
    void *a = pie_mem_new(&h->mem, 1, 100);
    int64_t calls = h->calls;
    assert_null(pie_mem_new(&h->mem, 1, 201));
    assert_int_equal(h->calls, calls);
    assert_counts(h, head + 100, head + 100, 1);
    void *b = pie_mem_new(&h->mem, 1, 200);
    assert_non_null(b);
    assert_counts(h, 2 * head + 300, 2 * head + 300, 1);
    assert_null(pie_mem_new(&h->mem, 1, 1));
    assert_null(pie_mem_resize(&h->mem, b, 201));
    assert_counts(h, 2 * head + 300, 2 * head + 300, 3);
    b = pie_mem_resize(&h->mem, b, 199); /* one byte free: the other may have it */
    void *more = pie_mem_resize(&h->mem, a, 101);
    assert_non_null(more);
    assert_counts(h, 2 * head + 300, 2 * head + 300, 3);
    pie_mem_free(&h->mem, more);
    pie_mem_free(&h->mem, b);
}

/* Less than is held refuses what is new, and nothing else. */
static void a_limit_that_comes_later(void **state)
{
    struct host *h = *state;
    void *a = pie_mem_new(&h->mem, 1, 1000);
    h->count.limit = 100;
    assert_null(pie_mem_new(&h->mem, 1, 1));
    assert_null(pie_mem_resize(&h->mem, a, 1001));
    void *smaller = pie_mem_resize(&h->mem, a, 999);
    assert_non_null(smaller);
    smaller = pie_mem_resize(&h->mem, smaller, 999);
    assert_non_null(smaller);
    assert_int_equal(h->count.refused, 2);
    h->count.limit = 0;
    smaller = pie_mem_resize(&h->mem, smaller, 5000);
    assert_non_null(smaller);
    h->count.limit = INT64_MAX;
    smaller = pie_mem_resize(&h->mem, smaller, 6000);
    assert_non_null(smaller);
    pie_mem_free(&h->mem, smaller);
}

/* ---- threads */

#define CROWD       4
#define CROWD_TURNS 20000

/* What all hold by their own account: never more than is counted. */
struct crowd_sum {
    int64_t now, passed;
};

struct crowd {
    struct pie_mem mem;
    struct crowd_sum *sum;
    int64_t small;   /* bytes of a block */
    int64_t refused; /* small ones */
    int32_t greedy;  /* asks for what can never be had */
};

static void crowd_add(struct crowd *c, int64_t bytes)
{
    if (pie_count_add(&c->sum->now, bytes) > pie_count_get(&c->mem.count->limit))
        pie_count_add(&c->sum->passed, 1);
}

static void *crowd_main(void *user)
{
    struct crowd *c = user;
    for (int32_t i = 0; i < CROWD_TURNS; i++) {
        void *huge = c->greedy ? pie_mem_new(&c->mem, 1, SIZE_MAX / 4) : NULL;
        void *block = pie_mem_new(&c->mem, 1, (size_t)c->small);
        crowd_add(c, block != NULL ? c->small : 0);
        void *more = block != NULL ? pie_mem_resize(&c->mem, block, (size_t)c->small * 2) : NULL;
        crowd_add(c, more != NULL ? c->small : 0);
        c->refused += (block == NULL) + (more == NULL) + (huge != NULL);
        crowd_add(c, -c->small * ((block != NULL) + (more != NULL)));
        pie_mem_free(&c->mem, more != NULL ? more : block);
    }
    return NULL;
}

/* How many small blocks were refused under that limit. */
static int64_t crowd_run(struct pie_mem_count *count, int32_t greedy)
{
    struct crowd crowd[CROWD];
    pthread_t threads[CROWD];
    struct crowd_sum sum = {0, 0};
    int64_t refused = 0;
    for (int32_t i = 0; i < CROWD; i++) {
        crowd[i] = (struct crowd){pie_mem_libc, &sum, 1000, 0, greedy && i % 2};
        crowd[i].mem.count = count;
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_main, &crowd[i]), 0);
    }
    for (int32_t i = 0; i < CROWD; i++) {
        pthread_join(threads[i], NULL);
        refused += crowd[i].refused;
    }
    assert_int_equal(sum.now, 0);
    assert_int_equal(sum.passed, 0);
    return refused;
}

/* Room for all: what others ask for in vain refuses nobody. */
static void threads_within_the_limit(void **state)
{
    struct pie_mem_count count = {0, 0, 0, CROWD * 2100};
    (void)state;
    assert_int_equal(crowd_run(&count, 1), 0);
    assert_int_equal(count.now, 0);
    assert_in_range(count.peak, 2000, CROWD * 2100);
    assert_int_equal(count.refused, CROWD / 2 * CROWD_TURNS);
}

/* Room for two and a half: together they do not pass it. */
static void threads_at_the_limit(void **state)
{
    struct pie_mem_count count = {0, 0, 0, 5000};
    (void)state;
    int64_t refused = crowd_run(&count, 0);
    assert_int_equal(count.now, 0);
    assert_in_range(count.peak, 2000, 5000);
    assert_in_range(count.refused, refused / 2,
                    refused); /* without a block there is none to grow */
}

/* An allocator that takes no time, so that the count is where they meet. */
struct seat {
    union host_head room[16];
    struct pie_mem mem;
    int64_t *taken, *twice;
};

static void *seat_alloc(void *user, size_t size)
{
    (void)size;
    return ((struct seat *)user)->room;
}

static void seat_release(void *user, void *block)
{
    (void)user;
    (void)block;
}

static void *seat_main(void *user)
{
    struct seat *s = user;
    for (int32_t i = 0; i < 20 * CROWD_TURNS; i++) {
        void *block = pie_mem_resize(&s->mem, NULL, 10);
        if (block == NULL)
            continue;
        if (pie_count_add(s->taken, 1) != 1)
            pie_count_add(s->twice, 1);
        pie_count_add(s->taken, -1);
        pie_mem_free(&s->mem, block);
    }
    return NULL;
}

/* Room for one block, and four who want it. */
static void one_place_for_four(void **state)
{
    struct pie_mem_count count = {0, 0, 0, 0};
    struct seat seats[CROWD];
    pthread_t threads[CROWD];
    int64_t taken = 0, twice = 0;
    count.limit = head_size(*state) + 15;
    for (int32_t i = 0; i < CROWD; i++) {
        const struct pie_mem mem = {&seats[i], seat_alloc, NULL, seat_release, &count};
        seats[i].mem = mem;
        seats[i].taken = &taken;
        seats[i].twice = &twice;
        assert_int_equal(pthread_create(&threads[i], NULL, seat_main, &seats[i]), 0);
    }
    for (int32_t i = 0; i < CROWD; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(twice, 0);
    assert_int_equal(count.now, 0);
    assert_in_range(count.peak, 10, count.limit);
}

/* ---- buffers */

/* Fills a buffer in pieces; how many bytes went in before memory was short. */
static size_t fill(struct host *h, struct pie_buf *b, size_t piece)
{
    static const char bytes[100000];
    pie_buf_init(b, &h->mem, (size_t)1 << 30);
    while (b->failed == APIPIE_OK)
        pie_buf_add(b, bytes, piece);
    assert_int_equal(b->failed, APIPIE_E_MEMORY);
    return b->n;
}

/* Doubling does not decide what fits. */
static void a_buffer_fills_the_limit(void **state)
{
    static const size_t pieces[] = {1, 7, 64, 1000, 16384, 100000};
    struct host *h = *state;
    const int64_t head = head_size(h);
    for (size_t i = 0; i < PIE_COUNT(pieces); i++) {
        struct pie_buf b;
        size_t piece = pieces[i];
        size_t most = piece * (piece < 1000 ? 3000 : 300);
        h->count.limit = head + (int64_t)most + 1;
        int64_t calls = h->calls;
        assert_int_equal(fill(h, &b, piece), most);
        pie_buf_free(&b);
        h->count.limit--;
        assert_int_equal(fill(h, &b, piece), most - piece);
        pie_buf_free(&b);
        /* Twice about log2, and some steps at the end, not one a piece. */
        if (piece > 1000)
            assert_in_range(h->calls - calls, 2, 2 * 60);
    }
}

/* The old bytes stay. */
static void a_buffer_without_memory(void **state)
{
    struct host *h = *state;
    struct pie_buf b;
    pie_buf_init(&b, &h->mem, 1000000);
    pie_buf_add_text(&b, "lake");
    h->refuse = 1;
    pie_buf_add(&b, "", 0);
    pie_buf_reserve(&b, 50);
    assert_int_equal(b.failed, APIPIE_OK);
    pie_buf_reserve(&b, 500000);
    assert_int_equal(b.failed, APIPIE_E_MEMORY);
    assert_string_equal(b.p, "lake");
    pie_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(blocks_are_aligned_and_zeroed),
        TEST(a_head_is_small),
        TEST(texts_end_with_nul),
        TEST(nothing_is_freed_for_nothing),
        TEST(what_is_held_is_counted),
        TEST(a_block_may_go_back_uncounted),
        TEST(the_allocator_refuses),
        TEST(sums_that_overflow),
        TEST(edges_of_the_limit),
        TEST(a_limit_that_comes_later),
        TEST(threads_within_the_limit),
        TEST(threads_at_the_limit),
        TEST(one_place_for_four),
        TEST(a_buffer_fills_the_limit),
        TEST(a_buffer_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
