package distribute

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
)

const (
	// statusEvery is how often a node speaks without news: `apply --wait` counts nodes
	// heard within 30 s, so five words may be lost before one is missed.
	statusEvery = 5 * time.Second
	// presentFor is how long a silence may last before it counts as one (contract).
	presentFor = 30 * time.Second
	// coalesce bounds how often a node speaks with news.
	coalesce = 100 * time.Millisecond
	// maxStatus and maxNodes bound what a Roster keeps, whoever may send.
	maxStatus = 64 << 10
	maxNodes  = 10_000

	statusSubject = "node.status."
)

// nodeForm is that of broker.CheckID.
var nodeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,63}$`)

// Reporter tells control about this node.
type Reporter struct {
	wire   Wire
	id     string
	status func() traffic.NodeStatus
	log    *slog.Logger
	wake   chan struct{}
}

// NewReporter speaks for the node of that id. status is called from Run, every few
// seconds and after Changed; the reporter fills in ID and Sent.
func NewReporter(wire Wire, id string, status func() traffic.NodeStatus, log *slog.Logger) (*Reporter, error) {
	if !nodeForm.MatchString(id) {
		return nil, fmt.Errorf("report status: node id %q: use 1 to 63 letters, digits, - or _", id)
	}
	return &Reporter{wire: wire, id: id, status: status, log: orDiscard(log), wake: make(chan struct{}, 1)}, nil
}

func orDiscard(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}

// Changed says that the status is another one now. It never blocks.
func (r *Reporter) Changed() { poke(r.wake) }

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run reports until ctx ends and then returns nil.
func (r *Reporter) Run(ctx context.Context) error {
	cancel := r.wire.OnConnect(r.Changed)
	defer cancel()
	t := time.NewTimer(coalesce)
	defer t.Stop()
	soon := true // the timer stands at the end of a coalescing interval
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.wake:
			if !soon {
				soon = true
				t.Reset(coalesce)
			}
		case <-t.C:
			soon = false
			r.report()
			t.Reset(statusEvery)
		}
	}
}

func (r *Reporter) report() {
	s := r.status()
	s.ID, s.Sent = r.id, time.Now().UTC()
	b, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("encode node status: %v", err)) // plain data always encodes
	}
	if err := r.wire.Publish(statusSubject+r.id, b); err != nil {
		// Not worth a warning: the connection logs its own loss, and the next report
		// replaces this one.
		r.log.Debug("report status", "error", err)
	}
}

// Heard is what a Roster knows of a node.
type Heard struct {
	traffic.NodeStatus
	// LastSeen is when it last spoke; it carries the monotonic clock of this process, so
	// time.Since(LastSeen) is right whatever happens to the wall clock.
	LastSeen time.Time
	// Since is when it began to speak without a break of presentFor.
	Since time.Time
	// Skew is how far its clock was ahead of ours, less the time its word took.
	Skew time.Duration
}

// Roster is control's list of the nodes that have spoken.
type Roster struct {
	wire Wire
	log  *slog.Logger

	mu       sync.Mutex // guards the fields below
	nodes    map[string]Heard
	onChange []func(id string)
}

// NewRoster is empty until Run.
func NewRoster(wire Wire, log *slog.Logger) *Roster {
	return &Roster{wire: wire, log: orDiscard(log), nodes: map[string]Heard{}}
}

// OnChange calls f when a node says something new (not at each repetition) and when
// one is forgotten, from the goroutine that received it; f must not block. Register
// before Run.
func (r *Roster) OnChange(f func(id string)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onChange = append(r.onChange, f)
}

// Run listens until ctx ends and then returns nil.
func (r *Roster) Run(ctx context.Context) error {
	cancel, err := r.wire.Subscribe(statusSubject+"*", r.hear)
	if err != nil {
		return fmt.Errorf("listen for node status: %w", err)
	}
	defer cancel()
	<-ctx.Done()
	return nil
}

func (r *Roster) hear(subject string, data []byte) {
	id := strings.TrimPrefix(subject, statusSubject)
	now := time.Now()
	s, err := parseStatus(id, data)
	if err != nil {
		r.log.Warn("node status cannot be read", "error", err)
		return
	}
	r.mu.Lock()
	old, known := r.nodes[id]
	if !known && len(r.nodes) >= maxNodes {
		r.mu.Unlock()
		r.log.Warn("node is not listed: there are too many", "node", id, "limit", maxNodes)
		return
	}
	since := now
	if known && now.Sub(old.LastSeen) <= presentFor {
		since = old.Since
	}
	r.nodes[id] = Heard{NodeStatus: s, LastSeen: now, Since: since, Skew: s.Sent.Sub(now.UTC())}
	hooks := r.onChange
	r.mu.Unlock()
	if known && !news(old.NodeStatus, s) {
		return
	}
	for _, f := range hooks {
		f(id)
	}
}

// parseStatus trusts the subject, which permissions guard, above the body.
func parseStatus(id string, data []byte) (traffic.NodeStatus, error) {
	var s traffic.NodeStatus
	if !nodeForm.MatchString(id) {
		return s, fmt.Errorf("node id %q is not allowed", id)
	}
	if len(data) > maxStatus {
		return s, fmt.Errorf("status of node %s: %d bytes are more than the limit of %d", id, len(data), maxStatus)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("status of node %s: %w", id, err)
	}
	// What a node has sent to this place by other hands is not its status.
	if s.ID != id {
		return s, fmt.Errorf("status of node %s: it is of %q", id, s.ID)
	}
	return s, nil
}

// news reports whether b says more than that time has gone by.
func news(a, b traffic.NodeStatus) bool {
	return a.Position != b.Position || a.GeoMap != b.GeoMap || a.Verdicts != b.Verdicts || a.Ready != b.Ready || a.Cold != b.Cold ||
		a.Version != b.Version || !a.Started.Equal(b.Started) || !slices.Equal(a.Alarms, b.Alarms) || !slices.Equal(a.Roles, b.Roles) || !maps.Equal(a.Labels, b.Labels)
}

// Nodes lists every node that has spoken since this process started, by id.
func (r *Roster) Nodes() []Heard {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]Heard, 0, len(r.nodes))
	for _, id := range slices.Sorted(maps.Keys(r.nodes)) {
		out = append(out, r.nodes[id])
	}
	return out
}

// Forget removes a node; it comes back if it speaks again.
func (r *Roster) Forget(id string) {
	r.mu.Lock()
	_, known := r.nodes[id]
	delete(r.nodes, id)
	hooks := r.onChange
	r.mu.Unlock()
	if !known {
		return
	}
	for _, f := range hooks {
		f(id)
	}
}
