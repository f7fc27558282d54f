package history

import (
	"testing"
	"time"
)

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
