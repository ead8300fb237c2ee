#include "agent/registry/blobs.hpp"

#include "agent/pull/possession.hpp"
#include "agent/registry/conditions.hpp"
#include "agent/registry/oci_error.hpp"
#include "agent/registry/relay.hpp"
#include "shared/http/secret_header.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::registry {
namespace {

constexpr Milliseconds no_limit = std::chrono::hours(24);  // the pull path gives a layer up long before
constexpr Milliseconds rounding{10};  // a wait may end this much before its limit, and has not failed then

// The part of `bytes`, which begin at `position`, that lies in `range`.
Bytes part_of(ByteView bytes, std::uint64_t position, Span range) {
  const std::uint64_t first = std::max(position, range.first);
  const std::uint64_t end = std::min(position + bytes.size(), range.end);
  return first < end ? copy_of(bytes.subspan(first - position, end - first)) : Bytes();
}

// One pass gives several ranges in no other order: then it gives the whole.
BlobAnswer answer_in_one_pass(const http::Request& request, const Digest& digest, std::uint64_t size) {
  BlobAnswer answer = choose_answer(request, digest, size, false);
  if (answer.multipart) answer = {{200, {{0, size}}}, size, {}};
  return answer;
}

}  // namespace

Task<void> Blobs::answer(http::Exchange& exchange, BlobRoute route) {
  const http::Request& request = exchange.request();
  const Time asked = parts_.clock.now();
  pull::Ask ask{.digest = route.digest,
                .kind = origin::Kind::blob,
                .repository = std::move(route.repository),
                .size_hint = {},
                .authorization = http::secret_header(request.headers, "Authorization")};
  access::Caller caller{ask.repository, ask.authorization};
  auto verdict = co_await parts_.access.may(std::move(caller), ask.digest, ask.kind,
                                            pull::is_here(pulls_, ask.digest, ask.repository.upstream));
  if (!verdict) {
    co_await exchange.respond(oci_error(verdict.error(), "BLOB_UNKNOWN"));
  } else if (const auto* refusal = std::get_if<origin::Answer>(&*verdict)) {
    co_await exchange.respond(relay(*refusal, "BLOB_UNKNOWN"));
  } else {
    ask.size_hint = parts_.access.size_of(ask.repository, ask.digest, ask.kind);
    pull::GrantedAsk granted{std::move(std::get<access::Granted>(*verdict)), std::move(ask)};
    co_await answer_granted(exchange, std::move(granted), asked);
  }
}

Task<void> Blobs::answer_granted(http::Exchange& exchange, pull::GrantedAsk asked, Time since) {
  const http::Request& request = exchange.request();
  const Digest digest = asked.ask.digest;
  if (request.method == "HEAD" || has_already(http::find_header(request.headers, "If-None-Match"), digest)) {
    co_await answer_head(exchange, std::move(asked));
    co_return;
  }
  const bool for_parts = options_.mode == ServeMode::stream && wants_parts(request, digest);
  if (for_parts && !pull::holds(pulls_, digest)) {
    const bool answered = co_await part_answers_.answer(exchange, asked, known_size(asked));
    if (answered) co_return;
  }
  const Milliseconds limit = asked.ask.size_hint ? options_.first_byte_limit : options_.first_byte_limit_unnamed;
  const auto layer = co_await pulls_.open(asked.granted, asked.ask);
  if (layer) {
    co_await serve(exchange, std::move(asked), *layer, since + limit);
  } else {
    co_await answer_error(exchange, std::move(asked), layer.error());  // the pull path has logged it
  }
}

// Before the head was sent. A layer that there is no room for is passed through, unless no byte may leave before the
// digest has matched.
Task<void> Blobs::answer_error(http::Exchange& exchange, pull::GrantedAsk asked, Error error) {
  note_refusal(asked, error);
  if (error.kind == ErrorKind::no_space && options_.mode == ServeMode::stream) {
    co_await pass_through(exchange, std::move(asked));
  } else {
    co_await exchange.respond(oci_error(error, "BLOB_UNKNOWN"));
  }
}

// The origin has refused the caller meanwhile, who was let in before.
void Blobs::note_refusal(const pull::GrantedAsk& asked, const Error& error) {
  if (!error.answered) return;
  parts_.access.note_refusal({asked.ask.repository, asked.ask.authorization}, access::answer_of(*error.answered));
}

