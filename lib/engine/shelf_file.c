/* SPDX-License-Identifier: MIT */
/* Knows the file in which lists of models outlive the process, and whether it is whole; must not know what a model is. */
#include "engine/engine_priv.h"

/* "apipie-models 1 SUM BYTES\n", then, for each list, a line of JSON about it, its text as it came, and a line end. */
#define SHELFFILE_MAGIC "apipie-models 1 "
#define SHELFFILE_HEAD  ((size_t)256)
#define SHELFFILE_LINE  ((size_t)65536) /* most bytes about a list */

/* ---- written */

static void shelffile_text(struct pie_buf *out, const char *name, const char *text)
{
    if (text == NULL)
        return;
    pie_buf_add_text(out, ",\"");
    pie_buf_add_text(out, name);
    pie_buf_add_text(out, "\":");
    pie_json_string(out, pie_slice_text(text));
}

static void shelffile_list(struct pie_buf *out, const struct pie_shelf_list *list)
{
    pie_buf_add_text(out, "{\"bytes\":");
    pie_buf_add_uint(out, list->text.n);
    pie_buf_add_text(out, ",\"wall_ms\":");
    pie_buf_add_int(out, list->wall_ms);
    pie_buf_add_text(out, list->whole ? ",\"whole\":1" : ",\"whole\":0");
    shelffile_text(out, "url", list->url);
    shelffile_text(out, "etag", list->etag);
    shelffile_text(out, "last_modified", list->modified);
    pie_buf_add_text(out, "}\n");
    pie_buf_add_slice(out, pie_buf_slice(&list->text));
    pie_buf_add_char(out, '\n');
}

apipie_status pie_shelf_write(const struct pie_shelf *s, struct pie_buf *out)
{
    struct pie_buf body;
    struct pie_hash sum = {0, 0};
    char text[PIE_HASH_TEXT];
    pie_buf_init(&body, s->mem, PIE_SHELF_FILE_MAX - SHELFFILE_HEAD);
    for (size_t i = 0; i < s->count; i++) {
        if (s->lists[i].text.n != 0)
            shelffile_list(&body, &s->lists[i]);
    }
    apipie_status status = body.failed;
    if (status == APIPIE_OK) {
        pie_hash_sum(&sum, body.p != NULL ? body.p : "", body.n);
        pie_hash_text(&sum, text);
        pie_buf_add_text(out, SHELFFILE_MAGIC);
        pie_buf_add_text(out, text);
        pie_buf_add_char(out, ' ');
        pie_buf_add_uint(out, body.n);
        pie_buf_add_char(out, '\n');
        pie_buf_add_slice(out, pie_buf_slice(&body));
        status = out->failed;
    }
    pie_buf_free(&body);
    return status;
}

/* ---- read */

static apipie_status shelffile_slurp(const struct pie_mem *mem, const char *path,
                                     struct pie_buf *out, const char **ret_problem)
{
    pie_file file = PIE_FILE_NONE;
    uint64_t size = 0;
    size_t n = 0;
    const char *ignored = NULL;
    pie_buf_init(out, mem, PIE_SHELF_FILE_MAX);
    if (pie_path_kind(path) == PIE_PATH_ABSENT)
        return APIPIE_OK;
    if (pie_file_open_read(path, &file, ret_problem) != APIPIE_OK)
        return APIPIE_OK;
    if (pie_file_size(file, &size, ret_problem) == APIPIE_OK && size > PIE_SHELF_FILE_MAX)
        *ret_problem = "it is too large";
    for (uint64_t at = 0; *ret_problem == NULL && at < size; at += n) {
        char piece[8192];
        if (pie_file_read_at(file, at, piece, sizeof(piece), &n, ret_problem) != APIPIE_OK ||
            n == 0)
            break;
        pie_buf_add(out, piece, n);
    }
    pie_file_close(file, &ignored);
    return out->failed;
}

/* Up to the next line end, which is left out; 0 when there is none within `most`. */
static int32_t shelffile_line(struct pie_slice *rest, size_t most, struct pie_slice *ret)
{
    const char *end = memchr(rest->p, '\n', rest->n < most ? rest->n : most);
    if (end == NULL)
        return 0;
    *ret = pie_slice(rest->p, (size_t)(end - rest->p));
    *rest = pie_slice(end + 1, rest->n - ret->n - 1);
    return 1;
}

/* The head says how long the body is, and its sum. */
static int32_t shelffile_is_whole(struct pie_slice *rest, const char **ret_problem)
{
    struct pie_slice head;
    struct pie_hash sum = {0, 0};
    char text[PIE_HASH_TEXT];
    uint64_t bytes = 0;
    const size_t magic = strlen(SHELFFILE_MAGIC), digits = PIE_HASH_TEXT - 1;
    *ret_problem = "it has another format";
    if (!shelffile_line(rest, SHELFFILE_HEAD, &head) || head.n <= magic + digits + 1 ||
        memcmp(head.p, SHELFFILE_MAGIC, magic) != 0)
        return 0;
    *ret_problem = "it is not whole";
    pie_hash_sum(&sum, rest->p, rest->n);
    pie_hash_text(&sum, text);
    struct pie_slice length = pie_slice(head.p + magic + digits + 1, head.n - magic - digits - 1);
    if (pie_number_uint(length, &bytes) != APIPIE_OK || bytes != rest->n ||
        memcmp(head.p + magic, text, digits) != 0)
        return 0;
    *ret_problem = NULL;
    return 1;
}

