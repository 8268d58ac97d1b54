-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Search by words with each partition's own statistics, and by meaning.
-- A chunk's id now says its partition, its order there and its length (store/chunk_id.h), so that the full-text index can be
-- read for one partition only and scored without looking anything up. The functions used here are those of sqlite/rank.c.

CREATE TABLE partitions (
    key INTEGER PRIMARY KEY AUTOINCREMENT CHECK (key < 1048576),
    name TEXT NOT NULL UNIQUE,
    next_chunk INTEGER NOT NULL DEFAULT 1,
    chunks INTEGER NOT NULL DEFAULT 0, -- in the index, shown or not
    words INTEGER NOT NULL DEFAULT 0 -- of them all
) STRICT;
INSERT INTO partitions (name) SELECT DISTINCT partition FROM documents;

DROP TABLE chunk_index;
DELETE FROM chunks WHERE document NOT IN (SELECT key FROM documents);
ALTER TABLE chunks ADD COLUMN words INTEGER NOT NULL DEFAULT 0; -- of title, heading and text
ALTER TABLE chunks ADD COLUMN starts TEXT NOT NULL DEFAULT ''; -- JSON: where each element begins in text; -1 - n: a heading's
UPDATE chunks SET words = text_words((SELECT name FROM documents d WHERE d.key = document)) + text_words(heading) + text_words(text);
UPDATE partitions SET next_chunk = 1 + coalesce((SELECT max(id) FROM chunks), 0),
    chunks = (SELECT count(*) FROM chunks c JOIN documents d ON d.key = c.document WHERE d.partition = name),
    words = (SELECT coalesce(sum(c.words), 0) FROM chunks c JOIN documents d ON d.key = c.document WHERE d.partition = name);
UPDATE chunks SET id = chunk_id((SELECT p.key FROM partitions p JOIN documents d ON d.partition = p.name WHERE d.key = document), id, words);

CREATE VIRTUAL TABLE chunk_index USING fts5 (title, heading, text, content='', contentless_delete=1, prefix='2 3',
    tokenize='porter unicode61 remove_diacritics 2');
INSERT INTO chunk_index (rowid, title, heading, text)
    SELECT c.id, fts_fold(d.name), fts_fold(c.heading), fts_fold(c.text) FROM chunks c JOIN documents d ON d.key = c.document ORDER BY c.id;
CREATE VIRTUAL TABLE chunk_words USING fts5vocab (chunk_index, 'row');

-- What makes vectors comparable. Vectors of two spaces are never looked at together; the newest space is in use.
CREATE TABLE spaces (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    model TEXT NOT NULL,
    hash TEXT NOT NULL, -- SHA-256 of the model's file
    dimension INTEGER NOT NULL,
    pooling TEXT NOT NULL,
    query_prefix TEXT NOT NULL,
    passage_prefix TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE vectors (
    space INTEGER NOT NULL,
    chunk INTEGER NOT NULL,
    document INTEGER NOT NULL,
    scale REAL NOT NULL,
    numbers BLOB NOT NULL, -- dimension signed bytes; times scale they are the vector
    PRIMARY KEY (space, chunk)
) STRICT, WITHOUT ROWID;
-- Shown versions that have chunks without a vector in the space that is in use.
CREATE TABLE unembedded (
    document INTEGER PRIMARY KEY REFERENCES documents (key) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    next_chunk INTEGER NOT NULL DEFAULT 0, -- idx
    waits INTEGER NOT NULL -- 1: the document is "indexed" until this is done, and goes first
) STRICT;
CREATE INDEX unembedded_order ON unembedded (waits DESC, document);
INSERT INTO unembedded (document, version, waits) SELECT key, version, 0 FROM documents WHERE version > 0;
CREATE TRIGGER documents_hidden AFTER UPDATE OF version ON documents WHEN NEW.version = 0 BEGIN
    DELETE FROM unembedded WHERE document = NEW.key;
END;
