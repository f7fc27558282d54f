package node

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/health/view"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/said"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

const (
	// mostWaiting bounds the events whose consequences are not worked out yet.
	mostWaiting = 20_000
	// mostDomains bounds the access domains that are compared for one batch of events: a
	// failure may reach 100,000, and 500 take some 10 ms while no revision is applied.
	mostDomains = 500
)

// transitions works out what followed from each change of a verdict: the addresses,
// pools and answers that changed with it. It goes by the events alone, in their order,
// so that each consequence is told once and with its cause.
type transitions struct {
	n    *node
	wake chan struct{}

	mu      sync.Mutex // guards the fields below
	waiting []view.Event
	dropped int

	state map[traffic.TaskKey]verdict.State // by the events so far; of run
}

func (n *node) keepTransitions() {
	t := &transitions{n: n, wake: make(chan struct{}, 1), state: map[traffic.TaskKey]verdict.State{}}
	n.view.OnEvent(t.add)
	n.run("transitions", t.run)
}

// add takes events from the view; it does not block.
func (t *transitions) add(list []view.Event) {
	t.mu.Lock()
	t.waiting = append(t.waiting, list...)
	if more := len(t.waiting) - mostWaiting; more > 0 {
		t.waiting = slices.Clone(t.waiting[more:])
		t.dropped += more
	}
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func (t *transitions) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.wake:
		}
		t.mu.Lock()
		list, dropped := t.waiting, t.dropped
		t.waiting, t.dropped = nil, 0
		t.mu.Unlock()
		if dropped > 0 {
			t.n.log.Warn("transitions are not kept: there were too many at once", "events", dropped)
		}
		t.n.control.history.Moved(t.follow(list))
	}
}

// follow returns the transitions of a batch of events, causes first.
func (t *transitions) follow(list []view.Event) []history.Transition {
	var out []history.Transition
	before := map[traffic.TaskKey]verdict.State{}
	var addresses []string
	for _, e := range list {
		if e.Vantage != "" {
			out = append(out, history.Transition{At: e.At, Kind: history.OfVantage, Subject: e.Vantage, From: e.From, To: e.To, Cause: e.Cause})
			continue
		}
		if _, seen := before[e.Task]; !seen {
			before[e.Task] = stateOf(e.From)
			addresses = append(addresses, e.Task.Address)
		}
		t.state[e.Task] = stateOf(e.To)
		out = append(out, history.Transition{At: e.At, Kind: history.OfTask, Subject: e.Task.String(), Address: e.Task.Address, From: e.From, To: e.To, Cause: e.Cause, Data: encoded(toFindings(e.Findings))})
	}
	if len(addresses) == 0 || !t.n.leads() {
		return out
	}
	at := list[len(list)-1].At
	for _, tr := range t.consequences(addresses, before, causeOf(list)) {
		tr.At = at
		out = append(out, tr)
	}
	return out
}

// consequences compares the moment before the events with the one after them.
func (t *transitions) consequences(addresses []string, before map[traffic.TaskKey]verdict.State, cause string) (out []history.Transition) {
	after := t.n.moment()
	after.Verdict = func(k traffic.TaskKey) verdict.Verdict {
		v := t.n.view.Verdict(k)
		if s, ok := t.state[k]; ok {
			v.State = s
		}
		return v
	}
	was := after
	was.Verdict = func(k traffic.TaskKey) verdict.Verdict {
		v := after.Verdict(k)
		if s, ok := before[k]; ok {
			v.State = s
		}
		return v
	}
	t.n.mu.Lock()
	s := steer.ShiftOf(t.n.model, was, after, addresses, mostDomains)
	for k := range t.state { // of tasks that are gone
		if t.n.model.Address(k.Address) == nil {
			delete(t.state, k)
		}
	}
	t.n.mu.Unlock()
	word := map[bool]string{true: "available", false: "unavailable"}
	for _, a := range s.Addresses {
		out = append(out, history.Transition{Kind: history.OfAddress, Subject: a.Name, Address: a.Name, From: word[!a.Available], To: word[a.Available], Cause: a.Reason.String()})
	}
	for _, p := range s.Pools {
		out = append(out, history.Transition{Kind: history.OfPool, Subject: p.Name, From: word[!p.Available], To: word[p.Available], Cause: p.Reason.String()})
	}
	for _, d := range s.Domains {
		out = append(out, history.Transition{Kind: history.OfDomain, Subject: d.Name + "/" + d.Type, From: gist(d.Classes[0].Before), To: gist(d.Classes[0].After), Cause: cause, Data: encoded(d.Classes)})
	}
	if s.Skipped > 0 {
		out = append(out, history.Transition{Kind: history.OfDomain, Subject: history.Others, To: fmt.Sprintf("%d more access domains were reached", s.Skipped), Cause: cause})
	}
	return out
}

// gist says in a few words what a line gets.
func gist(o *steer.Outcome) string {
	if o == nil || len(o.Pools) == 0 {
		return "nodata"
	}
	var pools []string
	for _, p := range o.Pools {
		var values []string
		for _, a := range p.Addresses[:min(len(p.Addresses), 4)] {
			values = append(values, a.Address)
		}
		if len(p.Addresses) > len(values) {
			values = append(values, "…")
		}
		pools = append(pools, p.Pool+" ["+strings.Join(values, " ")+"]")
		if len(pools) == 3 && len(o.Pools) > 3 {
			pools = append(pools, "…")
			break
		}
	}
	text := strings.Join(pools, ", ")
	if o.Basis == steer.LastResort {
		text = "last resort: " + text
	}
	return text
}

// causeOf names the tasks that moved.
func causeOf(list []view.Event) string {
	var tasks []any
	more := 0
	for _, e := range list {
		switch {
		case e.Vantage != "":
		case len(tasks) == 6:
			more++
		default:
			tasks = append(tasks, e.Task.String(), e.To)
		}
	}
	if more > 0 {
		tasks = append(tasks, more)
	}
	return saidMoved[len(tasks)].With(tasks...).String()
}

// saidMoved names the tasks that moved, each with what it is now; the last says that there
// are more. The index is the number of places.
var saidMoved = map[int]*said.Template{
	2: said.New("cause.tasks_1", "task {task1} is {to1}"),
	4: said.New("cause.tasks_2", "task {task1} is {to1}, {task2} is {to2}"),
	6: said.New("cause.tasks_3", "task {task1} is {to1}, {task2} is {to2}, {task3} is {to3}"),
	7: said.New("cause.tasks_more", "task {task1} is {to1}, {task2} is {to2}, {task3} is {to3} and {more} more"),
}

func stateOf(word string) verdict.State {
	for _, s := range []verdict.State{verdict.Up, verdict.Down} {
		if s.String() == word {
			return s
		}
	}
	return verdict.Unknown
}

func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err)) // our own plain data
	}
	return b
}

// toFindings is the API's form of what vantages found.
func toFindings(list []view.FindingStatus) []control.Finding {
	out := []control.Finding{}
	for _, f := range list {
		word := map[verdict.Finding]string{verdict.Good: "good", verdict.Failed: "failed"}[f.Finding]
		if word == "" || !f.Counts {
			word = "abstain"
		}
		out = append(out, control.Finding{Vantage: f.Vantage, Finding: word, Code: f.Code, Reason: f.Reason, Latency: traffic.Duration(f.Latency), Since: f.Since.UTC()})
	}
	return out
}
