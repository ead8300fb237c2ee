#include "shared/origin/manifest_body.hpp"

#include <algorithm>
#include <array>

#include "shared/json/reader.hpp"

namespace shoal::origin {
namespace {

// Whatever fits into a manifest: only its outermost fields are looked at.
constexpr json::Limits wide{.depth = 1'024, .token_bytes = largest_manifest.value, .values = largest_manifest.value};
constexpr std::array<std::string_view, 4> lists_of_manifests{"manifests", "layers", "blobs", "fsLayers"};

tl::unexpected<Error> sent_instead(const std::string& wanted, const std::string& sent) {
  return fail(ErrorKind::unavailable, "the origin sends " + sent + " in place of " + wanted +
                                          "; does a portal or a proxy answer in its place?");
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(blank), text.size()));
  return text.substr(0, text.find_last_not_of(blank) + 1);
}

// What is no JSON object, in words.
std::optional<std::string> other_than_json(std::string_view text) {
  const std::string_view body = trimmed(text);
  if (body.empty()) return "an empty body";
  if (body.starts_with('<')) return "a web page";
  return std::nullopt;
}

// Reads an object whole and shows its values.
Result<void> read_object(ByteView body, const std::string& wanted, const json::Visit& visit) {
  const std::string_view text = text_of(body);
  if (const auto other = other_than_json(text)) return sent_instead(wanted, *other);
  bool is_object = false;
  const Result<void> read = json::read(text, wide, [&](const json::Place& place, const json::Value& value) {
    if (place.depth() == 0) is_object = std::holds_alternative<json::Object>(value);
    if (place.depth() > 0) visit(place, value);
  });
  if (!read) return sent_instead(wanted, "text that is not JSON");
  if (!is_object) return sent_instead(wanted, "JSON that is no object");
  return {};
}

// What an index says about itself.
struct IndexFacts {
  bool has_list = false;
  bool has_odd_entry = false;
  std::optional<std::string> media_type;
  std::optional<std::string> subject;

  void take(const json::Place& place, const json::Value& value) {
    const auto* text = std::get_if<std::string_view>(&value);
    if (place.is({"manifests"})) {
      has_list = std::holds_alternative<json::Array>(value);
      has_odd_entry = false;
    }
    if (place.is({"manifests", json::any_element})) has_odd_entry |= !std::holds_alternative<json::Object>(value);
    if (place.is({"mediaType"}) && text != nullptr) media_type = *text;
    if (place.is({"subject", "digest"}) && text != nullptr) subject = *text;
  }
};
constexpr std::size_t depth_of_facts = 2;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

constexpr const char* list_of_referrers = "an image index of referrers";
constexpr const char* plain_list = "a list";

// `unavailable` unless an index with these facts may be of referrers of this subject.
Result<void> judge(const IndexFacts& facts, const Digest& wanted_subject) {
  if (!facts.has_list) return sent_instead(list_of_referrers, "JSON without a list of manifests");
  if (facts.media_type && !http::same_name(bare_type(*facts.media_type), index_type))
    return sent_instead(list_of_referrers, "a manifest of another type");
  if (facts.has_odd_entry) return sent_instead(list_of_referrers, "a list of something else than manifests");
  if (facts.subject && *facts.subject != wanted_subject.text())
    return sent_instead(list_of_referrers, "an index of another subject");
  return {};
}

}  // namespace

std::string_view bare_type(std::string_view content_type) {
  return trimmed(content_type.substr(0, content_type.find(';')));
}

bool is_page_type(std::string_view content_type) {
  constexpr std::array<std::string_view, 4> pages{"text/html", "application/xhtml+xml", "text/xml", "application/xml"};
  const std::string_view type = bare_type(content_type);
  return std::ranges::any_of(pages, [type](std::string_view page) { return http::same_name(page, type); });
}

Result<void> check_manifest(ByteView body) {
  bool has_field = false;
  const Result<void> read = read_object(body, "a manifest", [&](const json::Place& place, const json::Value& value) {
    if (place.depth() != 1 || has_field) return;
    has_field = (place.is({"schemaVersion"}) && std::holds_alternative<std::uint64_t>(value)) ||
                (place.is({"mediaType"}) && std::holds_alternative<std::string_view>(value)) ||
                (std::holds_alternative<json::Array>(value) &&
                 std::ranges::any_of(lists_of_manifests, [&](std::string_view list) { return place.is({list}); }));
  });
  if (!read) return read;
  if (!has_field) return sent_instead("a manifest", "JSON that is neither a manifest nor an index");
  return {};
}

Result<void> check_index(ByteView body, const Digest& subject) {
  IndexFacts facts;
  const Result<void> read = read_object(
      body, list_of_referrers, [&facts](const json::Place& place, const json::Value& value) { facts.take(place, value); });
  if (!read) return read;
  return judge(facts, subject);
}

Result<void> check_list(ByteView body) {
  return read_object(body, plain_list, [](const json::Place&, const json::Value&) {});
}

struct ListCheck::Facts {
  bool has_root = false;
  bool is_object = false;
  IndexFacts of_index;
};

ListCheck::ListCheck(std::optional<Digest> subject)
    : facts_(std::make_unique<Facts>()),
      subject_(std::move(subject)),
      scanner_(depth_of_facts, [facts = facts_.get()](const json::Place& place, const json::Value& value) {
        if (place.depth() == 0) facts->has_root = true;
        if (place.depth() == 0) facts->is_object = std::holds_alternative<json::Object>(value);
        if (place.depth() > 0) facts->of_index.take(place, value);
      }) {}
ListCheck::ListCheck(ListCheck&&) noexcept = default;
ListCheck::~ListCheck() = default;

const char* ListCheck::wanted() const {
  return subject_ ? list_of_referrers : plain_list;
}

Result<void> ListCheck::push(ByteView part) {
  const bool is_sound = scanner_.push(text_of(part)).has_value();
  const bool is_page = !is_sound && !facts_->has_root && trimmed(text_of(part)).starts_with('<');
  if (is_page) return sent_instead(wanted(), "a web page");
  if (!is_sound) return sent_instead(wanted(), "text that is not JSON");
  // An object is told at its first byte; of a long string, nothing is before its end.
  const bool is_other = !facts_->has_root && trimmed(text_of(part)).find_first_not_of(byte_order_mark) != std::string_view::npos;
  if (is_other || (facts_->has_root && !facts_->is_object)) return sent_instead(wanted(), "JSON that is no object");
  return {};
}

Result<void> ListCheck::finish() {
  if (!scanner_.finish()) return sent_instead(wanted(), "a part of it, or text that is not JSON");
  if (!facts_->is_object) return sent_instead(wanted(), "JSON that is no object");
  return subject_ ? judge(facts_->of_index, *subject_) : Result<void>();
}

std::optional<NamedManifest> named_manifest(const Answer& head) {
  if (head.status != 200) return std::nullopt;
  const auto digest = Digest::parse(head.digest);
  const std::string_view type = bare_type(head.content_type);
  if (!digest || head.length.value_or(0) == 0 || type.empty() || is_page_type(type)) return std::nullopt;
  return NamedManifest{*digest, *head.length, head.content_type};
}

bool is_settled_by_get(const Answer& head) {
  if (head.status == 401 || head.status == 408 || head.status == 429) return false;
  return head.status == 200 || (head.status >= 400 && head.status < 500) || head.status == 501;
}

}  // namespace shoal::origin
