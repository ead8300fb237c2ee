"""Every test of a package, and those that words choose."""

import importlib
import pkgutil
import unittest


def all_tests(package):
    found = []
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if module.name.endswith("_test"):
            suite = unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(f"{package}.{module.name}"))
            found += [test for group in suite for test in group]
    return found


def chosen_tests(package, words, nightly=None):
    """All of the nightly run of that name, or of none, and of these the ones whose name contains one of the words."""
    found = [test for test in all_tests(package) if getattr(test, "nightly", None) == nightly]
    return [test for test in found if not words or any(word in sentence(test) or word in test.id() for word in words)]


def sentence(test):
    """The test's name as one: "a cold pull equals a direct pull"."""
    return test.id().rpartition(".test_")[2].replace("_", " ")
