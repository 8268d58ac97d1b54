// SPDX-License-Identifier: AGPL-3.0-or-later
// How many connections each client's address holds, so that one address can't take all that the server has. An IPv6 address
// stands for its network of 64 bits, since each client has that many. This machine's own addresses are not counted: whoever
// can connect from here needs no network, and a proxy here that nobody named brings the connections of everybody. Those of a
// trusted proxy count for the client that it names, as long as its request or stream lasts (conn.c). Loop thread only.
// Limit: as many addresses as connections.
#include "http/internal.h"

#include "base/map.h"

#include <stdlib.h>

struct address {
    int count; // connections; 0 never stays
    struct slice key;
    uint8_t bytes[FORWARD_ADDRESS];
};
struct addresses {
    struct map map; // bytes of an address to its struct address
};

struct addresses *addresses_new(int most)
{
    struct addresses *a = xalloc(sizeof(*a));

    map_init(&a->map, (size_t)most);
    return a;
}

void addresses_free(struct addresses *a)
{
    size_t at = 0;

    if (!a) {
        return;
    }
    for (struct map_entry *e; (e = map_next(&a->map, &at));) {
        free(e->value);
    }
    map_done(&a->map);
    free(a);
}

static bool is_mapped(const uint8_t *bytes) // ::ffff:a.b.c.d
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

    return memcmp(bytes, mapped, sizeof(mapped)) == 0;
}

static bool is_loopback(const uint8_t *bytes, bool v4)
{
    static const uint8_t one[FORWARD_ADDRESS] = { [FORWARD_ADDRESS - 1] = 1 };

    return v4 ? bytes[12] == 127 : memcmp(bytes, one, sizeof(one)) == 0;
}

struct address *addresses_enter(struct addresses *a, struct slice text, int *ret_count)
{
    struct address fresh = { .count = 0 };
    bool v4;

    if (!forward_read_address(text, fresh.bytes, &v4)) {
        return NULL;
    }
    v4 = v4 || is_mapped(fresh.bytes);
    if (is_loopback(fresh.bytes, v4)) {
        return NULL;
    }
    fresh.key = slice_make((const char *)fresh.bytes, v4 ? FORWARD_ADDRESS : FORWARD_ADDRESS / 2);
    struct address *found = map_find(&a->map, fresh.key);
    if (!found) {
        found = xalloc(sizeof(*found));
        *found = fresh;
        found->key.data = (const char *)found->bytes;
        if (map_put(&a->map, found->key, found) != 0) {
            free(found);
            return NULL; // no memory: then the bound of all connections is what holds
        }
    }
    *ret_count = ++found->count;
    return found;
}

void addresses_leave(struct addresses *a, struct address *address)
{
    if (address && --address->count == 0) {
        map_remove(&a->map, address->key);
        free(address);
    }
}
