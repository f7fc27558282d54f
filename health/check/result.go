package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// Codes of results: stable words for metrics, filters and scripts.
const (
	CodeTimeout     = "timeout"     // no answer within the template's time limit
	CodeRefused     = "refused"     // the port is closed
	CodeReset       = "reset"       // the peer broke the connection
	CodeClosed      = "closed"      // the peer closed before it had answered
	CodeUnreachable = "unreachable" // a router says that the target cannot be reached
	CodeLoss        = "loss"        // too many echo requests were lost
	CodeStatus      = "status"      // an HTTP status that is not expected
	CodeBody        = "body"        // the reply lacks the expected text
	CodeProtocol    = "protocol"    // the reply is not HTTP
	CodeRedirect    = "redirect"    // too many redirects, or one that cannot be followed
	CodeTLS         = "tls"         // the handshake or the certificate's chain or name is bad
	CodeExpired     = "expired"     // the certificate has expired, or does so too soon
	CodeDNS         = "dns"         // the target's name does not resolve
	CodeDenied      = "denied"      // the target policy refuses the address
	CodeLocal       = "local"       // this machine cannot probe: no route, no permission, no resources
	CodeConfig      = "config"      // an option cannot be used here, like a header file that is missing
	CodePanic       = "panic"       // a defect in the prober
)

// Result is the outcome of one probe.
type Result struct {
	OK      bool
	Latency time.Duration // of the whole probe; ping: mean round trip; 0 when nothing came back
	Code    string        // one of the Code words, "" when OK
	Reason  string        // a sentence for people, "" when OK
	// Resolved are the addresses that were probed, of a domain name at most MaxResolved.
	Resolved []netip.Addr

	// Local tells that the probe says nothing about the target: the fault is here.
	Local bool
	// Silent tells that the failure could as well be this machine's network: nothing
	// came back in time. Reached tells that something did come back at some point.
	Silent, Reached bool
}

func good(start time.Time) Result {
	return Result{OK: true, Reached: true, Latency: time.Since(start)}
}

// bad is a failure that the target itself has shown.
func bad(start time.Time, code, format string, args ...any) Result {
	return Result{Reached: true, Latency: time.Since(start), Code: code, Reason: fmt.Sprintf(format, args...)}
}

// local is a failure that says nothing about the target.
func local(code, format string, args ...any) Result {
	return Result{Local: true, Code: code, Reason: fmt.Sprintf(format, args...)}
}

// failure turns an error of the network into a result. The phase completes the
// sentence "the time limit of 2s passed while ...". connected tells whether the peer
// had answered before.
func failure(ctx context.Context, start time.Time, addr netip.AddrPort, phase string, connected bool, err error) Result {
	r := Result{Reached: connected}
	if connected {
		r.Latency = time.Since(start)
	}
	var denied *DeniedError
	switch {
	case errors.As(err, &denied):
		return local(CodeDenied, "%v", denied)
	case localErrno(err):
		return local(CodeLocal, "this prober cannot reach %v: %v", addr.Addr(), rootCause(err))
	case isTimeout(ctx, err):
		r.Code, r.Silent = CodeTimeout, true
		r.Reason = fmt.Sprintf("no answer within the time limit of %v while %s", limitOf(ctx, start), phase)
	case errors.Is(err, syscall.ECONNREFUSED):
		// The refusal itself is an answer: the machine is there, the service is not.
		r.Code, r.Reached, r.Latency = CodeRefused, true, time.Since(start)
		r.Reason = fmt.Sprintf("%v refuses connections", addr)
		return r
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		r.Code, r.Reached, r.Latency = CodeReset, true, time.Since(start)
		r.Reason = fmt.Sprintf("%v broke the connection while %s", addr, phase)
		return r
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		r.Code, r.Silent = CodeUnreachable, true
		r.Reason = fmt.Sprintf("%v is unreachable", addr.Addr())
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		r.Code, r.Reached, r.Latency = CodeClosed, true, time.Since(start)
		r.Reason = fmt.Sprintf("%v closed the connection while %s", addr, phase)
		return r
	default:
		r.Code = CodeProtocol
		if !connected {
			r.Code, r.Silent = CodeUnreachable, true
		}
		r.Reason = fmt.Sprintf("%v failed while %s: %v", addr, phase, rootCause(err))
	}
	// What looks like a silent target may be a cable pulled here meanwhile. Asking the
	// routing table costs microseconds and tells the two apart.
	if err := routeTo(addr.Addr()); err != nil {
		return local(CodeLocal, "this prober has no route to %v: %v", addr.Addr(), rootCause(err))
	}
	return r
}

// localErrno tells errors that this machine's kernel gives without asking the network.
// ENETUNREACH and EHOSTUNREACH may also come from a router's ICMP message, so those
// are left to routeTo.
func localErrno(err error) bool {
	for _, e := range []error{syscall.EPERM, syscall.EACCES, syscall.EADDRNOTAVAIL, syscall.ENETDOWN,
		syscall.EAFNOSUPPORT, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRINUSE, syscall.EINVAL} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// routeTo asks the kernel for a route: connecting a UDP socket chooses one and sends nothing.
func routeTo(ip netip.Addr) error {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 9)))
	if err != nil {
		return err
	}
	return c.Close()
}

func isTimeout(ctx context.Context, err error) bool {
	var ne net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, syscall.ETIMEDOUT) || errors.As(err, &ne) && ne.Timeout() ||
		ctx.Err() != nil && errors.Is(err, net.ErrClosed)
}

func limitOf(ctx context.Context, start time.Time) time.Duration {
	if d, ok := ctx.Deadline(); ok {
		return d.Sub(start).Round(time.Millisecond)
	}
	return time.Since(start).Round(time.Millisecond)
}

// rootCause drops the layers that repeat addresses.
func rootCause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		err = sys.Err
	}
	return err
}

// Refused reports whether the error of a connection attempt is the peer's refusal,
// which proves that the network in between works.
func Refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
