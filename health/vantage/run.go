package vantage

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/health/schedule"
	"github.com/meridian-gtm/meridian/traffic"
)

// Run probes and publishes until ctx ends, and returns after all that it started has
// ended. It stands by while another process with this id is active. It is called once.
func (v *Vantage) Run(ctx context.Context) error {
	beats := make(chan *health.Beat, 16)
	cancel, err := v.opt.Bus.Subscribe(health.BeatPrefix+v.opt.ID, func(_ string, data []byte) {
		b, err := health.DecodeBeat(v.opt.ID, data)
		if err != nil {
			v.log.Warn("beat refused", "error", err)
			return
		}
		if own := v.currentInstance(); b.Instance == own {
			return
		}
		select {
		case beats <- b:
		default: // one of many; the next second brings another
		}
	})
	if err != nil {
		return fmt.Errorf("subscribe to heartbeats of vantage %q: %w", v.opt.ID, err)
	}
	defer cancel()

	for n := 1; ctx.Err() == nil; n++ {
		if n > 1 || v.occupied(ctx) {
			v.log.Warn("another process has this vantage id; standing by")
			standBy(ctx, beats)
		}
		if ctx.Err() != nil {
			break
		}
		if err := v.serve(ctx, strconv.Itoa(n), beats); err != nil {
			return err
		}
	}
	return nil
}

func (v *Vantage) currentInstance() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.instance
}

// occupied asks whether an active process answers for this id.
func (v *Vantage) occupied(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	data, err := v.opt.Bus.Request(ctx, health.StatePrefix+v.opt.ID, health.Encode(health.StateRequest{Version: health.Version}))
	if err != nil {
		return false
	}
	_, err = health.DecodePage(v.opt.ID, data)
	return err == nil
}

// standBy returns when the other's heartbeat has lapsed, or it said that it leaves.
func standBy(ctx context.Context, beats <-chan *health.Beat) {
	lapse := time.NewTimer(health.Lapse)
	defer lapse.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-lapse.C:
			return
		case b := <-beats:
			if b.Leaving {
				return
			}
			lapse.Reset(health.Lapse)
		}
	}
}

// serve is one activation: it returns nil when ctx ends or another process has the
// better claim.
func (v *Vantage) serve(ctx context.Context, activation string, beats <-chan *health.Beat) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	v.begin(activation)
	stopReply, err := v.opt.Bus.Reply(health.StatePrefix+v.opt.ID, v.page)
	if err != nil {
		v.end()
		return fmt.Errorf("answer state requests of vantage %q: %w", v.opt.ID, err)
	}
	v.mu.Lock()
	sched := v.sched
	v.mu.Unlock()
	var wg sync.WaitGroup
	wg.Go(func() { sched.Run(ctx) })
	wg.Go(func() { v.watchReferences(ctx) })
	v.publishUntil(ctx, beats)
	cancel()
	stopReply()
	wg.Wait()
	v.publish(v.takeBeat(true))
	v.end()
	return nil
}

func (v *Vantage) begin(activation string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.instance, v.seq, v.active = v.opt.Instance+"."+activation, 0, time.Now()
	v.sched = schedule.New(schedule.Options{Run: v.probe, Concurrency: v.opt.Concurrency})
	v.net.reset()
	v.minute = minute{begin: time.Now()}
	clear(v.pending)
	v.gone = nil
	for _, t := range v.tasks {
		t.restart()
		t.told = time.Time{}
		v.sched.Set(t.id, time.Duration(t.Template.Interval), v.phase(t.id))
	}
}

func (v *Vantage) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.active, v.sched = time.Time{}, nil
}

// publishUntil is the only sender of this activation, so that numbers leave in order.
func (v *Vantage) publishUntil(ctx context.Context, beats <-chan *health.Beat) {
	tick := time.NewTicker(health.BeatEvery)
	defer tick.Stop()
	delay := time.NewTimer(time.Hour)
	defer delay.Stop()
	gathering := false
	v.publish(v.takeBeat(false))
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			v.publish(v.takeBeat(false))
			v.publishMinute(time.Now())
		case <-v.beat:
			v.publish(v.takeBeat(false))
		case <-v.wake:
			if !gathering {
				gathering = true
				delay.Reset(batchDelay)
			}
		case <-delay.C:
			gathering = false
			v.publishBatches()
		case b := <-beats:
			if !b.Leaving && v.yields(b) {
				v.log.Warn("another process with this vantage id is older; standing by", "other", b.Instance)
				return
			}
		}
	}
}

// yields tells whether the other process of this id has the better claim.
func (v *Vantage) yields(b *health.Beat) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return health.Outranks(b.Active, b.Instance, time.Since(v.active), v.instance)
}

func (v *Vantage) takeBeat(leaving bool) (string, []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	b := v.beatLocked()
	b.Leaving = leaving
	return health.BeatPrefix + v.opt.ID, health.Encode(b)
}

func (v *Vantage) beatLocked() health.Beat {
	return health.Beat{Head: v.headLocked(), Labels: v.opt.Labels, Isolated: v.net.isolated,
		Active: time.Since(v.active), Tasks: len(v.tasks)}
}

func (v *Vantage) headLocked() health.Head {
	return health.Head{Version: health.Version, Vantage: v.opt.ID, Instance: v.instance, Seq: v.seq}
}

func (v *Vantage) publish(subject string, data []byte) {
	// A message that fails is not repeated: receivers see the gap and ask. A bus that is
	// away for long is said once, not with each heartbeat.
	err := v.opt.Bus.Publish(subject, data)
	switch failed := v.mute.Swap(err != nil); {
	case err != nil && !failed:
		v.log.Warn("what this vantage finds does not get out", "subject", subject, "error", err)
	case err == nil && failed:
		v.log.Info("what this vantage finds gets out again")
	}
}

// maxBatch keeps a message below the bus's limit of 1 MiB whatever the reasons hold.
const maxBatch = 512 << 10

func (v *Vantage) publishBatches() {
	v.mu.Lock()
	now := time.Now()
	obs := v.gone
	v.gone = nil
	for k := range v.pending {
		t := v.tasks[k]
		t.told = now
		obs = append(obs, t.observation(now))
	}
	clear(v.pending)
	v.mu.Unlock()
	v.send(obs)
}

// send publishes observations in as many numbered batches as they need.
func (v *Vantage) send(obs []health.Observation) {
	for len(obs) > 0 {
		n := min(len(obs), health.PageSize)
		v.mu.Lock()
		head := v.headLocked()
		head.Seq++
		data := health.Encode(health.Batch{Head: head, Observations: obs[:n]})
		for len(data) > maxBatch && n > 1 {
			n /= 2
			data = health.Encode(health.Batch{Head: head, Observations: obs[:n]})
		}
		v.seq++
		v.mu.Unlock()
		v.publish(health.ObsPrefix+v.opt.ID, data)
		obs = obs[n:]
	}
}

// Findings returns what the vantage itself finds now, for its own status page.
func (v *Vantage) Findings() map[traffic.TaskKey]health.Observation {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	out := make(map[traffic.TaskKey]health.Observation, len(v.tasks))
	for k, t := range v.tasks {
		out[k] = t.observation(now)
	}
	return out
}
