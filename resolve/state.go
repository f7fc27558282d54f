package resolve

import (
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/meridian-gtm/meridian/resolve/plan"
	"github.com/meridian-gtm/meridian/resolve/zone"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// View is what workers answer from.
type View = zone.View[plan.Name]

// Currents keeps the members that non-preemptive policies are on. Both methods are
// called with the State's lock held and must not call back.
type Currents interface {
	// Get returns the current member of a scope, if one was ever chosen. An empty
	// Member is an operator's reset.
	Get(scope traffic.Key) (traffic.Current, bool)
	// Move records that this node has moved. It must not block on the network.
	Move(scope traffic.Key, member string) traffic.Current
}

// Options of a State. Workers, Verdict and Currents are required.
type Options struct {
	Workers int // how many workers will answer; each has its own rotation counters
	// Counters is how many counters each worker begins with, for the answers of access
	// domains; 0 means few. Collect makes more where they were too few.
	Counters int
	Verdict  func(traffic.TaskKey) verdict.Verdict
	Currents Currents
	// Map returns the location map of a hash. A map that cannot be had leaves the
	// previous one in force. It may take long and be called twice at once. Nil means
	// that there are no maps.
	Map func(hash string) (*line.Map, error)
	Log *slog.Logger
}

// State holds the configuration of one node in the form that answers. Its methods
// may be called concurrently.
type State struct {
	opt  Options
	view atomic.Pointer[View]
	taps atomic.Pointer[taps] // nil: nobody looks

	tapMu sync.Mutex // held to change taps

	mu       sync.Mutex // guards the fields below and every change of view
	model    *traffic.Model
	position traffic.Position
	world    *line.World
	geoMap   *line.Map
	geoHash  string // hash of geoMap
	alarm    string // why the map in force is not the one configured; empty if it is
	rng      *plan.Rand
	lapsed   map[string]bool // overrides that count no more, see Lapse; never changed in place

	domains map[traffic.Key]*slot         // enabled access domains and the slots they share
	slots   map[string]*slot              // by content
	byPool  map[string]map[*slot]struct{} // pool -> slots it takes part in
	aliases map[string]map[string]bool    // name -> addresses whose endpoint it is
}

// slot is a plan slot with what is needed to compile it again.
type slot struct {
	plan.Slot
	key      string
	domain   *traffic.AccessDomain // any of those that share it: their content is equal
	lines    *line.Partition
	layout   *plan.Layout // of the pools as they were configured when the slot was made
	located  bool         // compiled for lines, so a new world means a new slot
	rotates  bool
	users    map[traffic.Key]struct{}
	poolList []string
}

// NewState returns a State with no configuration; its view refuses everything.
func NewState(opt Options) *State {
	s := &State{opt: opt, rng: plan.NewRand(rand.Uint64())}
	s.reset()
	s.geoMap = line.EmptyMap()
	s.world, _ = line.NewWorld(s.geoMap, nil)
	s.view.Store(zone.NewView[plan.Name]())
	return s
}

func (s *State) reset() {
	s.model = traffic.NewModel()
	s.domains, s.slots = map[traffic.Key]*slot{}, map[string]*slot{}
	s.byPool, s.aliases = map[string]map[*slot]struct{}{}, map[string]map[string]bool{}
}

// View returns the view in force. It never changes; keep it for one batch.
func (s *State) View() *View { return s.view.Load() }

// Position returns the position of the configuration in force.
func (s *State) Position() traffic.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.position
}

// GeoMap returns the hash of the location map in force and, when it is not the one
// that the configuration names, the reason in a sentence.
func (s *State) GeoMap() (hash, alarm string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.geoHash, s.alarm
}

// Map returns the location map in force, never nil.
func (s *State) Map() *line.Map {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.geoMap
}

// World returns the location map in force with the custom lines over it, never nil.
func (s *State) World() *line.World {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.world
}

// UseMap puts a location map in force before the first configuration: the one that
// was when the node ended. It stays while the map that is configured cannot be had.
func (s *State) UseMap(hash string, m *line.Map) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.geoMap, s.geoHash = m, hash
}

