package healthtest

import (
	"context"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/health/check"
)

// Condition is how a target looks to a probe.
type Condition uint8

// The conditions. A target that nothing was said of is Fine.
const (
	Fine    Condition = iota
	Refuses           // answers at once that the port is closed
	Silent            // never answers; the probe runs into its time limit
	NoRoute           // this machine's own fault
	Panics            // the prober has a defect
)

// World is a prober's surroundings without a network: it answers after 10 ms.
type World struct {
	mu     sync.Mutex
	all    *Condition
	at     map[string]Condition
	probes map[string]int
}

// NewWorld returns a world in which all is fine.
func NewWorld() *World { return &World{at: map[string]Condition{}, probes: map[string]int{}} }

// Set changes targets.
func (w *World) Set(c Condition, targets ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range targets {
		w.at[t] = c
	}
}

// All changes every target, whatever it is set to, until Restore.
func (w *World) All(c Condition) {
	w.mu.Lock()
	w.all = &c
	w.mu.Unlock()
}

// Restore ends All.
func (w *World) Restore() {
	w.mu.Lock()
	w.all = nil
	w.mu.Unlock()
}

// Probes returns how often a target was probed.
func (w *World) Probes(target string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.probes[target]
}

// Probe implements vantage.Prober.
func (w *World) Probe(ctx context.Context, t health.Task) check.Result {
	w.mu.Lock()
	c := w.at[t.Target]
	if w.all != nil {
		c = *w.all
	}
	w.probes[t.Target]++
	w.mu.Unlock()
	answer := 10 * time.Millisecond
	if c == Silent {
		answer = time.Duration(t.Template.Timeout)
	}
	if c != NoRoute {
		wait := time.NewTimer(answer)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-ctx.Done():
			return check.Result{Local: true, Code: check.CodeLocal, Reason: "broken off"}
		}
	}
	switch c {
	case Refuses:
		return check.Result{Reached: true, Latency: answer, Code: check.CodeRefused, Reason: t.Target + " refuses connections"}
	case Silent:
		return check.Result{Silent: true, Code: check.CodeTimeout, Reason: "no answer within the time limit"}
	case NoRoute:
		return check.Result{Local: true, Code: check.CodeLocal, Reason: "this prober cannot reach " + t.Target}
	case Panics:
		panic("the world is not fine")
	}
	return check.Result{OK: true, Reached: true, Latency: answer}
}
