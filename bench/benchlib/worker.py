# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs inside a peer's own virtual environment: imports the peer once, says so, then reads one file for each line it is sent.

Answers are JSON lines on the real standard output: {"version"} at the start, {"chars"} or {"error"} for each file, with
the processor seconds that it took.
"""
import importlib.metadata
import json
import logging
import os
import resource
import sys
import warnings


def markitdown():
    from markitdown import MarkItDown
    converter = MarkItDown(enable_plugins=False)
    return lambda path: converter.convert(path).text_content


def docling():
    from docling.document_converter import DocumentConverter
    converter = DocumentConverter()
    return lambda path: converter.convert(path).document.export_to_markdown()


def kreuzberg():
    from kreuzberg import extract_file_sync
    return lambda path: extract_file_sync(path).content


def cpu_seconds():
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def main():
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints is no answer
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    name = sys.argv[1]
    read = {"markitdown": markitdown, "docling": docling, "kreuzberg": kreuzberg}[name]()
    print(json.dumps({"version": importlib.metadata.version(name)}), file=answers)
    for line in sys.stdin:
        before = cpu_seconds()
        try:
            answer = {"chars": len(read(json.loads(line)).strip())}
        except Exception as problem:  # whatever a peer raises is its answer
            answer = {"error": f"{type(problem).__name__}: {problem}"}
        print(json.dumps({**answer, "cpu": cpu_seconds() - before}), file=answers)


if __name__ == "__main__":
    main()
