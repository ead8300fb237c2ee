#include "shared/holder/protocol.hpp"

#include "shared/crypto/hasher.hpp"
#include "shared/holder/limits.hpp"
#include "shared/holder/serve.hpp"

namespace shoal::holder {
namespace {

constexpr std::string_view small_prefix = "/v1/small/";
constexpr std::string_view held_prefix = "/v1/held/";
constexpr const char* scheme = "Shoal";
constexpr const char* hedged_header = "Shoal-Hedged";

std::string authorization(const SwarmKey& key, const Digest& digest) {
  return std::string(scheme) + " " + proof(key, digest);
}

http::ClientRequest request_for(const Node& node, std::string_view prefix, const SwarmKey& key, const Digest& digest) {
  http::ClientRequest request;
  request.url = http::Url{"http", node.host, node.port, std::string(prefix) + digest.text()};
  request.headers = {{"Authorization", authorization(key, digest)}};
  return request;
}

bool is_proven(const http::Request& request, std::span<const SwarmKey> keys, const Digest& digest) {
  const std::string shown = http::find_header(request.headers, "Authorization").value_or("");
  return std::ranges::any_of(keys, [&](const SwarmKey& key) {
    return equal_in_constant_time(bytes_of(shown), bytes_of(authorization(key, digest)));
  });
}

}  // namespace

std::string proof(const SwarmKey& key, const Digest& digest) {
  return hex_text(hmac_sha256(key, bytes_of("small " + digest.text())));
}

http::ClientRequest small_request(const Node& node, const SwarmKey& key, const Digest& digest, ByteCount size) {
  http::ClientRequest request = request_for(node, small_prefix, key, digest);
  const Milliseconds longest(size.value / limits.small.slowest_bytes_per_millisecond);
  request.limits = {.connect = limits.small.connect,
                    .headers = limits.small.head,
                    .silence = limits.small.silence,
                    .whole = limits.small.silence + longest};
  return request;
}

http::ClientRequest patient_small_request(const Node& node, const SwarmKey& key, const Digest& digest) {
  http::ClientRequest request = request_for(node, small_prefix, key, digest);
  request.limits = {.connect = limits.small.patient,
                    .headers = limits.small.patient,
                    .silence = limits.small.silence,
                    .whole = Milliseconds(0)};
  return request;
}

http::ClientRequest hedged(http::ClientRequest request) {
  request.headers.push_back({hedged_header, "1"});
  return request;
}

http::ClientRequest held_request(const Node& node, const SwarmKey& key, const Digest& digest, std::uint64_t from) {
  http::ClientRequest request = request_for(node, held_prefix, key, digest);
  if (from > 0) request.headers.push_back({"Range", "bytes=" + std::to_string(from) + "-"});
  request.limits = {.connect = limits.held.connect,
                    .headers = limits.held.head,
                    .silence = limits.held.silence,
                    .trickle = limits.held.trickle,
                    .least = limits.held.least};
  return request;
}

bool is_arriving(const http::ClientResponse& response) {
  return http::find_header(response.headers(), arriving_header).has_value();
}

bool is_holder_path(std::string_view path) {
  return path.starts_with(small_prefix) || path.starts_with(held_prefix);
}

tl::expected<Question, http::Response> parse(const http::Request& request, std::span<const SwarmKey> keys) {
  const std::string_view path = request.path;
  if (!is_holder_path(path)) return tl::unexpected(no_such_path());
  if (request.method != "GET" && request.method != "HEAD") return tl::unexpected(wrong_method());
  const Resource resource = path.starts_with(small_prefix) ? Resource::small : Resource::held;
  const auto digest = Digest::parse(path.substr((resource == Resource::small ? small_prefix : held_prefix).size()));
  if (!digest) return tl::unexpected(no_such_path());
  if (!is_proven(request, keys, *digest)) return tl::unexpected(no_proof());
  return Question{resource, *digest, http::find_header(request.headers, hedged_header).has_value()};
}

}  // namespace shoal::holder
