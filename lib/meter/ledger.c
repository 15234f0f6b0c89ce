/* SPDX-License-Identifier: MIT */
/* Knows the ledger's file, which other processes append to as well; must not know what its lines mean. */
#include "meter/meter_priv.h"

/* How long another process may hold the file. */
#define LEDGER_WAIT_MS 1000
/* How often it may be another file once it is locked. */
#define LEDGER_TRIES 8
/* Behind by more than this, most is read before the file is locked. */
#define LEDGER_FAR 1048576
/* What the buffer for lines has from the start, so that the end of an attempt can be noted without memory. */
#define LEDGER_OUT_FIRST 4096

void pie_meter_ledger_init(struct pie_meter_ledger *l)
{
    memset(l, 0, sizeof(*l));
    l->file = PIE_FILE_NONE;
}

void pie_meter_ledger_close(struct pie_meter_ledger *l, const struct pie_mem *mem)
{
    const char *reason = NULL;
    if (l->file != PIE_FILE_NONE)
        pie_file_close(l->file, &reason);
    pie_mem_free(mem, l->path);
    pie_mem_free(mem, l->buffer);
    pie_buf_free(&l->out);
    pie_meter_ledger_init(l);
}

static apipie_status ledger_memory(struct pie_meter_ledger *l, const struct pie_mem *mem,
                                   const char *path)
{
    l->path = pie_path_absolute(mem, path);
    l->buffer = pie_mem_new(mem, PIE_METER_LINE, 1);
    pie_buf_init(&l->out, mem, 2 * PIE_METER_LINE);
    pie_buf_reserve(&l->out, LEDGER_OUT_FIRST);
    pie_buf_add_char(&l->out, '\n');
    return l->path != NULL && l->buffer != NULL ? l->out.failed : APIPIE_E_MEMORY;
}

static apipie_status ledger_lock(struct pie_meter_ledger *l, const char **ret_reason)
{
    apipie_status status = pie_file_lock(l->file, LEDGER_WAIT_MS, ret_reason);
    if (status != APIPIE_PENDING)
        return status;
    *ret_reason = "another process holds the ledger";
    return APIPIE_E_FILE;
}

/* A file that cannot be locked is found here, before the books of another ledger are given up for it. */
apipie_status pie_meter_ledger_open(struct pie_meter_ledger *l, const struct pie_mem *mem,
                                    const char *path, const char **ret_reason)
{
    pie_meter_ledger_init(l);
    apipie_status status = ledger_memory(l, mem, path);
    if (status == APIPIE_OK)
        status = pie_file_open_append(l->path, &l->file, ret_reason);
    if (status == APIPIE_OK)
        status = ledger_lock(l, ret_reason);
    if (status != APIPIE_OK) {
        pie_meter_ledger_close(l, mem);
        return status;
    }
    pie_file_unlock(l->file);
    l->stale = 1;
    return APIPIE_OK;
}

/* Remembers the bytes before offset. */
static apipie_status ledger_remember(struct pie_meter_ledger *l, const char **ret_reason)
{
    const size_t n = l->offset < sizeof(l->mark) ? (size_t)l->offset : sizeof(l->mark);
    return pie_file_read_at(l->file, l->offset - n, l->mark, n, &l->mark_n, ret_reason);
}

/* Is what was read still there? A file that is shorter now lacks the mark. */
static apipie_status ledger_verify(struct pie_meter_ledger *l, const char **ret_reason)
{
    char now[sizeof(l->mark)];
    size_t n = 0;
    if (l->stale)
        return APIPIE_OK;
    apipie_status status =
        pie_file_read_at(l->file, l->offset - l->mark_n, now, l->mark_n, &n, ret_reason);
    if (status == APIPIE_OK && (n != l->mark_n || memcmp(now, l->mark, n) != 0))
        l->stale = 1;
    return status;
}

