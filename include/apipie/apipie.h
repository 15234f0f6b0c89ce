/* SPDX-License-Identifier: MIT */
/**
 * @file apipie.h
 * libapipie: AI images from C. One client, any number of requests; a picture goes from the socket to
 * memory, a file or your own sink once, and every attempt says what it cost and who was at fault.
 *
 * Words used by every declaration below:
 *   Threads  which threads may call it, and what may run beside it.
 *   Blocks   whether it may wait (for the network, a lock held for long, or a disk).
 *   Owns     who owns what goes in and what comes out, and how long that lives.
 *   Since    the first version that has it.
 *
 * In general: strings are UTF-8; setters copy; a getter's pointer lives as long as its request; every
 * function accepts NULL handles (getters then give nothing, setters and verbs a status). Times are
 * milliseconds. Money is picodollars: 1e-12 USD, exact for the twelve decimals that the gateway uses. In a child after fork()
 * a client of the parent, and what belongs to it, can only be read and dropped: the client's setters and all that sends,
 * waits or collects answer APIPIE_E_FORKED, or nothing.
 *
 * The HTTP facts behind it: "Images" in APIpie's documentation (https://apipie.ai/docs/Features/Images)
 * and the images API of OpenAI that it follows (https://platform.openai.com/docs/api-reference/images).
 */
#ifndef APIPIE_APIPIE_H
#define APIPIE_APIPIE_H

#include <stddef.h>
#include <stdint.h>

#include <apipie/version.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32) && defined(APIPIE_SHARED)
#define APIPIE_API __declspec(dllimport)
#elif defined(__GNUC__)
#define APIPIE_API __attribute__((visibility("default")))
#else
#define APIPIE_API
#endif

/* ---------------------------------------------------------------------------------------------
 * Status
 * ------------------------------------------------------------------------------------------- */

/** 0 is good, positive is "not yet", negative is a failure. Numbers are never reused. Since: 0.1. */
typedef int32_t apipie_status;

enum {
    APIPIE_OK = 0,
    APIPIE_PENDING = 1, /**< not finished yet */

    /* The caller: nothing was sent. */
    APIPIE_E_ARGUMENT = -1,  /**< a bad value; the message names the setter */
    APIPIE_E_STATE = -2,     /**< a good call at the wrong time (set after submit, submit twice) */
    APIPIE_E_REENTRANT = -3, /**< this function may not be called inside a callback */
    APIPIE_E_CONFIG = -4,    /**< no key, or a base URL that cannot be used */
    APIPIE_E_UNSUPPORTED = -5, /**< not in this version of the library */
    APIPIE_E_CANCELLED = -6,   /**< apipie_request_cancel(), or the client was freed */
    APIPIE_E_BUDGET = -7,      /**< a cap of your own: nothing was sent */
    APIPIE_E_VETOED = -8,      /**< your veto hook refused it: nothing was sent */
    APIPIE_E_FORKED =
        -9, /**< the client was made by the parent of this process: make one of its own */

    /* Us, and the machine we run on. */
    APIPIE_E_MEMORY = -100, /**< out of memory */
    APIPIE_E_LIMIT = -101,  /**< one of APIPIE_LIMIT_* was met */
    APIPIE_E_FILE =
        -102, /**< a local file: cannot be made, written, renamed or read, or was changed */
    APIPIE_E_SINK = -103,     /**< the host's sink refused */
    APIPIE_E_INTERNAL = -104, /**< a defect of this library: please report */

    /* The wire. */
    APIPIE_E_CONNECT = -200, /**< name not found, or nothing answers there */
    APIPIE_E_TLS = -201,     /**< no secure connection, or a certificate that is not trusted */
    APIPIE_E_TIMEOUT = -202, /**< a time limit passed */
    APIPIE_E_NETWORK = -203, /**< the connection broke, or a redirect or image URL was refused */

    /* The provider's answer. */
    APIPIE_E_AUTH = -300,           /**< the key was refused */
    APIPIE_E_PARAMETER = -301,      /**< the server does not take a parameter */
    APIPIE_E_CONTENT_POLICY = -302, /**< the prompt or the picture was refused */
    APIPIE_E_NOT_FOUND = -303,      /**< no such model or route */
    APIPIE_E_RATE_LIMITED = -304,   /**< too many requests for now */
    APIPIE_E_QUOTA = -305,          /**< no credit left */
    APIPIE_E_SERVER = -306,         /**< the server failed */
    APIPIE_E_UNAVAILABLE = -307,    /**< every route rests after failures: nothing was sent */

    /* What came. */
    APIPIE_E_MALFORMED = -400, /**< the reply is no JSON, or breaks off */
    APIPIE_E_TOO_LARGE = -401, /**< larger than the image limit */
    APIPIE_E_NO_IMAGE = -402   /**< a good reply without a picture */
};

/** A count or an amount that nobody said: not zero. Since: 0.1. */
#define APIPIE_UNKNOWN (-1)

/** Length of a text that ends with NUL: strlen() is used. Since: 0.1. */
#define APIPIE_NTS ((size_t)-1)

/** Picodollars in one US dollar. Since: 0.1. */
#define APIPIE_DOLLAR INT64_C(1000000000000)

/** Limits. Over them: APIPIE_E_ARGUMENT from the setter (too many routes: APIPIE_E_LIMIT), never a cut value. Since: 0.1. */
#define APIPIE_LIMIT_PROMPT   1048576   /**< bytes of a prompt or negative prompt */
#define APIPIE_LIMIT_TEXT     4096      /**< bytes of any other text, keys and names */
#define APIPIE_LIMIT_EXTRA    1048576   /**< bytes of the JSON of all extra fields together */
#define APIPIE_LIMIT_INPUT    268435456 /**< bytes of an input image */
#define APIPIE_LIMIT_UPLOAD   5242880   /**< bytes of a picture that is uploaded; from submit */
#define APIPIE_LIMIT_IMAGES   16        /**< input images of one request */
#define APIPIE_LIMIT_DATA_URL 20971520  /**< bytes of a data: URL as input image */
#define APIPIE_LIMIT_SIDE     8192      /**< pixels of a side */
#define APIPIE_LIMIT_N        64        /**< images of one request */
#define APIPIE_LIMIT_ROUTES   32        /**< routes of a client or request */
#define APIPIE_LIMIT_PRIORITY 3600      /**< seconds */
#define APIPIE_LIMIT_HEADERS  32        /**< headers of a client or request */
#define APIPIE_LIMIT_PEM      16777216  /**< bytes of certificates in memory */

/**
 * The short name of a status, as the command line and its JSON print it ("rate_limited").
 * @param status any apipie_status
 * @return a constant string, "unknown" for a number that this version does not know
 * Threads: any. Blocks: no. Owns: static. Since: 0.1.
 */
APIPIE_API const char *apipie_status_name(apipie_status status);

/**
 * The version of the library that runs, "0.1.0"; APIPIE_VERSION_STRING is the header's.
 * Threads: any. Blocks: no. Owns: static. Since: 0.1.
 */
APIPIE_API const char *apipie_version(void);

/** Libraries that this one stands on, for apipie_part_version(). Since: 0.1. */
enum {
    APIPIE_PART_CURL = 0, /**< libcurl */
    APIPIE_PART_TLS = 1,  /**< what secures libcurl's connections: "OpenSSL/3.0.11" */
    APIPIE_PART_JSON = 2  /**< jansson */
};

/**
 * The version of a library that this one stands on, as it runs (of jansson as it was built with), for a report of a problem.
 * @param part APIPIE_PART_*
 * @return "8.5.0"; NULL for another part, and where it has none
 * Threads: any. Blocks: no. Owns: static. Since: 0.1.
 */
APIPIE_API const char *apipie_part_version(int32_t part);

/* ---------------------------------------------------------------------------------------------
 * Handles
 * ------------------------------------------------------------------------------------------- */

typedef struct apipie_client apipie_client;   /**< a server, a key, defaults, connections */
typedef struct apipie_request apipie_request; /**< first a builder, after submit the running call */
typedef struct apipie_result apipie_result;   /**< read-only, lives as long as its request */
typedef struct apipie_error apipie_error;     /**< read-only, lives as long as its request */

/**
 * Where a client and all that belongs to it take memory from. libcurl, jansson and the C library keep
 * using malloc(). The three functions are called from any thread that uses the client, also at once.
 * Threads: see above. Blocks: the host decides. Owns: copied; what `user` points to must outlive the
 * last object of the client. Since: 0.1.
 */
typedef struct apipie_allocator {
    size_t size; /**< sizeof(apipie_allocator) */
    void *user;
    void *(*alloc)(void *user, size_t size);               /**< as malloc() */
    void *(*resize)(void *user, void *block, size_t size); /**< as realloc(); size is never 0 */
    void (*release)(void *user, void *block);              /**< as free(); block is never NULL */
} apipie_allocator;

/**
 * Frees what a user pointer stands for; called exactly once, also when the setter failed.
 * Threads: whichever drops the last reference. Blocks: should not. Owns: user. Since: 0.1.
 */
typedef void (*apipie_free_fn)(void *user);

/* ---------------------------------------------------------------------------------------------
 * Client
 * ------------------------------------------------------------------------------------------- */

/**
 * Makes a client. Reads APIPIE_API_KEY and APIPIE_BASE_URL (default https://apipie.ai/v1) from the
 * environment; opens nothing.
 * @param allocator NULL for malloc()
 * @return a reference, or NULL without memory or with an allocator table of an unknown size
 * Threads: any. Blocks: no. Owns: the caller, apipie_client_unref(). Since: 0.1.
 */
APIPIE_API apipie_client *apipie_client_new(const apipie_allocator *allocator);

/**
 * Adds a reference.
 * @return client
 * Threads: any. Blocks: no. Owns: one more apipie_client_unref(). Since: 0.1.
 */
APIPIE_API apipie_client *apipie_client_ref(apipie_client *client);

/**
 * Drops a reference. The last one cancels what still runs (those requests end with
 * APIPIE_E_CANCELLED), calls the done callbacks that are still due, and ends the worker; what nobody collected is dropped.
 * Requests that the host still holds keep their data. While another thread waits for a request, or inside a callback, that thread does
 * all this a moment later.
 * @return NULL, always
 * Threads: any, also inside a callback. Blocks: at most 50 ms, beside callbacks of the host that run (a sink on the worker), one second
 * for the lock of a ledger, and before libcurl 7.87 a name lookup. In a child after fork() it only frees what is the child's.
 * Owns: takes the reference. Since: 0.1.
 */
APIPIE_API apipie_client *apipie_client_unref(apipie_client *client);

/**
 * Sets the key, instead of APIPIE_API_KEY. Never logged, masked in messages, wiped on free.
 * @return APIPIE_E_ARGUMENT for control bytes, blanks or an empty key
 * Threads: any; requests submitted later use it. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_key(apipie_client *client, const char *key);

/**
 * Sets the base URL, to which "/images/generations" is added.
 * @return APIPIE_E_ARGUMENT for something that is no http(s) URL, names a user or a query;
 *         APIPIE_E_CONFIG for http:// to another machine unless apipie_client_allow_http() was called
 * Threads: any; requests submitted later use it. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_base_url(apipie_client *client, const char *url);

/**
 * Allows unencrypted http:// to machines other than this one, for the base URL and image URLs. The key
 * then travels readable. Call it before apipie_client_set_base_url().
 * @param allow 0 (the default) or 1
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_allow_http(apipie_client *client, int32_t allow);

/**
 * Default limit for name lookup, connect and TLS of one attempt: 10000 ms.
 * @param ms 1 to 86400000
 * Threads: any; requests made later use it. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_connect_timeout(apipie_client *client, int64_t ms);

/**
 * Default limit for a whole request, all attempts and waits together: 600000 ms.
 * @param ms 1 to 86400000
 * Threads: any; requests made later use it. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_timeout(apipie_client *client, int64_t ms);

/** Which failures are sent again. Since: 0.1. */
enum {
    APIPIE_RETRY_SAFE =
        0, /**< only what surely was not billed: not sent, or 425, 429, 503 refused */
    APIPIE_RETRY_NEVER = 1, /**< nothing */
    APIPIE_RETRY_ALWAYS = 2 /**< also when it is unknown whether it was billed: may pay twice */
};

/**
 * Default for how often (2) and when (APIPIE_RETRY_SAFE) a failed call is sent again.
 * @param policy APIPIE_RETRY_SAFE, _NEVER or _ALWAYS
 * @param retries 0 to 20, attempts after the first
 * Threads: any; requests made later use it. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_retry(apipie_client *client, int32_t policy,
                                                 int32_t retries);

/**
 * Default for the largest image that is accepted: 268435456 bytes (256 MiB).
 * @param bytes 1 to 2^40
 * Threads: any; requests made later use it. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_max_image_bytes(apipie_client *client, uint64_t bytes);

/**
 * Default limit from the moment the request has left until the first byte of the reply: 0, no limit of its own (drawing may
 * take minutes). A paid call that meets it ends unknown.
 * @param ms 0 to 86400000
 * Threads: any; requests made later use it. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_first_byte_timeout(apipie_client *client, int64_t ms);

/**
 * Default limit for silence once bytes of the request or the reply have begun to flow: 0, no limit of its own. Time in which
 * nobody waited or polled does not count.
 * @param ms 0 to 86400000
 * Threads: any; requests made later use it. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_stall_timeout(apipie_client *client, int64_t ms);

/*
 * Routes: where a picture may be drawn, in order. A request is tried by its own provider and model when it has set one of
 * them, then by its own routes, and, when it has none, by those of its client. The next one is tried when a route surely did
 * not bill and another may do better (refused with: no such model, a parameter, a rate limit, too busy; or it rests after
 * failures) and under APIPIE_RETRY_ALWAYS also when that is unknown; never for refused content. The key, the credit, and a
 * server that cannot be reached are the same for all routes of a backend: only those of another one are tried then, as when a
 * budget refuses the call. When all
 * have failed, those that may work later are tried again after a wait, as often as the retries allow. Without routes the gateway's
 * own pool chooses. All of a request together are at most APIPIE_LIMIT_ROUTES (else submit says APIPIE_E_ARGUMENT).
 */

/**
 * Adds a route for requests that have none of their own.
 * @param backend of apipie_client_add_backend(), before (else APIPIE_E_UNSUPPORTED); NULL: the default one
 * @param provider NULL: the gateway chooses
 * @param model NULL: the request's own
 * @return APIPIE_E_LIMIT for more than APIPIE_LIMIT_ROUTES
 * Threads: any; requests submitted later use it. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_add_route(apipie_client *client, const char *backend,
                                                 const char *provider, const char *model);

/**
 * Forgets the client's routes.
 * Threads: any; requests submitted later have none. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_clear_routes(apipie_client *client);

/**
 * When a route rests: after so many failures of its own in a row (5: no connection, a time limit, 5xx, broken replies) it is
 * passed over for `rest_ms` (10000), then one request probes it; each failed probe doubles the rest, up to 2 minutes.
 * A request without another route waits for the probe as its retries allow, then fails with APIPIE_E_UNAVAILABLE, unbilled.
 * @param failures 0: routes never rest
 * @param rest_ms 1 to 86400000
 * Threads: any; routes first used later have it. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_breaker(apipie_client *client, int32_t failures,
                                                   int64_t rest_ms);

/**
 * How many requests are out at once: 8. The others wait in line, by priority. Less than are out now stops none of them.
 * @param n 1 to 1024
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_max_in_flight(apipie_client *client, int32_t n);

/**
 * Your own limit by the minute; a tenth of it may go at once, the rest evenly spread: a request over it waits in line. What a
 * server says (Retry-After, x-ratelimit-*) is obeyed besides, for all requests of that route.
 * @param provider whose requests count, as a route names it; NULL: all requests together
 * @param requests a minute, 0: no limit
 * @param images a minute, 0: no limit
 * Threads: any. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_rate(apipie_client *client, const char *provider,
                                                int32_t requests, int32_t images);

/*
 * Budget. Before a call is sent its price is reserved; afterwards the server's figure counts, or the reserved one
 * (estimated). An attempt that surely was not billed gives it back, one that may have been keeps it. What would pass a cap is
 * refused with APIPIE_E_BUDGET before anything is sent, and so is, where a cap stands, a call whose price is not known.
 */

/**
 * The most that all requests of the client may cost. Without a ledger: since it was made; with one: in a UTC day, by all
 * processes that share the ledger.
 * @param picodollars APIPIE_UNKNOWN takes the cap back
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_budget(apipie_client *client, int64_t picodollars);

/**
 * The same for requests with this tag (a player, a customer, a feature).
 * @param picodollars APIPIE_UNKNOWN takes the cap back
 * Threads: any. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_tag_budget(apipie_client *client, const char *tag,
                                                      int64_t picodollars);

/**
 * What one image is assumed to cost, whatever the list of models says. The closest one counts: provider and model, model,
 * provider, any.
 * @param provider NULL: any
 * @param model NULL: any
 * @param picodollars per image; APIPIE_UNKNOWN takes it back
 * Threads: any. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_price(apipie_client *client, const char *provider,
                                                 const char *model, int64_t picodollars);

/**
 * Keeps the books in a file: a line of JSON before each call that may cost money and one after it, written at once, under a
 * lock that processes share. Whatever kills the program, the next one goes on with the day's total. Holds no prompt and no key.
 * @param path made when it is not there; NULL: no ledger any more
 * @return APIPIE_E_FILE when it cannot be read and written
 * Threads: any. Blocks: the disk, and at most a second for another process. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_ledger(apipie_client *client, const char *path);

/** Sums that a client knows, for apipie_client_money(). Since: 0.1. */
enum {
    APIPIE_MONEY_SPENT = 0,     /**< billed, estimated figures included */
    APIPIE_MONEY_ESTIMATED = 1, /**< the part of it that no server confirmed */
    APIPIE_MONEY_RESERVED = 2,  /**< for calls that are out now */
    APIPIE_MONEY_UNKNOWN = 3    /**< for calls of which nobody knows whether they were billed */
};

/**
 * A sum in picodollars, over the same time and processes as the budget.
 * @param tag NULL: all requests
 * @param which APIPIE_MONEY_*
 * @return APIPIE_UNKNOWN for a bad argument
 * Threads: any. Blocks: the disk when there is a ledger. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_client_money(apipie_client *client, const char *tag, int32_t which);

/**
 * Why the ledger could not be written since it was set (a full disk): money is still counted in memory.
 * @return NULL when all is well
 * Threads: any. Blocks: no. Owns: static. Since: 0.1.
 */
APIPIE_API const char *apipie_client_ledger_problem(apipie_client *client);

/**
 * For how long a request whose bill is unknown looks for itself in the server's history (/v1/queries/) before it ends: 0, not
 * at all. It is never sent again; what is found settles the money, what is not found or not clear stays unknown.
 * @param ms 0 to 86400000; the request's own time limit still holds
 * Threads: any; requests submitted later use it. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_reconcile(apipie_client *client, int64_t ms);

/**
 * Keeps pictures of requests with a seed in a folder: the same request (all parameters, base URL and routes) then brings the
 * stored picture, unbilled, and of equal ones that run at once only one is sent.
 * @param folder made when it is not there; NULL: no cache any more
 * @param max_bytes at least 1; beyond it the oldest pictures go
 * @return APIPIE_E_FILE when it cannot be made
 * Threads: any; requests submitted later use it. Blocks: the disk. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_cache(apipie_client *client, const char *folder,
                                                 uint64_t max_bytes);

/**
 * Sees every request for pictures when it is submitted, before anything is reserved or sent: for prompts that players type.
 * The getters apipie_request_prompt() and apipie_request_format_json() tell what it asks for.
 * @param request for its getters only: it is sealed
 * @param reason "", put a line for the error's message here (UTF-8, ends with NUL)
 * @param capacity bytes of reason
 * @return APIPIE_OK, or any failure to refuse it with APIPIE_E_VETOED
 * Threads: the one that submits; may be several at once. Blocks: as the host likes. Owns: nothing. Since: 0.1.
 */
