// KnownLayers: which registries were heard to have which layers, for the whole cluster; in memory only. What a registry
// answered the tracker's own question (its configured credential, or none) it answers every anonymous caller: so ten
// thousand nodes cost it one question.
//
// Nothing of one repository says anything of another: the key has registry, repository, kind and digest. Sizes come from the
// registry's own answer. Keys are SHA-256 sums, so that names cost no memory.
// Threads: the loop.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "shared/core/bounded_table.hpp"
#include "shared/core/clock.hpp"
#include "shared/crypto/first_bytes.hpp"
#include "shared/origin/origin.hpp"

namespace shoal::tracker {

struct OriginLayer {  // a layer, and where an origin keeps it
  origin::Repository repository;
  origin::Kind kind = origin::Kind::blob;
  Digest digest;
  std::string path() const;   // "blobs/sha256:..."
  std::string image() const { return repository.upstream + "/" + repository.name; }  // for the log
};
Hash256 key_of(const OriginLayer& layer);

class KnownLayers {
 public:
  // The longest that an answer counts. An agent's grant ends as long after the answer as it may count there, however late
  // it heard of it, so that nobody is served on it for longer.
  static constexpr Milliseconds keep{3'600'000};
  static constexpr std::size_t most = 65'536;     // of each kind of knowledge: about 10 MiB; the oldest makes room
  static constexpr std::size_t longest_type = 255;

  struct Facts {
    std::uint64_t size_bytes = 0;  // 0: not said
    std::string content_type;      // of a manifest; empty: not said
    Milliseconds age{0};           // since the registry's answer
  };

  explicit KnownLayers(Clock& clock) : clock_(clock) {}
  // Which registry an upstream leads to: several names may lead to one.
  void name_registries(std::function<std::string(const std::string& upstream)> registry_of) {
    registry_of_ = std::move(registry_of);
  }
  std::string registry_of(const std::string& upstream) const;

  // The registry answered the tracker's own question for it with 2xx. That is its word on who may read it there, and no proof
  // that it has the bytes.
  void note_readable(const OriginLayer& layer, const Facts& facts);
  // The registry has sent all of its bytes, which match the digest, whoever may read it there.
  void note_at(const std::string& upstream, const Digest& digest);

  std::optional<Facts> readable(const OriginLayer& layer, Milliseconds longest_age = keep) const;
  bool is_at(const std::string& upstream, const Digest& digest) const;
  std::size_t size() const { return readable_.size() + at_.size(); }

 private:
  struct Entry {
    Time at;
    std::uint64_t size_bytes = 0;
    std::uint8_t type = 0;  // in types_
  };
  using Table = BoundedTable<Hash256, Entry, FirstBytes>;
  std::uint8_t index_of(const std::string& type);

  Clock& clock_;
  std::function<std::string(const std::string&)> registry_of_;
  Table readable_{most};
  Table at_{most};
  std::vector<std::string> types_{""};  // each once; images use a dozen, further ones than 255 are not kept
};

}  // namespace shoal::tracker
