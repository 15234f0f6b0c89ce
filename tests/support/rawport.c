/* SPDX-License-Identifier: MIT */
/* Ports of this machine that refuse or never answer; the sockets alone, no HTTP. */
#include "rawserver.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT_FILLERS 8

/* The sockets that keep a silent port's queue full. One such port at a time. */
static int port_filler[PORT_FILLERS];
static int port_fillers;

static int port_bind(struct sockaddr_in *ret)
{
    socklen_t n = sizeof *ret;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    *ret = (struct sockaddr_in){0};
    ret->sin_family = AF_INET;
    ret->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)ret, sizeof *ret) ||
        getsockname(fd, (struct sockaddr *)ret, &n)) {
        close(fd);
        return -1;
    }
    return fd;
}

int raw_port_refused(char *url, size_t capacity)
{
    struct sockaddr_in at;
    int fd = port_bind(&at);
    snprintf(url, capacity, "http://127.0.0.1:%d/v1", (int)ntohs(at.sin_port));
    return fd;
}

/* Connects until one attempt hangs: from there on all of them do. */
static int port_fill(const struct sockaddr_in *at)
{
    while (port_fillers < PORT_FILLERS) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct pollfd p = {fd, POLLOUT, 0};
        if (fd < 0)
            return -1;
        port_filler[port_fillers++] = fd;
        (void)connect(fd, (const struct sockaddr *)at, sizeof *at);
        if (poll(&p, 1, 200) == 0)
            return 0;
    }
    return -1;
}

int raw_port_silent(char *url, size_t capacity)
{
    struct sockaddr_in at;
    int fd = port_bind(&at);
    if (fd < 0 || listen(fd, 0) || port_fill(&at)) {
        raw_port_close(fd);
        return -1;
    }
    snprintf(url, capacity, "http://127.0.0.1:%d/v1", (int)ntohs(at.sin_port));
    return fd;
}

void raw_port_close(int port)
{
    while (port_fillers > 0)
        close(port_filler[--port_fillers]);
    if (port >= 0)
        close(port);
}
