/* SPDX-License-Identifier: MIT */
/* Knows the course of `apipie edit`: there must be a picture to edit; then as `generate`. */
#include "commands.h"

#include "report.h"

int cli_edit(const struct cli_options *o)
{
    struct cli_failure failure = {0};
    struct cli_options edit = *o; /* its lists stay those of o */

    edit.edits = 1;
    if (o->image != NULL)
        return cli_generate(&edit);
    cli_failure_set(&failure, APIPIE_E_ARGUMENT, "as --image lake.png, or a URL",
                    "--image is missing: it names the picture to edit", NULL, NULL);
    return cli_report(&failure, o->json);
}
