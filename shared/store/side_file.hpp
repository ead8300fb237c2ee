// SideFile: what the file beside each held layer says: piece hashes, signature, content type, registries.
// docs/disk_format.md
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shared/core/codec.hpp"
#include "shared/crypto/signing.hpp"
#include "shared/layer/piece_hashes.hpp"

namespace shoal::store {

struct SideFile {
  static constexpr std::size_t most_upstreams = 8;  // an agent asks few registries for one layer

  Digest digest;
  std::uint64_t size_bytes = 0;
  std::uint32_t piece_length_bytes = 0;
  Generation generation = 0;
  std::vector<Hash256> hashes{};         // SHA-256 of each piece
  std::optional<Signature> signature{};  // the tracker's, over the finished list
  SwarmName swarm{};                     // zero when the layer never had one
  std::string content_type{};            // of a manifest, as the origin sent it; empty for other layers
  std::vector<std::string> upstreams{};  // registries that are known to have the layer; empty: none is

  template <class C>
  static void fields(C& codec, SideFile& m) {
    codec.field(m.digest), codec.field(m.size_bytes), codec.field(m.piece_length_bytes), codec.field(m.generation);
    codec.field(m.hashes), codec.field(m.signature), codec.field(m.swarm.bytes), codec.field(m.content_type);
    codec.appended(m.upstreams);
  }
  friend bool operator==(const SideFile&, const SideFile&) = default;
};

Bytes encode_side(const SideFile& side);
// `corrupt` for anything but a side file whose fields agree with each other (size, piece length, number of hashes). Of
// upstreams beyond the most, the first are read. An earlier version's file has none.
Result<SideFile> decode_side(ByteView file);

}  // namespace shoal::store