static apipie_status shelffile_copy(const struct pie_mem *mem, const struct pie_node *node,
                                    char **ret)
{
    struct pie_slice text = pie_node_text(node);
    if (text.n == 0)
        return APIPIE_OK;
    *ret = pie_mem_text(mem, text.p, text.n);
    return *ret != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
}

int32_t pie_shelf_tag_is_good(const char *tag)
{
    if (tag[0] == '\0' || strlen(tag) > PIE_SHELF_TAG)
        return 0;
    for (const char *p = tag; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7F)
            return 0;
    }
    return 1;
}

/* It is sent as it stands: with a line end in it, it would be more headers. */
static apipie_status shelffile_tag(const struct pie_mem *mem, const struct pie_node *node,
                                   char **ret)
{
    apipie_status status = shelffile_copy(mem, node, ret);
    return status == APIPIE_OK && *ret != NULL && !pie_shelf_tag_is_good(*ret) ? APIPIE_E_MALFORMED
                                                                               : status;
}

/* APIPIE_E_MALFORMED for a line that says nothing of a list. */
static apipie_status shelffile_about(const struct pie_mem *mem, const struct pie_node *root,
                                     size_t room, struct pie_shelf_list *list, size_t *ret_bytes)
{
    uint64_t bytes = 0;
    int64_t whole = 0;
    if (pie_node_uint(pie_node_get(root, "bytes"), &bytes) != APIPIE_OK || bytes == 0 ||
        room == 0 || bytes > room - 1 ||
        pie_node_int(pie_node_get(root, "wall_ms"), &list->wall_ms) != APIPIE_OK ||
        list->wall_ms < 0 || pie_node_int(pie_node_get(root, "whole"), &whole) != APIPIE_OK)
        return APIPIE_E_MALFORMED;
    list->whole = whole != 0;
    apipie_status status = shelffile_copy(mem, pie_node_get(root, "url"), &list->url);
    if (status == APIPIE_OK)
        status = shelffile_tag(mem, pie_node_get(root, "etag"), &list->etag);
    if (status == APIPIE_OK)
        status = shelffile_tag(mem, pie_node_get(root, "last_modified"), &list->modified);
    *ret_bytes = (size_t)bytes;
    return status == APIPIE_OK && list->url == NULL ? APIPIE_E_MALFORMED : status;
}

static apipie_status shelffile_next(const struct pie_mem *mem, struct pie_slice *rest,
                                    struct pie_shelf_list *list)
{
    struct pie_slice line;
    struct pie_buf safe;
    struct pie_damage damage;
    struct pie_doc *doc = NULL;
    size_t bytes = 0;
    if (!shelffile_line(rest, SHELFFILE_LINE, &line))
        return APIPIE_E_MALFORMED;
    pie_buf_init(&safe, mem, 2 * SHELFFILE_LINE);
    apipie_status status = pie_json_safe(mem, line, &safe, &damage);
    if (status == APIPIE_OK)
        status = pie_doc_parse(mem, pie_buf_slice(&safe), &doc);
    if (status == APIPIE_OK)
        status = shelffile_about(mem, pie_doc_root(doc), rest->n, list, &bytes);
    if (status == APIPIE_OK) {
        pie_buf_reserve(&list->text, bytes);
        pie_buf_add(&list->text, rest->p, bytes);
        status = list->text.failed;
        *rest = pie_slice(rest->p + bytes + 1, rest->n - bytes - 1);
    }
    pie_doc_free(doc);
    pie_buf_free(&safe);
    return status;
}

apipie_status pie_shelf_read(const struct pie_mem *mem, const char *path,
                             struct pie_shelf_list *lists, size_t *ret_count,
                             const char **ret_problem)
{
    struct pie_buf text;
    size_t count = 0;
    apipie_status status = shelffile_slurp(mem, path, &text, ret_problem);
    struct pie_slice rest = pie_buf_slice(&text);
    if (status == APIPIE_OK && *ret_problem == NULL && rest.n != 0 &&
        shelffile_is_whole(&rest, ret_problem)) {
        while (rest.n != 0 && count < PIE_SHELF_LISTS && status == APIPIE_OK) {
            status = shelffile_next(mem, &rest, &lists[count]);
            if (status == APIPIE_OK)
                count++;
            else
                pie_shelf_list_free(&lists[count]);
        }
        if (status == APIPIE_E_MALFORMED) {
            *ret_problem = "it is not what this version writes";
            status = APIPIE_OK;
        }
    } else if (status == APIPIE_OK && *ret_problem == NULL && rest.n == 0 &&
               pie_path_kind(path) != PIE_PATH_ABSENT) {
        *ret_problem = "it is empty";
    }
    for (size_t i = 0; status != APIPIE_OK && i < count; i++)
        pie_shelf_list_free(&lists[i]);
    pie_buf_free(&text);
    *ret_count = status == APIPIE_OK ? count : 0;
    return status;
}
