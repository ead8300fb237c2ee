// MemorySource: an origin in memory whose bodies can be held back, cut short, replaced or frozen.
#pragma once

#include <deque>
#include <limits>
#include <map>
#include <set>

#include "shared/core/signal.hpp"
#include "tests/doubles/layer_bytes.hpp"
#include "tracker/seeder/layer_source.hpp"

namespace shoal::tracker::seeder {

class MemorySource final : public LayerSource {
 public:
  // How one answer goes wrong; the default does not.
  struct Body {
    std::uint64_t cut_after =
        std::numeric_limits<std::uint64_t>::max();  // bytes of the layer; then the connection breaks
    std::optional<Error> error{};                   // instead of an answer
    std::optional<Bytes> bytes{};                   // instead of the layer's
  };

  explicit MemorySource(Loop& loop) : changed_(loop) {}

  Digest add(Bytes bytes, std::string content_type = {}) {
    const Digest digest = digest_of(DigestAlgorithm::sha256, bytes);
    layers_[digest] = {std::move(bytes), std::move(content_type)};
    return digest;
  }
  // The next answers, in order; those after them are right.
  void next_answers(std::deque<Body> bodies) { bodies_ = std::move(bodies); }
  void allow(std::uint64_t bytes) {  // bytes of each layer that are sent before the origin waits
    allowed_ = bytes;
    changed_.notify();
  }

  bool is_paced(const std::string&) const override { return paced; }
  Result<void> may_ask(const std::string& upstream) const override {
    if (upstream == "reg" && unreachable) return tl::unexpected(*unreachable);
    if (upstreams.contains(upstream)) return {};
    return fail(ErrorKind::not_found, "upstream " + upstream + " is not configured");
  }
  Task<Result<std::unique_ptr<origin::LayerStream>>> open(origin::LayerQuestion question,
                                                          std::uint64_t from) override {
    const Digest digest = question.digest;
    opened_at.push_back(question.repository.name);
    opened_as.emplace_back(question.authorization.reveal());
    opened_from.push_back(from);
    ++opened[digest];
    const std::string image = question.repository.upstream + "/" + question.repository.name;
    while (silent.contains(image)) co_await changed_.wait();
    if (absent_at.contains(image)) co_return tl::unexpected(absence());
    Body body;
    if (!bodies_.empty()) {
      body = bodies_.front();
      bodies_.pop_front();
    }
    if (body.error) co_return tl::unexpected(*body.error);
    if (credentials && !credentials->contains(std::string(question.authorization.reveal()))) co_return tl::unexpected(refusal());
    const auto found = layers_.find(digest);
    if (found == layers_.end()) co_return fail(ErrorKind::not_found, "404");
    Layer layer = found->second;
    if (body.bytes) layer.bytes = *body.bytes;
    auto stream = std::make_unique<Stream>(*this, std::move(layer), from, body.cut_after, digest);
    stream->image = image;
    co_return std::move(stream);
  }
  Task<Result<std::unique_ptr<origin::LayerStream>>> open_part(origin::Repository, Digest digest,
                                                               origin::Stretch part) override {
    asked.push_back("part");
    if (part_error) co_return tl::unexpected(*part_error);
    const auto found = layers_.find(digest);
    if (!takes_ranges || found == layers_.end()) co_return nullptr;
    Layer layer = found->second;
    co_return std::make_unique<Stream>(*this, std::move(layer), part.first, part.end, digest);
  }
  Task<Result<origin::Answer>> ask(origin::Repository, std::string method, std::string path, std::string) override {
    asked.push_back(method);
    asked_paths.push_back(path);
    most_asked_at_once = std::max(most_asked_at_once, ++*asked_now_);
    const Leaving leaving{asked_now_};
    while (hold_answers) co_await changed_.wait();
    origin::Answer answer = answers[method];
    co_return answer;
  }
  void release_answers() {
    hold_answers = false;
    changed_.notify();
  }

