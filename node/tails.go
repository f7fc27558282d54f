package node

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/internal/rr"
	"github.com/meridian-gtm/meridian/resolve"
	"github.com/meridian-gtm/meridian/traffic/querylog"
)

// queriesSubject is where control asks a resolver for the queries that it sees.
func queriesSubject(id string) string { return "queries." + id }

const (
	// mostTails bounds who looks at one resolver at once, each with a ring per worker.
	mostTails = 4
	// tailEnds is how long a tail goes on without being asked: control asks several times
	// a second, and a few questions may be lost.
	tailEnds = 5 * time.Second
	// tailRoom is each worker's ring: some hundred records, between two questions.
	tailRoom = 32 << 10
)

// tapper is what a resolve.State lets look.
type tapper interface {
	Tap(o resolve.TapOptions) *resolve.Tap
	Untap(t *resolve.Tap)
}

// tails are the live looks at the queries of this node. A look is begun by a question of
// control and ends when there are no more.
type tails struct {
	state tapper
	shut  bool // the operator of this node lets nobody look

	mu   sync.Mutex // guards the field below
	list map[string]*tail
}

type tail struct {
	tap   *resolve.Tap
	ask   querylog.Ask
	asked time.Time
}

func newTails(s tapper, shut bool) *tails {
	return &tails{state: s, shut: shut, list: map[string]*tail{}}
}

// answerQueries shows control the queries of this node while it asks.
func (n *node) answerQueries(ctx context.Context) error {
	t := n.tails
	defer t.end(time.Time{})
	cancel, err := n.bus.Reply(queriesSubject(n.o.ID), func(data []byte) []byte { return querylog.Encode(t.answer(data, time.Now())) })
	if err != nil {
		return err
	}
	defer cancel()
	tick := time.NewTicker(tailEnds / 5)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			t.end(now.Add(-tailEnds))
		}
	}
}

func (t *tails) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.list)
}

// end ends the looks that were asked for before a moment; all, if it is zero.
func (t *tails) end(before time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, l := range t.list {
		if before.IsZero() || l.asked.Before(before) {
			t.state.Untap(l.tap)
			delete(t.list, id)
		}
	}
}

func (t *tails) answer(data []byte, now time.Time) querylog.Answer {
	out := querylog.Answer{Version: querylog.Version, Records: []querylog.LoggedQuery{}}
	ask, match, err := querylog.DecodeAsk(data)
	switch {
	case err != nil:
		out.Refused = err.Error()
		return out
	case t.shut:
		out.Refused = "this node's own settings let nobody look at its queries (querylog.tail: off)"
		return out
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.list[ask.ID]
	if l != nil && (l.ask.Filter != ask.Filter || l.ask.Whole != ask.Whole) {
		t.state.Untap(l.tap)
		delete(t.list, ask.ID)
		l = nil
	}
	if l == nil {
		if len(t.list) >= mostTails {
			out.Refused = "others look at its queries already; that many at once are let"
			return out
		}
		l = &tail{ask: ask, asked: now, tap: t.state.Tap(tapOptions(match, tailRoom))}
		t.list[ask.ID] = l
		return out
	}
	// What was asked for may go out: not more after a longer silence than after the
	// longest one that is let.
	may := max(1, min(int(float64(ask.Rate)*min(now.Sub(l.asked), tailEnds).Seconds()), querylog.MostRecords))
	l.asked = now
	all := []querylog.LoggedQuery{}
	out.Dropped = l.tap.Drain(func(s *resolve.Sighting) { all = append(all, record(s, ask.Whole)) })
	if len(all) > may { // any of them, so that no worker is seen more than another
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		out.Dropped += uint64(len(all) - may)
		all = all[:may]
	}
	slices.SortFunc(all, func(a, b querylog.LoggedQuery) int { return a.Time.Compare(b.Time) })
	out.Records = all
	return out
}

func tapOptions(m querylog.Match, room int) resolve.TapOptions {
	return resolve.TapOptions{Name: m.Name, Below: m.Below, Client: m.Client, Line: m.Line, Type: m.Type, Rcode: m.Rcode, Every: m.Every, Room: room}
}

// record is what is told of a query that was seen.
func record(s *resolve.Sighting, whole bool) querylog.LoggedQuery {
	r := querylog.LoggedQuery{Time: s.Began.Add(s.Took).UTC(), Transport: "udp", Client: querylog.Client(s.Client.Addr(), whole), ECS: querylog.Subnet(s.ECS, whole), Scope: int(s.Scope),
		Rcode: querylog.RcodeText(s.Rcode), Domain: string(s.Domain), Line: string(s.Line), Pool: string(s.Pool), Address: string(s.Address), Size: s.Size, Took: s.Took.Microseconds()}
	if s.TCP {
		r.Transport = "tcp"
	}
	if len(s.Name) > 0 {
		r.Name, r.Type = nameText(s.Name), rr.TypeText(s.Type)
	}
	return r
}

// nameText is a name as everywhere here: without the dot at its end, but for the root.
func nameText(wire []byte) string {
	if s := strings.TrimSuffix(rr.NameText(wire), "."); s != "" {
		return s
	}
	return "."
}
