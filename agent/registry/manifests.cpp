#include "agent/registry/manifests.hpp"

#include "agent/registry/oci_error.hpp"
#include "agent/registry/relay.hpp"
#include "shared/control/timing.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::registry {
namespace {

// A manifest up to this size is hashed and read on the loop, in less than a millisecond: its turn on the pool, which
// hashes layers, may come later than that. Images' manifests have some kilobytes.
constexpr std::size_t at_once_bytes = 32 << 10;

// A silent tracker takes a second: so many leave the origin time to answer within a runtime's 30 s.
constexpr std::size_t most_trackers_asked = 3;

// A layer that is to be had elsewhere (`urls`) is none that the registry must have.
std::vector<access::Member> members_of(const ManifestFacts& facts) {
  std::vector<access::Member> members;
  for (const Descriptor& descriptor : facts.descriptors) {
    const auto kind = descriptor.is_manifest ? origin::Kind::manifest : origin::Kind::blob;
    if (!descriptor.is_elsewhere) members.push_back({descriptor.digest, descriptor.size, kind});
  }
  return members;
}

std::vector<Digest> names_of(const ManifestFacts& facts) {
  std::vector<Digest> names;
  for (const Descriptor& descriptor : facts.descriptors) names.push_back(descriptor.digest);
  return names;
}

// As the origin answers it, with its own reason.
origin::Answer no_such_tag(const std::string& reason) {
  origin::Answer answer;
  answer.status = 404;
  const http::Response body =
      oci_error(404, "MANIFEST_UNKNOWN", reason.empty() ? "the origin has no such tag" : reason);
  answer.content_type = "application/json";
  answer.body = copy_of(bytes_of(body.body));
  return answer;
}

}  // namespace

Task<Result<ManifestAnswer>> Manifests::answer(ManifestQuestion question) {
  Result<ManifestAnswer> answer = tl::unexpected(Error{});
  if (question.route.digest) {
    const Digest digest = *question.route.digest;
    answer = co_await by_digest(std::move(question), digest);
  } else {
    answer = co_await by_tag(std::move(question));
  }
  co_return answer;
}

Task<Result<ManifestAnswer>> Manifests::by_digest(ManifestQuestion question, Digest digest) {
  auto verdict = co_await parts_.access.may(question.caller(), digest, origin::Kind::manifest,
                                            pull::is_here(pulls_, digest, question.route.repository.upstream));
  if (!verdict) co_return tl::unexpected(verdict.error());
  if (auto* refusal = std::get_if<origin::Answer>(&*verdict)) co_return std::move(*refusal);
  const auto& granted = std::get<access::Granted>(*verdict);
  pull::Ask ask{.digest = digest,
                .kind = origin::Kind::manifest,
                .repository = question.route.repository,
                .size_hint = parts_.access.size_of(question.route.repository, digest, origin::Kind::manifest),
                .authorization = question.authorization};
  auto answer = co_await read_once(granted, ask);
  // Then a second attempt is under way, or the layer that the disk cannot read is pulled again.
  if (!answer && answer.error().kind == ErrorKind::corrupt) answer = co_await read_once(granted, ask);
  if (!answer && answer.error().answered) parts_.access.note_refusal(question.caller(), access::answer_of(*answer.error().answered));
  co_return answer;
}

Task<Result<ManifestAnswer>> Manifests::read_once(access::Granted granted, pull::Ask ask) {
  const Digest digest = ask.digest;
  auto layer = co_await pulls_.open(granted, std::move(ask));
  if (!layer) co_return tl::unexpected(layer.error());
  if (layer->size() > origin::largest_manifest) co_return fail(ErrorKind::refused, "the manifest is larger than 4 MiB");
  auto body = co_await read_body(*layer, digest);
  if (!body) co_return tl::unexpected(body.error());
  std::string type = layer->content_type();
  if (origin::bare_type(type) == "application/octet-stream") type.clear();  // it came as a blob
  Learnt learnt = co_await learn(std::move(*body), type, granted);
  if (type.empty()) type = std::move(learnt.facts.media_type);
  const std::uint64_t size_bytes = learnt.body.size();
  const pull::SourceBytes sources = layer->sources_of(0, size_bytes);
  co_return Manifest{digest,  size_bytes, std::move(type), std::move(learnt.body), names_of(learnt.facts),
                     sources, learnt.is_manifest};
}

