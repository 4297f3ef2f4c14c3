"""Alertmanager's webhook: when a page of a downtime went out, as the log's `reported_at`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import AwareDatetime, BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from ..core.history import Changes, Event, Report
from ..core.names import TEST_LABEL, Alert
from ..core.view import ServiceView, View
from .write_token import REFUSALS, WriteToken

log = logging.getLogger("sesam_slo.web")

REPORTED_BY = "alertmanager"
MAX_BYTES = 1024 * 1024
_PAGES_OF_DOWNTIME = (Alert.DOWNTIME, Alert.MAINTENANCE_OVERRUN)
# A rule looks back this far: the page of an event that ends at once may begin after its end.
_LOOK_BACK = timedelta(minutes=5)


class WebhookAlert(BaseModel):
    """One alert of the group; what else Alertmanager sends is not read."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    startsAt: AwareDatetime


class Webhook(BaseModel):
    """A notice of Alertmanager's, version 4."""

    version: Literal["4"]
    alerts: list[WebhookAlert]


def reports(view: View, alerts: Iterable[WebhookAlert]) -> tuple[Report, ...]:
    """The reports that these alerts add, at the view's instant: of each event the first one only."""
    pages = [
        alert
        for alert in alerts
        if alert.status == "firing"
        and alert.labels.get("alertname") in _PAGES_OF_DOWNTIME
        and alert.labels.get(TEST_LABEL) != "true"
    ]
    named = {alert.labels.get("service") for alert in pages}
    # Brought up, as what the alert was made of was: the event may be newer than the loop's last turn.
    services = {
        each.service.name: each.brought_up(view.maintenance) for each in view.services if each.service.name in named
    }
    concerned = {
        event.id
        for alert in pages
        if (service := services.get(alert.labels.get("service", ""))) is not None
        if (event := _event(service, alert)) is not None and event.id not in service.log.reports
    }
    return tuple(Report(id, view.at, REPORTED_BY) for id in sorted(concerned))


def _event(service: ServiceView, alert: WebhookAlert) -> Event | None:
    """The latest event in which the alert began; the ongoing one where there is none (the clocks may differ)."""
    events = [event for event in service.log.events.values() if event.merged_into is None]
    within = [
        event
        for event in events
        if event.start <= alert.startsAt and (event.end is None or alert.startsAt - event.end <= _LOOK_BACK)
    ]
    ongoing = [event for event in events if event.end is None]
    return max(within or ongoing, key=lambda event: event.start, default=None)


def alertmanager_routes(
    view: Callable[[], View | None], record: Callable[[Changes], None], write_token: WriteToken
) -> APIRouter:
    """The webhook's route. record: takes in new facts; it does not wait until they are durable."""
    router = APIRouter()

    def take(alerts: list[WebhookAlert]) -> list[str]:
        seen = view()
        if seen is None:  # Alertmanager comes again
            raise HTTPException(503, "the first state is not published yet")
        found = reports(seen, alerts)
        if found:
            record(Changes(reports=found))
        for report in found:
            log.info("downtime %s: reported by %s", report.event, report.by)
        return [report.event for report in found]

    @router.post(
        "/api/v1/alertmanager",
        dependencies=[Depends(write_token.required)],
        responses=REFUSALS,
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": _schema()}}}},
    )
    async def alertmanager(request: Request) -> dict[str, list[str]]:
        """Takes Alertmanager's webhook and records when the page of a downtime went out; answers with the events' ids."""
        webhook = _parsed(await _body(request))
        return {"reported": await run_in_threadpool(take, webhook.alerts)}

    return router


def _schema() -> dict[str, Any]:
    schema = Webhook.model_json_schema(ref_template="#/$defs/{model}")
    alert = schema.pop("$defs")["WebhookAlert"]
    schema["properties"]["alerts"]["items"] = alert
    return schema


async def _body(request: Request) -> bytes:
    """Raises HTTPException 413 as soon as it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise HTTPException(413, f"larger than {MAX_BYTES // 1024} KiB; expected a webhook of Alertmanager's")
    return bytes(body)


def _parsed(body: bytes) -> Webhook:
    """Raises HTTPException 422 with the first fault; it names our fields and quotes nothing of the body."""
    try:
        return Webhook.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        problem = "not JSON" if first["type"] == "json_invalid" else first["msg"]
        where = "".join(_steps(first["loc"][:3]))  # deeper are names that the sender chose
        raise HTTPException(422, f"not a webhook of Alertmanager's, version 4: {where}{problem}") from None


def _steps(location: tuple[int | str, ...]) -> Iterator[str]:
    for index, step in enumerate(location):
        yield f"[{step}]" if isinstance(step, int) else f"{'.' if index else ''}{step}"
    if location:
        yield ": "
