package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/meridian-gtm/meridian/control/alert/send"
	"github.com/meridian-gtm/meridian/control/store"
)

// Options of a Service. Store is required.
type Options struct {
	Store *store.Store
	// Send makes one attempt; (*send.Sender).Send does.
	Send func(ctx context.Context, c *send.Channel, m *send.Message) (string, error)
	// Publish tells those who watch of entries of the log; it does not block.
	Publish func(data any)
	// Incident finds the incident of history to which an alert belongs, 0 for none.
	Incident func(ctx context.Context, k Key, since time.Time) uint64
	Now      func() time.Time // default time.Now
	Log      *slog.Logger     // default slog.Default
}

// Service is described in the package's comment. Make one with New; its methods are safe
// for concurrent use.
type Service struct {
	o   Options
	now func() time.Time
	log *slog.Logger

	giveUp   time.Duration // lastTry, but in tests
	observed chan observation
	rules    signal // settings, channels, mutes or acknowledgements changed here
	outbox   signal // there is something to send
	written  signal // the log has grown here

	current atomic.Pointer[Rules]        // as the leader here last read them
	lasting atomic.Pointer[map[Key]bool] // as the leader here knows them

	mu     sync.Mutex // guards the fields below
	last   uint64     // highest id seen
	counts Counts
}

// Counts are for metrics.
type Counts struct {
	Active   int // as of the last step of the leader here
	Raised   uint64
	Resolved uint64
	Sent     uint64
	Retried  uint64
	GivenUp  uint64
	Waiting  int // notices, as of the last look of the leader here
}

type observation struct {
	events []string
	list   []Condition
}

// signal wakes one loop; several before it looks are one.
type signal chan struct{}

func (s signal) set() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// New returns a service that does nothing until Run and Watch are called.
func New(o Options) *Service {
	clock := o.Now
	if clock == nil {
		clock = time.Now
	}
	s := &Service{o: o, now: clock, log: o.Log, observed: make(chan observation), rules: make(signal, 1), outbox: make(signal, 1), written: make(signal, 1), giveUp: lastTry}
	if s.log == nil {
		s.log = slog.Default()
	}
	return s
}

// Current returns the rules as the leader in this process last read them, the defaults
// before. They are not to be changed.
func (s *Service) Current() *Rules {
	if r := s.current.Load(); r != nil {
		return r
	}
	return &Rules{Settings: DefaultSettings()}
}

// Lasting returns the alerts that last, as the leader in this process knows them.
func (s *Service) Lasting() map[Key]bool {
	if m := s.lasting.Load(); m != nil {
		return *m
	}
	return nil
}

// Counts returns the counters of this process.
func (s *Service) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

func (s *Service) count(f func(*Counts)) {
	s.mu.Lock()
	f(&s.counts)
	s.mu.Unlock()
}

// Observe hands over the complete set of what is wrong now among some events. It waits
// until the loop of Run takes it, which an absent one never does: give a context of the
// same term.
func (s *Service) Observe(ctx context.Context, events []string, list []Condition) {
	select {
	case s.observed <- observation{events, list}:
	case <-ctx.Done():
	}
}

// moment is now in whole microseconds, as the store keeps. It keeps its monotonic part
// out: what is compared with it was stored.
func (s *Service) moment() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// note remembers the highest id, so that ids rise though clocks of control processes differ.
func (s *Service) note(id uint64) {
	s.mu.Lock()
	s.last = max(s.last, id)
	s.mu.Unlock()
}

// ids returns n rising ids, the first of them.
func (s *Service) ids(n int) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := max(s.last+1, uint64(s.now().UnixMicro()))
	s.last = first + uint64(max(n, 1)) - 1
	return first
}

// entryID is an id for what a person does, in whatever process.
func (s *Service) entryID(ctx context.Context) (uint64, error) {
	last, err := s.o.Store.LastAlertID(ctx)
	if err != nil {
		return 0, err
	}
	s.note(last)
	return s.ids(1), nil
}

const (
	// followEvery is how soon what another control process writes is seen here.
	followEvery = time.Second
	// lookTime bounds one look at the store.
	lookTime = 5 * time.Second
	// mostTold bounds what watchers are told entry by entry: beyond, they read the list.
	mostTold = 200
)

// Watch tells those who watch here what is written to the log, by whatever process, until
// ctx ends.
func (s *Service) Watch(ctx context.Context) error {
	last, known := uint64(0), false
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		look, cancel := context.WithTimeout(ctx, lookTime)
		if !known {
			var err error
			last, err = s.o.Store.LastAlertID(look)
			known = err == nil
		} else if list, err := s.o.Store.AlertLog(look, store.AlertFilter{After: last, Forward: true, Limit: mostTold + 1}); err == nil && len(list) > 0 {
			last = s.tell(look, list)
		}
		cancel()
		select {
		case <-ctx.Done():
			return nil
		case <-s.written:
		case <-tick.C:
		}
	}
}

// Many stands in the stream for entries that are too many to tell one by one.
type Many struct {
	Action string `json:"action"` // many
}

// tell publishes entries and returns the last that watchers need not be told of any more.
func (s *Service) tell(ctx context.Context, list []store.AlertEntry) uint64 {
	last := list[len(list)-1].ID
	if len(list) > mostTold {
		if id, err := s.o.Store.LastAlertID(ctx); err == nil {
			last = max(last, id)
		}
		s.publish(Many{"many"})
		s.note(last)
		return last
	}
	for i := range list {
		s.publish(s.entry(&list[i], send.English))
	}
	s.note(last)
	return last
}

func (s *Service) publish(data any) {
	if s.o.Publish != nil {
		s.o.Publish(data)
	}
}

// Rules reads what people have set.
func (s *Service) Rules(ctx context.Context) (*Rules, error) {
	r := &Rules{Settings: DefaultSettings(), Overrides: map[string]Override{}, versions: map[string]uint64{}, channels: map[string]*stored{}}
	docs, err := s.o.Store.AlertDocuments(ctx, store.AlertSettings)
	if err != nil {
		return nil, err
	}
	for _, d := range docs {
		if domain, ok := domainOf(d.Name); ok {
			var o Override
			if err := json.Unmarshal(d.Body, &o); err != nil {
				return nil, fmt.Errorf("read the alert rules of %s: %w", domain, err)
			}
			r.Overrides[domain], r.versions[domain] = o, d.Version
		} else if err := json.Unmarshal(d.Body, &r.Settings); err != nil {
			return nil, fmt.Errorf("read the alert settings: %w", err)
		} else {
			r.version = d.Version
		}
	}
	if docs, err = s.o.Store.AlertDocuments(ctx, store.AlertChannels); err != nil {
		return nil, err
	}
	for _, d := range docs {
		c := &stored{version: d.Version}
		if err := json.Unmarshal(d.Body, &c.ChannelSpec); err != nil {
			return nil, fmt.Errorf("read the alert channel %s: %w", d.Name, err)
		}
		c.normalize()
		r.channels[d.Name] = c
	}
	r.Mutes, err = s.o.Store.AlertMutes(ctx, s.moment())
	return r, err
}
