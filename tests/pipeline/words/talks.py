"""Talks as people hold them, paragraph by paragraph, and transcripts of them with even times."""

import re
from collections.abc import Iterable

from pipeline.plan.transcript import Segment, Transcript, Word

COFFEE = """\
So, hi everyone, welcome back to the Hilltop Coffee workshop. Today I want to show you how to
make pour-over coffee at home that actually tastes good. You don't need expensive equipment
for this. But you do need fresh beans, a scale, and a little patience.

Let's start with the beans. We roast every Monday, and fresh beans are usually best between
seven and twenty days after the roast date. If the bag has no roast date, don't buy it. Light
roasts keep more of the fruit, and dark roasts taste more like chocolate. Keep the beans in an
airtight container, away from light. And please don't put your beans in the fridge, because
they pick up moisture and smells. For this brew I'm using a washed Ethiopian from our spring
roast.

Okay, so now the grinder. What grind size should you use? For pour-over you want a medium
grind, something like coarse sand. A burr grinder gives you an even grind size, and a blade
grinder doesn't. If your coffee tastes sour, grind finer. If your coffee tastes bitter, grind
coarser. I grind twenty grams for one big cup. Clean the grinder once a week, since old
grounds turn rancid and ruin the next cup.

Um, let's talk about water temperature. Water makes up ninety-eight percent of your cup. I
heat the water to ninety-four degrees. Boiling water burns nothing, honestly, but it extracts
faster. If your tap water is very hard, use filtered water. Water temperature matters more for
light roasts than for dark roasts. A kettle with a thermometer helps, but you can also wait
thirty seconds after boiling. The ratio is sixteen grams of water for each gram of coffee.

Right, now we pour. Rinse the paper filter with hot water first, so it doesn't taste of paper.
Put the grounds in the filter and make a small well in the middle. Pour forty grams of water
and wait thirty seconds: that's called the bloom. During the bloom the gas escapes, and you
see those lovely bubbles. Then pour slowly in circles, and never pour on the edge of the paper
filter. The whole pour should take about three minutes. If the filter drains too fast, your
grind is too coarse. Swirl the dripper gently at the end so the bed is flat.

And that's it. Taste it while it's warm, and taste it again when it's cold. If you liked this,
try the same recipe with our spring roast. You'll find the Hilltop Coffee brew guide on our
website.
"""

BICYCLE = """\
Hallo und willkommen in der Werkstatt von Radwerk. Heute zeige ich euch, wie ihr eine
Fahrradkette richtig pflegt. Eine gepflegte Fahrradkette hält doppelt so lange. Ihr braucht
dafür nur ein Tuch, eine Bürste und Kettenöl.

Zuerst reinigen wir die Kette. Dreht die Kurbel rückwärts und haltet das Tuch an die Kette.
Groben Schmutz löst ihr mit der Bürste. Benutzt keinen Hochdruckreiniger, denn der drückt
Wasser in die Lager. Auch Entfetter braucht ihr nur selten. Nach dem Reinigen muss die Kette
trocken sein.

Jetzt kommt das Kettenöl. Welches Kettenöl ist das richtige? Bei Regen nehmt ihr ein dickes
Öl, bei trockenem Wetter ein dünnes Öl. Gebt einen Tropfen auf jedes Gelenk. Dreht die Kurbel
ein paar Mal und lasst das Öl einwirken. Danach wischt ihr das überschüssige Öl ab, sonst
klebt der Staub daran.

Zum Schluss prüfen wir den Verschleiß. Mit einer Kettenlehre messt ihr die Länge der Kette.
Fällt die Lehre durch, ist die Kette verschlissen. Eine verschlissene Kette ruiniert die
Ritzel. Neue Ritzel sind teurer als eine neue Kette. Prüft den Verschleiß alle tausend
Kilometer.
"""

# As the LibriVox recording of the demo is transcribed: no capitals, no full stops.
BOOK = """\
and mister john dashwood had then leisure to consider how much there might be prudently in his
power to do for them

he was not an ill disposed young man

unless to be rather cold hearted and rather selfish is to be ill disposed

had he married a more amiable woman he might have been made still more respectable than he was

he might even have been made amiable himself
"""

PACE = 2.6
"""Words a second."""
PAUSE = 0.4
"""Seconds between sentences."""


def paragraphs(talk: str) -> list[list[str]]:
    """The sentences of each paragraph."""
    found = (" ".join(part.split()) for part in talk.split("\n\n"))
    return [re.split(r"(?<=[.!?])\s+", part) for part in found if part]


def transcript(talk: str, language: str = "en") -> Transcript:
    return transcribed((line for part in paragraphs(talk) for line in part), language)


def transcribed(lines: Iterable[str], language: str = "en") -> Transcript:
    at, segments = 0.0, []
    for line in lines:
        words = []
        for text in line.split():
            end = at + 0.9 / PACE
            words.append(Word(text=text, begin=round(at, 3), end=round(end, 3), confidence=0.9))
            at += 1 / PACE
        segments.append(Segment(words=tuple(words)))
        at += PAUSE
    return Transcript(
        language=language, language_confidence=0.99, seconds=at, segments=tuple(segments),
        provider="none", model="even",
    )  # fmt: skip


def shifts(talk: str) -> list[float]:
    """When each paragraph but the first begins, in seconds."""
    at, found = 0.0, []
    for part in paragraphs(talk):
        found.append(round(at, 3))
        at += sum(len(line.split()) / PACE + PAUSE for line in part)
    return found[1:]
