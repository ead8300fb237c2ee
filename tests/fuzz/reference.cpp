// Any bytes as the path and query of a request, and as its Host: what is accepted names an upstream, a repository and a
// tag or digest by their grammars, and can stand in a path at the origin.
#include "agent/registry/endpoint.hpp"
#include "shared/core/check.hpp"

using namespace shoal;
using namespace shoal::agent::registry;

namespace {

void check_repository(const origin::Repository& repository) {
  SHOAL_CHECK(!repository.upstream.empty());
  SHOAL_CHECK(origin::is_repository_name(repository.name));
}

void check_route(const Route& route) {
  if (const auto* manifest = std::get_if<ManifestRoute>(&route)) {
    check_repository(manifest->repository);
    SHOAL_CHECK(manifest->digest.has_value() != origin::is_tag(manifest->tag));
  } else if (const auto* blob = std::get_if<BlobRoute>(&route)) {
    check_repository(blob->repository);
  } else if (const auto* list = std::get_if<ListRoute>(&route)) {
    if (list->list == "_catalog") {
      SHOAL_CHECK(!list->repository.upstream.empty() && list->repository.name.empty());
      return;
    }
    check_repository(list->repository);
    SHOAL_CHECK(list->subject ? list->list == "referrers/" + list->subject->text() : list->list == "tags/list");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  http::Request request;
  request.method = "GET";
  const std::size_t question = std::min(text.find('?'), text.size());
  request.path = text.substr(0, question);
  request.query = text.substr(std::min(question + 1, text.size()));
  const std::string by_default = "docker.io";
  origin::Options configured;
  configured.upstreams["registry.example.com:5000"] = {};
  configured.aliases["corp"] = "registry.example.com:5000";
  const auto route = parse_route(request, {configured, by_default});
  if (route) {
    check_route(*route);
  } else {
    SHOAL_CHECK(route.error().status == 400 || route.error().status == 404);
    SHOAL_CHECK(!route.error().code.empty() && !route.error().message.empty());
  }
  const auto host = http::parse_host(text);
  SHOAL_CHECK(host || !is_our_host(text, {text}));
  return 0;
}
