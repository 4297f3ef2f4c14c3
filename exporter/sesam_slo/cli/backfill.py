"""`sesam-slo backfill`: the ledger's corrected history as OpenMetrics, for dashboards and queries over the past."""

from __future__ import annotations

import argparse
import os
import re
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from ..collector.past import FAMILIES, History
from ..collector.samples import Grid
from ..config import format_duration, parse_duration
from ..core.business_time import BusinessCalendars
from ..core.intervals import Interval, Intervals, clip, normalize
from ..core.log_state import LogState
from ..core.model import Config
from ..core.names import SCRAPE_JOB, Metric
from ..public_holidays import is_holiday
from .arguments import checked
from .errors import CommandError, load_config
from .instants import instant
from .ledgers import check_services, opened, read_book
from .progress import Shown, steps

HELP = "Writes the ledger's corrected history as OpenMetrics for promtool tsdb create-blocks-from openmetrics."
_ABOUT = """\
Writes the ledger's history, as it is corrected now, under the names of the live metrics:

  sesam-slo backfill --from 2026-10-01T00:00:00+02:00 --to 2026-11-01T00:00:00+01:00 --out october.om
  promtool tsdb create-blocks-from openmetrics october.om PROMETHEUS_STORAGE

Counters of time go on from one file to the next. promtool reads a file once for every two hours of it, so that a month
in one file takes it 360 times as long as a month in files of two hours (--split 2h --out october, then promtool for
each file of october). All metrics of one service are some 20 MB a day at a step of a minute: take longer steps, or the
metrics that you need. Prometheus wants the last three hours left to itself.

The series carry job="sesam-slo" and instance="backfill", so that rules and dashboards find them and they never mix with
those that were scraped. A second backfill, after corrections, does not replace the first: delete that before, with
Prometheus' admin API: POST /api/v1/admin/tsdb/delete_series?match[]={instance="backfill"}
"""
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_INSTANCE = "backfill"
_EPOCH = datetime.fromtimestamp(0, UTC)
_SHORTEST = timedelta(milliseconds=1)
_LEFT_TO_PROMETHEUS = timedelta(hours=3)  # its head, which blocks must not overlap


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = _ABOUT
    parser.add_argument("--from", dest="since", type=instant, metavar="T", help="default: where the accounts begin")
    parser.add_argument("--to", dest="until", type=instant, metavar="T", help="default: all that is known")
    parser.add_argument(
        "--step",
        type=_step,
        default=timedelta(minutes=1),
        metavar="DURATION",
        help="how far samples are apart, at most policy.alerts.lookback (default: 1m)",
    )
    parser.add_argument(
        "--service", dest="services", action="append", metavar="S", help="only this one (default: all); may be repeated"
    )
    parser.add_argument(
        "--metric",
        dest="metrics",
        action="append",
        type=_metric,
        metavar="NAME",
        help=f"only this one; may be repeated (default: all that have a history: {', '.join(each.name for each in FAMILIES)})",
    )
    parser.add_argument(
        "--label",
        dest="labels",
        action="append",
        default=[],
        type=_label,
        metavar="NAME=VALUE",
        help="a label of every series besides its own; may be repeated; an empty value leaves it out "
        f"(default: job={SCRAPE_JOB} and instance={_INSTANCE})",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="where it is written (default: stdout); with --split, a directory"
    )
    parser.add_argument(
        "--split",
        type=checked(parse_duration),
        metavar="DURATION",
        help="a file for each such part, named by its begin, in the directory --out; best 2h, or some days",
    )


def run(options: argparse.Namespace) -> int:
    config = load_config(options.config, syntax_only=True)
    metrics = [metric for metric in FAMILIES if options.metrics is None or metric in options.metrics]
    target = _target(options.labels, config)
    _check(options, config)
    with opened(config) as ledger:
        check_services(ledger, options.services or ())
        recorded, book = read_book(ledger, config, services=options.services)
    history = History(book, recorded.memberships, config, target, LogState(BusinessCalendars(is_holiday)).due)
    known = _known(history)
    grids = _parts(_grid(known, options), known, options)
    with _progress(len(grids) * history.work(metrics), options.out) as show:
        for number, (out, grid) in enumerate(grids):
            before = number * history.work(metrics)
            with _writing(out) as write:
                for text in history.text(grid, metrics, lambda done, before=before: show(before + done)):  # type: ignore[misc]
                    write(text)
    return 0


def _parts(grid: Grid, known: Intervals, options: argparse.Namespace) -> list[tuple[Path | None, Grid]]:
    """What is written where. Parts begin at whole multiples of their length since 1970, as Prometheus' blocks do.

    Those in which nothing is known are left out.
    """
    if options.split is None:
        return [(options.out, grid)]
    try:
        options.out.mkdir(exist_ok=True)
    except OSError as error:
        raise CommandError(f"{options.out}: no directory to write into: {error.strerror or error}") from None
    found, start = [], grid.start
    while start < grid.end:
        end = min(start - (start - _EPOCH) % options.split + options.split, grid.end)
        if clip(known, Interval(start, end)):
            found.append((options.out / f"{start:%Y%m%dT%H%M%SZ}.om", replace(grid, start=start, end=end)))
        start = end
    return found


