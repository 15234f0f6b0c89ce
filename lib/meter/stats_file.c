/* SPDX-License-Identifier: MIT */
/* Knows the file that figures are kept in between two runs; must not know what they mean.
 *
 * apipie-stats 1
 * <hash of the rest of the line, 32 hexadecimal digits> {"backend":"apipie",...}      a line for each route
 *
 * Each line stands for itself: of a file that was cut or damaged, every other line is as good as before. */
#include "meter/meter.h"

#include "meter/stats_priv.h"

#define STATSFILE_FIRST "apipie-stats 1\n"
/* Of a whole file: many times what PIE_STATS_ROUTES lines of usual names need. */
#define STATSFILE_MAX   ((size_t)1 << 28)
#define STATSFILE_HASH  (PIE_HASH_TEXT - 1)
#define STATSFILE_PIECE 16384

static void statsfile_hash(struct pie_slice text, char out[PIE_HASH_TEXT])
{
    struct pie_hash hash;
    pie_hash_init(&hash);
    pie_hash_add(&hash, text.p, text.n);
    pie_hash_text(&hash, out);
}

/* ---- written */

static apipie_status statsfile_write_all(struct pie_buf *out, const struct apipie_stats *s)
{
    struct pie_buf row;
    char hash[PIE_HASH_TEXT];
    pie_buf_init(&row, s->mem, STATSFILE_MAX);
    pie_buf_add_text(out, STATSFILE_FIRST);
    for (size_t i = 0; i < s->count && row.failed == APIPIE_OK; i++) {
        pie_buf_clear(&row);
        pie_stats_row_json(&row, &s->rows[i]);
        statsfile_hash(pie_buf_slice(&row), hash);
        pie_buf_add_text(out, hash);
        pie_buf_add_char(out, ' ');
        pie_buf_add_slice(out, pie_buf_slice(&row));
        pie_buf_add_char(out, '\n');
    }
    apipie_status status = row.failed != APIPIE_OK ? row.failed : out->failed;
    pie_buf_free(&row);
    return status;
}

apipie_status pie_stats_save(const struct apipie_stats *s, const char *path,
                             const char **ret_reason)
{
    struct pie_buf text;
    pie_buf_init(&text, s->mem, STATSFILE_MAX);
    *ret_reason = "out of memory";
    apipie_status status = statsfile_write_all(&text, s);
    if (status == APIPIE_OK)
        status = pie_save_private(s->mem, path, pie_buf_slice(&text), ret_reason);
    pie_buf_free(&text);
    return status == APIPIE_E_LIMIT ? APIPIE_E_MEMORY : status;
}

/* ---- read */

/* What was never negative when it was written; 0 where it is not there, or is not good. */
static int64_t statsfile_count(const struct pie_node *object, const char *name, int32_t *good)
{
    int64_t v = 0;
    const struct pie_node *node = pie_node_get(object, name);
    if (node == NULL || (pie_node_int(node, &v) == APIPIE_OK && v >= 0))
        return v;
    *good = 0;
    return 0;
}

static int64_t statsfile_money(const struct pie_node *object, const char *name, int32_t *good)
{
    int64_t v = 0;
    const struct pie_node *node = pie_node_get(object, name);
    if (node == NULL || (pie_node_money(node, &v) == APIPIE_OK && v >= 0))
        return v;
    *good = 0;
    return 0;
}

static void statsfile_read_ended(const struct pie_node *list, struct pie_stats_row *row,
                                 int32_t *good)
{
    for (size_t i = 0; i < pie_node_count(list); i++) {
        int64_t status = 0;
        const struct pie_node *item = pie_node_at(list, i);
        if (pie_node_int(pie_node_get(item, "status"), &status) != APIPIE_OK ||
            status < INT32_MIN || status > INT32_MAX) {
            *good = 0;
            return;
        }
        int64_t *count = &row->ended[pie_error_index((apipie_status)status)];
        *count = pie_stats_sum(*count, statsfile_count(item, "count", good));
    }
}

static void statsfile_read_time(const struct pie_node *time, struct pie_histogram *h, int32_t *good)
{
    const struct pie_node *buckets = pie_node_get(time, "buckets");
    if (pie_node_count(buckets) != APIPIE_STATS_BUCKETS) {
        *good = 0;
        return;
    }
    h->sum_ms = statsfile_count(time, "sum_ms", good);
    for (size_t i = 0; i < APIPIE_STATS_BUCKETS; i++) {
        if (pie_node_int(pie_node_at(buckets, i), &h->bucket[i]) != APIPIE_OK || h->bucket[i] < 0) {
            h->bucket[i] = 0;
            *good = 0;
        }
        h->count = pie_stats_sum(h->count, h->bucket[i]);
    }
}

/* Numbers of requests follow from how they ended. */
static int32_t statsfile_read_figures(const struct pie_node *root, struct pie_stats_row *row)
{
    int32_t good = pie_node_kind(root) == PIE_JSON_OBJECT;
    for (size_t i = APIPIE_STATS_REQUESTS_OK + 1; i < PIE_STATS_NUMBERS && good; i++) {
        const char *name = pie_stats_number_names[i];
        row->number[i] = pie_stats_is_money(i) ? statsfile_money(root, name, &good)
                                               : statsfile_count(root, name, &good);
    }
    if (good)
        statsfile_read_ended(pie_node_get(root, "ended"), row, &good);
    for (size_t i = 0; i < PIE_STATS_TIMES && good; i++)
        statsfile_read_time(pie_node_get(root, pie_stats_time_names[i]), &row->time[i], &good);
    return good && row->number[APIPIE_STATS_FIRST_MS] > 0 &&
           row->number[APIPIE_STATS_LAST_MS] >= row->number[APIPIE_STATS_FIRST_MS];
}

