// The programs in the binary.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "applet.h"

namespace nvbox::applets {

// Sorted by name.
std::span<const Applet> all_applets();

// The applet of this exact name, or null.
const Applet* find_applet(std::string_view name);

std::string_view name_of(Group group);

// The applet name that a program path stands for: its last component without what installers put
// around names: one trailing ".real" (toolkit container), a version "-1.14.5", ".NAME-wrapped"
// (Nix). "/usr/bin/nvidia-container-runtime.real" -> "nvidia-container-runtime".
std::string applet_name(std::string_view program);

// The applet that a process is. `called` is argv[0], which its caller chooses freely (the "args" of
// a hook entry, `exec -a`); where it names no applet, the file that was executed does. With
// "nvbox NAME" it is the first argument, which is then taken away.
const Applet& choose_applet(std::string_view called, std::string_view executed,
                            std::vector<std::string_view>& arguments);

}  // namespace nvbox::applets
