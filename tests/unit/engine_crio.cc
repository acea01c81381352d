#include "engine/crio.h"

#include <gtest/gtest.h>

#include <vector>

#include "engine/podman.h"

namespace nvbox::engine {
namespace {

using Sources = std::vector<NamedText>;

const RuntimeRequest plain = {.path = "/usr/bin/nvidia-container-runtime"};
const RuntimeRequest as_default = {.path = "/usr/bin/nvidia-container-runtime",
                                   .set_as_default = true};

std::string crio(std::string_view document, const Sources& sources, const RuntimeRequest& request) {
  const auto text = configure_crio(document, sources, request);
  return text ? *text : "error: " + text.error().message();
}

std::string podman(std::string_view document, const RuntimeRequest& request) {
  const auto text = configure_podman(document, request);
  return text ? *text : "error: " + text.error().message();
}

TEST(Crio, an_empty_file_gets_the_runtime) {
  constexpr std::string_view runtime =
      "[crio.runtime.runtimes.nvidia]\n"
      "runtime_path = \"/usr/bin/nvidia-container-runtime\"\nruntime_type = \"oci\"\n";
  EXPECT_EQ(crio("", {}, plain), runtime);
  EXPECT_EQ(crio("", {}, as_default),
            "[crio.runtime]\ndefault_runtime = \"nvidia\"\n\n" + std::string(runtime));
}

TEST(Crio, options_are_inherited_from_the_last_source_that_has_the_default_runtime) {
  const Sources sources = {
      {"a", "[crio.runtime]\ndefault_runtime = 'crun'\n[crio.runtime.runtimes.runc]\nx = 'no'\n"},
      {"b", "[crio.runtime.runtimes.crun]\nmonitor_path = '/old'\n"},
      {"c",
       "[crio.runtime.runtimes.crun]\nmonitor_path = '/conmon'\nruntime_path = '/crun'\n"
       "allowed_annotations = ['a', 'b']\n"}};
  EXPECT_EQ(crio("", sources, plain),
            "[crio.runtime.runtimes.nvidia]\nmonitor_path = \"/conmon\"\n"
            "runtime_path = \"/usr/bin/nvidia-container-runtime\"\n"
            "allowed_annotations = [\"a\", \"b\"]\nruntime_type = \"oci\"\n");
}

// [LIMIT] NVIDIA's toolkit replaces crio.conf when no drop-in is wanted.
TEST(Crio, what_the_file_has_besides_stays) {
  const std::string before = "# mine\n[crio.image]\npause_image = 'p' # q\n";
  EXPECT_EQ(crio(before, {}, plain), before + "\n" + crio("", {}, plain));
  EXPECT_EQ(crio(crio(before, {}, as_default), {}, as_default), crio(before, {}, as_default));
}

TEST(Crio, a_default_of_this_name_goes_when_it_is_not_asked_for) {
  EXPECT_FALSE(crio(crio("", {}, as_default), {}, plain).contains("default_runtime"));
  EXPECT_TRUE(crio("[crio.runtime]\ndefault_runtime = \"x\"\n", {}, plain)
                  .contains("default_runtime = \"x\"\n"));
}

TEST(Crio, mistakes_are_errors_with_their_position) {
  EXPECT_TRUE(crio("[crio\n", {}, plain).starts_with("error: line 1, column"));
  EXPECT_TRUE(crio("", {{"/a.conf", "\n?"}}, plain).starts_with("error: /a.conf: line 2, column"));
  EXPECT_TRUE(crio("[crio]\nruntime = 1\n", {}, plain).starts_with("error: "));
  EXPECT_EQ(crio("", {{"a", "[crio.runtime.runtimes]\nrunc = 1\n"}}, plain),
            "error: line 2: crio.runtime.runtimes.nvidia is an integer, not a table");
}

TEST(Podman, the_runtime_and_the_default_are_set) {
  EXPECT_EQ(podman("", as_default),
            "[engine]\nruntime = \"nvidia\"\n\n[engine.runtimes]\n"
            "nvidia = [\"/usr/bin/nvidia-container-runtime\"]\n");
  EXPECT_EQ(podman("# c\n[engine.runtimes]\ncrun = ['/usr/bin/crun']\n", plain),
            "# c\n[engine.runtimes]\ncrun = ['/usr/bin/crun']\n"
            "nvidia = [\"/usr/bin/nvidia-container-runtime\"]\n");
}

TEST(Podman, a_second_time_changes_nothing) {
  EXPECT_EQ(podman(podman("", as_default), as_default), podman("", as_default));
  EXPECT_FALSE(podman(podman("", as_default), plain).contains("runtime = "));
}

TEST(Podman, mistakes_are_errors_with_their_position) {
  EXPECT_TRUE(podman("[engine\n", plain).starts_with("error: line 1, column"));
  EXPECT_TRUE(podman("[engine]\nruntimes = 1\n", plain).starts_with("error: "));
}

}  // namespace
}  // namespace nvbox::engine
