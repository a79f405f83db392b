#include "tests/tools/browser.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>

namespace nnc {
namespace {

namespace fs = std::filesystem;

std::string output_of(const std::string& command, int& status) {
  FILE* pipe = popen((command + " 2>/dev/null </dev/null").c_str(), "r");
  std::string out;
  std::array<char, 4096> buffer;
  while (size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), n);
  int raw = pclose(pipe);
  status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
  return out;
}

std::string find_browser() {
  int status = 0;
  for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
    std::string path = output_of(std::string("command -v ") + name, status);
    if (status == 0) return path.substr(0, path.find('\n'));
  }
  return "";
}

const std::string& browser() {
  static const std::string path = find_browser();
  return path;
}

std::string dom_of(const std::string& url, int width, int& status) {
  static const std::string profile = (fs::temp_directory_path() / "nnc_browser_XXXXXX").string();
  std::string folder = profile;
  std::string options =
      " --headless --no-sandbox --disable-gpu --user-data-dir=" + std::string(mkdtemp(folder.data())) +
      " --window-size=" + std::to_string(width) + ",1000 --dump-dom ";
  std::string out = output_of(browser() + options + url, status);
  fs::remove_all(folder);
  return out;
}

// Boxes of text are taller than their letters: a few pixels may be shared.
constexpr const char* kMeasure = R"(<script>
let texts = 0, overlaps = 0, outside = 0;
for (const svg of document.querySelectorAll("svg")) {
  const around = svg.getBoundingClientRect();
  const boxes = [...svg.querySelectorAll("text")].map(t => t.getBoundingClientRect());
  texts += boxes.length;
  boxes.forEach((a, i) => {
    if (a.left < around.left - 1 || a.right > around.right + 1 || a.top < around.top - 3 || a.bottom > around.bottom + 3) ++outside;
    for (const b of boxes.slice(0, i))
      if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3) ++overlaps;
  });
}
const wider = document.documentElement.scrollWidth - document.documentElement.clientWidth;
document.body.append(`measured ${texts} ${overlaps} ${outside} ${wider}`);
</script>)";

}  // namespace

std::string no_browser() {
  if (browser().empty()) return "there is no Chromium to render with";
  static int status = -1;
  if (status == -1) dom_of("about:blank", 800, status);
  return status == 0 ? "" : browser() + " does not start";
}

Layout layout_of(const std::string& markup, int width) {
  std::string name = (fs::temp_directory_path() / "nnc_page_XXXXXX.html").string();
  int fd = mkstemps(name.data(), 5), status = 0;
  close(fd);
  std::ofstream(name) << markup << kMeasure;
  Layout out{.document = dom_of("file://" + name, width, status)};
  fs::remove(name);
  std::smatch m;
  static const std::regex measured("measured (\\d+) (\\d+) (\\d+) (\\d+)");
  if (!std::regex_search(out.document, m, measured)) return {.texts = -1, .document = out.document};
  out.texts = std::stoi(m[1]), out.overlaps = std::stoi(m[2]), out.outside = std::stoi(m[3]),
  out.wider = std::stoi(m[4]);
  return out;
}

}  // namespace nnc
