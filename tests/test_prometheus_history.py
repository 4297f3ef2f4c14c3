"""What a Prometheus answers, well and badly: which samples are results, what is asked again, what is refused and how."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sesam_slo.core.model import Outcome, Result
from sesam_slo.prometheus_history import HistoryError, PrometheusHistory, is_selector

START = datetime(2025, 3, 1, tzinfo=UTC)
END = START + timedelta(hours=1)
EPOCH = START.timestamp()
SECRET = "s3cr3t-token"
QUERY = 'probe_success{instance="a"}'


def series(*samples: tuple[float, Any], **labels: str) -> dict[str, Any]:
    return {"metric": {"__name__": "probe_success", **labels}, "values": [[at, str(value)] for at, value in samples]}


def matrix(*found: dict[str, Any], **further: Any) -> tuple[int, Any]:
    return 200, {"status": "success", "data": {"resultType": "matrix", "result": list(found)}, **further}


class Answers:
    """A server that gives these answers in turn, the last one again and again, and remembers what it was asked."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.asked: list[tuple[str, dict[str, str], str | None]] = []
        self.pauses: list[float] = []
        left = list(answers)
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                parameters = {key: value for key, (value,) in parse_qs(parts.query).items()}
                told.asked.append((parts.path, parameters, self.headers["Authorization"]))
                status, body = left.pop(0) if len(left) > 1 else left[0]
                self.send_response(status)
                if status in (301, 302, 307, 308):
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.end_headers()
                self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def history(self, token: str | None = None) -> PrometheusHistory:
        return PrometheusHistory(self.url, token, sleep=self.pauses.append)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def answering() -> Iterator[Callable[..., Answers]]:
    servers: list[Answers] = []

    def answers(*each: tuple[int, Any]) -> Answers:
        servers.append(Answers(*each))
        return servers[-1]

    yield answers
    for server in servers:
        server.close()


class TestResults:
    def test_one_is_success_and_zero_is_failure_at_the_instant_of_the_sample(self, answering) -> None:
        server = answering(matrix(series((EPOCH + 0.137, 1), (EPOCH + 30.5, 0))))
        assert server.history().results(QUERY, START, END) == [
            Result(START + timedelta(milliseconds=137), Outcome.SUCCESS),
            Result(START + timedelta(milliseconds=30_500), Outcome.FAILURE),
        ]

    def test_asks_for_the_raw_samples_of_the_time_and_a_millisecond_more(self, answering) -> None:
        server = answering(matrix())
        server.history().results(QUERY, START, END)
        ((path, parameters, _),) = server.asked
        assert (path, parameters) == (
            "/api/v1/query",
            {"query": QUERY + "[1h1ms]", "time": f"{EPOCH + 3600:.3f}"},
        )

    def test_a_sample_at_the_start_is_in_one_at_the_end_is_not(self, answering) -> None:
        samples = [(EPOCH - 0.001, 0), (EPOCH, 1), (EPOCH + 3599.999, 1), (EPOCH + 3600, 0)]
        found = answering(matrix(series(*samples))).history().results(QUERY, START, END)
        assert [result.at for result in found] == [START, END - timedelta(milliseconds=1)]

    def test_a_bound_between_two_milliseconds_loses_and_doubles_nothing(self, answering) -> None:
        bound = START + timedelta(microseconds=500_500)
        samples = [(EPOCH + 0.5, 1), (EPOCH + 0.501, 1)]
        history = answering(matrix(series(*samples))).history()
        assert [len(history.results(QUERY, START, bound)), len(history.results(QUERY, bound, END))] == [1, 1]

    def test_series_that_follow_each_other_are_one(self, answering) -> None:
        server = answering(matrix(series((EPOCH + 60, 1), job="new"), series((EPOCH, 1), (EPOCH + 30, 0), job="old")))
        found = server.history().results(QUERY, START, END)
        assert [result.at for result in found] == [START + timedelta(seconds=each) for each in (0, 30, 60)]

    def test_an_empty_span_asks_nothing(self, answering) -> None:
        server = answering(matrix())
        assert server.history().results(QUERY, START, START) == []
        assert server.asked == []


class TestFirst:
    def test_is_found_by_day_then_by_sample(self, answering) -> None:
        counts = matrix(series((EPOCH + 2 * 86400, 5), (EPOCH + 3 * 86400, 9)))
        server = answering(counts, matrix(series((EPOCH + 86400 + 7, 1))))
        assert server.history().first(QUERY, START, START + timedelta(days=9)) == START + timedelta(days=1, seconds=7)
        assert [parameters["query"] for _, parameters, _ in server.asked] == [
            f"count_over_time({QUERY}[1d])",
            f"{QUERY}[1d2ms]",
        ]

    def test_is_none_where_there_is_no_sample(self, answering) -> None:
        assert answering(matrix()).history().first(QUERY, None, END) is None


