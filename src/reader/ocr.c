// SPDX-License-Identifier: AGPL-3.0-or-later
// The engine, its model, and the tries at a picture.
#include "reader/ocr.h"

#include "base/clock.h"
#include "reader/ocr_try.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <leptonica/allheaders.h>
#include <tesseract/capi.h>

enum {
    MODEL_BYTES_MAX = 64 << 20,
    MODEL_PARTS_MAX = 64, // kinds of data in it
    MODEL_NETWORK = 17, // which of them is the network
    TIME_MS = 60000,
    SMALL_LETTERS = 20, // pixels: below, letters are made larger
    WANTED_LETTERS = 32,
    SMALL_SIDE =
        700, // a picture of which nothing was read is made larger when it is smaller than this
    LARGER_MAX = 4, // times
    TURN_PIXELS = 2000000, // turned pictures are tried at this size first
    FEW_LETTERS = 400, // a page has more
    POOR_LETTERS = 8,
    POOR_CONFIDENCE = 68,
    DARK = 110, // median brightness
    SKEW_PIXELS = 1500000, // the angle is measured on this many
};
static const double SKEW_LEAST = 0.4 * M_PI / 180, SKEW_SURE = 3.0;

static const char *const folders[] = {
    "/usr/share/tesseract-ocr/5/tessdata/eng.traineddata",
    "/usr/share/tesseract-ocr/4.00/tessdata/eng.traineddata",
    "/usr/share/tessdata/eng.traineddata",
    "/usr/local/share/tessdata/eng.traineddata",
};

static struct {
    bool looked;
    struct slice model;
    TessBaseAPI *api;
    bool broken;
} engine;

// Enough of a look that the engine does not take it for nothing and go for files: a count of parts, their offsets (-1: not
// there), among them that of the network.
static bool is_model(struct slice s)
{
    uint32_t parts = 0;
    int64_t network = -1;

    if (s.len < sizeof(parts) + MODEL_PARTS_MAX * sizeof(network)) {
        return false;
    }
    memcpy(&parts, s.data, sizeof(parts));
    memcpy(&network, s.data + sizeof(parts) + MODEL_NETWORK * sizeof(network), sizeof(network));
    return parts > MODEL_NETWORK && parts <= MODEL_PARTS_MAX && network > 0 &&
           (uint64_t)network < s.len;
}

static bool map_model(const char *path)
{
    struct stat st;
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 1 ||
        st.st_size > MODEL_BYTES_MAX) {
        return false;
    }
    void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        return false;
    }
    engine.model = slice_make(bytes, (size_t)st.st_size);
    engine.broken = !is_model(engine.model);
    return true;
}

void ocr_prepare(void)
{
    for (size_t i = 0; i < ARRAY_LEN(folders) && !engine.looked; i++) {
        if (map_model(folders[i])) {
            break;
        }
    }
    engine.looked = true;
}

void ocr_use_model(struct slice model)
{
    if (engine.api) {
        TessBaseAPIDelete(engine.api);
    }
    engine.looked = true;
    engine.model = model;
    engine.api = NULL;
    engine.broken = !is_model(model);
}

bool ocr_has_model(void)
{
    return engine.model.len > 0 && !engine.broken;
}

static bool start_engine(void)
{
    if (engine.api || !ocr_has_model()) {
        return engine.api != NULL;
    }
    ocr_without_files();
    engine.api = TessBaseAPICreate();
    if (TessBaseAPIInit5(engine.api, engine.model.data, (int)engine.model.len, "eng", OEM_LSTM_ONLY,
            NULL, 0, NULL, NULL, 0, 0) != 0) {
        TessBaseAPIDelete(engine.api);
        engine.api = NULL;
        engine.broken = true;
        return false;
    }
    // What the document's language model learns from one picture would colour the next.
    TessBaseAPISetVariable(engine.api, "classify_enable_learning", "0");
    return true;
}

// One try.

static void collect(TessResultIterator *it, struct ocr_try *t)
{
    TessPageIterator *page = TessResultIteratorGetPageIterator(it);

    do {
        int x0 = 0, y0 = 0, x1 = 0, y1 = 0;
        char *text = TessResultIteratorGetUTF8Text(it, RIL_WORD);
        if (text && *text && TessPageIteratorBoundingBox(page, RIL_WORD, &x0, &y0, &x1, &y1)) {
            struct ocr_seen *s = &t->seen[t->count++];
            *s = (struct ocr_seen){ .text = (uint32_t)t->text.len,
                .len = (uint32_t)strlen(text),
                .x0 = (float)x0,
                .y0 = (float)y0,
                .x1 = (float)x1,
                .y1 = (float)y1,
                .confidence = TessResultIteratorConfidence(it, RIL_WORD),
                .block = TessPageIteratorIsAtBeginningOf(page, RIL_BLOCK),
                .paragraph = TessPageIteratorIsAtBeginningOf(page, RIL_PARA),
                .line = TessPageIteratorIsAtBeginningOf(page, RIL_TEXTLINE) };
            buf_add_str(&t->text, text);
        }
        TessDeleteText(text);
    } while (t->count < OCR_WORDS_MAX && buf_ok(&t->text) && TessResultIteratorNext(it, RIL_WORD));
}

