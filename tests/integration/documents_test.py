"""docs/operating.md has each log event of level warning and error that the programs write, and no other."""

import glob
import os
import re
import unittest

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_CALL = re.compile(r'log::(warning|error)\(\s*(?:"[^"]*"|\w+),(.*?)\);', re.DOTALL)
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


def events_of(source):
    """(event, level) of each call in C++ text: the strings before its fields, adjacent literals joined."""
    found = set()
    for level, arguments in _CALL.findall(source):
        text = re.sub(r'"\s*\n\s*"', "", arguments.partition("{{")[0])
        found |= {(event, level) for event in _TEXT.findall(text)}
    return found


def events_in(document):
    """(event, level) of each row of the table of log events."""
    section = document.partition("## Log events")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("|")][2:]
    return {(event, level.strip()) for events, level in rows for event in re.findall(r"`([^`]+)`", events)}


class LogEvents(unittest.TestCase):
    def test_the_table_of_log_events_is_what_the_programs_write(self):
        written = set()
        for room in ("agent", "tracker", "shared"):
            for path in glob.glob(os.path.join(_ROOT, room, "**", "*.[ch]pp"), recursive=True):
                with open(path, encoding="utf-8") as file:
                    written |= events_of(file.read())
        self.assertGreater(len(written), 20)
        with open(os.path.join(_ROOT, "docs", "operating.md"), encoding="utf-8") as file:
            documented = events_in(file.read())
        self.assertEqual(sorted(written - documented), [], "not in the table")
        self.assertEqual(sorted(documented - written), [], "only in the table")

    def test_a_call_over_several_lines_is_read_whole(self):
        source = 'log::warning("store", "cannot remove "\n  "a file", {{"cause", "x"}});\nlog::info("a", "b");'
        self.assertEqual(events_of(source), {("cannot remove a file", "warning")})

    def test_a_row_may_name_several_events(self):
        document = "## Log events\n\n| event | level | x |\n|---|---|---|\n| `a b`, `c` | error | d |\n\n## Next\n"
        self.assertEqual(events_in(document), {("a b", "error"), ("c", "error")})
