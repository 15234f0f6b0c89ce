/* SPDX-License-Identifier: MIT */
/* Knows where the records of a model list lie in its text; must not know what stands in one. Each record is parsed by
 * itself: a list of thousands needs no tree of thousands. */
#include "catalog/catalog_priv.h"
#include "flow/flow.h"

/* A list of nothing but names may not buy much memory with few bytes. */
#define LIST_ROWS   ((size_t)200000)
#define LIST_PRICES ((size_t)4000000)

/* A place in safe JSON. Text that is not valid makes nonsense of the records, never of memory. */
struct list_at {
    struct pie_slice s;
    size_t i;
};

static void list_skip(struct list_at *at, char also)
{
    while (at->i < at->s.n && (pie_is_blank(at->s.p[at->i]) || at->s.p[at->i] == also))
        at->i++;
}

static int list_next(const struct list_at *at)
{
    return at->i < at->s.n ? at->s.p[at->i] : '\0';
}

/* i is at the quote that opens; the place after the one that closes. */
static size_t list_string_end(struct pie_slice s, size_t i)
{
    size_t start = i + 1;
    for (i = start; i < s.n; i++) {
        const char *quote = memchr(s.p + i, '"', s.n - i);
        if (quote == NULL)
            return s.n;
        i = (size_t)(quote - s.p);
        size_t back = i;
        while (back > start && s.p[back - 1] == '\\')
            back--;
        if ((i - back) % 2 == 0)
            return i + 1;
    }
    return s.n;
}

/* Past the value at hand, whatever it is. */
static struct pie_slice list_value(struct list_at *at)
{
    size_t depth = 0;
    size_t start = at->i;
    while (at->i < at->s.n) {
        char c = at->s.p[at->i];
        if (depth == 0 && (c == ',' || c == ']' || c == '}'))
            break;
        if (c == '"')
            at->i = list_string_end(at->s, at->i);
        else
            at->i++;
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        if (depth == 0 && (c == '"' || c == '}' || c == ']'))
            break;
    }
    return pie_slice(at->s.p + start, at->i - start);
}

/* The array: the text itself, or the last "data" of it. */
static struct pie_slice list_find(struct pie_slice safe)
{
    struct pie_slice found = {NULL, 0};
    struct list_at at = {safe, 0};
    list_skip(&at, ' ');
    if (list_next(&at) == '[')
        return list_value(&at);
    if (list_next(&at) != '{')
        return found;
    at.i++;
    for (list_skip(&at, ','); list_next(&at) == '"'; list_skip(&at, ',')) {
        struct pie_slice key = list_value(&at);
        list_skip(&at, ':');
        struct pie_slice value = list_value(&at);
        if (pie_slice_equal(key, "\"data\""))
            found = value;
    }
    return found.n != 0 && found.p[0] == '[' ? found : pie_slice(NULL, 0);
}

static apipie_status list_row(struct pie_reader *r, struct pie_slice record)
{
    struct pie_slice nobody = {NULL, 0};
    struct pie_doc *doc = NULL;
    if (record.p[0] != '{')
        return pie_table_warn(r->table, r->row, nobody, NULL, "dropped: is no object");
    apipie_status status = pie_doc_parse(&r->table->mem, record, &doc);
    if (status == APIPIE_E_MALFORMED)
        return pie_table_warn(r->table, r->row, nobody, NULL, "dropped: cannot be read");
    if (status == APIPIE_OK)
        status = pie_record_read(r, pie_doc_root(doc), record);
    pie_doc_free(doc);
    return status != APIPIE_OK ? status : pie_table_failed(r->table);
}

apipie_status pie_reader_string(struct pie_reader *r, struct pie_slice text, struct pie_doc **ret)
{
    struct pie_buf *safe = &r->scratch;
    pie_buf_clear(safe);
    apipie_status status = pie_json_safe(safe->mem, text, safe, NULL);
    if (status == APIPIE_OK)
        status = safe->failed;
    if (status == APIPIE_OK)
        status = pie_doc_parse(safe->mem, pie_buf_slice(safe), ret);
    return status;
}

