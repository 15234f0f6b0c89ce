/* SPDX-License-Identifier: MIT */
/* Inside the engine: the steps of a job and the pure decisions. */
#ifndef PIE_ENGINE_PRIV_H
#define PIE_ENGINE_PRIV_H

#include "engine/engine.h"

#include "engine/breaker_priv.h"

#define PIE_HINT_MEMORY "free some memory, then try again"
#define PIE_HINT_SENT                                                                              \
    "the request had been sent: the picture may have been drawn and billed; look at your usage "   \
    "before you send it again"

/* ---- retry.c: pure */

#define PIE_RETRY_AFTER_MAX_MS 60000

struct pie_retry_ask {
    int32_t policy, retries;
    int32_t tries;   /* rounds made so far, at least 1 */
    int32_t outcome; /* APIPIE_OUTCOME_* of the last one */
    int32_t free;    /* costs nothing: may always be repeated */
    const struct apipie_error *error;
    int64_t now_ms, deadline_ms;
    uint64_t random;
};

/* Milliseconds to wait before the same may be tried again, or -1: not again. */
int64_t pie_retry_decide(const struct pie_retry_ask *ask);
/* Whether another route may be tried now: none, any, or only one of another backend. */
enum { PIE_MOVE_NONE, PIE_MOVE_ROUTE, PIE_MOVE_BACKEND };
int32_t pie_retry_move(const struct pie_retry_ask *ask);

/* ---- verdict.c: pure */

/* The outcome of a paid exchange that brought no picture, as far as status and wire say. */
int32_t pie_verdict_outcome(const struct pie_outcome *o, const struct apipie_error *err);
/* An exchange that broke: to an error. */
void pie_verdict_wire(const struct pie_outcome *o, int32_t paid, struct apipie_error *err);
/* What a failure says about its route: 1 it works, 0 it failed, -1 nothing. */
int32_t pie_verdict_route(const struct apipie_error *err);
/* A file that goes with the request cannot be read, or is not as it was. */
void pie_verdict_file(const char *problem, struct apipie_error *err);
/* The key, and what looks like one, out of every text that the host may log. */
void pie_verdict_mask(struct apipie_error *err, const char *key);
/* The same in one text. */
void pie_verdict_mask_text(char *text, const char *key);
/* The same for the value of a header, which has no parts. */
void pie_verdict_mask_value(char *text, const char *value);

/* ---- backend.c, for this room */

int32_t pie_backend_is_own(const struct pie_backend *b);
void pie_backend_changed(struct pie_backend *b); /* its place is made anew */
void pie_backend_free_all(struct apipie_client *c);

/* ---- place.c */

/* The settings of this moment for the backend of that name (NULL: the default one), with a reference. Or err says what is wrong with
 * them. keyless: no key is fine too. */
apipie_status pie_place_of(struct apipie_client *c, const char *backend, int32_t keyless,
                           struct pie_place **ret, struct apipie_error *err);
void pie_place_drop(struct pie_place *p);
/* Those of all its routes. */
void pie_request_drop_places(struct apipie_request *r);

/* ---- lane.c: what is known of a route, and who waits for it. The leader's alone. */

struct pie_lane {
    struct pie_lane *next;
    const char *backend;    /* its name */
    char *provider, *model; /* NULL: not named */
    int32_t users;          /* jobs that point here */
    struct pie_breaker breaker;
    int64_t paused_ms;     /* the server asked for silence until then */
    int32_t one_image;     /* it makes one image a call */
    int32_t way;           /* pie_call's: what the first one that found out has told */
    int64_t no_uploads_ms; /* until then none is tried: there was no such route */
    struct pie_queue line;
    struct pie_health_place *health; /* NULL: nothing was reported yet */
    char problem[160];               /* its last failure */
};

/* Finds or makes it, and counts the user. NULL without memory. */
struct pie_lane *pie_lane_use(struct apipie_client *c, const char *backend, const char *provider,
                              const char *model);
