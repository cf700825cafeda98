"""The stage `transcribe`: from the main track's speech to a transcript, or why there is none."""

from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings
from pipeline.plan import StageResult
from pipeline.plan.speech_types import TranscribeOptions, TranscribeResult
from pipeline.plan.transcript import Transcript
from pipeline.stages import transcribe
from pipeline.stages.context import StageContext, StageInput
from tests.ai.speech.sounds import sound
from tests.media_samples import CLIP
from transcoders.tools import get_tools


def listened(
    scratch: Path, speech: Path | None, settings: Settings, progress: Any = lambda _: None
) -> tuple[StageResult, TranscribeResult]:
    name = "audio.0" if speech else None
    inputs = {"audio.0": StageInput(paths={"speech.flac": speech})} if speech else {}
    context = StageContext(
        source=CLIP, source_sha256="", scratch=scratch, tools=get_tools(), inputs=inputs,
        progress=progress, settings=settings,
    )  # fmt: skip
    result = transcribe.run(context, TranscribeOptions(audio=name))
    assert isinstance(result.value, TranscribeResult)
    return result, result.value


def flac(folder: Path, *source: str | Path) -> Path:
    wav = sound(folder / "speech.wav", *source)
    return wav.rename(folder / "speech.flac")  # ffmpeg looks at what is in it


def test_speech_becomes_words_and_says_who_heard_them(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    told: list[float] = []
    settings = Settings(asr_model="tiny.en", data_dir=tmp_path / "data")
    result, value = listened(
        tmp_path / "scratch", flac(tmp_path, "-t", "8", "-i", CLIP), settings, told.append
    )
    (artifact,) = result.artifacts
    assert (artifact.kind, artifact.name, artifact.mime) == (
        "transcript", "transcript.json", "application/json",
    )  # fmt: skip
    assert (artifact.attributes.language, artifact.attributes.duration) == ("en", 8.0)
    transcript = Transcript.model_validate_json(artifact.path.read_bytes())
    assert "Dashwood" in [word.text for word in transcript.words]
    assert (value.words, value.segments) == (len(transcript.words), len(transcript.segments))
    assert (value.language, value.skipped, value.note) == ("en", None, None)
    assert (value.dropped, value.flagged) == (0, 0)
    assert 5 < value.speech_seconds < 8
    assert result.encoder == value.maker
    assert not result.skipped
    assert (told == sorted(told), told[-1]) == (True, 1.0)
    assert [each.name for each in (tmp_path / "scratch").iterdir()] == ["transcript.json"]


def test_a_film_in_which_nobody_speaks_says_so_and_has_an_empty_transcript(tmp_path: Path) -> None:
    speech = flac(tmp_path, "-f", "lavfi", "-i", "sine=frequency=440:duration=2")
    (tmp_path / "scratch").mkdir()
    settings = Settings(asr_model="tiny.en", data_dir=tmp_path / "data")
    result, value = listened(tmp_path / "scratch", speech, settings)
    assert (value.note, value.words, value.device) == ("nobody speaks in this film", 0, "none")
    transcript = Transcript.model_validate_json(result.artifacts[0].path.read_bytes())
    assert (transcript.segments, transcript.language) == ((), "und")
    assert result.artifacts[0].attributes.language is None


def test_a_film_without_sound_is_skipped(tmp_path: Path) -> None:
    result, value = listened(tmp_path, None, Settings(data_dir=tmp_path))
    assert (result.skipped, result.artifacts) == (True, ())
    assert value.skipped == "there is no sound in this file"
    assert value.remedy is None


@pytest.mark.parametrize(
    ("settings", "reason", "remedy"),
    [
        ({"asr_model": "large-v3"}, "the weights of Whisper large-v3", "ASR_MODEL_DIR"),
        ({"asr_provider": "openai"}, "there is no key", "OPENAI_API_KEY"),
    ],
)
def test_without_weights_or_a_key_it_is_skipped_and_says_what_would_help(
    tmp_path: Path, settings: dict[str, Any], reason: str, remedy: str
) -> None:
    given = Settings(data_dir=tmp_path, openai_api_key=None, **settings)
    result, value = listened(tmp_path, tmp_path / "speech.flac", given)
    assert (result.skipped, result.artifacts) == (True, ())
    assert reason in (value.skipped or "")
    assert remedy in (value.remedy or "")


def test_weights_that_are_damaged_do_not_end_the_run(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    given = Settings(data_dir=tmp_path, asr_model="small", asr_model_dir=tmp_path)
    result, value = listened(tmp_path, tmp_path / "speech.flac", given)
    assert (result.skipped, result.artifacts) == (True, ())
    assert "lack model.bin" in (value.skipped or "")
    assert "process the file again" in (value.remedy or "")
