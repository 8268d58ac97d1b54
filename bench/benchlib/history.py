# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two years of measurements for a store, as a restaurant's server would have kept them: for pictures and for measuring.

The rows are those that the server itself writes (store/sqlite/history_codec.h and history.c): hours for two years, minutes for
90 days, seconds for a day. Written straight into the database of a server that does not run.
"""
import math
import random
import sqlite3
import struct
import sys
import time

MINUTE, HOUR, DAY = 60, 3600, 86400
HOURS_DAYS, MINUTES_DAYS = 730, 90
GIB = 1 << 30
NONE = float("nan")
TYPES = {"pdf": 30, "docx": 18, "xlsx": 12, "csv": 8, "jpg": 20, "pptx": 3, "txt": 6, "mp3": 2}  # documents on a usual day
FAIL = {"pdf": 0.01, "docx": 0.004, "xlsx": 0.006, "csv": 0.0, "jpg": 0.012, "pptx": 0.005, "txt": 0.0, "mp3": 0.03}
STAGES = {"receive": 0.03, "check": 0.02, "read": 0.28, "chunk": 0.008, "embed": 0.15, "index": 0.02, "search": 0.011}


def opened(t):
    """How busy a restaurant is, 0 to about 2: nobody at night, the most before lunch and dinner, quiet on Mondays."""
    hour, weekday = t % DAY / HOUR, int(t // DAY + 3) % 7
    shape = math.exp(-((hour - 10.5) / 2.2) ** 2) + 0.8 * math.exp(-((hour - 16.5) / 2.0) ** 2) + 0.25 * math.exp(-((hour - 22) / 1.2) ** 2)
    return shape * (0.35 if weekday == 0 else 1.15 if weekday in (4, 5) else 1)


def grown(t, now):
    """How much of the two years has passed, 0 to 1."""
    return max(0.0, 1 - (now - t) / (HOURS_DAYS * DAY))


PER_DAY = sum(opened(s * 900 + 3 * DAY) for s in range(96)) / 4  # hours of a usual day, weighed


class Model:
    """Rates (a second) and readings at a time; counters become numbers of events by chance, so that sums agree with whole events."""

    def __init__(self, now, disk_total=220 * GIB, seed=7):
        self.now, self.disk_total, self.rng = now, disk_total, random.Random(seed)
        self.counters, self.readings = {}, {}
        self._uploads()
        self._rest()

    def _busy(self, t, a_day):
        return a_day * (0.4 + 0.6 * grown(t, self.now)) * opened(t) / PER_DAY / HOUR

    def _uploads(self):
        for kind, number in TYPES.items():
            fail = FAIL[kind]
            for outcome, share in (("accepted", 0.93 - fail), ("warned", 0.05), ("duplicate", 0.02), ("rejected", fail)):
                self.counters[f'larder_uploads_total{{type="{kind}",outcome="{outcome}"}}'] = lambda t, n=number * share: self._busy(t, n)
            for outcome, share in (("ready", 0.99 - fail / 2), ("refused", fail / 2)):
                self.counters[f'larder_documents_processed_total{{type="{kind}",outcome="{outcome}"}}'] = lambda t, n=number * share: self._busy(t, n)
        documents = sum(TYPES.values())
        self.counters["larder_processing_seconds_count"] = lambda t: self._busy(t, documents)
        self.counters["larder_processing_seconds_sum"] = lambda t: self._busy(t, documents) * 0.55 * (1 + 0.5 * opened(t))
        self.counters['larder_reader_ends_total{end="done"}'] = lambda t: self._busy(t, documents * 2)
        self.counters['larder_reader_ends_total{end="out_of_time"}'] = lambda t: self._busy(t, 0.02)
        self.counters['larder_searches_total{outcome="found"}'] = lambda t: self._busy(t, 260)
        self.counters['larder_searches_total{outcome="nothing"}'] = lambda t: self._busy(t, 9)

    def _rest(self):
        now, rng = self.now, self.rng
        noise = lambda size: 1 + size * (rng.random() - 0.5)
        c, r = self.counters, self.readings
        c['larder_http_responses_total{status="2xx"}'] = lambda t: 0.05 + self._busy(t, 4000)
        c['larder_http_responses_total{status="4xx"}'] = lambda t: self._busy(t, 20)
        c['larder_http_responses_total{status="5xx"}'] = lambda t: self._busy(t, 0.3)
        c["process_cpu_seconds_total"] = lambda t: 0.004 + self._busy(t, 900)
        c["larder_store_commits_total"] = lambda t: 0.02 + self._busy(t, 900)
        c["larder_store_commit_seconds_total"] = lambda t: (0.02 + self._busy(t, 900)) * 0.0045 * (1 + 0.3 * opened(t))
        c["larder_streams_resumed_total"] = lambda t: self._busy(t, 6)
        c["larder_streams_slow_closed_total"] = lambda t: self._busy(t, 0.01)
        c["larder_notifications_total{channel=\"webhook\",outcome=\"sent\"}"] = lambda t: self._busy(t, 0.05)
        blobs = lambda t: (1.5 + 30 * grown(t, now)) * GIB
        database = lambda t: (0.2 + 2.6 * grown(t, now)) * GIB
        r["larder_store_blob_bytes"] = blobs
        r["larder_store_database_bytes"] = database
        r["larder_disk_free_bytes"] = lambda t: self.disk_total - 60 * GIB - blobs(t) - database(t)
        r["larder_disk_total_bytes"] = lambda t: self.disk_total
        r["larder_disk_full_seconds"] = lambda t: 3650 * DAY if opened(t) < 0.3 else 320 * DAY * noise(0.5)
        r["larder_memory_used_ratio"] = lambda t: (0.21 + 0.09 * opened(t) + 0.03 * grown(t, now)) * noise(0.06)
        r["process_resident_memory_bytes"] = lambda t: (110 + 60 * grown(t, now) + 45 * opened(t)) * (1 << 20)
        for resource, most in (("cpu", 0.09), ("memory", 0.0), ("io", 0.03)):
            r[f'larder_pressure_ratio{{resource="{resource}"}}'] = lambda t, n=most: n * opened(t) * noise(0.8)
        for state, most in (("queued", 0.35), ("running", 0.3), ("dead", 0)):
            r[f'larder_jobs{{state="{state}"}}'] = lambda t, n=most: round(n * opened(t) * 4 * rng.random())
        r["larder_job_oldest_waiting_seconds"] = lambda t: max(0.0, 2.5 * opened(t) * (rng.random() - 0.4))
        r["larder_uploads_active"] = lambda t: round(opened(t) * rng.random())
        r["larder_websockets"] = lambda t: 3 + round(9 * opened(t))
        r["larder_websocket_rtt_seconds"] = lambda t: 0.0021 * noise(0.5) * (1 + opened(t))
        r["larder_canary_failures"] = lambda t: 0.0
        r["larder_canary_seconds"] = lambda t: 0.11 * noise(0.3)
        for part in ("database", "disk"):
            r[f'larder_integrity_failures{{part="{part}"}}'] = lambda t: 0.0
        for stage, seconds in STAGES.items():
            r[f'larder_stage_seconds_p95{{stage="{stage}"}}'] = lambda t, n=seconds: n * (1 + 0.5 * opened(t)) * noise(0.5) if opened(t) > 0.15 else NONE
        r["larder_http_request_seconds_p95"] = lambda t: 0.009 * (1 + opened(t)) * noise(0.3)

    def events(self, mean):
        """A whole number of events with this mean, by chance."""
        if mean > 50:
            return max(0, round(self.rng.gauss(mean, math.sqrt(mean))))
        limit, n, p = math.exp(-mean), 0, self.rng.random()
        while p > limit:
            n, p = n + 1, p * self.rng.random()
        return n

    def counted(self, name, t, seconds):
        mean = self.counters[name](t) * seconds
        return mean if "seconds" in name else float(self.events(mean))


def column(values):
    """history_codec.h: runs of equal values once, others as they are."""
    bits = struct.unpack(f"<{len(values)}I", struct.pack(f"<{len(values)}f", *values))
    out, i = bytearray(), 0
    while i < len(bits):
        n = 1
        while i + n < len(bits) and n < 129 and bits[i + n] == bits[i]:
            n += 1
        if n >= 2:
            out += bytes((n + 126,)) + struct.pack("<I", bits[i])
        else:
            while i + n < len(bits) and n < 128 and not (i + n + 1 < len(bits) and bits[i + n] == bits[i + n + 1]):
                n += 1
            out += bytes((n - 1,)) + struct.pack(f"<{n}I", *bits[i:i + n])
        i += n
    return bytes(out)


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _coarse(db, table, ids, model, first, last, row_s, step_s):
    total = 0
    for name, number in ids.items():
        rows = []
        for start in range(first, last, row_s):
            times = [start + i for i in range(0, row_s, step_s)]
            if name in model.counters:
                data = column([model.counted(name, t + step_s / 2, step_s) for t in times])
            else:
                values = [float(model.readings[name](t + step_s / 2)) for t in times]
                data = column(values) + column([v if v != v or v == round(v) else v * 1.1 for v in values])
            rows.append((number, start, data))
            total += len(data)
        db.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)", rows)
    return total


def _seconds(db, ids, model, first, last):
    total, rows = 0, []
    for start in range(first, last, MINUTE):
        frame = bytearray()
        for name, number in ids.items():
            if name in model.counters:
                all_of_it = model.counted(name, start, MINUTE)
                values = [all_of_it / MINUTE if "seconds" in name else 0.0] * MINUTE
                if "seconds" not in name:
                    values[model.rng.randrange(MINUTE)] = all_of_it
            else:
                values = [float(model.readings[name](start))] * MINUTE
            if values[0] == values[0]:
                data = column(values)
                frame += varint(number) + varint(len(data)) + data
        rows.append((start, MINUTE, bytes(frame)))
        total += len(frame)
    db.executemany("INSERT OR REPLACE INTO history_seconds VALUES (?, ?, ?)", rows)
    return total


def fill(data, disk_total=220 * GIB, now=None, hours_days=HOURS_DAYS, minutes_days=MINUTES_DAYS):
    """Fills the histories of the stopped server in the folder `data`; how many series they are."""
    now = int(now or time.time())
    model = Model(now, disk_total)
    db = sqlite3.connect(f"{data}/larder.db")
    with db:
        ids = {}
        for name in [*model.counters, *model.readings]:
            db.execute("INSERT OR IGNORE INTO series (name, counter) VALUES (?, ?)", (name, name in model.counters))
            ids[name] = db.execute("SELECT id FROM series WHERE name = ?", (name,)).fetchone()[0]
        hour, day = now // HOUR * HOUR, now // DAY * DAY
        total = _coarse(db, "history_hours", ids, model, day - hours_days * DAY, day, DAY, HOUR)
        # Today's hours belong to a row that is not full yet.
        for name, number in ids.items():
            full = (hour - day) // HOUR
            values = [(model.counted(name, day + i * HOUR, HOUR) if name in model.counters else float(model.readings[name](day + i * HOUR)))
                      if i < full else NONE for i in range(24)]
            row = column(values) + (b"" if name in model.counters else column(values))
            db.execute("INSERT OR REPLACE INTO history_hours VALUES (?, ?, ?)", (number, day, row))
            total += len(row)
        total += _coarse(db, "history_minutes", ids, model, hour - minutes_days * DAY, hour, HOUR, MINUTE)
        total += _seconds(db, ids, model, hour - 23 * HOUR, now // MINUTE * MINUTE - MINUTE)
        db.execute("UPDATE history_state SET compacted_s = ?, bytes = ?", (hour, total))
    db.close()
    return len(ids)


if __name__ == "__main__":
    print(fill(sys.argv[1]), "series filled")
