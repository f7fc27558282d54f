package vantage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/health/check"
	"github.com/meridian-gtm/meridian/health/schedule"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// Prober runs one probe within the template's time limit; *check.Prober is one.
type Prober interface {
	Probe(ctx context.Context, t health.Task) check.Result
}

// Options configures a Vantage. ID, Bus and Prober are required.
type Options struct {
	ID     string            // 1 to 63 of letters, digits, - and _
	Labels map[string]string // like country=CN, isp=telecom; templates select by them
	// Instance tells processes with one id apart; empty means a random one.
	Instance string
	Bus      health.Bus
	Prober   Prober
	// References are well-known places that answer TCP connections whenever this
	// vantage's network works, such as a gateway. With them, they alone tell whether the
	// vantage is isolated; without, its other targets do.
	References []netip.AddrPort
	// Observe, if set, is told of every probe. It must be quick and safe for concurrent use.
	Observe     func(p traffic.Protocol, r check.Result)
	Concurrency int          // most probes at once; 0 means schedule.DefaultConcurrency
	Log         *slog.Logger // nil means slog.Default
}

const (
	// batchDelay gathers what changes together; it is part of the time to detection.
	batchDelay = 25 * time.Millisecond
	// refresh is how often a task without a change tells its latency. At 10,000 tasks
	// that is 333 observations a second, some 40 KB, to every receiver.
	refresh = 30 * time.Second
)

// Vantage is one place that probes.
type Vantage struct {
	opt Options
	log *slog.Logger

	sched *schedule.Scheduler // of the current activation; set under mu
	mute  atomic.Bool         // the last message could not be published

	mu       sync.Mutex // guards the fields below
	instance string
	active   time.Time // since when this process is the active one; zero while it stands by
	seq      uint64
	tasks    map[traffic.TaskKey]*task
	byID     map[string]*task
	order    []traffic.TaskKey // of tasks, sorted; nil when it must be made again
	pending  map[traffic.TaskKey]bool
	gone     []health.Observation // tombstones of removed tasks, for the next batch
	net      network
	minute   minute

	wake chan struct{} // something is pending
	beat chan struct{} // a heartbeat should go out at once
}

type task struct {
	health.Task
	id      string
	counter verdict.Counter
	since   time.Time // of the finding
	told    time.Time // last published
	last    check.Result
	probed  bool
	holding bool // a failure waits for its proof
}

// New returns a vantage that has no tasks yet.
func New(opt Options) (*Vantage, error) {
	if err := health.CheckVantage(opt.ID); err != nil {
		return nil, err
	}
	if opt.Bus == nil || opt.Prober == nil {
		return nil, errors.New("a vantage needs a bus and a prober")
	}
	if opt.Instance == "" {
		opt.Instance = rand.Text()
	}
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	v := &Vantage{opt: opt, log: opt.Log.With("vantage", opt.ID),
		tasks: map[traffic.TaskKey]*task{}, byID: map[string]*task{}, pending: map[traffic.TaskKey]bool{},
		wake: make(chan struct{}, 1), beat: make(chan struct{}, 1)}
	v.net.reset()
	return v, nil
}

// SetLabels replaces the labels by which templates select vantages. SetModel then
// brings the tasks that they select.
func (v *Vantage) SetLabels(labels map[string]string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.opt.Labels = labels
	select {
	case v.beat <- struct{}{}: // everybody else selects by them too
	default:
	}
}

// SetModel takes the tasks of a configuration that this vantage is selected for. It
// reads m only during the call. Tasks whose definition stays the same keep their
// state; others begin a new evaluation.
func (v *Vantage) SetModel(m *traffic.Model) { v.SetTasks(health.Tasks(m)) }

