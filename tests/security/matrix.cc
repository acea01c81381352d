// Every place of an image x every trap x every program that works there x every kind of container:
// a program may refuse or do its work, but nothing of the host changes, shows or is mounted, and
// nothing waits, crashes or grows.
//
//     matrix NVBOX            cases in which every two of place, trap, program and container meet
//     matrix --all NVBOX      the whole product, as with NVBOX_LONG=1
//     matrix --naive PROGRAM  PROGRAM does the same jobs without care: each trap has to be found
//     matrix --only TEXT ...  cases whose name has TEXT in it
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include "base/text.h"
#include "matrix_run.h"

namespace nvbox::test::matrix {
namespace {

constexpr int skipped = 77;
constexpr size_t processes = 2;
constexpr int real_seconds = 20;
// Enough to tell that a program waits for ever; that a slow machine may make another one look so
// does no harm to a test that wants findings.
constexpr int naive_seconds = 1;

struct Settled {
  Subject subject{};
  std::string only{};
  bool is_whole = false;
};

// What processes tell each other, by lines in a pipe; a line has less than PIPE_BUF bytes, which
// pipe(7) keeps together.
constexpr size_t longest_line = 3000;

void tell(int pipe, const std::string& line) {
  const std::string whole = cat(shortened(printable(line), longest_line), "\n");
  if (write(pipe, whole.data(), whole.size()) < 0) _exit(1);
}

Limits limits_for(const Subject& subject) {
  return {.seconds = subject.is_careless ? naive_seconds : real_seconds};
}

// In a process of the case's own. The status says whether the host may be used again.
int judge(const Case& item, size_t number, const Subject& subject, const Snapshot& host, int pipe) {
  std::vector<Finding> findings;
  try {
    findings = run_case(item, subject, limits_for(subject), host);
  } catch (const std::exception& error) {
    findings = {{Check::harness, error.what()}};
  }
  for (const Finding& finding : findings) {
    tell(pipe, cat("finding ", number, " ", name_of(finding.check), " ", finding.detail));
  }
  tell(pipe, cat("case ", number));
  return findings.empty() ? 0 : 1;
}

// Every `processes`th case from `first` on, until one leaves something behind. Returns the number
// of the first case that is left.
size_t run_on_one_host(std::span<const Case> cases, size_t first, const Settled& settled,
                       int pipe) {
  const Snapshot host = snapshot("/");
  size_t number = first;
  while (number < cases.size()) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      _exit(judge(cases[number], number, settled.subject, host, pipe));
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) tell(pipe, cat("finding ", number, " harness it was killed"));
    number += processes;
    // Whoever a program left behind, so that this first process of its namespace collects them.
    while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
    if (status != 0) return number;
  }
  return number;
}

// A host of its own, in namespaces that end with it. The number of the next case, or the end.
size_t run_in_namespaces(std::span<const Case> cases, size_t first, const Settled& settled,
                         const std::string& scratch, int pipe) {
  int numbers[2];
  require(pipe2(numbers, O_CLOEXEC) == 0, "pipe");
  // As fork(2), with the child as the first process of a PID namespace.
  const long child = syscall(SYS_clone, SIGCHLD | CLONE_NEWNS | CLONE_NEWPID, 0, 0, 0, 0);
  require(child >= 0, "clone");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      enter_host(scratch, settled.subject);
      const size_t next = run_on_one_host(cases, first, settled, pipe);
      _exit(write(numbers[1], &next, sizeof next) == sizeof next ? 0 : 1);
    } catch (const std::exception& error) {
      tell(pipe, cat("finding ", first, " harness ", std::string_view(error.what())));
    }
    _exit(1);
  }
  close(numbers[1]);
  size_t next = cases.size();
  if (read(numbers[0], &next, sizeof next) != sizeof next) next = cases.size();
  close(numbers[0]);
  int status = 0;
  waitpid(static_cast<pid_t>(child), &status, 0);
  if (status != 0) tell(pipe, cat("finding ", first, " harness the host's first process ended"));
  return next;
}

struct Report {
  size_t cases = 0;
  std::map<size_t, std::set<std::string>> found{};  // by the number of the case
  std::set<std::string> lines{};
};

void take_line(std::string_view line, std::span<const Case> cases, Report& report) {
  const std::vector<std::string_view> words = split(line, ' ');
  if (words.size() < 2) return;
  const size_t number = parse_number<size_t>(words[1]).value_or(0);
  if (words[0] == "case") ++report.cases;
  if (words[0] != "finding" || number >= cases.size() || words.size() < 3) return;
  report.found[number].insert(std::string(words[2]));
  const size_t detail = words[0].size() + words[1].size() + 2;
  report.lines.insert(cat(cases[number].name(), ": ", line.substr(detail)));
}

