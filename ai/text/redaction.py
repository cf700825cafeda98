"""Takes secrets out of what is sent to a provider, and out of what it says in errors.

The forms are those that secret scanners know by their prefixes; nothing that has no form of its own
is found, unless it stands behind a word like `password`. Settings' own values are looked for as
they are.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

_LEAST_KNOWN: Final = 8

# Each pattern is linear: no nested or adjacent unbounded repetitions over the same characters.
_FORMS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    (
        "private key",
        re.compile(
            r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,20000}"
            r"(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?"
        ),
    ),
    (
        "key",
        re.compile(
            r"(?<![A-Za-z0-9])(?:"
            r"sk-[A-Za-z0-9_-]{16,300}"  # OpenAI, Anthropic and who follows them
            r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,200}"  # Stripe
            r"|whsec_[A-Za-z0-9+/=]{16,200}"
            r"|AIza[A-Za-z0-9_-]{30,60}"  # Google
            r"|ya29\.[A-Za-z0-9_-]{20,500}"
            r"|GOCSPX-[A-Za-z0-9_-]{20,60}"
            r"|gh[pousr]_[A-Za-z0-9]{30,255}"
            r"|github_pat_[A-Za-z0-9_]{30,255}"
            r"|glpat-[A-Za-z0-9_-]{16,60}"
            r"|xox[abeoprs]-[A-Za-z0-9-]{10,200}"  # Slack
            r"|(?:AKIA|ASIA)[A-Z0-9]{16}"  # AWS
            r"|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"  # Shopify
            r"|EAA[A-Za-z0-9]{60,400}"  # Meta
            r"|hf_[A-Za-z0-9]{30,60}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,300}"
            r"|bak_[A-Za-z0-9_-]{16,200}"  # ours
            r")"
        ),
    ),
    (
        "token",
        re.compile(
            r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,4000}"
            r"(?:\.[A-Za-z0-9_-]{0,4000})?"
        ),
    ),
    ("token", re.compile(r"(?i)(?<=\bbearer )[A-Za-z0-9._~+/=-]{16,4000}")),
    ("password", re.compile(r"(?<=://)[^\s/:@]{1,200}:[^\s/@]{1,200}(?=@)")),
    (
        "password",
        re.compile(
            r"(?i)(?<![a-z0-9])((?:password|passwd|passphrase|pwd|secret|api[ _-]?key"
            r"|access[ _-]?token|auth[ _-]?token|client[ _-]?secret|passwort|kennwort)"
            r"[\"']?[ ]?(?:=|:|=>| is )[ ]?[\"']?)([^\s\"',;]{4,200})"
        ),
    ),
)
_EMAIL: Final = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"
)


def redact(
    text: str, *, known: Collection[str] = (), emails: bool = False
) -> tuple[str, Mapping[str, int]]:
    """The text with `[redacted: kind]` for each secret, and how many of which kind.

    `known` are secrets by their value; those of less than 8 characters are not looked for.
    """
    found: Counter[str] = Counter()

    def blank(kind: str, text: str, times: int = 1) -> str:
        found[kind] += times
        return text

    for secret in sorted(known, key=len, reverse=True):
        if len(secret) >= _LEAST_KNOWN and (times := text.count(secret)):
            text = blank("known secret", text.replace(secret, "[redacted: known secret]"), times)
    for kind, form in _FORMS:
        text = form.sub(lambda hit, kind=kind: blank(kind, _put(hit, kind)), text)  # type: ignore[misc]
    if emails:
        text = _EMAIL.sub(lambda _: blank("e-mail", "[redacted: e-mail]"), text)
    return text, dict(found)


def _put(hit: re.Match[str], kind: str) -> str:
    lead: str = hit[1] if hit.re.groups else ""
    return f"{lead}[redacted: {kind}]"