typedef apipie_status (*apipie_veto_fn)(void *user, const apipie_request *request, char *reason,
                                        size_t capacity);

/**
 * Asks for the key instead of apipie_client_set_key(), for keys that rotate or live shortly: before each paid call, once more
 * after its 401 (unless the policy is APIPIE_RETRY_NEVER), and before each look into the server's history.
 * @param refused 1: the key given last was refused
 * @param key put it here, with NUL
 * @param capacity APIPIE_LIMIT_TEXT + 1
 * @return APIPIE_OK, or a failure: the request ends with APIPIE_E_CONFIG, unsent
 * Threads: the one that pumps (whoever waits). Blocks: should not. Owns: nothing; the buffer is wiped. Since: 0.1.
 */
typedef apipie_status (*apipie_key_fn)(void *user, int32_t refused, char *key, size_t capacity);

/**
 * Sets the veto hook.
 * @param veto NULL takes it back
 * @param user_free NULL if `user` needs none
 * Threads: any; requests submitted later meet it. Blocks: no. Owns: takes user (freed once: with the client or when replaced,
 * as soon as no thread is in the hook any more, or at once on failure and with NULL). Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_veto(apipie_client *client, apipie_veto_fn veto,
                                                void *user, apipie_free_fn user_free);

/**
 * Sets the key callback.
 * @param key_fn NULL takes it back: apipie_client_set_key() counts again
 * @param user_free NULL if `user` needs none
 * Threads: any; requests submitted later use it. Blocks: no. Owns: takes user (freed once: with the client or when replaced,
 * after the last request that was submitted with it, or at once on failure and with NULL). Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_key_fn(apipie_client *client, apipie_key_fn key_fn,
                                                  void *user, apipie_free_fn user_free);

/* ---------------------------------------------------------------------------------------------
 * Client: backends
 *
 * A client is made for the gateway: that backend is called "apipie", and has the client's base URL and key. Others can be added: a server
 * that speaks OpenAI's images API, or one under your desk. A route names a backend, a provider and a model; failover, pace, budget, breaker,
 * health and statistics work across them. Pictures of local servers cost nothing. Backends cannot be taken back.
 * ------------------------------------------------------------------------------------------- */

/**
 * Adds a backend.
 * @param name what routes call it: 1 to 64 letters, digits, '-', '_' and '.'
 * @param dialect the wire that it speaks: "apipie", "openai", "a1111", "sdcpp", "together", "deepinfra", "bedrock", "prodia",
 *        "stability"; see docs/backends.md
 * @param base_url as apipie_client_set_base_url() takes it
 * @return APIPIE_E_ARGUMENT for a bad name or URL, APIPIE_E_UNSUPPORTED for another dialect, APIPIE_E_STATE when the name is taken,
 *         APIPIE_E_CONFIG for http:// to another machine (see apipie_client_allow_http()), APIPIE_E_MEMORY
 * Threads: any. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_add_backend(apipie_client *client, const char *name,
                                                   const char *dialect, const char *base_url);

/**
 * The dialects that this version speaks, by the names that apipie_client_add_backend() takes, in no order that means anything.
 * @param index from 0 on
 * @return NULL past the last one
 * Threads: any. Blocks: no. Owns: the library; lives as long as the process. Since: 0.1.
 */
APIPIE_API const char *apipie_dialect_name(size_t index);

/**
 * The key of an added backend, sent to it alone; "user:password" where the wire asks for these. Not set: none is sent.
 * @param key NULL takes it back
 * @return APIPIE_E_NOT_FOUND without a backend of that name; APIPIE_E_ARGUMENT for a key that cannot be sent
 * Threads: any; requests submitted later use it. Blocks: no. Owns: copies, wiped at the end. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_backend_key(apipie_client *client, const char *name,
                                                       const char *key);

/**
 * The retry policy for routes of an added backend, where a request has none of its own. Not set: APIPIE_RETRY_ALWAYS for local servers, where
 * nothing can be paid twice; else the client's.
 * @param policy APIPIE_RETRY_*; APIPIE_UNKNOWN takes it back
 * @param retries 0 to 20
 * @return APIPIE_E_NOT_FOUND without a backend of that name
 * Threads: any; requests submitted later use it. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_backend_retry(apipie_client *client, const char *name,
                                                         int32_t policy, int32_t retries);

/**
 * Which backend serves requests and routes that name none.
 * @param name NULL: "apipie"
 * @return APIPIE_E_NOT_FOUND without a backend of that name
 * Threads: any; requests submitted later use it. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_default_backend(apipie_client *client, const char *name);

/**
 * How many backends there are, the client's own included.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_client_backend_count(apipie_client *client);

/** What is known of a backend, for apipie_client_backend_text(). Since: 0.1. */
enum {
    APIPIE_BACKEND_NAME = 0,    /**< "apipie" */
    APIPIE_BACKEND_DIALECT = 1, /**< "openai" */
    APIPIE_BACKEND_BASE_URL = 2 /**< of an added one; the client's own changes: NULL */
};

/**
 * A text of a backend.
 * @param index 0 for the client's own, then in the order in which they were added
 * @param field APIPIE_BACKEND_*
 * @return NULL past the end
 * Threads: any. Blocks: no. Owns: the client. Since: 0.1.
 */
APIPIE_API const char *apipie_client_backend_text(apipie_client *client, size_t index,
                                                  int32_t field);

/* ---------------------------------------------------------------------------------------------
 * Client: memory
 * ------------------------------------------------------------------------------------------- */

/**
 * The most memory that the client and all that belongs to it may hold at once, pictures in memory included (what libcurl,
 * jansson and the C library take for themselves is not counted). What would pass it fails with APIPIE_E_MEMORY: that request
 * ends, everything else goes on.
 * @param bytes 0: no limit (the default); less than is held now refuses what is new
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_memory_limit(apipie_client *client, uint64_t bytes);

/** What apipie_client_memory() tells. Since: 0.1. */
enum {
    APIPIE_MEMORY_NOW = 0,    /**< bytes held now */
    APIPIE_MEMORY_PEAK = 1,   /**< the most bytes that were held at once */
    APIPIE_MEMORY_REFUSED = 2 /**< how often memory was refused, by the limit or by the allocator */
};

/**
 * The memory of a client and all that belongs to it, as apipie_client_set_memory_limit() counts it.
 * @param which APIPIE_MEMORY_*
 * @return APIPIE_UNKNOWN for a bad argument
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_client_memory(const apipie_client *client, int32_t which);

/* ---------------------------------------------------------------------------------------------
 * Client: the way to the server
 * ------------------------------------------------------------------------------------------- */

/**
 * A header for every call to the server that the base URL names. No picture that is fetched by url is asked for with it, wherever it is.
 * @param name letters, digits and the signs of RFC 9110's tokens; not one that the library writes itself (Authorization,
 *        Content-Type, Content-Length, Host, Connection, Transfer-Encoding, Expect, Accept, Accept-Encoding, User-Agent,
 *        Idempotency-Key, traceparent): APIPIE_E_ARGUMENT. Case does not matter; setting it again replaces
 * @param value printable ASCII and blanks inside it, at most APIPIE_LIMIT_TEXT bytes; NULL takes the header back. Never logged
 *        (of less than 8 bytes it is no secret, where a server repeats it)
 * @return APIPIE_E_LIMIT for more than APIPIE_LIMIT_HEADERS
 * Threads: any; requests submitted later have it. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_header(apipie_client *client, const char *name,
                                                  const char *value);

/**
 * The proxy for all servers but those on this machine.
 * @param url "http://host:port", "https://...", "socks5://..." (names are looked up here) or "socks5h://..." (there), with
 *        "user:password@" before the host where it asks for them; "" for none; NULL (the default): what http_proxy,
 *        https_proxy, all_proxy and no_proxy in the environment say
 * @return APIPIE_E_ARGUMENT for any other URL; APIPIE_E_UNSUPPORTED for https:// when libcurl was built without it
 * Threads: any; requests submitted later use it. Blocks: no. Owns: copies; wiped on free. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_proxy(apipie_client *client, const char *url);

/**
 * The certificates of authorities to trust, instead of the system's.
 * @param path a PEM file; NULL: the system's again. Read at the first connection: a file that cannot be read is APIPIE_E_TLS there
 * Threads: any; requests submitted later use it. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_ca_file(apipie_client *client, const char *path);

/**
 * The same from memory; goes before a file.
 * @param pem PEM text of one or several certificates; NULL takes it back
 * @param size bytes, at most APIPIE_LIMIT_PEM, or APIPIE_NTS
 * @return APIPIE_E_ARGUMENT for something that holds no PEM certificate; APIPIE_E_UNSUPPORTED when libcurl cannot take it from memory
 * Threads: any; requests submitted later use it. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_ca_pem(apipie_client *client, const char *pem,
                                                  size_t size);

/**
 * The certificate by which the client shows who it is; only to the server of the base URL, and not when a picture is fetched by url.
 * @param certificate a PEM file; NULL: none any more
 * @param key a PEM file; NULL: it is in the first one
 * @param password of the key; NULL for none. Wiped on free
 * Threads: any; requests submitted later use it. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_certificate(apipie_client *client,
                                                       const char *certificate, const char *key,
                                                       const char *password);

/**
 * The public key that the server of the base URL must have, besides a certificate that is trusted: anything else is APIPIE_E_TLS. Where
 * pictures are fetched by url the certificate is enough.
 * @param hashes "sha256//" and the base64 of the SHA-256 of the key (RFC 7469); several with ";" between them; NULL: any key
 * Threads: any; requests submitted later use it. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_pinned_key(apipie_client *client, const char *hashes);

/**
 * HTTP/2 where the server offers it over TLS. Off by default: one reset of an HTTP/2 connection leaves all calls on it
 * unknown, where HTTP/1.1 has one call a connection.
 * @param on 0 or 1
 * @return APIPIE_E_UNSUPPORTED when libcurl was built without it
 * Threads: any; requests submitted later use it. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_http2(apipie_client *client, int32_t on);

/**
 * Names your program behind ours in the User-Agent header: "libapipie/0.1.0 MyGame/1.2".
 * @param product printable ASCII; NULL: none
 * Threads: any; requests submitted later use it. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_user_agent(apipie_client *client, const char *product);

/**
 * The network interface or local address from which connections go out ("eth1", "192.0.2.7").
 * @param name NULL: the system chooses
 * Threads: any; requests submitted later use it. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_interface(apipie_client *client, const char *name);

/**
 * Which addresses of a name are used.
 * @param version 0: both (the default); 4 or 6: only those
 * Threads: any; requests submitted later use it. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_ip_version(apipie_client *client, int32_t version);

/* ---------------------------------------------------------------------------------------------
 * Client: what it does, for others to see
 * ------------------------------------------------------------------------------------------- */

/** How much apipie_client_set_log() tells; each level holds those before it. Since: 0.1. */
enum {
    APIPIE_LOG_ERROR = 1,   /**< requests that failed */
    APIPIE_LOG_WARNING = 2, /**< exchanges that failed, warnings of results */
    APIPIE_LOG_INFO = 3,    /**< every exchange, every end */
    APIPIE_LOG_DEBUG = 4,   /**< every step of a request */
    APIPIE_LOG_PROMPT = 5   /**< the prompts too: personal data, perhaps */
};

/**
 * Takes one finished line: no line end, no control bytes, no key, no query of a URL, no image data, and no prompt unless asked.
 * @param level APIPIE_LOG_*
 * @param line ends with NUL, at most 512 bytes
 * Threads: the one that pumps, submits or sets; may be several at once. Blocks: should not. Owns: line lives during the call.
 * Since: 0.1.
 */
typedef void (*apipie_log_fn)(void *user, int32_t level, const char *line);

/**
 * Sets the log sink.
 * @param level the most talkative level that is wanted: APIPIE_LOG_*
 * @param log NULL takes it back
 * @param user_free NULL if `user` needs none
 * Threads: any; requests submitted later log there. Blocks: no. Owns: takes user (freed once: with the client or when replaced,
 * after the last request that was submitted with it, or at once on failure and with NULL). Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_log(apipie_client *client, int32_t level,
                                               apipie_log_fn log, void *user,
                                               apipie_free_fn user_free);

/**
 * Sees every exchange when it has ended and been judged: for spans and metrics. The apipie_request_attempt_*() getters tell of it,
 * apipie_request_attempt_time() its lookup, connect, TLS, first byte and total, apipie_request_attempt_traceparent() its id.
 * @param request the one that was submitted
 * @param index of the exchange; only this one may be asked for, and only during the call: at the end of a request that became
 *        several calls (apipie_request_set_n()) the numbers are others
 * Threads: the one that pumps. Blocks: should not. Owns: nothing. Since: 0.1.
 */
typedef void (*apipie_trace_fn)(void *user, const apipie_request *request, size_t index);

/**
 * Sets the trace hook.
 * @param trace NULL takes it back
 * @param user_free NULL if `user` needs none
 * Threads: any; requests submitted later are traced. Blocks: no. Owns: takes user (freed once: with the client or when replaced,
 * after the last request that was submitted with it, or at once on failure and with NULL). Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_trace(apipie_client *client, apipie_trace_fn trace,
                                                 void *user, apipie_free_fn user_free);

/* ---------------------------------------------------------------------------------------------
 * Request: the builder
 * ------------------------------------------------------------------------------------------- */

/** What a request asks for. Since: 0.1. */
enum {
    APIPIE_REQUEST_IMAGE = 1,     /**< text to image, with an optional input image */
    APIPIE_REQUEST_RECONCILE = 2, /**< what became of a call; see apipie_request_new_reconcile() */
    APIPIE_REQUEST_MODELS = 3,    /**< the list of models; see apipie_request_catalog() */
    APIPIE_REQUEST_HISTORY = 4,   /**< what was billed; see apipie_request_history() */
    APIPIE_REQUEST_EDIT = 5, /**< another picture out of one or several, perhaps under a mask */
    APIPIE_REQUEST_VARIATION = 6, /**< one like another, without a prompt */
    APIPIE_REQUEST_UPLOAD = 7     /**< a picture to the server, which gives a URL of it; see
                                       apipie_request_set_input_transfer() for what is uploaded unasked */
};

/**
 * Makes a request. It keeps the memory of its client alive, not its connections.
 *
 * An upload takes one picture by apipie_request_set_image_bytes() or _file(): PNG, JPEG, GIF, BMP, TIFF, WebP or SVG of at most
 * APIPIE_LIMIT_UPLOAD bytes; anything else is APIPIE_E_ARGUMENT at submit, and nothing is sent. A file is read while it is sent. The
 * result has one image without bytes, whose apipie_result_image_url() is where the picture is now; it is not fetched. That URL needs no
 * key: who has it has the picture. The gateway does not say how long it holds. It costs nothing, needs the key, and is tried again
 * like a list of models; servers without uploads are APIPIE_E_UNSUPPORTED at submit.
 * @param kind APIPIE_REQUEST_IMAGE, _EDIT, _VARIATION, _MODELS, _HISTORY or _UPLOAD; another number gives a request whose submit says
 *        "unsupported"
 * @return a reference, or NULL without memory or without a client
 * Threads: any. Blocks: no. Owns: the caller, apipie_request_unref(). Since: 0.1.
 */
APIPIE_API apipie_request *apipie_request_new(apipie_client *client, int32_t kind);

/**
 * Looks up in the server's history (/v1/queries/) whether a request whose bill is unknown was billed: by time, route and
 * length of the prompt. Sends nothing that costs. When it ends with APIPIE_OK, apipie_result_billed() of its result says
 * APIPIE_BILLED_YES, with apipie_result_cost(), or still APIPIE_BILLED_UNKNOWN: not there (a call still drawing is not there
 * yet), or several rows fit.
 * What it finds is settled in the client's money and ledger too; `ended` itself does not change.
 * @param ended a request of this process that has ended
 * @return a reference to a builder to submit, or NULL without memory, before the end, or when no attempt of it is unknown
 * Threads: any, after the end. Blocks: no. Owns: the caller. Since: 0.1.
 */
APIPIE_API apipie_request *apipie_request_new_reconcile(const apipie_request *ended);

/**
 * A fresh builder with the same settings, whatever became of the first (host sinks are not copied: they
 * hold state; set one again).
 * @return a reference, or NULL without memory, and for a reconciliation: make another one of what it looks for
 * Threads: not beside a setter of the same request. Blocks: no. Owns: the caller. Since: 0.1.
 */
APIPIE_API apipie_request *apipie_request_copy(const apipie_request *request);

/**
 * Adds a reference.
 * @return request
 * Threads: any. Blocks: no. Owns: one more apipie_request_unref(). Since: 0.1.
 */
APIPIE_API apipie_request *apipie_request_ref(apipie_request *request);

/**
 * Drops a reference. A submitted request goes on without the host's references.
 * @return NULL, always
 * Threads: any. Blocks: no. Owns: takes the reference; with the last one all its data. Since: 0.1.
 */
APIPIE_API apipie_request *apipie_request_unref(apipie_request *request);

/*
 * Setters. What is not set is not sent. All of them: before submit only (else APIPIE_E_STATE); a bad
 * value gives APIPIE_E_ARGUMENT, is remembered, and submit returns the first one, so that straight-line
 * code needs one check. Setting again replaces. NULL takes a text back.
 */

/**
 * Who serves the model: "prodia", "bedrock", "deepinfra", "together", "pool" ... Not set: the gateway
 * chooses.
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_provider(apipie_request *request, const char *provider);

/**
 * The model's name, as the Models route gives it: "sd_xl_base_1.0".
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_model(apipie_request *request, const char *model);

/**
 * Which backend is asked: one of apipie_client_add_backend(). Not set: the client's default one. Lists of models and bills are those
 * of this backend.
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_backend(apipie_request *request, const char *backend);

/** What to do with a parameter that a server does not take. Since: 0.1. */
enum {
    APIPIE_UNSUPPORTED_REFUSE = 0, /**< submit says so, and nothing is sent: the default */
    APIPIE_UNSUPPORTED_DROP = 1,   /**< it is left out, with a warning of the result */
    APIPIE_UNSUPPORTED_NEAREST =
        2 /**< values become the nearest that the server knows, else it is left out; with a warning */
};

