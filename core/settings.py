"""Settings, read once from the environment."""

import re
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from os import sched_getaffinity
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from core.errors import Misconfigured

GIB = 1 << 30
_PROCESSORS = len(sched_getaffinity(0))
# An encode keeps between one and two processors busy.
MEDIA_SLOTS = max(min(2, _PROCESSORS), _PROCESSORS // 2)

_KMS_KEY = re.compile(
    r"projects/[\w.:-]+/locations/[\w-]+/keyRings/[\w-]{1,63}/cryptoKeys/[\w-]{1,63}", re.ASCII
)
_SECRET_BYTES = 32


class CellUrls(BaseModel):
    """The two addresses of one cell's database."""

    url: str
    admin_url: str | None = None


class Settings(BaseSettings):
    """What an operator can set: docs/settings.md has a table of it.

    A field is read from the environment variable of its name in capitals, or of its alias.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

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
    import_seconds: float = Field(default=6 * 3600.0, description="How long one import may fetch.")
    free_space_reserve_bytes: int = 2 * GIB
    event_streams: int = Field(
        default=1000, ge=0, description="Event streams that one API process keeps open."
    )
    event_streams_per_tenant: int = Field(default=1000, ge=0, description="… of one tenant.")
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
    scratch_dir: Path | None = None
    scratch_bytes: int = Field(default=40 * GIB, description="Scratch space of one worker slot.")

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

    @field_validator("import_allow_networks", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return tuple(ip_network(one.strip()) for one in value.split(",") if one.strip())
        except ValueError:
            raise ValueError("networks are written like 10.1.0.0/16, with commas between") from None

    @field_validator("data_dir", "scratch_dir")
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
        "storage_kms_key",
        "media_secret",
        "public_url",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: str | None) -> str | None:
        return value or None

    @field_validator("storage_kms_key")
    @classmethod
    def _names_a_key(cls, value: str | None) -> str | None:
        if value is not None and not _KMS_KEY.fullmatch(value):
            raise ValueError(
                "must be projects/…/locations/…/keyRings/…/cryptoKeys/…, without a version"
            )
        return value

    @field_validator("media_secret")
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
        if value is not None and not re.fullmatch(r"https?://[^\s/?#@]+/?", value):
            raise ValueError("must be http(s)://host, without a path")
        return value.rstrip("/") if value else None

    @property
    def media_secrets(self) -> tuple[str, ...]:
        """The secrets of media addresses, the one that signs first."""
        return _listed(self.media_secret.get_secret_value()) if self.media_secret else ()


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
