package api

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

const (
	// sampleKept is how long the top clients stand: of an hour's worth little moves in less.
	sampleKept = 30 * time.Second
	// sampleAgain is when to look again after nothing was known.
	sampleAgain = 2 * time.Second
	// sampleWait bounds how long a preview waits for history, which only adds to it.
	sampleWait = 500 * time.Millisecond
	// sampleTop is how many networks a preview shows.
	sampleTop = 20
)

// samples keeps the networks that asked most of late.
type samples struct {
	mu    sync.Mutex // guards the fields below
	list  []steer.Sample
	until time.Time
}

func (s *samples) get(read func() []steer.Sample) []steer.Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); !now.Before(s.until) {
		s.list, s.until = read(), time.Now().Add(sampleAgain)
		if s.list != nil {
			s.until = time.Now().Add(sampleKept)
		}
	}
	return s.list
}

// topClients returns the networks with the most queries of the last hour; nil when
// nothing is known of them now.
func (s *server) topClients() []steer.Sample {
	if s.History == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), sampleWait)
	defer cancel()
	now := s.Now()
	got, err := s.History.Counts(ctx, history.CountQuery{GroupBy: []string{history.BySubnet, history.ByCountry}, Where: map[string]string{}, From: now.Add(-history.Recent), Until: now, Step: -1, Top: sampleTop})
	if err != nil {
		s.log.Debug("previews without real clients", "err", err)
		return nil
	}
	var out []steer.Sample
	for _, g := range got.Series {
		if p, err := netip.ParsePrefix(g.Key[history.BySubnet]); err == nil { // not those that found no room
			out = append(out, steer.Sample{Subnet: p, Country: g.Key[history.ByCountry], Queries: g.Total})
		}
	}
	return out
}
