// SPDX-License-Identifier: AGPL-3.0-or-later
// What Tesseract and Leptonica would link for their command line programs and never need here: files of pictures, PDF,
// archives, downloads, threads. These definitions are found before the libraries' own, so none of that code is part of
// the reader; a call gives "no". Pictures reach the engine as memory, its model as a mapping. (pdf_nojs.c does the same
// to scripts.) OpenMP's calls run their work at once, on the one thread that there is.
#include "reader/ocr.h"

#include <leptonica/allheaders.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wunused-parameter"

#define NO_PIX(call)                                                                               \
    PIX *call                                                                                      \
    {                                                                                              \
        return NULL;                                                                               \
    }
#define NO_PIXA(call)                                                                              \
    PIXA *call                                                                                     \
    {                                                                                              \
        return NULL;                                                                               \
    }
#define NO_DATA(call)                                                                              \
    L_COMP_DATA *call                                                                              \
    {                                                                                              \
        return NULL;                                                                               \
    }
#define NOT_DONE(call)                                                                             \
    l_ok call                                                                                      \
    {                                                                                              \
        return 1;                                                                                  \
    }

// readfile.c, tiffio.c, pngio.c
NO_PIX(pixRead(const char *name))
NO_PIX(pixReadTiff(const char *name, l_int32 n))
NO_PIX(pixReadMemTiff(const l_uint8 *data, size_t size, l_int32 n))
NO_PIX(pixReadFromMultipageTiff(const char *name, size_t *offset))
NO_PIX(pixReadMemFromMultipageTiff(const l_uint8 *data, size_t size, size_t *offset))
NO_PIX(pixReadStreamPng(FILE *f))
NO_PIXA(pixaReadFiles(const char *folder, const char *part))
NO_PIXA(pixaReadFilesSA(SARRAY *names))
NOT_DONE(findFileFormat(const char *name, l_int32 *format))
NOT_DONE(findFileFormatBuffer(const l_uint8 *data, l_int32 *format))
NOT_DONE(pixReadHeaderMem(const l_uint8 *data, size_t size, l_int32 *format, l_int32 *w, l_int32 *h,
    l_int32 *bps, l_int32 *spp, l_int32 *mapped))

// writefile.c
const char *ImageFileFormatExtensions[] = { "unknown" };
const l_int32 NumImageFileFormatExtensions = 1;
l_int32 LeptDebugOK = 0;
NOT_DONE(pixWrite(const char *name, PIX *pix, l_int32 format))
NOT_DONE(pixWriteDebug(const char *name, PIX *pix, l_int32 format))
NOT_DONE(pixWriteStreamPng(FILE *f, PIX *pix, l_float32 gamma))
NOT_DONE(pixaWriteFiles(const char *root, PIXA *pixa, l_int32 format))
NOT_DONE(pixDisplay(PIX *pix, l_int32 x, l_int32 y))
NOT_DONE(l_fileDisplay(const char *name, l_int32 x, l_int32 y, l_float32 scale))

// The engine keeps the picture of each line packed as a PNG and unpacks it at once. Kept as it is instead, which is faster.
struct kept {
    int32_t width, height, depth, words;
    uint32_t data[];
};

l_ok pixWriteMem(l_uint8 **data, size_t *size, PIX *pix, l_int32 format)
{
    *data = NULL;
    *size = 0;
    if (!pix || pixGetColormap(pix)) {
        return 1;
    }
    size_t words = (size_t)pixGetWpl(pix) * (size_t)pixGetHeight(pix),
           bytes = sizeof(struct kept) + words * sizeof(uint32_t);
    struct kept *k = malloc(bytes);
    if (!k) {
        return 1;
    }
    *k = (struct kept){ pixGetWidth(pix), pixGetHeight(pix), pixGetDepth(pix), pixGetWpl(pix) };
    memcpy(k->data, pixGetData(pix), words * sizeof(uint32_t));
    *data = (l_uint8 *)k;
    *size = bytes;
    return 0;
}

