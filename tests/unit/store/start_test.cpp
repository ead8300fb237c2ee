#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "layers.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace shoal::store;
namespace fs = std::filesystem;

namespace {

const Bytes layer_bytes = made_bytes(40'000);
const Digest layer_digest = digest_of_bytes(layer_bytes);

Options options_of(const TemporaryDirectory& directory) {
  return {directory.path(), 1_MiB, nullptr};
}

void put_once(const TemporaryDirectory& directory, ByteView bytes) {
  Store store(options_of(directory));
  REQUIRE(put(store, bytes));
}

std::string path_of(const TemporaryDirectory& directory, const Digest& digest) {
  return directory.path() + "/layers/sha256/" + digest.hex().substr(0, 2) + "/" + digest.hex();
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string refusal(const std::string& path) {
  try {
    Store store({path, 1_MiB, nullptr});
  } catch (const StartError& error) {
    CHECK(error.exit_code() == 1);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a store that is opened again holds what it held") {
  TemporaryDirectory directory;
  put_once(directory, layer_bytes);
  Store store(options_of(directory));
  CHECK(store.used().value == 40'000);
  CHECK(store.reserved().value == 0);
  const auto found = store.find(layer_digest);
  REQUIRE(found);
  CHECK(all_bytes(*found) == layer_bytes);
  CHECK(found->side() == side_of(layer_digest, layer_bytes));
}

TEST_CASE("temporary files are removed at the start") {
  TemporaryDirectory directory;
  put_once(directory, layer_bytes);
  write_file(directory.path() + "/tmp/left", "over");
  fs::create_directories(directory.path() + "/tmp/sub/sub");
  Store store(options_of(directory));
  CHECK(fs::is_empty(directory.path() + "/tmp"));
  CHECK(store.find(layer_digest));
}

TEST_CASE("a side file without its layer is removed at the start") {
  TemporaryDirectory directory;
  put_once(directory, layer_bytes);
  fs::remove(path_of(directory, layer_digest));
  Store store(options_of(directory));
  CHECK(files_in(directory.path(), "layers").empty());
  CHECK(store.used().value == 0);
}

TEST_CASE("a layer without a side file, or with a wrong one, is removed at the start or when it is first wanted") {
  TemporaryDirectory directory;
  put_once(directory, layer_bytes);
  const std::string side = path_of(directory, layer_digest) + ".side";
  SECTION("missing") {
    fs::remove(side);
  }
  SECTION("empty") {
    fs::resize_file(side, 0);
  }
  SECTION("cut") {
    fs::resize_file(side, 50);
  }
  SECTION("absurdly long") {
    fs::resize_file(side, 1ULL << 40);
  }
  SECTION("of another layer") {
    const Bytes other = made_bytes(40'000, 2);
    const Bytes file = encode_side(side_of(digest_of_bytes(other), other));
    write_file(side, std::string(text_of(file)));
  }
  SECTION("a directory") {
    fs::remove(side);
    fs::create_directory(side);
  }
  Store store(options_of(directory));
  CHECK_FALSE(store.find(layer_digest));
  CHECK(store.digests().empty());
  CHECK(store.used().value == 0);
  CHECK_FALSE(fs::exists(path_of(directory, layer_digest)));
}

TEST_CASE("a layer shorter or longer than its side file says is removed when it is first wanted") {
  TemporaryDirectory directory;
  put_once(directory, layer_bytes);
  fs::resize_file(path_of(directory, layer_digest), GENERATE(39'999, 40'001, 0));
  Store store(options_of(directory));
  CHECK_FALSE(store.find(layer_digest));
  CHECK(files_in(directory.path(), "layers").empty());
  CHECK(store.used().value == 0);
}

TEST_CASE("a symbolic link is never taken for a layer") {
  TemporaryDirectory directory;
  put_once(directory, layer_bytes);
  const std::string path = path_of(directory, layer_digest);
  fs::rename(path, directory.path() + "/elsewhere");
  fs::create_symlink(directory.path() + "/elsewhere", path);
  Store store(options_of(directory));
  CHECK(store.digests().empty());
  CHECK(fs::exists(directory.path() + "/elsewhere"));
}

TEST_CASE("files of other names are left alone and not counted") {
  TemporaryDirectory directory;
  put_once(directory, layer_bytes);
  write_file(directory.path() + "/layers/sha256/README", "hello");
  fs::create_directory(directory.path() + "/layers/sha256/00");
  write_file(directory.path() + "/layers/sha256/00/README", "hello");
  write_file(directory.path() + "/layers/sha256/00/" + layer_digest.hex(), "not in its directory");
  Store store(options_of(directory));
  CHECK(store.used().value == 40'000);
  CHECK(fs::exists(directory.path() + "/layers/sha256/00/README"));
}

TEST_CASE("with a smaller capacity the layers used longest ago go at the start") {
  TemporaryDirectory directory;
  const Bytes old_bytes = made_bytes(40'000, 7);
  put_once(directory, layer_bytes);
  put_once(directory, old_bytes);
  const timespec long_ago[2] = {{1'000'000, 0}, {1'000'000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, path_of(directory, digest_of_bytes(old_bytes)).c_str(), long_ago, 0) == 0);
  Store store({directory.path(), ByteCount{50'000}, nullptr});
  CHECK(store.digests() == std::vector{layer_digest});
  CHECK(store.used().value == 40'000);
}

TEST_CASE("a commit replaces a file of the layer's name that is not the layer") {
  TemporaryDirectory directory;
  Store store(options_of(directory));
  fs::create_directory(fs::path(path_of(directory, layer_digest)).parent_path());
  write_file(path_of(directory, layer_digest), "something else");
  REQUIRE(put(store, layer_bytes));
  CHECK(all_bytes(*store.find(layer_digest)) == layer_bytes);
}

TEST_CASE("only its owner can read the store") {
  TemporaryDirectory directory;
  const std::string path = directory.path() + "/deep/store";
  Store store({path, 1_MiB, nullptr});
  REQUIRE(put(store, layer_bytes));
  CHECK(fs::status(path).permissions() == fs::perms::owner_all);
  for (const std::string& file : files_in(path, ".")) {
    CHECK(fs::status(path + "/" + file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  }
}

TEST_CASE("a store in use by another process is refused with what to do") {
  TemporaryDirectory directory;
  Store store(options_of(directory));
  CHECK(refusal(directory.path()) ==
        "cannot use the store at " + directory.path() +
            ": it is in use by another process; stop it or give [store] path another directory");
}

TEST_CASE("a store that is closed can be opened again at once") {
  TemporaryDirectory directory;
  for (int i = 0; i < 3; ++i) CHECK(refusal(directory.path()).empty());
}

TEST_CASE("a path that cannot be a directory is refused with what to do") {
  TemporaryDirectory directory;
  write_file(directory.path() + "/file", "");
  CHECK(refusal(directory.path() + "/file/store") ==
        "cannot use the store at " + directory.path() +
            "/file/store: make the directory: Not a directory; give [store] path a directory on a local disk");
  CHECK(refusal("/proc/shoal").starts_with("cannot use the store at /proc/shoal: make the directory: "));
}
