package node

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/resolve"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// registry exposes what the parts count themselves; nothing is counted twice.
func (n *node) registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	gauge := func(name, help string, f func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "meridian", Name: name, Help: help}, f))
	}
	counter := func(name, help string, f func(resolve.Tally) uint64) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "meridian", Subsystem: "dns", Name: name, Help: help},
			func() float64 { return float64(f(n.tally())) }))
	}
	gauge("ready", "1 when the node does what its roles promise.", func() float64 { return boolean(n.ready() == nil) })
	gauge("revision", "Revision of the configuration in force.", func() float64 {
		p, _ := n.follower.Position()
		return float64(p.Revision)
	})
	gauge("alarms", "Number of alarms; the node's status names them.", func() float64 { return float64(len(n.status().Alarms)) })
	if n.o.has(RoleResolver) {
		counter("queries_total", "Queries received.", func(t resolve.Tally) uint64 { return t.Queries })
		counter("silent_total", "Packets that may not be answered.", func(t resolve.Tally) uint64 { return t.Silent })
		counter("formerr_total", "Malformed queries.", func(t resolve.Tally) uint64 { return t.FormErr })
		counter("steered_total", "Answers made by access domains.", func(t resolve.Tally) uint64 { return t.Steered })
		counter("nxdomain_total", "Answers with NXDOMAIN.", func(t resolve.Tally) uint64 { return t.NXDomain })
		counter("refused_total", "Answers with REFUSED.", func(t resolve.Tally) uint64 { return t.Refused })
		counter("truncated_total", "UDP answers that did not fit.", func(t resolve.Tally) uint64 { return t.Truncated })
		counter("ecs_total", "Queries with a client subnet.", func(t resolve.Tally) uint64 { return t.ECS })
	}
	if n.control != nil {
		gauge("history_queued_rows", "Rows of history that wait to be written.", func() float64 { return float64(n.control.history.Stats().Queued) })
		gauge("history_write_seconds", "How long the last transaction of history took.", func() float64 { return n.control.history.Stats().Took.Seconds() })
		total := func(name, help string, labels prometheus.Labels, f func(history.Stats) uint64) {
			r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "meridian", Subsystem: "history", Name: name, Help: help, ConstLabels: labels},
				func() float64 { return float64(f(n.control.history.Stats())) }))
		}
		total("written_rows_total", "Rows of history written.", nil, func(s history.Stats) uint64 { return s.Written })
		for i, d := range n.control.history.Stats().Dropped {
			total("dropped_rows_total", "Rows of history lost: for want of room in memory when its database does not keep up, or refused by it.", prometheus.Labels{"what": d.What}, func(s history.Stats) uint64 { return s.Dropped[i].Rows })
		}
	}
	if n.view != nil {
		tasks := func(want func(verdict.Verdict) bool) func() float64 {
			return func() float64 {
				c := 0
				for _, t := range n.view.Tasks() {
					if want(t.Verdict) {
						c++
					}
				}
				return float64(c)
			}
		}
		gauge("tasks", "Health tasks.", tasks(func(verdict.Verdict) bool { return true }))
		gauge("tasks_down", "Health tasks whose verdict is down.", tasks(func(v verdict.Verdict) bool { return v.State == verdict.Down }))
		gauge("tasks_stale", "Health tasks whose verdict holds for want of votes.", tasks(func(v verdict.Verdict) bool { return v.Stale }))
	}
	return r
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