static apipie_status statsfile_add_row(struct pie_counters *c, const struct pie_mem *mem,
                                       const struct pie_node *root)
{
    struct pie_stats_row row = {{NULL}, {0}, {0}, {{{0}, 0, 0}}};
    char *text[PIE_STATS_TEXTS] = {NULL};
    apipie_status status = APIPIE_OK;
    if (!statsfile_read_figures(root, &row))
        return APIPIE_OK;
    for (size_t i = 0; i < PIE_STATS_TEXTS && status == APIPIE_OK; i++) {
        struct pie_slice name = pie_node_text(pie_node_get(root, pie_stats_text_names[i]));
        row.text[i] = text[i] = pie_mem_text(mem, name.p, name.n);
        status = text[i] != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
    }
    if (status == APIPIE_OK)
        status = pie_counters_add_row(c, &row);
    for (size_t i = 0; i < PIE_STATS_TEXTS; i++)
        pie_mem_free(mem, text[i]);
    return status;
}

/* A line that is not as it was written is passed over. */
static apipie_status statsfile_read_line(struct pie_counters *c, const struct pie_mem *mem,
                                         struct pie_slice line)
{
    char hash[PIE_HASH_TEXT];
    struct pie_doc *doc = NULL;
    if (line.n <= STATSFILE_HASH || line.p[STATSFILE_HASH] != ' ')
        return APIPIE_OK;
    struct pie_slice json = pie_slice(line.p + STATSFILE_HASH + 1, line.n - STATSFILE_HASH - 1);
    statsfile_hash(json, hash);
    if (memcmp(line.p, hash, STATSFILE_HASH) != 0)
        return APIPIE_OK;
    apipie_status status = pie_doc_parse(mem, json, &doc);
    if (status != APIPIE_OK)
        return status == APIPIE_E_MEMORY ? status : APIPIE_OK;
    status = statsfile_add_row(c, mem, pie_doc_root(doc));
    pie_doc_free(doc);
    return status;
}

static apipie_status statsfile_read_lines(struct pie_counters *c, const struct pie_mem *mem,
                                          struct pie_slice rest)
{
    apipie_status status = APIPIE_OK;
    while (rest.n != 0 && status == APIPIE_OK) {
        const char *end = memchr(rest.p, '\n', rest.n);
        size_t n = end != NULL ? (size_t)(end - rest.p) : rest.n;
        status = statsfile_read_line(c, mem, pie_slice(rest.p, n));
        n += end != NULL;
        rest = pie_slice(rest.p + n, rest.n - n);
    }
    return status;
}

/* Cut within its first line it is still one of ours. */
static apipie_status statsfile_check_first(struct pie_slice *text, const char **ret_reason)
{
    size_t n = sizeof(STATSFILE_FIRST) - 1;
    n = text->n < n ? text->n : n;
    if (n != 0 && memcmp(text->p, STATSFILE_FIRST, n) != 0) {
        *ret_reason = "it is no file of statistics";
        return APIPIE_E_FILE;
    }
    *text = pie_slice(text->p + n, text->n - n);
    return APIPIE_OK;
}

static apipie_status statsfile_read_file(const char *path, struct pie_buf *ret,
                                         const char **ret_reason)
{
    pie_file file = PIE_FILE_NONE;
    const char *ignored = NULL;
    char piece[STATSFILE_PIECE];
    size_t n = 1;
    apipie_status status = pie_file_open_read(path, &file, ret_reason);
    if (status != APIPIE_OK)
        return status;
    while (status == APIPIE_OK && n != 0 && ret->failed == APIPIE_OK) {
        status = pie_file_read_at(file, ret->n, piece, sizeof(piece), &n, ret_reason);
        if (status == APIPIE_OK)
            pie_buf_add(ret, piece, n);
    }
    pie_file_close(file, &ignored);
    if (status != APIPIE_OK || ret->failed == APIPIE_OK)
        return status;
    *ret_reason = ret->failed == APIPIE_E_LIMIT ? "it is too large" : "out of memory";
    return ret->failed == APIPIE_E_LIMIT ? APIPIE_E_FILE : APIPIE_E_MEMORY;
}

/* First into counters of its own: without memory nothing of it counts. */
apipie_status pie_stats_load(struct pie_counters *c, const struct pie_mem *mem, const char *path,
                             const char **ret_reason)
{
    struct pie_buf text;
    struct pie_slice rest = {NULL, 0};
    struct pie_counters *fresh = pie_counters_new(mem);
    pie_buf_init(&text, mem, STATSFILE_MAX);
    apipie_status status = APIPIE_E_MEMORY;
    *ret_reason = "out of memory";
    if (fresh != NULL)
        status = statsfile_read_file(path, &text, ret_reason);
    if (status == APIPIE_OK) {
        rest = pie_buf_slice(&text);
        status = statsfile_check_first(&rest, ret_reason);
    }
    if (status == APIPIE_OK)
        status = statsfile_read_lines(fresh, mem, rest);
    if (status == APIPIE_OK)
        status = pie_counters_add(c, fresh);
    pie_buf_free(&text);
    pie_counters_free(fresh);
    return status;
}
