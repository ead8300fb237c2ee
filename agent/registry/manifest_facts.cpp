#include "agent/registry/manifest_facts.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "shared/json/reader.hpp"
#include "shared/layer/piece_layout.hpp"
#include "shared/origin/manifest_body.hpp"

namespace shoal::agent::registry {
namespace {

constexpr const char* oci_manifest = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* oci_index = "application/vnd.oci.image.index.v1+json";
constexpr std::array<std::string_view, 2> image_types{oci_manifest, "application/vnd.docker.distribution.manifest.v2+json"};
constexpr std::array<std::string_view, 2> index_types{oci_index,
                                                      "application/vnd.docker.distribution.manifest.list.v2+json"};
constexpr std::array<std::string_view, 2> artifact_types{"application/vnd.oci.artifact.manifest.v1+json",
                                                         "application/vnd.cncf.oras.artifact.manifest.v1+json"};
constexpr std::size_t longest_type_part = 127;  // RFC 6838 section 4.2

bool is_type_part(std::string_view text) {
  return !text.empty() && text.size() <= longest_type_part && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;
  });
}

// "type/subtype" of RFC 6838 section 4.2, which has no character that a header could not hold.
bool is_media_type(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && is_type_part(text.substr(0, slash)) && is_type_part(text.substr(slash + 1));
}

// Whether a registry that takes the text for this type looks at the fields that it has: it checks that it has what they
// name. Of a type that nobody knows an image's and an index' fields count.
bool has_shape_of(std::string_view type, bool is_image, bool is_index) {
  const auto is_among = [type](const auto& types) { return std::ranges::find(types, type) != types.end(); };
  if (is_among(image_types)) return is_image;
  if (is_among(index_types)) return is_index;
  return is_image || is_index || is_among(artifact_types);
}

// Of what a proxy or a file server sends, which knows no manifests.
bool is_generic(std::string_view type) {
  return !origin::bare_type(type).starts_with("application/vnd.");
}

// A descriptor, or a list of descriptors, that a manifest has under one name.
class Field {
 public:
  enum class Holds { one, list };
  Field(std::string_view name, Holds holds) : name_(name), holds_(holds) {}

  bool is_there() const { return is_there_; }

  void take(const json::Place& place, const json::Value& value) {
    if (place.is({name_})) begin();
    if (holds_ == Holds::one && place.depth() <= 2) {
      if (place.is({name_})) begin_descriptor();
      if (place.is({name_, "digest"})) take_digest(value);
      if (place.is({name_, "size"})) take_size(value);
      if (place.is({name_, "urls"})) take_urls();
    } else if (holds_ == Holds::list && place.depth() <= 3) {
      if (place.is({name_, json::any_element})) begin_descriptor();
      if (place.is({name_, json::any_element, "digest"})) take_digest(value);
      if (place.is({name_, json::any_element, "size"})) take_size(value);
      if (place.is({name_, json::any_element, "urls"})) take_urls();
    }
  }

  void add_to(std::vector<Descriptor>& descriptors) const {
    for (const Unchecked& found : found_) {
      if (found.digest && found.size)
        descriptors.push_back({*found.digest, *found.size, found.is_elsewhere, name_ == "manifests"});
    }
  }

 private:
  struct Unchecked {
    std::optional<Digest> digest;
    std::optional<ByteCount> size;
    bool is_elsewhere = false;
  };

  void begin() {
    is_there_ = true;
    found_.clear();
    current_ = nullptr;
  }
  void begin_descriptor() {
    current_ = found_.size() < most_descriptors ? &found_.emplace_back() : nullptr;
  }
  void take_urls() {
    if (current_ != nullptr) current_->is_elsewhere = true;
  }
  void take_digest(const json::Value& value) {
    if (current_ == nullptr) return;
    const auto* text = std::get_if<std::string_view>(&value);
    const auto digest = Digest::parse(text != nullptr ? *text : std::string_view());
    current_->digest = digest ? std::optional(*digest) : std::nullopt;
  }
  void take_size(const json::Value& value) {
    if (current_ == nullptr) return;
    const auto* bytes = std::get_if<std::uint64_t>(&value);
    const bool is_possible = bytes != nullptr && ByteCount{*bytes} <= largest_layer;
    current_->size = is_possible ? std::optional(ByteCount{*bytes}) : std::nullopt;
  }

  std::string_view name_;
  Holds holds_;
  bool is_there_ = false;
  std::vector<Unchecked> found_;
  Unchecked* current_ = nullptr;  // the descriptor whose fields come now
};

}  // namespace

ManifestFacts read_manifest(std::string_view text, std::string_view stored_as) {
  std::optional<std::string> type;
  Field config("config", Field::Holds::one);
  Field layers("layers", Field::Holds::list);
  Field manifests("manifests", Field::Holds::list);
  Field blobs("blobs", Field::Holds::list);
  const std::array<Field*, 4> fields{&config, &layers, &manifests, &blobs};
  const Result<void> read = json::read(text, {}, [&](const json::Place& place, const json::Value& value) {
    if (place.is({"mediaType"})) {
      const auto* said = std::get_if<std::string_view>(&value);
      type = said != nullptr && is_media_type(*said) ? std::optional<std::string>(*said) : std::nullopt;
    }
    for (Field* field : fields) field->take(place, value);
  });
  if (!read) return {oci_manifest, {}};
  ManifestFacts facts{type.value_or(manifests.is_there() ? oci_index : oci_manifest), {}};
  const bool is_image = config.is_there() || layers.is_there();
  const int shapes = (is_image ? 1 : 0) + (manifests.is_there() ? 1 : 0) + (blobs.is_there() ? 1 : 0);
  const auto is_of = [&](std::string_view named) { return has_shape_of(named, is_image, manifests.is_there()); };
  const bool is_as_stored = stored_as.empty() || is_of(origin::bare_type(stored_as)) || is_generic(stored_as);
  if (shapes != 1 || !is_of(facts.media_type) || !is_as_stored) return facts;
  for (const Field* field : fields) field->add_to(facts.descriptors);
  return facts;
}

}  // namespace shoal::agent::registry
