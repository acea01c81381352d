#include "engine/podman.h"

#include <gtest/gtest.h>

namespace nvbox::engine {
namespace {

TEST(OciHook, is_the_file_that_the_peer_writes) {
  EXPECT_EQ(*oci_hook("/usr/bin/nvidia-container-runtime-hook"), R"({
  "version": "1.0.0",
  "hook": {
    "path": "/usr/bin/nvidia-container-runtime-hook",
    "args": [
      "nvidia-container-runtime-hook",
      "prestart"
    ],
    "env": [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    ]
  },
  "when": {
    "always": true,
    "commands": [
      ".*"
    ]
  },
  "stages": [
    "prestart"
  ]
}
)");
}

TEST(OciHook, the_directory_of_the_hook_is_searched_too) {
  EXPECT_TRUE(oci_hook("/opt/x/hook")->contains("/usr/sbin:/usr/bin:/sbin:/bin:/opt/x\"\n"));
}

TEST(OciHook, a_relative_path_is_an_error) {
  EXPECT_EQ(oci_hook("hook").error().message(), "the path of the hook, \"hook\", is not absolute");
}

}  // namespace
}  // namespace nvbox::engine
