"""A stack for the tests of one module, and its logs beside a failure."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from browser import Person, chromium
from lively_month import LivelyMonth
from lively_prometheus import LivelyPrometheus
from page_site import PageSite
from programs import MissingProgramError, Program
from stack import Durations, Stack

_LAST_LINES = 60
_LOGS = pytest.StashKey[list[Path]]()


@pytest.fixture(scope="module")
def running(request, tmp_path_factory):
    """`with running(services, durations, support) as stack`, once a module; its folder stays for a look at what happened."""

    @contextmanager
    def run(
        services: Sequence[str], durations: Durations | None = None, support: Mapping[str, Any] | None = None
    ) -> Iterator[Stack]:
        folder = tmp_path_factory.mktemp("stack")
        with _explained(request.config, folder), Stack(folder, services, durations, support) as stack:
            yield stack

    return run


@pytest.fixture(scope="module")
def watching(request, tmp_path_factory):
    """`with watching(month, ...) as running`: a Prometheus that has watched it; options as `LivelyPrometheus` has them."""

    @contextmanager
    def run(month: LivelyMonth, **options: Any) -> Iterator[LivelyPrometheus]:
        folder = tmp_path_factory.mktemp("lively")
        with _explained(request.config, folder), LivelyPrometheus(folder, month, **options) as running:
            yield running

    return run


@pytest.fixture(scope="module")
def loaded(request, tmp_path_factory):
    """`loaded(make, configuration)`: a program of `programs`, running until the module ends."""
    with ExitStack() as running_programs:

        def load(make: Callable[[Path, Path, Path], Program], configuration: Path) -> Program:
            folder = tmp_path_factory.mktemp(make.__name__)
            with _explained(request.config, folder):
                program = make(configuration, folder / "data", folder / f"{make.__name__}.log")
            running_programs.callback(program.stop)
            return program

        yield load


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests of pages."""
    try:
        with chromium() as found:
            yield found
    except MissingProgramError as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture(scope="module")
def page_site(request, tmp_path_factory):
    """`page_site(**options)`: an exporter with a month behind it (`page_site.PageSite`), running until the module ends."""
    with ExitStack() as sites:

        def run(**options: Any) -> PageSite:
            folder = tmp_path_factory.mktemp("site")
            with _explained(request.config, folder):
                site = PageSite(folder, **options)
            sites.callback(site.close)
            return site

        yield run


@pytest.fixture
def people(browser):
    """`people(site, ...)`: another person before the page, until the test ends."""
    with ExitStack() as sessions:

        def come(site: PageSite, **options: Any) -> Person:
            person = Person(browser, site.url, **options)
            sessions.callback(person.close)
            return person

        yield come


@contextmanager
def _explained(config: pytest.Config, folder: Path) -> Iterator[None]:
    """A failure shows the logs in `folder`; a program that is not installed is a failure in one sentence."""
    config.stash.setdefault(_LOGS, []).append(folder)
    try:
        yield
    except MissingProgramError as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for folder in item.config.stash.get(_LOGS, []):
            for log in sorted(folder.glob("*.log")):
                lines = log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
                report.sections.append((f"{log.name}, last lines", "\n".join(lines)))
    return report