/**
 * What to do where a route's server does not take a parameter, or not its value.
 * @param how APIPIE_UNSUPPORTED_*
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_unsupported(apipie_request *request, int32_t how);

/**
 * The sampler ("Euler a", "dpm++2m"), as the server names it. The gateway does not take one.
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_sampler(apipie_request *request, const char *sampler);

/**
 * How the picture is to be encoded: "png", "jpeg", "webp". The gateway does not take one.
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_output_format(apipie_request *request,
                                                          const char *format);

/**
 * How hard "jpeg" and "webp" are to be compressed, 0 to 100. Like the three that follow, for servers that speak openai: the gateway
 * documents none of them.
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_output_compression(apipie_request *request,
                                                               int32_t percent);

/**
 * "transparent" (with "png" or "webp"), "opaque" or "auto".
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_background(apipie_request *request,
                                                       const char *background);

/**
 * How strictly the server judges what is asked: "auto" or "low".
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_moderation(apipie_request *request,
                                                       const char *moderation);

/**
 * How closely an edit keeps to its input images: "high" or "low".
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_input_fidelity(apipie_request *request,
                                                           const char *fidelity);

/**
 * What to draw. Required, but for a variation, and an edit by a model that needs none. Goes out as it is, weights and LoRA tags included; anything but NUL.
 * @param length bytes, or APIPIE_NTS
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_prompt(apipie_request *request, const char *prompt,
                                                   size_t length);

/**
 * What not to draw (sent as "negative_prompt"; no page of the gateway says that images take it).
 * @param length bytes, or APIPIE_NTS
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_negative_prompt(apipie_request *request,
                                                            const char *prompt, size_t length);

/**
 * How many images, 1 to APIPIE_LIMIT_N, in one call. Where a server answers that the model makes only one, they are asked for
 * one by one, side by side, with seed, seed+1, ... when a seed is set; that is remembered for the route. Fewer than asked is a
 * warning.
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_n(apipie_request *request, int32_t n);

/**
 * Pixels, 1 to APIPIE_LIMIT_SIDE each; the server judges which it takes.
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_size(apipie_request *request, int32_t width,
                                                 int32_t height);

/**
 * "standard" or "hd"; other servers have other words.
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_quality(apipie_request *request, const char *quality);

/**
 * "natural" or "vivid"; other providers have other words.
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_style(apipie_request *request, const char *style);

/**
 * "url" (the gateway's default) or "b64_json" (the picture in the reply, one exchange less). Whatever
 * the server sends, the image is delivered the same way.
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_response_format(apipie_request *request,
                                                            const char *format);

/**
 * How the gateway chooses a provider: "price", "perf", "perf-avg" (documented for chat; some pages
 * write "perf_avg").
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_routing(apipie_request *request, const char *routing);

/**
 * A name for your end user, for the provider's abuse reports.
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_user(apipie_request *request, const char *user);

/**
 * "16:9" and the like, for models that take it instead of a size.
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_aspect_ratio(apipie_request *request,
                                                         const char *ratio);

/**
 * Denoising steps, at least 1.
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_steps(apipie_request *request, int32_t steps);

/**
 * How far the picture may leave the input image, 0 to 1.
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_strength(apipie_request *request, double strength);

/**
 * How closely to follow the prompt, 0 to 100 (sent as "cfg_scale").
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_guidance(apipie_request *request, double scale);

/**
 * The same seed, model and prompt draw the same picture. Any 64-bit number is sent exactly.
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_seed(apipie_request *request, uint64_t seed);

/**
 * The input image by URL: http or https of at most APIPIE_LIMIT_TEXT bytes, or data of at most
 * APIPIE_LIMIT_DATA_URL. In place of all input images set before; NULL takes them back.
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_image_url(apipie_request *request, const char *url);

/**
 * The input image by its bytes; encoded while it is sent. In place of all input images set before;
 * NULL takes them back.
 * @param bytes an image: PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or SVG, known by its first bytes
 * @param size at most APIPIE_LIMIT_INPUT
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_image_bytes(apipie_request *request, const void *bytes,
                                                        size_t size);

/**
 * The input image as a file, which is read while it is sent and never held in memory. It must stay
 * as it is until the request has ended, and so long it is opened again for every attempt: once it is
 * gone or changed the request fails with APIPIE_E_FILE, and nothing whole is sent. In place of all
 * input images set before; NULL takes them back.
 * @param path a regular file that holds an image as for apipie_request_set_image_bytes(), of at most
 *        APIPIE_LIMIT_INPUT bytes; looked at now
 * @return APIPIE_E_FILE when it cannot be read, is empty or too large; APIPIE_E_ARGUMENT when it is no image
 * Threads: one at a time per request. Blocks: for the first bytes of the file. Owns: copies the path. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_image_file(apipie_request *request, const char *path);

/**
 * A further input image, for backends that edit several; the first one where none was set.
 * @return APIPIE_E_LIMIT for more than APIPIE_LIMIT_IMAGES. Where the backend takes fewer, submit says
 *         APIPIE_E_UNSUPPORTED, or apipie_request_set_unsupported() what else: the gateway takes one
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_add_image_url(apipie_request *request, const char *url);

/**
 * Likewise, as apipie_request_set_image_bytes() takes it.
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_add_image_bytes(apipie_request *request, const void *bytes,
                                                        size_t size);

/**
 * Likewise, as apipie_request_set_image_file() takes it.
 * Threads: one at a time per request. Blocks: for the first bytes of the file. Owns: copies the path. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_add_image_file(apipie_request *request, const char *path);

/**
 * Which part of the first input image is to be drawn anew, by URL as for apipie_request_set_image_url();
 * NULL takes it back. The gateway documents no masks: it is sent as "mask", and the result has a
 * warning. A mask without an input image is an error at submit.
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_mask_url(apipie_request *request, const char *url);

/**
 * Likewise, as apipie_request_set_image_bytes() takes it.
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_mask_bytes(apipie_request *request, const void *bytes,
                                                       size_t size);

/**
 * Likewise, as apipie_request_set_image_file() takes it.
 * Threads: one at a time per request. Blocks: for the first bytes of the file. Owns: copies the path. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_mask_file(apipie_request *request, const char *path);

/** So long at most the URL of an upload is used again, in milliseconds: the gateway states no lifetime. Since: 0.1. */
#define APIPIE_UPLOAD_KEEP_MS 600000

/** How pictures that are given as bytes or as a file get to a server that asks for URLs. Since: 0.1. */
enum {
    APIPIE_TRANSFER_AUTO =
        0, /**< by an upload where the server has uploads and they take it: the default */
    APIPIE_TRANSFER_INLINE = 1 /**< in the call itself, as a data: URL */
};

/**
 * How input images and mask get to the gateway, which documents URLs alone; other servers take them with the call in any case.
 * AUTO: each is uploaded before the call, an exchange of its own (APIPIE_PURPOSE_UPLOAD) that costs nothing, and the call has its URL.
 * Of what the uploads do not take (see APIPIE_REQUEST_UPLOAD), and where the server answers 404 or 405 to one, the call has a data:
 * URL, and the result a warning. The gateway resizes
 * pictures that are not 1024x1024, 1024x768 or 768x1024: the result warns where the size is known. A client uploads the same picture
 * once in APIPIE_UPLOAD_KEEP_MS at most, for all its requests; sooner when the reply's Cache-Control or Expires say so, or when the
 * server refuses a call that used it. A file that was changed in the last two seconds is uploaded for its request alone: it may change
 * again, and nothing would show it. INLINE: all as data: URLs, as they are.
 * @param how APIPIE_TRANSFER_*
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_input_transfer(apipie_request *request, int32_t how);

/**
 * Any further field of the request's JSON. Setting a name again replaces it; a name that a setter has
 * set too is an error at submit.
 * @param name of the field
 * @param json its value as JSON text: "0.5", "\"auto\"", "{\"a\":1}"; NULL takes it back
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_extra(apipie_request *request, const char *name,
                                                  const char *json);

/**
 * The limit for this request, all attempts and waits together; the client's if not set.
 * @param ms 1 to 86400000
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_timeout(apipie_request *request, int64_t ms);

/**
 * How often and when this request is sent again; the client's if not set.
 * @param policy APIPIE_RETRY_SAFE, _NEVER or _ALWAYS
 * @param retries 0 to 20
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_retry(apipie_request *request, int32_t policy,
                                                  int32_t retries);

/**
 * The largest image this request accepts, in decoded bytes; the client's if not set.
 * @param bytes 1 to 2^40
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_max_image_bytes(apipie_request *request,
                                                            uint64_t bytes);

/**
 * The limit for name lookup, connect and TLS of one attempt; the client's if not set.
 * @param ms 1 to 86400000
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_connect_timeout(apipie_request *request, int64_t ms);

/**
 * The limit until the first byte of a reply; the client's if not set.
 * @param ms 0 (none) to 86400000
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_first_byte_timeout(apipie_request *request, int64_t ms);

/**
 * The limit for silence in an exchange; the client's if not set.
 * @param ms 0 (none) to 86400000
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_stall_timeout(apipie_request *request, int64_t ms);

/**
 * Adds a route of this request's own, instead of the client's; see "Routes" above.
 * @param backend of apipie_client_add_backend(), before (else APIPIE_E_UNSUPPORTED); NULL: the default one
 * @param provider NULL: the gateway chooses
 * @param model NULL: the request's own
 * @return APIPIE_E_LIMIT for more than APIPIE_LIMIT_ROUTES
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_add_route(apipie_request *request, const char *backend,
                                                  const char *provider, const char *model);

/**
 * Forgets this request's own routes.
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_clear_routes(apipie_request *request);

/**
 * Who goes first among the requests that wait in line: a request with a priority of p stands where it would stand had it been
 * submitted p seconds earlier. So nobody waits for ever.
 * @param seconds -APIPIE_LIMIT_PRIORITY to APIPIE_LIMIT_PRIORITY; 0 if not set
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_priority(apipie_request *request, int32_t seconds);

/**
 * The most that this request may cost, all attempts and images together.
 * @param picodollars APIPIE_UNKNOWN: no cap of its own
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_budget(apipie_request *request, int64_t picodollars);

/**
 * Whose money it is, for apipie_client_set_tag_budget() and the ledger.
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_tag(apipie_request *request, const char *tag);

/**
 * A header for the calls of this request, besides its client's; see apipie_client_set_header(). Who looks for its calls in the history
 * does without: apipie_request_new_reconcile() makes a request that may be given headers itself.
 * @return APIPIE_E_LIMIT for more than APIPIE_LIMIT_HEADERS
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_header(apipie_request *request, const char *name,
                                                   const char *value);

/**
 * The trace that this request belongs to (https://www.w3.org/TR/trace-context/). Each call to the server of the base URL then
 * carries a traceparent of the same trace with an id of its own; see apipie_request_attempt_traceparent().
 * @param traceparent "00-" 32 hex digits "-" 16 hex digits "-" 2 hex digits; NULL: none
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_traceparent(apipie_request *request,
                                                        const char *traceparent);

/**
 * A pointer of yours that goes with the request, for whoever gets it from apipie_client_next() or in a callback. Not copied by
 * apipie_request_copy().
 * @param user_free NULL if `user` needs none
 * Threads: one at a time per request. Blocks: no. Owns: takes user (freed once: with the request, when replaced, or at once on failure).
 * Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_user_data(apipie_request *request, void *user,
                                                      apipie_free_fn user_free);

/**
 * The pointer that was set.
 * Threads: any after submit. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API void *apipie_request_user_data(const apipie_request *request);

/**
 * The request has ended: apipie_request_status(), _result() and _error() tell how. Called once, unless a thread waited for it.
 * @param request lives at least during the call
 * Threads: one that is in apipie_client_poll(), or drops the client's last reference. Everything may be called but what waits
 * (see docs/threads.md). Blocks: as the host likes. Owns: nothing. Since: 0.1.
 */
typedef void (*apipie_done_fn)(void *user, apipie_request *request);

/**
 * Sets the done callback. A request that somebody waits for when it ends is delivered to him, not to the callback; one that failed in
 * apipie_request_submit() has been delivered by that. Not copied by apipie_request_copy().
 * @param done NULL takes it back
 * @param user_free NULL if `user` needs none
 * Threads: one at a time per request. Blocks: no. Owns: takes user (freed once: with the request, when replaced, or at once on failure
 * and with NULL). Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_done(apipie_request *request, apipie_done_fn done,
                                                 void *user, apipie_free_fn user_free);

/**
 * Something moved: apipie_request_progress() tells how far it is. Several steps become one call; for bytes alone there are at most 50
 * a second. Never after the done callback.
 * @param request lives at least during the call
 * Threads: one that is in apipie_client_poll(), or waits for this request; one at a time. Everything may be called but what waits
 * (see docs/threads.md). Blocks: should not. Owns: nothing. Since: 0.1.
 */
typedef void (*apipie_progress_fn)(void *user, apipie_request *request);

/**
 * Sets the progress callback. Not copied by apipie_request_copy().
 * @param progress NULL takes it back
 * @param user_free NULL if `user` needs none
 * Threads: one at a time per request. Blocks: no. Owns: takes user (freed once: with the request, when replaced, or at once on failure
 * and with NULL). Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_progress(apipie_request *request,
                                                     apipie_progress_fn progress, void *user,
                                                     apipie_free_fn user_free);

/**
 * Asks for the picture as it is drawn, where a server can send it so: its reply is then a stream of events. Nothing else changes: the
 * finished picture comes the same way, and a server that answers at once is as good. The gateway's pages do not say that it streams
 * images, so that nothing is sent to it; a stream is read wherever one comes. What is known not to stream (dall-e, variations): see
 * apipie_request_set_unsupported().
 * @param stream 1; 0: the whole reply at the end
 * @return APIPIE_E_ARGUMENT
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_stream(apipie_request *request, int32_t stream);

/**
 * How many sketches of each image a stream should bring before the finished one, 0 to 3. Fewer may come: the picture may be done first.
 * Each may cost tokens of its own. Without it the server's default holds.
 * @return APIPIE_E_ARGUMENT
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_partial_images(apipie_request *request, int32_t count);

/**
 * A sketch of an image has come. When several came since the last call, the newest of each image is shown. It is no result: it goes into
 * no file and no sink, is not counted in the progress, and what nobody was shown when the request ends is gone.
 * @param request lives at least during the call
 * @param index which image of the result it becomes; of a stream with several images, as far as their order tells
 * @param bytes live during the call; at most those of apipie_request_set_max_image_bytes()
 * @param mime by the bytes: "image/png"
 * Threads: one that is in apipie_client_poll(), or waits for this request; one at a time. Everything may be called but what waits
 * (see docs/threads.md). Blocks: should not. Owns: the library. Since: 0.1.
 */
typedef void (*apipie_partial_fn)(void *user, apipie_request *request, size_t index,
                                  const void *bytes, size_t size, const char *mime);

/**
 * Sets who is shown sketches. Asks for none: see apipie_request_set_stream() and apipie_request_set_partial_images(). Not copied by
 * apipie_request_copy().
 * @param partial NULL takes it back
 * @param user_free NULL if `user` needs none
 * Threads: one at a time per request. Blocks: no. Owns: takes user (freed once: with the request, when replaced, or at once on failure
 * and with NULL). Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_partial_fn(apipie_request *request,
                                                       apipie_partial_fn partial, void *user,
                                                       apipie_free_fn user_free);

/**
 * The prompt that was set.
 * @param ret_size NULL, or gets its bytes
 * @return ends with NUL; NULL when none is set
 * Threads: not beside a setter of the same request. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_request_prompt(const apipie_request *request, size_t *ret_size);

/**
 * The parameters as the JSON object that is sent to the first route, with null for the bytes of an input image.
 * @param text gets it, with NUL, as far as there is room, never a half character; NULL: only its length is asked
 * @param capacity of text
 * @return bytes of the whole text without NUL (call again with more room when that is not less than capacity); 0 without
 *         memory and for another kind than APIPIE_REQUEST_IMAGE, and text is then ""
 * Threads: not beside a setter of the same request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_request_format_json(const apipie_request *request, char *text,
                                             size_t capacity);

/* Where the pictures go: memory, unless one of these three is called. The last call counts; a NULL path goes back to
 * memory. */

/**
 * Into a file. Written under a temporary name in the same folder, which is made before anything is sent,
 * and renamed over `path` only when the picture is whole; nothing is left after a failure. With several
 * images the second becomes "x-2.png". A device or pipe is written directly.
 * Threads: one at a time per request. Blocks: no (submit tries it). Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_output_file(apipie_request *request, const char *path);

/**
 * Into a folder, under a name of ours that never replaces a file: the stem, a number if it is taken, and
 * the extension that the first bytes call for (.png .jpg .webp .gif .bmp .avif .svg, else .bin).
 * @param stem NULL for a name made from the prompt
 * Threads: one at a time per request. Blocks: no (submit tries it). Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_output_folder(apipie_request *request,
                                                          const char *folder, const char *stem);

/**
 * A picture begins. It may begin again in the same slot after a retry: what came before is void.
 * @param slot small number, from 0; not yet the image's place in the result
 * @param mime by the first bytes: "image/png", or "application/octet-stream"
 * @return APIPIE_OK, or any failure to give the picture up with APIPIE_E_SINK
 * Threads: the thread that pumps (whoever waits). Blocks: should not. Owns: mime is static.
 * Since: 0.1.
 */
typedef apipie_status (*apipie_sink_begin_fn)(void *user, uint32_t slot, const char *mime);
/**
 * Bytes of the picture, in order, as they arrive.
 * Threads: as begin. Blocks: should not. Owns: data lives during the call. Since: 0.1.
 */
typedef apipie_status (*apipie_sink_write_fn)(void *user, uint32_t slot, const uint8_t *data,
                                              size_t size);
/**
 * All bytes of the slot came. Not yet a promise: commit is.
 * Threads: as begin. Blocks: should not. Owns: nothing. Since: 0.1.
 */
typedef apipie_status (*apipie_sink_end_fn)(void *user, uint32_t slot);
/**
 * The reply was understood: the slot is the result's image number `index`. A failure that is returned
 * becomes a warning or APIPIE_E_SINK: the image is given up.
 * Threads: as begin. Blocks: should not. Owns: nothing. Since: 0.1.
 */
typedef apipie_status (*apipie_sink_commit_fn)(void *user, uint32_t slot, size_t index);
/**
 * Forget the slot: broken, repeated, or the request failed.
 * Threads: as begin. Blocks: should not. Owns: nothing. Since: 0.1.
 */
typedef void (*apipie_sink_abort_fn)(void *user, uint32_t slot);
/**
 * Into your own functions, as the bytes arrive: decode while the picture still travels. Inside them everything may be called but
 * what waits, apipie_request_submit() and apipie_client_next() (see docs/threads.md).
 * @param write required; the others may be NULL
 * @param user_free NULL if `user` needs none
 * Threads: one at a time per request. Blocks: no. Owns: takes user (freed with the request, or at once
 * on failure). Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_sink(apipie_request *request,
                                                 apipie_sink_begin_fn begin,
                                                 apipie_sink_write_fn write, apipie_sink_end_fn end,
                                                 apipie_sink_commit_fn commit,
                                                 apipie_sink_abort_fn abort_slot, void *user,
                                                 apipie_free_fn user_free);

/* ---------------------------------------------------------------------------------------------
 * Request: the call
 * ------------------------------------------------------------------------------------------- */