// SetTasks is SetModel for tasks that were listed before, of every vantage.
func (v *Vantage) SetTasks(all []health.Task) {
	selects := map[*traffic.Template]bool{}
	v.mu.Lock()
	defer v.mu.Unlock()
	keep := make(map[traffic.TaskKey]bool, len(all))
	for _, t := range all {
		yes, known := selects[t.Template]
		if !known {
			yes = t.Template.Selects(v.opt.ID, v.opt.Labels)
			selects[t.Template] = yes
		}
		if yes {
			keep[t.Key] = true
			v.putLocked(t)
		}
	}
	for k, t := range v.tasks {
		if !keep[k] {
			v.removeLocked(t)
		}
	}
	v.order = nil
	v.forgetLocked()
	v.poke()
}

func (v *Vantage) putLocked(n health.Task) {
	t := v.tasks[n.Key]
	if t == nil {
		t = &task{id: n.Key.String()}
		v.tasks[n.Key], v.byID[t.id] = t, t
		t.Task = n
	} else if t.Def != n.Def {
		// Receivers drop findings of another definition by themselves; this one tells
		// them also that the task begins anew.
		t.Task = n
		t.restart()
		v.pending[n.Key] = true
	}
	t.Task = n
	if v.sched != nil {
		v.sched.Set(t.id, time.Duration(n.Template.Interval), v.phase(t.id))
	}
}

func (t *task) restart() {
	t.counter.Restart()
	t.since, t.probed, t.last, t.holding = time.Now(), false, check.Result{}, false
}

func (v *Vantage) removeLocked(t *task) {
	delete(v.tasks, t.Key)
	delete(v.byID, t.id)
	delete(v.pending, t.Key)
	if v.sched != nil {
		v.sched.Remove(t.id)
	}
	if !v.active.IsZero() {
		v.gone = append(v.gone, health.Observation{Key: t.Key, Def: t.Def})
	}
}

// phase differs between vantages, so that they do not all knock at the same moment.
func (v *Vantage) phase(id string) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %s", v.opt.ID, id)
	return h.Sum64()
}

// Status is what the vantage says of itself.
type Status struct {
	ID       string
	Active   bool   // false while another process with this id is
	Isolated string // why it abstains, "" when it votes
	Tasks    int
	Schedule schedule.Stats
}

// Status returns the present state.
func (v *Vantage) Status() Status {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := Status{ID: v.opt.ID, Active: !v.active.IsZero(), Isolated: v.net.isolated, Tasks: len(v.tasks)}
	if v.sched != nil {
		s.Schedule = v.sched.Stats()
	}
	return s
}

// probe is what the scheduler runs.
func (v *Vantage) probe(ctx context.Context, id string) {
	v.mu.Lock()
	t := v.byID[id]
	if t == nil {
		v.mu.Unlock()
		return
	}
	due := t.Task
	v.mu.Unlock()
	start := time.Now()
	r := v.guarded(ctx, due)
	if ctx.Err() != nil {
		return
	}
	if v.opt.Observe != nil {
		v.opt.Observe(due.Template.Protocol, r)
	}
	v.report(ctx, due, start, r)
}

// guarded survives a prober's defect: a panic is a bad probe.
func (v *Vantage) guarded(ctx context.Context, t health.Task) (r check.Result) {
	defer func() {
		if p := recover(); p != nil {
			v.log.Error("probe panicked", "task", t.Key.String(), "panic", p)
			r = check.Result{Code: check.CodePanic, Reason: fmt.Sprintf("the prober has a defect: %v", p), Reached: true}
		}
	}()
	return v.opt.Prober.Probe(ctx, t)
}

