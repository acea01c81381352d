// Driver files that a site adds: /etc/nvbox/driver-files.d/*.conf of the host, in the order of the
// names. One line each,
//     library|binary|file CAPABILITY[,CAPABILITY...] NAME-OR-PATH
// where CAPABILITY is a word of NVIDIA_DRIVER_CAPABILITIES or "all", and the last field is
//     library  "libx.so", of whatever version, in the driver's directories; or an absolute path
//     binary   a program on the search path; or an absolute path
//     file     an absolute path
// below the driver root. '#' begins a comment. A file that does not exist is left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "driver/context.h"
#include "driver/inventory.h"

namespace nvbox::driver {

enum class ExtensionKind { library, binary, file };

struct Extension {
  ExtensionKind kind;
  Capabilities serves;
  std::string name;

  bool operator==(const Extension&) const = default;
};

struct Extensions {
  std::vector<Extension> rows{};
  std::vector<std::string> problems{};

  bool operator==(const Extensions&) const = default;
};

// `source` names the file in problems.
Extensions parse_extensions(std::string_view text, std::string_view source);

std::vector<Extension> read_extensions(const Context& context);

}  // namespace nvbox::driver
