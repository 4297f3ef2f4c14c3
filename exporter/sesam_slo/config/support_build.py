"""`policy.support` as the core's values: one target written for all customer classes becomes one for each."""

from __future__ import annotations

from ..core import points, support
from . import models


def built_support(written: models.Support) -> support.Support:
    default = support.Support()
    classes = default.classes if written.classes is None else tuple(written.classes)
    levels = default.levels if written.levels is None else tuple(_level(each, classes) for each in written.levels)
    return support.Support(
        classes=classes,
        levels=levels,
        points=None if written.points is None else _points(written.points),
        opens_cases=written.open_cases,
        opens_for=written.open_cases_for or classes[0],
    )


def _level(level: models.Level, classes: tuple[str, ...]) -> support.Level:
    targets = (
        (each, support.Targets(*(_of_class(said, each) for said in (level.reaction, level.workaround, level.fix))))
        for each in sorted(classes)
    )
    return support.Level(level.name, level.title, tuple(targets))


def _of_class(said: dict[str, support.Target], customer_class: str) -> support.Target:
    return said[models.EVERY_CLASS] if models.EVERY_CLASS in said else said[customer_class]


def _points(written: models.Points) -> points.PointsTable:
    return points.PointsTable(
        downtime=tuple(points.DowntimeBand(each.start, each.end, each.points) for each in written.downtime),
        overrun=tuple(
            (level, tuple(points.OverrunBand(each.up_to, each.points) for each in bands))
            for level, bands in sorted(written.overrun.items())
        ),
        reduction=tuple(points.ReductionBand(each.start, each.end, each.percent) for each in written.reduction),
    )
