"""A page can be told of before the loop's turn has published its event: the report waits for it."""

from __future__ import annotations

from bench import DOWN, START, Bench, config

from sesam_slo.core.entry import Entry
from sesam_slo.core.history import Changes, Report
from sesam_slo.monitor.published import Update


def down(*reports: Report) -> Entry:
    bench = Bench(config())
    bench.run(0.1)
    bench.published.settle(bench.published.queue(Update(Changes(reports=reports), {})))
    bench.prober.answer = lambda key: DOWN
    bench.run(15)
    view = bench.published.view()
    assert view is not None
    (entry,) = view.services[0].log.entries.values()
    return entry


def test_a_report_that_comes_before_its_event_is_the_events() -> None:
    id = down().id
    entry = down(Report(id, START, "alertmanager"), Report("another", START, "alertmanager"))
    assert (entry.id, entry.reported_at, entry.reported_by) == (id, START, "alertmanager")
