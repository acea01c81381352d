// What an installation does and what it refuses; pure.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nvbox/install_manifest.h"

namespace nvbox::applets::installation {

// What a file of somebody else's at the place means.
enum class Claim {
  ours,       // a name that only nvbox has: it is replaced
  contested,  // a name that others have as well: it is refused, or saved where that is wanted
  absent,     // a file that people edit: made only where there is none
  yielding,   // a name that others may have taken since: left out where they have
};

// What happens to an item in a directory that cannot be written to.
enum class Need { required, optional };

struct Item {
  Kind kind = Kind::file;  // or link
  std::string path;        // below the root
  std::string text;        // a file's content, a link's target
  mode_t mode = 0644;
  Claim claim = Claim::contested;
  Need need = Need::required;
};

// What is at a path now, links not followed.
struct Present {
  enum class Type { nothing, file, link, other } type = Type::nothing;
  std::uint64_t hash = 0;
  mode_t mode = 0;                                         // of a file: the permission bits
  enum class Saved { no, other, same } saved = Saved::no;  // whether saved_name() is taken
  std::optional<std::string> package{};                    // whose file it is
};

using Look = std::function<Present(const std::string& path)>;

struct Step {
  enum class What { keep, make, replace, save_and_replace, leave } what = What::make;
  const Item* item = nullptr;
};

// A file that is in the way.
struct Obstacle {
  std::string path;
  std::string reason;

  bool operator==(const Obstacle&) const = default;
};

enum class Foreign { refuse, save };

struct InstallPlan {
  std::vector<Step> steps{};
  std::vector<Obstacle> obstacles{};
  std::vector<Obstacle> left_out{};

  // Whether every step finds its work done.
  bool is_done() const;
};

// The name under which a file that was in the way waits for the end of the installation.
std::string saved_name(std::string_view path);

// `items` must outlive the plan.
InstallPlan plan_installation(std::span<const Item> items, const Manifest& installed,
                              Foreign foreign, const Look& look);

// What the steps make, besides directories.
Manifest records_of(std::span<const Step> steps);

struct Removal {
  enum class What {
    remove,
    restore,  // puts the saved file back
    changed,  // is left: it is not what was installed
    gone,
  } what = What::remove;
  std::string path;

  bool operator==(const Removal&) const = default;
};

// For every path of the manifest, the last that was installed first, without directories.
std::vector<Removal> plan_removal(const Manifest& installed, const Look& look);

// Whether `name` is what an installation that was killed left while it made `made`: the temporary
// names of sys::NewFile and host::make_link.
bool is_leftover(std::string_view name, std::string_view made);

}  // namespace nvbox::applets::installation
