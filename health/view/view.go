package view

import (
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// Options configures a View. Bus is required.
type Options struct {
	Bus health.Bus
	// Dir keeps the verdicts across restarts; empty keeps none.
	Dir string
	// Forget is after how long a silent vantage is no longer selected; 0 means
	// DefaultForget.
	Forget time.Duration
	Log    *slog.Logger // nil means slog.Default
}

const (
	// DefaultForget leaves a night and a day to notice that a vantage is gone for good.
	// Until then it counts as selected, so its silence can only hold verdicts.
	DefaultForget = 24 * time.Hour
	// settle is how long after the start nothing is judged: one heartbeat of every
	// vantage that lives, so that the first to be heard does not decide alone.
	settle = health.BeatEvery + 250*time.Millisecond
	// waitLimit bounds Wait (design 5.6).
	waitLimit = 10 * time.Second
	// maxEvents bounds the events kept for those who ask later.
	maxEvents = 1000
)

// View is the verdict table. All methods may be called at any time by anyone.
type View struct {
	opt   Options
	log   *slog.Logger
	begun time.Time

	mu       sync.RWMutex // guards the fields below
	settled  bool
	heard    bool // some vantage's whole state, since the start
	kept     int  // verdicts that came from disk
	tasks    map[traffic.TaskKey]*task
	byTpl    map[*traffic.Template]*selection
	vantages map[string]*source
	loaded   map[traffic.TaskKey]verdict.Verdict // from disk, until the first model
	digest   digest
	gen      int                      // of SetTasks
	changed  map[traffic.TaskKey]bool // not yet told to onChange
	news     []Event                  // not yet told to onEvent
	events   []Event
	onChange []func([]traffic.TaskKey)
	onEvent  []func([]Event)
	unsaved  bool
	saveErr  error // of the last save
	saved    time.Time

	wake chan struct{} // changed or news
	sync chan struct{} // a vantage's state is needed
}

type task struct {
	health.Task
	v   verdict.Verdict
	sel *selection
	gen int // of the last SetTasks that named it
}

// selection is the known vantages that a template selects, shared by its tasks.
type selection struct {
	sources []*source // by id
	tasks   map[traffic.TaskKey]*task
}

// New returns a view with what Dir keeps. A file that cannot be read counts as
// absent: the verdicts come again from the vantages.
func New(opt Options) *View {
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	if opt.Forget <= 0 {
		opt.Forget = DefaultForget
	}
	v := &View{opt: opt, log: opt.Log, begun: time.Now(),
		tasks: map[traffic.TaskKey]*task{}, byTpl: map[*traffic.Template]*selection{},
		vantages: map[string]*source{}, changed: map[traffic.TaskKey]bool{},
		wake: make(chan struct{}, 1), sync: make(chan struct{}, 1)}
	v.load()
	return v
}

// OnChange registers f for keys whose State changed, or whose Down was stale and is
// confirmed: whoever did not act on what was only held from before may do so then. It
// is called with what has gathered since its last return, from a goroutine of Run,
// never twice at once. Verdicts that only turn stale, or gain a vote, are not told.
// Register before Run.
func (v *View) OnChange(f func([]traffic.TaskKey)) {
	v.mu.Lock()
	v.onChange = append(v.onChange, f)
	v.mu.Unlock()
}

// OnEvent registers f for events, under the terms of OnChange.
func (v *View) OnEvent(f func([]Event)) {
	v.mu.Lock()
	v.onEvent = append(v.onEvent, f)
	v.mu.Unlock()
}

// SetModel takes the tasks of a configuration. It reads m only during the call.
// Verdicts of tasks that stay are kept, also through an edit of their template.
func (v *View) SetModel(m *traffic.Model) { v.SetTasks(health.Tasks(m)) }

// SetTasks is SetModel for tasks that were listed before.
func (v *View) SetTasks(list []health.Task) {
	now := time.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.gen++
	var judge []*task
	for _, t := range list {
		n := v.tasks[t.Key]
		switch {
		case n == nil:
			n = &task{v: v.loaded[t.Key]}
			if n.v.State != verdict.Unknown {
				v.kept++
				v.digest.toggle(t.Key, n.v.State)
			}
			v.tasks[t.Key] = n
		case n.Def == t.Def && n.Template == t.Template:
			n.gen = v.gen // most of them, at most changes
			continue
		default:
			delete(n.sel.tasks, t.Key)
		}
		n.Task, n.gen, n.sel = t, v.gen, v.byTpl[t.Template]
		if n.sel == nil {
			n.sel = &selection{sources: v.selectLocked(t.Template), tasks: map[traffic.TaskKey]*task{}}
			v.byTpl[t.Template] = n.sel
		}
		n.sel.tasks[t.Key] = n
		judge = append(judge, n)
	}
	for k, t := range v.tasks {
		if t.gen == v.gen {
			continue
		}
		v.digest.toggle(k, t.v.State)
		delete(v.tasks, k)
		delete(t.sel.tasks, k)
		delete(v.changed, k)
		v.unsaved = true
	}
	for tpl, sel := range v.byTpl {
		if len(sel.tasks) == 0 {
			delete(v.byTpl, tpl)
		}
	}
	if len(list) > 0 {
		v.loaded = nil // a node that has no configuration yet keeps what it will need then
	}
	for _, t := range judge {
		v.judgeLocked(t, now)
	}
	v.poke()
}

func (v *View) selectLocked(t *traffic.Template) []*source {
	var out []*source
	for _, id := range slices.Sorted(maps.Keys(v.vantages)) {
		if s := v.vantages[id]; t.Selects(id, s.labels) {
			out = append(out, s)
		}
	}
	return out
}

// reselectLocked follows a vantage that came, went or changed its labels.
func (v *View) reselectLocked(now time.Time) {
	for tpl, sel := range v.byTpl {
		is := v.selectLocked(tpl)
		if slices.Equal(is, sel.sources) {
			continue
		}
		sel.sources = is
		for _, t := range sel.tasks {
			v.judgeLocked(t, now)
		}
	}
}

// rejudgeLocked judges all tasks that a vantage is selected for.
func (v *View) rejudgeLocked(s *source, now time.Time) {
	for _, sel := range v.byTpl {
		if slices.Contains(sel.sources, s) {
			for _, t := range sel.tasks {
				v.judgeLocked(t, now)
			}
		}
	}
}

func (v *View) judgeLocked(t *task, now time.Time) {
	if !v.settled {
		// What came from disk holds, and is stale, until all had a chance to speak.
		t.v.Stale = t.v.State != verdict.Unknown
		t.v.Selected = len(t.sel.sources)
		return
	}
	var few [16]verdict.Finding
	findings := few[:0]
	for _, s := range t.sel.sources {
		if f, ok := s.vote(&t.Task); ok {
			findings = append(findings, f)
		}
	}
	was := t.v
	t.v = verdict.Judge(was, len(t.sel.sources), findings, t.Template.FailureRate)
	if t.v.Stale != was.Stale {
		v.unsaved = true
	}
	if t.v.State == was.State {
		if t.v.State == verdict.Down && was.Stale && !t.v.Stale {
			v.changed[t.Key] = true
			v.poke()
		}
		return
	}
	t.v.Since = now
	v.unsaved = true
	v.digest.toggle(t.Key, was.State)
	v.digest.toggle(t.Key, t.v.State)
	v.changed[t.Key] = true
	v.eventLocked(Event{At: now, Task: t.Key, From: was.State.String(), To: t.v.State.String(), Cause: v.causeLocked(t), Findings: v.findingsLocked(t)})
	v.poke()
}

func (v *View) poke() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

func (v *View) pokeSync() {
	select {
	case v.sync <- struct{}{}:
	default:
	}
}

// Verdict returns the verdict of a task; the zero Verdict of one that is not known.
func (v *View) Verdict(k traffic.TaskKey) verdict.Verdict {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if t := v.tasks[k]; t != nil {
		return t.v
	}
	return v.loaded[k]
}

// Known is Verdict, and whether there is such a task.
func (v *View) Known(k traffic.TaskKey) (verdict.Verdict, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if t := v.tasks[k]; t != nil {
		return t.v, true
	}
	return verdict.Verdict{}, false
}

// Digest returns a short text that is equal on nodes whose tasks have equal states.
func (v *View) Digest() string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.digest.String()
}

// TaskStatus is a task with its verdict.
type TaskStatus struct {
	health.Task
	Verdict verdict.Verdict
}

// Tasks returns all tasks in the order of their keys.
func (v *View) Tasks() []TaskStatus {
	v.mu.RLock()
	out := make([]TaskStatus, 0, len(v.tasks))
	for _, t := range v.tasks {
		out = append(out, TaskStatus{t.Task, t.v})
	}
	v.mu.RUnlock()
	slices.SortFunc(out, func(a, b TaskStatus) int { return health.CompareKeys(a.Key, b.Key) })
	return out
}

// Cold reports whether there are tasks but no vantage has been heard since the start.
func (v *View) Cold() bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return len(v.tasks) > 0 && !v.heard
}
