"""The clients are what the document says, and work: each example is run against a real server."""

import asyncio
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest

from brand_automator_client import AuthenticatedClient, Client
from brand_automator_client.api.assets import (
    change_asset,
    create_asset,
    get_asset,
    list_assets,
    start_run,
    trash_asset,
)
from brand_automator_client.api.people import get_me, sign_in
from brand_automator_client.api.webhooks import create_webhook
from brand_automator_client.errors import UnexpectedStatus
from brand_automator_client.models import (
    AssetCreated,
    AssetOut,
    AssetPage,
    AssetPatch,
    MeOut,
    Problem,
    RunOut,
    SignedInOut,
    SignInIn,
    WebhookCreate,
)
from brand_automator_client.types import File
from core.settings import Settings
from services.installation import DEFAULT_TENANT
from services.permissions import Action
from tests.api.crowd import crowd
from tests.api.documents import COMMITTED, ROOT
from tests.api.library import planted
from tests.api.people import PASSWORD, anybody, join, stewarded
from tests.api.serving import film, server
from tests.playback.programs import missing, node

PYTHON = ROOT / "clients" / "python"
TYPESCRIPT = ROOT / "clients" / "typescript"
AGAIN = "run `make clients` and commit what it writes"


@dataclass(frozen=True, slots=True)
class Served:
    """A server to ask, and a key to it."""

    url: str
    key: str
    email: str

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "AUTOMATOR_URL": self.url, "AUTOMATOR_KEY": self.key}

    def client(self) -> AuthenticatedClient:
        return AuthenticatedClient(self.url, token=self.key)


@pytest.fixture(scope="module")
def served(settings: Settings) -> Iterator[Served]:
    with crowd(settings) as people, stewarded(settings), anybody(settings) as client:
        scopes = (Action.ASSETS_READ, Action.ASSETS_WRITE, Action.UPLOADS_WRITE, Action.RUNS_WRITE)
        key = people.key(people.installation.place(DEFAULT_TENANT), *scopes)
        email = join(client, settings).email
    planted(settings, 3)
    with server(settings) as running:
        yield Served(running.url, key, email)


def files_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*.py")
    }


def test_the_python_client_is_what_the_document_makes(tmp_path: Path) -> None:
    made = tmp_path / "brand_automator_client"
    subprocess.run(
        [sys.executable, PYTHON / "generate.py", COMMITTED, made], check=True, cwd=tmp_path
    )
    kept, fresh = files_of(PYTHON / "brand_automator_client"), files_of(made)
    assert len(fresh) > 200
    assert {name for name in kept | fresh if kept.get(name) != fresh.get(name)} == set(), AGAIN


def test_the_python_example_runs_and_is_the_one_that_is_shown(served: Served) -> None:
    example = PYTHON / "examples" / "library.py"
    assert f"```python\n{example.read_text()}```" in (PYTHON / "README.md").read_text()
    environment = served.environment | {"PYTHONPATH": str(PYTHON)}
    ran = subprocess.run(
        [sys.executable, example], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-2:] == ["planted 0 uploaded", "tagged spring"]


def test_a_person_signs_in_by_the_python_client_and_asks_who_they_are(served: Served) -> None:
    asked = SignInIn(email=served.email, password=PASSWORD, cookies=False)
    with Client(served.url) as client:
        begun = sign_in.sync(client=client, body=asked)
        refused = sign_in.sync_detailed(
            client=client, body=SignInIn(email=served.email, password="another", cookies=False)
        )
    assert isinstance(begun, SignedInOut)
    assert isinstance(begun.access_token, str)
    with AuthenticatedClient(served.url, token=begun.access_token) as client:
        me = get_me.sync(client=client)
    assert isinstance(me, MeOut)
    assert me.email == served.email
    assert me.memberships[0].role == "owner"
    assert refused.status_code == 401
    assert isinstance(refused.parsed, Problem)
    assert refused.parsed.code == "unauthorized"


def test_refusals_are_typed_problems_and_pages_go_on(served: Served) -> None:
    nobodys = UUID("019cd1d3-1e80-7fbe-9593-86e0ae435e29")
    with served.client() as client:
        first = list_assets.sync(client=client, limit=2)
        assert isinstance(first, AssetPage)
        assert isinstance(first.next_, str)
        second = list_assets.sync(client=client, limit=2, cursor=first.next_)
        assert isinstance(second, AssetPage)
        assert not {one.id for one in first.items} & {one.id for one in second.items}
        absent = get_asset.sync(nobodys, client=client)
        assert isinstance(absent, Problem)
        assert (absent.status, absent.code) == (404, "not_found")
        wrong = list_assets.sync(client=client, limit=1000)
        assert isinstance(wrong, Problem)
        assert [one.pointer for one in wrong.errors or []] == ["/query/limit"]
        hook = WebhookCreate(url="https://hooks.example/", kinds=["run.done"])
        assert create_webhook.sync_detailed(client=client, body=hook).status_code == 403


