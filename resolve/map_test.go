package resolve

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// Fetching a location map may take tens of seconds. Meanwhile health must reach the
// answers, and the node's status must be told.
func TestHealthAndStatusDoNotWaitForALocationMap(t *testing.T) {
	t.Parallel()
	m := newGen(1).randomMap()
	fetching, fetched := make(chan struct{}), make(chan error)
	n := newNode(1)
	n.State = NewState(Options{Workers: 1, Currents: n, Log: slog.New(slog.DiscardHandler), Verdict: func(k traffic.TaskKey) verdict.Verdict { return n.health[k] },
		Map: func(string) (*line.Map, error) {
			fetching <- struct{}{}
			return m, <-fetched
		}})
	a := addr("a", "192.0.2.1")
	n.load(t, []traffic.Object{zoneObj("example.com"), a})
	set := traffic.DefaultSettings()
	set.GeoMap = m.Hash()
	during := func(what string, begin func() error, outcome error) error {
		t.Helper()
		done := make(chan error, 1)
		go func() { done <- begin() }()
		<-fetching
		free := make(chan struct{})
		go func() {
			defer close(free)
			n.VerdictsChanged([]traffic.TaskKey{{Address: "a"}})
			n.GeoMap()
		}()
		select {
		case <-free:
		case <-time.After(5 * time.Second):
			t.Errorf("%s: health and status wait for the map", what)
		}
		fetched <- outcome
		<-free
		return <-done
	}
	gone := errors.New("gone")
	apply := func() error {
		return n.Apply(traffic.Position{Epoch: 1, Revision: 2}, false, []traffic.Change{{Key: set.Key(), After: set}})
	}
	if err := during("a revision that names it", apply, gone); err != nil {
		t.Errorf("a map that cannot be had stops the revision: %v", err)
	}
	if hash, alarm := n.GeoMap(); hash != "" || alarm == "" {
		t.Errorf("map %q alarm %q, want the old map and an alarm", hash, alarm)
	}
	before := n.View()
	if err := during("an attempt that fails", n.RefreshMap, gone); !errors.Is(err, gone) {
		t.Errorf("failed refresh: %v", err)
	}
	if n.View() != before {
		t.Error("an attempt that failed compiled all again")
	}
	if err := during("an attempt that succeeds", n.RefreshMap, nil); err != nil {
		t.Errorf("refresh: %v", err)
	}
	if hash, alarm := n.GeoMap(); hash != m.Hash() || alarm != "" {
		t.Errorf("map %q alarm %q, want the new map and no alarm", hash, alarm)
	}
}

// A map that was never fetched must not cost a node that restarts the one it has.
func TestTheMapFromBeforeARestartStaysWhileTheNewOneCannotBeHad(t *testing.T) {
	t.Parallel()
	g := newGen(2)
	old, next := g.randomMap(), g.randomMap()
	n := newNode(1)
	n.UseMap(old.Hash(), old)
	set := traffic.DefaultSettings()
	set.GeoMap = next.Hash()
	n.load(t, []traffic.Object{zoneObj("example.com"), set})
	if hash, alarm := n.GeoMap(); hash != old.Hash() || alarm == "" || n.Map() != old {
		t.Errorf("map %q alarm %q, want the old map and an alarm", hash, alarm)
	}
	n.maps[next.Hash()] = next
	if err := n.RefreshMap(); err != nil {
		t.Error(err)
	}
	if hash, alarm := n.GeoMap(); hash != next.Hash() || alarm != "" {
		t.Errorf("map %q alarm %q, want the new map", hash, alarm)
	}
}
