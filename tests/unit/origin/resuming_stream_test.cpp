#include "shared/origin/resuming_stream.hpp"

#include <catch2/catch.hpp>
#include <deque>

#include "shared/crypto/hasher.hpp"
#include "tests/doubles/layer_bytes.hpp"

using namespace shoal;
using namespace shoal::origin;

namespace {

const Bytes layer_bytes = numbered_bytes(1000);
const Digest layer_digest = digest_of(DigestAlgorithm::sha256, layer_bytes);

// What the source answers once; the default is the rest of the layer.
struct Reply {
  std::optional<Error> error{};            // instead of an answer
  std::optional<std::size_t> cut_after{};  // bytes of the layer; then the body breaks off
  ErrorKind cut_by = ErrorKind::unavailable;
  bool ignores_range = false;
  std::optional<ByteCount> size{};        // said in the head instead of the layer's
  std::optional<std::uint64_t> offset{};  // said in the head
  std::string content_type{};
};

class ScriptedStream final : public LayerStream {
 public:
  ScriptedStream(Reply answer, std::uint64_t from) : answer_(std::move(answer)), position_(from), offset_(from) {
    if (answer_.offset) offset_ = *answer_.offset;
  }
  ByteCount size() const override { return answer_.size.value_or(ByteCount{layer_bytes.size()}); }
  std::uint64_t offset() const override { return offset_; }
  const std::string& content_type() const override { return answer_.content_type; }
  Task<Result<ByteView>> next() override {
    if (answer_.cut_after && position_ >= *answer_.cut_after) co_return fail(answer_.cut_by, "the connection broke");
    const std::size_t end = answer_.cut_after.value_or(layer_bytes.size());
    const std::size_t count = std::min<std::size_t>(end - position_, 300);
    const ByteView view = ByteView(layer_bytes).subspan(position_, count);
    position_ += count;
    co_return view;
  }

 private:
  Reply answer_;
  std::size_t position_;
  std::uint64_t offset_;
};

class ScriptedSource final : public RangeSource {
 public:
  explicit ScriptedSource(Clock& clock) : clock_(clock) {}
  Task<Result<std::unique_ptr<LayerStream>>> open(std::uint64_t from) override {
    opened_from.push_back(from);
    opened_at.push_back(std::chrono::duration_cast<Milliseconds>(clock_.now().time_since_epoch()).count());
    Reply answer;
    if (!answers.empty()) {
      answer = answers.front();
      answers.pop_front();
    }
    if (answer.error) co_return tl::unexpected(*answer.error);
    const std::uint64_t begin = answer.ignores_range ? 0 : from;
    co_return std::make_unique<ScriptedStream>(std::move(answer), begin);
  }
  Task<void> received(ByteCount all, ByteCount fresh) override {
    all_bytes += all.value;
    fresh_bytes += fresh.value;
    if (pause > Milliseconds::zero()) co_await clock_.sleep(pause);
  }

  std::deque<Reply> answers;
  std::vector<std::uint64_t> opened_from;
  std::vector<std::int64_t> opened_at;  // milliseconds since the test began
  std::uint64_t all_bytes = 0;
  std::uint64_t fresh_bytes = 0;
  Milliseconds pause{};

