/* SPDX-License-Identifier: MIT */
/* Knows what an entry of the cache holds, and whether it is whole; must not know who draws or pays. */
#include "engine/cache_entry_priv.h"

#define CACHEFILE_VERSION 1
#define CACHEFILE_PIECE   16384                        /* most bytes of a key in one JSON string */
#define CACHEFILE_JSON    ((uint64_t)16 * 1024 * 1024) /* most bytes of entry.json */
#define CACHEFILE_ROOM    ((size_t)65536)

/* ---- written */

static void cachefile_name(struct pie_buf *out, const char *name)
{
    pie_buf_add_text(out, ",\n\"");
    pie_buf_add_text(out, name);
    pie_buf_add_text(out, "\":");
}

static void cachefile_text(struct pie_buf *out, const char *name, const char *text)
{
    cachefile_name(out, name);
    if (text != NULL)
        pie_json_string(out, pie_slice_text(text));
    else
        pie_buf_add_text(out, "null");
}

static void cachefile_number(struct pie_buf *out, const char *name, uint64_t v)
{
    cachefile_name(out, name);
    pie_buf_add_uint(out, v);
}

/* In pieces: the reader of JSON drops strings that are very long. */
static void cachefile_key(struct pie_buf *out, struct pie_slice key)
{
    cachefile_name(out, "key");
    pie_buf_add_char(out, '[');
    for (size_t done = 0; done < key.n;) {
        size_t n = pie_utf8_cut(key.p + done, key.n - done, CACHEFILE_PIECE);
        if (done != 0)
            pie_buf_add_char(out, ',');
        pie_json_string(out, pie_slice(key.p + done, n));
        done += n;
    }
    pie_buf_add_char(out, ']');
}

static void cachefile_digits(struct pie_buf *out, int64_t v, size_t width, char behind)
{
    char text[PIE_NUMBER_MAX];
    pie_number_int_text(v, text);
    for (size_t n = strlen(text); n < width; n++)
        pie_buf_add_char(out, '0');
    pie_buf_add_text(out, text);
    pie_buf_add_char(out, behind);
}

/* Days since 1970-01-01 to a date (years of 400 turn around in March). */
static void cachefile_day(struct pie_buf *out, int64_t days)
{
    days += 719468;
    int64_t era = days / 146097;
    int64_t of_era = days % 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int64_t month = (5 * of_year + 2) / 153;
    int64_t day = of_year - (153 * month + 2) / 5 + 1;
    cachefile_digits(out, era * 400 + years + (month >= 10), 4, '-');
    cachefile_digits(out, month < 10 ? month + 3 : month - 9, 2, '-');
    cachefile_digits(out, day, 2, 'T');
}

/* For people: nothing reads it again. */
static void cachefile_date(struct pie_buf *out, int64_t wall_ms)
{
    int64_t seconds = wall_ms > 0 ? wall_ms / 1000 : 0;
    cachefile_name(out, "date");
    pie_buf_add_char(out, '"');
    cachefile_day(out, seconds / 86400);
    cachefile_digits(out, seconds / 3600 % 24, 2, ':');
    cachefile_digits(out, seconds / 60 % 60, 2, ':');
    cachefile_digits(out, seconds % 60, 2, 'Z');
    pie_buf_add_char(out, '"');
}

static void cachefile_cost(struct pie_buf *out, int64_t picodollars)
{
    char text[PIE_NUMBER_MAX];
    pie_number_money_text(picodollars, text);
    cachefile_text(out, "cost", text[0] != '\0' ? text : NULL);
}

