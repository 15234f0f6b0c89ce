/* SPDX-License-Identifier: MIT */
/* Knows how to find prices by size and quality in JSON of no fixed shape, and to look one up; must not know whose they
 * are. A price is a numeric leaf; what the keys and texts around it say of size and quality holds for it. */
#include "catalog/catalog_priv.h"
#include "flow/flow.h"

#define LISTED_DEPTH   12
#define LISTED_MEMBERS 256  /* of one object or array */
#define LISTED_PRICES  1024 /* of one row */

/* What is known of a leaf so far. */
struct listed_label {
    int32_t width, height;
    struct pie_slice quality;
    int32_t sure; /* the quality is one that is known by name */
};

struct listed_walk {
    struct pie_reader *reader;
    struct pie_slice who;
    size_t start; /* of this row's prices */
    int32_t in_string;
};

/* ---- words */

static int32_t listed_is_in(struct pie_slice word, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (pie_slice_equal_nocase(word, *list))
            return 1;
    }
    return 0;
}

static const char *const listed_qualities[] = {"standard", "default", "normal", "hd",
                                               "uhd",      "low",     "medium", "high",
                                               "premium",  "ultra",   "draft",  NULL};
/* They say that it is a price, not which. */
static const char *const listed_empty[] = {
    "price",   "prices", "pricing", "cost",      "costs",      "usd",         "dollar",
    "dollars", "image",  "images",  "img",       "per",        "generation",  "generations",
    "size",    "sizes",  "quality", "qualities", "resolution", "resolutions", "dimensions",
    "each",    "value",  "amount",  NULL};
/* Members that are no price and no label. */
static const char *const listed_others[] = {
    "id",    "name",  "description", "model",  "provider", "type",   "note", "n",
    "steps", "count", "created",     "object", "width",    "height", NULL};

static int32_t listed_is_word(char c)
{
    return pie_is_digit(c) || pie_is_alpha(c) || (unsigned char)c >= 0x80;
}

static size_t listed_digits(struct pie_slice s, size_t i, int32_t *ret)
{
    int32_t v = 0;
    for (; i < s.n && pie_is_digit(s.p[i]); i++)
        v = v < 100000 ? v * 10 + (s.p[i] - '0') : v;
    *ret = v;
    return i;
}

/* "1024x1792", "1024 X 1792" at i: the place after it, or i. */
static size_t listed_size(struct pie_slice s, size_t i, struct listed_label *label)
{
    int32_t width = 0;
    int32_t height = 0;
    size_t at = listed_digits(s, i, &width);
    while (at < s.n && s.p[at] == ' ')
        at++;
    if (width == 0 || at >= s.n || (s.p[at] != 'x' && s.p[at] != 'X' && s.p[at] != '*'))
        return i;
    at++;
    while (at < s.n && s.p[at] == ' ')
        at++;
    at = listed_digits(s, at, &height);
    if (height == 0 || (at < s.n && listed_is_word(s.p[at])))
        return i;
    label->width = width;
    label->height = height;
    return at;
}

static void listed_take_word(struct listed_label *label, struct pie_slice word)
{
    int32_t sure = listed_is_in(word, listed_qualities);
    uint64_t number = 0;
    if (listed_is_in(word, listed_empty) || pie_number_uint(word, &number) == APIPIE_OK)
        return;
    if (!sure && label->quality.n != 0)
        return;
    label->quality = word;
    label->sure = sure;
}

/* A key or a text: "hd-1024x1024" says two things. */
static void listed_take_label(struct listed_label *label, struct pie_slice text)
{
    for (size_t i = 0; i < text.n;) {
        size_t end = listed_size(text, i, label);
        if (end == i && listed_is_word(text.p[i])) {
            while (end < text.n && listed_is_word(text.p[end]))
                end++;
            listed_take_word(label, pie_slice(text.p + i, end - i));
        }
        i = end != i ? end : i + 1;
    }
}

/* ---- amounts */

/* A dollar sign is as good as none. */
static struct pie_slice listed_amount(const struct pie_node *node)
{
    struct pie_slice text = pie_slice_trim(pie_node_text(node));
    if (text.n > 1 && text.p[0] == '$')
        text = pie_slice(text.p + 1, text.n - 1);
    return text;
}

static int32_t listed_is_amount(const struct pie_node *node)
{
    int64_t v;
    return pie_node_kind(node) == PIE_JSON_NUMERIC ||
           (pie_node_kind(node) == PIE_JSON_TEXT &&
            pie_number_int(listed_amount(node), &v) == APIPIE_OK);
}

