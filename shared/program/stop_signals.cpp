#include "shared/program/stop_signals.hpp"

#include <boost/asio/signal_set.hpp>
#include <csignal>

namespace shoal::program {

struct StopSignals::Impl {
  explicit Impl(Loop& loop) : signals(loop, SIGTERM, SIGINT) {}
  boost::asio::signal_set signals;
};

StopSignals::StopSignals(Loop& loop, std::function<void()> on_first) : impl_(std::make_unique<Impl>(loop)) {
  impl_->signals.async_wait([on_first = std::move(on_first)](const boost::system::error_code& error, int) {
    if (!error) on_first();
  });
}

StopSignals::~StopSignals() {
  impl_.reset();  // which lets a signal kill the process again
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) std::signal(signal, SIG_IGN);
}

}  // namespace shoal::program
