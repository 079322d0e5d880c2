// SPDX-License-Identifier: Apache-2.0
// A library to preload that lets the n-th call of a kind go wrong: calls that change files below a
// directory, or allocations. A test arms it in a child process (faults.hpp); a program under test
// finds the same in its environment:
//   RADLADS_FAULTS_UNDER=DIR  RADLADS_FAULTS_DO=fail|broken|full|kill|count  RADLADS_FAULTS_AT=N
//   RADLADS_FAULTS_LOG=FILE   one line for every call: its name and the path

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

enum class action { none, fail, broken, full, kill, count };

struct plan {
  char under[4096];
  action what;
  long at;
  long seen;
  long allocation_at;
  std::size_t allocation_size;
  long allocations;
  int log;
};
plan armed = {"", action::none, 0, 0, 0, 0, 0, -1};

template <class F>
F real(const char* name) {
  return reinterpret_cast<F>(::dlsym(RTLD_NEXT, name));
}

action action_of(const char* name) {
  if (std::strcmp(name, "fail") == 0) return action::fail;
  if (std::strcmp(name, "broken") == 0) return action::broken;
  if (std::strcmp(name, "full") == 0) return action::full;
  if (std::strcmp(name, "kill") == 0) return action::kill;
  return std::strcmp(name, "count") == 0 ? action::count : action::none;
}

bool is_below(const char* path) {
  const std::size_t length = std::strlen(armed.under);
  return length > 0 && std::strncmp(path, armed.under, length) == 0;
}

void note(const char* call, const char* path) {
  if (armed.log < 0) return;
  char line[4400];
  const int length = std::snprintf(line, sizeof line, "%s %s\n", call, path);
  static const auto write_really = real<ssize_t (*)(int, const void*, std::size_t)>("write");
  (void)!write_really(armed.log, line, static_cast<std::size_t>(length));
}

/// Whether this call is to go wrong, with errno set. `takes_space`: a full disk refuses it.
bool goes_wrong(const char* call, const char* path, bool takes_space) {
  if (armed.what == action::none || !is_below(path)) return false;
  note(call, path);
  ++armed.seen;
  if (armed.what == action::count) return false;
  const bool is_now = armed.seen == armed.at;
  const bool is_past = armed.seen >= armed.at;
  if (armed.what == action::kill && is_now) ::kill(::getpid(), SIGKILL);
  errno = armed.what == action::full ? ENOSPC : armed.what == action::broken ? EROFS : EIO;
  if (armed.what == action::fail) return is_now;
  if (armed.what == action::broken) return is_past;
  return armed.what == action::full && is_past && takes_space;
}

const char* path_of(int descriptor, char (&path)[4096]) {
  char link[64];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t length = ::readlink(link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  return path;
}

const char* path_at(int directory, const char* name, char (&path)[4096]) {
  if (name[0] == '/' || directory == AT_FDCWD) return name;
  path_of(directory, path);
  const std::size_t length = std::strlen(path);
  std::snprintf(path + length, sizeof path - length, "/%s", name);
  return path;
}

bool changes(int flags) { return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0; }

bool allocation_fails(std::size_t size) {
  if (armed.allocation_at == 0 || size < armed.allocation_size) return false;
  ++armed.allocations;
  if (armed.allocations != armed.allocation_at) return false;
  errno = ENOMEM;
  return true;
}

__attribute__((constructor)) void read_environment() {
  const char* under = std::getenv("RADLADS_FAULTS_UNDER");
  const char* what = std::getenv("RADLADS_FAULTS_DO");
  const char* at = std::getenv("RADLADS_FAULTS_AT");
  const char* log = std::getenv("RADLADS_FAULTS_LOG");
  if (under == nullptr || what == nullptr) return;
  std::snprintf(armed.under, sizeof armed.under, "%s", under);
  if (log != nullptr) armed.log = ::open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  armed.at = at == nullptr ? 0 : std::atol(at);
  armed.what = action_of(what);
}

}  // namespace

