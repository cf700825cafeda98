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


# What Whisper (tiny.en) heard in five clips of Sense and Sensibility, read for LibriVox, one after
# the other: public domain. Mistakes and all; text, begin, end.
_HEARD = """\
And 0 0.48 | Mr. 0.48 0.7 | John 0.86 1.1 | Dashwood 1.1 1.68 | had 1.68 1.96 | then 1.96 2.36 |
leisure 2.36 2.72 | to 2.72 3.2 | consider 3.2 3.48 | how 3.48 4.1 | much 4.1 4.44 |
there 4.44 4.66 | might 4.66 4.94 | be 4.94 5.12 | prudently 5.12 5.54 | in 5.54 5.66 |
his 5.66 5.88 | power 5.88 6.06 | to 6.06 6.28 | do 6.28 6.56 | for 6.56 6.72 | them. 6.72 6.96 |
He 7.1 7.52 | was 7.52 7.8 | not 7.8 8.32 | an 8.32 8.5 | old 8.5 8.82 | -sposed 8.82 9.26 |
young 9.26 9.54 | man. 9.54 9.84 | Unless 10.09 10.75 | to 10.75 10.93 | be 10.93 11.11 |
rather 11.11 11.55 | cold 11.55 11.99 | -hearted 11.99 12.37 | and 12.37 12.71 |
rather 12.71 12.89 | selfish 12.89 13.63 | is 13.63 14.07 | to 14.07 14.25 | be 14.25 14.39 |
ill 14.39 14.55 | -disposed. 14.55 15.11 | Had 15.39 15.89 | he 15.89 16.13 |
married 16.13 16.37 | a 16.37 16.69 | more 16.69 16.99 | amiable 16.99 17.51 |
woman, 17.51 17.89 | he 18.13 18.27 | might 18.27 18.49 | have 18.49 18.69 | been 18.69 18.91 |
made 18.91 19.29 | still 19.29 19.57 | more 19.57 19.87 | respectable 19.87 20.31 |
than 20.31 20.65 | he 20.65 20.81 | was. 20.81 21.13 | He 21.44 21.94 | might 21.94 22.18 |
even 22.18 22.44 | have 22.44 22.66 | been 22.66 22.84 | made 22.84 23.22 | amiable 23.22 23.76 |
himself. 23.76 24.24"""


def heard() -> list[Word]:
    """A real transcript."""
    parts = (entry.split() for entry in _HEARD.split("|"))
    return [Word(text, float(begin), float(end)) for text, begin, end in parts]
