#include "tracker/agent_session.hpp"

#include "shared/core/secret.hpp"
#include "shared/log/log.hpp"

namespace shoal::tracker {

void AgentSession::close(const std::string& cause) {
  log::info("tracker", "agent connection closed", {{"address", socket_->peer_address()}, {"cause", cause}});
  socket_->close(cause);
}

Task<void> AgentSession::run(std::shared_ptr<AgentSession> self) {
  spawn(self->loop_, close_without_hello(self, self->clock_));
  for (;;) {
    auto frame = co_await self->socket_->receive();
    const bool goes_on = self->receive(frame);
    if (frame) wipe(*frame);  // it may hold a caller's credential
    if (!goes_on) break;
  }
  self->socket_->close();
  if (self->node_ != 0) self->coordinator_.gone(self->node_, *self);
  // The agent reads why, and answers; within 5 s, or the WebSocket ends by itself.
  for (bool is_open = true; is_open;) {
    const auto last = co_await self->socket_->receive();
    is_open = last.has_value();
  }
}

bool AgentSession::receive(const Result<Bytes>& frame) {
  if (!frame) return false;
  const auto message = control::decode_agent_message(*frame);
  if (!message && message.error().kind == ErrorKind::refused) return true;  // a type of a later version
  if (!message) {
    close(message.error().what);
    return false;
  }
  if (node_ == 0) return take_hello(*message);
  coordinator_.handle(node_, *message);
  return true;
}

bool AgentSession::take_hello(const control::AgentMessage& message) {
  const auto* hello = std::get_if<control::Hello>(&message);
  if (hello == nullptr) {
    close("the first message is not a hello");
    return false;
  }
  const auto node = coordinator_.arrive(*hello, socket_->peer_address(), *this);
  if (!node) {
    const std::string& cause = node.error().what;
    log::warning("tracker", "agent refused",
                 {{"node", hello->node},
                  {"address", socket_->peer_address()},
                  {"cause", cause},
                  {"next", "correct that node's configuration as the cause says"}});
    socket_->close(cause);
    return false;
  }
  node_ = *node;
  return true;
}

Task<void> AgentSession::close_without_hello(std::weak_ptr<AgentSession> session, Clock& clock) {
  co_await clock.sleep(hello_limit);
  const auto self = session.lock();
  if (self && self->node_ == 0) self->close("no hello came");
}

}  // namespace shoal::tracker
