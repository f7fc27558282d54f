package listen

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// portable moves one datagram per system call through the net package.
type portable struct {
	conn *net.UDPConn
	one  [1]packet
	raw  netip.AddrPort // the sender as the socket named it, needed to answer
	buf  []byte
	oob  []byte
	oobn int
}

func newPortable(c *net.UDPConn) (*portable, error) {
	return &portable{
		conn: c,
		one:  [1]packet{{resp: make([]byte, 0, responseSize)}},
		buf:  make([]byte, requestSize),
		oob:  make([]byte, controlSize),
	}, nil
}

func (p *portable) recv() ([]packet, error) {
	n, oobn, _, from, err := p.conn.ReadMsgUDPAddrPort(p.buf, p.oob)
	if err != nil {
		return nil, err
	}
	p.raw, p.oobn = from, oobn
	p.one[0].req, p.one[0].from = p.buf[:n], unmap(from)
	return p.one[:], nil
}

func (p *portable) send() error {
	resp := p.one[0].resp
	if len(resp) == 0 {
		return nil
	}
	// The answer leaves from the address that was asked.
	_, _, err := p.conn.WriteMsgUDPAddrPort(resp, replyControl(p.oob[:p.oobn]), p.raw)
	if err != nil && (errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded)) {
		return err
	}
	return nil
}

// transient reports errors that ICMP left on the socket, and ones of one datagram:
// the next receive may do better.
func transient(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EHOSTUNREACH) ||
		errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EMSGSIZE) || errors.Is(err, syscall.EINTR)
}
