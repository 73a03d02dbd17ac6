"""The language of a document for the language of its reader."""

from __future__ import annotations

import pytest

from statement_builder.billing.languages import document_language, is_served


@pytest.mark.parametrize(
    ("code", "languages", "expected", "served"),
    [
        pytest.param("en", {"en", "es"}, "en", True, id="english"),
        pytest.param("en-GB", {"en"}, "en", True, id="english-of-another-country"),
        pytest.param("en", {"es"}, "en", True, id="english-is-always-there"),
        pytest.param("es", {"en", "es"}, "es", True, id="translation"),
        pytest.param("es-MX", {"en", "es"}, "es", True, id="translation-of-the-base"),
        pytest.param("es-419", {"en", "es", "es-419"}, "es-419", True, id="own-translation-wins"),
        pytest.param("zh-Hant-TW", {"en", "zh-hant"}, "zh-hant", True, id="longest-part"),
        pytest.param("es", {"en"}, "en", False, id="translation-not-approved"),
        pytest.param("vi", {"en", "es"}, "en", False, id="no-translation"),
        pytest.param("est", {"en", "es"}, "en", False, id="code-that-starts-alike"),
    ],
)
def test_document_language(code: str, languages: set[str], expected: str, served: bool) -> None:
    assert document_language(code, languages) == expected
    assert is_served(code, languages) is served