/* Reads the whole lines of the buffer; *ret_used: their bytes. */
static apipie_status ledger_lines(struct pie_meter *m, size_t have, size_t *ret_used)
{
    struct pie_meter_ledger *l = &m->ledger;
    apipie_status status = APIPIE_OK;
    size_t at = 0;
    while (at < have && status == APIPIE_OK) {
        const char *line = l->buffer + at;
        const char *end = memchr(line, '\n', have - at);
        if (end == NULL)
            break;
        const size_t n = (size_t)(end - line);
        if (!l->skipping)
            status = pie_meter_line_read(m, pie_slice(line, n));
        l->skipping = 0;
        at += n + 1;
    }
    *ret_used = at;
    return status;
}

/* What the buffer still holds has no end yet. Under the lock nobody is writing it: a writer died there. If it is whole
 * but for the line end, it counts, as it will when the next line has put an end behind it; else it is skipped. */
static apipie_status ledger_tail(struct pie_meter *m, size_t have, int32_t locked)
{
    struct pie_meter_ledger *l = &m->ledger;
    apipie_status status = APIPIE_OK;
    if (have == PIE_METER_LINE) { /* too long */
        l->skipping = 1;
        l->offset += have;
    } else if (locked && have != 0) {
        if (!l->skipping)
            status = pie_meter_line_read(m, pie_slice(l->buffer, have));
        l->offset += have;
    }
    return status;
}

static apipie_status ledger_read(struct pie_meter *m, uint64_t size, int32_t locked,
                                 const char **ret_reason)
{
    struct pie_meter_ledger *l = &m->ledger;
    size_t used = 0;
    size_t have = 0;
    apipie_status status = APIPIE_OK;
    while (status == APIPIE_OK && l->offset < size) {
        status = pie_file_read_at(l->file, l->offset, l->buffer, PIE_METER_LINE, &have, ret_reason);
        if (status == APIPIE_OK)
            status = ledger_lines(m, have, &used);
        if (status != APIPIE_OK || have == 0)
            break;
        l->offset += used;
        if (used != 0)
            continue;
        const uint64_t before = l->offset;
        status = ledger_tail(m, have, locked);
        if (l->offset == before)
            break;
    }
    return status;
}

/* Lines that could not be written yet are in no file, but they are true. */
static apipie_status ledger_read_waiting(struct pie_meter *m)
{
    struct pie_slice rest = pie_buf_slice(&m->ledger.out);
    apipie_status status = APIPIE_OK;
    while (rest.n != 0 && status == APIPIE_OK) {
        const char *end = memchr(rest.p, '\n', rest.n);
        const size_t n = end != NULL ? (size_t)(end - rest.p) : rest.n;
        status = pie_meter_line_read(m, pie_slice(rest.p, n));
        rest = pie_slice(rest.p + n, rest.n - n);
        if (rest.n != 0)
            rest = pie_slice(rest.p + 1, rest.n - 1);
    }
    return status;
}

static apipie_status ledger_follow(struct pie_meter *m, uint64_t size, int32_t locked,
                                   const char **ret_reason)
{
    struct pie_meter_ledger *l = &m->ledger;
    apipie_status status = ledger_verify(l, ret_reason);
    if (status != APIPIE_OK || (!l->stale && l->offset == size))
        return status;
    const int32_t anew = l->stale;
    if (anew) {
        pie_meter_forget(m);
        l->offset = 0;
        l->skipping = 0;
    }
    /* Stale until all went well: a part that is in the books must not come in twice. */
    l->stale = 1;
    status = ledger_read(m, size, locked, ret_reason);
    if (status == APIPIE_OK && anew)
        status = ledger_read_waiting(m);
    if (status == APIPIE_OK)
        status = ledger_remember(l, ret_reason);
    if (status == APIPIE_OK)
        l->stale = 0;
    return status;
}

/* The day of the books. */
static void ledger_turn(struct pie_meter *m, int64_t now_wall_ms)
{
    /* Threads come in another order than they looked at the clock: midnight must not go to and fro. */
    if (now_wall_ms > m->now_ms || m->now_ms - now_wall_ms > 60000)
        m->now_ms = now_wall_ms;
    if (pie_meter_day(m->now_ms) != m->day)
        m->ledger.stale = 1;
    m->day = pie_meter_day(m->now_ms);
}

