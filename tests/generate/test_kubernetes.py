"""What `generate --kubernetes` writes: objects that a cluster takes, and that say what the files beside them say."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml

from sesam_slo.config import load
from sesam_slo.core.model import Web
from sesam_slo.generate import Deployment, artifacts, kubernetes_artifacts
from sesam_slo.generate.receivers import parse

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "exporter/sesam-slo.yml"
SCHEMAS = {
    kind: json.loads((ROOT / "tests/schemas" / f"{file}.json").read_text())
    for file, kinds in {
        "kubernetes": ["ConfigMap", "Deployment", "PersistentVolumeClaim", "Secret", "Service"],
        "prometheusrule": ["PrometheusRule"],
        "servicemonitor": ["ServiceMonitor"],
    }.items()
    for kind in kinds
}
DNS_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@pytest.fixture(scope="module")
def config():
    return load(SHIPPED, syntax_only=True)


@pytest.fixture(scope="module")
def objects(config):
    return objects_of(kubernetes_artifacts(config, 2026, SHIPPED.read_text()))


def objects_of(files):
    """By kind and name; all but the kustomization."""
    found = [each for path, text in files.items() for each in yaml.safe_load_all(text) if "metadata" in each]
    return {(each["kind"], each["metadata"]["name"]): each for each in found}


def test_every_object_is_valid_by_its_schema(objects):
    assert {kind for kind, _ in objects} == SCHEMAS.keys()
    for (kind, name), each in objects.items():
        jsonschema.Draft7Validator(SCHEMAS[kind]).validate(each)
        assert DNS_NAME.fullmatch(name)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Deployment", ("spec", "template", "spec", "containers", 0)),
        ("Deployment", ("spec", "template", "spec", "securityContext")),
        ("ServiceMonitor", ("spec", "endpoints", 0)),
        ("PrometheusRule", ("spec", "groups", 0, "rules", 0)),
        ("Secret", ()),
    ],
)
def test_the_schemas_refuse_what_a_cluster_does_not_know(kind, path, objects):
    [each] = [json.loads(json.dumps(each)) for (of_kind, _), each in objects.items() if of_kind == kind]
    inner = each
    for step in path:
        inner = inner[step]
    inner["imagine"] = "x"
    assert not jsonschema.Draft7Validator(SCHEMAS[kind]).is_valid(each)


def test_no_object_says_where_it_is_to_be(objects):
    for each in objects.values():
        assert set(each["metadata"]) == {"name", "labels"}
        assert each["metadata"]["labels"]["app.kubernetes.io/name"] == "sesam-slo"


def test_the_rules_are_those_of_the_rule_file(objects, config, tmp_path, run_tool):
    groups = objects["PrometheusRule", "sesam-slo"]["spec"]["groups"]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    run_tool("promtool", "check", "rules", str(tmp_path / "rules.yml"))
    assert {group.pop("interval") for group in json.loads(json.dumps(groups))} == {"15s"}
    rule_file = yaml.safe_load(artifacts(config, 2026)["prometheus/rules/sesam-slo.yml"])["groups"]
    assert [(group["name"], group["rules"]) for group in groups] == [
        (group["name"], group["rules"]) for group in rule_file
    ]


def test_prometheus_finds_the_exporter_under_the_name_that_the_rules_ask_for(objects):
    monitor = objects["ServiceMonitor", "sesam-slo"]["spec"]
    service = objects["Service", "sesam-slo"]
    pod = objects["Deployment", "sesam-slo"]["spec"]["template"]
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert service["metadata"]["labels"][monitor["jobLabel"]] == "sesam-slo"  # the job of `up` in the rules
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    (endpoint,) = monitor["endpoints"]
    assert endpoint["honorLabels"] is True
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert {port["targetPort"] for port in service["spec"]["ports"]} == {
        port["name"] for port in pod["spec"]["containers"][0]["ports"]
    }


def test_the_exporter_runs_alone_and_can_do_no_more_than_it_must(objects):
    deployment = objects["Deployment", "sesam-slo"]["spec"]
    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})
    pod = deployment["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    user = re.search(r"^USER (\d+)$", (ROOT / "exporter/Dockerfile").read_text(), re.MULTILINE)[1]
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == int(user)
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert container["livenessProbe"]["httpGet"]["path"] == "/-/healthy"
    assert container["readinessProbe"]["httpGet"]["path"] == "/-/ready"
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts.keys() == {volume["name"] for volume in pod["volumes"]}
    workdir = re.search(r"^WORKDIR (/var.*)$", (ROOT / "exporter/Dockerfile").read_text(), re.MULTILINE)[1]
    assert mounts["ledger"] == workdir  # where a ledger without a path is made
    assert ("PersistentVolumeClaim", pod["volumes"][2]["persistentVolumeClaim"]["claimName"]) in objects


def test_the_exporter_reads_the_configuration_that_all_was_generated_from(objects, config, tmp_path):
    (name, text), *others = objects["ConfigMap", "sesam-slo"]["data"].items()
    assert (name, text, others) == ("sesam-slo.yml", SHIPPED.read_text(), [])
    (tmp_path / name).write_text(text)
    assert load(tmp_path / name, syntax_only=True) == config


def test_another_configuration_is_another_pod(config, objects):
    changed = objects_of(kubernetes_artifacts(config, 2026, SHIPPED.read_text() + "# changed\n"))
    of_both = [each["Deployment", "sesam-slo"]["spec"]["template"]["metadata"] for each in (objects, changed)]
    assert of_both[0]["labels"] == of_both[1]["labels"]
    assert of_both[0]["annotations"] != of_both[1]["annotations"]


def test_where_a_log_in_may_be_asked_for_the_open_port_is_the_sign_of_life(config):
    closed = replace(config, web=Web(config_file="web.yml"))
    found = objects_of(kubernetes_artifacts(closed, 2026, SHIPPED.read_text()))
    (container,) = found["Deployment", "sesam-slo"]["spec"]["template"]["spec"]["containers"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert "httpGet" not in container[probe]
        assert container[probe]["tcpSocket"] == {"port": "http"}


def test_the_dashboards_are_labelled_for_grafanas_sidecar_and_fit(objects, config):
    dashboards = {
        name: text for path, text in artifacts(config, 2026).items() if (name := Path(path).name).endswith(".json")
    }
    found = {}
    for (kind, _), each in objects.items():
        if kind == "ConfigMap" and each["metadata"]["labels"].get("grafana_dashboard") == "1":
            ((name, text),) = each["data"].items()
            found[name.removeprefix("sesam-slo-")] = json.loads(text)
            assert len(json.dumps(each).encode()) < 250 * 1024  # and so below the 1 MiB of a ConfigMap
    assert found == {name: json.loads(text) for name, text in dashboards.items()}


def test_the_data_source_is_the_one_that_the_dashboards_refer_to(objects):
    found = objects["ConfigMap", "sesam-slo-datasource"]
    assert found["metadata"]["labels"]["grafana_datasource"] == "1"
    (source,) = yaml.safe_load(found["data"]["sesam-slo.yaml"])["datasources"]
    compose = yaml.safe_load((ROOT / "grafana/provisioning/datasources/sesam-slo.yml").read_text())["datasources"][0]
    assert {key: source[key] for key in ("uid", "type", "access")} == {
        key: compose[key] for key in ("uid", "type", "access")
    }


def test_alertmanager_finds_its_files_where_the_operator_mounts_them(config, tmp_path, run_tool):
    own = parse("page: {pagerduty_configs: [{routing_key_file: secrets/pagerduty}]}")
    files = kubernetes_artifacts(config, 2026, SHIPPED.read_text(), Deployment(receivers=own))
    secret = objects_of(files)["Secret", "sesam-slo-alertmanager"]["stringData"]
    assert secret.keys() == {"alertmanager.yaml", "sesam-slo.tmpl"}
    loaded = yaml.safe_load(secret["alertmanager.yaml"])
    assert loaded["templates"] == ["/etc/alertmanager/config/*.tmpl"]
    page = loaded["receivers"][0]
    assert page["webhook_configs"][0]["url"] == "http://sesam-slo:9808/api/v1/alertmanager"
    folder = "/etc/alertmanager/secrets/sesam-slo-secrets"
    authorization = page["webhook_configs"][0]["http_config"]["authorization"]
    assert authorization == {"credentials_file": f"{folder}/write_token"}
    assert page["pagerduty_configs"] == [{"routing_key_file": f"{folder}/pagerduty"}]
    # as the operator lays it out, with a field that Debian's amtool knows
    text = secret["alertmanager.yaml"].replace("/etc/alertmanager/config", str(tmp_path))
    (tmp_path / "sesam-slo.tmpl").write_text(secret["sesam-slo.tmpl"])
    (tmp_path / "alertmanager.yml").write_text(text.replace("routing_key_file", "service_key"))
    assert "SUCCESS" in run_tool("amtool", "check-config", str(tmp_path / "alertmanager.yml"))


def test_the_kustomization_names_every_file(config):
    files = kubernetes_artifacts(config, 2026, SHIPPED.read_text())
    kustomization = yaml.safe_load(files["kubernetes/kustomization.yaml"])
    assert {f"kubernetes/{name}" for name in kustomization["resources"]} | {"kubernetes/kustomization.yaml"} == set(
        files
    )


# --- the command


@pytest.fixture
def generate(tmp_path):
    (tmp_path / "sesam-slo.yml").write_text(SHIPPED.read_text())

    def run(*arguments):
        command = [sys.executable, "-m", "sesam_slo.cli", "generate", "--out", "out", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()

    return run


def test_it_is_written_when_asked_for_and_kept_up_from_then_on(generate, tmp_path):
    kustomization = tmp_path / "out/kubernetes/kustomization.yaml"
    assert generate()[0] == 0
    assert not kustomization.parent.exists()
    status, written, _ = generate("--kubernetes")
    assert (status, {path.split("/")[1] for path in written}) == (0, {"kubernetes"})
    assert generate("--check") == (0, [], [])
    rules = tmp_path / "out/kubernetes/prometheusrule.yaml"
    rules.write_text(rules.read_text().replace("SesamDowntime", "SesamUptime"))
    assert generate("--check") == (1, [], ["out/kubernetes/prometheusrule.yaml: differs from what generate writes"])
    assert generate() == (0, ["out/kubernetes/prometheusrule.yaml"], [])
    kustomization.parent.rename(tmp_path / "elsewhere")
    assert generate("--check")[0] == 0
    status, _, missing = generate("--check", "--kubernetes")
    assert status == 1
    assert "out/kubernetes/kustomization.yaml: is missing; what generate writes" in missing
