# SPDX-License-Identifier: GPL-2.0
"""usage: conformance.py KIND RST TREE

Prints what is wrong with the tables of a conformance.rst, one line for each
fault, and fails if there is any. KIND is "rows" (shape, states, levels,
reasons), "code" (files and names) or "tests" (scripts and their tests).
"""
import fnmatch
import os
import re
import subprocess
import sys

COLUMNS = ["Section", "Level", "Requirement", "State", "Code", "Test",
           "Remark"]
DONE, UNSHOWN = "done", "done, not shown by a test"
STATES = (DONE, UNSHOWN, "not done", "not applicable")
LEVELS = ("MUST", "MUST NOT", "MUST-", "SHALL", "SHALL NOT", "REQUIRED",
          "SHOULD", "SHOULD NOT", "RECOMMENDED", "NOT RECOMMENDED", "MAY",
          "OPTIONAL")
RFCS = {"3173", "4301", "4302", "4303", "3948", "4555", "6040", "8221", "8750"}


class Row:
    """One row; cells that stand on several lines are joined."""

    def __init__(self, rfc, line):
        self.rfc, self.line, self.cells = rfc, line, []

    def __getattr__(self, name):
        return self.cells[COLUMNS.index(name.capitalize())]

    def names(self, column):
        """(file, name) of what a cell quotes."""
        for word in re.findall(r"``([^`]*)``", getattr(self, column)):
            yield [w.strip() for w in (word.split(":", 1) + [""])[:2]]


def rows(path):
    out, rfc = [], None
    with open(path, encoding="utf-8") as f:
        for num, line in enumerate(f, 1):
            line = line.rstrip("\n")
            title = re.match(r"RFC (\d+), ", line)
            if title:
                rfc = title[1]
            if line.startswith("   * - "):
                out.append(Row(rfc, num))
            if not out or not line.startswith("     ") and \
                    not line.startswith("   * - "):
                continue
            cell = re.match(r"   [* ] -(?: (.*))?$", line)
            if cell:
                out[-1].cells.append(cell[1] or "")
            elif out[-1].cells:
                out[-1].cells[-1] += " " + line.strip()
    return [r for r in out if r.cells != COLUMNS]


def row_faults(row):
    if len(row.cells) != len(COLUMNS):
        yield "%d columns" % len(row.cells)
        return
    if not re.match(r"([1-9]\d*|[A-Z]\d?)(\.\d+)*$", row.section):
        yield "no section: '%s'" % row.section
    if row.level not in LEVELS:
        yield "unknown level '%s'" % row.level
    if row.state not in STATES:
        yield "unknown state '%s'" % row.state
    if not row.requirement:
        yield "no requirement"
    code, test = list(row.names("code")), list(row.names("test"))
    if row.state in (DONE, UNSHOWN) and not code:
        yield "'%s' without code" % row.state
    if row.state == DONE and not test:
        yield "'done' without a test"
    if row.state != DONE and test:
        yield "'%s' and yet a test" % row.state
    if row.state not in (DONE, UNSHOWN) and len(row.remark.strip()) < 3:
        yield "'%s' without a reason" % row.state
    for column in ("code", "test"):
        if re.sub(r"``[^`]*``,?", "", getattr(row, column)).strip():
            yield "%s: not FILE: NAME in double backquotes" % column


def code_faults(row, tree, cache={}):
    for path, name in row.names("code"):
        if path not in cache:
            try:
                with open(os.path.join(tree, path), encoding="utf-8") as f:
                    cache[path] = f.read()
            except OSError:
                cache[path] = None
        text = cache[path]
        if text is None:
            yield "no file %s" % path
        elif name.endswith("()"):
            # a definition begins its line, or its line but for a macro
            if not re.search(r"^[A-Za-z_][^;={\n]*\b%s\(" %
                             re.escape(name[:-2]), text, re.M):
                yield "no function %s in %s" % (name, path)
        elif not re.search(r"\b%s\b" % re.escape(name), text) or not name:
            yield "no %s in %s" % (name or "name", path)


def tests_of(path):
    """Names of the tests of a file, None if there is no such file."""
    if not os.path.isfile(path):
        return None
    if path.endswith(".sh"):
        return subprocess.run(
            [path], env={**os.environ, "NFIPSEC_TEST_LIST": "1"}, text=True,
            stdin=subprocess.DEVNULL, capture_output=True,
            check=False).stdout.splitlines()
    with open(path, encoding="utf-8") as f:
        return re.findall(r'\{ "([^"]*)",', f.read())


def test_faults(row, tree, cache={}):
    for path, name in row.names("test"):
        if path not in cache:
            cache[path] = tests_of(os.path.join(tree, "selftests", path))
        if cache[path] is None:
            yield "no script selftests/%s" % path
        elif not fnmatch.filter(cache[path], name.replace("[", "[[]")):
            yield "%s has no test '%s'" % (path, name)


def faults(kind, path, tree):
    table = rows(path)
    if kind == "rows":
        for rfc in sorted(RFCS - {r.rfc for r in table}):
            yield "no table for RFC %s" % rfc
    for row in table:
        found = row_faults(row)
        if kind != "rows":
            if len(row.cells) != len(COLUMNS):
                continue
            found = {"code": code_faults, "tests": test_faults}[kind](row, tree)
        for text in found:
            yield "%s:%d: RFC %s %s: %s" % (
                os.path.basename(path), row.line, row.rfc,
                row.cells[0] if row.cells else "", text)


bad = list(faults(*sys.argv[1:]))
print("\n".join(bad), end="\n" if bad else "")
sys.exit(bool(bad))
