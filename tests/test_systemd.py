"""The systemd unit: valid, of a service that can do little, and of files and options that are there."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[1] / "exporter/sesam-slo.service"
EXPOSURE_AT_MOST = 20  # of 100, by systemd's own reckoning


@pytest.fixture(scope="module")
def settings():
    """What the unit says, by key; a key that is said twice has both."""
    found = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", UNIT.read_text(), re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


def test_it_starts_what_the_package_installs(settings):
    (start,) = settings["ExecStart"]
    program, *arguments = start.split()
    assert (Path(program).name, arguments) == ("sesam-slo", ["run"])


def test_a_reload_is_the_signal_that_the_exporter_takes_for_one(settings):
    assert settings["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    run = Path(__file__).parents[1] / "exporter/sesam_slo/cli/run.py"
    assert "signal.SIGHUP" in run.read_text()


def test_it_comes_back_after_a_failure_and_not_with_a_configuration_that_is_refused(settings):
    assert settings["Restart"] == ["on-failure"]
    assert settings["StartLimitIntervalSec"] == ["0"]
    assert settings["RestartPreventExitStatus"] == ["2"]  # wrong usage or configuration


def test_the_ledger_is_made_where_it_may_write(settings):
    assert settings["WorkingDirectory"] == [f"/var/lib/{settings['StateDirectory'][0]}"]
    assert settings["ProtectSystem"] == ["strict"]
    assert settings["User"] == ["sesam-slo"]
    assert settings["NoNewPrivileges"] == ["yes"]
    assert settings["CapabilityBoundingSet"] == [""]


if shutil.which("systemd-analyze"):  # not on every machine that has no systemd

    @pytest.fixture(scope="module")
    def installed(tmp_path_factory):
        """The unit with a program that is there."""
        unit = tmp_path_factory.mktemp("units") / UNIT.name
        unit.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.MULTILINE))
        return unit

    def test_systemd_finds_nothing_to_say(installed, run_systemd):
        assert run_systemd("verify", str(installed)) == ""

    def test_systemd_reckons_that_little_is_exposed(installed, run_systemd):
        run_systemd("security", "--offline=true", f"--threshold={EXPOSURE_AT_MOST}", str(installed))

    @pytest.fixture
    def run_systemd():
        def run(*arguments):
            done = subprocess.run(
                ["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout + done.stderr

        return run
