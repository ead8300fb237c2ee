#include "tracker/tracker.hpp"

#include "shared/control/timing.hpp"
#include "shared/crypto/signing.hpp"
#include "shared/http/listening.hpp"
#include "shared/http/try_port.hpp"
#include "shared/log/log.hpp"
#include "shared/program/notification.hpp"
#include "shared/program/stop_signals.hpp"
#include "shared/store/upkeep.hpp"

namespace shoal::tracker {
namespace {

// Two threads hash at 1 GB/s together, more than a 10 Gbit/s origin link needs beside everything else.
constexpr std::size_t pool_threads = 2;

// For answers that are under way; systemd's own default is 90 s.
constexpr Milliseconds drain_limit{5'000};

Config with_descriptors(Config config) {
  config.descriptors = program::descriptor_budget();
  return config;
}

swarm::Options swarm_options(const Config& config) {
  return {.listen = config.seeder.listen,
          .node = control::seeder_node,
          .upload_limit = config.seeder.upload_limit,
          .connections = config.descriptors.swarm_connections};
}

// Empty: the address by which an agent reached the tracker.
std::string advertised(const SeederOptions& options) {
  return options.advertise.empty() ? http::only_address(options.listen) : options.advertise;
}

// Agents of a family that the seeder does not take would wait for it in vain.
void warn_of_missing_family(const Config& config) {
  const http::Families control = http::families_of(config.control.listen);
  const http::Families seeder = http::families_of(config.seeder.listen);
  const bool lacks = (control.ipv4 && !seeder.ipv4) || (control.ipv6 && !seeder.ipv6);
  if (!lacks || !config.seeder.advertise.empty()) return;
  log::warning("tracker", "seeder lacks an address family",
               {{"control", config.control.listen.list()[0]},
                {"seeder", config.seeder.listen.list()[0]},
                {"cause", "[control] listen takes agents of a family that [seeder] listen does not; write \"[::]:PORT\""},
                {"next", "write [seeder] listen = \"[::]:PORT\""}});
}

// Agents wait for the tracker: how long, is agreed with them.
origin::Options origin_options(const Config& config) {
  namespace timing = control::timing;
  origin::Options options = config.origin;
  options.limits.tcp = timing::origin_connection;
  options.turns = {.standstill = timing::keep_asking,
                   .question = timing::paced_question,
                   .manifest = timing::paced_head,
                   .layer = timing::paced_layer};
  return options;
}

}  // namespace

Tracker::Origins::Origins(const Config& config, Clock& clock)
    : origin(origin_options(config), clock), source(origin), pace(clock, config.seeder.origin_limit) {}

Tracker::Servers::Servers(Tracker& tracker, const Config& config)
    : admin({tracker.loop_, tracker.clock_, tracker.threads_.serve}, config.admin,
            {.program = "tracker",
             .wrong_hosts = tracker.metrics_.admin_wrong_hosts,
             .readiness = [&tracker] { return program::Readiness{.phase = tracker.phase_}; }}),
      control({tracker.loop_, tracker.clock_, tracker.threads_.serve, tracker.core_, tracker.disk_.store,
               tracker.disk_.keys},
              config.control.listen, config.descriptors.clients) {}

Tracker::Tracker(Config config)
    : config_(with_descriptors(std::move(config))),
      disk_{store::Store(config_.store), seeder::open_keys(config_.store.path, config_.control.swarm_key_file)},
      threads_{Pool(pool_threads), http::ServeThreads(clock_)},
      origins_(config_, clock_),
      carrier_(swarm::make_swarm(loop_, clock_, swarm_options(config_), metrics_.swarm)),
      core_({loop_, clock_, threads_.pool, disk_.store, *carrier_.swarm, origins_.source, disk_.keys, origins_.pace,
             metrics_, std::mt19937(std::random_device{}()), {.most = config_.descriptors.swarms}, http::try_port},
            {.seeder = {advertised(config_.seeder), carrier_.port, control::seeder_node, true},
             .epoch = random_number()}),
      scrub_({loop_, clock_, threads_.pool, disk_.store, metrics_.scrub}, config_.scrub,
             [this](const Digest& digest) { core_.seeder().remove(digest); }),
      servers_(*this, config_) {
  connect();
}

// The calls from a part to one that is made after it.
void Tracker::connect() {
  core_.coordinator().on_suspect([this](const Digest& digest) { scrub_.suspect(digest); });
  core_.known().name_registries(
      [this](const std::string& upstream) { return origin::registry_at(origins_.origin.options(), upstream); });
  core_.set_small_layer_port(http::parse_host_port(servers_.control.address())->port);
  add_to_page(servers_.admin.page(), metrics_, disk_.store);
  add_origins_to_page(servers_.admin.page(), origins_.origin.metrics());
}

Tracker::~Tracker() {
  // A step of the workers may use a socket that a task's end closes.
  threads_.serve.join();
  threads_.pool.join();
  carrier_.swarm.reset();  // its thread posts to the loop
  loop_.destroy_tasks();
}

void Tracker::run() {
  const program::StopSignals stop_signals(loop_, [this] { spawn(loop_, drain()); });
  phase_ = program::Phase::serving;
  warn_of_missing_family(config_);
  spawn(loop_, tick());
  scrub_.start();
  store::start_upkeep(loop_, clock_, disk_.store);
  log::info("tracker", "serving",
            {{"version", SHOAL_VERSION},
             {"control", servers_.control.address()},
             {"admin", servers_.admin.address()},
             {"seeder_port", carrier_.port},
             {"held_layers", disk_.store.digests().size()}});
  program::notify_service_manager("READY=1");
  loop_.run();
  log::info("tracker", "stopped");
}

Task<void> Tracker::tick() {
  while (phase_ == program::Phase::serving) {
    co_await clock_.sleep(control::timing::tick);
    core_.coordinator().tick();
  }
}

Task<void> Tracker::drain() {
  log::info("tracker", "stopping");
  phase_ = program::Phase::draining;
  program::notify_service_manager("STOPPING=1");
  servers_.control.stop_listening();
  core_.coordinator().close_links("the tracker is stopping");
  const Time give_up = clock_.now() + drain_limit;
  constexpr Milliseconds step{20};  // a stop takes so much longer than its last exchange
  while (servers_.control.open_exchanges() > 0 && clock_.now() < give_up) co_await clock_.sleep(step);
  loop_.stop();
}

}  // namespace shoal::tracker
