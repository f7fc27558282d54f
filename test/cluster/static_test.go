package cluster

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control"
)

// stayConfig has two endpoints, and one name for each level at which a choice stays.
func stayConfig(a, b string) string {
	return fmt.Sprintf(`
templates:
  - {name: web, protocol: http, interval: 1s, timeout: 500ms, evaluation_count: 2, http: {path: /healthz}}
addresses:
  - {name: a, address: %s, tasks: [{template: web, port: %d}]}
  - {name: b, address: %s, tasks: [{template: web, port: %d}]}
pools:
  - {name: stays, type: IPv4, policy: sequential, mode: non_preemptive, members: [{address: a}, {address: b}]}
  - {name: returns, type: IPv4, policy: sequential, members: [{address: a}, {address: b}]}
  - {name: only-a, type: IPv4, policy: round_robin, members: [{address: a}]}
  - {name: only-b, type: IPv4, policy: round_robin, members: [{address: b}]}
zones:
  - {name: example.com, records: []}
access_domains:
  - {name: in-pool.example.com, type: A, policy: sequential, pools: [{pool: stays}]}
  - {name: in-domain.example.com, type: A, policy: sequential, mode: non_preemptive, pools: [{pool: only-a}, {pool: only-b}]}
  - {name: preemptive.example.com, type: A, policy: sequential, pools: [{pool: returns}]}
`, a, webPort, b, webPort)
}

var staying = []string{"in-pool.example.com", "in-domain.example.com"}

// installation is control, three resolvers and a prober, each its own process, with
// two endpoints configured by stayConfig.
type installation struct {
	*cluster
	resolvers []*process
	prober    *process
	a, b      string
	endA      *endpoint
	endB      *endpoint
	n         int // changes made by serves
}

var resolverIDs = []string{"r1", "r2", "r3"}

func newInstallation(t *testing.T) *installation {
	c := newCluster(t)
	i := &installation{cluster: c, a: c.ip(101), b: c.ip(102)}
	i.endA, i.endB = newEndpoint(t, i.a), newEndpoint(t, i.b)
	c.startControl("control")
	c.cli(head+stayConfig(i.a, i.b), "apply", "-f", "-")
	i.prober = c.join("prober", "p1")
	for _, id := range resolverIDs {
		i.resolvers = append(i.resolvers, c.join("resolver", id))
	}
	for _, name := range []string{"a", "b"} {
		c.verdict(name+" is up", name, state("up"))
	}
	i.everywhere(i.a, slices.Concat(staying, []string{"preemptive.example.com"})...)
	return i
}

func state(want string) func(control.TaskHealth) bool {
	return func(h control.TaskHealth) bool { return h.State == want && !h.Stale }
}

// everywhere waits until all resolvers answer these names with this address.
func (i *installation) everywhere(ip string, names ...string) {
	i.t.Helper()
	for _, r := range i.resolvers {
		for _, name := range names {
			r.answers(name, ip)
		}
	}
}

// watchAll watches all resolvers; the returned function ends it and fails the test if
// one of them was never heard.
func (i *installation) watchAll(ip string, names ...string) (end func()) {
	var ends []func()
	for _, r := range i.resolvers {
		for _, name := range names {
			end := r.watch(name, ip)
			ends = append(ends, func() {
				i.t.Helper()
				if n := end(); n == 0 {
					i.t.Errorf("%s never answered %s", r.name, name)
				}
			})
		}
	}
	return func() {
		for _, end := range ends {
			end()
		}
	}
}

func TestNonPreemptiveAnswersDoNotMoveBackWhateverControlDoes(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)

	i.endA.set(true)
	i.everywhere(i.b, slices.Concat(staying, []string{"preemptive.example.com"})...)
	end := i.watchAll(i.b, staying...)
	i.control.kill()
	i.endA.set(false)
	i.resolvers[1].kill()
	i.resolvers[1].start()
	i.everywhere(i.b, staying...)
	i.control.start()
	i.converge(resolverIDs...)
	i.verdict("control sees the member up again", "a", state("up"))
	// The preemptive name returns on the same news, so the resolvers have it.
	i.everywhere(i.a, "preemptive.example.com")
	// Another restart, with control there: the current member comes from disk or control.
	i.resolvers[2].kill()
	i.resolvers[2].start()
	i.everywhere(i.a, "preemptive.example.com")
	i.everywhere(i.b, staying...)
	end()

	// It is no dead end: the other failing moves all of them back.
	i.endB.set(true)
	i.everywhere(i.a, slices.Concat(staying, []string{"preemptive.example.com"})...)
	note("three resolvers, non-preemptive: control killed, the member recovers, a resolver restarts, control returns", "no answer moves back", "none did, at either level")
}

