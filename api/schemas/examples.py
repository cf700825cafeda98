"""The story that all examples of the document tell: ids, names and times of one agency's film.

An agency, Northlight, has its client Lumen Coffee as a tenant. Ada uploads a film there.
"""

from typing import Any, Final

TENANT: Final = "5f3c9a1e-7c42-4b8d-9d0a-2e6b1f8c4a73"
USER: Final = "019c1d79-1340-79b1-84f8-996da763b7a9"
COLLEAGUE: Final = "019c1d83-4c70-742a-bfdb-befdb4a4607c"
REVIEWER: Final = "019cbe83-4580-7ef9-ad70-999ae1805e4b"
BRAND_ID: Final = "019c1d79-1340-7e6b-84a9-fba2f0c40456"
ORGANISATION: Final = "019c1d8b-62c0-7c99-9901-9ff220a47ff8"
SESSION: Final = "019cd1ce-8aa0-7b41-bf3a-f1ecebbd1410"
ASSET: Final = "019cd1d3-1e80-7fbe-9593-86e0ae435e29"
LOGO: Final = "019cd1c2-6f00-7a35-8d7e-5f0a3d1c9b42"
RUN: Final = "019cd1d3-1f7a-76fc-acba-25512100f80b"
ARTIFACT: Final = "019cd1d5-1e38-76ab-87c5-c1d70c5dec44"
REVIEW: Final = "019cd1ee-95c0-7fa0-897a-ce4c8fef2cee"
COMMENT: Final = "019cd20e-a0e0-778a-844b-b2fd516909da"
IMPORT: Final = "019ca8d7-2d00-7731-9942-f64886578d87"
EXPORT: Final = "019cd3c1-8100-7b41-946a-ee08cc49f6d1"
WEBHOOK: Final = "019c46fe-5900-79b8-9fd0-9dc33545f9cc"
DELIVERY: Final = "019cd1d5-dda0-7e88-b4af-39d5b65a1484"
KEY: Final = "019c4702-ece0-7279-ac70-e12b7a0646f9"
INVITATION: Final = "019cbe4c-5700-7359-a301-3c082c75edc9"
PASSKEY: Final = "019c7a3d-dac0-79a3-8b94-9c1309045061"
IDENTITY: Final = "019c7f64-36c0-72dc-a89f-6a627384c7dc"
ENTRY: Final = "019cd1d3-2268-73e1-923f-e53966c6cd93"
REQUEST: Final = "7d0f6f3c9a5e4d1b8f27c1e0b94a6d38"

NAME: Final = "Ada Okafor"
EMAIL: Final = "ada@northlight.example"
AGENCY: Final = "Northlight"
BRAND: Final = "Lumen Coffee"
FILM: Final = "spring-roast.mp4"
FILM_BYTES: Final = 184_549_376
FILM_SHA256: Final = "9f2d6c1b4e8a7350d1c6f0b29a84e37d5b60c8f1e2a94d73860b5fc1d7e29a48"
PASSWORD: Final = "nine kettles on a slow boat"
# What stands behind # in a mailed link.
SECRET: Final = "what-stands-behind-the-hash-of-the-link"

JOINED: Final = "2026-02-02T08:30:00Z"
SIGNED_IN: Final = "2026-03-09T08:55:00Z"
UPLOADED: Final = "2026-03-09T09:00:00Z"
RAN: Final = "2026-03-09T09:00:00.250000Z"
READY: Final = "2026-03-09T09:02:11.482000Z"


def example(**members: Any) -> dict[str, Any]:
    """The `json_schema_extra` of a model that looks like this."""
    return {"examples": [members]}
