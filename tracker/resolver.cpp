#include "tracker/resolver.hpp"

#include "shared/crypto/hasher.hpp"
#include "shared/log/log.hpp"
#include "shared/origin/faults.hpp"

namespace shoal::tracker {
namespace {

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

// The status, and what a 200 must have; its digest is missing when the origin did not name one.
control::Resolved relayed(const origin::Answer& answer) {
  control::Resolved resolved;
  resolved.status = static_cast<std::uint16_t>(answer.status);
  if (answer.status != 200) return resolved;
  resolved.content_type = answer.content_type;
  resolved.size_bytes = answer.length.value_or(0);
  const auto digest = Digest::parse(answer.digest);
  if (digest && answer.length) resolved.digest = *digest;
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
  const auto allowed = parts_.source.may_ask(question.upstream);
  if (!allowed) {
    if (allowed.error().kind == ErrorKind::not_found) parts_.metrics.unknown_registries.add();
    return reply(no_answer(seeder::of_tracker(allowed.error().what)));
  }

  remove_old();
  const Key key{question.upstream, question.repository, question.tag, question.accept};
  const auto known = questions_.find(key);
  if (known != questions_.end()) {
    if (known->second.resolved) return reply(*known->second.resolved);
    known->second.waiting.push_back({question.request, std::move(answer)});
    return;
  }
  if (questions_.size() >= largest_questions) return reply(no_answer("too many tags are being resolved"));
  questions_[key].waiting.push_back({question.request, std::move(answer)});
  spawn(parts_.loop, ask(key, question));
}

void Resolver::remove_old() {
  const Time now = parts_.clock.now();
  std::erase_if(questions_, [&](const auto& item) {
    return item.second.resolved && now - item.second.answered_at >= share_answer;
  });
}

Task<void> Resolver::ask(Key key, control::Resolve question) {
  parts_.metrics.origin_questions.add();
  control::Resolved resolved = co_await ask_origin(question);
  Question& entry = questions_.at(key);  // stays while it has no answer
  entry.resolved = resolved;
  entry.answered_at = parts_.clock.now();
  log::debug("tracker", "tag resolved",
             {{"image", question.upstream + "/" + question.repository},
              {"tag", question.tag},
              {"status", resolved.status}});
  for (const Waiting& waiting : std::exchange(entry.waiting, {})) {
    resolved.request = waiting.request;
    waiting.answer(resolved);
  }
}

Task<control::Resolved> Resolver::ask_origin(control::Resolve question) {
  origin::Repository repository{question.upstream, question.repository};
  const auto answer = co_await parts_.source.ask(std::move(repository), "HEAD", question.tag, question.accept);
  if (!answer) co_return no_answer(answer.error());
  control::Resolved resolved = relayed(*answer);
  const bool no_head = answer->status == 405;
  if (resolved.digest || (answer->status != 200 && !no_head)) co_return resolved;
  resolved = co_await read_manifest(question);
  co_return resolved;
}

Task<control::Resolved> Resolver::read_manifest(control::Resolve question) {
  origin::Repository repository{question.upstream, question.repository};
  auto answer = co_await parts_.source.ask(std::move(repository), "GET", question.tag, question.accept);
  if (!answer) co_return no_answer(answer.error());
  control::Resolved resolved = relayed(*answer);
  if (answer->status != 200) co_return resolved;
  const seeder::SeedRequest layer{digest_of(DigestAlgorithm::sha256, answer->body),
                                  origin::Kind::manifest,
                                  {question.upstream, question.repository}};
  resolved.digest = layer.digest;
  resolved.size_bytes = answer->body.size();
  parts_.keep(layer, std::move(answer->body), answer->content_type);
  co_return resolved;
}

}  // namespace shoal::tracker