extern "C" {

void radlads_faults_arm(const char* under, const char* what, long at, const char* log) {
  std::snprintf(armed.under, sizeof armed.under, "%s", under);
  if (log != nullptr) armed.log = ::open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  armed.seen = 0;
  armed.at = at;
  armed.what = action_of(what);
}

long radlads_faults_seen() { return armed.seen; }

void radlads_faults_arm_allocation(long at, std::size_t at_least) {
  armed.allocations = 0;
  armed.allocation_size = at_least;
  armed.allocation_at = at;
}

long radlads_faults_allocations() { return armed.allocations; }

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (changes(flags) && goes_wrong("open", path, true)) return -1;
  static const auto open_really = real<int (*)(const char*, int, ...)>("open");
  return open_really(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open(path, flags, mode);
}

ssize_t write(int descriptor, const void* data, std::size_t size) {
  static const auto write_really = real<ssize_t (*)(int, const void*, std::size_t)>("write");
  char path[4096];
  if (armed.what == action::none || !is_below(path_of(descriptor, path))) {
    return write_really(descriptor, data, size);
  }
  const bool was_full = armed.what == action::full && armed.seen >= armed.at;
  if (!goes_wrong("write", path, true)) return write_really(descriptor, data, size);
  // The disk takes half of the bytes before it is full.
  if (armed.what == action::full && !was_full && size > 1) {
    return write_really(descriptor, data, size / 2);
  }
  return -1;
}

// Calls are counted and fail, but nobody waits for the device: it loses no power here.
int fsync(int descriptor) {
  char path[4096];
  return goes_wrong("fsync", path_of(descriptor, path), false) ? -1 : 0;
}

int ftruncate(int descriptor, off_t size) {
  static const auto truncate_really = real<int (*)(int, off_t)>("ftruncate");
  char path[4096];
  if (goes_wrong("ftruncate", path_of(descriptor, path), false)) return -1;
  return truncate_really(descriptor, size);
}

int rename(const char* from, const char* to) {
  static const auto rename_really = real<int (*)(const char*, const char*)>("rename");
  return goes_wrong("rename", to, true) ? -1 : rename_really(from, to);
}

int mkdir(const char* path, mode_t mode) {
  static const auto mkdir_really = real<int (*)(const char*, mode_t)>("mkdir");
  return goes_wrong("mkdir", path, true) ? -1 : mkdir_really(path, mode);
}

int unlink(const char* path) {
  static const auto unlink_really = real<int (*)(const char*)>("unlink");
  return goes_wrong("unlink", path, false) ? -1 : unlink_really(path);
}

int unlinkat(int directory, const char* name, int flags) {
  static const auto unlink_really = real<int (*)(int, const char*, int)>("unlinkat");
  char path[4096];
  if (goes_wrong("unlink", path_at(directory, name, path), false)) return -1;
  return unlink_really(directory, name, flags);
}

int remove(const char* path) {
  static const auto remove_really = real<int (*)(const char*)>("remove");
  return goes_wrong("unlink", path, false) ? -1 : remove_really(path);
}

int rmdir(const char* path) {
  static const auto rmdir_really = real<int (*)(const char*)>("rmdir");
  return goes_wrong("unlink", path, false) ? -1 : rmdir_really(path);
}

void* malloc(std::size_t size) { return allocation_fails(size) ? nullptr : __libc_malloc(size); }

void* calloc(std::size_t count, std::size_t size) {
  return allocation_fails(count * size) ? nullptr : __libc_calloc(count, size);
}

void* realloc(void* old, std::size_t size) {
  return allocation_fails(size) ? nullptr : __libc_realloc(old, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
  return allocation_fails(size) ? nullptr : __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }

int posix_memalign(void** place, std::size_t alignment, std::size_t size) {
  *place = memalign(alignment, size);
  return *place == nullptr ? ENOMEM : 0;
}

}  // extern "C"