class TestAskingAgain:
    @pytest.mark.parametrize("status", [429, 502, 503, 504])
    def test_what_passes_is_waited_for_longer_each_time(self, answering, status: int) -> None:
        server = answering((status, b"busy"), (status, b"busy"), matrix(series((EPOCH, 1))))
        assert len(server.history().results(QUERY, START, END)) == 1
        assert server.pauses == [1, 2]

    def test_what_does_not_pass_is_a_fault_after_half_a_minute(self, answering) -> None:
        server = answering((503, b"busy"))
        with pytest.raises(HistoryError) as refused:
            server.history().results(QUERY, START, END)
        assert str(refused.value) == (
            f"{server.url}: answers with status 503 and something else than Prometheus does; is this the right address?"
        )
        assert server.pauses == [1, 2, 4, 8, 16]

    def test_who_never_answered_is_not_asked_again(self, answering) -> None:
        server = answering(matrix())
        server.close()
        history = server.history()
        with pytest.raises(HistoryError) as refused:
            history.results(QUERY, START, END)
        assert str(refused.value) == f"{server.url}: does not answer: ConnectionError"
        assert server.pauses == []

    def test_who_answered_before_is(self, answering) -> None:
        server = answering(matrix())
        history = server.history()
        history.results(QUERY, START, END)
        server.close()
        with pytest.raises(HistoryError):
            history.results(QUERY, START, END)
        assert server.pauses == [1, 2, 4, 8, 16]


HISTOGRAM = {"metric": {"__name__": "x"}, "histograms": [[EPOCH, {}]]}


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (matrix(series((EPOCH, 0.5))), f"{QUERY}: the value at 2025-03-01T00:00:00+00:00 is 0.5; expected 1 or 0"),
        (matrix(series((EPOCH, "NaN"))), f"{QUERY}: the value at 2025-03-01T00:00:00+00:00 is nan; expected 1 or 0"),
        (matrix(series((EPOCH, 1), job="a"), series((EPOCH, 1), job="b\x1b[2J")),
         f"{QUERY}: 2 series at one time, such as probe_success{{job='a'}} and probe_success{{job='b\\x1b[2J'}}; expected a "
         "selector of one series"),
        (matrix(HISTOGRAM), "x{}: holds histograms; expected samples of 1 or 0"),
        (matrix(warnings=["store down\x1b[2J"]),
         f"{QUERY}: the answer may not be whole: store down�[2J; expected one without warnings"),
        (matrix(isPartial=True), f"{QUERY}: the answer may not be whole; expected one without warnings"),
        (matrix({"metric": {}}), "answers with something else than samples; is this the right address?"),
        (matrix({"values": [["x", "1"]]}), "answers with something else than samples; is this the right address?"),
        ((200, {"status": "success", "data": {"resultType": "vector", "result": []}}),
         "answers with something else than series; is this the right address?"),
        ((200, {"status": "success"}), "answers with something else than series; is this the right address?"),
        ((200, b"<html>"),
         "answers with status 200 and something else than Prometheus does; is this the right address?"),
        ((200, []), "answers with status 200 and something else than Prometheus does; is this the right address?"),
        ((404, b""), "answers with status 404 and something else than Prometheus does; is this the right address?"),
        ((401, b""), "refuses to be asked (status 401); expected a token that may query, in --bearer-token-file"),
        ((302, b""), "leads elsewhere (status 302); expected the address that it leads to"),
        ((400, {"status": "error", "errorType": "bad_data", "error": "parse error: 1:4"}),
         f"{QUERY}: refused: parse error: 1:4"),
        ((422, {"status": "error", "errorType": "execution", "error": "query processing would load too many samples into "
                "memory in query execution"}),
         f"{QUERY}: too much at once: query processing would load too many samples into memory in query execution; expected a "
         "shorter --step-chunk"),
    ],
)  # fmt: skip
def test_what_is_no_history_is_refused_in_one_sentence(answering, answer: tuple[int, Any], problem: str) -> None:
    server = answering(answer)
    with pytest.raises(HistoryError) as refused:
        server.history(SECRET).results(QUERY, START, END)
    assert str(refused.value) == f"{server.url}: {problem}"
    assert len(server.asked) == 1


class TestToken:
    def test_goes_with_every_request(self, answering) -> None:
        server = answering(matrix())
        server.history(SECRET).results(QUERY, START, END)
        assert [authorization for _, _, authorization in server.asked] == [f"Bearer {SECRET}"]

    @pytest.mark.parametrize(("token", "sent"), [(SECRET, f"Bearer {SECRET}"), (None, None)])
    def test_no_netrc_takes_its_place(self, answering, tmp_path, monkeypatch, token: str | None, sent: str) -> None:
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password mine\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        server = answering(matrix())
        server.history(token).results(QUERY, START, END)
        assert [authorization for _, _, authorization in server.asked] == [sent]


@pytest.mark.parametrize(
    ("query", "plain"),
    [
        ("probe_success", True),
        ('probe_success{instance="https://example.org/?a={b}", job=~\'x.*\', e=`"`}', True),
        (' {__name__="probe_success"} ', True),
        ("job:up:rate5m{}", True),
        ("", False),
        ("{}", False),
        ("probe_success[5m]", False),
        ("sum(probe_success)", False),
        ("probe_success or up", False),
        ("probe_success offset 5m", False),
        ("probe_success{a=\"b\"} # {", False),
        ('probe_success{a="b}', False),
        ("1", False),
    ],
)  # fmt: skip
def test_only_of_a_plain_selector_there_are_samples(query: str, plain: bool) -> None:
    assert is_selector(query) is plain
