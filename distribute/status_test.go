package distribute_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/meridian-gtm/meridian/distribute"
	"github.com/meridian-gtm/meridian/distribute/internal/rig"
	"github.com/meridian-gtm/meridian/traffic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func run(t *testing.T, list ...func(context.Context) error) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, len(list))
	for _, f := range list {
		go func() { done <- f(ctx) }()
	}
	t.Cleanup(func() {
		cancel()
		for range list {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestNodeReportsEveryFiveSecondsAndOnChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := &rig.Hub{}
		var at []time.Duration
		begin := time.Now()
		control := hub.Wire()
		cancel, _ := control.Subscribe("node.status.*", func(subject string, _ []byte) {
			if subject != "node.status.r1" {
				t.Errorf("subject %q", subject)
			}
			at = append(at, time.Since(begin))
		})
		defer cancel()
		var revision atomic.Uint64
		r, err := distribute.NewReporter(hub.Wire(), "r1", func() traffic.NodeStatus {
			return traffic.NodeStatus{Position: traffic.Position{Revision: revision.Load()}}
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		run(t, r.Run)
		time.Sleep(11 * time.Second)
		for range 50 { // fifty changes within a tenth of a second are one report
			revision.Add(1)
			r.Changed()
			time.Sleep(time.Millisecond)
		}
		time.Sleep(5900 * time.Millisecond)
		synctest.Wait()
		want := "[100ms 5.1s 10.1s 11.1s 16.1s]"
		if got := fmt.Sprint(at); got != want {
			t.Errorf("reports at %s, want %s", got, want)
		}
	})
}

func TestReporterRefusesIdsThatAreNoSubjectToken(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "a.b", "*", ">", "a b", "ü", strings.Repeat("x", 64)} {
		if _, err := distribute.NewReporter(nil, id, nil, nil); err == nil {
			t.Errorf("id %q was accepted", id)
		}
	}
}

func TestRosterListsWhoSpoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := &rig.Hub{}
		r := distribute.NewRoster(hub.Wire(), nil)
		var changes []string
		r.OnChange(func(id string) { changes = append(changes, id) })
		run(t, r.Run)
		synctest.Wait()
		w := hub.Wire()
		say := func(id string, s traffic.NodeStatus) {
			b, _ := json.Marshal(s)
			if err := w.Publish("node.status."+id, b); err != nil {
				t.Fatal(err)
			}
		}
		say("b", traffic.NodeStatus{ID: "b", Position: traffic.Position{Revision: 1}})
		say("a", traffic.NodeStatus{ID: "a"})
		say("d", traffic.NodeStatus{ID: "somebody else"})
		say("b", traffic.NodeStatus{ID: "b", Position: traffic.Position{Revision: 1}, Queries: 7}) // no news
		time.Sleep(3 * time.Second)
		say("b", traffic.NodeStatus{ID: "b", Position: traffic.Position{Revision: 2}, Sent: time.Now().Add(time.Hour)})
		_ = w.Publish("node.status.c", []byte("not json"))
		_ = w.Publish("node.status.c", []byte(`{"id":"`+strings.Repeat("x", 70<<10)+`"}`))
		nodes := r.Nodes()
		if len(nodes) != 2 || nodes[0].ID != "a" || nodes[1].ID != "b" {
			t.Fatalf("nodes %+v, want a and b: what is under another's subject counts for nobody", nodes)
		}
		if d := time.Since(nodes[0].LastSeen); d != 3*time.Second {
			t.Errorf("a was last seen %s ago, want 3s", d)
		}
		if nodes[1].Position.Revision != 2 || nodes[1].Skew != time.Hour {
			t.Errorf("b is %+v", nodes[1])
		}
		r.Forget("b")
		r.Forget("nobody")
		if got := fmt.Sprint(changes); got != "[b a b b]" {
			t.Errorf("changes told: %s, want [b a b b]", got)
		}
	})
}
