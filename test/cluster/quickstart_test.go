package cluster

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// startQuickstart starts the example as `make run` does, on addresses of this test.
func startQuickstart(t *testing.T, args ...string) *cluster {
	c := newCluster(t)
	example, err := os.ReadFile("../../examples/quickstart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(c.dir, "quickstart.yaml")
	own := strings.ReplaceAll(string(example), "127.0.0.", strings.TrimSuffix(c.ip(0), "0"))
	if err := os.WriteFile(file, []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	c.startControl("control,resolver,prober", append([]string{"--quickstart", file}, args...)...)
	return c
}

func post(t *testing.T, url string) {
	t.Helper()
	r, err := web.Post(url, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Fatalf("POST %s: %s", url, r.Status)
	}
}

func TestKillingAnExampleEndpointRemovesItsAddressAndRestoringBringsItBack(t *testing.T) {
	t.Parallel()
	c := startQuickstart(t)
	well, victim := c.ip(31), c.ip(32)
	c.control.answers("gtm.example.com", well, victim)
	serial := soa(t, c.control)
	at := fmt.Sprintf("http://%s:18080", victim)
	var gone, back []time.Duration
	for range times(1, 10) {
		start := time.Now()
		post(t, at+"/down")
		c.control.answers("gtm.example.com", well)
		gone = append(gone, time.Since(start))
		start = time.Now()
		post(t, at+"/up")
		c.control.answers("gtm.example.com", well, victim)
		back = append(back, time.Since(start))
	}
	// interval 1 s, evaluation_count 2, timeout 500 ms
	bound(t, "quickstart: a killed endpoint's address leaves the answers", 3*time.Second, gone...)
	bound(t, "quickstart: a restored endpoint's address returns", 3*time.Second, back...)
	if after := soa(t, c.control); after != serial {
		t.Errorf("health moved the SOA serial from %d to %d", serial, after)
	}
}

// soa returns the serial of the example's zone.
func soa(t *testing.T, p *process) uint32 {
	t.Helper()
	r, err := p.ask("example.com", "SOA", "")
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Answer) != 1 {
		t.Fatalf("no SOA: %s", r)
	}
	return r.Answer[0].(*dns.SOA).Serial
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// records are the lines of a section of dig's or kdig's output, fields single-spaced.
func records(out, section string) []string {
	_, rest, _ := strings.Cut(out, ";; "+section+" SECTION:\n")
	text, _, _ := strings.Cut(rest, "\n\n")
	var list []string
	for line := range strings.SplitSeq(text, "\n") {
		if f := strings.Fields(line); len(f) > 0 && f[0] != ";;" {
			list = append(list, strings.Join(f, " "))
		}
	}
	slices.Sort(list)
	return list
}

var flagsLine = regexp.MustCompile(`(?i)flags: ([a-z ]*);`)

func flags(t *testing.T, out string) []string {
	t.Helper()
	m := flagsLine.FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no flags in\n%s", out)
	}
	return strings.Fields(m[1])
}

func TestSerialTTLsAndFlagsAreRightUnderDigKdigAndUnbound(t *testing.T) {
	t.Parallel()
	c := startQuickstart(t)
	ip, port := c.control.ip, fmt.Sprint(dnsPort)
	c.control.answers("gtm.example.com", c.ip(31), c.ip(32))
	serial := fmt.Sprint(soa(t, c.control))
	soaRecord := "example.com. 60 IN SOA ns1.example.net. hostmaster.example.net. " + serial
	chain := []string{
		"gtm.example.com. 30 IN A " + c.ip(31),
		"gtm.example.com. 30 IN A " + c.ip(32),
		"www.example.com. 300 IN CNAME gtm.example.com.",
	}
	tools := map[string]func(args ...string) string{
		"dig": func(args ...string) string {
			return run(t, "dig", append([]string{"@" + ip, "-p", port, "+norec", "+tries=3"}, args...)...)
		},
		"kdig": func(args ...string) string {
			return run(t, "kdig", append([]string{"@" + ip, "-p", port, "+norec", "+retry=3"}, args...)...)
		},
	}
	for name, tool := range tools {
		for _, over := range []string{"+notcp", "+tcp"} {
			out := tool(over, "www.example.com", "A")
			if f := flags(t, out); !slices.Equal(f, []string{"qr", "aa"}) {
				t.Errorf("%s %s: flags are %v, want qr and aa; no ra from an authority\n%s", name, over, f, out)
			}
			if got := records(out, "ANSWER"); !slices.Equal(got, chain) {
				t.Errorf("%s %s: answer is %q", name, over, got)
			}
		}
		out := tool("example.com", "SOA")
		if got := records(out, "ANSWER"); len(got) != 1 || !strings.Contains(got[0], " IN SOA ns1.example.net. hostmaster.example.net. "+serial+" ") {
			t.Errorf("%s: SOA is %q", name, got)
		}
		for _, q := range []struct{ name, qtype, status string }{{"nowhere.example.com", "A", "NXDOMAIN"}, {"mail.example.com", "AAAA", "NOERROR"}} {
			out := tool(q.name, q.qtype)
			if !strings.Contains(out, "status: "+q.status) {
				t.Errorf("%s %s %s: want %s\n%s", name, q.name, q.qtype, q.status, out)
			}
			if got := records(out, "AUTHORITY"); len(got) != 1 || !strings.HasPrefix(got[0], soaRecord) {
				t.Errorf("%s %s: authority is %q, want %q with TTL 60", name, q.name, got, soaRecord)
			}
		}
		if out := tool("example.org", "A"); !strings.Contains(out, "status: REFUSED") {
			t.Errorf("%s: a foreign name is not refused\n%s", name, out)
		}
	}
	t.Run("through a local unbound", func(t *testing.T) { throughUnbound(t, c, chain, soaRecord) })
	t.Run("an edit of the zone raises the serial", func(t *testing.T) {
		before := soa(t, c.control)
		c.apply("zones:\n  - {name: example.com, records: [{name: extra, type: TXT, data: [\"new\"]}], partial: true}\n")
		if after := soa(t, c.control); int32(after-before) <= 0 {
			t.Errorf("the serial went from %d to %d", before, after)
		}
		if r, err := c.control.ask("extra.example.com", "TXT", ""); err != nil || len(r.Answer) != 1 {
			t.Errorf("the new record is not served: %v %v", r, err)
		}
	})
}

// throughUnbound asks a recursive server that finds the zone at our port.
func throughUnbound(t *testing.T, c *cluster, chain []string, soaRecord string) {
	unbound, err := exec.LookPath("unbound")
	if err != nil {
		unbound = "/usr/sbin/unbound"
	}
	ip := c.ip(99)
	conf := filepath.Join(c.dir, "unbound.conf")
	text := fmt.Sprintf(`server:
  interface: %s@%d
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  pidfile: ""
  directory: %q
  module-config: "iterator"
  num-threads: 1
  cache-max-ttl: 1
  cache-max-negative-ttl: 1
remote-control:
  control-enable: no
stub-zone:
  name: example.com
  stub-addr: %s@%d
`, ip, dnsPort, c.dir, c.control.ip, dnsPort)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	log := &logFile{}
	cmd := exec.Command(unbound, "-d", "-p", "-c", conf)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	dig := func(args ...string) string {
		return run(t, "dig", append([]string{"@" + ip, "-p", fmt.Sprint(dnsPort), "+tries=3"}, args...)...)
	}
	eventually(t, "unbound answers", func() error {
		out, err := exec.Command("dig", "@"+ip, "-p", fmt.Sprint(dnsPort), "+tries=1", "+time=1", "www.example.com", "A").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "status: NOERROR") {
			return fmt.Errorf("%v\n%s\n%s", err, out, log)
		}
		return nil
	})
	out := dig("www.example.com", "A")
	if f := flags(t, out); !slices.Contains(f, "ra") || slices.Contains(f, "aa") {
		t.Errorf("flags through unbound are %v, want ra and no aa", f)
	}
	got := records(out, "ANSWER")
	for i := range got { // the time to live runs down there
		got[i] = ttl.ReplaceAllString(got[i], " IN")
	}
	want := slices.Clone(chain)
	for i := range want {
		want[i] = ttl.ReplaceAllString(want[i], " IN")
	}
	if !slices.Equal(got, want) {
		t.Errorf("answer through unbound is %q, want %q", got, want)
	}
	out = dig("nowhere.example.com", "A")
	if a := records(out, "AUTHORITY"); !strings.Contains(out, "status: NXDOMAIN") || len(a) != 1 || ttl.ReplaceAllString(a[0], " IN") == a[0] ||
		!strings.HasPrefix(ttl.ReplaceAllString(a[0], " IN"), ttl.ReplaceAllString(soaRecord, " IN")) {
		t.Errorf("NXDOMAIN through unbound:\n%s", out)
	}
	post(t, fmt.Sprintf("http://%s:18080/down", c.ip(32)))
	eventually(t, "unbound serves the change by health", func() error {
		out := dig("+short", "gtm.example.com", "A")
		if strings.TrimSpace(out) != c.ip(31) {
			return fmt.Errorf("it answers %q", out)
		}
		return nil
	})
}

var ttl = regexp.MustCompile(` [0-9]+ IN`)

func TestAnswersDifferByClientWithLocationDataAndNotWithoutIt(t *testing.T) {
	t.Parallel()
	geo, err := filepath.Abs("../../geo")
	if err != nil {
		t.Fatal(err)
	}
	_, err = os.Stat(filepath.Join(geo, "locations.map"))
	have := err == nil
	c := startQuickstart(t, "--geo", geo)
	others := []string{c.ip(31), c.ip(32)}
	clients := map[string][]string{"8.8.8.0/24": others, "202.96.128.0/24": others}
	if have { // `make geodata` fetched it; without a network there is none, and that works too
		clients["202.96.128.0/24"] = []string{c.ip(11), c.ip(12)}
		clients["202.106.0.0/24"] = []string{c.ip(21)}
	}
	for client, want := range clients {
		eventually(t, fmt.Sprintf("a client in %s is answered %v", client, want), func() error {
			got, err := c.control.addresses("gtm.example.com", client)
			if err == nil && got != strings.Join(want, " ") {
				err = fmt.Errorf("it is answered %s", got)
			}
			return err
		})
	}
}