// All bytes, once the digest has matched; an empty manifest waits for that too.
Task<Result<Bytes>> Manifests::read_body(pull::Layer layer, Digest digest) {
  Bytes body(layer.size().value);
  for (std::uint64_t position = 0; position < body.size();) {
    const auto span = co_await layer.readable(position);
    if (!span) co_return tl::unexpected(span.error());
    const MutableBytes part = MutableBytes(body).subspan(position, std::min(span->length(), body.size() - position));
    const Result<void> read = span->file()->read_at(span->offset(), part);
    if (!read && layer.held()) {
      pulls_.remove_unreadable(digest, *span->file());
      co_return fail(ErrorKind::corrupt, read.error().what);
    }
    if (!read) co_return tl::unexpected(read.error());
    position += part.size();
  }
  const Result<void> verified = co_await layer.verified();
  if (!verified) co_return tl::unexpected(verified.error());
  co_return body;
}

// Work on a manifest. On a large one it is done by the pool: to read 4 MiB would block the loop for 50 ms.
template <class Work>
Task<std::invoke_result_t<Work&>> Manifests::run(std::size_t body_bytes, Work work) {
  if (body_bytes <= at_once_bytes) co_return work();
  auto done = co_await parts_.pool.run(std::move(work));
  co_return done;
}

// Remembers what a manifest names, for the repository that it was read from.
Task<Manifests::Learnt> Manifests::learn(Bytes body, std::string stored_as, access::Granted granted) {
  const std::size_t body_bytes = body.size();
  auto read = [body = std::move(body), stored_as = std::move(stored_as)]() mutable {
    ManifestFacts facts = read_manifest(text_of(body), stored_as);
    Result<void> is_manifest = origin::check_manifest(body);
    return Learnt{std::move(body), std::move(facts), std::move(is_manifest)};
  };
  Learnt learnt = co_await run(body_bytes, std::move(read));
  parts_.access.learn(granted, members_of(learnt.facts));
  co_return learnt;
}

Task<Manifests::Hashed> Manifests::hash(Bytes body, DigestAlgorithm algorithm) {
  const std::size_t body_bytes = body.size();
  auto hash = [body = std::move(body), algorithm]() mutable {
    const Digest digest = digest_of(algorithm, body);
    return Hashed{std::move(body), digest};
  };
  Hashed hashed = co_await run(body_bytes, std::move(hash));
  co_return hashed;
}

Task<Result<ManifestAnswer>> Manifests::by_tag(ManifestQuestion question) {
  const TagQuestion tag{question.route.repository, question.route.tag, question.accept, question.authorization};
  auto resolved = co_await resolve(question);
  auto answer = only_manifest(std::move(resolved));
  const auto known = stale(tag, answer);
  if (!known) co_return answer;
  log::warning("registry", "stale tag served",
               {{"repository", tag.repository.upstream + "/" + tag.repository.name},
                {"tag", tag.tag},
                {"digest", known->digest.text()},
                {"next", "look at the registry: it does not answer"}});
  if (question.head_only) {
    answer = co_await stale_head(std::move(question), *known);
    co_return answer;
  }
  answer = co_await by_digest(std::move(question), known->digest);
  co_return answer;
}

Task<Result<ManifestAnswer>> Manifests::stale_head(ManifestQuestion question, Resolved known) {
  auto verdict = co_await parts_.access.may(question.caller(), known.digest, origin::Kind::manifest,
                                            pull::is_here(pulls_, known.digest, question.route.repository.upstream));
  if (!verdict) co_return tl::unexpected(verdict.error());
  if (auto* refusal = std::get_if<origin::Answer>(&*verdict)) co_return std::move(*refusal);
  co_return Manifest{known.digest, known.size_bytes, std::move(known.content_type), {}};
}

