// One run of a docker-credential-* program: what it is given, what it may answer, and when it is given up.
#include "shared/origin/credential_program.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "shared/origin/upstreams.hpp"
#include "tests/unit/origin/credential_script.hpp"

using namespace shoal;
using namespace shoal::origin;
using namespace shoal::test;

namespace {

class Run {
 public:
  explicit Run(const std::string& script) : helper(script) {}

  Result<std::optional<Credential>> run() {
    return run_helper({helper.path(), server, *http::parse_url("https://" + server)}, clock_, is_ending);
  }
  // The same, while time passes.
  Result<std::optional<Credential>> run_for_long() {
    auto answer = std::async(std::launch::async, [this] { return run(); });
    while (answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      std::this_thread::yield();
      if (!helper.runs().empty()) clock_.advance(Milliseconds(1'000));
    }
    return answer.get();
  }
  // "user:password", with "+token" when there is a refresh token, "nothing", or the fault without the program's path.
  std::string text(const Result<std::optional<Credential>>& answer) const {
    if (answer && !*answer) return "nothing";
    if (answer) {
      const Secret& refresh = (*answer)->refresh_token;
      return (*answer)->username + ":" + std::string((*answer)->password.reveal()) +
             (refresh.empty() ? "" : "+" + std::string(refresh.reveal()));
    }
    CHECK(answer.error().kind == ErrorKind::unavailable);
    const std::string& what = answer.error().what;
    return what.starts_with(helper.path()) ? what.substr(helper.path().size() + 1) : what;
  }

  HelperScript helper;
  std::string server = "reg.test";
  std::atomic<bool> is_ending{false};

 private:
  Loop loop_;
  ManualClock clock_{loop_};
};

std::string answer_of(const std::string& script) {
  Run run(script);
  return run.text(run.run());
}

}  // namespace

TEST_CASE("a helper is run with `get`, the server on its standard input, and answers in JSON") {
  Run run(gives_me);
  CHECK(run.text(run.run()) == "me:secret");
  CHECK(run.helper.runs() == "get reg.test\n");
}

TEST_CASE("a helper that knows nothing of the server gives nothing") {
  CHECK(answer_of("echo 'credentials not found in native keychain'; exit 1") == "nothing");
}

TEST_CASE("a helper that fails is told by its exit code or signal, and nothing of what it wrote is shown") {
  CHECK(answer_of("echo hunter2; echo hunter2 >&2; exit 3") == "exits with 3");
  CHECK(answer_of("kill -SEGV $$") == "is ended by signal 11");
}

TEST_CASE("an answer that is no credential is a failure that does not show it") {
  for (const char* bad : {"echo hunter2", "true", "echo '{}'", "echo '[]'", "echo '{\"Username\":\"hunter2\"}'",
                          "echo '{\"Username\":\"a:b\",\"Secret\":\"hunter2\"}'", "echo '{\"Secret\":5,\"Username\":\"x\"}'"}) {
    CAPTURE(bad);
    CHECK(answer_of(bad) == "gives no JSON with Username and Secret");
  }
}

TEST_CASE("the secret of the user <token> is a refresh token, and stands in for a password, at Azure of a user of zeros") {
  Run run(R"(echo '{"Username":"<token>","Secret":"t1"}')");
  CHECK(run.text(run.run()) == "<token>:t1+t1");
  run.server = "x.azurecr.io";
  CHECK(run.text(run.run()) == "00000000-0000-0000-0000-000000000000:t1+t1");
}

TEST_CASE("an answer of 64 KiB is read, a longer one is not") {
  CHECK(answer_of("head -c 60000 /dev/zero | tr '\\0' ' '; " + std::string(gives_me)) == "me:secret");
  CHECK(answer_of("head -c 70000 /dev/zero; " + std::string(gives_me)) == "sends more than 64 KiB");
  CHECK(answer_of("while true; do head -c 70000 /dev/zero; done") == "sends more than 64 KiB");
}

TEST_CASE("a helper that does not end within 10 s is killed with what it has started") {
  Run silent("sleep 1000 & echo $! > ${0%/*}/child; wait");
  CHECK(silent.text(silent.run_for_long()) == "has not answered within 10 s");
  const std::string child = silent.helper.content("child");
  if (!child.empty()) {
    std::ifstream stat("/proc/" + std::to_string(std::stol(child)) + "/stat");
    std::string number, name, state;
    while (stat >> number >> name >> state && state != "Z") {  // until the kernel has done it
      stat.close();
      stat.open("/proc/" + std::to_string(std::stol(child)) + "/stat");
    }
  }
  Run talks("while true; do echo; sleep 0.01; done");
  CHECK_THAT(talks.text(talks.run_for_long()), Catch::Contains("has not answered within 10 s") || Catch::Contains("64 KiB"));
}

TEST_CASE("a helper is given up when the program ends") {
  Run run("sleep 1000");
  run.is_ending = true;
  CHECK(run.text(run.run()) == "is given up: the program ends");
}

TEST_CASE("a process that a helper leaves behind is not waited for") {
  CHECK(answer_of("sleep 1000 & " + std::string(gives_me)) == "me:secret");
}

TEST_CASE("a helper has this program's environment, without what is for its main process alone") {
  setenv("SHOAL_TEST_OF_HELPERS", "x", 1);
  setenv("NOTIFY_SOCKET", "x", 1);
  setenv("TEST_OF_HELPERS", "given", 1);
  CHECK(answer_of(R"(echo "{\"Username\":\"$SHOAL_TEST_OF_HELPERS$NOTIFY_SOCKET\",\"Secret\":\"$TEST_OF_HELPERS\"}")") ==
        ":given");
  unsetenv("SHOAL_TEST_OF_HELPERS");
  unsetenv("NOTIFY_SOCKET");
  unsetenv("TEST_OF_HELPERS");
}

TEST_CASE("a helper has none of this program's descriptors, and leaves none open") {
  const int ours = ::open("/dev/null", O_RDONLY);  // not closed by an exec
  const int high = ::fcntl(ours, F_DUPFD, 100);
  const std::string test = "[ -e /proc/self/fd/" + std::to_string(high) + " ] && exit 9; " + gives_me;
  CHECK(answer_of(test) == "me:secret");
  ::close(high);
  ::close(ours);
  const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(next);
  CHECK(answer_of("exit 1") == "exits with 1");
  const int after = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(after);
  CHECK(next == after);
}

TEST_CASE("a program that is none cannot be started") {
  Run run("");
  std::ofstream(run.helper.path()) << "no program";
  CHECK_THAT(run.run().error().what, Catch::Contains("start " + run.helper.path()));
}

TEST_CASE("a helper is found by its name in PATH, or by its path") {
  const HelperScript helper(gives_me);
  CHECK(find_helper(helper.path()).value() == helper.path());
  CHECK(find_helper("/nowhere/docker-credential-x").error().what == "/nowhere/docker-credential-x: cannot be run");
  const std::string path = std::getenv("PATH");
  setenv("PATH", ("/nowhere::" + helper.directory()).c_str(), 1);
  CHECK(find_helper("test").value() == helper.path());
  CHECK(find_helper("other").error().what == "docker-credential-other: is in no directory of PATH");
  CHECK(find_helper("other").error().fault == Fault::file_unreadable);
  setenv("PATH", path.c_str(), 1);
  for (const char* bad : {"", "../x", "a/b", "a b", "x;y", "$(x)"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_helper_name(bad));
    CHECK_FALSE(find_helper(bad));
  }
  for (const char* good : {"ecr-login", "gcr", "acr-env", "osxkeychain", "/opt/docker-credential-x"}) CHECK(is_helper_name(good));
}
