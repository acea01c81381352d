// A container whose tree an attacker keeps changing, and everything that he must not reach.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/open_watch.h"

namespace nvbox::test {

enum class Kind { directory, file, link };

// A component of a path that is resolved in the container.
struct Place {
  std::string path;
  Kind kind = Kind::directory;
  // Of libraries, which may lie on volumes, ELF headers are read wherever they are.
  bool is_library = false;
};

// What the attacker has in its place for a moment.
enum class Evil { absolute_link, climbing_link, volume_link, magic_link, directory, fifo, device };
std::vector<Evil> evils_for(Kind kind);
const char* words_for(Evil evil);

class Arena {
 public:
  explicit Arena(std::string scratch);

  // After the container's tree is there: for every name in it, a double outside and one on a volume
  // in the container, so that each step out finds something to change. Every double of a file is a
  // secret. Also a procfs, for its magic links. False where such mounts cannot be made.
  bool furnish();

  // What went wrong since furnish(): each of "changed", "read" (the secret is in a file of the
  // container's), "mounted outside", "shows the outside" once. Every mount that somebody made goes.
  std::vector<std::string> take_harm() const;

  const std::string& host() const { return host_; }
  const std::string& container() const { return container_; }
  const std::string& outside() const { return outside_; }
  // For what is kept out of the container's sight.
  const std::string& scratch() const { return scratch_; }

 private:
  std::vector<std::string> stamps() const;
  bool holds_secret() const;
  void unmount_all() const;

  std::string scratch_;
  std::string host_;
  std::string container_;
  std::string outside_;
  std::vector<std::string> before_{};
};

// A place and its evil double, which an Exchanger exchanges; the double has a name beside the tree.
class Trap {
 public:
  Trap(const Arena& arena, Place place, Evil evil);
  Trap(const Trap&) = delete;
  Trap& operator=(const Trap&) = delete;
  // The place has again what is good.
  ~Trap() { restore(); }

  // Puts both there, whatever was made of them; false where this user cannot make the evil.
  bool arm();
  // Whether what must never be opened was opened since the last call. Looking at it for harm()
  // counts.
  bool was_opened() const { return watch_ && watch_->saw_an_open(); }

  const std::string& place() const { return good_path_; }
  const std::string& spare() const { return evil_path_; }

 private:
  bool is_armed() const;
  void restore() const;
  bool put_evil() const;
  // Empty where opening is allowed.
  std::string watched() const;

  const Arena& arena_;
  Place place_;
  Evil evil_;
  std::string good_path_;
  std::string evil_path_;
  std::string master_;  // another name of what is good
  ino_t good_ = 0;
  ino_t bad_ = 0;
  std::optional<OpenWatch> watch_{};
};

}  // namespace nvbox::test