// Apply puts a revision in force, or with full a whole configuration in place of
// the old one. Either all of it is answered from then on, or on an error none.
func (s *State) Apply(pos traffic.Position, full bool, changes []traffic.Change) error {
	got := s.fetch(changes)
	s.mu.Lock()
	defer s.mu.Unlock()
	if full {
		return s.applyFull(pos, changes, got)
	}
	undo := make([]traffic.Change, len(changes))
	for i, c := range changes {
		undo[i] = traffic.Change{Key: c.Key, After: s.model.Get(c.Key)}
	}
	b := s.builder(s.view.Load())
	b.got = got
	b.note(changes) // before the model changes: what was used until now is touched too
	s.model.Apply(changes)
	b.note(changes)
	if err := b.run(); err != nil {
		// Control has checked what it signs, so this is a fault of ours. The view is
		// still the old one; the model behind it becomes so again.
		s.model.Apply(undo)
		s.restore()
		return fmt.Errorf("apply revision %v: %w", pos, err)
	}
	s.position = pos
	s.view.Store(b.edit.Done())
	return nil
}

// restore makes all that stands behind the view again from the model.
func (s *State) restore() {
	if err := s.applyFull(s.position, s.model.All(), nil); err != nil {
		s.opt.Log.Error("restore configuration", "position", s.position.String(), "error", err)
	}
}

func (s *State) applyFull(pos traffic.Position, changes []traffic.Change, got *fetched) error {
	next := &State{opt: s.opt, rng: s.rng, geoMap: s.geoMap, geoHash: s.geoHash, world: s.world, alarm: s.alarm, lapsed: s.lapsed}
	next.reset()
	next.view.Store(zone.NewView[plan.Name]())
	next.model.Apply(changes)
	b := next.builder(zone.NewView[plan.Name]())
	b.got = got
	b.all()
	if err := b.run(); err != nil {
		return fmt.Errorf("apply configuration %v: %w", pos, err)
	}
	s.model, s.world, s.geoMap, s.geoHash, s.alarm = next.model, next.world, next.geoMap, next.geoHash, next.alarm
	s.domains, s.slots, s.byPool, s.aliases = next.domains, next.slots, next.byPool, next.aliases
	s.position = pos
	s.view.Store(b.edit.Done())
	return nil
}

// VerdictsChanged compiles the plans again that depend on some health tasks. It costs
// what the tasks' addresses touch, not the number of names that share the plans.
func (s *State) VerdictsChanged(tasks []traffic.TaskKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	addrs := map[string]bool{}
	for _, t := range tasks {
		addrs[t.Address] = true
	}
	s.recompile(s.slotsOf(s.poolsOf(addrs)))
}

// Recompile compiles every plan again, after verdicts were loaded or lost as a whole.
func (s *State) Recompile() {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[*slot]struct{}{}
	for _, sl := range s.domains {
		all[sl] = struct{}{}
	}
	s.recompile(all)
}

// CurrentsChanged compiles the plans again that depend on members that another
// node or control moved.
func (s *State) CurrentsChanged(list []traffic.Current) {
	s.mu.Lock()
	defer s.mu.Unlock()
	touched := map[*slot]struct{}{}
	for _, c := range list {
		switch k := c.Scope; k.Kind {
		case traffic.KindAccessDomain:
			if sl := s.domains[k]; sl != nil {
				touched[sl] = struct{}{}
			}
		case traffic.KindPool:
			maps.Copy(touched, s.byPool[k.Name])
		}
	}
	s.recompile(touched)
}

// poolsOf returns the pools whose outcome may depend on some addresses, through
// hosted access domains too.
func (s *State) poolsOf(addrs map[string]bool) map[string]bool {
	pools := map[string]bool{}
	for queue := slices.Collect(maps.Keys(addrs)); len(queue) > 0; {
		a := queue[0]
		queue = queue[1:]
		for _, u := range s.model.Users(traffic.Key{Kind: traffic.KindAddress, Name: a}) {
			if u.Kind != traffic.KindPool || pools[u.Name] {
				continue
			}
			pools[u.Name] = true
			for _, d := range s.model.Users(u) {
				if ad, ok := s.model.Get(d).(*traffic.AccessDomain); ok {
					queue = slices.AppendSeq(queue, maps.Keys(s.aliases[ad.Name]))
				}
			}
		}
	}
	return pools
}

