"""pytest's name for the fixtures, which tests/faults shares."""

from fixtures import *  # noqa: F401, F403
