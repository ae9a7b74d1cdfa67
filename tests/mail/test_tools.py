"""The check tools find what they are for."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def tree(tmp_path):
    """A small tree with the tools in it."""
    for folder in ("daemon/base", "daemon/desk", "daemon/store",
                   "daemon/read", "include/psirtd", "tests/unit",
                   "tests/mail", "tests/faults"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copytree(TOP / "tests/tools", tmp_path / "tests/tools")
    (tmp_path / "daemon/store/a.c").write_text("#include <sqlite3.h>\n")
    return tmp_path


def check_rooms(tree):
    done = subprocess.run([str(tree / "tests/tools/check-rooms")],
                          capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_tree_in_order_passes(tree):
    assert check_rooms(tree)[0] == 0


@pytest.mark.parametrize("path, line", [
    ("daemon/desk/x.c", "#include <sqlite3.h>"),
    ("daemon/read/x.c", "#include <gpgme.h>"),
    ("daemon/base/x.c", '#include "psirtd/store.h"'),
    ("daemon/desk/x.c", '#include "psirtd/store.h"'),
    ("daemon/desk/x.c", "#include <sys/socket.h>"),
    ("daemon/desk/x.c", "\tint64_t now = clock_now();"),
    ("daemon/read/x.c", "  #  include <libetpan/libetpan.h>"),
    ("daemon/store/x.c", "#include <jansson.h>"),
    ("include/psirtd/x.h", "#include <gmime/gmime.h>"),
    ("daemon/desk/x.c", "\texecve(path, argv, envp);"),
    ("daemon/base/x.c", '\texecl ("/bin/true", "true", NULL);'),
    ("daemon/base/room.c", "\texecvp(words[0], words);"),
    ("daemon/base/room.c", "\tif (system(line) != 0)"),
    ("daemon/store/x.c", '\tfile = popen(line, "r");'),
    ("daemon/read/x.c", "\trc = posix_spawnp(&pid, name, 0, 0, argv, envp);"),
    ("daemon/desk/x.c", "\n" * 801)])
def test_breach_is_found(tree, path, line):
    (tree / path).write_text(line + "\n")
    code, said = check_rooms(tree)
    assert code == 1 and path in said, said


def test_who_starts_programs_may(tree):
    (tree / "daemon/base/room.c").write_text("\texecve(self, argv, envp);\n")
    (tree / "daemon/desk/x.c").write_text(
        " * system() and popen() are nothing for us\n"
        "\trc = ecosystem(x) + exec_state(y);\n")
    assert check_rooms(tree)[0] == 0


def test_own_tree_is_in_order():
    assert check_rooms(TOP)[0] == 0


def tool(tree, name, **more):
    """Runs a tool of the tree over the tree's own tests."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    env.update(BUILD=str(tree / "build"), PYTHON=sys.executable, **more)
    env.pop("SANITIZE", None)
    return subprocess.run([str(tree / "tests/tools" / name)],
                          capture_output=True, text=True, env=env)


def run_tests(tree, unit, mail, fault):
    """Runs run-tests over a made-up unit program, mail test, fault test."""
    build = tree / "build"
    (build / "unit").mkdir(parents=True)
    program = build / "unit/test_made_up"
    program.write_text("#!/bin/sh\n" + unit)
    program.chmod(0o755)
    (tree / "tests/unit/test_made_up.c").write_text("")
    (tree / "tests/mail/test_made_up.py").write_text(mail)
    (tree / "tests/faults/test_made_up.py").write_text(fault)
    done = tool(tree, "run-tests", FAULT_ROUNDS="7")
    return done.returncode, done.stdout.splitlines()[-1]


GOOD = "printf 'TAP version 13\\nok 1 - a\\nok 2 - b\\n'\n"


SHORT = "import os\ndef test_b(): assert 'FAULT_ROUNDS' not in os.environ\n"


@pytest.mark.parametrize("unit, mail, fault, last, code", [
    (GOOD, "def test_a(): pass\n", SHORT, "4 passed, 0 failed", 0),
    (GOOD + "exit 1\n", "def test_a(): pass\n", SHORT,
     "4 passed, 1 failed", 1),
    (GOOD + "kill -SEGV $$\n", "def test_a(): pass\n", SHORT,
     "4 passed, 1 failed", 1),
    ("echo 'ok 1 - a'; echo 'not ok 2 - b'; exit 1\n",
     "def test_a(): pass\n", SHORT, "3 passed, 1 failed", 1),
    (GOOD + "echo 'not ok 3 # SKIP c'\n", "def test_a(): pass\n", SHORT,
     "4 passed, 0 failed, 1 skipped", 0),
    ("exit 0\n", "def test_a(): pass\n", SHORT, "2 passed, 1 failed", 1),
    (GOOD, "def test_a(): assert False\n", SHORT, "3 passed, 1 failed", 1),
    (GOOD, "import pytest\n@pytest.mark.skip\ndef test_a(): pass\n", SHORT,
     "3 passed, 0 failed, 1 skipped", 0),
    (GOOD, "import nowhere\n", SHORT, "3 passed, 1 failed", 1),
    (GOOD, "def test_a(): pass\n", "def test_b(): assert False\n",
     "3 passed, 1 failed", 1)])
def test_run_tests_counts(tree, unit, mail, fault, last, code):
    assert run_tests(tree, unit, mail, fault) == (code, last)


FAULT = """
import json, os, pathlib
def test_b():
    row = {"fault": "made up", "rounds": int(os.environ["FAULT_ROUNDS"]),
           "letters_lost": LOST, "answers_doubled": 0, "uncertain": 2,
           "broken": LOST}
    (pathlib.Path(os.environ["BUILD"]) / "faults.json").write_text(
        json.dumps([row]))
"""


@pytest.mark.parametrize("fault, lost, code", [
    (FAULT.replace("LOST", "0"), 0, 0),
    (FAULT.replace("LOST", "1"), 1, 1),
    (FAULT.replace("LOST", "0") + "    assert False\n", 0, 1)])
def test_run_faults_prints_the_table(tree, fault, lost, code):
    (tree / "build").mkdir()
    (tree / "tests/faults/test_made_up.py").write_text(fault)
    done = tool(tree, "run-faults", FAULT_ROUNDS="7")
    last = [cell.strip() for cell in
            done.stdout.splitlines()[-1].strip("|").split("|")]
    assert (done.returncode, last) == (code, ["made up", "7", str(lost), "0",
                                              "2"])


def test_run_faults_without_a_table_fails(tree):
    (tree / "build").mkdir()
    (tree / "build/faults.json").write_text('["of an earlier run"]')
    (tree / "tests/faults/test_made_up.py").write_text("def test_b(): pass\n")
    assert tool(tree, "run-faults").returncode == 1
