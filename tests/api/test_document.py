"""The API's document is true: whatever is asked, the answer is one that it names."""

from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from schemathesis import Case
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from core.settings import Settings
from tests.api.serving import CLIP, TOKEN, TUS, server

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
AUTHORISED = {"Authorization": f"Bearer {TOKEN}"}
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
document = schemathesis.openapi.from_dict(create_app().openapi())


@pytest.fixture(scope="module")
def url(settings: Settings) -> Iterator[str]:
    with server(settings, MEDIA_SECRET="a secret of the tests and a long one") as running:
        yield running.url


@pytest.fixture
def known(url: str) -> dict[str, str]:
    """Names of things that are there, which no generator would guess."""
    with httpx.Client(base_url=url, headers=AUTHORISED) as client:
        made = client.post("/v1/assets?name=clip.mp4", content=CLIP.read_bytes()).json()
        upload = client.post("/v1/uploads", headers={**TUS, "Upload-Length": "10"})
    return {
        "asset_id": made["asset"]["id"],
        "run_id": made["run"]["id"],
        "upload_id": upload.headers["location"].rpartition("/")[2],
    }


def _ask(case: Case[Any], url: str, known: dict[str, str]) -> None:
    for names in ({}, known):
        case.path_parameters |= {
            name: value for name, value in names.items() if name in case.path_parameters
        }
        if case.operation.path == "/v1/events" and case.method == "GET":
            _ask_for_stream(case, url)
            continue
        answer = case.call(base_url=url, headers=AUTHORISED, timeout=30)
        case.validate_response(answer, checks=CHECKS)


def _ask_for_stream(case: Case[Any], url: str) -> None:
    """Of an answer that does not end, only what comes first."""
    asked = case.as_transport_kwargs(base_url=url, headers=AUTHORISED)
    with requests.request(**asked, stream=True, timeout=30) as answer:
        documented = case.operation.definition.raw["responses"][str(answer.status_code)]
        assert answer.headers["content-type"].partition(";")[0] in documented["content"]
        assert answer.status_code < 500


_SETTINGS = hypothesis_settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@document.parametrize()
@hypothesis_settings(_SETTINGS, max_examples=5)
def test_whatever_is_asked_the_answer_is_a_documented_one(
    case: Case[Any], url: str, known: dict[str, str]
) -> None:
    _ask(case, url, known)


@pytest.mark.long
@document.parametrize()
@hypothesis_settings(_SETTINGS, max_examples=60)
def test_the_same_at_length(case: Case[Any], url: str, known: dict[str, str]) -> None:
    _ask(case, url, known)
