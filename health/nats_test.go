package health_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/meridian-gtm/meridian/health/healthtest"
	"github.com/meridian-gtm/meridian/health/vantage"
	"github.com/meridian-gtm/meridian/health/view"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// natsBus is what the distribution layer gives us in a node, without its prefix.
type natsBus struct{ *nats.Conn }

func (b natsBus) Subscribe(subject string, f func(string, []byte)) (func(), error) {
	s, err := b.Conn.Subscribe(subject, func(m *nats.Msg) { f(m.Subject, m.Data) })
	return func() { s.Unsubscribe() }, err
}

func (b natsBus) Request(ctx context.Context, subject string, data []byte) ([]byte, error) {
	m, err := b.RequestWithContext(ctx, subject, data)
	if err != nil {
		return nil, err
	}
	return m.Data, nil
}

func (b natsBus) Reply(subject string, f func([]byte) []byte) (func(), error) {
	s, err := b.Conn.Subscribe(subject, func(m *nats.Msg) { m.Respond(f(m.Data)) })
	return func() { s.Unsubscribe() }, err
}

// TestOverNATS plays the whole way over a real server: messages below its size limit,
// wildcards, and requests that nobody answers.
func TestOverNATS(t *testing.T) {
	t.Parallel()
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	defer func() { srv.Shutdown(); srv.WaitForShutdown() }()
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	client := func() natsBus {
		c, err := nats.Connect(srv.ClientURL())
		if err != nil {
			t.Fatal(err)
		}
		return natsBus{c}
	}
	a, b := client(), client()
	defer a.Close()
	defer b.Close()

	const n = 2100 // three pages
	m := model(t, n, func(t *traffic.Template) {
		t.Interval, t.Timeout, t.EvaluationCount = traffic.Duration(2*time.Second), traffic.Duration(500*time.Millisecond), 1
	})
	world := healthtest.NewWorld()
	world.Set(healthtest.Refuses, targets(0, n/2)...)
	v, err := vantage.New(vantage.Options{ID: "here", Bus: a, Prober: world, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	v.SetModel(m)
	run := func(f func(context.Context) error) (stop func()) {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- f(ctx) }()
		return func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	defer run(v.Run)()
	settled := func(e *view.View) error {
		for i := range n {
			want := verdict.Up
			if i < n/2 {
				want = verdict.Down
			}
			if got := e.Verdict(key(i)); got.State != want || got.Stale {
				return fmt.Errorf("t%d is %v stale=%v, want %v", i, got.State, got.Stale, want)
			}
		}
		return nil
	}
	within := func(e *view.View) {
		t.Helper()
		// Three seconds on a quiet machine; only order and outcome are asserted.
		for end := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
			err := settled(e)
			if err == nil {
				return
			}
			if time.Now().After(end) {
				t.Fatal(err)
			}
		}
	}
	first := view.New(view.Options{Bus: b, Log: quiet})
	first.SetModel(m)
	defer run(first.Run)()
	within(first)

	late := view.New(view.Options{Bus: b, Log: quiet})
	late.SetModel(m)
	defer run(late.Run)()
	if cold := late.Wait(context.Background()); cold {
		t.Error("cold, though the vantage answers")
	}
	within(late)
	if first.Digest() != late.Digest() {
		t.Errorf("digests %s and %s", first.Digest(), late.Digest())
	}
}
