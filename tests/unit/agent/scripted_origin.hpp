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
    options.allow = {"reg.example.com"};
    return options;
  }
  ScriptedOrigin(Loop& loop, Clock& clock) : Origin(options(), clock), changed_(loop) {}

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
    opened_as.emplace_back(question.authorization.reveal());
    while (are_answers_held) co_await changed_.wait();
    if (is_out_of_reach) co_return fail(ErrorKind::unavailable, "connect: no route");
    if (!question.authorization.empty() ? refused_callers.contains(opened_as.back()) : refuses_anonymous) {
      co_return tl::unexpected(refusal());
    }
    const auto found = layers_.find(question.digest);
    if (found == layers_.end()) co_return fail(ErrorKind::not_found, "404");
    Bytes bytes = found->second;
    if (!bodies_.empty()) {
      bytes = std::move(bodies_.front());
      bodies_.pop_front();
    }
    std::unique_ptr<origin::LayerStream> stream = std::make_unique<Stream>(*this, std::move(bytes), from);
    co_return std::move(stream);
  }

  Task<Result<std::unique_ptr<origin::LayerStream>>> open_part(origin::Repository, Digest digest, origin::Stretch part,
                                                               Secret authorization) override {
    parts.push_back({part.first, part.end});
    last_authorization = authorization.reveal();
    if (refuses_anonymous && last_authorization.empty()) co_return tl::unexpected(refusal());
    const auto found = layers_.find(digest);
    if (found == layers_.end()) co_return fail(ErrorKind::not_found, "404");
    if (fails_parts) co_return fail(ErrorKind::unavailable, "503");
    if (ignores_ranges) co_return nullptr;
    const std::uint64_t end = std::min<std::uint64_t>(part.end, found->second.size());
    std::unique_ptr<origin::LayerStream> stream = std::make_unique<Stream>(*this, found->second, part.first, end);
    co_return std::move(stream);
  }

  // HEAD of a blob names its size; all else gets `tagged`, or what `answers` has for the method.
  Task<Result<origin::Answer>> ask(origin::Repository, std::string method, std::string path, std::string,
                                   Secret) override {
    ++asked;
    methods.push_back(method);
    const auto scripted = answers.find(method);
    if (scripted != answers.end()) co_return scripted->second;
    origin::Answer answer;
    answer.status = 200;
    answer.body = tagged;
    for (const auto& [digest, bytes] : layers_) {
      if (method != "HEAD" || !path.ends_with(digest.text())) continue;
      ++sizes_asked;
      answer.length = bytes.size();
    }
    co_return answer;
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

  static Error refusal() {
    Error refused{ErrorKind::refused, "the origin answers 401"};
    refused.answered = Answered{401, {"Basic realm=\"origin\"", "Negotiate"}, "UNAUTHORIZED", "log in"};
    return refused;
  }

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
    Task<Result<ByteView>> next() override {
      while (origin_.is_held_) co_await origin_.changed_.wait();
      const ByteView rest = ByteView(bytes_).first(end_).subspan(position_);
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
  };

  Signal changed_;
  std::map<Digest, Bytes> layers_;
  std::deque<Bytes> bodies_;
  bool is_held_ = false;
};

}  // namespace shoal