// The head of a blob, or 304 when the client has it already. A Range does not count: it is defined for GET alone.
Task<void> Blobs::answer_head(http::Exchange& exchange, pull::GrantedAsk asked) {
  const Digest digest = asked.ask.digest;
  auto size = co_await find_size(std::move(asked));
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

std::optional<ByteCount> Blobs::known_size(const pull::GrantedAsk& asked) {
  const pull::Ask& ask = asked.ask;
  if (const auto held = pulls_.find_held(asked.granted)) return held->size();
  if (ask.size_hint) return ask.size_hint;
  // What another registry has said of the layer gives this one's callers no size.
  const auto running = pulls_.running().find(ask.digest);
  const bool is_begun = running != pulls_.running().end() && running->second->begun();
  const auto is_its = [&](const pull::Download& download) {
    return pull::needs_no_possession(asked.granted) ? download.ask().repository.upstream == ask.repository.upstream
                                                    : download.askers().provenance().are_all_of(ask.repository.upstream);
  };
  const bool is_known = is_begun && is_its(*running->second);
  return is_known ? std::optional(running->second->layout().layer_size()) : std::nullopt;
}

// A question for the size starts no download: the store, a download or a manifest knows it, else the origin says. Only
// when the origin cannot, the cluster is asked for the layer itself.
Task<tl::expected<ByteCount, http::Response>> Blobs::find_size(pull::GrantedAsk asked) {
  if (const auto known = known_size(asked)) co_return *known;
  const pull::Ask& ask = asked.ask;
  const auto answer = co_await ask_head(parts_.origin, ask.repository, ask.digest, ask.authorization);
  if (const auto named = named_size(answer)) co_return *named;
  if (answer && !is_failing(*answer)) {
    parts_.access.note_refusal({ask.repository, ask.authorization}, *answer);
    co_return tl::unexpected(relay(*answer, "BLOB_UNKNOWN"));
  }
  const auto layer = co_await pulls_.open(asked.granted, ask);
  if (!layer) co_return tl::unexpected(oci_error(layer.error(), "BLOB_UNKNOWN"));
  co_return layer->size();
}

// Whether the answer's first byte may leave: it is verified, or with `ServeMode::whole` all of the layer is.
Task<Result<void>> Blobs::ready(pull::Layer layer, std::uint64_t from, Milliseconds limit) {
  Result<void> answer;
  if (options_.mode == ServeMode::whole) {
    answer = co_await layer.verified_within(limit);
  } else {
    const auto span = co_await layer.readable_within(from, limit);
    if (!span) answer = tl::unexpected(span.error());
  }
  co_return answer;
}

// As `ready`. When a first attempt's bytes proved wrong, a second attempt may be under way, of which no byte was sent:
// then the answer is about that one. So it is when a layer without room had passed, and passes anew. A second attempt of
// another size is returned with the first one's error.
Task<Blobs::Start> Blobs::wait_to_start(pull::GrantedAsk asked, pull::Layer layer, std::uint64_t from, Milliseconds limit) {
  Start start{layer, {}};
  start.ready = co_await ready(layer, from, limit);
  if (start.ready) co_return start;
  const ErrorKind kind = start.ready.error().kind;
  const bool passes_anew = kind == ErrorKind::no_space && layer.is_passing() && pulls_.leave_passed(asked.ask.digest, from);
  if (kind != ErrorKind::corrupt && !passes_anew) co_return start;
  const auto again = co_await pulls_.open(asked.granted, asked.ask);
  if (!again) co_return start;
  start.layer = *again;
  if (again->size() == layer.size()) start.ready = co_await ready(*again, from, limit);
  co_return start;
}

// Our own failure before the head is an error at once, so that the runtime falls back; after it, returning early resets
// the connection, and the runtime resumes with a Range.
Task<void> Blobs::serve(http::Exchange& exchange, pull::GrantedAsk asked, pull::Layer layer, Time head_due) {
  const Digest digest = asked.ask.digest;
  Start start{std::move(layer), {}};
  BlobAnswer answer;
  do {
    answer = choose_answer(exchange.request(), digest, start.layer.size().value, start.layer.held());
    if (answer.range.status == 416) {
      co_await exchange.respond(head_of(answer, digest));
      co_return;
    }
    const auto left = std::chrono::duration_cast<Milliseconds>(head_due - parts_.clock.now());
    start = co_await wait_to_start(asked, start.layer, answer.first(), std::max(left, Milliseconds::zero()));
  } while (start.layer.size().value != answer.size);
  if (!start.ready && parts_.clock.now() + rounding < head_due) {
    co_await answer_error(exchange, std::move(asked), start.ready.error());
    co_return;
  }
  if (answer.range.open_ended) exchange.limit_send_buffer(options_.open_ended_send_buffer);
  const Result<void> started = co_await exchange.start(head_of(answer, digest));
  if (!started) co_return;
  if (!start.ready) start = co_await wait_to_start(asked, start.layer, answer.first(), no_limit);
  Result<void> sent = start.ready;
  if (start.ready) sent = co_await send_all(exchange, digest, start.layer, std::move(answer));
  if (!sent) {
    log::warning("registry", "response aborted",
                 {{"digest", digest.text()},
                  {"cause", sent.error().what},
                  {"next", "look at the lines about this layer; the runtime asks for the rest again"}});
  }
}

// The ranges in turn, several with the text around them. A client that is gone is no failure.
Task<Result<void>> Blobs::send_all(http::Exchange& exchange, Digest digest, pull::Layer layer, BlobAnswer answer) {
  for (const Span& span : answer.range.spans) {
    if (answer.multipart) {
      Bytes head = copy_of(bytes_of(answer.multipart->head_of(span)));
      const Result<void> framed = co_await images_.send(exchange, pull::Source::store, std::move(head));
      if (!framed) co_return Result<void>();
    }
    const Result<void> sent = co_await send(exchange, digest, layer, span);
    if (!sent) co_return sent;
  }
  Bytes end;
  if (answer.multipart) end = copy_of(bytes_of(answer.multipart->end()));
  if (!end.empty()) static_cast<void>(co_await images_.send(exchange, pull::Source::store, std::move(end)));
  co_return Result<void>();
}

// Sends the verified bytes as they become contiguous; of an arriving layer the last byte after the digest matched. A
// client that is gone is no failure.
Task<Result<void>> Blobs::send(http::Exchange& exchange, Digest digest, pull::Layer layer, Span range) {
  // A part of a layer without room proves as much as the origin's own answer to that Range would, since the rest of the
  // layer passes only as its readers read it.
  const bool is_passing_part = layer.is_passing() && range.end < layer.size().value;
  const bool is_withheld = !layer.held() && !is_passing_part && range.first != range.end;
  const std::uint64_t before_verdict = is_withheld ? range.end - 1 : range.end;
  for (std::uint64_t position = range.first; position < range.end;) {
    if (position == before_verdict) {
      const Result<void> verified = co_await layer.verified();
      if (!verified) co_return verified;
    }
    const auto span = co_await layer.readable(position);
    if (!span) co_return tl::unexpected(span.error());
    const std::uint64_t end = position < before_verdict ? before_verdict : range.end;
    const http::FileSpan bytes{span->file(), span->file()->descriptor(), span->offset(),
                               std::min(span->length(), end - position)};
    const std::uint64_t before = exchange.sent_bytes();
    const Result<void> sent = co_await exchange.send(bytes);
    images_.serve(exchange, layer.sources_of(position, position + exchange.sent_bytes() - before));
    position += bytes.length;
    if (!sent && sent.error().kind == ErrorKind::unavailable) break;
    if (!sent && layer.held()) pulls_.remove_unreadable(digest, *span->file());
    if (!sent) co_return sent;
  }
  co_return Result<void>();
}

// There is no room for the layer, and its window is elsewhere: the origin is asked for the part alone. Only an answer with
// the whole layer can be checked: its end waits for the digest.
Task<void> Blobs::pass_through(http::Exchange& exchange, pull::GrantedAsk asked) {
  const Digest digest = asked.ask.digest;
  const auto known = known_size(asked);
  BlobAnswer answer;
  if (known) answer = answer_in_one_pass(exchange.request(), digest, known->value);
  auto passing = co_await pulls_.pass_through(asked.granted, asked.ask, answer.first());
  if (passing && !known) {  // the origin has said the size
    answer = answer_in_one_pass(exchange.request(), digest, (*passing)->size().value);
    const std::uint64_t from = answer.first();
    if (from > 0) passing->reset();
    if (from > 0) passing = co_await pulls_.pass_through(asked.granted, asked.ask, from);
  }
  if (!passing) {
    note_refusal(asked, passing.error());
    co_await exchange.respond(oci_error(passing.error(), "BLOB_UNKNOWN"));
    co_return;
  }
  answer = answer_in_one_pass(exchange.request(), digest, (*passing)->size().value);
  http::Response head = head_of(answer, digest);
  if (answer.range.status == 416) {
    co_await exchange.respond(std::move(head));
    co_return;
  }
  if (answer.range.open_ended) exchange.limit_send_buffer(options_.open_ended_send_buffer);
  const Result<void> started = co_await exchange.start(std::move(head));
  if (!started) co_return;
  const Result<void> sent = co_await send_passing(exchange, **passing, answer.range.spans.front());
  if (!sent && sent.error().kind != ErrorKind::unavailable)  // a client that is gone is no failure
    log::warning("registry", "pass-through aborted",
                 {{"digest", digest.text()},
                  {"cause", sent.error().what},
                  {"next", "look at the registry; the runtime asks again"}});
}

Task<Result<void>> Blobs::send_passing(http::Exchange& exchange, pull::PassThrough& passing, Span range) {
  const bool is_whole = range.first == 0 && range.end == passing.size().value;
  Bytes withheld;
  for (std::uint64_t position = passing.offset(); is_whole || position < range.end;) {
    const Result<ByteView> bytes = co_await passing.next();
    if (!bytes) co_return fail(ErrorKind::corrupt, bytes.error().what);
    if (bytes->empty()) break;
    Bytes part = part_of(*bytes, position, range);
    position += bytes->size();
    if (is_whole) std::swap(withheld, part);
    if (part.empty()) continue;
    const Result<void> sent = co_await images_.send(exchange, pull::Source::passed_through, std::move(part));
    if (!sent) co_return sent;
  }
  Result<void> sent;
  if (!withheld.empty()) sent = co_await images_.send(exchange, pull::Source::passed_through, std::move(withheld));
  co_return sent;
}

}  // namespace shoal::agent::registry
