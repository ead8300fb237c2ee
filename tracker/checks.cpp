#include "tracker/checks.hpp"

#include "shared/log/log.hpp"
#include "shared/origin/faults.hpp"
#include "shared/origin/manifest_body.hpp"
#include "shared/origin/retry_after.hpp"
#include "shared/origin/statuses.hpp"

namespace shoal::tracker {
namespace {

constexpr std::uint32_t rest_of_slow_origin_ms = 1'000;  // agents do not ask it themselves for so long

OriginLayer layer_of(const control::Check& question) {
  const bool is_manifest = question.kind == control::LayerKind::manifest;
  return {{question.upstream, question.repository},
          is_manifest ? origin::Kind::manifest : origin::Kind::blob,
          question.digest};
}

control::Checked no_answer(std::string what, std::uint32_t retry_after_ms = 0) {
  control::Checked checked;
  checked.what = std::move(what);
  checked.retry_after_ms = retry_after_ms;
  return checked;
}

control::Checked failed(const Error& cause) {
  control::Checked checked = no_answer(origin::lasts(cause) ? seeder::of_tracker(cause.what) : cause.what,
                                       static_cast<std::uint32_t>(cause.retry_after.count()));
  if (cause.answered) checked.status = static_cast<std::uint16_t>(cause.answered->status);
  checked.answer = control::wire_form(cause.answered);
  return checked;
}

control::Checked refused(const OriginLayer& layer, const origin::Answer& answer) {
  Answered answered = origin::answered_by(answer.status, {}, text_of(answer.body));
  answered.challenges = answer.challenges;
  http::Headers headers;
  if (!answer.retry_after.empty()) headers.push_back({"Retry-After", answer.retry_after});
  Error cause{origin::kind_of_status(answer.status),
              layer.image() + ": the origin answers " + std::to_string(answer.status), origin::retry_after(headers)};
  cause.answered = std::move(answered);
  return failed(cause);
}

bool is_2xx(const control::Checked& checked) {
  return checked.status == 200;
}
bool is_refusal(const control::Checked& checked) {
  return checked.status >= 400 && checked.status < 500 && checked.status != 408 && checked.status != 429;
}

}  // namespace

// ---- what agents ask

void Checks::check(const control::Check& question, Answer answer) {
  const OriginLayer layer = layer_of(question);
  const Milliseconds longest_age = question.longest_age_ms == 0 ? KnownLayers::keep : Milliseconds(question.longest_age_ms);
  if (auto checked = answer_at_once(layer, longest_age)) return reply(answer, question.request, std::move(*checked));
  const Hash256 key = key_of(layer);
  const auto known = questions_.find(key);
  if (known == questions_.end()) remove_old();
  const bool rests = known != questions_.end() && !known->second.is_asked && parts_.clock.now() < known->second.rests_until;
  if (rests) return reply(answer, question.request, *known->second.refused);
  const bool is_full = (known == questions_.end() && questions_.size() >= most_questions) || waiting_ >= most_waiting;
  if (is_full) return reply(answer, question.request, no_answer("too many layers are being checked", rest_of_slow_origin_ms));
  const auto place = questions_.try_emplace(key).first;
  place->second.waiting.push_back({question.request, std::move(answer)});
  ++waiting_;
  if (!std::exchange(place->second.is_asked, true)) spawn(parts_.loop, ask_for_all(place, layer));
}

// What is known holds while the registry is out of reach.
std::optional<control::Checked> Checks::answer_at_once(const OriginLayer& layer, Milliseconds longest_age) {
  if (!origin::is_repository_name(layer.repository.name)) return no_answer("not a repository's name");
  const auto allowed = parts_.source.may_ask(layer.repository.upstream);
  const bool is_unknown = !allowed && allowed.error().kind == ErrorKind::not_found;
  if (is_unknown) parts_.metrics.unknown_registries.add();
  if (is_unknown) return no_answer(seeder::of_tracker(allowed.error().what));
  if (auto facts = parts_.known.readable(layer, longest_age)) {
    parts_.metrics.known.add();
    control::Checked checked;
    checked.status = 200;
    checked.size_bytes = facts->size_bytes;
    checked.content_type = std::move(facts->content_type);
    checked.age_ms = static_cast<std::uint32_t>(facts->age.count());
    return checked;
  }
  if (!allowed) return no_answer(seeder::of_tracker(allowed.error().what));
  return std::nullopt;
}

void Checks::reply(const Answer& answer, std::uint32_t request, control::Checked checked) {
  if (is_refusal(checked)) parts_.metrics.refused.add();
  if (!is_2xx(checked) && !is_refusal(checked)) parts_.metrics.failed.add();
  checked.request = request;
  answer(std::move(checked));
}

// A refusal that repeats within twice its rest counts as the same one.
void Checks::remove_old() {
  std::erase_if(questions_, [this](const auto& item) {
    const Question& question = item.second;
    return !question.is_asked && parts_.clock.now() - question.rests_until >= question.rest;
  });
}

void Checks::tell(Question& question, const control::Checked& checked) {
  const std::vector<Waiting> agents = std::exchange(question.waiting, {});
  waiting_ -= agents.size();
  if (is_2xx(checked)) parts_.metrics.allowed.add(agents.size());
  for (const Waiting& agent : agents) reply(agent.answer, agent.request, checked);
}

// ---- what the origin is asked

// Agents that come while the origin is slow wait for the same question. The origin's own limits end it.
Task<void> Checks::ask_for_all(Questions::iterator place, OriginLayer layer) {
  Question& question = place->second;  // stays while it is asked
  const auto asked = std::make_shared<Asked>(parts_.loop);
  spawn(parts_.loop, ask(asked, layer));
  while (!asked->answer) {
    co_await asked->ended.wait_for(parts_.clock, control::timing::check_question);
    if (!asked->answer) tell(question, no_answer("the origin has not answered the tracker in time", rest_of_slow_origin_ms));
  }
  const control::Checked checked = *asked->answer;
  log::debug("tracker", "layer checked",
             {{"digest", layer.digest.text()},
              {"image", layer.image()},
              {"status", checked.status},
              {"agents", question.waiting.size()}});
  if (!is_2xx(checked) && !is_refusal(checked)) {
    log::warning("tracker", "layer not checked",
                 {{"digest", layer.digest.text()},
                  {"image", layer.image()},
                  {"cause", checked.what},
                  {"next", "look at the registry; nodes serve the layer again once it answers"}});
  }
  question.is_asked = false;
  question.rest = is_2xx(checked) ? Milliseconds(0) : std::clamp(2 * question.rest, shortest_rest, longest_rest);
  question.rests_until = parts_.clock.now() + question.rest;
  if (!is_2xx(checked)) question.refused = checked;
  tell(question, checked);
}

Task<void> Checks::ask(std::shared_ptr<Asked> asked, OriginLayer layer) {
  control::Checked answer = co_await ask_origin(std::move(layer));
  asked->answer = std::move(answer);
  asked->ended.notify();
}

Task<control::Checked> Checks::ask_origin(OriginLayer layer) {
  const auto slot = co_await parts_.slots.take(layer.repository.upstream, control::timing::check_question);
  if (!slot) co_return failed(slot.error());
  const bool is_manifest = layer.kind == origin::Kind::manifest;
  parts_.metrics.origin_questions.add();
  const char* accept = is_manifest ? origin::manifest_types : "*/*";
  const auto head = co_await parts_.source.ask(layer.repository, "HEAD", layer.path(), accept);
  if (!head) co_return failed(head.error());
  if (is_manifest) {
    auto named = origin::named_manifest(*head);
    if (named && named->digest == layer.digest) co_return found(layer, {named->size_bytes, std::move(named->content_type)});
  } else if (head->status / 100 == 2 && !origin::is_page_type(head->content_type)) {
    co_return found(layer, {head->length.value_or(0), ""});
  }
  if (!origin::is_settled_by_get(*head)) co_return refused(layer, *head);
  auto by_get = is_manifest ? read_manifest(std::move(layer)) : read_byte(std::move(layer));
  control::Checked checked = co_await std::move(by_get);
  co_return checked;
}

Task<control::Checked> Checks::read_manifest(OriginLayer layer) {
  parts_.metrics.origin_questions.add();
  auto answer = co_await parts_.source.ask(layer.repository, "GET", layer.path(), origin::manifest_types);
  if (!answer) co_return failed(answer.error());
  if (answer->status != 200) co_return refused(layer, *answer);
  const auto bytes = std::make_shared<Bytes>(std::move(answer->body));
  auto match = [bytes, digest = layer.digest] { return digest_of(digest.algorithm(), *bytes) == digest; };
  const bool is_right = co_await parts_.pool.run(std::move(match));
  if (!is_right) co_return no_answer("the origin sends something else than the manifest of this digest");
  const std::uint64_t size_bytes = bytes->size();
  parts_.known.note_at(layer.repository.upstream, layer.digest);
  parts_.keep({layer.digest, layer.kind, layer.repository}, std::move(*bytes), answer->content_type);
  co_return found(layer, {size_bytes, std::move(answer->content_type)});
}

Task<control::Checked> Checks::read_byte(OriginLayer layer) {
  parts_.metrics.origin_questions.add();
  constexpr origin::Stretch first_byte{0, 1};
  auto stream = co_await parts_.source.open_part(layer.repository, layer.digest, first_byte);
  if (!stream) co_return failed(stream.error());
  if (*stream) co_return found(layer, {(*stream)->size().value, ""});
  control::Checked checked = co_await open_blob(std::move(layer));
  co_return checked;
}

// The registry makes nothing of Range: its head of the whole answers, and no byte is read. A size is named so that none is
// read to count it.
Task<control::Checked> Checks::open_blob(OriginLayer layer) {
  parts_.metrics.origin_questions.add();
  origin::LayerQuestion whole{layer.repository, layer.kind, layer.digest, {}, ByteCount{1}};
  auto stream = co_await parts_.source.open(std::move(whole), 0);
  if (!stream) co_return failed(stream.error());
  if (origin::is_page_type((*stream)->content_type())) co_return no_answer("the origin sends a web page in place of the layer");
  co_return found(layer, {});
}

control::Checked Checks::found(const OriginLayer& layer, KnownLayers::Facts facts) {
  if (facts.content_type.size() > KnownLayers::longest_type) facts.content_type.clear();
  parts_.known.note_readable(layer, facts);
  control::Checked checked;
  checked.status = 200;
  checked.size_bytes = facts.size_bytes;
  checked.content_type = std::move(facts.content_type);
  return checked;
}

}  // namespace shoal::tracker
