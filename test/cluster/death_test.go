package cluster

import (
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control"
)

func TestHoweverAnEndpointDiesItsAddressLeavesAndReturns(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.startControl("control,resolver,prober")
	a, b := c.ip(101), c.ip(102)
	end := newEndpoint(t, a)
	newEndpoint(t, b)
	c.cli(head+stayConfig(a, b), "apply", "-f", "-")
	const name = "preemptive.example.com"
	c.verdict("a is up", "a", state("up"))
	c.verdict("b is up", "b", func(h control.TaskHealth) bool { return h.State == "up" })
	c.control.answers(name, a)
	for _, death := range []struct {
		name      string
		die, live func()
	}{
		{"its port is closed", end.close, end.open},
		{"it takes connections and never answers", func() { end.hang(true) }, func() { end.hang(false) }},
		{"it answers 503", func() { end.set(true) }, func() { end.set(false) }},
	} {
		var gone, back []time.Duration
		for range times(1, 10) {
			start := time.Now()
			death.die()
			c.control.answers(name, b)
			gone = append(gone, time.Since(start))
			start = time.Now()
			death.live()
			c.control.answers(name, a)
			back = append(back, time.Since(start))
		}
		// interval 1 s x evaluation_count 2 + timeout 500 ms + 500 ms
		bound(t, "an endpoint dies, "+death.name+": its address leaves the answers", 3*time.Second, gone...)
		bound(t, "an endpoint is back after "+death.name+": its address returns", 3*time.Second, back...)
	}
}
