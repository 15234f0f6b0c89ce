/* SPDX-License-Identifier: MIT */
/* A folder of a test, and its end. */
#ifndef FLOW_FOLDER_H
#define FLOW_FOLDER_H

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void remove_all(const char *folder)
{
    char path[512];
    DIR *d = opendir(folder);
    if (d == NULL)
        return;
    chmod(folder, 0700);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof(path), "%s/%.255s", folder, e->d_name);
        if (unlink(path) != 0)
            remove_all(path);
    }
    closedir(d);
    rmdir(folder);
}

#endif
