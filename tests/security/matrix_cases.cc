// The product of the tables, and the part of it that is always run.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "matrix_tables.h"

namespace nvbox::test::matrix {
namespace {

// The positions of a case's values, as one name of a pair each.
std::vector<std::string> values_of(const Case& item) {
  return {cat("place ", item.place->path), cat("trap ", item.trap->name),
          cat("path ", item.path->name), cat("setting ", item.setting->name)};
}

// Where programs have to read or write whatever else they do: here each trap meets those that do
// most.
constexpr std::string_view of_containers[] = {"/etc",
                                              "/etc/ld.so.conf",
                                              "/etc/ld.so.conf.d/a.conf",
                                              "/etc/ld-musl-x86_64.path",
                                              "/usr/lib/x86_64-linux-gnu/libfoo.so.1",
                                              "/usr/local/cuda/compat"};
constexpr std::string_view of_installations[] = {
    "/etc/docker/daemon.json", "/etc/nvidia-container-runtime/config.toml", "/usr/local/bin/nvbox",
    "/usr/local/lib/nvbox/installed"};

struct Busy {
  std::string_view path;
  std::string_view setting;
  std::span<const std::string_view> places;
};
constexpr Busy busy[] = {{"createContainer hook", "root", of_containers},
                         {"createContainer hook", "user namespace", of_containers},
                         {"configure", "root", of_containers},
                         {"configure", "user namespace", of_containers},
                         {"install --root", "root", of_installations}};

bool is_busy(const Case& item) {
  return std::ranges::any_of(busy, [&](const Busy& row) {
    return row.path == item.path->name && row.setting == item.setting->name &&
           std::ranges::count(row.places, item.place->path) != 0;
  });
}

}  // namespace

std::string_view name_of(Check check) {
  switch (check) {
    case Check::canary:
      return "canary";
    case Check::mount:
      return "mount";
    case Check::secret:
      return "secret";
    case Check::volume:
      return "volume";
    case Check::opened:
      return "opened";
    case Check::kmsg:
      return "kmsg";
    case Check::hang:
      return "hang";
    case Check::memory:
      return "memory";
    case Check::crash:
      return "crash";
    case Check::silent:
      return "silent";
    case Check::refused:
      return "refused";
    case Check::harness:
      return "harness";
  }
  return "";
}

std::string Case::name() const {
  return cat(place->path, " x ", trap->name, " x ", path->name, " x ", setting->name);
}

std::vector<Case> every_case() {
  std::vector<Case> all;
  for (const Place& place : places()) {
    for (const Trap& trap : traps()) {
      for (const Path& path : paths()) {
        for (const Setting& setting : settings()) all.push_back({&place, &trap, &path, &setting});
      }
    }
  }
  return all;
}

std::vector<Case> usual_cases() {
  std::vector<Case> some = every_case();
  size_t number = 0;
  std::erase_if(some, [&](const Case& item) {
    const size_t setting = number % settings().size();
    const size_t path = number / settings().size() % paths().size();
    const size_t trap = number / settings().size() / paths().size() % traps().size();
    const size_t place = number / settings().size() / paths().size() / traps().size();
    ++number;
    const bool is_paired = path == (place + trap) % paths().size() &&
                           setting == (place / paths().size() + trap) % settings().size();
    return !is_paired && !is_busy(item);
  });
  return some;
}

std::optional<std::string> missing_pair(std::span<const Case> cases) {
  const auto pairs_of = [](std::span<const Case> some) {
    std::set<std::string> pairs;
    for (const Case& item : some) {
      const std::vector<std::string> values = values_of(item);
      for (size_t one = 0; one < values.size(); ++one) {
        for (size_t other = one + 1; other < values.size(); ++other) {
          pairs.insert(cat(values[one], ", ", values[other]));
        }
      }
    }
    return pairs;
  };
  const std::set<std::string> there = pairs_of(cases);
  for (const std::string& pair : pairs_of(every_case())) {
    if (!there.contains(pair)) return pair;
  }
  return std::nullopt;
}

}  // namespace nvbox::test::matrix
