package node

import (
	"context"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/traffic/stat"
)

// historyWait is how long the start waits for history's database: longer than one that
// is there needs, so that whoever finds the API ready finds history behind it. Control
// starts without, too.
const historyWait = 3 * time.Second

// startHistory begins to keep what happens. It ends after all that feeds it.
func (n *node) startHistory(ctx context.Context) error {
	c := n.control
	var err error
	if c.history, err = history.New(history.Options{DSN: n.o.History, Old: c.store.OldEvents, Log: n.log}); err != nil {
		return err
	}
	n.run("history", c.history.Run)
	select {
	case <-c.history.Opened():
	case <-ctx.Done():
	case <-time.After(historyWait):
		n.log.Warn("starting without history: its database does not open", "error", c.history.Alarm())
	}
	return nil
}

// feedHistory takes in what vantages and resolvers measure.
func (n *node) feedHistory() {
	h, gate := n.control.history, newStatGate(n.control.service.View)
	n.run("event watch", n.control.service.TellEvents)
	n.lead("keep history", h.Lead)
	n.run("measurements", func(ctx context.Context) error {
		stopProbes, err := n.bus.Subscribe(health.StatsPrefix+"*", func(subject string, data []byte) {
			vantage, err := health.VantageOf(subject, health.StatsPrefix)
			if err != nil {
				n.log.Warn("measurements refused", "error", err)
				return
			}
			if !gate.mayProbe(vantage) {
				n.log.Debug("measurements left aside: there are too many", "vantage", vantage)
				return
			}
			p, err := stat.DecodeProbes(vantage, data)
			if err != nil {
				n.log.Warn("measurements refused", "error", err)
				return
			}
			gate.knownTasks(p)
			h.Probed(p)
		})
		if err != nil {
			return err
		}
		defer stopProbes()
		stopQueries, err := n.bus.ReplyOn(countSubject+"*", func(subject string, data []byte) []byte {
			node := strings.TrimPrefix(subject, countSubject)
			if !gate.mayCount(node) {
				return nil // it sends again
			}
			q, err := stat.DecodeQueries(node, data)
			if err != nil {
				n.log.Warn("query counts refused", "error", err)
				return refusedCounts // sent again it would be refused again
			}
			gate.knownNames(q)
			if !h.Counted(q) {
				return nil // the one that leads answers
			}
			return takenCounts
		})
		if err != nil {
			return err
		}
		defer stopQueries()
		<-ctx.Done()
		return nil
	})
}

// What control answers to query counts: both settle them.
var (
	takenCounts   = []byte(`{"taken":true}`)
	refusedCounts = []byte(`{"taken":false}`)
)
