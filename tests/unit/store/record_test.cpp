#include "shared/store/disk/record.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "layers.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace shoal::store;

namespace {

const Digest layer_digest = digest_of_bytes(bytes_of("layer"));
const ByteCount layer_size{300'000};  // 19 pieces

File file_at(const std::string& path) {
  return File(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

Hash256 hash_of(PieceIndex piece) {
  return sha256(bytes_of(std::to_string(piece)));
}

}  // namespace

TEST_CASE("the head of a record is written and read back as the same value") {
  for (const RecordHead& head : {RecordHead{layer_digest, 300'000, 0}, RecordHead{layer_digest, 1ULL << 40, 7},
                                 RecordHead{layer_digest, 300'000, 7, sha256(bytes_of("reg.example.com"))}}) {
    const Bytes bytes = encode_record_head(head);
    CHECK(bytes.size() == record_head_bytes);
    CHECK(decode_record_head(bytes).value() == head);
  }
}

TEST_CASE("the head of a record is what the format says, byte by byte") {
  std::ifstream golden(SHOAL_GOLDEN_DIR "/store/head.pieces", std::ios::binary);
  std::ostringstream text;
  text << golden.rdbuf();
  CHECK(copy_of(bytes_of(text.str())) == encode_record_head({layer_digest, 300'000, 7}));
}

TEST_CASE("any changed byte in the head of a record is noticed") {
  const bool has_source = GENERATE(true, false);
  const Bytes right = encode_record_head({layer_digest, 300'000, 3, has_source ? hash_of(1) : Hash256{}});
  for (std::size_t at = 0; at < right.size(); ++at) {
    Bytes wrong = right;
    wrong[at] ^= std::byte{1};
    CHECK(decode_record_head(wrong).error().kind == ErrorKind::corrupt);
  }
  CHECK_FALSE(decode_record_head(ByteView(right).first(255)));
  CHECK_FALSE(decode_record_head({}));
}

TEST_CASE("a record gives back the pieces that were noted, after it was opened again") {
  TemporaryDirectory directory;
  const std::string path = directory.path() + "/record";
  {
    const auto record = Record::create(file_at(path), {layer_digest, layer_size.value, 2}).value();
    CHECK(record->empty());
    for (const PieceIndex piece : {18u, 0u, 7u}) record->note(piece, hash_of(piece));
    CHECK_FALSE(record->empty());
  }
  const auto record = Record::open(file_at(path), layer_digest, layer_size).value();
  CHECK(record->generation() == 2);
  CHECK(record->pieces().value() == std::vector<NotedPiece>{{0, hash_of(0)}, {7, hash_of(7)}, {18, hash_of(18)}});
}

TEST_CASE("a record of another layer, another size or of nothing is corrupt") {
  TemporaryDirectory directory;
  const std::string path = directory.path() + "/record";
  CHECK(Record::open(file_at(path), layer_digest, layer_size).error().kind == ErrorKind::corrupt);
  REQUIRE(Record::create(file_at(path), {layer_digest, layer_size.value, 0}));
  const Digest other = digest_of_bytes(bytes_of("other"));
  CHECK(Record::open(file_at(path), other, layer_size).error().kind == ErrorKind::corrupt);
  CHECK(Record::open(file_at(path), layer_digest, {300'001}).error().kind == ErrorKind::corrupt);
  CHECK(Record::open(file_at(path), layer_digest, layer_size));
}

TEST_CASE("a record that was cut, or is longer than its layer, gives what it has of the layer") {
  TemporaryDirectory directory;
  const std::string path = directory.path() + "/record";
  {
    const auto record = Record::create(file_at(path), {layer_digest, layer_size.value, 0}).value();
    for (PieceIndex piece = 0; piece < 19; ++piece) record->note(piece, hash_of(piece));
  }
  std::filesystem::resize_file(path, record_head_bytes + 2 * sizeof(Hash256) + 5);
  CHECK(Record::open(file_at(path), layer_digest, layer_size).value()->pieces()->size() == 2);
  std::filesystem::resize_file(path, 1 << 20);
  CHECK(Record::open(file_at(path), layer_digest, layer_size).value()->pieces()->size() ==
        3);  // the torn one too
}

TEST_CASE("a new generation forgets the pieces of the one before") {
  TemporaryDirectory directory;
  const std::string path = directory.path() + "/record";
  {
    const auto record = Record::create(file_at(path), {layer_digest, layer_size.value, 0}).value();
    record->note(3, hash_of(3));
    REQUIRE(record->start_generation(1));
    CHECK(record->empty());
    record->note(4, hash_of(4));
  }
  const auto record = Record::open(file_at(path), layer_digest, layer_size).value();
  CHECK(record->generation() == 1);
  CHECK(record->pieces().value() == std::vector<NotedPiece>{{4, hash_of(4)}});
}