// While control and its message bus are dead no news travels: nothing moves at all, and
// what happened meanwhile arrives with control.
func TestAMemberThatFailsWhileControlIsDeadMovesAnswersWhenItReturns(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	names := slices.Concat(staying, []string{"preemptive.example.com"})
	end := i.watchAll(i.a, names...)
	i.control.kill()
	i.endA.set(true)
	time.Sleep(4 * time.Second) // two probes fail meanwhile: nobody can be told
	i.resolvers[0].kill()
	i.resolvers[0].start()
	i.everywhere(i.a, names...)
	end()
	i.control.start()
	i.everywhere(i.b, names...)
	i.endA.set(false)
	i.everywhere(i.a, "preemptive.example.com")
	i.everywhere(i.b, staying...)
	i.converge(resolverIDs...)
	fault(t, "NATS down", "answers stay as they were, also over a restart of a resolver; what happened meanwhile arrives when it returns", "so")
}

func TestResolversAnswerFromDiskWithEverythingElseKilledAndConvergeAfterwards(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	names := slices.Concat(staying, []string{"preemptive.example.com"})
	i.endA.set(true)
	i.everywhere(i.b, names...) // so that the verdict is a part of what must be kept
	before := i.converge(resolverIDs...)
	time.Sleep(1500 * time.Millisecond) // verdicts are written at most once a second
	end := i.watchAll(i.b, names...)
	i.control.kill()
	i.prober.kill()
	i.everywhere(i.b, names...)
	for _, r := range i.resolvers {
		start := time.Now()
		r.kill()
		r.start()
		bound(t, r.name+" alone: from its start to readiness, without control, NATS and probers", 15*time.Second, time.Since(start))
	}
	i.everywhere(i.b, names...)
	end()

	i.control.start()
	i.prober.start()
	if after := i.converge(resolverIDs...); after != before {
		t.Errorf("control came back at %v, it was at %v", after, before)
	}
	i.endA.set(false)
	i.everywhere(i.a, "preemptive.example.com")
	i.everywhere(i.b, staying...)
	i.apply("addresses:\n  - {name: c, address: 192.0.2.9}\npools:\n  - {name: late, type: IPv4, policy: round_robin, members: [{address: c}]}\naccess_domains:\n  - {name: late.example.com, type: A, policy: sequential, pools: [{pool: late}]}\n")
	i.everywhere("192.0.2.9", "late.example.com")
	if p := i.converge(slices.Concat(resolverIDs, []string{"p1"})...); p.Revision != before.Revision+1 {
		t.Errorf("after one change the revision is %d, it was %d", p.Revision, before.Revision)
	}
	note("control, NATS and probers killed (-9), then each resolver too", "answers go on; nothing lost; all converge", "so")
	fault(t, "control, NATS and all probers killed, then every resolver", "each resolver answers from its disk as before; nothing is lost; all converge when they return", "so")
}

func TestAResolverWithAnEmptyDiskIsSilentUntilItHasASnapshot(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.startControl("control")
	c.cli(head+"zones:\n  - {name: example.com, records: [{name: www, type: A, data: [192.0.2.1]}]}\n", "apply", "-f", "-")
	r := c.invite("resolver", "r1")
	c.control.kill()
	r.launch()
	eventually(t, "the resolver says what it waits for", func() error {
		code, body, err := get(r.health() + "/readyz")
		if err == nil && code != 503 {
			err = fmt.Errorf("readyz says %d %s", code, body)
		}
		return err
	})
	for range 50 {
		r.silent(t)
		time.Sleep(40 * time.Millisecond)
	}
	r.running()
	if code, _, err := get(r.health() + "/readyz"); err != nil || code != 503 {
		t.Errorf("without a snapshot readyz says %d %v, want 503", code, err)
	}
	// From now on it may be silent or right, and nothing else.
	quit, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-quit:
				done <- nil
				return
			case <-t.Context().Done():
				return
			case <-time.After(2 * time.Millisecond):
			}
			if got, err := r.addresses("www.example.com", ""); err == nil && got != "192.0.2.1" {
				done <- fmt.Errorf("answered %q", got)
				return
			} else if err != nil && !refusedBySystem(err) {
				done <- err
				return
			}
		}
	}()
	c.control.start()
	r.waitReady()
	r.answers("www.example.com", "192.0.2.1")
	close(quit)
	if err := <-done; err != nil {
		t.Errorf("before its first answer: %v", err)
	}
}

// refusedBySystem tells that nothing is bound, or that a packet was lost with a socket.
func refusedBySystem(err error) bool {
	return isTimeout(err) || errors.Is(err, syscall.ECONNREFUSED)
}
