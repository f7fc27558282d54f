package zone_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/meridian-gtm/meridian/internal/rr"
	"github.com/meridian-gtm/meridian/resolve/dnswire"
	"github.com/meridian-gtm/meridian/resolve/listen"
	"github.com/meridian-gtm/meridian/resolve/zone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type none struct{}

// build makes zone data of a master file's text.
func build(t testing.TB, apex, text string) *zone.Data {
	t.Helper()
	records, err := rr.ReadMaster(strings.NewReader(text), apex)
	if err != nil {
		t.Fatal(err)
	}
	var list []zone.Record
	for _, r := range records {
		typ, rdata, err := rr.Parse(r.Name, r.Type, r.TTL, r.Data)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, zone.Record{Name: r.Name, Type: typ, TTL: r.TTL, RData: [][]byte{rdata}})
	}
	d, err := zone.BuildZone(apex, zone.Params{}, list)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func view(t testing.TB, zones ...*zone.Data) *zone.View[none] {
	t.Helper()
	e := zone.NewView[none]().Edit()
	for _, d := range zones {
		if err := e.PutZone(d); err != nil {
			t.Fatal(err)
		}
	}
	return e.Done()
}

// worker is what package resolve does without steering.
func worker(live *atomic.Pointer[zone.View[none]]) func(bool) listen.Worker {
	return func(bool) listen.Worker {
		var v *zone.View[none]
		p := &zone.Responder[none]{}
		return listen.Worker{
			Begin: func() { v = live.Load() },
			Handle: func(dst, req []byte, _ netip.AddrPort, tcp bool) []byte {
				if rcode := p.Query.Parse(req); rcode != dnswire.NoError {
					return p.Response.AppendError(dst, &p.Query, rcode)
				}
				return p.AnswerPlain(dst, v, p.Query.Limit(dnswire.DefaultUDP, tcp))
			},
		}
	}
}

