#include "agent/registry/blobs.hpp"

#include "agent/registry/conditions.hpp"
#include "agent/registry/oci_error.hpp"
#include "agent/registry/relay.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::registry {
namespace {

constexpr const char* blob_type = "application/octet-stream";
constexpr Milliseconds while_it_takes = std::chrono::hours(24);
constexpr Milliseconds rounding{10};  // a wait may end this much before its limit, and has not failed then

http::Response blob_head(const Digest& digest, std::uint64_t size_bytes) {
  http::Response response;
  response.length = size_bytes;
  response.headers = {{"Content-Type", blob_type},
                      {"Docker-Content-Digest", digest.text()},
                      {"ETag", entity_tag(digest)},
                      {"Accept-Ranges", "bytes"}};
  return response;
}

RangeAnswer range_of(const http::Request& request, const Digest& digest, std::uint64_t size, bool held) {
  if (!range_counts(http::find_header(request.headers, "If-Range"), digest)) return {200, {0, size}};
  return choose_range(http::find_header(request.headers, "Range"), size, held);
}

http::Response ranged_head(const Digest& digest, const RangeAnswer& range, std::uint64_t size) {
  http::Response head = blob_head(digest, range.span.end - range.span.first);
  head.status = range.status;
  if (range.status != 200) head.headers.push_back({"Content-Range", content_range(range, size)});
  return head;
}

// The part of `bytes`, which begin at `position`, that lies in `wanted`.
Bytes part_of(ByteView bytes, std::uint64_t position, Span wanted) {
  const std::uint64_t first = std::max(position, wanted.first);
  const std::uint64_t end = std::min(position + bytes.size(), wanted.end);
  return first < end ? copy_of(bytes.subspan(first - position, end - first)) : Bytes();
}

}  // namespace

Task<void> Blobs::answer(http::Exchange& exchange, BlobRoute route) {
  const http::Request& request = exchange.request();
  const Time asked = parts_.clock.now();
  pull::Ask ask{.digest = route.digest,
                .kind = origin::Kind::blob,
                .repository = std::move(route.repository),
                .size_hint = descriptors_.size_of(route.digest),
                .authorization = http::find_header(request.headers, "Authorization").value_or("")};
  if (request.method == "HEAD" || has_already(http::find_header(request.headers, "If-None-Match"), ask.digest)) {
    co_await answer_head(exchange, std::move(ask));
    co_return;
  }
  const Milliseconds limit = ask.size_hint ? options_.first_byte_limit : options_.first_byte_limit_unnamed;
  const auto layer = co_await pulls_.open(ask);
  if (layer) {
    co_await hand_over(exchange, std::move(ask), *layer, asked + limit);
  } else if (layer.error().kind == ErrorKind::no_space && options_.handover == Handover::stream) {
    co_await pass_through(exchange, std::move(ask));
  } else {
    co_await exchange.respond(oci_error(layer.error(), "BLOB_UNKNOWN"));  // the pull path has logged it
  }
}

// The head of a blob that is there, or 304 to whoever has it. A Range does not count: it is defined for GET alone.
Task<void> Blobs::answer_head(http::Exchange& exchange, pull::Ask ask) {
  const Digest digest = ask.digest;
  auto size = co_await find_size(std::move(ask));
  http::Response response;
  if (!size) {
    response = std::move(size.error());
  } else {
    response = blob_head(digest, size->value);
    const bool has = has_already(http::find_header(exchange.request().headers, "If-None-Match"), digest);
    if (has) response.status = 304;
  }
  co_await exchange.respond(std::move(response));
}

std::optional<ByteCount> Blobs::known_size(const pull::Ask& ask) {
  if (const auto held = pulls_.find_held(ask.digest)) return held->size();
  const auto running = pulls_.running().find(ask.digest);
  if (running != pulls_.running().end() && running->second->begun()) {
    return running->second->partial().file()->layout().layer_size();
  }
  return ask.size_hint;
}

// A question for the size starts no download: the store, a download or a manifest knows it, else the origin says. Only
// when the origin cannot, the cluster is asked for the layer itself.
Task<tl::expected<ByteCount, http::Response>> Blobs::find_size(pull::Ask ask) {
  if (const auto known = known_size(ask)) co_return *known;
  const auto asked =
      co_await parts_.origin.ask(ask.repository, "HEAD", "blobs/" + ask.digest.text(), "*/*", ask.authorization);
  if (asked && asked->status == 200 && asked->length) co_return ByteCount{*asked->length};
  if (asked && !is_failing(*asked)) co_return tl::unexpected(relay(*asked, "BLOB_UNKNOWN"));
  const auto layer = co_await pulls_.open(std::move(ask));
  if (!layer) co_return tl::unexpected(oci_error(layer.error(), "BLOB_UNKNOWN"));
  co_return layer->size();
}

