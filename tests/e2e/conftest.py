"""A stack for the tests of one module, and its logs beside a failure."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from programs import MissingProgramError
from stack import Stack

_LAST_LINES = 60
_LOGS = pytest.StashKey[list[Path]]()


@pytest.fixture(scope="module")
def running(request, tmp_path_factory):
    """`with running(services, durations) as stack`, once a module; its folder stays for a look at what happened."""

    @contextmanager
    def run(services, durations=None) -> Iterator[Stack]:
        folder = tmp_path_factory.mktemp("stack")
        request.config.stash[_LOGS] = [folder]
        try:
            with Stack(folder, services, durations) as stack:
                yield stack
        except MissingProgramError as missing:
            pytest.fail(str(missing), pytrace=False)

    return run


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for folder in item.config.stash.get(_LOGS, []):
            for log in sorted(folder.glob("*.log")):
                lines = log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
                report.sections.append((f"{log.name}, last lines", "\n".join(lines)))
    return report
