// nvidia-ctk info: everything that this host offers to containers.
#pragma once

#include <string>
#include <string_view>

#include "command_tree.h"
#include "driver/inventory.h"

namespace nvbox::applets::ctk_info {

Result<int> run_info(const Invocation& invocation);

// A line for each thing; libraries and other files are counted only.
std::string info_text(const driver::Inventory& inventory);

// One line with all of it.
Result<std::string> info_json(const driver::Inventory& inventory);

// The word for one of them, "gds".
std::string_view name_of(driver::Features feature);

}  // namespace nvbox::applets::ctk_info
