"""What a person or a service desk says of a support case -> the change to record, or why it cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from .announcing import recorded_policies
from .case import FLAGS, INSTANTS, TEXTS, Case, case_id, cases, changed
from .correcting import MAX_NAME, CorrectionError, UnknownNameError, author_of, text_of
from .entry import Log
from .history import CaseChange, Recorded
from .instants import written
from .model import Cause, Config
from .policy import PolicyTimeline
from .support import Support

SKEW = timedelta(minutes=1)  # how far another's clock may be ahead of ours
_LINES = tuple(name for name in TEXTS if name != "details")  # texts of one line
_CLOSED = ("level",)  # what is judged, and does not change any more once a case is closed


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a message about a case; `change` None where the case says so already."""

    case: str  # its id
    change: CaseChange | None
    opened: bool = False

    @property
    def fields(self) -> list[str]:
        """What the case says otherwise now."""
        return [] if self.change is None else sorted(self.change.change.keys() - {"told"})


@dataclass(frozen=True, slots=True)
class Known:
    """What a change is decided on. `log` holds at least the event that it names."""

    cases: Mapping[str, Case]
    policies: PolicyTimeline
    services: frozenset[str]
    log: Log = field(default_factory=Log)

    @classmethod
    def of(cls, recorded: Recorded, config: Config, log: Log | None = None) -> Known:
        """Raises KeyError, TypeError or ValueError where what is on record is none of ours."""
        services = frozenset(service.name for service in config.services)
        return cls(cases(recorded.cases), recorded_policies(recorded, config), services, log or Log())

    def agreement(self, reported_at: datetime) -> Support:
        """By what a case is judged: the policy in force when it was reported."""
        return self.policies.at(reported_at).support


def report(known: Known, wanted: Mapping[str, Any], *, author: str, reason: str, now: datetime) -> CaseChange:
    """The change that opens a case.

    wanted: service, level and customer_class; of the others in `core.case` some, instants as aware datetimes. Without
    `reported_at` it was reported now. Raises CorrectionError.
    """
    wanted = {"reported_at": now, **{name: value for name, value in wanted.items() if value is not None}}
    for name in ("service", "level", "customer_class"):
        if not wanted.get(name):
            raise CorrectionError(f"{name}: missing; expected {_expected(known, name, wanted['reported_at'])}")
    if wanted["service"] not in known.services:
        raise UnknownNameError(f"service {wanted['service']!r}: expected {_expected(known, 'service', now)}")
    change = _change(wanted)
    id = case_id(change["service"], wanted["reported_at"], known.cases)
    return _checked(known, None, CaseChange(id, now, author_of(author), text_of("reason", reason), change))


def change(known: Known, id: str, wanted: Mapping[str, Any], *, author: str, reason: str, now: datetime) -> CaseChange:
    """The change that makes a case as wanted; what is so already is left out.

    wanted: some of the fields in `core.case`, instants as aware datetimes or None. Raises CorrectionError.
    """
    before = find(known.cases, id)
    if wanted.get("service", before.service) != before.service:
        raise CorrectionError(
            f"{before.id}: its service is {before.service} and stays; expected it withdrawn and reported anew"
        )
    said = {name: value for name, value in _change(wanted).items() if value != _now(before, name)}
    if not said:
        raise CorrectionError(f"{before.id}: nothing to change, the case says so already")
    return _checked(known, before, CaseChange(before.id, now, author_of(author), text_of("reason", reason), said))


def told(known: Known, wanted: Mapping[str, Any], *, author: str, reason: str, now: datetime) -> Told:
    """What a service desk says of the case with `wanted["reference"]`: it is opened, changed, or says so already.

    A field is news only where the desk has not said the same last time: what comes once more, as a repeated message or in one
    about something else, undoes nothing that people have changed here since. Raises CorrectionError.
    """
    reference = text_of("reference", wanted.get("reference") or "")
    if not reference:
        raise CorrectionError("reference: missing; expected the number of the case in the service desk")
    said = _change(wanted)
    before = with_reference(known.cases, reference)
    if before is None:
        opening = report(known, wanted, author=author, reason=reason, now=now)
        return Told(opening.case, replace(opening, change={**opening.change, "told": said}), opened=True)
    last = dict(before.told)
    news = {name: wanted[name] for name, value in said.items() if name not in last or value != last[name]}
    if not news:
        return Told(before.id, None)
    if all(_now(before, name) == said[name] for name in news):  # noted, so that it is no news the next time
        told_now = CaseChange(before.id, now, author_of(author), text_of("reason", reason), {})
    else:
        told_now = change(known, before.id, news, author=author, reason=reason, now=now)
    return Told(before.id, replace(told_now, change={**told_now.change, "told": {**last, **said}}))


def find(known: Mapping[str, Case], id: str) -> Case:
    """The case with this id or reference, or with the only id that begins so. Raises CorrectionError."""
    case = known.get(id) or with_reference(known, id)
    if case is not None:
        return case
    found = [each for each in known if each.startswith(id)] if id else []
    if len(found) == 1:
        return known[found[0]]
    if found:
        raise CorrectionError(
            f"{id}: {len(found)} cases begin so, {found[0]} and {found[1]} among them; expected a whole id"
        )
    raise CorrectionError(f"{id}: no such case; `sesam-slo case list` shows their ids")


