package node

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meridian-gtm/meridian/health/check"
	"github.com/meridian-gtm/meridian/health/view"
	"github.com/meridian-gtm/meridian/traffic"
)

// What a prober has, and what those have who judge.
var (
	mProbes       = counter("prober", "probe_results_total", "Probes by what came of them: ok; failed, as the target itself showed; unanswered; or local, when the fault was here.", "protocol", "result")
	mProbeSeconds = histogram("prober", "probe_duration_seconds", "How long answered probes took, good ones and bad ones.", []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, "protocol")
	mProbeTasks   = gauge("prober", "probe_tasks", "Health tasks that this vantage probes.")
	mProbeRunning = gauge("prober", "probe_running", "Probes under way now.")
	mProbeSkipped = counter("prober", "probe_skipped_total", "Probes left out: the one before had not ended, or the start was a period late.")
	mProbeLate    = gauge("prober", "probe_start_delay_max_seconds", "Worst delay of a probe's start against its plan, since this vantage became active.")
	mIsolated     = gauge("prober", "vantage_isolated", "1 while this vantage abstains, for its own network seems broken.")
	mActive       = gauge("prober", "vantage_active", "1 while this process probes; 0 while another one with the same vantage id does.")

	mTasks    = gauge("resolver, control", "health_tasks", "Health tasks by verdict, as this node sees them.", "state")
	mStale    = gauge("resolver, control", "health_stale_tasks", "Health tasks whose verdict only holds, for too few vantages vote.")
	mVantages = gauge("resolver, control", "health_vantages", "Vantages by state, as this node sees them.", "state")
	mChanges  = counter("resolver, control", "health_transitions_total", "Verdicts that changed on this node, by what they became.", "to")
)

// turned counts verdicts that changed, by what they became.
type turned struct {
	mu sync.Mutex // guards the field below
	to map[string]uint64
}

func (t *turned) note(events []view.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.to == nil {
		t.to = map[string]uint64{}
	}
	for _, e := range events {
		if e.Vantage == "" {
			t.to[e.To]++
		}
	}
}

// counts tells all of them, those that never were too.
func (t *turned) counts() map[string]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return map[string]uint64{"up": t.to["up"], "down": t.to["down"], "unknown": t.to["unknown"]}
}

// probed counts probes.
type probed struct {
	results *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

func newProbed() *probed {
	p := &probed{mProbes.counterVec(), mProbeSeconds.histogramVec()}
	for _, protocol := range []traffic.Protocol{traffic.Ping, traffic.TCP, traffic.HTTP, traffic.HTTPS} {
		for _, result := range []string{"ok", "failed", "unanswered", "local"} {
			p.results.WithLabelValues(string(protocol), result)
		}
		p.seconds.WithLabelValues(string(protocol))
	}
	return p
}

// observe takes one probe.
func (p *probed) observe(protocol traffic.Protocol, r check.Result) {
	result := "failed"
	switch {
	case r.OK:
		result = "ok"
	case r.Local:
		result = "local"
	case r.Silent:
		result = "unanswered"
	}
	p.results.WithLabelValues(string(protocol), result).Inc()
	if r.Latency > 0 {
		p.seconds.WithLabelValues(string(protocol)).Observe(r.Latency.Seconds())
	}
}

func (n *node) measureVantage(put put) {
	s := n.vantage.Status()
	put(mProbeTasks, float64(s.Tasks))
	put(mProbeRunning, float64(s.Schedule.Running))
	put(mProbeSkipped, float64(s.Schedule.Skipped))
	put(mProbeLate, s.Schedule.MaxLate.Seconds())
	put(mIsolated, boolean(s.Isolated != ""))
	put(mActive, boolean(s.Active))
}

func (n *node) measureVerdicts(put put) {
	states := map[string]int{"up": 0, "down": 0, "unknown": 0}
	stale := 0
	for _, t := range n.view.Tasks() {
		states[t.Verdict.State.String()]++
		if t.Verdict.Stale {
			stale++
		}
	}
	for s, c := range states {
		put(mTasks, float64(c), s)
	}
	put(mStale, float64(stale))
	vantages := map[string]int{"alive": 0, "isolated": 0, "lost": 0}
	for _, v := range (live{n}).Vantages() {
		vantages[v.State]++
	}
	for s, c := range vantages {
		put(mVantages, float64(c), s)
	}
	for to, c := range n.turned.counts() {
		put(mChanges, float64(c), to)
	}
}
