package history

import (
	"testing"
	"time"
)

// TestIncidents follows two failures that overlap, one of which comes back.
func TestIncidents(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, dsn string) {
		now := start
		h := opened(t, dsn, &now)
		move := func(list ...Transition) {
			h.Moved(list)
			h.flush(t)
			now = now.Add(time.Minute)
		}
		move(Transition{Kind: OfTask, Subject: "a/web/80", Address: "a", From: "up", To: "down", Cause: "hz: timeout"}, Transition{Kind: OfAddress, Subject: "a", Address: "a", From: "available", To: "unavailable"},
			Transition{Kind: OfDomain, Subject: "www.example.com/A", From: "p [a]", To: "q [b]", Data: []byte(`[]`)})
		move(Transition{Kind: OfVantage, Subject: "hz", From: "heard", To: "isolated"})
		move(Transition{Kind: OfTask, Subject: "a/web/80", Address: "a", From: "down", To: "up"}, Transition{Kind: OfAddress, Subject: "a", Address: "a", From: "unavailable", To: "available"})
		move(Transition{Kind: OfTask, Subject: "a/web/80", Address: "a", From: "up", To: "down"})
		list, err := h.Incidents(t.Context(), IncidentFilter{Limit: 10})
		if err != nil || len(list) != 3 {
			t.Fatalf("%v: %+v", err, list)
		}
		again, vantage, first := list[0], list[1], list[2]
		if first.Open || !first.Began.Equal(start) || !first.Ended.Equal(start.Add(2*time.Minute)) || first.Duration != 120 || first.Cause.Cause != "hz: timeout" || len(first.Objects) != 2 ||
			first.Counts[OfDomain] != 1 || first.Answers[0].To != "q [b]" || !first.Objects[1].Ended.Equal(first.Ended) {
			t.Errorf("first %+v", first)
		}
		if !again.Open || !again.Ended.IsZero() || again.Duration != 60 || !vantage.Open || vantage.Cause.Subject != "hz" {
			t.Errorf("again %+v\nvantage %+v", again, vantage)
		}
		for name, row := range map[string]struct {
			f    IncidentFilter
			want int
		}{
			"an older page": {IncidentFilter{Before: vantage.ID}, 1}, "of an address": {IncidentFilter{Kind: OfAddress, Subject: "a"}, 1}, "of a domain": {IncidentFilter{Kind: OfDomain, Subject: "www.example.com/A"}, 1},
			"of a time": {IncidentFilter{From: start.Add(30 * time.Second), Until: start.Add(90 * time.Second)}, 1}, "by id": {IncidentFilter{IDs: []uint64{first.ID, again.ID}}, 2}, "by none": {IncidentFilter{IDs: []uint64{}}, 0},
		} {
			row.f.Limit = 10
			if got, err := h.Incidents(t.Context(), row.f); err != nil || len(got) != row.want {
				t.Errorf("%s: %v %+v", name, err, got)
			}
		}
		last, err := h.Last(t.Context(), []Subject{{OfTask, "a/web/80"}, {OfAddress, "a"}, {OfPool, "none"}})
		if err != nil || len(last) != 2 || last[Subject{OfTask, "a/web/80"}].Incident != again.ID || last[Subject{OfAddress, "a"}].To != "available" {
			t.Errorf("%v: %+v", err, last)
		}
	})
}

func TestCourses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, dsn string) {
		now := start
		h := opened(t, dsn, &now)
		for i, to := range []string{"down", "up", "down"} {
			now = start.Add(time.Duration(i) * time.Hour)
			from, word := "up", map[string]string{"up": "available", "down": "unavailable"}
			if to == "up" {
				from = "down"
			}
			h.Moved([]Transition{{Kind: OfTask, Subject: "a/web", Address: "a", From: from, To: to}, {Kind: OfAddress, Subject: "a", Address: "a", From: word[from], To: word[to]}})
			h.flush(t)
		}
		got, err := h.Courses(t.Context(), OfAddress, []string{"a", "b"}, start.Add(30*time.Minute), start.Add(90*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		a := got["a"]
		if a.Before != "unavailable" || len(a.Moves) != 1 || a.Moves[0].State != "available" || !a.Moves[0].At.Equal(start.Add(time.Hour)) || a.Parts["a/web"].Before != "down" || len(a.Parts["a/web"].Moves) != 1 {
			t.Errorf("%+v %+v", a, a.Parts["a/web"])
		}
		if b := got["b"]; b.Before != "" || b.Moves != nil {
			t.Errorf("%+v", b)
		}
		if got, err = h.Courses(t.Context(), OfTask, []string{"a/web"}, start.Add(-time.Hour), start.Add(time.Minute)); err != nil || got["a/web"].Before != "up" || len(got["a/web"].Moves) != 1 {
			t.Errorf("%v: before the first move: %+v", err, got["a/web"])
		}
	})
}
