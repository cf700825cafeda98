"""What is raised, and what an answer is."""

import httpx


class UnexpectedStatus(Exception):
    """An answer that the document does not name; only with `raise_on_unexpected_status`."""

    def __init__(self, status_code: int, content: bytes) -> None:
        super().__init__(f"{status_code}: {content[:500].decode(errors='replace')}")
        self.status_code = status_code
        self.content = content


def is_problem(response: httpx.Response) -> bool:
    """Whether the API says why not; what stands before it may answer something else."""
    kind: str = response.headers.get("content-type", "")
    return kind.startswith("application/problem+json")
