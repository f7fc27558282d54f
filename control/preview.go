package control

import (
	"context"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// Preview is what a change set would do: to the configuration, and to answers.
type Preview struct {
	Plan
	Effect steer.Effect `json:"effect" doc:"What clients would get, before and after, by health as it is now."`
}

// Preview says what a change set would do if it were committed in the state of health
// given. Errors are those of Plan. Commits wait for it: milliseconds for a change that
// reaches few names, seconds for one that reaches 100,000.
func (s *Service) Preview(ctx context.Context, cs ChangeSet, h steer.Health) (Preview, error) {
	var out Preview
	cs.watch = func(m *traffic.Model, d *traffic.Draft, changes []traffic.Change) {
		out.Effect = steer.Compare(m, d, changes, h)
	}
	var err error
	out.Plan, err = s.Plan(ctx, cs)
	return out, err
}
