"""docs/production.md: what it shows to copy is in order."""

import json
import re
import subprocess
from pathlib import Path

import yaml

from sesam_slo.cli import MODULES, make_parser
from sesam_slo.config import load
from sesam_slo.core.names import SCRAPE_JOB
from sesam_slo.generate import Deployment, artifacts, kubernetes_artifacts
from sesam_slo.generate.receivers import parse

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs/production.md").read_text()
KUSTOMIZATION, SCRAPING, RECEIVERS = (
    yaml.safe_load(each) for each in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
)


def test_prometheus_takes_the_scrape_configuration(tmp_path):
    text = yaml.safe_dump(SCRAPING)
    for name in re.findall(r"/etc/prometheus/([\w.-]+)", text):
        (tmp_path / name).write_text("x")
    (tmp_path / "prometheus.yml").write_text(text.replace("/etc/prometheus", str(tmp_path)))
    # its certificate is none, which only a syntax check overlooks
    done = subprocess.run(
        ["promtool", "check", "config", "--syntax-only", str(tmp_path / "prometheus.yml")],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (scraped,) = SCRAPING["scrape_configs"]
    assert (scraped["job_name"], scraped["honor_labels"]) == (SCRAPE_JOB, True)


def test_the_exporters_webhook_is_said_once_where_a_site_says_it():
    receivers = parse(yaml.safe_dump(RECEIVERS))
    config = load(ROOT / "exporter/sesam-slo.yml", syntax_only=True)
    text = artifacts(config, 2026, Deployment(receivers=receivers))["alertmanager/alertmanager.yml"]
    page = next(each for each in yaml.safe_load(text)["receivers"] if each["name"] == "page")
    assert page == {"name": "page", **RECEIVERS["page"]}


def test_the_kustomization_builds_on_what_is_generated():
    files = kubernetes_artifacts(load(ROOT / "exporter/sesam-slo.yml", syntax_only=True), 2026, "x")
    assert KUSTOMIZATION["resources"] == sorted({path.split("/")[0] for path in files})
    (image,) = KUSTOMIZATION["images"]
    assert f'"image": "{image["name"]}:' in json.dumps(list(yaml.safe_load_all(files["kubernetes/exporter.yaml"])))


def test_every_file_it_names_is_generated_or_in_the_repository():
    files = kubernetes_artifacts(load(ROOT / "exporter/sesam-slo.yml", syntax_only=True), 2026, "x")
    names = {path.removeprefix("kubernetes/") for path in files} - {"kustomization.yaml"}
    rows = re.findall(r"^\| (`[a-z].*?) \|", TEXT, re.MULTILINE)
    named = re.findall(r"`([\w*-]+\.yaml)`", " ".join(rows))
    patterns = [re.escape(name).replace(r"\*", r"[\w-]+") for name in named]
    assert [name for name in names if not any(re.fullmatch(pattern, name) for pattern in patterns)] == []
    for path in re.findall(r"(exporter/[\w.-]+\.\w+)", TEXT):
        assert (ROOT / path).exists(), path


def test_every_command_it_shows_is_one():
    shown = set(re.findall(r"sesam-slo (?:--config \S+ )?([a-z][a-z-]+)\b", TEXT)) - {"kill"}
    known = set(MODULES) | {"backfill"}
    assert {each for each in shown if each in known} >= {"alert", "check-config", "generate", "ledger", "log", "probe"}
    make_parser(["generate"]).parse_args(["generate", "--kubernetes", "--out", "."])
    make_parser(["alert"]).parse_args(["alert", "test"])
