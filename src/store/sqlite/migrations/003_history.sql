-- Histories of metrics (store/history.h) and what alerting keeps (store/alerts.h).
CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  counter INTEGER NOT NULL
) STRICT;
CREATE TABLE history_seconds (
  start_s INTEGER PRIMARY KEY,
  seconds INTEGER NOT NULL,
  data BLOB NOT NULL -- series' number, length, column; again
) STRICT;
CREATE TABLE history_minutes (
  series INTEGER NOT NULL,
  start_s INTEGER NOT NULL, -- of the hour
  data BLOB NOT NULL, -- columns of 60
  PRIMARY KEY (series, start_s)
) STRICT, WITHOUT ROWID;
CREATE TABLE history_hours (
  series INTEGER NOT NULL,
  start_s INTEGER NOT NULL, -- of the day
  data BLOB NOT NULL, -- columns of 24
  PRIMARY KEY (series, start_s)
) STRICT, WITHOUT ROWID;
CREATE TABLE history_state (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  compacted_s INTEGER NOT NULL, -- all seconds before it are in the coarser tiers
  bytes INTEGER NOT NULL -- of all data above
) STRICT;
INSERT INTO history_state VALUES (1, 0, 0);

CREATE TABLE alerts (
  rule TEXT NOT NULL,
  word TEXT NOT NULL, -- of the rule's label; '' if it is not split
  row TEXT NOT NULL, -- JSON, as the machine left it
  PRIMARY KEY (rule, word)
) STRICT, WITHOUT ROWID;
CREATE TABLE alert_history (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time_ms INTEGER NOT NULL,
  rule TEXT NOT NULL,
  word TEXT NOT NULL,
  row TEXT NOT NULL
) STRICT;
CREATE INDEX alert_history_rule ON alert_history (rule, id);
CREATE TABLE silences (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  until_ms INTEGER NOT NULL,
  row TEXT NOT NULL
) STRICT;
