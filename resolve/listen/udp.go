package listen

import (
	"errors"
	"net"
	"net/netip"
	"os"
)

// requestSize is the room for one UDP request in octets. We offer 1232 and a
// query has no reason to be near that; what is longer arrives cut short and is
// answered FORMERR.
const requestSize = 2048

// responseSize is the room for one UDP response before it must grow.
const responseSize = 4096

// packet is one datagram on its way through a worker.
type packet struct {
	req  []byte // as received, within the backend's buffer
	resp []byte // as to send; empty: nothing. Its storage is kept
	from netip.AddrPort
}

// backend receives and sends batches on one socket. Calls are made by one
// goroutine, recv and send in turn.
type backend interface {
	// recv waits for datagrams and returns how many packets it has filled; req and
	// from are valid until the next recv.
	recv() ([]packet, error)
	// send sends the responses of the packets that recv returned last. A response
	// that the system refuses to send is dropped: to its client it is a lost
	// datagram.
	send() error
}

// runUDP is the one loop over all backends.
func (s *Sockets) runUDP(c *net.UDPConn) error {
	var b backend
	var err error
	switch s.cfg.Backend {
	case Mmsg:
		b, err = newMmsg(c)
	default:
		b, err = newPortable(c)
	}
	if err != nil {
		return err
	}
	w := s.cfg.NewWorker(false)
	for {
		batch, err := b.recv()
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
				return nil
			}
			if transient(err) {
				continue
			}
			return err
		}
		w.begin()
		for i := range batch {
			p := &batch[i]
			p.resp = w.Handle(p.resp[:0], p.req, p.from, false)
		}
		w.end()
		if err := b.send(); err != nil {
			if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
				return nil
			}
			return err
		}
	}
}

// unmap turns ::ffff:192.0.2.1, as a dual-stack socket reports IPv4, into IPv4.
func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
