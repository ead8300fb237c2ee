"""C++ by layout, as far as the rules need it: text without comments and strings, and the classes with their members.

A small lexer instead of ctags, which is not on every machine. It knows declarations as this project writes them.
"""

import re
from dataclasses import dataclass, field

_NOISE = re.compile(r"""//[^\n]*|/\*.*?\*/|R"\(.*?\)"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'(?!\w)|^[ \t]*#[^\n]*""",
                    re.DOTALL | re.MULTILINE)
_CLASS = re.compile(r"\b(?:class|struct)\s+(?:\[\[\w+\]\]\s*)?(\w+)(?:\s+final)?\s*(?::[^;{}()=]*)?\{")
_NOT_A_MEMBER = re.compile(r"(using|friend|typedef|static_assert|enum)\b|(class|struct) \w+$|"
                           r"static constexpr\b[^()]*[={]|static const\b")


@dataclass
class Class:
    name: str
    line: int
    methods: list = field(default_factory=list)
    data: list = field(default_factory=list)


def without_noise(text):
    """The same text with comments, strings and preprocessor lines blanked: lines keep their numbers."""
    def blank(match):
        kept = '""' if match[0].startswith(('"', "R")) else "0" if match[0].startswith("'") else ""
        return kept + "\n" * match[0].count("\n")
    return _NOISE.sub(blank, text)


def classes(text):
    """Every class and struct with a body, nested ones by themselves."""
    text = without_noise(text)
    found = []
    for opening in _CLASS.finditer(text):
        if re.search(r"\benum\s*$|[<,]\s*$", text[:opening.start()]):
            continue
        one = Class(opening[1], text.count("\n", 0, opening.start()) + 1)
        for statement in _statements(text[opening.end():_end_of_block(text, opening.end() - 1)]):
            _add_member(one, statement)
        found.append(one)
    return found


def _end_of_block(text, start):
    """The place of the brace that closes the one at `start`."""
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] == "{") - (text[place] == "}")
        if depth == 0:
            return place
    return len(text)


def _statements(body):
    """Declarations of a class's body, each with its blocks as `{}`. A function's body ends its declaration."""
    statement, place = "", 0
    while place < len(body):
        if body[place] == "{":
            place = _end_of_block(body, place)
            statement = re.sub(r"\brequires\s+requires\s*\([^()]*\)\s*\{\}$", "", statement + "{}")
            rest = body[place + 1:].lstrip()
            if _is_function(_head(statement)) and not rest.startswith((",", "{")):
                yield _clean(statement)
                statement = ""
        elif body[place] == ";":
            yield _clean(statement)
            statement = ""
        else:
            statement += body[place]
        place += 1


def _clean(statement):
    statement = re.sub(r"\b(public|protected|private)\s*:(?!:)", " ", statement)
    statement = " ".join(statement.split())
    while statement.startswith("template"):
        statement = statement[len(_angles(statement[len("template"):].lstrip())) + len("template"):].lstrip()
        statement = re.sub(r"^>?\s*(requires\b.*?(?=\b(?:void|auto|static|explicit)\b))?", "", statement)
    return statement


def _angles(text):
    """`<...>` at the start of the text, with a space."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "<") - (character == ">")
        if depth == 0:
            return text[:place + 1] + " "
    return text


def _head(statement):
    """Up to an initialiser or a block, without what stands in angle brackets."""
    head, depth = "", 0
    if "operator" in statement:
        return statement
    for place, character in enumerate(statement):
        if character == ">" and statement[place - 1] != "-":
            depth -= 1
        if depth == 0 and character in "={":
            break
        if depth == 0 and character != ">":
            head += character
        if character == "<":
            depth += 1
    return head


def _is_function(head):
    is_pointer = head.partition("(")[2].startswith("*")
    return ("(" in head and not is_pointer) or "operator" in head


def _add_member(one, statement):
    if not statement or _NOT_A_MEMBER.match(statement):
        return
    nested = re.match(r"(?:class|struct|union)\b.*?\{\}(.*)", statement)
    if nested:
        one.data += [name for name in nested[1].split(",") if name.strip()]
        return
    if _is_function(_head(statement)):
        if not re.search(r"= *(default|delete)$", statement):
            one.methods.append(statement)
    elif not statement.startswith("static constexpr"):
        depth = 0
        names = 1
        for character in re.sub(r"->", "", statement):
            depth += (character in "<({") - (character in ">)}")
            names += character == "," and depth == 0
        one.data += [statement] * names
