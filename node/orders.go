package node

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/health/view"
)

// What control tells nodes beside configuration: who is gone, and what a node's labels
// are. It tells again for as long as it matters, so no message does.
const (
	removedSubject = broker.RemovedSubject
	labelsSubject  = broker.LabelsSubject
	ordersEvery    = 5 * time.Second
	ordersVersion  = 1
	// maxLabels bounds the file of labels; a join token is smaller.
	maxLabels = 16 << 10
)

type removedOrder struct {
	V        int      `json:"v"`
	Vantages []string `json:"vantages"`
}

type labelsOrder struct {
	V      int               `json:"v"`
	Labels map[string]string `json:"labels"`
}

// giveOrders is control's side.
func (n *node) giveOrders(ctx context.Context) error {
	t := time.NewTicker(ordersEvery)
	defer t.Stop()
	for {
		if err := n.tell(ctx); err != nil && ctx.Err() == nil {
			n.log.Warn("tell nodes who is gone and what they are called", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		case <-n.control.orders:
		}
	}
}

func (n *node) tell(ctx context.Context) error {
	if !n.bus.Connected() {
		return nil
	}
	gone, err := n.control.store.RemovedVantages(ctx, time.Now().Add(-view.DefaultForget))
	if err != nil {
		return err
	}
	if len(gone) > 0 {
		if err := n.send(removedSubject, removedOrder{ordersVersion, gone}); err != nil {
			return err
		}
	}
	invited, err := n.control.store.Nodes(ctx)
	if err != nil {
		return err
	}
	named := map[string]store.Node{}
	for _, s := range invited {
		named[s.ID] = s
	}
	var strays []string
	for _, h := range n.control.roster.Nodes() {
		if _, ok := named[h.ID]; !ok && !slices.Contains(h.Roles, RoleControl) && time.Since(h.LastSeen) < 2*ordersEvery {
			strays = append(strays, h.ID)
		}
		if s, ok := named[h.ID]; ok && !maps.Equal(s.Labels, h.Labels) {
			if err := n.send(labelsSubject+h.ID, labelsOrder{ordersVersion, s.Labels}); err != nil {
				return err
			}
		}
	}
	text := ""
	if len(strays) > 0 && n.control.broker == nil { // our own server has closed their connections
		text = "removed and still connected: " + strings.Join(strays, ", ") + "; put the output of 'meridian node nats-config' on the NATS servers and reload them"
	}
	n.alarm("removed nodes", text)
	return nil
}

func (n *node) send(subject string, order any) error {
	b, err := json.Marshal(order)
	if err != nil {
		return fmt.Errorf("encode order: %w", err)
	}
	return n.bus.Publish(subject, b)
}

// takeOrders is every node's side.
func (n *node) takeOrders(ctx context.Context) error {
	cancelLabels, err := n.bus.Subscribe(labelsSubject+n.o.ID, func(_ string, data []byte) {
		var o labelsOrder
		if err := json.Unmarshal(data, &o); err != nil || o.V != ordersVersion || len(data) > maxLabels {
			n.log.Warn("labels from control cannot be read", "error", err)
			return
		}
		n.relabel(o.Labels)
	})
	if err != nil {
		return err
	}
	defer cancelLabels()
	if n.view != nil {
		cancelRemoved, err := n.bus.Subscribe(removedSubject, func(_ string, data []byte) {
			var o removedOrder
			if err := json.Unmarshal(data, &o); err != nil || o.V != ordersVersion {
				n.log.Warn("removed vantages cannot be read", "error", err)
				return
			}
			n.forget(o.Vantages)
		})
		if err != nil {
			return err
		}
		defer cancelRemoved()
	}
	<-ctx.Done()
	return nil
}

// forget takes removed vantages out of those that count, once they are silent: on an
// external server that was not reloaded a removed node may still speak.
func (n *node) forget(gone []string) {
	silent := map[string]bool{}
	for _, v := range n.view.Vantages() {
		silent[v.ID] = v.State == "lost" || v.State == "unknown"
	}
	for _, id := range gone {
		if silent[id] {
			n.view.Forget(id)
			n.log.Info("a removed vantage counts no longer", "vantage", id)
		}
	}
}

// labels are those of the node now.
func (n *node) labels() map[string]string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.o.Labels
}

// relabel takes labels from control over and keeps them for the next start.
func (n *node) relabel(labels map[string]string) {
	if n.o.OwnLabels {
		n.alarm("labels", "control has other labels for this node than its own settings; leave --label out to take control's")
		return
	}
	if maps.Equal(labels, n.labels()) {
		return
	}
	n.mu.Lock()
	n.o.Labels = labels
	n.mu.Unlock()
	if n.vantage != nil {
		n.vantage.SetLabels(labels)
		n.mu.Lock()
		m := n.model
		n.mu.Unlock()
		n.vantage.SetModel(m)
	}
	b, err := json.Marshal(labels)
	if err == nil {
		err = os.WriteFile(n.labelsFile(), b, 0o600)
	}
	if err != nil {
		n.log.Warn("labels from control are not kept; it tells them again after the next start", "error", err)
	}
	n.log.Info("took labels from control", "labels", labels)
	n.changed()
}

func (n *node) labelsFile() string { return filepath.Join(n.o.Data, "labels.json") }

// keptLabels reads what relabel kept. A file that cannot be read counts as none:
// control tells again.
func (n *node) keptLabels() {
	if n.o.OwnLabels {
		return
	}
	b, err := os.ReadFile(n.labelsFile())
	if err != nil || len(b) > maxLabels {
		return
	}
	var labels map[string]string
	if json.Unmarshal(b, &labels) == nil {
		n.o.Labels = labels
	}
}
