// SPDX-License-Identifier: AGPL-3.0-or-later
// The file of settings, as any text: it is refused with a sentence, or every value fits its type.
#include "base/utf8.h"
#include "config/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FD int fd = memfd_create("settings", MFD_CLOEXEC);
    struct error err = { 0 };
    struct settings s;
    char path[64];

    if (size > INPUT_MAX || fd < 0 || write(fd, data, size) != (ssize_t)size) {
        return 0;
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    settings_init(&s);
    int rc = settings_load_file(&s, path, &err);
    BUG_ON(rc != 0 && (!err.text[0] || !utf8_valid(slice_of(err.text))));
    for (size_t i = 0; rc == 0 && setting_at(i); i++) {
        const struct setting_info *info = setting_at(i);
        const char *at = (const char *)&s + info->offset;
        if (info->type == SETTING_TEXT || info->type == SETTING_CHOICE) {
            BUG_ON(!*(char *const *)(const void *)at);
        } else {
            BUG_ON(*(const int64_t *)(const void *)at < 0);
        }
    }
    settings_done(&s);
    return 0;
}
