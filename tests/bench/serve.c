/* SPDX-License-Identifier: MIT */
/* The server of the benchmarks. Answers every request with one picture in base64, prepared once: "48" of so many MB, a
 * thread a connection; "small" of 100 bytes, all connections in one thread; "silent" reads and never answers. Prints its
 * port, serves until its input ends, then tells how many connections and requests came. */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <b64/cencode.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVE_SMALL 100
#define SERVE_FDS   4096
#define SERVE_ROOM  8192

/* What came on one connection and is not answered yet. */
struct serve_conn {
    size_t n;
    char text[SERVE_ROOM];
};

static char *serve_reply;
static size_t serve_size;
static struct serve_conn *serve_conns[SERVE_FDS];
static long serve_connections, serve_requests;
static int serve_silent;

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

/* Length of the first whole request in the text, 0 when there is none yet. text[n] is NUL. */
static size_t serve_whole(const char *text, size_t n)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strstr(text, "Content-Length: ");
    if (end == NULL)
        return 0;
    size_t whole = (size_t)(end + 4 - text);
    if (length != NULL && length < end)
        whole += strtoul(length + 16, NULL, 10);
    return n >= whole ? whole : 0;
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
        if (serve_whole(text, n) != 0)
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

/* ---- all connections in one thread: small replies */

static void serve_drop(int fd)
{
    free(serve_conns[fd]);
    serve_conns[fd] = NULL;
    close(fd);
}

static void serve_admit(int poller, int listener)
{
    int on = 1;
    int fd = accept(listener, NULL, NULL);
    struct epoll_event e = {.events = EPOLLIN, .data = {.fd = fd}};
    if (fd < 0)
        return;
    if (fd >= SERVE_FDS || (serve_conns[fd] = calloc(1, sizeof(struct serve_conn))) == NULL) {
        close(fd);
        return;
    }
    serve_connections++;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
}

/* A reply is smaller than any socket's buffer: it is sent in one piece. */
static void serve_some(int fd)
{
    struct serve_conn *c = serve_conns[fd];
    size_t whole = 0;
    ssize_t got = recv(fd, c->text + c->n, SERVE_ROOM - 1 - c->n, 0);
    if (got <= 0) {
        serve_drop(fd);
        return;
    }
    c->n += (size_t)got;
    c->text[c->n] = '\0';
    while ((whole = serve_whole(c->text, c->n)) != 0) {
        serve_requests++;
        if (!serve_silent && send(fd, serve_reply, serve_size, MSG_NOSIGNAL) < 0)
            break;
        memmove(c->text, c->text + whole, c->n - whole + 1);
        c->n -= whole;
    }
}

static void serve_evenly(int listener)
{
    struct epoll_event e = {.events = EPOLLIN, .data = {.fd = listener}};
    struct epoll_event ready[64];
    int poller = epoll_create1(0);
    char byte = 0;
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &e);
    e.data.fd = 0;
    epoll_ctl(poller, EPOLL_CTL_ADD, 0, &e);
    for (;;) {
        int n = epoll_wait(poller, ready, 64, -1);
        for (int i = 0; i < n; i++) {
            if (ready[i].data.fd == listener)
                serve_admit(poller, listener);
            else if (ready[i].data.fd != 0)
                serve_some(ready[i].data.fd);
            else if (read(0, &byte, 1) <= 0)
                return;
        }
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof(at);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pthread_t thread;
    char byte = 0;
    const char *mode = argc > 1 ? argv[1] : "48";
    int large = atoi(mode);
    serve_silent = strcmp(mode, "silent") == 0;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    serve_prepare(large > 0 ? (size_t)large * 1000000 : SERVE_SMALL);
    if (bind(listener, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(listener, 1024) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &size) != 0)
        return 1;
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    if (large == 0) {
        serve_evenly(listener);
        printf("%ld %ld\n", serve_connections, serve_requests);
        return 0;
    }
    if (pthread_create(&thread, NULL, serve_all, (void *)(intptr_t)listener) != 0)
        return 1;
    while (read(0, &byte, 1) > 0)
        continue;
    return 0;
}
