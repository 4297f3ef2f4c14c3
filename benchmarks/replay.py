"""`replay` over 5 million results beside the bare csv reader over the same file: wall and CPU, as ratios from one run."""

from __future__ import annotations

import argparse
import csv
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ENDPOINTS = 20
INTERVAL = timedelta(seconds=30)
START = datetime(2026, 1, 1, tzinfo=UTC)


def write_trace(path: Path, results: int) -> None:
    """A year-like trace: mostly successes, now and then a failing run, an unobserved result or a gap."""
    chance = random.Random(1)
    failing_for = [0] * ENDPOINTS
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "service", "endpoint", "result", "reason"])
        for number in range(results // ENDPOINTS):
            at = (START + number * INTERVAL).isoformat().replace("+00:00", "Z")
            for endpoint in range(ENDPOINTS):
                if failing_for[endpoint]:
                    failing_for[endpoint] -= 1
                elif chance.random() < 0.0005:
                    failing_for[endpoint] = chance.randrange(1, 60)
                elif chance.random() < 0.0005:
                    continue
                result = ("failure", "timeout") if failing_for[endpoint] else ("success", "")
                if chance.random() < 0.0005:
                    result = ("unobserved", "local")
                writer.writerow([at, f"service-{endpoint // 2}", ("api", "ui")[endpoint % 2], *result])


def write_config(path: Path) -> None:
    services = "".join(
        f"  - name: service-{number}\n    endpoints:\n"
        f'      - {{name: api, kind: api, url: "https://s{number}.example/api"}}\n'
        f'      - {{name: ui, kind: ui, url: "https://s{number}.example/"}}\n'
        for number in range(ENDPOINTS // 2)
    )
    path.write_text(f"probe: {{interval: 30s}}\nservices:\n{services}")


def timed(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trace, config = Path(folder, "trace.csv"), Path(folder, "sesam-slo.yml")
        write_trace(trace, options.results)
        write_config(config)
        reader = [sys.executable, "-c", f"import csv\nfor row in csv.reader(open({str(trace)!r}, newline='')): pass"]
        replay = [
            sys.executable,
            "-m",
            "sesam_slo.cli",
            "--config",
            str(config),
            "replay",
            str(trace),
            "--format",
            "json",
        ]
        rounds = [(timed(reader), timed(replay)) for _ in range(options.rounds)]
    for bare, whole in rounds:
        print(f"bare csv reader {bare:6.2f} s   replay {whole:6.2f} s   ratio {whole / bare:5.2f}")
    ratios = sorted(whole / bare for bare, whole in rounds)
    print(f"{options.results} results, whole processes; median ratio {ratios[len(ratios) // 2]:.2f} (goal: 6 or less)")


if __name__ == "__main__":
    main()
