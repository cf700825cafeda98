"""The program that listens: `python -I -m ai.speech.child REQUEST ANSWER`, two files of JSON.

It runs confined, without network, and imports nothing of ours. The request names the sound (16 kHz,
mono, 16 bits, WAV) and the folder of the weights; without weights only voices are looked for. Lines
`progress 0.25` go to standard output. It ends with 3 where the weights cannot be used.
"""

import itertools
import json
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np

RATE: Final = 16000
NO_WEIGHTS: Final = 3
# Features of an hour take 115 MB beside its samples' 230: a long film is heard in parts.
_WINDOW_SECONDS: Final = 1200
_CUT_WITHIN_SECONDS: Final = 60
_FRAME: Final = RATE // 10
_CHUNK_SECONDS: Final = 30
# As faster-whisper's own batched pipeline has it.
_SILENCE_MILLISECONDS: Final = 160
_PAD: Final = 2 * RATE // 5
_PRECISIONS: Final = {
    "cuda": ("float16", "int8_float16", "int8", "float32"),
    "cpu": ("int8", "int8_float32", "float32"),
}


def main(request_path: str, answer_path: str) -> int:
    """Answers one request; the exit code."""
    request = json.loads(Path(request_path).read_bytes())
    # faster-whisper would decode with PyAV, whose wheels link GPL parts: what comes is decoded.
    sys.modules.setdefault("av", ModuleType("av"))
    samples = _samples(request["audio"])
    listener = _Listener(request)
    answer: dict[str, Any] = {"seconds": len(samples) / RATE, "voice": [], "passages": []}
    for begin, end in windows(samples):
        listener.hear(samples, begin, end, answer)
        _tell(end / max(1, len(samples)))
    Path(answer_path).write_text(json.dumps(answer | listener.facts))
    return 0


def windows(samples: "np.ndarray[Any, Any]") -> Iterator[tuple[int, int]]:
    """Ranges of at most 20 minutes, cut where the last minute of each is quietest."""
    begin, count = 0, len(samples)
    while count - begin > _WINDOW_SECONDS * RATE:
        first = begin + (_WINDOW_SECONDS - _CUT_WITHIN_SECONDS) * RATE
        last = samples[first : first + _CUT_WITHIN_SECONDS * RATE].astype(np.float32)
        quietest = int(np.argmin(np.square(last).reshape(-1, _FRAME).sum(axis=1)))
        end = first + quietest * _FRAME + _FRAME // 2
        yield begin, end
        begin = end
    if count > begin:
        yield begin, count


def padded(voices: list[dict[str, int]], count: int) -> list[dict[str, int]]:
    """Voices with 0.4 s around them, or half of what is between two: as faster-whisper pads them.

    Where they really begin and end is told to who asks; the model wants room.
    """
    found = [dict(each) for each in voices]
    for before, after in itertools.pairwise(found):
        room = min(_PAD, (after["start"] - before["end"]) // 2)
        before["end"] += room
        after["start"] -= room
    if found:
        found[0]["start"] = max(0, found[0]["start"] - _PAD)
        found[-1]["end"] = min(count, found[-1]["end"] + _PAD)
    return found


def _samples(path: str) -> "np.ndarray[Any, Any]":
    with wave.open(path) as sound:
        form = (sound.getnchannels(), sound.getsampwidth(), sound.getframerate())
        if form != (1, 2, RATE):
            raise ValueError(f"the sound is not 16 kHz, mono, 16 bits: {form}")
        return np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2")


def _tell(fraction: float) -> None:
    sys.stdout.write(f"progress {min(1.0, fraction):.4f}\n")
    sys.stdout.flush()


class _Listener:
    """State of one request: the model once it is needed, and the language once it is known."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._request = request
        self._model: Any = None
        self.facts: dict[str, Any] = {
            "language": request.get("language"),
            "language_confidence": 0.0,
            "device": None,
            "precision": None,
        }

    def hear(
        self, samples: "np.ndarray[Any, Any]", begin: int, end: int, answer: dict[str, Any]
    ) -> None:
        """Adds to `answer` where in a range somebody speaks, and what was said."""
        from faster_whisper.vad import VadOptions, get_speech_timestamps

        sound = samples[begin:end].astype(np.float32) / 32768
        options = VadOptions(
            max_speech_duration_s=_CHUNK_SECONDS - 2 * _PAD / RATE,
            min_silence_duration_ms=_SILENCE_MILLISECONDS,
            speech_pad_ms=0,
        )
        voices = get_speech_timestamps(sound, options)
        answer["voice"] += [
            [(begin + each["start"]) / RATE, (begin + each["end"]) / RATE] for each in voices
        ]
        voices = padded(voices, len(sound))
        if not voices or self._request.get("weights") is None:
            return
        reached, total = begin / len(samples), len(samples) / RATE
        for segment in self._segments(sound, voices):
            answer["passages"].append(_passage(segment, begin / RATE))
            _tell(max(reached, (begin / RATE + segment.end) / total))

    def _segments(
        self, sound: "np.ndarray[Any, Any]", voices: list[dict[str, Any]]
    ) -> Iterator[Any]:
        """What the batched pipeline writes; voices were looked for already, so it need not.

        As there, they lie end to end in chunks of half a minute, and times are mapped back.
        """
        from faster_whisper import BatchedInferencePipeline
        from faster_whisper.transcribe import restore_speech_timestamps
        from faster_whisper.vad import collect_chunks

        if self._model is None:
            self._model = self._loaded()
        chunks, places = collect_chunks(sound, voices, max_duration=_CHUNK_SECONDS)
        clips = [
            {"start": place["offset"], "end": place["offset"] + place["duration"]}
            for place in places
        ]
        glossary = ", ".join(self._request["glossary"])
        segments, info = BatchedInferencePipeline(self._model).transcribe(
            np.concatenate(chunks),
            language=self.facts["language"],
            beam_size=self._request["beam"],
            batch_size=self._request["batch"],
            word_timestamps=True,
            vad_filter=False,
            clip_timestamps=clips,
            hotwords=glossary or None,
        )
        if self.facts["language"] is None:
            self.facts["language_confidence"] = float(info.language_probability)
        self.facts["language"] = info.language
        yield from restore_speech_timestamps(segments, voices, RATE)

    def _loaded(self) -> Any:
        """The model on the best device that takes it, in the first precision that works there."""
        import ctranslate2
        from faster_whisper import WhisperModel

        said = []
        devices = ["cuda"] if ctranslate2.get_cuda_device_count() > 0 else []
        for device in (*devices, "cpu"):
            for precision in _PRECISIONS[device]:
                try:
                    model = WhisperModel(
                        self._request["weights"],
                        device=device,
                        compute_type=precision,
                        cpu_threads=self._request["threads"],
                        local_files_only=True,
                    )
                    if device == "cuda":
                        # Libraries that are missing are missed only now.
                        model.encode(np.zeros((model.model.n_mels, 3000), np.float32))
                except (RuntimeError, ValueError) as error:
                    said.append(f"{device} {precision}: {error}")
                    continue
                self.facts |= {"device": device, "precision": precision}
                return model
        sys.stderr.write("\n".join(said))
        sys.exit(NO_WEIGHTS)


def _passage(segment: Any, offset: float) -> dict[str, Any]:
    return {
        "words": [
            {
                "text": word.word,
                "begin": float(word.start) + offset,
                "end": float(word.end) + offset,
                "confidence": float(word.probability),
            }
            for word in segment.words or ()
        ],
        "no_speech": float(segment.no_speech_prob),
        "log_probability": float(segment.avg_logprob),
    }


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
