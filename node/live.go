package node

import (
	"fmt"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/distribute"
	"github.com/meridian-gtm/meridian/traffic"
)

// live tells the API what the other layers hold.
type live struct{ n *node }

var _ control.Live = live{}

func toNode(h distribute.Heard) control.Node {
	silent := time.Since(h.LastSeen)
	return control.Node{NodeStatus: h.NodeStatus, LastSeen: time.Now().Add(-silent).UTC(), Silent: traffic.Duration(silent.Round(time.Millisecond))}
}

func (l live) Nodes() []control.Node {
	heard := l.n.control.roster.Nodes()
	out := make([]control.Node, len(heard))
	for i, h := range heard {
		out[i] = toNode(h)
		// Design 5.6: nothing compares two machines' clocks, but people and logs do.
		if h.Skew > maxSkew || h.Skew < -maxSkew {
			out[i].Alarms = append(out[i].Alarms, fmt.Sprintf("its clock is %s off control's; set up time synchronisation", h.Skew.Round(time.Second)))
		}
	}
	return out
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
		v := t.Verdict
		h := control.TaskHealth{TaskKey: t.Key, State: v.State.String(), Stale: v.Stale, Since: v.Since.UTC(), Voting: v.Voting, Failed: v.Failed, Selected: v.Selected, Findings: toFindings(l.n.view.Findings(t.Key))}
		out[i] = h
	}
	return out
}
