# SPDX-License-Identifier: AGPL-3.0-or-later
"""Seconds, processor seconds and peak memory of programs.

Peak memory is what `time -v` calls the maximum resident set: of the largest single process among the program and its
children, not their sum. A process forked from a large one inherits its peak, so what is weighed is started by `time`,
which is small, never by this program itself.
"""
import os
import pathlib
import signal
import statistics
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")


class Ran:
    """How a command ended: code (None: it was stopped for time), seconds, cpu seconds, peak memory in KiB or None."""

    def __init__(self, code, seconds, cpu, peak_kib=None):
        self.code, self.seconds, self.cpu, self.peak_kib = code, seconds, cpu, peak_kib


def run(argv, out, timeout, weigh=None, env=None, cwd=None):
    """Runs argv with its output in the file `out` and its complaints beside it, in `out`.err.

    weigh: a file for `time`, when memory is to be measured too.
    """
    if weigh:
        argv = ["/usr/bin/time", "-q", "-o", str(weigh), "-f", "%M", *argv]
    with open(out, "wb") as stdout, open(f"{out}.err", "wb") as stderr:
        start = time.perf_counter()
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=env, cwd=cwd,
                                 start_new_session=True)
        code, usage = wait(child, timeout)
        seconds = time.perf_counter() - start
    peak = int(weigh.read_text().split()[-1]) if weigh and code is not None else None
    return Ran(code, seconds, usage.ru_utime + usage.ru_stime, peak)


def wait(child, timeout):
    """wait4 with a limit; the group of a child that goes over it is killed, and the code is None."""
    late = []

    def ring(*_):
        late.append(True)
        os.killpg(child.pid, signal.SIGKILL)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        _, status, usage = os.wait4(child.pid, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    child.returncode = os.waitstatus_to_exitcode(status)
    return (None if late else child.returncode), usage


def spawn_seconds(scratch, runs=21):
    """Of a process that does nothing, started the same way: the floor under every program that is started for each file."""
    return statistics.median(run(["true"], scratch / "nothing", 10).seconds for _ in range(runs))


def tree(pid):
    """The process and its descendants that are alive."""
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        for children in pathlib.Path(f"/proc/{one}/task").glob("*/children"):
            try:
                todo += map(int, children.read_text().split())
            except OSError:
                continue
    return found


def status_kib(pid, field):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def peak_kib(pid):
    """The largest peak of one process in the tree."""
    return max(status_kib(one, "VmHWM") for one in tree(pid))


def cpu_seconds(pid):
    """Of the tree, and of the children it has waited for."""
    total = 0
    for one in tree(pid):
        try:
            fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))
    return total / TICKS


def median(values):
    return statistics.median(values) if values else None


def percentile(values, share):
    """Nearest rank; None of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, int(len(ordered) * share + 0.999999) - 1))] if ordered else None
