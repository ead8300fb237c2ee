#include "tracker/resolver.hpp"

#include "shared/crypto/hasher.hpp"
#include "shared/log/log.hpp"
#include "shared/origin/faults.hpp"
#include "shared/origin/registry_name.hpp"
#include "shared/origin/statuses.hpp"

namespace shoal::tracker {
namespace {

// Up to this size a manifest is hashed and read on the loop, in less than a millisecond. Images' have some kilobytes.
constexpr std::size_t at_once_bytes = 32 << 10;
// Agents that hear that the origin is slow do not ask it themselves for so long.
constexpr std::uint32_t rest_of_slow_origin_ms = 1'000;

control::Resolved no_answer(std::string what) {
  control::Resolved resolved;
  resolved.what = std::move(what);
  return resolved;
}

control::Resolved no_answer(const Error& cause) {
  control::Resolved resolved = no_answer(origin::lasts(cause) ? seeder::of_tracker(cause.what) : cause.what);
  resolved.retry_after_ms = static_cast<std::uint32_t>(cause.retry_after.count());
  return resolved;
}

control::Resolved no_answer_in_time() {
  control::Resolved resolved = no_answer("the origin has not answered the tracker in time");
  resolved.retry_after_ms = rest_of_slow_origin_ms;
  return resolved;
}

// The origin's refusal.
control::Resolved refused(const origin::Answer& answer) {
  control::Resolved resolved;
  resolved.status = static_cast<std::uint16_t>(answer.status);
  resolved.what = origin::answered_by(answer.status, {}, text_of(answer.body)).message;
  return resolved;
}

}  // namespace

void Resolver::resolve(const control::Resolve& question, Answer answer) {
  parts_.metrics.questions.add();
  const auto reply = [&](control::Resolved resolved) {
    resolved.request = question.request;
    answer(std::move(resolved));
  };
  if (!origin::is_repository_name(question.repository) || !origin::is_tag(question.tag)) {
    return reply(no_answer("not a repository's name and tag"));
  }
  if (question.accept.size() > longest_accept) return reply(no_answer("an Accept header that is too long"));
  const auto allowed = parts_.source.may_ask(question.upstream);
  if (!allowed) {
    if (allowed.error().kind == ErrorKind::not_found) parts_.metrics.unknown_registries.add();
    return reply(no_answer(seeder::of_tracker(allowed.error().what)));
  }

  remove_old();
  const Key key{origin::registry_name(question.upstream), question.repository, question.tag, question.accept};
  if (tags_.size() >= most_tags && !tags_.contains(key)) return reply(no_answer("too many tags are being resolved"));
  Tag& tag = tags_.try_emplace(key, parts_.loop).first->second;
  tag.waiting.push_back({question.request, std::move(answer)});
  if (!std::exchange(tag.is_next_planned, true)) spawn(parts_.loop, ask_next(key, question));
}

void Resolver::remove_old() {
  std::erase_if(tags_, [this](const auto& item) {
    const Tag& tag = item.second;
    return !tag.is_next_planned && tag.questions_awaited == 0 && parts_.clock.now() - *tag.asked_at >= longest_gap;
  });
}

// Until the next question may begin. One that the origin is slow with keeps the next one only for a while.
Milliseconds Resolver::time_to_turn(const Tag& tag) const {
  if (!tag.asked_at) return Milliseconds::zero();
  const Milliseconds gap = tag.questions_awaited > 0 ? control::timing::tag_turn : tag.gap;
  return std::chrono::ceil<Milliseconds>(*tag.asked_at + gap - parts_.clock.now());
}

Task<void> Resolver::ask_next(Key key, control::Resolve question) {
  Tag& tag = tags_.at(key);  // stays while it has a question
  for (auto left = time_to_turn(tag); left > Milliseconds::zero(); left = time_to_turn(tag)) {
    co_await tag.changed.wait_for(parts_.clock, left);
  }
  const std::vector<Waiting> agents = std::exchange(tag.waiting, {});
  tag.is_next_planned = false;
  tag.asked_at = parts_.clock.now();
  tag.gap = std::clamp(2 * tag.gap, first_gap, longest_gap);
  ++tag.questions_awaited;
  parts_.metrics.origin_questions.add();
  const auto asked = std::make_shared<Asked>(parts_.loop);
  spawn(parts_.loop, ask(asked, question));
  if (!asked->answer) co_await asked->ended.wait_for(parts_.clock, control::timing::tag_question);
  control::Resolved resolved = asked->answer ? *asked->answer : no_answer_in_time();
  --tag.questions_awaited;
  tag.changed.notify();
  log::debug("tracker", "tag resolved",
             {{"image", question.upstream + "/" + question.repository},
              {"tag", question.tag},
              {"status", resolved.status},
              {"agents", agents.size()}});
  for (const Waiting& waiting : agents) {
    resolved.request = waiting.request;
    waiting.answer(resolved);
  }
}

Task<void> Resolver::ask(std::shared_ptr<Asked> asked, control::Resolve question) {
  control::Resolved answer = co_await ask_origin(std::move(question));
  asked->answer = std::move(answer);
  asked->ended.notify();
}

Task<control::Resolved> Resolver::ask_origin(control::Resolve question) {
  origin::Repository repository{question.upstream, question.repository};
  const auto slot = co_await parts_.slots.take(question.upstream, control::timing::tag_question);
  if (!slot) co_return no_answer(slot.error());
  const auto head = co_await parts_.source.ask(repository, "HEAD", "manifests/" + question.tag, question.accept);
  if (!head) co_return no_answer(head.error());
  auto named = origin::named_manifest(*head);
  if (named) {
    const auto held = parts_.find_held(named->digest);
    if (held) named->size_bytes = held->size_bytes;
    if (held && !held->content_type.empty()) named->content_type = held->content_type;
    co_return found(std::move(repository), std::move(*named));
  }
  if (!origin::is_settled_by_get(*head)) co_return refused(*head);
  control::Resolved resolved = co_await read_manifest(std::move(question));
  co_return resolved;
}

Task<control::Resolved> Resolver::read_manifest(control::Resolve question) {
  origin::Repository repository{question.upstream, question.repository};
  auto answer = co_await parts_.source.ask(repository, "GET", "manifests/" + question.tag, question.accept);
  if (!answer) co_return no_answer(answer.error());
  if (answer->status != 200) co_return refused(*answer);
  const auto named = Digest::parse(answer->digest);
  Read manifest = co_await read(std::move(answer->body), named ? named->algorithm() : DigestAlgorithm::sha256);
  if (!manifest.is_manifest) co_return not_a_manifest(question, manifest.is_manifest.error());
  if (named && *named != manifest.digest) {
    co_return not_a_manifest(question, {ErrorKind::corrupt, "the origin's manifest does not match its digest"});
  }
  const std::uint64_t size_bytes = manifest.body.size();
  parts_.known.note_at(repository.upstream, manifest.digest);
  parts_.keep({manifest.digest, origin::Kind::manifest, repository}, std::move(manifest.body), answer->content_type);
  co_return found(std::move(repository), {manifest.digest, size_bytes, std::move(answer->content_type)});
}

Task<Resolver::Read> Resolver::read(Bytes body, DigestAlgorithm algorithm) {
  const bool is_large = body.size() > at_once_bytes;
  auto work = [body = std::move(body), algorithm]() mutable {
    const Digest digest = digest_of(algorithm, body);
    Result<void> is_manifest = origin::check_manifest(body);
    return Read{std::move(body), digest, std::move(is_manifest)};
  };
  if (!is_large) co_return work();
  Read done = co_await parts_.pool.run(std::move(work));
  co_return done;
}

control::Resolved Resolver::found(origin::Repository repository, origin::NamedManifest manifest) {
  parts_.known.note_readable({std::move(repository), origin::Kind::manifest, manifest.digest},
                             {manifest.size_bytes, manifest.content_type});
  control::Resolved resolved;
  resolved.status = 200;
  resolved.digest = manifest.digest;
  resolved.size_bytes = manifest.size_bytes;
  resolved.content_type = std::move(manifest.content_type);
  return resolved;
}

control::Resolved Resolver::not_a_manifest(const control::Resolve& question, const Error& error) {
  parts_.metrics.not_manifests.add();
  log::warning("tracker", "origin sent no manifest",
               {{"registry", question.upstream},
                {"image", question.upstream + "/" + question.repository + ":" + question.tag},
                {"cause", error.what},
                {"next", "ask the registry for the tag from this machine: a portal or a proxy may answer for it"}});
  return no_answer(error.what);
}

}  // namespace shoal::tracker
