"""The foundation: settings, errors, storage, database, child processes. Knows no domain nouns."""

import sys

# The client of Redis imports all of OpenTelemetry's metrics, in case it should measure itself: 50
# modules and 2 MB in each program, for nothing. Where spans are sent, core/tracing.py undoes this.
sys.modules.setdefault("opentelemetry.sdk.metrics", None)  # type: ignore[arg-type]
