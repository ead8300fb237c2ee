#include "agent/registry/part_answers.hpp"

#include <algorithm>

#include "agent/registry/conditions.hpp"
#include "agent/registry/oci_error.hpp"
#include "agent/registry/relay.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::registry {
namespace {

// A part of a layer of unknown size that is so short is asked for at once: the origin names the size with it. Of a
// longer one it matters how much of the layer it is.
constexpr ByteCount short_part = 1_MiB;

std::optional<std::string> counting_range(const http::Request& request, const Digest& digest) {
  if (!range_counts(http::find_header(request.headers, "If-Range"), digest)) return std::nullopt;
  return http::find_header(request.headers, "Range");
}

bool is_whole(const RangeAnswer& range, std::uint64_t size) {
  return range.status == 200 || (range.spans.size() == 1 && range.spans[0] == Span{0, size});
}

std::uint64_t length_of(const std::vector<Span>& spans) {
  std::uint64_t length = 0;
  for (const Span& span : spans) length += span.length();
  return length;
}

std::uint64_t length_of(const pull::PartBytes& bytes) {
  if (const auto* span = std::get_if<store::VerifiedSpan>(&bytes)) return span->length();
  return std::get<Bytes>(bytes).size();
}

Task<Result<void>> send_bytes(http::Exchange& exchange, pull::PartBytes bytes, std::uint64_t most) {
  Result<void> sent;
  if (const auto* span = std::get_if<store::VerifiedSpan>(&bytes)) {
    const http::FileSpan file{span->file(), span->file()->descriptor(), span->offset(), std::min(span->length(), most)};
    sent = co_await exchange.send(file);
  } else {
    sent = co_await exchange.send(std::move(std::get<Bytes>(bytes)));
  }
  co_return sent;
}

void tell_abort(const http::Request& request, const Error& error) {
  log::warning("registry", "response aborted",
               {{"path", request.path},
                {"cause", error.what},
                {"next", "look at the lines about this layer; the runtime asks for the rest again"}});
}

}  // namespace

bool wants_parts(const http::Request& request, const Digest& digest) {
  return asks_for_parts(counting_range(request, digest));
}

// Nothing while the origin can name it together with the part, or when the origin does not answer.
Task<std::optional<ByteCount>> PartAnswers::find_size(pull::Ask ask, std::optional<Span> alone) {
  if (alone && alone->length() <= short_part.value) co_return std::nullopt;
  const auto asked = co_await ask_head(parts_.origin, ask.repository, ask.digest, ask.authorization);
  const auto size = named_size(asked);
  if (size) remember(ask, *size);
  co_return size;
}

// The origin, or what was verified, has said it to a caller of this repository.
void PartAnswers::remember(const pull::Ask& ask, ByteCount size) {
  const access::Member member{ask.digest, size, ask.kind};
  parts_.access.learn(ask.repository, {&member, 1});
}

Task<bool> PartAnswers::answer(http::Exchange& exchange, pull::GrantedAsk asked, std::optional<ByteCount> size) {
  const http::Request& request = exchange.request();
  const pull::Ask ask = asked.ask;
  const Digest digest = ask.digest;
  const auto alone = only_part(counting_range(request, digest));
  if (!size) size = co_await find_size(ask, alone);
  if (!size && !alone) co_return false;

  BlobAnswer answer{{206, {alone.value_or(Span{})}}, 0, {}};
  if (size) answer = choose_answer(request, digest, size->value, false);
  if (answer.range.status == 416) {
    co_await exchange.respond(head_of(answer, digest));
    co_return true;
  }
  if (size && (*size <= small_layer_limit || is_whole(answer.range, size->value))) co_return false;
  pull::PartReader reader(parts_, pulls_, lazy_, std::move(asked), size, length_of(answer.range.spans));
  const origin::Stretch first{answer.range.spans.front().first, answer.range.spans.front().end};
  auto bytes = co_await reader.next(first);
  if (!bytes) {
    co_await exchange.respond(oci_error(bytes.error(), "BLOB_UNKNOWN"));
    co_return true;
  }
  if (!size) {
    remember(ask, reader.size());
    answer = choose_answer(request, digest, reader.size().value, false);
  }
  const Result<void> started = co_await exchange.start(head_of(answer, digest));
  if (started) co_await send(exchange, reader, std::move(answer), std::move(*bytes));
  co_return true;
}

// A source that fails now resets the connection: the client asks for the rest again.
Task<void> PartAnswers::send(http::Exchange& exchange, pull::PartReader& reader, BlobAnswer answer,
                             pull::PartBytes first) {
  std::optional<pull::PartBytes> bytes = std::move(first);
  Result<void> sent;
  for (const Span& span : answer.range.spans) {
    if (answer.multipart) {
      Bytes head = copy_of(bytes_of(answer.multipart->head_of(span)));
      sent = co_await images_.send(exchange, pull::Source::store, std::move(head));
    }
    for (std::uint64_t position = span.first; sent && position < span.end;) {
      if (!bytes) {
        const origin::Stretch left{position, span.end};
        auto next = co_await reader.next(left);
        if (!next) {
          tell_abort(exchange.request(), next.error());
          co_return;
        }
        bytes = std::move(*next);
      }
      const std::uint64_t length = std::min(length_of(*bytes), span.end - position);
      const bool here = std::holds_alternative<store::VerifiedSpan>(*bytes);
      const std::uint64_t before = exchange.sent_bytes();
      sent = co_await send_bytes(exchange, std::move(*bytes), length);
      bytes.reset();
      images_.serve(exchange, reader.sources_of(here, position, position + exchange.sent_bytes() - before));
      position += length;
    }
    if (!sent) break;
  }
  if (sent && answer.multipart) {
    Bytes end = copy_of(bytes_of(answer.multipart->end()));
    sent = co_await images_.send(exchange, pull::Source::store, std::move(end));
  }
  const bool is_gone = !sent && sent.error().kind == ErrorKind::unavailable;  // which is no failure
  if (!sent && !is_gone) tell_abort(exchange.request(), sent.error());
}

}  // namespace shoal::agent::registry
