#include "shared/origin/credential.hpp"

namespace shoal::origin {

Secret basic_header(const Credential& credential) {
  const Secret both = Secret::of({credential.username, ":", credential.password.reveal()});
  const Secret encoded(base64_text(bytes_of(both.reveal())));
  return Secret::of({"Basic ", encoded.reveal()});
}

}  // namespace shoal::origin
