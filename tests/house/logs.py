"""A log event has a constant text, and the field for a cause has one name."""

import re

_CALL = re.compile(r'\blog::(?:debug|info|warning|error)\(\s*("[^"]*"|[^",]*),\s*')
_LITERAL = re.compile(r'(?:"(?:\\.|[^"\\])*"\s*)+[,)]')


def unsteady_events(path, text):
    for call in _CALL.finditer(text):
        line = text.count("\n", 0, call.start()) + 1
        if not _LITERAL.match(text, call.end()):
            yield f"{path}:{line}: the event is not one string literal"
    for field in re.finditer(r'\{\s*"why"\s*,', text):
        yield f"{path}:{text.count(chr(10), 0, field.start()) + 1}: the field of a cause is called cause"