def with_reference(known: Mapping[str, Case], reference: str) -> Case | None:
    return next((case for case in known.values() if case.reference == reference), None) if reference else None


def _change(wanted: Mapping[str, Any]) -> dict[str, Any]:
    change: dict[str, Any] = {}
    for name, value in wanted.items():
        if name == "cause":
            if value not in {each.value for each in Cause}:
                raise CorrectionError(f"cause: {value!r}; expected one of {', '.join(Cause)}")
            change[name] = str(value)
        elif name in _LINES or name in ("service", "level"):
            change[name] = _line(name, value)
        elif name in TEXTS:
            change[name] = text_of(name, value)
        elif name in INSTANTS:
            if value is None and name == "reported_at":
                raise CorrectionError("reported_at: missing; expected when it was reported")
            change[name] = None if value is None else written(value)
        elif name in FLAGS:
            change[name] = bool(value)
        else:
            raise CorrectionError(f"{name}: no such field of a case")
    return change


def _line(name: str, value: Any) -> str:
    text = text_of(name, value)
    if "\n" in text or "\t" in text or len(text) > MAX_NAME:
        raise CorrectionError(f"{name}: expected one line of at most {MAX_NAME} characters")
    return text


def _now(case: Case, name: str) -> Any:
    """What the case says, as a change would."""
    value = getattr(case, name)
    if isinstance(value, datetime):
        return written(value)
    return value.value if isinstance(value, Cause) else value


def _checked(known: Known, before: Case | None, said: CaseChange) -> CaseChange:
    after = changed(before, said)
    _check_instants(after, said)
    _check_agreement(known, after, said)
    _check_closed(before, after, said)
    _check_links(known, after, said)
    return said


def _check_instants(case: Case, said: CaseChange) -> None:
    for name in INSTANTS:
        at = getattr(case, name)
        if at is None:
            continue
        if at > said.at + SKEW:
            raise CorrectionError(f"{case.id}: {name} {written(at)} lies ahead; expected what has happened")
        if at.year <= 1970:
            raise CorrectionError(f"{case.id}: {name} {written(at)}: expected a year from 1971 on")
        if name not in ("reported_at", "supplier_told_at") and at < case.reported_at:
            raise CorrectionError(
                f"{case.id}: {name} {written(at)} is before the report; expected {written(case.reported_at)} or later"
            )
    for first, then in (("started_at", "workaround_at"), ("started_at", "fixed_at"), ("workaround_at", "fixed_at")):
        one, two = getattr(case, first), getattr(case, then)
        if one is not None and two is not None and two < one:
            raise CorrectionError(
                f"{case.id}: {then} {written(two)} is before {first}; expected {written(one)} or later"
            )


def _check_agreement(known: Known, case: Case, said: CaseChange) -> None:
    """Level and class are looked at where they are said, and where another policy comes to judge the case."""
    for name in ("level", "customer_class"):
        value = getattr(case, name)
        if (name in said.change or "reported_at" in said.change) and value not in _words(known, name, case.reported_at):
            raise UnknownNameError(f"{case.id}: {name} {value!r}: expected {_expected(known, name, case.reported_at)}")
    if said.change.get("supplier_told_at") is not None and case.cause is not Cause.OPERATING_ENVIRONMENT:
        raise CorrectionError(
            f"{case.id}: supplier_told_at belongs to errors of the operating environment; "
            f"expected the cause {Cause.OPERATING_ENVIRONMENT}, not {case.cause}"
        )
    if said.change.get("workaround_impossible") and case.corrected_at is not None:
        raise CorrectionError(f"{case.id}: was corrected at {written(case.corrected_at)}; expected a case that was not")


def _check_closed(before: Case | None, after: Case, said: CaseChange) -> None:
    if before is None or before.open or after.open:
        return
    for name in _CLOSED:
        if name in said.change:
            how = "was withdrawn" if before.withdrawn else f"was fixed at {written(before.fixed_at)}"  # type: ignore[arg-type]
            raise CorrectionError(f"{before.id}: {how}, its {name} stays; expected an open case")


def _check_links(known: Known, case: Case, said: CaseChange) -> None:
    if "reference" in said.change:
        other = with_reference({id: each for id, each in known.cases.items() if id != case.id}, case.reference)
        if other is not None:
            raise CorrectionError(f"reference {case.reference!r}: is {other.id} already; expected one of its own")
    if not said.change.get("event"):
        return
    event = known.log.events.get(case.event)
    entry = known.log.entries.get(case.event)
    if event is not None and event.merged_into is not None:
        raise CorrectionError(f"event {case.event}: was merged into {event.merged_into}; expected that id")
    if entry is None:
        raise CorrectionError(f"event {case.event!r}: not in the downtime log; `sesam-slo log list` shows their ids")
    if entry.service != case.service:
        raise CorrectionError(f"event {case.event}: is one of {entry.service}; expected one of {case.service}")


def _words(known: Known, name: str, reported_at: datetime) -> tuple[str, ...]:
    if name == "service":
        return tuple(sorted(known.services))
    support = known.agreement(reported_at)
    return support.level_names if name == "level" else support.classes


def _expected(known: Known, name: str, reported_at: datetime) -> str:
    return f"one of {', '.join(_words(known, name, reported_at)[:10])}"
