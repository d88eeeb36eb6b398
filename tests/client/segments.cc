// A file of its own, because the system's two headers of this option cannot be included together.
#include "tests/client/segments.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "zab/base/check.h"

namespace holdfast::client::test {

std::uint32_t segments_received(int socket) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  HOLDFAST_CHECK(getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0, "TCP_INFO");
  return info.tcpi_data_segs_in;
}

}  // namespace holdfast::client::test
