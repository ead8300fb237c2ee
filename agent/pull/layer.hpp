// Layer: a layer that may be served: it is held, or it is arriving.
//
// Threads: the loop.
#pragma once

#include <variant>

#include "agent/pull/download.hpp"

namespace shoal::agent::pull {

class Layer {
 public:
  explicit Layer(store::HeldLayer held) : source_(std::move(held)) {}
  // One request's: copies of it are one reader.
  Layer(SharedDownload download, ByteCount size)
      : source_(download), size_(size), reader_(download->passage() ? download->passage()->add_reader() : nullptr) {}

  bool held() const { return std::holds_alternative<store::HeldLayer>(source_); }
  // There is no room for it: a window of it is kept while it passes. `readable` is `no_space` outside of that.
  bool is_passing() const { return !held() && std::get<SharedDownload>(source_)->passage() != nullptr; }
  ByteCount size() const { return held() ? std::get<store::HeldLayer>(source_).size() : size_; }
  std::string content_type() const;  // of a manifest, once it has arrived
  // Where the bytes from `first` to before `end` came from, which were readable.
  SourceBytes sources_of(std::uint64_t first, std::uint64_t end) const;
  // Waits until the digest of the whole layer has matched; the error of the pull when it did not.
  Task<Result<void>> verified() const;
  // As `verified`, for at most `limit`; then `unavailable`, while the download goes on.
  Task<Result<void>> verified_within(Milliseconds limit) const;
  Task<Result<store::VerifiedSpan>> readable(std::uint64_t from) const;
  Task<Result<store::VerifiedSpan>> readable_within(std::uint64_t from, Milliseconds limit) const;

 private:
  std::variant<store::HeldLayer, SharedDownload> source_;
  ByteCount size_{};
  Window::Reader reader_{};
};

}  // namespace shoal::agent::pull