/**
 * Checks and seals the request and hands it to the client. Nothing is sent yet: that happens on the
 * thread that waits. Every submitted request ends exactly once.
 * @return APIPIE_OK; or the first bad setter's status, APIPIE_E_STATE for a second submit, APIPIE_E_FILE
 *         for an output that cannot be written, APIPIE_E_CONFIG, APIPIE_E_VETOED, APIPIE_E_CANCELLED: the
 *         request has then ended, and apipie_request_error() says why. APIPIE_E_REENTRANT inside a callback other than done and
 *         progress: it is still a builder
 * Threads: any. Blocks: no (tries the output file). Owns: the client takes a reference of its own.
 * Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_submit(apipie_request *request);

/**
 * Waits until the request has ended, doing the I/O of all the client's requests meanwhile. When several
 * threads wait, one of them does it for all.
 * @param timeout_ms how long at most; 0 only does what can be done at once; negative: until the end
 * @return APIPIE_OK, the request's failure, APIPIE_PENDING when the time is up first (the request goes
 *         on at the next wait), APIPIE_E_STATE before submit, APIPIE_E_REENTRANT inside a callback
 * Threads: any, several at once. Blocks: yes. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_wait(apipie_request *request, int64_t timeout_ms);

/**
 * Submit and wait until the end.
 * Threads: any. Blocks: yes. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_perform(apipie_request *request);

/**
 * Ends the request with APIPIE_E_CANCELLED, wherever it is; sticky, also before submit. A waiting thread
 * returns in under 50 ms (before libcurl 7.87 not while it looks up a name), and the error's billed says
 * whether money may have been spent. After the end it does nothing. A server under the desk is told, unless the client was freed
 * (docs/backends.md); nobody waits for its answer.
 * Threads: any, also inside a callback. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API void apipie_request_cancel(apipie_request *request);

/**
 * Where the request is.
 * @return APIPIE_PENDING until it has ended, then its status; APIPIE_E_STATE before submit
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_status(const apipie_request *request);

/**
 * What came. A failed request may have one too (urls that could not be fetched, usage, cost).
 * @return NULL before the end, or when there is nothing
 * Threads: any, after the end. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const apipie_result *apipie_request_result(const apipie_request *request);

/**
 * What went wrong.
 * @return NULL without a failure; for a NULL request an error that says so
 * Threads: any, after the end. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const apipie_error *apipie_request_error(const apipie_request *request);

/* ---------------------------------------------------------------------------------------------
 * Drives: who moves the bytes
 *
 * Nothing moves by itself: some thread has to be inside the library. Five ways, the same in all else:
 *   blocking   apipie_request_perform() or _wait(), on any number of threads;
 *   polled     apipie_client_poll() from a loop of your own, a frame's say;
 *   a queue    apipie_client_next() collects what has ended, whoever moved it;
 *   a loop     of epoll, libuv, ...: apipie_client_loop_fd() and apipie_client_next_timeout();
 *   a worker   a thread of the library, when asked for: apipie_client_start_worker().
 *
 * A request that has ended is delivered once: to whoever waits for it, else to its done callback, else by
 * apipie_client_next(). docs/threads.md has the table of what may be called where.
 * ------------------------------------------------------------------------------------------- */

/**
 * Moves what can be moved, calls the done and progress callbacks that are due, and returns as soon as there is something to
 * collect with apipie_client_next(). With a worker, or while another thread moves the bytes, it only delivers.
 * @param timeout_ms how long to wait for that, also when nothing is under way (another thread may submit something, or call
 *        apipie_client_wakeup()); 0 never waits; negative: no limit, but it returns at once when nothing is under way
 * @return APIPIE_PENDING while requests are under way or wait to be collected, APIPIE_OK when there are none,
 *         APIPIE_E_REENTRANT inside a callback, APIPIE_E_FORKED, APIPIE_E_ARGUMENT
 * Threads: any, several at once. Blocks: as long as it is told. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_poll(apipie_client *client, int64_t timeout_ms);

/**
 * How many requests are under way or wait to be collected: apipie_client_poll() says APIPIE_PENDING while it is not 0.
 * @return 0 for NULL, and in a child after fork()
 * Threads: any, also inside a callback. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_client_pending(apipie_client *client);

/**
 * How long one apipie_client_poll() may work before it leaves the rest to the next one: for frame loops. What has arrived
 * meanwhile waits in the system; nothing is lost. A step that cannot be divided may pass it: a TLS handshake, one write of your
 * own sink or to a disk, a callback.
 * @param us microseconds; 0 (the default): no budget
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_poll_budget(apipie_client *client, int64_t us);

/**
 * The next request that has ended, that nobody waited for and that has no done callback; in the order in which they ended. It
 * moves nothing by itself.
 * @return a reference, the one that submit took, or NULL when there is none now, and inside a callback other than done and progress
 * Threads: any, several at once: each request comes out once. Blocks: no. Owns: the caller, apipie_request_unref(). Since: 0.1.
 */
APIPIE_API apipie_request *apipie_client_next(apipie_client *client);

/**
 * A descriptor that is readable while there is something to collect: a request for apipie_client_next(), or a callback for
 * apipie_client_poll(). For select(), poll(), epoll or a loop that watches it; never read it. On Windows, once that is there, it is
 * the HANDLE of a manual-reset event, for WaitForMultipleObjects().
 * @return APIPIE_UNKNOWN without memory or descriptors, and in a child after fork()
 * Threads: any. Blocks: no. Owns: the client, until its last reference goes. Since: 0.1.
 */
APIPIE_API int64_t apipie_client_queue_fd(apipie_client *client);

/**
 * A descriptor that is readable whenever apipie_client_poll(client, 0) has something to do: sockets, another thread's submit or
 * cancel, something to collect. It is an epoll descriptor, for a loop of your own together with apipie_client_next_timeout(). With
 * a worker it is that of the queue. Not on Windows: there a worker and the queue's event do the same.
 * @return APIPIE_UNKNOWN without memory or descriptors, and in a child after fork()
 * Threads: any. Blocks: no. Owns: the client, until its last reference goes. Since: 0.1.
 */
APIPIE_API int64_t apipie_client_loop_fd(apipie_client *client);

/**
 * After how many milliseconds apipie_client_poll(client, 0) should be called although the descriptor is not readable: a time
 * limit, a backoff. Ask again after each poll and each submit.
 * @return 0: at once; negative: there is nothing to wait for
 * Threads: any; while another thread polls, what it says is old: the descriptor becomes readable when that one leaves. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_client_next_timeout(apipie_client *client);

/**
 * Lets a thread that waits in apipie_client_poll() return, or the next call of it.
 * Threads: any, also inside a callback. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API void apipie_client_wakeup(apipie_client *client);

/**
 * Starts a thread that moves the bytes from now on, until the client goes. It blocks all signals. Sinks, the key callback, log and trace
 * run on it; done and progress callbacks do not: they wait for apipie_client_poll(). Once is enough; again does nothing.
 * @return APIPIE_E_MEMORY when the system gives no thread, APIPIE_E_REENTRANT inside a callback, APIPIE_E_FORKED
 * Threads: any. Blocks: no. Owns: the client; its last unref waits for the thread. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_start_worker(apipie_client *client);

/** How far a request is, for apipie_request_progress(). Since: 0.1. */
enum {
    APIPIE_PROGRESS_PHASE = 0,      /**< APIPIE_PHASE_* */
    APIPIE_PROGRESS_UP = 1,         /**< bytes of bodies that were sent */
    APIPIE_PROGRESS_UP_TOTAL = 2,   /**< ... that are to be sent, as far as is known by now */
    APIPIE_PROGRESS_DOWN = 3,       /**< bytes of bodies that came */
    APIPIE_PROGRESS_DOWN_TOTAL = 4, /**< ... that are announced by now, or APIPIE_UNKNOWN */
    APIPIE_PROGRESS_IMAGES_BEGUN =
        5, /**< images whose bytes have begun to come; a failed try counts too */
    APIPIE_PROGRESS_IMAGES_DONE = 6, /**< images whose bytes are all there; from the cache too */
    APIPIE_PROGRESS_DRAWN =
        7 /**< per mille that are drawn, by the server's word; APIPIE_UNKNOWN where it says nothing */
};

/** What a request is about, for APIPIE_PROGRESS_PHASE. Since: 0.1. */
enum {
    APIPIE_PHASE_BUILDING = 0, /**< not submitted */
    APIPIE_PHASE_QUEUED = 1,   /**< waits for its turn, or for another that draws the same */
    APIPIE_PHASE_WAITING = 2,  /**< waits before it is sent again */
    APIPIE_PHASE_LOOKUP = 3, /**< looks the server's name up, or takes a connection that is there */
    APIPIE_PHASE_CONNECTING = 4, /**< TCP and TLS */
    APIPIE_PHASE_SENDING = 5,    /**< the request goes out */
    APIPIE_PHASE_DRAWING = 6,    /**< it has been sent; no byte of the reply has come */
    APIPIE_PHASE_RECEIVING = 7,  /**< the reply comes in */
    APIPIE_PHASE_ENDED = 8       /**< see apipie_request_status() */
};

/**
 * The name of a phase, for a line that people read ("drawing").
 * @param phase APIPIE_PHASE_*
 * @return a constant string, "unknown" for a number that this version does not know
 * Threads: any. Blocks: no. Owns: static. Since: 0.1.
 */
APIPIE_API const char *apipie_phase_name(int32_t phase);

/**
 * How far the request is: all its exchanges together, those that failed included. Of a request that became several calls the phase
 * is that of the one that moved last.
 * @param which APIPIE_PROGRESS_*
 * @return APIPIE_UNKNOWN for a bad argument
 * Threads: any, at any time. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_request_progress(const apipie_request *request, int32_t which);

/* ---------------------------------------------------------------------------------------------
 * Attempts: every exchange of a request, on success and on failure
 * ------------------------------------------------------------------------------------------- */

/** What an exchange was for. Since: 0.1. */
enum {
    APIPIE_PURPOSE_GENERATE = 1, /**< the call that costs money */
    APIPIE_PURPOSE_DOWNLOAD = 2, /**< fetching an image by its url, without the key */
    APIPIE_PURPOSE_HISTORY = 3,  /**< a page of the server's history; costs nothing */
    APIPIE_PURPOSE_MODELS = 4,   /**< asking for the list of models; costs nothing */
    APIPIE_PURPOSE_CHECK = 5,    /**< a question before the call; costs nothing */
    APIPIE_PURPOSE_POLL = 6,     /**< asking what became of the call; costs nothing */
    APIPIE_PURPOSE_STOP = 7, /**< telling the server that nobody waits any more; costs nothing */
    APIPIE_PURPOSE_PROGRESS = 8, /**< asking how far the call is; costs nothing */
    APIPIE_PURPOSE_UPLOAD = 9 /**< an input picture to the server, for a URL of it; costs nothing */
};

/** How an exchange ended. Since: 0.1. */
enum {
    APIPIE_OUTCOME_NOT_SENT = 1,  /**< not a byte of the request was sent */
    APIPIE_OUTCOME_REJECTED = 2,  /**< the server refused it, unbilled */
    APIPIE_OUTCOME_DELIVERED = 3, /**< the reply came */
    APIPIE_OUTCOME_UNKNOWN = 4    /**< sent, and nobody knows: never sent again under "safe" */
};

/** Whether money was spent. Since: 0.1. */
enum { APIPIE_BILLED_NO = 0, APIPIE_BILLED_YES = 1, APIPIE_BILLED_UNKNOWN = 2 };

/** Times of an exchange, for apipie_request_attempt_time(). Since: 0.1. */
enum {
    APIPIE_TIME_STARTED = 0,    /**< since submit */
    APIPIE_TIME_LOOKUP = 1,     /**< since the exchange started, until the name was known */
    APIPIE_TIME_CONNECT = 2,    /**< ... until connected */
    APIPIE_TIME_TLS = 3,        /**< ... until the connection was secure */
    APIPIE_TIME_FIRST_BYTE = 4, /**< ... until the first byte of the reply */
    APIPIE_TIME_TOTAL = 5,      /**< ... until the end */
    APIPIE_TIME_CLOCK = 6,      /**< when it started, since 1970 UTC */
    APIPIE_TIME_SERVER =
        7 /**< the server's own clock as it answered, since 1970 UTC, in whole seconds: its Date */
};

/**
 * How many exchanges there were, redirects and downloads included.
 * Threads: any, after the end. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_request_attempt_count(const apipie_request *request);

/**
 * How many times the paid call itself was tried ("1 attempt").
 * Threads: any, after the end. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_request_tries(const apipie_request *request);

/**
 * APIPIE_PURPOSE_* of an exchange; 0 for an index that is not there.
 * Threads: any, after the end. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_request_attempt_purpose(const apipie_request *request, size_t index);

/**
 * APIPIE_OUTCOME_* of an exchange; 0 for an index that is not there.
 * Threads: any, after the end. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_request_attempt_outcome(const apipie_request *request, size_t index);

/**
 * APIPIE_BILLED_* of an exchange.
 * Threads: any, after the end. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_request_attempt_billed(const apipie_request *request, size_t index);

/**
 * The status an exchange ended with: APIPIE_OK or a failure.
 * Threads: any, after the end. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_attempt_status(const apipie_request *request, size_t index);

/**
 * HTTP status of an exchange; 0 when none came.
 * Threads: any, after the end. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_request_attempt_http_status(const apipie_request *request, size_t index);

/**
 * The id that the server gave the exchange, for its support.
 * @return NULL when it gave none
 * Threads: any, after the end. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_request_attempt_request_id(const apipie_request *request,
                                                         size_t index);

/**
 * A time of an exchange in milliseconds.
 * @param which APIPIE_TIME_*
 * @return APIPIE_UNKNOWN when it did not come that far
 * Threads: any, after the end. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_request_attempt_time(const apipie_request *request, size_t index,
                                               int32_t which);

/**
 * Whether an exchange went through a proxy: one that was set, or one of the environment.
 * @return 1, 0, or APIPIE_UNKNOWN for an index that is not there and where nothing was tried
 * Threads: any, after the end. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_request_attempt_is_proxied(const apipie_request *request, size_t index);

/**
 * The name of the backend that an exchange went to.
 * @return NULL for an index that is not there, and where it was none of a backend's
 * Threads: any, after the end. Blocks: no. Owns: the client. Since: 0.1.
 */
APIPIE_API const char *apipie_request_attempt_backend(const apipie_request *request, size_t index);

/**
 * The provider that an exchange was for, as the route names it.
 * @return NULL when the gateway was to choose, and for an index that is not there
 * Threads: any, after the end. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_request_attempt_provider(const apipie_request *request, size_t index);

/**
 * The model that an exchange was for, as the route names it.
 * @return NULL when none was named, and for an index that is not there
 * Threads: any, after the end. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_request_attempt_model(const apipie_request *request, size_t index);

/**
 * Why an exchange failed, or why a route was passed over (outcome not sent, status APIPIE_E_UNAVAILABLE or
 * APIPIE_E_RATE_LIMITED): one line, without the key.
 * @return "" when it did not fail; NULL for an index that is not there
 * Threads: any, after the end. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_request_attempt_message(const apipie_request *request, size_t index);

/**
 * The traceparent that an exchange carried: the trace of apipie_request_set_traceparent() with the exchange's own id.
 * @return NULL when it carried none
 * Threads: any, after the end. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_request_attempt_traceparent(const apipie_request *request,
                                                          size_t index);

/** How sure a charge is, for apipie_request_charge(). Since: 0.1. */
enum {
    APIPIE_CHARGE_NONE = 0,      /**< nothing was billed */
    APIPIE_CHARGE_SERVER = 1,    /**< the server's figure */
    APIPIE_CHARGE_ESTIMATED = 2, /**< billed, the server named no figure: the reserved one */
    APIPIE_CHARGE_UNKNOWN = 3    /**< perhaps billed: the reserved figure, kept back */
};

/**
 * What the request counts for in its client's money: all attempts together.
 * @param ret_kind NULL, or gets APIPIE_CHARGE_*, the least sure one of its attempts
 * @return picodollars; 0 before the end, and where nothing was billed or no price is known
 * Threads: any, after the end. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_request_charge(const apipie_request *request, int32_t *ret_kind);

/**
 * Milliseconds from submit to the end of the request.
 * @return APIPIE_UNKNOWN before the end
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_request_elapsed(const apipie_request *request);

/* ---------------------------------------------------------------------------------------------
 * Result
 * ------------------------------------------------------------------------------------------- */

/**
 * How many images the reply spoke of, in the server's order. An image that could not be had still has
 * its place (with a url, perhaps) when others could; see apipie_result_image_size().
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_result_image_count(const apipie_result *result);

/**
 * The bytes of an image that went to memory.
 * @param ret_size NULL, or gets the number of bytes (0 when there are none)
 * @return NULL when it went to a file or a sink, or could not be had
 * Threads: any. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const uint8_t *apipie_result_image_data(const apipie_result *result, size_t index,
                                                   size_t *ret_size);

/**
 * Bytes of an image, wherever it went.
 * @return 0 when it could not be had
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API uint64_t apipie_result_image_size(const apipie_result *result, size_t index);

/**
 * The file an image went to.
 * @return NULL when it went elsewhere
 * Threads: any. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_result_image_path(const apipie_result *result, size_t index);

/**
 * What the first bytes say: "image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp",
 * "image/avif", "image/heic", "image/svg+xml", else "application/octet-stream".
 * @return NULL without an image
 * Threads: any. Blocks: no. Owns: static. Since: 0.1.
 */
APIPIE_API const char *apipie_result_image_mime(const apipie_result *result, size_t index);

/**
 * Width in pixels, read from the image itself.
 * @return 0 when the format does not say (SVG) or is not known
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_result_image_width(const apipie_result *result, size_t index);

/**
 * Height in pixels, read from the image itself.
 * @return 0 when the format does not say (SVG) or is not known
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_result_image_height(const apipie_result *result, size_t index);

/**
 * Where the server keeps the image, for a while; absolute.
 * @return NULL when it gave none
 * Threads: any. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_result_image_url(const apipie_result *result, size_t index);

/**
 * The prompt the provider really drew.
 * @return NULL when it did not say
 * Threads: any. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_result_image_revised_prompt(const apipie_result *result,
                                                          size_t index);

/**
 * The seed the server used.
 * @param ret gets it; untouched otherwise
 * @return APIPIE_OK, or APIPIE_E_STATE when the server did not say
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_result_image_seed(const apipie_result *result, size_t index,
                                                  uint64_t *ret);

/**
 * Writes an image that is in memory to a file: temporary name, then renamed over `path`.
 * @return APIPIE_OK; APIPIE_E_FILE; APIPIE_E_STATE when the image is not in memory; APIPIE_E_ARGUMENT for an index that is
 *         not there or no path; APIPIE_E_MEMORY
 * Threads: any. Blocks: the disk. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_result_save(const apipie_result *result, size_t index,
                                            const char *path);

/**
 * What the call cost, in picodollars, exactly as the server said.
 * @return APIPIE_UNKNOWN when it did not say (a usage of nothing but zeros says nothing)
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_result_cost(const apipie_result *result);

/**
 * Whether the call was billed: APIPIE_BILLED_*. For a picture YES, for one out of the cache NO, for a reconciliation what it
 * found. NO for NULL.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_result_billed(const apipie_result *result);

/**
 * 1 when the pictures come out of the client's cache: nothing was sent for them. Of a list of models: 1 when it is one of before,
 * still young enough (nothing was sent) or, with a warning, because the server failed; or when an equal request brought it.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_result_is_cached(const apipie_result *result);

/**
 * Tokens of the prompt, or APIPIE_UNKNOWN.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_result_prompt_tokens(const apipie_result *result);

/**
 * Tokens of the answer, or APIPIE_UNKNOWN.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_result_completion_tokens(const apipie_result *result);

/**
 * All tokens, or APIPIE_UNKNOWN.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_result_total_tokens(const apipie_result *result);

/** What tokens were spent on, for apipie_result_token_detail(). Since: 0.1. */
enum {
    APIPIE_TOKENS_INPUT_TEXT = 0,  /**< the prompt */
    APIPIE_TOKENS_INPUT_IMAGE = 1, /**< input images */
    APIPIE_TOKENS_OUTPUT_TEXT = 2, /**< words that the model made on its way */
    APIPIE_TOKENS_OUTPUT_IMAGE = 3 /**< the picture */
};

