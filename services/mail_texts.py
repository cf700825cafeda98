"""What mails say: the texts of `mail_templates`, as plain text and as HTML.

Imported where mails are sent, and nowhere else: nobody who only writes them needs a template.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.mailing import Letter, one_line
from services.mails import Claimed

_FOLDER: Final = Path(__file__).parent / "mail_templates"
_DEFAULT: Final = "en"
_TEXT_LENGTH: Final = 120
# What mail programs make a link of, though nobody wrote one: names come from outside.
_LINKABLE: Final = re.compile(r"\.(?=\w)|:(?=//)|(?<=\w)@(?=\w)")
_JOINER: Final = "\u2060"


@dataclass(frozen=True, slots=True)
class House:
    """In whose name mails are sent, and where the addresses in them lead to."""

    brand: str
    origin: str


def letter(house: House, mail: Claimed, values: Mapping[str, str]) -> Letter:
    """A mail as it is sent; raises `jinja2.UndefinedError` where it was told too little."""
    language = mail.language if mail.language in _languages() else _DEFAULT
    texts = _texts(language)
    link = values.get("link", "")
    told = {name: _harmless(value) for name, value in values.items() if name != "link"}
    told |= {"brand": house.brand, "origin": house.origin}
    common = {
        "link": house.origin + link if link.startswith("/") else link,
        "language": language,
        "brand": house.brand,
    }
    plain = _filled(_PLAIN, texts[mail.kind], told)
    marked = _filled(_MARKED, texts[mail.kind], told)
    subject = one_line(plain.subject.replace(_JOINER, ""))
    text = _PLAIN.get_template("layout.txt").render(
        common, mail=plain, common=_filled(_PLAIN, texts["common"], told)
    )
    html = _MARKED.get_template("layout.html").render(
        common, mail=marked, common=_filled(_MARKED, texts["common"], told), subject=subject
    )
    return Letter(
        id=mail.id,
        to=mail.recipient,
        subject=subject,
        text=text,
        html=html,
        written_at=mail.created_at,
    )


def _environment(*, marked: bool) -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=marked,  # noqa: S701 — the other one makes plain text
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )


_PLAIN: Final = _environment(marked=False)
_MARKED: Final = _environment(marked=True)


def _filled(
    environment: Environment, texts: Mapping[str, Any], told: Mapping[str, str]
) -> SimpleNamespace:
    """A table of texts with what they are told; of HTML, each is safe as it is.

    No dictionary: of one, a template finds `copy` the method before `copy` the text.
    """

    def fill(text: str) -> str:
        template = _template(environment, text)
        made: str = template.render(told)
        if environment is _PLAIN:
            return made
        from markupsafe import Markup

        return Markup(made)  # noqa: S704 — its template has escaped what it was told

    return SimpleNamespace(
        **{
            name: [fill(one) for one in text] if isinstance(text, list) else fill(text)
            for name, text in texts.items()
        }
    )


@cache
def _template(environment: Environment, text: str) -> Any:
    return environment.from_string(text)


@cache
def _languages() -> frozenset[str]:
    return frozenset(path.stem for path in _FOLDER.glob("*.toml"))


@cache
def _texts(language: str) -> Mapping[str, Any]:
    with (_FOLDER / f"{language}.toml").open("rb") as file:
        return tomllib.load(file)


def _harmless(value: str) -> str:
    """A text from outside on one line, not long, and in which no mail program finds a link."""
    return _LINKABLE.sub(lambda found: found[0] + _JOINER, one_line(value, _TEXT_LENGTH))
