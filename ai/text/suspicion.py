"""What is odd about an answer: links and commands that nobody gave, instructions in material.

Flags are for people and for those who decide what is published without them; they are found by
rule, so a clever text passes and an innocent one is flagged now and then.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from ai.text.types import Flag, FlagKind

_MOST_FLAGS: Final = 20
_SHOWN: Final = 200

_LINK: Final = re.compile(
    r"(?i)\b(?:[a-z][a-z0-9+.-]{1,20}://|www\.)[^\s<>\"'`\])}]{1,500}"
    r"|\b(?:javascript|data|vbscript):[^\s<>\"'`]{1,200}"
)
# A top-level domain in capitals is more often a product's name.
_BARE_HOST: Final = re.compile(
    r"(?<![@\w./-])(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,4}"
    r"(?:com|net|org|io|co|ai|app|dev|info|biz|xyz|top|shop|store|online|site|club|link|live|me|tv"
    r"|ly|gg|to|ru|cn|de|uk|fr|eu|us|ca|in)(?![\w.-]*\w@)(?:/[^\s<>\"'`\])}]{0,300})?(?![\w-])"
)
_EMAIL: Final = re.compile(r"[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_COMMAND: Final = re.compile(
    r"(?im)(?:\b(?:curl|wget)\s[^\n|]{1,300}\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b"
    r"|\brm\s+-[a-z]{0,4}[rf][a-z]{0,4}\s+\S|\bsudo\s+[a-z]{2,}|\bchmod\s+(?:\+x|[0-7]{3,4})\b"
    r"|\bpowershell(?:\.exe)?\s+-|\bInvoke-(?:Expression|WebRequest)\b|\bbase64\s+(?:-d|--decode)\b"
    r"|\b(?:eval|exec|system)\s*\(|\bDROP\s+TABLE\b|\bpip3?\s+install\s|\bnp(?:m|x)\s+(?:i|install|exec)\s"
    r"|<script\b|\bon(?:error|load|click)\s*=|\$\([^)\n]{1,200}\)|\b(?:cmd|bash|sh)\s+(?:/c|-c)\s)"
)
_INSTRUCTION: Final = re.compile(
    r"(?i)(?:\b(?:ignore|disregard|forget|override)\s+(?:\w+\s+){0,4}?"
    r"(?:instructions?|prompts?|rules|above|previous|guidelines)"
    r"|\b(?:vergiss|ignoriere|missachte)\s+(?:\w+\s+){0,4}?(?:anweisung\w*|vorgaben|regeln)"
    r"|\b(?:ignorez|oubliez)\s+(?:\w+\s+){0,4}?(?:instructions?|consignes?)"
    r"|\b(?:ignora|olvida)\s+(?:\w+\s+){0,4}?instrucciones"
    r"|\byou\s+are\s+now\s+(?:an?|in|the)\b|new\s+(?:system\s+)?instructions?\s*:|\bsystem\s+prompt"
    r"|\b(?:reveal|print|repeat|show)\s+(?:\w+\s+){0,3}?(?:system|hidden|secret|initial)\s+"
    r"(?:prompt|instructions?|message)"
    r"|\bdo\s+not\s+tell\s+the\s+(?:user|human)|developer\s+mode|<\|?(?:im_start|system|assistant)\|?>"
    r"|\[/?INST\])"
)


def suspicions(answer: str, trusted: Sequence[str], material: Sequence[str]) -> tuple[Flag, ...]:
    """What a person should look at, at most 20 flags."""
    found = [
        *_links(answer, trusted, material),
        *_new(answer, _COMMAND, trusted, FlagKind.COMMAND),
        *_new(answer, _INSTRUCTION, trusted, FlagKind.INSTRUCTION_REPEATED),
        *(
            Flag(FlagKind.INSTRUCTION_IN_MATERIAL, hit[0][:_SHOWN])
            for text in material
            for hit in _INSTRUCTION.finditer(text)
        ),
    ]
    return tuple(dict.fromkeys(found))[:_MOST_FLAGS]


def _links(answer: str, trusted: Sequence[str], material: Sequence[str]) -> Iterable[Flag]:
    ours, theirs = _places(trusted), _places(material)
    for shown, place in _placed(answer):
        if place in ours:
            continue
        kind = FlagKind.LINK_FROM_MATERIAL if place in theirs else FlagKind.LINK_FROM_NOWHERE
        yield Flag(kind, shown[:_SHOWN])


def _places(texts: Sequence[str]) -> set[str]:
    return {place for text in texts for _, place in _placed(text)}


def _placed(text: str) -> Iterable[tuple[str, str]]:
    """Each link, host and address, as it stands there and as it is compared."""
    for form in (_LINK, _BARE_HOST, _EMAIL):
        for hit in form.finditer(text):
            shown = hit[0].rstrip(".,;:!?…*_")
            yield shown, _compared(shown)


def _compared(link: str) -> str:
    bare = re.sub(r"(?i)^https?://", "", link)
    bare = re.sub(r"(?i)^www\.", "", bare).rstrip("/")
    host, slash, path = bare.partition("/")
    return f"{host.lower()}{slash}{path}"


def _new(
    answer: str, form: re.Pattern[str], known: Sequence[str], kind: FlagKind
) -> Iterable[Flag]:
    for hit in form.finditer(answer):
        if not any(hit[0] in text for text in known):
            yield Flag(kind, hit[0][:_SHOWN])
