# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tables for people, out of what was measured; and the page that keeps them."""
import collections
import datetime
import json
import os
import pathlib
import platform
import shlex
import subprocess

from . import files, measure

REFERENCE = "larder-read"
ORDER = ("larder-read", "larder", "pdftotext", "mutool", "tesseract", "ffmpeg", "whisper", "libreoffice", "tika", "markitdown", "docling", "kreuzberg")
NAMES_SHOWN = 4
SECONDS, CHARS, ERROR, CPU = range(4)  # of an answer as it is kept


def today():
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")


def machine():
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = next((line.split("=", 1)[1].strip('"') for line in pathlib.Path("/etc/os-release").read_text().splitlines()
                   if line.startswith("PRETTY_NAME=")), platform.system())
    return (f"{os.cpu_count()} processors ({model}), {memory:.0f} GiB, {system}, Linux {platform.release()}, "
            f"load {os.getloadavg()[0]:.1f} when the set began")


def command(argv):
    """The command as another person would type it: folders outside the checkout by their last name only."""
    said = []
    for word in argv[1:]:
        path = pathlib.Path(word)
        said.append("…/" + path.name if path.is_absolute() else word)
    return shlex.join(["bench/" + pathlib.Path(argv[0]).name, *said]).replace("'", "")


def source(program):
    """What is measured: when it was built, and the last commit before that."""
    root, built = str(files.ROOT), int(program.stat().st_mtime)
    commit = subprocess.run(["git", "-C", root, "log", "-1", "--format=%h", f"--before={built}"], capture_output=True, text=True, check=False)
    when = datetime.datetime.fromtimestamp(built, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"{commit.stdout.strip() or 'unknown commit'}, built {when}"


def as_json(value):
    return json.dumps(value).encode()


def number(value):
    if value is None:
        return "–"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def seconds(value):
    return "–" if value is None else f"{value * 1000:,.1f} ms" if value < 1 else f"{value:.2f} s"


def table(head, rows, right=1):
    line = "| " + " | ".join(head) + " |\n| " + " | ".join("---" if i < right else "---:" for i in range(len(head))) + " |\n"
    return line + "".join("| " + " | ".join(row) + " |\n" for row in rows)


class Figures:
    """One program on one set: what the table shows."""

    def __init__(self, entry, batch):
        self.entry, self.batch = entry, batch
        first = entry["passes"][0]
        self.read = [i for i, a in enumerate(first) if a and not a[ERROR]]
        self.timed = entry["passes"][1:] or entry["passes"]
        self.totals = [self.sum(p, self.read) for p in self.timed]
        self.total, self.cpu = self.over(self.read), self.over(self.read, CPU)
        self.chars = sum(first[i][CHARS] or 0 for i in self.read)

    @staticmethod
    def sum(one_pass, indices, what=SECONDS):
        return sum(one_pass[i][what] for i in indices if one_pass[i])

    def over(self, indices, what=SECONDS):
        return measure.median([self.sum(p, indices, what) for p in self.timed])

    def problems(self):
        """{said: [file names]} in the order of the files; None for those it did not come to."""
        found = collections.OrderedDict()
        for (name, *_), answer in zip(self.batch, self.entry["passes"][0]):
            if answer is None or answer[ERROR]:
                found.setdefault(answer[ERROR] if answer else None, []).append(name)
        return found


def ratio(figures, reference, what=SECONDS):
    """How many times the reference's seconds (or processor seconds), over the files that both read; and how many files those were."""
    both = sorted(set(figures.read) & set(reference.read))
    if not both:
        return None, 0
    return figures.over(both, what) / max(reference.over(both, what), 1e-9), len(both)


def figures_of(measured):
    state = measured["state"]
    return {key: Figures(state[key], measured["files"]) for key in ORDER if key in state and state[key]["passes"]}


def detail(name, measured):
    batch, found = measured["files"], figures_of(measured)
    reference = found.get(REFERENCE)
    pages = any(f[2] for f in batch)
    unit, units = ("× real time", "s of sound") if name == "media" else ("pages/s", "pages")
    head = ["program", "files read", *([unit] if pages else []), "MB/s", "a file", "spread", "CPU a file", "peak memory",
            "1,000 characters", "× time"]
    rows, notes = [], []
    for key in ORDER:
        entry = measured["state"].get(key)
        if entry is None:
            continue
        if entry["missing"]:
            rows.append([entry["name"], entry["missing"]] + ["–"] * (len(head) - 2))
            continue
        f = found[key]
        count = len(f.read)
        notes += [f"- {entry['name']}: {said}" for said in problem_lines(f)]
        if not count:
            rows.append([entry["name"], f"0 of {len(batch)}"] + ["–"] * (len(head) - 2))
            continue
        times, both = ratio(f, reference) if reference else (None, 0)
        shown = "1" if key == REFERENCE else "–" if times is None else number(times) + ("" if both == len(reference.read) else f" ({both})")
        rows.append([entry["name"], f"{count} of {len(batch)}",
                     *([number(sum(batch[i][2] or 0 for i in f.read) / f.total)] if pages else []),
                     number(sum(batch[i][1] for i in f.read) / 1e6 / f.total), seconds(f.total / count),
                     f"{seconds(min(f.totals) / count)} – {seconds(max(f.totals) / count)}, n={len(f.totals)}",
                     seconds(f.cpu / count), f"{entry['peak_kib'] / 1024:,.0f} MiB", number(f.chars / 1000), shown])
    own = sum(1 for f in batch if f[3] == "own")
    made = sum(1 for f in batch if f[3] == "made")
    origin = f"{own} of ours, {len(batch) - own - made} of the corpora" if not made else "made from the words of our samples"
    size = sum(f[1] for f in batch) / 1e6
    about = f"{len(batch)} files ({origin}), {number(size)} MB" + (f", {sum(f[2] or 0 for f in batch):,.0f} {units}" if pages else "")
    return (f"### {files.TITLES[name]}\n\n{about}. {measured['date']}; {measured['machine']}. `{measured['command']}`\n\n"
            + table(head, rows) + ("\nNot read, in the program's own words:\n\n" + "\n".join(notes) + "\n" if notes else ""))


def problem_lines(figures):
    for said, names in figures.problems().items():
        shown = ", ".join(names[:NAMES_SHOWN]) + (f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else "")
        said = "stopped before it came to" if said is None else f"“{said}”:"
        yield f"{said} {shown}"


def name_of(sets, key):
    return next(m["state"][key]["name"] for m in sets.values() if key in m["state"])


# Formats that a program does not read; what else is missing from a table was left out of the run with --peers.
NOT_ITS_FORMAT = {"pdftotext": set(files.TITLES) - {"pdf", "pdf-long"}, "mutool": set(files.TITLES) - {"pdf", "pdf-long"},
                  "libreoffice": {"md", "pdf-long", "image", "media"}, "tesseract": set(files.TITLES) - {"image"},
                  "ffmpeg": set(files.TITLES) - {"media"}, "whisper": set(files.TITLES) - {"media"},
                  **dict.fromkeys(("tika", "markitdown", "docling", "kreuzberg"), {"image", "media"})}


def cell(name, entry, key, found, what):
    """One ratio, or in words why there is none."""
    if entry is None:
        return "not its format" if name in NOT_ITS_FORMAT.get(key, ()) else "not run"
    if entry["missing"]:
        return "not measured"
    if not found[key].read:
        hub = any("Hub" in (said or "") for said in found[key].problems())
        return "no: needs its model hub" if hub else "no: " + next(said for said in found[key].problems() if said)
    if REFERENCE not in found:
        return "–"
    times, _ = ratio(found[key], found[REFERENCE], what)
    return "1" if key == REFERENCE else number(times)


def reading(sets):
    """The whole text: ratios, start-up, then a table for each set."""
    all_found = {name: figures_of(measured) for name, measured in sets.items()}
    keys = [key for key in ORDER if any(key in measured["state"] for measured in sets.values())]
    text = ""
    for what, said in ((SECONDS, "Seconds"), (CPU, "Processor seconds")):
        rows = [[name_of(sets, key), *(cell(name, sets[name]["state"].get(key), key, all_found[name], what) for name in sets)] for key in keys]
        text += (f"{said} as a multiple of Larder's reader, over the files that both read; above 1 is more than Larder's reader takes.\n\n"
                 + table(["program", *(files.TITLES[name] for name in sets)], rows) + "\n")
    starts = []
    for key in keys:
        entries = [m["state"][key] for m in sets.values() if m["state"].get(key, {}).get("version")]
        if entries:
            e = entries[0]
            began = [one["start"] for one in entries]
            start = "in each figure" if e["counts_start"] else f"{seconds(measure.median(began))} ({seconds(min(began))} – {seconds(max(began))})"
            starts.append([e["name"], e["version"], e["how"], start])
    floors = [m["spawn"] for m in sets.values()]
    text += (f"A process that does nothing, started the same way, took {seconds(min(floors))} to {seconds(max(floors))}: the floor under"
             " every program that is started for each file.\n")
    text += "\n" + table(["program", "version", "how it is run", "start-up"], starts, 3) + "\n"
    return text + "\n".join(detail(name, measured) for name, measured in sets.items())


def put(page, mark, text):
    """Replaces what is between the page's marks of this name."""
    begin, end = f"<!-- {mark}: begin -->\n", f"<!-- {mark}: end -->\n"
    old = page.read_text(encoding="utf-8")
    if begin not in old or end not in old:
        raise SystemExit(f"{page.name} has no marks `{mark}`.")
    page.write_text(old.split(begin)[0] + begin + "\n" + text.rstrip() + "\n\n" + end + old.split(end, 1)[1], encoding="utf-8")
