"""How late probes start: 2,000 HTTPS endpoints at 30 s on one core, 1 % of which hang until their deadline.

    python benchmarks/probe_lag.py [--endpoints 2000] [--seconds 60]

The prober is a process of its own on one core; nginx and the server that hangs have the others. Lag is the time from an
endpoint's slot to the start of its probe. Needs nginx on the PATH. The goal is 100 ms or less in 99 of 100 probes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

from probe_cpu import nginx, write_certificates

from sesam_slo.core.model import Request
from sesam_slo.monitor.schedule import Key, Schedule
from sesam_slo.probe import ProbeEngine

INTERVAL_SECONDS = 30.0
TIMEOUT_SECONDS = 10.0
HANGING_SHARE = 0.01
GOAL_SECONDS = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--as-prober", nargs=3, metavar=("GOOD", "HANGING", "CA_FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.as_prober:
        run_prober(*arguments.as_prober, arguments.endpoints, arguments.seconds)
        return
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        folder = Path(directory)
        ca_file = write_certificates(folder)
        if len(cores) > 1:
            os.sched_setaffinity(0, cores[1:])  # nginx and the hanging server inherit it
        good = f"https://localhost:{stack.enter_context(nginx(folder))}/"
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=4096))
        threading.Thread(target=accept_and_hang, args=(silent,), daemon=True).start()
        os.sched_setaffinity(0, cores[:1])
        command = [
            sys.executable,
            __file__,
            "--endpoints",
            str(arguments.endpoints),
            "--seconds",
            str(arguments.seconds),
        ]
        hanging = f"https://localhost:{silent.getsockname()[1]}/"
        subprocess.run([*command, "--as-prober", good, hanging, str(ca_file)], check=True)


def accept_and_hang(listener: socket.socket) -> None:
    held = []
    while True:
        held.append(listener.accept())


def run_prober(good: str, hanging: str, ca_file: str, endpoints: int, seconds: float) -> None:
    """The process that is measured: the loop as the exporter has it, without ledger and metrics."""
    requests: dict[Key, Request] = {}
    every = round(1 / HANGING_SHARE)
    for number in range(endpoints):
        url = hanging if number % every == 0 else good
        requests[(f"service-{number}", "api")] = Request(url, preferred_ip_protocol="ip4")
    schedule = Schedule()
    outcomes: Counter[str] = Counter()
    lags: list[float] = []
    timeout = timedelta(seconds=TIMEOUT_SECONDS)
    with ProbeEngine(ca_file=ca_file) as engine:
        begin = time.monotonic()
        for key in requests:
            schedule.add(key, INTERVAL_SECONDS, begin)
        while (now := time.monotonic()) < begin + seconds:
            for due in schedule.pop_due(now, engine):
                lags.append(time.monotonic() - due.planned)
                engine.start(due.key, requests[due.key], timeout)
            wait = schedule.seconds_to_next(time.monotonic())
            for observation in engine.poll(1.0 if wait is None else min(1.0, wait)):
                outcomes[f"{observation.outcome} {observation.reason or ''}".strip()] += 1
        elapsed = time.monotonic() - begin
        in_flight = engine.in_flight
    used = resource.getrusage(resource.RUSAGE_SELF)
    memory = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert memory is not None
    lags.sort()
    at_99 = lags[int(len(lags) * 0.99)]
    print(
        f"{len(lags)} probes of {endpoints} endpoints in {elapsed:.0f} s on one core; {in_flight} under way at the end"
    )
    print(", ".join(f"{name}: {count}" for name, count in sorted(outcomes.items())))
    print(
        f"processor {100 * (used.ru_utime + used.ru_stime) / elapsed:.0f} %, memory at most {int(memory[1]) / 1024:.0f} MiB"
    )
    print(f"slots left out: {schedule.skipped_total}")
    verdict = "met" if at_99 <= GOAL_SECONDS else "missed"
    print(
        f"start lag: median {lags[len(lags) // 2] * 1e3:.1f} ms, 99th percentile {at_99 * 1e3:.1f} ms, "
        f"worst {lags[-1] * 1e3:.1f} ms; goal {GOAL_SECONDS * 1e3:.0f} ms or less at the 99th: {verdict}"
    )


if __name__ == "__main__":
    main()
