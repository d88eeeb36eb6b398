#include "lockserver/storage/durable_env.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/storage/fault_env.h"

namespace holdfast::storage {
namespace {

using File = std::unique_ptr<leveldb::WritableFile>;

File make(DurableEnv& env, const std::string& path) {
  leveldb::WritableFile* file = nullptr;
  EXPECT_TRUE(env.NewWritableFile(path, &file).ok());
  return File(file);
}

// LevelDB deletes the log that it is done with, and nobody hears that its last sync has failed.
TEST(DurableEnvTest, AFailureThatNobodyHeardOfFailsAllThatComesLater) {
  const auto disk = std::make_shared<FaultEnv>();
  ASSERT_TRUE(disk->CreateDir("/db").ok());
  DurableEnv env(disk);
  File old_log = make(env, "/db/1.log");
  const File next_log = make(env, "/db/2.log");
  ASSERT_TRUE(old_log->Append("written").ok());
  disk->set_judge([](FaultEnv::Op op, const std::string& path) {
    return op == FaultEnv::Op::kSync ? leveldb::Status::IOError(path, "bad")
                                     : leveldb::Status::OK();
  });
  old_log.reset();
  disk->set_judge(nullptr);
  EXPECT_TRUE(env.failure().IsIOError());
  EXPECT_FALSE(next_log->Append("more").ok());
  EXPECT_FALSE(next_log->Sync().ok());
  EXPECT_FALSE(env.RenameFile("/db/2.log", "/db/3.log").ok());
}

}  // namespace
}  // namespace holdfast::storage
