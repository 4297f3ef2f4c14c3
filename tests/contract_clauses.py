"""The contract, clause by clause: what each says in our words, how it is read where it leaves room, and what shows it.

The contract is SESAM's "Service level objective". Tests name the clauses that they hold, `@pytest.mark.contract("ten-minutes")`;
`contract.py` puts both together into docs/contract.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from sesam_slo.core import names
from sesam_slo.core.names import Alert, Metric


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel of a dashboard in grafana/dashboards, by the name of its file and its title."""

    dashboard: str
    title: str


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause. `heading`: the contract's own, under which it stands. `readings`: what it leaves open, and our answer."""

    id: str
    heading: str
    title: str
    says: str
    readings: tuple[tuple[str, str], ...] = ()
    metrics: tuple[Metric, ...] = ()
    panels: tuple[Panel, ...] = ()
    alerts: tuple[str, ...] = ()


_TARGET = "Availability target"
_PLANNED = "Planned downtime"
_DOWNTIME = "Definition of downtime"
_SUPPORT = "Requirements for processing and reaction times"

_STATE = Panel("wall", "Is everything answering?")
_SERVICES = Panel("wall", "Services, worst first")
_MONTH_OF_DAYS = Panel("wall", "The last 30 days of the services with least budget left")
_DOWN_FOR = Panel("wall", "Down for (longest two)")
_MONTH = Panel("wall", "This month, worst (objective 99.5 %)")
_BUDGET = Panel("wall", "Downtime budget left, worst")
_BY_SERVICE = Panel("wall", "This month by service: availability, downtime budget left")
_LOG = Panel("wall", "Downtime log: first what lacks a cause, then the latest")
_MAINTENANCE = Panel("wall", "Maintenance, now and next")
_MONITORING = Panel("wall", "Monitoring")
_CLOCKS = Panel("support", "Clocks that run, least time left first")
_DUE = Panel("wall", "Support cases by nearest deadline (business time)")
_OPEN_CASES = Panel("support", "Open cases, by level")
_KEPT = Panel("support", "Targets met and missed, cases reported ${window:text}")
_NOT_TOLD = Panel("support", "Supplier not told")