/**
 * Tokens of one kind, where the server tells them apart, or APIPIE_UNKNOWN.
 * @param which APIPIE_TOKENS_*
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_result_token_detail(const apipie_result *result, int32_t which);

/**
 * The server's own time for the call in milliseconds, or APIPIE_UNKNOWN.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_result_latency(const apipie_result *result);

/**
 * When the server made it: milliseconds since 1970 UTC, or APIPIE_UNKNOWN.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_result_created(const apipie_result *result);

/**
 * The name of the backend that drew it, or was asked last.
 * Threads: any. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_result_backend(const apipie_result *result);

/**
 * The provider that served it: what the reply says, else what was asked for.
 * @return NULL when neither says
 * Threads: any. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_result_provider(const apipie_result *result);

/**
 * The model that served it: what the reply says, else what was asked for.
 * @return NULL when neither says
 * Threads: any. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_result_model(const apipie_result *result);

/**
 * The server's id of the paid call, for its support.
 * @return NULL when it gave none
 * Threads: any. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_result_request_id(const apipie_result *result);

/**
 * How many things were not as they should be, although there is a picture.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_result_warning_count(const apipie_result *result);

/**
 * One warning, a line of text.
 * @return NULL for an index that is not there
 * Threads: any. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_result_warning(const apipie_result *result, size_t index);

/**
 * The reply's JSON for members that have no getter, with null in place of the pictures and their urls: always valid
 * JSON and UTF-8, numbers as the server wrote them, at most 1 MiB.
 * @param ret_size NULL, or gets the length
 * @return ends with NUL; NULL when the reply was no JSON
 * Threads: any. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_result_json(const apipie_result *result, size_t *ret_size);

/* ---------------------------------------------------------------------------------------------
 * Error
 * ------------------------------------------------------------------------------------------- */

/** Whose fault it is. Since: 0.1. */
enum {
    APIPIE_FAULT_NONE = 0,     /**< nobody's: cancelled */
    APIPIE_FAULT_CALLER = 1,   /**< the request: change it */
    APIPIE_FAULT_ACCOUNT = 2,  /**< the key, the credit or the rate limit */
    APIPIE_FAULT_NETWORK = 3,  /**< the way there and back */
    APIPIE_FAULT_GATEWAY = 4,  /**< the gateway or a proxy before it */
    APIPIE_FAULT_PROVIDER = 5, /**< the provider of the model */
    APIPIE_FAULT_LIBRARY = 6   /**< this library, or the machine it runs on */
};

/**
 * The status, as apipie_request_status() gives it; APIPIE_OK for NULL.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_error_code(const apipie_error *error);

/**
 * One line that says what happened, without control bytes and without the key.
 * @return never NULL; "" for NULL
 * Threads: any. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_error_message(const apipie_error *error);

/**
 * One line that says what to do.
 * @return never NULL; "" when there is no advice
 * Threads: any. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_error_hint(const apipie_error *error);

/**
 * HTTP status of the failed exchange; 0 when none came.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_error_http_status(const apipie_error *error);

/**
 * The server's own code, as text ("content_policy_violation", "400").
 * @return NULL when it gave none
 * Threads: any. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_error_provider_code(const apipie_error *error);

/**
 * The parameter the server complains of.
 * @return NULL when it named none
 * Threads: any. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_error_provider_param(const apipie_error *error);

/**
 * The server's id of the failed exchange (or Cloudflare's ray id), for its support.
 * @return NULL when it gave none
 * Threads: any. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_error_request_id(const apipie_error *error);

/**
 * The body of the failed reply, at most 64 KiB, with the key masked: members that have no getter.
 * @param ret_size NULL, or gets the length
 * @return ends with NUL; NULL when there was none
 * Threads: any. Blocks: no. Owns: the request. Since: 0.1.
 */
APIPIE_API const char *apipie_error_body(const apipie_error *error, size_t *ret_size);

/**
 * 1 when the same request may succeed later; says nothing about being billed twice: see billed.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_error_is_retryable(const apipie_error *error);

/**
 * APIPIE_BILLED_*: whether any attempt of the request cost money.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_error_billed(const apipie_error *error);

/**
 * APIPIE_FAULT_*.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_error_fault(const apipie_error *error);

/**
 * How long the server asks to wait, in milliseconds, or APIPIE_UNKNOWN.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_error_retry_after(const apipie_error *error);

/**
 * How many times the paid call was tried.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_error_attempts(const apipie_error *error);

/* ---------------------------------------------------------------------------------------------
 * Models and prices
 *
 * A catalogue is a list of models as it was at one moment: the built-in one of apipie_catalog_new(), or one that was fetched.
 * It never changes: filters, sorts and groups each give a new one, which shares the records of the one it is made from and
 * costs a few bytes a model. Its texts live as long as a reference to it. It may outlive its client.
 *
 * Rows are numbered from 0. A model is named by provider and name together: names alone, and ids, occur once per provider.
 * ------------------------------------------------------------------------------------------- */

typedef struct apipie_catalog apipie_catalog; /**< read-only; see apipie_catalog_ref() */

/** What a catalogue knows of a model. Texts are below 100, numbers above. Since: 0.1. */
enum {
    /* apipie_catalog_text() */
    APIPIE_MODEL_ID = 1,          /**< as the gateway lists it; not unique */
    APIPIE_MODEL_PROVIDER = 2,    /**< "prodia" */
    APIPIE_MODEL_NAME = 3,        /**< without the provider: for apipie_request_set_model() */
    APIPIE_MODEL_TYPE = 4,        /**< "image" */
    APIPIE_MODEL_SUBTYPE = 5,     /**< "text-to-image" */
    APIPIE_MODEL_ROUTE = 6,       /**< the provider's own name for it */
    APIPIE_MODEL_DESCRIPTION = 7, /**< one line */
    APIPIE_MODEL_BEST_FOR = 8,    /**< "Realism" */
    APIPIE_MODEL_PRICE_TYPE = 9,  /**< what the costs are of: "token", "image", ... */
    APIPIE_MODEL_FAMILY = 10,     /**< "SD 1.x", "SD 2.x", "SDXL" */
    APIPIE_MODEL_SERIES = 11,     /**< "Realistic Vision" */
    APIPIE_MODEL_VERSION = 12,    /**< of the series: "5.1" */
    APIPIE_MODEL_SPECIALITY =
        13, /**< "realistic", "anime", "artistic", "children's", "inpainting", ... */
    APIPIE_MODEL_LICENSE = 14,     /**< "CreativeML Open RAIL-M" */
    APIPIE_MODEL_LICENSE_URL = 15, /**< where it can be read */

    /* apipie_catalog_number(). Flags are 0 and 1; costs are picodollars. */
    APIPIE_MODEL_ENABLED = 101,             /**< the gateway offers it */
    APIPIE_MODEL_AVAILABLE = 102,           /**< ... and it answers now */
    APIPIE_MODEL_MAX_TOKENS = 103,          /**< of a prompt */
    APIPIE_MODEL_MAX_RESPONSE_TOKENS = 104, /**< of an answer */
    APIPIE_MODEL_INPUT_COST = 105,          /**< by PRICE_TYPE */
    APIPIE_MODEL_OUTPUT_COST = 106,         /**< by PRICE_TYPE */
    APIPIE_MODEL_AVG_COST = 107,            /**< as the gateway averages it */
    APIPIE_MODEL_PRICE = 108,               /**< of one standard picture of 1024x1024 */
    APIPIE_MODEL_LATENCY = 109,             /**< milliseconds, average of all calls */
    APIPIE_MODEL_LATENCY_2K = 110,          /**< ... with prompts of up to 2,000 characters */
    APIPIE_MODEL_LATENCY_4K = 111,          /**< ... of up to 4,000 */
    APIPIE_MODEL_LATENCY_8K = 112,          /**< ... of up to 8,000 */
    APIPIE_MODEL_LATENCY_16K = 113,         /**< ... of up to 16,000 */
    APIPIE_MODEL_LATENCY_32K = 114,         /**< ... of up to 32,000 and more */
    APIPIE_MODEL_QUERY_COUNT = 115,         /**< calls that the gateway has counted */
    APIPIE_MODEL_WIDTH = 116,               /**< pixels that it was trained for */
    APIPIE_MODEL_HEIGHT = 117,              /**< pixels that it was trained for */
    APIPIE_MODEL_EDITS = 118,               /**< paints into a picture that it gets */
    APIPIE_MODEL_LIVE = 119,                /**< the gateway lists it */
    APIPIE_MODEL_BUILT_IN = 120,            /**< the library knows it by itself */
    /* of a detailed list, see apipie_request_set_detailed(). Mind the two units. */
    APIPIE_MODEL_INPUT_PER_MILLION = 121,  /**< confirmed cost of a MILLION tokens of a prompt */
    APIPIE_MODEL_OUTPUT_PER_MILLION = 122, /**< ... of an answer */
    APIPIE_MODEL_INPUT_PER_TOKEN = 123,    /**< advertised cost of ONE token of a prompt */
    APIPIE_MODEL_OUTPUT_PER_TOKEN = 124,   /**< ... of an answer */
    APIPIE_MODEL_MAX_IMAGES = 125          /**< images that one call may ask for */
};

/**
 * The models that the library knows without asking anyone: names and what follows from them, no prices.
 * @param client whose allocator is used
 * @return a reference; NULL without memory or client
 * Threads: any. Blocks: no. Owns: the caller owns the reference. Since: 0.1.
 */
APIPIE_API apipie_catalog *apipie_catalog_new(apipie_client *client);

/**
 * The body of GET /v1/models as it came or was filed, laid over the built-in models: what it lists wins, and what only one side
 * knows is kept and marked (APIPIE_MODEL_LIVE, APIPIE_MODEL_BUILT_IN).
 * @param client whose allocator is used
 * @param text JSON
 * @return a reference; NULL when it is no list of models, and without memory or client
 * Threads: any. Blocks: no. Owns: copies; the caller owns the reference. Since: 0.1.
 */
APIPIE_API apipie_catalog *apipie_catalog_parse(apipie_client *client, const char *text,
                                                size_t size);

/**
 * One reference more.
 * @return the same catalogue
 * Threads: any. Blocks: no. Owns: the caller owns the reference. Since: 0.1.
 */
APIPIE_API apipie_catalog *apipie_catalog_ref(apipie_catalog *catalog);

/**
 * Drops a reference; the last one frees it.
 * @return NULL
 * Threads: any. Blocks: no. Owns: takes the reference. Since: 0.1.
 */
APIPIE_API apipie_catalog *apipie_catalog_unref(apipie_catalog *catalog);

/**
 * How many models it holds; an empty selection holds 0.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_catalog_count(const apipie_catalog *catalog);

/**
 * When it was fetched: milliseconds since 1970 UTC; APIPIE_UNKNOWN for the built-in one.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_catalog_fetched(const apipie_catalog *catalog);

/**
 * The first row of a model.
 * @param provider in any case; NULL or "": any
 * @param model its name, or "provider/name"
 * @return its index, or APIPIE_UNKNOWN
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_catalog_find(const apipie_catalog *catalog, const char *provider,
                                       const char *model);

/**
 * A text of a model.
 * @param field APIPIE_MODEL_ID to APIPIE_MODEL_LICENSE_URL
 * @return NULL when nobody said, for another field, and past the end
 * Threads: any. Blocks: no. Owns: the catalogue. Since: 0.1.
 */
APIPIE_API const char *apipie_catalog_text(const apipie_catalog *catalog, size_t index,
                                           int32_t field);

/**
 * A number of a model. A price that is negative, no number or above 10,000 dollars is refused: unknown, with a warning.
 * @param field APIPIE_MODEL_ENABLED to APIPIE_MODEL_MAX_IMAGES
 * @return APIPIE_UNKNOWN when nobody said, for another field, and past the end
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_catalog_number(const apipie_catalog *catalog, size_t index,
                                         int32_t field);

/**
 * The record of a model as the gateway sent it, JSON, for members that have no field here.
 * @param ret_size NULL, or gets the length
 * @return ends with NUL; NULL when the gateway did not list it
 * Threads: any. Blocks: no. Owns: the catalogue. Since: 0.1.
 */
APIPIE_API const char *apipie_catalog_json(const apipie_catalog *catalog, size_t index,
                                           size_t *ret_size);

/**
 * The listed price of one picture. A list by size and quality is exact: a size that is not in it has no known price. Without a list
 * a price per image holds for every size of the standard quality.
 * @param quality NULL or "standard", "hd", or as the list has it, in any case
 * @return picodollars, or APIPIE_UNKNOWN; the highest where the list has several for the same
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_catalog_price(const apipie_catalog *catalog, size_t index, int32_t width,
                                        int32_t height, const char *quality);

/**
 * How many things were wrong with the list: rows that were dropped, figures that were refused. A selection has those of the
 * whole list.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_catalog_warning_count(const apipie_catalog *catalog);

/**
 * A warning: one line, which row and why. After the first 1,000 there is only one more, which says so.
 * @return NULL past the end
 * Threads: any. Blocks: no. Owns: the catalogue. Since: 0.1.
 */
APIPIE_API const char *apipie_catalog_warning(const apipie_catalog *catalog, size_t index);

/** What a restriction says, for apipie_catalog_restriction_text(). Since: 0.1. */
enum {
    APIPIE_RESTRICTION_NAME = 0,    /**< of a provider, a model, or "provider/model" */
    APIPIE_RESTRICTION_COUNTRY = 1, /**< "Cuba"; NULL when only the code is said */
    APIPIE_RESTRICTION_COUNTRY_CODE =
        2 /**< "CU", as ISO 3166-1 has it; NULL when only the name is said */
};

/**
 * Is a model not offered in a country? Answered from the gateway's list of restrictions: the catalogue of a request of the kind
 * APIPIE_REQUEST_MODELS with the filter "restrictions", or apipie_catalog_parse() of such a list. One list answers for all models.
 * A restriction may name a provider, a model, or "provider/model" (the gateway does not say which): any of them counts.
 * @param provider NULL: the gateway chooses; then only a restriction of the model itself can be told
 * @param model NULL: anything of that provider
 * @param country two letters ("DE"), or the name as the list has it; letters of ASCII without case
 * @return 1, 0; APIPIE_UNKNOWN when it cannot be told: a list of models instead, the country is listed by the other of its two
 *         names only, or a part of the list could not be read (apipie_catalog_warning())
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_catalog_is_restricted(const apipie_catalog *catalog, const char *provider,
                                                const char *model, const char *country);

/**
 * How many restrictions a list of them holds: one for each country of each record.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_catalog_restriction_count(const apipie_catalog *catalog);

/**
 * One restriction.
 * @param which APIPIE_RESTRICTION_NAME, _COUNTRY, _COUNTRY_CODE
 * @return NULL past the end, and for what is not said
 * Threads: any. Blocks: no. Owns: the catalogue. Since: 0.1.
 */
APIPIE_API const char *apipie_catalog_restriction_text(const apipie_catalog *catalog, size_t index,
                                                       int32_t which);

/**
 * The models with this text, in the same order.
 * @param field one of the texts
 * @param value compared without case (of ASCII); NULL: those that have none
 * @return NULL for a field that is no text, and without memory
 * Threads: any. Blocks: no. Owns: the caller owns the reference. Since: 0.1.
 */
APIPIE_API apipie_catalog *apipie_catalog_where_text(apipie_catalog *catalog, int32_t field,
                                                     const char *value);

/**
 * The models with a number in a range, in the same order. Unknown ones are in none.
 * @param field one of the numbers
 * @param least the smallest, included; APIPIE_UNKNOWN: no bound
 * @param most the largest, included; APIPIE_UNKNOWN: no bound
 * @return NULL for a field that is no number, and without memory
 * Threads: any. Blocks: no. Owns: the caller owns the reference. Since: 0.1.
 */
APIPIE_API apipie_catalog *apipie_catalog_where_number(apipie_catalog *catalog, int32_t field,
                                                       int64_t least, int64_t most);

/**
 * The same models in the order of a field. Equal ones stay in their order; unknown ones come last in both directions.
 * @param field any; texts without case (of ASCII)
 * @param descending 0 or 1
 * @return NULL for a bad argument, and without memory
 * Threads: any. Blocks: no. Owns: the caller owns the reference. Since: 0.1.
 */
APIPIE_API apipie_catalog *apipie_catalog_sort(apipie_catalog *catalog, int32_t field,
                                               int32_t descending);

/**
 * Those models that have the same value of a field: group n, counted from 0 in the order in which the values first appear. Those whose
 * value is unknown are a group too.
 * @param field any; texts without case (of ASCII)
 * @param ret_value NULL, or gets the text that they share, which the catalogue owns: NULL when it is unknown, and for a number (ask
 *        a row of the group)
 * @return NULL past the last group, for a bad argument, and without memory
 * Threads: any. Blocks: no. Owns: the caller owns the reference. Since: 0.1.
 */
APIPIE_API apipie_catalog *apipie_catalog_group(apipie_catalog *catalog, int32_t field, size_t n,
                                                const char **ret_value);

/** What became of a model between two lists. Since: 0.1. */
enum {
    APIPIE_CHANGE_NEW = 1,         /**< after: its price, or APIPIE_UNKNOWN */
    APIPIE_CHANGE_GONE = 2,        /**< before: its price, or APIPIE_UNKNOWN */
    APIPIE_CHANGE_PRICE_UP = 3,    /**< before, after: picodollars */
    APIPIE_CHANGE_PRICE_DOWN = 4,  /**< before, after: picodollars */
    APIPIE_CHANGE_AVAILABILITY = 5 /**< before, after: 1 when it could be used, else 0 */
};

/**
 * Is told of one change.
 * @param kind APIPIE_CHANGE_*
 * @param provider valid during the call
 * @param model its name without the provider; valid during the call
 * @param before see APIPIE_CHANGE_*
 * @param after see APIPIE_CHANGE_*
 * Threads: the caller of apipie_catalog_diff(). Blocks: as you like. Owns: nothing. Since: 0.1.
 */
typedef void (*apipie_catalog_change)(void *user, int32_t kind, const char *provider,
                                      const char *model, int64_t before, int64_t after);

/**
 * Compares two lists, in the order of provider and model. A model has at most one change of price: of the standard picture, or
 * else of the first listed size, or else of the cost of input, output or both on average, that is known in both and differs.
 * @param older NULL: an empty list
 * @param newer NULL: an empty list
 * @return APIPIE_OK, also without any change; APIPIE_E_ARGUMENT, APIPIE_E_MEMORY
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_catalog_diff(const apipie_catalog *older,
                                             const apipie_catalog *newer, apipie_catalog_change fn,
                                             void *user);

/* ---------------------------------------------------------------------------------------------
 * Statistics: what a client did, by backend, provider and model
 *
 * A row belongs to one route. A route that names its provider and model is counted under these names; what it leaves to the gateway is
 * counted under what the reply names. A request counts once, when it has ended, on the route that served it, or was tried last; an
 * attempt counts on its own route. Requests that submit refused and reconciliations are not counted. docs/stats.md says more.
 * ------------------------------------------------------------------------------------------- */

typedef struct apipie_stats apipie_stats; /**< what stood there at one moment: never changes */

