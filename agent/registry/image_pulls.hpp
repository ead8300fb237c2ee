// ImagePulls: what runtimes got, by source: counted, told in one line of the log for each image, and in the activity log
// for each image and each layer that was read alone.
//
// An image pull is a manifest, what it names, and what these name, as long as one caller goes on asking. It is told when
// nothing of it was asked for 5 s. A layer that several images name counts for the one whose manifest was read last. A
// layer that no manifest named to that caller is a pull of its own; its parts are one pull until none was asked for a
// minute.
// Threads: the loop.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "agent/activity/activity.hpp"
#include "agent/registry/metrics.hpp"
#include "shared/core/clock.hpp"
#include "shared/core/digest.hpp"
#include "shared/http/server.hpp"

namespace shoal::agent::registry {

// A manifest or an index that was answered.
struct ManifestSeen {
  std::string repository;  // "registry.example.com/app"
  std::string image;       // "registry.example.com/app:v1", or without a tag
  bool by_tag = false;
  Digest digest;
  activity::Caller caller;
  Time asked;
  std::vector<Digest> names;  // of its layers, its configuration, its manifests
};

// A blob that is asked for.
struct BlobSeen {
  std::string repository;
  Digest digest;
  activity::Caller caller;
  Time asked;
};

class ImagePulls {
 public:
  // `activity`: may be none.
  ImagePulls(Loop& loop, Clock& clock, Metrics& metrics, activity::Activity* activity = nullptr)
      : loop_(loop), clock_(clock), metrics_(metrics), activity_(activity) {}

  using Number = std::uint64_t;  // of a pull
  Number see(ManifestSeen manifest);
  // A request for a blob, until it was answered with that status; 0: with none.
  Number begin_blob(const http::Exchange& exchange, const BlobSeen& blob);
  void end_blob(const http::Exchange& exchange, unsigned status);
  // Bytes of an answer that the runtime got: of a request that has begun, or of a pull.
  void serve(const http::Exchange& exchange, const pull::SourceBytes& bytes);
  void serve(Number number, const pull::SourceBytes& bytes);

  // Sends bytes that all came from one source, and counts those that left.
  Task<Result<void>> send(http::Exchange& exchange, pull::Source source, Bytes bytes);

  std::size_t open() const { return pulls_.size(); }  // not told yet
  void tell_all();                                    // now: the program ends

 private:
  struct Pull {
    activity::Served told;  // its counts: since it was told last
    activity::Counts counts{};
    std::string repository{};
    bool has_tag = false;
    Number read = 0;  // counts up with each manifest that was read
    Time last{};
    Time told_last{};
    Milliseconds quiet{};
    int running = 0;  // requests of blobs
    std::vector<Digest> digests{};
  };
  Pull* find(Number number);
  Number number_of(const Digest& digest, const std::string& repository, const activity::Caller& caller) const;
  Number enter(Pull pull);
  void name(Number number, Pull& pull, const Digest& digest);
  void add(Pull& pull, const pull::SourceBytes& bytes);
  void erase(Number number);
  void tell(Number number);
  void tell_activity(Pull& pull, bool goes_on);
  void tell_due();
  Task<void> watch();

  Loop& loop_;
  Clock& clock_;
  Metrics& metrics_;
  activity::Activity* activity_;
  Number last_number_ = 0;
  Number last_read_ = 0;
  std::unordered_map<Number, Pull> pulls_;
  std::unordered_multimap<Digest, Number> pulls_of_;
  std::unordered_map<const http::Request*, Number> running_;  // by the exchange's request
  bool is_watching_ = false;
};

}  // namespace shoal::agent::registry
