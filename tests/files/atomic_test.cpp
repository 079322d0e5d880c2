// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/hash.hpp"
#include "radlads/files/atomic.hpp"
#include "support/gone_process.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace radlads::files {
namespace atomic_file_test {

using atomic_file_test = test::temporary_directory;
using atomic_directory_test = test::temporary_directory;
using strings = std::vector<std::string>;

// The nearest to a full disk a test can have anywhere: files may not grow beyond `bytes`.
class file_size_limit {
 public:
  explicit file_size_limit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limited{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limited);
  }
  ~file_size_limit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit old_ = {};
  void (*handler_)(int);
};

TEST_F(atomic_file_test, appears_whole_and_only_after_commit) {
  put("x", "old");
  {
    atomic_file file(path("x"));
    file.write("ne", 2);
    file.write("w", 1);
    EXPECT_EQ(get("x"), "old");
    file.commit();
  }
  EXPECT_EQ(get("x"), "new");
  EXPECT_EQ(list(), strings{"x"});
}

TEST_F(atomic_file_test, an_interrupted_write_leaves_the_old_file) {
  put("x", "old");
  {
    atomic_file file(path("x"));
    file.write("new", 3);
    EXPECT_EQ(list().size(), 2u);
  }
  EXPECT_EQ(get("x"), "old");
  EXPECT_EQ(list(), strings{"x"});
}

TEST_F(atomic_file_test, a_full_disk_leaves_the_old_file_and_one_clear_error) {
  put("x", "old");
  std::string message;
  {
    const file_size_limit limit(4096);
    const std::string bytes(10000, 'y');
    message = test::error_of([&] {
      atomic_file file(path("x"));
      file.write(bytes.data(), bytes.size());
      file.commit();
    });
  }
  EXPECT_EQ(message, "cannot write " + path("x").string() + ": " + system_text(EFBIG));
  EXPECT_EQ(get("x"), "old");
  EXPECT_EQ(list(), strings{"x"});
}

