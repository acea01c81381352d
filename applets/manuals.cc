#include "manuals.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.h"
#include "base/version.h"
#include "cli/completion.h"
#include "table.h"

namespace nvbox::applets {
namespace {

using cli::CommandPage;
using cli::Takes;
using cli::Topic;

using Lines = std::string_view;

constexpr Topic debug_topic = {
    "NVIDIA_CTK_DEBUG",
    "A true word (1, true, ...) writes everything that the program does to standard error, a path "
    "to that file."};
constexpr Topic config_topic = {
    "NVIDIA_CTK_CONFIG_FILE_PATH",
    "The configuration file to read instead of config.toml. It has to exist."};
constexpr Topic config_file = {
    "/etc/nvidia-container-runtime/config.toml",
    "The configuration. Every key has a default, and the file need not exist. Where "
    "XDG_CONFIG_HOME is set, it stands for /etc."};
constexpr Topic cache_topic = {"NVIDIA_CTK_NO_CACHE",
                               "A true word asks NVML anew, where it has to be asked, and keeps "
                               "nothing of its answer."};
constexpr Topic cache_file = {
    "/run/nvbox/nvml.json",
    "What NVML answered, until the next boot, another driver or other MIG devices."};
constexpr Topic success = {"0", "Success."};
constexpr Topic failure = {
    "1", "What could not be done, and how to help it, is one line on standard error."};

// nvbox.

CommandPage describe_nvbox() {
  CommandPage page;
  page.options = {
      {.words = {"--list"}, .help = "Print the names of the programs and their groups."},
      {.words = {"--man"},
       .takes = Takes::value,
       .value = "NAME",
       .help = "Print the manual page of a program: nvbox --man nvidia-ctk | man -l -"},
      {.words = {"--completion"},
       .takes = Takes::value,
       .value = "SHELL",
       .help = "Print the completion script for bash or zsh: source <(nvbox --completion bash)"},
      {.words = {"--version", "-v"}, .help = "Print the version and the commit of the build."},
      {.words = {"--help", "-h"}, .help = "Print the programs with a line about each."}};
  page.commands = describe_nvbox_install().commands;
  // "nvbox cdi" is "nvidia-ctk cdi".
  std::ranges::copy_if(describe_nvidia_ctk().commands, std::back_inserter(page.commands),
                       [](const CommandPage& command) { return command.names.front() == "cdi"; });
  return page;
}

constexpr Lines nvbox_synopsis[] = {"NAME [ARGUMENT...]", "cdi COMMAND [ARGUMENT...]",
                                    "install | uninstall [OPTION...]",
                                    "--list | --man NAME | --completion bash|zsh | --version"};
constexpr Lines nvbox_paragraphs[] = {
    "One static binary that gives containers GPUs. A link to it that has the name of one of its "
    "programs is that program; nvbox NAME is it, too. nvbox cdi is nvidia-ctk cdi.",
    "It replaces NVIDIA's container stack, whose programs have the same names, options and output "
    "here, and needs no shared library, no ldconfig and no NVML."};
constexpr Topic nvbox_statuses[] = {success, failure, {"127", "There is no program of that name."}};
constexpr Lines nvbox_see[] = {"nvidia-container-runtime(8)", "nvidia-container-cli(1)",
                               "nvidia-ctk(1)", "nvidia-docker(1)"};

// nvbox-hook.

CommandPage describe_nothing() {
  return {};
}

constexpr Lines own_hook_synopsis[] = {"[OPTION...]"};
constexpr Lines own_hook_paragraphs[] = {
    "The createContainer hook that nvidia-container-runtime puts into the specification of a "
    "container that gets GPUs. It does what has to be done inside the container's root file "
    "system: links, the loader's cache, CUDA forward compatibility, application profiles. Its "
    "options are written by nvidia-container-runtime of the same version and are no interface.",
    "The state of the container comes on standard input. No program is executed, and no path of "
    "the container leads out of its root file system."};
constexpr Lines runtime_see[] = {"nvidia-container-runtime(8)", "nvbox(1)"};
constexpr Topic plain_statuses[] = {success, failure};

// nvidia-cdi-hook.

constexpr Lines cdi_hook_paragraphs[] = {
    "The hooks that specifications of the Container Device Interface name, as nvidia-ctk hook has "
    "them, too. A low-level runtime calls them with the container's state on standard input.",
    "A hook that this version does not know is a warning and does nothing, so that a container of "
    "a newer specification starts."};
constexpr Topic debug_environment[] = {debug_topic};
constexpr Lines ctk_see[] = {"nvidia-ctk(1)", "nvbox(1)"};

// nvidia-container-cli.

constexpr Lines cli_paragraphs[] = {
    "Tells what NVIDIA GPUs and driver files this host has, and gives them to a container, without "
    "any runtime: anything that has a root directory and a mount namespace.",
    "No GPU is opened and no library is loaded to answer, unless a MIG device is asked for by "
    "number "
    "or UUID, or what is asked is known to the driver's NVML alone: then a confined helper process "
    "asks it."};
constexpr Topic cli_environment[] = {
    debug_topic,
    {"NVC_DEBUG_FILE", "The file for debug information where --debug names none."},
    cache_topic};
constexpr Topic cli_files[] = {cache_file};
constexpr Lines cli_see[] = {"nvidia-container-runtime-hook(8)", "nvidia-ctk(1)", "nvbox(1)"};

// nvidia-container-runtime and its other names.

// Those of the runtime specification and of runc that engines call.
constexpr Topic runtime_commands[] = {
    {"create", "Creates a container, with the GPUs that it asks for."},
    {"run", "Creates and starts a container, with the GPUs that it asks for."},
    {"start", "Starts a container that was created."},
    {"exec", "Runs another process in a container."},
    {"state", "Prints the state of a container."},
    {"kill", "Sends a signal to a container."},
    {"delete", "Deletes a container that has ended."},
    {"update", "Changes the limits of a container."},
    {"events", "Prints what a container uses."},
    {"features", "Prints what the low-level runtime can do."},
};

CommandPage describe_runtime() {
  CommandPage page;
  for (const Topic& command : runtime_commands) {
    page.commands.push_back(
        {.names = {std::string(command.term)}, .summary = std::string(command.text)});
  }
  page.options = {{.words = {"--version"},
                   .help = "Print the version, and behind it the low-level runtime's."}};
  return page;
}

constexpr Lines runtime_synopsis[] = {"[GLOBAL OPTION...] COMMAND [ARGUMENT...]", "--version"};
constexpr Lines runtime_paragraphs[] = {
    "An OCI runtime. For create and run it adds the GPUs that the container asks for to the "
    "container's config.json; then, and for every other command, it becomes the low-level runtime "
    "(runc or crun) with the same arguments.",
    "A container asks by the variables of its own environment, which are described below; by CDI "
    "annotations (cdi.k8s.io/...); or by mounts below /var/run/nvidia-container-devices. One that "
    "asks for nothing is not changed.",
    "nvidia-container-runtime.cdi, nvidia-container-runtime.legacy and "
    "nvidia-container-runtime.experimental are the same program in the modes cdi, legacy and "
    "jit-cdi. Otherwise nvidia-container-runtime.mode of the configuration decides."};
constexpr Topic runtime_environment[] = {
    {"NVIDIA_VISIBLE_DEVICES",
     "Of the container: all; none for the driver's files alone; void, empty or unset for nothing; "
     "or a list of indices, ranges (0-3), UUIDs, PCI addresses, MIG devices or CDI names."},
    {"NVIDIA_DRIVER_CAPABILITIES",
     "Of the container: any of compute, compat32, display, graphics, ngx, utility, video, or all; "
     "utility,compute unless set."},
    {"NVIDIA_IMEX_CHANNELS", "Of the container: numbers of IMEX channels."},
    {"NVIDIA_GDS, NVIDIA_MOFED, NVIDIA_GDRCOPY, NVIDIA_NVSWITCH",
     "Of the container: enabled adds what these need."},
    {"NVIDIA_REQUIRE_*, NVIDIA_DISABLE_REQUIRE",
     "Of the container: conditions like cuda>=12.0 that driver and GPUs have to meet, and a true "
     "word to skip them."},
    {"NVIDIA_MIG_CONFIG_DEVICES, NVIDIA_MIG_MONITOR_DEVICES",
     "Of a privileged container: all lets it make MIG instances, or watch all of them."},
    debug_topic,
    config_topic,
    {"NVIDIA_CONTAINER_RUNTIME_PATH",
     "The low-level runtime of nvidia-container-runtime.experimental, by name or path; it goes "
     "before nvidia-container-runtime.experimental.runtime-path of the configuration, and both "
     "before nvidia-container-runtime.runtimes."},
    cache_topic,
};
constexpr Topic runtime_files[] = {
    config_file,
    {"/etc/cdi, /var/run/cdi", "CDI specifications of the mode cdi, unless configured otherwise."},
    cache_file};
constexpr Topic runtime_statuses[] = {
    {"1", "The container's GPUs could not be added; nothing was started."},
    {"other", "The low-level runtime's."}};
constexpr Lines runtime_see_also[] = {"nvbox(1)", "nvidia-container-runtime-hook(8)",
                                      "nvidia-ctk(1)", "runc(8)", "crun(1)"};

// nvidia-container-runtime-hook and its old name.

CommandPage describe_prestart_hook() {
  CommandPage page;
  page.options = {
      {.words = {"--config"},
       .takes = Takes::value,
       .value = "FILE",
       .help = "The configuration file, which then has to exist."},
      {.words = {"--debug"}, .help = "Write what nvidia-container-cli does to standard error."},
      {.words = {"--version"}, .help = "Print the version."}};
  page.commands = {
      {.names = {"prestart"},
       .summary =
           "Gives the container whose state is on standard input the GPUs that it asks for."},
      {.names = {"poststart"}, .summary = "Does nothing."},
      {.names = {"poststop"}, .summary = "Does nothing."}};
  return page;
}

constexpr Lines prestart_hook_paragraphs[] = {
    "The prestart hook of an OCI container. dockerd finds it in its PATH and names it for "
    "containers of docker run --gpus; Podman and CRI-O are told of it by a file in hooks.d. It "
    "leaves a container alone that asks for no GPU, and otherwise does in the same process what "
    "nvidia-container-cli configure does.",
    "What a container asks for is described in nvidia-container-runtime(8)."};
constexpr Topic hook_environment[] = {debug_topic, config_topic, cache_topic};
constexpr Topic hook_files[] = {config_file, cache_file};
constexpr Topic hook_statuses[] = {success, failure, {"2", "The command line is wrong."}};
constexpr Lines hook_see[] = {"nvidia-container-runtime(8)", "nvidia-container-cli(1)", "nvbox(1)"};

// nvidia-ctk.

constexpr Lines ctk_paragraphs[] = {
    "The tool that administrators and installers call: it configures container engines, describes "
    "this host's GPUs to them, and makes device nodes where nobody else does.",
    "The program's options may stand in front of a command or behind its name."};
constexpr Topic ctk_environment[] = {debug_topic, cache_topic};
constexpr Topic ctk_files[] = {config_file, cache_file};
constexpr Topic ctk_statuses[] = {success, failure, {"3", "There is no such command."}};
constexpr Lines ctk_see_also[] = {"nvidia-container-runtime(8)", "nvidia-cdi-hook(8)", "nvbox(1)"};

// nvidia-docker.

CommandPage describe_docker() {
  CommandPage page;
  page.options = {
      {.words = {"--print"}, .help = "Only print the docker command that would be run."}};
  page.commands = {{.names = {"run"}, .summary = "docker run with the GPUs of NV_GPU."},
                   {.names = {"create"}, .summary = "docker create with the GPUs of NV_GPU."}};
  return page;
}

constexpr Lines docker_synopsis[] = {"[--print] [DOCKER OPTION...] COMMAND [ARGUMENT...]"};
constexpr Lines docker_paragraphs[] = {
    "Becomes docker with the same arguments. Where the command starts a container, the GPUs that "
    "NV_GPU names are added behind it; all GPUs where NV_GPU is not set. A GPU that this host does "
    "not have is refused before docker starts."};
constexpr Topic docker_environment[] = {
    {"NV_GPU", "Indices, ranges, UUIDs, PCI addresses or MIG devices, with commas or blanks."},
    {"NV_MODE",
     "How docker is asked: runtime, cdi or gpus. Unless set, the first that daemon.json, CDI "
     "specifications and PATH allow."},
    {"NV_DOCKER", "The command, split at blanks (sudo docker); docker unless set."},
    {"NV_DEBUG", "Not empty: shows the command on standard error."},
    {"NV_COMPAT", "strict: exactly what nvidia-docker 2 did, its mistakes included."},
    debug_topic};
constexpr Topic docker_statuses[] = {{"126, 127", "docker cannot be executed, or is not there."},
                                     {"1", "The GPUs that are asked for cannot be had."},
                                     {"other", "docker's."}};
constexpr Lines docker_see[] = {"docker(1)", "nvidia-container-runtime(8)", "nvbox(1)"};

constexpr cli::ManualPage runtime_page = {.section = "8",
                                          .version = {},
                                          .synopsis = runtime_synopsis,
                                          .paragraphs = runtime_paragraphs,
                                          .environment = runtime_environment,
                                          .files = runtime_files,
                                          .exit_statuses = runtime_statuses,
                                          .see_also = runtime_see_also};

constexpr cli::ManualPage prestart_hook_page = {.section = "8",
                                                .version = {},
                                                .paragraphs = prestart_hook_paragraphs,
                                                .environment = hook_environment,
                                                .files = hook_files,
                                                .exit_statuses = hook_statuses,
                                                .see_also = hook_see};

constexpr std::array manuals = {
    Manual{"nvbox",
           describe_nvbox,
           {.section = "1",
            .version = {},
            .synopsis = nvbox_synopsis,
            .paragraphs = nvbox_paragraphs,
            .exit_statuses = nvbox_statuses,
            .see_also = nvbox_see}},
    Manual{"nvbox-hook",
           describe_nothing,
           {.section = "8",
            .version = {},
            .synopsis = own_hook_synopsis,
            .paragraphs = own_hook_paragraphs,
            .exit_statuses = plain_statuses,
            .see_also = runtime_see}},
    Manual{"nvidia-cdi-hook",
           describe_nvidia_cdi_hook,
           {.section = "8",
            .version = {},
            .paragraphs = cdi_hook_paragraphs,
            .environment = debug_environment,
            .exit_statuses = plain_statuses,
            .see_also = ctk_see}},
    Manual{"nvidia-container-cli",
           describe_nvidia_container_cli,
           {.section = "1",
            .version = {},
            .paragraphs = cli_paragraphs,
            .environment = cli_environment,
            .files = cli_files,
            .exit_statuses = plain_statuses,
            .see_also = cli_see}},
    Manual{"nvidia-container-runtime", describe_runtime, runtime_page},
    Manual{"nvidia-container-runtime-hook", describe_prestart_hook, prestart_hook_page},
    Manual{"nvidia-container-runtime.cdi", describe_runtime, runtime_page},
    Manual{"nvidia-container-runtime.experimental", describe_runtime, runtime_page},
    Manual{"nvidia-container-runtime.legacy", describe_runtime, runtime_page},
    Manual{"nvidia-container-toolkit", describe_prestart_hook, prestart_hook_page},
    Manual{"nvidia-ctk",
           describe_nvidia_ctk,
           {.section = "1",
            .version = {},
            .paragraphs = ctk_paragraphs,
            .environment = ctk_environment,
            .files = ctk_files,
            .exit_statuses = ctk_statuses,
            .see_also = ctk_see_also}},
    Manual{"nvidia-docker",
           describe_docker,
           {.section = "1",
            .version = {},
            .synopsis = docker_synopsis,
            .paragraphs = docker_paragraphs,
            .environment = docker_environment,
            .exit_statuses = docker_statuses,
            .see_also = docker_see}},
};
static_assert(std::ranges::is_sorted(manuals, {}, &Manual::name));

CommandPage page_of(const Applet& applet, const Manual& manual) {
  CommandPage page = manual.describe();
  page.names = {std::string(applet.name)};
  page.summary = applet.summary;
  return page;
}

const Manual* find_manual(std::string_view name) {
  const auto found = std::ranges::find(manuals, name, &Manual::name);
  return found == manuals.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Manual> all_manuals() {
  return manuals;
}

Result<std::string> manual_of(std::string_view name) {
  const Applet* const applet = find_applet(name);
  const Manual* const manual = find_manual(name);
  if (applet == nullptr || manual == nullptr) {
    return Error(cat("no applet ", quote(name))).hint("'nvbox --list' prints what there is");
  }
  cli::ManualPage page = manual->page;
  page.version = version();
  page.date = commit_date();
  return cli::man_text(page, page_of(*applet, *manual));
}

std::string manual_file(const Manual& manual) {
  return cat("man", manual.page.section, "/", manual.name, ".", manual.page.section);
}

Result<std::string> completion_for(std::string_view shell) {
  constexpr std::string_view starter = "nvbox";
  std::vector<CommandPage> programs;
  for (const Manual& manual : manuals) {
    const Applet* const applet = find_applet(manual.name);
    if (applet == nullptr || applet->group == Group::internal) continue;
    programs.push_back(page_of(*applet, manual));
  }
  if (shell == "bash") return cli::bash_completion(starter, programs);
  if (shell == "zsh") return cli::zsh_completion(starter, programs);
  return Error(cat("no completion for ", quote(shell))).hint("known are bash and zsh");
}

}  // namespace nvbox::applets
