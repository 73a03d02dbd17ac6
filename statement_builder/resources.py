"""Files that ship with the service: templates, queries and the sample settings.

In a wheel they are package data below `statement_builder/`. In a checkout they stay at the top of the repository, where
people look for them, so an editable installation reads them there.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from statement_builder.billing.languages import SOURCE_LANGUAGE
from statement_builder.errors import ConfigError


def shipped(name: str) -> Path:
    """The file or folder `name` of this installation. ConfigError if the installation is incomplete."""
    package = Path(str(files("statement_builder")))
    for candidate in (package / name, package.parent / name):
        if candidate.exists():
            return candidate
    raise ConfigError(f"{name} is missing from this installation; reinstall statement-builder.")


def languages(*templates: Path) -> tuple[str, ...]:
    """Every language that the folders of templates have a catalog for; English, which needs none, first."""
    found = {
        path.parent.parent.name for folder in templates for path in folder.glob("locale/*/LC_MESSAGES/messages.po")
    }
    return (SOURCE_LANGUAGE, *sorted(found - {SOURCE_LANGUAGE}))


TEMPLATES = shipped("templates")
SQL_ROOT = shipped("sql")
SAMPLE_SETTINGS = shipped("statements.sample.toml")
