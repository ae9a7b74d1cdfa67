"""The world, the daemon and the time limit of tests/mail, for the faults."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "mail"))

from fixtures import *  # noqa: E402, F401, F403
