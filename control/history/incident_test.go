package history

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// script reads transitions: "second batch kind subject to", a line each.
func script(text string) (out []Transition) {
	begin := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	for i, l := range strings.Split(strings.TrimSpace(text), "\n") {
		var second, batch int
		t := Transition{ID: uint64(i + 1)}
		if _, err := fmt.Sscan(l, &second, &batch, &t.Kind, &t.Subject, &t.To); err != nil {
			panic(err)
		}
		t.At, t.Incident, t.Cause = begin.Add(time.Duration(second)*time.Second), uint64(batch), "cause "+t.Subject
		out = append(out, t)
	}
	return out
}

func TestIncidentsOf(t *testing.T) {
	t.Parallel()
	always := func(string, string) bool { return true }
	for _, c := range []struct {
		name, moves string
		still       func(string, string) bool
		want        string // "id kind/subject steps open|seconds" of each
	}{
		{"a pool goes down with its addresses, one after the other, and comes back", `
10 1 task a/w/80 down
10 1 address a unavailable
10 1 domain d/A x
11 4 task b/w/80 down
11 4 address b unavailable
11 4 pool p unavailable
11 4 domain d/A y
60 8 task a/w/80 up
60 8 address a available
60 8 pool p available
60 8 domain d/A z
70 12 task b/w/80 up
70 12 address b available`, always, "1 domain/d/A 13 60"},
		{"what has nothing in common is two", "10 1 task a/w/80 down\n11 2 task b/w/80 down\n20 3 task a/w/80 up", always, "1 task/a/w/80 2 10\n2 task/b/w/80 1 open"},
		{"good news at the start are none", "1 1 task a/w/80 up\n2 2 vantage hz alive", always, ""},
		{"a flapping endpoint is one", "0 1 task a/w/80 down\n10 2 task a/w/80 up\n40 3 task a/w/80 down\n50 4 task a/w/80 up", always, "1 task/a/w/80 4 50"},
		{"after a quiet while it is another", "0 1 task a/w/80 down\n10 2 task a/w/80 up\n80 3 task a/w/80 down", always, "1 task/a/w/80 2 10\n3 task/a/w/80 1 open"},
		{"two that turn out to be one", "0 1 address a unavailable\n1 2 address b unavailable\n2 3 pool p unavailable\n2 3 address a unavailable\n2 3 address b unavailable", always, "1 pool/p 5 open"},
		{"what is gone goes on no longer", "0 1 address a unavailable\n5 2 address b unavailable", func(_, s string) bool { return s == "b" }, "1 address/a 1 0\n2 address/b 1 open"},
		{"a lost vantage", "0 1 vantage hz lost\n30 2 vantage hz alive", always, "1 vantage/hz 2 30"},
		{"unknown is no recovery", "0 1 task a/w/80 down\n5 2 task a/w/80 unknown", always, "1 task/a/w/80 2 open"},
	} {
		var got []string
		for _, in := range incidentsOf(script(c.moves), c.still) {
			end := "open"
			if !in.Ended.IsZero() {
				end = fmt.Sprint(in.Ended.Sub(in.Began).Seconds())
			}
			got = append(got, fmt.Sprintf("%d %s/%s %d %s", in.ID, in.Kind, in.Subject, in.Transitions, end))
		}
		if g := strings.Join(got, "\n"); g != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, g, c.want)
		}
	}
}

func TestIncidentFilter(t *testing.T) {
	t.Parallel()
	in := incidentsOf(script("0 1 address a unavailable\n0 1 domain d.example/A x"), func(string, string) bool { return true })[0]
	yes, no := true, false
	for _, c := range []struct {
		f    IncidentFilter
		want bool
	}{
		{IncidentFilter{}, true}, {IncidentFilter{Open: &yes}, true}, {IncidentFilter{Open: &no}, false},
		{IncidentFilter{Kind: OfDomain}, true}, {IncidentFilter{Kind: OfPool}, false},
		{IncidentFilter{Kind: OfAddress, Subject: "a"}, true}, {IncidentFilter{Kind: OfAddress, Subject: "d.example/A"}, false},
		{IncidentFilter{Text: "D.EXAMPLE"}, true}, {IncidentFilter{Text: "cause A"}, true}, {IncidentFilter{Text: "other"}, false},
	} {
		if got := c.f.takes(in); got != c.want {
			t.Errorf("%+v takes it: %v", c.f, got)
		}
	}
}
