// Installations on a disk. Every file is complete before it takes its name, and the manifest knows
// of it before that: whenever this is killed, what is there works, and a second run goes on.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/root.h"
#include "nvbox/install_plan.h"
#include "sys/fd.h"

namespace nvbox::applets::installation {

// Where an installation is, and where its manifest.
struct Target {
  const host::Root& root;
  std::string bindir;

  std::string manifest_path() const;
};

// Keeps other installations of the directory away until it is closed.
Result<sys::Fd> lock(const Target& target);

// The empty manifest when there is none.
Result<Manifest> read_manifest(const Target& target);

// Paths that the items and the manifest name, without directories.
std::set<std::string> paths_of(std::span<const Item> items, const Manifest& installed);

// What is done or would be: a line for each thing that changes, with its newline.
std::string describe(const InstallPlan& plan);
std::string describe(std::span<const Removal> removals);

// Does what the plan says.
Result<> carry_out(const Target& target, const InstallPlan& plan, const Manifest& installed);

Result<> carry_out(const host::Root& root, std::span<const Removal> removals);

// Removes what the manifest has, the manifest, and the directories that are empty then.
Result<> carry_out(const Target& target, std::span<const Removal> removals,
                   const Manifest& installed);

// Removes temporary files of a run that was killed, and the manifest's directory when it is empty.
Result<> remove_leftovers(const Target& target, const std::set<std::string>& paths);

}  // namespace nvbox::applets::installation