func (s *State) slotsOf(pools map[string]bool) map[*slot]struct{} {
	out := map[*slot]struct{}{}
	for p := range pools {
		maps.Copy(out, s.byPool[p])
	}
	return out
}

// recompile replaces plans in place. Slots of one call see one state of health.
func (s *State) recompile(slots map[*slot]struct{}) {
	if len(slots) == 0 {
		return
	}
	c := &plan.Compiler{Engine: s.engine()}
	for sl := range slots {
		s.move(c.Engine, sl)
	}
	for sl := range slots {
		sl.Store(c.Compile(sl.domain, sl.lines))
	}
}

func (s *State) engine() *steer.Engine {
	return &steer.Engine{Config: s.model, Verdict: s.opt.Verdict,
		Current: s.current, Lapsed: s.lapsed}
}

func (s *State) current(scope traffic.Key) string {
	c, _ := s.opt.Currents.Get(scope)
	return c.Member
}

// move records where the non-preemptive policies of a slot are now. The rule and
// the verdicts are the same on every node, so all that see the same move the same way.
//
// A node that was cut off may hold old verdicts for a moment, and a move is for all.
// So it leaves a current member only for what is known now: not when giving the
// doubt's benefit to stale verdicts would let the member stay. The view tells when
// such a verdict is confirmed.
func (s *State) move(e *steer.Engine, sl *slot) {
	var doubt *steer.Engine
	set := func(scope traffic.Key, on func(*steer.Engine) string) {
		to, cur := on(e), s.current(scope)
		if to == "" || to == cur {
			return
		}
		if doubt == nil {
			doubt = s.engine()
			doubt.Verdict = s.unlessStale
		}
		if cur != "" && on(doubt) == cur {
			return
		}
		s.opt.Currents.Move(scope, to)
	}
	for _, name := range sl.poolList {
		if p := s.model.Pool(name); p != nil {
			set(p.Key(), func(e *steer.Engine) string { return e.CurrentAddress(p) })
		}
	}
	set(sl.domain.Key(), func(e *steer.Engine) string { return e.CurrentPool(sl.domain) })
}

func (s *State) unlessStale(k traffic.TaskKey) verdict.Verdict {
	v := s.opt.Verdict(k)
	if v.Stale {
		return verdict.Verdict{}
	}
	return v
}

// fetched is a location map, or why it cannot be had.
type fetched struct {
	hash string
	m    *line.Map
	err  error
}

// fetch gets the location map that a revision names, if it is another one. That may
// take long, so it is done without the lock: health goes on being answered from.
func (s *State) fetch(changes []traffic.Change) *fetched {
	for _, c := range changes {
		if set, ok := c.After.(*traffic.Settings); ok {
			if have, _ := s.GeoMap(); have != set.GeoMap {
				return s.get(set.GeoMap)
			}
		}
	}
	return nil
}

func (s *State) get(hash string) *fetched {
	f := &fetched{hash: hash}
	f.m, f.err = s.loadMap(hash)
	return f
}

// RefreshMap tries again to get the location map that the configuration names, and
// puts it in force when that succeeds.
func (s *State) RefreshMap() error {
	s.mu.Lock()
	want, have := s.model.Settings().GeoMap, s.geoHash
	s.mu.Unlock()
	if want == have {
		return nil
	}
	got := s.get(want)
	if got.err != nil {
		return fmt.Errorf("refresh location map: %w", got.err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.model.Settings().GeoMap != want || s.geoHash == want {
		return nil // a revision came meanwhile
	}
	b := s.builder(s.view.Load())
	b.world, b.got = true, got
	if err := b.run(); err != nil {
		s.restore()
		return fmt.Errorf("refresh location map: %w", err)
	}
	s.view.Store(b.edit.Done())
	return nil
}
