"""Each rule of the house by a good and a bad example."""

import unittest

from .citations import missing_citations
from .clocks import own_clocks
from .logs import unsteady_events
from .pointers import too_many_pointers
from .results import dropped_results, functions_of_results
from .rooms import broken_rooms, includes_upward, rooms_of
from .secrets import shown_secrets


class Results(unittest.TestCase):
    HEADER = "Task<Result<void>> fetch(int a);\nTask<Result<std::vector<int>>> A::read();\nTask<void> respond(int a);\n"

    def _faults(self, statement):
        return list(dropped_results("a.cpp", statement, functions_of_results([self.HEADER])))

    def test_a_dropped_result_behind_a_co_await_is_a_fault(self):
        self.assertEqual(self._faults("{\n  co_await fetch(f(1));\n}"),
                         ["a.cpp:2: the Result of fetch is not looked at"])
        self.assertEqual(len(self._faults("if (x) co_await a.b(2)->read();")), 1)

    def test_a_result_that_is_looked_at_and_a_task_of_nothing_are_good(self):
        self.assertEqual(self._faults("const auto read = co_await a.read();\n if (!co_await fetch(1)) return;\n"
                                      "co_await respond(fetch(1));\n// co_await fetch(2);\n"), [])

    def test_a_name_that_also_returns_nothing_cannot_be_told(self):
        self.assertEqual(functions_of_results([self.HEADER, "Task<void> fetch();"]), {"read"})


class Citations(unittest.TestCase):
    FILES = {"ARCHITECTURE.md", "docs/protocol.md", "agent/a.hpp"}

    def _faults(self, line, path="agent/a.hpp"):
        return list(missing_citations(path, line, self.FILES))

    def test_a_page_of_the_repository_is_good(self):
        self.assertEqual(self._faults("// Source: docs/protocol.md, ARCHITECTURE.md; OCI descriptor.md#digests"), [])
        self.assertEqual(self._faults("see [it](../ARCHITECTURE.md) and protocol.md", "docs/protocol.md"), [])

    def test_a_document_that_is_not_there_is_a_fault(self):
        for line in ("// DESIGN" " section 4", "// measured: evidence" "/swarm.md", "// docs/" "nothing.md"):
            self.assertEqual(len(self._faults(line)), 1, line)


class Rooms(unittest.TestCase):
    TABLE = ("## The rooms\n\n| room | what |\n|---|---|\n| `agent/pull` | x |\n| `shared/core`, `shared/log` | y |\n\n"
             "## Threads\n")
    GOOD = {"agent/pull/CMakeLists.txt": "shoal_room(agent_pull)\n", "shared/core/CMakeLists.txt": "shoal_room(core)\n",
            "shared/log/CMakeLists.txt": "shoal_room(log spdlog)\n",
            "agent/pull/a.cpp": 'namespace shoal::agent::pull {\nlog::info("pull", "x");\n',
            "shared/core/b.hpp": "namespace shoal::inline core {\n"}

    def _faults(self, path, text):
        return list(broken_rooms(self.TABLE, {**self.GOOD, path: text}))

    def test_the_table_names_the_rooms(self):
        self.assertEqual(rooms_of(self.TABLE), ["agent/pull", "shared/core", "shared/log"])

    def test_rooms_that_are_directory_target_namespace_and_log_word_are_good(self):
        self.assertEqual(list(broken_rooms(self.TABLE, self.GOOD)), [])

    def test_each_of_the_four_may_be_wrong(self):
        self.assertEqual(len(self._faults("shared/core/CMakeLists.txt", "shoal_room(base)\n")), 1)
        self.assertEqual(len(self._faults("shared/new/CMakeLists.txt", "shoal_room(new)\n")), 1)
        self.assertEqual(len(self._faults("shared/core/b.hpp", "namespace shoal {\n")), 1)
        self.assertEqual(len(self._faults("agent/pull/a.cpp", 'log::warning(\n    "agent", "x");\n')), 1)

    def test_an_include_points_down_the_table_inside_a_program_too(self):
        table = "## The rooms\n\n| `agent` | x |\n| `agent/pull` | x |\n| `agent/link` | y |\n"
        down = {"agent/a.cpp": '#include "agent/pull/a.hpp"\n', "agent/pull/a.cpp": '#include "agent/link/a.hpp"\n'}
        self.assertEqual(list(includes_upward(table, down)), [])
        up = {"agent/link/a.cpp": '#include "agent/pull/a.hpp"\n', "agent/pull/a.hpp": '#include "agent/config.hpp"\n'}
        self.assertEqual(len(list(includes_upward(table, up))), 2)


