// What the matrix is made of: places of an image, traps that are set there, the programs that meet
// them, and how the container is set up.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nvbox::test::matrix {

// What a case is judged by.
enum class Check {
  canary,   // something of the host, outside the container's root, is not what it was
  mount,    // something else than driver files is mounted, or outside the container's root
  secret,   // what only root may read came into the image or into a message
  volume,   // a bound volume was written to
  opened,   // a device node or a FIFO of the image was opened
  kmsg,     // /proc/kmsg was opened
  hang,     // it did not end
  memory,   // it took more memory than the image can be worth
  crash,    // it ended by a signal, or as no program of ours does
  silent,   // it was refused without a reason
  refused,  // it did not do its work, and there was no trap
  harness,  // the case could not be made
};
std::string_view name_of(Check check);
// What a careless program does.
inline constexpr Check mistakes[] = {Check::canary, Check::mount, Check::secret, Check::volume,
                                     Check::opened, Check::kmsg,  Check::hang,   Check::memory,
                                     Check::crash,  Check::silent};

enum class Kind { directory, text, cache, library, other };

// Where a program looks, or writes, in an image.
struct Place {
  std::string_view path;
  Kind kind;  // of what is usually there
};
std::span<const Place> places();

// The container's root, seen by whoever sets traps: before anything of the container runs.
struct Ground {
  std::string root;  // of the container
  const Place& place;

  std::string target() const { return root + std::string(place.path); }
};

struct Trap {
  std::string_view name;
  // In a place that is empty.
  void (*put)(const Ground& ground);
  // What a program that follows links, joins paths and reads whole files must be found to do;
  // nullopt of the image without a trap, with which every program has to succeed.
  std::optional<Check> bites;
};
std::span<const Trap> traps();

// The program's arguments for one place of a container, whose process is `pid`.
using Arguments = std::vector<std::string> (*)(const Place& place, pid_t pid);

// What a program is to the container.
enum class Role {
  hook,  // runs in its namespaces
  // Runs on the host, and may make empty files and directories on volumes, to mount over them.
  configurer,
  // Whose caller has the image and what is mounted in it for his own: he may read and write all.
  builder,
};

struct Path {
  std::string_view name;
  Role role;
  Arguments arguments;
  // The arguments lead out of the container themselves, whatever the image has.
  bool is_hostile_itself = false;
};
std::span<const Path> paths();

struct Setting {
  std::string_view name;
  bool has_user_namespace = false;
  bool shares_host_pids = false;
  uid_t uid = 0;  // on the host, of the container's process and its image
};
std::span<const Setting> settings();

struct Case {
  const Place* place;
  const Trap* trap;
  const Path* path;
  const Setting* setting;

  std::string name() const;
};

// The whole product, or a part of it in which every two values of different tables meet, and each
// trap meets the programs that do most where they do most.
std::vector<Case> every_case();
std::vector<Case> usual_cases();
// Two values of different tables that meet in no case, if there are any.
std::optional<std::string> missing_pair(std::span<const Case> cases);

// Where things are on the host that a case sees (matrix_host.h).
inline constexpr std::string_view rootfs = "/rootfs";
inline constexpr std::string_view canary = "/canary";
inline constexpr std::string_view rw_volume = "/volumes/rw";
inline constexpr std::string_view ro_volume = "/volumes/ro";
// The same in the container.
inline constexpr std::string_view rw_volume_inside = "/vol";
inline constexpr std::string_view ro_volume_inside = "/vol-ro";
// Open at /, as a runtime with a leak leaves it (CVE-2024-21626).
inline constexpr int leaked_fd = 9;

// An absolute path, so that readers of the loader's configuration take it for a directory.
inline constexpr std::string_view secret = "/the-secret-of-the-host";

}  // namespace nvbox::test::matrix
