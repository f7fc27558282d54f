package cli

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// span is a flag's length of time that may be in days, as the API takes them too: drains
// and tokens are planned in days, which Go's own durations do not know.
type span time.Duration

func (s *span) String() string { return time.Duration(*s).String() }
func (s *span) Type() string   { return "duration" }

func (s *span) Set(v string) error {
	d, err := parseSpan(v)
	*s = span(d)
	return err
}

// maxDays keeps any number of days within a time.Duration.
const maxDays = 100_000

func parseSpan(v string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(v, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= -maxDays && n <= maxDays {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if d, err := time.ParseDuration(v); err == nil {
		return d, nil
	}
	return 0, errors.New("write a length of time like 90m, 12h or 30d")
}
