#include "worker/data/catalog.h"

#include <sys/stat.h>

#include <thread>

#include "gmock/gmock.h"
#include "proto/contract/dataset_name.h"
#include "proto/contract/digest.h"
#include "tests/support/temp_dir.h"
#include "tests/worker/data/sample_files.h"
#include "worker/data/raw_dataset.h"

namespace basin::worker::data {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;

class CatalogTest : public testing::Test {
 protected:
  const fs::path& dir() const { return folder_.path(); }

  std::unique_ptr<Catalog> Open() {
    auto catalog = Catalog::Open(dir());
    EXPECT_TRUE(catalog.ok()) << catalog.status();
    return *std::move(catalog);
  }

  static std::vector<std::string> NamesBesideTheSynthetic(const Catalog& catalog) {
    std::vector<std::string> names;
    for (const auto& [name, digest] : catalog.Digests()) {
      if (name.rfind(contract::kSyntheticPrefix, 0) != 0) names.push_back(name);
    }
    return names;
  }

  // The message of a load that must fail so.
  static std::string FaultOf(const Catalog& catalog, const std::string& name, absl::StatusCode code) {
    const auto dataset = catalog.Load(name);
    EXPECT_EQ(dataset.status().code(), code) << dataset.status();
    return std::string(dataset.status().message());
  }

