#include "agent/pull/possession.hpp"

#include <algorithm>

namespace shoal::agent::pull {

void note_possession(const Parts& parts, const Ask& ask) {
  parts.access.possession().note(ask.repository.upstream, ask.digest);
}

bool has_possession(const Parts& parts, const Ask& ask) {
  return parts.access.possession().has(ask.repository.upstream, ask.digest);
}

void note_possession(const Parts& parts, const store::HeldLayer& layer) {
  for (const std::string& upstream : layer.side().upstreams) parts.access.possession().note(upstream, layer.digest());
}

std::vector<std::string> possessors(const Parts& parts, const Download& download) {
  std::vector<std::string> upstreams;
  for (const SharedAsker& asker : download.askers().all()) {
    const std::string& upstream = asker->ask.repository.upstream;
    const bool is_there = std::ranges::find(upstreams, upstream) != upstreams.end();
    if (upstreams.size() < store::SideFile::most_upstreams && !is_there && has_possession(parts, asker->ask))
      upstreams.push_back(upstream);
  }
  return upstreams;
}

void note_source(const Download& download, const std::string& upstream) {
  Provenance& provenance = download.askers().provenance();
  provenance.note(upstream);
  if (download.begun()) download.arrival().reserved().note_source(provenance.sole());
}

void note_direct_source(const Download& download, const std::string& upstream) {
  download.askers().provenance().note_direct(upstream);
  note_source(download, upstream);
}

std::string source_of(const control::Joined& joined, const Ask& ask) {
  return joined.at_source && joined.upstream == ask.repository.upstream ? joined.upstream : std::string();
}

void note_verified(const Parts& parts, const Download& download) {
  const std::string& upstream = download.askers().provenance().sole();
  if (!upstream.empty()) parts.access.possession().note(upstream, download.ask().digest);
}

access::Evidence evidence_of(const store::HeldLayer& layer) {
  return {layer.size(), [layer](std::uint64_t offset, MutableBytes out) { return layer.file()->read_at(offset, out); }};
}

namespace {

// Bytes of a window are gone: its registry's own are passed through to the asker instead.
Task<Result<void>> ask_for_proof(Parts parts, SharedDownload download, Ask ask) {
  if (!download->begun() || download->passage() || download->arrival().file()->is_lost())
    co_return fail(ErrorKind::no_space, "the layer is not kept, so that nothing can be compared");
  const store::FileHandle file = download->arrival().file();
  access::Evidence evidence{download->layout().layer_size(),
                            [file](std::uint64_t offset, MutableBytes out) { return file->read_at(offset, out); }};
  access::Question question{{ask.repository, ask.authorization}, ask.digest, ask.kind};
  Result<void> proven = co_await parts.access.prove(std::move(question), std::move(evidence));
  co_return proven;
}

void refuse(Asker& asker, Error cause) {
  asker.failure = std::move(cause);
  asker.is_refused = true;
}

// The registry's word lets nobody in, but it keeps its callers from waiting for a layer that it refuses them.
Task<void> ask_for_word(Parts parts, SharedAsker asker) {
  access::Caller caller{asker->ask.repository, asker->ask.authorization};
  auto verdict = co_await parts.access.may(std::move(caller), asker->ask.digest, asker->ask.kind, true);
  if (!verdict) {
    refuse(*asker, std::move(verdict.error()));
  } else if (const auto* refusal = std::get_if<origin::Answer>(&*verdict)) {
    refuse(*asker, access::error_of(*refusal));
  }
}

Task<void> prove(Parts parts, SharedDownload download, SharedAsker asker) {
  const Askers& askers = download->askers();
  const std::string upstream = asker->ask.repository.upstream;
  const auto is_settled = [&] { return has_possession(parts, asker->ask) || asker->is_refused || askers.is_over(); };
  while (!is_settled() && !askers.is_answered()) co_await download->changed().wait();
  const bool is_foreign = !is_settled() && !askers.provenance().are_all_of(upstream);
  if (is_foreign) co_await ask_for_word(parts, asker);
  if (asker->is_refused) download->changed().notify();
  while (!is_settled() && !askers.is_verified()) co_await download->changed().wait();
  const bool is_its_own = askers.provenance().are_all_of(upstream);
  if (is_its_own || has_possession(parts, asker->ask) || asker->is_refused || !askers.is_verified()) co_return;
  note_verified(parts, *download);  // it may be the same registry under another name
  Ask ask = asker->ask;
  const Result<void> proven = co_await ask_for_proof(parts, download, std::move(ask));
  if (proven) asker->is_proven = true;
  if (!proven && !has_possession(parts, asker->ask)) refuse(*asker, proven.error());
  download->changed().notify();
}

}  // namespace

bool needs_no_possession(const access::Granted& granted) {
  const access::By by = granted.authority().by;
  return by == access::By::node || by == access::By::cluster;
}

void let_prove(const Parts& parts, const access::Granted& granted, const SharedDownload& download,
               const SharedAsker& asker) {
  if (needs_no_possession(granted)) asker->is_proven = true;
  if (asker->is_proven || std::exchange(asker->is_being_proven, true)) return;
  if (!has_possession(parts, asker->ask)) spawn(parts.loop, prove(parts, download, asker));
}

}  // namespace shoal::agent::pull
