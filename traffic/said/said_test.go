package said

import (
	"encoding/json"
	"testing"
)

var (
	inner = New("test.inner", "is {state:q}")
	outer = New("test.outer", "left: it {why:s}, {n} of {total}")
	plain = New("test.plain", "nothing more")
)

func TestSentenceAndItsParts(t *testing.T) {
	t.Parallel()
	s := outer.With(inner.With("down"), 2, 3)
	const text = `left: it is "down", 2 of 3`
	if s.String() != text {
		t.Errorf("says %q", s)
	}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"code":"test.outer","args":{"n":2,"total":3,"why":{"code":"test.inner","args":{"state":"down"},"text":"is \"down\""}},"text":"left: it is \"down\", 2 of 3"}`
	if string(b) != want {
		t.Errorf("travels as %s", b)
	}
	var back Said
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(back)
	if err != nil || string(again) != want || back.String() != text || !back.Equal(s) || !back.Is(outer) {
		t.Errorf("comes back as %s (%v)", again, err)
	}
	if plain.With().String() != "nothing more" {
		t.Error(plain.With())
	}
	var none Said
	if b, _ := json.Marshal(none); !none.IsZero() || none.String() != "" || string(b) != "null" {
		t.Errorf("nothing travels as %s", b)
	}
}

func TestMistakesOfTheProgram(t *testing.T) {
	t.Parallel()
	for what, f := range map[string]func(){
		"a code twice":       func() { New("test.inner", "x") },
		"a place twice":      func() { New("test.twice", "{a} {a}") },
		"a place left open":  func() { New("test.open", "{a") },
		"too many arguments": func() { plain.With(1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is taken", what)
				}
			}()
			f()
		}()
	}
}

var (
	probe  = New("test.probe", "nothing came back in {limit} while {phase}")
	votes  = New("test.votes", "{failed} of {voting} vantages call it failed ({vantage}: {reason:s})")
	loose  = New("test.loose", "{failed} of {voting} vantages {rest}")
	caused = New("test.caused", "task {task} fell: {cause:s}")
	quoted = New("test.quoted", "was {value:q} before; took {choices}")
)

func TestATextIsRecognised(t *testing.T) {
	t.Parallel()
	for _, s := range []Said{votes.With(2, 3, "bj-1", probe.With("2s", "connecting")), loose.With(1, 2, "say nothing"), quoted.With(`a "b" }`, "x or y"), caused.With("a/b", votes.With(2, 3, "bj-1", "it broke")), plain.With(), outer.With(inner.With("up"), 1, 2)} {
		got := Of(s.String())
		if got == nil || got.Code() != s.Code() || got.String() != s.String() {
			t.Errorf("%s: %v", s, got)
		}
	}
	b, err := json.Marshal(Of(votes.With(2, 3, "bj-1", probe.With("2s", "connecting")).String()))
	if want := `{"code":"test.votes","args":{"failed":2,"reason":{"code":"test.probe","args":{"limit":"2s","phase":"connecting"},"text":"nothing came back in 2s while connecting"},"vantage":"bj-1","voting":3},"text":"2 of 3 vantages call it failed (bj-1: nothing came back in 2s while connecting)"}`; err != nil || string(b) != want {
		t.Errorf("%v %s", err, b)
	}
	for _, text := range []string{"", "something else", "2 of", `is "a`} {
		if got := Of(text); got != nil {
			t.Errorf("%q is taken for %s", text, got.Code())
		}
	}
}

func FuzzOf(f *testing.F) {
	f.Add(`left: it is "down", 2 of 3`)
	f.Add("2 of 3 vantages call it failed (a: b)")
	f.Fuzz(func(t *testing.T, text string) {
		if s := Of(text); s != nil && s.String() != text {
			t.Errorf("%q is said again as %q", text, s)
		}
	})
}