int64_t pie_listed_money(const struct pie_node *node, const char **ret_problem)
{
    int64_t cost = APIPIE_UNKNOWN;
    int64_t whole = 0;
    struct pie_slice text = listed_amount(node);
    int32_t kind = pie_node_kind(node);
    if (kind <= PIE_JSON_NULL || (kind == PIE_JSON_TEXT && text.n == 0))
        return APIPIE_UNKNOWN;
    if (kind == PIE_JSON_NUMERIC && text.n == 0)
        *ret_problem = pie_node_money(node, &cost) != APIPIE_OK ? "refused: is no price" : NULL;
    else if (pie_number_int(text, &whole) != APIPIE_OK)
        *ret_problem = "refused: is no number";
    else if (pie_number_money(text, &cost) == APIPIE_E_ARGUMENT)
        *ret_problem = "refused: is negative";
    else if (cost == APIPIE_UNKNOWN)
        *ret_problem = "refused: is above 10,000 dollars";
    if (*ret_problem == NULL && cost > PIE_PRICE_MOST)
        *ret_problem = "refused: is above 10,000 dollars";
    return *ret_problem == NULL ? cost : APIPIE_UNKNOWN;
}

/* ---- the walk */

static apipie_status listed_any(struct listed_walk *w, const struct pie_node *node,
                                struct listed_label label, int32_t depth);

/* Rows name the same few qualities again and again. */
static uint32_t listed_quality(struct pie_table *t, struct pie_slice quality)
{
    for (size_t i = t->listed_n; i > 0 && t->listed_n - i < 16; i--) {
        uint32_t place = t->listed[i - 1].quality;
        if (place != 0 && pie_slice_equal(quality, t->texts.p + place))
            return place;
    }
    return pie_table_text(t, quality);
}

static apipie_status listed_warn(struct listed_walk *w, const char *what)
{
    return pie_table_warn(w->reader->table, w->reader->row, w->who, "img_json", what);
}

static apipie_status listed_leaf(struct listed_walk *w, const struct pie_node *node,
                                 const struct listed_label *label)
{
    const char *problem = NULL;
    struct pie_table *t = w->reader->table;
    struct pie_listed price = {APIPIE_UNKNOWN, label->width, label->height, 0, 0, 0, 0};
    if (t->listed_n - w->start >= LISTED_PRICES)
        return APIPIE_OK;
    price.quality = listed_quality(t, label->quality);
    price.cost = pie_listed_money(node, &problem);
    apipie_status status = pie_table_list_price(t, &price);
    if (status == APIPIE_OK && problem != NULL)
        status = listed_warn(w, problem);
    if (status == APIPIE_OK && t->listed_n - w->start == LISTED_PRICES)
        status = listed_warn(w, "there are too many prices");
    return status;
}

static int32_t listed_is_json(struct pie_slice text)
{
    return text.n > 1 && (text.p[0] == '{' || text.p[0] == '[');
}

/* What the members of an object say of each other: {"size":"1024x1024","quality":"hd","price":0.08}. */
static void listed_take_members(const struct pie_node *object, size_t n, struct listed_label *label)
{
    const char *key = NULL;
    int64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        const struct pie_node *value = pie_node_member(object, i, &key);
        struct pie_slice name = pie_slice_text(key);
        if (pie_node_kind(value) == PIE_JSON_TEXT && !listed_is_amount(value) &&
            !listed_is_in(name, listed_others) &&
            !listed_is_json(pie_slice_trim(pie_node_text(value))))
            listed_take_label(label, pie_node_text(value));
    }
    if (pie_node_int(pie_node_get(object, "width"), &v) == APIPIE_OK && v > 0 && v < 100000)
        label->width = (int32_t)v;
    if (pie_node_int(pie_node_get(object, "height"), &v) == APIPIE_OK && v > 0 && v < 100000)
        label->height = (int32_t)v;
}

static apipie_status listed_object(struct listed_walk *w, const struct pie_node *object, size_t n,
                                   struct listed_label label, int32_t depth)
{
    apipie_status status = APIPIE_OK;
    listed_take_members(object, n, &label);
    for (size_t i = 0; i < n && status == APIPIE_OK; i++) {
        const char *key = NULL;
        struct listed_label own = label;
        const struct pie_node *value = pie_node_member(object, i, &key);
        if (listed_is_in(pie_slice_text(key), listed_others))
            continue;
        listed_take_label(&own, pie_slice_text(key));
        status = listed_any(w, value, own, depth + 1);
    }
    return status;
}

