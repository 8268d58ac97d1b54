// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements media.h on the reader's side: finds the module beside the program, loads it before the sandbox closes, and
// passes the work on. Without the module (an incomplete installation) the types are said to be unsupported.
#include "reader/media.h"

#include "reader/ocr.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    WORDS_MS = 5000, // for one picture
    WORDS_SURE = 40, // of 100: less is texture, not text
};

static const struct media_module *module;
static int model_fd = -1;

void media_set_model(int fd)
{
    model_fd = fd;
}

static int words_of(const unsigned char *grey, int32_t width, int32_t height, struct buf *text)
{
    struct ocr_request q = { .grey = grey, .width = width, .height = height, .time_ms = WORDS_MS };
    struct ocr_result r;
    int sure = 0;

    if (!ocr_has_model() || width < OCR_SIDE_MIN || height < OCR_SIDE_MIN) {
        return 0;
    }
    ocr_read(&q, &r);
    for (uint32_t i = 0; i < r.block_count; i++) {
        if (r.blocks[i].confidence >= WORDS_SURE) {
            buf_addf(text, "%s" SLICE_FMT, text->len ? "\n" : "",
                SLICE_ARG(slice_make(r.text.data + r.blocks[i].text, r.blocks[i].len)));
            sure = (int)r.confidence;
        }
    }
    ocr_result_done(&r);
    return sure;
}

static const struct media_host host = { words_of };

static struct slice map_model(void)
{
    struct stat st;

    if (model_fd < 0 || fstat(model_fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0) {
        return slice_make("", 0);
    }
    void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, model_fd, 0);
    return bytes == MAP_FAILED ? slice_make("", 0) : slice_make(bytes, (size_t)st.st_size);
}

static void media_init(void)
{
    char path[PATH_MAX];
    static const char name[] = "larder-media.so";
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof(name) - 1);

    while (n > 0 && path[n - 1] != '/') {
        n--;
    }
    if (n <= 0) {
        return;
    }
    memcpy(path + n, name, sizeof(name));
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct media_module *found = library ? dlsym(library, "larder_media") : NULL;
    if (!found || found->version != MEDIA_MODULE_VERSION) {
        return;
    }
    module = found;
    struct slice model = map_model();
    ocr_prepare();
    found->prepare(&host, model);
    if (model.len) {
        munmap((void *)(uintptr_t)model.data, model.len); // the engine keeps what it needs
    }
}

static int missing(struct error *err)
{
    return error_set(err, ERR_UNSUPPORTED, "The part that reads audio and video is not installed.");
}

static int media_check(struct reader *r, struct error *err)
{
    return module ? module->check(r, err) : missing(err);
}

static int media_read(struct reader *r, struct error *err)
{
    return module ? module->read(r, err) : missing(err);
}

const struct reader_format format_wav = { FORMAT_WAV, media_check, media_read, NULL, media_init };
const struct reader_format format_mp3 = { FORMAT_MP3, media_check, media_read, NULL, media_init };
const struct reader_format format_m4a = { FORMAT_M4A, media_check, media_read, NULL, media_init };
const struct reader_format format_mp4 = { FORMAT_MP4, media_check, media_read, NULL, media_init };
const struct reader_format format_mov = { FORMAT_MOV, media_check, media_read, NULL, media_init };
const struct reader_format format_avi = { FORMAT_AVI, media_check, media_read, NULL, media_init };
