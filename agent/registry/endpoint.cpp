#include "agent/registry/endpoint.hpp"

#include "agent/registry/oci_error.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::registry {
namespace {

constexpr const char* blob_type = "application/octet-stream";

http::Response blob_head_response(const Digest& digest, std::uint64_t size_bytes) {
  http::Response response;
  response.length = size_bytes;
  response.headers = {{"Content-Type", blob_type},
                      {"Docker-Content-Digest", digest.text()},
                      {"ETag", "\"" + digest.text() + "\""},
                      {"Accept-Ranges", "bytes"}};
  return response;
}

// The origin's refusal as it came: its challenge is the way to its credentials. Never 408 or 429, which runtimes
// hammer.
http::Response relay(const origin::Answer& answer) {
  if (answer.status >= 500 || answer.status == 408 || answer.status == 429) {
    return oci_error(503, "UNAVAILABLE", "the origin answered with status " + std::to_string(answer.status));
  }
  http::Response response;
  response.status = answer.status;
  if (!answer.content_type.empty()) response.headers.push_back({"Content-Type", answer.content_type});
  for (const std::string& challenge : answer.challenges) response.headers.push_back({"WWW-Authenticate", challenge});
  response.body = std::string(text_of(answer.body));
  return response;
}

http::FileSpan file_span(const store::VerifiedSpan& span, std::uint64_t most) {
  return {span.file(), span.file()->descriptor(), span.offset(), std::min(span.length(), most)};
}

}  // namespace

Endpoint::Endpoint(pull::Parts parts, pull::Pulls& pulls, EndpointOptions options)
    : parts_(parts), pulls_(pulls), options_(std::move(options)), manifests_(parts, pulls) {}

// A client's word names a configured registry or nothing.
std::optional<Error> Endpoint::unknown_upstream(const Route& route) const {
  const origin::Repository* repository = nullptr;
  if (const auto* manifest_route = std::get_if<ManifestRoute>(&route)) repository = &manifest_route->repository;
  if (const auto* blob_route = std::get_if<BlobRoute>(&route)) repository = &blob_route->repository;
  if (!repository) return std::nullopt;
  const auto target = origin::find_upstream(parts_.origin.options(), repository->upstream);
  if (target) return std::nullopt;
  return target.error();
}

Task<void> Endpoint::handle(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  http::Response refusal;
  if (request.method != "GET" && request.method != "HEAD") {
    refusal = oci_error(405, "UNSUPPORTED", "this registry endpoint is read-only");
    refusal.headers.push_back({"Allow", "GET, HEAD"});
    co_await exchange.respond(std::move(refusal));
    co_return;
  }
  const auto route = parse_route(request, options_.default_upstream);
  if (!route) {
    refusal = oci_error(route.error().status, route.error().code, route.error().message);
    co_await exchange.respond(std::move(refusal));
  } else if (auto unknown = unknown_upstream(*route)) {
    co_await exchange.respond(oci_error(404, "NAME_UNKNOWN", unknown->what));
  } else if (const auto* manifest_route = std::get_if<ManifestRoute>(&*route)) {
    co_await manifest(exchange, *manifest_route);
  } else if (const auto* blob_route = std::get_if<BlobRoute>(&*route)) {
    co_await blob(exchange, *blob_route);
  } else {
    http::Response pong;
    pong.headers = {{"Content-Type", "application/json"}, {"Docker-Distribution-Api-Version", "registry/2.0"}};
    pong.body = "{}";
    co_await exchange.respond(std::move(pong));
  }
}

Task<void> Endpoint::manifest(http::Exchange& exchange, ManifestRoute route) {
  const http::Request& request = exchange.request();
  ManifestQuestion question{.route = std::move(route),
                            .accept = http::find_header(request.headers, "Accept").value_or(""),
                            .authorization = http::find_header(request.headers, "Authorization").value_or(""),
                            .head_only = request.method == "HEAD"};
  auto answer = co_await manifests_.answer(std::move(question));
  http::Response response;
  if (!answer) {
    log::warning("registry", "manifest not served", {{"path", request.path}, {"why", answer.error().what}});
    response = oci_error(answer.error(), "MANIFEST_UNKNOWN");
  } else if (const auto* refusal = std::get_if<origin::Answer>(&*answer)) {
    response = relay(*refusal);
  } else {
    const Manifest& manifest = std::get<Manifest>(*answer);
    response.headers = {{"Content-Type", manifest.content_type},
                        {"Docker-Content-Digest", manifest.digest.text()},
                        {"ETag", "\"" + manifest.digest.text() + "\""}};
    response.body = std::string(text_of(manifest.body));
    response.length = manifest.size_bytes;
  }
  co_await exchange.respond(std::move(response));
}

