-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Documents, their versions' elements and chunks with the full-text index, media, jobs, events, blobs.
-- What is shown of a document are the rows whose version is documents.version; other versions are being written or going.

CREATE TABLE documents (
    key INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: rows of other tables may outlive the document for a moment
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    partition TEXT NOT NULL,
    type TEXT NOT NULL,
    category TEXT NOT NULL,
    media_type TEXT NOT NULL,
    mode TEXT NOT NULL,
    external_id TEXT,
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 10),
    verdict TEXT NOT NULL,
    reason TEXT,
    blob TEXT NOT NULL, -- '' when nothing was kept
    size INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    findings TEXT NOT NULL CHECK (json_valid(findings)),
    errors TEXT NOT NULL CHECK (json_valid(errors)),
    media TEXT NOT NULL CHECK (json_valid(media)),
    version INTEGER NOT NULL DEFAULT 0,
    last_version INTEGER NOT NULL DEFAULT 0, -- the highest that a job was given
    element_count INTEGER NOT NULL DEFAULT 0,
    chunk_count INTEGER NOT NULL DEFAULT 0,
    page_count REAL NOT NULL DEFAULT 0
) STRICT;
-- The same content stands once in a partition; 9 is failed.
CREATE UNIQUE INDEX documents_content ON documents (partition, blob) WHERE status <> 9 AND blob <> '';
CREATE INDEX documents_created ON documents (created_ms, key);
CREATE INDEX documents_partition ON documents (partition, created_ms, key);
CREATE INDEX documents_status ON documents (status, created_ms, key);
CREATE INDEX documents_name ON documents (name COLLATE NOCASE, key);
CREATE INDEX documents_blob ON documents (blob);
CREATE INDEX documents_external ON documents (external_id) WHERE external_id IS NOT NULL;

-- Counts by status, kept by triggers so that reading them every second costs nothing.
CREATE TABLE document_counts (
    status INTEGER PRIMARY KEY,
    documents INTEGER NOT NULL DEFAULT 0,
    elements INTEGER NOT NULL DEFAULT 0,
    chunks INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO document_counts (status) VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10);
CREATE TRIGGER documents_count_insert AFTER INSERT ON documents BEGIN
    UPDATE document_counts SET documents = documents + 1, elements = elements + NEW.element_count,
        chunks = chunks + NEW.chunk_count WHERE status = NEW.status;
END;
CREATE TRIGGER documents_count_delete AFTER DELETE ON documents BEGIN
    UPDATE document_counts SET documents = documents - 1, elements = elements - OLD.element_count,
        chunks = chunks - OLD.chunk_count WHERE status = OLD.status;
END;
CREATE TRIGGER documents_count_update AFTER UPDATE OF status, element_count, chunk_count ON documents BEGIN
    UPDATE document_counts SET documents = documents - 1, elements = elements - OLD.element_count,
        chunks = chunks - OLD.chunk_count WHERE status = OLD.status;
    UPDATE document_counts SET documents = documents + 1, elements = elements + NEW.element_count,
        chunks = chunks + NEW.chunk_count WHERE status = NEW.status;
END;

CREATE TABLE elements (
    document INTEGER NOT NULL,
    version INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    kind TEXT NOT NULL,
    level INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    place TEXT NOT NULL,
    text TEXT NOT NULL,
    markdown TEXT NOT NULL,
    header TEXT NOT NULL,
    image TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX elements_order ON elements (document, version, idx);

CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- the row of chunk_index too; citations keep it, so it is never given twice
    document INTEGER NOT NULL,
    version INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    first_element INTEGER NOT NULL,
    last_element INTEGER NOT NULL,
    heading TEXT NOT NULL,
    text TEXT NOT NULL,
    place TEXT NOT NULL,
    places TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX chunks_order ON chunks (document, version, idx);
-- The text is kept once, in chunks; what goes in here has passed fts_fold (store/fts_text.h).
CREATE VIRTUAL TABLE chunk_index USING fts5 (title, heading, text, content='', contentless_delete=1, prefix='2 3',
    tokenize='porter unicode61 remove_diacritics 2');

CREATE TABLE media (
    document INTEGER NOT NULL,
    version INTEGER NOT NULL, -- -1: of the original, whatever version is shown
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    blob TEXT NOT NULL,
    PRIMARY KEY (document, version, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX media_blob ON media (blob);

CREATE TABLE blobs (
    hash TEXT PRIMARY KEY,
    size INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE blob_counts (one INTEGER PRIMARY KEY CHECK (one = 1), blobs INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO blob_counts VALUES (1, 0, 0);
CREATE TRIGGER blobs_count_insert AFTER INSERT ON blobs BEGIN
    UPDATE blob_counts SET blobs = blobs + 1, bytes = bytes + NEW.size;
END;
CREATE TRIGGER blobs_count_delete AFTER DELETE ON blobs BEGIN
    UPDATE blob_counts SET blobs = blobs - 1, bytes = bytes - OLD.size;
END;

-- Versions (0: all of a document) whose rows are no longer shown and are being removed in small steps.
CREATE TABLE stale (
    document INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (document, version)
) STRICT, WITHOUT ROWID;

-- state: 0 queued, 1 leased, 2 done, 3 failed (refused), 4 dead, 5 cancelled. Times ending in _mono_ms are on the clock
-- that counts since boot and mean nothing under another boot id.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    state INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 5),
    attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    recoveries INTEGER NOT NULL DEFAULT 0,
    epoch INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    worker TEXT,
    boot TEXT NOT NULL DEFAULT '',
    due_mono_ms INTEGER NOT NULL DEFAULT 0,
    leased_mono_ms INTEGER NOT NULL DEFAULT 0,
    deadline_mono_ms INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    took_ms INTEGER, -- of the last lease
    sentence TEXT,
    unit TEXT NOT NULL DEFAULT '',
    done INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL DEFAULT 0,
    superseded INTEGER NOT NULL DEFAULT 0, -- dead, and read again since
    CHECK ((state >= 2) = (ended_ms IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX jobs_live ON jobs (document) WHERE state < 2; -- one at a time
CREATE INDEX jobs_document ON jobs (document);
CREATE INDEX jobs_queued ON jobs (id) WHERE state = 0;
CREATE INDEX jobs_leased ON jobs (id) WHERE state = 1;
CREATE INDEX jobs_done ON jobs (ended_ms) WHERE state = 2;
CREATE INDEX jobs_dead ON jobs (id) WHERE state = 4 AND superseded = 0;
CREATE INDEX jobs_ended ON jobs (ended_ms) WHERE state >= 2;
-- Exactly one end.
CREATE TRIGGER jobs_one_end BEFORE UPDATE OF state ON jobs WHEN OLD.state >= 2 BEGIN
    SELECT RAISE(ABORT, 'the job has ended');
END;
CREATE TRIGGER jobs_steps BEFORE UPDATE OF state ON jobs
WHEN OLD.state = 0 AND NEW.state IN (2, 3) BEGIN
    SELECT RAISE(ABORT, 'a job ends well only from its lease');
END;
CREATE TRIGGER jobs_fence BEFORE UPDATE OF epoch ON jobs WHEN NEW.epoch < OLD.epoch BEGIN
    SELECT RAISE(ABORT, 'an epoch never goes back');
END;

CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    document_id TEXT,
    data TEXT NOT NULL
) STRICT;
CREATE INDEX events_progress ON events (seq) WHERE kind = 'document.progress';
