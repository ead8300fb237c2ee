// HelperScript: a docker-credential-* program of this test, a shell script that counts its runs.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/doubles/temporary_directory.hpp"

namespace shoal::test {

class HelperScript {
 public:
  explicit HelperScript(const std::string& text) { write(text); }

  // The server's address is in $server.
  void write(const std::string& text) {
    std::ofstream(path()) << "#!/bin/sh\nserver=$(cat)\necho \"$1 $server\" >> " << directory_.path() << "/runs\n" << text << "\n";
    std::filesystem::permissions(path(), std::filesystem::perms::owner_all);
  }
  std::string path() const { return directory_.path() + "/docker-credential-test"; }
  const std::string& directory() const { return directory_.path(); }

  std::string runs() const { return content("runs"); }  // one line each: "get reg.test"
  std::size_t count() const {
    const std::string text = runs();
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  std::string content(const std::string& name) const {
    std::ifstream file(directory_.path() + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  TemporaryDirectory directory_;
};

inline constexpr const char* gives_me = R"(echo '{"ServerURL":"x","Username":"me","Secret":"secret"}')";

}  // namespace shoal::test
