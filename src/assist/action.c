// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements action.h.
#include "assist/action.h"

enum { BETWEEN_MAX = 4 }; // words from the verb to the small word: "turn all of the burners off"

// Nothing follows it in its sentence: "turn the oven on."
static bool ends(struct slice text, const struct word *word)
{
    return word->end >= text.len || strchr(".?!,;:\n", text.data[word->end]);
}

enum action action_next(struct action_reader *r, struct slice text, const struct word *word)
{
    const char *w = word->folded;
    bool shuts = word_among(w, "shut shuts shutting");
    bool starts = word_among(w, "start starts starting started power powers powering powered");

    if (shuts || starts ||
        word_among(w, "turn turns turning turned switch switches switching switched")) {
        *r = (struct action_reader){ .since = 1,
            .verb_start = word->start,
            .verb_end = word->end,
            .starts = starts,
            .shuts = shuts };
        return ACTION_NONE;
    }
    if (word_among(w, "shutdown shutoff startup")) {
        *r = (struct action_reader){ 0 };
        return w[1] == 't' ? ACTION_ON : ACTION_OFF;
    }
    if (r->since == 0 || r->since > BETWEEN_MAX + 1) {
        r->since = 0;
        return ACTION_NONE;
    }
    enum action done = strcmp(w, "off") == 0                               ? ACTION_OFF
                       : strcmp(w, "down") == 0 && (r->shuts || r->starts) ? ACTION_OFF
                       : strcmp(w, "on") == 0 && (r->since == 1 || ends(text, word)) && !r->shuts
                           ? ACTION_ON
                       : strcmp(w, "up") == 0 && r->starts ? ACTION_ON
                                                           : ACTION_NONE;
    r->adjacent = r->since == 1;
    r->since = done == ACTION_NONE ? r->since + 1 : 0;
    return done;
}

const char *action_words(enum action a)
{
    return a == ACTION_OFF ? "off shutdown" : a == ACTION_ON ? "startup" : "";
}