/** The names of a row, for apipie_stats_text(). Since: 0.1. */
enum {
    APIPIE_STATS_BACKEND = 0,
    APIPIE_STATS_PROVIDER = 1, /**< "" when nobody named it */
    APIPIE_STATS_MODEL = 2     /**< "" when nobody named it */
};

/** The figures of a row, for apipie_stats_number(). Since: 0.1. */
enum {
    APIPIE_STATS_REQUESTS = 0,        /**< that have ended */
    APIPIE_STATS_REQUESTS_OK = 1,     /**< with a picture */
    APIPIE_STATS_REQUESTS_CACHED = 2, /**< out of the cache: nothing was sent */
    APIPIE_STATS_IMAGES = 3,          /**< that were drawn, and came whole */
    APIPIE_STATS_ATTEMPTS = 4,        /**< exchanges of the paid call, redirects included */
    APIPIE_STATS_RETRIES = 5,         /**< attempts after another one on the same route */
    APIPIE_STATS_FAILOVERS = 6,       /**< attempts because another route had failed */
    APIPIE_STATS_BILLED_UNKNOWN =
        7, /**< attempts of which nobody knew whether they were billed, when they ended */
    APIPIE_STATS_BYTES_UP = 8,   /**< bodies of requests that were sent */
    APIPIE_STATS_BYTES_DOWN = 9, /**< bodies of replies, and of pictures by url */
    APIPIE_STATS_COST =
        10, /**< picodollars of billed attempts, estimated ones included, and what reconciliations find */
    APIPIE_STATS_COST_ESTIMATED = 11,    /**< the part of it that no server confirmed */
    APIPIE_STATS_TOKENS_PROMPT = 12,     /**< as far as replies say */
    APIPIE_STATS_TOKENS_COMPLETION = 13, /**< as far as replies say */
    APIPIE_STATS_FIRST_MS = 14,          /**< when it counted something first: since 1970 UTC */
    APIPIE_STATS_LAST_MS = 15            /**< ... and last */
};

/** The times of a row, each a histogram. Since: 0.1. */
enum {
    APIPIE_STATS_TOTAL = 0, /**< submit to end, of requests that drew a picture */
    APIPIE_STATS_FIRST_BYTE =
        1, /**< start of the exchange to the reply's first byte, of attempts that brought a picture */
    APIPIE_STATS_SERVER = 2 /**< the latency that the reply names, of the same */
};

/**
 * Buckets of a histogram. Their bounds are those of the OpenTelemetry conventions for generative AI clients, 10 ms doubling to 81.92 s
 * (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/), then three more for slow local drawing, up to 655.36 s, and
 * one without a bound. Since: 0.1.
 */
#define APIPIE_STATS_BUCKETS 18

/** A row that is not there. Since: 0.1. */
#define APIPIE_STATS_NONE ((size_t)-1)

/** Texts of apipie_stats_format(). Since: 0.1. */
enum {
    APIPIE_FORMAT_JSON = 0,       /**< docs/stats.schema.json describes it */
    APIPIE_FORMAT_PROMETHEUS = 1, /**< text exposition format 0.0.4 */
    APIPIE_FORMAT_OPENMETRICS = 2 /**< OpenMetrics 1.0 */
};

/**
 * What the client did so far.
 * @return a reference, NULL without memory and for NULL
 * Threads: any. Blocks: no. Owns: the caller, apipie_stats_unref(); it may outlive the client, whose memory it keeps. Since: 0.1.
 */
APIPIE_API apipie_stats *apipie_client_stats(apipie_client *client);

/**
 * Begins anew with zeros. Snapshots stay as they are; a request that is under way counts when it ends.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_reset_stats(apipie_client *client);

/**
 * Adds what a file of apipie_stats_save() holds. A file that was cut or damaged gives every line that is whole.
 * @return APIPIE_E_FILE when it cannot be read or is of another kind: nothing was added; APIPIE_E_ARGUMENT; APIPIE_E_FORKED;
 *         APIPIE_E_MEMORY: nothing was added
 * Threads: any. Blocks: the disk. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_load_stats(apipie_client *client, const char *path);

/**
 * Told what the client did so far, now and then.
 * @param stats borrowed: apipie_stats_ref() keeps it
 * Threads: one that polls or waits, between two turns: as a done callback; while it takes longer than the interval, another thread may
 * call it too. Blocks: should not. Owns: nothing. Since: 0.1.
 */
typedef void (*apipie_stats_fn)(void *user, apipie_stats *stats);

/**
 * Calls back every so often, as long as somebody polls or waits; apipie_client_next_timeout() knows of it. apipie_client_poll() may
 * return because of it.
 * @param interval_ms 1 to 86400000
 * @param stats_fn NULL takes it back
 * @param user_free NULL if `user` needs none
 * Threads: any. Blocks: no. Owns: takes user (freed once: with the client, when replaced and not running any more, or at once on
 * failure and with NULL). Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_stats_fn(apipie_client *client, int64_t interval_ms,
                                                    apipie_stats_fn stats_fn, void *user,
                                                    apipie_free_fn user_free);

/**
 * Adds a reference.
 * @return stats
 * Threads: any. Blocks: no. Owns: one more apipie_stats_unref(). Since: 0.1.
 */
APIPIE_API apipie_stats *apipie_stats_ref(apipie_stats *stats);

/**
 * Drops a reference.
 * @return NULL, always
 * Threads: any, also inside a callback. Blocks: no. Owns: takes the reference. Since: 0.1.
 */
APIPIE_API apipie_stats *apipie_stats_unref(apipie_stats *stats);

/**
 * Both together: of two clients, say. Where one of them is NULL, the other alone.
 * @return a reference to a new one, NULL without memory and for NULL and NULL
 * Threads: any. Blocks: no. Owns: the caller; it keeps the memory of the first one's client. Since: 0.1.
 */
APIPIE_API apipie_stats *apipie_stats_merge(apipie_stats *a, apipie_stats *b);

/**
 * How many rows there are, ordered by backend, provider and model.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_stats_count(const apipie_stats *stats);

/**
 * The row of a route.
 * @param backend, provider, model NULL is ""
 * @return APIPIE_STATS_NONE when nothing was counted for it
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_stats_find(const apipie_stats *stats, const char *backend,
                                    const char *provider, const char *model);

/**
 * A name of a row. Beyond 10,000 routes all others are counted in one whose provider and model are "(other)".
 * @param which APIPIE_STATS_BACKEND, _PROVIDER, _MODEL
 * @return NULL for a row that is not there
 * Threads: any. Blocks: no. Owns: stats. Since: 0.1.
 */
APIPIE_API const char *apipie_stats_text(const apipie_stats *stats, size_t row, int32_t which);

/**
 * A figure of a row.
 * @param which APIPIE_STATS_REQUESTS to APIPIE_STATS_LAST_MS
 * @return APIPIE_UNKNOWN for a row or a figure that is not there
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_stats_number(const apipie_stats *stats, size_t row, int32_t which);

/**
 * How many requests of a row ended with that status.
 * @return APIPIE_UNKNOWN for a row that is not there
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_stats_errors(const apipie_stats *stats, size_t row, apipie_status status);

/**
 * The failures that a row knows, one after the other.
 * @param n 0 for the first
 * @return APIPIE_OK when there is no such
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_stats_error_code(const apipie_stats *stats, size_t row, size_t n);

/**
 * How many times of a row fell into a bucket: above the bound before, up to its own.
 * @param which APIPIE_STATS_TOTAL, _FIRST_BYTE, _SERVER
 * @param n 0 to APIPIE_STATS_BUCKETS - 1
 * @param ret_upper_ms NULL, or gets its bound; INT64_MAX for the last one
 * @return APIPIE_UNKNOWN for what is not there
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_stats_bucket(const apipie_stats *stats, size_t row, int32_t which,
                                       size_t n, int64_t *ret_upper_ms);

/**
 * How many times a histogram counts.
 * @return APIPIE_UNKNOWN for what is not there
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_stats_time_count(const apipie_stats *stats, size_t row, int32_t which);

/**
 * All times of a histogram together, in milliseconds.
 * @return APIPIE_UNKNOWN for what is not there
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_stats_time_sum(const apipie_stats *stats, size_t row, int32_t which);

/**
 * The time that so many thousandths stay at or below, in milliseconds: 950 for the 95th percentile. Interpolated within a bucket; for
 * one without a bound it is the last bound.
 * @param per_mille 0 to 1000
 * @return APIPIE_UNKNOWN when nothing was counted, and for what is not there
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_stats_quantile(const apipie_stats *stats, size_t row, int32_t which,
                                         int32_t per_mille);

/**
 * All of it as text, for machines.
 * @param format APIPIE_FORMAT_*
 * @param text gets it, with NUL, as far as there is room; NULL: only its length is asked
 * @param capacity of text
 * @return bytes of the whole text without NUL (call again with more room when that is not less than capacity); 0 without memory, for
 *         NULL and for another format, and text is then ""
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_stats_format(const apipie_stats *stats, int32_t format, char *text,
                                      size_t capacity);

/**
 * Writes it to a file, for apipie_client_load_stats(): a temporary name, then renamed over `path`; mode 0600.
 * @return APIPIE_E_FILE, APIPIE_E_ARGUMENT, APIPIE_E_MEMORY: what was there stays
 * Threads: any. Blocks: the disk. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_stats_save(const apipie_stats *stats, const char *path);

/* ---------------------------------------------------------------------------------------------
 * Health: how routes and providers do
 *
 * Every call that was judged tells something about its route, and about the provider as a whole. A route goes by the names that the
 * request gave it, "" where it left one to the gateway. What is no fault of the route (a refused prompt, a bad key) counts as an answer;
 * what says nothing about it (cancelled, too many requests) does not count. All times are of the last 15 minutes, at most 20 calls.
 * What the newest list of models says counts too: a model that it calls not available is down until a call succeeds, for at most 15
 * minutes after the list; that it calls one available proves nothing. The rules and their numbers are in docs/health.md.
 * ------------------------------------------------------------------------------------------- */

typedef struct apipie_health apipie_health; /**< how all stood at one moment: never changes */

/** States, the worse the greater. Since: 0.1. */
enum {
    APIPIE_HEALTH_UNKNOWN =
        0, /**< no call in the last 15 minutes, or too few, and no list that says it is down */
    APIPIE_HEALTH_HEALTHY = 1,
    APIPIE_HEALTH_DEGRADED = 2, /**< fewer than 90 % succeed, or it takes twice as long as usual */
    APIPIE_HEALTH_DOWN =
        3 /**< it rests after failures, the last 3 failed, fewer than half succeed, or the gateway lists it as not available */
};

/** What a row is about, for apipie_health_number(). Since: 0.1. */
enum {
    APIPIE_HEALTH_ROUTE = 0,    /**< one backend, provider and model */
    APIPIE_HEALTH_PROVIDER = 1, /**< all calls to one provider; its model is "" */
    APIPIE_HEALTH_GROUP =
        2 /**< all calls to models of one kind; backend and provider are "", the group stands for the model */
};

/** The texts of a row, for apipie_health_text(). Since: 0.1. */
enum {
    APIPIE_HEALTH_BACKEND = 0,
    APIPIE_HEALTH_PROVIDER_NAME = 1, /**< "" when nobody named it */
    APIPIE_HEALTH_MODEL = 2, /**< "" when nobody named it, and of a provider; of a group its name */
    APIPIE_HEALTH_REASON = 3 /**< one line: "9 of the last 20 failed" */
};

/** Signs that a healthy route is about to get worse. Since: 0.1. */
enum {
    APIPIE_HEALTH_WARNING_NONE = 0,
    APIPIE_HEALTH_WARNING_ERRORS = 1, /**< more failures than usual */
    APIPIE_HEALTH_WARNING_LATENCY = 2 /**< it takes longer than usual */
};

/** The figures of a row, for apipie_health_number(). Since: 0.1. */
enum {
    APIPIE_HEALTH_SCOPE = 0,       /**< APIPIE_HEALTH_ROUTE, _PROVIDER, _GROUP */
    APIPIE_HEALTH_STATE = 1,       /**< APIPIE_HEALTH_UNKNOWN to _DOWN */
    APIPIE_HEALTH_WARNING = 2,     /**< APIPIE_HEALTH_WARNING_* */
    APIPIE_HEALTH_SINCE_MS = 3,    /**< when the state began: since 1970 UTC */
    APIPIE_HEALTH_CALLS = 4,       /**< in the window */
    APIPIE_HEALTH_FAILED = 5,      /**< ... that failed */
    APIPIE_HEALTH_SUCCESS = 6,     /**< per mille that succeeded; late calls weigh more */
    APIPIE_HEALTH_P50_MS = 7,      /**< half of the pictures in the window took no longer */
    APIPIE_HEALTH_BASELINE_MS = 8, /**< ... and usually, once 20 came */
    APIPIE_HEALTH_UPTIME_HOUR = 9, /**< per mille of the minutes of which something is known */
    APIPIE_HEALTH_UPTIME_DAY = 10,
    APIPIE_HEALTH_UPTIME_WEEK = 11,
    APIPIE_HEALTH_LISTED =
        12 /**< what a list of the last 15 minutes says: 1 available, 0 not; of a provider or group 0: none of its models is */
};

/**
 * The state of a route, of a provider (model NULL), or the worst of all that the names mean. NULL is any that was called; "" is one that
 * nobody named.
 * @return APIPIE_HEALTH_UNKNOWN also for what was never called, for a NULL client, and in a child after fork()
 * Threads: any, also inside a callback. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_client_health(apipie_client *client, const char *backend,
                                        const char *provider, const char *model);

/**
 * How all routes and providers stand now.
 * @return a reference, NULL without memory, for NULL, and in a child after fork()
 * Threads: any, also inside a callback. Blocks: no. Owns: the caller, apipie_health_unref(); it may outlive the client, whose memory it
 * keeps. Since: 0.1.
 */
APIPIE_API apipie_health *apipie_client_health_snapshot(apipie_client *client);

/**
 * Adds what apipie_health_save() wrote. What both know counts once: the calls of both by their time, the minutes that either knows, the
 * usual time of who saw more calls. The same again changes nothing. Calls and minutes of the future are left out. The breaker is not kept:
 * a new client tries every way anew. Of a file that was cut or damaged every whole line counts. Load before the first request: later a
 * state that was saved may be told as a change.
 * @return APIPIE_E_FILE (it cannot be read, or is something else), APIPIE_E_ARGUMENT, APIPIE_E_MEMORY, APIPIE_E_FORKED: nothing of it counts
 * Threads: any. Blocks: the disk. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_load_health(apipie_client *client, const char *path);

/**
 * A state changed, or with `before` and `after` the same an early warning.
 * @param model "" for a whole provider too; the name of a group
 * @param scope APIPIE_HEALTH_ROUTE, _PROVIDER, _GROUP
 * @param reason one line; all texts live during the call
 * Threads: one that polls or waits, between two turns: as a done callback; one at a time. Blocks: should not. Owns: nothing.
 * Since: 0.1.
 */
typedef void (*apipie_health_fn)(void *user, const char *backend, const char *provider,
                                 const char *model, int32_t scope, int32_t before, int32_t after,
                                 const char *reason);

/**
 * Calls back when a state changes, as long as somebody polls or waits. Several changes of one route between two deliveries become one,
 * from the state that was told last to the present one. That a state becomes unknown because time passes is not told by itself.
 * apipie_client_poll() may return because of it, and the descriptors of apipie_client_queue_fd() and _loop_fd() are readable.
 * @param health_fn NULL takes it back
 * @param user_free NULL if `user` needs none
 * Threads: any. Blocks: no. Owns: takes user (freed once: with the client, when replaced and not running any more, or at once on
 * failure and with NULL). Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_health_fn(apipie_client *client,
                                                     apipie_health_fn health_fn, void *user,
                                                     apipie_free_fn user_free);

/**
 * Waits until a request may go that way: no rest after failures (or it is over, and this request may be the probe), no pause that the
 * server asked for. Turns as apipie_client_poll() does, callbacks included; without anything to do it sleeps.
 * @param provider, model NULL is any: one of the known routes is enough; "" is one that nobody named
 * @param timeout_ms 0 only looks; negative: no limit
 * @return APIPIE_OK, also for a way that was never gone; APIPIE_PENDING when the time is up, APIPIE_E_REENTRANT inside a callback,
 *         APIPIE_E_FORKED, APIPIE_E_ARGUMENT
 * Threads: any, several at once. Blocks: as long as it is told. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_wait_available(apipie_client *client, const char *provider,
                                                      const char *model, int64_t timeout_ms);

/**
 * Adds a reference.
 * @return health
 * Threads: any. Blocks: no. Owns: one more apipie_health_unref(). Since: 0.1.
 */
APIPIE_API apipie_health *apipie_health_ref(apipie_health *health);

/**
 * Drops a reference.
 * @return NULL, always
 * Threads: any, also inside a callback. Blocks: no. Owns: takes the reference. Since: 0.1.
 */
APIPIE_API apipie_health *apipie_health_unref(apipie_health *health);

/**
 * How many rows there are: groups first, then by backend and provider, each provider before its routes.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_health_count(const apipie_health *health);

/**
 * A text of a row.
 * @param which APIPIE_HEALTH_BACKEND, _PROVIDER_NAME, _MODEL, _REASON
 * @return NULL for a row or a text that is not there
 * Threads: any. Blocks: no. Owns: health. Since: 0.1.
 */
APIPIE_API const char *apipie_health_text(const apipie_health *health, size_t row, int32_t which);

/**
 * A figure of a row.
 * @param which APIPIE_HEALTH_SCOPE to APIPIE_HEALTH_LISTED
 * @return APIPIE_UNKNOWN for a row or a figure that is not there, and for what nobody knows yet
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_health_number(const apipie_health *health, size_t row, int32_t which);

/**
 * Writes it to a file, for apipie_client_load_health(): a temporary name, then renamed over `path`; mode 0600.
 * @return APIPIE_E_FILE, APIPIE_E_ARGUMENT, APIPIE_E_MEMORY: what was there stays
 * Threads: any. Blocks: the disk. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_health_save(const apipie_health *health, const char *path);

/**
 * The name of a state, in English: "healthy".
 * @return "unknown" for any other number
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API const char *apipie_health_name(int32_t state);

/* ---------------------------------------------------------------------------------------------
 * Choose, compare, recommend
 *
 * From what a catalogue lists and what statistics have measured; nothing is asked of anyone. docs/choose.md has the rules: how listed
 * and own figures are joined, what a score is, and what becomes of figures that nobody knows. Answers keep their catalogue, and may
 * outlive the client.
 * ------------------------------------------------------------------------------------------- */

typedef struct apipie_need apipie_need;             /**< what is asked of a model; a builder */
typedef struct apipie_choice apipie_choice;         /**< models by rank; never changes */
typedef struct apipie_comparison apipie_comparison; /**< groups of models; never changes */
typedef struct apipie_advice apipie_advice;         /**< what would be better; never changes */

/**
 * A need that asks for nothing: all models of pictures, price, speed and reliability of the same weight.
 * @param client whose allocator is used
 * @return a reference; NULL without memory or client
 * Threads: any. Blocks: no. Owns: the caller, apipie_need_unref(); it may outlive the client. Since: 0.1.
 */
APIPIE_API apipie_need *apipie_need_new(apipie_client *client);

/**
 * One reference more.
 * @return need
 * Threads: any. Blocks: no. Owns: one more apipie_need_unref(). Since: 0.1.
 */
