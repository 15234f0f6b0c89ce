/* SPDX-License-Identifier: MIT */
/**
 * @file sandbox.h
 * libapipie-sandbox: APIpie's image gateway in a box. A real HTTP server on this machine that draws real
 * pictures, takes no money, and fails on demand, so that a program, its tests and its author need neither a
 * key nor a network:
 *
 *     apipie_sandbox *box = apipie_sandbox_new();
 *     if (apipie_sandbox_start(box) == APIPIE_OK) {
 *         apipie_client_set_base_url(client, apipie_sandbox_url(box));
 *         apipie_client_set_key(client, apipie_sandbox_key(box));
 *     }
 *     ...
 *     box = apipie_sandbox_unref(box);
 *
 * Routes: POST /v1/images/generations, GET /v1/models, GET /v1/queries/ (what was billed, newest first, in pages
 * of limit=1..100 from offset=0 on; the last 10,000 rows, one a billed call), GET /temp/NAME.png (the urls of the
 * first and of the next), POST /urlshare beside /v1 (uploads, for a URL that "image" and "mask" take; the header's faults apply).
 *
 * Faults, to see how a program takes them. The same words everywhere: in the header "X-Sandbox-Fault: cut",
 * in the body as "sandbox":{"fault":"cut"}, for a provider or a model by apipie_sandbox_set_route_fault(), or for
 * the whole server by apipie_sandbox_set_fault(); the first of these that a call meets. Only a good request fails
 * so: a bad one gets its 4xx and uses up nothing. Several words are joined by ';' ("status:503;retry-after:1.5"):
 *
 *     status:CODE      an error of that status (400 to 599) in the gateway's shape, nothing drawn
 *     retry-after:TEXT that Retry-After header, as it is
 *     quota            402, out of credit, in the gateway's shape for accounts
 *     content          400 content_policy_violation
 *     error200         status 200 with an error inside, nothing drawn
 *     html             502 with a proxy's page, nothing drawn
 *     html200          200 with a proxy's page, nothing drawn
 *     cut              the request is read, drawn and billed; the connection closes without a byte of an answer
 *                      ("status:500;cut": the same, but nothing drawn)
 *     stall:MS         waits that long before it answers (at most 600000); what it answers is drawn and billed first
 *     late:MS          the row of GET /v1/queries/ appears only so long after the billing (at most 600000)
 *     badjson          the reply is no JSON
 *     truncate         the reply breaks off in the middle
 *     noimage          billed, but "data" is empty
 *     onlyone          a call for more than one image gets 400, "n must be 1 for this model"; one for one is served
 *     fewer            one image less than asked for
 *     wrongmime        the reply says text/html, the picture image/jpeg
 *     dataurl          the url is a data: URI
 *     relurl           the url is relative
 *     urlin64          b64_json holds a url
 *     url404           the url answers 404 twice before the picture comes
 *     nousage          no "usage" in the reply
 *     coststring       the cost is a string
 *     ratelimit:REMAINING/RESET  x-ratelimit-remaining-requests and x-ratelimit-reset-requests with these texts, as
 *                      they are ("ratelimit:0/2s"); alone, the call is served
 *     shouldretry:true|false     that x-should-retry header ("status:500;shouldretry:false")
 *
 *
 * More servers stand at the same port, each as strict as the real one (apipie_sandbox_backend_url()): "openai",
 * the images API with generations, edits, variations and events; "a1111", Automatic1111's web API; "sdcpp",
 * stable-diffusion.cpp's server with its three families of routes; "together", Together's images API and list of models;
 * "deepinfra", DeepInfra's native inference, its edits as a form and its list; "bedrock", Amazon Bedrock's InvokeModel for
 * Stability's models; "stability", Stability's own platform: v2beta with its jobs, and the engines of v1. They take a fault
 * from the header or from the setters, not from the body; the two local ones bill nothing. For
 * apipie_sandbox_set_route_fault() each is a provider of its name. All send PNG, also where the real one sends JPEG unless
 * asked otherwise; who asks for another format is refused. More words, for them:
 *
 *     sse:TRAP,...     of a stream of events: crlf, cr (line ends), nospace (after the colon), comments, lines (the data
 *                      over several), bom, bytes (a few at a time), done ("[DONE]" at the end), error (an event
 *                      "error" instead of the last picture, nothing billed), eof (no event "completed"), plain
 *                      (JSON, although a stream was asked for)
 *     grid             a1111: a grid of all pictures before them, and index_of_first_image says so
 *     progress:X       a1111: while it is drawn, the progress is this number
 *     jobfail          sdcpp, stability: the job is accepted and fails
 *     queuefull        sdcpp: 429, the queue of jobs is full; stability: 429
 *     expired          sdcpp, stability: the job is gone as soon as it has ended
 *     blurred          stability: a blurred picture, CONTENT_FILTERED, billed
 *
 * The first words take the shape that they have at the wire: quota is 402 at "together" and "deepinfra", and
 * ServiceQuotaExceededException at "bedrock"; content and error200 are 200 at "deepinfra" (nsfw_content_detected without a picture,
 * the status "failed") and at "bedrock" (CONTENT_FILTERED with a blurred picture, "Filter reason: prompt" without one; ERROR,
 * "Inference error"), not billed; noimage leaves null and "" among the images of "deepinfra", and fewer none of one. At "stability"
 * content is 403 content_moderation (of an engine 400 invalid_prompts), quota 402 payment_required (429 insufficient_balance), and
 * the retry-after of a call that begins a job goes with each look at it too.
 *
 * "prodia" is Prodia's API of jobs (Accept decides whether the picture, the job or a form of both comes; ?price=true gives the job its
 * price), and "prodia-v1" the API before it: two lists of checkpoints, and jobs that are looked at until their picture has a url. Both
 * take the same key, the latter as X-Prodia-Key, and a fault from the header or the setters; for apipie_sandbox_set_route_fault()
 * both are the provider "prodia", as the gateway's models of that name are. jobfail is for both, queuefull and expired for the
 * latter, where drawing takes as long as apipie_sandbox_set_drawing_time() says.
 *
 * GET /v1/models takes the header too: what is drawn or billed does not concern it. Its list has an ETag and a Last-Modified,
 * and is 304 for who has it; ?voices and ?restrictions give the gateway's other two lists, with two rows each.
 * GET /v1/models/detailed says more of each model; it knows the filters type, provider and model.
 *
 * The four words at the end of each declaration mean what they mean in apipie.h.
 */