static void recognise(
    PIX *pix, TessPageSegMode mode, int32_t dpi, int64_t until_ms, struct ocr_try *t)
{
    int64_t left = until_ms - clock_mono_ms();

    t->seen = calloc(OCR_WORDS_MAX, sizeof(*t->seen));
    if (left <= 0 || !t->seen) {
        t->stopped = left <= 0;
        t->failed = !t->seen;
        return;
    }
    TessBaseAPISetPageSegMode(engine.api, mode);
    TessBaseAPISetImage2(engine.api, pix);
    if (dpi > 0) {
        TessBaseAPISetSourceResolution(engine.api, dpi);
    }
    ETEXT_DESC *monitor = TessMonitorCreate();
    TessMonitorSetDeadlineMSecs(monitor, left > INT32_MAX ? INT32_MAX : (int)left);
    int rc = TessBaseAPIRecognize(engine.api, monitor);
    TessMonitorDelete(monitor);
    t->stopped = clock_mono_ms() >= until_ms;
    t->failed = rc != 0 && !t->stopped;
    TessResultIterator *it = TessBaseAPIGetIterator(engine.api);
    if (it) {
        collect(it, t);
        TessResultIteratorDelete(it);
    }
    TessBaseAPIClear(engine.api);
    ocr_try_weigh(t);
}

// The pictures to try.

static PIX *to_pix(const struct ocr_request *q)
{
    PIX *pix = pixCreate(q->width, q->height, 8);

    for (int32_t y = 0; pix && y < q->height; y++) {
        l_uint32 *line = pixGetData(pix) + (size_t)y * (size_t)pixGetWpl(pix);
        const unsigned char *from = q->grey + (size_t)y * (size_t)q->width;
        for (int32_t x = 0; x < q->width; x++) {
            SET_DATA_BYTE(line, x, from[x]);
        }
    }
    return pix;
}

static bool is_dark(const struct ocr_request *q)
{
    size_t n = (size_t)q->width * (size_t)q->height, step = n / 100000 + 1, all = 0, dark = 0;

    for (size_t i = 0; i < n; i += step) {
        all++;
        dark += q->grey[i] < DARK;
    }
    return dark * 2 > all;
}

static PIX *smaller(PIX *pix, int64_t pixels)
{
    double now = (double)pixGetWidth(pix) * pixGetHeight(pix);

    return now <= (double)pixels ? pixClone(pix)
                                 : pixScaleAreaMap(pix, (l_float32)sqrt((double)pixels / now),
                                       (l_float32)sqrt((double)pixels / now));
}

static double skew_of(PIX *pix)
{
    l_float32 angle = 0, sure = 0;
    PIX *small = smaller(pix, SKEW_PIXELS), *binary = NULL;

    if (small && pixGetWidth(small) > 200 && pixGetHeight(small) > 200) {
        pixOtsuAdaptiveThreshold(small, 0, 0, 0, 0, 0.1f, NULL, &binary);
    }
    bool found = binary && pixFindSkew(binary, &angle, &sure) == 0;
    pixDestroy(&binary);
    pixDestroy(&small);
    double radians = (double)angle * M_PI / 180;
    return found && sure >= SKEW_SURE && fabs(radians) >= SKEW_LEAST ? radians : 0;
}

struct work {
    const struct ocr_request *q;
    int64_t until_ms;
    PIX *pix; // upright, 8 bits, dark ink
    PIX *turned[4];
    struct ocr_try best;
};

static PIX *turned(struct work *w, int quarters)
{
    if (!w->turned[quarters]) {
        w->turned[quarters] = quarters ? pixRotateOrth(w->pix, quarters) : pixClone(w->pix);
    }
    return w->turned[quarters];
}

// Turned, straightened where it is askew, scaled, read.
static void attempt(
    struct work *w, int quarters, double scale, TessPageSegMode mode, struct ocr_try *t)
{
    ocr_try_init(t);
    PIX *upright = turned(w, quarters), *straight = NULL, *sized = NULL;

    if (!upright) {
        t->failed = true;
        return;
    }
    t->quarters = quarters;
    t->upright_width = pixGetWidth(upright);
    t->upright_height = pixGetHeight(upright);
    t->skew = scale >= 1 ? skew_of(upright) : 0;
    straight = t->skew != 0 ? pixRotate(upright, (l_float32)t->skew, L_ROTATE_AREA_MAP,
                                  L_BRING_IN_WHITE, t->upright_width, t->upright_height)
                            : pixClone(upright);
    double max = sqrt((double)OCR_PIXELS_MAX / ((double)t->upright_width * t->upright_height));
    scale = scale > max && scale > 1 ? fmax(1, max) : scale;
    if (straight) {
        sized = scale == 1 ? pixClone(straight)
                           : pixScale(straight, (l_float32)scale, (l_float32)scale);
    }
    pixDestroy(&straight);
    if (!sized) {
        t->failed = true;
        return;
    }
    t->scale = scale;
    t->width = pixGetWidth(sized);
    t->height = pixGetHeight(sized);
    recognise(sized, mode, w->q->dpi ? (int32_t)(w->q->dpi * scale) : 0, w->until_ms, t);
    pixDestroy(&sized);
}

