#include "server/access/certificate_roles.h"

#include <fstream>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace basin::server::access {
namespace {

class CertificateRolesTest : public testing::Test {
 protected:
  absl::StatusOr<CertificateRoles> Read(const std::string& text) {
    std::ofstream(path_) << text;
    return CertificateRoles::Read(path_);
  }
  tests::TempDir dir_;
  const std::string path_ = (dir_.path() / "roles").string();
};

TEST_F(CertificateRolesTest, TheFirstNameThatHasARoleCounts) {
  const auto roles = Read("# who may what\nalice submit  # of the vision group\n\nw.example.org worker\n");
  ASSERT_TRUE(roles.ok()) << roles.status();
  const std::vector<std::string> names = {"unknown", "w.example.org", "alice"};
  ASSERT_NE(roles->Find(names), nullptr);
  EXPECT_EQ(roles->Find(names)->role, Role::kWorker);
  EXPECT_EQ(roles->Find(std::vector<std::string>{"bob"}), nullptr);
  EXPECT_EQ(roles->Find({}), nullptr);
}

TEST_F(CertificateRolesTest, ALineThatIsNotOneIsNamed) {
  for (const char* text : {"alice\n", "alice king\n", "alice read write\n"}) {
    EXPECT_THAT(std::string(Read(text).status().message()), testing::HasSubstr("line 1"));
  }
  EXPECT_THAT(std::string(Read("a read\na admin\n").status().message()), testing::HasSubstr("line 2"));
}

}  // namespace
}  // namespace basin::server::access
