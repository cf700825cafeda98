"""Words with times, as somebody would say them."""

import random
from collections.abc import Iterable

from transcoders.captions import Word

TALK = """\
Good morning, everyone, and welcome to the spring roast. My name is Anna Maria Keller and \
I have been roasting coffee in New York since May 5, 2014. Today we will look at three things: \
how the beans are dried, how long they stay in the drum, and why Dr. Smith says that 25 percent of \
the flavour is lost within 10 minutes. I'm not sure about that. But he has measured it, and so \
has the University of California, Berkeley. If you heat the drum to 220 degrees the sugar starts \
to brown, and that is what we want. Really? Yes. Let's go and have a look at the machine over \
there, next to the window."""


def spoken(
    text: str | Iterable[str],
    begin: float = 0.5,
    *,
    a_second: float = 15.0,
    speaker: str | None = None,
    seed: int = 1,
) -> list[Word]:
    """Each word takes as long as its letters, and after its marks there is silence."""
    rand, words = random.Random(seed), []
    for word in text.split() if isinstance(text, str) else text:
        end = begin + max(0.08, len(word) / a_second * rand.uniform(0.7, 1.2))
        words.append(Word(word, begin, end, speaker))
        sentence, clause = word[-1] in ".?!。", word[-1] in ",:;、"
        begin = end + (rand.uniform(0.2, 0.9) if sentence else 0.15 if clause else 0.0)
    return words
