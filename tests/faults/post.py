"""A mailbox that keeps receiving, and the desk behind it.

    with Received(world, daemon, row) as desk:
        desk.d.start(ready=False)
        ...                     # it is struck, while letters come
        desk.kept()             # no letter comes meanwhile; promises()

New reports in clear and sealed, copies of what came before, answers to cases,
inquiries: each unlike the others.
"""

import itertools
import random
import threading

import letters
from desk import Desk
from program import SLOW

GAP = 0.3  # seconds between two letters, at most


class Postman(threading.Thread):
    """Lays a letter now and then, but not while somebody has the lock."""

    def __init__(self, delivered, seed):
        super().__init__(daemon=True)
        self.delivered, self.random = delivered, random.Random(seed)
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.cases = []     # whose letters may be answered
        self.failed = None

    def run(self):
        try:
            for kind in itertools.cycle((self.delivered.sealed, self.again,
                                         self.delivered.report, self.reply,
                                         self.inquiry)):
                with self.lock:
                    if self.over.is_set():
                        return
                    kind()
                self.over.wait(self.random.uniform(0, GAP) * SLOW)
        except Exception as error:
            self.failed = error

    def again(self):
        self.delivered.again(self.random.randrange(len(self.delivered)))

    def reply(self):
        world = self.delivered.world
        if self.cases:
            self.delivered.lay(letters.reply(
                world.finder, world.poc, self.random.choice(self.cases),
                text=self.delivered.text()))

    def inquiry(self):
        self.delivered.lay(letters.plain(
            "Do you have a policy for reporting problems? I ask for "
            f"{self.delivered.word} {len(self.delivered)}.\n"))

    def end(self):
        self.over.set()
        self.join(30)
        if self.failed is not None:
            raise self.failed


class Received(Desk):
    """A desk with a postman."""

    def __init__(self, world, make, row, seed, **settings):
        super().__init__(world, make, row, **settings)
        self.postman = Postman(self.delivered, seed)

    def __enter__(self):
        self.postman.start()
        return self

    def __exit__(self, *error):
        self.postman.end()
        super().__exit__(*error)

    def kept(self, **how):
        with self.postman.lock:
            super().kept(**how)
            self.postman.cases = [letter["case"] for letter
                                  in self.d.psirt.letters()
                                  if letter["verdict"] == "unknown-key"]
