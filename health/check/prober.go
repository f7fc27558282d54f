package check

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/traffic"
)

// MaxResolved is how many addresses of a domain name are probed. Names with more are
// rare, and each costs a connection per probe and vantage.
const MaxResolved = 8

// Options configures a Prober. The zero value is usable.
type Options struct {
	Policy Policy
	Log    *slog.Logger // nil means slog.Default
	// Lookup resolves names; nil means the machine's resolver. Network is ip4 or ip6.
	Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
	Roots  *x509.CertPool // trusted issuers; nil means the machine's
}

// Prober runs probes. It is safe for concurrent use.
type Prober struct {
	opt    Options
	dialer net.Dialer
	icmp   [2]icmpFamily // IPv4, IPv6
}

// New returns a prober. Sockets for ping are opened by the first ping; Close ends them.
func New(opt Options) *Prober {
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	if opt.Lookup == nil {
		opt.Lookup = net.DefaultResolver.LookupNetIP
	}
	p := &Prober{opt: opt}
	p.icmp[0].v6, p.icmp[1].v6 = false, true
	p.dialer = net.Dialer{
		KeepAlive: -1, // a probe ends before the first keep-alive would be sent
		// The last place before the packet leaves, so that no path around the policy
		// exists: whatever name or redirect led here, this is the address.
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("parse %q: %w", address, err)
			}
			return p.opt.Policy.Check(ap.Addr())
		},
	}
	return p
}

// Close ends the ping sockets and waits for their readers. Probes must have ended.
func (p *Prober) Close() error {
	return errors.Join(p.icmp[0].close(), p.icmp[1].close())
}

// Probe runs one probe within the template's time limit. Only the end of ctx ends it
// earlier; the result is then Local, since nothing was learned.
//
// All addresses of a domain name are probed at the same time, at most MaxResolved,
// and the probe is good when one of them is: a client of the name gets them all and
// goes on to the next. The reason names those that are bad.
func (p *Prober) Probe(ctx context.Context, t health.Task) Result {
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, time.Duration(t.Template.Timeout))
	defer cancel()
	start := time.Now()
	r := p.probe(ctx, start, t)
	// The connection's deadline may pass a moment before the context notices.
	if d, ok := outer.Deadline(); !r.OK && (outer.Err() != nil || ok && !time.Now().Before(d)) {
		return Result{Local: true, Code: CodeLocal, Reason: "the probe was broken off", Resolved: r.Resolved}
	}
	return r
}

func (p *Prober) probe(ctx context.Context, start time.Time, t health.Task) Result {
	if ip, err := netip.ParseAddr(t.Target); err == nil {
		if want6 := t.Template.IPVersion == "IPv6"; ip.Is4() == want6 {
			return local(CodeConfig, "%v does not fit the template's ip_version %s", ip, t.Template.IPVersion)
		}
		r := p.guarded(ctx, start, t, ip)
		r.Resolved = []netip.Addr{ip}
		return r
	}
	addrs, r := p.resolve(ctx, start, t.Target, t.Template.IPVersion)
	if addrs == nil {
		return r
	}
	results := make([]Result, len(addrs))
	var wg sync.WaitGroup
	for i, a := range addrs {
		wg.Go(func() { results[i] = p.guarded(ctx, start, t, a) })
	}
	wg.Wait()
	return combine(t.Target, addrs, results)
}

