// Tenants: callers of several registries on one node, as the endpoint serves them: each may have what its own registry
// gives it. A tenant writes its registry's manifests.
#pragma once

#include <catch2/catch.hpp>

#include "agent/pull/part_reader.hpp"
#include "tests/unit/agent/tracked_node.hpp"

namespace shoal::agent {

constexpr std::size_t layer_size = 600'000;
inline const std::string right = "Basic right";

// As the endpoint reads for a client: it asks again when an attempt's bytes were wrong, and passes through what has no
// place.
struct Reader : Reading {
  bool is_refused = false;
  bool is_passed = false;
};

inline Task<void> pass(pull::Pulls& pulls, access::Granted granted, pull::Ask ask, Reader& reader) {
  auto passing = co_await pulls.pass_through(std::move(granted), std::move(ask), 0);
  if (!passing) {
    reader.error = passing.error();
    co_return;
  }
  reader.error.reset();
  reader.is_passed = true;
  for (;;) {
    const auto bytes = co_await (*passing)->next();
    if (!bytes) reader.error = bytes.error();
    if (!bytes || bytes->empty()) co_return;
    reader.bytes.insert(reader.bytes.end(), bytes->begin(), bytes->end());
  }
}

inline Task<void> read_granted(pull::Pulls& pulls, access::Granted granted, pull::Ask ask, Reader& reader) {
  reader.error.reset();
  const auto layer = co_await pulls.open(granted, ask);
  if (!layer) reader.error = layer.error();
  while (!reader.error && reader.bytes.size() < layer->size().value) {
    const auto span = co_await layer->readable(reader.bytes.size());
    if (!span) {
      reader.error = span.error();
      break;
    }
    Bytes part(span->length());
    CHECK(span->file()->read_at(span->offset(), part));
    reader.bytes.insert(reader.bytes.end(), part.begin(), part.end());
  }
  if (!reader.error) {
    const Result<void> verified = co_await layer->verified();
    if (!verified) reader.error = verified.error();
  }
}

inline Task<void> read_as(PullingNode& node, pull::Ask ask, Reader& reader) {
  access::Caller caller{ask.repository, ask.authorization};
  const bool is_here = pull::is_here(node.pulls, ask.digest, ask.repository.upstream);
  auto verdict = co_await node.access.may(std::move(caller), ask.digest, ask.kind, is_here);
  REQUIRE(verdict);
  if (std::holds_alternative<origin::Answer>(*verdict)) {
    reader.is_refused = true;
  } else {
    const access::Granted granted = std::get<access::Granted>(*verdict);
    ask.size_hint = node.access.size_of(ask.repository, ask.digest, ask.kind);
    co_await read_granted(node.pulls, granted, ask, reader);
    for (int again = 0; again < 3 && reader.error && reader.error->kind == ErrorKind::corrupt && reader.bytes.empty(); ++again) {
      co_await read_granted(node.pulls, granted, ask, reader);
    }
    if (reader.error && reader.error->kind == ErrorKind::no_space) co_await pass(node.pulls, granted, ask, reader);
  }
  reader.ended = true;
}

// The caller has read a manifest of its repository that names the layer, with this size.
inline pull::Ask tenant(PullingNode& node, const std::string& upstream, const Digest& layer, std::optional<std::size_t> named = layer_size,
                 const std::string& authorization = right) {
  const origin::Repository repository{upstream, "app"};
  const Digest manifest = digest_of(DigestAlgorithm::sha256, bytes_of(upstream));
  const auto read = node.access.note_read({repository, Secret(authorization)}, access::Member{manifest});
  access::Member member{layer};
  if (named) member.size = ByteCount{*named};
  node.access.learn(read, {&member, 1});
  return {.digest = layer,
          .kind = origin::Kind::blob,
          .repository = repository,
          .size_hint = {},
          .authorization = Secret(authorization)};
}

// As the endpoint lets it in when nothing of the layer is here.
inline Task<void> let_in(PullingNode& node, pull::Ask ask, std::optional<access::Granted>& granted) {
  access::Caller caller{ask.repository, ask.authorization};
  auto verdict = co_await node.access.may(std::move(caller), ask.digest, ask.kind, false);
  if (verdict && std::holds_alternative<access::Granted>(*verdict)) granted = std::get<access::Granted>(*verdict);
}

inline Task<void> read_part(pull::PartReader& reader, origin::Stretch stretch, std::optional<Result<pull::PartBytes>>& part) {
  auto bytes = co_await reader.next(stretch);
  part = std::move(bytes);
}

inline PullingNode::Room room() {
  return {50_MiB, {}, origin::access_origin};
}

struct TenantsStage {
  explicit TenantsStage(const pull::Limits& limits = {}) : node(limits, {}, http::connect_websocket, room()) {}
  Reader& read(const pull::Ask& ask) {
    readers.emplace_back();
    spawn(node.loop, read_as(node, ask, readers.back()));
    node.settle();
    return readers.back();
  }
  ScriptedOrigin::Registry& registry(const std::string& upstream) { return node.origin.registries[upstream]; }
  void go_on() {
    node.origin.go_on();
    node.settle();
  }
  void pass_time(Milliseconds time) {
    node.clock.advance(time);
    node.settle();
  }

  PullingNode node;
  Bytes content = numbered_bytes(layer_size);
  Digest layer = node.origin.add(content);
  std::deque<Reader> readers;
};

inline void got(const Reader& reader, const Bytes& content) {
  CHECK(reader.ended);
  INFO((reader.error ? reader.error->what : std::string()));
  CHECK_FALSE(reader.error);
  CHECK_FALSE(reader.is_refused);
  CHECK((reader.bytes == content));
}

inline void failed(const Reader& reader, ErrorKind kind) {
  CHECK(reader.ended);
  REQUIRE(reader.error);
  CHECK(reader.error->kind == kind);
  CHECK(reader.bytes.empty());
}

}  // namespace shoal::agent
