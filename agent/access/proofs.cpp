#include "agent/access/proofs.hpp"

#include <algorithm>
#include <cstring>

#include "shared/crypto/hasher.hpp"
#include "shared/crypto/signing.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::access {
namespace {

constexpr int most_choices = 16;           // of a stretch: each costs a read and a sort of 64 KiB
constexpr std::size_t least_words = 64;    // different ones of 8 bytes: more than can be guessed

Error other_bytes(const Question& question) {
  return {ErrorKind::not_found, "the registry " + question.caller.repository.upstream +
                                    " does not send the bytes of this digest that are here"};
}

// Bytes of the layer that is here.
struct Chosen {
  std::uint64_t first = 0;
  Bytes bytes;
};

Result<Chosen> read(const Evidence& evidence, std::uint64_t first, std::uint64_t length) {
  Chosen chosen{first, Bytes(length)};
  const Result<void> read = evidence.read(first, chosen.bytes);
  if (!read) return tl::unexpected(read.error());
  return chosen;
}

// A telling stretch that begins before byte `end`.
Result<Chosen> choose(const Evidence& evidence, std::uint64_t end) {
  const std::uint64_t starts = std::min(end, evidence.size.value - Proofs::stretch.value + 1);
  for (int choice = 0; choice < most_choices; ++choice) {
    auto chosen = read(evidence, random_number() % starts, Proofs::stretch.value);
    if (!chosen || is_telling(chosen->bytes)) return chosen;
  }
  return fail(ErrorKind::no_space, "the layer's bytes could be guessed, so that a part of them proves nothing");
}

// Whether the stream gives these bytes next, or `bytes` are all that it still has to give.
Task<Result<bool>> gives(origin::LayerStream& stream, ByteView wanted) {
  std::size_t position = 0;
  while (position < wanted.size()) {
    const Result<ByteView> some = co_await stream.next();
    if (!some) co_return tl::unexpected(some.error());
    const std::size_t length = std::min(some->size(), wanted.size() - position);
    if (length == 0 || !std::ranges::equal(some->first(length), wanted.subspan(position, length))) co_return false;
    position += length;
  }
  co_return true;
}

// From the layer's start: all of a small one, or up to a stretch of a larger one.
Task<Result<bool>> compare_whole(origin::Origin& origin, Question question, Evidence evidence) {
  std::uint64_t end = evidence.size.value;
  if (evidence.size > Proofs::stretch) {
    const auto last = choose(evidence, Proofs::longest_prefix.value);
    if (!last) co_return tl::unexpected(last.error());
    end = last->first + last->bytes.size();
  }
  const auto wanted = read(evidence, 0, end);
  if (!wanted) co_return tl::unexpected(wanted.error());
  origin::LayerQuestion whole{.repository = question.caller.repository,
                              .kind = question.kind,
                              .digest = question.digest,
                              .authorization = question.caller.authorization,
                              .size = evidence.size};
  const auto stream = co_await origin.open(std::move(whole), 0);
  if (!stream) co_return tl::unexpected(stream.error());
  if ((*stream)->size() != evidence.size) co_return false;
  const Result<bool> given = co_await gives(**stream, wanted->bytes);
  co_return given;
}

Task<Result<bool>> compare_blob(origin::Origin& origin, Question question, Evidence evidence) {
  Result<bool> is_same = true;
  if (evidence.size > Proofs::stretch) {
    const auto chosen = choose(evidence, evidence.size.value);
    if (!chosen) co_return tl::unexpected(chosen.error());
    const origin::Stretch part{chosen->first, chosen->first + chosen->bytes.size()};
    const auto stream = co_await origin.open_part(question.caller.repository, question.digest, part,
                                                  question.caller.authorization);
    if (!stream) co_return tl::unexpected(stream.error());
    if (*stream) {
      if ((*stream)->size() != evidence.size || (*stream)->offset() != part.first) co_return false;
      is_same = co_await gives(**stream, chosen->bytes);
      co_return is_same;
    }
  }
  is_same = co_await compare_whole(origin, std::move(question), std::move(evidence));
  co_return is_same;
}

Task<Result<bool>> compare_manifest(origin::Origin& origin, Question question) {
  const auto read = co_await get_manifest(origin, std::move(question));
  if (!read && read.error().kind == ErrorKind::corrupt) co_return false;
  if (!read) co_return tl::unexpected(read.error());
  if (read->status != 200) co_return tl::unexpected(error_of(*read));
  co_return true;
}

}  // namespace

bool is_telling(ByteView bytes) {
  std::vector<std::uint64_t> words(bytes.size() / sizeof(std::uint64_t));
  std::memcpy(words.data(), bytes.data(), words.size() * sizeof(std::uint64_t));
  std::ranges::sort(words);
  const auto repeated = std::ranges::unique(words);
  return words.size() - repeated.size() >= least_words;
}

Task<Result<void>> Proofs::prove(Question question, Evidence evidence, Hash256 key) {
  if (parts_.possession.is_refuted(question.caller.repository.upstream, question.digest, parts_.clock.now()))
    co_return tl::unexpected(other_bytes(question));
  auto compared = compare(std::move(question), std::move(evidence));
  const char* late = "the origin has not sent a part of the layer in 25 s";
  auto proven = co_await questions_.ask(key, std::move(compared), late);
  co_return proven;
}

Task<Result<void>> Proofs::compare(Question question, Evidence evidence) {
  auto compared = question.kind == origin::Kind::manifest
                      ? compare_manifest(parts_.origin, question)
                      : compare_blob(parts_.origin, question, std::move(evidence));
  const Result<bool> is_same = co_await std::move(compared);
  if (!is_same) co_return tl::unexpected(is_same.error());
  const std::string& upstream = question.caller.repository.upstream;
  if (*is_same) {
    parts_.possession.note(upstream, question.digest);
    co_return Result<void>();
  }
  parts_.possession.refute(upstream, question.digest, parts_.clock.now());
  log::warning("access", "registry sends other bytes than the layer's",
               {{"digest", question.digest.text()},
                {"image", upstream + "/" + question.caller.repository.name},
                {"next", "repair the registry, or a proxy before it; its callers do not get the layer from here"}});
  co_return tl::unexpected(other_bytes(question));
}

}  // namespace shoal::agent::access
