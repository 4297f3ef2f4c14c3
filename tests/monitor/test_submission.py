"""Facts that come from elsewhere, beside the monitor's: their order, and when they are published."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

from bench import DOWN, START, Bench, config

from sesam_slo.core.history import Changes, Recorded, Report
from sesam_slo.monitor import Published
from sesam_slo.monitor.published import Submission, Update


def said(number: int) -> Changes:
    return Changes(reports=(Report(str(number), START, "test"),))


def test_what_was_queued_first_is_submitted_first_whoever_comes_first() -> None:
    published = Published(Recorded(), lambda: START)
    submitted: list[tuple[Changes, int]] = []
    submission = Submission(published, lambda changes, number: submitted.append((changes, number)))
    first, second = said(1), said(2)
    number = published.queue(Update(first, {}))
    submission.record(second)
    assert submitted == []
    submission.in_order(first, number)
    assert submitted == [(first, 1), (second, 2)]


def test_many_threads_submit_every_change_once_and_in_order() -> None:
    published = Published(Recorded(), lambda: START)
    submitted: list[tuple[Changes, int]] = []
    submission = Submission(published, lambda changes, number: submitted.append((changes, number)))
    threads = [
        threading.Thread(target=lambda start=start: [submission.record(said(start + each)) for each in range(200)])
        for start in (0, 1000, 2000, 3000)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [number for _, number in submitted] == list(range(1, 801))
    for start in (0, 1000, 2000, 3000):
        numbers = [int(changes.reports[0].event) for changes, _ in submitted]
        assert [number for number in numbers if start <= number < start + 1000] == list(range(start, start + 200))


def downtime() -> Bench:
    bench = Bench(config())
    bench.run(3)
    bench.prober.answer = lambda key: DOWN
    bench.run(15)
    return bench


def test_a_report_is_published_once_it_is_durable_and_the_first_stays() -> None:
    bench = downtime()
    (event,) = bench.log()
    submission = Submission(bench.published, bench._submit)
    submission._last = bench.published.queue(Update(Changes(), {}))  # the bench's monitor submits by itself
    first = Report(event.id, bench.clock.now(), "alertmanager")
    bench.durable = False
    submission.record(Changes(reports=(first,)))
    assert bench.service().log.reports == {}
    bench.durable = True
    submission.record(Changes(reports=(replace(first, at=first.at + timedelta(seconds=5)),)))
    assert bench.service().log.reports == {event.id: first}


def test_a_report_is_known_after_a_restart() -> None:
    first = downtime()
    (event,) = first.log()
    report = Report(event.id, first.clock.now(), "alertmanager")
    second = Bench(config(), replace(first.recorded(), reports=(report,)), first.time)
    assert second.service().log.reports == {event.id: report}
