"""Bare faster-whisper with our settings, in a process of its own: `SOUND WEIGHTS ANSWER`."""

import json
import sys
import wave
from pathlib import Path
from types import ModuleType

import numpy as np

from ai.speech.listening import BATCH, BEAM, THREADS


def main(sound: str, weights: str, answer: str) -> None:
    """Writes the words with their times."""
    sys.modules.setdefault("av", ModuleType("av"))
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    with wave.open(sound) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    model = WhisperModel(weights, device="cpu", compute_type="int8", cpu_threads=THREADS)
    segments, _ = BatchedInferencePipeline(model).transcribe(
        samples.astype(np.float32) / 32768,
        beam_size=BEAM,
        batch_size=BATCH,
        word_timestamps=True,
    )
    words = [[word.word, word.start, word.end] for each in segments for word in each.words or ()]
    Path(answer).write_text(json.dumps([[text, float(b), float(e)] for text, b, e in words]))


if __name__ == "__main__":
    main(*sys.argv[1:])
