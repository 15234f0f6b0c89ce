/* SPDX-License-Identifier: MIT */
/* SDL, never stuttering: the library's worker receives and decodes, a frame only uploads what is done. sdl [LAST_FRAME.bmp] */
#include <SDL.h>
#include <apipie/apipie.h>
#include <png.h>

enum { SIDE = 256, GAP = 24, ALL = 2 * SIDE + GAP, LOW = SIDE + 2 * GAP, WAY = ALL - GAP };
struct picture {
    apipie_request *request;
    SDL_Texture *texture;
    SDL_Surface *surface; /* this and what follows: the worker's, until the request has ended */
    size_t size;
    uint8_t bytes[1 << 20]; /* PNG; of so few pixels it is never longer */
};

static apipie_status begin(void *user, uint32_t slot, const char *mime)
{
    ((struct picture *)user)->size = 0; /* may come again after a retry */
    return slot == 0 && mime != NULL ? APIPIE_OK : APIPIE_E_SINK;
}

static apipie_status keep(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    struct picture *p = user;
    if (slot != 0 || size > sizeof p->bytes - p->size)
        return APIPIE_E_LIMIT;
    SDL_memcpy(p->bytes + p->size, data, size);
    p->size += size;
    return APIPIE_OK;
}

static apipie_status decode(void *user, uint32_t slot, size_t index)
{
    struct picture *p = user;
    png_image png = {.version = PNG_IMAGE_VERSION};
    int good = slot + index == 0 && png_image_begin_read_from_memory(&png, p->bytes, p->size);
    png.format = PNG_FORMAT_RGBA;
    good = good && png.width == SIDE && png.height == SIDE &&
           png_image_finish_read(&png, NULL, p->surface->pixels, p->surface->pitch, NULL);
    png_image_free(&png);
    return good ? APIPIE_OK : APIPIE_E_SINK;
}

/* So far all was the worker's; from here on it is the main thread's. */
static void ask(apipie_client *client, const char *prompt, struct picture *p)
{
    p->surface = SDL_CreateRGBSurfaceWithFormat(0, SIDE, SIDE, 32, SDL_PIXELFORMAT_RGBA32);
    p->request = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_model(p->request, "sd_xl_base_1.0");
    apipie_request_set_prompt(p->request, prompt, APIPIE_NTS);
    apipie_request_set_size(p->request, SIDE, SIDE);
    apipie_request_set_sink(p->request, begin, keep, NULL, decode, NULL, p, NULL);
    apipie_request_submit(p->request);
}

static void box(SDL_Renderer *to, Uint8 grey, int x, int y, int w, int h)
{
    SDL_SetRenderDrawColor(to, grey, grey, (Uint8)(grey + 30), 255);
    SDL_RenderFillRect(to, &(SDL_Rect){x, y, w, h});
}

/* Draws it, or its place. How far it is, 0 to 1. wait() only looks: the worker moves the bytes. */
static float show(SDL_Renderer *to, struct picture *p, int x)
{
    if (apipie_request_wait(p->request, 0) == APIPIE_OK && p->texture == NULL)
        p->texture = SDL_CreateTextureFromSurface(to, p->surface);
    box(to, 36, x, GAP, SIDE, SIDE);
    SDL_RenderCopy(to, p->texture, NULL, &(SDL_Rect){x, GAP, SIDE, SIDE});
    return (float)apipie_request_progress(p->request, APIPIE_PROGRESS_PHASE) / APIPIE_PHASE_ENDED;
}

int main(int argc, char **argv)
{
    static struct picture one, two;
    apipie_client *client = apipie_client_new(NULL);
    if (SDL_Init(SDL_INIT_VIDEO) != 0 || apipie_client_start_worker(client) != APIPIE_OK)
        return 1;
    SDL_Window *window = SDL_CreateWindow("libapipie", 0, 0, ALL + 2 * GAP, LOW + 3 * GAP, 0);
    SDL_Surface *screen = SDL_GetWindowSurface(window);
    SDL_Renderer *to = SDL_CreateSoftwareRenderer(screen);
    ask(client, "A harbour at dawn", &one), ask(client, "A forest in autumn", &two);
    for (float bar = 0; bar < 1 && !SDL_QuitRequested();) {
        box(to, 20, 0, 0, screen->w, screen->h);
        float goal = (show(to, &one, GAP) + show(to, &two, GAP + SIDE + GAP)) / 2;
        bar = goal > bar ? SDL_min(goal, bar + 0.02F) : bar; /* it glides */
        box(to, 36, GAP, LOW, ALL, GAP);
        box(to, 150, GAP, LOW, (int)(bar * ALL), GAP);
        box(to, 220, GAP + SDL_abs((int)SDL_GetTicks() / 3 % (2 * WAY) - WAY), LOW + 36, GAP, GAP);
        SDL_RenderPresent(to), SDL_UpdateWindowSurface(window), SDL_Delay(16);
    }
    if (argc > 1)
        SDL_SaveBMP(screen, argv[1]);
    SDL_Log("done %s %s", apipie_error_message(apipie_request_error(one.request)),
            apipie_error_message(apipie_request_error(two.request)));
    apipie_request_unref(one.request), apipie_request_unref(two.request);
    apipie_client_unref(client); /* from here on the worker writes into no surface any more */
    SDL_Quit();
    return one.texture != NULL && two.texture != NULL ? 0 : 1;
}
