package control_test

import (
	"errors"
	"testing"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// TestPreviewTellsTheEffectByHealthAsItIs: the same change is harmless or not by what
// is down at the moment; the preview moves nothing and is refused as the change would be.
func TestPreviewTellsTheEffectByHealthAsItIs(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	probed := func(name, ip string) traffic.Object {
		return object(traffic.KindAddress, func(a *traffic.Address) {
			a.Name, a.Address, a.Tasks = name, ip, []traffic.Task{{Template: "t", Port: 80, Enabled: true}}
		})
	}
	must(t, s, put(object(traffic.KindTemplate, func(m *traffic.Template) { m.Name, m.Protocol = "t", traffic.TCP }),
		probed("a", "192.0.2.1"), probed("b", "192.0.2.2"), pool("p", "a", "b"), zone("example.com"), domain("www.example.com", "p"), domain("other.example.com", "p")))
	pos, before := whole(t, s)
	for _, row := range []struct {
		what, down string
		want       string
		empty      int
	}{
		{"all is up", "", steer.Changed, 0},
		{"the one that stays is down", "b", steer.GoesEmpty, 2},
		{"the one that goes is down", "a", "", 0},
	} {
		h := steer.Health{Verdict: func(k traffic.TaskKey) verdict.Verdict {
			if k.Address == row.down {
				return verdict.Verdict{State: verdict.Down}
			}
			return verdict.Verdict{State: verdict.Up}
		}}
		p, err := s.Preview(t.Context(), put(pool("p", "b")), h)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Changes) != 1 || p.Changes[0].Name != "p" {
			t.Errorf("%s: changes %q", row.what, actions(p.Plan))
		}
		if p.Effect.Empty != row.empty || row.want == "" && (len(p.Effect.Names) != 0 || p.Effect.Unchanged != 2) || row.want != "" && (len(p.Effect.Names) != 2 || p.Effect.Names[0].Change != row.want) {
			t.Errorf("%s: %+v", row.what, p.Effect)
		}
	}
	cs := control.ChangeSet{Delete: []traffic.Key{{Kind: traffic.KindPool, Name: "p"}}}
	var rejected *control.Rejected
	if _, err := s.Preview(t.Context(), cs, steer.Health{}); !errors.As(err, &rejected) {
		t.Errorf("a change that would be refused: %v", err)
	}
	if now, after := whole(t, s); now != pos || after != before {
		t.Error("a preview moved something")
	}
}