static void cachefile_picture(struct pie_buf *out, const struct pie_image *image, size_t index,
                              const struct pie_hash *sum)
{
    char file[PIE_CACHE_NAME], text[PIE_HASH_TEXT];
    pie_cache_picture_name(index, image->mime, file);
    pie_hash_text(sum, text);
    pie_buf_add_text(out, "{\"file\":");
    pie_json_string(out, pie_slice_text(file));
    cachefile_number(out, "bytes", image->size);
    cachefile_text(out, "sum", text);
    cachefile_text(out, "mime", image->mime);
    cachefile_number(out, "width", image->width > 0 ? (uint64_t)image->width : 0);
    cachefile_number(out, "height", image->height > 0 ? (uint64_t)image->height : 0);
    if (image->has_seed)
        cachefile_number(out, "seed", image->seed);
    cachefile_text(out, "revised_prompt", image->revised_prompt);
    pie_buf_add_char(out, '}');
}

void pie_cache_write_entry(struct pie_slice key, const struct apipie_result *result,
                           const struct pie_hash *sums, struct pie_buf *out)
{
    pie_buf_add_text(out, "{\"apipie_cache\":");
    pie_buf_add_uint(out, CACHEFILE_VERSION);
    cachefile_key(out, key);
    cachefile_text(out, "provider", result->provider);
    cachefile_text(out, "model", result->model);
    cachefile_cost(out, result->usage.cost);
    cachefile_date(out, pie_clock_wall_ms());
    cachefile_name(out, "images");
    pie_buf_add_char(out, '[');
    for (size_t i = 0; i < result->count; i++) {
        if (i != 0)
            pie_buf_add_char(out, ',');
        cachefile_picture(out, &result->images[i], i, &sums[i]);
    }
    /* No line end: the last byte belongs to what must be there. */
    pie_buf_add_text(out, "]}");
}

void pie_cache_picture_name(size_t index, const char *mime, char out[PIE_CACHE_NAME])
{
    pie_number_uint_text((uint64_t)index + 1, out);
    pie_text_copy(pie_slice_text(pie_magic_extension(mime)), out + strlen(out), 8);
}

/* ---- read */

struct cachefile {
    struct pie_cache *c;
    const struct pie_mem *mem;
    char name[PIE_CACHE_NAME];
    struct pie_buf path;
    struct pie_doc *doc;
    const struct pie_node *images;
    struct apipie_result *found;
    uint8_t *room; /* of CACHEFILE_ROOM bytes */
    struct pie_sink *sink;
    uint64_t max_image_bytes;
    int32_t damaged; /* the entry is no good to anybody */
};

static apipie_status cachefile_damaged(struct cachefile *f)
{
    f->damaged = 1;
    return APIPIE_E_NOT_FOUND;
}

/* A file that is there and cannot be opened (too many are open) says nothing about the entry. */
static apipie_status cachefile_open(struct cachefile *f, const char *file, pie_file *ret,
                                    uint64_t *ret_size)
{
    const char *reason = NULL;
    pie_cache_path(f->c, f->name, file, &f->path);
    if (f->path.failed != APIPIE_OK)
        return APIPIE_E_MEMORY;
    if (pie_file_open_read(f->path.p, ret, &reason) != APIPIE_OK)
        return pie_path_kind(f->path.p) == PIE_PATH_FILE ? APIPIE_E_NOT_FOUND
                                                         : cachefile_damaged(f);
    if (pie_file_size(*ret, ret_size, &reason) == APIPIE_OK)
        return APIPIE_OK;
    pie_file_close(*ret, &reason);
    return cachefile_damaged(f);
}

static apipie_status cachefile_read(struct cachefile *f, pie_file file, uint64_t offset, void *p,
                                    size_t n)
{
    const char *reason = NULL;
    size_t got = 0;
    if (pie_file_read_at(file, offset, p, n, &got, &reason) != APIPIE_OK || got != n)
        return cachefile_damaged(f);
    return APIPIE_OK;
}

static apipie_status cachefile_parse(struct cachefile *f, struct pie_slice text)
{
    struct pie_damage damage = {0, 0, NULL};
    struct pie_buf safe;
    pie_buf_init(&safe, f->mem, SIZE_MAX);
    apipie_status status = pie_json_safe(f->mem, text, &safe, &damage);
    if (status == APIPIE_OK && !damage.found)
        status = pie_doc_parse(f->mem, pie_buf_slice(&safe), &f->doc);
    pie_buf_free(&safe);
    if (status == APIPIE_E_MEMORY)
        return status;
    return f->doc != NULL ? APIPIE_OK : cachefile_damaged(f);
}

