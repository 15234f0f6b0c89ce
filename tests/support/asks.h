/* SPDX-License-Identifier: MIT */
/* What tests of one provider's wire share: requests set by letters, and bodies compared to the byte, forms too. */
#ifndef TEST_ASKS_H
#define TEST_ASKS_H

#include "draw.h"

#define ASKS_URL "https://example.com/a.png"
#define ASKS_KEY "key-0123456789abcdef"

/* The stage's server answers with that, and is the client's backend "own" too, which speaks the dialect; path: of its base URL. */
void asks_serve(struct draw *d, const char *dialect, const char *path, const struct draw_reply *r);
/* The same for GET: a list of models. */
void asks_serve_list(struct draw *d, const char *dialect, const char *path, const char *body);
/* The second half of both: the stage's server, whatever it answers, is the client's backend "own". */
void asks_backend(struct draw *d, const char *dialect, const char *path);
/* A fresh request to it: of that kind, for that model (NULL: none), with what the letters set:
 * p a prompt, g a negative one, n two, s 512x768, t steps, G guidance, T strength, S the largest seed, v a small one, a aspect ratio, r b64_json,
 * R url, o webp, O png, j jpeg, q quality, m sampler, u user, I a picture (PNG1), J another (JPEG1), M a mask (PNG2), U a picture by URL. */
void asks_fresh(struct draw *d, int32_t kind, const char *model, const char *letters);
/* The same, where the letters that are none of these are the test's own; APIPIE_E_ARGUMENT: nor are they. */
typedef apipie_status (*asks_own_fn)(apipie_request *r, char what);
void asks_fresh_own(struct draw *d, int32_t kind, const char *model, const char *letters,
                    asks_own_fn own);
/* Its list of models, of that type (NULL: of all). */
const apipie_catalog *asks_list(struct draw *d, const char *type);

/* One field of a form, and one file; "$1" to "$3" in a body stand for the bytes of PNG1, PNG2 and JPEG1, "--B" for the boundary. */
#define ASKS_FIELD(name, value)                                                                    \
    "--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define ASKS_FILE(name, file, type, picture)                                                       \
    "--B\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"" file "\"\r\n"          \
    "Content-Type: " type "\r\n\r\n" picture "\r\n"
/* Such a body as the bytes that it stands for; how many. */
size_t asks_put(uint8_t *out, const char *body, const char *boundary);
/* Has the request that path and, to the byte, that body? It is JSON when it begins with a brace, else a form. */
int32_t asks_is(const struct raw_request *q, const char *path, const char *body);

/* The request, performed, failed so before anything was sent. */
void asks_assert_refused(struct draw *d, apipie_status want, const char *says);

/* Such a request, performed again and again, each time with a later allocation that is refused, until none is: it succeeds, or fails for
 * memory, and all that was given comes back. */
struct asks_short {
    const char *dialect, *path, *model, *letters;
    int32_t kind;
};
void asks_run_out_of_memory(struct draw *d, const struct asks_short *s);

/* A row of a table of what is refused before it is sent. */
struct asks_refusal {
    const char *name;
    int32_t kind;
    const char *model, *letters;
    const char *extra; /* a field that is set to 1; NULL: none */
    apipie_status status;
    const char *says;
    const char *hint; /* NULL: any */
};
/* The server is there already. */
void asks_assert_refusal(struct draw *d, const struct asks_refusal *row);

/* What a row of a table of errors says. */
struct asks_failure {
    const char *name;
    int32_t status;
    const char *body;
    apipie_status want;
    int32_t retryable, billed;
    const char *code; /* NULL: any */
    const char *says;
    const char *hint; /* NULL: any */
};
/* The request, performed, failed so. */
void asks_assert_failure(struct draw *d, const struct asks_failure *f);

#endif
