/* SPDX-License-Identifier: MIT */
/**
 * @file transport.h
 * Experimental: real exchanges written to a file, and played back from it, so that the tests of your program need neither a network
 * nor a key. What is said in apipie.h about threads, blocking, ownership and versions holds here too.
 */
#ifndef APIPIE_TRANSPORT_H
#define APIPIE_TRANSPORT_H

#include <apipie/apipie.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Writes every exchange of the client to a file, for apipie_client_replay(): method, URL and body of the request; status, headers
 * and body of the reply, or how it broke; times. The key is not in it: no header of the request is written, no cookie of the
 * reply, and where a body or header repeats the key, asterisks stand in its place. Prompts and pictures are in it. Exchanges that
 * are out when the client goes are left away.
 * @param path made anew; must not exist
 * @return APIPIE_E_FILE when it cannot be made; APIPIE_E_STATE after the first submit, apipie_client_start_worker() or apipie_client_loop_fd(),
 * or with a second call of either function
 * Threads: any. Blocks: the disk. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_record(apipie_client *client, const char *path);

/**
 * Answers the client's exchanges from a file that apipie_client_record() wrote; nothing is sent. An exchange gets the first reply
 * of the file that was not given yet to the same method, URL and body; where there is none it fails with APIPIE_E_CONNECT, not sent,
 * and the message says what was asked for. The client needs no key. Replies come as fast as they are taken.
 * @return APIPIE_E_FILE when it cannot be read or is no recording; APIPIE_E_STATE as above
 * Threads: any. Blocks: the disk. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_replay(apipie_client *client, const char *path);

#ifdef __cplusplus
}
#endif

#endif
