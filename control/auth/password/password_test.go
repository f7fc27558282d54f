package password

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		user, password, want string // part of what is wrong, "" for nothing
	}{
		{"ann", "correct horse battery", ""},
		{"ann", "twelve chars", ""},
		{"ann", "eleven char", "shorter than 12"},
		{"ann", "日本語のとても長い言葉だよ", ""},
		{"ann", "日本語のとても長い言葉", "shorter"}, // characters count, not bytes
		{"annabel", "xx-AnnaBel-2026", "user's name"},
		{"an", "language that has an", ""}, // two letters are in everything
		{"ann", strings.Repeat("a", 12), "over and over"},
		{"ann", strings.Repeat("ab", 257), "longer"},
		{"ann", "null\x00null\x00null", "not text"},
		{"ann", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "not text"},
	} {
		err := Check(row.user, row.password)
		if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%q of %s: %v, want %q", row.password, row.user, err, row.want)
		}
		if err != nil && strings.Contains(err.Error(), row.password) {
			t.Errorf("the error quotes the password: %v", err)
		}
	}
}

func TestHashAndVerify(t *testing.T) {
	t.Parallel()
	h := New(2)
	stored, err := h.Hash(t.Context(), "correct horse battery")
	if err != nil || !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatal(stored, err)
	}
	if again, _ := h.Hash(t.Context(), "correct horse battery"); again == stored {
		t.Error("two hashes of one password are equal: no salt")
	}
	for password, want := range map[string]bool{"correct horse battery": true, "Correct horse battery": false, "": false, strings.Repeat("x", 1<<20): false} {
		if ok, stale, err := h.Verify(t.Context(), stored, password); ok != want || stale || err != nil {
			t.Errorf("%.30q: %v %v %v", password, ok, stale, err)
		}
	}
	// Made by the reference program: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1.
	old := "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, stale, err := h.Verify(t.Context(), old, "password"); !ok || !stale || err != nil {
		t.Errorf("a hash of other parameters: %v %v %v", ok, stale, err)
	}
	if ok, _, err := h.Verify(t.Context(), "", ""); ok || err != nil {
		t.Errorf("nobody's password: %v %v", ok, err)
	}
	for _, bad := range []string{"x", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", // 4 GiB
		"$argon2id$v=19$m=65536,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"} {
		if ok, _, err := h.Verify(t.Context(), bad, "password"); ok || err == nil {
			t.Errorf("%s: %v %v", bad, ok, err)
		}
	}
}

// TestAnUnknownUserTakesAsLong compares the work, not the clock: the same parameters.
func TestAnUnknownUserTakesAsLong(t *testing.T) {
	t.Parallel()
	h := New(1)
	stored, err := h.Hash(t.Context(), "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	measure := func(stored string) time.Duration {
		best := time.Hour
		for range 5 {
			began := time.Now()
			if ok, _, err := h.Verify(t.Context(), stored, "wrong horse battery"); ok || err != nil {
				t.Fatal(ok, err)
			}
			best = min(best, time.Since(began))
		}
		return best
	}
	known, unknown := measure(stored), measure("")
	if known > 3*unknown || unknown > 3*known {
		t.Errorf("a known user takes %v, an unknown one %v", known, unknown)
	}
}

func TestTurns(t *testing.T) {
	t.Parallel()
	h := New(1)
	end, err := h.turn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Hash(gone, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone waits on: %v", err)
	}
	for range 16 {
		h.queue <- struct{}{} // others who wait
	}
	if _, _, err := h.Verify(t.Context(), "", "x"); !errors.Is(err, ErrBusy) {
		t.Errorf("the line has no end: %v", err)
	}
	for range 16 {
		<-h.queue
	}
	end()
	if _, _, err := h.Verify(t.Context(), "", "x"); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, salt, key, err := parse(s)
		if err != nil {
			return
		}
		if p.memory > most.memory || p.time > most.time || p.lanes > most.lanes || p.time == 0 || p.lanes == 0 {
			t.Fatalf("%q asks for %+v", s, p)
		}
		if format(p, salt, key) != s {
			t.Fatalf("%q is written as %q", s, format(p, salt, key))
		}
	})
}
