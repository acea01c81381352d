#include "nvbox/install_apply.h"

#include <fcntl.h>
#include <sys/file.h>
#include <cerrno>

#include <algorithm>

#include "base/path.h"
#include "base/text.h"
#include "host/root_write.h"
#include "nvbox/install_survey.h"
#include "sys/file.h"

namespace nvbox::applets::installation {
namespace {

Result<> make_file(const host::Root& root, const Item& item) {
  const sys::Fd directory =
      NVBOX_TRY(host::make_directories(root, path::parent(item.path)).in(item.path));
  // Not write_file: that keeps the owner of the file that was there.
  sys::NewFile file = NVBOX_TRY(
      sys::NewFile::create(directory.get(), path::base_name(item.path), item.mode).in(item.path));
  NVBOX_TRY(sys::write_all(file.fd(), item.text).in(item.path));
  return file.commit().in(item.path);
}

Result<> carry_out(const host::Root& root, const Step& step) {
  if (step.what == Step::What::keep || step.what == Step::What::leave) return {};
  const Item& item = *step.item;
  if (step.what == Step::What::save_and_replace) {
    NVBOX_TRY(host::keep_as(root, item.path, saved_name(item.path)));
  }
  if (item.kind == Kind::file) return make_file(root, item);
  NVBOX_TRY(host::make_link(root, item.text, item.path));
  return {};
}

Result<> carry_out(const host::Root& root, const Removal& removal) {
  if (removal.what == Removal::What::restore) {
    return host::rename_file(root, saved_name(removal.path), removal.path);
  }
  if (removal.what == Removal::What::remove) NVBOX_TRY(host::remove_file(root, removal.path));
  return {};
}

Result<> write_manifest(const Target& target, std::span<const Record> manifest) {
  NVBOX_TRY(host::write_file(target.root, target.manifest_path(), manifest_text(manifest)));
  return {};
}

// The manifest once the steps are done: of their paths only what they made, and what was saved.
Manifest without_old(const Manifest& manifest, const Manifest& made) {
  Manifest rest;
  for (const Record& record : manifest) {
    const bool is_content = record.kind == Kind::file || record.kind == Kind::link;
    const bool is_made = std::ranges::find(made, record.path, &Record::path) != made.end();
    const bool is_new = std::ranges::find(made, record) != made.end();
    if (!is_content || !is_made || is_new) rest.push_back(record);
  }
  return rest;
}

std::string line_of(std::string_view verb, const Item& item) {
  const std::string target = item.kind == Kind::link ? cat(" -> ", item.text) : "";
  return cat(verb, " ", name_of(item.kind), " ", item.path, target, "\n");
}

}  // namespace

std::string Target::manifest_path() const {
  return path::join(path::parent(bindir), "lib/nvbox/installed");
}

Result<sys::Fd> lock(const Target& target) {
  std::string place = target.bindir;
  while (true) {
    Result<sys::Fd> directory = target.root.open_at(place, O_RDONLY | O_DIRECTORY);
    if (directory) {
      if (flock(directory->get(), LOCK_EX) != 0) return Error(cat("lock ", place), errno);
      return directory;
    }
    if (directory.error().code() != ENOENT || place == "/") return directory.error();
    place = std::string(path::parent(place));
  }
}

Result<Manifest> read_manifest(const Target& target) {
  const std::string path = target.manifest_path();
  const auto text = NVBOX_TRY(content_at(target.root, path).in(path));
  if (!text) return Manifest{};
  return parse_manifest(*text).in(path).hint("move it away to install without it");
}

std::set<std::string> paths_of(std::span<const Item> items, const Manifest& installed) {
  std::set<std::string> paths;
  for (const Item& item : items) paths.insert(item.path);
  for (const Record& record : installed) {
    if (record.kind != Kind::directory) paths.insert(record.path);
  }
  return paths;
}

std::string describe(const InstallPlan& plan) {
  std::string text;
  for (const Step& step : plan.steps) {
    const Item& item = *step.item;
    if (step.what == Step::What::save_and_replace) {
      text += cat("save ", item.path, " as ", saved_name(item.path), "\n");
    }
    if (step.what == Step::What::make) text += line_of("make", item);
    if (step.what == Step::What::replace) text += line_of("replace", item);
    if (step.what == Step::What::save_and_replace) text += line_of("replace", item);
  }
  for (const auto& [path, reason] : plan.left_out)
    text += cat(path, " is left out: it ", reason, "\n");
  return text;
}

std::string describe(std::span<const Removal> removals) {
  std::string text;
  for (const auto& [what, path] : removals) {
    if (what == Removal::What::remove) text += cat("remove ", path, "\n");
    if (what == Removal::What::restore) text += cat("restore ", path, "\n");
    if (what == Removal::What::changed) {
      text += cat("leave ", path, ", which is not what was installed\n");
    }
  }
  return text;
}

Result<> carry_out(const Target& target, const InstallPlan& plan, const Manifest& installed) {
  const Manifest made = records_of(plan.steps);
  std::set<std::string> paths = {target.manifest_path()};
  for (const Record& record : made) paths.insert(record.path);
  // The manifest's own directory is ours even where a run that was killed made it.
  Manifest news = {{Kind::directory, 0, std::string(path::parent(target.manifest_path()))}};
  for (const std::string& path : NVBOX_TRY(missing_directories(target.root, paths))) {
    news.push_back({Kind::directory, 0, path});
  }
  std::ranges::sort(news, {}, &Record::path);
  const Manifest all = join_manifests(join_manifests(installed, news), made);
  NVBOX_TRY(write_manifest(target, all).hint("nothing was installed"));
  for (const Step& step : plan.steps) NVBOX_TRY(carry_out(target.root, step));
  return write_manifest(target, without_old(all, made));
}

Result<> carry_out(const host::Root& root, std::span<const Removal> removals) {
  for (const Removal& removal : removals) NVBOX_TRY(carry_out(root, removal));
  return {};
}

namespace {

// Directories that the manifest lies in, and others.
enum class Manifests { above, beside };

Result<> remove_directories(const Target& target, const Manifest& installed, Manifests which) {
  for (auto record = installed.rbegin(); record != installed.rend(); ++record) {
    if (record->kind != Kind::directory) continue;
    const bool is_above = path::is_below(target.manifest_path(), record->path);
    if (is_above != (which == Manifests::above)) continue;
    NVBOX_TRY(host::remove_empty_directory(target.root, record->path));
  }
  return {};
}

}  // namespace

Result<> carry_out(const Target& target, std::span<const Removal> removals,
                   const Manifest& installed) {
  NVBOX_TRY(carry_out(target.root, removals));
  // As long as there is something to remove, the manifest says what; its own directories come last.
  NVBOX_TRY(remove_directories(target, installed, Manifests::beside));
  NVBOX_TRY(host::remove_file(target.root, target.manifest_path()));
  return remove_directories(target, installed, Manifests::above);
}

Result<> remove_leftovers(const Target& target, const std::set<std::string>& paths) {
  std::set<std::string> all = paths;
  all.insert(target.manifest_path());
  for (const std::string& path : all) {
    const std::string directory(path::parent(path));
    const auto names = target.root.list(directory);
    if (!names || !*names) continue;
    for (const std::string& name : **names) {
      if (!is_leftover(name, path::base_name(path))) continue;
      NVBOX_TRY(host::remove_file(target.root, path::join(directory, name)));
    }
  }
  // A run that was killed before it had a manifest left its directory.
  NVBOX_TRY(host::remove_empty_directory(target.root, path::parent(target.manifest_path())));
  return {};
}

}  // namespace nvbox::applets::installation