/* The job does not need its lane any more. */
void pie_lane_leave(struct apipie_request *r);
void pie_lane_free_all(struct apipie_client *c);
/* When may the next request go there, own limits aside? <= now: at once; INT64_MAX: a probe is out. */
int64_t pie_lane_ready(struct pie_lane *lane, int64_t now_ms);
/* Everybody in its line looks for a route again: it closed for a while. */
void pie_lane_drain(struct pie_lane *lane);
/* Lets out of the lines who may go; c->admit_ms says when to look again. */
void pie_lane_admit(struct apipie_client *c);

/* ---- route.c: which route a job takes */

/* Into the line of the first route, from the present one on, that may serve it; or it fails. */
void pie_route_enter(struct apipie_request *r);
/* The next route of this round that is not dead, or SIZE_MAX. */
size_t pie_route_next(const struct apipie_request *r, size_t from);
/* The same, but with another backend than the present one. */
size_t pie_route_elsewhere(const struct apipie_request *r, size_t from);
/* The present route's place and wire become the job's. */
void pie_route_take_place(struct apipie_request *r);
/* Provider and model of route number `route`. */
void pie_route_names(const struct apipie_request *r, size_t route, const char **ret_provider,
                     const char **ret_model);
/* What the exchange of the paid call means for the lane: rest, pause. err NULL: it went well. */
void pie_route_report(struct apipie_request *r, const struct pie_outcome *o,
                      const struct apipie_error *err);
/* Out of what the lane counts: the slot, the probe. */
void pie_route_release(struct apipie_request *r);

/* 1: pictures, and so it may cost something. */
int32_t pie_request_draws(const struct apipie_request *r);

/* ---- run.c: what a job has while it is out */

/* Makes it when it is not there. On failure err says why: APIPIE_E_MEMORY, APIPIE_E_FILE. */
apipie_status pie_run_make(struct apipie_request *r, struct apipie_error *err);
void pie_run_free(struct apipie_request *r);
/* The call for the present route and key. */
apipie_status pie_run_encode(struct apipie_request *r, struct apipie_error *err);
/* Before each time that it is sent. */
apipie_status pie_run_sign(struct apipie_request *r, struct apipie_error *err);
/* Before anything is put aside or sent for it: are the files of the call still what they were? APIPIE_E_FILE. */
apipie_status pie_run_check_files(const struct apipie_request *r, struct apipie_error *err);
/* The backend has changed: no key of the one before is left. */
void pie_run_wipe_key(struct apipie_request *r);
/* The policy for the present route: the request's own, else the backend's, else the client's. */
int32_t pie_run_policy(const struct apipie_request *r);
/* Leaves out and changes what the present wire does not take; see pie_call_fit(). */
void pie_run_fit(const struct apipie_request *r, struct pie_call *call, struct pie_buf *notes);
int32_t pie_run_retries(const struct apipie_request *r);
/* What the present call is: route, n and seed of this job or part. */
void pie_run_call(const struct apipie_request *r, struct pie_call *ret);
/* Asks the host's key callback. `refused`: the last one was. */
apipie_status pie_run_ask_key(struct apipie_request *r, int32_t refused, struct apipie_error *err);
/* After a 401 the host's callback may know another key: 1, once in the life of a request. */
int32_t pie_run_wants_key_again(struct apipie_request *r, const struct apipie_error *err);
const char *pie_run_key(const struct apipie_request *r);
/* Before a leg is filled: room for the host's headers. */
void pie_run_make_room(const struct apipie_request *r, struct pie_leg *leg);
/* How a filled leg gets there. ours: to the base URL's server, with the host's headers. */
apipie_status pie_run_set_way(const struct apipie_request *r, int32_t ours, struct pie_leg *leg);

/* ---- money.c: reservations and bills of attempts */

