#include "shared/origin/layer_stream.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::origin;

TEST_CASE("a Content-Range is three numbers that fit together") {
  CHECK(parse_content_range("bytes 0-4/5") == ContentRange{0, 4, 5});
  CHECK(parse_content_range("bytes 10-19/30") == ContentRange{10, 19, 30});
  for (const char* bad :
       {"", "bytes", "bytes */5", "bytes 0-4/*", "bytes 5-4/9", "bytes 0-5/5", "bytes 0-4/5 ", "items 0-4/5",
        "bytes -4/5", "bytes 0-18446744073709551616/5", "bytes=0-4/5", "bytes 0-4/5, bytes 5-6/7"}) {
    INFO(bad);
    CHECK_FALSE(parse_content_range(bad));
  }
}
