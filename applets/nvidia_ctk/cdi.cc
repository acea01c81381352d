#include "nvidia_ctk/cdi.h"

namespace nvbox::applets {
namespace {

constexpr CommandRow transform_commands[] = {
    {.names = "root",
     .summary = "Apply a root transform to a CDI specification",
     .run = ctk_cdi::run_transform_root},
};

std::span<const CommandRow> commands_of_transform() {
  return transform_commands;
}

constexpr CommandRow commands[] = {
    {.names = "generate",
     .summary = "Generate CDI specifications for use with CDI-enabled runtimes",
     .run = ctk_cdi::run_generate},
    {.names = "refresh",
     .summary = "Generate the specification of this host again if it is out of date",
     .run = ctk_cdi::run_refresh},
    {.names = "transform",
     .summary = "Apply a transform to a CDI specification",
     .commands = commands_of_transform},
    {.names = "list", .summary = "List the available CDI devices", .run = ctk_cdi::run_list},
    {.names = "validate",
     .summary = "Check that CDI specifications are correct and describe this host",
     .run = ctk_cdi::run_validate},
};

}  // namespace

std::span<const CommandRow> ctk_cdi_commands() {
  return commands;
}

}  // namespace nvbox::applets
