package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ErrDisconnected is the cause of a context that WhileConnected ended.
var ErrDisconnected = errors.New("the message bus is not connected")

// requestFor bounds one request to JetStream. A healthy one takes milliseconds.
const requestFor = 3 * time.Second

// New is the JetStream client of this package's callers. Requests end after
// requestFor; do not give them a context with a later deadline, which would win.
func New(nc *nats.Conn) (jetstream.JetStream, error) {
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(requestFor), jetstream.WithPublishAsyncTimeout(requestFor))
	if err != nil {
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	return js, nil
}

// WhileConnected gives a context that ends when the connection is lost: the answer to
// a request that is under way then never comes, and waiting for its time limit would
// cost seconds after each restart of a server. stop must be called.
func WhileConnected(ctx context.Context, nc *nats.Conn) (_ context.Context, stop func(), err error) {
	lost := nc.StatusChanged(nats.RECONNECTING, nats.CLOSED)
	if !nc.IsConnected() {
		nc.RemoveStatusListener(lost)
		return nil, nil, ErrDisconnected
	}
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-lost:
			cancel(ErrDisconnected)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-done
		nc.RemoveStatusListener(lost)
	}, nil
}
