#pragma once

#include <map>
#include <string>

namespace basin::client::claims {

// The files of deploy/examples/article by their names, as they were when the client was built.
const std::map<std::string, std::string>& ArticleFiles();

}  // namespace basin::client::claims