/* JSON inside a string, once. Its numbers have not been made safe yet. */
static apipie_status listed_string(struct listed_walk *w, struct pie_slice text,
                                   struct listed_label label, int32_t depth)
{
    struct pie_doc *doc = NULL;
    if (w->in_string)
        return APIPIE_OK;
    apipie_status status = pie_reader_string(w->reader, text, &doc);
    if (status == APIPIE_E_MALFORMED)
        return listed_warn(w, "refused: is no JSON");
    if (status != APIPIE_OK)
        return status;
    w->in_string = 1;
    status = listed_any(w, pie_doc_root(doc), label, depth + 1);
    w->in_string = 0;
    pie_doc_free(doc);
    return status;
}

static apipie_status listed_any(struct listed_walk *w, const struct pie_node *node,
                                struct listed_label label, int32_t depth)
{
    int32_t kind = pie_node_kind(node);
    struct pie_slice text = pie_slice_trim(pie_node_text(node));
    apipie_status status = APIPIE_OK;
    size_t n = pie_node_count(node);
    if (listed_is_amount(node))
        return listed_leaf(w, node, &label);
    if (kind == PIE_JSON_TEXT && listed_is_json(text))
        return listed_string(w, text, label, depth);
    if (kind != PIE_JSON_OBJECT && kind != PIE_JSON_ARRAY)
        return APIPIE_OK;
    if (depth >= LISTED_DEPTH || n > LISTED_MEMBERS)
        return listed_warn(w, "refused: is too deep or too long");
    if (kind == PIE_JSON_OBJECT)
        return listed_object(w, node, n, label, depth);
    for (size_t i = 0; i < n && status == APIPIE_OK; i++)
        status = listed_any(w, pie_node_at(node, i), label, depth + 1);
    return status;
}

apipie_status pie_listed_read(struct pie_reader *r, const struct pie_node *node,
                              struct pie_slice who)
{
    struct listed_walk w = {r, who, r->table->listed_n, 0};
    struct listed_label nothing = {0, 0, {NULL, 0}, 0};
    return listed_any(&w, node, nothing, 0);
}

/* ---- one of them */

static int32_t listed_is_standard(struct pie_slice quality)
{
    static const char *const names[] = {"standard", "default", "normal", NULL};
    return quality.n == 0 || listed_is_in(quality, names);
}

static int32_t listed_fits(const struct pie_table *t, const struct pie_listed *p, int32_t width,
                           int32_t height, struct pie_slice quality)
{
    const char *own = pie_table_text_at(t, p->quality);
    if (p->width != width || p->height != height)
        return 0;
    if (listed_is_standard(quality) && listed_is_standard(pie_slice_text(own)))
        return 1;
    return own != NULL && pie_slice_equal_nocase(quality, own);
}

/* What is asked of a price. */
struct listed_ask {
    int32_t width, height, steps;
    struct pie_slice quality;
};

/* By area and steps, rounded up. Doubles are exact enough: a price has 16 digits at most. */
static int64_t listed_cost(const struct pie_listed *p, const struct listed_ask *ask)
{
    double cost = (double)p->cost;
    if (ask->steps > 0 && p->unit_steps < 0)
        return APIPIE_UNKNOWN;
    if (p->cost < 0 || p->unit_width <= 0 || p->unit_height <= 0)
        return p->cost;
    if (ask->steps > 0 && p->unit_steps <= 0)
        return APIPIE_UNKNOWN;
    if (ask->width > 0 && ask->height > 0)
        cost = cost * ask->width / p->unit_width * ask->height / p->unit_height;
    if (ask->steps > 0)
        cost = cost * ask->steps / p->unit_steps;
    if (cost > (double)PIE_PRICE_MOST)
        return APIPIE_UNKNOWN;
    const int64_t whole = (int64_t)cost;
    return (double)whole < cost ? whole + 1 : whole;
}

/* 1 when there is one of that very size, or of any (0, 0). */
static int32_t listed_highest(const struct pie_table *t, const struct pie_row *row, int32_t width,
                              int32_t height, const struct listed_ask *ask, int64_t *ret)
{
    int32_t found = 0;
    int64_t highest = APIPIE_UNKNOWN;
    for (size_t i = 0; i < row->listed_n; i++) {
        const struct pie_listed *p = &t->listed[row->listed + i];
        if (!listed_fits(t, p, width, height, ask->quality))
            continue;
        found = 1;
        const int64_t cost = listed_cost(p, ask);
        highest = cost > highest ? cost : highest;
    }
    if (found)
        *ret = highest;
    return found;
}

int64_t pie_listed_price(const struct pie_table *t, const struct pie_row *row, int32_t width,
                         int32_t height, int32_t steps, const char *quality)
{
    const struct listed_ask ask = {width, height, steps, pie_slice_text(quality)};
    int64_t cost = APIPIE_UNKNOWN;
    if (!listed_highest(t, row, width, height, &ask, &cost))
        listed_highest(t, row, 0, 0, &ask, &cost);
    return cost;
}