Report run(std::span<const Case> cases, const Settled& settled) {
  std::string scratch = (std::filesystem::temp_directory_path() / "nvbox-matrix-XXXXXX").string();
  require(mkdtemp(scratch.data()) != nullptr, "mkdtemp");
  int pipes[2];
  require(pipe2(pipes, O_CLOEXEC) == 0, "pipe");
  for (size_t job = 0; job < processes; ++job) {
    if (fork() != 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    size_t next = job;
    while (next < cases.size()) {
      next = run_in_namespaces(cases, next, settled, scratch, pipes[1]);
    }
    _exit(0);
  }
  close(pipes[1]);
  Report report;
  FILE* const lines = fdopen(pipes[0], "r");
  char* line = nullptr;
  size_t room = 0;
  while (getline(&line, &room, lines) > 0) take_line(trim(line), cases, report);
  free(line);
  fclose(lines);
  while (wait(nullptr) > 0) continue;
  rmdir(scratch.c_str());
  return report;
}

bool found_any(const Report& report, std::span<const Case> cases, Check check,
               const std::function<bool(const Case&)>& suits) {
  return std::ranges::any_of(report.found, [&](const auto& entry) {
    return suits(cases[entry.first]) && entry.second.contains(std::string(name_of(check)));
  });
}

// What the careless program has to be found to do, and is not.
std::vector<std::string> not_found(const Report& report, std::span<const Case> cases) {
  std::vector<std::string> missing;
  for (const Trap& trap : traps()) {
    const auto suits = [&](const Case& item) { return item.trap == &trap; };
    if (trap.bites && !found_any(report, cases, *trap.bites, suits)) {
      missing.push_back(cat(name_of(*trap.bites), " by ", trap.name));
    }
  }
  for (const Check check : mistakes) {
    if (!found_any(report, cases, check, [](const Case&) { return true; })) {
      missing.emplace_back(name_of(check));
    }
  }
  for (const Path& path : paths()) {
    const bool is_found = std::ranges::any_of(
        report.found, [&](const auto& entry) { return cases[entry.first].path == &path; });
    if (!is_found) missing.push_back(cat("anything in ", path.name));
  }
  // Nor may it be found guilty where there is no trap: that would be the tests' own doing.
  for (const auto& [number, checks] : report.found) {
    const Case& item = cases[number];
    const bool is_innocent = !item.trap->bites && !item.path->is_hostile_itself;
    if (is_innocent) missing.push_back(cat("innocence in ", item.name()));
    if (checks.contains("harness")) missing.push_back(cat("a case: ", item.name()));
  }
  return missing;
}

int conclude_naive(const Report& report, std::span<const Case> cases, bool is_part) {
  std::map<std::string, size_t> counts;
  for (const auto& [number, checks] : report.found) {
    for (const std::string& check : checks) ++counts[check];
  }
  std::string text;
  for (const auto& [check, count] : counts) text += cat(" ", check, "=", count);
  std::printf("matrix: %zu of %zu cases, found in a careless program:%s\n", report.cases,
              cases.size(), text.c_str());
  const std::vector<std::string> missing =
      is_part ? std::vector<std::string>() : not_found(report, cases);
  for (const std::string& what : missing) std::printf("matrix: not found: %s\n", what.c_str());
  return missing.empty() && report.cases == cases.size() ? 0 : 1;
}

int conclude(const Report& report, std::span<const Case> cases) {
  std::printf("matrix: %zu of %zu cases, %zu with findings\n", report.cases, cases.size(),
              report.found.size());
  return report.found.empty() && report.cases == cases.size() ? 0 : 1;
}

// It needs what the tests in tests/namespaced need.
bool must_run() {
  const char* labels = std::getenv("NVBOX_MUST_RUN");
  return labels != nullptr && std::string_view(labels).contains("namespaced");
}

std::vector<Case> chosen(const Settled& settled) {
  std::vector<Case> cases = settled.is_whole ? every_case() : usual_cases();
  const std::optional<std::string> missing = missing_pair(cases);
  if (missing) throw std::runtime_error(cat("no case has ", *missing));
  std::erase_if(cases, [&](const Case& item) { return !item.name().contains(settled.only); });
  return cases;
}

Settled settle(int argc, char** argv) {
  Settled out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--all") {
      out.is_whole = true;
    } else if (word == "--naive") {
      out.subject.is_careless = true;
    } else if (word == "--only" && i + 1 < argc) {
      out.only = argv[++i];
    } else {
      out.subject.file = std::filesystem::absolute(argv[i]);
    }
  }
  if (out.subject.file.empty()) throw std::runtime_error("no program is named");
  const char* const is_long = std::getenv("NVBOX_LONG");
  // A careless program waits in thousands of the cases.
  const bool is_asked = is_long != nullptr && std::string_view(is_long) == "1";
  if (is_asked && !out.subject.is_careless) out.is_whole = true;
  return out;
}

int main_of(int argc, char** argv) {
  const Settled settled = settle(argc, argv);
  if (geteuid() != 0) {
    std::printf("skipped: nodes and the host's mounts can be made by root only\n");
    return must_run() ? 1 : skipped;
  }
  const std::vector<Case> cases = chosen(settled);
  const Report report = run(cases, settled);
  const bool tells_all = !settled.subject.is_careless || !settled.only.empty();
  for (const std::string& line : report.lines) {
    if (tells_all || line.contains(": harness ")) std::printf("%s\n", line.c_str());
  }
  return settled.subject.is_careless ? conclude_naive(report, cases, !settled.only.empty())
                                     : conclude(report, cases);
}

}  // namespace
}  // namespace nvbox::test::matrix

int main(int argc, char** argv) {
  try {
    return nvbox::test::matrix::main_of(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "matrix: %s\n", error.what());
    return 1;
  }
}
