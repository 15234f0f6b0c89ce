/* SPDX-License-Identifier: MIT */
/* What several wires have in common: fields by name, how an exchange begins, replies that hold data[]. */
#ifndef PIE_DIALECT_SHARED_PRIV_H
#define PIE_DIALECT_SHARED_PRIV_H

#include "dialect/input_priv.h"

/* ---- fields.c: parameters by what the wire calls them */

/* A table ends with a NULL name. */
struct pie_field {
    const char *name;
    int32_t text;    /* PIE_WISH_*, or one of those below */
    uint32_t number; /* PIE_WISH_HAS_* */
};
#define PIE_FIELD_NUMBER (-1) /* no text */
#define PIE_FIELD_WIDTH  (-2) /* a side of PIE_WISH_HAS_SIZE by itself */
#define PIE_FIELD_HEIGHT (-3)

/* A member's name; a value never ends with the brace that opens the object. */
void pie_field_name(struct pie_buf *out, const char *name);
/* Members of an object that is open in out; failures stick there. */
void pie_field_text(struct pie_buf *out, const char *name, const char *text);
void pie_field_int(struct pie_buf *out, const char *name, int64_t v);
void pie_field_double(struct pie_buf *out, const char *name, double v);
/* The extra fields of the wish, but for that one (NULL: all). */
void pie_field_extras(struct pie_buf *out, const struct pie_wish *w, const char *but);
/* The members of an object that is JSON text (NULL: none). */
void pie_field_members(struct pie_buf *out, const char *json);
/* The open object with the fields that are sent, in the order of the table, and the extra ones. */
void pie_fields_json(struct pie_buf *out, const struct pie_call *c, const struct pie_field *fields);
/* ... the former alone, as members of an object that is open. */
void pie_fields_members(struct pie_buf *out, const struct pie_call *c,
                        const struct pie_field *fields);
/* The same into a form. An extra field that is a JSON text goes without its quotes. */
void pie_fields_form(struct pie_multipart *m, const struct pie_call *c,
                     const struct pie_field *fields);
void pie_form_members(struct pie_multipart *m, const struct pie_call *c,
                      const struct pie_field *fields);
/* All extra fields but that one; NULL: all. */
void pie_form_extras(struct pie_multipart *m, const struct pie_wish *w, const char *but);
/* What extra fields may not be: set by a setter too (one of the table, or of `also`, which ends with NULL), or n. APIPIE_OK, or err's
 * code. */
apipie_status pie_fields_check(const struct pie_call *c, const struct pie_field *fields,
                               const char *const *also, struct apipie_error *err);
/* An object that a setter writes into too: it must be one, without a member of that name. APIPIE_OK, also without it; or err's code. */
apipie_status pie_fields_check_object(const struct pie_wish *w, const char *extra,
                                      const char *member, struct apipie_error *err);
/* A field that decides what a call costs, and has a setter, is no extra. hint says which. */
apipie_status pie_fields_check_setter(const struct pie_wish *w, const char *name, const char *hint,
                                      struct apipie_error *err);
/* That stands for the number of pictures. */
apipie_status pie_fields_check_count(const struct pie_wish *w, const char *name,
                                     struct apipie_error *err);
/* Of servers that draw from a prompt, each model by its name: one must be named, and there are no variations. */
apipie_status pie_check_model(const struct pie_call *c, struct apipie_error *err);
/* Pictures that cannot be written that way (PIE_INPUT_AS_*): the server fetches none. */
apipie_status pie_check_pictures(const struct pie_call *c, int32_t as, struct apipie_error *err);
/* No more pictures a call than that: else refused, left out, or changed to it, with a note. */
apipie_status pie_fit_count(struct pie_call *c, int32_t most, struct pie_buf *notes,
                            struct apipie_error *err);
/* set_extra may not ask for a stream: what comes of it depends on the setter. */
apipie_status pie_fields_check_stream(const struct pie_wish *w, const char *hint,
                                      struct apipie_error *err);

/* ---- begin.c */

apipie_status pie_begin_header(struct pie_http_request *q, const char *name, const char *value);
/* Empties a leg, used before or not, and gives it method, address and key, as "Bearer". `path` begins with '/'.
 * APIPIE_OK, APIPIE_E_MEMORY or APIPIE_E_LIMIT. */
apipie_status pie_begin(const struct pie_call *c, const char *method, const char *path,
                        struct pie_leg *leg);
/* The same for the call that is paid for. */
apipie_status pie_begin_paid(const struct pie_call *c, const char *path, struct pie_leg *leg);
/* ... with another word before the key. */
apipie_status pie_begin_paid_as(const struct pie_call *c, const char *path, const char *scheme,
                                struct pie_leg *leg);
/* Is it an id that can stand in an address, and in struct pie_step? */
int32_t pie_begin_is_id(struct pie_slice id);
/* The body, which is complete, may not have more bytes than that: `what` says so. APIPIE_OK, or err's code. */
apipie_status pie_begin_within(const struct pie_leg *leg, uint64_t most, const char *what,
                               struct apipie_error *err);
