package history

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/stat"
)

// TestWhatTheDatabaseRefusesHoldsUpNothing: one report that cannot be written is
// dropped alone, and what came before and after it is kept, in order.
func TestWhatTheDatabaseRefusesHoldsUpNothing(t *testing.T) {
	t.Parallel()
	now := start
	h := opened(t, storetest.Postgres(t), &now) // SQLite takes any text
	for i := range 9 {
		text := fmt.Sprint("event ", i)
		if i == 4 {
			text += "\x00"
		}
		h.Record(Event{Kind: "test", Subject: "s", Severity: "info", Text: text})
	}
	for seq := uint64(1); seq <= 5; seq++ {
		q := &stat.Queries{Head: stat.Head{Version: 1, From: "r1", Instance: "i", Seq: seq}, Answers: []stat.Answer{{Domain: "www.example.com/A", Count: 1}}}
		if seq == 3 {
			q.Answers[0].Line = "\x00"
		}
		h.Counted(q)
	}
	h.flush(t)
	got, err := h.Events(t.Context(), EventFilter{Limit: 100, Forward: true})
	if err != nil || len(got) != 8 || got[7].Text != "event 8" {
		t.Errorf("%v %+v", err, got)
	}
	c, err := h.Counts(t.Context(), CountQuery{GroupBy: []string{ByName}, From: start.Add(-time.Hour), Until: start.Add(time.Hour), Step: -1, Top: 10})
	if err != nil || c.Total != 4 {
		t.Errorf("%v %+v", err, c)
	}
	for _, d := range h.Stats().Dropped {
		if d.What == "events" && d.Rows != 1 || d.What == "query_counts" && d.Rows != 2 {
			t.Errorf("dropped %+v", d)
		}
	}
}

// TestSumsOfAWildVantageCanBeRead: a vantage may claim any number that its message
// holds; an hour and a day of that are still added up.
func TestSumsOfAWildVantageCanBeRead(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, dsn string) {
		now := start
		h := opened(t, dsn, &now)
		for i := range 3 {
			now = start.Add(time.Duration(i+1) * time.Minute)
			wild := stat.Task{Key: traffic.TaskKey{Address: "a", Template: "t", Port: 80}, Probes: 1<<31 - 1, Failed: 1<<31 - 1, Min: 1, Max: time.Second, Sum: 1<<44*time.Microsecond - 1, Spread: stat.Sketch{{At: 40, Count: 1<<31 - 1}}}
			h.Probed(&stat.Probes{Head: stat.Head{Version: 1, From: "v", Instance: "i", Seq: uint64(i + 1), Period: uint64(i)}, Tasks: []stat.Task{wild}})
		}
		h.flush(t)
		now = start.Add(49 * time.Hour)
		if err := h.tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, _, err := h.Series(t.Context(), ProbeQuery{Port: -1, From: start, Until: now, Step: day})
		if err != nil || len(got) != 1 || got[0].Points[0].Probes != 1<<31-1 || got[0].Points[0].Avg <= 0 {
			t.Errorf("%v %+v", err, got)
		}
	})
}

// TestOneQuestionDoesNotFillTheMemory: what would hold too much is refused, and totals,
// which hold one number for each group, are not.
func TestOneQuestionDoesNotFillTheMemory(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, dsn string) {
		now := start
		h := opened(t, dsn, &now)
		h.mostHeld = 20
		for i := range 5 {
			now = start.Add(time.Duration(i+1) * time.Minute)
			q := &stat.Queries{Head: stat.Head{Version: 1, From: "r1", Instance: "i", Seq: uint64(i + 1)}}
			for d := range 10 {
				q.Answers = append(q.Answers, stat.Answer{Domain: fmt.Sprintf("n%d.example.com/A", d), Count: 1})
			}
			h.Counted(q)
		}
		h.flush(t)
		q := CountQuery{GroupBy: []string{ByName}, From: start, Until: now.Add(time.Minute), Top: 3}
		if _, err := h.Counts(t.Context(), q); !errors.Is(err, ErrTooWide) {
			t.Errorf("points of all: %v", err)
		}
		q.Step = -1
		if c, err := h.Counts(t.Context(), q); err != nil || c.Total != 50 || len(c.Series) != 3 {
			t.Errorf("totals of all: %v %+v", err, c)
		}
		q.Step, q.Where = 0, map[string]string{ByName: "n1.example.com"}
		if c, err := h.Counts(t.Context(), q); err != nil || c.Total != 5 || len(c.Series[0].Points) != 5 {
			t.Errorf("points of one: %v %+v", err, c)
		}
	})
}