// report takes the result of one probe.
func (v *Vantage) report(ctx context.Context, due health.Task, start time.Time, r check.Result) {
	v.mu.Lock()
	defer v.mu.Unlock()
	t := v.tasks[due.Key]
	if t == nil || t.Def != due.Def {
		return // removed or edited meanwhile: the answer to a question nobody asks
	}
	v.noteLocked(due, start, r)
	v.measureLocked(due.Key, start, r)
	tpl := t.Template
	switch {
	case r.Local:
		// Nothing was learned. What was found before is no longer known either.
		v.setLocked(t, r, func() bool {
			was := t.counter.Finding()
			t.counter.Restart()
			return was != verdict.Abstain
		})
	case r.Silent && (v.net.isolated != "" || start.Before(v.net.rejoined)):
		t.last, t.probed = r, true // shown, not counted
	case r.Silent && !t.holding && t.counter.Finding() != verdict.Failed &&
		t.counter.Next(false, tpl.EvaluationCount, tpl.Recovery()) == verdict.Failed && !v.provenLocked(due.Target, start):
		// About to call it failed, without proof that the network here works.
		t.holding = true
		v.mu.Unlock()
		proof := v.prove(ctx, due.Target)
		v.mu.Lock()
		if v.tasks[due.Key] != t || t.Def != due.Def || ctx.Err() != nil {
			t.holding = false
			return
		}
		if !t.holding {
			return // restarted meanwhile
		}
		t.holding = false
		if !proof.ok {
			v.isolateLocked(proof.reason)
			t.last, t.probed = r, true
			return
		}
		v.countLocked(t, r)
	default:
		v.countLocked(t, r)
	}
}

func (v *Vantage) countLocked(t *task, r check.Result) {
	v.setLocked(t, r, func() bool {
		return t.counter.Observe(r.OK, t.Template.EvaluationCount, t.Template.Recovery())
	})
}

// setLocked stores a result and publishes when the finding or the code changed, or
// when the task has not told anything for a while.
func (v *Vantage) setLocked(t *task, r check.Result, count func() (changed bool)) {
	now := time.Now()
	changed := count()
	if changed {
		t.since = now
	}
	news := changed || !t.probed || t.last.Code != r.Code || now.Sub(t.told) >= refresh
	t.last, t.probed = r, true
	if news && v.worthTelling(t) {
		v.pending[t.Key] = true
		v.poke()
	}
}

// worthTelling leaves out good probes of a task that is still in its first evaluation:
// nobody has anything to hold against it.
func (v *Vantage) worthTelling(t *task) bool {
	return t.counter.Finding() != verdict.Abstain || t.last.Code != ""
}

func (v *Vantage) poke() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

func (t *task) observation(now time.Time) health.Observation {
	o := health.Observation{Key: t.Key, Def: t.Def, Finding: t.counter.Finding(), Age: max(now.Sub(t.since), 0),
		Latency: max(t.last.Latency, 0), Code: t.last.Code, Reason: t.last.Reason}
	if t.since.IsZero() {
		o.Age = 0
	}
	return o
}

// page answers a request for the whole state.
func (v *Vantage) page(req []byte) []byte {
	q, err := health.DecodeRequest(req)
	if err != nil {
		v.log.Warn("state request refused", "error", err)
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.order == nil {
		v.order = slices.SortedFunc(maps.Keys(v.tasks), health.CompareKeys)
	}
	from := 0
	if q.After != nil && q.Instance == v.instance {
		var found bool
		from, found = slices.BinarySearchFunc(v.order, *q.After, health.CompareKeys)
		if found {
			from++
		}
	}
	for size := health.PageSize; ; size /= 2 {
		data := health.Encode(v.pageLocked(from, size))
		if len(data) <= maxBatch || size == 1 {
			return data
		}
	}
}

func (v *Vantage) pageLocked(from, size int) health.StatePage {
	p := health.StatePage{Beat: v.beatLocked()}
	now := time.Now()
	for i := from; i < len(v.order); i++ {
		t := v.tasks[v.order[i]]
		if t.probed && v.worthTelling(t) {
			p.Observations = append(p.Observations, t.observation(now))
		}
		if len(p.Observations) == size && i+1 < len(v.order) {
			k := v.order[i]
			p.More = &k
			break
		}
	}
	return p
}
