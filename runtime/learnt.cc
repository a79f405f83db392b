#include "runtime/learnt.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ir/error.h"

namespace nnc {
namespace {

using nlohmann::json;

constexpr const char* kKey = "learnt";

}  // namespace

std::vector<std::string> Learnt::names_of(const std::string& field) const {
  auto columns = fields.find(field);
  if (columns == fields.end() || columns->second.size() != 1) return {};
  auto found = names.find(columns->second[0]);
  return found == names.end() ? std::vector<std::string>() : found->second;
}

void add_learnt(Metadata& metadata, const Learnt& learnt) {
  if (learnt.empty()) return;
  try {
    metadata[kKey] = json{{"fields", learnt.fields}, {"names", learnt.names}}.dump();
  } catch (const json::exception& e) {
    throw Error("a name in the data is not UTF-8 text, so it cannot be kept with the weights",
                {"convert the data, as with: iconv -f latin1 -t utf8"});
  }
}

std::optional<Learnt> find_learnt(const Metadata& metadata, const std::string& path) {
  auto entry = metadata.find(kKey);
  if (entry == metadata.end()) return std::nullopt;
  try {
    json all = json::parse(entry->second);
    Learnt out;
    all.at("fields").get_to(out.fields);
    all.at("names").get_to(out.names);
    return out;
  } catch (const json::exception& e) {
    throw Error(fmt::format("{}: '{}' in its metadata is damaged: {}", path, kKey, e.what()));
  }
}

}  // namespace nnc