/* Would the call be over a budget? Reserves nothing. */
apipie_status pie_money_check(struct apipie_request *r, struct apipie_error *err);
apipie_status pie_money_reserve(struct apipie_request *r, struct apipie_error *err);
/* The attempt has been judged. */
void pie_money_settle(struct apipie_request *r, struct pie_attempt *a);
/* All attempts together: APIPIE_BILLED_*. */
int32_t pie_money_billed(const struct apipie_request *r);

/* ---- figures.c: what is counted */

/* The exchange has been judged, and its bill is known. */
void pie_figures_attempt(struct apipie_request *r, const struct pie_attempt *a);
/* Nobody knew whether it was billed; now it is known that it was. */
void pie_figures_settled(const struct apipie_request *r, const struct pie_attempt *a, int64_t cost);
/* Status and result are there; r->routes still are. */
void pie_figures_ended(struct apipie_request *r);

/* ---- recent.c: paid calls of the last minutes */

struct pie_recent_ask {
    const char *backend, *provider, *model, *prompt;
    int64_t from_ms, to_ms; /* by our clock */
    int32_t (*is_mine)(const void *user, const char *hold);
    const void *user;
};

/* The attempt was billed or may have been. */
void pie_recent_add(struct apipie_request *r, const struct pie_attempt *a);
/* It is known now that it has a row. */
void pie_recent_settled(struct apipie_client *c, const char *hold);
/* Other calls of this client whose rows look the same and fall into that time. 0: nobody can tell how many. */
int32_t pie_recent_count(const struct apipie_client *c, const struct pie_recent_ask *ask,
                         size_t *ret_known);

/* ---- leg.c */

/* The url of an image to a leg that fetches it. err says why it must not be fetched. */
apipie_status pie_leg_fetch(struct apipie_request *r, const char *url, struct apipie_error *err);
/* Where the reply redirects the current leg to: *ret is the whole url. err says why not. */
apipie_status pie_leg_redirect(struct apipie_request *r, const struct pie_outcome *o,
                               struct pie_buf *ret, struct apipie_error *err);

/* ---- reply.c: a body as the dialects read it */

struct pie_reading {
    struct pie_reply reply;
    struct pie_doc *doc;
    struct pie_buf safe;
    int32_t no_memory; /* for the root, which there may be */
};

/* Never fails: without memory the reply has no root. */
void pie_reading_open(struct pie_reading *g, struct apipie_request *r, const struct pie_outcome *o);
void pie_reading_close(struct pie_reading *g);

/* ---- job.c: the walk of a job, called by the leader */

/* The leader sees it for the first time. */
void pie_job_begin(struct apipie_request *r);
/* Let out of the line: the first exchange. */
void pie_job_go(struct apipie_request *r);
/* Its alarm rang: what waited goes on, what took too long stops. */
void pie_job_due(struct apipie_request *r);
void pie_job_reply(struct apipie_request *r, struct pie_outcome *o);
/* APIPIE_E_CANCELLED or APIPIE_E_TIMEOUT */
void pie_job_stop(struct apipie_request *r, apipie_status why);
/* Nothing was sent, err says why: another route, another time, or the end. Takes err. */
void pie_job_not_sent(struct apipie_request *r, struct apipie_error *err);
/* Ends with r->error, whose code is set. */
void pie_job_fail(struct apipie_request *r);
void pie_job_fail_with(struct apipie_request *r, struct apipie_error *err); /* takes err */
void pie_job_fail_memory(struct apipie_request *r);
void pie_job_succeed(struct apipie_request *r);
/* Every change of state but the first and the last one, which are made under the lock. The lock is not held. */
void pie_job_set_state(struct apipie_request *r, int32_t state);
/* The leg that is set goes out at that time. */
void pie_job_wait_until(struct apipie_request *r, int64_t until_ms);
/* A line in the log of attempts; NULL without memory. */
struct pie_attempt *pie_job_log_attempt(struct apipie_request *r, int32_t purpose);
/* The leg that is set goes out now. */
void pie_job_send_leg(struct apipie_request *r);
/* What it waited for is there: the leg that is set goes out, or a new round over the routes begins. */
void pie_job_resume(struct apipie_request *r);
/* The exchange that is out broke in a way that err says. Takes err. */
void pie_job_broken(struct apipie_request *r, const struct pie_outcome *o,
                    struct apipie_error *err);
