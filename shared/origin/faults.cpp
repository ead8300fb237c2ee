#include "shared/origin/faults.hpp"

namespace shoal::origin {

std::string next_step(Fault fault, const std::string& upstream) {
  const std::string table = "[upstreams.\"" + upstream + "\"]";
  switch (fault) {
    case Fault::no_name:
      return "is the host in `url` of " + table + " right, and does this machine's name server know it?";
    case Fault::no_connection:
      return "is the host up, and does a packet filter drop the connection? is `url` of " + table + " right?";
    case Fault::port_closed:
      return "nothing listens there; is the port in `url` of " + table + " right?";
    case Fault::no_route:
      return "this machine has no route to it; is `url` of " + table + " right?";
    case Fault::not_tls:
      return "this port does not speak TLS; is `url` of " + table + " http://?";
    case Fault::tls_expected:
      return "this port speaks TLS; is `url` of " + table + " https://?";
    case Fault::other_tls:
      return "the server has no version, cipher or name in common with this program; is `url` of " + table + " right?";
    case Fault::issuer_unknown:
      return "name the certificate of its issuer in `ca` of " + table;
    case Fault::other_host:
      return "the certificate is for another host; is the one in `url` of " + table + " right?";
    case Fault::out_of_date:
      return "renew the registry's certificate, or set this machine's clock";
    case Fault::certificate_refused:
      return "the registry asks for a certificate that it knows; name it in `client_certificate` and `client_key` of " + table;
    case Fault::proxy_unreachable:
      return "is the proxy up? is `proxy` of " + table + ", or HTTPS_PROXY, HTTP_PROXY or NO_PROXY, right?";
    case Fault::proxy_refused:
      return "does the proxy let this machine reach the host? are `proxy_username_file` and `proxy_password_file` of " + table +
             ", or the user and password in the environment's URL, right?";
    case Fault::file_unreadable:
      return "mend the file, or its name in " + table;
    case Fault::none:
    case Fault::closed:
    case Fault::of_tracker:
      return "";
  }
  return "";
}

Error with_next_step(Error error, const std::string& upstream) {
  const std::string step = next_step(error.fault, upstream);
  if (!step.empty()) error.what += "; " + step;
  return error;
}

const char* text(Fault fault) {
  switch (fault) {
    case Fault::none:
      return "none";
    case Fault::no_name:
      return "no such name";
    case Fault::no_connection:
      return "no connection";
    case Fault::port_closed:
      return "port closed";
    case Fault::no_route:
      return "no route";
    case Fault::closed:
      return "closed";
    case Fault::not_tls:
      return "not TLS";
    case Fault::other_tls:
      return "other TLS";
    case Fault::tls_expected:
      return "TLS expected";
    case Fault::issuer_unknown:
      return "issuer unknown";
    case Fault::other_host:
      return "other host";
    case Fault::out_of_date:
      return "out of date";
    case Fault::certificate_refused:
      return "certificate refused";
    case Fault::proxy_unreachable:
      return "proxy unreachable";
    case Fault::proxy_refused:
      return "proxy refuses";
    case Fault::file_unreadable:
      return "file unreadable";
    case Fault::of_tracker:
      return "at the tracker";
  }
  return "unknown";
}

}  // namespace shoal::origin
