#include "agent/activity/activity.hpp"

#include <array>
#include <utility>

#include "shared/log/log.hpp"

namespace shoal::agent::activity {
namespace {

constexpr Milliseconds check{1'000};
constexpr const char* everyone = "*";  // of refusals that are only counted

constexpr std::array<const char*, pull::source_names.size()> byte_fields{
    "from_store_bytes",  "from_peers_bytes",   "from_seeder_bytes",   "from_holder_bytes",
    "from_origin_bytes", "from_partial_bytes", "passed_through_bytes"};  // by pull::Source

void append(std::vector<log::Field>& fields, const Caller& caller) {
  fields.emplace_back("client", caller.client);
  fields.emplace_back("address", caller.address);
  fields.emplace_back("authority", text(caller.authority.by));
  fields.emplace_back("credential", caller.authority.credential_hash);
}

}  // namespace

Activity::Activity(Loop& loop, Clock& clock, Options options, Date date)
    : loop_(loop), clock_(clock), node_(std::move(options.node)), date_(std::move(date)) {
  if (options.place.empty()) return;
  records_.emplace(log::RecordOptions{.name = "activity", .place = options.place, .format = options.format});
  write(clock_.now(), {{"event", "start"}, {"node", node_}, {"version", SHOAL_VERSION}});
}

Activity::~Activity() {
  if (!records_) return;
  write(refusals_.rest());
  write(clock_.now(), {{"event", "stop"}, {"node", node_}});
}

// A time of the clock as a date: the clock goes on evenly when the computer's date is set.
std::chrono::milliseconds Activity::date_of(Time at) const {
  return date_() - std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - at);
}

void Activity::write(Time at, std::vector<log::Field> fields) {
  records_->write(date_of(at), fields);
}

void Activity::tell(const Served& served) {
  if (!records_) return;
  const Counts& counts = served.counts;
  std::vector<log::Field> fields{{"event", "pull"},
                                 {"verdict", "granted"},
                                 {"kind", served.is_image ? "image" : "layer"},
                                 {"image", served.image},
                                 {"digest", served.digest.text()},
                                 {"node", node_}};
  append(fields, served.caller);
  fields.emplace_back("ended", log::date_text(date_of(served.ended)));
  fields.emplace_back("goes_on", served.goes_on);
  fields.emplace_back("requests", counts.requests);
  fields.emplace_back("failed_requests", counts.failed_requests);
  fields.emplace_back("bytes", counts.bytes.sum());
  for (std::size_t i = 0; i < byte_fields.size(); ++i) fields.emplace_back(byte_fields.at(i), counts.bytes.bytes.at(i));
  write(served.began, std::move(fields));
  metrics_.pull_lines.add();
}

void Activity::tell(Refused refused) {
  if (!records_) return;
  metrics_.refused_requests.add();
  write(refusals_.note(std::move(refused)));
  if (!std::exchange(is_watching_, true)) spawn(loop_, watch());
}

void Activity::write(const std::vector<ToldRefusal>& refusals) {
  for (const ToldRefusal& told : refusals) {
    std::vector<log::Field> fields{{"event", "refusal"}};
    const std::optional<Refused>& refused = told.refused;
    fields.emplace_back("verdict", refused ? verdict_of(refused->status) : everyone);
    fields.emplace_back("image", refused ? refused->image : everyone);
    fields.emplace_back("digest", refused && refused->digest ? refused->digest->text() : "");
    fields.emplace_back("node", node_);
    if (refused) append(fields, refused->caller);
    if (refused) fields.emplace_back("status", refused->status);
    fields.emplace_back("times", told.times);
    write(refused ? refused->at : clock_.now(), std::move(fields));
    metrics_.refusal_lines.add();
  }
}

Task<void> Activity::watch() {
  while (!refusals_.empty()) {
    co_await clock_.sleep(check);
    write(refusals_.due(clock_.now()));
  }
  is_watching_ = false;
}

void Activity::reopen() {
  if (!records_) return;
  const Result<void> reopened = records_->reopen();
  if (reopened) return;
  log::warning("activity", "activity log not reopened",
               {{"cause", reopened.error().what},
                {"next", "lines go to the file that was open before; mend the path and send SIGHUP again"}});
}

void add_to_page(metrics::Page& page, const Activity& activity) {
  const char* lines = "Lines of the activity log, by what they tell.";
  page.add("activity_lines_total", "event=\"pull\"", lines, activity.metrics().pull_lines);
  page.add("activity_lines_total", "event=\"refusal\"", lines, activity.metrics().refusal_lines);
  page.add("activity_refused_requests_total", "", "Refused requests for images and layers, told by lines or counted in them.",
           activity.metrics().refused_requests);
  page.add_counter("activity_dropped_lines_total", "",
                   "Lines of the activity log's file dropped, because its disk took none for too long.",
                   [&activity] { return static_cast<double>(activity.dropped_lines()); });
}

}  // namespace shoal::agent::activity
