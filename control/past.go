package control

import (
	"context"
	"fmt"

	"github.com/meridian-gtm/meridian/traffic"
)

// At returns the whole configuration as of a revision, as puts in reference order,
// and its position. The error wraps ErrNotFound for a number not reached yet.
func (s *Service) At(ctx context.Context, revision uint64) ([]traffic.Change, traffic.Position, error) {
	const page = 256
	m := traffic.NewModel()
	var pos traffic.Position
	for after := uint64(0); after < revision; {
		list, err := s.store.Revisions(ctx, after, page)
		if err != nil {
			return nil, pos, err
		}
		if len(list) == 0 || list[0].Position.Revision != after+1 {
			return nil, pos, fmt.Errorf("revision %d %w", revision, ErrNotFound)
		}
		for _, r := range list {
			if r.Position.Revision > revision {
				break
			}
			changes, err := traffic.DecodeChanges(r.Changes)
			if err != nil {
				return nil, pos, fmt.Errorf("read revision %d: %w", r.Position.Revision, err)
			}
			m.Apply(changes)
			pos = r.Position
		}
		after = list[len(list)-1].Position.Revision
	}
	return m.All(), pos, nil
}
