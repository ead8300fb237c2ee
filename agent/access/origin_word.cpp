#include "agent/access/origin_word.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "shared/crypto/hasher.hpp"
#include "shared/origin/manifest_body.hpp"
#include "shared/origin/statuses.hpp"

namespace shoal::agent::access {
namespace {

// As containerd sends them, and docker's schema 1: a registry may know a manifest under one type alone.
constexpr const char* manifest_types =
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v1+prettyjws, */*";

// Retry-After in seconds (RFC 9110 section 10.2.3); its form with a date counts as none.
Milliseconds rest_of(const std::string& retry_after) {
  constexpr std::size_t longest = 4;
  const bool is_number = !retry_after.empty() && retry_after.size() <= longest &&
                         std::all_of(retry_after.begin(), retry_after.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? std::chrono::seconds(std::stoi(retry_after)) : Milliseconds::zero();
}

std::string path_of(const Question& question) {
  return (question.kind == origin::Kind::manifest ? "manifests/" : "blobs/") + question.digest.text();
}

// A manifest's head names its digest, unless a proxy has left it out; a blob's often does not.
bool is_yes(const origin::Answer& head, const Question& question) {
  if (head.status != 200) return false;
  const bool is_other = !head.digest.empty() && head.digest != question.digest.text();
  if (is_other) return false;
  return question.kind == origin::Kind::blob || origin::bare_type(head.content_type) != "text/html";
}

origin::Answer yes(std::optional<std::uint64_t> length) {
  origin::Answer answer;
  answer.status = 200;
  answer.length = length;
  return answer;
}

Result<origin::Answer> refusal_or_error(Error error) {
  if (error.answered) return answer_of(*error.answered);
  return tl::unexpected(std::move(error));
}

// One byte of it. What makes nothing of the Range is asked for the whole, whose body is not read.
Task<Result<origin::Answer>> get_blob(origin::Origin& origin, Question question) {
  const origin::Stretch first_byte{0, 1};
  const auto part = co_await origin.open_part(question.caller.repository, question.digest, first_byte,
                                              question.caller.authorization);
  if (!part) co_return refusal_or_error(part.error());
  if (*part) co_return yes((*part)->size().value);
  origin::LayerQuestion whole{.repository = question.caller.repository,
                              .kind = origin::Kind::blob,
                              .digest = question.digest,
                              .authorization = question.caller.authorization};
  const auto stream = co_await origin.open(std::move(whole), 0);
  if (!stream) co_return refusal_or_error(stream.error());
  co_return yes((*stream)->size().value);
}

}  // namespace

// 4 MiB are hashed in some milliseconds, and seldom: where HEAD does not work, and for a proof.
Task<Result<origin::Answer>> get_manifest(origin::Origin& origin, Question question) {
  auto read = co_await origin.ask(question.caller.repository, "GET", path_of(question), manifest_types,
                                  question.caller.authorization);
  if (!read || read->status != 200) co_return read;
  if (digest_of(question.digest.algorithm(), read->body) != question.digest) {
    co_return fail(ErrorKind::corrupt, "the origin's manifest does not match its digest");
  }
  co_return yes(read->body.size());
}

bool is_failing(const origin::Answer& answer) {
  return answer.status < 400 || answer.status >= 500 || answer.status == 408 || answer.status == 429;
}

origin::Answer answer_of(const Answered& answered) {
  origin::Answer answer;
  answer.status = answered.status;
  answer.challenges = answered.challenges;
  if (answered.code.empty() && answered.message.empty()) return answer;
  const nlohmann::json body = {
      {"errors", {{{"code", answered.code}, {"message", answered.message}, {"detail", nullptr}}}}};
  const std::string text = body.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  answer.content_type = "application/json";
  answer.body = copy_of(bytes_of(text));
  return answer;
}

Error error_of(const origin::Answer& answer) {
  Error error{origin::kind_of_status(answer.status), "the origin answered with status " + std::to_string(answer.status)};
  Answered answered = origin::answered_by(answer.status, {}, text_of(answer.body));
  answered.challenges = answer.challenges;
  error.answered = bounded(std::move(answered));
  error.retry_after = rest_of(answer.retry_after);
  return error;
}

void fill_body(origin::Answer& refusal) {
  if (refusal.status == 200 || !refusal.body.empty()) return;
  const bool is_login = refusal.status == 401;
  const std::string code = is_login ? "UNAUTHORIZED" : refusal.status == 403 ? "DENIED" : "";
  origin::Answer filled = answer_of({refusal.status, std::move(refusal.challenges), code,
                                     is_login ? "the registry asks for a login" : "the registry refuses it"});
  filled.retry_after = std::move(refusal.retry_after);
  refusal = std::move(filled);
}

Task<Result<origin::Answer>> ask_origin(origin::Origin& origin, Question question) {
  auto answer = co_await origin.ask(question.caller.repository, "HEAD", path_of(question),
                                    question.kind == origin::Kind::manifest ? manifest_types : "*/*",
                                    question.caller.authorization);
  if (answer && is_yes(*answer, question)) co_return yes(answer->length);
  if (answer && origin::is_settled_by_get(*answer)) {
    if (question.kind == origin::Kind::manifest) {
      answer = co_await get_manifest(origin, question);
    } else {
      answer = co_await get_blob(origin, question);
    }
  }
  if (answer) fill_body(*answer);
  co_return answer;
}

}  // namespace shoal::agent::access