PIX *pixReadMem(const l_uint8 *data, size_t size)
{
    struct kept k;

    if (!data || size < sizeof(k)) {
        return NULL;
    }
    memcpy(&k, data, sizeof(k));
    PIX *pix = pixCreateNoInit(k.width, k.height, k.depth);
    size_t bytes = pix ? (size_t)pixGetWpl(pix) * (size_t)pixGetHeight(pix) * sizeof(uint32_t) : 0;
    if (pix && (pixGetWpl(pix) != k.words || size - sizeof(k) != bytes)) {
        pixDestroy(&pix);
    }
    if (pix) {
        memcpy(pixGetData(pix), data + sizeof(k), bytes);
    }
    return pix;
}

// pdfio1.c, pdfio2.c
NOT_DONE(convertFilesToPdf(const char *folder, const char *part, l_int32 res, l_float32 scale,
    l_int32 type, l_int32 quality, const char *title, const char *out))
NOT_DONE(pixaConvertToPdf(PIXA *pixa, l_int32 res, l_float32 scale, l_int32 type, l_int32 quality,
    const char *title, const char *out))
NOT_DONE(pixConvertToPdfData(PIX *pix, l_int32 type, l_int32 quality, l_uint8 **data, size_t *size,
    l_int32 x, l_int32 y, l_int32 res, const char *title, L_PDF_DATA **lpd, l_int32 position))
NOT_DONE(selectDefaultPdfEncoding(PIX *pix, l_int32 *type))
NOT_DONE(ptraConcatenatePdfToData(L_PTRA *parts, SARRAY *names, l_uint8 **data, size_t *size))
NOT_DONE(l_generateCIDataForPdf(const char *name, PIX *pix, l_int32 quality, L_COMP_DATA **cid))
NOT_DONE(
    pixGenerateCIData(PIX *pix, l_int32 type, l_int32 quality, l_int32 ascii85, L_COMP_DATA **cid))
NOT_DONE(cidConvertToPdfData(L_COMP_DATA *cid, const char *title, l_uint8 **data, size_t *size))
NO_DATA(l_generateJpegDataMem(l_uint8 *data, size_t size, l_int32 ascii85))
void l_CIDataDestroy(L_COMP_DATA **cid)
{
}

// libcurl and libarchive; their headers are not needed for a "no".
#define NOTHING(name)                                                                              \
    void *name(void);                                                                              \
    void *name(void)                                                                               \
    {                                                                                              \
        return NULL;                                                                               \
    }
#define FAILURE(name)                                                                              \
    int name(void);                                                                                \
    int name(void)                                                                                 \
    {                                                                                              \
        return -30;                                                                                \
    }
NOTHING(curl_easy_init)
NOTHING(curl_easy_cleanup)
NOTHING(curl_easy_strerror)
FAILURE(curl_easy_perform)
FAILURE(curl_easy_setopt)
NOTHING(archive_read_new)
NOTHING(archive_entry_pathname)
NOTHING(archive_entry_size)
NOTHING(archive_read_data)
FAILURE(archive_read_free)
FAILURE(archive_read_next_header)
FAILURE(archive_read_open_filename)
FAILURE(archive_read_support_filter_all)
FAILURE(archive_read_support_format_all)

// OpenMP, as libgomp has it.
static unsigned sections_left, section;

int omp_get_num_threads(void);
int omp_get_thread_num(void);
void GOMP_parallel(void (*work)(void *), void *data, unsigned threads, unsigned flags);
void GOMP_parallel_sections(
    void (*work)(void *), void *data, unsigned threads, unsigned count, unsigned flags);
unsigned GOMP_sections_next(void);
void GOMP_sections_end_nowait(void);

int omp_get_num_threads(void)
{
    return 1;
}

int omp_get_thread_num(void)
{
    return 0;
}

void GOMP_parallel(void (*work)(void *), void *data, unsigned threads, unsigned flags)
{
    work(data);
}

void GOMP_parallel_sections(
    void (*work)(void *), void *data, unsigned threads, unsigned count, unsigned flags)
{
    sections_left = count;
    section = 0;
    work(data);
}

unsigned GOMP_sections_next(void)
{
    if (sections_left == 0) {
        return 0;
    }
    sections_left--;
    return ++section;
}

void GOMP_sections_end_nowait(void)
{
}

// So that this file is part of whatever has ocr.c in it, ahead of the libraries.
void ocr_without_files(void)
{
    setMsgSeverity(L_SEVERITY_NONE);
}