def test_a_file_is_sent_changed_once_and_put_away(served: Served) -> None:
    with served.client() as client:
        body = File(payload=BytesIO(film(5000)), mime_type="application/octet-stream")
        made = create_asset.sync(client=client, body=body, name="film.mkv")
        assert isinstance(made, AssetCreated), made
        seen = get_asset.sync_detailed(made.asset.id, client=client).headers["ETag"]
        changes = AssetPatch(name="spring.mkv")
        changed = change_asset.sync(made.asset.id, client=client, if_match=seen, body=changes)
        assert isinstance(changed, AssetOut)
        assert (changed.name, changed.tags) == ("spring.mkv", [])
        late = change_asset.sync(made.asset.id, client=client, if_match=seen, body=changes)
        assert isinstance(late, Problem)
        assert late.code == "precondition_failed"
        begun = [
            start_run.sync_detailed(made.asset.id, client=client, idempotency_key="once")
            for _ in range(2)
        ]
        assert isinstance(begun[0].parsed, RunOut)
        assert begun[0].parsed == begun[1].parsed
        assert begun[1].headers["Idempotent-Replayed"] == "true"
        assert trash_asset.sync_detailed(made.asset.id, client=client).status_code == 204


def test_the_python_client_waits_for_many_answers_at_once(served: Served) -> None:
    async def ask() -> list[AssetPage | Problem | None]:
        async with served.client() as client:
            return await asyncio.gather(
                *(list_assets.asyncio(client=client, q=f"planted {number}") for number in range(3))
            )

    found = asyncio.run(ask())
    assert [page.items[0].name for page in found if isinstance(page, AssetPage)] == [
        "planted 0", "planted 1", "planted 2",
    ]  # fmt: skip


class Page502(BaseHTTPRequestHandler):
    """Answers as a proxy does when nothing is behind it."""

    def do_GET(self) -> None:
        page = b"<h1>Bad Gateway</h1>"
        self.send_response(502)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def proxy_without_an_api() -> Iterator[str]:
    """The address of such a one, for the length of a block."""
    with HTTPServer(("127.0.0.1", 0), Page502) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_port}"
        finally:
            running.shutdown()
            thread.join()


def test_what_is_not_the_apis_answer_is_no_problem() -> None:
    with proxy_without_an_api() as url:
        with AuthenticatedClient(url, token="none") as client:
            answer = get_me.sync_detailed(client=client)
            assert (answer.status_code, answer.parsed) == (502, None)
        strict = AuthenticatedClient(url, token="none", raise_on_unexpected_status=True)
        with strict as client, pytest.raises(UnexpectedStatus, match="502: <h1>Bad"):
            get_me.sync(client=client)


def program(name: str) -> list[str]:
    """A program of the TypeScript client's, installed as the lock has it."""
    found = TYPESCRIPT / "node_modules" / ".bin" / name
    if not found.exists():
        missing("what clients/typescript/package.json names", "npm ci --prefix clients/typescript")
    return [node(), str(found.resolve())]


def test_the_typescript_types_are_what_the_document_makes(tmp_path: Path) -> None:
    made = tmp_path / "schema.ts"
    subprocess.run(
        [*program("openapi-typescript"), str(COMMITTED), "--output", str(made)],
        check=True,
        capture_output=True,
    )
    assert made.read_bytes() == (TYPESCRIPT / "src" / "schema.ts").read_bytes(), AGAIN


def test_the_typescript_example_compiles_runs_and_is_the_one_that_is_shown(
    served: Served, tmp_path: Path
) -> None:
    example = (TYPESCRIPT / "samples" / "library.ts").read_text()
    shown = example.replace('"../src/index.js"', '"brand-automator-client"')
    assert f"```ts\n{shown}```" in (TYPESCRIPT / "README.md").read_text()
    compiled = subprocess.run(
        [*program("tsc"), "--project", str(TYPESCRIPT), "--outDir", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert compiled.returncode == 0, compiled.stdout
    (tmp_path / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    shutil.copy(TYPESCRIPT / "package.json", tmp_path)
    ran = subprocess.run(
        [node(), str(tmp_path / "samples" / "library.js")],
        env=served.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    *films, tagged, refused = ran.stdout.splitlines()
    assert re.fullmatch(r"planted \d \w+", films[-1])
    assert tagged == "tagged spring"
    assert refused.startswith("refused 404 ")


def test_no_lock_names_where_packages_come_from() -> None:
    lock = (TYPESCRIPT / "package-lock.json").read_text()
    assert '"integrity"' in lock
    assert '"resolved"' not in lock
