package node

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meridian-gtm/meridian/distribute/follow"
	"github.com/meridian-gtm/meridian/traffic"
)

// standing is a lapser that runs, and what it last said.
type standing struct {
	*lapser
	lapsed map[string]bool
	alarm  string
	stop   func()
}

func stand(t *testing.T, dir string) *standing {
	t.Helper()
	s := &standing{}
	s.lapser = newLapser(dir, func(m map[string]bool) { s.lapsed = maps.Clone(m) }, func(text string) { s.alarm = text }, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	s.stop = func() { cancel(); <-done }
	return s
}

func (s *standing) has(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	s.mu.Lock() // held when lapsed and alarm are set
	defer s.mu.Unlock()
	if got := slices.Sorted(maps.Keys(s.lapsed)); !slices.Equal(got, want) {
		t.Errorf("lapsed %v, want %v", got, want)
	}
	for _, id := range want {
		if !strings.Contains(s.alarm, id) {
			t.Errorf("alarm %q does not name %s", s.alarm, id)
		}
	}
	if len(want) == 0 && s.alarm != "" {
		t.Errorf("alarm %q", s.alarm)
	}
}

func step(full bool, list ...*traffic.Override) follow.Update {
	u := follow.Update{Full: full}
	for _, o := range list {
		o.Normalize()
		u.Changes = append(u.Changes, traffic.Change{Key: o.Key(), After: o})
	}
	return u
}

// drain is an order whose end the writer's clock, an hour off, has set.
func drain(id string, lasts time.Duration) *traffic.Override {
	return &traffic.Override{ID: id, Action: traffic.Drain, Target: "pool/hz", EndsAt: time.Now().Add(lasts - time.Hour), Lasts: traffic.Duration(lasts)}
}

func TestAnOverrideLapsesAfterItsFullTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := stand(t, t.TempDir())
		defer func() { s.stop() }()
		two := drain("two", 2*time.Hour)
		s.learn(step(true, two, drain("one", time.Hour), &traffic.Override{ID: "endless", Action: traffic.Drain, Target: "pool/sh"}))
		time.Sleep(time.Hour)
		s.has(t) // control's word, sent at the end, is still on its way
		s.learn(follow.Update{Changes: []traffic.Change{{Key: traffic.Key{Kind: traffic.KindOverride, Name: "one"}}}})
		time.Sleep(time.Hour)
		s.has(t)
		time.Sleep(lapseGrace - time.Millisecond)
		s.has(t)
		time.Sleep(time.Millisecond)
		s.has(t, "two")
		// The same again, as after a new snapshot, is no new order; an extension is one.
		s.learn(step(true, two))
		s.has(t, "two")
		longer := *two
		longer.EndsAt = longer.EndsAt.Add(time.Hour)
		longer.Lasts = traffic.Duration(30 * time.Minute)
		s.learn(step(false, &longer))
		s.has(t)
		remark := longer
		remark.Reason = "still at it"
		time.Sleep(20 * time.Minute)
		s.learn(step(false, &remark))
		time.Sleep(10*time.Minute + lapseGrace)
		s.has(t, "two")
		// Control is back and removes it.
		s.learn(follow.Update{Changes: []traffic.Change{{Key: two.Key()}}})
		s.has(t)
	})
}

// TestOnlyTimeThatTheNodeRanCounts: a node that was off, for however long and with
// whatever clock, goes on from where it was.
func TestOnlyTimeThatTheNodeRanCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		o, p := drain("two", 2*time.Hour), drain("gone", time.Minute)
		s := stand(t, dir)
		s.learn(step(true, o, p))
		time.Sleep(90 * time.Minute)
		s.has(t, "gone")
		s.stop()
		time.Sleep(1000 * time.Hour)
		s = stand(t, dir)
		time.Sleep(30 * time.Second) // before the configuration is known, the file is left alone
		s.learn(step(true, o, p))
		s.has(t, "gone") // what had lapsed has
		time.Sleep(30*time.Minute + lapseGrace - time.Second)
		s.has(t, "gone")
		time.Sleep(time.Second)
		s.has(t, "gone", "two")
		s.stop()
		// Killed: at most what was not written down is counted twice.
		file := filepath.Join(dir, "overrides")
		q := drain("three", time.Hour)
		s = stand(t, dir)
		s.learn(step(true, q))
		time.Sleep(30*time.Minute + time.Second)
		killed, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s.stop()
		if err := os.WriteFile(file, killed, 0o600); err != nil {
			t.Fatal(err)
		}
		s = stand(t, dir)
		s.learn(step(true, q))
		time.Sleep(30 * time.Minute)
		s.has(t)
		time.Sleep(lapseGrace + lapseSave)
		s.has(t, "three")
		s.stop()
		// A damaged file is as none.
		killed[len(killed)-3] ^= 1
		if err := os.WriteFile(file, killed, 0o600); err != nil {
			t.Fatal(err)
		}
		s = stand(t, dir)
		s.learn(step(true, q))
		time.Sleep(59 * time.Minute)
		s.has(t)
		s.learn(step(true))
		time.Sleep(lapseSave)
		synctest.Wait()
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("without overrides there is a file: %v", err)
		}
		s.stop()
	})
}

func FuzzReadLives(f *testing.F) {
	f.Add(writeLives(map[string]life{"o1": {EndsAt: time.Unix(1, 0).UTC(), Lasts: 5, Ran: 3}}))
	f.Add([]byte("00000000 {}"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		lives, err := readLives(b)
		if err != nil {
			return
		}
		again, err := readLives(writeLives(lives))
		if err != nil || len(again) != len(lives) {
			t.Fatalf("%v, written and read again %v, %v", lives, again, err)
		}
		for id, l := range lives {
			if k := again[id]; k.Ran != l.Ran || k.Lasts != l.Lasts || !k.EndsAt.Equal(l.EndsAt) {
				t.Fatalf("%s: %+v became %+v", id, l, k)
			}
		}
	})
}