static apipie_status list_rows(struct pie_reader *r, struct pie_slice list, int32_t cut)
{
    struct pie_slice nobody = {NULL, 0};
    struct list_at at = {list, 1};
    apipie_status status = pie_table_failed(r->table);
    list_skip(&at, ',');
    while (status == APIPIE_OK && at.i < list.n && list_next(&at) != ']') {
        struct pie_slice record = list_value(&at);
        if (record.n == 0)
            break;
        list_skip(&at, ',');
        r->row++;
        if (r->table->n >= LIST_ROWS || r->table->listed_n >= LIST_PRICES)
            return pie_table_warn(r->table, r->row, nobody, NULL,
                                  "dropped, like all that follow: there are too many models");
        if (cut && (at.i >= list.n || list_next(&at) == ']'))
            return pie_table_warn(r->table, r->row, nobody, NULL,
                                  "dropped: the list breaks off in it");
        status = list_row(r, record);
    }
    return status;
}

static apipie_status list_read(const struct pie_mem *mem, struct pie_slice safe, int32_t cut,
                               int64_t fetched_ms, struct pie_table **ret)
{
    struct pie_slice list = list_find(safe);
    if (list.n == 0)
        return APIPIE_E_MALFORMED;
    struct pie_reader r = {pie_table_new(mem, fetched_ms), {0}, 0};
    if (r.table == NULL)
        return APIPIE_E_MEMORY;
    pie_buf_init(&r.scratch, mem, (size_t)INT32_MAX);
    apipie_status status = list_rows(&r, list, cut);
    pie_buf_free(&r.scratch);
    if (status != APIPIE_OK) {
        pie_table_free(r.table);
        return status;
    }
    *ret = r.table;
    return APIPIE_OK;
}

apipie_status pie_catalog_parse_safe(const struct pie_mem *mem, struct pie_slice safe, int32_t cut,
                                     int64_t fetched_wall_ms, struct apipie_catalog **ret)
{
    struct pie_table *t = NULL;
    apipie_status status = list_read(mem, safe, cut, fetched_wall_ms, &t);
    return status == APIPIE_OK ? pie_table_publish(t, ret) : status;
}

/* ---- text as it came */

/* How many brackets stay open: the safe text has them closed, and does not say which. */
static int64_t list_open(struct pie_slice text)
{
    int64_t depth = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '"')
            i = list_string_end(text, i) - 1;
        else if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
    }
    return depth;
}

/* Does it break off inside a record? */
static int32_t list_is_cut(struct pie_slice text, const struct pie_damage *damage)
{
    const char *start = text.n != 0 ? memchr(text.p, '{', text.n) : NULL;
    const char *array = text.n != 0 ? memchr(text.p, '[', text.n) : NULL;
    int64_t around = start != NULL && (array == NULL || start < array) ? 2 : 1;
    return damage->found && list_open(text) > around;
}

static apipie_status list_warn_damage(struct pie_table *t, const struct pie_damage *damage)
{
    char line[160];
    struct pie_buf text;
    struct pie_slice nobody = {NULL, 0};
    if (!damage->found)
        return APIPIE_OK;
    pie_buf_init(&text, &t->mem, sizeof(line) - 1);
    pie_buf_add_text(&text, "the list is damaged at byte ");
    pie_buf_add_uint(&text, damage->offset);
    pie_buf_add_text(&text, ": ");
    pie_buf_add_text(&text, damage->what);
    apipie_status status = text.failed;
    pie_text_display(pie_buf_slice(&text), line, sizeof(line));
    pie_buf_free(&text);
    return status != APIPIE_OK ? status : pie_table_warn(t, 0, nobody, NULL, line);
}

apipie_status pie_catalog_parse(const struct pie_mem *mem, struct pie_slice text,
                                int64_t fetched_wall_ms, struct apipie_catalog **ret)
{
    struct pie_buf safe;
    struct pie_damage damage = {0};
    struct pie_table *t = NULL;
    if (text.n > (size_t)INT32_MAX)
        return APIPIE_E_LIMIT;
    pie_buf_init(&safe, mem, SIZE_MAX / 2);
    pie_buf_reserve(&safe, text.n + text.n / 4);
    apipie_status status = pie_json_safe(mem, text, &safe, &damage);
    if (status == APIPIE_OK)
        status = safe.failed;
    if (status == APIPIE_OK)
        status =
            list_read(mem, pie_buf_slice(&safe), list_is_cut(text, &damage), fetched_wall_ms, &t);
    pie_buf_free(&safe);
    if (status != APIPIE_OK)
        return status;
    status = list_warn_damage(t, &damage);
    if (status == APIPIE_OK)
        return pie_table_publish(t, ret);
    pie_table_free(t);
    return status;
}
