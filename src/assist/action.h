// SPDX-License-Identifier: AGPL-3.0-or-later
// Verbs whose meaning lies in a small word: "turn the grill off", "shut down", "switch on". By single words turning on and
// turning off are the same, and a manual that says "shutdown" holds none of them. Pure; any thread.
#ifndef LARDER_ASSIST_ACTION_H
#define LARDER_ASSIST_ACTION_H

#include "text/words.h"

enum action { ACTION_NONE, ACTION_ON, ACTION_OFF };

// Reads a text word by word; all zero at the start.
struct action_reader {
    size_t since; // words since the verb, from 1; 0: none is open
    size_t verb_start, verb_end; // bytes of it; 0, 0: the action was a word of its own
    bool adjacent; // nothing stood between
    bool starts; // "start" and "power" alone say "on" already and take "up" as well
    bool shuts; // "shut" takes "down" as well
};
// The action that this word completes: "off" of "turn … off", or "shutdown" alone.
enum action action_next(struct action_reader *r, struct slice text, const struct word *word);
// The words that are looked for besides those of the question.
const char *action_words(enum action a);

#endif
