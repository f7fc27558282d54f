package said

import (
	"encoding/json"
	"testing"
)

var (
	inner = New("test.inner", "is {state:q}")
	outer = New("test.outer", "left: it {why}, {n} of {total}")
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
