"""`python -m tests.chaos.supervisor FOLDER`: servers, relays and workers that are killed at random.

Whatever dies is started again at once; what runs stands in FOLDER/pids.json. Killed itself, it
takes everything with it.
"""

import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from subprocess import Popen

from core.embedded import EmbeddedServers
from core.embedded.processes import spawn
from core.errors import AutomatorError

ROOT = Path(__file__).parents[2]
PROGRAMS = {
    "relay.1": ("workers.relay",),
    "relay.2": ("workers.relay",),
    "worker.1": ("workers", "--queues", "media,gpu", "--concurrency", "2"),
    "worker.2": ("workers", "--queues", "media,light", "--concurrency", "2"),
}


def main(folder: Path) -> None:
    """Until killed."""
    servers = EmbeddedServers(folder)
    urls = servers.start()
    write(folder / "urls.json", asdict(urls))
    while not (folder / "migrated").exists():
        time.sleep(0.02)
    env = {
        **os.environ,
        "DATABASE_URL": urls.database_url or "",
        "REDIS_URL": urls.redis_url or "",
        "STORAGE_URL": (folder / "storage").as_uri(),
        "AUTOMATOR_DATA": str(folder),
    }
    programs: dict[str, Popen[bytes]] = {}
    while True:
        with suppress(AutomatorError):
            servers.revive()
        for name, arguments in PROGRAMS.items():
            if name not in programs or programs[name].poll() is not None:
                with (folder / f"{name}.log").open("ab") as log:
                    programs[name] = spawn(
                        [sys.executable, "-m", *arguments],
                        output=log.fileno(),
                        cwd=ROOT,
                        env=env,
                    )
        pids = {name: program.pid for name, program in programs.items()}
        for name, server in (("postgres", servers.postgres), ("valkey", servers.valkey)):
            if server is not None and server.process is not None:
                pids[name] = server.process.pid
        write(folder / "pids.json", pids)
        time.sleep(0.1)


def write(path: Path, content: object) -> None:
    """Replace a file at once."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(content))
    fresh.rename(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
