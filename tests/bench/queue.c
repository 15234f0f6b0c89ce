/* SPDX-License-Identifier: MIT */
/* Memory of requests that wait in line, at a server that never answers. Arguments: base URL, requests. Prints bytes of heap
 * a request, and how many blocks, its prompt not counted. */
#include <apipie/apipie.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE_FIRST 100
#define QUEUE_HEAD  16 /* before each block: its size */

struct queue_heap {
    long long bytes, blocks;
};

static void *queue_alloc(void *user, size_t size)
{
    struct queue_heap *heap = user;
    char *p = malloc(size + QUEUE_HEAD);
    if (p == NULL)
        return NULL;
    memcpy(p, &size, sizeof(size));
    heap->bytes += (long long)size;
    heap->blocks++;
    return p + QUEUE_HEAD;
}

static void queue_release(void *user, void *block)
{
    struct queue_heap *heap = user;
    size_t size = 0;
    memcpy(&size, (char *)block - QUEUE_HEAD, sizeof(size));
    heap->bytes -= (long long)size;
    heap->blocks--;
    free((char *)block - QUEUE_HEAD);
}

static void *queue_resize(void *user, void *block, size_t size)
{
    size_t old = 0;
    void *p = queue_alloc(user, size);
    if (p == NULL)
        return NULL;
    memcpy(&old, (char *)block - QUEUE_HEAD, sizeof(old));
    memcpy(p, block, old < size ? old : size);
    queue_release(user, block);
    return p;
}

static void queue_submit(apipie_client *client, apipie_request **ret, const char *prompt)
{
    *ret = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_provider(*ret, "prodia");
    apipie_request_set_model(*ret, "sd_xl_base_1.0");
    apipie_request_set_prompt(*ret, prompt, APIPIE_NTS);
    if (apipie_request_submit(*ret) != APIPIE_OK)
        exit(1);
}

int main(int argc, char **argv)
{
    static const char prompt[] = "A serene landscape with mountains reflected in a calm lake";
    struct queue_heap heap = {0, 0};
    const apipie_allocator allocator = {sizeof(allocator), &heap, queue_alloc, queue_resize,
                                        queue_release};
    if (argc < 3)
        return 2;
    long count = atol(argv[2]);
    if (count <= QUEUE_FIRST)
        return 2;
    apipie_request **requests = calloc((size_t)count, sizeof(apipie_request *));
    apipie_client *client = apipie_client_new(&allocator);
    if (requests == NULL)
        return 2;
    apipie_client_set_key(client, "bench");
    apipie_client_set_base_url(client, argv[1]);
    apipie_client_set_max_in_flight(client, 8);
    for (long i = 0; i < QUEUE_FIRST; i++)
        queue_submit(client, &requests[i], prompt);
    apipie_request_wait(requests[0], 300); /* the first ones leave */
    struct queue_heap before = heap;
    for (long i = QUEUE_FIRST; i < count; i++)
        queue_submit(client, &requests[i], prompt);
    apipie_request_wait(requests[0], 300); /* the others take their place in line */
    long long more = count - QUEUE_FIRST;
    printf("%lld %lld\n", (heap.bytes - before.bytes) / more - (long long)sizeof(prompt),
           (heap.blocks - before.blocks) / more);
    for (long i = 0; i < count; i++)
        apipie_request_cancel(requests[i]);
    for (long i = 0; i < count; i++) {
        apipie_request_wait(requests[i], -1);
        apipie_request_unref(requests[i]);
    }
    apipie_client_unref(client);
    if (heap.blocks != 0)
        fprintf(stderr, "%lld blocks were not given back\n", heap.blocks);
    free(requests);
    return 0;
}
