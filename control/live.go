package control

import (
	"context"
	"encoding/json"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/said"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// Live is what is true now and stored nowhere: nodes, vantages, health. Package node
// fills it from what the other layers hold. Methods do not block and are safe for
// concurrent use.
type Live interface {
	// Nodes returns every node heard since this process started, by id.
	Nodes() []Node
	// Vantages returns every known vantage, by id.
	Vantages() []Vantage
	// Tasks returns the health of every task, by key.
	Tasks() []TaskHealth
	// Task returns the health of one task; false for one that is not known.
	Task(traffic.TaskKey) (TaskHealth, bool)
	// Controls returns the control processes on this store, by node.
	Controls() []Process
}

// Process is one of the control processes on this store.
type Process struct {
	Node    string           `json:"node"`
	API     string           `json:"api" doc:"Address of its API."`
	Version string           `json:"version"`
	Started time.Time        `json:"started"`
	Silent  traffic.Duration `json:"silent_for" doc:"How long ago it last wrote to the store."`
	Lost    bool             `json:"lost" doc:"It has been silent for too long; it may be dead."`
	Leads   bool             `json:"leads" doc:"It does what only one may do: events, location data, expiry and retention."`
	This    bool             `json:"this" doc:"It is the one that answers."`
}

// Node is a node as control sees it.
type Node struct {
	traffic.NodeStatus
	State    string    `json:"state" enum:"heard,silent,invited" doc:"silent: not for 30 s; invited: not since this control process started."`
	LastSeen time.Time `json:"last_seen,omitzero" doc:"When it was last heard, by control's clock."`
	// Since is when it began to be heard without a break.
	Since     time.Time        `json:"connected_since,omitzero" doc:"Since when it is heard without a break of 30 s."`
	Invited   time.Time        `json:"invited_at,omitzero" doc:"When its credential was made; absent for a node that was not invited, like control."`
	Behind    uint64           `json:"behind" doc:"How many revisions it is behind control."`
	BehindFor traffic.Duration `json:"behind_for" doc:"How long ago the first revision that it lacks was made."`
	Skew      traffic.Duration `json:"skew" doc:"How far its clock is ahead of control's."`
	// Silent is measured by the receiver's monotonic clock (design 5.6).
	Silent traffic.Duration `json:"silent_for" doc:"How long ago that was."`
	// AlarmsSaid are filled in by the API.
	AlarmsSaid []said.Said `json:"alarms_said,omitempty" doc:"Those of alarms that have a code, in their order; others have the code alarm.text."`
}

// HeardWithin is how recently a node must have been heard to count as present
// (contract: --wait counts nodes heard within 30 s).
const HeardWithin = 30 * time.Second

// Present reports whether the node counts.
func (n Node) Present() bool { return time.Duration(n.Silent) <= HeardWithin }

// Vantage is a place that probes, as control sees it.
type Vantage struct {
	ID       string            `json:"id"`
	Labels   map[string]string `json:"labels,omitempty"`
	State    string            `json:"state" enum:"alive,isolated,lost" doc:"An isolated vantage abstains: its own network is broken."`
	Reason   string            `json:"reason,omitempty" doc:"Why it is isolated or lost."`
	Said     *said.Said        `json:"said,omitempty" doc:"Reason with its code."`
	Tasks    int               `json:"tasks" doc:"Tasks that it judges."`
	LastSeen time.Time         `json:"last_seen"`
	Silent   traffic.Duration  `json:"silent_for"`
}

// MarshalJSON implements json.Marshaler.
func (v Vantage) MarshalJSON() ([]byte, error) {
	type plain Vantage
	if v.Said == nil {
		v.Said = said.Of(v.Reason)
	}
	return json.Marshal(plain(v))
}

// TaskHealth is what all vantages together say about one health task, and each alone.
type TaskHealth struct {
	traffic.TaskKey
	State    string    `json:"state" enum:"unknown,up,down"`
	Stale    bool      `json:"stale" doc:"Too few vantages vote; the last verdict holds."`
	Since    time.Time `json:"since" doc:"Since when the state holds."`
	Voting   int       `json:"voting"`
	Failed   int       `json:"failed" doc:"Voting vantages that call it failed."`
	Selected int       `json:"selected"`
	Findings []Finding `json:"findings"`
	// Override is filled in by the API.
	Override *steer.Ordered `json:"override,omitempty" doc:"The operator's order about the address, which its health does not move."`
}

// Finding is what one vantage last found of one task.
type Finding struct {
	Vantage string           `json:"vantage"`
	Finding string           `json:"finding" enum:"abstain,good,failed"`
	Code    string           `json:"code,omitempty" doc:"What was wrong in a stable word, like timeout, refused, status or expired."`
	Reason  string           `json:"reason,omitempty"`
	Latency traffic.Duration `json:"latency"`
	Since   time.Time        `json:"since"`
	Said    *said.Said       `json:"said,omitempty" doc:"Reason with its code."`
}

// MarshalJSON implements json.Marshaler.
func (f Finding) MarshalJSON() ([]byte, error) {
	type plain Finding
	if f.Said == nil {
		f.Said = said.Of(f.Reason)
	}
	return json.Marshal(plain(f))
}

// ExplainRequest asks for the reasons of one answer.
type ExplainRequest struct {
	Name     string   `json:"name" doc:"Name asked for." minLength:"1"`
	Type     string   `json:"type,omitempty" doc:"Record type; default A."`
	Client   string   `json:"client,omitempty" doc:"Client: an IP address or a network, as ECS carries it."`
	Resolver string   `json:"resolver,omitempty" doc:"Address of the recursive resolver: it decides where client is absent or private."`
	Line     string   `json:"line,omitempty" doc:"A line in place of a client: a typical client of it, like mobile:cn-gd for Guangdong on China Mobile."`
	Down     []string `json:"down,omitempty" doc:"Addresses to take as unavailable."`
	Node     string   `json:"node,omitempty" doc:"Node whose view to explain; default is control's."`
	Revision uint64   `json:"revision,omitempty" doc:"Revision to explain; default is the newest."`
}

// Explainer gives the reasons of an answer from the engine that answers. It returns
// an error that wraps ErrNotFound for a name, node or revision that is not there,
// and *traffic.Invalid for a request that makes no sense.
type Explainer interface {
	Explain(ctx context.Context, r ExplainRequest) (steer.Explanation, error)
	// ExplainIn answers questions, each with an explanation or an error of its own, from a
	// configuration that is not in force, given as puts: by this process's health, current
	// members and location data.
	ExplainIn(ctx context.Context, at traffic.Position, config []traffic.Change, list []ExplainRequest) ([]Explained, error)
}

// Explained is the answer to one of several questions.
type Explained struct {
	Explanation steer.Explanation
	Err         error
}
