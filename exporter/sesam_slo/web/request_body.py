"""What a request says: instants within what can be reckoned with, and a JSON body: bounded, checked, quoted in no answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import HTTPException, Request
from pydantic import AfterValidator, AwareDatetime, BaseModel, ValidationError

MAX_BYTES = 64 * 1024

_Model = TypeVar("_Model", bound=BaseModel)


def _utc(at: datetime) -> datetime:
    if not 1970 < at.year < 3000:
        raise ValueError("expected a year from 1971 to 2999")
    return at.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_utc)]


async def body_of(request: Request, model: type[_Model]) -> _Model:
    """Raises HTTPException: 413 as soon as it is too large, 422 with the first fault, which names our fields only."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise HTTPException(413, f"larger than {MAX_BYTES // 1024} KiB")
    try:
        return model.model_validate_json(bytes(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise HTTPException(422, "not JSON") from None
        if first["type"] == "extra_forbidden":  # a name that the sender chose
            known = ", ".join(model.model_fields)
            raise HTTPException(422, f"unknown field; expected {known}") from None
        raise HTTPException(422, f"{''.join(_steps(first['loc']))}{first['msg']}") from None


def described(model: type[BaseModel]) -> dict[str, Any]:
    """What the description of the API says of a body that `body_of` reads: `openapi_extra` of the route."""
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _inlined(schema, parts)}}}}


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    """Without references: they would lead out of the one schema that holds their targets."""
    if isinstance(schema, list):
        return [_inlined(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(parts[schema["$ref"].rpartition("/")[2]], parts)
    return {name: _inlined(each, parts) for name, each in schema.items()}


def _steps(location: tuple[int | str, ...]) -> Iterator[str]:
    for index, step in enumerate(location):
        yield f"[{step}]" if isinstance(step, int) else f"{'.' if index else ''}{step}"
    if location:
        yield ": "
