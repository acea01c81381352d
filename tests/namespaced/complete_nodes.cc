// The kinds of device nodes that a fixture of text cannot stand for.
#include "apply/complete_nodes.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <string>

#include "namespaced/case.h"

namespace nvbox::test {
namespace {

TEST(CompleteNodes, tells_block_from_character_devices) {
  if (geteuid() != 0) GTEST_SKIP() << "only root of the machine makes device nodes";
  run_case({}, [](const std::string& scratch) {
    umask(0);
    ASSERT_EQ(mknod((scratch + "/block").c_str(), S_IFBLK | 0640, makedev(8, 300)), 0);
    ASSERT_EQ(mknod((scratch + "/character").c_str(), S_IFCHR | 0600, makedev(195, 255)), 0);
    spec::ContainerEdits edits = {.nodes = {{.path = "/dev/b", .host_path = "/block", .type = '\0'},
                                            {.path = "/dev/c", .host_path = "/character"}}};
    const host::Root host = host::Root::open(scratch).value();
    const Result<> done = apply::complete_nodes(host, edits);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(edits.nodes[0], (spec::DeviceNode{.path = "/dev/b",
                                                .host_path = "/block",
                                                .type = 'b',
                                                .major = 8,
                                                .minor = 300,
                                                .file_mode = 0640}));
    EXPECT_EQ(edits.nodes[1], (spec::DeviceNode{.path = "/dev/c",
                                                .host_path = "/character",
                                                .major = 195,
                                                .minor = 255,
                                                .file_mode = 0600}));
    edits.nodes[0] = {.path = "/dev/c", .host_path = "/block", .type = 'c'};
    EXPECT_EQ(apply::complete_nodes(host, edits).error().message(),
              "device node /dev/c: its type is c, but the host's /block has type b");
  });
}

}  // namespace
}  // namespace nvbox::test
