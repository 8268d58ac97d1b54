-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Who may act (store/keys.h) and what was done and refused (store/audit.h).

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY, -- stands in the key's text
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    scopes TEXT NOT NULL, -- words with spaces between; '': all of the role
    partitions TEXT NOT NULL, -- names with spaces between; '': all
    digest TEXT NOT NULL CHECK (length(digest) = 64), -- SHA-256 of the key, hexadecimal; the key itself is nowhere
    old_digest TEXT NOT NULL CHECK (length(old_digest) = 64), -- of the key before a rotation
    old_until_ms INTEGER NOT NULL DEFAULT 0, -- that one works until then
    created_ms INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_ms INTEGER NOT NULL DEFAULT 0, -- 0: never
    rotated_ms INTEGER NOT NULL DEFAULT 0,
    used_ms INTEGER NOT NULL DEFAULT 0,
    used_from TEXT NOT NULL DEFAULT '',
    quota_bytes INTEGER NOT NULL DEFAULT 0, -- a day; 0: as the settings say
    quota_documents INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- What each caller took in on a day (days since 1970-01-01 UTC).
CREATE TABLE quota_days (
    who TEXT NOT NULL,
    day INTEGER NOT NULL,
    documents INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (who, day)
) STRICT, WITHOUT ROWID;

-- hash = SHA-256, in hexadecimal, of the row before's hash (64 zeros for the first) and the row as the JSON array
-- [seq,time_ms,who,act,subject,outcome,status,address,request_id,detail].
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    time_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    act TEXT NOT NULL,
    subject TEXT NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER NOT NULL,
    address TEXT NOT NULL,
    request_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'audit rows are never changed');
END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'audit rows are never removed');
END;
