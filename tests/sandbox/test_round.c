/* SPDX-License-Identifier: MIT */
/* Every wire of the sandbox, and every form of its models, on the same round: a test for each row and subject. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "round.h"

#define POLICY   APIPIE_E_CONTENT_POLICY
#define PICTURES (ROUND_IMAGE | ROUND_EDIT)
#define WORDS    (ROUND_SEED | ROUND_NEGATIVE)
#define ALL      (WORDS | ROUND_SIZE | ROUND_STEPS | ROUND_STRENGTH | PICTURES | ROUND_MASK)
#ifdef WITHOUT_SIGV4
#define SIGNED 0
#else
#define SIGNED ROUND_SIGNS
#endif

/* See struct round. A row says what its model takes; all else must be refused before it is sent. */
static const struct round rows[] = {
    {"apipie", "sd_xl_base_1.0", 64, 80, 1, POLICY, ALL | ROUND_UPLOADS},
    {"openai", "gpt-image-2", 64, 80, 1, POLICY, ROUND_SIZE | PICTURES | ROUND_MASK},
    {"openai", "dall-e-2", 256, 256, 1, POLICY, ROUND_SIZE | PICTURES | ROUND_MASK},
    {"a1111", "dreamshaper_8", 64, 80, 1, POLICY, ALL | ROUND_FREE},
    {"sdcpp", NULL, 64, 80, 1, POLICY, ALL | ROUND_FREE | ROUND_TWICE | ROUND_JOB_FIRST},
    {"together", "black-forest-labs/FLUX.1-schnell", 64, 80, 1, POLICY,
     WORDS | ROUND_SIZE | ROUND_STEPS | PICTURES},
    {"deepinfra", "stability-ai/sdxl", 128, 192, 1, POLICY,
     WORDS | ROUND_SIZE | ROUND_STEPS | ROUND_STRENGTH | ROUND_IMAGE | ROUND_BLIND},
    {"deepinfra", "Qwen/Qwen-Image-Edit", 64, 80, 1, POLICY,
     ROUND_SIZE | ROUND_EDIT | ROUND_MASK | ROUND_ONLY_EDITS},
    {"bedrock", "stability.stable-diffusion-xl-v1", 1024, 1024, 2, APIPIE_OK, ALL | ROUND_OWN_SIZE},
    {"bedrock", "stability.sd3-5-large-v1:0", 0, 0, 2, POLICY,
     WORDS | ROUND_STRENGTH | PICTURES | ROUND_OWN_SIZE},
    {"bedrock", "stability.stable-image-core-v1:1", 0, 0, 2, POLICY, WORDS},
    {"bedrock", "stability.stable-image-ultra-v1:0", 0, 0, 2, POLICY,
     WORDS | ROUND_STRENGTH | PICTURES | ROUND_OWN_SIZE | SIGNED},
    {"prodia", "inference.sdxl.txt2img.v1", 256, 320, 2, POLICY, WORDS | ROUND_SIZE | ROUND_STEPS},
    {"prodia", "inference.sdxl.img2img.v1", 256, 320, 2, POLICY,
     WORDS | ROUND_SIZE | ROUND_STEPS | ROUND_STRENGTH | PICTURES | ROUND_ONLY_EDITS},
    {"prodia", "inference.sdxl.inpainting.v1", 256, 320, 2, POLICY, ALL | ROUND_ONLY_EDITS},
    {"prodia-v1", "dreamshaperXL10_alpha2.safetensors [c8afe2ef]", 64, 80, 2, POLICY, ALL},
    {"stability", "ultra", 0, 0, 2, POLICY, WORDS | ROUND_STRENGTH | PICTURES | ROUND_OWN_SIZE},
    {"stability", "core", 0, 0, 2, POLICY, WORDS},
    {"stability", "sd3.5-large", 0, 0, 2, POLICY,
     WORDS | ROUND_STRENGTH | PICTURES | ROUND_OWN_SIZE},
    {"stability", "inpaint", 0, 0, 2, POLICY,
     WORDS | PICTURES | ROUND_MASK | ROUND_ONLY_EDITS | ROUND_OWN_SIZE},
    {"stability", "stable-diffusion-v1-6", 512, 512, 1, POLICY,
     ALL | ROUND_OWN_SIZE | ROUND_MASK_ALONE},
};

struct errand {
    const struct round *row;
    const struct round_subject *subject;
    char name[100];
};

static int setup(void **state)
{
    const struct errand *e = *state;
    int failed = talk_setup(state);
    if (failed == 0)
        round_begin(e->row);
    return failed;
}

static void goes(void **state)
{
    const struct errand *e = *state;
    e->subject->goes(e->row);
}

static void is_refused(void **state)
{
    const struct errand *e = *state;
    e->subject->refused(e->row);
}

/* test_round [WIRE] */
int main(int argc, char **argv)
{
    static struct errand errands[sizeof rows / sizeof rows[0] * 24];
    static struct CMUnitTest tests[sizeof errands / sizeof errands[0]];
    size_t count = 0;
    for (const struct round *r = rows; r < rows + sizeof rows / sizeof rows[0]; r++) {
        for (const struct round_subject *s = round_subjects;
             s < round_subjects + round_subject_count; s++) {
            struct errand *e = &errands[count];
            const int can = (r->takes & s->needs) == s->needs;
            if ((r->takes & s->bars) != 0 || (can ? s->goes : s->refused) == NULL ||
                (argc > 1 && strcmp(argv[1], r->wire) != 0))
                continue;
            *e = (struct errand){r, s, ""};
            snprintf(e->name, sizeof e->name, "%s %s: %s%s", r->wire,
                     r->model != NULL ? r->model : "", can ? "" : "no ", s->name);
            tests[count++] =
                (struct CMUnitTest){e->name, can ? goes : is_refused, setup, round_teardown, e};
        }
    }
    if (count == 0) /* no row for this wire */
        return 1;
    return _cmocka_run_group_tests("round", tests, count, NULL, NULL);
}