/* Is there a whole picture, or the url of one, in what came so far? */
int32_t pie_job_has_whole(const struct apipie_request *r);
/* An error from a reply that is no success, or from what broke it. */
void pie_job_explain(struct apipie_request *r, const struct pie_outcome *o,
                     struct apipie_error *err);
int32_t pie_job_is_redirect(const struct pie_outcome *o);
void pie_job_redirected(struct apipie_request *r, const struct pie_outcome *o,
                        struct apipie_error *err);
/* In how many milliseconds the leg that failed may be sent again; -1: not again. */
int64_t pie_job_retry_delay(const struct apipie_request *r, const struct apipie_error *err);
/* The verdict on the exchange: what it was, what it costs, why it failed (err NULL: it did not). */
void pie_job_judge(struct apipie_request *r, int32_t outcome, struct apipie_error *err);
void pie_job_log_outcome(struct apipie_request *r, const struct pie_outcome *o);
/* The exchange was stopped: APIPIE_E_CANCELLED or APIPIE_E_TIMEOUT. */
void pie_job_stopped(struct apipie_request *r, apipie_status why, const struct pie_outcome *o);
/* Nobody pumped for so long: that is no silence of the server's. */
void pie_job_was_idle(struct apipie_request *r, int64_t ms);
/* Its next alarm, by its state. */
void pie_job_set_alarm(struct apipie_request *r);

/* ---- tariff.c */

/* One line for each model of a list that was just fetched whose figures are not those of its last line. Waits up to a second for
 * another process. The leader's alone. */
apipie_status pie_tariff_add(struct apipie_client *c, const struct apipie_catalog *list,
                             const char **ret_reason);

/* ---- free.c: exchanges that cost nothing and fetch no image */

/* Sends the leg that was made, or ends with why it could not be: err, or no memory when err says nothing. */
void pie_free_send(struct apipie_request *r, apipie_status status, struct apipie_error *err);
/* The call is over, whatever came of it. */
void pie_job_called(struct apipie_request *r);
/* For steps.c: the call goes out; it failed, or what belongs to it; it was answered, err is empty. */
void pie_job_call(struct apipie_request *r);
void pie_job_call_with_key(struct apipie_request *r); /* the last one was refused */
/* 1, and nothing is left of what the call brought, when it can be made once more. */
int32_t pie_job_can_restart(struct apipie_request *r);
void pie_job_again(struct apipie_request *r, struct apipie_error *err);
void pie_job_answered(struct apipie_request *r, const struct pie_outcome *o,
                      struct apipie_error *err);

/* 1: the request asks for no picture. */
int32_t pie_free_is(const struct apipie_request *r);
/* Asks, or goes on after a pause. */
void pie_free_resume(struct apipie_request *r);
/* What came back: of a reconciliation, and of all others. */
void pie_free_settle(struct apipie_request *r, const struct pie_outcome *o,
                     struct apipie_error *err);
void pie_free_answered(struct apipie_request *r, const struct pie_outcome *o,
                       struct apipie_error *err);
/* It is judged: another time, or the end. Takes err. */
void pie_free_failed(struct apipie_request *r, struct apipie_error *err);

/* ---- watch.c: who looks on. No lock is held, but by the first one */

/* Takes number and hooks of this moment. The client's lock is held. */
void pie_watch_begin(struct apipie_request *r);
/* The hooks are not needed any more. */
void pie_watch_end(struct apipie_request *r);
/* An exchange has ended and been judged, or none was made: the trace hook sees the last line of the attempts. */
void pie_watch_attempt(struct apipie_request *r);
/* Gives the leg that goes out its traceparent, and the attempt too, when the request has one. */
apipie_status pie_watch_stamp(struct apipie_request *r, struct pie_attempt *a);

