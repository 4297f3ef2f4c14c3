"""`sesam-slo run`: the exporter."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import ssl
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import pycurl
import uvicorn

from ..collector import CaseMetrics, ExporterMetrics, Exposition, ProbeTally, ReloadState, ServiceMetrics
from ..config import ConfigError, load
from ..config.values import listen
from ..core.business_time import BusinessCalendars
from ..core.history import Recorded
from ..core.log_state import LogState
from ..core.model import Config
from ..core.view import View
from ..core.windows import earliest
from ..ledger import EvidenceRetention, Ledger, LedgerError, LedgerFollower, LedgerWriter, News, open_ledger
from ..monitor import Clock, Monitor, Published
from ..monitor.published import Submission
from ..probe import ProbeEngine
from ..public_holidays import is_holiday
from ..web import (
    BACKLOG,
    Connection,
    Exporter,
    Users,
    WebConfig,
    WebConfigError,
    make_app,
    read_web_config,
    server_context,
)
from .arguments import checked
from .errors import CommandError, load_config
from .logs import set_up_logging
from .serving import announcing, case_book, log_book, read_token, reports, write_token

HELP = "Runs the exporter: probes, keeps the ledger, serves metrics and the page."

log = logging.getLogger("sesam_slo")
_STOP_SECONDS = 5.0
_SWITCH_SECONDS = 0.0005
_PROXIES = (
    "FORWARDED_ALLOW_IPS"  # uvicorn's own: addresses of the proxies whose X-Forwarded-For and -Proto are believed
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--listen", type=checked(listen), metavar="HOST:PORT", help="the address to listen on, whatever web.listen says"
    )
    parser.add_argument(
        "--log-format", choices=("logfmt", "json"), default="logfmt", help="one line each (default: logfmt)"
    )
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")


def run(options: argparse.Namespace) -> int:
    set_up_logging(options.log_level, options.log_format)
    config = load_config(options.config)
    web, tls = _web(config)
    listening = _listen(*(options.listen or (config.web.host, config.web.port)))
    ledger, recorded = _open(config)
    try:
        _serve(options.config, config, web, tls, listening, ledger, recorded)
    finally:
        ledger.close()
        listening.close()
    return 0


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise CommandError(f"cannot listen on {host}:{port}: {error.strerror or error}") from None


def _web(config: Config) -> tuple[WebConfig, ssl.SSLContext | None]:
    if config.web.config_file is None:
        return WebConfig(), None
    path = Path(config.web.config_file)
    try:
        web = read_web_config(path)
        return web, server_context(web.tls, path) if web.tls is not None else None
    except WebConfigError as error:
        raise CommandError(str(error), status=2) from None


def _open(config: Config) -> tuple[Ledger, Recorded]:
    try:
        ledger = open_ledger(config.ledger, exclusive=True)
        return ledger, ledger.read(since=earliest(datetime.now(UTC), config.policy.timezone))
    except LedgerError as error:
        raise CommandError(str(error)) from None


def _serve(
    path: Path,
    config: Config,
    web: WebConfig,
    tls: ssl.SSLContext | None,
    listening: socket.socket,
    ledger: Ledger,
    recorded: Recorded,
) -> None:
    clock = Clock(not_before=max((point.at for point in recorded.checkpoints.values()), default=None))
    try:
        published, tally = Published(recorded, clock.now), ProbeTally()
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError(f"ledger: holds a case that sesam-slo does not write: {error!r}") from None
    tally.configure(config)
    writer = LedgerWriter(ledger, on_written=published.settle, on_failed=published.settle)
    submission = Submission(published, writer.submit)
    try:
        monitor = Monitor(
            config,
            recorded,
            prober=ProbeEngine(now=clock.now),
            clock=clock,
            published=published,
            submit=submission.in_order,
            tally=tally,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError(f"ledger: holds a checkpoint that sesam-slo does not write: {error!r}") from None

    def follow(news: News) -> None:
        published.follow(news.log, news.windows, news.cases)
        monitor.follow(published.excuses(), news.windows, published.cases)

    follower = LedgerFollower(lambda: open_ledger(config.ledger, create=False), recorded.head.number, follow)

    retention = EvidenceRetention(
        lambda: open_ledger(config.ledger, create=False), config.evidence_keep, lambda: datetime.now(UTC)
    )

    def view() -> View | None:
        follower.catch_up()
        return published.view()

    reloader = Reloader(path, config, monitor, tally)
    metrics = ExporterMetrics(
        reloader.state,
        ledger=writer.stats,
        in_flight=lambda: monitor.in_flight,
        stepped_back_seconds=lambda: clock.stepped_back_seconds,
        libcurl=pycurl.version_info()[1],
    )
    calendars = BusinessCalendars(is_holiday)
    services, cases = ServiceMetrics(view, LogState(calendars)), CaseMetrics(view, calendars)
    app = make_app(
        Exporter(
            Exposition((services.export, cases.export, tally.export, metrics.export)),
            view,
            lambda: monitor.alive,
            reloader.reload,
            submission.record,
            write_token(config.web),
            Users(web.users) if web.users else None,
            log_book(config, calendars),
            announcing(config, clock.now),
            case_book(config, clock.now, calendars),
            reports(lambda: reloader.config),
            read_token(config.web),
        )
    )
    serving = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        # uvicorn believes whoever asks from this machine; an address that anyone can claim slows no guessing.
        proxy_headers=_PROXIES in os.environ,
    )
    serving.load()
    serving.ssl = tls
    # A scrape computes for a while: the probing thread must not wait five milliseconds each time it wants to go on.
    sys.setswitchinterval(_SWITCH_SECONDS)
    server = uvicorn.Server(serving)
    signal.signal(signal.SIGHUP, reloader.on_signal)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal that ended it once more: it must find us here, with the ledger still to be closed.
        signal.signal(number, lambda _signal, _frame: setattr(server, "should_exit", True))
    monitor.start()
    try:
        _say_where(listening, "https" if tls is not None else "http")
        server.run(sockets=[listening])
    finally:
        follower.close()
        retention.close()
        monitor.stop(_STOP_SECONDS)
        if not writer.close(_STOP_SECONDS):
            log.error("stopped with changes that could not be written to the ledger")


def _say_where(listening: socket.socket, scheme: str) -> None:
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    print(f"sesam-slo: page {scheme}://{shown}:{port}/ metrics {scheme}://{shown}:{port}/metrics", flush=True)


class Reloader:
    """Loads the configuration anew, by SIGHUP or POST /-/reload; a bad file leaves the one before in force."""

    def __init__(self, path: Path, config: Config, monitor: Monitor, tally: ProbeTally) -> None:
        self._path, self.config, self._monitor, self._tally = path, config, monitor, tally
        self._lock = threading.Lock()
        self.state = ReloadState(successful=True, loaded_at=time.time())

    def on_signal(self, _signal: int, _frame: FrameType | None) -> None:
        threading.Thread(target=self.reload, name="reload", daemon=True).start()

    def reload(self) -> str | None:
        """None, or what is wrong with the file."""
        with self._lock:
            try:
                config = load(self._path)
            except ConfigError as error:
                self.state.successful = False
                log.error(
                    "configuration not loaded, the one before stays in force: %s", str(error).replace("\n", " | ")
                )
                return str(error)
            for key in ("ledger", "web"):
                if getattr(config, key) != getattr(self.config, key):
                    log.warning("%s: changed in the file; takes effect at the next start", key)
            self._tally.configure(config)
            self._monitor.reload(config)
            self.config = config
            self.state.successful, self.state.loaded_at = True, time.time()
            log.info("configuration loaded: %d services", len(config.services))
            return None
