// Certificates: a certificate authority of the test's own and server certificates by it, made by the openssl command.
#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "tests/doubles/temporary_directory.hpp"

namespace shoal::test {

struct ServerCertificate {
  std::string certificate;  // paths of PEM files
  std::string key;
};

class Certificates {
 public:
  Certificates() {
    run("openssl req -x509 " + new_key("ca") + " -subj '/CN=shoal test CA' -days 2" +
        " -addext basicConstraints=critical,CA:TRUE");
  }
  std::string ca_file() const { return directory_.path() + "/ca.pem"; }

  // `names` as in the openssl command: "IP:127.0.0.1,DNS:localhost".
  ServerCertificate issue(const std::string& file, const std::string& names) {
    run("openssl req -x509 " + new_key(file) + " -subj /CN=server -days 2 -CA " + ca_file() + " -CAkey " +
        directory_.path() + "/ca.key -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=" + names);
    return {directory_.path() + "/" + file + ".pem", directory_.path() + "/" + file + ".key"};
  }

 private:
  std::string new_key(const std::string& file) const {
    const std::string path = directory_.path() + "/" + file;
    return "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout " + path + ".key -out " + path + ".pem";
  }
  static void run(const std::string& command) {
    if (std::system((command + " 2>/dev/null").c_str()) != 0) throw std::runtime_error("failed: " + command);
  }
  TemporaryDirectory directory_;
};

}  // namespace shoal::test
