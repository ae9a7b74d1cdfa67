"""The world, the daemon and the time limit of tests/mail, for the faults.

The more rounds, the longer a test may take.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "mail"))

from fixtures import *  # noqa: E402, F401, F403
import fixtures  # noqa: E402
from table import rounds  # noqa: E402

fixtures.LIMIT += 10 * rounds(0)
