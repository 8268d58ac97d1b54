-- SPDX-License-Identifier: AGPL-3.0-or-later
-- What the assistant was asked and answered: conversations with their messages, and each run with its steps (the trace).

CREATE TABLE conversations (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    partition TEXT NOT NULL,
    title TEXT NOT NULL, -- the first question, cut
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX conversations_updated ON conversations (updated_ms, key);

CREATE TABLE runs (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    question TEXT NOT NULL,
    status TEXT NOT NULL, -- completed, failed, cancelled
    error TEXT, -- the sentence, unless completed
    answer TEXT NOT NULL CHECK (json_valid(answer)), -- as POST /v1/ask gave it
    summary TEXT NOT NULL CHECK (json_valid(summary)), -- mode, model, usage
    created_ms INTEGER NOT NULL,
    took_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_conversation ON runs (conversation, key);

CREATE TABLE run_steps (
    run INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    idx INTEGER NOT NULL,
    step TEXT NOT NULL CHECK (json_valid(step)),
    PRIMARY KEY (run, idx)
) STRICT, WITHOUT ROWID;

-- One message of the user and one of the assistant for each run.
CREATE TABLE messages (
    conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
    idx INTEGER NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    text TEXT NOT NULL,
    run TEXT NOT NULL, -- the run's id
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (conversation, idx)
) STRICT, WITHOUT ROWID;