class Logs(unittest.TestCase):
    def test_a_literal_event_is_good(self):
        self.assertEqual(list(unsteady_events("a.cpp", 'log::info("pull", "layer pulled",\n {{"cause", what}});\n'
                                                       'log::info("pull", "one "\n "two");')), [])

    def test_an_event_that_changes_and_a_field_called_why_are_faults(self):
        self.assertEqual(len(list(unsteady_events("a.cpp", 'log::info("pull", ok ? "a" : "b", {});'))), 1)
        self.assertEqual(len(list(unsteady_events("a.cpp", 'log::info("pull", "a", {{"why", what}});'))), 1)


    def test_a_warning_says_what_to_do_next(self):
        self.assertEqual(list(unsteady_events("a.cpp", 'log::warning("store", "disk fails",\n {{"next", "look at it"}});')), [])
        self.assertEqual(len(list(unsteady_events("a.cpp", 'log::error("store", "disk fails", {{"cause", what}});'))), 1)


class Clocks(unittest.TestCase):
    def test_a_given_clock_is_good_and_so_is_a_word_about_the_machines(self):
        self.assertEqual(list(own_clocks("agent/a.cpp", "const Time due = clock.now() + limit;\n// steady_clock::now\n"
                                                        "clock.set(timer, limit); start_steady_system_clock();")), [])

    def test_the_machines_clock_is_a_fault_under_any_name_and_so_is_a_timer_set_by_it(self):
        for line in ("const auto due = std::chrono::steady_clock::now();", "using Steady = std::chrono::steady_clock;",
                     "timer.expires_after(limit);"):
            self.assertEqual(len(list(own_clocks("shared/http/a.cpp", line))), 1, line)

    def test_the_clock_itself_reads_it_and_the_swarms_thread_has_a_timer_of_its_own(self):
        self.assertEqual(list(own_clocks("shared/core/clock.hpp", "return std::chrono::steady_clock::now();")), [])
        session = "shared/swarm/libtorrent/session.cpp"
        self.assertEqual(list(own_clocks(session, "timer_.expires_after(tick_interval);")), [])
        self.assertEqual(len(list(own_clocks(session, "std::chrono::steady_clock::now()"))), 1)


class Secrets(unittest.TestCase):
    def test_a_secret_by_its_name_has_its_type(self):
        for line in ("std::string password;", "std::string authorization{};", "Task<void> f(std::string authorization) {",
                     "const std::string& caller_token, int b);", "std::optional<std::string> token = find();", "Bytes token_;"):
            self.assertEqual(len(list(shown_secrets("agent/a.hpp", line))), 1, line)
        for line in ("Secret password;", "std::string password_file;", "std::string credential_helper;", "std::string token_key{};",
                     "const Bytes secret_;", "// std::string password;", 'key("std::string password;");', "std::string tokens;"):
            self.assertEqual(list(shown_secrets("agent/a.hpp", line)), [], line)

    def test_a_secrets_text_is_read_in_few_places(self):
        line = "log(authorization.reveal());"
        self.assertEqual(len(list(shown_secrets("agent/registry/blobs.cpp", line))), 1)
        self.assertEqual(list(shown_secrets("shared/http/request_text.cpp", line)), [])


class Pointers(unittest.TestCase):
    def _faults(self, line, lines=99):
        return list(too_many_pointers({"a.hpp": line + "\n" * lines}))

    def test_few_uses_are_good(self):
        self.assertEqual(self._faults("std::shared_ptr<A> a;", 200), [])

    def test_a_type_or_an_alias_with_its_reason_is_good(self):
        for line in ("// A file.\n// Shared: three threads\n// read it.\nclass File {\n};\nstd::shared_ptr<a::File> f;",
                     "struct Job {  // Shared: the pool's thread outlives its caller.\n};\nstd::shared_ptr<Job> f;",
                     "using A = std::shared_ptr<B>;  // the frame outlives its caller",
                     "  // Shared: a frame may\n  // outlive it.\n  std::shared_ptr<int> used_;"):
            self.assertEqual(self._faults(line), [], line)

    def test_more_uses_than_five_in_a_thousand_lines_are_a_fault(self):
        self.assertEqual(len(self._faults("std::shared_ptr<A> a;")), 1)
        self.assertEqual(len(self._faults("using A = std::shared_ptr<B>;")), 1)
        self.assertEqual(len(self._faults("// A file.\nclass File {\n};\nstd::shared_ptr<File> f;")), 1)