/* ---- log.c: the lines of the log; each one costs nothing unless it is wanted. No lock is held. */

/* What comes after an exchange that failed. */
enum {
    PIE_NEXT_NONE,  /* the end, or what its next line tells */
    PIE_NEXT_AGAIN, /* in so many milliseconds */
    PIE_NEXT_ROUTE, /* of that number */
    PIE_NEXT_KEY,   /* with a fresh key */
    PIE_NEXT_PARTS  /* one call for each image */
};

/* It is about to be handed over. */
void pie_log_submitted(const struct apipie_request *r);
void pie_log_state(const struct apipie_request *r, const char *name);
/* The last attempt, when there was an exchange: the leg is the one that was out. */
void pie_log_exchange(const struct apipie_request *r);
/* The last attempt, which failed. */
void pie_log_failed(const struct apipie_request *r, int32_t next, int64_t number);
/* Status, error and result are there. */
void pie_log_ended(const struct apipie_request *r);

/* ---- log_text.c: pure */

/* Bytes of a line, with NUL. */
#define PIE_LOG_LINE 512

/* What must not be in a log; each may be NULL. */
struct pie_log_hide {
    const char *key;
    const char *prompts[2];
    const struct pie_headers *headers[2]; /* of the host: their values */
};

/* text for a log: fit for display, without the key, the prompts, the values of headers, what follows the path of a url or stands before its host, and long
 * runs of data; in out[capacity] with NUL. */
void pie_log_text(struct pie_slice text, const struct pie_log_hide *hide, char *out,
                  size_t capacity);

/* ---- gather.c: from replies to a result */

/* A 2xx reply of the paid call. 1: the job goes on; 0: err says what is wrong. */
int32_t pie_gather_decode(struct apipie_request *r, const struct pie_outcome *o,
                          struct apipie_error *err);
/* The reply to a fetch. 1: the image is whole; 0: err says what is wrong. */
int32_t pie_gather_fetched(struct apipie_request *r, const struct pie_outcome *o,
                           struct apipie_error *err);
/* The next url to fetch, or, when there is none, the end. */
void pie_gather_go_on(struct apipie_request *r);
/* The image whose url was tried cannot be had: remembers why. Takes err. */
void pie_gather_give_up(struct apipie_request *r, struct apipie_error *err);
/* Commits what is whole and ends the job. */
void pie_gather_commit(struct apipie_request *r);

/* ---- drive.c: one turn */

/* Among the jobs of its client, with an alarm. APIPIE_OK or APIPIE_E_MEMORY. */
apipie_status pie_drive_list(struct apipie_request *r);
void pie_drive_unlist(struct apipie_request *r);
/* The caller leads, and does not hold the lock. budget_us: how long it may work, 0: no limit. */
void pie_drive_turn(struct apipie_client *c, int64_t timeout_ms, int64_t budget_us);
/* In a turn and after it: is its budget used up, and the rest for the next one? */
int32_t pie_drive_time_is_up(const struct apipie_client *c);

/* ---- deliver.c. The lock is held, but for pie_deliver_call. */

/* It has ended, and has no reference of its own any more. 1: the caller drops one, without the lock. */
int32_t pie_deliver_ended(struct apipie_request *r);
/* A callback is due: PIE_DUE_PROGRESS, PIE_DUE_SKETCH. */
void pie_deliver_moved(struct apipie_request *r, int32_t due);
/* Somebody waited for it: it goes nowhere else. 1 as above. */
int32_t pie_deliver_waited(struct apipie_request *r);
/* Requests that run, and those that nobody has been given yet. */
int64_t pie_deliver_pending(const struct apipie_client *c);
/* Is there something for poll or next to hand over? */
int32_t pie_deliver_ready(const struct apipie_client *c);
/* What is to be handed over may be another thing now. */
void pie_deliver_look(struct apipie_client *c);
/* Calls back what is due: all of it, or the progress of one request. */
void pie_deliver_call(struct apipie_client *c, struct apipie_request *only);
/* The client goes: nobody will collect what is left. Without the lock. */
void pie_deliver_forget(struct apipie_client *c);
/* From now on the worker looks after the sockets, not the host's loop. */
void pie_deliver_worker(struct apipie_client *c);

