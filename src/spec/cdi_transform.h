// CDI specifications that were made below one root and are used below another: a driver container
// sees the host below /host.
#pragma once

#include <string>

#include "spec/cdi.h"

namespace nvbox::spec {

// Whose paths are meant.
enum class PathsOf { host, container };

// A path that is `from` or lies below it becomes one below `to`; an empty root is "/". On the host
// these are the paths of device nodes (which become explicit), mounts and of hooks that run there
// with their arguments; in the container the same of its side. The version is raised where the
// result needs it.
void transform_root(CdiSpec& spec, const std::string& from, const std::string& to, PathsOf side);

}  // namespace nvbox::spec
