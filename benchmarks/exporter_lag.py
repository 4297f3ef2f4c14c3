"""The whole exporter at 2,000 HTTPS endpoints: ledger, metrics and a scrape every 15 s included, on one core.

    python benchmarks/exporter_lag.py [--endpoints 2000] [--seconds 90]

1 % of the endpoints hang until their deadline; interval 30 s, timeout 10 s. Lag is the time from an endpoint's slot to the
start of its probe, from the exporter's own histogram. nginx and the server that hangs have the other cores. Needs nginx.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import requests
from probe_cpu import nginx, write_certificates
from probe_lag import accept_and_hang
from prometheus_client.parser import text_string_to_metric_families

from sesam_slo.core import names

GOAL_SECONDS = 0.1


def write_config(path: Path, endpoints: int, good: str, hanging: str) -> None:
    lines = [
        "probe: {interval: 30s, timeout: 10s, preferred_ip_protocol: ip4}",
        f"ledger: sqlite:///{path.parent}/ledger.db",
        "web: {listen: '127.0.0.1:0'}",
        "services:",
    ]
    for number in range(endpoints // 2):
        urls = [hanging if (2 * number + each) % 100 == 0 else good for each in (0, 1)]
        lines.append(
            f"  - {{name: service-{number}, endpoints: [{{name: api, kind: api, url: '{urls[0]}'}}, "
            f"{{name: ui, kind: ui, url: '{urls[1]}'}}]}}"
        )
    path.write_text("\n".join(lines) + "\n")


def samples(text: str) -> dict[tuple[str, str], float]:
    return {
        (sample.name, sample.labels.get("le", "")): sample.value
        for family in text_string_to_metric_families(text)
        if family.name.startswith((names.EXPORTER_PROBE_LAG_SECONDS.name, "process_"))
        for sample in family.samples
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=90)
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        folder = Path(directory)
        ca_file = write_certificates(folder)
        if len(cores) > 1:
            os.sched_setaffinity(0, cores[1:])
        good = f"https://localhost:{stack.enter_context(nginx(folder))}/"
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=4096))
        threading.Thread(target=accept_and_hang, args=(silent,), daemon=True).start()
        hanging = f"https://localhost:{silent.getsockname()[1]}/"
        config = folder / "sesam-slo.yml"
        write_config(config, options.endpoints, good, hanging)
        os.sched_setaffinity(0, cores[:1])
        exporter = subprocess.Popen(
            [sys.executable, "-m", "sesam_slo.cli", "--config", str(config), "run", "--log-level", "error"],
            env={**os.environ, "SSL_CERT_FILE": str(ca_file)},  # all public authorities, and the one of this run
            stdout=subprocess.PIPE,
            text=True,
        )
        os.sched_setaffinity(0, cores[1:] or cores)
        try:
            assert exporter.stdout is not None
            url = exporter.stdout.readline().split()[2] + "metrics"
            begin, scrapes = time.monotonic(), []
            while time.monotonic() - begin < options.seconds:
                time.sleep(15)
                asked = time.monotonic()
                text = requests.get(url, timeout=60).text
                scrapes.append(time.monotonic() - asked)
            found = samples(text)
        finally:
            exporter.terminate()
            exporter.wait()
    report(found, scrapes, time.monotonic() - begin, options.endpoints)


def report(found: dict[tuple[str, str], float], scrapes: list[float], elapsed: float, endpoints: int) -> None:
    name = names.EXPORTER_PROBE_LAG_SECONDS.name
    buckets = sorted((float(le), count) for (each, le), count in found.items() if each == f"{name}_bucket")
    started = buckets[-1][1]
    bound = next(le for le, count in buckets if count >= 0.99 * started)
    cpu, rss = found["process_cpu_seconds_total", ""], found["process_resident_memory_bytes", ""]
    print(f"{endpoints} endpoints, {started:.0f} probes started in {elapsed:.0f} s on one core, scraped every 15 s")
    print(
        f"processor {100 * cpu / elapsed:.0f} % of one core, resident {rss / 2**20:.0f} MiB, slowest scrape {max(scrapes):.2f} s"
    )
    print(
        "started within: " + ", ".join(f"{le * 1e3:g} ms {100 * count / started:.2f} %" for le, count in buckets[:-1])
    )
    verdict = "met" if bound <= GOAL_SECONDS else "missed"
    print(f"99 of 100 probes start within {bound * 1e3:g} ms; goal {GOAL_SECONDS * 1e3:g} ms: {verdict}")


if __name__ == "__main__":
    main()
