#include "tests/unit/cluster/nodes.hpp"

#include "shared/crypto/hasher.hpp"
#include "tests/doubles/granted.hpp"

namespace shoal::cluster {
namespace {

constexpr std::size_t origin_step = 32 << 10;
constexpr Milliseconds reset_after{300};  // by an origin that cannot be reached
constexpr int most_tries = 8;             // containerd asks again as long as bytes come; a kubelet, the whole pull
constexpr std::uint16_t swarm_port = 7072;

origin::Options one_upstream() {
  origin::Options options;
  options.upstreams["reg"].url = "http://reg";
  return options;
}

tracker::seeder::Keys keys_of(unsigned seed) {
  Bytes secret(32, static_cast<std::byte>(seed));
  auto signing = SigningKey::from_seed(secret);
  SwarmKey swarm{};
  swarm[0] = static_cast<std::byte>(seed);
  return {swarm, std::move(*signing)};
}

// As random_generation, but the same for each seed.
Generation drawn_generation() {
  return std::random_device{}() >> 1;
}

}  // namespace

// ---- the origin

class MemoryOrigin::Stream final : public origin::LayerStream {
 public:
  Stream(MemoryOrigin& origin, Bytes bytes, std::uint64_t from, std::uint64_t ends_at)
      : origin_(origin), bytes_(std::move(bytes)), offset_(from), position_(from), ends_at_(ends_at) {}
  ByteCount size() const override { return {bytes_.size()}; }
  std::uint64_t offset() const override { return offset_; }
  const std::string& content_type() const override { return content_type_; }
  Task<Result<ByteView>> next() override {
    co_await origin_.clock_.sleep(origin_.registry_.pause);
    if (!origin_.reachable() || position_ >= ends_at_) co_return fail(ErrorKind::unavailable, "the connection broke");
    const std::size_t count = std::min<std::size_t>(bytes_.size() - position_, origin_step);
    const ByteView view = ByteView(bytes_).subspan(static_cast<std::size_t>(position_), count);
    position_ += count;
    co_return view;
  }

