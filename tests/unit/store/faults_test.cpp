// Every operation of the store is made to fail in turn. Whatever fails: no corrupt layer is visible, now or after a
// restart; no reserved byte leaks; no temporary file stays; and the same layer can be kept the next time.
#include <catch2/catch.hpp>
#include <cerrno>

#include "layers.hpp"
#include "tests/doubles/failing_operation.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace shoal::store;

namespace {

const Bytes layer_bytes = made_bytes(40'000);
const Bytes older_bytes = made_bytes(50'000, 2);
const Digest layer_digest = digest_of_bytes(layer_bytes);
const Digest older_digest = digest_of_bytes(older_bytes);

void check_layer(Store& store, const Digest& digest, const Bytes& bytes, bool must_be_there) {
  const auto found = store.find(digest);
  if (must_be_there) CHECK(found.has_value());
  if (found) CHECK(all_bytes(*found) == bytes);
}

void check_sums(const Store& store) {
  std::uint64_t sum = 0;
  for (const Digest& digest : store.digests()) sum += digest == layer_digest ? 40'000 : 50'000;
  CHECK(store.used().value == sum);
  CHECK(store.reserved().value == 0);
}

using How = FailingOperation::How;

struct Fault {
  int error_number;
  How how;
};

// `act` keeps the layer, beside an older one that has to make room; it returns whether it succeeded.
template <class Act>
bool fail_nth(int n, const Fault& fault, Act act) {
  TemporaryDirectory directory;
  FailingOperation faults;
  const Options options{directory.path(), ByteCount{80'000}, &faults};
  std::string failed;
  bool done = false;
  {
    Store store(options);
    REQUIRE(put(store, older_bytes));
    faults.fail(n, fault.error_number, fault.how);
    done = act(store);
    faults.stop();
    failed = faults.failed();
    CAPTURE(n, failed, done, fault.error_number);
    const bool is_no_failure = fault.error_number == EINTR || fault.how == How::half;
    if (is_no_failure) CHECK(done);
    check_layer(store, layer_digest, layer_bytes, done);
    check_layer(store, older_digest, older_bytes, false);
    check_sums(store);
    const bool may_stay = failed == "remove" || fault.how == How::from_then_on;
    if (!may_stay) CHECK(files_in(directory.path(), "tmp").empty());
  }
  CAPTURE(n, failed, done);
  Store store(options);
  check_layer(store, layer_digest, layer_bytes, done);
  check_layer(store, older_digest, older_bytes, false);
  check_sums(store);
  CHECK(files_in(directory.path(), "tmp").empty());
  CHECK(files_in(directory.path(), "layers").size() == 2 * store.digests().size());
  if (!done) CHECK(put(store, layer_bytes).has_value());
  return !failed.empty();
}

template <class Act>
void fail_each(Act act) {
  const Fault faults[] = {{EIO, How::once},
                          {ENOSPC, How::once},
                          {EDQUOT, How::once},
                          {EROFS, How::once},
                          {EMFILE, How::once},
                          {EINTR, How::once},
                          {EIO, How::from_then_on},
                          {EROFS, How::from_then_on},
                          {ENOSPC, How::from_then_on},
                          {0, How::half}};
  for (const Fault& fault : faults) {
    int n = 1;
    while (fail_nth(n, fault, act)) ++n;
    CHECK(n > 12);  // the sequence has that many operations at least: the loop saw them
  }
}

}  // namespace

TEST_CASE("whichever operation fails while a layer is filled and committed, the store stays right") {
  fail_each([](Store& store) { return put(store, layer_bytes).has_value(); });
}

TEST_CASE("whichever operation fails while a small layer is written, the store stays right") {
  fail_each([](Store& store) {
    const auto reserved = store.reserve(layer_digest, {layer_bytes.size()});
    if (!reserved) return false;
    auto committed = Store::write_small(*reserved, layer_bytes, "application/x");
    if (!committed) return false;
    store.adopt(std::move(*committed));
    return true;
  });
}

TEST_CASE("a commit makes data and side file durable before either has its name, and the names at the end") {
  struct Recorder final : Faults {
    std::vector<std::string> operations;
    int next(const char* operation) override { return operations.emplace_back(operation), 0; }
  };
  TemporaryDirectory directory;
  Recorder recorder;
  Store store({directory.path(), 1_MiB, &recorder});
  const auto reserved = store.reserve(layer_digest, {layer_bytes.size()}).value();
  REQUIRE(write_pieces(*reserved.file(), layer_bytes));
  LayerVerifier verifier(layer_digest, reserved.file());
  REQUIRE(verifier.advance(layer_bytes.size()));
  const auto proof = verifier.finish().value();
  recorder.operations.clear();
  const auto committed = Store::commit(reserved, proof, side_of(layer_digest, layer_bytes));
  REQUIRE(committed);
  CHECK(recorder.operations == std::vector<std::string>{"sync",                   // the data
                                                        "open", "write", "sync",  // the side file
                                                        "open", "open", "sync",   // their directory, which is new
                                                        "rename",                 // the side file gets its name
                                                        "rename",                 // the data does
                                                        "open", "sync"});         // both names
}

TEST_CASE("whichever operation fails while a layer is looked up, it is found the next time") {
  TemporaryDirectory directory;
  FailingOperation faults;
  Store store({directory.path(), 1_MiB, &faults});
  REQUIRE(put(store, layer_bytes));
  int n = 0;
  do {
    faults.fail(++n, EMFILE);
    const auto found = store.find(layer_digest);
    faults.stop();
    CHECK(found.has_value() == faults.failed().empty());
    check_layer(store, layer_digest, layer_bytes, true);
  } while (!faults.failed().empty());
  CHECK(n == 4);  // the data file, the side file, its bytes, and once nothing
}

TEST_CASE("whichever operation fails at the start, the store refuses or shows only whole layers") {
  TemporaryDirectory directory;
  FailingOperation faults;
  const Options options{directory.path(), 1_MiB, &faults};
  for (int n = 1; n < 100; ++n) {
    {
      faults.stop();
      Store store(options);
      if (!store.find(layer_digest)) REQUIRE(put(store, layer_bytes));
    }
    faults.fail(n, EIO);
    try {
      Store store(options);
      faults.stop();
      check_layer(store, layer_digest, layer_bytes, faults.failed().empty());
    } catch (const StartError& error) {
      CHECK(std::string(error.what()).starts_with("cannot use the store at "));
    }
    if (faults.failed().empty()) return;
  }
  FAIL("a start has no end");
}
