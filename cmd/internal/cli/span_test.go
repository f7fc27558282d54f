package cli

import (
	"testing"
	"time"
)

func TestSpansMayBeInDays(t *testing.T) {
	t.Parallel()
	for v, want := range map[string]time.Duration{"2h": 2 * time.Hour, "30d": 720 * time.Hour, "-1d": -24 * time.Hour, "0": 0, "100000d": 100_000 * 24 * time.Hour} {
		if got, err := parseSpan(v); err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", v, got, err, want)
		}
	}
	for _, v := range []string{"", "d", "x", "1.5d", "1d12h", "100001d", "9999999999999999999d"} {
		if got, err := parseSpan(v); err == nil {
			t.Errorf("%q: %v, want an error", v, got)
		}
	}
}
