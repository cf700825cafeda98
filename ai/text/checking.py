"""Whether what came is an answer: whole, fitting, within its fence."""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from ai.text.errors import CutShort, Declined, Unfit
from ai.text.fences import Fence, visible
from ai.text.prompts import material_texts, trusted_texts
from ai.text.schema import arguments_of, fitted
from ai.text.suspicion import suspicions
from ai.text.types import End, Flag, Request, ToolCall, WireCall


@dataclass(frozen=True, slots=True)
class Checked:
    """What an answer holds."""

    text: str
    calls: tuple[ToolCall, ...]
    value: BaseModel | None
    flags: tuple[Flag, ...]


def checked(request: Request, fence: Fence, text: str, end: End) -> Checked:
    """The answer, if it is one; raises CutShort, Declined or Unfit."""
    if end.finish == "length":
        raise CutShort(f"the answer is longer than {request.most_tokens} tokens", detail=end.reason)
    if end.finish == "declined":
        raise Declined("the provider declined to answer", detail=end.reason)
    calls = tuple(_call(request, call) for call in end.calls)
    value = None
    if not calls:
        if not text.strip():
            raise Unfit("the answer is empty")
        value = fitted(text, request.shape) if request.shape is not None else None
    # JSON could write a link or the mark with escapes: what it stands for is looked at.
    whole = text if value is None else _told(value.model_dump(mode="json"))
    said = visible("\n".join((whole, *(_told(call.arguments) for call in calls))))
    fence.check(said)
    flags = suspicions(said, trusted_texts(request), material_texts(request))
    return Checked(text, calls, value, flags)


def _call(request: Request, call: WireCall) -> ToolCall:
    tool = next((tool for tool in request.tools if tool.name == call.name), None)
    if tool is None:
        raise Unfit("the answer calls a tool that was not offered")
    arguments = arguments_of(call.arguments, tool.arguments, tool.name)
    return ToolCall(call.id, call.name, arguments, call.signature)


def _told(arguments: Any) -> str:
    return json.dumps(arguments, ensure_ascii=False)
