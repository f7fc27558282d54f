package verdict

// Counter makes a finding of one vantage's probes of one task. The zero value is
// ready and abstains: a restarted vantage votes after its first full evaluation.
// It is for one goroutine.
type Counter struct {
	run     uint8 // equal results in a row, capped: counts reach no further than 10
	good    bool  // what the run is of
	finding Finding
}

// maxRun caps the run so that it never wraps; evaluation and recovery counts are at
// most 10 (traffic.Template), so any cap above that decides the same.
const maxRun = 100

// Finding returns what the vantage says now.
func (c *Counter) Finding() Finding { return c.finding }

// Run returns how many of the last probes had the same result, and which.
func (c *Counter) Run() (n int, good bool) { return int(c.run), c.good }

// Observe counts one probe and reports whether the finding changed: evaluation bad
// probes in a row make it Failed, recovery good ones make it Good. A target that
// wavers before either run is complete stays unjudged: nothing is known of it that
// would hold against an operator's question.
func (c *Counter) Observe(good bool, evaluation, recovery int) (changed bool) {
	if good != c.good {
		c.run, c.good = 0, good
	}
	if c.run < maxRun {
		c.run++
	}
	next := c.finding
	switch {
	case good && int(c.run) >= recovery:
		next = Good
	case !good && int(c.run) >= evaluation:
		next = Failed
	}
	changed = next != c.finding
	c.finding = next
	return changed
}

// Next returns the finding that Observe would lead to, without counting.
func (c *Counter) Next(good bool, evaluation, recovery int) Finding {
	d := *c
	d.Observe(good, evaluation, recovery)
	return d.finding
}

// Restart forgets everything: the next finding needs a full evaluation. Others keep
// their verdict meanwhile, since Abstain is no vote.
func (c *Counter) Restart() { *c = Counter{} }
