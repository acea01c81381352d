// What an installation consists of.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/root.h"
#include "nvbox/install_plan.h"

namespace nvbox::applets::installation {

enum class CdiHook { no, yes };

// The bytes of this program.
Result<std::string> own_binary();

// The directory that it lies in; nullopt where there is no /proc to tell.
std::optional<std::string> own_directory();

// The binary, and a link for every program of the chosen groups, beside it.
std::vector<Item> programs(std::string_view bindir, std::string binary, CdiHook cdi_hook);

// The same links once more in another directory, to the binary by its whole path. NVIDIA's
// callers expect its programs in /usr/bin: NVIDIA's device plugin writes that path into CDI
// specifications, and k3s and Kata look there.
std::vector<Item> more_links(std::string_view directory, const std::vector<Item>& programs,
                             Claim claim);

// systemd's units and udev's rule that keep the CDI specification of the host up to date.
std::vector<Item> units(std::string_view bindir);

// The manual pages of the programs among the items, in ../share/man of their directory.
Result<std::vector<Item>> manuals(std::string_view bindir, const std::vector<Item>& programs);

// The C library that `file` is, under its SONAME in ../lib of the programs' directory. An error
// where it is another file, or for another machine.
Result<Item> library(std::string_view bindir, const std::string& file);

// NVIDIA's config.toml, which says what can be set; it is made where there is none.
Item default_configuration(const host::Root& root);

}  // namespace nvbox::applets::installation
