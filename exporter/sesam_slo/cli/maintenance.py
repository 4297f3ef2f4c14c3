"""`sesam-slo maintenance`: the windows, announced, changed and cancelled; the calendar for customers."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ..config.values import instant as instant_with_offset
from ..core.announced import LONGEST_LIST, documents, local
from ..core.announcing import (
    KEEP,
    AnnouncingError,
    Known,
    Outcome,
    Proof,
    UnknownServiceError,
    announce,
    cancel,
    change,
    decided,
    taken_up,
)
from ..core.history import Changes, Recorded
from ..core.maintenance import Maintenance
from ..core.model import Config
from ..ledger import Ledger, LedgerError, open_ledger
from ..silences import follow_with_silence
from .arguments import add_action
from .errors import CommandError, load_config
from .ledgers import amend, opened, this_person
from .output import add_format, as_json, plain, print_csv, print_table

HELP = "Planned maintenance: lists, announces, changes, cancels; writes the calendar for customers."

_LONGEST_FEED = 3650
_TIME = "ISO 8601 with an offset, such as 2026-12-05T20:00+01:00"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    listing = add_action(
        actions, "list", _list, "every announced window: whether it counts, and the proof of its notice"
    )
    listing.add_argument("--from", dest="since", metavar="T", help=f"windows that end after T: {_TIME}")
    listing.add_argument("--to", dest="until", metavar="T", help="windows that start before T")
    listing.add_argument("--recurring", action="store_true", help="recurring ones too (default: of the next 7 days)")
    add_format(listing)

    new = add_action(
        actions, "announce", _announce, "announces a window: less than the notice ahead it deducts nothing"
    )
    _name(new)
    new.add_argument("--start", required=True, metavar="T", help=_TIME)
    new.add_argument("--end", required=True, metavar="T")
    new.add_argument("--service", action="append", metavar="S", help="may be repeated (default: all services)")
    _proof(new)

    other = add_action(actions, "change", _change, "changes a window that is not over; added time is announced now")
    _name(other)
    other.add_argument("--start", metavar="T", help=_TIME)
    other.add_argument("--end", metavar="T")
    services = other.add_mutually_exclusive_group()
    services.add_argument("--service", action="append", metavar="S", help="may be repeated: all that it is to concern")
    services.add_argument("--all-services", action="store_true", help="it is to concern all services")
    _proof(other)

    off = add_action(actions, "cancel", _cancel, "takes back what of a window has not passed, and its silence")
    _name(off)
    _author(off)

    feed = add_action(actions, "ical", _ical, "the calendar of what is under way or coming, as iCalendar")
    feed.add_argument("--service", metavar="S", help="only what concerns this one")
    feed.add_argument("--out", type=Path, metavar="FILE", help="default: stdout")
    feed.add_argument("--days", type=_days, default=400, metavar="N", help="how far ahead (default: 400)")


def run(options: argparse.Namespace) -> int:
    act: Callable[[argparse.Namespace], int] = options.act
    return act(options)


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="what the window is known by while it stands")


def _author(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--author", default=this_person(), metavar="NAME", help="who says so (default: you)")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why; kept with the revision")


def _proof(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--announced-at", metavar="T", help="when customers were told (default: now)")
    parser.add_argument("--channel", default="", metavar="TEXT", help="how they were told, such as email")
    parser.add_argument("--ticket", default="", metavar="ID", help="where that can be read")
    parser.add_argument("--silence", action="store_true", help="puts the window into Alertmanager as a silence")
    _author(parser)


def _days(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:6]) <= _LONGEST_FEED:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of days from 1 to {_LONGEST_FEED}")
    return int(text)


# -- reading --------------------------------------------------------------------------------------------------------------


def _list(options: argparse.Namespace) -> int:
    config = load_config(options.config, syntax_only=True)
    zone, now = config.policy.timezone, datetime.now(UTC)
    since, until = (
        _instant(f"--{name}", text, zone) for name, text in (("from", options.since), ("to", options.until))
    )
    if options.recurring and until is not None and until - (since or now) > LONGEST_LIST:
        raise CommandError(f"--to: expected at most {LONGEST_LIST.days} days after --from, with --recurring", status=2)
    found = documents(_maintenance(config, now), now, since, until, also_recurring=options.recurring)
    if options.format == "json":
        print(as_json(found))
    elif options.format == "csv":
        print_csv([{**each, "services": " ".join(each["services"] or ["all"])} for each in found])
    elif found:
        print_table([_row(each, zone) for each in found])
    else:
        print("no maintenance")
    return 0


def _row(window: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """The fields that fit a line, in local time."""
    start, end, announced_at = (
        None if window[key] is None else local(datetime.fromisoformat(window[key]), zone)
        for key in ("start", "end", "announced_at")
    )
    verdict = "counts" if window["counts"] else "short notice"
    return {
        "name": window["name"],
        "start": start,
        "end": end,
        "services": "all" if window["services"] is None else ",".join(window["services"]),
        "origin": window["origin"],
        "state": window["state"],
        "verdict": f"{verdict}, back-dated" if window["back_dated"] else verdict,
        "notice_hours": "" if window["notice_hours"] is None else window["notice_hours"],
        "announced_at": announced_at or "",
        "channel": window["channel"],
        "ticket": window["ticket"],
        "author": window["author"],
    }


def _ical(options: argparse.Namespace) -> int:
    from ..web.ical import calendar  # noqa: PLC0415 - brings the whole web server with it

    config = load_config(options.config, syntax_only=True)
    if options.service is not None and all(each.name != options.service for each in config.services):
        known = ", ".join(each.name for each in config.services[:10])
        raise CommandError(f"--service {options.service}: not in the configuration; expected one of {known}", status=2)
    now = datetime.now(UTC)
    feed = calendar(_maintenance(config, now), now, config.policy.timezone, options.service, options.days)
    if options.out is None:
        sys.stdout.buffer.write(feed)
        return 0
    try:
        options.out.write_bytes(feed)
    except OSError as error:
        raise CommandError(f"{options.out}: cannot be written: {error.strerror}") from None
    return 0


def _maintenance(config: Config, now: datetime) -> Maintenance:
    """What is on record, and of the file what the exporter has yet to load."""
    recorded = Recorded()
    if _has_ledger(config):
        with opened(config) as ledger:
            recorded = ledger.read(since=now)
    try:
        found, waiting = taken_up(recorded, config, now)
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError(f"ledger: holds what sesam-slo does not write: {error!r}") from None
    if waiting:
        print(
            f"note: the exporter has not loaded the file's present windows yet: {', '.join(waiting)}", file=sys.stderr
        )
    return found


def _has_ledger(config: Config) -> bool:
    """False where no exporter has run yet: then the file says all there is."""
    path = config.ledger.removeprefix("sqlite:///")
    return path == config.ledger or Path(path).exists()


# -- writing --------------------------------------------------------------------------------------------------------------


def _announce(options: argparse.Namespace) -> int:
    config, proof = _asked(options)
    start, end = (_instant(f"--{key}", getattr(options, key), config.policy.timezone) for key in ("start", "end"))
    assert start is not None
    assert end is not None
    services = frozenset(options.service) if options.service else None
    return _carry_out(
        options,
        config,
        proof,
        lambda known: announce(known, options.name, start, end, services, proof, datetime.now(UTC)),
    )


def _change(options: argparse.Namespace) -> int:
    config, proof = _asked(options)
    start, end = (_instant(f"--{key}", getattr(options, key), config.policy.timezone) for key in ("start", "end"))
    services = None if options.all_services else frozenset(options.service) if options.service else KEEP
    if start is None and end is None and services is KEEP and not options.silence:
        raise CommandError(
            "nothing to change: expected --start, --end, --service, --all-services or --silence", status=2
        )
    return _carry_out(
        options,
        config,
        proof,
        lambda known: change(known, options.name, proof, datetime.now(UTC), start=start, end=end, services=services),
    )


def _cancel(options: argparse.Namespace) -> int:
    config = load_config(options.config, syntax_only=True)
    proof = Proof(options.author, reason=options.reason)
    return _carry_out(options, config, proof, lambda known: cancel(known, options.name, proof, datetime.now(UTC)))


def _asked(options: argparse.Namespace) -> tuple[Config, Proof]:
    config = load_config(options.config, syntax_only=True)
    if options.silence and config.alertmanager_url is None:
        raise CommandError(
            "--silence: no Alertmanager to ask; expected alertmanager.url in the configuration", status=2
        )
    claimed = _instant("--announced-at", options.announced_at, config.policy.timezone)
    return config, Proof(options.author, claimed, options.channel, options.ticket, options.reason)


def _carry_out(options: argparse.Namespace, config: Config, proof: Proof, step: Callable[[Known], Outcome]) -> int:
    def record(decide: Callable[[Recorded], Changes]) -> Changes:
        # The ledger is made where there is none: what customers are told need not wait for the exporter's first start.
        return record_windows(lambda: open_ledger(config.ledger), decide, proof.author, proof.reason)

    try:
        outcome = decided(step, config, record)
    except UnknownServiceError as error:
        raise CommandError(str(error), status=2) from None
    except (AnnouncingError, LedgerError) as error:
        raise CommandError(str(error)) from None
    _tell(outcome)
    return _silence(config, outcome, proof.author, wanted=getattr(options, "silence", False))


def record_windows(
    open: Callable[[], Ledger], decide: Callable[[Recorded], Changes], author: str, reason: str
) -> Changes:
    """As `ledgers.amend`, for windows: nothing is read of a log that has passed. Raises LedgerError, and what `decide` raises."""
    now = datetime.now(UTC)
    try:
        return amend(open, decide, author=author, reason=reason, read=lambda ledger: ledger.read(since=now))
    except (KeyError, TypeError, ValueError) as error:
        raise LedgerError(f"ledger: holds what sesam-slo does not write: {error!r}") from error


def _tell(outcome: Outcome) -> None:
    for piece in outcome.pieces:
        print(plain(f"{outcome.name}: {piece.sentence(outcome.zone)}"))
    if not outcome.pieces:
        for piece in outcome.withdrawn:
            print(plain(f"{outcome.name}: cancelled: {piece.extent(outcome.zone)}"))
    for warning in outcome.warnings:
        print(plain(f"warning: {warning}"), file=sys.stderr)


def _silence(config: Config, outcome: Outcome, author: str, *, wanted: bool) -> int:
    done, fault = follow_with_silence(config.alertmanager_url, outcome, author, wanted=wanted)
    if fault is not None:
        print(f"{outcome.name}: {_unsilenced(outcome, fault, wanted)}", file=sys.stderr)
        return 1
    if done:
        print(f"{outcome.name}: {done}")
    return 0


def _unsilenced(outcome: Outcome, fault: str, wanted: bool) -> str:
    if not outcome.pieces:
        return f"is cancelled; where Alertmanager has a silence of it, expire it there: {fault}"
    if not wanted:
        return f"is recorded; where Alertmanager has a silence of it, that is as it was: {fault}"
    again = f"maintenance change {shlex.quote(outcome.name)} --silence"
    return f"is recorded, its silence is not in Alertmanager: {fault}; `{again}` tries again"


# -- times ----------------------------------------------------------------------------------------------------------------


def _instant(option: str, text: str | None, zone: ZoneInfo) -> datetime | None:
    """Raises CommandError; a time without an offset is told what it would be in the policy's zone."""
    if text is None:
        return None
    try:
        bare = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{option} {text!r}: expected {_TIME}", status=2) from None
    if bare.tzinfo is None:
        raise CommandError(f"{option} {text}: has no offset; {_with_offset(bare, zone)}", status=2)
    try:
        return instant_with_offset(text)
    except ValueError as error:
        raise CommandError(f"{option}: {error}", status=2) from None


def _with_offset(bare: datetime, zone: ZoneInfo) -> str:
    first, second = (bare.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    shown = [each.isoformat(timespec="minutes" if not bare.second else "auto") for each in (first, second)]
    if first.utcoffset() == second.utcoffset():
        return f"in {zone.key} it is {shown[0]}"
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != bare:
        return f"in {zone.key} the clock skips it; expected an instant that there is"
    return f"in {zone.key} it comes twice: {shown[0]} and {shown[1]}"