 private:
  MemoryOrigin& origin_;
  Bytes bytes_;
  std::string content_type_;
  std::uint64_t offset_;
  std::uint64_t position_;
  std::uint64_t ends_at_;
};

MemoryOrigin::MemoryOrigin(Registry& registry, Clock& clock, Network& network, std::string host)
    : Origin(one_upstream(), clock), registry_(registry), clock_(clock), network_(network), host_(std::move(host)) {}

bool MemoryOrigin::reachable() const {
  return VirtualTime::now() >= registry_.down_until && !network_.node(host_).is_cut_off;
}

Task<Result<std::unique_ptr<origin::LayerStream>>> MemoryOrigin::open(origin::LayerQuestion question,
                                                                      std::uint64_t from) {
  const Digest digest = question.digest;
  co_await clock_.sleep(latency * 2);
  if (!reachable()) {
    co_await clock_.sleep(reset_after);
    co_return fail(ErrorKind::unavailable, "the origin cannot be reached");
  }
  const auto found = registry_.layers.find(digest);
  if (found == registry_.layers.end()) co_return fail(ErrorKind::not_found, "404");
  registry_.askers[digest].push_back(host_);
  Bytes bytes = found->second;
  if (registry_.wrong_once.erase(digest) > 0) bytes[bytes.size() / 2] ^= std::byte{1};
  std::uint64_t ends_at = bytes.size() + 1;
  if (registry_.breaks > 0) --registry_.breaks, ends_at = from + bytes.size() / 3;
  std::unique_ptr<origin::LayerStream> stream = std::make_unique<Stream>(*this, std::move(bytes), from, ends_at);
  co_return std::move(stream);
}

// ---- trackers

TrackerNode::TrackerNode(World& world, const std::string& host, unsigned seed)
    : world_(world),
      host_(host),
      store_(world.disks.emplace_back().store),
      swarm_(world.loop, world.network, world.swarms, host, "tracker"),
      origin_(world.registry, world.clock, world.network, host),
      source_(origin_),
      keys_(keys_of(seed)),
      pace_(world.clock, {}),
      core_({world.loop, world.clock, world.pool, store_, swarm_, source_, keys_, pace_, metrics_, std::mt19937(seed),
             drawn_generation},
            {.seeder = {host, swarm_port, "tracker", true}, .epoch = seed}) {}

void TrackerNode::accept(std::unique_ptr<http::WebSocket> socket) {
  const auto session =
      std::make_shared<tracker::AgentSession>(world_.loop, world_.clock, core_.coordinator(), std::move(socket));
  spawn(world_.loop, tracker::AgentSession::run(session));
}

void TrackerNode::die() {
  core_.coordinator().close_links("the machine stopped");
  swarm_.cut_all();
  // What was on its way still leaves; from now on nothing does.
  world_.network.at(VirtualTime::now() + latency, [this] { world_.network.node(host_).is_cut_off = true; });
}

// ---- agents

AgentNode::AgentNode(World& world, int number, TrackerNode& tracker)
    : world_(world),
      name_("node" + std::to_string(number)),
      host_("10.0.0." + std::to_string(number)),
      tracker_(&tracker),
      disk_(world.disks.emplace_back()),
      swarm_(world.loop, world.network, world.swarms, host_, name_),
      origin_(world.registry, world.clock, world.network, host_) {
  const auto dialling = [this](Clock&, std::string, std::string, std::string) { return dial(); };
  trackers_ = std::make_unique<agent::link::Trackers>(
      world.loop, world.clock, std::vector<std::string>{"http://tracker"}, [this] { return hello(); }, dialling);
  access_ = std::make_unique<agent::access::Access>(
      agent::access::Access::Parts{world.loop, world.clock, origin_, *trackers_}, agent::access::Options{});
  const agent::pull::Parts parts{world.loop, world.clock, world.pool, world.pool, disk_.store,
                                 swarm_,     origin_,     *trackers_, metrics_,   *access_};
  pulls_ = std::make_unique<agent::pull::Pulls>(parts, agent::pull::Limits{});
  trackers_->start(*pulls_);
}

AgentNode::~AgentNode() = default;

control::Hello AgentNode::hello() const {
  control::Hello hello;
  hello.node = name_;
  hello.epoch = 1;
  hello.swarm.port = swarm_port;
  hello.held = disk_.store.digests();
  return hello;
}

Task<Result<std::unique_ptr<http::WebSocket>>> AgentNode::dial() {
  co_await world_.clock.sleep(latency * 2);
  TrackerNode* const tracker = tracker_;
  const bool reachable = tracker != nullptr && !world_.network.node(tracker->host()).is_cut_off;
  if (!reachable || !is_alive_) co_return fail(ErrorKind::unavailable, "connection refused");
  Socket::Pair ends = Socket::connect(world_.loop, world_.network, host_, tracker->host());
  tracker->accept(std::move(ends.second));
  co_return std::move(ends.first);
}

void AgentNode::die() {
  is_alive_ = false;
  trackers_->stop();
  swarm_.cut_all();
  world_.network.at(VirtualTime::now() + latency, [this] { world_.network.node(host_).is_cut_off = true; });
}

void AgentNode::pull(const Digest& digest, Reading& reading) {
  reading.content = &world_.registry.layers.at(digest);
  spawn(world_.loop, read(this, digest, &reading));
}

Task<void> AgentNode::read(AgentNode* self, Digest digest, Reading* reading) {
  for (reading->tries = 1; reading->tries <= most_tries; ++reading->tries) {
    const Result<void> done = co_await read_once(self, digest, reading);
    reading->error.reset();
    if (done) break;
    reading->error = done.error();
    co_await self->world_.clock.sleep(Milliseconds(500) * reading->tries);
  }
  reading->ended = VirtualTime::now();
}

Task<Result<void>> AgentNode::read_once(AgentNode* self, Digest digest, Reading* reading) {
  agent::pull::Ask ask{.digest = digest,
                       .kind = origin::Kind::blob,
                       .repository = {"reg", "library/app"},
                       .size_hint = ByteCount{reading->content->size()},
                       .authorization = {}};
  const auto layer = co_await self->pulls_->open(granted(digest), std::move(ask));
  if (!layer) co_return tl::unexpected(layer.error());
  while (reading->received < reading->content->size()) {
    const auto span = co_await layer->readable(reading->received);
    if (!span) co_return tl::unexpected(span.error());
    Bytes bytes(span->length());
    const Result<void> read = span->file()->read_at(span->offset(), bytes);
    if (!read) co_return read;
    const ByteView expected = ByteView(*reading->content).subspan(reading->received, bytes.size());
    reading->is_right &= std::equal(bytes.begin(), bytes.end(), expected.begin());
    reading->received += bytes.size();
  }
  co_return Result<void>();
}

}  // namespace shoal::cluster
