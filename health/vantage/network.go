package vantage

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/health/check"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// The rules of isolation. A target that keeps silent and a network that is cut look
// the same from one probe, so a vantage that is about to call a target failed for
// silence looks for proof that its network works:
//
//   - another target's answer to a probe that began after the silent one did, and
//     within the last proofAge, is proof;
//   - else it asks witnesses at once: the references if there are any, otherwise up
//     to maxWitnesses other targets that answered last; one answer is proof;
//   - without references and with fewer than minWitnesses other live targets there can
//     be no proof, and the failure counts: the only one or two targets of a small
//     install must not stay up for ever. Live are those that answered and are not
//     called failed since;
//   - all witnesses silent: the vantage is isolated. Nothing failed by it counts, and
//     every finding starts over, so that it votes only on what it sees afterwards. The
//     first answer ends that, since one answer is proof.
//
// When really all of five or more targets died at once, and no references are
// configured, this abstains too. That costs little: with every target down the
// answer is everything (all_down: serve_all) either way. Failing half a world because
// of one cable costs much.
const (
	// proofAge is short against most time limits: a cable that was pulled while the
	// silent probe was waiting was pulled before that.
	proofAge     = 500 * time.Millisecond
	maxWitnesses = 8
	minWitnesses = 4
	// witnessLimit keeps a vantage from waiting for a slow witness; any answer within
	// it is proof.
	witnessLimit = 2 * time.Second
)

// network is what the vantage knows of its own network. Guarded by Vantage.mu.
type network struct {
	targets  map[string]*target
	isolated string    // why; "" when not
	rejoined time.Time // when that last ended: probes that began before it prove nothing
	proving  *proof
}

// target is one endpoint, whatever tasks it has.
type target struct {
	began   time.Time // of the last probe that it answered
	task    health.Task
	faulted bool // the last probe failed by this machine's own fault
}

// proof is the outcome of asking the witnesses; all who need one at a time share it.
type proof struct {
	done   chan struct{}
	ok     bool
	reason string
}

func (n *network) reset() {
	*n = network{targets: map[string]*target{}}
}

// noteLocked learns from every probe what it tells of the network.
func (v *Vantage) noteLocked(t health.Task, start time.Time, r check.Result) {
	n := &v.net
	g := n.targets[t.Target]
	if g == nil {
		g = &target{}
		n.targets[t.Target] = g
	}
	g.task = t
	g.faulted = r.Local && r.Code == check.CodeLocal
	if r.Reached {
		if start.After(g.began) {
			g.began = start
		}
		if n.isolated != "" && len(v.opt.References) == 0 {
			v.rejoinLocked()
		}
		return
	}
	if g.faulted {
		v.faultsLocked()
	}
}

// faultsLocked declares isolation when this machine's own faults cover all targets.
// Each of them abstains already; this makes it one word for people. A machine without
// IPv6 is not isolated while its IPv4 targets answer.
func (v *Vantage) faultsLocked() {
	if v.net.isolated != "" || len(v.opt.References) > 0 {
		return
	}
	for _, g := range v.net.targets {
		if !g.faulted {
			return
		}
	}
	v.isolateLocked(fmt.Sprintf("none of %d targets can be reached from this machine", len(v.net.targets)))
}

// liveLocked tells whether a target answered and is not called failed since: only
// such a one can testify by its silence.
func (v *Vantage) liveLocked(g *target) bool {
	t := v.tasks[g.task.Key]
	return !g.began.IsZero() && t != nil && t.counter.Finding() != verdict.Failed
}

// forgetLocked drops targets that no task names any more.
func (v *Vantage) forgetLocked() {
	used := make(map[string]bool, len(v.tasks))
	for _, t := range v.tasks {
		used[t.Target] = true
	}
	for name := range v.net.targets {
		if !used[name] {
			delete(v.net.targets, name)
		}
	}
}

