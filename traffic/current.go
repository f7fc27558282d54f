package traffic

// Current is the member that a non-preemptive sequential policy stays on: runtime
// state, not configuration (design 5.1.3). Scope is the access domain or the pool.
type Current struct {
	Scope  Key    `json:"scope"`
	Member string `json:"member"`
	// Epoch rises by one with every move. Whoever knows the highest one is right.
	Epoch uint64 `json:"epoch"`
}

// Newer reports whether c replaces old. Two nodes that moved at once under equal
// verdicts chose the same member; if they saw different verdicts, the tie is broken
// by name so that all end on one.
func (c Current) Newer(old Current) bool {
	return c.Epoch > old.Epoch || c.Epoch == old.Epoch && c.Member < old.Member
}
