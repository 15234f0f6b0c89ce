/* SPDX-License-Identifier: MIT */
/* A frame loop that draws two pictures meanwhile: submit, poll once a frame, collect what has ended. No thread, no waiting: a
 * frame gives the library half a millisecond at most. */
#include <apipie/apipie.h>

#include <stdio.h>
#include <time.h>

enum { FRAME_NS = 1000000000 / 60, PICTURES = 2 };

/* What the game knows of a picture. */
struct picture {
    const char *name, *prompt;
    apipie_request *request; /* NULL before and afterwards */
};

static int ask(apipie_client *client, struct picture *picture)
{
    apipie_request *req = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_model(req, "sd_xl_base_1.0");
    apipie_request_set_prompt(req, picture->prompt, APIPIE_NTS);
    apipie_request_set_size(req, 512, 512);
    apipie_request_set_user_data(req, picture, NULL);
    picture->request = req;
    /* What submit refuses has ended here: it does not come out of next(). */
    if (apipie_request_submit(req) == APIPIE_OK)
        return 0;
    fprintf(stderr, "%s: %s\n", picture->name, apipie_error_message(apipie_request_error(req)));
    picture->request = apipie_request_unref(req);
    return 1;
}

static void show_progress(const struct picture *picture)
{
    static const char *const words[] = {"not asked",  "queued",  "waiting", "looking up",
                                        "connecting", "sending", "drawing", "receiving"};
    size_t phase = (size_t)apipie_request_progress(picture->request, APIPIE_PROGRESS_PHASE);
    int64_t down = apipie_request_progress(picture->request, APIPIE_PROGRESS_DOWN);
    int64_t total = apipie_request_progress(picture->request, APIPIE_PROGRESS_DOWN_TOTAL);
    printf("  %s: %s", picture->name, phase < APIPIE_PHASE_ENDED ? words[phase] : "ended");
    if (phase == APIPIE_PHASE_RECEIVING && total > 0)
        printf(" %d%%", (int)(down * 100 / total));
}

static void show_hud(int frame, const struct picture *pictures)
{
    printf("frame %3d", frame);
    for (int i = 0; i < PICTURES; i++)
        if (pictures[i].request != NULL)
            show_progress(&pictures[i]);
    puts("");
}

/* 1 when it failed. Drops both references: the one next() gave, and the one of ask(). */
static int collect(apipie_request *req)
{
    struct picture *picture = apipie_request_user_data(req);
    const apipie_result *result = apipie_request_result(req);
    apipie_status status = apipie_request_status(req);
    size_t size = 0;
    if (status != APIPIE_OK) {
        fprintf(stderr, "%s: %s\n", picture->name, apipie_error_message(apipie_request_error(req)));
    } else {
        apipie_result_image_data(result, 0, &size); /* to the decoder with it */
        printf("%s is here: %d x %d, %zu bytes\n", picture->name,
               (int)apipie_result_image_width(result, 0),
               (int)apipie_result_image_height(result, 0), size);
    }
    picture->request = apipie_request_unref(picture->request);
    apipie_request_unref(req);
    return status != APIPIE_OK;
}

int main(void)
{
    struct picture pictures[PICTURES] = {{"dawn", "A harbour at dawn", NULL},
                                         {"dusk", "A harbour at dusk", NULL}};
    apipie_client *client = apipie_client_new(NULL);
    apipie_request *req = NULL;
    struct timespec next;
    int failed = 0;
    apipie_client_set_poll_budget(client, 500);
    for (int i = 0; i < PICTURES; i++)
        failed += ask(client, &pictures[i]);
    clock_gettime(CLOCK_MONOTONIC, &next);
    /* A game goes on for ever; this one ends when nothing is under way any more. */
    for (int frame = 0; apipie_client_poll(client, 0) == APIPIE_PENDING; frame++) {
        while ((req = apipie_client_next(client)) != NULL)
            failed += collect(req);
        if (frame % 6 == 0)
            show_hud(frame, pictures);
        next.tv_nsec += FRAME_NS;
        next.tv_sec += next.tv_nsec / 1000000000;
        next.tv_nsec %= 1000000000;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
    apipie_client_unref(client);
    return failed;
}
