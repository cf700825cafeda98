"""`up` with real servers and stand-ins for the API and the workers: fake_installation.py DATA.

The stand-ins keep the supervisor's side of the bargain honest: one serves /readyz, one has a
grandchild, and with `stubborn` one ignores SIGTERM.
"""

import sys
from pathlib import Path

from cli.children import Program
from cli.supervisor import Plan, Supervisor
from core.errors import AutomatorError

API = """
import http.server, socket, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(b'{"slots": {"media": 1}}')
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=int(sys.argv[1]))
server.serve_forever()
"""
WORKER = """
import signal, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print('{"level": "warning", "event": "the worker has something to say"}', flush=True)
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(600)
"""
BROKEN = "import sys; sys.exit('a broken program has died')"


def main(data: str, port: str, *traits: str) -> None:
    """Runs until a signal comes."""

    def programs(*, listener: int, workers: int) -> list[Program]:
        del workers
        api = (sys.executable, "-c", API, str(listener))
        found = [
            Program("api", api, wave=1, descriptors=(listener,)),
            Program("worker", (sys.executable, "-c", WORKER, *traits), queues=("media",)),
        ]
        if "broken" in traits:
            found.append(Program("broken", (sys.executable, "-c", BROKEN)))
        return found

    migrate = (sys.executable, "-c", "import sys; sys.exit('no way')") if "old" in traits else ()
    chosen = None if port == "any" else int(port)
    durable = "durable" in traits
    host = next((one.removeprefix("--host=") for one in traits if "=" in one), "127.0.0.1")
    plan = Plan(
        Path(data), host=host, port=chosen, durable=durable, migrate=migrate, programs=programs
    )
    Supervisor(plan, lambda line: sys.stdout.write(line + "\n")).run()


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        main(*sys.argv[1:])
    except AutomatorError as error:
        sys.exit(f"automator: {error}")
