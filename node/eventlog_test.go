package node

import (
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/health/view"
	"github.com/meridian-gtm/meridian/traffic"
)

func TestEventsThatAnotherLeaderStoredAreLeftOut(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	event := func(address, to string, after time.Duration) control.Event {
		return eventOf(view.Event{At: noon.Add(after), Task: traffic.TaskKey{Address: address}, From: "up", To: to})
	}
	past := []control.Event{event("a", "down", 0), event("a", "up", 3*time.Second), event("b", "down", 0)}
	for _, c := range []struct {
		what  string
		e     control.Event
		known bool
	}{
		{"seen a second later by this view", event("a", "down", time.Second), true},
		{"the other way", event("a", "up", 2*time.Second), true},
		{"the same address fails again", event("a", "down", time.Minute), false},
		{"of another address", event("c", "down", 0), false},
	} {
		if got := len(without([]control.Event{c.e}, past)) == 0; got != c.known {
			t.Errorf("%s: known %v, want %v", c.what, got, c.known)
		}
	}
}
