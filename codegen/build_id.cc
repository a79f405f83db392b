// Reads the NT_GNU_BUILD_ID note (ELF gABI, "Note Section") of a loaded file from its program headers.
#include "codegen/build_id.h"

#include <elf.h>
#include <link.h>

#include <cstdint>
#include <cstring>
#include <string_view>

namespace nnc {
namespace {

struct Search {
  uintptr_t address;
  std::string id;
};

size_t aligned(size_t size) { return (size + 3) / 4 * 4; }

bool covers(const dl_phdr_info& file, uintptr_t address) {
  for (int i = 0; i < file.dlpi_phnum; ++i) {
    const ElfW(Phdr)& h = file.dlpi_phdr[i];
    uintptr_t begin = file.dlpi_addr + h.p_vaddr;
    if (h.p_type == PT_LOAD && address >= begin && address - begin < h.p_memsz) return true;
  }
  return false;
}

// A note is its header, the owner's name and the contents, each padded to four bytes.
std::string find_build_id(std::string_view notes) {
  ElfW(Nhdr) note;
  while (notes.size() >= sizeof note) {
    std::memcpy(&note, notes.data(), sizeof note);
    size_t name = aligned(note.n_namesz), contents = aligned(note.n_descsz);
    if (notes.size() - sizeof note < name + contents) break;
    bool gnu = std::string_view(notes.data() + sizeof note, note.n_namesz) == std::string_view("GNU", 4);
    if (gnu && note.n_type == NT_GNU_BUILD_ID)
      return std::string(notes.substr(sizeof note + name, note.n_descsz));
    notes.remove_prefix(sizeof note + name + contents);
  }
  return "";
}

int visit(dl_phdr_info* file, size_t, void* data) {
  auto& search = *static_cast<Search*>(data);
  if (!covers(*file, search.address)) return 0;
  for (int i = 0; i < file->dlpi_phnum && search.id.empty(); ++i) {
    const ElfW(Phdr)& h = file->dlpi_phdr[i];
    if (h.p_type != PT_NOTE) continue;
    auto* begin = reinterpret_cast<const char*>(file->dlpi_addr + h.p_vaddr);
    search.id = find_build_id({begin, h.p_memsz});
  }
  return 1;
}

}  // namespace

std::string build_id_of(const void* address) {
  Search search{reinterpret_cast<uintptr_t>(address), ""};
  dl_iterate_phdr(visit, &search);
  return search.id;
}

}  // namespace nnc
