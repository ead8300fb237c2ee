// NotingSource: a LayerSource that notes in KnownLayers what an origin lets callers without a credential read. What the tracker
// reads for a pull answers later checks of the same layer.
//
// Threads: the loop.
#pragma once

#include "shared/origin/manifest_body.hpp"
#include "tracker/known_layers.hpp"
#include "tracker/seeder/layer_source.hpp"

namespace shoal::tracker {

class NotingSource final : public seeder::LayerSource {
 public:
  // Both outlive it.
  NotingSource(seeder::LayerSource& source, KnownLayers& known) : source_(source), known_(known) {}

  Result<void> may_ask(const std::string& upstream) const override { return source_.may_ask(upstream); }
  bool is_paced(const std::string& upstream) const override { return source_.is_paced(upstream); }
  Task<Result<std::unique_ptr<origin::LayerStream>>> open(origin::LayerQuestion question, std::uint64_t from) override {
    auto stream = co_await source_.open(question, from);
    if (stream) note(question, **stream);
    co_return stream;
  }
  Task<Result<std::unique_ptr<origin::LayerStream>>> open_part(origin::Repository repository, Digest digest,
                                                               origin::Stretch part) override {
    return source_.open_part(std::move(repository), digest, part);
  }
  Task<Result<origin::Answer>> ask(origin::Repository repository, std::string method, std::string path,
                                   std::string accept) override {
    return source_.ask(std::move(repository), std::move(method), std::move(path), std::move(accept));
  }

 private:
  // A portal's page with status 200 is no layer. What a caller's credential has opened says nothing of callers without one.
  void note(const origin::LayerQuestion& question, const origin::LayerStream& stream) {
    if (origin::is_page_type(stream.content_type()) || !question.authorization.empty()) return;
    const bool is_manifest = question.kind == origin::Kind::manifest;
    known_.note_readable({question.repository, question.kind, question.digest},
                         {stream.size().value, is_manifest ? stream.content_type() : ""});
  }

  seeder::LayerSource& source_;
  KnownLayers& known_;
};

}  // namespace shoal::tracker
