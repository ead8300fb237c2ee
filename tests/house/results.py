"""No Result is dropped behind a co_await, where g++ 12 does not warn of it."""

import re

from .cpp import without_noise

_DECLARED = re.compile(r"\bTask<(Result<|void>|\w)[^;={}]*?>\s+(?:\w+::)*(\w+)\s*\(")
_DROPPED = re.compile(r"(?:^|[;{}]|\belse\b|\))\s*co_await\s+([^;={}]*);", re.MULTILINE)


def functions_of_results(texts):
    """Names that return Task<Result<...>> wherever they are declared; without those that also return another task."""
    results, others = set(), set()
    for text in texts:
        for kind, name in _DECLARED.findall(without_noise(text)):
            (results if kind == "Result<" else others).add(name)
    return results - others


def dropped_results(path, text, functions):
    text = without_noise(text)
    for statement in _DROPPED.finditer(text):
        name = _called_last(statement[1])
        if name in functions:
            line = text.count("\n", 0, statement.start(1)) + 1
            yield f"{path}:{line}: the Result of {name} is not looked at"


def _called_last(expression):
    """`c` of `a(x).b->c(y)`."""
    while True:
        shorter = re.sub(r"\([^()]*\)", "@", expression)
        if shorter == expression:
            break
        expression = shorter
    called = re.search(r"(\w+)@\s*$", expression)
    return called[1] if called else None
