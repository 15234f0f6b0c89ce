/* SPDX-License-Identifier: MIT */
/* The shelf: the lists of models that a client has fetched, in memory and, when asked for, in a file. The client's lock guards it.
 * Its catalogues keep the client, so that it is cleared when the client's last handle goes. */
#ifndef PIE_SHELF_PRIV_H
#define PIE_SHELF_PRIV_H

#include "base/base.h"
#include "catalog/catalog.h"

/* Lists that are remembered: the oldest goes first. */
#define PIE_SHELF_LISTS 8
/* Bytes of all lists in the file together. */
#define PIE_SHELF_FILE_MAX ((size_t)256 * 1024 * 1024)
/* Bytes of an ETag or a date that are sent back. */
#define PIE_SHELF_TAG ((size_t)1024)

struct apipie_client;
struct pie_backend;

struct pie_shelf_list {
    char *
        url; /* that was asked; of another backend than the gateway, its name and a blank before it */
    char *etag, *modified; /* the server's; NULL */
    int64_t wall_ms;       /* when the server last said that it holds */
    int32_t whole;         /* of all models, or of all that make images */
    struct apipie_catalog *list;
    struct pie_buf text; /* plain JSON, for the file; empty without one */
};

struct pie_shelf {
    const struct pie_mem *mem;
    int32_t on; /* lists are used again */
    int64_t ttl_ms;
    char *path; /* NULL: none */
    struct pie_shelf_list lists[PIE_SHELF_LISTS];
    size_t count;
    struct apipie_catalog *view; /* built in, with the newest whole list; NULL: not made yet */
    const struct apipie_catalog *view_of; /* that list; any change of the lists forgets the view */
    char problem[200];                    /* of the file, not told yet */
};

/* ---- shelf.c */

void pie_shelf_init(struct pie_shelf *s, const struct pie_mem *mem);
/* Forgets the lists and lets the client go. Catalogues are dropped: the lock must not be held. */
void pie_shelf_clear(struct apipie_client *c);
void pie_shelf_free(struct pie_shelf *s);
/* The list of a url; NULL. The lock is held. */
struct pie_shelf_list *pie_shelf_find(struct pie_shelf *s, const char *url);
/* Takes the list over, in place of an older one of that url; what it holds is empty then. The lock is not held. */
void pie_shelf_put(struct apipie_client *c, struct pie_shelf_list *list);
void pie_shelf_list_free(struct pie_shelf_list *list);
/* The newest whole list of the backend (NULL: the gateway at its present base url); NULL. *ret_wall_ms (or NULL) gets when the server last
 * said so. The lock is held. */
struct apipie_catalog *pie_shelf_whole(const struct apipie_client *c, const struct pie_backend *b,
                                       int64_t *ret_wall_ms);
/* Tells a catalogue that this client keeps its memory. */
void pie_shelf_own(struct apipie_client *c, struct apipie_catalog *list);
/* Writes the file, when there is one. The lock is not held. */
void pie_shelf_save(struct apipie_client *c);

/* ---- shelf_file.c: the file's text. Pure, but for read. */

/* APIPIE_OK, or APIPIE_E_MEMORY. */
apipie_status pie_shelf_write(const struct pie_shelf *s, struct pie_buf *out);
/* Appends what the file holds to lists[PIE_SHELF_LISTS], without their catalogues. A file that is none of ours, or is not whole,
 * gives nothing: *ret_problem says why, NULL when there is just no file. APIPIE_OK or APIPIE_E_MEMORY. */
apipie_status pie_shelf_read(const struct pie_mem *mem, const char *path,
                             struct pie_shelf_list *lists, size_t *ret_count,
                             const char **ret_problem);
/* May it be sent back as a header? */
int32_t pie_shelf_tag_is_good(const char *tag);

#endif
