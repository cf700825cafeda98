"""The three migration branches: the directory, the cells, and each tenant's schema.

A branch is a folder of numbered revisions; `versions` reads them without Alembic or a database.
"""

import re
from pathlib import Path

ROOT = Path(__file__).parent
BRANCHES = ("directory", "cell", "tenant")
_REVISION = re.compile(r"(\d{4})_\w+\.py")


def versions(branch: str, root: Path = ROOT) -> tuple[str, ...]:
    """The revisions of a branch, oldest first."""
    names = (path.name for path in (root / branch / "versions").iterdir())
    return tuple(sorted(match[1] for name in names if (match := _REVISION.fullmatch(name))))


def tenant_versions(root: Path = ROOT) -> tuple[str, ...]:
    """The tenant revisions that this release works on: N, then N−1 where there is one."""
    return tuple(reversed(versions("tenant", root)[-2:]))
