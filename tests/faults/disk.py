"""A small disk of its own for the database, which is full when we say so.

It is a tmpfs in a mount namespace that this process makes for itself and
what it starts, so that it is gone with it.  That takes root.
"""

import ctypes
import os
import subprocess

import pytest

from process import LIBC

CLONE_NEWNS = 0x20000
SIZE = 24 << 20
PAGE = 4096

_apart = []


def namespace():
    """Once a run; skips the test where it may not be had."""
    if _apart:
        return
    if os.getuid() != 0:
        pytest.skip("a disk of its own for the database takes root")
    if LIBC.unshare(CLONE_NEWNS) != 0:
        pytest.skip("no mount namespace: "
                    + os.strerror(ctypes.get_errno()))
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    _apart.append(True)


class Disk:
    def __init__(self, folder):
        namespace()
        self.folder = folder / "disk"
        self.folder.mkdir(mode=0o700)
        self.filler = self.folder / "filler"
        self._mount("mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700",
                    "tmpfs")

    def _mount(self, *words):
        subprocess.run([*words, self.folder], check=True)

    def remove(self):
        self._mount("umount", "-l")

    def read_only(self, yes):
        self._mount("mount", "-o", "remount," + ("ro" if yes else "rw"))

    def free(self):
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def fill(self, pages=0):
        """So many pages are left."""
        self.empty()
        with open(self.filler, "wb") as filler:
            os.posix_fallocate(filler.fileno(), 0,
                               max(self.free() - pages * PAGE, 1))

    def empty(self):
        self.filler.unlink(missing_ok=True)
