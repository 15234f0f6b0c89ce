/* SPDX-License-Identifier: MIT */
/* Knows the file in which prices, latencies and availability are written down as they change; must not fetch a list. */
#include "engine/engine_priv.h"

#define TARIFF_LOCK_MS INT64_C(1000)
#define TARIFF_LINE    PIE_TRACK_LINE
#define TARIFF_PIECE   ((size_t)65536)
#define TARIFF_MOST    ((size_t)64 * 1024 * 1024) /* bytes of new lines of one list */

/* The last line of a model. Both are hashes: of its names, and of what the line says. */
struct tariff_entry {
    struct pie_hash name, says;
    int32_t used;
};

struct pie_tariff {
    const struct pie_mem *mem;
    int32_t refs; /* atomic */
    char *path;
    pie_file file;
    /* ---- the leader's alone */
    uint64_t offset; /* read so far */
    struct tariff_entry *entries;
    size_t count, room; /* room is a power of two, never full */
    struct pie_buf line;
    int32_t open_line; /* the last byte that was read is no line end */
};

void pie_tariff_drop(struct pie_tariff *t)
{
    const char *ignored = NULL;
    if (t == NULL || pie_atomic_add(&t->refs, -1) != 0)
        return;
    if (t->file != PIE_FILE_NONE)
        pie_file_close(t->file, &ignored);
    pie_mem_free(t->mem, t->path);
    pie_mem_free(t->mem, t->entries);
    pie_buf_free(&t->line);
    pie_mem_free(t->mem, t);
}

static apipie_status tariff_open(const struct pie_mem *mem, const char *path,
                                 struct pie_tariff **ret)
{
    const char *reason = NULL;
    struct pie_tariff *t = pie_mem_new(mem, 1, sizeof(*t));
    if (t == NULL)
        return APIPIE_E_MEMORY;
    t->mem = mem;
    t->refs = 1;
    t->file = PIE_FILE_NONE;
    pie_buf_init(&t->line, mem, TARIFF_LINE);
    t->path = pie_path_absolute(mem, path);
    apipie_status status = t->path != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
    if (status == APIPIE_OK)
        status = pie_file_open_append(t->path, &t->file, &reason);
    if (status != APIPIE_OK) {
        pie_tariff_drop(t);
        return status;
    }
    *ret = t;
    return APIPIE_OK;
}

apipie_status pie_tariff_set(struct apipie_client *c, const char *path)
{
    struct pie_tariff *t = NULL;
    apipie_status status = path != NULL ? tariff_open(&c->mem, path, &t) : APIPIE_OK;
    if (status != APIPIE_OK)
        return status;
    pie_lock_take(c->lock);
    struct pie_tariff *old = c->tariff;
    c->tariff = t;
    pie_lock_drop(c->lock);
    pie_tariff_drop(old);
    return APIPIE_OK;
}

/* ---- what the last line of each model says */

static struct tariff_entry *tariff_place(struct tariff_entry *entries, size_t room,
                                         const struct pie_hash *name)
{
    size_t i = (size_t)name->low & (room - 1);
    while (entries[i].used &&
           (entries[i].name.low != name->low || entries[i].name.high != name->high))
        i = (i + 1) & (room - 1);
    return &entries[i];
}

static apipie_status tariff_grow(struct pie_tariff *t)
{
    size_t room = t->room == 0 ? 256 : t->room * 2;
    if (t->room != 0 && t->count < t->room - t->room / 4)
        return APIPIE_OK;
    struct tariff_entry *more = pie_mem_new(t->mem, room, sizeof(*more));
    if (more == NULL)
        return APIPIE_E_MEMORY;
    for (size_t i = 0; i < t->room; i++) {
        if (t->entries[i].used)
            *tariff_place(more, room, &t->entries[i].name) = t->entries[i];
    }
    pie_mem_free(t->mem, t->entries);
    t->entries = more;
    t->room = room;
    return APIPIE_OK;
}

static void tariff_hash(struct pie_hash *h, struct pie_slice a, struct pie_slice b)
{
    pie_hash_init(h);
    pie_hash_add(h, a.p != NULL ? a.p : "", a.n);
    pie_hash_add(h, "", 1); /* its NUL: "a", "bc" is not "ab", "c" */
    pie_hash_add(h, b.p != NULL ? b.p : "", b.n);
}

/* 1 when it says something new; it is remembered then. */
static int32_t tariff_note(struct pie_tariff *t, const struct pie_hash *name,
                           const struct pie_hash *says, apipie_status *ret_status)
{
    *ret_status = tariff_grow(t);
    if (*ret_status != APIPIE_OK)
        return 0;
    struct tariff_entry *e = tariff_place(t->entries, t->room, name);
    if (e->used && e->says.low == says->low && e->says.high == says->high)
        return 0;
    t->count += !e->used;
    e->used = 1;
    e->name = *name;
    e->says = *says;
    return 1;
}

/* ---- lines */

