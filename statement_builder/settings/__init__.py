"""Settings: `statements.toml`, with `STATEMENTS_…` environment variables for secrets.

Loaded once into a frozen `Settings` object. A ConfigError names any wrong setting and its file before anything starts.
Only this package, the clock, and the command line read the environment.
"""

from statement_builder.settings.environment import ENVIRONMENT_VARIABLES, URL_VARIABLES, EnvironmentVariable
from statement_builder.settings.loading import (
    RENAMED_SETTINGS,
    LoadedSettings,
    find_settings_file,
    home_folder,
    load_settings,
    read_settings,
)
from statement_builder.settings.model import (
    AirflowUser,
    MailSettings,
    ReleaseSettings,
    RenderSettings,
    RetentionSettings,
    Settings,
    SourceSettings,
)

__all__ = [
    "ENVIRONMENT_VARIABLES",
    "RENAMED_SETTINGS",
    "URL_VARIABLES",
    "AirflowUser",
    "EnvironmentVariable",
    "LoadedSettings",
    "MailSettings",
    "ReleaseSettings",
    "RenderSettings",
    "RetentionSettings",
    "Settings",
    "SourceSettings",
    "find_settings_file",
    "home_folder",
    "load_settings",
    "read_settings",
]