 private:
  Clock& clock_;
};

// As the tracker's.
ResumeLimits patient() {
  ResumeLimits limits;
  limits.open_time = Milliseconds(10'000);
  limits.open_backoff = {Milliseconds(100), 3, Milliseconds(3'000)};
  limits.empty_bodies = 3;
  limits.body_backoff = {Milliseconds(100), 1, Milliseconds(100)};
  return limits;
}

// As an agent's.
ResumeLimits brief() {
  ResumeLimits limits;
  limits.bodies = 3;
  limits.body_backoff = {Milliseconds(200), 2, Milliseconds(10'000)};
  return limits;
}

struct Fixture {
  // All that the stream gives, from `from` on; nothing when it never began.
  void read(ResumeLimits limits, std::uint64_t from = 0) {
    stream.emplace(source, clock, LayerName{layer_digest, "reg/app"}, limits, from);
    spawn(loop, read_all());
    for (int steps = 0; !ended && steps < 100'000; ++steps) {
      loop.restart();
      if (loop.poll() == 0) clock.advance(Milliseconds(10));
    }
    REQUIRE(ended);
  }
  Task<void> read_all() {
    Result<ByteView> bytes;
    const Result<void> opened = co_await stream->open();
    if (!opened) bytes = tl::unexpected(opened.error());
    while (opened) {
      bytes = co_await stream->next();
      if (!bytes || bytes->empty()) break;
      given.insert(given.end(), bytes->begin(), bytes->end());
    }
    if (!bytes) error = bytes.error();
    ended = true;
  }
  bool gave_all(std::uint64_t from = 0) const {
    return !error && given == copy_of(ByteView(layer_bytes).subspan(from));
  }

  Loop loop;
  ManualClock clock{loop};
  ScriptedSource source{clock};
  std::optional<ResumingStream> stream;
  Bytes given;
  std::optional<Error> error;
  bool ended = false;
};

const Error no_answer{ErrorKind::unavailable, "connect: Connection refused"};

using Offsets = std::vector<std::uint64_t>;
using Times = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("an unbroken body gives the whole layer, its size and its type") {
  Fixture f;
  f.source.answers = {{.content_type = "text/plain"}};
  f.read(brief());
  CHECK(f.gave_all());
  CHECK(f.stream->size().value == 1000);
  CHECK(f.stream->content_type() == "text/plain");
  CHECK(f.stream->position() == 1000);
  CHECK(f.source.opened_from == Offsets{0});
}

TEST_CASE("a stream begins at any byte of the layer") {
  Fixture f;
  f.read(brief(), 700);
  CHECK(f.gave_all(700));
  CHECK(f.source.opened_from == Offsets{700});
  CHECK(f.stream->size().value == 1000);
}

TEST_CASE("a stream that begins at the end of the layer gives nothing") {
  Fixture f;
  f.read(brief(), 1000);
  CHECK(f.gave_all(1000));
}

TEST_CASE("a body that breaks off is resumed from the first missing byte, after a pause that grows") {
  Fixture f;
  f.source.answers = {{.cut_after = 250}, {.cut_after = 720}};
  f.read(brief());
  CHECK(f.gave_all());
  CHECK(f.source.opened_from == Offsets{0, 250, 720});
  CHECK(f.source.opened_at == Times{0, 200, 600});
}

TEST_CASE("as many bodies are read as the limit says") {
  Fixture f;
  f.source.answers = {{.cut_after = 100}, {.cut_after = 200}, {.cut_after = 300}, {.cut_after = 400}};
  f.read(brief());
  REQUIRE(f.error);
  CHECK(f.error->what == "the connection broke");
  CHECK(f.source.opened_from == Offsets{0, 100, 200});
  CHECK(f.given.size() == 300);
}

TEST_CASE("bodies without a fresh byte end a stream when there are too many in a row") {
  Fixture f;
  for (const std::size_t cut : {0, 0, 100, 100, 100, 100, 200}) f.source.answers.push_back({.cut_after = cut});
  f.read(patient());
  REQUIRE(f.error);
  CHECK(f.error->kind == ErrorKind::unavailable);
  CHECK(f.source.opened_from == Offsets{0, 0, 0, 100, 100, 100});
}

TEST_CASE("a caller without patience gives up at the first body without a byte") {
  Fixture f;
  f.source.answers = {{.cut_after = 0}};
  f.read(brief());
  CHECK(f.error);
  CHECK(f.source.opened_from == Offsets{0});
}

TEST_CASE("an open that fails is not repeated without a time for it, at first and later") {
  Fixture f;
  SECTION("at first") {
    f.source.answers = {{.error = no_answer}};
  }
  SECTION("when a body is resumed") {
    f.source.answers = {{.cut_after = 100}, {.error = no_answer}};
  }
  f.read(brief());
  REQUIRE(f.error);
  CHECK(f.error->what == no_answer.what);
  CHECK(f.source.answers.empty());
}

TEST_CASE("an open that fails is repeated ever later, until the time for it has passed") {
  Fixture f;
  f.source.answers = std::deque<Reply>(20, Reply{.error = no_answer});
  f.read(patient());
  REQUIRE(f.error);
  CHECK(f.error->what == no_answer.what);
  CHECK(f.source.opened_at == Times{0, 100, 400, 1300, 4000, 7000});
}

TEST_CASE("each resumed body has the whole time to be opened") {
  Fixture f;
  f.source.answers = {{.error = no_answer}, {.error = no_answer}, {.cut_after = 100}, {.error = no_answer}};
  f.read(patient());
  CHECK(f.gave_all());
  CHECK(f.source.opened_at == Times{0, 100, 400, 500, 600});
}

TEST_CASE("a source that says when to come back is asked then, and not at all when that is too late") {
  Fixture f;
  SECTION("in time") {
    f.source.answers = {{.error = Error{ErrorKind::unavailable, "429", Milliseconds(4'000)}}};
    f.read(patient());
    CHECK(f.gave_all());
    CHECK(f.source.opened_at == Times{0, 4000});
  }
  SECTION("too late") {
    f.source.answers = {{.error = Error{ErrorKind::unavailable, "429", Milliseconds(30'000)}}};
    f.read(patient());
    REQUIRE(f.error);
    CHECK(f.error->retry_after == Milliseconds(30'000));
    CHECK(f.source.opened_at == Times{0});
  }
}

TEST_CASE("a refusal or a missing layer is final") {
  const ErrorKind kind = GENERATE(ErrorKind::refused, ErrorKind::not_found, ErrorKind::corrupt);
  Fixture f;
  SECTION("when it is opened") {
    f.source.answers = {{.error = Error{kind, "no"}}};
  }
  SECTION("in a body") {
    f.source.answers = {{.cut_after = 100, .cut_by = kind}};
  }
  f.read(patient());
  REQUIRE(f.error);
  CHECK(f.error->kind == kind);
  CHECK(f.source.opened_from.size() == 1);
}

TEST_CASE("bytes that a server without Range sends again are given once, and counted") {
  Fixture f;
  f.source.answers = {{.cut_after = 450}, {.ignores_range = true}};
  f.read(brief());
  CHECK(f.gave_all());
  CHECK(f.source.fresh_bytes == 1000);
  CHECK(f.source.all_bytes == 1450);
}

TEST_CASE("a body that brings only bytes seen before counts as empty") {
  Fixture f;
  f.source.answers = {{.cut_after = 450}, {.cut_after = 450, .ignores_range = true}};
  f.read(brief());
  CHECK(f.error);
  CHECK(f.given.size() == 450);
}

TEST_CASE("an answer that begins behind the missing byte is none") {
  Fixture f;
  f.source.answers = {{.offset = 5}};
  f.read(brief());
  REQUIRE(f.error);
  CHECK(f.error->kind == ErrorKind::unavailable);
}

TEST_CASE("a layer that changes its size is corrupt") {
  Fixture f;
  f.source.answers = {{.cut_after = 100}, {.size = ByteCount{999}}};
  f.read(patient());
  REQUIRE(f.error);
  CHECK(f.error->kind == ErrorKind::corrupt);
}

TEST_CASE("a body that is longer than it said is corrupt, a shorter one is resumed") {
  Fixture f;
  SECTION("longer") {
    f.source.answers = {{.size = ByteCount{800}}};
    f.read(patient());
    REQUIRE(f.error);
    CHECK(f.error->kind == ErrorKind::corrupt);
  }
  SECTION("shorter") {
    f.source.answers = std::deque<Reply>(3, Reply{.size = ByteCount{1100}});
    f.read(brief());
    REQUIRE(f.error);
    CHECK(f.error->kind == ErrorKind::unavailable);
    CHECK(f.source.opened_from == Offsets{0, 1000});
  }
}

TEST_CASE("reading goes on when the source has taken note of the bytes") {
  Fixture f;
  f.source.pause = Milliseconds(500);
  f.read(brief());
  CHECK(f.gave_all());
  CHECK(f.clock.now() - Time{} == Milliseconds(2'000));  // four stretches of at most 300 bytes
}
