// Layer: a layer that may be served: it is held, or it is arriving.
//
// Threads: the loop.
#pragma once

#include <variant>

#include "agent/pull/admission.hpp"

namespace shoal::agent::pull {

class Layer {
 public:
  explicit Layer(store::HeldLayer held) : source_(std::move(held)) {}
  // For another node of the cluster: it may have what is there. One request's: copies of it are one reader.
  Layer(SharedDownload download, ByteCount size) : source_(std::move(download)), size_(size) { reader(); }
  // For a caller, to whom it gives no byte before the admission lets it.
  Layer(SharedDownload download, ByteCount size, Admission admission)
      : source_(std::move(download)), size_(size), admission_(std::move(admission)) {
    reader();
  }

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
  // Errors: the caller's own, or the pull's. `no_space`: the caller is to have the layer passed through.
  Task<Result<store::VerifiedSpan>> readable(std::uint64_t from) const;
  Task<Result<store::VerifiedSpan>> readable_within(std::uint64_t from, Milliseconds limit) const;

 private:
  Window::Reader reader() const;

  std::variant<store::HeldLayer, SharedDownload> source_;
  ByteCount size_{};
  std::optional<Admission> admission_{};
  // Shared: by copies of it. Made when the layer turns out to have a window.
  std::shared_ptr<Window::Reader> reader_ = std::make_shared<Window::Reader>();
};

}  // namespace shoal::agent::pull