TEST_F(atomic_file_test, a_place_that_cannot_be_written_is_named) {
  put("file", "");
  // Below a regular file nobody may write, not even a superuser.
  const std::string below = test::error_of([&] { atomic_file file(path("file/x")); });
  EXPECT_EQ(below, "cannot write " + path("file/x").string() + ": " + system_text(ENOTDIR));
  const std::string missing = test::error_of([&] { atomic_file file(path("none/x")); });
  EXPECT_TRUE(test::says(missing, {path("none/x").string(), system_text(ENOENT)}));
  const std::string device = test::error_of([&] { atomic_file file("/dev/null"); });
  EXPECT_TRUE(test::says(device, {"/dev/null", "not a regular file"}));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(atomic_file_test, a_read_only_directory_is_named) {
  if (::geteuid() == 0) GTEST_SKIP() << "a superuser writes to read-only directories";
  std::filesystem::create_directory(path("d"));
  std::filesystem::permissions(
      path("d"), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const std::string message = test::error_of([&] { atomic_file file(path("d/x")); });
  EXPECT_TRUE(test::says(message, {path("d/x").string(), system_text(EACCES)}));
}

TEST_F(atomic_file_test, a_relative_name_without_a_directory_works) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(directory_);
  {
    atomic_file file("x");
    file.write("a", 1);
    file.commit();
  }
  std::filesystem::current_path(before);
  EXPECT_EQ(get("x"), "a");
}

TEST_F(atomic_directory_test, appears_whole_and_only_after_commit) {
  {
    // The trailing separator must not put the unfinished directory inside the final one.
    atomic_directory run(path("run/"), existing_directory::refuse);
    std::filesystem::create_directory(run.path() / "sub");
    { atomic_file(run.path() / "sub" / "a").commit(); }
    EXPECT_FALSE(std::filesystem::exists(path("run")));
    run.commit();
  }
  EXPECT_TRUE(std::filesystem::exists(path("run/sub/a")));
  EXPECT_EQ(list(), strings{"run"});
}

TEST_F(atomic_directory_test, without_commit_nothing_changes) {
  std::filesystem::create_directory(path("run"));
  put("run/old", "1");
  {
    const atomic_directory run(path("run"), existing_directory::replace);
    { atomic_file(run.path() / "new").commit(); }
  }
  EXPECT_EQ(get("run/old"), "1");
  EXPECT_EQ(list(), strings{"run"});
}

TEST_F(atomic_directory_test, replaces_all_that_was_there) {
  std::filesystem::create_directory(path("run"));
  put("run/old", "1");
  {
    atomic_directory run(path("run"), existing_directory::replace);
    { atomic_file(run.path() / "new").commit(); }
    run.commit();
  }
  EXPECT_TRUE(std::filesystem::exists(path("run/new")));
  EXPECT_FALSE(std::filesystem::exists(path("run/old")));
  EXPECT_EQ(list(), strings{"run"});
}

TEST_F(atomic_directory_test, refuses_what_it_would_destroy) {
  std::filesystem::create_directory(path("run"));
  { atomic_directory(path("run"), existing_directory::refuse).commit(); }
  put("run/old", "1");
  const std::string full =
      test::error_of([&] { atomic_directory run(path("run"), existing_directory::refuse); });
  EXPECT_TRUE(test::says(full, {path("run").string(), "not empty"}));
  put("file", "");
  const std::string file =
      test::error_of([&] { atomic_directory run(path("file"), existing_directory::replace); });
  EXPECT_TRUE(test::says(file, {path("file").string(), "a file of that name exists"}));
  const std::string missing =
      test::error_of([&] { atomic_directory run(path("none/run"), existing_directory::replace); });
  EXPECT_TRUE(test::says(missing, {path("none/run").string(), system_text(ENOENT)}));
  EXPECT_EQ(list(), (strings{"file", "run"}));
}

TEST_F(atomic_file_test, removes_what_an_earlier_process_left_of_the_same_file) {
  put("x.partial" + test::gone_suffix(), "half");
  put("y.partial" + test::gone_suffix(), "half");
  put("x.partial-mine", "mine");
  { atomic_file(path("x")).commit(); }
  EXPECT_EQ(list().size(), 3u);
  EXPECT_EQ(get("x.partial-mine"), "mine");
  EXPECT_EQ(get("x"), "");
}

TEST_F(atomic_file_test, hashes_what_it_writes) {
  atomic_file file(path("x"));
  const std::string bytes(1000, 'y');
  file.write(bytes.data(), 300);
  file.write(bytes.data() + 300, 700);
  EXPECT_EQ(file.hash(), stream_hash().update(bytes).value());
}

TEST_F(atomic_directory_test, undoes_an_exchange_that_was_cut_short) {
  // As a process leaves it that ends between the two renames; an earlier one had been left before.
  const std::string gone = std::to_string(test::gone_process());
  for (const char* ticks : {"8", "9"}) {
    std::filesystem::create_directory(path("run.old-" + gone + "-" + ticks));
    put("run.old-" + gone + "-" + ticks + "/a", ticks);
  }
  std::filesystem::create_directory(path("run.partial-" + gone + "-10"));
  std::filesystem::create_directory(path("run.old-mine"));
  { atomic_directory run(path("run"), existing_directory::replace); }
  EXPECT_EQ(get("run/a"), "9");
  EXPECT_EQ(list(), (strings{"run", "run.old-mine"}));
}

TEST_F(atomic_directory_test, refuses_what_came_meanwhile) {
  atomic_directory run(path("run"), existing_directory::refuse);
  std::filesystem::create_directory(path("run"));
  put("run/mine", "1");
  EXPECT_TRUE(test::says(test::error_of([&] { run.commit(); }), {path("run").string()}));
  EXPECT_EQ(get("run/mine"), "1");
}

}  // namespace atomic_file_test
}  // namespace radlads::files
