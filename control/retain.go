package control

import (
	"context"
	"time"
)

// Retention says how much of the history keeps its content: what is among the newest
// Revisions or younger than Age. Who changed which objects, when and why is kept for ever.
type Retention struct {
	Revisions uint64
	Age       time.Duration
}

// DefaultRetention: three months answer "what was it before" for nearly everyone who
// asks, and a thousand revisions hold the last quarter of an installation that is
// changed ten times a day. At 2 kB each, 100,000 a day come to 18 GB.
var DefaultRetention = Retention{Revisions: 1000, Age: 90 * 24 * time.Hour}

const (
	// retainStep is how many revisions lose their content in one transaction: commits
	// wait for a few milliseconds, not for a night's worth of log.
	retainStep = 50
	// retainRest lies between two steps, for those who wait.
	retainRest = 20 * time.Millisecond
	// retainEvery is far shorter than any age that makes sense.
	retainEvery = 10 * time.Minute
)

// Retain compacts the history now and then, until ctx ends. One of the processes on a
// store is enough, two at once do no harm.
func (s *Service) Retain(ctx context.Context, r Retention) error {
	for wait := time.Duration(0); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		n, err := s.store.Compact(ctx, r.Revisions, s.now().Add(-r.Age), retainStep)
		switch wait = retainEvery; {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			s.log.Warn("old revisions keep their content for now", "err", err)
		case n == retainStep:
			wait = retainRest
		}
	}
}
