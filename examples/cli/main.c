/* SPDX-License-Identifier: MIT */
/* Knows the subcommands; each reads its own options. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apipie/apipie.h>

#include "commands.h"
#include "config.h"
#include "help.h"
#include "interrupt.h"
#include "option_table.h"
#include "report.h"

static const struct cli_command commands[] = {
    {"generate", CLI_PROMPT, 1, cli_generate_options, cli_help_generate, cli_generate},
    {"again", CLI_PROMPT, 1, cli_generate_options, cli_help_again, cli_again},
    {"edit", CLI_PROMPT, 1, cli_edit_options, cli_help_edit, cli_edit},
    {"upload", CLI_FILES, 1, cli_upload_options, cli_help_upload, cli_upload},
    {"models", CLI_NOTHING, 1, cli_models_options, cli_help_models, cli_models},
    {"estimate", CLI_PROMPT, 1, cli_estimate_options, cli_help_estimate, cli_estimate},
    {"choose", CLI_NOTHING, 0, cli_choose_options, cli_help_choose, cli_choose},
    {"compare", CLI_NOTHING, 0, cli_compare_options, cli_help_compare, cli_compare},
    {"recommend", CLI_NOTHING, 0, cli_recommend_options, cli_help_recommend, cli_recommend},
    {"history", CLI_NOTHING, 1, cli_history_options, cli_help_history, cli_history},
    {"dashboard", CLI_NOTHING, 0, cli_dashboard_options, cli_help_dashboard, cli_dashboard},
    {"sandbox", CLI_NOTHING, 0, cli_sandbox_options, cli_help_sandbox, cli_sandbox},
    {"stats", CLI_NOTHING, 0, cli_stats_options, cli_help_stats, cli_stats},
    {"health", CLI_NOTHING, 0, cli_health_options, cli_help_health, cli_health},
    {"backends", CLI_NOTHING, 1, cli_backends_options, cli_help_backends, cli_backends},
    {"doctor", CLI_NOTHING, 0, cli_doctor_options, cli_help_doctor, cli_doctor},
};

static const struct cli_command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* A closed stdin, stdout or stderr would lend its number to the next file or socket that is opened. */
static int hold_standard_files(void)
{
    int file;

    do
        file = open("/dev/null", O_RDONLY);
    while (file >= 0 && file <= STDERR_FILENO);
    return file < 0 ? 0 : close(file) == 0;
}

static int refuse(int argc, char **argv)
{
    struct cli_failure failure = {0};
    const char *name = argc < 2 ? NULL : argv[1];
    int json = 0;

    for (int i = 1; i < argc; i++)
        json |= strcmp(argv[i], "--json") == 0;
    if (name == NULL)
        cli_failure_set(&failure, APIPIE_E_ARGUMENT, "apipie --help shows the commands",
                        "a command is missing", NULL, NULL);
    else if (name[0] == '-')
        cli_failure_set(&failure, APIPIE_E_ARGUMENT, "the command comes first: apipie generate ...",
                        name, ": unknown option", NULL);
    else
        cli_failure_set(&failure, APIPIE_E_ARGUMENT, "apipie --help shows the commands", name,
                        ": unknown command", NULL);
    return cli_report(&failure, json);
}

/* In the sandbox nothing of the user's own is asked. */
static void configure(struct cli_options *options, struct cli_config *config,
                      struct cli_failure *failure)
{
    if (failure->status == APIPIE_OK && !options->sandbox)
        cli_config_read(config, options->config_file, failure);
    if (failure->status != APIPIE_OK)
        return;
    options->config = options->sandbox ? NULL : config;
    cli_config_check(options, failure);
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct cli_failure failure = {0};
    struct cli_config config = {0};
    struct cli_options options;
    int code;

    cli_options_read(&options, command, argc, argv, &failure);
    if (command->configured && !options.help)
        configure(&options, &config, &failure);
    if (options.help)
        code = cli_help_print(command->help);
    else if (failure.status != APIPIE_OK)
        code = cli_report(&failure, options.json);
    else
        code = command->run(&options);
    cli_options_free(&options);
    cli_config_free(&config);
    return code;
}

int main(int argc, char **argv)
{
    const struct cli_command *command = argc < 2 ? NULL : find_command(argv[1]);

    if (!hold_standard_files() || !cli_interrupt_start()) {
        (void)fputs("apipie: the system refuses a file or a thread\n", stderr);
        return 9;
    }
    if (command != NULL)
        return run(command, argc - 2, argv + 2);
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("apipie %s\n", apipie_version()) < 0 || fflush(stdout) != 0 ? 9 : 0;
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return cli_help_print(cli_help);
    return refuse(argc, argv);
}