// Keeps t if it reads better by `factor`, else forgets it.
static bool keep_better(struct work *w, struct ocr_try *t, double factor)
{
    bool better = t->score > w->best.score * factor || (w->best.count == 0 && t->count > 0);

    w->best.stopped = w->best.stopped || t->stopped;
    if (better) {
        t->stopped = w->best.stopped;
        ocr_try_done(&w->best);
        w->best = *t;
    } else {
        ocr_try_done(t);
    }
    return better;
}

static bool is_poor(const struct ocr_try *t)
{
    return t->letters < POOR_LETTERS || t->confidence < POOR_CONFIDENCE;
}

static void try_turned(struct work *w)
{
    static const int quarters[] = { 1, 3, 2 };
    double scale = sqrt((double)TURN_PIXELS / ((double)w->q->width * w->q->height));
    struct ocr_try best, t;
    bool found = false;

    scale = scale > 1 ? 1 : scale;
    ocr_try_init(&best);
    best.score = w->best.score * 1.3 + 4;
    for (size_t i = 0; i < ARRAY_LEN(quarters) && clock_mono_ms() < w->until_ms; i++) {
        attempt(w, quarters[i], scale, PSM_AUTO, &t);
        if (t.score > best.score) {
            found = true;
            ocr_try_done(&best);
            best = t;
        } else {
            ocr_try_done(&t);
        }
    }
    if (found && scale < 1) {
        attempt(w, best.quarters, 1, PSM_AUTO, &t);
        if (t.score > best.score) {
            ocr_try_done(&best);
            best = t;
        } else {
            ocr_try_done(&t);
        }
    }
    if (found) {
        best.stopped = best.stopped || w->best.stopped;
        ocr_try_done(&w->best);
        w->best = best;
    } else {
        ocr_try_done(&best);
    }
}

static void try_larger(struct work *w)
{
    struct ocr_try t;
    double scale = 1;

    if (w->best.letter > 0 && w->best.letter < SMALL_LETTERS && w->best.letters >= POOR_LETTERS) {
        scale = WANTED_LETTERS / w->best.letter;
    } else if (w->best.letters < POOR_LETTERS && w->q->width < SMALL_SIDE &&
               w->q->height < SMALL_SIDE) {
        scale = 3;
    }
    scale = scale > LARGER_MAX ? LARGER_MAX : scale;
    if (scale > 1.15) {
        attempt(w, w->best.quarters, scale, PSM_AUTO, &t);
        keep_better(w, &t, 1);
    }
}

static void read_all(struct work *w)
{
    struct ocr_try t;

    attempt(w, 0, 1, PSM_AUTO, &w->best);
    try_larger(w);
    if (is_poor(&w->best)) {
        try_turned(w);
    }
    if (!w->q->page && w->best.letters < FEW_LETTERS) {
        attempt(w, w->best.quarters, w->best.scale > 0 ? fmax(1, w->best.scale) : 1,
            PSM_SPARSE_TEXT, &t);
        keep_better(w, &t, 1.2);
    }
}

static void run(const struct ocr_request *q, struct ocr_result *ret)
{
    struct work w = {
        .q = q, .until_ms = clock_mono_ms() + (q->time_ms ? q->time_ms : TIME_MS), .pix = to_pix(q)
    };

    ocr_try_init(&w.best);
    if (w.pix) {
        if (is_dark(q)) {
            pixInvert(w.pix, w.pix);
        }
        read_all(&w);
        ret->outcome = w.best.stopped                       ? OCR_STOPPED
                       : w.best.failed && w.best.count == 0 ? OCR_FAILED
                                                            : OCR_READ;
        ret->turned = 90 * w.best.quarters;
        if (!ocr_make_blocks(&w.best, ret)) {
            ret->outcome = OCR_FAILED;
        }
    } else {
        ret->outcome = OCR_FAILED;
    }
    for (size_t i = 0; i < ARRAY_LEN(w.turned); i++) {
        pixDestroy(&w.turned[i]);
    }
    pixDestroy(&w.pix);
    ocr_try_done(&w.best);
}

void ocr_read(const struct ocr_request *q, struct ocr_result *ret)
{
    *ret = (struct ocr_result){ .outcome = OCR_READ };
    buf_init(&ret->text, 2 * OCR_TEXT_MAX);
    if (!start_engine()) {
        ret->outcome = OCR_NO_MODEL;
        return;
    }
    if (q->width < OCR_SIDE_MIN || q->height < OCR_SIDE_MIN || q->width > OCR_SIDE_MAX ||
        q->height > OCR_SIDE_MAX || (int64_t)q->width * q->height > OCR_PIXELS_MAX) {
        return; // too small for a letter, or not made smaller by the caller
    }
    run(q, ret);
}

void ocr_result_done(struct ocr_result *r)
{
    buf_done(&r->text);
    free(r->words);
    free(r->blocks);
    *r = (struct ocr_result){ .outcome = OCR_READ };
}
