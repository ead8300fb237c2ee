"""The documents say what is there: log events, configuration keys, files, functions and links."""

import glob
import os
import re
import unittest

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_CALL = re.compile(r'log::(warning|error)\(\s*(?:"[^"]*"|\w+),(.*?)\);', re.DOTALL)
_OF_THE_LOG = ("log lines dropped", "warning")  # the one event that the log itself writes
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_FILE = re.compile(r"`((?:agent|tracker|shared|tests|simulations|docs|systemd)/[\w./]*\w)`")
_FUNCTION = re.compile(r"`(?:\w+::)+(\w+)(?:\(\w*\))?`")
_LINK = re.compile(r"\]\(([^):]*?)(?:#([^)]+))?\)")


def read(path):
    with open(os.path.join(_ROOT, path), encoding="utf-8") as file:
        return file.read()


def pages():
    """Markdown files of the repository, relative to its root."""
    found = glob.glob("*.md", root_dir=_ROOT) + glob.glob("docs/*.md", root_dir=_ROOT)
    return sorted(found) + ["tests/README.md", "simulations/README.md"]


def sources():
    """C++ texts of the programs."""
    for room in ("agent", "tracker", "shared"):
        for path in glob.glob(os.path.join(room, "**", "*.[ch]pp"), root_dir=_ROOT, recursive=True):
            yield read(path)


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


def anchors_of(document):
    """As GitHub makes them of headings: lower case, without punctuation, hyphens for spaces."""
    headings = re.findall(r"^#+ (.*)$", document, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class LogEvents(unittest.TestCase):
    def test_the_table_of_log_events_is_what_the_programs_write(self):
        written = set().union(*(events_of(source) for source in sources()))
        self.assertIn(f'"{_OF_THE_LOG[0]}"', read("shared/log/log.cpp"))
        written.add(_OF_THE_LOG)
        self.assertGreater(len(written), 20)
        documented = events_in(read("docs/operating.md"))
        self.assertEqual(sorted(written - documented), [], "not in the table")
        self.assertEqual(sorted(documented - written), [], "only in the table")

    def test_a_call_over_several_lines_is_read_whole(self):
        source = 'log::warning("store", "cannot remove "\n  "a file", {{"cause", "x"}});\nlog::info("a", "b");'
        self.assertEqual(events_of(source), {("cannot remove a file", "warning")})

    def test_a_row_may_name_several_events(self):
        document = "## Log events\n\n| event | level | x |\n|---|---|---|\n| `a b`, `c` | error | d |\n\n## Next\n"
        self.assertEqual(events_in(document), {("a b", "error"), ("c", "error")})


class Names(unittest.TestCase):
    def test_every_configuration_key_is_in_the_tables(self):
        keys = set(re.findall(r'key\((?:section, )?\s*"(\w+)"', "\n".join(sources())))
        self.assertGreater(len(keys), 20)
        section = read("docs/operating.md").partition("## Configuration")[2].partition("\n## ")[0]
        named = {word for text in re.findall(r"`([^`]+)`", section) for word in re.findall(r"\w+", text)}
        self.assertEqual(sorted(keys - named), [])

    def test_every_file_that_a_page_names_is_there(self):
        missing = [(page, name) for page in pages() for name in _FILE.findall(read(page))
                   if not os.path.exists(os.path.join(_ROOT, name)) and
                   not glob.glob(os.path.join(_ROOT, name) + ".[ch]pp")]
        self.assertEqual(missing, [])

    def test_every_link_between_pages_leads_to_a_heading(self):
        broken = []
        for page in pages():
            for target, anchor in _LINK.findall(read(page)):
                path = os.path.normpath(os.path.join(os.path.dirname(page), target)) if target else page
                if not os.path.exists(os.path.join(_ROOT, path)) or (anchor and anchor not in anchors_of(read(path))):
                    broken.append((page, target, anchor))
        self.assertEqual(broken, [])

    def test_every_function_that_architecture_names_is_in_the_code(self):
        code = "\n".join(sources())
        names = _FUNCTION.findall(read("ARCHITECTURE.md"))
        self.assertGreater(len(names), 10)
        self.assertEqual([name for name in names if not re.search(rf"\b{name}\b", code)], [])
