package view

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// digest sums up the states of all tasks that have one: the exclusive or of a hash
// for each, so that a change costs two hashes and order does not matter. It detects
// nodes that differ; it defends against nobody.
type digest [12]byte

// toggle puts a task's state in, or takes it out again.
func (d *digest) toggle(k traffic.TaskKey, s verdict.State) {
	if s == verdict.Unknown {
		return
	}
	h := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d\x00%s", k.Address, k.Template, k.Port, s))
	for i := range d {
		d[i] ^= h[i]
	}
}

func (d *digest) String() string { return hex.EncodeToString(d[:]) }
