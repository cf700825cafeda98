"""Usage, as the API sends it."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.examples import example


class StoredOut(BaseModel):
    """Bytes of a tenant."""

    model_config = ConfigDict(
        json_schema_extra=example(
            limit=50_000_000_000, used=48_511_509_812, reserved=200_000_000, free=1_288_490_188
        )
    )

    limit: int | None = Field(description="Null where any number may be stored.")
    used: int = Field(description="Of assets and of what was made of them, the trash included.")
    reserved: int = Field(description="Of uploads and imports that have not ended.")
    free: int | None = Field(description="What may still be announced; null as `limit`.")


class OpenOut(BaseModel):
    """Things of a tenant that are under way."""

    model_config = ConfigDict(json_schema_extra=example(limit=50, used=1))

    limit: int
    used: int


class TokensOut(BaseModel):
    """Tokens of language models, in a month."""

    model_config = ConfigDict(
        json_schema_extra=example(limit=2_000_000, used=181_204, reserved=9_120)
    )

    limit: int | None = Field(description="Null where any number may be used.")
    used: int = Field(description="With those that are reserved.")
    reserved: int = Field(description="Of questions that have no answer yet, or were lost.")


class DollarsOut(BaseModel):
    """US dollars for language models, in a month."""

    model_config = ConfigDict(json_schema_extra=example(limit=20.0, used=1.604, reserved=0.031))

    limit: float | None = Field(description="Null where any sum may be spent.")
    used: float = Field(description="With those that are reserved.")
    reserved: float = Field(description="Of questions that have no answer yet, or were lost.")


class LanguageModelsOut(BaseModel):
    """What language models took this month."""

    month: date = Field(description="Its first day, by UTC.", examples=["2026-11-01"])
    tokens: TokensOut
    dollars: DollarsOut


class UsageOut(BaseModel):
    """What a tenant has, what it may have, and what it has used since it was made."""

    model_config = ConfigDict(
        json_schema_extra=example(
            uploaded_bytes=31_205_883_904,
            media_seconds=18_204.6,
        )
    )

    stored_bytes: StoredOut
    open_uploads: OpenOut
    uploaded_bytes: int = Field(description="Of all files that became assets, since ever.")
    language_models: LanguageModelsOut
    media_seconds: float = Field(description="Of all films that runs took in, since ever.")