CLAUSES = (
    Clause(
        "availability",
        _TARGET,
        "99.5 % of the agreed time",
        "Each service is up for at least 99.5 % of the time.",
        (
            ("Up, out of which time", "The window less planned maintenance, of that what was observed: 1 − unplanned "
             "downtime / observed agreed time."),
            ("Over which period", "The contract names none. The calendar month in the policy's time zone decides "
             "reports and alerts; rolling and other calendar windows stand beside it."),
            ("How much downtime that allows", "0.5 % of the whole period's agreed time, its coming days included: "
             "the error budget. What is left of it may be negative."),
            ("No agreed time, or none observed", "There is no figure, neither 0 % nor 100 %."),
            ("Rounding", "Figures that people read are rounded down: 99.4999 % is not shown as 99.5 %."),
        ),
        (names.AVAILABILITY_RATIO, names.OBJECTIVE_RATIO, names.ERROR_BUDGET_SECONDS, names.ERROR_BUDGET_REMAINING_SECONDS),
        (_MONTH, _BUDGET, _BY_SERVICE),
        (Alert.BUDGET_BURN_FAST, Alert.BUDGET_BURN_SLOW, Alert.BUDGET_EXHAUSTED),
    ),
    Clause(
        "nightly-maintenance",
        _PLANNED,
        "Every night from 00:00 to 03:00",
        "Maintenance is planned every night between midnight and 03:00, Central European Time.",
        (
            ("Which time zone, in summer", "The clock on the wall in Europe/Oslo, summer time included; not UTC+1 "
             "all year."),
            ("The nights on which the clock changes", "The window is 2 hours long when summer time begins and 4 when "
             "it ends."),
            ("Downtime inside it", "Planned, whether or not anybody worked: it is deducted from the agreed time and "
             "from the downtime alike."),
            ("Downtime across its edge", "What lies inside is planned, the rest unplanned. Whether it is downtime at "
             "all is judged on its whole length before anything is deducted."),
        ),
        (names.MAINTENANCE_ACTIVE, names.MAINTENANCE_NEXT_START, names.MAINTENANCE_LAST_END, names.WINDOW_DOWNTIME_SECONDS),
        (_MAINTENANCE, _MONTH_OF_DAYS),
        (Alert.MAINTENANCE_OVERRUN,),
    ),
    Clause(
        "notice",
        _PLANNED,
        "48 hours' notice of any other maintenance",
        "Maintenance outside the night is planned only if the customers were told of it at least 48 hours ahead.",
        (
            ("Exactly 48 hours", "Is enough; a second less is not."),
            ("Announced too late", "The window is kept and marked, and deducts nothing."),
            ("A window that is moved or extended", "What is added is announced at the moment of the change, with 48 "
             "hours of its own. What stays keeps its announcement."),
            ("Another service is added to it", "For that service the whole window is announced at that moment."),
            ("An announcement entered afterwards", "Counts by the instant that is claimed; where that is more than 5 "
             "minutes before it was recorded, it is marked as back-dated wherever it shows."),
        ),
        (names.MAINTENANCE_SHORT_NOTICE, names.MAINTENANCE_ACTIVE),
        (_MAINTENANCE,),
        (Alert.SHORT_NOTICE,),
    ),
    Clause(
        "api-or-ui",
        _DOWNTIME,
        "API or user interface",
        "A service is down when its API or its user interface does not respond.",
        (
            ("What a response is", "A complete answer within the deadline that is as expected: by default a final "
             "status of 200-299, its body read to the end. "
             "A name that does not resolve is no response."),
            ("Both at once", "Counted once: a service's downtime is the union of its endpoints'. Downtimes that "
             "touch or overlap are one event."),
            ("Each for less than ten minutes, together for more", "No downtime: each endpoint is judged for itself."),
        ),
        (names.PROBE_SUCCESS, names.PROBE_FAILURES, names.ENDPOINT_FAILING_SINCE),
        (_STATE, _SERVICES),
        (Alert.NOT_RESPONDING,),
    ),
    Clause(
        "ten-minutes",
        _DOWNTIME,
        "Ten minutes",
        "Not responding becomes downtime once it has lasted ten minutes.",
        (
            ("Exactly ten minutes", "Are downtime; a second less is not."),
            ("The first ten minutes", "Count: downtime begins at the first probe that failed, not at the tenth "
             "minute."),
            ("When it ends", "At the instant of the first probe that succeeds."),
            ("By which clock", "A result is dated by the start of its probe. Ten minutes have passed when every "
             "probe that started before then has its result."),
            ("Less than ten minutes", "Is no downtime and costs nothing; it is published as failing time."),
        ),
        (names.DOWNTIME_ACTIVE, names.UNPLANNED_DOWNTIME_ACTIVE, names.DOWNTIME_SECONDS, names.FAILING_SECONDS),
        (_STATE, _DOWN_FOR, _MONTH_OF_DAYS),
        (Alert.DOWNTIME, Alert.EARLY_WARNING, Alert.FLAPPING),
    ),
    Clause(
        "monitored",
        _DOWNTIME,
        "Monitored, and what was not seen",
        "The provider itself monitors whether the service responds.",
        (
            ("Time of which nothing is known", "Is neither up nor down. It has a figure of its own, and beside the "
             "availability stand both bounds: all of it taken as up, and as down."),
            ("How long a probe's result speaks", "Up to the next one, at most for two intervals."),
            ("Silence between two failures", "Of at most ten minutes belongs to the outage; after a longer one, or "
             "where a success follows, the outage ended where its last failure stopped speaking."),
            ("A failure while nothing else can be reached either", "Says nothing about the service: unobserved. So "
             "are faults on the monitoring's own side, refused credentials among them."),
            ("The monitoring stops, and begins again", "What it knew goes on; the time between is unobserved."),
        ),
        (names.UNOBSERVED_SECONDS, names.AVAILABILITY_BOUND_RATIO, names.PROBES),
        (_MONITORING, _MONTH_OF_DAYS, _BY_SERVICE),
        (Alert.PROBES_BLIND, Alert.EXPORTER_DOWN, Alert.PROBE_CREDENTIALS, Alert.LEDGER_WRITE_FAILING, Alert.WATCHDOG),
    ),
    Clause(
        "excluded",
        _DOWNTIME,
        "What is the customer's or the operating environment's",
        "An error in the customer's own systems, or downtime of the operating environment, is not the service's "
        "downtime.",
        (
            ("Who says so", "A person, in the log, at any later time; every figure follows, and every change is kept "
             "with its author."),
            ("As long as nobody has said", "It counts as unplanned."),
            ("Inside planned maintenance", "It stays planned: excluded is only what would have been unplanned."),
            ("Only a part of it", "Parts of an event can be excluded; what is left counts even where it is shorter "
             "than ten minutes."),
        ),
        (names.WINDOW_DOWNTIME_SECONDS, names.UNPLANNED_DOWNTIME_ACTIVE, names.LOG_ENTRY_INFO),
        (_LOG,),
        (Alert.DOWNTIME_UNEXPLAINED,),
    ),
    Clause(
        "log",
        _DOWNTIME,
        "A log of all downtime",
        "Every event is logged: when it was reported, its cause or symptom, its solution, how long it lasted.",
        (
            ("What one event is", "One connected piece of a service's downtime, across restarts of the monitoring "
             "too."),
            ("When it was reported", "When its page went out to the people on call, or what a person writes instead; "
             "of several reports the first."),
            ("Symptom, if nobody wrote one", "What the probes saw."),
            ("By when cause and solution are due", "The contract sets no term; a ticket asks for them two business "
             "days after the end."),
            ("Corrections", "Add a revision and overwrite none; a chain of hashes shows whether any was altered, "
             "removed or slipped in."),
        ),
        (names.LOG_ENTRY_INFO, names.LOG_ENTRY_START, names.LOG_ENTRY_DURATION),
        (_LOG,),
        (Alert.DOWNTIME_UNEXPLAINED,),
    ),
    Clause(
        "business-hours",
        _SUPPORT,
        "Business hours",
        "Terms run in business hours only: 08:00 to 16:00, not on Norwegian public holidays, Christmas Eve or New "
        "Year's Eve.",
        (
            ("Which days", "Monday to Friday, by the clock on the wall in Europe/Oslo."),
            ("Hours and days of a term", "Are business time; a day is 8 business hours."),
            ("When a term is over", "At the earliest instant by which its time has passed: 8 hours from Monday 08:00 "
             "is Monday 16:00."),
        ),
        metrics=(names.CASE_SECONDS_LEFT, names.CASE_SECONDS_USED),
        panels=(_CLOCKS, _DUE),
        alerts=(Alert.DOWNTIME_UNEXPLAINED, Alert.REACTION_DUE, Alert.CORRECTION_DUE),
    ),
    Clause(
        "levels",
        _SUPPORT,
        "Three levels of errors",
        "A: all or significant parts of the service do not work. B: no stop of operation. C: problems or questions "
        "without harm. The provider assigns the level.",
        (
            ("The table has lost its column heads", "Level A has 8 hours of reaction and B 2 days, for partners; "
             "users have none; C has none."),
            ("A level that changes", "The terms are computed anew from the report; one that was missed stays missed."),
        ),
        (names.CASE_OPEN, names.CASE_BREACHED, names.CASE_TARGETS),
        (_OPEN_CASES, _KEPT),
    ),
    Clause(
        "reaction-time",
        _SUPPORT,
        "Reaction time",
        "From the customer's report to the beginning of work on the cause: 8 hours at level A, 2 days at level B.",
        (("Reported outside business hours", "The clock starts at the next business instant."),),
        (names.CASE_DEADLINE, names.CASE_SECONDS_LEFT, names.CASE_BREACHED, names.CASE_TARGETS),
        (_CLOCKS, _DUE, _KEPT),
        (Alert.REACTION_DUE, Alert.REACTION_BREACHED),
    ),
    Clause(
        "correction-time",
        _SUPPORT,
        "Correction time",
        "From the report to a temporary or permanent fix that has brought the service back; the reaction time is "
        "part of it. Level A: a workaround within 3 days for partners, none for users, otherwise a fix within 10. "
        "Level B: a workaround within 10 days, otherwise a fix in the next release. Level C: a fix in the next "
        "release, as a goal.",
        (("Where no workaround is possible", "That is recorded, and the fix's deadline takes the workaround's "
          "place."),),
        (names.CASE_DEADLINE, names.CASE_SECONDS_LEFT, names.CASE_BREACHED, names.CASE_TARGETS),
        (_CLOCKS, _DUE, _KEPT),
        (Alert.CORRECTION_DUE, Alert.CORRECTION_BREACHED),
    ),
    Clause(
        "no-requirements",
        _SUPPORT,
        "Errors without requirements",
        "Errors in the customer's own systems or in the operating environment have no terms; the latter are reported "
        "to the environment's supplier without delay.",
        (("What is kept of that", "When it was reported to the supplier."),),
        (names.CASE_SUPPLIER_NOT_TOLD,),
        (_NOT_TOLD,),
    ),
)  # fmt: skip
