// The reader builds the value from libyaml's events. A document is hostile in three ways that the
// library leaves to its caller: nesting, aliases that multiply (a few lines can stand for billions
// of nodes), and an alias inside what it stands for. Every node that is made, a copy for an alias
// or an anchor too, is paid from one budget, and an anchor exists only when its node is complete.
#include <yaml.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "data/json_members.h"
#include "data/yaml.h"
#include "data/yaml_block.h"
#include "data/yaml_scalar.h"

namespace nvbox::data {
namespace {

constexpr size_t text_of_a_node = 64;

// libyaml counts from 0.
Error fail(const yaml_mark_t& mark, std::string_view reason) {
  return Error(cat("line ", mark.line + 1, ", column ", mark.column + 1, ": ", reason));
}

std::string_view text_or_empty(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&event_); }

  yaml_event_t* get() { return &event_; }
  yaml_event_type_t type() const { return event_.type; }
  const yaml_mark_t& mark() const { return event_.start_mark; }
  const yaml_event_t& operator*() const { return event_; }

 private:
  yaml_event_t event_{};
};

// What scalars, sequences and mappings have in common.
struct Properties {
  std::string_view anchor;
  std::string_view tag;
};

std::string_view view(const yaml_char_t* text) {
  return text_or_empty(reinterpret_cast<const char*>(text));
}

Properties properties_of(const yaml_event_t& event) {
  if (event.type == YAML_SCALAR_EVENT) {
    return {view(event.data.scalar.anchor), view(event.data.scalar.tag)};
  }
  if (event.type == YAML_SEQUENCE_START_EVENT) {
    return {view(event.data.sequence_start.anchor), view(event.data.sequence_start.tag)};
  }
  return {view(event.data.mapping_start.anchor), view(event.data.mapping_start.tag)};
}

std::string_view scalar_text(const yaml_event_t& event) {
  return {reinterpret_cast<const char*>(event.data.scalar.value), event.data.scalar.length};
}

// Without quotes and without a tag.
bool is_plain(const yaml_event_t& event) {
  return event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
         event.data.scalar.plain_implicit != 0;
}

size_t weight_of(std::string_view text) {
  return 1 + text.size() / text_of_a_node;
}

// A value together with what a copy of it costs.
struct Node {
  Json value;
  size_t weight = 1;
  size_t height = 0;  // levels of sequences and mappings
};

struct Mapping {
  Json::object_t members;
  std::set<std::string, std::less<>> names{};
  std::vector<Json> merged{};  // what "<<" brings, in the order of the document
};

// An ordered object looks for the name before it adds a member, which is quadratic; names knows.
void add_member(Mapping& mapping, const std::string& name, Json value) {
  append_member(mapping.members, name, std::move(value));
}

class Reader {
 public:
  Reader(std::string_view text, const YamlLimits& limits) : text_(text), limits_(limits) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { yaml_parser_delete(&parser_); }

  Result<Json> document();

 private:
  Result<> next(Event& event);
  Error syntax_error() const;
  yaml_mark_t mark_of_byte(size_t byte) const;

  Result<> allow(const yaml_mark_t& mark, size_t depth) const;
  Result<> spend(const yaml_mark_t& mark, size_t weight);
  Result<Node> node(const Event& event, size_t depth);
  Result<Node> alias(const Event& event, size_t depth);
  Result<Node> scalar(const Event& event);
  Result<Node> sequence(size_t depth);
  Result<Node> mapping(size_t depth);
  Result<> member(const Event& key, Mapping& out, Node& whole, size_t depth);
  Result<> merge(const yaml_mark_t& mark, const Json& value, Mapping& out);
  Result<> finish(const yaml_mark_t& mark, Mapping& mapping);

  std::string_view text_;
  const YamlLimits& limits_;
  yaml_parser_t parser_{};
  size_t spent_ = 0;
  // nullopt while the node of the anchor is being read.
  std::map<std::string, std::optional<Node>, std::less<>> anchors_;
};

Result<> Reader::next(Event& event) {
  if (yaml_parser_parse(&parser_, event.get()) != 0) return {};
  return syntax_error();
}

yaml_mark_t Reader::mark_of_byte(size_t byte) const {
  const std::string_view before = text_.substr(0, byte);
  const size_t newline = before.rfind('\n');
  const size_t line_start = newline == std::string_view::npos ? 0 : newline + 1;
  return {byte, static_cast<size_t>(std::ranges::count(before, '\n')), before.size() - line_start};
}

Error Reader::syntax_error() const {
  const std::string_view problem = text_or_empty(parser_.problem);
  if (parser_.error == YAML_READER_ERROR)
    return fail(mark_of_byte(parser_.problem_offset), problem);
  if (parser_.error == YAML_MEMORY_ERROR) return Error("out of memory");
  const std::string_view context = text_or_empty(parser_.context);
  return fail(parser_.problem_mark, context.empty() ? problem : cat(problem, " ", context));
}

Result<> Reader::allow(const yaml_mark_t& mark, size_t depth) const {
  if (depth <= limits_.depth) return {};
  return fail(mark, cat("nests more than ", limits_.depth, " levels deep"));
}

Result<> Reader::spend(const yaml_mark_t& mark, size_t weight) {
  spent_ += weight;
  if (spent_ <= limits_.nodes) return {};
  return fail(mark, cat("more than ", limits_.nodes, " nodes, aliases expanded"));
}

Result<Node> Reader::alias(const Event& event, size_t depth) {
  const std::string_view name = view((*event).data.alias.anchor);
  const auto found = anchors_.find(name);
  if (found == anchors_.end()) return fail(event.mark(), cat("unknown anchor ", excerpt(name)));
  if (!found->second) return fail(event.mark(), cat("anchor ", excerpt(name), " contains itself"));
  const Node& target = *found->second;
  NVBOX_TRY(allow(event.mark(), depth - 1 + target.height));
  NVBOX_TRY(spend(event.mark(), target.weight));
  return target;
}

