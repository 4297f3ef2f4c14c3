"""When each alert about support cases fires and when it stays silent, as in `alert_cases`.

Case c-7 has eight hours of reaction time, of which at 00:00:15 three quarters are used, at 02:00:15 all.
"""

from datetime import datetime, timedelta

from alert_cases import DATAHUB, UP, Case, Notice

from sesam_slo.core.names import Alert

DUE, LATE = "7215-15x2000", "21585+15x2000"  # left, used
CLOSE, STARTED = "7215-15x19 stale", "21585+15x19 stale"  # the same, up to a start at 00:05:00


def clock(metric, clock="reaction", level="A", case="c-7"):
    of = f'{DATAHUB},case="{case}",level="{level}",customer_class="partner",clock="{clock}"'
    return f"sesam_slo_case_{metric}{{{of}}}"


def left(*of, **more):
    return clock("business_seconds_left", *of, **more)


def used(*of, **more):
    return clock("business_seconds_used", *of, **more)


def deadline(*of, **more):
    return clock("deadline_timestamp_seconds", *of, **more)


def breached(*of, **more):
    return clock("breached", *of, **more)


OPEN = f'sesam_slo_case_open{{{DATAHUB},level="A",customer_class="partner"}}'
RUNNING = {OPEN: "1x2000", left(): DUE, used(): LATE, deadline(): "7215x2000", breached(): "0x481 1x2000"}
OF_CASE = {"service": "datahub-prod", "case": "c-7"}


def reaction_due(left, severity="page", of=" (level A, partner)", case="c-7"):
    return Notice(
        severity,
        f"Nobody has started on {case} of datahub-prod",
        f"Nobody has started to work on the cause of case {case} of datahub-prod{of}.{left}",
        {**OF_CASE, "case": case},
    )


def breach(what, left, of=" (level A, partner)"):
    return Notice(
        "ticket",
        f"c-7 of datahub-prod missed its {what} time",
        f"Case c-7 of datahub-prod{of} missed what is promised of its {what}.{left} It stays missed until the case is "
        "closed.",
        OF_CASE,
    )


def correction_due(left, of=" (level A, partner)"):
    return Notice(
        "ticket",
        "c-7 of datahub-prod has to be corrected",
        f"There is neither a workaround nor a fix for case c-7 of datahub-prod{of}.{left}",
        OF_CASE,
    )


def local(day, at):
    """An instant of the test's clock, which is UTC, as the alerts tell it."""
    return f"{datetime.fromisoformat(f'1970-01-{day} {at}') + timedelta(hours=1)} CET"


def left_until(length, what="reaction", at="02:00:15", day="01"):
    return f" {length} of business time are left until its {what} is due at {local(day, at)}."


def overdue(length, what="reaction", at="02:00:15"):
    return f" Its {what} is {length} of business time overdue since {local('01', at)}."


def dying(after, *, back=""):
    """All series of the running case, of an exporter that answers `after` scrapes and then no more, or again."""
    known = {
        OPEN: f"1x{after} stale",
        left(): f"7215-15x{after} stale",
        used(): f"21585+15x{after} stale",
        deadline(): f"7215x{after} stale",
        breached(): f"0x{after} stale",
    }
    return {**{name: values + back for name, values in known.items()}, UP: f"1x{after} 0x1000"}


# three days for a workaround, of which three quarters are used at 00:00:15, and ten for a fix
CORRECTION = {
    OPEN: "1x2000",
    left("workaround"): "21615-15x2000", used("workaround"): "64785+15x2000", deadline("workaround"): "21615x2000",
    left("fix"): "223215-15x2000", used("fix"): "64785+15x2000", deadline("fix"): "223215x2000",
    breached("workaround"): "0x1441 1x600", breached("fix"): "0x2000",
}  # fmt: skip

