/* SPDX-License-Identifier: MIT */
/* The parameters of a request by their names on the wire, as a line of a batch and a recipe have them. */
#ifndef CLI_FIELD_H
#define CLI_FIELD_H

#include "json_in.h"
#include "options.h"
#include "store.h"

enum cli_field_result {
    CLI_FIELD_TAKEN,   /* null, too: as if it were not there */
    CLI_FIELD_UNKNOWN, /* no option has that name */
    CLI_FIELD_MISFIT,  /* not a value of it; *ret_wants says what would be */
    CLI_FIELD_NO_MEMORY
};

/* Sets the option that a member of the request's JSON stands for. Texts go to the store. */
enum cli_field_result cli_field_take(struct cli_options *options, struct cli_store *store,
                                     const struct cli_json_value *name,
                                     const struct cli_json_value *value, const char **ret_wants);
/* As --extra, with the value as it was written. */
enum cli_field_result cli_field_extra(struct cli_options *options, struct cli_store *store,
                                      const struct cli_json_value *name,
                                      const struct cli_json_value *value);
/* A text of JSON for a string of C: NULL without memory, and with *ret_wants when it holds U+0000. */
const char *cli_field_text(struct cli_store *store, const struct cli_json_value *value,
                           const char **ret_wants);

#endif
