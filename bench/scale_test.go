package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/meridian-gtm/meridian/control/store/storetest"
)

// number is a size from the environment: the short form runs without.
func number(b *testing.B, name string, short int) int {
	b.Helper()
	v := os.Getenv(name)
	if v == "" {
		return short
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	return n
}

// figure is one line of the record.
type figure struct{ what, promised, measured string }

// record appends figures to the table of a dated record, if one is being written.
func record(b *testing.B, list []figure) {
	b.Helper()
	var t strings.Builder
	for _, f := range list {
		b.Logf("%s: %s (promised: %s)", f.what, f.measured, f.promised)
		fmt.Fprintf(&t, "| %s | %s | %s |\n", f.what, f.promised, f.measured)
	}
	path := os.Getenv("MERIDIAN_BENCH_RECORD")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(t.String()); err != nil {
		b.Fatal(err)
	}
}

const perZone = 1000

// configuration has names access domains: 1,000 to a zone, each pool with two
// addresses, and 50 names to a pool.
func configuration(names int) string {
	var b strings.Builder
	b.WriteString("apiVersion: meridian/v1\nsettings: {nameservers: [ns1.example.net.], soa: {contact: hostmaster.example.net.}}\naddresses:\n")
	pools := max(1, names/50)
	for i := range pools {
		for j := range 2 {
			fmt.Fprintf(&b, "  - {name: a%d-%d, address: 10.%d.%d.%d}\n", i, j, j, i/250, i%250+1)
		}
	}
	b.WriteString("pools:\n")
	for i := range pools {
		fmt.Fprintf(&b, "  - {name: p%d, type: IPv4, policy: sequential, members: [{address: a%d-0}, {address: a%d-1}]}\n", i, i, i)
	}
	b.WriteString("zones:\n")
	for z := range (names + perZone - 1) / perZone {
		fmt.Fprintf(&b, "  - {name: z%d.example, records: []}\n", z)
	}
	b.WriteString("access_domains:\n")
	for n := range names {
		fmt.Fprintf(&b, "  - {name: %s, type: A, ttl: 30, policy: sequential, pools: [{pool: p%d}]}\n", domainName(n), n%pools)
	}
	return b.String()
}

func domainName(n int) string { return fmt.Sprintf("n%d.z%d.example", n%perZone, n/perZone) }

// answers waits until all resolvers answer a name with an address, and returns how long
// the last of them took.
func (s *site) answers(name, address string, began time.Time) time.Duration {
	s.b.Helper()
	var all sync.WaitGroup
	took := make([]time.Duration, len(s.resolvers))
	for i, r := range s.resolvers {
		all.Go(func() {
			c := dns.Client{Timeout: time.Second}
			conn, err := c.Dial(r.dns)
			if err != nil {
				s.b.Error(err)
				return
			}
			defer conn.Close()
			m := new(dns.Msg)
			m.SetQuestion(dns.Fqdn(name), dns.TypeA)
			for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
				got, _, err := c.ExchangeWithConn(m, conn)
				if err != nil || len(got.Answer) != 1 {
					continue
				}
				if a, ok := got.Answer[0].(*dns.A); ok && a.A.String() == address {
					took[i] = time.Since(began)
					return
				}
			}
			s.b.Errorf("a resolver never answers %s with %s", name, address)
		})
	}
	all.Wait()
	return slices.Max(took)
}

func percentile(list []time.Duration, p float64) time.Duration {
	slices.Sort(list)
	return list[min(len(list)-1, int(p*float64(len(list))))]
}

// BenchmarkScale loads many access domains, then measures how soon single changes are
// answered, and how many writes clients get done.
func BenchmarkScale(b *testing.B) {
	names, changes := number(b, "MERIDIAN_BENCH_NAMES", 2000), number(b, "MERIDIAN_BENCH_CHANGES", 20)
	seconds := time.Duration(number(b, "MERIDIAN_BENCH_SECONDS", 2)) * time.Second
	for _, kind := range []string{"postgres", "sqlite"} {
		b.Run(kind, func(b *testing.B) {
			store, database := "", (func() []int)(nil)
			if kind == "postgres" {
				server := storetest.NewServer(b)
				store, database = server.DSN("meridian"), server.Processes
			}
			s := newSite(b, store)
			s.database = database
			s.startResolvers()
			b.ResetTimer()
			out := append(s.load(kind, names), s.change(kind, names, changes))
			out = append(out, s.write(kind, 1, seconds)...)
			out = append(out, s.write(kind, 16, seconds)...)
			record(b, out)
		})
	}
}

