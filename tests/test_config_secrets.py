"""A secret that somebody wrote into the file, wherever it is, appears in no message."""

# ruff: noqa: E501 - messages stand whole, in one line

from __future__ import annotations

from pathlib import Path

import pytest

from configurations import Edit, edit, faults_of

SECRET = "hunter2"

WRITTEN_IN_CLEAR = [
    edit(
        "url-userinfo",
        "https://portal.sesam.io/",
        "https://user:hunter2@portal.sesam.io/",
        "58: services[0].endpoints[1].url: has credentials in it; expected a URL without them: secrets come from files",
    ),
    edit(
        "url-username",
        "https://portal.sesam.io/",
        "https://hunter2@portal.sesam.io/",
        "58: services[0].endpoints[1].url: has credentials in it; expected a URL without them: secrets come from files",
    ),
    edit(
        "url-with-another-fault",
        "https://portal.sesam.io/",
        "ftp://user:hunter2@portal.sesam.io/",
        "58: services[0].endpoints[1].url: has credentials in it; expected a URL without them: secrets come from files",
    ),
    edit(
        "url-cut-by-a-slash",
        "https://portal.sesam.io/",
        "https://user:hun/hunter2@portal.sesam.io/",
        "58: services[0].endpoints[1].url: not a URL; expected an http or https URL such as https://example.org/path",
    ),
    edit(
        "proxy",
        "http://proxy.example:3128",
        "http://user:hunter2@proxy.example:3128",
        "61: services[0].endpoints[1].proxy_url: has credentials in it; expected a URL without them: secrets come from files",
    ),
    edit(
        "control-target",
        "https://one.example,",
        "https://user:hunter2@one.example,",
        "38: control_targets[0]: has credentials in it; expected a URL without them: secrets come from files",
    ),
    edit(
        "prometheus",
        "http://prometheus.example",
        "http://user:hunter2@prometheus.example",
        "82: prometheus.url: has credentials in it; expected a URL without them: secrets come from files",
    ),
    edit(
        "external-url",
        "https://slo.example/",
        "https://user:hunter2@slo.example/",
        "78: web.external_url: has credentials in it; expected a URL without them: secrets come from files",
    ),
    edit(
        "ledger-password",
        "sqlite:///sesam-slo.db",
        "postgresql+psycopg://user:hunter2@db/slo",
        "73: ledger: has a password in it; expected none: give it in PGPASSWORD or a file named by PGPASSFILE",
    ),
    edit(
        "ledger-query",
        "sqlite:///sesam-slo.db",
        "postgresql+psycopg://user@db/slo?password=hunter2",
        "73: ledger: has a password in it; expected none: give it in PGPASSWORD or a file named by PGPASSFILE",
    ),
    edit(
        "authorization-header",
        "{User-Agent: sesam-slo}",
        "{authorization: Bearer hunter2}",
        "37: probe.headers.authorization: a secret in clear; expected authorization or basic_auth, which take it from a file",
    ),
    edit(
        "header-value",
        "{User-Agent: sesam-slo}",
        '{X-Api-Key: "hunter2\\n"}',
        "37: probe.headers.X-Api-Key: has a control character or a line break; expected text in one line",
    ),
    edit(
        "authorization-as-text",
        "        authorization:\n          type: Bearer\n          credentials_file: jwt\n",
        "        authorization: Bearer hunter2\n",
        "48: services[0].endpoints[0].authorization: is text; expected a mapping with the keys type, credentials_file",
    ),
    edit(
        "authorization-type",
        "type: Bearer",
        "type: Bearer hunter2",
        "49: services[0].endpoints[0].authorization.type: not one word; expected one word such as Bearer (the credentials come from credentials_file)",
    ),
    edit(
        "credentials-in-clear",
        "credentials_file: jwt",
        "credentials: hunter2",
        "48: services[0].endpoints[0].authorization.credentials_file: is missing; expected the path of a file that holds the credentials",
        "50: services[0].endpoints[0].authorization.credentials: unknown key; did you mean credentials_file?",
    ),
    edit(
        "credentials-for-their-file",
        "credentials_file: jwt",
        "credentials_file: hunter2",
        "50: services[0].endpoints[0].authorization.credentials_file: no such file or directory; expected a readable file (a relative path starts at this file's folder)",
    ),
    edit(
        "password-in-clear",
        "password_file: password",
        "password: hunter2",
        "70: services[1].endpoints[0].basic_auth.password_file: is missing; expected the path of a file that holds the password",
        "72: services[1].endpoints[0].basic_auth.password: unknown key; did you mean password_file?",
    ),
    edit(
        "write-token-for-its-file",
        "token_file: token",
        "token_file: hunter2",
        "77: web.write_token_file: no such file or directory; expected a readable file (a relative path starts at this file's folder)",
    ),
    edit(
        "url-as-name",
        "name: ui",
        "name: https://user:hunter2@portal.sesam.io/",
        '56: services[0].endpoints[1].name: not a name: "https://…@portal.sesam.io/"; expected lower-case letters, digits and hyphens, a letter or digit first',
    ),
    edit(
        "url-as-name-of-a-service",
        "  - name: datahub-prod\n    labels",
        "  - name: https://user:hunter2@portal.sesam.io/\n    labels",
        '16: policy.maintenance.recurring[1].services[0]: no such service: "datahub-prod"; expected one of datahub-test',
        '40: services[0].name: not a name: "https://…@portal.sesam.io/"; expected lower-case letters, digits and hyphens, a letter or digit first',
    ),
    edit(
        "url-as-key",
        "ledger: sq",
        '"https://user:hunter2@x": sq',
        '73: ["https://…@x"]: unknown key; expected one of policy, probe, control_targets, services, ledger, evidence, web, prometheus, alertmanager, grafana',
    ),
    edit(
        "alias",
        "type: Bearer",
        "type: *hunter2",
        "49: not YAML: found undefined alias …; expected an anchor of that name, or text that begins with * in quotes",
    ),
    edit(
        "json-value",
        "{status: ok,",
        "{status: [hunter2],",
        "53: services[0].endpoints[0].expect.json.status: is a list; expected text, a number, true, false or null",
    ),
]


@pytest.mark.parametrize("broken", WRITTEN_IN_CLEAR)
def test_a_secret_in_clear_is_not_echoed(tmp_path: Path, broken: Edit):
    told = faults_of(tmp_path, broken.text)
    assert told == broken.faults
    assert SECRET not in "".join(told)
