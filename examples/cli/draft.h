/* SPDX-License-Identifier: MIT */
/* From options to a request that is ready to be submitted. */
#ifndef CLI_DRAFT_H
#define CLI_DRAFT_H

#include "digest.h"
#include "options.h"

/* The file that --image or --mask named. */
struct cli_draft_input {
    uint64_t size; /* 0 for none */
    char sha256[CLI_DIGEST_TEXT];
};

struct cli_draft {
    apipie_request *request; /* a reference, or NULL */
    const char *refused;     /* the option that a setter refused, which submit will tell; or NULL */
    struct cli_draft_input image, mask;
    struct cli_draft_input more[APIPIE_LIMIT_IMAGES]; /* behind image; others are refused */
};

/* The failure may be set beside a request: a file that cannot be read. Unref the request in any case. */
void cli_draft_make(struct cli_draft *draft, const struct cli_options *options,
                    apipie_client *client, struct cli_failure *failure);
/* The parameters as they are sent, to be freed; NULL without memory. */
char *cli_draft_parameters(const apipie_request *request);
/* 1 when pictures get names of ours in a folder, 0 when the path is a file's. */
int cli_draft_is_folder(const char *output);
/* 1 for a device, a pipe, a descriptor: what is written there is no file afterwards. */
int cli_draft_is_stream(const char *output);

#endif
