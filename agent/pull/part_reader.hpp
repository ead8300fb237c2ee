// PartReader: the bytes of parts of a layer, for one request. From the store or the layer's arriving pieces where they
// are there, else from the origin by Range, so that no reader of a part waits for a whole layer.
//
// What the bytes prove: docs/endpoint.md. Threads: the loop.
#pragma once

#include <variant>

#include "agent/pull/granted_ask.hpp"
#include "agent/pull/lazy_reads.hpp"
#include "agent/pull/pulls.hpp"

namespace shoal::agent::pull {

using PartBytes = std::variant<store::VerifiedSpan, Bytes>;

class PartReader {
 public:
  // `pulls` and `lazy` outlive it. `length`: of all parts that the request asks for.
  PartReader(Parts parts, Pulls& pulls, LazyReads& lazy, GrantedAsk asked, std::optional<ByteCount> size,
             std::uint64_t length)
      : parts_(parts),
        pulls_(pulls),
        lazy_(lazy),
        granted_(std::move(asked.granted)),
        ask_(std::move(asked.ask)),
        size_(size),
        length_(length) {}

  // Some bytes from `left.first` on, none from `left.end` on: at least one. The error is the one of the last source.
  Task<Result<PartBytes>> next(origin::Stretch left);
  // Where bytes [first, end) that `next` gave came from; `here`: they were a VerifiedSpan.
  SourceBytes sources_of(bool here, std::uint64_t first, std::uint64_t end) const;
  ByteCount size() const { return *size_; }  // of the layer, once `next` has given bytes

 private:
  std::optional<PartBytes> find_here(origin::Stretch left);
  bool may_have(const SharedAsker& asker) const;
  bool follow(const SharedDownload& download, std::uint64_t at);
  Task<std::optional<PartBytes>> wait_for_holders(origin::Stretch left);
  Task<Result<PartBytes>> wait_for_layer(origin::Stretch left, Milliseconds limit);
  Task<Result<PartBytes>> next_of_origin(origin::Stretch left);
  Result<void> accept_size(ByteCount size);

  Parts parts_;
  Pulls& pulls_;
  LazyReads& lazy_;
  access::Granted granted_;
  Ask ask_;
  std::optional<ByteCount> size_;
  std::uint64_t length_;
  struct Followed {
    SharedDownload download;
    Window::Reader reader;
  };
  std::optional<Followed> followed_;         // a layer without room, whose window this reader keeps where it is
  std::optional<LazyReads::Source> source_;  // chosen once: when some byte is not here
  std::unique_ptr<PartStream> stream_;       // gives the byte at `stream_position_` next
  std::uint64_t stream_position_ = 0;
};

}  // namespace shoal::agent::pull