// resolve returns the addresses of a name in order, or the result that says why not.
func (p *Prober) resolve(ctx context.Context, start time.Time, name, version string) ([]netip.Addr, Result) {
	network := "ip4"
	if version == "IPv6" {
		network = "ip6"
	}
	if strings.Contains(name, ".") && !strings.HasSuffix(name, ".") {
		name += "." // keeps the machine's search domains out of it
	}
	found, err := p.opt.Lookup(ctx, network, name)
	name = strings.TrimSuffix(name, ".")
	addrs := make([]netip.Addr, 0, len(found))
	for _, a := range found {
		if a = a.Unmap(); a.Is4() == (network == "ip4") {
			addrs = append(addrs, a)
		}
	}
	if err == nil && len(addrs) > 0 {
		slices.SortFunc(addrs, netip.Addr.Compare)
		addrs = slices.Compact(addrs)
		return addrs[:min(len(addrs), MaxResolved)], Result{}
	}
	r := bad(start, CodeDNS, "%s has no %s address", name, version)
	var de *net.DNSError
	switch {
	case err == nil || errors.As(err, &de) && de.IsNotFound:
	case isTimeout(ctx, err):
		r = Result{Code: CodeDNS, Silent: true, Reason: fmt.Sprintf("%s was not resolved within the time limit of %v", name, limitOf(ctx, start))}
	default:
		r.Reason = fmt.Sprintf("%s does not resolve: %v", name, dnsCause(err))
		r.Reached, r.Silent = false, true
	}
	return nil, r
}

func dnsCause(err error) string {
	var de *net.DNSError
	if errors.As(err, &de) {
		return de.Err
	}
	return err.Error()
}

// combine is the rule for several addresses: good when one is good.
func combine(name string, addrs []netip.Addr, results []Result) Result {
	out := Result{Resolved: addrs, Local: true}
	var bads []string
	for i, r := range results {
		if !r.OK {
			bads = append(bads, fmt.Sprintf("%v: %s", addrs[i], r.Reason))
		}
		out.Reached = out.Reached || r.Reached
		better := r.OK && (!out.OK || r.Latency < out.Latency) // the fastest good one
		// Else the first that the target is to blame for; a local fault only when all are.
		if better || !r.OK && !out.OK && (out.Code == "" || out.Local && !r.Local) {
			out.OK, out.Latency, out.Code = r.OK, r.Latency, r.Code
			out.Local, out.Silent = r.Local, r.Silent
		} else if !r.OK && !out.OK && !r.Local {
			out.Silent = out.Silent && r.Silent
		}
	}
	if len(bads) > 0 {
		out.Reason = fmt.Sprintf("%d of %d addresses of %s are bad: %s", len(bads), len(addrs), name, strings.Join(bads, "; "))
	}
	return out
}

// guarded probes one address and survives defects.
func (p *Prober) guarded(ctx context.Context, start time.Time, t health.Task, ip netip.Addr) (r Result) {
	defer func() {
		if v := recover(); v != nil {
			p.opt.Log.Error("probe panicked", "task", t.Key.String(), "panic", v, "stack", string(debug.Stack()))
			r = bad(start, CodePanic, "the prober has a defect: %v", v)
		}
	}()
	if err := p.opt.Policy.Check(ip); err != nil {
		return local(CodeDenied, "%v", err)
	}
	switch t.Template.Protocol {
	case traffic.Ping:
		return p.ping(ctx, start, t.Template.Ping, ip)
	case traffic.TCP:
		return p.tcp(ctx, start, t.Template.TCP, netip.AddrPortFrom(ip, uint16(t.Key.Port)))
	case traffic.HTTP, traffic.HTTPS:
		return p.http(ctx, start, t, ip)
	}
	return local(CodeConfig, "this release has no probe for protocol %q", t.Template.Protocol)
}

// dial connects; the deadline of ctx holds for the connection's whole life.
func (p *Prober) dial(ctx context.Context, ap netip.AddrPort) (net.Conn, error) {
	c, err := p.dialer.DialContext(ctx, "tcp", ap.String())
	if err != nil {
		return nil, err
	}
	if d, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(d); err != nil {
			c.Close()
			return nil, err
		}
	}
	return c, nil
}

// breakOff makes c fail as soon as ctx ends early; the function returned undoes that.
func breakOff(ctx context.Context, c net.Conn) func() {
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	return func() { stop() }
}