static apipie_status cachefile_read_json(struct cachefile *f)
{
    const char *reason = NULL;
    pie_file file = PIE_FILE_NONE;
    uint64_t size = 0;
    apipie_status status = cachefile_open(f, PIE_CACHE_JSON, &file, &size);
    if (status != APIPIE_OK)
        return status;
    if (size > CACHEFILE_JSON)
        status = cachefile_damaged(f);
    char *text = status == APIPIE_OK ? pie_mem_new(f->mem, 1, (size_t)size) : NULL;
    if (status == APIPIE_OK && text == NULL)
        status = APIPIE_E_MEMORY;
    if (status == APIPIE_OK)
        status = cachefile_read(f, file, 0, text, (size_t)size);
    pie_file_close(file, &reason);
    if (status == APIPIE_OK)
        status = cachefile_parse(f, pie_slice(text, (size_t)size));
    pie_mem_free(f->mem, text);
    return status;
}

static int32_t cachefile_is_key(const struct pie_node *pieces, struct pie_slice key)
{
    size_t done = 0;
    for (size_t i = 0; i < pie_node_count(pieces); i++) {
        struct pie_slice piece = pie_node_text(pie_node_at(pieces, i));
        if (piece.n == 0 || piece.n > key.n - done || memcmp(key.p + done, piece.p, piece.n) != 0)
            return 0;
        done += piece.n;
    }
    return done == key.n;
}

static apipie_status cachefile_copy(struct cachefile *f, const struct pie_node *object,
                                    const char *name, char **ret)
{
    const struct pie_node *node = pie_node_get(object, name);
    struct pie_slice text = pie_node_text(node);
    if (pie_node_kind(node) == PIE_JSON_NULL)
        return APIPIE_OK;
    if (pie_node_kind(node) != PIE_JSON_TEXT)
        return cachefile_damaged(f);
    *ret = pie_mem_text(f->mem, text.p, text.n);
    return *ret != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
}

/* An entry of another key under the same name is as good as damaged: the next one takes its place. */
static apipie_status cachefile_read_head(struct cachefile *f, struct pie_slice key)
{
    const struct pie_node *root = pie_doc_root(f->doc);
    uint64_t version = 0;
    f->images = pie_node_get(root, "images");
    size_t count = pie_node_kind(f->images) == PIE_JSON_ARRAY ? pie_node_count(f->images) : 0;
    if (pie_node_uint(pie_node_get(root, "apipie_cache"), &version) != APIPIE_OK ||
        version != CACHEFILE_VERSION || count == 0 || count > PIE_CACHE_IMAGES_MAX ||
        !cachefile_is_key(pie_node_get(root, "key"), key))
        return cachefile_damaged(f);
    apipie_status status = pie_result_grow(f->found, count);
    if (status == APIPIE_OK)
        status = cachefile_copy(f, root, "provider", &f->found->provider);
    if (status == APIPIE_OK)
        status = cachefile_copy(f, root, "model", &f->found->model);
    return status;
}

/* ---- pictures: all are looked at before the first one goes anywhere */

/* A name in the entry's folder and nowhere else. */
static const char *cachefile_picture_file(const struct pie_node *picture)
{
    struct pie_slice file = pie_node_text(pie_node_get(picture, "file"));
    if (file.n == 0 || memchr(file.p, '/', file.n) != NULL || memchr(file.p, '\0', file.n) != NULL)
        return NULL;
    return file.p;
}

