"""`sesam-slo report`: the monthly service level report, and the keeping of a month as it was reported."""

from __future__ import annotations

import argparse
import gc
import sys
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from .. import __version__
from ..core.book import Book
from ..core.business_time import BusinessCalendars
from ..core.case import cases
from ..core.deadlines import SupportRules
from ..core.history import Changes, Frozen, Recorded
from ..core.model import Config
from ..ledger import Ledger
from ..report import (
    TREND_MONTHS,
    Desk,
    Earlier,
    Month,
    MonthReport,
    Provenance,
    as_configured,
    as_first_reported,
    freezing,
    month_report,
    report_csv,
    report_document,
    report_html,
    report_markdown,
    reporting_zone,
    versions,
)
from .arguments import checked
from .errors import CommandError, load_config
from .ledgers import amend_configured, check_services, opened, read_book, this_person
from .output import as_json, print_markdown

HELP = "Writes the service level report of a month: HTML that prints on A4, CSV, JSON or Markdown."

_ANY_ZONE = timedelta(days=2)  # no clock on a wall is further from UTC
_FORMATS = ("html", "csv", "json", "md")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--month", type=checked(Month.parse), required=True, metavar="YYYY-MM", help="the month to report"
    )
    parser.add_argument(
        "--service", dest="services", action="append", metavar="S", help="only this one (default: all); may be repeated"
    )
    parser.add_argument("--format", choices=_FORMATS, help="default: by the name of FILE, md without one")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where it is written (default: stdout)")
    parser.add_argument(
        "--freeze",
        action="store_true",
        help="keep the month in the ledger as it is now: from then on reports show what was corrected since",
    )
    parser.add_argument("--author", metavar="NAME", help="who freezes it (default: who you are here)")
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="what if the configuration said so: a key as in the file and its value in YAML, such as "
        "policy.downtime_after=5m; may be repeated; the report says how its figures differ from the policy's",
    )


def run(options: argparse.Namespace) -> int:
    gc.disable()  # what a report reads stays until it is written: to look for garbage in it takes a tenth of its time
    try:
        return _report(options)
    finally:
        gc.enable()


def _report(options: argparse.Namespace) -> int:
    _check(options)
    config = load_config(options.config, syntax_only=True)
    changed = load_config(options.config, syntax_only=True, overrides=options.overrides) if options.overrides else None
    now = datetime.now(UTC)
    made = _frozen(config, options, now) if options.freeze else _made(config, changed, options, now)
    text = report_text(made, _format(options), now)
    if options.out is None and options.format is None:
        print_markdown(text)
    else:
        _write(text, options.out)
    if options.freeze:
        print(
            f"{options.month} is kept as it is now, at revision {made.provenance.log.number} of the log",
            file=sys.stderr,
        )
    return 0


@dataclass(frozen=True, slots=True)
class Made:
    """A report, and what it is held against."""

    report: MonthReport
    provenance: Provenance
    earlier: Earlier | None = None

    @property
    def document(self) -> dict[str, Any]:
        return report_document(self.report, self.provenance, self.earlier)


def _check(options: argparse.Namespace) -> None:
    if options.freeze and options.services:
        raise CommandError("--freeze: keeps the month of all services; expected no --service", status=2)
    if options.freeze and options.overrides:
        raise CommandError("--freeze: what if is not what was; expected no --set", status=2)
    if options.author is not None and not options.freeze:
        raise CommandError("--author: names who freezes a month; expected --freeze", status=2)
    if options.freeze and not (options.author or this_person()):
        raise CommandError("--freeze: nobody to answer for it; expected --author NAME", status=2)
    _format(options)


def _made(config: Config, changed: Config | None, options: argparse.Namespace, now: datetime) -> Made:
    with opened(config) as ledger:
        check_services(ledger, options.services or ())
        if changed is None:
            return made_report(ledger, config, options.month, now, options.services)
        recorded, book = read_book(ledger, config, services=options.services)  # of all time: other rules may join runs
    asked = config, options.month, now, options.services
    made = _of_book(recorded, book, *asked)
    what_if = _of_book(recorded, Book.of(recorded, changed, what_if=True), *asked)
    return replace(what_if, earlier=as_configured(made.document, what_if.document, tuple(options.overrides)))


