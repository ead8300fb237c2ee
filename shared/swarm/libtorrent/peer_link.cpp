#include "shared/swarm/libtorrent/peer_link.hpp"

#include <libtorrent/bdecode.hpp>
#include <libtorrent/entry.hpp>
#include <libtorrent/error_code.hpp>
#include <libtorrent/operations.hpp>
#include <libtorrent/peer_connection.hpp>
#include <libtorrent/peer_info.hpp>

namespace shoal::swarm {
namespace {

constexpr std::byte extended_message{20};  // BEP 10
constexpr Milliseconds handshake_limit{15'000};  // one round trip; it only bounds connections that are not ours

// Of a connection that never was: the network's answer, or none in time. Others are our own end of it.
bool says_unreachable(lt::error_code const& error) {
  if (error == lt::error_code(lt::errors::timed_out)) return true;
  return error.category() == boost::system::system_category() && error != boost::asio::error::operation_aborted;
}

}  // namespace

PeerLink::PeerLink(const Clock& clock, lt::peer_connection_handle connection, std::weak_ptr<Member> member,
                   bool leads_to_seeder, Report report)
    : clock_(clock),
      connection_(std::move(connection)),
      member_(std::move(member)),
      leads_to_seeder_(leads_to_seeder),
      report_(std::move(report)),
      is_connected_(!connection_.is_outgoing()),
      since_(clock.now()) {
  if (is_connected_) report_(PeerReached{false});
}

PeerLink::~PeerLink() {
  down();
}

void PeerLink::add_handshake(lt::entry& handshake) {
  handshake["m"][extension_name] = std::int64_t{extension_id};
  // Our port: libtorrent takes two peers at one address that name the same port for one, and closes the second. Behind
  // an address translation two nodes look like that. Nobody needs it: the tracker names whom to dial.
  handshake.dict().erase("p");
}

bool PeerLink::on_extension_handshake(lt::bdecode_node const& handshake) {
  const lt::bdecode_node names = handshake.dict_find_dict("m");
  const std::int64_t theirs = names ? names.dict_find_int_value(extension_name, 0) : 0;
  if (theirs < 1 || theirs > 255) return true;  // not one of ours: `tick` closes it
  their_extension_id_ = static_cast<std::uint8_t>(theirs);
  const std::shared_ptr<Member> member = member_.lock();
  if (member && !id_) id_ = member->link_up(*this);
  return true;
}

bool PeerLink::on_extended(int length, int message, lt::span<char const> body) {
  if (message != extension_id || length < 1) return false;
  const std::shared_ptr<Member> member = member_.lock();
  if (!member || !id_) return false;
  const ByteView bytes = std::as_bytes(std::span(body.data(), static_cast<std::size_t>(body.size())));
  return member->receive(*id_, bytes, static_cast<std::size_t>(length), clock_.now());
}

// A connection that does not speak our extension takes the place of a peer.
void PeerLink::tick() {
  if (id_ || clock_.now() < since_ + handshake_limit) return;
  close();
}

void PeerLink::on_connected() {
  is_connected_ = true;
  report_(PeerReached{leads_to_seeder_});
}

void PeerLink::on_disconnect(lt::error_code const& error) {
  if (!is_connected_ && says_unreachable(error)) {
    const auto remote = connection_.remote();
    report_(PeerNotReached{{remote.address().to_string(), remote.port(), leads_to_seeder_}, error.message()});
  }
  down();
}

void PeerLink::down() {
  const std::shared_ptr<Member> member = member_.lock();
  if (member && id_) member->link_down(*id_, clock_.now());
  id_.reset();
}

void PeerLink::send(MutableBytes frame) {
  const auto length = static_cast<std::uint32_t>(frame.size() - 4);
  for (std::size_t i = 0; i < 4; ++i) frame[i] = static_cast<std::byte>(length >> (24 - 8 * i) & 0xff);
  frame[4] = extended_message;
  frame[5] = static_cast<std::byte>(their_extension_id_);
  connection_.send_buffer(reinterpret_cast<const char*>(frame.data()), static_cast<int>(frame.size()));
}

std::size_t PeerLink::unsent_bytes() const {
  lt::peer_info info;
  connection_.get_peer_info(info);
  return static_cast<std::size_t>(info.used_send_buffer);
}

void PeerLink::set_no_delay(bool on) {
  if (no_delay_ == on) return;
  no_delay_ = on;
  lt::error_code ignored;  // a connection that is gone is reported elsewhere
  connection_.native_handle()->get_socket().set_option(lt::tcp::no_delay(on), ignored);
}

std::string PeerLink::host() const {
  return connection_.remote().address().to_string();
}

void PeerLink::close() {
  connection_.disconnect(lt::errors::timed_out_inactivity, lt::operation_t::unknown);
}

std::shared_ptr<lt::peer_plugin> TorrentLinks::new_connection(lt::peer_connection_handle const& connection) {
  if (connection.type() != lt::connection_type::bittorrent) return {};
  const bool leads_to_seeder = connection.is_outgoing() && seeders_->contains(connection.remote());
  return std::make_shared<PeerLink>(clock_, connection, member_, leads_to_seeder, report_);
}

}  // namespace shoal::swarm
