/* SPDX-License-Identifier: MIT */
/* What a catalogue is made of: few blocks, whatever the number of models. */
#ifndef PIE_CATALOG_PRIV_H
#define PIE_CATALOG_PRIV_H

#include "catalog/catalog.h"
#include "codec/codec.h"

#define PIE_ROW_TEXTS   15 /* APIPIE_MODEL_ID and on */
#define PIE_ROW_NUMBERS 25 /* APIPIE_MODEL_ENABLED and on */
#define PIE_PRICE_MOST  (10000 * APIPIE_DOLLAR)

/* Places of the fields in a row. */
#define PIE_TEXT_AT(field)   ((field)-APIPIE_MODEL_ID)
#define PIE_NUMBER_AT(field) ((field)-APIPIE_MODEL_ENABLED)

/* One leaf of a list of prices. */
struct pie_listed {
    int64_t cost;          /* APIPIE_UNKNOWN: refused */
    int32_t width, height; /* 0: any */
    uint32_t quality;      /* among the texts; 0: none is named */
    /* cost is that of this size, others cost by their area; 0: all cost the same */
    int32_t unit_width, unit_height;
    int32_t
        unit_steps; /* likewise by steps; 0: what other steps cost is not known; also of a price of one size, where it is -1 */
};

/* One country of a record of ?restrictions; places among the texts. */
struct pie_restriction {
    uint32_t name;          /* of a provider, a model, or both */
    uint32_t country, code; /* "Cuba", "CU"; 0: not said */
};

struct pie_row {
    uint32_t text[PIE_ROW_TEXTS]; /* places among the texts; 0: unknown */
    uint32_t json, json_n;
    uint32_t listed, listed_n; /* in the table's listed */
    int64_t number[PIE_ROW_NUMBERS];
};

/* What selections of one list share. */
struct pie_table {
    int32_t refs;
    struct pie_mem mem;
    struct pie_buf texts; /* each ends with NUL; place 0 is "" */
    struct pie_row *rows;
    struct pie_listed *listed;
    struct pie_restriction *restricted;
    uint32_t *warnings; /* places among the texts */
    size_t n, room, listed_n, listed_room, warning_n, warning_room, restricted_n, restricted_room;
    int32_t restricts; /* a record of restrictions was among the rows */
    int64_t fetched_ms;
    void (*drop)(void *owner);
    void *owner;
};

struct apipie_catalog {
    int32_t refs;
    struct pie_table *table;
    uint32_t *index; /* NULL: all rows, in their order */
    size_t n;
};

/* ---- rows.c: a table while it grows. What ends is memory: the callers give up then. */

struct pie_table *pie_table_new(const struct pie_mem *mem, int64_t fetched_ms);
struct pie_table *pie_table_free(struct pie_table *t); /* nobody has it yet */
/* APIPIE_E_MEMORY or APIPIE_E_LIMIT when some text did not find room. */
apipie_status pie_table_failed(const struct pie_table *t);
/* 0 for an empty text. The place is good only when nothing failed. */
uint32_t pie_table_text(struct pie_table *t, struct pie_slice text);
/* The same, for one that may well be what stands at `hint`. */
uint32_t pie_table_text_like(struct pie_table *t, struct pie_slice text, uint32_t hint);
/* All unknown; NULL without memory. Good until the next one. */
struct pie_row *pie_table_row(struct pie_table *t);
/* Room for one more of n; the block as it is or moved, NULL without memory. */
void *pie_table_grow(struct pie_table *t, void *block, size_t n, size_t *room, size_t size);
apipie_status pie_table_list_price(struct pie_table *t, const struct pie_listed *price);
/* Of the row that is read, of which `who` may be empty: "row 3, prodia/x: input_cost: is negative". field NULL: the
 * row as such; row 0: the list. */
apipie_status pie_table_warn(struct pie_table *t, size_t row, struct pie_slice who,
                             const char *field, const char *what);
/* A catalogue of all rows; takes the table, also on failure. */
apipie_status pie_table_publish(struct pie_table *t, struct apipie_catalog **ret);
const char *pie_table_text_at(const struct pie_table *t, uint32_t place); /* NULL for 0 */

/* ---- list.c */

struct pie_reader;
/* JSON that stands in a string; one at a time. */
apipie_status pie_reader_string(struct pie_reader *r, struct pie_slice text, struct pie_doc **ret);

/* ---- record.c: one record of the gateway's list. */

struct pie_reader {
    struct pie_table *table;
    struct pie_buf scratch; /* JSON that stood in a string */
    size_t row;             /* counted from 1 */
};

/* Adds a row, or a warning. safe: the text of the record. */
apipie_status pie_record_read(struct pie_reader *r, const struct pie_node *node,
                              struct pie_slice safe);

/* ---- restrict.c: a record of the gateway's list of restrictions. */

int32_t pie_restrict_is(const struct pie_node *node);
/* Adds restrictions, or warnings. */
apipie_status pie_restrict_read(struct pie_reader *r, const struct pie_node *node);

/* ---- listed.c: the prices of pictures. */

/* Walks any JSON for prices by size and quality; they belong to the row that is added next or last. */
apipie_status pie_listed_read(struct pie_reader *r, const struct pie_node *node,
                              struct pie_slice who);
/* width and height 0: as the list names it; steps 0: the model's own. */
int64_t pie_listed_price(const struct pie_table *t, const struct pie_row *row, int32_t width,
                         int32_t height, int32_t steps, const char *quality);
/* Picodollars of a node that is a price; refused: APIPIE_UNKNOWN, and why in *ret_problem (else NULL). */
int64_t pie_listed_money(const struct pie_node *node, const char **ret_problem);

static inline const struct pie_row *pie_catalog_row(const struct apipie_catalog *c, size_t i)
{
    return &c->table->rows[c->index != NULL ? c->index[i] : i];
}

static inline const char *pie_row_text(const struct pie_table *t, const struct pie_row *row,
                                       int32_t field)
{
    return pie_table_text_at(t, row->text[PIE_TEXT_AT(field)]);
}

#endif
