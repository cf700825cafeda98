"""A provider in this process that does what a test writes down."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ai.text.errors import Failed
from ai.text.protocol import Prompt
from ai.text.types import Chunk, Delta, End, Usage

Step = Chunk | Failed | float | Callable[[Prompt], str]
"""What comes, an error, seconds of silence, or a text made of the prompt."""


@dataclass
class Scripted:
    """Each prompt takes the next script; the last one is for all that follow."""

    scripts: list[list[Step]]
    name: str = "openai"
    model: str = "gpt-5.4-mini"
    address: str = "here"
    prompts: list[Prompt] = field(default_factory=list)
    began: list[float] = field(default_factory=list)

    def stream(self, prompt: Prompt, seconds: float) -> Iterator[Chunk]:
        """The protocol's."""
        script = self.scripts[min(len(self.prompts), len(self.scripts) - 1)]
        self.prompts.append(prompt)
        self.began.append(time.monotonic())
        for step in script:
            if isinstance(step, Failed):
                raise step
            if isinstance(step, float):
                time.sleep(step)
            elif isinstance(step, Delta | Usage | End):
                yield step
            else:
                yield Delta(step(prompt))

    def close(self) -> None:
        """Nothing is open."""


def says(text: str, tokens: tuple[int, int] = (100, 20)) -> list[Step]:
    """An answer that is whole."""
    return [Delta(text), End("done", Usage(*tokens), "gpt-5.4-mini")]
