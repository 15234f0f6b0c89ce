/* SPDX-License-Identifier: MIT */
/* Several threads that wait, one client: each asks for its own picture and sleeps until it is there. One of them moves the
 * bytes for all; nobody has to care which. */
#include <apipie/apipie.h>

#include <pthread.h>
#include <stdio.h>

enum { THREADS = 4 };

struct job {
    apipie_client *client; /* connections, limits and money are shared */
    int number;
    apipie_status status;
};

static void *draw(void *user)
{
    struct job *job = user;
    char prompt[64], path[64];
    apipie_request *req = apipie_request_new(job->client, APIPIE_REQUEST_IMAGE);

    snprintf(prompt, sizeof prompt, "A harbour at %d o'clock", job->number * 6);
    snprintf(path, sizeof path, "harbour-%d.png", job->number);
    apipie_request_set_model(req, "sd_xl_base_1.0");
    apipie_request_set_prompt(req, prompt, APIPIE_NTS);
    apipie_request_set_size(req, 256, 256);
    apipie_request_set_output_file(req, path);
    job->status = apipie_request_perform(req);
    if (job->status == APIPIE_OK)
        printf("%s\n", path);
    else
        fprintf(stderr, "%s: %s\n", path, apipie_error_message(apipie_request_error(req)));
    apipie_request_unref(req);
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    struct job jobs[THREADS];
    apipie_client *client = apipie_client_new(NULL);
    int started = 0, good = 0;

    for (; started < THREADS; started++) {
        jobs[started] = (struct job){client, started, APIPIE_PENDING};
        if (pthread_create(&threads[started], NULL, draw, &jobs[started]) != 0)
            break;
    }
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
        good += jobs[i].status == APIPIE_OK;
    }
    apipie_client_unref(client);
    return good == THREADS ? 0 : 1;
}
