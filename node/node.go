package node

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/meridian-gtm/meridian/distribute"
	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/distribute/codec"
)

// drainTime is how long what a role began may take to end after ctx did. SIGTERM
// must end the process within 10 s (contract); sockets and requests get half of it.
const drainTime = 5 * time.Second

// Run starts the roles of o and serves until ctx ends; then it drains and returns
// nil. An error means that it could not start, or that a part failed for good.
//
// When another state was put in place of control's store (a restore, here or through
// another process on the store), all parts stop and start anew on the same addresses:
// keys, authority, credentials and current members come from the store, and a part that
// held an old one would be wrong in silence.
func Run(ctx context.Context, o Options) error {
	for {
		bound, err := run(ctx, o)
		if !errors.Is(err, errReplaced) {
			return err
		}
		o.stay(bound)
		o.Log.Info("starting anew on the restored state")
	}
}

// errReplaced ends a run whose control has another state now.
var errReplaced = errors.New("the store holds another state now")

// run is one life of the process's parts. The order of start, each with its reason; the stop is its reverse:
//  1. the data folder, held by a lock: two processes on one would ruin it;
//  2. control's store and broker: everything else connects to them;
//  3. the bus; it is not waited for, a node works without it;
//  4. the configuration from disk and the verdicts from disk, so that
//  5. the resolver binds its sockets only when it knows something to say;
//  6. the API last, so that whoever sees it ready finds everything behind it.
func run(ctx context.Context, o Options) (bound Addrs, err error) {
	n := &node{started: time.Now(), alarms: map[string]string{}}
	err = n.live(ctx, o)
	return n.addrs, err
}

func (n *node) live(ctx context.Context, o Options) (err error) {
	token, err := o.complete()
	if err != nil {
		return err
	}
	n.o, n.log = o, o.Log.With("node", o.ID)
	if n.unlock, err = lockData(o.Data); err != nil {
		return err
	}
	defer n.unlock()
	if err := settle(o.Data, o.ID, token != nil); err != nil {
		return err
	}
	n.keptLabels()

	// Parts run under their own context, so that they end in reverse order.
	g, gctx := errgroup.WithContext(context.WithoutCancel(ctx))
	defer func() {
		n.stop()
		err = errors.Join(err, g.Wait())
	}()
	n.ctx, n.until, n.group = gctx, ctx, g

	var keys []ed25519.PublicKey
	serial := uint64(0)
	dial := distribute.DialOptions{Name: o.ID, Log: n.log}
	if o.has(RoleControl) {
		if err := n.startControl(ctx, &dial); err != nil {
			return err
		}
		signing := n.control.signing.Load()
		keys, serial = signing.Trusted, uint64(len(signing.Rotations))
	} else {
		cred, err := broker.Credential(token.Seed)
		if err != nil {
			return fmt.Errorf("join token: %w", err)
		}
		dial.Servers, dial.Node = token.Servers, token.NodeID
		if dial.TLS, err = token.TLS(); err != nil {
			return fmt.Errorf("join token: %w", err)
		}
		dial.Extra = append(dial.Extra, cred)
		for _, k := range token.Keys {
			key, err := codec.ParseKey(k)
			if err != nil {
				return fmt.Errorf("join token: %w", err)
			}
			keys = append(keys, key)
		}
		serial = token.KeySerial
	}
	if n.bus, err = distribute.Dial(dial); err != nil {
		return err
	}
	n.onStop(n.bus.Close)
	if err := n.startFollowing(keys, serial); err != nil {
		return err
	}
	if o.has(RoleControl) {
		if err := n.startPublishing(); err != nil {
			return err
		}
	}
	if o.Quickstart != "" {
		if err := n.quickstart(ctx); err != nil {
			return err
		}
	}
	if o.has(RoleProber) {
		n.run("vantage", n.vantage.Run)
	}
	if err := n.startHTTP(); err != nil {
		return err
	}
	if o.has(RoleResolver) {
		n.run("query counts", n.countQueries().run) // ends after the sockets
		n.run("resolver", n.serveDNS)
	}
	n.run("certificates", n.reload)
	n.run("status", n.reporter.Run)
	n.run("ready", n.announceReady)

	replaced := make(<-chan struct{}) // without control, never
	if n.control != nil {
		replaced = n.control.service.Replaced()
	}
	select {
	case <-ctx.Done():
		n.log.Info("stopping")
		return nil
	case <-replaced:
		n.log.Info("stopping: the store holds another state now")
		return errReplaced
	case <-gctx.Done():
		return nil // the group holds the reason
	}
}

// run starts a part that ends with its own context, in reverse order of start.
func (n *node) run(name string, f func(context.Context) error) {
	ctx, cancel := context.WithCancel(n.ctx)
	done := make(chan struct{})
	n.group.Go(func() error {
		defer close(done)
		if err := f(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	n.onStop(func() {
		cancel()
		select {
		case <-done:
		case <-time.After(drainTime):
			n.log.Warn("a part takes long to end", "part", name)
		}
	})
}

// onStop adds a step to the stop, which runs them in reverse.
func (n *node) onStop(f func()) { n.stops = append(n.stops, f) }

func (n *node) stop() {
	for i := len(n.stops) - 1; i >= 0; i-- {
		n.stops[i]()
	}
}

// dir returns a folder below the data folder, made if need be.
func (n *node) dir(name string) (string, error) {
	d := filepath.Join(n.o.Data, name)
	if err := os.MkdirAll(d, 0o700); err != nil {
		return "", fmt.Errorf("make data folder: %w", err)
	}
	return d, nil
}
