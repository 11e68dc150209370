// The least that fan-out can cost: one frame, sent to every socket by a loop of send(2).
// Serves what the bench's clients need of a handshake, and no more. Each frame on /control is one round.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAYLOAD_BYTES = 100, SOCKETS_MAX = 20000, EVENTS_MAX = 256, MASKED_HEADER_BYTES = 6 };

// The answer to the one key that the bench's clients have.
static const char accepted[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: n2ZGqNc7AIHfZhdL6MQavgzVNqk=\r\n\r\n";

static int readers[SOCKETS_MAX];
static int reader_count;
static int control = -1;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void publish(void) {
  static unsigned char frame[2 + PAYLOAD_BYTES] = {0x81, PAYLOAD_BYTES};
  memset(frame + 2, 'x', PAYLOAD_BYTES);
  for (int i = 0; i < reader_count; i++) {
    if (send(readers[i], frame, sizeof frame, MSG_NOSIGNAL) != sizeof frame) fail("send");
  }
}

static void receive(int socket) {
  char bytes[4096];
  ssize_t count = recv(socket, bytes, sizeof bytes - 1, 0);
  if (count <= 0) {
    close(socket); // the bench is done with it
    return;
  }
  if (socket == control) {
    for (ssize_t at = 0; at < count; at += MASKED_HEADER_BYTES + (bytes[at + 1] & 0x7F)) publish();
    return;
  }
  bytes[count] = 0;
  if (strncmp(bytes, "GET /control ", 13) == 0) {
    control = socket;
  } else if (reader_count < SOCKETS_MAX) {
    readers[reader_count++] = socket;
  }
  if (send(socket, accepted, sizeof accepted - 1, MSG_NOSIGNAL) < 0) fail("send");
}

int main(void) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) || listen(listener, 4096)) fail("listen");
  getsockname(listener, (struct sockaddr *)&address, &length);
  printf("listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);

  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS_MAX];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.fd != listener) {
        receive(events[i].data.fd);
        continue;
      }
      int one = 1, socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket < 0) fail("accept");
      setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      event.data.fd = socket;
      epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
    }
  }
}
