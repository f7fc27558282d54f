package listen

import (
	"net"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// canShare: SO_REUSEPORT spreads datagrams over the workers' sockets, and lets
	// the next process bind before this one drains.
	canShare = true
	hasMmsg  = true

	// controlSize holds one IPV6_PKTINFO and one IP_PKTINFO message.
	controlSize = 128
)

// socketOptions runs before bind. The kernel shares a port only among processes
// of one user that all ask to, so another program's port is still refused.
func socketOptions(network, _ string, raw syscall.RawConn) error {
	var err error
	ctlErr := raw.Control(func(fd uintptr) {
		f := int(fd)
		if err = unix.SetsockoptInt(f, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
			return
		}
		if !strings.HasPrefix(network, "udp") {
			return
		}
		// A dual-stack IPv6 socket reports IPv4 destinations by IP_PKTINFO, so both
		// are asked for; each fails where it does not apply.
		err4 := unix.SetsockoptInt(f, unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
		err6 := unix.SetsockoptInt(f, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
		if err4 != nil && err6 != nil {
			err = err4
			return
		}
		// Never fragment by path MTU: forged ICMP could otherwise make us send
		// fragments that can be replaced in flight (RFC 9715 §3.1). Best effort.
		_ = unix.SetsockoptInt(f, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_OMIT)
		_ = unix.SetsockoptInt(f, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_OMIT)
	})
	if ctlErr != nil {
		return ctlErr
	}
	return err
}

// memDrops is SK_MEMINFO_DROPS of linux/sock_diag.h, the last of its entries.
const memDrops = 8

// receiveDrops asks the kernel how many datagrams found no room in a socket's buffer.
func receiveDrops(c *net.UDPConn) uint64 {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	var info [memDrops + 1]uint32
	size := uint32(unsafe.Sizeof(info))
	var errno syscall.Errno
	// The error is that of a socket that is closed; then there is nothing to tell.
	_ = raw.Control(func(fd uintptr) {
		_, _, errno = unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO, uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	})
	if errno != 0 {
		return 0
	}
	return uint64(info[memDrops])
}

// replyControl turns the control messages of a request, in place, into those of
// its reply: the same, but the interface is left to the routing table, which knows
// the way back better than the way the request came. Link-local IPv6 has no way
// back without its interface.
func replyControl(oob []byte) []byte {
	for rest := oob; len(rest) >= unix.SizeofCmsghdr; {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&rest[0]))
		n := int(h.Len)
		if n < unix.SizeofCmsghdr || n > len(rest) {
			return nil
		}
		data := rest[unix.CmsgLen(0):n]
		switch {
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			clear(data[:4])
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			if linkLocal := data[0] == 0xFE && data[1]&0xC0 == 0x80; !linkLocal {
				clear(data[16:20])
			}
		}
		n = unix.CmsgSpace(n - unix.CmsgLen(0))
		if n > len(rest) {
			break
		}
		rest = rest[n:]
	}
	return oob
}