// provenLocked tells whether another target has answered since a probe began, or
// whether no proof is possible.
func (v *Vantage) provenLocked(not string, began time.Time) bool {
	if len(v.opt.References) > 0 {
		// With references only they are proof: targets may be nearer than the trouble.
		return false
	}
	since := time.Now().Add(-proofAge)
	if since.Before(began) {
		since = began
	}
	others := 0
	for name, g := range v.net.targets {
		if name == not || !v.liveLocked(g) {
			continue
		}
		others++
		if g.began.After(since) {
			return true
		}
	}
	return others < minWitnesses
}

// prove asks the witnesses, or waits for those who ask already.
func (v *Vantage) prove(ctx context.Context, not string) *proof {
	v.mu.Lock()
	if p := v.net.proving; p != nil {
		v.mu.Unlock()
		select {
		case <-p.done:
		case <-ctx.Done():
			return &proof{}
		}
		return p
	}
	p := &proof{done: make(chan struct{})}
	v.net.proving = p
	witnesses := v.witnessesLocked(not)
	v.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, witnessLimit)
	defer cancel()
	answers := make(chan bool, len(witnesses))
	var wg sync.WaitGroup
	for _, w := range witnesses {
		wg.Go(func() { answers <- w.ask(ctx) })
	}
	names := make([]string, len(witnesses))
	for i, w := range witnesses {
		names[i] = w.name
		if p.ok = p.ok || <-answers; p.ok {
			break // the others need not be waited for
		}
	}
	cancel()
	wg.Wait()
	if len(witnesses) == 0 {
		p.ok = true // they went away meanwhile: no proof is possible
	} else if !p.ok {
		p.reason = "no answer from " + strings.Join(names, ", ")
	}
	v.mu.Lock()
	v.net.proving = nil
	v.mu.Unlock()
	close(p.done)
	return p
}

type witness struct {
	name string
	ask  func(context.Context) bool
}

// witnessesLocked are the references, or the targets that answered last.
func (v *Vantage) witnessesLocked(not string) []witness {
	var out []witness
	for _, ref := range v.opt.References {
		out = append(out, witness{ref.String(), func(ctx context.Context) bool {
			var d net.Dialer
			c, err := d.DialContext(ctx, "tcp", ref.String())
			if err != nil {
				// A refusal is an answer too.
				return check.Refused(err)
			}
			c.Close()
			return true
		}})
	}
	if len(out) > 0 {
		return out
	}
	type named struct {
		name string
		*target
	}
	var list []named
	for name, g := range v.net.targets {
		if name != not && v.liveLocked(g) {
			list = append(list, named{name, g})
		}
	}
	slices.SortFunc(list, func(a, b named) int { return b.began.Compare(a.began) })
	for _, g := range list[:min(len(list), maxWitnesses)] {
		t := g.task
		out = append(out, witness{g.name, func(ctx context.Context) bool {
			start := time.Now()
			r := v.guarded(ctx, t)
			if r.Reached {
				v.mu.Lock()
				v.noteLocked(t, start, r)
				v.mu.Unlock()
			}
			return r.Reached
		}})
	}
	return out
}

func (v *Vantage) isolateLocked(reason string) {
	if v.net.isolated != "" {
		return
	}
	v.net.isolated = reason
	for k, t := range v.tasks {
		t.counter.Restart()
		t.since, t.holding = time.Now(), false
		v.pending[k] = true
	}
	v.log.Warn("isolated: abstains until targets answer again", "reason", reason)
	v.pokeBeat()
}

func (v *Vantage) rejoinLocked() {
	v.net.isolated, v.net.rejoined = "", time.Now()
	v.log.Info("no longer isolated")
	v.pokeBeat()
}

func (v *Vantage) pokeBeat() {
	for _, c := range []chan struct{}{v.beat, v.wake} {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// watchReferences rejoins an isolated vantage when a reference answers.
func (v *Vantage) watchReferences(ctx context.Context) {
	if len(v.opt.References) == 0 {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		v.mu.Lock()
		isolated := v.net.isolated != ""
		v.mu.Unlock()
		if isolated && v.prove(ctx, "").ok {
			v.mu.Lock()
			if v.net.isolated != "" {
				v.rejoinLocked()
			}
			v.mu.Unlock()
		}
	}
}
