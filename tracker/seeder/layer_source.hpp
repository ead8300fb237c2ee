// LayerSource: the origin as the tracker uses it. OriginSource asks registries; tests have one in memory.
//
// Threads: the loop.
#pragma once

#include "shared/origin/origin.hpp"

namespace shoal::tracker::seeder {

class LayerSource {
 public:
  virtual ~LayerSource() = default;
  // `not_found` with what to configure when this upstream may not be asked; the cause while it cannot be reached.
  virtual Result<void> may_ask(const std::string& upstream) const = 0;
  // Whether it limits its requests, so that they wait for their turn.
  virtual bool is_paced(const std::string& upstream) const = 0;
  // Without an authorization of the question's: with the configured credential, or anonymous.
  virtual Task<Result<std::unique_ptr<origin::LayerStream>>> open(origin::LayerQuestion question,
                                                                  std::uint64_t from) = 0;
  // A part of a blob, likewise; null when the registry makes nothing of the Range.
  virtual Task<Result<std::unique_ptr<origin::LayerStream>>> open_part(origin::Repository repository, Digest digest,
                                                                       origin::Stretch part) = 0;
  // GET or HEAD of "manifests/TAG", "blobs/DIGEST"; an HTTP error status is an Answer.
  virtual Task<Result<origin::Answer>> ask(origin::Repository repository, std::string method, std::string path,
                                           std::string accept) = 0;
};

class OriginSource final : public LayerSource {
 public:
  explicit OriginSource(origin::Origin& origin) : origin_(origin) {}
  Result<void> may_ask(const std::string& upstream) const override { return origin_.may_ask(upstream); }
  bool is_paced(const std::string& upstream) const override { return origin_.is_paced(upstream); }
  Task<Result<std::unique_ptr<origin::LayerStream>>> open(origin::LayerQuestion question,
                                                          std::uint64_t from) override {
    return origin_.open(std::move(question), from);
  }
  Task<Result<std::unique_ptr<origin::LayerStream>>> open_part(origin::Repository repository, Digest digest,
                                                               origin::Stretch part) override {
    return origin_.open_part(std::move(repository), std::move(digest), part, {});
  }
  Task<Result<origin::Answer>> ask(origin::Repository repository, std::string method, std::string path,
                                   std::string accept) override {
    return origin_.ask(std::move(repository), std::move(method), std::move(path), std::move(accept), {});
  }

 private:
  origin::Origin& origin_;
};

}  // namespace shoal::tracker::seeder
