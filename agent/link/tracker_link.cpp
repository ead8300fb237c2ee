#include "agent/link/tracker_link.hpp"

#include "shared/log/log.hpp"

namespace shoal::agent::link {
namespace {

// A quarter to all of the pause, so that agents that lost the same tracker do not come back together.
Milliseconds jittered(Milliseconds pause, std::minstd_rand& random) {
  return pause / 4 + Milliseconds(random() % static_cast<unsigned>(pause.count() * 3 / 4 + 1));
}

}  // namespace

TrackerLink::TrackerLink(Loop& loop, Clock& clock, LinkOptions options, std::function<control::Hello()> hello)
    : loop_(loop), clock_(clock), options_(std::move(options)), hello_(std::move(hello)) {}

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

void TrackerLink::send(const control::AgentMessage& message) {
  if (const auto* join = std::get_if<control::Join>(&message)) left_.erase(join->digest);
  if (const auto* progress = std::get_if<control::Progress>(&message)) left_.erase(progress->digest);
  if (const auto* leave = std::get_if<control::Leave>(&message)) note_left(leave->digest);
  if (up()) socket_->send(control::encode(message));
}

void TrackerLink::note_left(const Digest& digest) {
  forget_old_leaves();
  left_.insert_or_assign(digest, clock_.now());
}

void TrackerLink::forget_old_leaves() {
  const Time now = clock_.now();
  std::erase_if(left_, [now](const auto& entry) { return now - entry.second > control::timing::repeat_leaves; });
}

// The connection before may have taken them with it, and a tracker keeps who comes back soon in all its swarms.
void TrackerLink::repeat_leaves() {
  forget_old_leaves();
  for (const auto& [digest, since] : left_) socket_->send(control::encode(control::Leave{digest}));
}

Task<void> TrackerLink::run() {
  Milliseconds pause = options_.shortest_pause;
  while (!stopped_) {
    const Result<void> greeted = co_await shake_hands();
    if (greeted) {
      const Time welcomed = clock_.now();
      co_await receive_all();
      if (clock_.now() - welcomed >= options_.longest_pause) pause = options_.shortest_pause;
    } else {
      went_down(greeted.error().what);
    }
    co_await clock_.sleep(jittered(pause, random_));
    pause = std::min(pause * 2, options_.longest_pause);
  }
}

Task<Result<void>> TrackerLink::shake_hands() {
  auto dialling = options_.dial(options_.url, control::path, control::subprotocol);
  auto connected = co_await std::move(dialling);
  if (!connected) co_return tl::unexpected(connected.error());
  socket_ = std::move(*connected);
  socket_->send(control::encode(hello_()));
  // A tracker that accepts but never welcomes: the socket is closed for it, and receive() then ends.
  const auto timer = std::make_shared<asio::steady_timer>(loop_, options_.welcome_limit);
  timer->async_wait([this](const IoError& cancelled) {
    if (!cancelled && socket_ && !up_) socket_->close();
  });
  const Result<Bytes> frame = co_await socket_->receive();
  timer->cancel();
  if (!frame) co_return tl::unexpected(frame.error());
  Result<control::TrackerMessage> message = control::decode_tracker_message(*frame);
  if (!message) co_return tl::unexpected(message.error());
  const auto* welcome = std::get_if<control::Welcome>(&*message);
  if (!welcome || welcome->protocol_version != control::version) {
    co_return fail(ErrorKind::refused, "the tracker speaks another protocol version");
  }
  welcome_ = *welcome;
  up_ = true;
  log::info("link", "tracker connected", {{"tracker", options_.url}, {"epoch", welcome->epoch}});
  repeat_leaves();
  listener_->on_up(*this);
  co_return Result<void>{};
}

Task<void> TrackerLink::receive_all() {
  for (;;) {
    const Result<Bytes> frame = co_await socket_->receive();
    if (!frame) {
      went_down(frame.error().what);
      co_return;
    }
    Result<control::TrackerMessage> message = control::decode_tracker_message(*frame);
    if (message) {
      take(std::move(*message));
    } else if (message.error().kind == ErrorKind::corrupt) {
      went_down(message.error().what);
      co_return;
    }
  }
}

void TrackerLink::take(control::TrackerMessage message) {
  const auto answer_joins = [this](const Digest& digest, const JoinAnswer& answer) {
    const auto [begin, end] = joining_.equal_range(digest);
    const bool asked = begin != end;
    for (auto it = begin; it != end; ++it) {
      it->second->answer = answer;
      it->second->signal.notify();
    }
    joining_.erase(begin, end);
    return asked;
  };
  if (const auto* joined = std::get_if<control::Joined>(&message)) {
    if (answer_joins(joined->digest, *joined)) return;
  } else if (const auto* refused = std::get_if<control::Refused>(&message)) {
    if (answer_joins(refused->digest, *refused)) return;
  } else if (const auto* waiting = std::get_if<control::Waiting>(&message)) {
    const auto [begin, end] = joining_.equal_range(waiting->digest);
    for (auto it = begin; it != end; ++it) {
      it->second->is_waiting = true;
      it->second->signal.notify();
    }
  } else if (const auto* resolved = std::get_if<control::Resolved>(&message)) {
    const auto waiter = resolving_.find(resolved->request);
    if (waiter == resolving_.end()) return;  // its limit passed
    waiter->second->answer = *resolved;
    waiter->second->signal.notify();
    resolving_.erase(waiter);
    return;
  }
  listener_->on_message(*this, std::move(message));
}

void TrackerLink::went_down(const std::string& why) {
  if (socket_) log::warning("link", "tracker lost", {{"tracker", options_.url}, {"why", why}});
  if (!socket_) log::debug("link", "tracker not reached", {{"tracker", options_.url}, {"why", why}});
  up_ = false;
  socket_.reset();
  for (const auto& [digest, waiter] : std::exchange(joining_, {})) waiter->signal.notify();
  for (const auto& [request, waiter] : std::exchange(resolving_, {})) waiter->signal.notify();
}

template <class Answer>
Task<Result<Answer>> TrackerLink::await_answer(std::shared_ptr<Waiter<Answer>> waiter, Milliseconds limit) {
  co_await waiter->signal.wait_for(limit);
  if (!waiter->answer) co_return fail(ErrorKind::unavailable, "the tracker " + options_.url + " did not answer");
  co_return std::move(*waiter->answer);
}

Task<Result<JoinAnswer>> TrackerLink::join(control::Join question, Milliseconds limit, Milliseconds longest) {
  if (!up()) co_return fail(ErrorKind::unavailable, "the tracker " + options_.url + " is not connected");
  auto waiter = std::make_shared<Waiter<JoinAnswer>>(loop_);
  joining_.emplace(question.digest, waiter);
  const Digest digest = question.digest;
  send(std::move(question));
  const Time give_up = clock_.now() + longest;
  Result<JoinAnswer> answer = co_await await_answer(waiter, limit);
  while (!answer && std::exchange(waiter->is_waiting, false) && up() && clock_.now() < give_up) {
    answer = co_await await_answer(waiter, limit);
  }
  const auto [begin, end] = joining_.equal_range(digest);
  for (auto it = begin; it != end; ++it) {
    if (it->second != waiter) continue;
    joining_.erase(it);
    break;
  }
  co_return answer;
}

Task<Result<control::Resolved>> TrackerLink::resolve(control::Resolve question, Milliseconds limit) {
  if (!up()) co_return fail(ErrorKind::unavailable, "the tracker " + options_.url + " is not connected");
  question.request = next_request_++;
  const std::uint32_t request = question.request;
  auto waiter = std::make_shared<Waiter<control::Resolved>>(loop_);
  resolving_[request] = waiter;
  send(std::move(question));
  Result<control::Resolved> answer = co_await await_answer(waiter, limit);
  resolving_.erase(request);
  co_return answer;
}

}  // namespace shoal::agent::link