// What else a tag leads to is an error.
Result<ManifestAnswer> Manifests::only_manifest(Result<ManifestAnswer> answer) {
  const auto* manifest = answer ? std::get_if<Manifest>(&*answer) : nullptr;
  if (manifest == nullptr || manifest->is_manifest) return answer;
  parts_.metrics.outcomes.not_manifests.add();
  return tl::unexpected(manifest->is_manifest.error());
}

// Remembers the origin's answer, and gives the one before while the origin fails. A tag that is not there any more, or
// refused, is removed.
std::optional<Resolved> Manifests::stale(const TagQuestion& question, const Result<ManifestAnswer>& answer) {
  if (stale_if_error_ <= Milliseconds::zero()) return std::nullopt;
  const auto* manifest = answer ? std::get_if<Manifest>(&*answer) : nullptr;
  if (manifest != nullptr) {
    Resolved resolved{manifest->digest, manifest->size_bytes, manifest->content_type};
    last_known_.remember(question, std::move(resolved), parts_.clock.now());
    return std::nullopt;
  }
  const bool failing =
      answer ? is_failing(std::get<origin::Answer>(*answer)) : answer.error().kind == ErrorKind::unavailable;
  if (failing) return last_known_.find(question, parts_.clock.now(), stale_if_error_);
  last_known_.remove(question);
  return std::nullopt;
}

Task<Result<ManifestAnswer>> Manifests::resolve(ManifestQuestion question) {
  if (question.authorization.empty()) {
    const auto resolved = co_await ask_trackers(question);
    if (resolved && resolved->status == 200 && resolved->digest) {
      const origin::NamedManifest named{*resolved->digest, resolved->size_bytes, resolved->content_type};
      note_named(question, named);
      auto answer = co_await by_named(question, named);
      const bool is_final = answer || answer.error().kind == ErrorKind::unavailable;
      if (is_final) co_return answer;
    } else if (resolved && resolved->status == 404 && !asks_better(question)) {
      co_return no_such_tag(resolved->what);
    } else if (resolved && resolved->retry_after_ms > 0) {  // the tracker waits for its turn, or for the origin: for all nodes
      const Milliseconds left(resolved->retry_after_ms);
      co_return tl::unexpected(Error{ErrorKind::unavailable, "the tracker has no answer yet: " + resolved->what, left});
    }
    // Otherwise (a challenge, a tracker that may not or cannot ask, a digest that leads nowhere) the origin is asked here.
  }
  if (auto refused = parts_.access.refused_lately(question.caller())) co_return std::move(*refused);
  const access::Caller caller = question.caller();
  auto answer = co_await from_origin(std::move(question));
  if (const auto* refusal = answer ? std::get_if<origin::Answer>(&*answer) : nullptr) parts_.access.note_refusal(caller, *refusal);
  co_return answer;
}

// Whether this node may be shown what the tracker is not: with a credential of its own.
bool Manifests::asks_better(const ManifestQuestion& question) const {
  const auto target = origin::find_upstream(parts_.origin.options(), question.route.repository.upstream);
  return target && origin::has_credential_source(*target);
}

// The origin has shown the caller the tag's manifest.
access::Granted Manifests::note_named(const ManifestQuestion& question, const origin::NamedManifest& named) {
  access::Member manifest{named.digest, {}, origin::Kind::manifest};
  const bool has_size = named.size_bytes > 0 && ByteCount{named.size_bytes} <= origin::largest_manifest;
  if (has_size) manifest.size = ByteCount{named.size_bytes};
  return parts_.access.note_read(question.caller(), manifest);
}

