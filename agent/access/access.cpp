#include "agent/access/access.hpp"

#include <algorithm>
#include <limits>

#include "shared/control/timing.hpp"
#include "shared/log/date.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::access {
namespace {

std::string image_of(const Caller& caller) {
  return caller.repository.upstream + "/" + caller.repository.name;
}

origin::UpstreamAccess rules_of(const origin::Options& options, const std::string& upstream) {
  const auto entry = options.access.find(upstream);
  return entry == options.access.end() ? origin::UpstreamAccess{} : entry->second;
}

// It does not answer, or as a server that fails; a limit of its requests is no failure.
bool is_down(const Error& cause) {
  return cause.kind == ErrorKind::unavailable && (!cause.answered || cause.answered->status >= 500);
}

// Of those that share a question.
Hash256 key_of(const KeyedHash& hash, const Question& question) {
  const Caller& caller = question.caller;
  return hash.of({caller.repository.upstream, caller.repository.name, question.digest.text(),
                  question.kind == origin::Kind::manifest ? "m" : "b", caller.authorization.reveal()});
}

}  // namespace

Access::Access(Parts parts, Options options)
    : parts_(parts),
      options_(std::move(options)),
      possession_([&origin = parts.origin](const std::string& upstream) { return registry_at(origin.options(), upstream); }),
      proofs_({parts.loop, parts.clock, parts.origin, possession_}),
      questions_(parts.loop, parts.clock) {}

// ---- the check

Task<Result<Verdict>> Access::may(Caller caller, Digest digest, origin::Kind kind, bool is_here) {
  if (is_open(caller.repository.upstream)) {
    metrics_.by_mode.add();
    co_return Granted(digest, std::move(caller.repository), {By::node});
  }
  Question question{std::move(caller), digest, kind};
  if (is_known(question, is_here, Milliseconds::zero())) {
    metrics_.by_grant.add();
    co_return granted(question.caller, digest);
  }
  if (auto refused = refused_lately(question.caller)) {
    metrics_.refused.add();
    co_return std::move(*refused);
  }
  auto answer = co_await ask_shared(question);
  co_return judge(question, is_here, std::move(answer));
}

bool Access::is_open(const std::string& upstream) const {
  const std::string mode = rules_of(parts_.origin.options(), upstream).mode;
  return (mode.empty() ? options_.mode : mode) == origin::access_node;
}

bool Access::is_known(const Question& question, bool is_here, Milliseconds grace) const {
  const origin::Repository& repository = question.caller.repository;
  return grants_.has(question.caller, parts_.clock.now(), grace) && members_.has(repository, question.digest, question.kind) &&
         (!is_here || possession_.has(repository.upstream, question.digest));
}

Granted Access::granted(const Caller& caller, const Digest& digest) const {
  return {digest, caller.repository, authority_of(caller)};
}

Authority Access::authority_of(const Caller& caller) const {
  if (is_open(caller.repository.upstream)) return {By::node};
  const By by = caller.authorization.empty() ? By::anonymous : By::credential;
  return {by, grants_.credential_hash(caller.authorization)};
}

Result<Verdict> Access::judge(Question question, bool is_here, Result<origin::Answer> answer) {
  if (!answer) return close(question, is_here, std::move(answer.error()));
  if (answer->status == 200) {
    metrics_.by_answer.add();
    return Verdict(granted(question.caller, question.digest));
  }
  if (is_failing(*answer)) return close(question, is_here, error_of(*answer));
  metrics_.refused.add();
  log::info("access", "layer refused to the caller",
            {{"digest", question.digest.text()},
             {"image", image_of(question.caller)},
             {"status", answer->status},
             {"credential", grants_.credential_hash(question.caller.authorization)}});
  return Verdict(std::move(*answer));
}

// The origin could not be asked: an ended grant counts again within the grace, else nothing is served.
Result<Verdict> Access::close(const Question& question, bool is_here, Error cause) {
  const Caller& caller = question.caller;
  const Milliseconds grace = rules_of(parts_.origin.options(), caller.repository.upstream).offline_grace;
  if (is_down(cause) && grace > Milliseconds::zero() && is_known(question, is_here, grace)) {
    metrics_.by_grace.add();
    log::warning("access", "layer granted without the origin",
                 {{"digest", question.digest.text()},
                  {"image", image_of(caller)},
                  {"cause", cause.what},
                  {"next", "look at the registry: it does not answer, and offline_grace lets former callers in"}});
    return Verdict(granted(caller, question.digest));
  }
  metrics_.closed.add();
  log::warning("access", "access not checked, layer not served",
               {{"digest", question.digest.text()},
                {"image", image_of(caller)},
                {"cause", cause.what},
                {"next", "look at the registry; offline_grace of its [upstreams] entry lets former callers in meanwhile"}});
  cause.kind = ErrorKind::unavailable;
  cause.what = "the registry " + caller.repository.upstream + " cannot say now whether the caller may have this (" +
               cause.what + "); offline_grace of its [upstreams] entry would let in again whom it let in before";
  cause.answered = {};
  return tl::unexpected(std::move(cause));
}

// ---- the question

