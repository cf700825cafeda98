"""Where figures are from, said once for each network."""

from pipeline.plan.networks.types import Basis, Source

_READ = "2026-11"


def documented(where: str) -> Source:
    """The vendor's own documentation or specification."""
    return Source(basis=Basis.DOCUMENTED, where=where, date=_READ)


def quoted(where: str) -> Source:
    """The vendor's documentation as others quote it."""
    return Source(basis=Basis.QUOTED, where=where, date="2026-10")


def known(where: str) -> Source:
    """What is generally known, and unchecked."""
    return Source(basis=Basis.KNOWN, where=where, date=_READ)
