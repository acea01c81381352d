// NVIDIA_REQUIRE_*: what an image demands of the host. Parts: two requirements, the driver's
// version, CUDA's, the architecture and the brand.
#include "plan/requirements.h"

#include "base/text.h"
#include "security/fuzz/fuzz.h"

namespace nvbox {
namespace {

bool holds(const std::string& requirement, const plan::RequirementFacts& facts) {
  const auto checked = plan::check_requirements(std::span(&requirement, 1), std::span(&facts, 1));
  fuzz::require(checked || !checked.error().full_message().empty(), "an error says something");
  return checked.has_value();
}

bool is_one_group(std::string_view requirement) {
  return !requirement.empty() && requirement.find_first_of(" \t\n\v\f\r") == std::string_view::npos;
}

}  // namespace
}  // namespace nvbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  fuzz::Parts parts(fuzz::text_of(data, size));
  const std::string first(parts.next());
  const std::string second(parts.next());
  plan::RequirementFacts facts;
  facts.driver = parts.next();
  facts.cuda = parts.next();
  facts.architecture = parts.next();
  facts.brand = parts.next();
  for (const bool has_device : {false, true}) {
    facts.has_device = has_device;
    const bool one = holds(first, facts);
    const bool other = holds(second, facts);
    const std::string both[] = {first, second};
    fuzz::require(
        plan::check_requirements(both, std::span(&facts, 1)).has_value() == (one && other),
        "of two requirements both have to hold");
    fuzz::require(!plan::are_undecided(std::span(&first, 1), facts) || !one,
                  "what is undecided does not hold");
    if (!is_one_group(first) || !is_one_group(second)) continue;
    fuzz::require(!holds(cat(first, ",", second), facts) || (one && other),
                  "behind a comma is one more condition");
    fuzz::require(!(one && other) || holds(cat(first, " ", second), facts),
                  "behind a blank is an alternative");
  }
  (void)plan::are_about_devices(std::span(&first, 1));
  return 0;
}
