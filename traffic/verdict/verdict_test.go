package verdict

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	const a, g, f = Abstain, Good, Failed
	for _, c := range []struct {
		sentence string
		prev     State
		selected int
		findings []Finding
		rate     int
		want     State
		stale    bool
	}{
		{"a task that nobody has judged stays unknown, and is not stale", Unknown, 3, nil, 50, Unknown, false},
		{"a task that no vantage is selected for stays unknown", Unknown, 0, nil, 50, Unknown, false},
		{"the only vantage calls it good", Unknown, 1, []Finding{g}, 50, Up, false},
		{"the only vantage calls it failed", Up, 1, []Finding{f}, 50, Down, false},
		{"one of three lies at a rate of 50: no change", Up, 3, []Finding{f, g, g}, 50, Up, false},
		{"two of three at a rate of 50: down", Up, 3, []Finding{f, f, g}, 50, Down, false},
		{"exactly half does not exceed a rate of 50", Up, 2, []Finding{f, g}, 50, Up, false},
		{"exactly half exceeds a rate of 49", Up, 2, []Finding{f, g}, 49, Down, false},
		{"a rate of 0 is exceeded by one of many", Up, 5, []Finding{f, g, g, g, g}, 0, Down, false},
		{"a rate of 0 is not exceeded by none", Down, 5, []Finding{g, g, g, g, g}, 0, Up, false},
		{"a rate of 100 is met when all fail", Up, 3, []Finding{f, f, f}, 100, Down, false},
		{"a rate of 100 is not met when one is left", Up, 3, []Finding{f, f, g}, 100, Up, false},
		{"one alone left of three cannot fail a task: held, stale", Up, 3, []Finding{f}, 50, Up, true},
		{"one alone left of three cannot revive a task: held, stale", Down, 3, []Finding{g, a, a}, 50, Down, true},
		{"all gone: held, stale", Up, 3, nil, 50, Up, true},
		{"all gone while down: held, stale", Down, 3, []Finding{a, a, a}, 50, Down, true},
		{"half of the selected suffices to judge", Up, 4, []Finding{f, f}, 50, Down, false},
		{"the share is of those who vote, not of those selected", Up, 4, []Finding{f, f, g, a}, 60, Down, false},
		{"unknown is no vote for good", Up, 3, []Finding{f, f, a}, 50, Down, false},
		{"a minority that is first to speak does not begin a verdict", Unknown, 3, []Finding{f}, 50, Unknown, false},
		{"all vantages forgotten: held, stale", Down, 0, nil, 50, Down, true},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			since := time.Unix(7, 0)
			got := Judge(Verdict{State: c.prev, Since: since}, c.selected, c.findings, c.rate)
			if got.State != c.want || got.Stale != c.stale {
				t.Errorf("%v stale=%v, want %v stale=%v", got.State, got.Stale, c.want, c.stale)
			}
			if !got.Since.Equal(since) {
				t.Errorf("Since moved to %v: only the caller has a clock", got.Since)
			}
			if got.Available() != (c.want != Down) {
				t.Errorf("available is %v in state %v", got.Available(), got.State)
			}
		})
	}
}

func findings() *rapid.Generator[[]Finding] {
	return rapid.SliceOfN(rapid.SampledFrom([]Finding{Abstain, Good, Failed}), 0, 12)
}

func TestJudgeProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fs := findings().Draw(t, "findings")
		selected := len(fs) + rapid.IntRange(0, 6).Draw(t, "silent")
		rate := rapid.IntRange(0, 100).Draw(t, "rate")
		prev := Verdict{State: rapid.SampledFrom([]State{Unknown, Up, Down}).Draw(t, "prev")}
		v := Judge(prev, selected, fs, rate)

		if v.Failed > v.Voting || v.Voting > len(fs) || v.Selected != selected {
			t.Fatalf("counts do not add up: %+v", v)
		}
		quorum := v.Voting > 0 && 2*v.Voting >= selected
		if !quorum && v.State != prev.State {
			t.Fatalf("%d of %d voted and the state moved from %v to %v", v.Voting, selected, prev.State, v.State)
		}
		if quorum && (v.Stale || v.State == Unknown) {
			t.Fatalf("%d of %d voted, yet %+v", v.Voting, selected, v)
		}
		if again := Judge(v, selected, fs, rate); again != v {
			t.Fatalf("judging the same findings again moved %+v to %+v", v, again)
		}
		mixed := slices.Clone(fs)
		slices.Sort(mixed)
		if Judge(prev, selected, mixed, rate) != v {
			t.Fatal("the order of the vantages matters")
		}
		// Monotonic: one more failure never heals, one more good vote never harms.
		for i := range fs {
			worse, better := slices.Clone(fs), slices.Clone(fs)
			if fs[i] == Good {
				worse[i] = Failed
				if v.State == Down && Judge(prev, selected, worse, rate).State != Down {
					t.Fatalf("a further failed vote healed %v", worse)
				}
			}
			if fs[i] == Failed {
				better[i] = Good
				if v.State == Up && Judge(prev, selected, better, rate).State != Up {
					t.Fatalf("a further good vote failed %v", better)
				}
			}
		}
		if rate < 100 && Judge(prev, selected, fs, rate+1).State == Down && quorum && v.State != Down {
			t.Fatal("a higher failure rate made it easier to be down")
		}
	})
}

func TestCounterProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ev, rec := rapid.IntRange(1, 10).Draw(t, "evaluation"), rapid.IntRange(1, 10).Draw(t, "recovery")
		probes := rapid.SliceOfN(rapid.Bool(), 0, 60).Draw(t, "probes")
		var c Counter
		want := Abstain
		for i, good := range probes {
			// The oracle looks back over the whole history instead of counting.
			run := 0
			for j := i; j >= 0 && probes[j] == good; j-- {
				run++
			}
			before := want
			if good && run >= rec {
				want = Good
			}
			if !good && run >= ev {
				want = Failed
			}
			if n := c.Next(good, ev, rec); n != want {
				t.Fatalf("after %v Next foresees %v, want %v", probes[:i+1], n, want)
			}
			if changed := c.Observe(good, ev, rec); changed != (before != want) {
				t.Fatalf("after %v changed=%v, want %v", probes[:i+1], changed, before != want)
			}
			if c.Finding() != want {
				t.Fatalf("after %v finding %v, want %v", probes[:i+1], c.Finding(), want)
			}
		}
		c.Restart()
		if c.Finding() != Abstain {
			t.Fatal("a restarted counter votes")
		}
	})
}

func TestCounterNeverWraps(t *testing.T) {
	t.Parallel()
	var c Counter
	for range 1000 {
		c.Observe(false, 10, 10)
		if n, good := c.Run(); n > 0 && good {
			t.Fatal("the run wrapped")
		}
	}
	if c.Finding() != Failed {
		t.Fatalf("finding %v after 1000 bad probes", c.Finding())
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, s := range []State{Unknown, Up, Down} {
		b, err := json.Marshal(s)
		var back State
		if err != nil || json.Unmarshal(b, &back) != nil || back != s {
			t.Errorf("%v came back as %v from %s", s, back, b)
		}
	}
	for _, f := range []Finding{Abstain, Good, Failed} {
		b, err := json.Marshal(f)
		var back Finding
		if err != nil || json.Unmarshal(b, &back) != nil || back != f {
			t.Errorf("%v came back as %v from %s", f, back, b)
		}
	}
	var s State
	var f Finding
	if s.UnmarshalText([]byte("UP")) == nil || f.UnmarshalText([]byte("")) == nil {
		t.Error("an unknown word is taken")
	}
}