// The manifest that a tag was found to have. The head of one that is held, or that lacks a type or a size, is the read one's.
Task<Result<ManifestAnswer>> Manifests::by_named(ManifestQuestion question, origin::NamedManifest named) {
  const bool is_known = named.size_bytes > 0 && !named.content_type.empty();
  if (question.head_only && is_known && !pull::holds(pulls_, named.digest)) {
    co_return Manifest{named.digest, named.size_bytes, std::move(named.content_type), {}};
  }
  auto answer = co_await by_digest(std::move(question), named.digest);
  co_return answer;
}

// The tag's tracker, and the next one when that goes or is silent. One that is merely slow may have asked the origin:
// a second one would ask it again.
Task<Result<control::Resolved>> Manifests::ask_trackers(ManifestQuestion question) {
  const origin::Repository& repository = question.route.repository;
  const std::string key = repository.upstream + "/" + repository.name + ":" + question.route.tag;
  const control::Resolve message{.request = 0,
                                 .upstream = repository.upstream,
                                 .repository = repository.name,
                                 .tag = question.route.tag,
                                 .accept = question.accept};
  Result<control::Resolved> resolved = fail(ErrorKind::unavailable, "no tracker is connected");
  for (std::size_t asked = 0; asked < most_trackers_asked; ++asked) {
    link::TrackerLink* link = parts_.trackers.owner_of(key);
    if (!link) break;
    resolved = co_await link->resolve(message, control::timing::resolve_answer);
    if (resolved || link->up()) break;
  }
  co_return resolved;
}

Task<Result<ManifestAnswer>> Manifests::from_origin(ManifestQuestion question) {
  if (question.head_only) {
    auto head = co_await parts_.origin.ask(question.route.repository, "HEAD", "manifests/" + question.route.tag,
                                           question.accept, question.authorization);
    if (!head) co_return tl::unexpected(head.error());
    auto named = origin::named_manifest(*head);
    if (named) {
      note_named(question, *named);
      auto answer = co_await by_named(std::move(question), std::move(*named));
      co_return answer;
    }
    if (!origin::is_settled_by_get(*head)) co_return std::move(*head);
  }
  auto answer = co_await read_at_origin(std::move(question));
  co_return answer;
}

Task<Result<ManifestAnswer>> Manifests::read_at_origin(ManifestQuestion question) {
  auto asked = co_await parts_.origin.ask(question.route.repository, "GET", "manifests/" + question.route.tag,
                                          question.accept, question.authorization);
  if (!asked) co_return tl::unexpected(asked.error());
  if (asked->status != 200) co_return std::move(*asked);
  const auto named = Digest::parse(asked->digest);
  Hashed hashed = co_await hash(std::move(asked->body), named ? named->algorithm() : DigestAlgorithm::sha256);
  const Digest digest = hashed.digest;
  if (named && digest != *named) {
    parts_.metrics.outcomes.not_manifests.add();
    co_return fail(ErrorKind::corrupt, "the origin's manifest does not match its digest");
  }
  const access::Granted granted = note_named(question, {digest, hashed.body.size(), asked->content_type});
  Learnt learnt = co_await learn(std::move(hashed.body), asked->content_type, granted);
  const std::uint64_t size_bytes = learnt.body.size();
  pull::SourceBytes sources;
  sources.of(pull::Source::origin) = size_bytes;
  std::string type = asked->content_type.empty() ? learnt.facts.media_type : std::move(asked->content_type);
  Manifest manifest{digest,  size_bytes,        std::move(type), std::move(learnt.body), names_of(learnt.facts),
                    sources, learnt.is_manifest};
  if (!manifest.is_manifest) co_return manifest;
  pull::Ask ask{.digest = digest,
                .kind = origin::Kind::manifest,
                .repository = question.route.repository,
                .size_hint = {},
                .authorization = {}};
  spawn(parts_.loop, pulls_.store_bytes(std::move(ask), manifest.body, manifest.content_type));
  co_return manifest;
}

}  // namespace shoal::agent::registry
