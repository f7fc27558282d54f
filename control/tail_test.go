package control_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/querylog"
)

// resolvers are some that answer, one that is away and a prober.
type resolvers struct {
	control.Live
	mu    sync.Mutex
	list  []string
	asked map[string]int
	ids   map[string]bool
}

func (r *resolvers) Nodes() (out []control.Node) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range r.list {
		out = append(out, control.Node{NodeStatus: traffic.NodeStatus{ID: id, Roles: []string{"resolver"}}})
	}
	gone := control.Node{NodeStatus: traffic.NodeStatus{ID: "gone", Roles: []string{"resolver"}}, Silent: traffic.Duration(time.Hour)}
	return append(out, gone, control.Node{NodeStatus: traffic.NodeStatus{ID: "prober", Roles: []string{"prober"}}})
}

func (r *resolvers) AskQueries(ctx context.Context, node string, a querylog.Ask) (querylog.Answer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked[node]++
	r.ids[a.ID] = true
	switch {
	case node == "old":
		return querylog.Answer{}, fmt.Errorf("no responders: %w", control.ErrNotFound)
	case node == "stuck":
		r.mu.Unlock()
		<-ctx.Done()
		r.mu.Lock()
		return querylog.Answer{}, ctx.Err()
	case r.asked[node]%4 == 0:
		return querylog.Answer{Records: []querylog.LoggedQuery{{Node: node, Name: "a"}}}, nil
	}
	return querylog.Answer{}, nil
}

// TestTailAsksOnlyWhileSomebodyLooks: all that are heard, also those that come later;
// one that does not answer is told of once and holds nobody up; afterwards nobody is asked.
func TestTailAsksOnlyWhileSomebodyLooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &resolvers{list: []string{"a", "old", "stuck"}, asked: map[string]int{}, ids: map[string]bool{}}
		tail := &control.Tail{Asker: r, Live: r, Rate: 10, Beat: 15 * time.Second}
		ctx, cancel := context.WithCancel(t.Context())
		got, troubles, beats := map[string]int{}, map[string]int{}, 0
		done := make(chan error)
		go func() {
			done <- tail.Run(ctx, func(n control.TailNews) error {
				got[n.Node] += len(n.Records)
				if n.Trouble != "" {
					troubles[n.Node]++
				}
				if n.Node == "" {
					beats++
				}
				return nil
			})
		}()
		time.Sleep(10*time.Second + time.Millisecond)
		r.mu.Lock()
		r.list = append(r.list, "late")
		r.mu.Unlock()
		time.Sleep(10 * time.Second)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		// Once in a second, from the fourth question on.
		if got["a"] < 19 || got["a"] > 21 || got["late"] < 4 || troubles["old"] != 1 || troubles["stuck"] != 1 || beats != 1 || r.asked["gone"]+r.asked["prober"] != 0 || len(r.ids) != 1 {
			t.Errorf("got %v, troubles %v, %d beats, asked %v, ids %v", got, troubles, beats, r.asked, r.ids)
		}
		before := r.asked["a"]
		time.Sleep(time.Minute)
		if r.asked["a"] != before {
			t.Error("it is asked on")
		}
		// Who looks hangs up: the same.
		broken := errors.New("gone")
		if err := tail.Run(t.Context(), func(control.TailNews) error { return broken }); !errors.Is(err, broken) {
			t.Errorf("%v, want what emit says", err)
		}
	})
}
