"""HTTP for people, scrapers and scripts; apart from the probing thread."""

from .app import Exporter, make_app
from .basic_auth import Users
from .cases import CaseBook
from .config_file import WebConfig, WebConfigError, read_web_config
from .connections import BACKLOG, Connection
from .log import LogBook, UnavailableError
from .maintenance import Announcing, ConflictError
from .pages import NoReportError, Reports
from .tls import server_context
from .token_file import TokenFile
from .write_token import WriteToken

__all__ = [
    "BACKLOG",
    "Announcing",
    "CaseBook",
    "ConflictError",
    "Connection",
    "Exporter",
    "LogBook",
    "NoReportError",
    "Reports",
    "TokenFile",
    "UnavailableError",
    "Users",
    "WebConfig",
    "WebConfigError",
    "WriteToken",
    "make_app",
    "read_web_config",
    "server_context",
]