// What must be readable before a byte leaves: the first byte wanted, or with `handover = "whole"` all of the layer. A
// first attempt whose bytes proved wrong may have a second one under way, which nobody has seen a byte of; when its
// size is another one too, `layer` is the second one and the error the first one's.
Task<Result<store::VerifiedSpan>> Blobs::first_span(pull::Ask ask, pull::Layer& layer, std::uint64_t from,
                                                    Milliseconds limit) {
  const std::uint64_t gate = options_.handover == Handover::whole ? layer.size().value : from;
  auto span = co_await layer.readable_within(gate, limit);
  if (span || span.error().kind != ErrorKind::corrupt) co_return span;
  auto again = co_await pulls_.open(std::move(ask));
  if (!again) co_return span;
  const bool has_another_size = again->size() != layer.size();
  layer = *again;
  if (!has_another_size) span = co_await layer.readable_within(gate, limit);
  co_return span;
}

// Our own failure before the head is an error at once, so that the runtime falls back; after it, returning early resets
// the connection, and the runtime resumes with a Range.
Task<void> Blobs::hand_over(http::Exchange& exchange, pull::Ask ask, pull::Layer layer, Time head_due) {
  const std::uint64_t size = layer.size().value;
  const RangeAnswer range = range_of(exchange.request(), ask.digest, size, layer.held());
  http::Response head = ranged_head(ask.digest, range, size);
  if (range.status == 416) {
    co_await exchange.respond(std::move(head));
    co_return;
  }
  const auto left = std::chrono::duration_cast<Milliseconds>(head_due - parts_.clock.now());
  auto span = co_await first_span(ask, layer, range.span.first, std::max(left, Milliseconds::zero()));
  if (layer.size().value != size) {
    co_await hand_over(exchange, std::move(ask), std::move(layer), head_due);
    co_return;
  }
  if (!span && parts_.clock.now() + rounding < head_due) {
    if (span.error().kind == ErrorKind::no_space && options_.handover == Handover::stream) {
      co_await pass_through(exchange, std::move(ask));
    } else {
      co_await exchange.respond(oci_error(span.error(), "BLOB_UNKNOWN"));
    }
    co_return;
  }
  if (range.open_ended) exchange.limit_send_buffer(options_.open_ended_send_buffer);
  const Result<void> started = co_await exchange.start(std::move(head));
  if (!started) co_return;
  if (!span) span = co_await first_span(ask, layer, range.span.first, while_it_takes);
  Result<void> sent;
  if (span) {
    sent = co_await send(exchange, ask.digest, layer, range.span);
  } else {
    sent = tl::unexpected(span.error());
  }
  if (!sent) log::warning("registry", "hand-over cut", {{"digest", ask.digest.text()}, {"why", sent.error().what}});
}

// Sends the verified bytes as they become contiguous; of an arriving layer the last byte after the digest matched. That
// the client goes away in between is no failure.
Task<Result<void>> Blobs::send(http::Exchange& exchange, Digest digest, const pull::Layer& layer, Span wanted) {
  const std::uint64_t before_verdict = layer.held() || wanted.first == wanted.end ? wanted.end : wanted.end - 1;
  for (std::uint64_t position = wanted.first; position < wanted.end;) {
    if (position == before_verdict) {
      const auto judged = co_await layer.readable(layer.size().value);
      if (!judged) co_return tl::unexpected(judged.error());
    }
    const auto span = co_await layer.readable(position);
    if (!span) co_return tl::unexpected(span.error());
    const std::uint64_t end = position < before_verdict ? before_verdict : wanted.end;
    const http::FileSpan bytes{span->file(), span->file()->descriptor(), span->offset(),
                               std::min(span->length(), end - position)};
    position += bytes.length;
    const Result<void> sent = co_await exchange.send(bytes);
    if (!sent && sent.error().kind == ErrorKind::unavailable) break;
    if (!sent && layer.held()) pulls_.drop(digest, *span->file());
    if (!sent) co_return sent;
  }
  co_return Result<void>();
}

// There is no room for the layer: all of it is read from the origin and hashed, whatever the range, and the end of the
// answer waits for the digest.
Task<void> Blobs::pass_through(http::Exchange& exchange, pull::Ask ask) {
  const Digest digest = ask.digest;
  const auto passing = co_await pulls_.pass(std::move(ask));
  if (!passing) {
    co_await exchange.respond(oci_error(passing.error(), "BLOB_UNKNOWN"));
    co_return;
  }
  const std::uint64_t size = (*passing)->size().value;
  const RangeAnswer range = range_of(exchange.request(), digest, size, false);
  http::Response head = ranged_head(digest, range, size);
  if (range.status == 416) {
    co_await exchange.respond(std::move(head));
    co_return;
  }
  Result<void> sent = co_await exchange.start(std::move(head));
  Bytes held_back;
  for (std::uint64_t position = 0; sent;) {
    const Result<ByteView> bytes = co_await (*passing)->next();
    if (!bytes) {
      log::warning("registry", "pass-through cut", {{"digest", digest.text()}, {"why", bytes.error().what}});
      co_return;
    }
    if (bytes->empty()) break;
    Bytes part = part_of(*bytes, position, range.span);
    position += bytes->size();
    if (part.empty()) continue;
    std::swap(held_back, part);
    sent = co_await exchange.send(std::move(part));
  }
  if (sent) co_await exchange.send(std::move(held_back));
}

}  // namespace shoal::agent::registry
