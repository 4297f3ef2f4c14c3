"""`kubernetes/`: the same rules, dashboards and configurations as objects of a cluster, and the exporter to run there.

As the Prometheus Operator takes them (PrometheusRule, ServiceMonitor, a Secret for an Alertmanager) and Grafana's
sidecar (ConfigMaps with its labels). No object names a namespace, a registry or the labels by which a cluster's own
Prometheus selects: `kustomization.yaml` is where a site says them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from sesam_slo import __version__
from sesam_slo.core.model import Config
from sesam_slo.core.names import SCRAPE_JOB, WEBHOOK_PATH
from sesam_slo.generate.alertmanager import AlertmanagerFiles, alertmanager_configuration
from sesam_slo.generate.dashboards import dashboards
from sesam_slo.generate.dashboards.grafana import DATA_SOURCE
from sesam_slo.generate.document import yaml_document
from sesam_slo.generate.notification import notification_template
from sesam_slo.generate.prometheus import SCRAPE_TIMEOUT
from sesam_slo.generate.promql import duration
from sesam_slo.generate.receivers import PAGE, Receivers
from sesam_slo.generate.rules import rule_groups

FOLDER = "kubernetes"
KUSTOMIZATION = f"{FOLDER}/kustomization.yaml"

NAME = SCRAPE_JOB  # of the exporter's objects; the job label is taken from it
SECRETS = "sesam-slo-secrets"  # the cluster's counterpart of alertmanager/secrets, made by hand
_PORT = 9808
_USER = 10001  # as exporter/Dockerfile has it
_LABELS = {"app.kubernetes.io/name": NAME}
_OF_OPERATOR = AlertmanagerFiles(
    templates="/etc/alertmanager/config/*.tmpl",  # where the operator mounts the Secret of `configSecret`
    secrets=f"/etc/alertmanager/secrets/{SECRETS}",  # and those of `secrets`
)

Objects = list[dict[str, Any]]


def kubernetes_files(
    config: Config, year: int, configuration: str, *, receivers: Receivers, runbook_base: str
) -> dict[str, str]:
    """The text of every file by its path; `configuration` is the text of `sesam-slo.yml` itself."""
    files = {
        "exporter.yaml": _documents(
            _exporter(config, configuration),
            "The exporter: one of it, because one alone writes the ledger. Build the image from exporter/Dockerfile.",
        ),
        "servicemonitor.yaml": _documents([_service_monitor(config)], "How Prometheus finds the exporter."),
        "prometheusrule.yaml": _documents([_prometheus_rule(config, runbook_base)], "The Prometheus rules."),
        "alertmanager.yaml": _documents(
            [_alertmanager(config, year, receivers)],
            f"The Alertmanager configuration, for an Alertmanager with configSecret: {NAME}-alertmanager and "
            f"secrets: [{SECRETS}]. It names files for keys and holds none.",
        ),
        "datasource.yaml": _documents(
            [_data_source(config)],
            "Grafana's data source. Give it the address of the Prometheus that scrapes the exporter.",
        ),
        **{
            f"dashboard-{PurePosixPath(path).stem}.yaml": _documents([_dashboard(path, text)], "A dashboard.")
            for path, text in dashboards(config).items()
        },
    }
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(files),
    }
    about = (
        "Apply with: kubectl apply --server-side -k . Say the namespace, the image and further labels in a "
        "kustomization of your own that has this folder among its resources: docs/production.md shows one."
    )
    files["kustomization.yaml"] = yaml_document(kustomization, about=about)
    return {f"{FOLDER}/{name}": text for name, text in files.items()}


def _documents(objects: Objects, about: str) -> str:
    head, *rest = (yaml_document(each, about=about) for each in objects)
    # every further one without the mark
    return "---\n".join([head, *(text[text.index("apiVersion:") :] for text in rest)])


def _object(
    kind: str, name: str, *, version: str = "v1", labels: Mapping[str, str] = {}, **fields: Any
) -> dict[str, Any]:
    metadata = {"name": name, "labels": {**_LABELS, **labels}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}


def _exporter(config: Config, configuration: str) -> Objects:
    volume = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    ports = [{"name": "http", "port": _PORT, "targetPort": "http"}]
    return [
        _object("ConfigMap", NAME, data={"sesam-slo.yml": configuration}),
        _object("PersistentVolumeClaim", NAME, spec=volume),
        _object(
            "Deployment",
            NAME,
            version="apps/v1",
            spec={
                "replicas": 1,
                "strategy": {"type": "Recreate"},  # the old one lets go of the ledger before the new one takes it
                "selector": {"matchLabels": _LABELS},
                "template": {
                    "metadata": {
                        "labels": _LABELS,
                        # another configuration is another pod: files mounted by their name are not renewed
                        "annotations": {"checksum/configuration": hashlib.sha256(configuration.encode()).hexdigest()},
                    },
                    "spec": _pod(config),
                },
            },
        ),
        _object("Service", NAME, spec={"selector": _LABELS, "ports": ports}),
    ]


def _pod(config: Config) -> dict[str, Any]:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 30,  # probes in flight end, the ledger is written
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "exporter",
                "image": f"sesam-slo:{__version__}",
                "args": ["run", "--listen", f"0.0.0.0:{_PORT}"],
                "ports": [{"name": "http", "containerPort": _PORT}],
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
                **_health(config),
                "volumeMounts": [
                    {
                        "name": "configuration",
                        "mountPath": "/etc/sesam-slo/sesam-slo.yml",
                        "subPath": "sesam-slo.yml",
                        "readOnly": True,
                    },
                    {"name": "secrets", "mountPath": "/etc/sesam-slo/secrets", "readOnly": True},
                    {"name": "ledger", "mountPath": "/var/lib/sesam-slo"},
                    {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - of the container alone
                ],
            }
        ],
        "volumes": [
            {"name": "configuration", "configMap": {"name": NAME}},
            {"name": "secrets", "secret": {"secretName": SECRETS, "optional": True, "defaultMode": 0o440}},
            {"name": "ledger", "persistentVolumeClaim": {"claimName": NAME}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
        ],
    }


def _health(config: Config) -> dict[str, Any]:
    """The kubelet cannot log in: where a web configuration may ask for that, it looks for the open port only."""
    if config.web.config_file is not None:
        opened = {"tcpSocket": {"port": "http"}}
        healthy = ready = opened
    else:
        healthy, ready = ({"httpGet": {"path": path, "port": "http"}} for path in ("/-/healthy", "/-/ready"))
    return {
        # a ledger that is taken up anew takes its time, once
        "startupProbe": {**healthy, "periodSeconds": 5, "failureThreshold": 60},
        "livenessProbe": {**healthy, "periodSeconds": 30, "timeoutSeconds": 5, "failureThreshold": 4},
        "readinessProbe": {**ready, "periodSeconds": 10, "timeoutSeconds": 5},
    }


def _service_monitor(config: Config) -> dict[str, Any]:
    interval = config.policy.alerts.scrape_interval
    endpoint = {
        "port": "http",
        "honorLabels": True,  # the exporter's own `service` and `endpoint`, which the operator sets too
        "interval": duration(interval),
        "scrapeTimeout": duration(min(SCRAPE_TIMEOUT, interval)),
    }
    return _object(
        "ServiceMonitor",
        NAME,
        version="monitoring.coreos.com/v1",
        spec={"jobLabel": "app.kubernetes.io/name", "selector": {"matchLabels": _LABELS}, "endpoints": [endpoint]},
    )


def _prometheus_rule(config: Config, runbook_base: str) -> dict[str, Any]:
    interval = duration(config.policy.alerts.evaluation_interval)
    groups = [
        {"name": group["name"], "interval": interval, "rules": group["rules"]}
        for group in rule_groups(config, runbook_base=runbook_base)
    ]
    return _object("PrometheusRule", NAME, version="monitoring.coreos.com/v1", spec={"groups": groups})


def _alertmanager(config: Config, year: int, receivers: Receivers) -> dict[str, Any]:
    text = alertmanager_configuration(
        config.policy,
        year,
        webhooks={PAGE: f"http://{NAME}:{_PORT}{WEBHOOK_PATH}"},
        receivers=receivers,
        files=_OF_OPERATOR,
    )
    template = notification_template(config.policy.timezone, year)
    return _object("Secret", f"{NAME}-alertmanager", stringData={"alertmanager.yaml": text, "sesam-slo.tmpl": template})


def _data_source(config: Config) -> dict[str, Any]:
    source = {
        "name": "Prometheus (sesam-slo)",
        "uid": DATA_SOURCE["uid"],
        "type": DATA_SOURCE["type"],
        "access": "proxy",
        "url": "http://prometheus-operated:9090",  # the operator's own Service
        "jsonData": {"httpMethod": "POST", "timeInterval": duration(config.policy.alerts.scrape_interval)},
    }
    text = yaml_document({"apiVersion": 1, "datasources": [source]}, about="The dashboards refer to its uid.")
    return _object("ConfigMap", f"{NAME}-datasource", labels={"grafana_datasource": "1"}, data={"sesam-slo.yaml": text})


def _dashboard(path: str, text: str) -> dict[str, Any]:
    """Without blanks: a ConfigMap holds 1 MiB, and `kubectl apply` without --server-side keeps it twice in 256 KiB."""
    file = PurePosixPath(path)
    squeezed = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    return _object(
        "ConfigMap",
        f"{NAME}-dashboard-{file.stem}",
        labels={"grafana_dashboard": "1"},
        data={f"sesam-slo-{file.name}": squeezed},
    )
