#include <dlfcn.h>

#include <catch2/catch.hpp>
#include <string>

#include "shared/swarm/libtorrent/steady_system_clock.hpp"

TEST_CASE("libtorrent's clock is ours, not libstdc++'s") {
  shoal::swarm::start_steady_system_clock();
  void* now = ::dlsym(RTLD_DEFAULT, "_ZNSt6chrono3_V212system_clock3nowEv");  // what a shared library is bound to
  Dl_info found{};
  REQUIRE(now != nullptr);
  REQUIRE(::dladdr(now, &found) != 0);
  CHECK(std::string(found.dli_fname).find("libstdc++") == std::string::npos);
}