CASES = [
    # --- SesamReactionDue
    Case(Alert.REACTION_DUE, "three quarters of the time are used", "20s", RUNNING, reaction_due(left_until("2h 0m"))),
    Case(Alert.REACTION_DUE, "a moment before that", "10s", RUNNING),
    Case(Alert.REACTION_DUE, "at the share that the policy says", "20s",
         {**RUNNING, left(): "14400-15x200", used(): "14400+15x200", deadline(): "14400x200"},
         reaction_due(left_until("3h 59m", at="04:00:00")), timings=(("case_due_at", 0.5),)),
    Case(Alert.REACTION_DUE, "goes on beyond the deadline", "3h6m20s", RUNNING, reaction_due(overdue("1h 6m"))),
    Case(Alert.REACTION_DUE, "the clock stands still, and time goes on", "3h",
         {**RUNNING, left(): "7215x2000", used(): "21585x2000"}),
    Case(Alert.REACTION_DUE, "stands still where it was due: an evening does not end it", "3h",
         {**RUNNING, left(): "7200x2000", used(): "21600x2000"}, reaction_due(left_until("2h 0m"))),
    Case(Alert.REACTION_DUE, "somebody starts: over at once", "5m10s",
         {OPEN: "1x2000", left(): CLOSE, used(): STARTED, deadline(): "7215x19 stale", breached(): "0x19 stale"}),
    Case(Alert.REACTION_DUE, "just before somebody starts", "4m50s",
         {OPEN: "1x2000", left(): CLOSE, used(): STARTED, deadline(): "7215x19 stale", breached(): "0x19 stale"},
         reaction_due(left_until("1h 55m"))),
    Case(Alert.REACTION_DUE, "of two cases only the one that nobody has started on", "5m10s",
         {OPEN: "2x2000", left(): CLOSE, used(): STARTED, left(case="c-8"): DUE, used(case="c-8"): LATE,
          deadline(case="c-8"): "7215x2000", breached(case="c-8"): "0x2000"},
         reaction_due(left_until("1h 55m"), case="c-8")),
    Case(Alert.REACTION_DUE, "missed scrapes for four minutes", "9m10s", dying(20), reaction_due(left_until("1h 55m"))),
    Case(Alert.REACTION_DUE, "an exporter that was restarted goes on with it", "6m50s",
         {**dying(20, back=" _x4 1x100"), left(): f"{CLOSE} _x5 6825-15x100", used(): f"{STARTED} _x5 21975+15x100",
          deadline(): "7215x100", UP: "1x20 0x5 1x100"},
         reaction_due(left_until("1h 53m"))),
    Case(Alert.REACTION_DUE, "told no end by an exporter dead for an hour", "65m", dying(20), reaction_due("", of="")),
    Case(Alert.REACTION_DUE, "started while the exporter was dead", "62m20s",
         {**dying(20), OPEN: "1x20 stale _x220 1x100", UP: "1x20 0x221 1x100"}),
    Case(Alert.REACTION_DUE, "its target is no longer scraped", "20m", {**dying(20), UP: "1x20 stale"}),
    Case(Alert.REACTION_DUE, "another level is a ticket", "20s",
         {OPEN: "1x20", left(level="B"): DUE, used(level="B"): LATE, deadline(level="B"): "7215x20",
          breached(level="B"): "0x20"},
         reaction_due(left_until("2h 0m"), "ticket", " (level B, partner)")),
    Case(Alert.REACTION_DUE, "a case that moved to another level is a ticket, and no page any more", "5m10s",
         {OPEN: "1x20", left(): CLOSE, used(): STARTED, left(level="B"): "_x20 3600-15x20",
          used(level="B"): "_x20 54000+15x20", breached(level="B"): "_x20 0x20"},
         Notice("ticket", "Nobody has started on c-7 of datahub-prod",
                "Nobody has started to work on the cause of case c-7 of datahub-prod (level B, partner). 1h 0m of "
                "business time are left until its reaction is due.", OF_CASE)),
    Case(Alert.REACTION_DUE, "of two exporters one fails", "9m10s",
         {**dying(20), **{name.replace("{", '{instance="second",'): values for name, values in RUNNING.items()}},
         reaction_due(left_until("1h 51m"))),

    # --- SesamReactionBreached
    Case(Alert.REACTION_BREACHED, "the deadline has passed", "2h0m50s", RUNNING, breach("reaction", overdue("0h 0m"))),
    Case(Alert.REACTION_BREACHED, "it has not", "2h0m10s", RUNNING),
    Case(Alert.REACTION_BREACHED, "somebody started, too late", "10m",
         {OPEN: "1x100", breached(): "1x100"}, breach("reaction", "")),
    Case(Alert.REACTION_BREACHED, "the case is closed", "5m10s", {OPEN: "0x100", breached(): "1x19 stale"}),
    Case(Alert.REACTION_BREACHED, "the report turned out to be of a later time", "5m10s",
         {OPEN: "1x100", breached(): "1x19 0x100"}),
    Case(Alert.REACTION_BREACHED, "missed scrapes for four minutes", "9m10s",
         {OPEN: "1x20 stale", breached(): "1x20 stale", UP: "1x20 0x100"}, breach("reaction", "")),
    Case(Alert.REACTION_BREACHED, "told no end by an exporter dead for an hour", "65m",
         {OPEN: "1x20 stale", breached(): "1x20 stale", UP: "1x20 0x1000"}, breach("reaction", "", of="")),
    Case(Alert.REACTION_BREACHED, "a correction is none", "2m", {OPEN: "1x20", breached("workaround"): "1x20"}),

    # --- SesamCorrectionDue
    Case(Alert.CORRECTION_DUE, "three quarters of a workaround's time are used", "20s", CORRECTION,
         correction_due(left_until("6h 0m", "correction", "06:00:15"))),
    Case(Alert.CORRECTION_DUE, "a moment before that", "10s", CORRECTION),
    Case(Alert.CORRECTION_DUE, "no workaround is promised, and a fix in a while", "20s",
         {name: values for name, values in CORRECTION.items() if "workaround" not in name}),
    Case(Alert.CORRECTION_DUE, "no workaround is promised, and a fix soon", "2m",
         {OPEN: "1x20", left("fix"): "72000x20", used("fix"): "216000x20", deadline("fix"): "90000x20",
          breached("fix"): "0x20"},
         correction_due(left_until("20h 0m", "correction", "01:00:00", "02"))),
    Case(Alert.CORRECTION_DUE, "goes on beyond the deadline", "7h0m20s", CORRECTION,
         correction_due(overdue("1h 0m", "correction", "06:00:15"))),
    Case(Alert.CORRECTION_DUE, "corrected: over at once", "5m10s",
         {OPEN: "1x100", left("workaround"): "7200x19 stale", used("workaround"): "79200x19 stale",
          left("fix"): "7200x19 stale", used("fix"): "280800x19 stale"}),
    Case(Alert.CORRECTION_DUE, "only the reaction is due", "3h", RUNNING),
    Case(Alert.CORRECTION_DUE, "told no end by an exporter dead for an hour", "65m",
         {OPEN: "1x20 stale", left("fix"): "7200x20 stale", used("fix"): "280800x20 stale", UP: "1x20 0x1000"},
         correction_due("", of="")),

    # --- SesamCorrectionBreached
    Case(Alert.CORRECTION_BREACHED, "a workaround's deadline has passed, a fix's has not", "6h1m", CORRECTION,
         breach("correction", overdue("0h 0m", "correction", "06:00:15"))),
    Case(Alert.CORRECTION_BREACHED, "it has not", "6h0m10s", CORRECTION),
    Case(Alert.CORRECTION_BREACHED, "a reaction is none", "3h", RUNNING),
    Case(Alert.CORRECTION_BREACHED, "corrected, too late", "10m",
         {OPEN: "1x100", breached("fix"): "1x100"}, breach("correction", "")),
    Case(Alert.CORRECTION_BREACHED, "the case is closed", "5m10s", {OPEN: "0x100", breached("fix"): "1x19 stale"}),
]  # fmt: skip
