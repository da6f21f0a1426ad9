#pragma once

#include <string>
#include <string_view>

namespace basin::server::observe {

// One connection to a listener of this machine, in the hands of a caller who may mean ill.
class HttpPeer {
 public:
  // `from`: its own address.
  explicit HttpPeer(int port, const std::string& from = "127.0.0.1");
  ~HttpPeer();
  HttpPeer(const HttpPeer&) = delete;
  HttpPeer& operator=(const HttpPeer&) = delete;

  // False: the other side has ended the connection.
  bool Send(std::string_view text);
  // Whether the other side has ended it. Takes what has come in.
  bool IsEnded();

  struct Answer {
    int status = 0;  // 0: none came.
    std::string header, body;
  };
  // Sends a request and waits, at most a minute, for its answer.
  Answer Ask(const std::string& path, const std::string& method = "GET");

 private:
  // Until `size` bytes are there, or the end.
  void ReceiveUpTo(size_t size);

  int socket_;
  std::string received_;
};

}  // namespace basin::server::observe
