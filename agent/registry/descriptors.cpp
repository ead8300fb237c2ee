#include "agent/registry/descriptors.hpp"

#include <nlohmann/json.hpp>

#include "shared/layer/piece_layout.hpp"

namespace shoal::agent::registry {
namespace {

constexpr const char* oci_manifest = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* oci_index = "application/vnd.oci.image.index.v1+json";

nlohmann::json parse(std::string_view text) {
  nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  return json.is_object() ? json : nlohmann::json::object();
}

}  // namespace

void Descriptors::learn(std::string_view manifest_json) {
  const nlohmann::json manifest = parse(manifest_json);
  const auto take = [this](const nlohmann::json& descriptor) {
    if (!descriptor.is_object()) return;
    const auto digest = descriptor.find("digest");
    const auto size = descriptor.find("size");
    if (digest == descriptor.end() || !digest->is_string()) return;
    if (size == descriptor.end() || !size->is_number_unsigned()) return;
    const auto parsed = Digest::parse(digest->get_ref<const std::string&>());
    const ByteCount count{size->get<std::uint64_t>()};
    if (parsed && count <= largest_layer) remember(*parsed, count);
  };
  if (manifest.contains("config")) take(manifest["config"]);
  for (const char* list : {"layers", "manifests", "blobs"}) {
    if (!manifest.contains(list) || !manifest[list].is_array()) continue;
    for (const nlohmann::json& descriptor : manifest[list]) take(descriptor);
  }
}

std::optional<ByteCount> Descriptors::size_of(const Digest& digest) const {
  const auto entry = sizes_.find(digest);
  if (entry == sizes_.end()) return std::nullopt;
  return entry->second;
}

void Descriptors::remember(const Digest& digest, ByteCount size) {
  if (!sizes_.insert_or_assign(digest, size).second) return;
  by_age_.push_back(digest);
  if (by_age_.size() <= most) return;
  sizes_.erase(by_age_.front());
  by_age_.pop_front();
}

std::string media_type_of(std::string_view manifest_json) {
  const nlohmann::json manifest = parse(manifest_json);
  const auto type = manifest.find("mediaType");
  if (type != manifest.end() && type->is_string()) return type->get<std::string>();
  return manifest.contains("manifests") ? oci_index : oci_manifest;
}

}  // namespace shoal::agent::registry
