// What `nvidia-container-cli list` prints: the devices and driver files that a container would get,
// as paths in it.
#pragma once

#include <string>
#include <vector>

#include "driver/inventory.h"
#include "plan/select.h"

namespace nvbox::plan {

// The parts that are asked for.
struct ListParts {
  bool devices = false;
  bool binaries = false;
  bool libraries = false;
  bool libraries_32 = false;
  bool ipcs = false;
  bool firmwares = false;
  // Nodes and files of all MIG instances, for those who make and watch them.
  bool mig_config = false;
  bool mig_monitor = false;
  // Left out although their part is asked for.
  bool no_persistenced = false;
  bool no_fabricmanager = false;

  bool operator==(const ListParts&) const = default;
};

struct Listing {
  std::vector<std::string> devices{};
  std::vector<std::string> imex_channels{};
  std::vector<std::string> mig{};
  std::vector<std::string> binaries{};
  std::vector<std::string> libraries{};
  std::vector<std::string> libraries_32{};
  std::vector<std::string> ipcs{};
  std::vector<std::string> firmwares{};

  bool operator==(const Listing&) const = default;
};

// In each part the order of NVIDIA's tables, which scripts of its callers have seen for years.
// Only what those tables know is listed, and no library that the loader does not search for.
// `channels` are listed whether or not their nodes exist.
Listing list_files(const driver::Inventory& inventory, const Selection& selection,
                   const std::vector<unsigned>& channels, const ListParts& parts);

// One path on each line, the parts in the order of the struct.
std::string lines_of(const Listing& listing);

}  // namespace nvbox::plan