 private:
  tests::TempDir folder_;
};

TEST_F(CatalogTest, HasDigitsWithoutAnyDataDir) {
  for (const fs::path& path : {fs::path(), dir() / "absent"}) {
    const auto catalog = Catalog::Open(path);
    ASSERT_TRUE(catalog.ok()) << catalog.status();
    EXPECT_THAT(NamesBesideTheSynthetic(**catalog), ElementsAre("digits"));
    const auto digits = (*catalog)->Load("digits");
    ASSERT_TRUE(digits.ok()) << digits.status();
    EXPECT_EQ((*digits)->digest, (*catalog)->Digests()["digits"]);
  }
}

TEST_F(CatalogTest, RefusesADataDirThatIsNoFolder) {
  WriteFile(dir() / "file", "");
  EXPECT_EQ(Catalog::Open(dir() / "file").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(CatalogTest, LoadsIdxFiles) {
  WriteIdxDataset(dir() / "tiny");
  const auto catalog = Open();
  const auto dataset = catalog->Load("tiny");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->name, "tiny");
  EXPECT_EQ((*dataset)->digest, catalog->Digests()["tiny"]);
  EXPECT_THAT((*dataset)->train.labels, ElementsAre(0, 1, 2, 0, 1, 2));
}

TEST_F(CatalogTest, LoadsPackedIdxFiles) {
  WriteIdxDataset(dir() / "tiny");
  fs::remove(dir() / "tiny/train-images-idx3-ubyte");
  WriteFile(dir() / "tiny/train-images-idx3-ubyte.gz", Gzip(IdxImages(6)));
  const auto dataset = Open()->Load("tiny");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(BytesOf((*dataset)->train)[35], 35);
}

TEST_F(CatalogTest, LoadsCsvFiles) {
  WriteFile(dir() / "table.v1.csv", "1,2,yes\n3,4,no\n");
  const auto catalog = Open();
  const auto dataset = catalog->Load("table.v1");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->classes, 2);
  EXPECT_EQ(catalog->Digests()["table.v1"], contract::Sha256Hex("1,2,yes\n3,4,no\n"));
}

TEST_F(CatalogTest, DigestOfAFolderIsThatOfSha256sumsOutput) {
  WriteIdxDataset(dir() / "tiny");
  const std::string sums = contract::Sha256Hex(IdxImages(6)) + "  train-images-idx3-ubyte\n" +
                           contract::Sha256Hex(IdxLabels({0, 1, 2, 0, 1, 2})) + "  train-labels-idx1-ubyte\n" +
                           contract::Sha256Hex(IdxImages(2)) + "  t10k-images-idx3-ubyte\n" +
                           contract::Sha256Hex(IdxLabels({2, 0})) + "  t10k-labels-idx1-ubyte\n";
  EXPECT_EQ(Open()->Digests()["tiny"], contract::Sha256Hex(sums));
}

TEST_F(CatalogTest, LoadsOnceAlsoFromManyThreads) {
  WriteIdxDataset(dir() / "tiny");
  const auto catalog = Open();
  std::vector<std::shared_ptr<const RawDataset>> got(8);
  std::vector<std::thread> threads;
  for (auto& slot : got) threads.emplace_back([&] { slot = *catalog->Load("tiny"); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& dataset : got) EXPECT_EQ(dataset, got[0]);
}

TEST_F(CatalogTest, AnUnknownNameIsAnsweredWithTheKnownOnes) {
  WriteIdxDataset(dir() / "tiny");
  EXPECT_THAT(FaultOf(*Open(), "tinny", absl::StatusCode::kNotFound), HasSubstr("it has digits, tiny"));
}

TEST_F(CatalogTest, NamesAreNeverPaths) {
  WriteIdxDataset(dir() / "data/tiny");
  WriteFile(dir() / "secret.csv", "1,0\n2,1\n");
  const auto catalog = Catalog::Open(dir() / "data");
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  for (const char* name : {"../secret", "./tiny", "tiny/", "/etc/passwd", "", ".", "..", "data/../tiny"}) {
    FaultOf(**catalog, name, absl::StatusCode::kNotFound);
  }
}

TEST_F(CatalogTest, FilesWhoseNamesAreNoNamesAreLeftOut) {
  WriteFile(dir() / ".hidden.csv", "1,0\n2,1\n");
  WriteFile(dir() / "a space.csv", "1,0\n2,1\n");
  WriteFile(dir() / "notes.txt", "1,0\n2,1\n");
  WriteFile(dir() / (std::string(129, 'x') + ".csv"), "1,0\n2,1\n");
  fs::create_directory(dir() / "empty");
  EXPECT_THAT(NamesBesideTheSynthetic(*Open()), ElementsAre("digits"));
}

TEST_F(CatalogTest, LinksAreNotFollowed) {
  tests::TempDir outside;
  WriteIdxDataset(outside.path() / "tiny");
  WriteFile(outside.path() / "table.csv", "1,0\n2,1\n");
  fs::create_directory_symlink(outside.path() / "tiny", dir() / "folder");
  fs::create_symlink(outside.path() / "table.csv", dir() / "table.csv");
  const auto catalog = Open();
  EXPECT_THAT(NamesBesideTheSynthetic(*catalog), ElementsAre("digits"));
  EXPECT_THAT(FaultOf(*catalog, "folder", absl::StatusCode::kNotFound), HasSubstr("is a link"));
  EXPECT_THAT(FaultOf(*catalog, "table", absl::StatusCode::kNotFound), HasSubstr("is a link"));
}

TEST_F(CatalogTest, LinksInsideAFolderAreNotFollowed) {
  tests::TempDir outside;
  WriteFile(outside.path() / "labels", IdxLabels({0, 1, 2, 0, 1, 2}));
  WriteIdxDataset(dir() / "tiny");
  fs::remove(dir() / "tiny/train-labels-idx1-ubyte");
  fs::create_symlink(outside.path() / "labels", dir() / "tiny/train-labels-idx1-ubyte");
  EXPECT_THAT(FaultOf(*Open(), "tiny", absl::StatusCode::kDataLoss),
              StartsWith("tiny/train-labels-idx1-ubyte: is a link"));
}

TEST_F(CatalogTest, ALinkPutThereAfterTheScanIsNotFollowed) {
  tests::TempDir outside;
  WriteIdxDataset(outside.path() / "tiny");
  WriteIdxDataset(dir() / "tiny");
  const auto catalog = Open();
  fs::remove_all(dir() / "tiny");
  fs::create_directory_symlink(outside.path() / "tiny", dir() / "tiny");
  EXPECT_THAT(FaultOf(*catalog, "tiny", absl::StatusCode::kDataLoss), HasSubstr("links are not followed"));
}

TEST_F(CatalogTest, APipeIsNotWaitedFor) {
  WriteIdxDataset(dir() / "tiny");
  fs::remove(dir() / "tiny/t10k-labels-idx1-ubyte");
  ASSERT_EQ(mkfifo((dir() / "tiny/t10k-labels-idx1-ubyte").c_str(), 0600), 0);
  EXPECT_THAT(FaultOf(*Open(), "tiny", absl::StatusCode::kDataLoss),
              StartsWith("tiny/t10k-labels-idx1-ubyte: is not a regular file"));
}

TEST_F(CatalogTest, ADamagedSetIsListedAndItsLoadingNamesTheFile) {
  WriteIdxDataset(dir() / "tiny");
  WriteFile(dir() / "tiny/t10k-images-idx3-ubyte", IdxImages(2).substr(0, 20));
  const auto catalog = Open();
  EXPECT_EQ(catalog->Digests().count("tiny"), 1u);
  EXPECT_THAT(FaultOf(*catalog, "tiny", absl::StatusCode::kDataLoss),
              StartsWith("tiny/t10k-images-idx3-ubyte: is cut off"));
}

TEST_F(CatalogTest, AMissingFileIsDamage) {
  WriteIdxDataset(dir() / "tiny");
  fs::remove(dir() / "tiny/train-labels-idx1-ubyte");
  const auto catalog = Open();
  EXPECT_EQ(catalog->Digests().count("tiny"), 1u);
  EXPECT_EQ(FaultOf(*catalog, "tiny", absl::StatusCode::kDataLoss), "tiny/train-labels-idx1-ubyte: is missing");
}

TEST_F(CatalogTest, GarbageInAPackedFileIsDamage) {
  WriteIdxDataset(dir() / "tiny");
  fs::remove(dir() / "tiny/train-labels-idx1-ubyte");
  WriteFile(dir() / "tiny/train-labels-idx1-ubyte.gz", "garbage");
  EXPECT_THAT(FaultOf(*Open(), "tiny", absl::StatusCode::kDataLoss),
              StartsWith("tiny/train-labels-idx1-ubyte.gz: is not sound gzip data"));
}

TEST_F(CatalogTest, DamageDoneAfterTheScanIsFoundOnLoading) {
  WriteFile(dir() / "table.csv", "1,0\n2,1\n");
  const auto catalog = Open();
  WriteFile(dir() / "table.csv", "1,0\nnan,1\n");
  EXPECT_THAT(FaultOf(*catalog, "table", absl::StatusCode::kDataLoss), StartsWith("table.csv: line 2, column 1: "));
}

TEST_F(CatalogTest, SoundDataOfAnotherDigestIsNotServedUnderTheOldOne) {
  WriteFile(dir() / "table.csv", "1,0\n2,1\n");
  const auto catalog = Open();
  WriteFile(dir() / "table.csv", "1,0\n3,1\n");
  EXPECT_THAT(FaultOf(*catalog, "table", absl::StatusCode::kUnavailable), HasSubstr("have changed"));
}

TEST_F(CatalogTest, AFailedLoadIsTriedAgain) {
  WriteFile(dir() / "table.csv", "1,0\n2,1\n");
  const auto catalog = Open();
  fs::rename(dir() / "table.csv", dir() / "away");
  FaultOf(*catalog, "table", absl::StatusCode::kDataLoss);
  fs::rename(dir() / "away", dir() / "table.csv");
  EXPECT_TRUE(catalog->Load("table").ok());
}

TEST_F(CatalogTest, AFolderAndATableOfOneNameAreAmbiguous) {
  WriteIdxDataset(dir() / "twice");
  WriteFile(dir() / "twice.csv", "1,0\n2,1\n");
  EXPECT_THAT(FaultOf(*Open(), "twice", absl::StatusCode::kNotFound), HasSubstr("both a folder twice and a file"));
}

TEST_F(CatalogTest, TheBuiltInNameIsNotTakenOver) {
  WriteFile(dir() / "digits.csv", "1,0\n2,1\n");
  const auto digits = Open()->Load("digits");
  ASSERT_TRUE(digits.ok()) << digits.status();
  EXPECT_EQ((*digits)->train.labels.size(), 1797u);
}

TEST_F(CatalogTest, EveryWorkerHasTheSyntheticSets) {
  const auto digests = Open()->Digests();
  for (const char* source : {"two_spirals", "moons", "blobs", "teacher"}) {
    EXPECT_EQ(digests.count(contract::kSyntheticPrefix + std::string(source)), 1u) << source;
  }
}

TEST_F(CatalogTest, SyntheticNamesAreNeitherStoredNorLoaded) {
  WriteFile(dir() / "synthetic.moons.csv", "1,0\n2,1\n");
  EXPECT_THAT(FaultOf(*Open(), "synthetic.moons", absl::StatusCode::kInvalidArgument),
              HasSubstr("write `dataset: {moons: {}}`"));
}

TEST_F(CatalogTest, LoadsCifarFoldersAlsoPacked) {
  for (int i = 1; i <= 5; ++i) {
    WriteFile(dir() / ("c10/data_batch_" + std::to_string(i) + ".bin"), CifarRecord({static_cast<uint8_t>(i)}));
  }
  WriteFile(dir() / "c10/test_batch.bin.gz", Gzip(CifarRecord({0})));
  WriteFile(dir() / "c100/train.bin", CifarRecord({0, 7}));
  WriteFile(dir() / "c100/test.bin", CifarRecord({0, 8}));
  const auto catalog = Open();
  const auto ten = catalog->Load("c10");
  ASSERT_TRUE(ten.ok()) << ten.status();
  EXPECT_THAT((*ten)->train.labels, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT((*ten)->test.labels, ElementsAre(0));
  const auto hundred = catalog->Load("c100");
  ASSERT_TRUE(hundred.ok()) << hundred.status();
  EXPECT_THAT((*hundred)->test.labels, ElementsAre(8));
}

TEST_F(CatalogTest, LoadsNpyFoldersWithAndWithoutATestPart) {
  const std::string x = Npy<float>("<f4", "(2, 1)", {1, 2}), y = Npy<int64_t>("<i8", "(2,)", {0, 1});
  for (const char* folder : {"alone", "both"}) {
    WriteFile(dir() / folder / "x_train.npy", x);
    WriteFile(dir() / folder / "y_train.npy", y);
  }
  WriteFile(dir() / "both/x_test.npy", x);
  WriteFile(dir() / "both/y_test.npy", y);
  const auto catalog = Open();
  ASSERT_TRUE(catalog->Load("alone").ok()) << catalog->Load("alone").status();
  EXPECT_TRUE((*catalog->Load("alone"))->test.labels.empty());
  ASSERT_TRUE(catalog->Load("both").ok()) << catalog->Load("both").status();
  EXPECT_EQ((*catalog->Load("both"))->test.labels.size(), 2u);
}

// A digest that is kept is announced without reading; one that is wrong is found out when the set is loaded.
TEST_F(CatalogTest, KeptDigestsAreAnnouncedAndThoseThatAreWrongForgotten) {
  const fs::path table = dir() / "data" / "t.csv", digests = dir() / "digests";
  fs::create_directories(table.parent_path());
  WriteFile(table, "a,b,class\n1,2,0\n3,4,1\n");
  struct stat status;
  ASSERT_EQ(stat(table.c_str(), &status), 0);
  const std::string wrong(64, 'b');
  const auto nanoseconds = [](const timespec& time) {
    return std::to_string(int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec);
  };
  WriteFile(digests, "basin-digests-1\n" + std::to_string(status.st_dev) + " " + std::to_string(status.st_ino) + " " +
                         std::to_string(status.st_size) + " " + nanoseconds(status.st_mtim) + " " +
                         nanoseconds(status.st_ctim) + " " + wrong + "\n");
  {
    const auto catalog = Catalog::Open(table.parent_path(), digests);
    ASSERT_TRUE(catalog.ok()) << catalog.status();
    EXPECT_EQ((*catalog)->Digests()["t"], wrong);
    EXPECT_TRUE(fs::exists(digests));
    EXPECT_THAT(FaultOf(**catalog, "t", absl::StatusCode::kUnavailable), HasSubstr("start it again"));
  }
  const auto again = Catalog::Open(table.parent_path(), digests);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->Digests()["t"], contract::Sha256Hex("a,b,class\n1,2,0\n3,4,1\n"));
  EXPECT_TRUE((*again)->Load("t").ok());
}

}  // namespace
}  // namespace basin::worker::data
