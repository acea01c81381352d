#include "apply/complete_nodes.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/make_host.h"

namespace nvbox::apply {
namespace {

using spec::DeviceNode;

// A node of which a specification says only this much.
DeviceNode bare(std::string path, std::string host_path = "") {
  return {
      .path = std::move(path), .host_path = std::move(host_path), .type = '\0', .permissions = ""};
}

DeviceNode completed(const host::Root& host, DeviceNode node) {
  spec::ContainerEdits edits = {.nodes = {std::move(node)}};
  const Result<> done = complete_nodes(host, edits);
  EXPECT_TRUE(done) << done.error().full_message();
  return edits.nodes[0];
}

std::string refusal(const host::Root& host, DeviceNode node) {
  spec::ContainerEdits edits = {.nodes = {std::move(node)}};
  const Result<> done = complete_nodes(host, edits);
  return done ? "" : done.error().message();
}

TEST(CompleteNodes, asks_a_real_device) {
  const DeviceNode node = completed(*host::Root::open("/"), bare("/dev/null"));
  EXPECT_EQ(node.type, 'c');
  EXPECT_EQ(node.major, 1U);
  EXPECT_EQ(node.minor, 3U);
  EXPECT_EQ(node.file_mode, 0666U);
  EXPECT_EQ(node.uid, std::nullopt);
}

TEST(CompleteNodes, looks_at_the_host_path_and_keeps_what_is_said) {
  const test::Host host("c /host/a 195:7\nc /dev/a 1:1\n");
  DeviceNode node = bare("/dev/a", "/host/a");
  node.file_mode = 0600;
  node.uid = 5;
  const DeviceNode expected = {.path = "/dev/a",
                               .host_path = "/host/a",
                               .type = 'c',
                               .major = 195,
                               .minor = 7,
                               .file_mode = 0600,
                               .permissions = "",
                               .uid = 5};
  EXPECT_EQ(completed(host.root(), node), expected);
  node.major = 9;
  EXPECT_EQ(completed(host.root(), node).major, 9U);
  EXPECT_EQ(completed(host.root(), node).minor, 0U);
}

TEST(CompleteNodes, takes_only_the_mode_for_a_node_that_says_what_it_is) {
  const test::Host host("c /dev/a 195:7\n");
  const DeviceNode said = {.path = "/dev/a", .type = 'b', .major = 8};
  DeviceNode expected = said;
  expected.file_mode = 0666;
  EXPECT_EQ(completed(host.root(), said), expected);
  const DeviceNode missing = {.path = "/dev/missing", .type = 'b', .major = 8};
  EXPECT_EQ(completed(host.root(), missing), missing);
  const DeviceNode fifo = {.path = "/dev/missing", .type = 'p'};
  EXPECT_EQ(completed(host.root(), fifo), fifo);
}

TEST(CompleteNodes, knows_a_fifo) {
  const test::Host host("d /run\n");
  ASSERT_EQ(mkfifo((host.path() + "/run/p").c_str(), 0600), 0);
  DeviceNode expected = bare("/run/p");
  expected.type = 'p';
  expected.file_mode = 0600;
  EXPECT_EQ(completed(host.root(), bare("/run/p")), expected);
}

TEST(CompleteNodes, takes_an_unbuffered_device_for_a_character_device) {
  const test::Host host("c /dev/a 195:7\n");
  DeviceNode node = bare("/dev/a");
  node.type = 'u';
  EXPECT_EQ(completed(host.root(), node).type, 'u');
  EXPECT_EQ(completed(host.root(), node).major, 195U);
}

TEST(CompleteNodes, names_the_node_that_is_not_what_it_should_be) {
  const test::Host host("c /dev/a 195:7\nd /dev/dir\nl /dev/link -> a\n");
  EXPECT_EQ(refusal(host.root(), bare("/dev/b")),
            "device node /dev/b: the host has no device /dev/b");
  EXPECT_EQ(refusal(host.root(), bare("/dev/b", "/dev/dir")),
            "device node /dev/b: the host has no device /dev/dir");
  EXPECT_EQ(refusal(host.root(), bare("/dev/link")),
            "device node /dev/link: the host has no device /dev/link");
  DeviceNode block = bare("/dev/a");
  block.type = 'b';
  EXPECT_EQ(refusal(host.root(), block),
            "device node /dev/a: its type is b, but the host's /dev/a has type c");
}

}  // namespace
}  // namespace nvbox::apply
