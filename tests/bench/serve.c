/* SPDX-License-Identifier: MIT */
/* The server of the benchmarks: answers every request with one large picture in base64, prepared once. Prints its
 * port, serves until its input ends. */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <b64/cencode.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char *serve_reply;
static size_t serve_size;

/* A PNG by its head, noise by its body: nothing on the way can guess it. */
static void serve_prepare(size_t bytes)
{
    static const unsigned char head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x10\0\0\0\x10\0\x08\x02\0\0\0";
    static const char before[] = "{\"created\":1,\"data\":[{\"b64_json\":\"";
    static const char after[] = "\",\"url\":null}],\"usage\":{\"cost\":0.008,\"latency_ms\":5200}}";
    char *raw = malloc(bytes);
    char *text = malloc(bytes / 3 * 4 + bytes / 36 + 64);
    uint64_t x = 88172645463325252u;
    base64_encodestate state;
    if (raw == NULL || text == NULL)
        exit(1);
    for (size_t i = 0; i < bytes; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        raw[i] = (char)x;
    }
    memcpy(raw, head, sizeof(head) - 1);
    base64_init_encodestate(&state);
    int n = base64_encode_block(raw, (int)bytes, text, &state);
    n += base64_encode_blockend(text + n, &state);
    serve_reply = malloc((size_t)n + 512);
    if (serve_reply == NULL)
        exit(1);
    size_t length = sizeof(before) - 1 + sizeof(after) - 1;
    for (int i = 0; i < n; i++)
        length += text[i] != '\n';
    serve_size = (size_t)sprintf(serve_reply,
                                 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                 "Content-Length: %zu\r\n\r\n%s",
                                 length, before);
    for (int i = 0; i < n; i++) {
        if (text[i] != '\n')
            serve_reply[serve_size++] = text[i];
    }
    memcpy(serve_reply + serve_size, after, sizeof(after) - 1);
    serve_size += sizeof(after) - 1;
    free(raw);
    free(text);
}

/* Reads a request whole: a small POST. */
static int serve_read(int fd)
{
    char text[16384];
    size_t n = 0;
    while (n + 1 < sizeof(text)) {
        ssize_t got = recv(fd, text + n, sizeof(text) - 1 - n, 0);
        if (got <= 0)
            return 0;
        n += (size_t)got;
        text[n] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *length = strstr(text, "Content-Length: ");
        if (end != NULL && n >= (size_t)(end + 4 - text) + (length ? strtoul(length + 16, NULL, 10) : 0))
            return 1;
    }
    return 0;
}

static void *serve_one(void *user)
{
    int fd = (int)(intptr_t)user;
    while (serve_read(fd)) {
        size_t done = 0;
        while (done < serve_size) {
            ssize_t n = send(fd, serve_reply + done, serve_size - done, MSG_NOSIGNAL);
            if (n <= 0)
                break;
            done += (size_t)n;
        }
    }
    close(fd);
    return NULL;
}

static void *serve_all(void *user)
{
    int listener = (int)(intptr_t)user;
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        pthread_t thread;
        if (fd >= 0 && pthread_create(&thread, NULL, serve_one, (void *)(intptr_t)fd) == 0)
            pthread_detach(thread);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof(at);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pthread_t thread;
    char byte = 0;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    serve_prepare((size_t)(argc > 1 ? atoi(argv[1]) : 48) * 1000000);
    if (bind(listener, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &size) != 0)
        return 1;
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    if (pthread_create(&thread, NULL, serve_all, (void *)(intptr_t)listener) != 0)
        return 1;
    while (read(0, &byte, 1) > 0)
        continue;
    return 0;
}
