"""Ownership is shared only for a reason: few uses of shared_ptr, or a type whose comment "Shared:" says why."""

import re

MOST_IN_A_THOUSAND_LINES = 5
_USE = re.compile(r"std::shared_ptr<((?:[^<>]|<[^<>]*>)*)>")
_EXPLAINED_LINE = re.compile(r"// Shared:[^\n]*\n(?:[ \t]*//[^\n]*\n)*[^\n]*")
_ALIAS = re.compile(r"//[^\n]*\n\s*using \w+ = std::shared_ptr<[^\n]*|using \w+ = std::shared_ptr<[^\n]*//[^\n]*")
_TYPE = re.compile(r"// Shared:[^\n]*\n(?:[ \t]*//[^\n]*\n)*[ \t]*(?:class|struct) (\w+)|"
                   r"\b(?:class|struct) (\w+)[^\n]*// Shared:")


def explained_types(texts):
    """Types whose comment begins with "Shared:"; each use of a pointer to one of them has its reason there."""
    return {name for text in texts for match in _TYPE.findall(text) for name in match if name}


def uses(text, explained):
    """Uses of `std::shared_ptr<` outside comments, outside aliases with a comment beside or above, and of other types.
    A line below a comment "Shared:" has its reason there."""
    code = re.sub(r"//[^\n]*", "", _ALIAS.sub("", _EXPLAINED_LINE.sub("", text)))
    return sum(re.findall(r"\w+", pointed)[-1] not in explained for pointed in _USE.findall(code))


def too_many_pointers(texts):
    """`texts`: path -> text of the programs' code."""
    explained = explained_types(texts.values())
    found = {path: uses(text, explained) for path, text in texts.items()}
    lines = sum(text.count("\n") for text in texts.values())
    total = sum(found.values())
    if total * 1000 > MOST_IN_A_THOUSAND_LINES * lines:
        most = ", ".join(f"{path} {count}" for path, count in sorted(found.items(), key=lambda entry: -entry[1])[:8])
        yield (f"{total} uses of std::shared_ptr in {lines} lines, at most {MOST_IN_A_THOUSAND_LINES} in 1,000; "
               f"most in {most}")