APIPIE_API apipie_need *apipie_need_ref(apipie_need *need);

/**
 * Drops a reference; the last one frees it.
 * @return NULL
 * Threads: any. Blocks: no. Owns: takes the reference. Since: 0.1.
 */
APIPIE_API apipie_need *apipie_need_unref(apipie_need *need);

/**
 * Only models with this text: of this family, speciality, provider, series, ... Several fields must all fit. Models of other types
 * than "image" are only looked at when APIPIE_MODEL_TYPE is set.
 * As with all setters of a need: what is refused leaves it as it was, and apipie_choose() then gives NULL.
 * @param field APIPIE_MODEL_ID to APIPIE_MODEL_LICENSE_URL
 * @param value compared without case (of ASCII), at most APIPIE_LIMIT_TEXT bytes; NULL takes it back
 * @return APIPIE_E_ARGUMENT, APIPIE_E_MEMORY
 * Threads: one at a time. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_need_set_text(apipie_need *need, int32_t field, const char *value);

/**
 * The size of the picture: prices are those of this size (else of 1024x1024), and a model must list it, or be trained for its
 * shorter side.
 * @param width 1 to APIPIE_LIMIT_SIDE
 * @param height 1 to APIPIE_LIMIT_SIDE
 * @return APIPIE_E_ARGUMENT
 * Threads: one at a time. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_need_set_size(apipie_need *need, int32_t width, int32_t height);

/**
 * Whether it must paint into a picture that it gets.
 * @param editing 1; 0: it need not, and models of the speciality "inpainting" are left out unless they are asked for by
 *        speciality or name
 * @return APIPIE_E_ARGUMENT
 * Threads: one at a time. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_need_set_editing(apipie_need *need, int32_t editing);

/**
 * The quality: prices are those of it. A model whose list names qualities must name this one.
 * @param quality as apipie_catalog_price() has it, at most 63 bytes; NULL or "": standard
 * @return APIPIE_E_ARGUMENT
 * Threads: one at a time. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_need_set_quality(apipie_need *need, const char *quality);

/**
 * Where it must be offered: models that are surely restricted there are rejected, see apipie_catalog_is_restricted().
 * @param restrictions the gateway's list of restrictions; kept. It is not the catalogue that is chosen from.
 * @param country at most 63 bytes; NULL or "": anywhere, whatever `restrictions` is
 * @return APIPIE_E_ARGUMENT for a country without such a list
 * Threads: one at a time. Blocks: no. Owns: a copy, and a reference of its own. Since: 0.1.
 */
APIPIE_API apipie_status apipie_need_set_country(apipie_need *need, apipie_catalog *restrictions,
                                                 const char *country);

/**
 * The most that one picture may cost. Models whose price nobody knows stay.
 * @param picodollars APIPIE_UNKNOWN takes it back
 * @return APIPIE_E_ARGUMENT
 * Threads: one at a time. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_need_set_max_price(apipie_need *need, int64_t picodollars);

/**
 * What 95 of 100 pictures may take at most. With fewer than 20 own times of a model its typical time must not be over it; models of
 * which no time is known stay.
 * @param ms 1 to 86400000; APIPIE_UNKNOWN takes it back
 * @return APIPIE_E_ARGUMENT
 * Threads: one at a time. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_need_set_max_p95(apipie_need *need, int64_t ms);

/**
 * What counts for how much: 1, 0, 0 ranks by price alone. The default is 1, 1, 1.
 * @param price 0 to 1000, as all of them; not all 0
 * @return APIPIE_E_ARGUMENT
 * Threads: one at a time. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_need_set_weights(apipie_need *need, int32_t price, int32_t speed,
                                                 int32_t reliability);

/** What is known of a candidate, for apipie_choice_number(). Figures may be APIPIE_UNKNOWN, scores never. Since: 0.1. */
enum {
    APIPIE_CHOICE_SCORE = 0,             /**< 0 to 1000: the parts by their weights */
    APIPIE_CHOICE_SCORE_PRICE = 1,       /**< 0 to 1000, 1000 for the cheapest */
    APIPIE_CHOICE_SCORE_SPEED = 2,       /**< 0 to 1000, 1000 for the fastest */
    APIPIE_CHOICE_SCORE_RELIABILITY = 3, /**< 0 to 1000, 500 when it was never tried */
    APIPIE_CHOICE_PRICE = 4,             /**< picodollars an image, from the next two */
    APIPIE_CHOICE_PRICE_LISTED = 5,      /**< as the gateway lists it */
    APIPIE_CHOICE_PRICE_OWN = 6,         /**< what own images cost on average */
    APIPIE_CHOICE_LATENCY = 7,           /**< milliseconds, from the next two */
    APIPIE_CHOICE_LATENCY_LISTED = 8,    /**< the gateway's average */
    APIPIE_CHOICE_LATENCY_OWN = 9,       /**< the median of own requests */
    APIPIE_CHOICE_P95 = 10,              /**< own, of at least 20 times */
    APIPIE_CHOICE_TRIES = 11,            /**< own requests that the model answers for */
    APIPIE_CHOICE_OK = 12                /**< ... and that drew a picture */
};

/**
 * Ranks the models of a catalogue that serve a need, and says why the others do not. That none serves it is an answer too.
 * @param stats own measurements, or NULL: they weigh the more the more there are
 * @param need NULL: anything
 * @return a reference; NULL without memory or catalogue, and when a setter of need was refused
 * Threads: any, while none sets need. Blocks: no. Owns: the caller, apipie_choice_unref(); it keeps catalog. Since: 0.1.
 */
APIPIE_API apipie_choice *apipie_choose(apipie_catalog *catalog, const apipie_stats *stats,
                                        const apipie_need *need);

/**
 * One reference more.
 * @return choice
 * Threads: any. Blocks: no. Owns: one more apipie_choice_unref(). Since: 0.1.
 */
APIPIE_API apipie_choice *apipie_choice_ref(apipie_choice *choice);

/**
 * Drops a reference; the last one frees it.
 * @return NULL
 * Threads: any. Blocks: no. Owns: takes the reference. Since: 0.1.
 */
APIPIE_API apipie_choice *apipie_choice_unref(apipie_choice *choice);

/**
 * How many models serve the need.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_choice_count(const apipie_choice *choice);

/**
 * Where a candidate stands in the catalogue.
 * @param rank 0 for the best
 * @return APIPIE_UNKNOWN past the end
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_choice_index(const apipie_choice *choice, size_t rank);

/**
 * A text of a candidate, as apipie_catalog_text() gives it.
 * @param rank 0 for the best
 * @param field APIPIE_MODEL_PROVIDER, APIPIE_MODEL_NAME, ...
 * @return NULL when nobody said, and past the end
 * Threads: any. Blocks: no. Owns: the choice. Since: 0.1.
 */
APIPIE_API const char *apipie_choice_text(const apipie_choice *choice, size_t rank, int32_t field);

/**
 * A score of a candidate, or a figure that it comes from.
 * @param rank 0 for the best
 * @param which APIPIE_CHOICE_SCORE to APIPIE_CHOICE_OK
 * @return APIPIE_UNKNOWN for a figure that nobody knows, and past the end
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_choice_number(const apipie_choice *choice, size_t rank, int32_t which);

/**
 * How many models do not serve the need; with apipie_choice_count() these are all of the catalogue.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_choice_rejected_count(const apipie_choice *choice);

/**
 * Where a rejected model stands in the catalogue.
 * @param n 0 for the first, in the order of the catalogue
 * @return APIPIE_UNKNOWN past the end
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_choice_rejected_index(const apipie_choice *choice, size_t n);

/**
 * A text of a rejected model.
 * @param n 0 for the first
 * @param field APIPIE_MODEL_PROVIDER, APIPIE_MODEL_NAME, ...
 * @return NULL when nobody said, and past the end
 * Threads: any. Blocks: no. Owns: the choice. Since: 0.1.
 */
APIPIE_API const char *apipie_choice_rejected_text(const apipie_choice *choice, size_t n,
                                                   int32_t field);

/**
 * Why a model was rejected: one line, "price 0.02 is over 0.01". It names the first thing that does not fit.
 * @param n 0 for the first
 * @param text NULL, or gets as much as there is room for, with NUL
 * @param capacity of text; 128 is enough unless the catalogue's own texts are long
 * @return the length of the whole line; 0 past the end, and without memory
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_choice_reason(const apipie_choice *choice, size_t n, char *text,
                                       size_t capacity);

/** The figures of a group, for apipie_comparison_number(). Prices are picodollars of a standard picture of 1024x1024. Since: 0.1. */
enum {
    APIPIE_COMPARE_MODELS = 0,         /**< of pictures */
    APIPIE_COMPARE_PRICED = 1,         /**< those whose price is listed */
    APIPIE_COMPARE_PRICE_LOW = 2,      /**< the cheapest */
    APIPIE_COMPARE_PRICE_MEDIAN = 3,   /**< what half of them do not pass */
    APIPIE_COMPARE_PRICE_HIGH = 4,     /**< the dearest */
    APIPIE_COMPARE_TIMED = 5,          /**< those whose latency is listed */
    APIPIE_COMPARE_LATENCY_LOW = 6,    /**< the fastest, milliseconds */
    APIPIE_COMPARE_LATENCY_MEDIAN = 7, /**< what half of them do not pass */
    APIPIE_COMPARE_TRIES = 8,          /**< own requests that the models answer for */
    APIPIE_COMPARE_OK = 9,             /**< ... and that drew a picture */
    APIPIE_COMPARE_IMAGES = 10,        /**< own images */
    APIPIE_COMPARE_PRICE_OWN = 11,     /**< what they cost on average */
    APIPIE_COMPARE_P50 = 12,           /**< median of own requests, milliseconds */
    APIPIE_COMPARE_P95 = 13            /**< 95th percentile of own requests, milliseconds */
};

/**
 * Compares groups of models: those with the same provider, family, series, version, ... Versions of one series: select the series
 * first, by apipie_catalog_where_text(). Of a live list only what the gateway lists is compared.
 * @param stats own measurements, or NULL
 * @param field one of the texts, compared without case (of ASCII)
 * @return a reference; NULL for a field that is no text, and without memory or catalogue
 * Threads: any. Blocks: no. Owns: the caller, apipie_comparison_unref(); it keeps catalog. Since: 0.1.
 */
APIPIE_API apipie_comparison *apipie_compare(apipie_catalog *catalog, const apipie_stats *stats,
                                             int32_t field);

/**
 * One reference more.
 * @return comparison
 * Threads: any. Blocks: no. Owns: one more apipie_comparison_unref(). Since: 0.1.
 */
APIPIE_API apipie_comparison *apipie_comparison_ref(apipie_comparison *comparison);

/**
 * Drops a reference; the last one frees it.
 * @return NULL
 * Threads: any. Blocks: no. Owns: takes the reference. Since: 0.1.
 */
APIPIE_API apipie_comparison *apipie_comparison_unref(apipie_comparison *comparison);

/**
 * How many groups there are, in the order of their texts; models whose text nobody knows are the last one.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_comparison_count(const apipie_comparison *comparison);

/**
 * The text that a group shares.
 * @return NULL when it is unknown, and past the end
 * Threads: any. Blocks: no. Owns: the comparison. Since: 0.1.
 */
APIPIE_API const char *apipie_comparison_text(const apipie_comparison *comparison, size_t row);

/**
 * A figure of a group.
 * @param which APIPIE_COMPARE_MODELS to APIPIE_COMPARE_P95
 * @return APIPIE_UNKNOWN when nobody knows it, and past the end
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_comparison_number(const apipie_comparison *comparison, size_t row,
                                            int32_t which);

/** What would have been better. Since: 0.1. */
enum {
    APIPIE_ADVICE_CHEAPER = 1, /**< saved: picodollars over all images */
    APIPIE_ADVICE_FASTER = 2   /**< saved: milliseconds a request, at the median */
};

/** The figures of an advice, for apipie_advice_number(). Since: 0.1. */
enum {
    APIPIE_ADVICE_KIND = 0,           /**< APIPIE_ADVICE_CHEAPER, APIPIE_ADVICE_FASTER */
    APIPIE_ADVICE_SAVED = 1,          /**< see there */
    APIPIE_ADVICE_IMAGES = 2,         /**< that were drawn by the one that was used */
    APIPIE_ADVICE_PRICE_USED = 3,     /**< what they cost on average, or APIPIE_UNKNOWN */
    APIPIE_ADVICE_PRICE_BETTER = 4,   /**< picodollars an image, or APIPIE_UNKNOWN */
    APIPIE_ADVICE_LATENCY_USED = 5,   /**< own median, milliseconds, or APIPIE_UNKNOWN */
    APIPIE_ADVICE_LATENCY_BETTER = 6, /**< milliseconds, or APIPIE_UNKNOWN */
    APIPIE_ADVICE_TRIES = 7,          /**< own requests of the better one; 0: never tried */
    APIPIE_ADVICE_OK = 8              /**< ... that drew a picture */
};

/**
 * For each model that was used: an equal one that would have been cheaper, and one that would have been faster. Equal are models that are
 * available, of the same family and speciality, trained for as large a size, that edit if the other does, and have
 * not failed more often, as far as they were tried. What is not known on both sides is not compared.
 * @param stats what was used; NULL: nothing
 * @return a reference, also when nothing better is known; NULL without memory or catalogue
 * Threads: any. Blocks: no. Owns: the caller, apipie_advice_unref(); it keeps catalog. Since: 0.1.
 */
APIPIE_API apipie_advice *apipie_recommend(apipie_catalog *catalog, const apipie_stats *stats);

/**
 * One reference more.
 * @return advice
 * Threads: any. Blocks: no. Owns: one more apipie_advice_unref(). Since: 0.1.
 */
APIPIE_API apipie_advice *apipie_advice_ref(apipie_advice *advice);

/**
 * Drops a reference; the last one frees it.
 * @return NULL
 * Threads: any. Blocks: no. Owns: takes the reference. Since: 0.1.
 */
APIPIE_API apipie_advice *apipie_advice_unref(apipie_advice *advice);

/**
 * How many there are: cheaper ones first, and of each kind what saves most. 0: nothing better is known.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_advice_count(const apipie_advice *advice);

/**
 * How many models of the catalogue have drawn images by the statistics: those that were looked at.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_advice_looked(const apipie_advice *advice);

/**
 * Where a model stands in the catalogue.
 * @param n 0 for the first
 * @param better 0: the one that was used, 1: the better one
 * @return APIPIE_UNKNOWN past the end
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_advice_index(const apipie_advice *advice, size_t n, int32_t better);

/**
 * A text of a model.
 * @param n 0 for the first
 * @param better 0: the one that was used, 1: the better one
 * @param field APIPIE_MODEL_PROVIDER, APIPIE_MODEL_NAME, ...
 * @return NULL when nobody said, and past the end
 * Threads: any. Blocks: no. Owns: the advice. Since: 0.1.
 */
APIPIE_API const char *apipie_advice_text(const apipie_advice *advice, size_t n, int32_t better,
                                          int32_t field);

/**
 * A figure of an advice.
 * @param which APIPIE_ADVICE_KIND to APIPIE_ADVICE_OK
 * @return APIPIE_UNKNOWN when nobody knows it, and past the end
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_advice_number(const apipie_advice *advice, size_t n, int32_t which);

/* ---------------------------------------------------------------------------------------------
 * Money
 * ------------------------------------------------------------------------------------------- */

/**
 * Writes an amount as decimal dollars, without a sign or trailing zeros: "0.008".
 * @param picodollars the amount; negative (APIPIE_UNKNOWN) gives ""
 * @param text gets it, with NUL
 * @param capacity of text; 24 is always enough
 * @return APIPIE_E_LIMIT when text is too small (it then holds "")
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_money_format(int64_t picodollars, char *text, size_t capacity);

/* ---------------------------------------------------------------------------------------------
 * The list of models
 *
 * A request of the kind APIPIE_REQUEST_MODELS asks for it: submitted, polled, cancelled and retried like any other. It costs
 * nothing, needs no key (one that is set is sent), and waits in no line. Such a request has a result without images: its
 * warnings say which rows were left out and why.
 * ------------------------------------------------------------------------------------------- */

/**
 * Asks for a part of the list only: "type", "subtype", "provider", "model", "enabled", "voices", "restrictions", or whatever else
 * the gateway knows. Setting again replaces.
 * @param value sent percent-encoded; NULL: the name alone ("?voices"); "" takes it back
 * @return APIPIE_E_ARGUMENT for an empty name, control bytes or a text that is too long
 * Threads: one at a time per request. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_filter(apipie_request *request, const char *name,
                                                   const char *value);

/**
 * Asks for the detailed list: the same records with more members, for which the gateway knows the filters "type", "provider" and
 * "model" only. Prices by token and APIPIE_MODEL_MAX_IMAGES are numbers of the catalogue; all else (input_modalities, quantization,
 * supported_input_parameters with the values that each parameter may have, ...) stands in apipie_catalog_json().
 * @param detailed 1; 0: the usual list
 * @return APIPIE_E_ARGUMENT
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_detailed(apipie_request *request, int32_t detailed);

/**
 * What the gateway listed: nothing but that, in its order. A list without a usable row is an empty one.
 * @return NULL before the end, after a failure, and for another kind of request
 * Threads: any, after the end. Blocks: no. Owns: the request; apipie_catalog_ref() keeps it longer. Since: 0.1.
 */
APIPIE_API apipie_catalog *apipie_request_catalog(const apipie_request *request);

/**
 * The models that this client knows at the moment: the built-in ones, with the newest list over them that it fetched from its present
 * base URL (or read from the file of apipie_client_set_models_cache()) without a filter, or with type=image alone. Sends nothing.
 * @return a reference, or NULL without memory
 * Threads: any. Blocks: no. Owns: the caller, apipie_catalog_unref(). Since: 0.1.
 */
APIPIE_API apipie_catalog *apipie_client_catalog(apipie_client *client);

/**
 * Uses lists of models again. For ttl_ms after it was fetched a list with the same filters is the result at once, and nothing is
 * sent; later the server is asked whether it has another one (ETag, Last-Modified). When it fails (5xx, the network, a reply that
 * is no list) after the retries, the last good list is the result, however old, with a warning that says how old and why.
 * Requests with the same filters that are out at once are one: the others wait for what the first brings, or for their turn.
 * @param path a file from which the next process starts: read now, written after each fetch (whole or not at all, mode 0600).
 *        One that is cut or has another format is not used: a warning of the next list says so, and the list is fetched anew.
 *        NULL: memory only
 * @param ttl_ms 0: the server is always asked; APIPIE_UNKNOWN (the default): lists are not used again
 * @return APIPIE_E_ARGUMENT for more than 366 days; APIPIE_E_MEMORY
 * Threads: any; requests submitted later use it. Blocks: the disk. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_models_cache(apipie_client *client, const char *path,
                                                        int64_t ttl_ms);

/**
 * Writes down what each list that is fetched from the gateway says of prices, latency and availability: a line of JSON for every model of which one
 * of these is not what its last line in the file says. Lines are {"wall_ms", "type", "provider", "model", "price_usd" (one standard
 * picture of 1024x1024), "input_usd", "output_usd", "average_usd", "latency_ms" (an array of six: up to 2k, 4k, 8k, 16k, 32k characters,
 * and all), "available" (1 or 0)}; amounts are decimal strings, what is not known is null. Several processes may share the file. A
 * list that cannot be written down is told by a warning of its request, and the next one makes up for it.
 * @param path made (mode 0600) when it is not there; NULL: no history any more
 * @return APIPIE_E_FILE when it cannot be opened; APIPIE_E_MEMORY
 * Threads: any; lists that come later are written there. Blocks: the disk; requests up to a second, for another process.
 * Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_client_set_models_history(apipie_client *client, const char *path);

typedef struct apipie_price_history
    apipie_price_history; /**< what such a file says: never changes */

