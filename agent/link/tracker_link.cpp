#include "agent/link/tracker_link.hpp"

#include "shared/http/server.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::link {
namespace {

void tell_heard_again(const std::string& tracker) {
  log::info("link", "tracker heard again", {{"tracker", tracker}});
}

// A quarter to all of the pause, so that agents that lost the same tracker do not come back together.
Milliseconds jittered(Milliseconds pause, std::minstd_rand& random) {
  return pause / 4 + Milliseconds(random() % static_cast<unsigned>(pause.count() * 3 / 4 + 1));
}

Error not_up(const std::string& tracker, LinkHealth state) {
  const bool suspected = state == LinkHealth::suspected;
  return {ErrorKind::unavailable, "the tracker " + tracker + (suspected ? " is silent" : " is not connected")};
}

constexpr Milliseconds told_after{5'000};  // without a connection

}  // namespace

TrackerLink::TrackerLink(Loop& loop, Clock& clock, LinkOptions options, std::function<control::Hello()> hello)
    : loop_(loop),
      clock_(clock),
      options_(std::move(options)),
      hello_(std::move(hello)),
      health_(clock.now()),
      questions_(loop, clock, options_.url) {}

void TrackerLink::start(Listener& listener) {
  listener_ = &listener;
  spawn(loop_, run());
}

void TrackerLink::stop() {
  stopped_ = true;
  if (socket_) socket_->close();
}

std::string TrackerLink::tracker_host() const {
  return socket_->peer_address();
}
std::string TrackerLink::own_host() const {
  return socket_->local_address();
}

bool may_carry_credentials(const TrackerLink& link) {
  return http::is_loopback(link.tracker_host());
}

Milliseconds TrackerLink::round_trip() const {
  return socket_ ? socket_->round_trip() : Milliseconds::zero();
}

void TrackerLink::send(const control::AgentMessage& message) {
  if (const auto* join = std::get_if<control::Join>(&message)) left_.remove(join->digest);
  if (const auto* progress = std::get_if<control::Progress>(&message)) left_.remove(progress->digest);
  if (const auto* leave = std::get_if<control::Leave>(&message)) left_.add(leave->digest, clock_.now());
  if (health_.state() != LinkHealth::down) socket_->send(control::encode(message));
}

Task<void> TrackerLink::run() {
  Milliseconds pause = options_.shortest_pause;
  while (!stopped_) {
    const Result<void> shook_hands = co_await shake_hands();
    if (shook_hands) {
      const Time welcomed = clock_.now();
      co_await receive_all();
      if (clock_.now() - welcomed >= options_.longest_pause) pause = options_.shortest_pause;
    } else {
      fail_dial(shook_hands.error());
    }
    co_await clock_.sleep(jittered(pause, random_));
    pause = std::min(pause * 2, options_.longest_pause);
  }
}

Task<Result<void>> TrackerLink::shake_hands() {
  auto dialling = options_.dial(clock_, options_.url, control::path, control::subprotocol);
  auto connected = co_await std::move(dialling);
  if (!connected) co_return tl::unexpected(connected.error());
  socket_ = std::move(*connected);
  socket_->send(control::encode(hello_()));
  const Result<Bytes> frame = co_await receive_welcome();
  if (!frame && frame.error().kind == ErrorKind::refused)
    co_return fail(ErrorKind::refused, "the tracker refuses this node: " + frame.error().what);
  if (!frame) co_return tl::unexpected(frame.error());
  Result<control::TrackerMessage> message = control::decode_tracker_message(*frame);
  if (!message) co_return tl::unexpected(message.error());
  const auto* welcome = std::get_if<control::Welcome>(&*message);
  if (!welcome || welcome->protocol_version != control::version) {
    co_return fail(ErrorKind::refused, "the tracker speaks another protocol version");
  }
  welcome_ = *welcome;
  health_.connected(socket_->heard(), clock_.now());
  log::info("link", "tracker connected", {{"tracker", options_.url}, {"epoch", welcome->epoch}});
  for (const Digest& digest : left_.list(clock_.now())) socket_->send(control::encode(control::Leave{digest}));
  listener_->on_up(*this);
  co_return Result<void>{};
}

// A tracker that accepts but never welcomes: the socket is closed after the limit, and `receive` then ends.
Task<Result<Bytes>> TrackerLink::receive_welcome() {
  Clock::Timer timer = std::make_shared<asio::steady_timer>(loop_);
  clock_.set(timer, options_.welcome_limit);
  timer->async_wait([this, waiting = std::weak_ptr(timer)](const IoError&) {
    if (!waiting.expired() && socket_) socket_->close();
  });
  Result<Bytes> frame = co_await socket_->receive();
  timer->cancel();
  timer.reset();  // before the handler runs
  co_return frame;
}

// Until the connection ends, or the watch has given it up.
Task<void> TrackerLink::receive_all() {
  while (socket_) {
    const Result<Bytes> frame = co_await socket_->receive();
    if (!frame) {
      go_down(frame.error().what);
      co_return;
    }
    if (socket_ && health_.hear(socket_->heard(), clock_.now())) tell_heard_again(options_.url);
    Result<control::TrackerMessage> message = control::decode_tracker_message(*frame);
    if (message) {
      if (!questions_.take(*message)) listener_->on_message(*this, std::move(*message));
    } else if (message.error().kind == ErrorKind::corrupt) {
      go_down(message.error().what);
      co_return;
    }
  }
}

// The tracker was connected. Nothing when that was told before.
void TrackerLink::go_down(const std::string& cause) {
  if (health_.state() == LinkHealth::down) return;
  log::warning("link", "tracker lost",
               {{"tracker", options_.url}, {"cause", cause}, {"next", "look at the tracker; it is dialled again"}});
  health_.lost(cause, clock_.now());
  socket_.reset();
  questions_.end_all({ErrorKind::unavailable, "the tracker " + options_.url + " was lost: " + cause});
}

// A tracker that restarts is back before it is worth a warning.
void TrackerLink::fail_dial(const Error& error) {
  health_.dial_failed(error.what);
  socket_.reset();
  const bool is_refused = error.kind == ErrorKind::refused;
  const char* next = is_refused ? "correct [trackers] urls, or what the cause names"
                                : "check [trackers] urls, that the tracker runs, and that this node reaches its port";
  if (clock_.now() - health_.since() < told_after) {
    log::debug("link", "tracker not reached", {{"tracker", options_.url}, {"cause", error.what}});
  } else {
    log::warning("link", "tracker not reached",
                 {{"tracker", options_.url}, {"cause", error.what}, {"next", next}});
  }
}

// ---- silence

void TrackerLink::watch(Time until) {
  if (socket_ && health_.watch(socket_->heard(), until)) spawn(loop_, pass_steps());
}

Task<void> TrackerLink::pass_steps() {
  bool is_watched = health_.is_watched(questions_.any(), clock_.now());
  while (is_watched) {
    co_await clock_.sleep(Health::step_length);
    is_watched = health_.is_watched(questions_.any(), clock_.now());
    const Time now = clock_.now();
    const bool is_receiving = options_.traffic && options_.traffic->flows(now);
    if (is_watched) apply(health_.step(socket_->heard(), now, is_receiving));
  }
}

void TrackerLink::apply(Health::Next next) {
  if (next == Health::Next::ping) socket_->ping();
  if (next == Health::Next::trust) tell_heard_again(options_.url);
  if (next == Health::Next::suspect) {
    log::warning("link", "tracker silent",
                 {{"tracker", options_.url},
                  {"cause", health_.cause()},
                  {"next", "is the tracker's process or host frozen, or does the network drop packets?"}});
    questions_.end_all(not_up(options_.url, health_.state()));
  }
  if (next == Health::Next::give_up) go_down("it was silent for too long");
}

// ---- questions

Task<Result<JoinAnswer>> TrackerLink::join(control::Join question, JoinLimits limits) {
  if (!up()) co_return tl::unexpected(not_up(options_.url, health_.state()));
  send(question);
  watch(clock_.now());
  auto answer = co_await questions_.await_join(question.digest, question.source.upstream, limits);
  co_return answer;
}

Task<Result<control::Resolved>> TrackerLink::resolve(control::Resolve question, Milliseconds limit) {
  if (!up()) co_return tl::unexpected(not_up(options_.url, health_.state()));
  question.request = questions_.next_request();
  send(question);
  watch(clock_.now());
  auto answer = co_await questions_.await_resolved(question.request, limit);
  co_return answer;
}

Task<Result<control::Checked>> TrackerLink::check(control::Check question, Milliseconds limit) {
  if (!up()) co_return tl::unexpected(not_up(options_.url, health_.state()));
  question.request = questions_.next_request();
  send(question);
  watch(clock_.now());
  auto answer = co_await questions_.await_checked(question.request, limit);
  co_return answer;
}

}  // namespace shoal::agent::link
