#include "agent/program.hpp"

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "agent/status.hpp"
#include "shared/control/timing.hpp"
#include "shared/http/listening.hpp"
#include "shared/http/try_port.hpp"
#include "shared/log/log.hpp"
#include "shared/program/notification.hpp"
#include "shared/program/stop_signals.hpp"
#include "shared/store/upkeep.hpp"

namespace shoal::agent {
namespace {

constexpr Milliseconds first_dials{1'000};   // a tracker that is there answers within milliseconds
constexpr Milliseconds drain_limit{10'000};  // for bodies and commits under way; the unit's TimeoutStopSec is 20 s

std::vector<std::string> with_default(std::vector<std::string> allow, const std::string& upstream) {
  if (!upstream.empty()) allow.push_back(upstream);
  return allow;
}

// The default upstream needs no entry of its own.
origin::Options origin_options(const Options& options) {
  origin::Options origin = options.upstreams;
  origin.limits.tcp = control::timing::origin_connection;
  origin.limits.headers = control::timing::origin_head;
  origin.turns = {.standstill = control::timing::keep_asking,
                  .question = control::timing::paced_question,
                  .manifest = control::timing::origin_turn,
                  .layer = control::timing::paced_layer};
  origin.allow = with_default(origin.allow, options.registry.endpoint.default_upstream);
  return origin;
}

swarm::Options swarm_options(const Options& options) {
  return {.listen = options.swarm.listen,
          .node = options.node.name,
          .zone = options.node.zone,
          .upload_limit = options.swarm.upload_limit,
          .download_limit = options.swarm.download_limit,
          .connections = options.descriptors.swarm_connections};
}

Options with_descriptors(Options options) {
  options.descriptors = program::descriptor_budget();
  return options;
}

pull::Limits pull_limits(const program::DescriptorBudget& descriptors) {
  pull::Limits limits;
  limits.memberships.memberships = std::min(limits.memberships.memberships, descriptors.swarms);
  return limits;
}

http::ServerOptions server_options(const ListenAddresses& listen, const program::DescriptorBudget& descriptors) {
  http::ServerOptions options{.listen = listen};
  options.connections = std::min(options.connections, descriptors.clients / 2);  // one of two servers
  return options;
}

http::ServerOptions registry_server_options(const Options& options, registry::Metrics& metrics) {
  http::ServerOptions server = server_options(options.registry.listen, options.descriptors);
  server.socket_file = options.registry.socket;
  server.is_closed_at_first = true;
  server.on_closed_for_room = [&metrics](http::Doing doing) {
    metrics.closed_for_room.at(static_cast<std::size_t>(doing)).add();
  };
  return server;
}

// Where other agents reach a listener; empty: at the address that the tracker sees.
std::string advertised(const SwarmOptions& options, const ListenAddresses& listen) {
  return options.advertise.empty() ? http::only_address(listen) : options.advertise;
}

activity::Options activity_options(const Options& options) {
  return {.place = options.activity, .format = options.log.format, .node = options.node.name};
}

// After each of the signals.
void repeat(boost::asio::signal_set& signals, std::function<void()> action) {
  signals.async_wait([&signals, action = std::move(action)](const IoError& error, int) {
    if (error) return;
    action();
    repeat(signals, action);
  });
}

}  // namespace

Program::Servers::Servers(Program& program)
    : activity(program.loop_, program.clock_, activity_options(program.options_)),
      endpoint(program.parts(), program.path_.pulls, program.options_.registry.endpoint,
               {program.metrics_.registry, &activity}),
      small_layers(program.clock_, program.path_.pulls, program.trackers_),
      small(program.server_parts(), server_options(program.options_.swarm.http_listen, program.options_.descriptors),
            "small layers",
            [this](http::Exchange& exchange) { return small_layers.handle(exchange); }),
      admin(program.server_parts(), program.options_.admin,
            {.program = "agent",
             .wrong_hosts = program.metrics_.admin_wrong_hosts,
             .readiness = [this, &program] { return readiness(phase, program.parts(), program.path_.pulls); },
             .status = [&program] { return status_text(program.options_, program.parts(), program.path_.pulls); }}),
      registry(program.server_parts(), registry_server_options(program.options_, program.metrics_.registry), "registry",
               [this](http::Exchange& exchange) { return endpoint.handle(exchange); }) {}

Program::PullPath::PullPath(Program& program)
    : access({program.loop_, program.clock_, program.origin_, program.trackers_}, program.options_.registry.access),
      pulls(program.parts(), pull_limits(program.options_.descriptors)) {}

Program::Program(Options options)
    : options_(with_descriptors(std::move(options))),
      workers_(clock_),
      store_(options_.store),
      carrier_(swarm::make_swarm(loop_, clock_, swarm_options(options_), metrics_.swarm)),
      origin_(origin_options(options_), clock_),
      trackers_(loop_, clock_, options_.trackers.urls, [this, epoch = random_number()] { return hello(epoch); }),
      path_(*this),
      scrub_({loop_, clock_, workers_.pool, store_, metrics_.scrub}, options_.scrub,
             [this](const Digest& digest) { path_.pulls.withdraw(digest); }),
      servers_(*this) {
  add_to_page(servers_.admin.page(), metrics_, store_, trackers_);
  origin::add_to_page(servers_.admin.page(), origin_.metrics());
  access::add_to_page(servers_.admin.page(), path_.access);
  activity::add_to_page(servers_.admin.page(), servers_.activity);
  trackers_.start(path_.pulls);
  scrub_.start();
  store::start_upkeep(loop_, clock_, store_);
}

Program::~Program() {
  // A step of the workers may use a socket that a task's end closes.
  workers_.serve.join();
  workers_.pool.join();
  workers_.commits.join();
  carrier_.swarm.reset();  // its thread posts to the loop
  loop_.destroy_tasks();
}

pull::Parts Program::parts() {
  return {loop_,           clock_,  workers_.pool, workers_.commits, store_,
          *carrier_.swarm, origin_, trackers_,     metrics_.pull,     path_.access, http::try_port};
}

control::Hello Program::hello(std::uint64_t epoch) const {
  control::Hello hello;
  hello.node = options_.node.name;
  hello.zone = options_.node.zone;
  hello.epoch = epoch;
  const SwarmOptions& swarm = options_.swarm;
  hello.swarm = {.host = advertised(swarm, swarm.listen), .port = carrier_.port, .node = hello.node, .is_seeder = false};
  hello.small_layers = hello.swarm;
  hello.small_layers.host = advertised(swarm, swarm.http_listen);
  hello.small_layers.port = http::parse_host_port(servers_.small.address())->port;
  std::vector<Digest> held = store_.digests();
  if (held.size() <= control::largest_held_list) hello.held = std::move(held);  // else `Holds` messages follow
  return hello;
}

void Program::run() {
  const program::StopSignals stop_signals(loop_, [this] { spawn(loop_, drain()); });
  boost::asio::signal_set hang_up(loop_, SIGHUP);  // from whoever rotates the activity log; without one nothing happens
  repeat(hang_up, [this] { servers_.activity.reopen(); });
  spawn(loop_, open());
  loop_.run();
  if (!servers_.failure.empty()) throw StartError(servers_.failure);
  log::info("agent", "stopped");
}

// The runtime's first pulls would go to the origin while the trackers, which are there, are being dialled: on each node
// of a cluster that starts.
Task<void> Program::open() {
  constexpr Milliseconds step{10};  // a start takes so much longer than its dials
  const Time due = clock_.now() + first_dials;
  while (!trackers_.all_dialled() && clock_.now() < due) co_await clock_.sleep(step);
  if (servers_.phase != program::Phase::starting) co_return;
  const Result<void> listening = servers_.registry.start_listening();
  if (!listening) {
    servers_.failure = listening.error().what;
    loop_.stop();
    co_return;
  }
  servers_.phase = program::Phase::serving;
  log::info("agent", "serving",
            {{"registry", servers_.registry.address()},
             {"socket", options_.registry.socket},
             {"node", options_.node.name},
             {"version", SHOAL_VERSION},
             {"held_layers", store_.digests().size()}});
  program::notify_service_manager("READY=1");
}

Task<void> Program::drain() {
  log::info("agent", "draining");
  servers_.phase = program::Phase::draining;
  program::notify_service_manager("STOPPING=1");
  servers_.registry.stop_listening();
  const Time end = clock_.now() + drain_limit;
  constexpr Milliseconds step{50};  // a stop takes so much longer than its last exchange
  while ((servers_.registry.open_exchanges() > 0 || pull::committing(path_.pulls) > 0) && clock_.now() < end) {
    co_await clock_.sleep(step);
  }
  servers_.endpoint.tell_pulls();
  trackers_.stop();
  loop_.stop();
}

}  // namespace shoal::agent
