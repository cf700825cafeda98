"""Passkeys, as the API takes and sends them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from api.schemas.examples import PASSKEY, SIGNED_IN, example
from api.schemas.person import In, Keeping, Name

_CREDENTIAL = {
    "id": "the-credentials-id-in-base64url",
    "rawId": "the-credentials-id-in-base64url",
    "type": "public-key",
    "response": {"clientDataJSON": "bytes-in-base64url"},
}
Challenge = Annotated[
    SecretStr,
    Field(min_length=20, max_length=4000, description="What was sent with the options."),
]
Credential = Annotated[
    dict[str, Any],
    Field(description="`PublicKeyCredential.toJSON()` of what the browser answered."),
]


class PasskeyOptionsOut(BaseModel):
    """What a browser is asked with, within five minutes."""

    model_config = ConfigDict(
        json_schema_extra=example(
            challenge="what-goes-back-with-the-answer",
            options={
                "challenge": "bytes-in-base64url",
                "rpId": "automator.northlight.example",
                "timeout": 300_000,
                "userVerification": "required",
            },
        )
    )

    challenge: str = Field(description="Goes back with the browser's answer.")
    options: dict[str, Any] = Field(
        description="For `PublicKeyCredential.parseCreationOptionsFromJSON` or its sibling."
    )


class PasskeyIn(In):
    """A passkey that a device has made."""

    model_config = ConfigDict(
        json_schema_extra=example(
            challenge="what-goes-back-with-the-answer", credential=_CREDENTIAL, name="Ada's laptop"
        )
    )

    challenge: Challenge
    credential: Credential
    name: Name


class PasskeySignInIn(Keeping):
    """A passkey that is shown."""

    model_config = ConfigDict(
        json_schema_extra=example(
            challenge="what-goes-back-with-the-answer", credential=_CREDENTIAL, cookies=True
        )
    )

    challenge: Challenge
    credential: Credential


class PasskeyNameIn(In):
    """Another name."""

    model_config = ConfigDict(json_schema_extra=example(name="Ada's laptop"))

    name: Name


class PasskeyOut(BaseModel):
    """A passkey of the person's."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id=PASSKEY,
            name="Ada's laptop",
            created_at="2026-02-20T08:50:00Z",
            used_at=SIGNED_IN,
            suspected_at=None,
        ),
    )

    id: UUID
    name: str
    created_at: datetime
    used_at: datetime | None
    suspected_at: datetime | None = Field(
        description="When it was refused last, as its counter ran backwards."
    )


class PasskeysOut(BaseModel):
    """Every one of a person's, the oldest first."""

    items: list[PasskeyOut]
