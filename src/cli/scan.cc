#include <getopt.h>

#include <algorithm>

#include "base/text.h"
#include "cli/options.h"

namespace nvbox::cli {
namespace {

using Asks = Scanned::Asks;

// Values of getopt_long for what has no letter: the row's position above these.
constexpr int help_value = 0x100;
constexpr int usage_value = 0x101;
constexpr int version_value = 0x102;
constexpr int first_row_value = 0x200;
// What getopt_long returns for a word that is not an option when the string begins with '-'.
constexpr int operand_value = 1;

int kind_of(Takes takes) {
  switch (takes) {
    case Takes::nothing:
      return no_argument;
    case Takes::value:
      return required_argument;
    case Takes::optional_value:
      return optional_argument;
  }
  return no_argument;
}

// The tables in getopt's form, and the arguments as it wants them.
class Getopt {
 public:
  Getopt(std::span<const Row> rows, Operands operands, std::span<const std::string_view> arguments)
      : rows_(rows), letters_(operands == Operands::end_options ? "+:?V" : "-:?V") {
    for (size_t i = 0; i < rows.size(); ++i) add(rows[i], static_cast<int>(i));
    for (const auto& [name, value] : common) {
      names_.emplace_back(name);
      values_.emplace_back(no_argument, value);
    }
    for (size_t i = 0; i < names_.size(); ++i) {
      options_.push_back({names_[i].c_str(), values_[i].first, nullptr, values_[i].second});
    }
    options_.push_back({});
    words_.emplace_back("");
    words_.insert(words_.end(), arguments.begin(), arguments.end());
    for (std::string& word : words_) argv_.push_back(word.data());
    argv_.push_back(nullptr);
  }

  Result<Scanned> run() {
    Scanned out;
    opterr = 0;
    optind = 0;  // glibc's way to start anew
    while (out.asks == Asks::nothing) {
      optopt = 0;
      place_ = std::max(optind, 1);
      const int count = static_cast<int>(words_.size());
      // NOLINTNEXTLINE(concurrency-mt-unsafe): the program has one thread.
      const int value =
          getopt_long(count, argv_.data(), letters_.c_str(), options_.data(), nullptr);
      if (value == -1) break;
      if (auto wrong = mistake(value)) return std::move(*wrong);
      take(value, out);
    }
    for (size_t i = static_cast<size_t>(optind); i < words_.size(); ++i) {
      if (out.asks == Asks::nothing) out.operands.emplace_back(argv_[i]);
    }
    return out;
  }

 private:
  static constexpr std::pair<std::string_view, int> common[] = {
      {"help", help_value}, {"usage", usage_value}, {"version", version_value}};

  void add(const Row& row, int position) {
    names_.emplace_back(row.name);
    values_.emplace_back(kind_of(row.takes), first_row_value + position);
    if (row.letter == 0) return;
    letters_ += row.letter;
    letters_.append(static_cast<size_t>(kind_of(row.takes)), ':');
  }

  // The position of the row that a value of getopt_long stands for.
  size_t row_of(int value) const {
    if (value >= first_row_value) return static_cast<size_t>(value - first_row_value);
    const auto row = std::ranges::find(rows_, static_cast<char>(value), &Row::letter);
    return static_cast<size_t>(row - rows_.begin());
  }

  void take(int value, Scanned& out) const {
    if (value == operand_value) {
      out.operands.emplace_back(optarg);
    } else if (value == help_value || value == '?') {
      out.asks = Asks::help;
    } else if (value == usage_value) {
      out.asks = Asks::usage;
    } else if (value == version_value || value == 'V') {
      out.asks = Asks::version;
    } else {
      Given given = {row_of(value)};
      if (optarg != nullptr) given.value = optarg;
      out.options.push_back(std::move(given));
    }
  }

  // getopt_long returns '?' for what is wrong and for the option -?, and sets optopt for the
  // former.
  std::optional<Error> mistake(int value) const {
    const std::string_view word = words_[static_cast<size_t>(place_)];
    const bool is_long = word.starts_with("--");
    if (value == ':') {
      if (is_long) return Error(cat("option '", word, "' requires an argument"));
      return Error(cat("option requires an argument -- '", static_cast<char>(optopt), "'"));
    }
    if (value != '?') return std::nullopt;
    if (!is_long) {
      if (optopt == 0 || optopt == '?') return std::nullopt;
      return Error(cat("invalid option -- '", static_cast<char>(optopt), "'"));
    }
    const std::string_view name = word.substr(0, word.find('='));
    if (optopt != 0) return Error(cat("option '", name, "' doesn't allow an argument"));
    return unknown(name);
  }

  Error unknown(std::string_view name) const {
    std::string possible;
    std::vector<std::string_view> all;
    for (const std::string& each : names_) {
      if (each.starts_with(name.substr(2))) possible += cat(" '--", each, "'");
      all.emplace_back(each);
    }
    if (!possible.empty()) {
      return Error(cat("option '", name, "' is ambiguous; possibilities:", possible));
    }
    Error error(cat("unrecognized option '", printable(name), "'"));
    const auto near = did_you_mean(name.substr(2), all);
    return near ? std::move(error).hint(cat("did you mean '--", *near, "'?")) : error;
  }

  std::span<const Row> rows_;
  std::string letters_;
  std::vector<std::string> names_;
  std::vector<std::pair<int, int>> values_;  // kind of argument, value to return
  std::vector<struct option> options_;
  std::vector<std::string> words_;
  std::vector<char*> argv_;
  int place_ = 1;  // of the word that is being looked at
};

}  // namespace

Result<Scanned> scan(std::span<const Row> rows, Operands operands,
                     std::span<const std::string_view> arguments) {
  Result<Scanned> scanned = Getopt(rows, operands, arguments).run();
  if (!scanned || operands != Operands::none) return scanned;
  if (scanned->asks == Asks::nothing && !scanned->operands.empty()) {
    return Error("Too many arguments");
  }
  return scanned;
}

}  // namespace nvbox::cli
