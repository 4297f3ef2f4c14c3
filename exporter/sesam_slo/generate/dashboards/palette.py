"""Colours and the words beside them: green only where an answer was seen, purple for "not seen", never the other way."""

from __future__ import annotations

from sesam_slo.core.model import Cause
from sesam_slo.generate.dashboards.grafana import Word
from sesam_slo.generate.dashboards.service_state import State

# Backgrounds under white text, then text on the dark panel.
GREEN, BLUE, AMBER, PURPLE, RED = "#2e7d4f", "#3b5b8f", "#b8860b", "#6a4c9c", "#c4314b"
BRIGHT_GREEN, BRIGHT_BLUE, BRIGHT_AMBER, BRIGHT_PURPLE, BRIGHT_RED = (
    "#73bf69", "#8ab8ff", "#ff9830", "#b39ddb", "#ff5c75",
)  # fmt: skip
NEUTRAL = "text"  # the theme's own, dark on light and light on dark
DIMMED = "#8e93a1"  # a figure of which nothing is seen now
SLATE, GREY = "#5f6b85", "#2a2d35"  # excluded; nothing recorded, and the ground of a row that asks for nothing

STATES: dict[float | str, Word] = {
    State.OK: ("OK", GREEN),
    State.MAINTENANCE: ("MAINTENANCE", BLUE),
    State.FAILING: ("FAILING", AMBER),
    State.NOT_SEEN: ("NOT SEEN", PURPLE),
    State.DOWN: ("DOWN", RED),
}
SHORT_STATES = STATES | {State.MAINTENANCE: ("MAINT.", BLUE)}  # for tiles that are no wider
CAUSES: dict[float | str, Word] = {
    Cause.UNKNOWN: ("cause?", BRIGHT_AMBER),
    Cause.SESAM: ("SESAM", NEUTRAL),
    Cause.CUSTOMER: ("customer (excluded)", NEUTRAL),
    Cause.OPERATING_ENVIRONMENT: ("environment (excluded)", NEUTRAL),
}
LOG_STATES: dict[float | str, Word] = {
    "ongoing": ("ONGOING", BRIGHT_RED),
    "ended": ("ended", NEUTRAL),
    "overdue": ("explain!", BRIGHT_AMBER),
    "explained": ("explained", NEUTRAL),
}
NOT_SEEN: Word = ("NOT SEEN", BRIGHT_PURPLE)
