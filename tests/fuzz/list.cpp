// Any bytes, up to 4 MiB, as what a registry sends in place of a manifest or a list: what a whole one is accepted as, one
// that comes in parts is too. As a media type and a digest in the head of an answer, they name a manifest or do not.
#include "shared/core/check.hpp"
#include "shared/origin/manifest_body.hpp"
#include "tests/fuzz/expanded.hpp"

using namespace shoal;
using namespace shoal::origin;

namespace {

bool in_parts(std::string_view text, const std::optional<Digest>& subject, std::size_t step) {
  ListCheck check(subject);
  for (; !text.empty(); text.remove_prefix(std::min(step, text.size()))) {
    const auto pushed = check.push(bytes_of(text.substr(0, step)));
    if (pushed) continue;
    SHOAL_CHECK(pushed.error().kind == ErrorKind::unavailable && !pushed.error().what.empty());
    return false;
  }
  return check.finish().has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = expanded(data, size);
  static const Digest subject = Digest::parse("sha256:" + std::string(64, 'a')).value();
  const std::size_t step = 1 + size % 5'000;
  const bool is_list = check_list(bytes_of(text)).has_value();
  const bool is_index = check_index(bytes_of(text), subject).has_value();
  SHOAL_CHECK(is_list || (!is_index && !check_manifest(bytes_of(text))));
  SHOAL_CHECK(!is_list || in_parts(text, std::nullopt, step));
  SHOAL_CHECK(!is_index || in_parts(text, subject, step));

  const std::string_view type = bare_type(text);
  SHOAL_CHECK(type.size() <= text.size() && type.find(';') == type.npos && bare_type(type) == type);
  SHOAL_CHECK(!is_page_type(text) || type.size() >= 8);
  Answer head;
  head.status = 200;
  head.content_type = text;
  head.length = 8;
  head.digest = subject.text();
  const auto named = named_manifest(head);
  SHOAL_CHECK(named.has_value() == (!type.empty() && !is_page_type(text)));
  head.digest = text;
  SHOAL_CHECK(!named_manifest(head) || Digest::parse(text));
  return 0;
}
