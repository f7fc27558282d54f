package control

// Queued is how many change sets wait for their turn.
func (s *Service) Queued() int {
	s.queueMu.Lock()
	defer s.queueMu.Unlock()
	return len(s.queue)
}