// serve answers from v on loopback until the test ends.
func serve(t *testing.T, v *zone.View[none]) netip.AddrPort {
	t.Helper()
	var live atomic.Pointer[zone.View[none]]
	live.Store(v)
	s, err := listen.Open([]string{"127.0.0.1:0"}, listen.Config{NewWorker: worker(&live)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return s.Addrs()[0]
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is needed: apt-get install bind9-dnsutils knot-dnsutils unbound", name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

const realZone = `$TTL 300
@      SOA ns1 hostmaster 7 3600 600 86400 60
@      NS  ns1
@      NS  ns2
ns1    A   192.0.2.1
ns2    AAAA 2001:db8::2
www    CNAME Web
web    A   192.0.2.10
web    A   192.0.2.11
*.wild TXT "any"
old    DNAME web
x.old  600 TXT "hidden"
big    TXT "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
odd    TYPE65280 \# 3 010203
sub    NS  ns.sub
ns.sub A   192.0.2.53
`

func bigZone() string {
	var b strings.Builder
	b.WriteString(realZone)
	for i := range 40 {
		fmt.Fprintf(&b, "big 300 TXT \"%03d %s\"\n", i, strings.Repeat("x", 60))
	}
	return b.String()
}

func TestRealClients(t *testing.T) {
	at := serve(t, view(t, build(t, "example.com.", bigZone())))
	server, port := "@"+at.Addr().String(), fmt.Sprint(at.Port())
	for _, tc := range []struct {
		name string
		tool string
		args []string
		want []string
	}{
		{"dig sees a chain in one response and its own letter case", "dig", []string{"+norec", "WwW.example.com", "A"},
			[]string{"status: NOERROR", "flags: qr aa;", "WwW.example.com.\t300\tIN\tCNAME", "192.0.2.10", "192.0.2.11", "udp: 1232", "WARNING"}},
		{"kdig finds nothing wrong with a name error", "kdig", []string{"+norec", "nope.example.com", "A"},
			[]string{"status: NXDOMAIN", "example.com.        \t60\tIN\tSOA\tns1.example.com. hostmaster.example.com. 7 "}},
		{"dig sees a referral with its glue", "dig", []string{"+norec", "a.sub.example.com", "A"},
			[]string{"flags: qr;", "sub.example.com.\t300\tIN\tNS\tns.sub.example.com.", "ns.sub.example.com.\t300\tIN\tA\t192.0.2.53"}},
		{"kdig goes to TCP for a big answer", "kdig", []string{"big.example.com", "TXT"},
			[]string{"truncated reply", "039 xxx", "(TCP)"}},
		{"dig shows the subnet and its scope", "dig", []string{"+subnet=198.51.100.0/24", "web.example.com"},
			[]string{"CLIENT-SUBNET: 198.51.100.0/24/0", "192.0.2.10"}},
		{"dig asks with an empty subnet", "dig", []string{"+subnet=0", "web.example.com"},
			[]string{"CLIENT-SUBNET: 0.0.0.0/0/0", "192.0.2.10"}},
		{"kdig gets an answer without EDNS", "kdig", []string{"+noedns", "web.example.com"},
			[]string{"192.0.2.10"}},
		{"dig falls back from a future EDNS version", "dig", []string{"+edns=1", "+noednsneg", "web.example.com"},
			[]string{"status: BADVERS"}},
		{"dig understands a name made by DNAME", "dig", []string{"+norec", "www.old.example.com", "A"},
			[]string{"old.example.com.\t300\tIN\tDNAME", "www.old.example.com.\t300\tIN\tCNAME\twww.web.example.com.", "status: NXDOMAIN"}},
		{"kdig reads an unknown type", "kdig", []string{"odd.example.com", "TYPE65280"},
			[]string{"\\# 3 010203"}},
		{"dig over TCP", "dig", []string{"+tcp", "a.wild.example.com", "TXT"},
			[]string{"a.wild.example.com.\t300\tIN\tTXT\t\"any\""}},
		{"dig is refused a transfer", "dig", []string{"+norec", "example.com", "AXFR"}, []string{"Transfer failed"}},
		{"dig is refused the version", "dig", []string{"+norec", "version.bind", "CH", "TXT"}, []string{"status: REFUSED"}},
		{"dig is refused a stranger's name", "dig", []string{"+norec", "example.net", "A"}, []string{"status: REFUSED"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			out := run(t, tc.tool, append([]string{server, "-p", port}, tc.args...)...)
			for _, w := range tc.want {
				if w == "WARNING" {
					if strings.Contains(out, w) {
						t.Errorf("a warning in\n%s", out)
					}
					continue
				}
				if !strings.Contains(out, w) {
					t.Errorf("no %q in\n%s", w, out)
				}
			}
		})
	}
}

func TestThroughUnbound(t *testing.T) {
	t.Parallel()
	at := serve(t, view(t, build(t, "example.com.", bigZone())))
	unbound, err := exec.LookPath("unbound")
	if err != nil {
		t.Fatal("unbound is needed: apt-get install unbound")
	}
	free, err := listen.Open([]string{"127.0.0.1:0"}, listen.Config{NewWorker: func(bool) listen.Worker { return listen.Worker{} }})
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addrs()[0].Port()
	free.Close()
	dir := t.TempDir()
	conf := fmt.Sprintf(`server:
  interface: 127.0.0.1@%d
  username: ""
  chroot: ""
  directory: %q
  pidfile: ""
  do-daemonize: no
  do-not-query-localhost: no
  use-syslog: no
  module-config: "iterator"
  qname-minimisation: yes
  use-caps-for-id: yes
  root-hints: ""
  num-threads: 1
remote-control:
  control-enable: no
stub-zone:
  name: "example.com"
  stub-addr: 127.0.0.1@%d
`, port, dir, at.Port())
	file := filepath.Join(dir, "unbound.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd := exec.Command(unbound, "-d", "-c", file)
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		// A real process tells by accepting that it is up.
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			c.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("unbound does not come up: %v", err)
		}
	}
	ask := func(t *testing.T, args ...string) string {
		return run(t, "dig", append([]string{"@127.0.0.1", "-p", fmt.Sprint(port), "+time=2", "+tries=5"}, args...)...)
	}
	for _, tc := range []struct {
		name string
		args []string
		want []string
	}{
		{"a chain", []string{"www.example.com", "A"}, []string{"status: NOERROR", "192.0.2.10", "192.0.2.11"}},
		{"a big answer by TCP", []string{"big.example.com", "TXT"}, []string{"039 xxx"}},
		{"a name error", []string{"nope.example.com", "A"}, []string{"status: NXDOMAIN", "SOA"}},
		{"no data below an empty non-terminal", []string{"wild.example.com", "A"}, []string{"status: NOERROR", "ANSWER: 0"}},
		{"a wildcard", []string{"q.wild.example.com", "TXT"}, []string{`"any"`}},
		{"a DNAME", []string{"q.old.example.com", "A"}, []string{"CNAME\tq.web.example.com.", "status: NXDOMAIN"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out := ask(t, tc.args...)
			for _, w := range tc.want {
				if !strings.Contains(out, w) {
					t.Errorf("no %q in\n%s", w, out)
				}
			}
		})
	}
}
