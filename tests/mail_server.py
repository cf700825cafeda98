"""`python -m tests.mail_server FOLDER OPTIONS`: a mail server that keeps what it takes in FOLDER.

What it does with a mail stands in the first word of the recipient's name: `nobody` is unknown,
`spam` refused for good, `late` refused once, `cut` taken, and the line cut before that is said.
"""

import asyncio
import json
import ssl
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class MailServer:
    """A running server, and what it has taken."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path

    def taken(self) -> list[EmailMessage]:
        """Every mail, in order."""
        files = sorted(self.folder.glob("*.eml"))
        found = [message_from_bytes(file.read_bytes(), policy=default) for file in files]
        return [one for one in found if isinstance(one, EmailMessage)]


@contextmanager
def mail_server(folder: Path, **options: Any) -> Iterator[MailServer]:
    """A server of its own process on a free port of loopback.

    `tls` is `starttls` or `implicit`, with `pem` as its certificate; with `user` and `password` it
    wants a login, and with `refuse` it answers that to every sender.
    """
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.mail_server", str(folder), json.dumps(options)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield MailServer(process, int(process.stdout.readline()), folder)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


class _Keeper:
    def __init__(self, folder: Path, refuse: str | None) -> None:
        self._folder, self._refuse = folder, refuse
        self._count = 0
        self._seen: Counter[str] = Counter()

    async def handle_MAIL(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self._refuse or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        (address,) = envelope.rcpt_tos
        word = address.partition("@")[0].partition(".")[0]
        self._seen[address] += 1
        first = self._seen[address] == 1
        if word == "spam":
            return "554 5.7.1 not wanted"
        if word == "late" and first:
            return "451 4.7.1 greylisted: try again"
        if word == "slow" and first:
            (self._folder / "begun").touch()
            await asyncio.sleep(60)
        self._count += 1
        fresh = self._folder / f"{self._count:04}.new"
        fresh.write_bytes(envelope.content)
        fresh.rename(fresh.with_suffix(".eml"))
        if word == "cut" and first:
            server.transport.abort()
        return "250 taken"


async def _serve(folder: Path, options: dict[str, Any]) -> None:
    keeper = _Keeper(folder, options.get("refuse"))
    context = None
    if "tls" in options:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options["pem"])
    starttls = options.get("tls") == "starttls"

    def authenticate(_server: Any, _session: Any, _envelope: Any, _how: str, told: Any) -> Any:
        wanted = (options["user"].encode(), options["password"].encode())
        return AuthResult(success=(told.login, told.password) == wanted, handled=False)

    def protocol() -> SMTP:
        return SMTP(
            keeper,
            enable_SMTPUTF8=True,
            tls_context=context if starttls else None,
            require_starttls=starttls,
            auth_required="user" in options,
            auth_require_tls=starttls,
            authenticator=authenticate if "user" in options else None,
        )

    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", 0, ssl=None if starttls else context
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # a login over a line in the clear is what a test wants
    asyncio.run(_serve(Path(sys.argv[1]), json.loads(sys.argv[2])))