Task<void> Endpoint::blob(http::Exchange& exchange, BlobRoute route) {
  const http::Request& request = exchange.request();
  pull::Ask ask{.digest = route.digest,
                .kind = origin::Kind::blob,
                .repository = std::move(route.repository),
                .size_hint = manifests_.descriptors().size_of(route.digest),
                .authorization = http::find_header(request.headers, "Authorization").value_or("")};
  if (request.method == "HEAD") {
    co_await blob_head(exchange, std::move(ask));
    co_return;
  }
  const auto layer = co_await pulls_.open(ask);
  if (layer) {
    co_await hand_over(exchange, std::move(ask), *layer);
    co_return;
  }
  log::warning("registry", "blob not served", {{"path", request.path}, {"why", layer.error().what}});
  co_await exchange.respond(oci_error(layer.error(), "BLOB_UNKNOWN"));
}

// A HEAD starts no download: the size is known from the store or a manifest, else the origin says.
Task<void> Endpoint::blob_head(http::Exchange& exchange, pull::Ask ask) {
  std::optional<ByteCount> size = ask.size_hint;
  if (const auto held = pulls_.find_held(ask.digest)) size = held->size();
  http::Response response;
  if (size) {
    response = blob_head_response(ask.digest, size->value);
  } else {
    const auto asked =
        co_await parts_.origin.ask(ask.repository, "HEAD", "blobs/" + ask.digest.text(), "*/*", ask.authorization);
    if (!asked) {
      response = oci_error(asked.error(), "BLOB_UNKNOWN");
    } else if (asked->status == 200 && asked->length) {
      response = blob_head_response(ask.digest, *asked->length);
    } else if (asked->status == 404) {
      response = oci_error(404, "BLOB_UNKNOWN", "the origin has no such blob");
    } else {
      response = relay(*asked);
    }
  }
  co_await exchange.respond(std::move(response));
}

// What must be readable before a byte leaves: the first byte wanted, or with `handover = "whole"` all of the layer. A
// first attempt whose bytes proved wrong may have a second one under way, which nobody has seen a byte of.
Task<Result<store::VerifiedSpan>> Endpoint::first_span(pull::Ask ask, pull::Layer& layer, std::uint64_t from,
                                                       Milliseconds limit) {
  const std::uint64_t gate = options_.handover == Handover::whole ? layer.size().value : from;
  auto span = co_await layer.readable_within(gate, limit);
  if (span || span.error().kind != ErrorKind::corrupt) co_return span;
  auto again = co_await pulls_.open(std::move(ask));
  if (!again || again->size() != layer.size()) co_return span;
  layer = *again;
  span = co_await layer.readable_within(gate, limit);
  co_return span;
}

// Sends the verified bytes as they become contiguous. Our own failure before the head is an error at once, so that the
// runtime falls back; after it, returning early resets the connection, and the runtime resumes with a Range.
Task<void> Endpoint::hand_over(http::Exchange& exchange, pull::Ask ask, pull::Layer layer) {
  const std::uint64_t size = layer.size().value;
  const RangeAnswer range = choose_range(http::find_header(exchange.request().headers, "Range"), size, layer.held());
  http::Response head = blob_head_response(ask.digest, range.span.end - range.span.first);
  head.status = range.status;
  if (range.status != 200) head.headers.push_back({"Content-Range", content_range(range, size)});
  if (range.status == 416) {
    co_await exchange.respond(std::move(head));
    co_return;
  }
  const Time asked = parts_.clock.now();
  auto span = co_await first_span(ask, layer, range.span.first, options_.first_byte_limit);
  if (!span && parts_.clock.now() - asked < options_.first_byte_limit) {
    co_await exchange.respond(oci_error(span.error(), "BLOB_UNKNOWN"));
    co_return;
  }
  Result<void> sent = co_await exchange.start(std::move(head));
  if (sent && !span) span = co_await first_span(ask, layer, range.span.first, Milliseconds(std::chrono::hours(24)));
  for (std::uint64_t position = range.span.first; span && sent && position < range.span.end;) {
    span = co_await layer.readable(position);
    if (!span) break;
    const http::FileSpan bytes = file_span(*span, range.span.end - position);
    position += bytes.length;
    sent = co_await exchange.send(bytes);
  }
  if (!span) log::warning("registry", "hand-over cut", {{"digest", ask.digest.text()}, {"why", span.error().what}});
}

}  // namespace shoal::agent::registry
