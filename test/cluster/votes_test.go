package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control"
)

// votesConfig has one endpoint that every vantage probes under its own name, beside
// one without tasks to answer with when it is down.
func votesConfig(ip, spare string) string {
	return fmt.Sprintf(`
templates:
  - {name: web, protocol: http, interval: 1s, timeout: 500ms, evaluation_count: 2, failure_rate: 50, http: {path: /healthz, headers: {X-Vantage: {value_from: {file: vantage.txt}}}}}
addresses:
  - {name: judged, address: %s, tasks: [{template: web, port: %d}]}
  - {name: spare, address: %s}
pools:
  - {name: both, type: IPv4, policy: sequential, members: [{address: judged}, {address: spare}]}
zones:
  - {name: example.com, records: []}
access_domains:
  - {name: gtm.example.com, type: A, policy: sequential, pools: [{pool: both}]}
`, ip, webPort, spare)
}

// newProber admits a prober that tells endpoints its name.
func (c *cluster) newProber(id string, args ...string) *process {
	c.t.Helper()
	p := c.invite("prober", id, args...)
	if err := os.WriteFile(filepath.Join(p.dir, "vantage.txt"), []byte(id), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return p
}

func TestVerdictsHoldAgainstOneLiarFollowTwoAndHoldWhenTooFewAreLeft(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.startControl("control")
	ip, spare := c.ip(101), c.ip(102)
	e := newEndpoint(t, ip)
	c.cli(head+votesConfig(ip, spare), "apply", "-f", "-")
	r := c.join("resolver", "r1")
	probers := map[string]*process{}
	for _, id := range []string{"p1", "p2", "p3"} {
		probers[id] = c.newProber(id)
		probers[id].start()
	}
	all := func(h control.TaskHealth, state string, want map[string]string) bool {
		for id, w := range want {
			if found(h, id) != w {
				return false
			}
		}
		return h.State == state && !h.Stale
	}
	c.verdict("three vantages find it good", "judged", func(h control.TaskHealth) bool {
		return all(h, "up", map[string]string{"p1": "good", "p2": "good", "p3": "good"})
	})
	r.answers("gtm.example.com", ip)

	e.set(false, "p3")
	end := r.watch("gtm.example.com", ip)
	c.verdict("one of three says failed: it stays up", "judged", func(h control.TaskHealth) bool {
		return all(h, "up", map[string]string{"p1": "good", "p2": "good", "p3": "failed"})
	})
	if n := end(); n == 0 {
		t.Error("the resolver did not answer while one lied")
	}

	e.set(false, "p2", "p3")
	start := time.Now()
	c.verdict("two of three say failed: it goes down", "judged", func(h control.TaskHealth) bool {
		return all(h, "down", map[string]string{"p1": "good", "p2": "failed", "p3": "failed"})
	})
	r.answers("gtm.example.com", spare)
	bound(t, "three vantages, two say failed: the address leaves the answers", 3*time.Second, time.Since(start))

	e.set(false)
	c.verdict("all say good: it is up again", "judged", func(h control.TaskHealth) bool {
		return all(h, "up", map[string]string{"p1": "good", "p2": "good", "p3": "good"})
	})
	r.answers("gtm.example.com", ip)

	// One alone left of three is fewer than half, and what it says changes nothing.
	end = r.watch("gtm.example.com", ip)
	probers["p1"].kill()
	probers["p2"].kill()
	c.vantage("p1", "lost")
	c.vantage("p2", "lost")
	e.set(false, "p3")
	c.verdict("one alone left says failed: the verdict holds, stale", "judged", func(h control.TaskHealth) bool {
		return h.State == "up" && h.Stale && found(h, "p3") == "failed" && h.Voting == 1 && h.Selected == 3
	})
	probers["p3"].kill()
	c.vantage("p3", "lost")
	c.verdict("nobody left: the verdict holds, stale", "judged", func(h control.TaskHealth) bool {
		return h.State == "up" && h.Stale && h.Voting == 0 && h.Selected == 3
	})
	if n := end(); n == 0 {
		t.Error("the resolver did not answer while vantages were lost")
	}

	// They come back, all honest, to an endpoint that is really down now.
	e.set(true)
	for _, p := range probers {
		p.start()
	}
	c.verdict("the three are back and all say failed", "judged", func(h control.TaskHealth) bool {
		return all(h, "down", map[string]string{"p1": "failed", "p2": "failed", "p3": "failed"})
	})
	r.answers("gtm.example.com", spare)
	note("three vantages, failure rate 50: one lying; two lying; one alone left; none left", "no change; change; holds, stale; holds, stale", "so")
	fault(t, "most probers down, then all", "the last verdict holds, marked stale; answers stay", "so")
}
