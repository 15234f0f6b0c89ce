/* SPDX-License-Identifier: MIT */
/* Replays a folder of inputs, each whole and cut short after each byte: the fuzz targets without a fuzzer. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>

#define DRIVER_FILE_MAX 1048576
#define DRIVER_CUT_MAX  2048

static void driver_run(const uint8_t *bytes, size_t n)
{
    /* a block of its own size: reading behind the input is seen by the sanitizers */
    uint8_t *copy = malloc(n != 0 ? n : 1);
    FUZZ_NEED(copy != NULL);
    for (size_t i = 0; i < n; i++)
        copy[i] = bytes[i];
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static int driver_file(const char *path)
{
    static uint8_t bytes[DRIVER_FILE_MAX];
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return 0;
    size_t n = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    driver_run(bytes, n);
    for (size_t i = 0; i < n && n <= DRIVER_CUT_MAX; i++)
        driver_run(bytes, i);
    return 1;
}

int main(int argc, char **argv)
{
    char path[4096];
    int files = 0;
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    for (struct dirent *e = readdir(folder); e != NULL; e = readdir(folder)) {
        snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);
        if (e->d_name[0] != '.')
            files += driver_file(path);
    }
    closedir(folder);
    printf("%d inputs\n", files);
    return files != 0 ? 0 : 1;
}