func (s *site) load(kind string, names int) []figure {
	s.b.Helper()
	file := filepath.Join(s.dir, "scale.yaml")
	if err := os.WriteFile(file, []byte(configuration(names)), 0o600); err != nil {
		s.b.Fatal(err)
	}
	wait := s.profile(kind+"-apply", 45*time.Second)
	used := s.usage()
	began := time.Now()
	s.cli("", "apply", "-f", file, "--comment", "bench", "--wait", "--timeout", patience.String())
	took := time.Since(began)
	s.answers(domainName(names-1), fmt.Sprintf("10.0.%d.%d", ((names-1)%max(1, names/50))/250, ((names-1)%max(1, names/50))%250+1), began)
	whole := time.Since(began)
	parts := s.since(used, 1)
	wait()
	s.b.ReportMetric(whole.Seconds(), "s/apply")
	what := fmt.Sprintf("%s: `apply` of a file with %d access domains", kind, names)
	return []figure{
		{what + ", until all nodes serve it", "under 60 s for 100,000", fmt.Sprintf("%.1f s; answered by three resolvers after %.1f s; CPU in s: %s", took.Seconds(), whole.Seconds(), parts)},
		{what + ", memory then", "", fmt.Sprintf("control %.0f MiB, a resolver %.0f MiB", memory(s.control), memory(s.resolvers[0].Process))},
	}
}

func (s *site) change(kind string, names, changes int) figure {
	s.b.Helper()
	c := s.client()
	defer c.http.CloseIdleConnections()
	pools := max(1, names/50)
	var took []time.Duration
	for n := range changes {
		i := (n * 37) % pools
		address := fmt.Sprintf("172.16.%d.%d", n/250, n%250+1)
		name := fmt.Sprintf("a%d-0", i)
		began := time.Now()
		if err := c.do("PUT", "/addresses/"+name, map[string]any{"name": name, "address": address}, nil); err != nil {
			s.b.Fatal(err)
		}
		took = append(took, s.answers(domainName(i), address, began))
	}
	s.b.ReportMetric(float64(percentile(took, 0.99).Milliseconds()), "ms-p99/change")
	return figure{fmt.Sprintf("%s: a change by API until three resolver processes answer it, among %d access domains", kind, names), "p99 under 250 ms",
		fmt.Sprintf("p50 %v, p99 %v, worst %v of %d", percentile(took, 0.5).Round(time.Millisecond), percentile(took, 0.99).Round(time.Millisecond), percentile(took, 1).Round(time.Millisecond), len(took))}
}

// write lets clients write records as fast as they are answered.
func (s *site) write(kind string, clients int, d time.Duration) []figure {
	s.b.Helper()
	var mu sync.Mutex
	var took []time.Duration
	var all sync.WaitGroup
	wait := s.profile(fmt.Sprintf("%s-write-%d", kind, clients), max(time.Second, d-time.Second))
	before, used := s.level(), s.usage()
	began := time.Now()
	for w := range clients {
		all.Go(func() {
			c := s.client()
			defer c.http.CloseIdleConnections()
			var own []time.Duration
			for n := 0; time.Since(began) < d; n++ {
				name := fmt.Sprintf("w%d-%d-%d", clients, w, n)
				at := time.Now()
				if err := c.do("PUT", "/records/z0.example/"+name+"/TXT", map[string]any{"zone": "z0.example", "name": name, "type": "TXT", "data": []string{`"x"`}}, nil); err != nil {
					s.b.Error(err)
					return
				}
				own = append(own, time.Since(at))
			}
			mu.Lock()
			took = append(took, own...)
			mu.Unlock()
		})
	}
	all.Wait()
	ran := time.Since(began)
	end := time.Now()
	made := s.level() - before
	behind := time.Since(end)
	parts := s.since(used, 1000/float64(len(took)))
	wait()
	if made != uint64(len(took)) {
		s.b.Errorf("%d writes were acknowledged, %d revisions made", len(took), made)
	}
	rate := float64(len(took)) / ran.Seconds()
	s.b.ReportMetric(rate, fmt.Sprintf("writes-%d/s", clients))
	promised := ""
	if clients == 16 && kind == "postgres" {
		promised = "1,000/s, or the figure and a profile"
	}
	return []figure{{fmt.Sprintf("%s: API writes of %d clients, each its own revision, for %v", kind, clients, ran.Round(time.Second)), promised,
		fmt.Sprintf("%.0f/s; p50 %v, p99 %v; all resolvers level %v after the end; CPU in ms per write, to the last resolver: %s", rate, percentile(took, 0.5).Round(100*time.Microsecond), percentile(took, 0.99).Round(100*time.Microsecond), behind.Round(time.Millisecond), parts)}}
}
