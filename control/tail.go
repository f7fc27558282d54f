package control

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/traffic/querylog"
)

// QueryAsker asks one resolver what it has seen. It is ErrNotFound when nobody answers.
type QueryAsker interface {
	AskQueries(ctx context.Context, node string, a querylog.Ask) (querylog.Answer, error)
}

// Tail is a live look at the queries of resolvers.
type Tail struct {
	Asker  QueryAsker
	Live   Live
	Filter querylog.Filter
	Nodes  []string // none: every resolver that is heard
	Rate   int      // records a second of each
	Whole  bool     // addresses of clients, not their networks
	// Beat is how often emit gets an empty TailNews, whatever else comes; 0: never.
	Beat time.Duration
}

// TailNews is what came from one resolver: records, or what is to be known of it.
type TailNews struct {
	Node    string                 `json:"node"`
	Records []querylog.LoggedQuery `json:"-"`
	Dropped uint64                 `json:"dropped,omitempty" doc:"Queries since the last event that passed the filter and are not shown, for there are too many."`
	Trouble string                 `json:"trouble,omitempty" doc:"Why it shows nothing."`
}

const (
	// askEvery is how often each resolver is asked: what people take for at once.
	askEvery = 250 * time.Millisecond
	// askWait bounds one question.
	askWait = 2 * time.Second
	// tailLook is how often new resolvers are looked for.
	tailLook = 5 * time.Second
	// MostTailed bounds how many resolvers one look asks: each is asked several times a
	// second.
	MostTailed = 100
)

// Run asks until ctx ends or emit fails, and gives emit what comes, one at a time. When
// it returns nobody is asked any more.
func (t *Tail) Run(ctx context.Context, emit func(TailNews) error) error {
	ctx, cancel := context.WithCancel(ctx)
	id := rand.Text()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel() // before the wait: whoever waits to tell is let go
	news := make(chan TailNews)
	asked := map[string]bool{}
	look := func() {
		for _, n := range t.nodes() {
			if !asked[n] && len(asked) < MostTailed {
				asked[n] = true
				wg.Go(func() { t.follow(ctx, id, n, news) })
			}
		}
	}
	look()
	tick := time.NewTicker(tailLook)
	defer tick.Stop()
	beat := make(<-chan time.Time)
	if t.Beat > 0 {
		b := time.NewTicker(t.Beat)
		defer b.Stop()
		beat = b.C
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			look()
		case <-beat:
			if err := emit(TailNews{}); err != nil {
				return err
			}
		case n := <-news:
			if err := emit(n); err != nil {
				return err
			}
		}
	}
}

// nodes are those to ask.
func (t *Tail) nodes() []string {
	if len(t.Nodes) > 0 {
		return t.Nodes
	}
	var out []string
	for _, n := range t.Live.Nodes() {
		if n.Present() && slices.Contains(n.Roles, "resolver") {
			out = append(out, n.ID)
		}
	}
	return out
}

// follow asks one resolver again and again.
func (t *Tail) follow(ctx context.Context, id, node string, news chan<- TailNews) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	trouble := ""
	for {
		n := TailNews{Node: node}
		a, err := t.ask(ctx, id, node)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrNotFound):
			n.Trouble = "nobody answers; it is away, or of a release that does not show queries"
		case err != nil:
			n.Trouble = err.Error()
		default:
			n.Records, n.Dropped, n.Trouble = a.Records, a.Dropped, a.Refused
		}
		if n.Trouble != trouble || len(n.Records) > 0 || n.Dropped > 0 {
			trouble = n.Trouble
			select {
			case news <- n:
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (t *Tail) ask(ctx context.Context, id, node string) (querylog.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	a, err := t.Asker.AskQueries(ctx, node, querylog.Ask{Version: querylog.Version, ID: id, Filter: t.Filter, Rate: t.Rate, Whole: t.Whole})
	if err != nil {
		return a, fmt.Errorf("ask for queries: %w", err)
	}
	return a, nil
}
