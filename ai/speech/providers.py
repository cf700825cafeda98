"""Which transcriber the settings name."""

from ai.speech.transcriber import Transcriber, Unavailable
from core.settings import Settings


def find_transcriber(settings: Settings) -> Transcriber:
    """The one that `ASR_PROVIDER` names. Raises Unavailable where it lacks weights or a key."""
    if settings.asr_provider == "openai":
        return _hosted(settings)
    from ai.speech.weights import find_weights
    from ai.speech.whisper import Whisper

    cache = settings.data_dir / "weights"
    return Whisper(find_weights(settings.asr_model, settings.asr_model_dir, cache))


def _hosted(settings: Settings) -> Transcriber:
    key = settings.openai_api_key
    if key is None:
        raise Unavailable(
            "there is no key for the hosted transcription",
            remedy="set OPENAI_API_KEY, or ASR_PROVIDER=whisper with weights on this machine",
        )
    from ai.speech.openai import DEFAULT_MODEL, DEFAULT_URL, OpenAi

    return OpenAi(
        key,
        url=settings.openai_base_url or DEFAULT_URL,
        model=settings.asr_model or DEFAULT_MODEL,
    )
