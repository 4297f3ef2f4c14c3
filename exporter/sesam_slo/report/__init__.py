"""The monthly service level report: a book of accounts and a month -> one value, and that as HTML, Markdown, CSV and JSON."""

from .document import report_document
from .freeze import Provenance, freezing, versions
from .html import report_html
from .markdown import report_markdown
from .month import TREND_MONTHS, MonthReport, month_report
from .period import Month, reporting_zone
from .revision import Earlier, as_configured, as_first_reported
from .support import Desk
from .table import report_csv

__all__ = [
    "TREND_MONTHS",
    "Desk",
    "Earlier",
    "Month",
    "MonthReport",
    "Provenance",
    "as_configured",
    "as_first_reported",
    "freezing",
    "month_report",
    "report_csv",
    "report_document",
    "report_html",
    "report_markdown",
    "reporting_zone",
    "versions",
]
