-- SPDX-License-Identifier: AGPL-3.0-or-later
-- The index's words without digits, for typing errors: to list them from the index means reading all rows of each. A word
-- may stay here for a while after its last passage went.
CREATE TABLE words (word TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
INSERT INTO words SELECT term FROM chunk_words WHERE term GLOB '[a-z]*' AND term NOT GLOB '*[0-9]*' AND length(CAST(term AS BLOB)) < 64;
