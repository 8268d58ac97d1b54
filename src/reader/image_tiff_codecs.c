// SPDX-License-Identifier: AGPL-3.0-or-later
// The codecs of libtiff that scans and photographs do not use, left out of the reader: these definitions are found before
// the library's own, which, and the libraries behind them, are then not linked. A page packed so has no decoder; libtiff's
// defaults answer an error, and image_tiff.c does not ask. (ocr_nofiles.c does the same to Tesseract.)
#include "reader/image.h"

#include <tiffio.h>

#define LEFT_OUT(name)                                                                             \
    int name(TIFF *file, int scheme);                                                              \
    int name(TIFF *file, int scheme)                                                               \
    {                                                                                              \
        (void)file;                                                                                \
        (void)scheme;                                                                              \
        return 1;                                                                                  \
    }

LEFT_OUT(TIFFInitJBIG)
LEFT_OUT(TIFFInitLERC)
LEFT_OUT(TIFFInitLZMA)
LEFT_OUT(TIFFInitNeXT)
LEFT_OUT(TIFFInitOJPEG)
LEFT_OUT(TIFFInitPixarLog)
LEFT_OUT(TIFFInitSGILog)
LEFT_OUT(TIFFInitThunderScan)
LEFT_OUT(TIFFInitWebP)
LEFT_OUT(TIFFInitZSTD)

void image_tiff_codecs(void)
{
    // Being called is what brings this file into the program.
}