def made_report(ledger: Ledger, config: Config, month: Month, now: datetime, services: list[str] | None = None) -> Made:
    """The month as it is now, held against what was frozen of it. Raises CommandError, LedgerError."""
    made = _of_book(*_read(ledger, config, month, services), config, month, now, services)
    frozen = _kept(ledger.frozen(), month)
    return made if frozen is None else replace(made, earlier=as_first_reported(frozen, made.document))


def _read(ledger: Ledger, config: Config, month: Month, services: list[str] | None = None) -> tuple[Recorded, Book]:
    """What a report of the month tells of, trend and quarter included; ten years of a thousand services take their time."""
    first = month.plus(1 - TREND_MONTHS)
    return read_book(ledger, config, datetime(first.year, first.number, 1, tzinfo=UTC) - _ANY_ZONE, services)


def _frozen(config: Config, options: argparse.Namespace, now: datetime) -> Made:
    """Keeps the month, made from the very revision that it names: where others write meanwhile it is made again."""
    author = options.author or this_person()
    found: list[Made] = []

    def decide(read: tuple[tuple[Frozen, ...], tuple[Recorded, Book]]) -> Changes:
        before = _kept(read[0], options.month)
        if before is not None:
            raise CommandError(f"{options.month}: is frozen already, on {before.at.isoformat()} by {before.author}")
        made = _of_book(*read[1], config, options.month, now)
        try:
            frozen = freezing(made.report, made.document, now, author)
        except ValueError as error:
            raise CommandError(f"{options.month}: {error}") from None
        found.append(replace(made, earlier=as_first_reported(frozen, made.document)))
        return Changes(frozen=(frozen,))

    amend_configured(
        config,
        decide,
        author=author,
        reason=f"report of {options.month}",
        read=lambda ledger: (ledger.frozen(), _read(ledger, config, options.month)),
    )
    return found[-1]


def _kept(frozen: tuple[Frozen, ...], month: Month) -> Frozen | None:
    return next((each for each in frozen if each.month == str(month)), None)


def _of_book(
    recorded: Recorded, book: Book, config: Config, month: Month, now: datetime, services: list[str] | None = None
) -> Made:
    begin = month.interval(reporting_zone(book.policies, month)).start
    if now < begin:
        raise CommandError(f"{month}: has not begun; it will at {begin.isoformat()}")
    labels = {service.name: service.labels for service in config.services}
    rules = SupportRules(book.policies, BusinessCalendars(_is_holiday))
    try:
        desk = Desk(cases(recorded.cases), rules, now)
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError(f"ledger: holds what sesam-slo does not write: {error!r}") from None
    report = month_report(book, month, labels, services, desk)
    if not report.services:
        raise CommandError(f"{month}: no {'such ' if services else ''}service had an account in it")
    return Made(report, Provenance.of(book.policies, report.interval, recorded.head, versions(__version__)))


def _is_holiday(country: str, day: date) -> bool:
    from ..public_holidays import is_holiday  # noqa: PLC0415 - takes a tenth of a second, and only support cases need it

    return is_holiday(country, day)


def _format(options: argparse.Namespace) -> str:
    suffix = options.out.suffix.removeprefix(".").lower() if options.out else "md"
    form = options.format or {"htm": "html"}.get(suffix, suffix)
    if form not in _FORMATS:
        raise CommandError(f"--out {options.out}: no known format; expected --format html, csv, json or md", status=2)
    return str(form)


def report_text(made: Made, form: str, now: datetime, home: str | None = None) -> str:
    """home: where the HTML leads back to, on a screen."""
    if form == "json":
        return as_json(made.document) + "\n"
    if form == "csv":
        return report_csv(made.document, made.earlier)
    if form == "html":
        return report_html(made.report, made.provenance, now, made.earlier, home)
    return report_markdown(made.report, made.provenance, made.earlier)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        print(text, end="")
        return
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise CommandError(f"{out}: cannot be written: {error.strerror or error}") from None
