"""Second factors, as the API takes and sends them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from api.schemas.examples import EMAIL, example
from api.schemas.person import In, Keeping, Password

Code = Annotated[
    SecretStr,
    Field(
        min_length=6,
        max_length=40,
        description="Six digits of the app, or a recovery code, with or without its dashes.",
        examples=["492039"],
    ),
]


class SecondFactorNeededOut(BaseModel):
    """The first proof was right, and another one is needed."""

    model_config = ConfigDict(
        json_schema_extra=example(challenge="the-challenge-of-this-sign-in", expires_in=300)
    )

    challenge: str = Field(description="Goes to POST /v1/sessions/second-factor, with a code.")
    expires_in: int = Field(description="Seconds until one has to begin again.")


class CodeIn(Keeping):
    """The second proof."""

    model_config = ConfigDict(
        json_schema_extra=example(
            challenge="the-challenge-of-this-sign-in", code="492039", cookies=True
        )
    )

    challenge: SecretStr = Field(min_length=20, max_length=4000)
    code: Code


class ProofIn(In):
    """Proof that it is the account's owner; who has no password has just signed in."""

    password: Password | None = None


class ConfirmIn(In):
    """A code of the app that was given the seed."""

    code: Code


class ProofAndCodeIn(ProofIn):
    """Proof by both factors."""

    code: Code


class SeedOut(BaseModel):
    """What the app is given, as text or as a picture of the address. Shown once."""

    model_config = ConfigDict(
        json_schema_extra=example(
            secret="AAAABBBBCCCCDDDDAAAABBBBCCCCDDDD",
            uri=f"otpauth://totp/Brand%20Automator:{EMAIL}"
            "?secret=AAAABBBBCCCCDDDDAAAABBBBCCCCDDDD&issuer=Brand%20Automator",
        )
    )

    secret: str = Field(description="Base32, for who types it.")
    uri: str = Field(description="otpauth://totp/…, to be shown as a QR code.")


class RecoveryCodesOut(BaseModel):
    """Codes for who has lost the app; each is good once. Shown once."""

    model_config = ConfigDict(
        json_schema_extra=example(recovery_codes=["aaaa-bbbb-cccc", "dddd-eeee-ffff"])
    )

    recovery_codes: list[str]
