"""What is known of languages: words that say nothing, stems, and how sentences begin badly."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Final

UNSPACED: Final = frozenset({"zh", "ja", "th", "lo", "km", "my", "yue"})
"""Languages that put no spaces between words."""

# The list for English is of words that search engines once skipped; these say something.
_SAY_SOMETHING: Final = """
    beginning beginnings bill caption computer copy face faces fact facts fire free general great
    group groups home homepage information interests invention line man member members men mine new
    novel number numbers old older order page pages picture place places present problem problems
    proud research ring room rooms second seconds sensible side site system test text thick thin
    thought thoughts tip volume water web website welcome woman women wonder work working world
    young youngest
"""

# Words that a spoken sentence begins with and a written one does without.
_OPENERS: Final[dict[str, str]] = {
    "en": "and but so well okay ok um uh er like right now anyway also actually basically alright",
    "de": "und aber also na ja okay ok äh ähm nun tja genau gut jetzt",
    "fr": "et mais donc alors bon ben euh voilà ok bref",
    "es": "y pero entonces bueno pues eh este ok ahora",
    "it": "e ma allora quindi beh eh ok dunque insomma",
    "pt": "e mas então bom bem pois é ok agora",
    "nl": "en maar dus nou ja eh oké ok goed",
}
# A sentence that begins so needs the one before it to be understood.
_LEANING: Final[dict[str, str]] = {
    "en": "he she it they this that these those his her him their them its there which who then "
    "because or nor had unless than such it's he's she's they're that's there's here's",
    "de": "er sie es das dies dieser diese dieses ihn ihm ihr sein seine denn weil der die da dort "
    "damit dazu dann",
    "fr": "il elle ils elles ce cela ça cette ces c'est parce car puis son sa ses leur lui",
    "es": "él ella ellos ellas eso esto esta este estos estas porque su sus lo la le luego",
    "it": "lui lei loro questo questa ciò perché suo sua poi esso essa",
    "pt": "ele ela eles elas isso isto este esta porque seu sua depois",
    "nl": "hij zij het ze dit dat deze die zijn haar hun want omdat toen daar",
}
# A clause that begins so waits for another.
_WAITING: Final[dict[str, str]] = {
    "en": "if when while unless because although though had since as after before once until where",
    "de": "wenn weil obwohl während nachdem bevor falls sobald als da damit dass",
    "fr": "si quand lorsque comme puisque",
    "es": "si cuando porque aunque mientras como",
    "it": "se quando perché mentre siccome",
    "pt": "se quando porque enquanto embora",
    "nl": "als wanneer omdat terwijl hoewel voordat nadat",
}
# Words with which speakers turn to the next thing.
_TURNING: Final[dict[str, str]] = {
    "en": "okay ok right now next first finally let's so",
    "de": "zuerst jetzt nun zum danach schließlich so okay weiter",
    "fr": "alors ensuite maintenant enfin d'abord passons",
    "es": "ahora luego entonces primero finalmente bueno después",
    "it": "ora adesso allora poi infine passiamo",
    "pt": "agora depois então primeiro finalmente",
    "nl": "nu dan eerst tenslotte goed oké",
}
# What follows these is what a film shows: "today I show you *how to brew at home*".
_TELLING: Final[dict[str, tuple[str, ...]]] = {
    "en": ("how to", "how you", "how we", "why", "what makes", "the difference between"),
    "de": ("wie ihr", "wie du", "wie sie", "wie man", "wie wir", "warum", "wieso"),
    "fr": ("comment", "pourquoi"),
    "es": ("cómo", "por qué"),
    "it": ("come si", "come fare", "perché"),
    "pt": ("como fazer", "como se", "por que"),
    "nl": ("hoe je", "hoe we", "hoe u", "waarom"),
}
# A single word that ends so is seldom what a film is about.
_WEAK_ENDINGS: Final[dict[str, tuple[str, ...]]] = {
    "en": ("ly", "ed", "ing"),
    "fr": ("ment", "er"),
    "es": ("mente", "ando", "iendo"),
    "it": ("mente", "ando", "endo"),
    "pt": ("mente", "ando", "endo"),
    "de": ("lich", "ieren"),
    "nl": ("lijk", "eren"),
}
_ALIASES: Final = {"nb": "no", "nn": "no"}


@dataclass(frozen=True, slots=True)
class Language:
    """One language. `stop_words` is empty where none are known: then no phrases are found."""

    tag: str
    stop_words: frozenset[str]
    stem: Callable[[str], str]
    openers: frozenset[str] = field(default=frozenset())
    leaning: frozenset[str] = field(default=frozenset())
    waiting: frozenset[str] = field(default=frozenset())
    turning: frozenset[str] = field(default=frozenset())
    telling: tuple[str, ...] = ()
    weak_endings: tuple[str, ...] = ()
    nouns_are_capitals: bool = False

    @property
    def gap(self) -> str:
        """What stands between two words."""
        return "" if self.tag in UNSPACED else " "


@cache
def language_of(tag: str | None) -> Language:
    """A language by its tag (BCP 47); what is not known of it stays empty."""
    code = (tag or "").partition("-")[0].lower()
    code = _ALIASES.get(code, code)
    return Language(
        tag=code,
        stop_words=_stop_words(code),
        stem=_stemmer(code),
        openers=frozenset(_OPENERS.get(code, "").split()),
        leaning=frozenset(_LEANING.get(code, "").split()),
        waiting=frozenset(_WAITING.get(code, "").split()),
        turning=frozenset(_TURNING.get(code, "").split()),
        telling=_TELLING.get(code, ()),
        weak_endings=_WEAK_ENDINGS.get(code, ()),
        nouns_are_capitals=code == "de",
    )


def _stop_words(code: str) -> frozenset[str]:
    from stop_words import StopWordError, get_stop_words

    if not code or code in UNSPACED:
        return frozenset()
    try:
        found = frozenset(word.casefold() for word in get_stop_words(code))
    except StopWordError:
        return frozenset()
    return found - set(_SAY_SOMETHING.split()) if code == "en" else found


def _stemmer(code: str) -> Callable[[str], str]:
    from snowballstemmer import algorithms, stemmer

    from stop_words import LANGUAGE_MAPPING  # isort: skip

    name = LANGUAGE_MAPPING.get(code)
    if name not in algorithms():
        return lambda word: word
    make: Callable[[str], str] = stemmer(name).stemWord
    return cache(make)
