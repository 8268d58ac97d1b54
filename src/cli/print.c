// SPDX-License-Identifier: AGPL-3.0-or-later
// What commands print with.
#include "base/utf8.h"
#include "cli/command.h"
#include "wire/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

void print_json(const json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
    putchar('\n');
}

const char *field_text(const json_t *object, const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));

    return text ? text : "";
}

int64_t field_number(const json_t *object, const char *field)
{
    return (int64_t)json_number_value(json_object_get(object, field));
}

void print_safe(const char *text)
{
    AUTO_BUF clean = BUF_INIT(16 * 1024 * 1024);

    utf8_add_clean(&clean, slice_of(text));
    for (size_t i = 0; i < clean.len;
         i++) { // C1 controls drive terminals too: U+0080 to U+009F are C2 80 to C2 9F
        unsigned char c = (unsigned char)clean.data[i], next = (unsigned char)clean.data[i + 1];
        if (c == 0xC2 && next >= 0x80 && next <= 0x9F) {
            i++;
            continue;
        }
        putchar(c);
    }
}

void print_place(const json_t *place)
{
    AUTO_FREE char *text = place ? json_dumps(place, JSON_COMPACT) : NULL;
    AUTO_ARENA arena;
    AUTO_BUF words = BUF_INIT(4096);
    struct place p;

    arena_init(&arena, 64 * 1024);
    if (text && place_parse_json(slice_of(text), &arena, &p) == 0) {
        place_add_words(&words, &p);
        print_safe(words.data ? words.data : "");
    }
}

void print_findings(const json_t *findings)
{
    size_t i = 0;
    json_t *f = NULL;

    json_array_foreach(findings, i, f)
    {
        const json_t *place = json_object_get(f, "place");
        printf("    layer %lld, %s, %s: ", (long long)field_number(f, "layer"),
            field_text(f, "severity"), field_text(f, "code"));
        print_safe(field_text(f, "message"));
        if (json_is_object(place)) {
            printf(" (");
            print_place(place);
            printf(")");
        }
        if (field_text(f, "advice")[0]) {
            printf("\n        ");
            print_safe(field_text(f, "advice"));
        }
        putchar('\n');
    }
}