/* What follows the names in a line. */
#define TARIFF_SAYS ",\"price_usd\":"

static void tariff_money(struct pie_buf *out, const char *name, int64_t picodollars)
{
    char text[PIE_NUMBER_MAX];
    pie_number_money_text(picodollars, text);
    pie_buf_add_text(out, name);
    pie_buf_add_text(out, text[0] != '\0' ? "\"" : "null");
    pie_buf_add_text(out, text);
    pie_buf_add_text(out, text[0] != '\0' ? "\"" : "");
}

static void tariff_number(struct pie_buf *out, const char *before, int64_t v)
{
    pie_buf_add_text(out, before);
    if (v < 0)
        pie_buf_add_text(out, "null");
    else
        pie_buf_add_int(out, v);
}

/* All but time and names. */
static void tariff_says(struct pie_buf *out, const struct apipie_catalog *list, size_t i)
{
    static const int32_t latencies[] = {APIPIE_MODEL_LATENCY_2K,  APIPIE_MODEL_LATENCY_4K,
                                        APIPIE_MODEL_LATENCY_8K,  APIPIE_MODEL_LATENCY_16K,
                                        APIPIE_MODEL_LATENCY_32K, APIPIE_MODEL_LATENCY};
    tariff_money(out, TARIFF_SAYS, pie_catalog_number(list, i, APIPIE_MODEL_PRICE));
    tariff_money(out, ",\"input_usd\":", pie_catalog_number(list, i, APIPIE_MODEL_INPUT_COST));
    tariff_money(out, ",\"output_usd\":", pie_catalog_number(list, i, APIPIE_MODEL_OUTPUT_COST));
    tariff_money(out, ",\"average_usd\":", pie_catalog_number(list, i, APIPIE_MODEL_AVG_COST));
    for (size_t k = 0; k < PIE_COUNT(latencies); k++)
        tariff_number(out, k == 0 ? ",\"latency_ms\":[" : ",",
                      pie_catalog_number(list, i, latencies[k]));
    tariff_number(out, "],\"available\":", pie_catalog_usable(list, i));
    pie_buf_add_text(out, "}\n");
}

/* Nothing but nulls: a voice, a pool. */
#define TARIFF_NOTHING                                                                             \
    TARIFF_SAYS "null,\"input_usd\":null,\"output_usd\":null,\"average_usd\":null,\"latency_ms\":" \
                "[null,null,null,null,null,null],\"available\":null}\n"

static apipie_status tariff_row(struct pie_tariff *t, const struct apipie_catalog *list, size_t i,
                                int64_t wall_ms, struct pie_buf *out)
{
    struct pie_hash name, says;
    apipie_status status = APIPIE_OK;
    struct pie_slice provider = pie_slice_text(pie_catalog_text(list, i, APIPIE_MODEL_PROVIDER));
    struct pie_slice model = pie_slice_text(pie_catalog_text(list, i, APIPIE_MODEL_NAME));
    struct pie_slice type = pie_slice_text(pie_catalog_text(list, i, APIPIE_MODEL_TYPE));
    pie_buf_clear(&t->line);
    tariff_says(&t->line, list, i);
    if (t->line.failed != APIPIE_OK || pie_slice_equal(pie_buf_slice(&t->line), TARIFF_NOTHING))
        return t->line.failed;
    tariff_hash(&name, provider, model);
    tariff_hash(&says, pie_buf_slice(&t->line), pie_slice(NULL, 0));
    if (!tariff_note(t, &name, &says, &status))
        return status;
    pie_buf_add_text(out, "{\"wall_ms\":");
    pie_buf_add_int(out, wall_ms);
    pie_buf_add_text(out, ",\"type\":");
    if (type.n != 0)
        pie_json_string(out, type);
    else
        pie_buf_add_text(out, "null");
    pie_buf_add_text(out, ",\"provider\":");
    pie_json_string(out, provider);
    pie_buf_add_text(out, ",\"model\":");
    pie_json_string(out, model);
    pie_buf_add_slice(out, pie_buf_slice(&t->line));
    return out->failed;
}

/* A line of the file, with its end; what is none of ours is passed over. */
static apipie_status tariff_take_line(struct pie_tariff *t, struct pie_slice line)
{
    struct pie_buf safe;
    struct pie_damage damage;
    struct pie_doc *doc = NULL;
    size_t at = pie_slice_find_nocase(line, TARIFF_SAYS);
    if (at == line.n)
        return APIPIE_OK;
    pie_buf_init(&safe, t->mem, 2 * TARIFF_LINE);
    apipie_status status = pie_json_safe(t->mem, line, &safe, &damage);
    if (status == APIPIE_OK && !damage.found)
        status = pie_doc_parse(t->mem, pie_buf_slice(&safe), &doc);
    if (status == APIPIE_OK && doc != NULL) {
        struct pie_hash name, says;
        const struct pie_node *root = pie_doc_root(doc);
        tariff_hash(&name, pie_node_text(pie_node_get(root, "provider")),
                    pie_node_text(pie_node_get(root, "model")));
        tariff_hash(&says, pie_slice(line.p + at, line.n - at), pie_slice(NULL, 0));
        tariff_note(t, &name, &says, &status);
    }
    pie_doc_free(doc);
    pie_buf_free(&safe);
    return status == APIPIE_E_MEMORY ? status : APIPIE_OK;
}

