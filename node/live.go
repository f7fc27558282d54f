package node

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/distribute"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// live tells the API what the other layers hold.
type live struct{ n *node }

var _ control.Live = live{}

func toNode(h distribute.Heard) control.Node {
	silent := time.Since(h.LastSeen)
	n := control.Node{NodeStatus: h.NodeStatus, State: "heard", LastSeen: time.Now().Add(-silent).UTC(), Since: h.Since.UTC(),
		Silent: traffic.Duration(silent.Round(time.Millisecond)), Skew: traffic.Duration(h.Skew.Round(time.Millisecond))}
	if !n.Present() {
		n.State = "silent"
	}
	return n
}

func (l live) Nodes() []control.Node {
	heard := l.n.control.roster.Nodes()
	if !l.n.bus.Connected() {
		heard = l.n.withSelf(heard)
	}
	out := make([]control.Node, len(heard))
	head := l.n.control.heads.head()
	for i, h := range heard {
		out[i] = toNode(h)
		if h.Position.Before(head) {
			out[i].Behind = head.Revision
			if h.Position.Epoch == head.Epoch {
				out[i].Behind -= h.Position.Revision
			}
			out[i].BehindFor = traffic.Duration(l.n.control.heads.since(h.Position).Round(time.Millisecond))
		}
		// Design 5.6: nothing compares two machines' clocks, but people and logs do.
		if h.Skew > maxSkew || h.Skew < -maxSkew {
			out[i].Alarms = append(out[i].Alarms, fmt.Sprintf("its clock is %s off control's; set up time synchronisation", h.Skew.Round(time.Second)))
		}
	}
	return out
}

// withSelf puts in what this process knows of itself: with the bus away nobody tells it,
// and whoever asks for the status must see that.
func (n *node) withSelf(heard []distribute.Heard) []distribute.Heard {
	self := distribute.Heard{NodeStatus: n.status(), LastSeen: time.Now(), Since: n.started}
	self.ID = n.o.ID
	heard = slices.DeleteFunc(slices.Clone(heard), func(h distribute.Heard) bool { return h.ID == self.ID })
	return append(heard, self)
}

// heads remembers when the last revisions came, by this process's clock, to tell how
// late a node is.
type heads struct {
	mu   sync.Mutex // guards the field below
	list []headAt   // in order of time, at most keptHeads
}

type headAt struct {
	pos traffic.Position
	at  time.Time
}

// keptHeads is some minutes of steady writing; a node behind that is late by at least
// as much as is told.
const keptHeads = 1024

func (h *heads) note(p traffic.Position) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.list); n > 0 && h.list[n-1].pos == p {
		return
	}
	h.list = append(h.list, headAt{p, time.Now()})
	if len(h.list) > keptHeads {
		h.list = slices.Delete(h.list, 0, len(h.list)-keptHeads)
	}
}

func (h *heads) head() traffic.Position {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.list) == 0 {
		return traffic.Position{}
	}
	return h.list[len(h.list)-1].pos
}

// since is how long ago the first revision after p came.
func (h *heads) since(p traffic.Position) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.list {
		if p.Before(e.pos) {
			return time.Since(e.at)
		}
	}
	return 0
}

const maxSkew = 5 * time.Second

func (l live) Vantages() []control.Vantage {
	list := l.n.view.Vantages()
	out := make([]control.Vantage, len(list))
	for i, v := range list {
		state, reason := v.State, v.Isolated
		switch state {
		case "heard":
			state = "alive"
		case "unknown":
			state, reason = "lost", "it has not been heard since this process started"
		case "lost":
			reason = "its heartbeat is missing; the process or its network is down"
		}
		out[i] = control.Vantage{ID: v.ID, Labels: v.Labels, State: state, Reason: reason, Tasks: v.Tasks,
			LastSeen: time.Now().Add(-v.Silence).UTC(), Silent: traffic.Duration(v.Silence.Round(time.Millisecond))}
	}
	return out
}

func (l live) Tasks() []control.TaskHealth {
	list := l.n.view.Tasks()
	out := make([]control.TaskHealth, len(list))
	for i, t := range list {
		out[i] = l.health(t.Key, t.Verdict)
	}
	return out
}

func (l live) Task(k traffic.TaskKey) (control.TaskHealth, bool) {
	v, known := l.n.view.Known(k)
	if !known {
		return control.TaskHealth{}, false
	}
	return l.health(k, v), true
}

func (l live) health(k traffic.TaskKey, v verdict.Verdict) control.TaskHealth {
	return control.TaskHealth{TaskKey: k, State: v.State.String(), Stale: v.Stale, Since: v.Since.UTC(), Voting: v.Voting, Failed: v.Failed, Selected: v.Selected, Findings: toFindings(l.n.view.Findings(k))}
}
