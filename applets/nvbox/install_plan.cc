#include "nvbox/install_plan.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace nvbox::applets::installation {
namespace {

using Type = Present::Type;
using What = Step::What;

bool is_of(const Record& record, const std::string& path, const Present& present) {
  if (record.path != path || record.hash != present.hash) return false;
  return record.kind == (present.type == Type::link ? Kind::link : Kind::file);
}

bool is_installed(const Manifest& installed, const std::string& path, const Present& present) {
  return std::ranges::any_of(installed,
                             [&](const Record& record) { return is_of(record, path, present); });
}

bool is_same(const Item& item, const Present& present) {
  const Type wanted = item.kind == Kind::link ? Type::link : Type::file;
  if (present.type != wanted || present.hash != content_hash(item.text)) return false;
  return item.kind == Kind::link || present.mode == item.mode;
}

// Why a file that is not ours stops the installation; nullopt when it may be saved.
std::optional<std::string> objection(const Present& present, Foreign foreign) {
  if (present.type == Type::other) return "is neither a file nor a link";
  if (foreign == Foreign::save) {
    if (present.saved != Present::Saved::other) return std::nullopt;
    return "cannot be saved, because its saved name is taken";
  }
  if (present.package) return cat("belongs to the package ", *present.package);
  return "is not of an nvbox that was installed";
}

}  // namespace

bool InstallPlan::is_done() const {
  return std::ranges::all_of(
      steps, [](const Step& step) { return step.what == What::keep || step.what == What::leave; });
}

std::string saved_name(std::string_view path) {
  return cat(path, ".nvbox-saved");
}

InstallPlan plan_installation(std::span<const Item> items, const Manifest& installed,
                              Foreign foreign, const Look& look) {
  InstallPlan plan;
  for (const Item& item : items) {
    const Present present = look(item.path);
    const bool is_known = is_installed(installed, item.path, present);
    const bool is_free = is_known || (item.claim == Claim::ours && !present.package);
    if (present.type == Type::nothing) {
      plan.steps.push_back({What::make, &item});
    } else if (item.claim == Claim::absent) {
      plan.steps.push_back({What::leave, &item});
    } else if (is_same(item, present) && (is_known || !present.package)) {
      plan.steps.push_back({What::keep, &item});
    } else if (is_free && present.type != Type::other) {
      plan.steps.push_back({What::replace, &item});
    } else if (const auto reason = objection(present, foreign)) {
      auto& list = item.claim == Claim::yielding ? plan.left_out : plan.obstacles;
      list.push_back({item.path, *reason});
    } else {
      plan.steps.push_back({What::save_and_replace, &item});
    }
  }
  return plan;
}

Manifest records_of(std::span<const Step> steps) {
  Manifest records;
  for (const Step& step : steps) {
    if (step.what == What::leave) continue;
    if (step.what == What::save_and_replace) records.push_back({Kind::saved, 0, step.item->path});
    records.push_back({step.item->kind, content_hash(step.item->text), step.item->path});
  }
  return records;
}

std::vector<Removal> plan_removal(const Manifest& installed, const Look& look) {
  std::vector<Removal> removals;
  std::set<std::string> seen;
  for (const Record& record : installed) {
    const bool is_file = record.kind == Kind::file || record.kind == Kind::link;
    if (!is_file || !seen.insert(record.path).second) continue;
    const Present present = look(record.path);
    const Record saved = {Kind::saved, 0, record.path};
    const bool is_saved = std::ranges::find(installed, saved) != installed.end() &&
                          present.saved != Present::Saved::no;
    const bool is_free = present.type == Type::nothing || present.saved == Present::Saved::same ||
                         is_installed(installed, record.path, present);
    Removal removal = {Removal::What::changed, record.path};
    if (is_free && is_saved) {
      removal.what = Removal::What::restore;
    } else if (present.type == Type::nothing) {
      removal.what = Removal::What::gone;
    } else if (is_free) {
      removal.what = Removal::What::remove;
    }
    removals.push_back(std::move(removal));
  }
  std::ranges::reverse(removals);
  return removals;
}

bool is_leftover(std::string_view name, std::string_view made) {
  const std::string beginning = cat(".", made, ".nvbox-");
  if (!name.starts_with(beginning) || name.size() == beginning.size()) return false;
  return name.find_first_not_of("0123456789abcdef", beginning.size()) == std::string_view::npos;
}

}  // namespace nvbox::applets::installation
