-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 004 took a document's name for the partition's when it counted, so that partitions of older databases had no passages in
-- their statistics. A partition's passages are a range of chunk ids (store/chunk_id.h).
UPDATE partitions SET
    chunks = (SELECT count(*) FROM chunks c WHERE c.id >= partitions.key << 43 AND c.id < (partitions.key + 1) << 43),
    words = (SELECT coalesce(sum(c.words), 0) FROM chunks c WHERE c.id >= partitions.key << 43 AND c.id < (partitions.key + 1) << 43);
