"""A reason stands in the repository: no comment and no page cites a document that is not there."""

import os
import re

_PRIVATE = re.compile(r"\bDESIGN\b|\bevidence/")
_PAGE = re.compile(r"(?<![\w/.:-])(?:\.\./)*[\w][\w/.-]*\.md\b")
# Pages of specifications that others publish.
ELSEWHERE = {"descriptor.md", "manifest.md", "image-index.md"}


def missing_citations(path, text, files):
    """`files`: every path of the repository."""
    names = {os.path.basename(file) for file in files}
    for number, line in enumerate(text.splitlines(), 1):
        for word in _PRIVATE.findall(line):
            yield f"{path}:{number}: cites {word}, which is not in the repository"
        for page in _PAGE.findall(line):
            beside = os.path.normpath(os.path.join(os.path.dirname(path), page))
            is_there = page in files or beside in files or ("/" not in page and page in names)
            if not is_there and page not in ELSEWHERE and not page.startswith("evidence/"):
                yield f"{path}:{number}: cites {page}, which is not in the repository"
