package control

import (
	"context"

	"github.com/meridian-gtm/meridian/traffic"
)

// Excerpt returns the part of what a change set would make of the configuration that
// decides what some names are answered, as Draft.Excerpt does, and the position that it
// is laid over. Assertions are not asked: whoever looks at a draft wants to see what
// breaks them. Errors are those of Plan.
func (s *Service) Excerpt(ctx context.Context, cs ChangeSet, names, addresses []string) ([]traffic.Change, traffic.Position, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	d, before, err := s.draft(ctx, s.groundLocked(), &cs)
	if err != nil {
		return nil, traffic.Position{}, err
	}
	r := d.Check()
	r.Errors = append(r.Errors, before.Errors...)
	r.Sort()
	if !r.OK() {
		return nil, traffic.Position{}, &Rejected{Report: r}
	}
	return d.Excerpt(names, addresses), s.head, nil
}
