// IMEX channels by their numbers: NVIDIA_IMEX_CHANNELS=0,channel3 or all, and --imex-channel=0,3.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/inventory.h"
#include "plan/request.h"

namespace nvbox::plan {

// --imex-channel=0,3: numbers, each once; empty items are none.
Result<std::vector<unsigned>> parse_imex_channels(std::string_view list);

// Those that a request names by number.
std::vector<unsigned> imex_channel_numbers(const Request& request);

// The positions in the inventory of the channels that the name means: "3", "channel3" or "all". An
// error when it is no such name, or the host has no node of that channel.
Result<std::vector<size_t>> find_imex_channels(const driver::Inventory& inventory,
                                               std::string_view name);

// Those of the channels that the host has no node of.
std::vector<unsigned> missing_channels(const driver::Inventory& inventory,
                                       const std::vector<unsigned>& channels);

}  // namespace nvbox::plan