#ifndef APIPIE_SANDBOX_H
#define APIPIE_SANDBOX_H

#include <apipie/apipie.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct apipie_sandbox apipie_sandbox; /**< a server with its pictures and its till */

/** The key a sandbox takes unless told otherwise. Since: 0.1. */
#define APIPIE_SANDBOX_KEY "sk-pie-sandbox"

/**
 * Keys of an AWS account that "bedrock" knows besides, as apipie_client_set_backend_key() takes them: a lasting pair, one with a
 * session token, and one whose session is over. They are the same in every sandbox. Since: 0.1.
 */
#define APIPIE_SANDBOX_AWS_KEY     "AKIASANDBOXEXAMPLE:pie/sandbox+secret"
#define APIPIE_SANDBOX_AWS_SESSION "ASIASANDBOXEXAMPLE:pie/sandbox+session:pie/sandbox+token=="
#define APIPIE_SANDBOX_AWS_EXPIRED "ASIASANDBOXEXPIRED:pie/sandbox+expired:pie/sandbox+old+token=="
/** The region that "bedrock" is in. Since: 0.1. */
#define APIPIE_SANDBOX_AWS_REGION "us-east-1"

/**
 * Makes a sandbox. It opens nothing before apipie_sandbox_start().
 * @return a reference, or NULL without memory
 * Threads: any. Blocks: no. Owns: the caller, apipie_sandbox_unref(). Since: 0.1.
 */
APIPIE_API apipie_sandbox *apipie_sandbox_new(void);

/**
 * Adds a reference.
 * @return sandbox
 * Threads: any. Blocks: no. Owns: one more apipie_sandbox_unref(). Since: 0.1.
 */
APIPIE_API apipie_sandbox *apipie_sandbox_ref(apipie_sandbox *sandbox);

/**
 * Drops a reference. The last one stops the server: calls that wait for an answer are closed without one.
 * @return NULL, always
 * Threads: any. Blocks: with the last reference, until what is being drawn is drawn. Owns: takes the
 * reference. Since: 0.1.
 */
APIPIE_API apipie_sandbox *apipie_sandbox_unref(apipie_sandbox *sandbox);

