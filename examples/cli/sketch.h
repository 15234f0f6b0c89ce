/* SPDX-License-Identifier: MIT */
/* The pictures on the way to a picture: --partials. */
#ifndef CLI_SKETCH_H
#define CLI_SKETCH_H

#include "options.h"

struct cli_sketches {
    const char *folder;
    int quiet; /* their paths are not told */
    int32_t count;
    int problem; /* the errno of the first one that could not be written; 0 */
};

/* Before anything is sent: which options need which, and that the folder is one. */
void cli_sketch_check(const struct cli_options *options, struct cli_failure *failure);
/* Writes what the request is shown into the folder, under names of ours, never over a file. sketches lives as long as the request
 * runs. */
void cli_sketch_watch(struct cli_sketches *sketches, const struct cli_options *options,
                      apipie_request *request);
/* Says on stderr what could not be written: the picture itself does not fail for it. */
void cli_sketch_end(const struct cli_sketches *sketches);

#endif
