#include "server/runtime/endpoint_file.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace basin::server::runtime {
namespace {

TEST(EndpointFileTest, HoldsTheAddressAndGoesWithTheObject) {
  const tests::TempDir dir;
  auto file = EndpointFile::Write(dir.path().string(), "127.0.0.1:4242");
  ASSERT_TRUE(file.ok()) << file.status();
  std::string text;
  std::getline(std::ifstream(dir.path() / "endpoint"), text);
  EXPECT_EQ(text, "127.0.0.1:4242");
  file->reset();
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

TEST(EndpointFileTest, AFolderThatIsMissingIsAnError) {
  EXPECT_FALSE(EndpointFile::Write("/nowhere/at/all", "127.0.0.1:4242").ok());
}

}  // namespace
}  // namespace basin::server::runtime
