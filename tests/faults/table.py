"""The table of `make faults`: fault, rounds, letters lost, answers doubled.

A Row counts while its suite runs and writes itself into BUILD/faults.json, a
list, when it ends, also where it ended badly.  The row of an earlier run of
the same fault is replaced.

FAULT_ROUNDS is set by `make faults`; without it a suite takes its short form:
rounds(15) gives 15 then.
"""

import json
import os

from program import BUILD

FILE = BUILD / "faults.json"
COUNTS = ("letters_lost", "answers_doubled", "uncertain", "broken")


def rounds(short):
    """How many rounds: FAULT_ROUNDS, or `short` where it is not set."""
    return int(os.environ.get("FAULT_ROUNDS") or short)


def read():
    return json.loads(FILE.read_text()) if FILE.exists() else []


class Row:
    def __init__(self, fault):
        self.counts = {"fault": fault, "rounds": 0,
                       **dict.fromkeys(COUNTS, 0)}

    def round(self):
        self.counts["rounds"] += 1

    def add(self, uncertain=0, **counts):
        """Broken promises add up; what is uncertain is the last look's."""
        for name, count in counts.items():
            self.counts[name] += count
        self.counts["uncertain"] = uncertain

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None and self.counts["broken"] == 0:
            self.counts["broken"] = 1  # the round itself failed
        rows = [row for row in read()
                if row["fault"] != self.counts["fault"]]
        FILE.write_text(json.dumps([*rows, self.counts], indent=1) + "\n")
