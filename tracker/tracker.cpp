#include "tracker/tracker.hpp"

#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "shared/control/timing.hpp"
#include "shared/crypto/signing.hpp"
#include "shared/log/log.hpp"

namespace shoal::tracker {
namespace {

// Two threads hash at 1 GB/s together, more than a 10 Gbit/s origin link needs beside everything else.
constexpr std::size_t pool_threads = 2;

Coordinator::Options coordinator_options(const Config& config, std::uint16_t seeder_port,
                                         std::function<void(const Digest&)> suspect) {
  return {.seeder = {config.seeder.advertise, seeder_port, control::seeder_node, true},
          .epoch = random_number(),
          .suspect = std::move(suspect)};
}

}  // namespace

Tracker::Tracker(Config config)
    : config_(std::move(config)),
      store_(config_.store),
      keys_(open_keys(config_.store.path, config_.control.swarm_key_file)),
      pool_(pool_threads),
      origin_(config_.origin, clock_),
      source_(origin_),
      pace_(clock_, config_.seeder.origin_limit),
      carrier_(swarm::make_swarm(
          loop_,
          {.listen = config_.seeder.listen, .node = control::seeder_node, .upload_limit = config_.seeder.upload_limit},
          metrics_.swarm)),
      coordinator_(
          {.seeder = {loop_, clock_, pool_, store_, *carrier_.swarm, source_, keys_, pace_, metrics_.seeder},
           .resolver = {loop_, clock_, source_, metrics_.resolver, {}},
           .metrics = metrics_.coordinator,
           .random = std::mt19937(std::random_device{}())},
          coordinator_options(config_, carrier_.port, [this](const Digest& digest) { scrub_.suspect(digest); })),
      scrub_({loop_, clock_, pool_, store_, metrics_.scrub}, config_.scrub,
             [this](const Digest& digest) { coordinator_.forget(digest); }),
      admin_(loop_, serve_threads_, config_.admin.listen, {.is_ready = [this] { return serving_; }}),
      control_({loop_, clock_, serve_threads_, coordinator_, store_, keys_}, config_.control.listen) {
  coordinator_.hand_out_port(http::parse_host_port(control_.address())->port);
  add_to_page(admin_.page(), metrics_, store_);
}

Tracker::~Tracker() = default;

void Tracker::run() {
  asio::signal_set signals(loop_, SIGTERM, SIGINT);
  signals.async_wait([this](const IoError& error, int) {
    if (!error) spawn(loop_, drain());
  });
  serving_ = true;
  spawn(loop_, tick());
  scrub_.start();
  log::info("tracker", "serving",
            {{"version", SHOAL_VERSION},
             {"control", control_.address()},
             {"admin", admin_.address()},
             {"seeder_port", carrier_.port},
             {"held_layers", store_.digests().size()}});
  loop_.run();
  log::info("tracker", "stopped");
}

Task<void> Tracker::tick() {
  while (serving_) {
    co_await clock_.sleep(control::timing::tick);
    coordinator_.tick();
  }
}

Task<void> Tracker::drain() {
  log::info("tracker", "stopping");
  serving_ = false;
  control_.stop_listening();
  coordinator_.close_links("the tracker is stopping");
  const Time give_up = clock_.now() + drain_limit;
  while (control_.open_exchanges() > 0 && clock_.now() < give_up) co_await clock_.sleep(Milliseconds(20));
  loop_.stop();
}

}  // namespace shoal::tracker
