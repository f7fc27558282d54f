package listen

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batchSize is the most datagrams that one system call moves. More would save
// little of the call's cost per datagram, and nothing of a batch is sent before
// all of it is answered.
const batchSize = 32

// mmsghdr is struct mmsghdr of recvmmsg(2); Go pads it as C does.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// mmsg moves batches by recvmmsg and sendmmsg. The descriptor stays with the
// runtime's poller: a call that would block parks the goroutine, and a deadline or
// Close wakes it.
type mmsg struct {
	raw     syscall.RawConn
	recvFn  func(fd uintptr) bool // made once: a closure per call would allocate
	sendFn  func(fd uintptr) bool
	n       int           // received
	errno   syscall.Errno // of the last call
	out     int           // to send
	sent    int
	packets [batchSize]packet

	in     [batchSize]mmsghdr
	outHdr [batchSize]mmsghdr
	inVec  [batchSize]unix.Iovec
	outVec [batchSize]unix.Iovec
	names  [batchSize]unix.RawSockaddrInet6 // large enough for IPv4 too
	bufs   [batchSize][requestSize]byte
	oob    [batchSize][controlSize]byte
}

func newMmsg(c *net.UDPConn) (backend, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	m := &mmsg{raw: raw}
	m.recvFn, m.sendFn = m.recvOnce, m.sendOnce
	for i := range m.in {
		m.inVec[i].Base = &m.bufs[i][0]
		m.inVec[i].SetLen(requestSize)
		h := &m.in[i].hdr
		h.Name = (*byte)(unsafe.Pointer(&m.names[i]))
		h.Iov = &m.inVec[i]
		h.SetIovlen(1)
		h.Control = &m.oob[i][0]
		m.packets[i].resp = make([]byte, 0, responseSize)
	}
	return m, nil
}

func (m *mmsg) recv() ([]packet, error) {
	for i := range m.in {
		h := &m.in[i].hdr
		h.Namelen = unix.SizeofSockaddrInet6
		h.SetControllen(controlSize)
	}
	if err := m.raw.Read(m.recvFn); err != nil {
		return nil, err
	}
	if m.errno != 0 {
		return nil, os.NewSyscallError("recvmmsg", m.errno)
	}
	for i := range m.packets[:m.n] {
		p := &m.packets[i]
		p.req = m.bufs[i][:m.in[i].n]
		p.from = m.sender(i)
	}
	return m.packets[:m.n], nil
}

// recvOnce is one recvmmsg; false asks the poller to wait. Syscall6 and not
// RawSyscall6: the raw form hides a long call from the scheduler.
func (m *mmsg) recvOnce(fd uintptr) bool {
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&m.in[0])), batchSize, unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false
		}
		m.n, m.errno = int(n), errno
		return true
	}
}

// sender reads a socket address.
func (m *mmsg) sender(i int) netip.AddrPort {
	sa := &m.names[i]
	switch sa.Family {
	case unix.AF_INET:
		sa4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
		return netip.AddrPortFrom(netip.AddrFrom4(sa4.Addr), ntohs(sa4.Port))
	case unix.AF_INET6:
		// The zone of a link-local address is left out: it would have to be made
		// text, and nothing but the reply needs it, which goes to the raw address.
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), ntohs(sa.Port))
	}
	return netip.AddrPort{}
}

// ntohs reads a port that lies in memory in network order.
func ntohs(p uint16) uint16 {
	return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&p))[:])
}

func (m *mmsg) send() error {
	m.out, m.sent = 0, 0
	for i := range m.packets[:m.n] {
		resp := m.packets[i].resp
		if len(resp) == 0 {
			continue
		}
		in, h := &m.in[i].hdr, &m.outHdr[m.out].hdr
		v := &m.outVec[m.out]
		v.Base = &resp[0]
		v.SetLen(len(resp))
		h.Name, h.Namelen = in.Name, in.Namelen
		h.Iov = v
		h.SetIovlen(1)
		h.Control, h.Controllen = nil, 0
		if oob := replyControl(m.oob[i][:in.Controllen]); len(oob) > 0 {
			h.Control = &oob[0]
			h.SetControllen(len(oob))
		}
		m.out++
	}
	for m.sent < m.out {
		if err := m.raw.Write(m.sendFn); err != nil {
			return err
		}
		if m.errno != 0 {
			// sendmmsg stops at the first datagram that it cannot send and tells why
			// only when that is the first of the call: leave it out and go on.
			m.sent++
		}
	}
	return nil
}

func (m *mmsg) sendOnce(fd uintptr) bool {
	for {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&m.outHdr[m.sent])), uintptr(m.out-m.sent), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false
		case 0:
			m.sent += int(n)
		}
		m.errno = errno
		return true
	}
}
