// ScriptedOrigin: an origin without a network that brings other bytes, or keeps its streams waiting, when it is told
// to.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "shared/core/signal.hpp"
#include "shared/origin/origin.hpp"
#include "tests/doubles/layer_bytes.hpp"

namespace shoal {

class ScriptedOrigin final : public origin::Origin {
 public:
  static origin::Options options() {
    origin::Options options;
    options.allow = {"reg.example.com", "evil.example.com"};
    return options;
  }
  ScriptedOrigin(Loop& loop, Clock& clock, origin::Options given = options())
      : Origin(std::move(given), clock), changed_(loop) {}

  Digest add(Bytes bytes) {
    const Digest digest = digest_of(DigestAlgorithm::sha256, bytes);
    layers_[digest] = std::move(bytes);
    return digest;
  }
  // What the next streams bring, in order; those after them are right.
  void next_bodies(std::deque<Bytes> bodies) { bodies_ = std::move(bodies); }
  void hold() { is_held_ = true; }  // streams bring nothing until `go_on`
  void go_on() {
    is_held_ = false;
    are_answers_held = false;
    changed_.notify();
  }

  Task<Result<std::unique_ptr<origin::LayerStream>>> open(origin::LayerQuestion question, std::uint64_t from) override {
    ++opened;
    opened_from.push_back(from);
    const std::string shown(question.authorization.reveal());
    opened_as.push_back(shown);
    opened_at.push_back(question.repository.upstream);
    while (are_answers_held) co_await changed_.wait();
    Registry& registry = registries[question.repository.upstream];
    while (registry.is_silent) co_await changed_.wait();
    if (registry.answers) co_return tl::unexpected(*registry.answers);
    if (registry.has_nothing) co_return tl::unexpected(nothing());
    if (is_out_of_reach) co_return fail(ErrorKind::unavailable, "connect: no route");
    const unsigned status = guarded(question.repository, "blobs/" + question.digest.text(), shown);
    if (status != 200) co_return tl::unexpected(refusal(status));
    if (!shown.empty() ? refused_callers.contains(shown) : refuses_anonymous) {
      co_return tl::unexpected(refusal());
    }
    const auto found = layers_.find(question.digest);
    if (found == layers_.end()) co_return fail(ErrorKind::not_found, "404");
    Bytes bytes = found->second;
    if (!bodies_.empty()) {
      bytes = std::move(bodies_.front());
      bodies_.pop_front();
    }
    if (registry.sends) bytes = *registry.sends;
    auto opened_stream = std::make_unique<Stream>(*this, std::move(bytes), from);
    opened_stream->ends_at(registry.breaks_off_at, registry.stalls_at);
    std::unique_ptr<origin::LayerStream> stream = std::move(opened_stream);
    co_return std::move(stream);
  }

  Task<Result<std::unique_ptr<origin::LayerStream>>> open_part(origin::Repository repository, Digest digest,
                                                               origin::Stretch part, Secret authorization) override {
    parts.push_back({part.first, part.end});
    const std::string shown(authorization.reveal());
    const unsigned status = guarded(repository, "blobs/" + digest.text(), shown);
    if (status != 200) co_return tl::unexpected(refusal(status));
    last_authorization = shown;
    if (registries[repository.upstream].has_nothing) co_return tl::unexpected(nothing());
    if (refuses_anonymous && last_authorization.empty()) co_return tl::unexpected(refusal());
    const auto found = layers_.find(digest);
    if (found == layers_.end()) co_return fail(ErrorKind::not_found, "404");
    if (fails_parts) co_return fail(ErrorKind::unavailable, "503");
    if (ignores_ranges) co_return nullptr;
    const Registry& registry = registries[repository.upstream];
    while (registry.is_silent) co_await changed_.wait();
    if (registry.answers) co_return tl::unexpected(*registry.answers);
    const Bytes& bytes = registry.sends ? *registry.sends : found->second;
    const std::uint64_t end = std::min<std::uint64_t>(part.end, bytes.size());
    std::unique_ptr<origin::LayerStream> stream = std::make_unique<Stream>(*this, bytes, part.first, end);
    co_return std::move(stream);
  }

  // HEAD of a blob names its size; all else gets `tagged`, or what `answers` has for the method.
  Task<Result<origin::Answer>> ask(origin::Repository repository, std::string method, std::string path, std::string,
                                   Secret authorization) override {
    ++asked;
    methods.push_back(method);
    asked_at.push_back(repository.upstream);
    while (registries[repository.upstream].are_heads_held) co_await changed_.wait();
    if (registries[repository.upstream].has_nothing) {
      origin::Answer nothing;
      nothing.status = 404;
      co_return nothing;
    }
    while (are_answers_held) co_await changed_.wait();
    if (is_out_of_reach) co_return fail(ErrorKind::unavailable, "connect: no route");
    origin::Answer refused;
    refused.status = method == "HEAD" && head_status != 200 ? head_status : guarded(repository, path, std::string(authorization.reveal()));
    if (refused.status == 401) refused.challenges = {"Basic realm=\"origin\""};
    if (refused.status != 200) co_return refused;
    const auto scripted = answers.find(method);
    if (scripted != answers.end()) co_return scripted->second;
    origin::Answer answer;
    answer.status = 200;
    answer.body = tagged;
    for (const auto& [digest, bytes] : layers_) {
      if (!path.ends_with(digest.text())) continue;
      if (method == "GET" && path.starts_with("manifests/")) answer.body = registries[repository.upstream].sends.value_or(bytes);
      if (method == "GET") continue;
      ++sizes_asked;
      answer.length = bytes.size();
    }
    co_return answer;
  }

