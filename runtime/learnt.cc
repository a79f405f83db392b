#include "runtime/learnt.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ir/error.h"

namespace nnc {
namespace {

using nlohmann::json;

constexpr const char* kKey = "learnt";

json json_of(const Preparation& p) {
  json out{{"kind", p.kind}, {"column", p.column}};
  if (!p.numbers.empty()) out["numbers"] = p.numbers;
  if (!p.names.empty()) out["names"] = p.names;
  return out;
}

Preparation preparation_from(const json& j) {
  Preparation out{j.at("kind"), j.at("column")};
  if (j.contains("numbers")) j.at("numbers").get_to(out.numbers);
  if (j.contains("names")) j.at("names").get_to(out.names);
  return out;
}

json json_of(const Learnt& learnt) {
  json out{{"fields", learnt.fields}, {"names", learnt.names}, {"preparations", json::array()}};
  for (const Preparation& p : learnt.preparations) out["preparations"].push_back(json_of(p));
  out["columns"] = learnt.columns;
  out["text"] = learnt.text;
  return out;
}

Learnt learnt_from(const json& j) {
  Learnt out;
  j.at("fields").get_to(out.fields);
  j.at("names").get_to(out.names);
  for (const json& p : j.at("preparations")) out.preparations.push_back(preparation_from(p));
  j.at("columns").get_to(out.columns);
  j.at("text").get_to(out.text);
  return out;
}

}  // namespace

std::vector<std::string> Learnt::names_of(const std::string& field) const {
  auto columns = fields.find(field);
  if (columns == fields.end() || columns->second.size() != 1) return {};
  auto found = names.find(columns->second[0]);
  return found == names.end() ? std::vector<std::string>() : found->second;
}

std::vector<std::string> Learnt::numbers() const {
  std::vector<std::string> out;
  for (const auto& [field, columns] : fields) {
    for (const std::string& c : columns) {
      if (std::ranges::find(text, c) == text.end()) out.push_back(c);
    }
  }
  return out;
}

void add_learnt(Metadata& metadata, const Learnt& learnt) {
  if (learnt.empty()) return;
  try {
    metadata[kKey] = json_of(learnt).dump();
  } catch (const json::exception& e) {
    throw Error("a name in the data is not UTF-8 text, so it cannot be kept with the weights",
                {"convert the data, as with: iconv -f latin1 -t utf8"});
  }
}

std::optional<Learnt> find_learnt(const Metadata& metadata, const std::string& path) {
  auto entry = metadata.find(kKey);
  if (entry == metadata.end()) return std::nullopt;
  try {
    return learnt_from(json::parse(entry->second));
  } catch (const json::exception& e) {
    throw Error(fmt::format("{}: '{}' in its metadata is damaged: {}", path, kKey, e.what()));
  }
}

}  // namespace nnc