// Callers of the same credential that ask for the same layer share a question.
Task<Result<origin::Answer>> Access::ask_shared(Question question) {
  const Hash256 key = key_of(hash_, question);
  auto asked = ask_and_note(std::move(question));
  auto answer = co_await questions_.ask(key, std::move(asked), "the origin has not answered in 25 s");
  co_return answer;
}

Task<Result<origin::Answer>> Access::ask_and_note(Question question) {
  auto told = co_await ask(question);
  if (told && told->answer.status == 200) note_yes(question, *told);
  if (told) note_refusal(question.caller, told->answer);
  co_return told.map([](Told& said) { return std::move(said.answer); });
}

// What the tracker is refused, this node may be given: with a credential of its own.
Task<Result<Told>> Access::ask(Question question) {
  if (question.caller.authorization.empty() && parts_.trackers.any_up()) {
    auto told = co_await ask_tracker(question);
    const bool is_final = told && (told->answer.status == 200 || !asks_better(question.caller.repository.upstream));
    const bool is_paced = !told && told.error().retry_after > Milliseconds::zero();
    if (is_final || is_paced) co_return told;
  }
  metrics_.origin_questions.add();
  auto answer = co_await ask_origin(parts_.origin, std::move(question));
  if (!answer) co_return tl::unexpected(std::move(answer.error()));
  co_return Told{std::move(*answer)};
}

bool Access::asks_better(const std::string& upstream) const {
  const auto target = origin::find_upstream(parts_.origin.options(), upstream);
  return target && origin::has_credential_source(*target);
}

// An error: no tracker could ask.
Task<Result<Told>> Access::ask_tracker(Question question) {
  link::TrackerLink* link = parts_.trackers.owner_of(question.digest);
  if (link == nullptr) co_return fail(ErrorKind::unavailable, "no tracker is connected");
  metrics_.tracker_questions.add();
  const bool is_manifest = question.kind == origin::Kind::manifest;
  control::Check message{.request = 0,
                         .upstream = question.caller.repository.upstream,
                         .repository = question.caller.repository.name,
                         .kind = is_manifest ? control::LayerKind::manifest : control::LayerKind::blob,
                         .digest = question.digest,
                         .longest_age_ms = static_cast<std::uint32_t>(std::min<std::int64_t>(
                             options_.anonymous_grant.count(), std::numeric_limits<std::uint32_t>::max()))};
  auto checked = co_await link->check(std::move(message), control::timing::check_answer);
  if (!checked) co_return tl::unexpected(checked.error());
  if (checked->status == 0) {
    const Milliseconds left(checked->retry_after_ms);
    co_return tl::unexpected(Error{ErrorKind::unavailable, "the tracker: " + checked->what, left});
  }
  Told told;
  told.age = Milliseconds(checked->age_ms);
  origin::Answer& answer = told.answer;
  if (const MaybeAnswered said = control::answered_of(checked->answer)) answer = answer_of(*said);
  answer.status = checked->status;
  if (checked->size_bytes > 0) answer.length = checked->size_bytes;
  if (answer.status != 200) answer.length.reset();
  fill_body(answer);
  co_return told;
}

// ---- what is known

void Access::note_yes(const Question& question, const Told& told) {
  Member member{question.digest, {}, question.kind};
  const auto& length = told.answer.length;
  if (length && ByteCount{*length} <= largest_layer) member.size = ByteCount{*length};
  note_read(question.caller, member, told.age);
}

Granted Access::note_read(const Caller& caller, const Member& read, Milliseconds age) {
  const Milliseconds longest = caller.authorization.empty() ? options_.anonymous_grant : options_.grant;
  const auto date = std::chrono::floor<std::chrono::seconds>(log::date_now());
  grants_.give(caller, parts_.clock.now() + grant_life(caller.authorization, longest, date) - age);
  members_.add(caller.repository, read);
  return granted(caller, read.digest);
}

void Access::learn(const Granted& read, std::span<const Member> members) {
  if (read.authority().by != By::cluster) learn(read.repository(), members);
}

void Access::learn(const origin::Repository& repository, std::span<const Member> members) {
  for (const Member& member : members) members_.add(repository, member);
}

void Access::note_refusal(const Caller& caller, const origin::Answer& refusal) {
  if (refusal.status == 401 || refusal.status == 403) grants_.refuse(caller, refusal, parts_.clock.now());
}

std::optional<origin::Answer> Access::refused_lately(const Caller& caller) const {
  const origin::Answer* refusal = grants_.refusal_of(caller, parts_.clock.now());
  return refusal == nullptr ? std::nullopt : std::optional(*refusal);
}

Task<Result<void>> Access::prove(Question question, Evidence evidence) {
  if (possession_.has(question.caller.repository.upstream, question.digest)) co_return Result<void>();
  if (const auto refused = refused_lately(question.caller)) co_return tl::unexpected(error_of(*refused));
  metrics_.proofs.add();
  const Caller caller = question.caller;
  const Hash256 key = key_of(hash_, question);
  Result<void> proven = co_await proofs_.prove(std::move(question), std::move(evidence), key);
  if (!proven && proven.error().answered) note_refusal(caller, answer_of(*proven.error().answered));
  co_return proven;
}

}  // namespace shoal::agent::access
