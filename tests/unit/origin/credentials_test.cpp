// Where a registry's credential comes from, how long a helper's answer is kept, and what a failure costs.
#include "shared/origin/credentials.hpp"

#include <catch2/catch.hpp>

#include "tests/doubles/loop_thread.hpp"
#include "tests/unit/origin/credential_script.hpp"

using namespace shoal;
using namespace shoal::origin;
using namespace shoal::test;

namespace {

class Sources {
 public:
  Sources() {
    target.name = "reg.test";
    target.url = *http::parse_url("https://reg.test");
  }
  ~Sources() {
    loop_->stop();
    loop_.reset();  // a helper under way looks at the clock
  }

  Target target;

  // "user:password", "nothing", or the fault.
  std::string find(const std::string& repository = "lib/a") {
    return text(loop_->wait_for(credentials_.find(target, repository)));
  }
  std::future<Result<std::optional<Credential>>> start() { return loop_->start(credentials_.find(target, "lib/a")); }
  static std::string text(const Result<std::optional<Credential>>& answer) {
    if (!answer) return answer.error().what;
    return *answer ? (*answer)->username + ":" + std::string((*answer)->password.reveal()) : "nothing";
  }
  void drop() {
    loop_->on_loop([&] { credentials_.drop(target); });
  }
  void pass(Milliseconds time) {
    loop_->on_loop([&] { clock_.advance(time); });
  }
  void use(const HelperScript& helper) { target.credential_helper = helper.path(); }

  Metrics metrics;

