package alert_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/alert"
	"github.com/meridian-gtm/meridian/control/alert/send"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// inbox stands for the other side of all channels.
type inbox struct {
	mu   sync.Mutex
	got  []received
	fail func(channel string, m *send.Message) error // nil: all is taken
	hold chan struct{}                               // if set, an attempt waits for it after it was taken
}

type received struct {
	channel string
	*send.Message
	at time.Time
}

func (b *inbox) send(ctx context.Context, c *send.Channel, m *send.Message) (string, error) {
	b.mu.Lock()
	fail, hold := b.fail, b.hold
	b.mu.Unlock()
	if fail != nil {
		if err := fail(c.Name, m); err != nil {
			return "", err
		}
	}
	b.mu.Lock()
	b.got = append(b.got, received{c.Name, m, time.Now()})
	b.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	return "taken", nil
}

func (b *inbox) all() []received {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

// lines are what a channel was told, one line an entry.
func (b *inbox) lines(channel string) (out []string) {
	for _, r := range b.all() {
		if r.channel == channel {
			for _, e := range r.Entries {
				out = append(out, e.Event+" "+e.Object)
			}
		}
	}
	return out
}

type world struct {
	*testing.T
	store   *store.Store
	service *alert.Service
	in      *inbox
	stop    func() // of the present term
}

func newWorld(t *testing.T, s *store.Store, in *inbox) *world {
	t.Helper()
	w := &world{T: t, store: s, in: in, service: alert.New(alert.Options{Store: s, Send: in.send})}
	return w
}

// lead begins a term of the leader, with a fence of its own.
func (w *world) lead(holder string) {
	w.Helper()
	f, ok, err := w.store.AcquireLease(w.Context(), "control", holder, time.Nanosecond)
	if err != nil || !ok {
		w.Fatal(ok, err)
	}
	ctx, cancel := context.WithCancel(store.WithFence(w.Context(), f))
	done := make(chan error, 1)
	go func() { done <- w.service.Run(ctx) }()
	var once sync.Once
	w.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil && !errors.Is(err, store.ErrFenced) {
				w.Error(err)
			}
		})
	}
	w.Cleanup(w.stop)
}

func (w *world) observe(list ...alert.Condition) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 10*time.Second)
	defer cancel()
	w.service.Observe(ctx, alert.Codes(), list)
	if ctx.Err() != nil {
		w.Fatal("nobody takes what is observed")
	}
}

// eventually waits for something to be so.
func (w *world) eventually(what string, is func() bool) {
	w.Helper()
	for until := time.Now().Add(20 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(until) {
			w.Fatalf("never: %s; told %v, log %v", what, w.in.all(), w.log(store.AlertFilter{}))
		}
	}
}

func (w *world) channel(name, kind string) {
	w.Helper()
	spec := alert.ChannelSpec{Kind: kind, URL: &traffic.Value{Text: "http://192.0.2.1/" + name}, Rate: 600}
	if kind == send.PagerDuty {
		spec.Secret = &traffic.Value{Text: "key"}
	}
	if _, err := w.service.PutChannel(w.Context(), name, spec, nil, "test"); err != nil {
		w.Fatal(err)
	}
}

func (w *world) settings(change func(*alert.Settings)) {
	w.Helper()
	set := alert.DefaultSettings()
	set.GroupWait = 0
	change(&set)
	if _, err := w.service.PutSettings(w.Context(), set, nil, "test"); err != nil {
		w.Fatal(err)
	}
}

func (w *world) log(f store.AlertFilter) []alert.Entry {
	w.Helper()
	f.Limit = 10_000
	list, err := w.service.Entries(context.WithoutCancel(w.Context()), f, "en")
	if err != nil {
		w.Fatal(err)
	}
	return list
}

func (w *world) active() []alert.Alert {
	w.Helper()
	list, err := w.service.Active(w.Context(), "en")
	if err != nil {
		w.Fatal(err)
	}
	return list
}

func address(name string) alert.Condition {
	return alert.Condition{Key: alert.Key{Event: alert.AddressAlert, Kind: alert.OfAddress, Object: name}}
}

func pool(name string, addresses ...string) alert.Condition {
	c := alert.Condition{Key: alert.Key{Event: alert.PoolUnavailable, Kind: alert.OfPool, Object: name}}
	for _, a := range addresses {
		c.Causes = append(c.Causes, address(a).Key)
	}
	return c
}

func told(b *inbox, channel string, want ...string) func() bool {
	return func() bool { return strings.Join(b.lines(channel), ",") == strings.Join(want, ",") }
}

func many(n int) (list []alert.Condition) {
	for i := range n {
		list = append(list, address(fmt.Sprintf("a-%04d", i)))
	}
	return list
}
