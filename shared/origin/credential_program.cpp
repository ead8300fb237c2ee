#include "shared/origin/credential_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "shared/core/bytes.hpp"
#include "shared/json/reader.hpp"
#include "shared/origin/auth_file.hpp"
#include "shared/origin/configured_files.hpp"

namespace shoal::origin {
namespace {

constexpr int tick_milliseconds = 20;  // between two looks at the clock and at the child
// What docker-credential-helpers answers, with exit code 1, for a server that it knows nothing of.
constexpr std::string_view not_found = "credentials not found";

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  void set(int number) {
    close();
    number_ = number;
  }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read.set(ends[0]);
    write.set(ends[1]);
    return true;
  }
};

// This program's own, which systemd or a shell has made for it too, without what is meant for its main process alone.
std::vector<std::string> environment_of_helper() {
  std::vector<std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto is_own = [text](std::string_view prefix) { return text.starts_with(prefix); };
    if (is_own("NOTIFY_SOCKET=") || is_own("WATCHDOG_") || is_own("LISTEN_") || is_own("SHOAL_")) continue;
    variables.emplace_back(text);
  }
  return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// The child's id; an error number below 0.
pid_t start(const std::string& program, int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> words{program, "get"};
  std::vector<std::string> variables = environment_of_helper();
  pid_t child = -1;
  const int error =
      posix_spawn(&child, program.c_str(), &actions, &attributes, pointers_to(words).data(), pointers_to(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error == 0 ? child : -error;
}

// A child that runs; its group is killed when this ends.
class Child {
 public:
  explicit Child(pid_t id) : id_(id) {}
  ~Child() { end(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool has_ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == id_;
  }
  // Kills whatever is left of its group, and gives its status. The child itself keeps the group's number taken until then.
  int end() {
    if (id_ < 0) return status_;
    ::kill(-id_, SIGKILL);
    while (::waitpid(id_, &status_, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return status_;
  }

 private:
  pid_t id_;
  int status_ = 0;
};

tl::unexpected<Error> failed(const std::string& program, const std::string& cause) {
  return fail(ErrorKind::unavailable, program + " " + cause);
}

// All that it writes until it has ended.
Result<Secret> read_answer(const HelperRun& run, Child& child, Descriptor& output, Clock& clock,
                                const std::atomic<bool>& is_ending) {
  const Time due = clock.now() + helper_limit;
  Secret answer;
  bool has_ended = false;
  while (true) {
    if (is_ending) return failed(run.program, "is given up: the program ends");
    if (clock.now() >= due) return failed(run.program, "has not answered within 10 s");
    pollfd ready{output.number(), POLLIN, 0};
    if (::poll(&ready, 1, has_ended ? 0 : tick_milliseconds) > 0) {
      char chunk[4096];
      const ssize_t size = ::read(output.number(), chunk, sizeof chunk);
      if (size > 0) answer.append({chunk, static_cast<std::size_t>(size)});
      wipe(std::as_writable_bytes(std::span(chunk)));
      if (size == 0) output.close();
      if (answer.size() > largest_helper_answer.value) return failed(run.program, "sends more than 64 KiB");
      continue;
    }
    if (has_ended) return answer;
    has_ended = child.has_ended();
  }
}

}  // namespace

bool is_helper_name(const std::string& name) {
  if (name.starts_with('/')) return true;
  return !name.empty() && std::all_of(name.begin(), name.end(), is_name_character);
}

Result<std::string> find_helper(const std::string& name) {
  if (!is_helper_name(name)) return unreadable(name + ": is no helper's name");
  if (name.starts_with('/')) {
    if (::access(name.c_str(), X_OK) != 0) return unreadable(name + ": cannot be run");
    return name;
  }
  const char* variable = std::getenv("PATH");
  std::string_view path = variable == nullptr ? std::string_view("/usr/local/bin:/usr/bin:/bin") : variable;
  while (true) {
    const std::size_t colon = std::min(path.find(':'), path.size());
    const std::string program = std::string(path.substr(0, colon)) + "/docker-credential-" + name;
    if (colon > 0 && ::access(program.c_str(), X_OK) == 0) return program;
    if (colon == path.size()) return unreadable("docker-credential-" + name + ": is in no directory of PATH");
    path.remove_prefix(colon + 1);
  }
}

Result<Credential> parse_helper_answer(const HelperRun& run, const Secret& answer) {
  Credential credential;
  bool has_secret = false;
  const json::Limits limits{.token_bytes = largest_helper_answer.value};
  const auto read = json::read(answer.reveal(), limits, [&](const json::Place& place, const json::Value& value) {
    const auto* text = std::get_if<std::string_view>(&value);
    if (text == nullptr) return;
    if (place.is({"Username"})) credential.username = *text;
    if (place.is({"Secret"})) credential.password = Secret(*text);
    has_secret = has_secret || place.is({"Secret"});
  });
  if (!read || !has_secret || credential.username.find(':') != std::string::npos)
    return failed(run.program, "gives no JSON with Username and Secret");
  if (credential.username == "<token>") return of_identity_token(run.registry, {}, std::move(credential.password));
  return credential;
}

Result<std::optional<Credential>> run_helper(const HelperRun& run, Clock& clock, const std::atomic<bool>& is_ending) {
  Pipe input;
  Pipe output;
  if (!input.open() || !output.open()) return failed(run.program, "cannot be started: no descriptor is left");
  // A pipe takes that much without a reader; docker sends no line break either.
  if (::write(input.write.number(), run.server.data(), run.server.size()) != static_cast<ssize_t>(run.server.size()))
    return failed(run.program, "cannot be asked");
  input.write.close();
  const pid_t id = start(run.program, input.read.number(), output.write.number());
  if (id < 0) return tl::unexpected(from_errno(-id, "start " + run.program));
  Child child(id);
  input.read.close();
  output.write.close();
  const auto answer = read_answer(run, child, output.read, clock, is_ending);
  if (!answer) return tl::unexpected(answer.error());
  const int status = child.end();
  if (WIFSIGNALED(status)) return failed(run.program, "is ended by signal " + std::to_string(WTERMSIG(status)));
  if (status == 0) {
    auto credential = parse_helper_answer(run, *answer);
    if (!credential) return tl::unexpected(credential.error());
    return std::move(*credential);
  }
  if (answer->reveal().starts_with(not_found)) return std::nullopt;
  return failed(run.program, "exits with " + std::to_string(WEXITSTATUS(status)));
}

}  // namespace shoal::origin
