"""Support cases in the ledger, for `sesam-slo case`: read with their clocks, changed by revisions."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ..core import case_changes
from ..core.announcing import recorded_policies
from ..core.business_time import BusinessCalendars
from ..core.case import INSTANTS, TEXTS, Case, cases
from ..core.case_changes import Known
from ..core.case_document import case_document
from ..core.correcting import CorrectionError, UnknownNameError
from ..core.deadlines import SupportRules
from ..core.history import CaseChange, Changes, Recorded
from ..core.instants import written
from ..core.model import Config
from ..ledger import Ledger, LedgerError, open_ledger
from ..public_holidays import is_holiday
from .errors import CommandError, load_config
from .ledgers import amend, opened, this_person
from .output import as_json, print_csv, print_table

# -- reading --------------------------------------------------------------------------------------------------------------


def list_cases(options: argparse.Namespace) -> int:
    config = load_config(options.config, syntax_only=True)
    with opened(config) as ledger:
        recorded = ledger.cases()
    found, rules = _understood(recorded, config)
    _check_asked(found, config, options)
    now = datetime.now(UTC)
    documents = [case_document(each, rules, now) for each in found.values() if _is_asked(each, options)]
    if options.format == "json":
        print(as_json(documents))
    elif options.format == "csv":
        print_csv([_flat(each) for each in documents])
    elif documents:
        print_table([_row(each) for each in documents])
    else:
        print("no cases")
    return 0


def show(options: argparse.Namespace) -> int:
    config = load_config(options.config, syntax_only=True)
    with opened(config) as ledger:
        found, rules = _understood(ledger.cases(), config)
        case = _found(found, options.id)
        history = [each.document() for each in ledger.revisions(case.id)]
    document = case_document(case, rules, datetime.now(UTC))
    if options.format == "json":
        print(as_json({**document, "history": history}))
        return 0
    lines = {name: value for name, value in document.items() if name not in ("id", "clocks", "levels")}
    print_table([{"": name, case.id: "" if value is None else value} for name, value in lines.items()])
    print("\nclocks")
    print_table([{"clock": name, **_blank(clock)} for name, clock in document["clocks"].items()])
    print("\nhistory")
    print_table([{**each, "change": _words(each["change"])} for each in history])
    return 0


def _understood(recorded: Recorded, config: Config) -> tuple[dict[str, Case], SupportRules]:
    try:
        rules = SupportRules(recorded_policies(recorded, config), BusinessCalendars(is_holiday))
        return cases(recorded.cases), rules
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError(f"ledger: holds what sesam-slo does not write: {error!r}") from None


def _found(known: dict[str, Case], id: str) -> Case:
    try:
        return case_changes.find(known, id)
    except CorrectionError as error:
        raise CommandError(str(error)) from None


def _check_asked(known: dict[str, Case], config: Config, options: argparse.Namespace) -> None:
    """What is configured, or was when a case was reported, may be asked for: else a slip reads as no cases."""
    services = {service.name for service in config.services} | {case.service for case in known.values()}
    levels = {*config.policy.support.level_names} | {case.level for case in known.values()}
    for option, asked, names in (("--service", options.service, services), ("--level", options.level, levels)):
        if asked is not None and asked not in names:
            raise CommandError(f"{option} {asked}: expected one of {', '.join(sorted(names)[:10])}", status=2)


def _is_asked(case: Case, options: argparse.Namespace) -> bool:
    return (
        options.service in (None, case.service)
        and options.level in (None, case.level)
        and (case.open or not options.open)
        and (options.since is None or case.reported_at >= options.since)
        and (options.until is None or case.reported_at < options.until)
    )


def _row(case: dict[str, Any]) -> dict[str, Any]:
    """The fields that fit a line."""
    return {
        "id": case["id"],
        "level": case["level"],
        "class": case["customer_class"],
        "state": case["state"],
        "reported_at": case["reported_at"],
        **{name: _verdict(clock) for name, clock in case["clocks"].items()},
        "cause": case["cause"] + (" (supplier not told)" if case["supplier_missing"] else ""),
        "reference": case["reference"] or "",
        "title": case["title"],
    }


def _verdict(clock: dict[str, Any]) -> str:
    """Where a clock stands, in a cell."""
    if clock["breached"]:
        return "missed"
    if clock["met"]:
        return "met"
    return clock["deadline"] or clock["note"] or ""


def _flat(case: dict[str, Any]) -> dict[str, Any]:
    """All fields, each in one cell."""
    clocks = case["clocks"].items()
    return {
        **{name: value for name, value in case.items() if name != "clocks"},
        "levels": "; ".join(f"{each['level']} {each['since']}" for each in case["levels"]),
        **{f"{name}_{field}": value for name, clock in clocks for field, value in clock.items()},
    }


def _blank(clock: dict[str, Any]) -> dict[str, Any]:
    return {name: "" if value is None else value for name, value in clock.items()}


def _words(change: dict[str, Any]) -> str:
    return ", ".join(
        f"{name}: {'none' if value is None else value}" for name, value in change.items() if name != "told"
    )


# -- changing -------------------------------------------------------------------------------------------------------------


def report(options: argparse.Namespace) -> int:
    names = ("service", "level", "customer_class", "reported_at", "cause", *TEXTS)
    wanted = {name: value for name in names if (value := getattr(options, name, None)) is not None}
    return _record(options, lambda known, said: case_changes.report(known, wanted, **said), wanted.get("event"))


def start(options: argparse.Namespace) -> int:
    return _done(options, "started_at")


def workaround(options: argparse.Namespace) -> int:
    if not options.impossible:
        return _done(options, "workaround_at")
    if options.at is not None:
        raise CommandError("--at: not beside --impossible, which counts from when it is recorded", status=2)
    return _change(options, {"workaround_impossible": True})


def resolve(options: argparse.Namespace) -> int:
    return _done(options, "fixed_at", {} if options.cause is None else {"cause": options.cause})


def relevel(options: argparse.Namespace) -> int:
    return _change(options, {"level": options.level})


def annotate(options: argparse.Namespace) -> int:
    wanted = {name: value for name in (*TEXTS, "cause") if (value := getattr(options, name)) is not None}
    for name in INSTANTS:
        if (at := getattr(options, name)) is not None:
            wanted[name] = None if at == "none" else at
    if options.workaround_possible:
        wanted["workaround_impossible"] = False
    if options.withdraw or options.reinstate:
        wanted["withdrawn"] = bool(options.withdraw)
    if not wanted:
        raise CommandError("nothing to change: expected --title, --cause, --started-at or another field", status=2)
    return _change(options, wanted)


def _done(options: argparse.Namespace, name: str, more: dict[str, Any] | None = None) -> int:
    """A step that is done once; the second time it would be a correction."""

    def decide(known: Known, said: dict[str, Any]) -> CaseChange:
        case = case_changes.find(known.cases, options.id)
        if (before := getattr(case, name)) is not None:
            option = f"--{name.replace('_', '-')}"
            raise CorrectionError(
                f"{case.id}: {name} is {written(before)}; `sesam-slo case annotate {option}` corrects it"
            )
        return case_changes.change(known, options.id, {name: options.at or said["now"], **(more or {})}, **said)

    return _record(options, decide)


def _change(options: argparse.Namespace, wanted: dict[str, Any]) -> int:
    return _record(
        options, lambda known, said: case_changes.change(known, options.id, wanted, **said), wanted.get("event")
    )


def _record(
    options: argparse.Namespace, decide: Callable[[Known, dict[str, Any]], CaseChange], event: str | None = None
) -> int:
    config = load_config(options.config, syntax_only=True)
    author = this_person() if options.author is None else options.author

    def decided(known: Known) -> Changes:
        said = {"author": author, "reason": options.reason, "now": datetime.now(UTC)}
        return Changes(cases=(decide(known, said),))

    try:
        changes = record_case(lambda: open_ledger(config.ledger, create=False), config, decided, event, author)
    except UnknownNameError as error:
        raise CommandError(str(error), status=2) from None
    except (CorrectionError, LedgerError) as error:
        raise CommandError(str(error)) from None
    (said,) = changes.cases
    with opened(config) as ledger:
        case = _understood(ledger.cases(), config)[0][said.case]
    if case.supplier_missing:
        print(
            f"{case.id}: the operating environment's supplier is not recorded as told; expected "
            "`sesam-slo case annotate --supplier-told-at`",
            file=sys.stderr,
        )
    print(said.case)
    return 0


def record_case(
    open: Callable[[], Ledger], config: Config, decide: Callable[[Known], Changes], event: str | None, author: str
) -> Changes:
    """As `ledgers.amend`, for cases; `event` is the entry of the log that the change names.

    Raises LedgerError, and what `decide` raises.
    """

    def read(ledger: Ledger) -> Known:
        log = ledger.log_entry(event) if event else None
        try:
            return Known.of(ledger.cases(), config, log)
        except (KeyError, TypeError, ValueError) as error:
            raise LedgerError(f"ledger: holds what sesam-slo does not write: {error!r}") from error

    return amend(open, decide, author=author, read=read)
