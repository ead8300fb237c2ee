#include "agent/program.hpp"

#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "shared/control/timing.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent {
namespace {

constexpr Milliseconds drain_limit{10'000};  // for bodies and commits under way; systemd's own default is 90 s

std::vector<std::string> with_default(std::vector<std::string> allow, const std::string& upstream) {
  if (!upstream.empty()) allow.push_back(upstream);
  return allow;
}

// The default upstream needs no entry of its own.
origin::Options origin_options(const Options& options) {
  origin::Options origin = options.upstreams;
  origin.limits.headers = control::timing::origin_head;
  origin.allow = with_default(origin.allow, options.registry.endpoint.default_upstream);
  return origin;
}

swarm::Options swarm_options(const Options& options) {
  return {.listen = options.swarm.listen,
          .node = options.node.name,
          .zone = options.node.zone,
          .upload_limit = options.swarm.upload_limit,
          .download_limit = options.swarm.download_limit};
}

}  // namespace

// Lets the links be made before the pull path that hears them.
class Program::Hearing final : public link::Listener {
 public:
  explicit Hearing(std::optional<pull::Pulls>& pulls) : pulls_(pulls) {}
  void on_up(link::TrackerLink& link) override { pulls_->on_up(link); }
  void on_message(link::TrackerLink& link, control::TrackerMessage message) override {
    pulls_->on_message(link, std::move(message));
  }

 private:
  std::optional<pull::Pulls>& pulls_;
};

Program::Program(Options options)
    : options_(std::move(options)),
      store_(options_.store),
      carrier_(swarm::make_swarm(loop_, swarm_options(options_), metrics_.swarm)),
      origin_(origin_options(options_), clock_),
      hearing_(std::make_unique<Hearing>(pulls_)),
      trackers_(
          loop_, clock_, options_.trackers.urls, [this] { return hello(); }, *hearing_),
      epoch_(random_number()) {
  const pull::Parts parts{loop_, clock_, pool_, commits_, store_, *carrier_.swarm, origin_, trackers_, metrics_.pull};
  pulls_.emplace(parts, pull::Limits{});
  scrub_.emplace(store::Scrub::Parts{loop_, clock_, pool_, store_, metrics_.scrub}, options_.scrub,
                 [this](const Digest& digest) { pulls_->forget(digest); });
  endpoint_.emplace(parts, *pulls_, options_.registry.endpoint);
  small_layers_.emplace(*pulls_, trackers_);
  describe(page_, metrics_, store_, trackers_);
  admin_.emplace(options_, parts, *pulls_, page_);
  small_server_.emplace(loop_, serve_threads_, http::ServerOptions{.listen = options_.swarm.http_listen},
                        "small layers", [this](http::Exchange& exchange) { return small_layers_->handle(exchange); });
  admin_server_.emplace(loop_, serve_threads_, http::ServerOptions{.listen = options_.admin.listen}, "admin",
                        [this](http::Exchange& exchange) { return admin_->handle(exchange); });
  registry_server_.emplace(loop_, serve_threads_, http::ServerOptions{.listen = options_.registry.listen}, "registry",
                           [this](http::Exchange& exchange) { return endpoint_->handle(exchange); });
  trackers_.start();
  scrub_->start();
}

Program::~Program() = default;

control::Hello Program::hello() const {
  const auto port_of = [](const http::Server& server) { return http::parse_host_port(server.address())->port; };
  control::Hello hello;
  hello.node = options_.node.name;
  hello.zone = options_.node.zone;
  hello.epoch = epoch_;
  hello.swarm = {
      .host = options_.swarm.advertise, .port = carrier_.port, .node = options_.node.name, .is_seeder = false};
  hello.small_layers = hello.swarm;
  hello.small_layers.port = port_of(*small_server_);
  std::vector<Digest> held = store_.digests();
  if (held.size() <= control::largest_held_list) hello.held = std::move(held);  // else `Holds` messages follow
  return hello;
}

void Program::run() {
  std::signal(SIGPIPE, SIG_IGN);  // sendfile to a client that is gone
  std::signal(SIGHUP, SIG_IGN);
  boost::asio::signal_set signals(loop_, SIGTERM, SIGINT);
  signals.async_wait([this](const IoError& error, int) {
    if (!error) spawn(loop_, drain());
  });
  log::info("agent", "serving",
            {{"registry", registry_server_->address()},
             {"node", options_.node.name},
             {"version", SHOAL_VERSION},
             {"held_layers", store_.digests().size()}});
  loop_.run();
  log::info("agent", "stopped");
}

Task<void> Program::drain() {
  log::info("agent", "draining");
  registry_server_->stop_listening();
  const Time end = clock_.now() + drain_limit;
  while ((registry_server_->open_exchanges() > 0 || pulls_->committing() > 0) && clock_.now() < end) {
    co_await clock_.sleep(Milliseconds(50));
  }
  trackers_.stop();
  loop_.stop();
}

}  // namespace shoal::agent