Result<Node> Reader::scalar(const Event& event) {
  const std::string_view text = scalar_text(*event);
  const size_t weight = weight_of(text);
  NVBOX_TRY(spend(event.mark(), weight));
  return Node{is_plain(*event) ? resolve_plain(text) : Json(text), weight};
}

void add_child(Node& parent, const Node& child) {
  parent.weight += child.weight;
  parent.height = std::max(parent.height, child.height + 1);
}

Result<Node> Reader::sequence(size_t depth) {
  Node out{.value = Json::array(), .height = 1};
  auto& elements = out.value.get_ref<Json::array_t&>();
  while (true) {
    Event event;
    NVBOX_TRY(next(event));
    if (event.type() == YAML_SEQUENCE_END_EVENT) return out;
    Node element = NVBOX_TRY(node(event, depth + 1));
    add_child(out, element);
    elements.push_back(std::move(element.value));
  }
}

Result<> Reader::merge(const yaml_mark_t& mark, const Json& value, Mapping& out) {
  if (value.is_object()) {
    out.merged.push_back(value);
    return {};
  }
  const bool is_list = value.is_array() && std::ranges::all_of(value, &Json::is_object);
  if (!is_list) return fail(mark, "\"<<\" must merge a mapping or a list of mappings");
  out.merged.insert(out.merged.end(), value.begin(), value.end());
  return {};
}

Result<> Reader::member(const Event& key, Mapping& out, Node& whole, size_t depth) {
  if (key.type() != YAML_SCALAR_EVENT) return fail(key.mark(), "a key must be a scalar");
  const std::string name(scalar_text(*key));
  const bool merges = name == "<<" && is_plain(*key);
  if (!merges && !out.names.insert(name).second) {
    return fail(key.mark(), cat("duplicate key ", excerpt(name)));
  }
  const size_t weight = weight_of(name);
  NVBOX_TRY(spend(key.mark(), weight));
  whole.weight += weight;
  Event event;
  NVBOX_TRY(next(event));
  Node value = NVBOX_TRY(node(event, depth + 1));
  add_child(whole, value);
  if (merges) return merge(event.mark(), value.value, out);
  add_member(out, name, std::move(value.value));
  return {};
}

// A member of the mapping itself wins over merged ones, and an earlier merge over a later one.
void add_merged(Mapping& mapping) {
  for (const Json& merged : mapping.merged) {
    for (const auto& [name, value] : merged.get_ref<const Json::object_t&>()) {
      if (mapping.names.insert(name).second) add_member(mapping, name, value);
    }
  }
}

Result<Node> Reader::mapping(size_t depth) {
  Node out{.value = Json(), .height = 1};
  Mapping mapping;
  while (true) {
    Event key;
    NVBOX_TRY(next(key));
    if (key.type() == YAML_MAPPING_END_EVENT) break;
    NVBOX_TRY(member(key, mapping, out, depth));
  }
  add_merged(mapping);
  out.value = std::move(mapping.members);
  return out;
}

constexpr std::string_view known_tags[] = {"", "!", YAML_STR_TAG, YAML_SEQ_TAG, YAML_MAP_TAG};

Result<Node> Reader::node(const Event& event, size_t depth) {
  if (event.type() == YAML_ALIAS_EVENT) return alias(event, depth);
  if (event.type() != YAML_SCALAR_EVENT) NVBOX_TRY(allow(event.mark(), depth));
  const auto [anchor_view, tag] = properties_of(*event);
  if (std::ranges::find(known_tags, tag) == std::end(known_tags)) {
    return fail(event.mark(), cat("the tag ", excerpt(tag), " is not supported"));
  }
  const std::string anchor(anchor_view);
  if (!anchor.empty()) anchors_[anchor].reset();
  if (event.type() != YAML_SCALAR_EVENT) NVBOX_TRY(spend(event.mark(), 1));
  Result<Node> out = event.type() == YAML_SCALAR_EVENT           ? scalar(event)
                     : event.type() == YAML_SEQUENCE_START_EVENT ? sequence(depth)
                                                                 : mapping(depth);
  if (!out || anchor.empty()) return out;
  NVBOX_TRY(spend(event.mark(), out->weight));
  anchors_[anchor] = *out;
  return out;
}

Result<Json> Reader::document() {
  if (yaml_parser_initialize(&parser_) == 0) return Error("out of memory");
  // libyaml asserts that there is a text, be it empty.
  const char* const text = text_.data() == nullptr ? "" : text_.data();
  yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text),
                               text_.size());
  Event stream_start;
  NVBOX_TRY(next(stream_start));
  Event document_start;
  NVBOX_TRY(next(document_start));
  if (document_start.type() == YAML_STREAM_END_EVENT) return Json();
  Event root;
  NVBOX_TRY(next(root));
  Node out = NVBOX_TRY(node(root, 1));
  Event document_end;
  NVBOX_TRY(next(document_end));
  Event last;
  NVBOX_TRY(next(last));
  if (last.type() != YAML_STREAM_END_EVENT) return fail(last.mark(), "a second document");
  return std::move(out.value);
}

}  // namespace

Result<Json> parse_yaml(std::string_view text, const YamlLimits& limits) {
  if (text.size() > limits.bytes) {
    return Error(
        cat("YAML document of ", text.size(), " bytes is over the limit of ", limits.bytes));
  }
  if (auto simple = read_block_yaml(text, limits)) return *std::move(simple);
  return Reader(text, limits).document();
}

}  // namespace nvbox::data