def _check(options: argparse.Namespace, config: Config) -> None:
    lookback = config.policy.alerts.lookback
    if options.step > lookback:
        raise CommandError(
            f"--step {format_duration(options.step)}: longer than policy.alerts.lookback ({format_duration(lookback)}): "
            "what looks for a sample would find none in between; expected at most that",
            status=2,
        )
    if options.split is not None and options.out is None:
        raise CommandError("--split: several files; expected --out DIRECTORY", status=2)
    if options.split is not None and options.split < options.step:
        raise CommandError(f"--split {format_duration(options.split)}: shorter than --step", status=2)
    if options.since is not None and options.until is not None and options.since >= options.until:
        raise CommandError(f"--from {options.since.isoformat()}: not before --to {options.until.isoformat()}", status=2)


def _known(history: History) -> Intervals:
    """When any service had an account, the last instant of each included; in whole milliseconds, as timestamps are."""
    return normalize(
        (span.start - timedelta(microseconds=span.start.microsecond % 1000), span.end + _SHORTEST)
        for name in history.book.services
        for span in history.book.spans(name)
    )


def _grid(known: Intervals, options: argparse.Namespace) -> Grid:
    """Raises CommandError where no service had an account at any time that is asked for."""
    if not known:
        raise CommandError("no service has an account in the ledger; expected the exporter to have been started")
    begin, end = known[0].start, known[-1].end
    since, until = options.since or begin, options.until or end
    if not clip(known, Interval(since, until)):
        raise CommandError(
            f"nothing is known from {since.isoformat()} to {until.isoformat()}; the ledger knows of "
            f"{begin.isoformat()} to {(end - _SHORTEST).isoformat()}"
        )
    if min(until, end) > datetime.now(UTC) - _LEFT_TO_PROMETHEUS:
        print(
            "the last three hours are in it; a Prometheus that scrapes meanwhile wants them left out: --to",
            file=sys.stderr,
        )
    return Grid(since, until, options.step)


# -- what is written on the command line -------------------------------------------------------------------------------


def _step(text: str) -> timedelta:
    step = checked(parse_duration)(text)
    if step < _SHORTEST or step % _SHORTEST:
        raise argparse.ArgumentTypeError(f"{text!r}: expected whole milliseconds, and at least one")
    return step


def _metric(text: str) -> Metric:
    found = next((metric for metric in FAMILIES if metric.name == text), None)
    if found is None:
        raise argparse.ArgumentTypeError(
            f"{text!r}: has no history in the ledger; expected one of {', '.join(each.name for each in FAMILIES)}"
        )
    return found


def _label(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not _LABEL.fullmatch(name) or name.startswith("__"):
        raise argparse.ArgumentTypeError(f"{text!r}: expected NAME=VALUE, such as instance=exporter:9808")
    if any(0xD800 <= ord(each) <= 0xDFFF for each in value):
        raise argparse.ArgumentTypeError(f"{name}: a value that is not UTF-8; expected text")
    return name, value


def _target(labels: list[tuple[str, str]], config: Config) -> tuple[tuple[str, str], ...]:
    """The labels that a scrape would add. Raises CommandError where one of them is a metric's own."""
    taken = {label for metric in FAMILIES for label in metric.labels}
    taken |= {label for service in config.services for label, _ in service.labels}
    for name, _ in labels:
        if name in taken:
            raise CommandError(f"--label {name}: the series have such a label already; expected another", status=2)
    found = {"job": SCRAPE_JOB, "instance": _INSTANCE, **dict(labels)}
    return tuple((name, value) for name, value in found.items() if value)


# -- where it goes -----------------------------------------------------------------------------------------------------


@contextmanager
def _writing(out: Path | None) -> Iterator[Callable[[str], object]]:
    """Gives what writes. A file is there when it is whole, never in part; a pipe or a device is written as it comes."""
    if out is None:
        yield sys.stdout.write
        return
    try:
        if _takes_as_it_comes(out):
            with out.open("w", encoding="utf-8", newline="\n") as file:
                yield file.write
            return
        with _beside(out) as file:
            yield file.write
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandError(f"{out}: cannot be written: {error.strerror or error}") from None


def _takes_as_it_comes(out: Path) -> bool:
    """Whether `out` is anything but a file or a name that is free: a link, such as /dev/stdout, must not be replaced."""
    try:
        return not stat.S_ISREG(out.lstat().st_mode)
    except FileNotFoundError:
        return False


@contextmanager
def _beside(out: Path) -> Iterator[IO[str]]:
    descriptor, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            yield file
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(out)
    except BaseException:
        Path(name).unlink()
        raise


@contextmanager
def _progress(work: int, out: Path | None) -> Iterator[Shown]:
    """A bar, unless what is written goes to the same terminal."""
    if out is None and sys.stdout.isatty():
        yield lambda _done: None
        return
    with steps(work, "backfill") as show:
        yield show
