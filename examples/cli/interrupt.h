/* SPDX-License-Identifier: MIT */
/* Ctrl-C and SIGTERM, taken by a thread of their own. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <apipie/apipie.h>

/* Before any other thread is made: they inherit that the signals are blocked. 0 when it cannot. */
int cli_interrupt_start(void);
/* The request that a signal cancels, at once if one came before. NULL: none. Borrowed: take it back
 * before the request is freed. */
void cli_interrupt_watch(apipie_request *request);
/* 1 when a signal came: who has several requests cancels them itself. */
int cli_interrupt_came(void);
/* Sleeps until a signal comes. */
void cli_interrupt_wait(void);

#endif