/* ---- sketch.c: images as they look on their way */

/* pie_partial_fn of the body of a job, or of a part of one. The leader's; without the lock. */
void pie_sketch_came(void *job, size_t image, struct pie_buf *bytes, const char *mime);
/* Takes out what is to be told. The lock is held. */
struct pie_sketch *pie_sketch_take(struct apipie_request *r);
/* Tells it, in the order of the images, and frees it. Without the lock. */
void pie_sketch_tell(struct apipie_request *r, struct pie_sketch *list);
/* The request has ended: nobody wants to see them. Without the lock. */
void pie_sketch_forget(struct apipie_request *r);

/* ---- inform.c. The lock is held. */

/* When the host wants to be told of the figures; INT64_MAX: never. */
int64_t pie_inform_due_ms(const struct apipie_client *c);
int32_t pie_inform_is_due(const struct apipie_client *c);
/* Tells it, when it is time. Between two turns; enters and leaves with the lock held, and lets it go meanwhile. */
void pie_inform_call(struct apipie_client *c);

/* ---- care.c */

/* The group of a model that the library knows: "base", "SDXL", "specialised"; NULL. */
const char *pie_care_group(const char *provider, const char *model);
/* A paid call was judged: good 1 or 0, or -1 when it says nothing about its lane. drawn: its time counts. The leader's, like the
 * next one. */
void pie_care_judged(struct apipie_request *r, const struct pie_outcome *o, int32_t good,
                     int32_t drawn);
/* A probe goes, or comes back without an answer. */
void pie_care_gate(struct apipie_client *c, const struct pie_lane *lane);
/* The newest whole list, when it is young. APIPIE_E_MEMORY: health does not know it. Without the lock. */
apipie_status pie_care_listed(struct apipie_client *c, const char *backend);
/* Is there something to tell, and nobody who is telling it? The lock is held, as for the next one. */
int32_t pie_care_is_due(const struct apipie_client *c);
/* Tells it. Between two turns; enters and leaves with the lock held, and lets it go meanwhile. */
void pie_care_call(struct apipie_client *c);

/* ---- sleep.c: who sleeps while another one leads. The lock is held. */

/* Until it is woken, or the time is up. request: it waits for its end; NULL: it polls. */
void pie_sleep(struct apipie_client *c, const struct apipie_request *request, int64_t timeout_ms);
/* Those that wait for it; NULL: those that poll. */
void pie_sleep_wake(struct apipie_client *c, const struct apipie_request *request);
void pie_sleep_wake_all(struct apipie_client *c);
/* When nobody leads: wakes one that will. To be called by whoever might lead and does something else. */
void pie_sleep_hand_over(struct apipie_client *c);

/* ---- lead.c: who turns */

/* Turns until nothing is left. Takes the transport out. Without the lock; the client is closing. */
struct pie_transport *pie_lead_to_the_end(struct apipie_client *c);

/* ---- close.c */

/* All that a client does when its last handle went and no thread is inside. Without the lock. */
void pie_close_finish(struct apipie_client *c);

/* ---- part.c: one request that becomes several calls side by side */

/* One call for each image. The job has not been billed. */
void pie_part_split(struct apipie_request *r);
/* A job that is a part has ended. */
void pie_part_ended(struct apipie_request *part);
void pie_part_stop_all(struct apipie_request *whole, apipie_status why);
void pie_part_free_all(struct apipie_request *whole);
/* The log of a part goes behind that of the whole; without memory it is lost. */
void pie_part_add_attempts(struct apipie_request *whole, const struct apipie_request *part);
/* All parts have ended. */
void pie_part_finish(struct apipie_request *whole);
/* A new job for `whole`: shares its place, routes and deadline. NULL without memory. */
struct apipie_request *pie_part_new(struct apipie_request *whole, int32_t index, int32_t kind);

