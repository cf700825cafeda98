"""What all transcribers do alike, each on real sound: Whisper here, and a hosted one."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from ai.speech.openai import OpenAi
from ai.speech.transcriber import Heard, SpeechOptions, Surroundings, Transcriber
from ai.speech.weights import find_weights
from ai.speech.whisper import Whisper
from core.cancellation import CancelReason, CancelToken
from core.errors import Cancelled, Misconfigured, Retryable
from tests.ai.speech.sounds import made, sound
from tests.ai.speech.transcription_server import TranscriptionServer, transcription_server
from tests.media_samples import CLIP

TRAILER = Path(__file__).parents[4] / "shared/media/bbb_trailer_55s_720p24.mp4"
SAID = (
    "and mr john dashwood had then leisure to consider how much there might be prudently in his "
    "power to do for them he was not an ill disposed young man unless to be rather cold hearted"
)

Make = Callable[[], Transcriber]


@pytest.fixture(scope="module")
def server() -> Iterator[TranscriptionServer]:
    with transcription_server() as found:
        yield found


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Whisper:
    return Whisper(find_weights("tiny.en", None, tmp_path_factory.mktemp("weights")))


@pytest.fixture(params=["whisper", "openai"])
def transcriber(
    request: pytest.FixtureRequest, whisper: Whisper, server: TranscriptionServer
) -> Transcriber:
    server.came.clear()
    if request.param == "whisper":
        return whisper
    return OpenAi(SecretStr("sk-test"), url=server.url)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sound(tmp_path_factory.mktemp("clip") / "clip.wav", "-i", CLIP)


def plain(text: str) -> str:
    return re.sub(r"[^a-z]+", " ", text.lower()).strip()


def test_words_come_in_order_with_times_within_the_film(
    transcriber: Transcriber, clip: Path, tmp_path: Path
) -> None:
    told: list[float] = []
    heard = transcriber.transcribe(clip, SpeechOptions(), Surroundings(tmp_path, told.append))
    transcript = heard.transcript
    assert (transcript.provider, transcript.model) == (transcriber.provider, transcriber.model)
    assert transcript.language == "en"
    assert transcript.seconds == pytest.approx(25.0, abs=0.05)
    assert plain(" ".join(word.text for word in transcript.words)).startswith("and mr john dash")
    at = 0.0
    for word in transcript.words:
        assert at <= word.begin <= word.end <= 25.0
        assert word.text == word.text.strip()
        at = word.end
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert list(tmp_path.iterdir()) == []
    assert heard.cpu_seconds > 0


@pytest.mark.parametrize(
    "graph",
    [
        "anullsrc=r=16000:cl=mono:d=8",
        "anoisesrc=r=16000:color=white:amplitude=0.3:d=8:seed=1",
        "sine=frequency=440:duration=4,aformat=sample_rates=16000",
        "anullsrc=r=16000:cl=mono:d=0.01",
    ],
    ids=["silence", "noise", "tone", "a moment"],
)
def test_what_is_no_speech_gives_no_words_and_is_sent_to_nobody(
    transcriber: Transcriber, server: TranscriptionServer, tmp_path: Path, graph: str
) -> None:
    heard = transcriber.transcribe(
        made(tmp_path / "sound.wav", graph), SpeechOptions(), Surroundings(tmp_path)
    )
    assert (heard.transcript.segments, heard.transcript.language) == ((), "und")
    assert server.came == []


@pytest.mark.skipif(not TRAILER.exists(), reason=f"{TRAILER.name} is not beside the checkout")
def test_music_gives_no_words(transcriber: Transcriber, tmp_path: Path) -> None:
    heard = transcriber.transcribe(
        sound(tmp_path / "music.wav", "-i", TRAILER), SpeechOptions(), Surroundings(tmp_path)
    )
    assert heard.transcript.words == ()


def test_who_stops_is_heard_at_once(transcriber: Transcriber, clip: Path, tmp_path: Path) -> None:
    token = CancelToken()
    token.cancel(CancelReason.CANCELLED)
    with pytest.raises(Cancelled):
        transcriber.transcribe(clip, SpeechOptions(), Surroundings(tmp_path, cancel=token))


def test_what_is_no_sound_fails_and_names_no_folder(
    transcriber: Transcriber, tmp_path: Path
) -> None:
    (tmp_path / "text.wav").write_text("words, but not spoken ones")
    with pytest.raises(Retryable, match="the program that listens failed") as caught:
        transcriber.transcribe(tmp_path / "text.wav", SpeechOptions(), Surroundings(tmp_path))
    assert "Error" in (caught.value.detail or "")
    assert str(tmp_path) not in str(caught.value)


@pytest.fixture(scope="module")
def heard(whisper: Whisper, clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Heard:
    return whisper.transcribe(clip, SpeechOptions(), Surroundings(tmp_path_factory.mktemp("w")))


def test_whisper_hears_what_is_said_when_it_is_said(heard: Heard) -> None:
    transcript = heard.transcript
    text = plain(" ".join(word.text for word in transcript.words))
    assert text.startswith(SAID)
    assert "respectable than he was" in text
    assert transcript.doubts == ()
    # Where the film's own speech begins and ends, by its loudness.
    assert transcript.words[0].begin < 0.5
    assert 24.0 < transcript.words[-1].end < 25.0
    pauses = [
        after.words[0].begin - before.words[-1].end
        for before, after in zip(transcript.segments, transcript.segments[1:], strict=False)
    ]
    assert all(pause >= 0.6 for pause in pauses)


def test_whisper_says_who_heard_and_at_what_price(heard: Heard) -> None:
    assert re.fullmatch(r"whisper tiny\.en 1a5afae06a4db91c (int8\w*|float\w+)", heard.maker)
    assert heard.device in ("cpu", "cuda")
    assert heard.peak_bytes > 50 << 20


@pytest.mark.long
def test_words_of_a_glossary_are_written_as_the_brand_writes_them(
    whisper: Whisper, tmp_path: Path
) -> None:
    """The name could be Dashwood or Dash Wood; who knows the brand knows."""
    start = sound(tmp_path / "start.wav", "-t", "7.2", "-i", CLIP)
    options = SpeechOptions(glossary=("DashWood", "Jon DashWood"))
    around = Surroundings(tmp_path)
    words = whisper.transcribe(start, options, around).transcript.words
    assert "DashWood" in [word.text for word in words]


def test_weights_that_cannot_be_loaded_are_the_operators_to_mend(
    clip: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    broken = Whisper(find_weights(str(folder), None, tmp_path))
    with pytest.raises(Misconfigured, match="the weights cannot be loaded") as caught:
        broken.transcribe(clip, SpeechOptions(), Surroundings(tmp_path))
    assert "cpu int8" in (caught.value.detail or "")