/**
 * The port on 127.0.0.1. Not set, or 0: any free one, see apipie_sandbox_url().
 * @param port 0 to 65535
 * @return APIPIE_E_ARGUMENT for another number, APIPIE_E_STATE after the start
 * Threads: one at a time per sandbox. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_sandbox_set_port(apipie_sandbox *sandbox, int32_t port);

/**
 * The one key that is taken, instead of APIPIE_SANDBOX_KEY; any other gets status 401. Set while the server runs, it
 * makes the one before expire: calls that arrive from then on with that are refused.
 * @param key printable ASCII without blanks, at most APIPIE_LIMIT_TEXT bytes
 * @return APIPIE_E_ARGUMENT for another text, APIPIE_E_MEMORY
 * Threads: any, also while the server runs. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_sandbox_set_key(apipie_sandbox *sandbox, const char *key);

/**
 * A fault for the next generation calls of anyone, instead of the one set before. A call that names a fault
 * of its own gets that one and does not count.
 * @param fault words as listed above; NULL or "" for none
 * @param times for how many calls; -1 for all
 * @return APIPIE_E_ARGUMENT for a word that is not known or times below -1
 * Threads: any, also while the server runs. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_sandbox_set_fault(apipie_sandbox *sandbox, const char *fault,
                                                  int32_t times);

/**
 * A fault for every generation call that one route serves, until it is taken back, so that one is down and another
 * is up. Where several meet a call, the one with a model goes first, then the one with a provider. A call that names a
 * fault of its own gets that one; a call that meets one of these does not count for apipie_sandbox_set_fault().
 * @param provider the one that serves, "prodia"; NULL or "" for any
 * @param model its name, with "provider/" before it or not; NULL or "" for any
 * @param fault words as listed above, instead of those set for the same provider and model; NULL or "" takes them
 *        back
 * @return APIPIE_E_ARGUMENT for a word that is not known, or when the sandbox has no such model; APIPIE_E_MEMORY
 * Threads: any, also while the server runs. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_sandbox_set_route_fault(apipie_sandbox *sandbox,
                                                        const char *provider, const char *model,
                                                        const char *fault);

/**
 * A rate limit on generation calls with a good key: a bucket that holds a minute's requests, is full now, and fills
 * evenly. Over it a call gets 429, with Retry-After and retry-after-ms for when the next one is let through; nothing
 * is drawn and no fault is used up. The reply to each such call, the 429 included, says the limit, what remains, and in
 * what time the bucket is full again, as x-ratelimit-limit-requests, x-ratelimit-remaining-requests and
 * x-ratelimit-reset-requests ("6m0s", "1.5s", "17ms"). So do the other wires in their own way: "together" says
 * x-ratelimit-limit, -remaining and -reset (in seconds) and Retry-After, "deepinfra" and "bedrock" the 429 alone; the two local
 * ones have no limit.
 * @param requests_per_minute 0 for no limit and no such headers, as at first
 * @return APIPIE_E_ARGUMENT for a negative number
 * Threads: any, also while the server runs. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_sandbox_set_rate(apipie_sandbox *sandbox,
                                                 int32_t requests_per_minute);

/**
 * How many images a model makes in one call. A call for more gets 400 "n must be 1 for this model" (or "1 to 3"),
 * with "n" as the param, and uses up no fault.
 * @param n 1 to 10; 0 for 10, as at first
 * @return APIPIE_E_ARGUMENT for another number
 * Threads: any, also while the server runs. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_sandbox_set_n_max(apipie_sandbox *sandbox, int32_t n);

/**
 * Starts to serve, on threads of its own; 127.0.0.1 only.
 * @return APIPIE_OK, APIPIE_E_STATE for a second start, APIPIE_E_CONFIG for a port that cannot be had,
 *         APIPIE_E_MEMORY
 * Threads: one at a time per sandbox. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_sandbox_start(apipie_sandbox *sandbox);

/**
 * The base URL for clients, "http://127.0.0.1:PORT/v1".
 * @return NULL before the start
 * Threads: any, after the start. Blocks: no. Owns: the sandbox. Since: 0.1.
 */
APIPIE_API const char *apipie_sandbox_url(const apipie_sandbox *sandbox);

/**
 * The base URL of one of the wires: "apipie" (as apipie_sandbox_url()), "openai" ("http://127.0.0.1:PORT/openai/v1",
 * the same key, as a Bearer), "a1111" ("http://127.0.0.1:PORT/a1111", no key), "sdcpp" ("http://127.0.0.1:PORT/sdcpp", no
 * key), "together" ("http://127.0.0.1:PORT/together/v1", the same key, as a Bearer), "deepinfra"
 * ("http://127.0.0.1:PORT/deepinfra", likewise), "bedrock" ("http://127.0.0.1:PORT/bedrock", likewise), "prodia"
 * ("http://127.0.0.1:PORT/prodia/v2", likewise), "prodia-v1" ("http://127.0.0.1:PORT/prodia/v1", as X-Prodia-Key), "stability"
 * ("http://127.0.0.1:PORT/stability", as a Bearer). "bedrock" takes a signature
 * (SigV4) as well, of one of APIPIE_SANDBOX_AWS_KEY and the others, for the region APIPIE_SANDBOX_AWS_REGION, at most five minutes
 * old, where the sandbox was built with libcrypto; a client of this library reads the region from the host's name:
 * "http://bedrock-runtime.us-east-1.localhost:PORT/bedrock" is the same server.
 * @return NULL before the start, and for another name
 * Threads: any, after the start. Blocks: no. Owns: the sandbox. Since: 0.1.
 */
