#include "runtime/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "ir/error.h"

namespace nnc {
namespace {

/// The holder removes the file before it lets go: whoever waited at the door may hold a file without a name.
bool still_named(int fd, const std::string& name) {
  struct stat held {
  }, named{};
  return ::fstat(fd, &held) == 0 && ::stat(name.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
         held.st_dev == named.st_dev;
}

}  // namespace

FileLock::FileLock(const std::string& path) : name_(path + ".lock") {
  for (;;) {
    fd_ = ::open(name_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd_ < 0) throw Error(fmt::format("{}: cannot write in this folder: {}", name_, std::strerror(errno)));
    bool locked = ::flock(fd_, LOCK_EX | LOCK_NB) == 0;
    if (locked && still_named(fd_, name_)) return;
    ::close(fd_);
    fd_ = -1;
    if (!locked) {
      throw Error(fmt::format("{}: another run is writing this", path),
                  {"wait for it to end, or give this run another name to write to"});
    }
  }
}

FileLock::~FileLock() {
  if (fd_ < 0) return;
  ::unlink(name_.c_str());
  ::close(fd_);
}

}  // namespace nnc
