package node

import (
	"sync/atomic"
	"testing"

	"github.com/meridian-gtm/meridian/traffic"
)

type members map[traffic.Key]traffic.Current

func (m members) Get(k traffic.Key) (traffic.Current, bool) { c, ok := m[k]; return c, ok }

func (m members) Move(k traffic.Key, member string) traffic.Current {
	m[k] = traffic.Current{Scope: k, Member: member, Epoch: m[k].Epoch + 1}
	return m[k]
}

func TestANodeThatStartsMakesNoFirstMoveOutOfIgnorance(t *testing.T) {
	t.Parallel()
	scope := traffic.Key{Kind: traffic.KindPool, Name: "hangzhou"}
	for _, c := range []struct {
		sentence string
		before   members
		ready    bool
		want     string
	}{
		{"nobody is current and verdicts are not known yet", members{}, false, ""},
		{"an operator's reset, and verdicts are not known yet", members{scope: {Scope: scope, Epoch: 3}}, false, ""},
		{"nobody is current and verdicts are known", members{}, true, "a"},
		{"the current member was removed, which needs no verdict", members{scope: {Scope: scope, Member: "b", Epoch: 3}}, false, "a"},
	} {
		var ready atomic.Bool
		ready.Store(c.ready)
		p := patient{Currents: c.before, ready: &ready}
		p.Move(scope, "a")
		if got := c.before[scope].Member; got != c.want {
			t.Errorf("%s: current is %q, want %q", c.sentence, got, c.want)
		}
	}
}