/* Appends a text as a part of an address; `but` is a character that goes as it is, NUL for none. */
void pie_begin_percent(struct pie_buf *url, const char *text, char but);
/* ... and for a list of models. The filters of the wish stand behind `before`: '?', or '#' where the server knows none: what stands
 * behind that is not sent, but tells one list from another. */
apipie_status pie_begin_models(const struct pie_call *c, const char *path, char before,
                               struct pie_leg *leg);
/* Do the filters of the wish let that model through? Of filters that are none of type, provider and model nothing is known. */
int32_t pie_models_wanted(const struct pie_wish *w, struct pie_slice provider,
                          struct pie_slice model, const char *type);
/* Into it: what one picture costs, whatever its size ... */
void pie_models_price(struct pie_buf *out, int64_t cost);
/* ... of that size, where other sizes cost by their area, and other steps by their number; steps 0: what these cost is not known ... */
void pie_models_unit(struct pie_buf *out, int64_t width, int64_t height, int64_t steps,
                     int64_t cost);
/* ... or of that size at the model's own steps alone: what any other costs is not known. */
void pie_models_alone(struct pie_buf *out, int64_t width, int64_t height, int64_t cost);

/* ---- models.c */

/* A row of a list in another form as a record of the gateway's, behind those that are there: under that provider and model, with that
 * type (NULL: its own), and all else as it came. The object stays open. */
void pie_models_row(struct pie_buf *out, const struct pie_node *row, struct pie_slice provider,
                    struct pie_slice model, const char *type);

/* The same for a row that says a "type" of the server's own. draws: it is one of pictures. 0: the filters hold it back, and nothing is
 * written. */
int32_t pie_models_typed(struct pie_buf *out, const struct pie_wish *w, const struct pie_node *row,
                         const char *backend, struct pie_slice model, int32_t draws);
/* The same for a model of a server of the user's, which costs nothing; nothing for one that the filters hold back. title: NULL, or what
 * else it is called. */
void pie_models_free_row(struct pie_buf *out, const struct pie_wish *w, const char *backend,
                         struct pie_slice name, struct pie_slice title);

/* ---- checkpoint.c: names of checkpoints, "dir/name.safetensors [hash]" */

/* Without what stands in brackets, folders and extension. */
struct pie_slice pie_checkpoint_stem(struct pie_slice title);
/* Is that what a user may call it? The whole title is none of these. */
int32_t pie_checkpoint_is(struct pie_slice title, const char *model);
#define PIE_CHECKPOINT_SHOWN 300 /* bytes of names in a message */
/* One of those that there are, behind others; no more than `most` bytes of them. */
void pie_checkpoint_show(struct pie_buf *names, size_t most, struct pie_slice name);
/* err: there is none of that name, but these. */
void pie_checkpoint_refuse(const char *model, const struct pie_buf *names, const char *hint,
                           struct apipie_error *err);

/* ---- poll.c: calls that answer with a job, which is asked for by its id */

/* 1, and s has it; 0: it is none that can stand in an address. */
int32_t pie_poll_take(struct pie_slice id, struct pie_step *s);
/* The address of the job: path, id, end. As pie_begin. */
apipie_status pie_poll_begin(const struct pie_call *c, const struct pie_step *s, const char *method,
                             const char *path, const char *end, int32_t purpose,
                             struct pie_leg *leg);
/* What the server says of a job is no such reply. err's code. */
apipie_status pie_poll_broken(const char *what, const char *hint, struct apipie_error *err);

/* ---- answer.c: replies that hold data[].b64_json and data[].url */

/* Paths of such a reply. */
extern const struct pie_path pie_answer_paths[];
/* The events of one that is streamed. */
extern const struct pie_stream pie_answer_stream;
/* What decode is to do for it. */
apipie_status pie_answer_decode(const struct pie_call *c, const struct pie_reply *reply,
                                struct apipie_result *ret, struct apipie_error *err);

/* The same in pieces, for replies of another form. */
/* Replaces *ret; an empty text leaves it. APIPIE_E_MEMORY. */
apipie_status pie_answer_text(const struct pie_mem *mem, struct pie_slice s, char **ret);
/* Where it stands in its list. */
size_t pie_answer_index(const struct pie_part *part);
/* The part becomes image number `index`. APIPIE_E_MEMORY. */
apipie_status pie_answer_part(struct apipie_result *ret, const struct pie_part *part, size_t index);
/* All of them, each where it stands. */
apipie_status pie_answer_parts(const struct pie_reply *reply, struct apipie_result *ret);
/* The result's model and provider are those of the route. */
void pie_answer_route(const struct pie_call *c, struct apipie_result *ret);
/* After all else: when, the id, why pictures are missing. APIPIE_OK, or err's code when there is none at all. */
apipie_status pie_answer_end(const struct pie_call *c, const struct pie_reply *reply,
                             struct apipie_result *ret, struct apipie_error *err);

#endif
