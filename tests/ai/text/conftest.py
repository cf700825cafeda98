"""What the tests of language models share."""

from collections.abc import Iterator

import pytest

from tests.language_models import LanguageModels, language_models


@pytest.fixture(scope="package")
def language_model_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageModels]:
    """One server for all tests here."""
    with language_models(tmp_path_factory.mktemp("llmock")) as running:
        yield running


@pytest.fixture
def models(language_model_server: LanguageModels) -> LanguageModels:
    """It, with nothing planned and nothing remembered."""
    language_model_server.reset()
    return language_model_server
