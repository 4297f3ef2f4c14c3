"""The JSON body of a request that writes: bounded, checked, and quoted in no answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from fastapi import HTTPException, Request
from pydantic import BaseModel, ValidationError

MAX_BYTES = 64 * 1024

_Model = TypeVar("_Model", bound=BaseModel)


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


def _steps(location: tuple[int | str, ...]) -> Iterator[str]:
    for index, step in enumerate(location):
        yield f"[{step}]" if isinstance(step, int) else f"{'.' if index else ''}{step}"
    if location:
        yield ": "
