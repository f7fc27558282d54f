package vantage

import (
	"time"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/health/check"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/stat"
)

// minute is what is measured until the next full minute of this machine's clock. What
// a receiver makes of it is by its own clock; ours only sets the rhythm.
type minute struct {
	begin time.Time
	tasks map[traffic.TaskKey]*stat.Task
	seq   uint64 // of the messages of this instance
}

// measureLocked counts a probe for the statistics. What was this machine's fault, or may
// have been, is no measurement of the target: then there is a gap.
func (v *Vantage) measureLocked(k traffic.TaskKey, start time.Time, r check.Result) {
	if r.Local || v.net.isolated != "" || r.Silent && start.Before(v.net.rejoined) {
		return
	}
	t := v.minute.tasks[k]
	if t == nil {
		if v.minute.tasks == nil {
			v.minute.tasks = map[traffic.TaskKey]*stat.Task{}
		}
		t = &stat.Task{Key: k}
		v.minute.tasks[k] = t
	}
	t.Observe(r.OK, r.Latency)
}

// publishMinute sends what was measured when a minute is full. It is not repeated: what
// is lost is a gap.
func (v *Vantage) publishMinute(now time.Time) {
	v.mu.Lock()
	m := &v.minute
	if now.Unix()/60 == m.begin.Unix()/60 {
		v.mu.Unlock()
		return
	}
	head := stat.Head{Version: stat.Version, From: v.opt.ID, Instance: v.instance, SpanMS: max(now.Sub(m.begin), 0).Milliseconds(), Period: uint64(m.begin.Unix() / 60)}
	list := make([]stat.Task, 0, len(m.tasks))
	for _, t := range m.tasks {
		list = append(list, *t)
	}
	first := m.seq + 1
	m.seq += uint64((len(list) + stat.PageTasks - 1) / stat.PageTasks)
	m.begin, m.tasks = now, nil
	v.mu.Unlock()
	for head.Seq = first; len(list) > 0; head.Seq++ {
		n := min(len(list), stat.PageTasks)
		v.publish(health.StatsPrefix+v.opt.ID, stat.Encode(stat.Probes{Head: head, Tasks: list[:n]}))
		list = list[n:]
	}
}
