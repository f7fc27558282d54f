package check

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
)

// maxReply is how much of a tcp reply is searched for the expected text.
const maxReply = 4 << 10

// tcp connects, sends what the template says and looks for the expected text.
func (p *Prober) tcp(ctx context.Context, start time.Time, opt *traffic.TCPOptions, ap netip.AddrPort) Result {
	c, err := p.dial(ctx, ap)
	if err != nil {
		return failure(ctx, start, ap, "connecting", false, err)
	}
	defer c.Close()
	defer breakOff(ctx, c)()
	if opt == nil {
		return good(start)
	}
	send, err1 := traffic.Unescape(opt.Send)
	expect, err2 := traffic.Unescape(opt.Expect)
	if err := errors.Join(err1, err2); err != nil {
		return local(CodeConfig, "the template's text cannot be used: %v", err)
	}
	if len(send) > 0 {
		if _, err := c.Write(send); err != nil {
			return failure(ctx, start, ap, "sending", true, err)
		}
	}
	if len(expect) == 0 {
		return good(start)
	}
	reply := make([]byte, 0, maxReply)
	for len(reply) < maxReply {
		n, err := c.Read(reply[len(reply):maxReply])
		reply = reply[:len(reply)+n]
		if bytes.Contains(reply, expect) {
			return good(start)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return failure(ctx, start, ap, "waiting for the expected text", true, err)
		}
	}
	return bad(start, CodeBody, "the first %d bytes of the reply do not contain %q", len(reply), opt.Expect)
}
