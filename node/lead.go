package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/meridian-gtm/meridian/control/lease"
	"github.com/meridian-gtm/meridian/control/store"
)

// leaseName is the one lease of a store: whoever holds it does everything that only
// one control process may do.
const leaseName = "control"

// startLeading takes this process's place among the control processes of the store, and
// begins to ask for the lease.
func (n *node) startLeading(ctx context.Context) error {
	id, err := n.controlID()
	if err != nil {
		return err
	}
	n.control.id = id
	if err := n.enter(ctx); err != nil {
		return err
	}
	n.control.lease = lease.New(lease.Options{Store: n.control.store, Name: leaseName, Holder: id, Log: n.log})
	n.run("lease", n.control.lease.Run)
	return nil
}

// lead runs a part while this control process holds the lease, and again whenever it
// holds it anew. The context of f ends when the lease is lost, and what f writes to the
// store under it is refused from the moment that another process leads.
func (n *node) lead(name string, f func(ctx context.Context) error) {
	n.run(name, func(ctx context.Context) error { return n.control.lease.Lead(ctx, f) })
}

// leads reports whether this process has the lease now.
func (n *node) leads() bool {
	_, ok := n.control.lease.Holds()
	return ok
}

// controlID names this control process among those on one store. It belongs to the
// data folder, which the kernel locks for one process: after a kill the next life
// takes its own lease over at once.
func (n *node) controlID() (string, error) {
	path := filepath.Join(n.o.Data, "control.id")
	b, err := os.ReadFile(path)
	if id := strings.TrimSpace(string(b)); err == nil && id != "" {
		return id, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the id of this control: %w", err)
	}
	id := store.NewID("control")
	if err := os.WriteFile(path, []byte(id+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write the id of this control: %w", err)
	}
	return id, nil
}
