package cluster

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/meridian-gtm/meridian/control"
)

// A prober in a network of its own, joined to ours by two cables: one to control and
// its message bus, one to the targets. The targets' addresses are ours, so that the
// other probers reach them without any cable.
func TestAProberCutOffFromItsNetworkAbstains(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Fatal("this test makes network namespaces and pulls their cables; run it as root")
	}
	c := newCluster(t)
	ns := fmt.Sprintf("mrd%d", block)
	// 198.18.0.0/15 is for tests of networks (RFC 2544); a block is 64 to 223.
	bus, targets := fmt.Sprintf("198.18.%d.", block), fmt.Sprintf("198.19.%d.", block)
	ip := func(args string) { t.Helper(); run(t, "ip", strings.Fields(args)...) }
	cleanup := func(args string) {
		t.Cleanup(func() { run(t, "ip", strings.Fields(args)...) })
	}
	ip("netns add " + ns)
	cleanup("netns del " + ns) // and with it its cables
	cable := func(kind, near, far string) (name string) {
		name = fmt.Sprintf("m%s%d", kind, block)
		ip(fmt.Sprintf("link add %s type veth peer name %s netns %s", name, kind, ns))
		ip(fmt.Sprintf("addr add %s/30 dev %s", near, name))
		ip(fmt.Sprintf("-n %s addr add %s/30 dev %s", ns, far, kind))
		ip(fmt.Sprintf("link set %s up", name))
		ip(fmt.Sprintf("-n %s link set %s up", ns, kind))
		return name
	}
	ip(fmt.Sprintf("-n %s link set lo up", ns))
	cable("bus", bus+"1", bus+"2")
	wire := cable("tgt", targets+"1", targets+"2")
	ip(fmt.Sprintf("-n %s route add %s128/25 via %s1", ns, targets, targets))

	// Isolation needs other targets to compare with: six are enough.
	const n = 6
	var yaml strings.Builder
	fmt.Fprintf(&yaml, `
templates:
  - {name: web, protocol: http, interval: 1s, timeout: 500ms, evaluation_count: 2, failure_rate: 1, http: {path: /healthz, headers: {X-Vantage: {value_from: {file: vantage.txt}}}}}
zones:
  - {name: example.com, records: []}
access_domains:
  - {name: gtm.example.com, type: A, policy: sequential, pools: [{pool: all}]}
addresses:
`)
	var endpoints []*endpoint
	var ips []string
	for i := range n {
		a := fmt.Sprintf("%s%d", targets, 130+i)
		ip(fmt.Sprintf("addr add %s/32 dev lo", a))
		cleanup(fmt.Sprintf("addr del %s/32 dev lo", a))
		endpoints = append(endpoints, newEndpoint(t, a))
		ips = append(ips, a)
		fmt.Fprintf(&yaml, "  - {name: a%d, address: %s, tasks: [{template: web, port: %d}]}\n", i, a, webPort)
	}
	fmt.Fprintf(&yaml, "pools:\n  - {name: all, type: IPv4, policy: round_robin, members: [")
	for i := range n {
		fmt.Fprintf(&yaml, "{address: a%d}, ", i)
	}
	yaml.WriteString("]}\n")

	c.startControlAt(bus+"1", "control,resolver")
	p1, p2 := c.newProber("p1"), c.newProber("p2")
	far := c.newProber("far")
	// Its own namespace has 127.0.0.0/8 of its own, where we cannot ask for readiness.
	far.wrap = []string{"ip", "netns", "exec", ns}
	far.ip = bus + "2"
	firm := newCompany(t)
	cert, key := firm.pair(far.ip)
	far.args = append(far.args, "--http", fmt.Sprintf("%s:%d", far.ip, httpPort), "--tls-cert", cert, "--tls-key", key) // the last one counts
	far.speaksTLS(firm.ca())
	c.cli(head+yaml.String(), "apply", "-f", "-")
	p1.start()
	p2.start()
	far.start()
	good := map[string]string{"p1": "good", "p2": "good", "far": "good"}
	each := func(what string, want map[string]string, state string) {
		t.Helper()
		for i := range n {
			c.verdict(what, fmt.Sprintf("a%d", i), func(h control.TaskHealth) bool {
				for id, w := range want {
					if found(h, id) != w {
						return false
					}
				}
				return h.State == state && !h.Stale
			})
		}
	}
	each("all three find all good", good, "up")
	c.control.answers("gtm.example.com", ips...)

	// One vote is enough to take an address down: so abstaining is what protects it.
	endpoints[0].set(false, "far")
	c.verdict("the far prober's vote alone takes one down", "a0", func(h control.TaskHealth) bool {
		return h.State == "down" && found(h, "far") == "failed" && found(h, "p1") == "good"
	})
	endpoints[0].set(false)
	each("all good again", good, "up")
	c.control.answers("gtm.example.com", ips...)

	end := c.control.watch("gtm.example.com", ips...)
	ip(fmt.Sprintf("link set %s down", wire))
	c.vantage("far", "isolated")
	each("cut off from its targets, it abstains", map[string]string{"p1": "good", "p2": "good", "far": "abstain"}, "up")
	var v control.Vantage
	if err := c.call("GET", "/vantages/far", nil, &v); err != nil || v.Reason == "" {
		t.Errorf("no reason is shown for the isolation: %+v %v", v, err)
	}
	note("a prober whose network to its targets is cut", "abstains; shown as isolated", fmt.Sprintf("so: %q", v.Reason))
	ip(fmt.Sprintf("link set %s up", wire))
	c.vantage("far", "alive")
	each("the cable is back, it votes again", good, "up")

	ip(fmt.Sprintf("-n %s link set bus down", ns))
	ip(fmt.Sprintf("-n %s link set tgt down", ns))
	c.vantage("far", "lost")
	each("cut off from everything, it does not vote", map[string]string{"p1": "good", "p2": "good"}, "up")
	ip(fmt.Sprintf("-n %s link set bus up", ns))
	ip(fmt.Sprintf("-n %s link set tgt up", ns))
	ip(fmt.Sprintf("-n %s route replace %s128/25 via %s1", ns, targets, targets)) // went with the link
	c.vantage("far", "alive")
	each("it is back and votes", good, "up")
	if end() == 0 {
		t.Error("the resolver did not answer")
	}

	// A target that is really down is still seen, also by the far prober alone.
	endpoints[1].set(true)
	c.verdict("a real failure is seen by all", "a1", func(h control.TaskHealth) bool {
		return h.State == "down" && found(h, "far") == "failed" && found(h, "p1") == "failed"
	})
	fault(t, "a prober cut off from its targets, then from everything", "it abstains; the verdicts of the others stand; it votes again when the cable is back", "so")
}