/* ---- share.c: the sink of a part: slots of the whole's sink */

apipie_status pie_share_new(struct apipie_request *whole, struct pie_sink **ret);
/* The slot in the whole's sink; it is not aborted with the part any more. */
uint32_t pie_share_hand_over(struct pie_sink *s, uint32_t slot);

/* ---- same.c: equal requests with a cache, of pictures or of lists of models */

/* With a cache and a seed. */
int32_t pie_same_applies(const struct apipie_request *r);
/* Finds out what it asks for, when it applies; reads the files that go with it. APIPIE_E_MEMORY, APIPIE_E_FILE. */
apipie_status pie_same_name(struct apipie_request *r);
/* Puts the cache before the sink, when it applies. */
apipie_status pie_same_wrap(struct apipie_request *r, struct pie_sink **sink);
/* same_key says what it asks for. 1: another one is out for that, and this one waits for it; 0: it is the one that is out. */
int32_t pie_same_follows(struct apipie_request *r);
/* 1: the pictures are there, or somebody draws them already: nothing is to be sent. */
int32_t pie_same_found(struct apipie_request *r);
/* It has ended: publishes what it drew, and wakes who waited for it. */
void pie_same_ended(struct apipie_request *r);

/* ---- settle.c: what became of calls whose end nobody saw */

void pie_settle_free(struct apipie_request *r);
/* 1: it looks first, and ends later. */
int32_t pie_settle_begin(struct apipie_request *r);
void pie_settle_ended(struct apipie_request *whole);
/* The first page of the history, or the first after a pause. */
void pie_settle_go(struct apipie_request *r);
void pie_settle_reply(struct apipie_request *r, const struct pie_outcome *o);

/* ---- fetch.c: pictures by url */

void pie_fetch_reply(struct apipie_request *r, const struct pie_outcome *o,
                     struct apipie_error *err);
void pie_fetch_failed(struct apipie_request *r, const struct pie_outcome *o,
                      struct apipie_error *err);
/* What retry.c is asked of the exchange that has just been judged. */
void pie_job_ask_retry(const struct apipie_request *r, const struct apipie_error *err, int64_t now,
                       struct pie_retry_ask *ask);

/* ---- upload_table.c: pictures that have a URL at a server. The leader's, but for the first one. */

/* What tells it from other pictures; reads its bytes, and of a file nothing but what it was. On the thread that submits. */
void pie_upload_name(const struct apipie_client *c, struct pie_input *in);
enum {
    PIE_UPLOADS_HAVE, /* its URL is found */
    PIE_UPLOADS_WAIT, /* another job takes it there: this one waits, and is woken */
    PIE_UPLOADS_SEND  /* this one is to */
};
int32_t pie_uploads_ask(struct apipie_request *r, const struct pie_input *in);
/* The one that it was to take is there, and that URL may be used again for so long. Whoever waited has it too. */
void pie_uploads_came(struct apipie_request *r, const char *url, int64_t for_ms);
/* It takes none any more, and waits for none. failed: the upload did, else it was stopped. */
void pie_uploads_left(struct apipie_request *r, int32_t failed);
/* The call that had them failed: what the server may not have found is not used again. */
void pie_uploads_refused(struct apipie_request *r, const struct apipie_error *err);
/* Another line of what was found. */
void pie_upload_found(struct apipie_request *r, const char *url);
void pie_uploads_free(struct apipie_client *c);

/* ---- upload.c */

/* For steps.c: as pie_steps_prepare(); the reply to such a leg. APIPIE_OK, or err's code. */
int32_t pie_upload_prepare(struct apipie_request *r, struct apipie_error *err);
apipie_status pie_upload_read(struct apipie_request *r, const struct pie_outcome *o,
                              struct apipie_error *err);
