// The CDI specifications of a host: every *.json and *.yaml in the directories that config.toml
// names (nvidia-container-runtime.modes.cdi.spec-dirs), and which file answers for which device.
//
// A later directory has priority over an earlier one. Of equal priority, a name that two files
// define is nobody's: neither is used. A file that cannot be used is a problem and does not stop
// the others.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/root.h"
#include "spec/cdi.h"
#include "spec/cdi_stamp.h"
#include "spec/edits.h"

namespace nvbox::config {

// Where specifications are looked for. The root is not a container's but the host's.
struct CdiDirectories {
  const host::Root& root;
  // In ascending priority.
  const std::vector<std::string>& paths;
};

// In the order in which they are likely to matter to whoever misses a device.
enum class CdiCause {
  conflict,  // with another file
  content,   // of a file that could be read
  file,
};

// Why a file, or a part of it, is not used.
struct CdiProblem {
  CdiCause cause;
  std::string file;
  std::string message;  // with the position where there is one

  std::string text() const;

  bool operator==(const CdiProblem&) const = default;
};

struct CdiFile {
  std::string path;
  spec::CdiSpec spec;
  // What it was made for, if it says so.
  std::optional<spec::CdiStamp> stamp{};

  bool operator==(const CdiFile&) const = default;
};

// A device that can be asked for, by its position in CdiContents.
struct CdiDefinition {
  std::string name;  // "vendor/class=name"
  size_t file;
  size_t device;

  bool operator==(const CdiDefinition&) const = default;
};

struct CdiContents {
  // In ascending priority, by name in each directory.
  std::vector<CdiFile> files{};
  // Sorted by name.
  std::vector<CdiDefinition> definitions{};
  // Files that cannot be used, and devices that more than one file defines.
  std::vector<CdiProblem> problems{};
};

// Reads everything: for listing, and to say why a name is unknown.
CdiContents load_all_cdi(const CdiDirectories& directories);

struct CdiMatch {
  // What the devices need together: for each in the order of the request, what is common to its
  // specification (once per specification) and then its own. Empty when a name is unresolved.
  spec::ContainerEdits edits{};
  // The specifications that supplied them, in the order of first use.
  std::vector<CdiFile> files{};
  // The names that no file defines, or more than one of equal priority.
  std::vector<std::string> unresolved{};
  // Of the files that were read.
  std::vector<CdiProblem> problems{};
};

// The devices by their qualified names. Parses only files that may define one of them, and no
// directory below the one where the last name is found.
CdiMatch find_cdi(const CdiDirectories& directories, const std::vector<std::string>& names);

// What to tell whoever asked for match.unresolved: which devices there are instead, which kinds are
// spelled alike, and the problems of files that may have defined them.
Error unresolved_cdi(const CdiMatch& match, const CdiDirectories& directories,
                     const CdiContents& contents);

// Whether a file with this text may define a device of one of the kinds; false only when it cannot.
//
// A kind is one word, so wherever a document has it, its bytes stand there in one piece: quotes,
// tags, anchors and block styles stand around a word, and YAML's folded lines put a blank into it.
// Only an escape sequence can take it apart ("\u006evidia.com\/gpu"), and so can an encoding other
// than UTF-8, which YAML announces with a byte order mark.
bool may_define(std::string_view text, const std::vector<std::string>& kinds);

}  // namespace nvbox::config