  std::vector<std::string> opened_at;  // repositories
  std::vector<std::string> opened_as;  // authorizations
  std::optional<std::set<std::string>> credentials;  // that layers are sent for; none: for any
  void let_answer(const std::string& image) {  // one of the silent
    silent.erase(image);
    changed_.notify();
  }
  std::set<std::string> upstreams{"reg"};  // that may be asked
  std::set<std::string> silent;            // images: they answer when they are let
  std::set<std::string> stalls;            // images: their bodies stop at `stalls_at`, until `go_on`
  std::uint64_t stalls_at = 0;
  void go_on() { changed_.notify(); }
  std::set<std::string> absent_at;         // images: 404 for every layer
  static Error absence() {
    Error absent{ErrorKind::not_found, "the origin answers 404"};
    absent.answered = Answered{404, {}, "BLOB_UNKNOWN", ""};
    return absent;
  }
  static Error refusal() {
    Error refused{ErrorKind::refused, "reg/library/alpine: the origin answers 401 UNAUTHORIZED"};
    refused.answered = Answered{401, {"Basic realm=\"origin\""}, "UNAUTHORIZED", "log in"};
    return refused;
  }
  std::vector<std::uint64_t> opened_from;
  std::map<Digest, int> opened;
  int most_reading() const { return reading_->most; }
  std::vector<std::string> asked;        // methods, and "part"
  std::vector<std::string> asked_paths;  // of `ask`
  int most_asked_at_once = 0;
  std::optional<Error> part_error;       // instead of a part
  bool takes_ranges = true;
  std::map<std::string, origin::Answer> answers;  // by method
  bool hold_answers = false;
  std::optional<Error> unreachable;  // found so before
  bool paced = false;

 private:
  struct Layer {
    Bytes bytes;
    std::string content_type;
  };
  struct Reading {  // outlives the source, as a loop's streams may
    std::map<Digest, int> now;
    int most = 0;  // of one layer at once
  };
  struct Leaving {
    std::shared_ptr<int> count;  // outlives the source, as a loop's questions may
    ~Leaving() { --*count; }
  };
  class Stream final : public origin::LayerStream {
   public:
    Stream(MemorySource& source, Layer layer, std::uint64_t from, std::uint64_t cut_after, const Digest& digest)
        : source_(source),
          layer_(std::move(layer)),
          offset_(from),
          position_(from),
          cut_after_(cut_after),
          digest_(digest),
          reading_(source.reading_) {
      reading_->most = std::max(reading_->most, ++reading_->now[digest_]);
    }
    ~Stream() override { --reading_->now[digest_]; }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ByteCount size() const override { return {layer_.bytes.size()}; }
    std::uint64_t offset() const override { return offset_; }
    const std::string& content_type() const override { return layer_.content_type; }
    Task<Result<ByteView>> next() override {
      while (position_ >= source_.allowed_ && position_ < layer_.bytes.size()) co_await source_.changed_.wait();
      while (stops()) co_await source_.changed_.wait();
      if (position_ >= cut_after_) co_return fail(ErrorKind::unavailable, "the connection broke");
      const std::uint64_t most = source_.stalls.contains(image) ? source_.stalls_at : cut_after_;
      const std::uint64_t end = std::min({std::uint64_t{layer_.bytes.size()}, source_.allowed_, cut_after_, most});
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(end - position_, 50'000));
      const ByteView view = ByteView(layer_.bytes).subspan(static_cast<std::size_t>(position_), count);
      position_ += count;
      co_return view;
    }

    std::string image;

   private:
    bool stops() const { return source_.stalls.contains(image) && position_ >= source_.stalls_at; }

    MemorySource& source_;
    Layer layer_;
    std::uint64_t offset_;
    std::uint64_t position_;
    std::uint64_t cut_after_;
    Digest digest_;
    std::shared_ptr<Reading> reading_;
  };

  std::shared_ptr<int> asked_now_ = std::make_shared<int>(0);
  Signal changed_;
  std::shared_ptr<Reading> reading_ = std::make_shared<Reading>();
  std::map<Digest, Layer> layers_;
  std::deque<Body> bodies_;
  std::uint64_t allowed_ = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace shoal::tracker::seeder
