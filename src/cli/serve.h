// SPDX-License-Identifier: AGPL-3.0-or-later
// What serve and doctor share.
#ifndef LARDER_CLI_SERVE_H
#define LARDER_CLI_SERVE_H

#include "base/error.h"
#include "config/settings.h"

// The reader program: the setting, else larder-reader beside this binary. The caller frees.
char *reader_program_path(const struct settings *s);
// Makes the data folder and its parts (0700). ERR_IO with a sentence.
int data_folder_make(const char *dir, struct error *err);

#endif