static apipie_status tariff_take(struct pie_tariff *t, struct pie_slice piece)
{
    apipie_status status = APIPIE_OK;
    while (piece.n != 0 && status == APIPIE_OK) {
        const char *end = memchr(piece.p, '\n', piece.n);
        size_t n = end != NULL ? (size_t)(end - piece.p) + 1 : piece.n;
        pie_buf_add(&t->line, piece.p, n); /* one that is too long sticks until its end */
        t->open_line = end == NULL;
        if (end != NULL) {
            if (t->line.failed == APIPIE_OK)
                status = tariff_take_line(t, pie_buf_slice(&t->line));
            else if (t->line.failed == APIPIE_E_MEMORY)
                status = APIPIE_E_MEMORY;
            pie_buf_clear(&t->line);
        }
        piece = pie_slice(piece.p + n, piece.n - n);
    }
    return status;
}

/* ---- the file. It is locked. */

static void tariff_forget(struct pie_tariff *t)
{
    t->entries = pie_mem_free(t->mem, t->entries);
    t->count = t->room = 0;
    t->offset = 0;
    t->open_line = 0;
}

/* What others have written since. */
static apipie_status tariff_follow(struct pie_tariff *t, const char **ret_reason)
{
    char *piece = pie_mem_new(t->mem, TARIFF_PIECE, 1);
    uint64_t size = 0;
    size_t n = 0;
    apipie_status status =
        piece != NULL ? pie_file_size(t->file, &size, ret_reason) : APIPIE_E_MEMORY;
    if (status == APIPIE_OK && size < t->offset)
        tariff_forget(t);
    pie_buf_clear(&t->line);
    while (status == APIPIE_OK && t->offset < size) {
        status = pie_file_read_at(t->file, t->offset, piece, TARIFF_PIECE, &n, ret_reason);
        if (status != APIPIE_OK || n == 0)
            break;
        t->offset += n;
        status = tariff_take(t, pie_slice(piece, n));
    }
    pie_mem_free(t->mem, piece);
    return status;
}

static apipie_status tariff_write(struct pie_tariff *t, const struct apipie_catalog *list,
                                  int64_t wall_ms, const char **ret_reason)
{
    struct pie_buf out;
    apipie_status status = tariff_follow(t, ret_reason);
    pie_buf_init(&out, t->mem, TARIFF_MOST);
    if (t->open_line) /* a writer died there */
        pie_buf_add_char(&out, '\n');
    for (size_t i = 0; i < pie_catalog_count(list) && status == APIPIE_OK; i++)
        status = tariff_row(t, list, i, wall_ms, &out);
    if (status == APIPIE_OK && out.n > (size_t)t->open_line) {
        status = pie_file_append(t->file, out.p, out.n, ret_reason);
        if (status == APIPIE_OK) {
            t->offset += out.n;
            t->open_line = 0;
        }
    }
    if (status != APIPIE_OK) /* what was noted is in no file */
        tariff_forget(t);
    pie_buf_free(&out);
    return status;
}

/* Another file may stand at the path by now. */
static apipie_status tariff_reopen(struct pie_tariff *t, const char **ret_reason)
{
    pie_file next = PIE_FILE_NONE;
    const char *ignored = NULL;
    if (pie_file_is_at(t->file, t->path))
        return APIPIE_OK;
    apipie_status status = pie_file_open_append(t->path, &next, ret_reason);
    if (status != APIPIE_OK)
        return status;
    pie_file_close(t->file, &ignored);
    t->file = next;
    tariff_forget(t);
    return APIPIE_OK;
}

apipie_status pie_tariff_add(struct apipie_client *c, const struct apipie_catalog *list,
                             const char **ret_reason)
{
    pie_lock_take(c->lock);
    struct pie_tariff *t = c->tariff;
    if (t != NULL)
        pie_atomic_add(&t->refs, 1);
    pie_lock_drop(c->lock);
    if (t == NULL)
        return APIPIE_OK;
    apipie_status status = tariff_reopen(t, ret_reason);
    if (status == APIPIE_OK)
        status = pie_file_lock(t->file, TARIFF_LOCK_MS, ret_reason);
    if (status == APIPIE_PENDING) {
        *ret_reason = "another process holds it";
        status = APIPIE_E_FILE;
    } else if (status == APIPIE_OK) {
        status = tariff_write(t, list, pie_clock_wall_ms(), ret_reason);
        pie_file_unlock(t->file);
    }
    pie_tariff_drop(t);
    return status;
}
