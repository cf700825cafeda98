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
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(b'{"slots": {"media": 1}}')
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
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

    def programs(*, host: str, port: int, workers: int) -> list[Program]:
        del host, workers
        found = [
            Program("api", (sys.executable, "-c", API, str(port)), wave=1),
            Program("worker", (sys.executable, "-c", WORKER, *traits), queues=("media",)),
        ]
        if "broken" in traits:
            found.append(Program("broken", (sys.executable, "-c", BROKEN)))
        return found

    migrate = (sys.executable, "-c", "import sys; sys.exit('no way')") if "old" in traits else ()
    chosen = None if port == "any" else int(port)
    durable = "durable" in traits
    plan = Plan(Path(data), port=chosen, durable=durable, migrate=migrate, programs=programs)
    Supervisor(plan, lambda line: sys.stdout.write(line + "\n")).run()


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        main(*sys.argv[1:])
    except AutomatorError as error:
        sys.exit(f"automator: {error}")
