// What an installation has to know of the host; nothing is changed, and nothing is executed.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/environment.h"
#include "host/root.h"
#include "nvbox/install_plan.h"

namespace nvbox::applets::installation {

// What is in a regular file; nullopt when there is none. Unlike Root::read it needs no /proc, which
// chroots of installers do not have.
Result<std::optional<std::string>> content_at(const host::Root& root, const std::string& path);

// Success when files can be made in the directory, or it can be made itself; the error says why
// not.
Result<> check_writable(const host::Root& root, const std::string& directory);

// Where programs go when nobody says: /usr/local/bin, or /opt/bin where that is read-only.
struct Place {
  std::string bindir;
  std::optional<std::string> note{};  // why it is not the first choice
};
Result<Place> default_place(const host::Root& root);

// Whether two paths are of one directory: /bin is /usr/bin where they are merged.
bool is_same_directory(const host::Root& root, std::string_view one, std::string_view other);

// Directories above the paths that do not exist, parents first.
Result<std::vector<std::string>> missing_directories(const host::Root& root,
                                                     const std::set<std::string>& paths);

// Looks at every path, and at the packages that own what is there.
Result<std::map<std::string, Present>> look_at(const host::Root& root,
                                               const std::set<std::string>& paths);

// The Debian packages whose lists have the paths. A path that merged directories give two names,
// /lib/x and /usr/lib/x, is found by both.
Result<std::map<std::string, std::string>> package_owners(const host::Root& root,
                                                          const std::set<std::string>& paths);

// Whether an rpm database is there, which only librpm reads.
bool has_rpm_database(const host::Root& root);

// A line for each nvbox in a usual directory that is not `bindir`, with its newline, that says what
// removes it: the package manager, or nvbox itself.
Result<std::string> other_installations(const host::Root& root, const std::string& bindir);

// Why a container engine of this host uses CDI; nullopt when none does. `directories` is where
// programs are looked for.
std::optional<std::string> cdi_engine(const host::Root& root,
                                      std::span<const std::string> directories);

}  // namespace nvbox::applets::installation