static apipie_status cachefile_scan(struct cachefile *f, pie_file file, uint64_t size,
                                    struct pie_magic *magic, struct pie_hash *sum)
{
    pie_magic_init(magic);
    memset(sum, 0, sizeof(*sum));
    for (uint64_t at = 0; at < size;) {
        size_t n = size - at < CACHEFILE_ROOM ? (size_t)(size - at) : CACHEFILE_ROOM;
        apipie_status status = cachefile_read(f, file, at, f->room, n);
        if (status != APIPIE_OK)
            return status;
        pie_magic_write(magic, f->room, n);
        pie_hash_sum(sum, f->room, n);
        at += n;
    }
    pie_magic_end(magic);
    return APIPIE_OK;
}

static apipie_status cachefile_too_large(struct cachefile *f)
{
    char problem[64 + PIE_NUMBER_MAX] = "it has more bytes than the limit, ";
    pie_number_uint_text(f->max_image_bytes, problem + strlen(problem));
    pie_text_copy(pie_slice_text(problem), f->sink->problem, sizeof(f->sink->problem));
    return APIPIE_E_TOO_LARGE;
}

/* The file against what was written down of it. */
static apipie_status cachefile_check_file(struct cachefile *f, const struct pie_node *picture,
                                          pie_file file, uint64_t size, struct pie_image *image)
{
    struct pie_magic magic;
    struct pie_hash sum;
    char text[PIE_HASH_TEXT];
    uint64_t bytes = 0;
    if (pie_node_uint(pie_node_get(picture, "bytes"), &bytes) != APIPIE_OK || bytes == 0 ||
        bytes != size)
        return cachefile_damaged(f);
    if (size > f->max_image_bytes)
        return cachefile_too_large(f);
    apipie_status status = cachefile_scan(f, file, size, &magic, &sum);
    if (status != APIPIE_OK)
        return status;
    pie_hash_text(&sum, text);
    if (!pie_slice_equal(pie_node_text(pie_node_get(picture, "sum")), text))
        return cachefile_damaged(f);
    image->size = size;
    image->mime = magic.mime;
    image->width = magic.width;
    image->height = magic.height;
    return APIPIE_OK;
}

static apipie_status cachefile_check_words(struct cachefile *f, const struct pie_node *picture,
                                           struct pie_image *image)
{
    const struct pie_node *seed = pie_node_get(picture, "seed");
    if (seed != NULL) {
        if (pie_node_uint(seed, &image->seed) != APIPIE_OK)
            return cachefile_damaged(f);
        image->has_seed = 1;
    }
    return cachefile_copy(f, picture, "revised_prompt", &image->revised_prompt);
}

static apipie_status cachefile_check(struct cachefile *f, size_t index)
{
    const char *reason = NULL;
    const struct pie_node *picture = pie_node_at(f->images, index);
    struct pie_image *image = &f->found->images[index];
    const char *name = cachefile_picture_file(picture);
    pie_file file = PIE_FILE_NONE;
    uint64_t size = 0;
    if (name == NULL)
        return cachefile_damaged(f);
    apipie_status status = cachefile_open(f, name, &file, &size);
    if (status != APIPIE_OK)
        return status;
    status = cachefile_check_file(f, picture, file, size, image);
    pie_file_close(file, &reason);
    return status == APIPIE_OK ? cachefile_check_words(f, picture, image) : status;
}

static apipie_status cachefile_feed_file(struct cachefile *f, pie_file file, uint32_t slot)
{
    const struct pie_sink_type *type = f->sink->type;
    const uint64_t size = f->found->images[slot].size;
    apipie_status status = type->begin(f->sink, slot, f->found->images[slot].mime);
    for (uint64_t at = 0; status == APIPIE_OK && at < size;) {
        size_t n = size - at < CACHEFILE_ROOM ? (size_t)(size - at) : CACHEFILE_ROOM;
        status = cachefile_read(f, file, at, f->room, n);
        if (status == APIPIE_OK)
            status = type->write(f->sink, slot, f->room, n);
        at += n;
    }
    if (status == APIPIE_OK)
        status = type->end(f->sink, slot);
    if (status != APIPIE_OK)
        type->abort(f->sink, slot);
    return status;
}

