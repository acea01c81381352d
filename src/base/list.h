// Lists as small sets: in the order in which things were named, each of them once.
#pragma once

#include <algorithm>
#include <ranges>
#include <utility>
#include <vector>

namespace nvbox {

// Appends `entry` unless the list has its equal.
template <typename T>
void add_once(std::vector<T>& list, T entry) {
  if (std::ranges::find(list, entry) == list.end()) list.push_back(std::move(entry));
}

// Whether the list has an entry that equals `entry`.
template <typename List, typename T>
bool contains(const List& list, const T& entry) {
  return std::ranges::find(list, entry) != std::ranges::end(list);
}

}  // namespace nvbox
