package steer

import (
	"fmt"

	"github.com/meridian-gtm/meridian/traffic"
)

func taskReason(j traffic.Judgement, s AddressState, stale int) string {
	var out string
	switch {
	case s.Total == 0:
		return "has no health task, so it counts as available"
	case s.OK == s.Total:
		out = fmt.Sprintf("all %d health tasks are good", s.Total)
		if s.Total == 1 {
			out = "its health task is good"
		}
	case s.Available:
		out = fmt.Sprintf("%d of %d health tasks are good, enough for %s", s.OK, s.Total, j)
	case s.Total == 1:
		out = "its health task is down"
	default:
		out = fmt.Sprintf("%d of %d health tasks are good, not enough for %s", s.OK, s.Total, j)
	}
	if stale > 0 {
		out += fmt.Sprintf(" (%d held from before, too few vantages vote)", stale)
	}
	return out
}

func poolReason(j traffic.Judgement, s PoolState) string {
	switch {
	case s.Total == 0:
		return "has no enabled address"
	case s.OK == s.Total:
		return fmt.Sprintf("%d of %d addresses are available", s.OK, s.Total)
	case s.Available:
		return fmt.Sprintf("%d of %d addresses are available, enough for %s", s.OK, s.Total, j)
	}
	return fmt.Sprintf("%d of %d addresses are available, not enough for %s", s.OK, s.Total, j)
}

// overrideReason says who decided what, for how long and why.
func overrideReason(o *traffic.Override) string {
	what := "is drained"
	if o.Action == traffic.Enable {
		what = "is enabled"
	}
	s := fmt.Sprintf("%s by %s of %s", what, o.ID, o.Author)
	if o.Selector != "" {
		s += " (" + o.Selector + ")"
	}
	if !o.EndsAt.IsZero() {
		s += " until " + o.EndsAt.UTC().Format("2006-01-02 15:04:05Z")
	}
	if o.Reason != "" {
		s += ": " + o.Reason
	}
	return s
}