/* The file that stands at the path now. */
static apipie_status ledger_reopen(struct pie_meter_ledger *l, const char **ret_reason)
{
    pie_file next = PIE_FILE_NONE;
    const char *ignored = NULL;
    apipie_status status = pie_file_open_append(l->path, &next, ret_reason);
    if (status != APIPIE_OK)
        return status;
    pie_file_close(l->file, &ignored);
    l->file = next;
    l->stale = 1;
    return APIPIE_OK;
}

apipie_status pie_meter_ledger_look(struct pie_meter *m, int64_t now_wall_ms,
                                    const char **ret_reason)
{
    struct pie_meter_ledger *l = &m->ledger;
    uint64_t size = 0;
    apipie_status status = APIPIE_OK;
    ledger_turn(m, now_wall_ms);
    if (!pie_file_is_at(l->file, l->path))
        status = ledger_reopen(l, ret_reason);
    if (status == APIPIE_OK)
        status = pie_file_size(l->file, &size, ret_reason);
    return status == APIPIE_OK ? ledger_follow(m, size, 0, ret_reason) : status;
}

/* With the file locked: APIPIE_PENDING when it must be let go once more, because it is another file by now, or because
 * there is so much to read that the others should not wait for it. */
static apipie_status ledger_arrive(struct pie_meter *m, const char **ret_reason)
{
    struct pie_meter_ledger *l = &m->ledger;
    uint64_t size = 0;
    if (!pie_file_is_at(l->file, l->path))
        return APIPIE_PENDING;
    apipie_status status = pie_file_size(l->file, &size, ret_reason);
    if (status == APIPIE_OK && size > LEDGER_FAR && (l->stale || size - LEDGER_FAR > l->offset))
        return APIPIE_PENDING;
    return status == APIPIE_OK ? ledger_follow(m, size, 1, ret_reason) : status;
}

apipie_status pie_meter_ledger_enter(struct pie_meter *m, int64_t now_wall_ms,
                                     const char **ret_reason)
{
    struct pie_meter_ledger *l = &m->ledger;
    apipie_status status = APIPIE_PENDING;
    ledger_turn(m, now_wall_ms);
    for (int32_t tries = 0; tries < LEDGER_TRIES && status == APIPIE_PENDING; tries++) {
        status = tries != 0 ? pie_meter_ledger_look(m, now_wall_ms, ret_reason) : APIPIE_OK;
        if (status == APIPIE_OK)
            status = ledger_lock(l, ret_reason);
        if (status != APIPIE_OK)
            return status;
        status = ledger_arrive(m, ret_reason);
        if (status != APIPIE_OK)
            pie_file_unlock(l->file);
    }
    if (status != APIPIE_PENDING)
        return status;
    *ret_reason = "the ledger changes too fast to be read";
    return APIPIE_E_FILE;
}

void pie_meter_ledger_leave(struct pie_meter *m)
{
    pie_file_unlock(m->ledger.file);
}

apipie_status pie_meter_ledger_write(struct pie_meter *m, const char **ret_reason)
{
    struct pie_meter_ledger *l = &m->ledger;
    /* A line that a writer left without its end gets it now: out begins with one. */
    const size_t skip = l->mark_n == 0 || l->mark[l->mark_n - 1] == '\n' ? 1 : 0;
    apipie_status status = pie_file_append(l->file, l->out.p + skip, l->out.n - skip, ret_reason);
    if (status != APIPIE_OK)
        return status;
    /* What was just written is in the books already, and it is longer than the mark. */
    l->offset += l->out.n - skip;
    l->skipping = 0;
    l->mark_n = sizeof(l->mark);
    memcpy(l->mark, l->out.p + l->out.n - l->mark_n, l->mark_n);
    pie_buf_truncate(&l->out, 1);
    l->problem = l->lost ? l->problem : NULL;
    return APIPIE_OK;
}
