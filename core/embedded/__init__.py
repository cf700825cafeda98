"""A real PostgreSQL and a real Valkey, from wheels, on private unix sockets."""

from core.embedded.servers import EmbeddedServers, EmbeddedUrls

__all__ = ["EmbeddedServers", "EmbeddedUrls"]