/* Its failure: 1 when the server has no such route. From here on all pictures go with the call. */
int32_t pie_upload_is_unknown(struct apipie_request *r, const struct pie_outcome *o);
/* For free.c: the question goes out; a reply that is one, 1, or 0 and err may say why not; what may be wrong; the end. */
void pie_upload_go(struct apipie_request *r, int32_t key_refused);
int32_t pie_upload_answered(struct apipie_request *r, const struct pie_outcome *o,
                            struct apipie_error *err);
void pie_upload_hint(const struct apipie_request *r, struct apipie_error *err);
void pie_upload_finish(struct apipie_request *r);

/* ---- steps.c: exchanges of a call besides the call itself */

/* 1: an exchange with that purpose goes before a call. */
int32_t pie_steps_is_before(const struct apipie_request *r, int32_t purpose);
enum {
    PIE_STEPS_READY, /* the call may go */
    PIE_STEPS_LEG,   /* run->leg goes first, or err says why there is no call */
    PIE_STEPS_WAITS  /* nothing goes now */
};
int32_t pie_steps_prepare(struct apipie_request *r, struct apipie_error *err);
/* The call failed. 1: the server does not know the way it was asked in, and is asked in another one. */
int32_t pie_steps_instead(struct apipie_request *r, const struct pie_outcome *o,
                          struct apipie_error *err);
void pie_steps_checked(struct apipie_request *r, const struct pie_outcome *o,
                       struct apipie_error *err);
/* A 2xx reply to the call or to what came after it. APIPIE_OK: it is the answer; APIPIE_PENDING: the job waits for what comes next; or
 * err's code: nothing is judged yet. */
apipie_status pie_steps_next(struct apipie_request *r, const struct pie_outcome *o,
                             struct apipie_error *err);
void pie_steps_polled(struct apipie_request *r, const struct pie_outcome *o,
                      struct apipie_error *err);
/* A question before or after the call has failed, and is judged. */
void pie_steps_broken(struct apipie_request *r, const struct pie_outcome *o,
                      struct apipie_error *err);
/* The job has been stopped, its exchange is judged. 1: the server is told first, and the job ends when that is done. */
int32_t pie_steps_abandon(struct apipie_request *r, const struct pie_outcome *o);
/* Who asks how far the call is. */
void pie_steps_begin_beside(struct apipie_request *r);
void pie_steps_end_beside(struct apipie_request *r);
void pie_steps_look(struct apipie_request *beside);
void pie_steps_looked(struct apipie_request *beside, const struct pie_outcome *o);

/* ---- history.c: bills */

void pie_history_free(struct apipie_request *r);
/* The next page is asked for. key_refused: the last one was. */
void pie_history_go(struct apipie_request *r, int32_t key_refused);
/* A reply that is a page. APIPIE_OK: the last one; APIPIE_PENDING: there are more; APIPIE_E_MALFORMED: none, err may say why;
 * APIPIE_E_MEMORY, APIPIE_E_LIMIT. */
apipie_status pie_history_read(struct apipie_request *r, const struct pie_outcome *o,
                               struct apipie_error *err);
/* All have been read. */
void pie_history_finish(struct apipie_request *r);

/* ---- models.c: a list of models */

void pie_models_free(struct apipie_request *r);
/* From memory, or the question goes out. key_refused: the last one was. */
void pie_models_go(struct apipie_request *r, int32_t key_refused);
/* A reply that is one. 1: it is the list; 0: err says why not, or the reply is no success. */
int32_t pie_models_read(struct apipie_request *r, const struct pie_outcome *o,
                        struct apipie_error *err);
/* It has been read and judged. */
void pie_models_finish(struct apipie_request *r);
/* The one that it waited for has ended: what that brought, or its own turn. */
void pie_models_share(struct apipie_request *r, const struct apipie_request *other);
/* The job is about to fail with r->error. 1: an older list serves, and the job has ended well. */
int32_t pie_models_rescue(struct apipie_request *r);

#endif
