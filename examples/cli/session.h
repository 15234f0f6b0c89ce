/* SPDX-License-Identifier: MIT */
/* The client as the options want it, and the sandbox it may talk to. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "box.h"
#include "options.h"

struct cli_session {
    apipie_client *client;
    struct cli_box *box; /* NULL without --sandbox */
    const char *stats;   /* a file that gets the figures; NULL */
    const char *health;  /* ... and how the calls went; NULL */
};

/* cli_session_close() in any case. */
void cli_session_open(struct cli_session *session, const struct cli_options *options,
                      struct cli_failure *failure);
/* The same, where a key is not needed. */
void cli_session_open_keyless(struct cli_session *session, const struct cli_options *options,
                              struct cli_failure *failure);
/* Adds the figures and the health to their files; says on stderr what that or the ledger lacks, then frees. */
void cli_session_close(struct cli_session *session);
/* Adds to the file what the client knows, and to the client what it holds; a file that is not there is made. */
apipie_status cli_session_save_health(apipie_client *client, const char *path);
/* Where it asks, without the key; "sandbox" for one in this process. Borrows from the options, else constant. */
const char *cli_session_place(const struct cli_options *options);

#endif
