// SPDX-License-Identifier: AGPL-3.0-or-later
// Folders that another, untrusted program wrote into: measured and removed without following a link, however deep or wide
// they are. Any thread; nobody else may write into them while they are removed.
#ifndef LARDER_OS_TREE_H
#define LARDER_OS_TREE_H

#include "base/error.h"

struct tree_size {
    int64_t bytes; // on disk
    int64_t entries;
};
// Counts no further than entries_max. 0 or ERR_IO; what vanishes meanwhile is not an error.
int tree_measure(const char *folder, int64_t entries_max, struct tree_size *ret);
// Removes the folder with all that is in it. 0, also when it is not there; ERR_IO when something stayed.
int tree_remove(const char *folder, struct error *err);
// Removes what is in the folder and leaves it.
int tree_empty(const char *folder, struct error *err);

#endif
