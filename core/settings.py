"""Settings, read once from the environment."""

import re
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from os import sched_getaffinity
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    Field,
    NonNegativeFloat,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from core.errors import Misconfigured
from core.master_keys import KMS_KEY, parse_master_keys

GIB = 1 << 30
_PROCESSORS = len(sched_getaffinity(0))
# An encode keeps between one and two processors busy.
MEDIA_SLOTS = max(min(2, _PROCESSORS), _PROCESSORS // 2)

_SECRET_BYTES = 32
_ISSUER = re.compile(r"(https://[^\s/?#@]+|http://(127\.0\.0\.1|localhost)(:\d+)?)(/[^\s?#]*)?")
_ORIGIN = re.compile(r"https?://[^\s/?#@]+")
_ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_MODEL = re.compile(r"(openai|anthropic|google|local)/[^\s,]{1,200}")


class CellUrls(BaseModel):
    """The two addresses of one cell's database."""

    url: str
    admin_url: str | None = None


class Settings(BaseSettings):
    """What an operator can set: docs/settings.md has a table of it.

    A field is read from the environment variable of its name in capitals, or of its alias.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    data_dir: Path = Field(default=Path("data"), validation_alias="AUTOMATOR_DATA")
    database_url: str | None = None
    database_admin_url: str | None = None
    redis_url: str | None = None
    storage_url: str | None = None
    storage_kms_key: str | None = Field(
        default=None, description="Cloud KMS key that encrypts everything which gs:// takes in."
    )
    cells: dict[str, CellUrls] = Field(
        default_factory=dict,
        description="Further cells by name, as JSON; the database of DATABASE_URL is cell 'main'.",
    )
    cell_tenants: int = Field(default=2000, description="Tenants that one cell may hold.")
    tenant_grace_days: int = Field(
        default=14, ge=0, le=365, description="For how long a deleted tenant can be restored."
    )

    lease_seconds: float = 8.0
    renew_seconds: float = 2.0
    grace_seconds: float = Field(default=20.0, description="How long work may finish on SIGTERM.")
    max_failures: int = Field(default=4, description="Failures after which a stage is quarantined.")
    max_losses: int = Field(default=8, description="Lost workers after which it is, too.")
    retry_seconds: float = Field(default=2.0, description="The first pause before another try.")
    stages: str | None = Field(
        default=None,
        validation_alias="AUTOMATOR_STAGES",
        description="module:attribute with further stages: docs/architecture.md.",
    )

    upload_bytes: int = Field(default=256 * GIB, description="The largest file that is taken in.")
    import_allow_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(), description="Networks beside the internet from which files are imported."
    )
    webhook_allow_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(), description="Networks beside the internet to which events are sent."
    )
    import_seconds: float = Field(default=6 * 3600.0, description="How long one import may fetch.")
    free_space_reserve_bytes: int = 2 * GIB
    event_streams: int = Field(
        default=1000, ge=0, description="Event streams that one API process keeps open."
    )
    event_streams_per_tenant: int = Field(default=1000, ge=0, description="… of one tenant.")
    master_keys: SecretStr | None = Field(
        default=None,
        description="Wrap the keys that seal secrets; of several, the first wraps, all unwrap.",
    )
    master_key_file: Path | None = Field(default=None, description="The same, in a file.")
    stored_bytes: int | None = Field(
        default=None,
        ge=0,
        description="Bytes that a tenant without a quota may store.",
    )
    open_uploads: int = Field(
        default=1000,
        ge=0,
        description="… and the uploads that it may have open.",
    )
    brands: int = Field(default=100, ge=1, description="… and the brands that it may have.")
    head_seconds: float = Field(
        default=15.0, gt=0, description="How long a request's first lines may take to come."
    )
    body_seconds: float = Field(
        default=20.0, gt=0, description="How long its body may, where it is no file."
    )
    rate_limits: dict[str, int] = Field(
        default_factory=dict,
        description="Other quotas for limits by name, as JSON; 0 is none: services/limits.py.",
    )
    media_secret: SecretStr | None = Field(
        default=None,
        description="Signs media addresses; of several, by commas, the first signs, all are known.",
    )
    media_token_seconds: int = Field(
        default=6 * 3600, ge=1, description="How long they hold beyond the media's duration."
    )
    public_url: str | None = Field(
        default=None, description="Where clients reach this API: media addresses begin with it."
    )
    gateway_secret: SecretStr | None = Field(
        default=None,
        description="Proves a gateway that tells where requests come from; several by commas.",
    )
    gateway_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(), description="Networks of the load balancers before the gateway."
    )
    local_url: str | None = Field(
        default=None, description="… on this machine, as `automator up` tells its programs."
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Other origins whose pages may act for who has signed in here.",
    )
    google_client_id: str | None = Field(
        default=None, description="Lets people sign in with Google, together with the secret."
    )
    google_client_secret: SecretStr | None = None
    google_issuer: str = "https://accounts.google.com"
    linkedin_client_id: str | None = Field(default=None, description="… with LinkedIn.")
    linkedin_client_secret: SecretStr | None = None
    linkedin_issuer: str = "https://www.linkedin.com/oauth"
    mail_url: SecretStr | None = Field(
        default=None, description="Where mail is sent; without one, into the data folder's `mails`."
    )
    mail_from: str = Field(
        default="Brand Automator <automator@localhost>", description="Whom mail is from."
    )
    audit_days: int = Field(
        default=400, ge=90, description="How long entries of the audit log are kept."
    )
    openai_api_key: SecretStr | None = Field(
        default=None, description="Lets language models of OpenAI write words."
    )
    openai_base_url: str = "https://api.openai.com/v1"
    anthropic_api_key: SecretStr | None = Field(default=None, description="… of Anthropic.")
    anthropic_base_url: str = "https://api.anthropic.com"
    gemini_api_key: SecretStr | None = Field(default=None, description="… of Google.")
    gemini_base_url: str = "https://generativelanguage.googleapis.com"
    local_text_url: str | None = Field(
        default=None, description="… at any address that speaks as OpenAI's API does."
    )
    local_text_key: SecretStr | None = None
    text_models: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Which models are asked, as provider/model, the first one first."
    )
    text_prices: dict[str, tuple[NonNegativeFloat, NonNegativeFloat]] = Field(
        default_factory=dict,
        description="US dollars for a million tokens in and out, by provider/model, as JSON.",
    )
    text_monthly_tokens: int | None = Field(
        default=None,
        ge=0,
        description="Tokens of language models that a tenant may use in a month.",
    )
    text_monthly_dollars: NonNegativeFloat | None = Field(
        default=None, description="US dollars that they may cost it in a month."
    )
    text_redact_emails: bool = Field(
        default=False, description="Whether e-mail addresses are taken out before text leaves."
    )
    scratch_dir: Path | None = None
    scratch_bytes: int = Field(default=40 * GIB, description="Scratch space of one worker slot.")

    asr_provider: Literal["whisper", "openai"] = Field(
        default="whisper", description="Who listens: Whisper on this machine, or OpenAI's API."
    )
    asr_model: str | None = Field(
        default=None, description="Whisper's weights, by name or folder; the hosted model's name."
    )
    asr_model_dir: Path | None = Field(
        default=None, description="A folder of weights, or with a folder of weights for each name."
    )

    clips_per_film: int = Field(
        default=3, ge=0, le=20, description="How many of a film's moments at most become clips."
    )

    workers: int = Field(default=MEDIA_SLOTS, description="Media slots.")
    ffmpeg: str | None = None
    ffprobe: str | None = None
    packager: str | None = Field(default=None, description="Shaka Packager.")
    postgres_bin: Path | None = Field(
        default=None, description="Folder of pg_dump and pg_restore, if not the bundled ones."
    )
    log_level: str = "INFO"
    log_json: bool = False
    metrics_token: SecretStr | None = Field(
        default=None, description="Who has it may read /metrics; without one, this machine may."
    )
    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="Where workers and relays tell their meters."
    )
    metrics_host: str = "127.0.0.1"

    @field_validator(
        "import_allow_networks", "webhook_allow_networks", "gateway_proxies", mode="before"
    )
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return tuple(ip_network(one.strip()) for one in value.split(",") if one.strip())
        except ValueError:
            raise ValueError("networks are written like 10.1.0.0/16, with commas between") from None

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _origins(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        found = tuple(one.strip().rstrip("/") for one in value.split(",") if one.strip())
        if not all(_ORIGIN.fullmatch(one) for one in found):
            raise ValueError("origins are written like https://app.example.com, without a path")
        return found

    @field_validator("text_models", mode="before")
    @classmethod
    def _models(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        found = tuple(one.strip() for one in value.split(",") if one.strip())
        if not all(_MODEL.fullmatch(one) for one in found):
            raise ValueError(
                "models are written like openai/NAME, with commas between; the others are"
                " anthropic, google and local"
            )
        return found

    @field_validator("openai_base_url", "anthropic_base_url", "gemini_base_url", "local_text_url")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        if value is not None and not _ADDRESS.fullmatch(value):
            raise ValueError("must be http(s)://host, with a path perhaps")
        return value.rstrip("/") if value else None

    @field_validator("data_dir", "scratch_dir", "asr_model_dir")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value.expanduser().absolute() if value is not None else None

    @field_validator(
        "database_url",
        "database_admin_url",
        "redis_url",
        "storage_url",
        "metrics_token",
        "metrics_port",
        "stored_bytes",
        "text_monthly_tokens",
        "text_monthly_dollars",
        "storage_kms_key",
        "master_keys",
        "master_key_file",
        "media_secret",
        "gateway_secret",
        "public_url",
        "local_url",
        "mail_url",
        "google_client_id",
        "google_client_secret",
        "linkedin_client_id",
        "linkedin_client_secret",
        "asr_model",
        "asr_model_dir",
        "openai_api_key",
        "anthropic_api_key",
        "gemini_api_key",
        "local_text_url",
        "local_text_key",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: str | None) -> str | None:
        return value or None

    @field_validator("storage_kms_key")
    @classmethod
    def _names_a_key(cls, value: str | None) -> str | None:
        if value is not None and not KMS_KEY.fullmatch(value):
            raise ValueError(
                "must be projects/…/locations/…/keyRings/…/cryptoKeys/…, without a version"
            )
        return value

    @field_validator("master_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parse_master_keys(value.get_secret_value())
        return value

    @field_validator("media_secret", "gateway_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and any(
            len(one.encode()) < _SECRET_BYTES for one in _listed(value.get_secret_value())
        ):
            raise ValueError(f"each secret must have at least {_SECRET_BYTES} bytes")
        return value

    @field_validator("public_url")
    @classmethod
    def _an_origin(cls, value: str | None) -> str | None:
        if value is not None and not _ORIGIN.fullmatch(value.removesuffix("/")):
            raise ValueError("must be http(s)://host, without a path")
        return value.rstrip("/") if value else None

    @field_validator("google_issuer", "linkedin_issuer")
    @classmethod
    def _an_issuer(cls, value: str) -> str:
        if not _ISSUER.fullmatch(value):
            raise ValueError("must be https://host, with a path perhaps; http on this machine only")
        return value

    @property
    def mail_folder(self) -> Path:
        """Where mail goes that is not sent."""
        return self.data_dir / "mails"

    @property
    def media_secrets(self) -> tuple[str, ...]:
        """The secrets of media addresses, the one that signs first."""
        return _listed(self.media_secret.get_secret_value()) if self.media_secret else ()

    @property
    def gateway_secrets(self) -> tuple[str, ...]:
        """The secrets by which a gateway proves itself."""
        return _listed(self.gateway_secret.get_secret_value()) if self.gateway_secret else ()


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(","))


@cache
def get_settings() -> Settings:
    """The process's settings, read once; raises Misconfigured, naming the variable."""
    try:
        return Settings()
    except ValidationError as error:
        # Without the value, which may hold a password.
        first = error.errors(include_input=False, include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"][:1]).upper()
        raise Misconfigured(f"{name or 'the settings'}: {first['msg']}") from None
    except SettingsError as error:
        named = re.search(r'field "(\w+)"', str(error))
        name = named[1].upper() if named else "a setting"
        raise Misconfigured(f"{name} cannot be read: it must be JSON") from None
