#include "apply/steps.h"

#include "base/text.h"

namespace nvbox::apply {
namespace {

struct RestrictionName {
  std::string_view word;
  sys::Restrictions restriction;
};

constexpr RestrictionName restriction_names[] = {
    {"ro", MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC},
};

std::string words_of(sys::Restrictions restrictions) {
  std::vector<std::string> words;
  for (const RestrictionName& row : restriction_names) {
    if ((restrictions & row.restriction) != 0) words.emplace_back(row.word);
  }
  return join(words, ",");
}

std::string device(char type, unsigned major, unsigned minor) {
  return cat(type, ' ', major, ':', minor);
}

struct Describer {
  std::string operator()(const MountTmpfs& step) const {
    std::string out = cat("mount a tmpfs on ", step.path);
    std::string_view before = " with ";
    for (const TmpfsFile& file : step.files) {
      out += cat(before, file.name);
      before = ", ";
    }
    return out;
  }
  std::string operator()(const BindMount& step) const {
    return cat("bind ", step.host_path, " on ", step.path, " (", words_of(step.restrictions), ")");
  }
  std::string operator()(const BindNode& step) const {
    return cat("bind ", step.host_path, " (", device(step.type, step.major, step.minor), ") on ",
               step.path);
  }
  std::string operator()(const MakeNode& step) const {
    return cat("make node ", step.path, " (", device(step.type, step.major, step.minor), ")");
  }
  std::string operator()(const MountCompat& step) const {
    return cat("mount CUDA compatibility libraries of ", step.compat_root, " in ",
               step.library_directory);
  }
  std::string operator()(const AllowDevices& step) const {
    std::vector<std::string> rules;
    for (const sys::DeviceRule& rule : step.rules) rules.push_back(sys::to_string(rule));
    return cat("allow devices ", join(rules, ", "));
  }
  std::string operator()(const MakeLink& step) const {
    return cat("link ", step.link, " -> ", step.target);
  }
  std::string operator()(const WriteProfile&) const { return "write the application profile"; }
  std::string operator()(const UpdateCache& step) const {
    return cat("update the loader's cache for ", join(step.folders, ", "));
  }
};

}  // namespace

std::string describe(const Step& step) {
  return std::visit(Describer{}, step);
}

}  // namespace nvbox::apply
