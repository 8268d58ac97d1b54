// SPDX-License-Identifier: AGPL-3.0-or-later
// The file of alert rules: whatever it holds, it is refused with a sentence, or gives rules that can be written out and read
// again.
#include "base/arena.h"
#include "watch/alert.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct alert_rules rules, back;
    struct error err = { 0 };
    AUTO_BUF text = BUF_INIT(1 << 22);
    AUTO_ARENA arena;

    arena_init(&arena, 1 << 22);
    if (alert_rules_parse(&rules, slice_make((const char *)data, size), &arena, &err) < 0) {
        BUG_ON(!err.text[0]);
        return 0;
    }
    buf_add_str(&text, "{\"rules\":[");
    for (size_t i = 0; i < rules.count; i++) {
        buf_add_str(&text, i ? "," : "");
        alert_rule_json(&text, &rules.rules[i]);
    }
    buf_add_str(&text, "]}");
    BUG_ON(!buf_ok(&text));
    if (alert_rules_parse(&back, buf_slice(&text), &arena, &err) < 0) {
        BUG("not read again: %s", err.text);
    }
    BUG_ON(back.count != rules.count);
    return 0;
}
