package alert

import "time"

// SetGiveUp shortens for how long a message is tried.
func (s *Service) SetGiveUp(d time.Duration) { s.giveUp = d }