/**
 * Reads what apipie_client_set_models_history() wrote. The file is read in pieces, and each name is held once: a line takes 72 bytes. What
 * is no whole line of that kind (broken, cut, of another program, longer than 32 KiB) is passed over and counted. Lines that several
 * processes wrote out of turn are put in the order of their time.
 * @param ret_history gets a reference; it may outlive the client, whose memory and ceiling it uses
 * @return APIPIE_E_FILE when there is no such file, or it cannot be read; APIPIE_E_MEMORY; *ret_history is written on success only
 * Threads: any. Blocks: the disk. Owns: the caller, apipie_price_history_unref(). Since: 0.1.
 */
APIPIE_API apipie_status apipie_price_history_load(apipie_client *client, const char *path,
                                                   apipie_price_history **ret_history);

/**
 * One reference more.
 * @return history
 * Threads: any. Blocks: no. Owns: one more apipie_price_history_unref(). Since: 0.1.
 */
APIPIE_API apipie_price_history *apipie_price_history_ref(apipie_price_history *history);

/**
 * Drops a reference; the last one frees it.
 * @return NULL
 * Threads: any. Blocks: no. Owns: takes the reference. Since: 0.1.
 */
APIPIE_API apipie_price_history *apipie_price_history_unref(apipie_price_history *history);

/**
 * How many lines there are, oldest first.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_price_history_count(const apipie_price_history *history);

/**
 * When a line was written.
 * @return milliseconds since 1970 UTC; APIPIE_UNKNOWN past the end
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_price_history_time(const apipie_price_history *history, size_t index);

/**
 * Whose line it is.
 * @param field APIPIE_MODEL_PROVIDER, _NAME, or _TYPE (of the model's last line that says one)
 * @return NULL when it does not say, for another field, and past the end
 * Threads: any. Blocks: no. Owns: the history. Since: 0.1.
 */
APIPIE_API const char *apipie_price_history_text(const apipie_price_history *history, size_t index,
                                                 int32_t field);

/**
 * What a line says.
 * @param field APIPIE_MODEL_PRICE, _INPUT_COST, _OUTPUT_COST, _AVG_COST (picodollars), APIPIE_MODEL_LATENCY_2K to _LATENCY
 *        (milliseconds), APIPIE_MODEL_AVAILABLE (1 or 0)
 * @return APIPIE_UNKNOWN when it does not say, for another field, and past the end
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_price_history_number(const apipie_price_history *history, size_t index,
                                               int32_t field);

/**
 * How many lines could not be read. Empty ones do not count.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_price_history_skipped(const apipie_price_history *history);

/**
 * The list as it was: a row for each model that has a line up to that moment, as its last one says, with what is built in about it (family,
 * series ...); apipie_catalog_fetched() is the moment. For apipie_catalog_diff(), apipie_compare() and whatever else takes a catalogue;
 * beside it belongs another list of what was listed, as apipie_request_catalog(), or apipie_client_catalog() where APIPIE_MODEL_LIVE is 1. Of prices it
 * knows that of a standard picture of 1024x1024. A model that was not listed any more is still there: no line says that it went.
 * @param wall_ms milliseconds since 1970 UTC; before the first line the list is empty
 * @return a reference, or NULL without memory or history
 * Threads: any. Blocks: no. Owns: the caller, apipie_catalog_unref(); it needs neither history nor client to stay. Since: 0.1.
 */
APIPIE_API apipie_catalog *apipie_price_history_at(const apipie_price_history *history,
                                                   int64_t wall_ms);

/** How a price is known, for apipie_client_estimate(). Since: 0.1. */
enum {
    APIPIE_PRICE_NONE = 0, /**< it is not */
    APIPIE_PRICE_HOST = 1, /**< apipie_client_set_price() */
    APIPIE_PRICE_LISTED =
        2, /**< the list of models: the gateway's, as in apipie_client_catalog(), or the one fetched from that backend */
    APIPIE_PRICE_FREE = 3, /**< drawn on a machine of yours: nothing */
    APIPIE_PRICE_PUBLISHED =
        4 /**< what the provider's pages said when this version was made, for no list says it; see docs/backends.md */
};

/**
 * What an image request will cost, before it is sent: its first route, size (1024x1024 when none is set), steps where the list
 * prices them, quality and n. Of another backend than the gateway the list is known once a request of the kind APIPIE_REQUEST_MODELS
 * has fetched it, all models or all of the type "image". The price of apipie_client_set_price() counts before the listed one; when the gateway chooses the provider, the dearest that lists
 * the model. The same figure is reserved from a budget.
 * @param ret_source NULL, or gets APIPIE_PRICE_*
 * @return exact picodollars, or APIPIE_UNKNOWN; also for another kind of request
 * Threads: any, not beside a setter of the same request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_client_estimate(apipie_client *client, const apipie_request *request,
                                          int32_t *ret_source);

/* ---------------------------------------------------------------------------------------------
 * Bills: what was paid, by the gateway's history or by a ledger
 *
 * A history is a list of bills, the newest first. One comes from the gateway (GET /v1/queries/, https://apipie.ai/docs/api/queries), by
 * a request of the kind APIPIE_REQUEST_HISTORY: submitted, polled, cancelled and retried like any other, it costs nothing, needs
 * the key, and waits in no line. Another comes from a file of apipie_client_set_ledger(). Both are read, added up and compared
 * in the same way. A history never changes, and may outlive its request and client.
 *
 * Rows of the gateway hold addresses and the user's name too: these are neither kept nor logged.
 * ------------------------------------------------------------------------------------------- */

typedef struct apipie_history apipie_history; /**< bills, newest first; never changes */
typedef struct apipie_totals apipie_totals;   /**< bills, added up; never changes */
typedef struct apipie_audit apipie_audit;     /**< two histories side by side; never changes */

/** What is known of a bill. Texts are below 100, numbers above. Since: 0.1. */
enum {
    /* apipie_history_text() */
    APIPIE_BILL_ID = 1,         /**< the gateway's number, or the ledger's */
    APIPIE_BILL_BACKEND = 2,    /**< "apipie" */
    APIPIE_BILL_PROVIDER = 3,   /**< "prodia" */
    APIPIE_BILL_MODEL = 4,      /**< without the provider */
    APIPIE_BILL_UNIT = 5,       /**< what is counted: "image", "token", "character" */
    APIPIE_BILL_KEY = 6,        /**< name of the key that was used; the gateway alone knows it */
    APIPIE_BILL_TAG = 7,        /**< apipie_request_set_tag(); a ledger alone knows it */
    APIPIE_BILL_REQUEST_ID = 8, /**< the server's id of the call; a ledger alone knows it */

    /* apipie_history_number() */
    APIPIE_BILL_TIME =
        101, /**< milliseconds since 1970 UTC: as the server wrote it, or when it was sent */
    APIPIE_BILL_COST = 102,   /**< picodollars */
    APIPIE_BILL_BILLED = 103, /**< APIPIE_BILLED_YES, or _UNKNOWN: nobody knows yet (a ledger's) */
    APIPIE_BILL_ESTIMATED = 104, /**< 1: no server confirmed the cost (a ledger's) */
    APIPIE_BILL_RESERVED =
        105, /**< picodollars that are kept back while it is unknown (a ledger's) */
    APIPIE_BILL_IMAGES =
        106, /**< asked for; of the gateway 1 a row with the unit "image", however many the call made */
    APIPIE_BILL_LATENCY =
        107, /**< milliseconds: the server's own, or from sending to the end (a ledger's) */
    APIPIE_BILL_PROMPT_TOKENS = 108,   /**< of the prompt */
    APIPIE_BILL_RESPONSE_TOKENS = 109, /**< of the answer */
    APIPIE_BILL_PROMPT_CHARS = 110,    /**< characters of the prompt */
    APIPIE_BILL_RESPONSE_CHARS = 111   /**< characters of the answer */
};

/**
 * Which bills a history shall hold: those of [from_ms, to_ms), by the server's time. Not set: all.
 * @param from_ms milliseconds since 1970 UTC, or APIPIE_UNKNOWN: from the beginning
 * @param to_ms APIPIE_UNKNOWN: until now
 * @return APIPIE_E_ARGUMENT for another negative time, or a period that ends before it begins
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_period(apipie_request *request, int64_t from_ms,
                                                   int64_t to_ms);

/**
 * How many bills a history may hold at most; then it is not complete, and apipie_request_set_after() goes on.
 * @param rows 1 to 10,000,000; default 100,000. A bill takes about 150 bytes
 * @return APIPIE_E_ARGUMENT for another number
 * Threads: one at a time per request. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_max_rows(apipie_request *request, int64_t rows);

/**
 * Goes on behind the last bill of a history that came from the same gateway by the same key. Nothing comes twice and nothing is
 * left out, however many bills were added meanwhile: those are newer, and not of this walk. Its period holds where none is set.
 * @param history of apipie_request_history(); NULL takes it back
 * @return APIPIE_E_ARGUMENT for a ledger's
 * Threads: one at a time per request. Blocks: no. Owns: a reference. Since: 0.1.
 */
APIPIE_API apipie_status apipie_request_set_after(apipie_request *request, apipie_history *history);

/**
 * What the gateway billed. Rows that say nothing are left out, with a warning of the result that counts them.
 * @return NULL before the end, after a failure, and for another kind of request
 * Threads: any, after the end. Blocks: no. Owns: the request; apipie_history_ref() keeps it longer. Since: 0.1.
 */
APIPIE_API apipie_history *apipie_request_history(const apipie_request *request);

/**
 * Reads a ledger: what this library's clients paid, and what nobody knows of yet. Calls that were not billed are left out, and so are
 * lines that cannot be read. The file may be in use.
 * @param client whose allocator is used
 * @param from_ms,to_ms as in apipie_request_set_period(), by the time of sending
 * @param ret_history gets a reference on success
 * @return APIPIE_E_FILE when it cannot be read; APIPIE_E_ARGUMENT, APIPIE_E_MEMORY
 * Threads: any. Blocks: the disk. Owns: the caller, apipie_history_unref(). Since: 0.1.
 */
APIPIE_API apipie_status apipie_history_load_ledger(apipie_client *client, const char *path,
                                                    int64_t from_ms, int64_t to_ms,
                                                    apipie_history **ret_history);

/**
 * One reference more.
 * @return history
 * Threads: any. Blocks: no. Owns: one more apipie_history_unref(). Since: 0.1.
 */
APIPIE_API apipie_history *apipie_history_ref(apipie_history *history);

/**
 * Drops a reference.
 * @return NULL
 * Threads: any. Blocks: no. Owns: takes the reference. Since: 0.1.
 */
APIPIE_API apipie_history *apipie_history_unref(apipie_history *history);

/**
 * How many bills it holds.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_history_count(const apipie_history *history);

/**
 * 1 when nothing older is in the period; 0: there may be more, see apipie_request_set_max_rows().
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_history_is_complete(const apipie_history *history);

/**
 * A text of a bill.
 * @param index 0 for the newest
 * @param field APIPIE_BILL_ID to APIPIE_BILL_REQUEST_ID
 * @return NULL when nobody said, for another field, and past the end
 * Threads: any. Blocks: no. Owns: the history. Since: 0.1.
 */
APIPIE_API const char *apipie_history_text(const apipie_history *history, size_t index,
                                           int32_t field);

/**
 * A number of a bill.
 * @param index 0 for the newest
 * @param field APIPIE_BILL_TIME to APIPIE_BILL_RESPONSE_CHARS
 * @return APIPIE_UNKNOWN when nobody said, for another field, and past the end
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_history_number(const apipie_history *history, size_t index,
                                         int32_t field);

/**
 * The bills of pictures as statistics, by backend, provider and model, for apipie_recommend(), apipie_compare() and apipie_choose(). All
 * of them are successes, as nothing else is billed, and all their times are the bills' (APIPIE_BILL_LATENCY).
 * @return a reference, or NULL without memory or history
 * Threads: any. Blocks: no. Owns: the caller, apipie_stats_unref(). Since: 0.1.
 */
APIPIE_API apipie_stats *apipie_history_stats(const apipie_history *history);

/** What bills are added up by. Since: 0.1. */
enum {
    APIPIE_TOTALS_ALL = 0,      /**< one row */
    APIPIE_TOTALS_DAY = 1,      /**< "2026-11-29", UTC */
    APIPIE_TOTALS_PROVIDER = 2, /**< "prodia" */
    APIPIE_TOTALS_MODEL = 3,    /**< "prodia/sdxl" */
    APIPIE_TOTALS_KEY = 4,      /**< name of the key */
    APIPIE_TOTALS_TAG = 5       /**< tag of the request */
};

/** The sums of a row, for apipie_totals_number(). Since: 0.1. */
enum {
    APIPIE_TOTAL_BILLS = 0,           /**< all, unknown ones included */
    APIPIE_TOTAL_IMAGES = 1,          /**< of those that say it */
    APIPIE_TOTAL_COST = 2,            /**< picodollars; INT64_MAX when it is more */
    APIPIE_TOTAL_ESTIMATED = 3,       /**< the part of it that no server confirmed */
    APIPIE_TOTAL_UNPRICED = 4,        /**< bills that name no cost */
    APIPIE_TOTAL_UNKNOWN = 5,         /**< calls of which nobody knows whether they were billed */
    APIPIE_TOTAL_RESERVED = 6,        /**< picodollars that are kept back for these */
    APIPIE_TOTAL_PROMPT_TOKENS = 7,   /**< of those that say it */
    APIPIE_TOTAL_RESPONSE_TOKENS = 8, /**< of those that say it */
    APIPIE_TOTAL_LATENCY = 9,         /**< the median, milliseconds, or APIPIE_UNKNOWN */
    APIPIE_TOTAL_LATENCY_P95 = 10,    /**< what 95 of 100 do not pass, or APIPIE_UNKNOWN */
    APIPIE_TOTAL_FIRST = 11,          /**< time of the oldest, or APIPIE_UNKNOWN */
    APIPIE_TOTAL_LAST = 12            /**< time of the newest, or APIPIE_UNKNOWN */
};

/**
 * Adds the bills up.
 * @param by APIPIE_TOTALS_ALL to APIPIE_TOTALS_TAG
 * @return a reference; NULL for another number, and without memory or history
 * Threads: any. Blocks: no. Owns: the caller, apipie_totals_unref(). Since: 0.1.
 */
APIPIE_API apipie_totals *apipie_history_totals(const apipie_history *history, int32_t by);

/**
 * One reference more.
 * @return totals
 * Threads: any. Blocks: no. Owns: one more apipie_totals_unref(). Since: 0.1.
 */
APIPIE_API apipie_totals *apipie_totals_ref(apipie_totals *totals);

/**
 * Drops a reference.
 * @return NULL
 * Threads: any. Blocks: no. Owns: takes the reference. Since: 0.1.
 */
APIPIE_API apipie_totals *apipie_totals_unref(apipie_totals *totals);

/**
 * How many rows there are, in the order of their texts; bills whose text nobody knows are the last one.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_totals_count(const apipie_totals *totals);

/**
 * What the bills of a row have in common.
 * @return NULL when it is unknown, for APIPIE_TOTALS_ALL, and past the end
 * Threads: any. Blocks: no. Owns: the totals. Since: 0.1.
 */
APIPIE_API const char *apipie_totals_text(const apipie_totals *totals, size_t row);

/**
 * A sum of a row.
 * @param which APIPIE_TOTAL_BILLS to APIPIE_TOTAL_LAST
 * @return APIPIE_UNKNOWN for another number, and past the end
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_totals_number(const apipie_totals *totals, size_t row, int32_t which);

/** What a ledger and the gateway do not agree on. Since: 0.1. */
enum {
    APIPIE_AUDIT_MISSING = 1, /**< the ledger says it was billed; the gateway does not list it */
    APIPIE_AUDIT_UNEXPECTED =
        2, /**< the gateway billed a picture of which the ledger knows nothing */
    APIPIE_AUDIT_DIFFERENT = 3, /**< both know it, with different costs */
    APIPIE_AUDIT_FOUND = 4      /**< the ledger did not know whether it was billed: it was */
};

/** Sums of an audit, for apipie_audit_number(). Since: 0.1. */
enum {
    APIPIE_AUDIT_MATCHED = 0,      /**< bills that both have, different and found ones included */
    APIPIE_AUDIT_LEDGER_COST = 5,  /**< picodollars, by the ledger: all that was looked at */
    APIPIE_AUDIT_GATEWAY_COST = 6, /**< picodollars, by the gateway: pictures that were looked at */
    APIPIE_AUDIT_OPEN = 7,         /**< calls of the ledger that are unknown still */
    APIPIE_AUDIT_FROM = 8,         /**< what was looked at begins here: both reach back so far */
    APIPIE_AUDIT_TO = 9            /**< ... and ends here */
};

/**
 * Compares a ledger with the gateway's bills, in the time that both cover. Two bills are the same call when provider, model and
 * length of the prompt agree as far as both say them, and the gateway's time lies between sending and end (up to ten minutes
 * later where nobody saw the end; by the server's clock where its replies said it). Equal costs are matched first, what is unknown last.
 * Other programs with the same account show as unexpected. Read the ledger last: what is paid between the two is then not missed.
 * @param ledger of apipie_history_load_ledger()
 * @param gateway of apipie_request_history()
 * @return a reference; NULL without memory or one of them
 * Threads: any. Blocks: no. Owns: the caller, apipie_audit_unref(); it keeps both. Since: 0.1.
 */
APIPIE_API apipie_audit *apipie_audit_new(apipie_history *ledger, apipie_history *gateway);

/**
 * One reference more.
 * @return audit
 * Threads: any. Blocks: no. Owns: one more apipie_audit_unref(). Since: 0.1.
 */
APIPIE_API apipie_audit *apipie_audit_ref(apipie_audit *audit);

/**
 * Drops a reference.
 * @return NULL
 * Threads: any. Blocks: no. Owns: takes the reference. Since: 0.1.
 */
APIPIE_API apipie_audit *apipie_audit_unref(apipie_audit *audit);

/**
 * How many bills they do not agree on, the newest first. 0: all is well.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API size_t apipie_audit_count(const apipie_audit *audit);

/**
 * APIPIE_AUDIT_MISSING, _UNEXPECTED, _DIFFERENT or _FOUND; 0 past the end.
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int32_t apipie_audit_kind(const apipie_audit *audit, size_t index);

/**
 * Where the bill stands in the ledger or in the gateway's history.
 * @param gateway 0: in the ledger, 1: in the gateway's history
 * @return APIPIE_UNKNOWN when it is not there, and past the end
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_audit_index(const apipie_audit *audit, size_t index, int32_t gateway);

/**
 * A sum.
 * @param which APIPIE_AUDIT_MATCHED to APIPIE_AUDIT_TO; APIPIE_AUDIT_MISSING and so on count these
 * @return APIPIE_UNKNOWN for another number, and for _FROM and _TO when nothing was looked at
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_audit_number(const apipie_audit *audit, int32_t which);

#ifdef __cplusplus
}
#endif

#endif
