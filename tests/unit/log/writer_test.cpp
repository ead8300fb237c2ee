#include "shared/log/writer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <memory>

using namespace shoal;
using namespace std::chrono_literals;

namespace {

constexpr auto plenty = 20s;          // for a thread to run at all on a busy machine
constexpr std::size_t lines = 5'000;  // 100 bytes each: more than a pipe and the queue of the stalled writer take

std::string line_of(std::size_t number) {
  const std::string digits = std::to_string(number);
  return std::string(99 - digits.size(), '.') + digits + "\n";
}

// A pipe whose reader reads only when told to.
class Pipe {
 public:
  Pipe() { REQUIRE(::pipe2(ends_, O_CLOEXEC) == 0); }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  int writer() const { return ends_[1]; }
  void close_reader() { close(ends_[0]); }
  void close_writer() { close(ends_[1]); }

  // As much as it takes; what that was.
  std::string fill() {
    const int size = ::fcntl(ends_[1], F_GETPIPE_SZ);
    REQUIRE(size > 0);
    const std::string all(static_cast<std::size_t>(size), '.');
    REQUIRE(::write(ends_[1], all.data(), all.size()) == size);
    return all;
  }

  // All that is written until the text has come.
  std::string read_until(const std::string& text) {
    std::string all;
    char buffer[4096];
    while (all.find(text) == std::string::npos) {
      pollfd entry{.fd = ends_[0], .events = POLLIN, .revents = 0};
      REQUIRE(::poll(&entry, 1, static_cast<int>(std::chrono::milliseconds(plenty).count())) == 1);
      const ssize_t count = ::read(ends_[0], buffer, sizeof buffer);
      REQUIRE(count > 0);
      all.append(buffer, static_cast<std::size_t>(count));
    }
    return all;
  }

 private:
  static void close(int& descriptor) {
    if (descriptor >= 0) ::close(descriptor);
    descriptor = -1;
  }
  int ends_[2];
};

std::unique_ptr<log::Writer> writer_of(const Pipe& pipe, std::size_t most_bytes) {
  return std::make_unique<log::Writer>(pipe.writer(), most_bytes, [](std::uint64_t count) {
    return "dropped " + std::to_string(count) + "\n";
  });
}

}  // namespace

TEST_CASE("lines come whole and in order") {
  Pipe pipe;
  const auto writer = writer_of(pipe, lines * 100);
  std::string expected;
  for (std::size_t i = 0; i < lines; ++i) {
    writer->write(line_of(i));
    expected += line_of(i);
  }
  CHECK(pipe.read_until(line_of(lines - 1)) == expected);
  CHECK(writer->flush(plenty));
  CHECK(writer->dropped_lines() == 0);
}

TEST_CASE("a reader that stalls costs lines, which are counted and told at their place when it is back") {
  Pipe pipe;
  const std::string before = pipe.fill();
  const auto writer = writer_of(pipe, 100 * 100);
  for (std::size_t i = 0; i < lines; ++i) writer->write(line_of(i));
  CHECK(writer->dropped_lines() == lines - 100);

  const std::string report = "dropped " + std::to_string(lines - 100) + "\n";
  std::string expected = before;
  for (std::size_t i = 0; i < 100; ++i) expected += line_of(i);
  CHECK(pipe.read_until(report) == expected + report);
  REQUIRE(writer->flush(plenty));
  writer->write("back\n");
  CHECK(pipe.read_until("back\n") == "back\n");
}

TEST_CASE("a line longer than the queue is dropped, and told at once") {
  Pipe pipe;
  const auto writer = writer_of(pipe, 100);
  writer->write(std::string(200, 'x') + "\n");
  CHECK(pipe.read_until("\n") == "dropped 1\n");
}

TEST_CASE("neither a flush nor the end waits for a reader that stalls") {
  Pipe pipe;
  auto writer = writer_of(pipe, lines * 100);
  for (std::size_t i = 0; i < lines; ++i) writer->write(line_of(i));
  CHECK_FALSE(writer->flush(0ms));
  CHECK(writer->unwritten_bytes() > 0);
  writer.reset();
}

TEST_CASE("a reader that is gone costs its lines, and no signal ends the process") {
  Pipe pipe;
  const auto writer = writer_of(pipe, lines * 100);
  pipe.close_reader();
  writer->write(line_of(1));
  CHECK(writer->flush(plenty));
  CHECK(writer->dropped_lines() == 1);
}

TEST_CASE("a descriptor that another process made non-blocking loses no line") {
  Pipe pipe;
  REQUIRE(::fcntl(pipe.writer(), F_SETFL, O_NONBLOCK) == 0);
  const auto writer = writer_of(pipe, lines * 100);
  std::string expected;
  for (std::size_t i = 0; i < lines; ++i) {
    writer->write(line_of(i));
    expected += line_of(i);
  }
  CHECK(pipe.read_until(line_of(lines - 1)) == expected);
}

TEST_CASE("a line longer than one write comes whole") {
  Pipe pipe;
  const auto writer = writer_of(pipe, 1 << 20);
  const std::string line = std::string(20'000, 'x') + "\n";
  writer->write("a\n" + line + "b\n");
  CHECK(pipe.read_until("b\n") == "a\n" + line + "b\n");
}
