// Activity: the log of who pulled what by whose right, for auditors: one line a pull, and refusals (refusals.hpp).
//
// docs/activity.md explains each field; their names are a promise. Lines go to a file of its own or to standard error
// (shared/log/records.hpp). No credential is ever in it, only the keyed hash of it.
// Threads: the loop.
#pragma once

#include <functional>
#include <optional>

#include "agent/activity/refusals.hpp"
#include "agent/pull/source.hpp"
#include "shared/log/records.hpp"
#include "shared/metrics/metrics.hpp"

namespace shoal::agent::activity {

struct Options {
  std::string place;   // a file's absolute path, or "stderr"; empty: nothing is told
  std::string format;  // "text" or "json"
  std::string node;
};

struct Counts {
  unsigned requests = 0;
  unsigned failed_requests = 0;
  pull::SourceBytes bytes{};
};

// A pull that was let in: an image, or a layer that no manifest named before.
struct Served {
  bool is_image = false;
  std::string image;  // with its tag, if it was asked for by one
  Digest digest;      // of the manifest or index that was asked for, or of the layer
  Caller caller;
  Time began;
  Time ended;
  bool goes_on = false;  // a pull of long duration is told in several lines; the last of them has false
  Counts counts{};
};

struct Metrics {
  metrics::Counter pull_lines;
  metrics::Counter refusal_lines;
  metrics::Counter refused_requests;
};

class Activity {
 public:
  using Date = std::function<std::chrono::milliseconds()>;  // since 1970

  // Throws StartError when the file cannot be opened.
  Activity(Loop& loop, Clock& clock, Options options, Date date = log::date_now);
  ~Activity();  // tells what is only counted yet

  bool is_on() const { return records_.has_value(); }
  void tell(const Served& served);
  void tell(Refused refused);
  // The caller was let in at that repository.
  void serve(const std::string& repository, const Caller& caller) { refusals_.serve(repository, caller); }
  // After the file was renamed (SIGHUP).
  void reopen();

  const Metrics& metrics() const { return metrics_; }
  std::uint64_t dropped_lines() const { return records_ ? records_->dropped_lines() : 0; }

 private:
  void write(Time at, std::vector<log::Field> fields);
  void write(const std::vector<ToldRefusal>& refusals);
  Task<void> watch();
  std::chrono::milliseconds date_of(Time at) const;

  Loop& loop_;
  Clock& clock_;
  std::string node_;
  Date date_;
  Metrics metrics_;
  Refusals refusals_;
  std::optional<log::Records> records_;
  bool is_watching_ = false;
};

void add_to_page(metrics::Page& page, const Activity& activity);

}  // namespace shoal::agent::activity
