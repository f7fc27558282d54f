//go:build !linux

package listen

import (
	"errors"
	"net"
	"syscall"
)

// Elsewhere there is one socket per address, bound without options. On a machine
// with several addresses bind each of them and not the wildcard: replies leave
// from the address that the system prefers.
const (
	canShare = false
	hasMmsg  = false

	controlSize = 0
)

func socketOptions(string, string, syscall.RawConn) error { return nil }

func receiveDrops(*net.UDPConn) uint64 { return 0 }

func replyControl([]byte) []byte { return nil }

func newMmsg(*net.UDPConn) (backend, error) {
	return nil, errors.New("recvmmsg needs Linux") // Config refuses it before
}