 private:
  std::optional<LoopThread> loop_{std::in_place};
  ManualClock clock_{loop_->loop()};
  Credentials credentials_{clock_, metrics};
};

void write(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("without a source there is no credential") {
  Sources sources;
  CHECK(sources.find() == "nothing");
}

TEST_CASE("a credential is what its files hold now, without the last line break") {
  const TemporaryDirectory directory;
  Sources sources;
  sources.target.username_file = directory.path() + "/user";
  sources.target.password_file = directory.path() + "/password";
  CHECK_THAT(sources.find(), Catch::StartsWith("username_file " + sources.target.username_file) &&
                                 Catch::Contains("[upstreams.\"reg.test\"]"));
  CHECK(sources.metrics.files_unreadable.value() == 1);
  write(sources.target.username_file, "me\n");
  write(sources.target.password_file, "two words \r\n");
  CHECK(sources.find() == "me:two words ");
  write(sources.target.password_file, "rotated");
  CHECK(sources.find() == "me:rotated");
  for (const std::string& bad : {std::string(), std::string("\n"), std::string("a\nb\n"), std::string(100'000, 'x')}) {
    write(sources.target.password_file, bad);
    CHECK_THAT(sources.find(), Catch::StartsWith("password_file " + sources.target.password_file));
  }
  write(sources.target.password_file, "x");
  write(sources.target.username_file, "a:b");
  CHECK_THAT(sources.find(), Catch::Contains("cannot contain a colon"));
}

TEST_CASE("the key of a Google service account may be a password of several lines") {
  const TemporaryDirectory directory;
  Sources sources;
  sources.target.username_file = directory.path() + "/user";
  sources.target.password_file = directory.path() + "/password";
  write(sources.target.username_file, "_json_key\n");
  write(sources.target.password_file, "{\n  \"type\": \"service_account\"\n}\n");
  CHECK(sources.find() == "_json_key:{\n  \"type\": \"service_account\"\n}");
}

TEST_CASE("an auth file is read each time, for the repository that is asked") {
  const TemporaryDirectory directory;
  Sources sources;
  sources.target.auth_file = directory.path() + "/auth.json";
  CHECK_THAT(sources.find(), Catch::StartsWith("auth_file " + sources.target.auth_file));
  write(sources.target.auth_file, "nonsense");
  CHECK_THAT(sources.find(), Catch::StartsWith("auth_file " + sources.target.auth_file));
  CHECK(sources.metrics.files_unreadable.value() == 2);
  write(sources.target.auth_file, R"({"auths":{"reg.test/team":{"auth":"bWU6c2VjcmV0"}}})");
  CHECK(sources.find("team/app") == "me:secret");
  CHECK(sources.find("other/app") == "nothing");
  write(sources.target.auth_file, R"({"auths":{"reg.test/team":{"auth":"eW91OmhpZGRlbg=="}}})");
  CHECK(sources.find("team/app") == "you:hidden");
}

TEST_CASE("a helper that an auth file names is asked for that registry, and may know nothing of it") {
  const HelperScript helper(gives_me);
  Sources sources;
  sources.target.auth_file = helper.directory() + "/config.json";
  write(sources.target.auth_file, R"({"credHelpers":{"reg.test":")" + helper.path() + R"("}})");
  CHECK(sources.find() == "me:secret");
  CHECK(helper.runs() == "get reg.test\n");
  HelperScript empty("echo 'credentials not found in native keychain'; exit 1");
  write(sources.target.auth_file, R"({"credsStore":")" + empty.path() + R"("})");
  CHECK(sources.find() == "nothing");
  CHECK(sources.metrics.helpers_failed.value() == 0);
}

TEST_CASE("a helper's answer is kept for six hours, or until the registry has refused it") {
  HelperScript helper(gives_me);
  Sources sources;
  sources.use(helper);
  CHECK(sources.find() == "me:secret");
  helper.write(R"(echo '{"Username":"me","Secret":"renewed"}')");
  sources.pass(Credentials::longest_kept - Milliseconds(1));
  CHECK(sources.find() == "me:secret");
  CHECK(helper.count() == 1);
  sources.pass(Milliseconds(1));
  CHECK(sources.find() == "me:renewed");
  helper.write(gives_me);
  sources.pass(Milliseconds(60'000));
  sources.drop();
  CHECK(sources.find() == "me:secret");
  CHECK(helper.count() == 3);
}

TEST_CASE("a credential that is refused again and again starts a helper once in ten seconds") {
  const HelperScript helper(gives_me);
  Sources sources;
  sources.use(helper);
  for (int i = 0; i < 5; ++i) {
    CHECK(sources.find() == "me:secret");
    sources.drop();
  }
  CHECK(helper.count() == 1);
  sources.pass(Credentials::shortest_kept);
  CHECK(sources.find() == "me:secret");
  CHECK(helper.count() == 2);
}

TEST_CASE("many requests at once start one helper") {
  const HelperScript helper("while [ ! -e ${0%/*}/go ]; do sleep 0.01; done; " + std::string(gives_me));
  Sources sources;
  sources.use(helper);
  std::vector<std::future<Result<std::optional<Credential>>>> answers;
  for (int i = 0; i < 20; ++i) answers.push_back(sources.start());
  write(helper.directory() + "/go", "");
  for (auto& answer : answers) CHECK(Sources::text(answer.get()) == "me:secret");
  CHECK(helper.count() == 1);
}

TEST_CASE("a helper that fails is told with the next step, counted, and run again after ten seconds") {
  HelperScript helper("echo hunter2; exit 3");
  Sources sources;
  sources.use(helper);
  const std::string fault = sources.find();
  CHECK_THAT(fault, Catch::Contains("exits with 3") && Catch::Contains("echo reg.test | " + helper.path() + " get") &&
                        !Catch::Contains("hunter2"));
  CHECK(sources.find() == fault);
  CHECK(helper.count() == 1);
  CHECK(sources.metrics.helpers_failed.value() == 1);
  helper.write(gives_me);
  sources.pass(Credentials::shortest_kept);
  CHECK(sources.find() == "me:secret");
}

TEST_CASE("a helper that is configured and knows nothing of its registry has failed") {
  const HelperScript helper("echo 'credentials not found in native keychain'; exit 1");
  Sources sources;
  sources.use(helper);
  CHECK_THAT(sources.find(), Catch::Contains("has no credential for reg.test"));
  CHECK(sources.metrics.helpers_failed.value() == 1);
}

TEST_CASE("a helper that is not there is told with its key") {
  Sources sources;
  sources.target.credential_helper = "that-nobody-has";
  CHECK_THAT(sources.find(), Catch::StartsWith("credential_helper docker-credential-that-nobody-has: is in no directory of PATH"));
  CHECK(sources.metrics.files_unreadable.value() == 1);
  const TemporaryDirectory directory;
  sources.target.credential_helper.clear();
  sources.target.auth_file = directory.path() + "/config.json";
  write(sources.target.auth_file, R"({"credsStore":"that-nobody-has-either"})");
  CHECK_THAT(sources.find(), Catch::StartsWith("auth_file " + sources.target.auth_file + ": docker-credential-that-nobody-has-either"));
}

TEST_CASE("a helper under way ends with the loop") {
  const HelperScript helper("sleep 1000");
  {
    Sources sources;
    sources.use(helper);
    const auto answer = sources.start();
    while (helper.runs().empty()) std::this_thread::yield();
  }
  CHECK(helper.count() == 1);
}
