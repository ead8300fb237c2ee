#include "shared/origin/credentials.hpp"

#include "shared/core/pool.hpp"
#include "shared/log/log.hpp"
#include "shared/origin/configured_files.hpp"
#include "shared/origin/credential_program.hpp"
#include "shared/origin/faults.hpp"

namespace shoal::origin {
namespace {

constexpr std::size_t helpers_at_once = 2;

// A service of the loop, gone with it: helpers under way are killed then.
class HelperThreads final : public asio::execution_context::service {
 public:
  static asio::execution_context::id id;
  explicit HelperThreads(asio::execution_context& context) : service(context) {}
  Pool& pool() { return pool_; }
  const std::atomic<bool>& is_ending() const { return is_ending_; }

 private:
  void shutdown() override {
    is_ending_ = true;
    pool_.join();
  }
  std::atomic<bool> is_ending_{false};
  Pool pool_{helpers_at_once};
};

asio::execution_context::id HelperThreads::id;

Result<Choice> choose_from_file(const Target& target, const std::string& repository) {
  const auto file = read_auth_file(target.auth_file);
  if (!file) return unreadable("auth_file " + file.error().what);
  auto choice = choose(*file, target.url, repository);
  if (!choice) return unreadable("auth_file " + target.auth_file + ": " + choice.error().what);
  return choice;
}

std::string helper_step(const std::string& program, const std::string& server) {
  return "run it as the program's user and in its sandbox: echo " + server + " | " + program + " get";
}

}  // namespace

Task<Result<std::optional<Credential>>> Credentials::find(Target target, std::string repository) {
  Choice choice{{}, target.credential_helper, server_address(target.url)};
  if (!target.auth_file.empty()) {
    const auto chosen = choose_from_file(target, repository);
    if (!chosen) {
      tell(target.name, chosen.error());
      co_return tl::unexpected(with_next_step(chosen.error(), target.name));
    }
    choice = *chosen;
    if (choice.helper.empty()) co_return choice.credential;
  }
  if (!choice.helper.empty()) {
    auto answer = co_await ask(std::move(target), std::move(choice));
    co_return answer;
  }
  auto credential = read_password_files({"username_file", target.username_file, "password_file", target.password_file});
  if (credential) co_return credential;
  tell(target.name, credential.error());
  co_return tl::unexpected(with_next_step(credential.error(), target.name));
}

void Credentials::drop(const Target& target) {
  const std::string prefix = server_address(target.url) + "\n";
  for (auto kept = kept_.lower_bound(prefix); kept != kept_.end() && kept->first.starts_with(prefix); ++kept)
    kept->second.due = std::min(kept->second.due, kept->second.begin + shortest_kept);
}

// What is kept, or comes of a run that is under way, or of one that this starts.
Task<Credentials::Answer> Credentials::ask(Target target, Choice choice) {
  const auto executor = co_await asio::this_coro::executor;
  Kept& kept = kept_[choice.server + "\n" + choice.helper];  // no entry is ever removed
  if (kept.answer && clock_.now() < kept.due) co_return *kept.answer;
  if (kept.is_running) {
    const Clock::Timer wake = std::make_shared<asio::steady_timer>(executor);
    clock_.set(wake, 2 * helper_limit);  // the run may have waited for a thread
    kept.waiting.push_back(wake);
    IoError ignored;
    co_await wake->async_wait(into(ignored));
    std::erase(kept.waiting, wake);
    if (kept.answer && !kept.is_running) co_return *kept.answer;
    co_return fail(ErrorKind::unavailable, "credential helper " + choice.helper + " has not answered yet");
  }
  kept.is_running = true;
  Answer answer = co_await run(std::move(target), std::move(choice));
  kept.is_running = false;
  kept.begin = clock_.now();
  kept.due = kept.begin + (answer ? longest_kept : shortest_kept);
  kept.answer = answer;
  for (const Clock::Timer& timer : kept.waiting) timer->cancel();
  co_return answer;
}

Task<Credentials::Answer> Credentials::run(Target target, Choice choice) {
  const auto executor = co_await asio::this_coro::executor;
  const auto program = find_helper(choice.helper);
  if (!program) {
    Error error = program.error();
    const bool is_of_file = target.credential_helper.empty();
    error.what = (is_of_file ? "auth_file " + target.auth_file + ": " : "credential_helper ") + error.what;
    tell(target.name, error);
    co_return tl::unexpected(with_next_step(std::move(error), target.name));
  }
  auto& threads = asio::use_service<HelperThreads>(loop_of(executor));
  auto work = [run = HelperRun{*program, choice.server, target.url}, clock = &clock_, ending = &threads.is_ending()] {
    return run_helper(run, *clock, *ending);
  };
  Answer answer = co_await threads.pool().run(std::move(work));
  const bool is_missing = answer && !*answer && !target.credential_helper.empty();
  if (is_missing) answer = fail(ErrorKind::unavailable, *program + " has no credential for " + choice.server);
  if (answer) co_return answer;
  metrics_.helpers_failed.add();
  const std::string next = helper_step(*program, choice.server);
  log::warning("origin", "credential helper failed",
               {{"registry", target.name}, {"cause", answer.error().what}, {"next", next}});
  co_return tl::unexpected(Error{answer.error().kind, answer.error().what + "; " + next});
}

void Credentials::tell(const std::string& upstream, const Error& error) {
  tell_unreadable(metrics_, upstream, error.what);
}

void tell_unreadable(Metrics& metrics, const std::string& upstream, const std::string& cause) {
  metrics.files_unreadable.add();
  const std::string next = next_step(Fault::file_unreadable, upstream);
  log::warning("origin", "configured file unreadable", {{"registry", upstream}, {"cause", cause}, {"next", next}});
}

}  // namespace shoal::origin
