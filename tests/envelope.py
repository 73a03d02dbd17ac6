"""The default envelope, as the pipeline passes it to rendering."""

from __future__ import annotations

from mail_house.profiles import load_profile
from statement_builder.pipeline.build_worker import envelope_windows

DOUBLE_WINDOW_10 = envelope_windows(load_profile())
