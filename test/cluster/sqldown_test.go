package cluster

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/store/storetest"
)

// PostgreSQL goes down under everything else: only writing stops, and says so. Control
// that is killed meanwhile cannot come back, which nobody who asks a resolver notices.
func TestPostgreSQLDownStopsWritesAndNothingElse(t *testing.T) {
	t.Parallel()
	pg := storetest.NewServer(t)
	c := newCluster(t)
	i := &installation{cluster: c, a: c.ip(101), b: c.ip(102)}
	i.endA, i.endB = newEndpoint(t, i.a), newEndpoint(t, i.b)
	c.startControl("control", "--store", pg.DSN("meridian"))
	c.cli(head+stayConfig(i.a, i.b)+"  - {name: spare.example.com, type: A, policy: sequential, pools: [{pool: only-b}]}\n", "apply", "-f", "-")
	i.prober = c.join("prober", "p1")
	for _, id := range resolverIDs {
		i.resolvers = append(i.resolvers, c.join("resolver", id))
	}
	for _, name := range []string{"a", "b"} {
		c.verdict(name+" is up", name, state("up"))
	}
	i.everywhere(i.a, "preemptive.example.com", staying[0], staying[1])
	c.cli("", "override", "enable", "spare.example.com/A", "--for", "1h")
	before := c.converge(resolverIDs...)
	token := c.adminToken()

	pg.Crash()
	refused := func() {
		t.Helper()
		eventually(t, "a write is refused", func() error {
			err := c.callAs(token, "PUT", "/addresses/new", object{"address": "192.0.2.1"}, nil)
			var s *statusError
			if !errors.As(err, &s) || s.code != http.StatusServiceUnavailable || !strings.Contains(s.text, "store") {
				return fmt.Errorf("it says %v", err)
			}
			return nil
		})
	}
	refused()
	// What control knows it goes on telling.
	for _, path := range []string{"/status", "/addresses/a", "/access-domains", "/nodes", "/health", "/overrides"} {
		if err := c.callAs(token, "GET", path, nil, nil); err != nil {
			t.Errorf("reading with PostgreSQL down: %v", err)
		}
	}
	began := time.Now()
	i.endA.set(true)
	i.everywhere(i.b, "preemptive.example.com", staying[0], staying[1])
	took := time.Since(began)
	bound(t, "PostgreSQL down: a dead member leaves the answers of all resolvers", 3*time.Second, took)
	i.endA.set(false)
	i.everywhere(i.a, "preemptive.example.com")
	refused()

	pg.Start()
	eventually(t, "a write is taken again", func() error {
		return c.callAs(token, "PUT", "/addresses/new", object{"address": "192.0.2.1"}, nil)
	})
	if after := c.converge(resolverIDs...); after.Revision != before.Revision+1 {
		t.Errorf("control is at revision %d after one write on %d: a refused one was applied", after.Revision, before.Revision)
	}
	// The moves that the store missed are in it now: a control that starts anew has them.
	c.control.kill()
	c.control.start()
	i.everywhere(i.b, staying...)
	eventually(t, "control knows the current members", func() error {
		for _, name := range staying {
			out, err := c.try("", "explain", name)
			if err != nil {
				return err
			}
			if !strings.Contains(out, i.b) {
				return fmt.Errorf("it explains %s as\n%s", name, out)
			}
		}
		return nil
	})

	// Both down: control waits for its store, or ends and says why; answers go on.
	pg.Crash()
	c.control.kill()
	end := i.watchAll(i.b, staying...)
	i.resolvers[0].kill()
	i.resolvers[0].start()
	i.everywhere(i.b, staying...)
	pg.Start()
	c.control.start()
	c.converge(resolverIDs...)
	end()
	fault(t, "SQL down while health changes", "a dead member leaves the answers as ever; what moved meanwhile is in the store when it returns, also for a control that starts anew", fmt.Sprintf("so; a dead member left the answers in %v", took.Round(time.Millisecond)))
}
