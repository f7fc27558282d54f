package distribute

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
)

// CurrentsNode keeps the current members of non-preemptive policies on a node: on its
// disk, in step with the other nodes and with control, and without either of them.
type CurrentsNode struct {
	wire Wire
	log  *slog.Logger
	wake chan struct{} // something to store or to report
	ask  chan struct{} // a connection is new

	once     sync.Once
	compared chan struct{} // closed by the first comparison with control

	file *currentFile // owned by New, then Run

	mu         sync.Mutex // guards the fields below
	set        currents
	unstored   map[traffic.Key]traffic.Current
	unreported map[traffic.Key]struct{}
	onChange   []func([]traffic.Current)
	alarm      string
}

const (
	// askEvery is how often a node compares with control. It matters only for messages
	// that were lost on a connection that stayed.
	askEvery = 15 * time.Second
	askFor   = 3 * time.Second
	storeGap = 2 * time.Second // between attempts on a disk that refuses
)

// NewCurrentsNode reads what dir holds; All and Get work at once, without Run and
// without a network. Damage is an alarm, never an error.
func NewCurrentsNode(dir string, wire Wire, log *slog.Logger) (*CurrentsNode, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open current members: %w", err)
	}
	n := &CurrentsNode{wire: wire, log: orDiscard(log), wake: make(chan struct{}, 1), ask: make(chan struct{}, 1), compared: make(chan struct{}),
		file: &currentFile{path: filepath.Join(dir, "currents")}, set: newCurrents(),
		unstored: map[traffic.Key]traffic.Current{}, unreported: map[traffic.Key]struct{}{}}
	if err := n.file.load(&n.set); err != nil {
		n.alarm = err.Error()
		n.log.Error("alarm", "text", n.alarm)
	}
	return n, nil
}

// OnChange calls f with what came from others and is newer than what was here, from
// a goroutine of the bus or of Run; f must not block. The node's own moves are not
// told. Register before Run.
func (n *CurrentsNode) OnChange(f func([]traffic.Current)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.onChange = append(n.onChange, f)
}

// Get returns the current member of a scope; ok is false when none was ever chosen.
// An empty Member is an operator's reset: choose as if none was.
func (n *CurrentsNode) Get(scope traffic.Key) (c traffic.Current, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c, ok = n.set.m[scope]
	return c, ok
}

// Compared is closed once this node has had all that control holds. A node that never
// knew better should wait a moment for it before it makes a first move.
func (n *CurrentsNode) Compared() <-chan struct{} { return n.compared }

// All lists every current member by scope.
func (n *CurrentsNode) All() []traffic.Current {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.set.list())
}

// Move makes member the current one of scope, with a higher epoch, and returns what
// holds now. It takes effect at once; storing and reporting follow in Run. A move to
// the member that is current already changes nothing.
func (n *CurrentsNode) Move(scope traffic.Key, member string) traffic.Current {
	n.mu.Lock()
	defer n.mu.Unlock()
	old := n.set.m[scope]
	if old.Epoch > 0 && old.Member == member {
		return old
	}
	c := traffic.Current{Scope: scope, Member: member, Epoch: old.Epoch + 1}
	n.set.set(c)
	n.unstored[scope] = c
	n.unreported[scope] = struct{}{}
	poke(n.wake)
	return c
}

// Alarms says what is wrong with the stored state; nil when all is well.
func (n *CurrentsNode) Alarms() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.alarm == "" {
		return nil
	}
	return []string{n.alarm}
}

// Run stores, reports and listens until ctx ends and then returns nil, with all moves
// stored if the disk takes them.
func (n *CurrentsNode) Run(ctx context.Context) error {
	cancelSet, err := n.wire.Subscribe(currentSet, func(_ string, b []byte) { n.hear(b, true) })
	if err != nil {
		return fmt.Errorf("listen for current members: %w", err)
	}
	defer cancelSet()
	cancelReport, err := n.wire.Subscribe(currentReport, func(_ string, b []byte) { n.hear(b, false) })
	if err != nil {
		return fmt.Errorf("listen for current members: %w", err)
	}
	defer cancelReport()
	cancelHook := n.wire.OnConnect(func() { poke(n.ask) })
	defer cancelHook()
	defer n.store()
	every := time.NewTicker(askEvery)
	defer every.Stop()
	again := time.NewTimer(storeGap)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-n.wake:
		case <-again.C:
		case <-every.C:
			n.exchange(ctx)
		case <-n.ask:
			n.exchange(ctx)
		}
		// Reported first: the others should move as soon as this node does.
		n.report()
		n.store()
		again.Reset(storeGap)
	}
}

