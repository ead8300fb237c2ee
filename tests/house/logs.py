"""A log event has a constant text, the field for a cause has one name, and a warning says what to do next."""

import re

_CALL = re.compile(r'\blog::(?:debug|info|warning|error)\(\s*("[^"]*"|[^",]*),\s*')
_WARNING = re.compile(r'\blog::(?:warning|error)\((.*?)\);', re.DOTALL)
_LITERAL = re.compile(r'(?:"(?:\\.|[^"\\])*"\s*)+[,)]')


def unsteady_events(path, text):
    for call in _CALL.finditer(text):
        line = text.count("\n", 0, call.start()) + 1
        if not _LITERAL.match(text, call.end()):
            yield f"{path}:{line}: the event is not one string literal"
    for field in re.finditer(r'\{\s*"why"\s*,', text):
        yield f"{path}:{text.count(chr(10), 0, field.start()) + 1}: the field of a cause is called cause"
    for call in _WARNING.finditer(text):
        if '"next"' not in call.group(1) and not call.group(1).endswith("fields"):
            yield f"{path}:{text.count(chr(10), 0, call.start()) + 1}: a warning without the field next, which says what to do"
