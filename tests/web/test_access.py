"""Who may read and who may write: basic authentication, the write token, and both together."""

from __future__ import annotations

import os
from pathlib import Path

import bcrypt
import pytest
from bench import Bench, config, exposition
from fastapi.testclient import TestClient
from httpx import Response

from sesam_slo.web import Exporter, Users, WriteToken, make_app
from sesam_slo.web import basic_auth as basic_auth_module

PASSWORD = "correct horse: battery staple"
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
GOOD = ("prometheus", PASSWORD)
READS = ("/", "/metrics", "/-/healthy", "/-/ready", "/api/v1/status", "/openapi.json", "/no/such/page")
WEBHOOK = "/api/v1/alertmanager"
NOTICE = {"version": "4", "alerts": []}


def client(users: Users | None = None, token_file: Path | None = None) -> TestClient:
    exporter = Exporter(
        exposition,
        Bench(config()).published.view,
        lambda: True,
        lambda: None,
        lambda changes: None,
        WriteToken(token_file),
        users,
    )
    return TestClient(make_app(exporter), raise_server_exceptions=False)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class TestBasicAuthentication:
    @pytest.fixture
    def site(self) -> TestClient:
        return client(Users({"prometheus": HASH, "grafana": HASH.replace("$2b$", "$2y$")}))

    @pytest.mark.parametrize("path", READS)
    def test_every_path_needs_it(self, site: TestClient, path: str) -> None:
        refused = site.get(path)
        assert (refused.status_code, refused.text) == (401, "Basic authentication is needed.\n")
        assert refused.headers["www-authenticate"] == 'Basic realm="sesam-slo", charset="UTF-8"'
        assert refused.headers["x-content-type-options"] == "nosniff"
        assert site.get(path, auth=GOOD).status_code == client().get(path).status_code
        assert site.post("/-/reload").status_code == 401

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "Basic",
            "Basic !!!",
            "Basic bm9jb2xvbg==",  # nocolon
            "Bearer token",
            "Digest username=prometheus",
        ],
    )
    def test_anything_else_in_the_header_is_no_authentication(self, site: TestClient, value: str) -> None:
        assert site.get("/metrics", headers={"Authorization": value}).status_code == 401

    @pytest.mark.parametrize(
        "pair",
        [
            ("prometheus", "wrong"),
            ("prometheus", ""),
            ("nobody", PASSWORD),
            ("", PASSWORD),
            ("Prometheus", PASSWORD),
            ("prometheus", PASSWORD + "x"),
            ("prometheus", "nul \0"),
            ("prometheus", "x" * 100),
            ("prometheus", "æøå \N{SNOWMAN}"),
        ],
    )
    def test_a_wrong_pair_is_refused_also_after_a_good_one(self, site: TestClient, pair: tuple[str, str]) -> None:
        assert site.get("/metrics", auth=pair).status_code == 401
        assert site.get("/metrics", auth=GOOD).status_code == 200
        assert site.get("/metrics", auth=pair).status_code == 401

    def test_the_hashes_of_htpasswd_are_taken(self, site: TestClient) -> None:
        assert site.get("/metrics", auth=("grafana", PASSWORD)).status_code == 200

    def test_a_password_longer_than_bcrypt_looks_at_is_good_for_its_first_72_bytes(self) -> None:
        hashed = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
        assert client(Users({"a": hashed})).get("/metrics", auth=("a", "x" * 80)).status_code == 200

    def test_a_good_pair_is_hashed_once_and_anything_else_every_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[bytes] = []
        check = bcrypt.checkpw

        def counted(password: bytes, hashed: bytes) -> bool:
            asked.append(hashed)
            return check(password, hashed)

        monkeypatch.setattr(basic_auth_module.bcrypt, "checkpw", counted)
        costly = bcrypt.hashpw(b"other", bcrypt.gensalt(5)).decode()
        site = client(Users({"prometheus": HASH, "other": costly}))
        for pair in (GOOD, GOOD, GOOD, ("prometheus", "wrong"), ("prometheus", "wrong"), ("nobody", PASSWORD), GOOD):
            site.get("/metrics", auth=pair)
        # A user who does not exist is compared as well, with the most costly hash there is.
        assert asked == [HASH.encode()] * 3 + [costly.encode()]

    def test_nothing_of_the_credentials_is_logged_or_answered(
        self, site: TestClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        answers = [site.get("/", auth=pair) for pair in (GOOD, ("prometheus", "wr0ng"), ("n0body", PASSWORD))]
        shown = caplog.text + "".join(answer.text + str(answer.headers) for answer in answers)
        assert not [secret for secret in (PASSWORD, HASH, "wr0ng", "n0body") if secret in shown]


class TestWriteToken:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "token"
        path.write_text("s3cret\n")
        return path

    def write(self, site: TestClient, **headers: str) -> Response:
        return site.post(WEBHOOK, json=NOTICE, headers=headers)

    def test_without_a_configured_file_every_write_is_refused(self) -> None:
        for headers in ({}, bearer(""), bearer("s3cret")):
            answer = self.write(client(), **headers)
            assert (answer.status_code, answer.json()) == (
                403,
                {"detail": "writing is off: no web.write_token_file is configured"},
            )

    @pytest.mark.parametrize(
        ("headers", "problem"),
        [
            ({}, "the write token is needed"),
            ({"Authorization": "Basic s3cret"}, "the write token is needed"),
            ({"Authorization": "s3cret"}, "the write token is needed"),
            (bearer("wrong"), "wrong write token"),
            (bearer("s3cret2"), "wrong write token"),
            (bearer("s3cre"), "wrong write token"),
            (bearer("S3CRET"), "wrong write token"),
        ],
    )
    def test_a_write_without_the_token_is_refused(self, file: Path, headers: dict[str, str], problem: str) -> None:
        answer = self.write(client(token_file=file), **headers)
        assert (answer.status_code, answer.json()) == (
            401,
            {"detail": f"{problem}: Authorization: Bearer TOKEN"},
        )
        assert answer.headers["www-authenticate"] == 'Bearer realm="sesam-slo"'

    def test_a_changed_file_counts_from_the_next_write(self, file: Path) -> None:
        site = client(token_file=file)
        assert self.write(site, **bearer("s3cret")).status_code == 200
        file.write_text("n3wer!")
        assert self.write(site, **bearer("s3cret")).status_code == 401
        assert self.write(site, **bearer("n3wer!")).status_code == 200

    @pytest.mark.parametrize(
        ("break_it", "problem"),
        [
            (lambda file: file.unlink(), "cannot be read"),
            (lambda file: file.write_text(" \n"), "is empty"),
            (lambda file: file.write_text("x" * 65537), "is too large"),
            (lambda file: (file.unlink(), os.mkfifo(file)), "is not a regular file"),
        ],
    )
    def test_a_file_that_gives_no_token_lets_nobody_write(self, file: Path, break_it, problem: str) -> None:
        site = client(token_file=file)
        break_it(file)
        for headers in (bearer("s3cret"), bearer("")):
            answer = self.write(site, **headers)
            detail = answer.json()["detail"]
            if answer.status_code == 401:  # an empty bearer is none
                assert detail == "the write token is needed: Authorization: Bearer TOKEN"
            else:
                assert (answer.status_code, detail) == (
                    503,
                    f"writing is off: the file of web.write_token_file {problem}",
                )

    def test_reading_and_reloading_need_none(self, file: Path) -> None:
        site = client(token_file=file)
        assert site.get("/metrics").status_code == 200
        assert site.post("/-/reload").status_code == 200

    def test_the_description_says_which_request_needs_it(self, file: Path) -> None:
        paths = client(token_file=file).get("/openapi.json").json()["paths"]
        assert paths[WEBHOOK]["post"]["security"] == [{"HTTPBearer": []}]
        assert "security" not in paths["/api/v1/status"]["get"]

    def test_with_basic_authentication_the_token_lets_a_write_in_and_nothing_else(self, file: Path) -> None:
        site = client(Users({"prometheus": HASH}), file)
        assert self.write(site, **bearer("s3cret")).status_code == 200  # let through, nothing is published yet
        for headers in ({}, bearer("wrong")):
            answer = self.write(site, **headers)
            assert (answer.status_code, answer.text) == (401, "Basic authentication is needed.\n")
        for path in READS:
            assert site.get(path, headers=bearer("s3cret")).status_code == 401
        assert site.post("/-/reload", headers=bearer("s3cret")).status_code == 401

    def test_basic_authentication_alone_does_not_write(self, file: Path) -> None:
        answer = client(Users({"prometheus": HASH}), file).post(WEBHOOK, json=NOTICE, auth=GOOD)
        assert (answer.status_code, answer.json()) == (
            401,
            {"detail": "the write token is needed: Authorization: Bearer TOKEN"},
        )

    def test_the_token_is_in_no_message(self, file: Path, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("DEBUG")
        site = client(token_file=file)
        shown = "".join(self.write(site, **headers).text for headers in ({}, bearer("wr0ng"), bearer("s3cret")))
        assert not [secret for secret in ("s3cret", "wr0ng") if secret in shown + caplog.text]
