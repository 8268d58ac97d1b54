#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tests of the measuring itself: `bench/test.py`. Needs no peer; takes a few seconds."""
import importlib.machinery
import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import unittest
import zipfile

BENCH = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(BENCH))
sys.dont_write_bytecode = True
from benchlib import files, measure, peers, report  # noqa: E402


def program(name):
    loader = importlib.machinery.SourceFileLoader(f"bench_{name}", str(BENCH / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def entry(*passes):
    return {"name": "x", "passes": [[None if s is None else [s, 10, error, s] for s, error in one] for one in passes]}


class Bench(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def test_ratio_counts_only_files_that_both_read(self):
        batch = [["a", 1, None, "own"], ["b", 1, None, "own"]]
        ours = report.Figures(entry([(1, None), (1, None)], [(1, None), (100, None)]), batch)
        peer = report.Figures(entry([(2, None), (9, "no text")], [(3, None), (None, None)]), batch)
        self.assertEqual(report.ratio(peer, ours), (3.0, 1))

    def test_nothing_in_common_has_no_ratio(self):
        batch = [["a", 1, None, "own"]]
        self.assertEqual(report.ratio(report.Figures(entry([(1, "no text")]), batch), report.Figures(entry([(1, None)]), batch)), (None, 0))

    def test_weighing_starts_small_although_this_program_is_large(self):
        ballast = bytearray(200 << 20)
        ran = measure.run(["true"], self.folder / "out", 10, self.folder / "weigh")
        self.assertEqual(ran.code, 0)
        self.assertLess(ran.peak_kib, 50 << 10, len(ballast))

    def test_weighing_counts_children(self):
        inner = f"{sys.executable} -c 'bytearray(100 << 20)'; true"
        ran = measure.run(["sh", "-c", inner], self.folder / "out", 20, self.folder / "weigh")
        self.assertGreater(ran.peak_kib, 100 << 10)

    def test_a_command_over_its_time_is_ended(self):
        ran = measure.run(["sh", "-c", "sleep 30"], self.folder / "out", 0.2)
        self.assertIsNone(ran.code)
        self.assertLess(ran.seconds, 5)

    def test_percentiles_are_by_nearest_rank(self):
        self.assertEqual([measure.percentile(range(1, 101), s) for s in (0.5, 0.95, 1)], [50, 95, 100])
        self.assertEqual(measure.percentile([7], 0.95), 7)

    def test_what_a_peer_says_is_printed_without_addresses_and_paths(self):
        self.assertEqual(peers.plain("Error at /home/someone/x.pdf\nsee https://example.test/a"), "Error at … see …")

    def test_put_replaces_only_between_the_marks(self):
        page = self.folder / "page.md"
        page.write_text("a\n<!-- read: begin -->\nold\n<!-- read: end -->\nz\n")
        report.put(page, "read", "new\n")
        self.assertEqual(page.read_text(), "a\n<!-- read: begin -->\n\nnew\n\n<!-- read: end -->\nz\n")

    def test_scaled_files_are_the_same_each_time_and_well_formed(self):
        first = {f.path.name: f.path.read_bytes() for f in files.scaled(self.folder / "one") if f.suffix in ("csv", "md", "txt")}
        again = {f.path.name: f.path.read_bytes() for f in files.scaled(self.folder / "two") if f.suffix in ("csv", "md", "txt")}
        self.assertEqual(first, again)
        for name in ("scaled.docx", "scaled.xlsx"):
            self.assertIsNone(zipfile.ZipFile(self.folder / "one" / name).testzip())

    def test_files_refused_on_purpose_are_left_out(self):
        found = files.collect([], self.folder, list(files.TITLES))
        names = {f.path.name for batch in found.values() for f in batch}
        self.assertIn("closing-checklist.docx", names)
        self.assertFalse(names & {p.name for p in (files.ROOT / "tests/fixtures/hostile").iterdir()} - {"made"})

    def test_the_pdf_that_is_uploaded_has_ten_pages(self):
        server = program("server")
        path = self.folder / "ten.pdf"
        path.write_bytes(server.pdf(server.Words(), "zmark"))
        self.assertEqual(files.pages_of(path), 10)
        text = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True)
        self.assertIn("zmark", text.stdout)
        self.assertEqual(text.stderr, "")

    def test_the_lock_names_every_peer(self):
        self.assertLessEqual({"tika", "markitdown", "docling", "kreuzberg", "poppler", "mupdf", "libreoffice", "ws"}, set(program("install").read_lock()))


if __name__ == "__main__":
    unittest.main()
