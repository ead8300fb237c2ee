"""docs/registries.md: what it says to write is taken by the programs, and the tests that it names are there."""

import re
import subprocess
import tempfile

from ..discovery import all_tests
from .case import Case
from .documents_test import read

_PAGE = read("docs/registries.md")


class Registries(Case):
    def test_every_configuration_of_the_page_of_registries_is_known_to_both_programs(self):
        blocks = [re.sub("(?m)^  ", "", block) for block in re.findall(r"(?s)```toml\n(.*?)```", _PAGE)]
        self.assertGreater(len(blocks), 8)
        for block in blocks:
            for program in (self.programs.agent, self.programs.tracker):
                with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
                    file.write(block)
                    file.flush()
                    run = subprocess.run([program, "serve", "--config", file.name, "--print-config"], capture_output=True,
                                         text=True, timeout=30)
                self.assertEqual(run.returncode, 0, block + run.stderr)

    def test_every_registry_of_the_page_names_its_tests(self):
        table = _PAGE.partition("| registry | with a credential")[2].partition("\n\n")[0]
        words = [word for row in table.splitlines()[2:] for word in re.findall(r"`(\w+)`", row.split("|")[3])]
        words = [word for word in words if word != "SHOAL_DISTRIBUTION"]
        self.assertGreater(len(words), 14)
        names = [test.id() for test in all_tests(__package__)]
        self.assertEqual([word for word in words if not any(word in name for name in names)], [])
