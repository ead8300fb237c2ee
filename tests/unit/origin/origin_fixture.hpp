// FakeRegistry: a server of cpp-httplib that remembers what it was asked. OriginClient: our Origin on a loop of its
// own, with one upstream, "reg.test".
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "shared/crypto/hasher.hpp"
#include "shared/origin/origin.hpp"
#include "tests/doubles/http_origin.hpp"
#include "tests/doubles/loop_thread.hpp"

namespace shoal::test {

struct SeenRequest {
  std::string method;
  std::string target;
  std::string authorization;
  std::string range;
};

class FakeRegistry {
 public:
  template <class... Arguments>
  explicit FakeRegistry(const Arguments&... arguments) : http_(arguments...) {
    http_.routes().set_pre_routing_handler([this](const httplib::Request& request, httplib::Response&) {
      const std::scoped_lock lock(mutex_);
      seen_.push_back({request.method, request.target, request.get_header_value("Authorization"),
                       request.get_header_value("Range")});
      return httplib::Server::HandlerResponse::Unhandled;
    });
  }
  httplib::Server& routes() { return http_.routes(); }
  void start() { http_.start(); }
  std::string url(const std::string& path = "") const { return http_.url(path); }
  int port() const { return http_.port(); }
  std::vector<SeenRequest> seen() {
    const std::scoped_lock lock(mutex_);
    return seen_;
  }

 private:
  std::mutex mutex_;
  std::vector<SeenRequest> seen_;
  HttpOrigin http_;
};

struct WholeLayer {
  ByteCount size;
  std::uint64_t offset = 0;
  std::string content_type;
  Result<Bytes> bytes;
};

class OriginClient {
 public:
  explicit OriginClient(const std::string& url) {
    options.upstreams["reg.test"].url = url;
    options.turns.standstill = Milliseconds(0);  // time stands still here: no request waits for its turn
  }
  ~OriginClient() { loop_.stop(); }  // a probe may be under way

  origin::Options options;  // until the first question
  void pass(Milliseconds time) {
    loop_.on_loop([&] { clock_.advance(time); });
  }

  Result<origin::Answer> ask(const std::string& path, const std::string& method = "GET",
                             const std::string& authorization = "", const std::string& repository = "lib/a") {
    return loop_.wait_for(origin().ask({"reg.test", repository}, method, path, "application/json", Secret(authorization)));
  }
  Result<origin::Answer> ask_base(const std::string& authorization) {
    return loop_.wait_for(origin().ask_base("reg.test", "GET", Secret(authorization)));
  }
  // The same, for a test that lets time pass meanwhile.
  std::future<Result<origin::Answer>> start(const std::string& path) {
    return loop_.start(origin().ask({"reg.test", "lib/a"}, "GET", path, "application/json", Secret()));
  }
  // The same, of one that fails for a moment: time passes slowly.
  Result<origin::Answer> ask_again(const std::string& path) {
    auto answer = start(path);
    while (answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready) pass(Milliseconds(1));
    return answer.get();
  }
  // The same, of a registry that makes the client wait: time passes until it gives up.
  Result<origin::Answer> ask_a_silent_one(const std::string& path) {
    auto answer = loop_.start(origin().ask({"reg.test", "lib/a"}, "GET", path, "application/json", Secret()));
    while (answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready) pass(Milliseconds(1'000));
    return answer.get();
  }
  Result<WholeLayer> open(std::uint64_t from = 0, const std::string& authorization = "") {
    return loop_.wait_for(read_layer(origin(), question(authorization), from));
  }
  // The same, of a layer whose kind and size are known.
  Result<WholeLayer> open(origin::LayerQuestion question, std::uint64_t from) {
    return loop_.wait_for(read_layer(origin(), std::move(question), from));
  }
  static origin::LayerQuestion question(const std::string& authorization = "") {
    return {{"reg.test", "lib/a"}, origin::Kind::blob, digest(), Secret(authorization), std::nullopt};
  }
  // Nothing when the registry would send the whole.
  Result<std::optional<WholeLayer>> open_part(origin::Stretch part, const std::string& authorization = "") {
    return loop_.wait_for(read_part(origin(), part, Secret(authorization)));
  }
  // Of the origin's own part, on its loop.
  template <class Question>
  auto on_origin(Question question) {
    std::optional<decltype(question(origin()))> answer;
    loop_.on_loop([&] { answer = question(origin()); });
    return *answer;
  }
  const origin::Metrics& metrics() { return origin().metrics(); }
  static Digest digest() { return digest_of(DigestAlgorithm::sha256, bytes_of("layer")); }
  static std::string blob_path() { return "/v2/lib/a/blobs/" + digest().text(); }

 private:
  origin::Origin& origin() {
    if (!origin_) origin_.emplace(options, clock_);
    return *origin_;
  }
  static Task<Result<WholeLayer>> read_layer(origin::Origin& origin, origin::LayerQuestion question, std::uint64_t from) {
    const auto stream = co_await origin.open(std::move(question), from);
    if (!stream) co_return tl::unexpected(stream.error());
    auto layer = co_await read_to_end(**stream);
    co_return layer;
  }
  static Task<Result<std::optional<WholeLayer>>> read_part(origin::Origin& origin, origin::Stretch part,
                                                           Secret authorization) {
    const origin::Repository repository{"reg.test", "lib/a"};
    const auto stream = co_await origin.open_part(repository, digest(), part, authorization);
    if (!stream) co_return tl::unexpected(stream.error());
    if (!*stream) co_return std::nullopt;
    auto layer = co_await read_to_end(**stream);
    co_return std::optional(std::move(layer));
  }
  static Task<WholeLayer> read_to_end(origin::LayerStream& stream) {
    WholeLayer layer{stream.size(), stream.offset(), stream.content_type(), Bytes()};
    while (layer.bytes) {
      const auto part = co_await stream.next();
      if (!part) {
        layer.bytes = tl::unexpected(part.error());
      } else if (part->empty()) {
        break;
      } else {
        layer.bytes->insert(layer.bytes->end(), part->begin(), part->end());
      }
    }
    co_return layer;
  }

  LoopThread loop_;
  ManualClock clock_{loop_.loop()};
  std::optional<origin::Origin> origin_;
};

}  // namespace shoal::test
