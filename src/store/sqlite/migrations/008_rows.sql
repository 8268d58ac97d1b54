-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Where each line of a table stands on its page (wire/span_list.h); '' for all else, and for what was read before.
ALTER TABLE elements ADD COLUMN rows TEXT NOT NULL DEFAULT '';