APIPIE_API const char *apipie_sandbox_backend_url(const apipie_sandbox *sandbox,
                                                  const char *dialect);

/** Bytes of a user's name or password of apipie_sandbox_set_basic(). Since: 0.1. */
#define APIPIE_SANDBOX_LIMIT_BASIC 256

/**
 * Makes "a1111" ask for HTTP Basic authentication, as the real one does when started with --api-auth: 401 without
 * a challenge for who does not send it at once.
 * @param user without a colon; NULL or "": none is asked for, as at first
 * @param password NULL is ""
 * @return APIPIE_E_ARGUMENT for a longer text or a colon
 * Threads: any, also while the server runs. Blocks: no. Owns: copies. Since: 0.1.
 */
APIPIE_API apipie_status apipie_sandbox_set_basic(apipie_sandbox *sandbox, const char *user,
                                                  const char *password);

/**
 * How long a picture of "a1111", "sdcpp" and "prodia-v1", and a job of "stability", takes, so that progress, queues, interrupting and
 * cancelling can be seen; and how long the events of one picture of "openai" are spread.
 * @param ms 0 to 600000; 0, as at first: as long as it really takes
 * @return APIPIE_E_ARGUMENT for another number
 * Threads: any, also while the server runs. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API apipie_status apipie_sandbox_set_drawing_time(apipie_sandbox *sandbox, int32_t ms);

/** What apipie_sandbox_number() tells of the other wires. Since: 0.1. */
enum {
    APIPIE_SANDBOX_INTERRUPTS = 1, /**< calls of a1111's interrupt */
    APIPIE_SANDBOX_SKIPS = 2,      /**< calls of a1111's skip */
    APIPIE_SANDBOX_PROGRESS = 3,   /**< calls of a1111's progress */
    APIPIE_SANDBOX_CANCELS = 4,    /**< jobs of sdcpp that were cancelled */
    APIPIE_SANDBOX_POLLS = 5,      /**< looks at jobs of sdcpp, prodia-v1 and stability */
    APIPIE_SANDBOX_STREAMS = 6,    /**< answers of openai as events */
    APIPIE_SANDBOX_RUNNING = 7,    /**< calls and jobs of the local ones that are drawn now */
    APIPIE_SANDBOX_WAITING = 8,    /**< and that wait for their turn */
    APIPIE_SANDBOX_INPUTS = 9,     /**< of the last drawing: how many pictures came with the call */
    APIPIE_SANDBOX_INPUT_BYTES = 10, /**< and their bytes, decoded */
    APIPIE_SANDBOX_MASK_BYTES = 11,  /**< and those of the mask */
    APIPIE_SANDBOX_SEED = 12,        /**< and its seed; APIPIE_UNKNOWN where the wire has none; of
                                        "apipie" where the call has none */
    APIPIE_SANDBOX_STEPS = 13,       /**< and its steps, likewise */
    APIPIE_SANDBOX_UPLOADS = 14      /**< pictures that were uploaded to "apipie" */
};

/**
 * What came and what happened at the wires, for tests of clients.
 * @param field APIPIE_SANDBOX_INTERRUPTS and the others
 * @return APIPIE_UNKNOWN for NULL, an unknown field, and where nothing is known
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_sandbox_number(const apipie_sandbox *sandbox, int32_t field);

/**
 * The key that is taken now. The text stays where it is when another key is set.
 * @return NULL for NULL
 * Threads: any. Blocks: no. Owns: the sandbox. Since: 0.1.
 */
APIPIE_API const char *apipie_sandbox_key(const apipie_sandbox *sandbox);

/**
 * How many generation calls have arrived whole, refused ones included.
 * @return 0 for NULL
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_sandbox_request_count(const apipie_sandbox *sandbox);

/**
 * How many calls were billed: those whose pictures were drawn, whatever became of the answer. A client that
 * never pays twice keeps this equal to what its user asked for.
 * @return 0 for NULL
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_sandbox_billed_count(const apipie_sandbox *sandbox);

/**
 * What the billed calls would have cost, in picodollars.
 * @return 0 for NULL
 * Threads: any. Blocks: no. Owns: nothing. Since: 0.1.
 */
APIPIE_API int64_t apipie_sandbox_billed_cost(const apipie_sandbox *sandbox);

#ifdef __cplusplus
}
#endif

#endif
