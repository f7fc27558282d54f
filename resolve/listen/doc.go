// Package listen owns the DNS sockets: it receives requests over UDP and TCP,
// hands each to a worker's function and sends back what that returns.
//
// [Open] binds, [Sockets.Run] serves until its context ends, and then drains. The
// two are apart because a resolver without a snapshot must not bind at all.
//
// A UDP worker is one goroutine with its own socket (SO_REUSEPORT), its own
// buffers and its own [Worker]; it receives a batch, answers each request, sends
// the batch. How a batch is received and sent is a backend's matter: recvmmsg and
// sendmmsg on Linux, one datagram at a time elsewhere. Nothing above a backend
// knows which it is.
//
// The package knows no DNS but the two-octet length of TCP (RFC 1035 §4.2.2).
package listen