/* What another process removed since it was looked at is a miss as well. */
static apipie_status cachefile_feed(struct cachefile *f, uint32_t slot)
{
    const char *reason = NULL;
    const char *name = cachefile_picture_file(pie_node_at(f->images, slot));
    pie_file file = PIE_FILE_NONE;
    uint64_t size = 0;
    apipie_status status = cachefile_open(f, name, &file, &size);
    if (status == APIPIE_OK) {
        status = cachefile_feed_file(f, file, slot);
        pie_file_close(file, &reason);
    }
    for (uint32_t i = 0; status != APIPIE_OK && i < slot; i++)
        f->sink->type->abort(f->sink, i);
    f->found->images[slot].slot = slot;
    return status;
}

/* ---- all of it */

static apipie_status cachefile_begin(struct cachefile *f, struct pie_slice key)
{
    if (!pie_cache_name(key, f->name))
        return APIPIE_E_NOT_FOUND;
    pie_buf_init(&f->path, f->mem, SIZE_MAX);
    pie_cache_path(f->c, f->name, NULL, &f->path);
    if (f->path.failed != APIPIE_OK)
        return APIPIE_E_MEMORY;
    /* Not damaged but absent: there is nothing to remove, least of all what comes there in this moment. */
    if (pie_path_kind(f->path.p) == PIE_PATH_ABSENT)
        return APIPIE_E_NOT_FOUND;
    f->found = pie_result_new(f->mem);
    f->room = pie_mem_new(f->mem, 1, CACHEFILE_ROOM);
    return f->found != NULL && f->room != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
}

static apipie_status cachefile_load(struct cachefile *f, struct pie_slice key)
{
    apipie_status status = cachefile_begin(f, key);
    if (status == APIPIE_OK)
        status = cachefile_read_json(f);
    if (status == APIPIE_OK)
        status = cachefile_read_head(f, key);
    const size_t count = status == APIPIE_OK ? f->found->count : 0;
    for (size_t i = 0; status == APIPIE_OK && i < count; i++)
        status = cachefile_check(f, i);
    for (size_t i = 0; status == APIPIE_OK && i < count; i++)
        status = cachefile_feed(f, (uint32_t)i);
    return status;
}

/* What was found and what ret held change places. */
static void cachefile_give(struct cachefile *f, struct apipie_result *ret)
{
    struct apipie_result old = *ret;
    ret->images = f->found->images;
    ret->count = f->found->count;
    ret->provider = f->found->provider;
    ret->model = f->found->model;
    f->found->images = old.images;
    f->found->count = old.count;
    f->found->provider = old.provider;
    f->found->model = old.model;
    ret->cached = 1;
    ret->billed = APIPIE_BILLED_NO;
    ret->usage.cost = 0;
}

apipie_status pie_cache_load(struct pie_cache *c, struct pie_slice key, struct pie_sink *sink,
                             uint64_t max_image_bytes, struct apipie_result *ret)
{
    struct cachefile f;
    memset(&f, 0, sizeof(f));
    f.c = c;
    f.mem = ret->mem;
    f.sink = sink;
    f.max_image_bytes = max_image_bytes;
    sink->problem[0] = '\0';
    apipie_status status = cachefile_load(&f, key);
    if (status == APIPIE_E_MEMORY && sink->problem[0] == '\0')
        pie_text_copy(pie_slice_text("out of memory"), sink->problem, sizeof(sink->problem));
    if (status == APIPIE_OK) {
        cachefile_give(&f, ret);
        pie_cache_path(c, f.name, NULL, &f.path);
        if (f.path.failed == APIPIE_OK)
            pie_path_touch(f.path.p);
    }
    if (f.damaged)
        pie_cache_remove(c, f.name);
    pie_doc_free(f.doc);
    pie_result_free(f.found);
    pie_buf_free(&f.path);
    pie_mem_free(f.mem, f.room);
    return status;
}
