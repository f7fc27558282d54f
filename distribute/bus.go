package distribute

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"github.com/meridian-gtm/meridian/distribute/stream"
)

// Bus speaks on plain subjects. It puts "meridian." before every subject, and takes
// it off again for those who listen. Safe for concurrent use.
type Bus struct {
	nc     *nats.Conn
	log    *slog.Logger
	remote bool   // over a socket
	asker  string // where answers arrive, stream.AnswerPrefix

	mu    sync.Mutex // guards the fields below
	hooks map[int]func()
	next  int
}

// Wire is what the conversations of this package need of a Bus.
type Wire interface {
	Publish(subject string, data []byte) error
	Subscribe(subject string, f func(subject string, data []byte)) (cancel func(), err error)
	Request(ctx context.Context, subject string, data []byte) ([]byte, error)
	Reply(subject string, f func(data []byte) []byte) (cancel func(), err error)
	// OnConnect calls f after every (re)connection, from a goroutine of the bus; f must
	// not block.
	OnConnect(f func()) (cancel func())
}

var _ Wire = (*Bus)(nil)

// Conn is the connection, for publish and follow.
func (b *Bus) Conn() *nats.Conn { return b.nc }

// Connected reports whether a server is there right now.
func (b *Bus) Connected() bool { return b.nc.IsConnected() }

// Close ends the connection and all subscriptions.
func (b *Bus) Close() { b.nc.Close() }

// Publish sends data to whoever listens now. An error means that it certainly was not
// sent: there is no connection, or the data is too large (1 MiB).
func (b *Bus) Publish(subject string, data []byte) error {
	if err := b.nc.Publish(stream.Prefix+subject, data); err != nil {
		return fmt.Errorf("publish %s: %w", subject, err)
	}
	return nil
}

// Subscribe calls f for every message, one at a time and in order of arrival per
// sender. The subject may hold the wildcards * and >. The data is f's to keep. A
// subscription outlives reconnections. After cancel returns f is not called and does
// not run; so cancel must not be called from within f.
func (b *Bus) Subscribe(subject string, f func(subject string, data []byte)) (cancel func(), err error) {
	return b.listen(subject, func(m *nats.Msg) { f(m.Subject[len(stream.Prefix):], m.Data) })
}

// Request asks and waits for one answer, until ctx ends. It fails at once when
// nobody listens.
func (b *Bus) Request(ctx context.Context, subject string, data []byte) ([]byte, error) {
	m, err := b.ask(ctx, stream.Prefix+subject, data)
	if err != nil {
		return nil, fmt.Errorf("request %s: %w", subject, err)
	}
	return m.Data, nil
}

// ask is nats.Conn.RequestWithContext, with the question in the answer's subject.
func (b *Bus) ask(ctx context.Context, subject string, data []byte) (*nats.Msg, error) {
	reply := stream.AnswerPrefix(b.asker, subject) + "." + nuid.Next()
	sub, err := b.nc.SubscribeSync(reply)
	if err != nil {
		return nil, err
	}
	defer func() { _ = sub.Unsubscribe() }() // fails only on a closed connection
	if err := b.nc.PublishRequest(subject, reply, data); err != nil {
		return nil, err
	}
	return sub.NextMsgWithContext(ctx) // nats.ErrNoResponders when nobody listens
}

// Reply answers requests with what f makes of them, one at a time; nil sends no
// answer. cancel is that of Subscribe.
func (b *Bus) Reply(subject string, f func(data []byte) []byte) (cancel func(), err error) {
	return b.ReplyOn(subject, func(_ string, data []byte) []byte { return f(data) })
}

// ReplyOn is Reply for a subject that may hold wildcards: f learns on which one it was
// asked.
func (b *Bus) ReplyOn(subject string, f func(subject string, data []byte) []byte) (cancel func(), err error) {
	return b.listen(subject, func(m *nats.Msg) {
		if m.Reply == "" {
			return // somebody published where one asks
		}
		answer := f(m.Subject[len(stream.Prefix):], m.Data)
		if answer == nil {
			return
		}
		if err := m.Respond(answer); err != nil {
			b.log.Warn("answer a request", "subject", subject, "error", err)
		}
	})
}

func (b *Bus) listen(subject string, f func(*nats.Msg)) (cancel func(), err error) {
	var mu sync.Mutex // held while f runs
	done := false
	sub, err := b.nc.Subscribe(stream.Prefix+subject, func(m *nats.Msg) {
		mu.Lock()
		defer mu.Unlock()
		if !done {
			f(m)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("subscribe %s: %w", subject, err)
	}
	return func() {
		// The error is about a connection that is closed already.
		_ = sub.Unsubscribe()
		mu.Lock()
		done = true
		mu.Unlock()
	}, nil
}

// OnConnect implements Wire. If the bus is connected, f runs once soon as well.
func (b *Bus) OnConnect(f func()) (cancel func()) {
	b.mu.Lock()
	if b.hooks == nil {
		b.hooks = map[int]func(){}
	}
	id := b.next
	b.next++
	b.hooks[id] = f
	b.mu.Unlock()
	if b.nc.IsConnected() {
		f()
	}
	return func() {
		b.mu.Lock()
		delete(b.hooks, id)
		b.mu.Unlock()
	}
}

func (b *Bus) connected(nc *nats.Conn) {
	server := "in this process"
	if b.remote {
		server = nc.ConnectedUrlRedacted()
	}
	b.log.Info("connected to the message bus", "server", server)
	b.mu.Lock()
	list := make([]func(), 0, len(b.hooks))
	for _, f := range b.hooks {
		list = append(list, f)
	}
	b.mu.Unlock()
	for _, f := range list {
		f()
	}
}
