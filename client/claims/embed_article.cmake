# cmake -D FOLDER=... -D OUT=... -P embed_article.cmake: the folder's YAML files as the source of ArticleFiles.
file(GLOB files ${FOLDER}/*.yaml)
set(source "#include \"client/claims/article.h\"\n
namespace basin::client::claims {\n
const std::map<std::string, std::string>& ArticleFiles() {
  static const auto* const files = new std::map<std::string, std::string>{\n")
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND source "{\"${name}\", R\"article(${text})article\"},\n")
endforeach()
string(APPEND source "  };\n  return *files;\n}\n\n}  // namespace basin::client::claims\n")
file(WRITE ${OUT} "${source}")
