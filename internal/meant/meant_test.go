package meant

import "testing"

func TestOf(t *testing.T) {
	known := []string{"policy", "members", "expect_status", "ttl", "judgement"}
	for _, c := range []struct{ says, got, want string }{
		{"one letter too many", "pollicy", "policy"},
		{"a plural left out", "member", "members"},
		{"a hyphen for an underscore", "expect-status", "expect_status"},
		{"capitals", "TTL", "ttl"},
		{"American spelling", "judgment", "judgement"},
		{"short words are not guessed at", "abc", ""},
		{"something else altogether", "weather", ""},
		{"nothing", "", ""},
	} {
		if got := Of(c.got, known); got != c.want {
			t.Errorf("%s: %q was taken for %q, want %q", c.says, c.got, got, c.want)
		}
	}
}