func (n *CurrentsNode) hear(data []byte, fromControl bool) {
	m, err := decodeCurrents(data)
	if err != nil {
		n.log.Warn("current members are not taken", "error", err)
		return
	}
	n.merge(m.List, fromControl)
	if m.Hello && fromControl {
		poke(n.ask)
	}
}

// merge takes what is newer. When control holds something older, it has missed a
// report: it hears it again.
func (n *CurrentsNode) merge(list []traffic.Current, fromControl bool) {
	n.mu.Lock()
	taken, older := n.set.merge(list)
	for _, c := range taken {
		n.unstored[c.Scope] = c
		delete(n.unreported, c.Scope)
	}
	if fromControl {
		for _, c := range older {
			n.unreported[c.Scope] = struct{}{}
		}
	}
	hooks := n.onChange
	n.mu.Unlock()
	if len(taken) > 0 {
		for _, f := range hooks {
			f(taken)
		}
	}
	if len(taken) > 0 || len(older) > 0 {
		poke(n.wake)
	}
}

// exchange compares with control: takes what is newer there, and marks for report
// what is newer or only here.
func (n *CurrentsNode) exchange(ctx context.Context) {
	n.mu.Lock()
	req := currentsRequest{V: currentsVersion, Digest: n.set.digest()}
	here := maps.Clone(n.set.m)
	n.mu.Unlock()
	for {
		b, err := json.Marshal(req)
		if err != nil {
			panic(fmt.Sprintf("encode request: %v", err)) // plain data always encodes
		}
		ask, cancel := context.WithTimeout(ctx, askFor)
		answer, err := n.wire.Request(ask, currentGet, b)
		cancel()
		if err != nil {
			n.log.Debug("ask control for current members", "error", err)
			return // what is here holds; asked again soon
		}
		m, err := decodeCurrents(answer)
		if err != nil {
			n.log.Warn("current members are not taken", "error", err)
			return
		}
		if m.Same {
			n.once.Do(func() { close(n.compared) })
			return
		}
		n.merge(m.List, true)
		for _, c := range m.List {
			delete(here, c.Scope)
		}
		if !m.More || len(m.List) == 0 {
			break
		}
		last := m.List[len(m.List)-1].Scope
		req = currentsRequest{V: currentsVersion, After: &last}
	}
	n.once.Do(func() { close(n.compared) })
	n.mu.Lock()
	for scope := range here {
		n.unreported[scope] = struct{}{}
	}
	n.mu.Unlock()
}

func (n *CurrentsNode) report() {
	n.mu.Lock()
	list := make([]traffic.Current, 0, len(n.unreported))
	for scope := range n.unreported {
		list = append(list, n.set.m[scope])
	}
	clear(n.unreported)
	n.mu.Unlock()
	left, err := sendCurrents(n.wire, currentReport, list)
	if err == nil {
		return
	}
	n.log.Debug("report current members", "error", err)
	n.mu.Lock()
	for _, c := range left {
		n.unreported[c.Scope] = struct{}{}
	}
	n.mu.Unlock()
}

func (n *CurrentsNode) store() {
	n.mu.Lock()
	if len(n.unstored) == 0 {
		n.mu.Unlock()
		return
	}
	moves := slices.Collect(maps.Values(n.unstored))
	// A copy, so that a slow disk does not hold up Get.
	all := currents{m: maps.Clone(n.set.m)}
	clear(n.unstored)
	n.mu.Unlock()
	err := n.file.store(&all, moves)
	n.mu.Lock()
	defer n.mu.Unlock()
	if err == nil {
		n.alarm = ""
		return
	}
	if n.alarm != err.Error() {
		n.log.Error("alarm", "text", err.Error())
	}
	n.alarm = err.Error()
	for _, c := range moves {
		if _, newer := n.unstored[c.Scope]; !newer {
			n.unstored[c.Scope] = c
		}
	}
}
