/* SPDX-License-Identifier: MIT */
/* serve [PORT]: a sandbox until its input ends; prints the base URL. For tests in other languages. */
#include <apipie/sandbox.h>

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    apipie_sandbox *box = apipie_sandbox_new();
    apipie_status status;

    if (argc > 1)
        apipie_sandbox_set_port(box, (int32_t)strtol(argv[1], NULL, 10));
    status = apipie_sandbox_start(box);
    if (status == APIPIE_OK) {
        printf("%s\n", apipie_sandbox_url(box));
        fflush(stdout);
        while (getchar() != EOF)
            ;
    }
    box = apipie_sandbox_unref(box);
    return status == APIPIE_OK ? 0 : 1;
}