  // As GET by `ask`, whole.
  Task<Result<origin::LongAnswer>> ask_long(origin::Repository repository, std::string path, std::string accept,
                                            Secret authorization, ByteCount) override {
    auto answer = co_await ask(std::move(repository), "GET", std::move(path), std::move(accept), std::move(authorization));
    if (!answer) co_return tl::unexpected(answer.error());
    co_return origin::LongAnswer{std::move(*answer), nullptr};
  }

  // Of the base: 200 for `base_credential`, else 401.
  Task<Result<origin::Answer>> ask_base(std::string upstream, std::string, Secret authorization) override {
    bases_asked.push_back(upstream);
    while (are_answers_held) co_await changed_.wait();
    origin::Answer answer;
    answer.status = authorization.reveal() == base_credential ? 200 : 401;
    if (answer.status == 401) answer.challenges = {"Basic realm=\"origin\"", "Negotiate"};
    co_return answer;
  }
  std::string base_credential;  // empty: none is needed
  std::vector<std::string> bases_asked;

  // One of several registries. What it does not say is as of all.
  struct Registry {
    bool is_silent = false;          // to GET, until it is false and `go_on` is called
    bool are_heads_held = false;     // likewise, to HEAD
    std::optional<Error> answers{};  // to GET, of a part too
    bool has_nothing = false;        // 404 to all
    std::optional<Bytes> sends{};    // instead of each layer
    std::optional<std::size_t> breaks_off_at{};  // byte of each layer
    std::optional<std::size_t> stalls_at{};      // likewise
  };
  std::map<std::string, Registry> registries;
  std::vector<std::string> opened_at;  // by which registries
  std::vector<std::string> asked_at;   // likewise, by HEAD

  static Error nothing() {
    Error error{ErrorKind::not_found, "the origin answers 404"};
    error.answered = Answered{404, {}, "BLOB_UNKNOWN", "none"};
    return error;
  }
  static Error refusal(unsigned status = 401) {
    if (status == 401) {
      Error refused{ErrorKind::refused, "the origin answers 401"};
      refused.answered = Answered{401, {"Basic realm=\"origin\"", "Negotiate"}, "UNAUTHORIZED", "log in"};
      return refused;
    }
    Error refused{status == 404 ? ErrorKind::not_found : ErrorKind::refused, "the origin answers otherwise"};
    refused.answered = Answered{status, {}, "", ""};
    return refused;
  }

  // The status with which the origin answers this caller's question for `path`; empty: it lets all in.
  using Guard = std::function<unsigned(const origin::Repository& repository, const std::string& path,
                                       const std::string& authorization)>;
  Guard guard;
  unsigned head_status = 200;  // of any HEAD; another one: as proxies refuse it where GET works

  int opened = 0;
  std::vector<std::string> opened_as;  // authorizations
  bool is_out_of_reach = false;
  bool refuses_anonymous = false;
  std::set<std::string> refused_callers;  // by their authorization
  bool are_answers_held = false;          // until `go_on`
  std::vector<std::uint64_t> opened_from;
  std::uint64_t sent_bytes = 0;
  std::size_t step = static_cast<std::size_t>(-1);  // bytes that a stream brings at once
  int sizes_asked = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> parts;  // that were asked for by Range
  std::string last_authorization;
  bool fails_parts = false;
  bool ignores_ranges = false;
  int asked = 0;
  std::vector<std::string> methods;                // of these
  std::map<std::string, origin::Answer> answers;  // by method
  Bytes tagged;  // the manifest of any tag

 private:
  unsigned guarded(const origin::Repository& repository, const std::string& path, const std::string& authorization) {
    return guard ? guard(repository, path, authorization) : 200;
  }

  class Stream final : public origin::LayerStream {
   public:
    Stream(ScriptedOrigin& from_whom, Bytes bytes, std::uint64_t from, std::optional<std::uint64_t> end = {})
        : origin_(from_whom),
          bytes_(std::move(bytes)),
          offset_(from),
          position_(from),
          end_(end.value_or(bytes_.size())) {}
    ByteCount size() const override { return {bytes_.size()}; }
    std::uint64_t offset() const override { return offset_; }
    const std::string& content_type() const override { return content_type_; }
    void ends_at(std::optional<std::size_t> breaks_off, std::optional<std::size_t> stalls) {
      breaks_off_ = breaks_off;
      stalls_ = stalls;
    }
    Task<Result<ByteView>> next() override {
      while (origin_.is_held_ || position_ == stalls_) co_await origin_.changed_.wait();
      if (position_ == breaks_off_) co_return fail(ErrorKind::unavailable, "the connection broke");
      const ByteView rest = ByteView(bytes_).first(std::min(end_, breaks_off_.value_or(stalls_.value_or(end_)))).subspan(position_);
      const ByteView some = rest.first(std::min(rest.size(), origin_.step));
      position_ += some.size();
      origin_.sent_bytes += some.size();
      co_return some;
    }

   private:
    ScriptedOrigin& origin_;
    Bytes bytes_;
    std::string content_type_;
    std::uint64_t offset_;
    std::uint64_t position_;
    std::uint64_t end_;
    std::optional<std::size_t> breaks_off_;
    std::optional<std::size_t> stalls_;
  };

  Signal changed_;
  std::map<Digest, Bytes> layers_;
  std::deque<Bytes> bodies_;
  bool is_held_ = false;
};

}  // namespace shoal
