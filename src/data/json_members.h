// How ordered objects of JSON get members. The library keeps them in a vector whose elements have
// constant names: when it grows, it copies every member with all that is below.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace nvbox::data {

using JsonMembers = nlohmann::ordered_json::object_t;

// Puts a member behind the others without a look at their names.
inline nlohmann::ordered_json& append_member(JsonMembers& members, std::string name,
                                             nlohmann::ordered_json value) {
  if (members.size() == members.capacity()) {
    JsonMembers larger;
    larger.reserve(std::max(size_t{4}, 2 * members.size()));
    for (auto& [known, below] : members) larger.emplace_back(known, std::move(below));
    members = std::move(larger);
  }
  return members.emplace_back(std::move(name), std::move(value)).second;
}

}  // namespace nvbox::data
