"""docker-compose.yml and the image: valid, closed to the outside, pinned, and made of files that are there."""

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "exporter/Dockerfile").read_text()
SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|CREDENTIAL|API_?KEY|PRIVATE", re.IGNORECASE)

every_service = pytest.mark.parametrize("name", SERVICES)


def test_it_is_valid_by_the_compose_specification():
    schema = json.loads((ROOT / "tests/schemas/compose-spec.json").read_text())
    # the schema names its dialect by the https form of the address, which is not the one that draft 7 has
    jsonschema.Draft7Validator(schema).validate(COMPOSE)


def test_the_schema_refuses_what_compose_refuses():
    schema = json.loads((ROOT / "tests/schemas/compose-spec.json").read_text())
    assert not jsonschema.Draft7Validator(schema).is_valid({"services": {"exporter": {"imagine": "x"}}})


def test_everything_of_the_installation_is_there():
    assert set(SERVICES) == {"exporter", "prometheus", "alertmanager", "grafana"}


@every_service
def test_ports_are_open_to_this_host_only(name):
    assert SERVICES[name]["ports"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"])


@every_service
def test_images_are_pinned(name):
    tag = SERVICES[name]["image"].rpartition(":")[2]
    assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag), SERVICES[name]["image"]


@every_service
def test_containers_can_do_no_more_than_they_must(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "pid", "network_mode", "devices", "user"} & service.keys()


@every_service
def test_every_mounted_path_is_in_the_repository_and_read_only(name):
    mounts = [volume.split(":") for volume in SERVICES[name]["volumes"]]
    for source, _, *mode in (mount for mount in mounts if mount[0].startswith(".")):
        assert (ROOT / source).exists(), f"{source} is missing"
        assert mode == ["ro"], source


@every_service
def test_what_must_last_is_on_a_named_volume(name):
    named = [volume.split(":")[0] for volume in SERVICES[name]["volumes"] if not volume.startswith(".")]
    assert len(named) == 1
    assert named[0] in COMPOSE["volumes"]


@every_service
def test_no_password_stands_in_the_file(name):
    environment = SERVICES[name].get("environment", {})
    secrets = [key for key in environment if SECRET_NAME.search(key) and not key.endswith(("__FILE", "_FILE"))]
    assert secrets == []
    assert not re.search(r"://[^/\s\"]+:[^/\s\"]+@", (ROOT / "docker-compose.yml").read_text())


def test_health_is_watched():
    assert "HEALTHCHECK" in DOCKERFILE
    assert "/-/healthy" in DOCKERFILE
    assert all("healthcheck" in SERVICES[name] for name in SERVICES if name != "exporter")


def test_prometheus_and_alertmanager_find_each_other_by_the_names_in_the_compose_file():
    prometheus = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text())
    ((scraped,), (told,)) = (
        prometheus["scrape_configs"][0]["static_configs"][0]["targets"],
        prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"],
    )
    source = yaml.safe_load((ROOT / "grafana/provisioning/datasources/sesam-slo.yml").read_text())["datasources"][0]
    for address in (scraped, told, source["url"].removeprefix("http://")):
        name, _, port = address.partition(":")
        assert any(mapping.endswith(f":{port}") for mapping in SERVICES[name]["ports"]), address


def test_grafana_is_given_the_data_source_and_the_folder_of_the_dashboards():
    provisioning = ROOT / "grafana/provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/sesam-slo.yml").read_text())["datasources"]
    assert (source["uid"], source["type"]) == ("sesam-slo-prometheus", "prometheus")
    (provider,) = yaml.safe_load((provisioning / "dashboards/sesam-slo.yml").read_text())["providers"]
    mounted = dict(volume.split(":")[:2][::-1] for volume in SERVICES["grafana"]["volumes"])
    assert mounted[provider["options"]["path"]] == "./grafana/dashboards"


def test_the_image_runs_without_rights():
    (user,) = re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)
    assert user == "10001"
    assert all(re.search(r":\d+\.\d+\.\d+", image) for image in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE))


def test_the_image_pins_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {re.match(r"[\w.-]+", dependency).group().lower() for dependency in project["dependencies"]}
    lines = (ROOT / "exporter/requirements.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", pin) for pin in pins)
    assert named <= {pin.partition("==")[0] for pin in pins}


def test_every_file_the_image_is_built_from_is_let_through():
    ignore = (ROOT / "exporter/Dockerfile.dockerignore").read_text().split()
    copied = [
        path for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for path in line.split()
    ]
    assert copied
    for path in copied:
        assert (ROOT / path).exists()
        assert f"!{path}" in ignore
